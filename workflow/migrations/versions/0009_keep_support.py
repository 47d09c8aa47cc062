"""Support given: things that are lent, and a training that runs out."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LENT = "clock = 'item_return' AND subject <> '' AND closed_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "stock_items",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("fetched_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.CheckConstraint(
            "condition IN ('good', 'repair', 'lost', 'retired')", name=op.f("ck_stock_items_condition_known")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_stock_items")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_deadlines_lent",
        "deadlines",
        ["subject"],
        unique=True,
        sqlite_where=sa.text(LENT),
        postgresql_where=sa.text(LENT),
    )
    op.add_column("users", sa.Column("trained_until", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True))
    trained = sa.table("users", sa.column("trained_learning_disability"), sa.column("trained_until"))
    sqlite = op.get_bind().dialect.name == "sqlite"
    in_a_year = sa.text("date('now', '+1 year')" if sqlite else "CAST(CURRENT_DATE + INTERVAL '1 year' AS date)")
    was = sa.text("trained_learning_disability = 1" if sqlite else "trained_learning_disability")
    op.execute(trained.update().where(was).values(trained_until=in_a_year))  # until somebody says when it runs out
    op.drop_column("users", "trained_learning_disability")


def downgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "trained_learning_disability",
            sa.Integer().with_variant(sa.Boolean(), "postgresql"),
            nullable=False,
            server_default=sa.false(),
        ),
    )
    op.execute("UPDATE users SET trained_learning_disability = (trained_until IS NOT NULL)")
    op.drop_column("users", "trained_until")
    op.drop_index("uq_deadlines_lent", table_name="deadlines")
    op.drop_table("stock_items")
