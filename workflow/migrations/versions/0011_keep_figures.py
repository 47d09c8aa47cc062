"""One table for all that is counted and kept; indexes for restricted cases and loans.

It does not widen: the version before reads the table that goes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
DAY = sa.Text().with_variant(sa.Date(), "postgresql")

FEW = {  # what a whole table would be read for otherwise
    "ix_cases_restricted": ("cases", ["authority", "lifecycle"], "restricted"),
    "ix_deadlines_loans": ("deadlines", ["subject", "started_at"], "clock = 'item_return'"),
}


def upgrade() -> None:
    for name, (table, columns, only) in FEW.items():
        where = sa.text(only)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    op.drop_table("cohort_figures")  # counted again when next asked for
    op.create_table(
        "kept_figures",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("since", DAY, nullable=False),
        sa.Column("until", DAY, nullable=False),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authority", "report", "since", "until", name=op.f("pk_kept_figures")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    for name, (table, _, _) in FEW.items():
        op.drop_index(name, table)
    op.drop_table("kept_figures")
    op.create_table(
        "cohort_figures",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("as_of", DAY, nullable=False),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authority", "as_of", name=op.f("pk_cohort_figures")),
        sqlite_strict=True,
    )
