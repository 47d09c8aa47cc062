"""The map of what families are offered, and the under-one figures that were kept."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
    day = sa.Text().with_variant(sa.Date(), "postgresql")
    op.create_table(
        "offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("offers", sa.Text(), nullable=False),
        sa.Column("for_whom", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("since", day, nullable=False),
        sa.Column("until", day, nullable=True),
        sa.Column("changed_at", instant, nullable=False),
        sa.CheckConstraint("level IN ('universal', 'targeted', 'specialist')", name=op.f("ck_offers_level_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sqlite_strict=True,
    )
    op.create_index("ix_offers_authority", "offers", ["authority", "level", "name"])
    op.create_table(
        "under_one_figures",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("kept_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("authority", "year", name=op.f("pk_under_one_figures")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("under_one_figures")
    op.drop_index("ix_offers_authority", "offers")
    op.drop_table("offers")
