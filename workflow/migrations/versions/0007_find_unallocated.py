"""Quick ways to what lists show: open cases that nobody owns, deadlines that are due soon, deadlines that are paused."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FOUND = {
    "ix_cases_unallocated": ("cases", ["authority", "team"], "owner IS NULL AND NOT final"),
    "ix_deadlines_amber": ("deadlines", ["amber_at", "due_at"], "closed_at IS NULL"),
    "ix_deadlines_paused": ("deadlines", ["case_id"], "status = 'paused'"),
}


def upgrade() -> None:
    for name, (table, columns, said) in FOUND.items():
        only = sa.text(said)
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    for name, (table, _, _) in FOUND.items():
        op.drop_index(name, table)
