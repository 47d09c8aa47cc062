"""Fewer indexes of cases and deadlines: every move writes each of them, and these were hardly read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

widens = True

CASELOAD = ("authority", "final", "lifecycle", "state", "team", "owner", "state_since", "restricted", "urgent_at")
BEFORE = ("authority", "final", "lifecycle", "team", "state", "state_since", "owner", "restricted", "urgent_at")
LAPSING = "clock = 'order_expires' AND closed_at IS NULL"
PARENT, SOURCE = "parent_id IS NOT NULL", "source_reference IS NOT NULL"


def upgrade() -> None:
    op.drop_index("ix_cases_worklist", "cases")
    op.drop_index("ix_cases_caseload", "cases")
    op.create_index("ix_cases_caseload", "cases", [*CASELOAD])
    op.drop_index("ix_cases_parent_id", "cases")
    op.create_index("ix_cases_parent_id", "cases", ["parent_id"], **_only(PARENT))
    op.drop_index("uq_cases_source", "cases")
    op.create_index("uq_cases_source", "cases", ["authority", "source_reference"], unique=True, **_only(SOURCE))
    op.drop_index("ix_deadlines_due", "deadlines")
    op.create_index("ix_deadlines_lapsing", "deadlines", ["due_at"], **_only(LAPSING))


def downgrade() -> None:
    op.drop_index("ix_deadlines_lapsing", "deadlines")
    op.create_index("ix_deadlines_due", "deadlines", ["due_at"], **_only("closed_at IS NULL"))
    op.drop_index("uq_cases_source", "cases")
    op.create_index("uq_cases_source", "cases", ["authority", "source_reference"], unique=True)
    op.drop_index("ix_cases_parent_id", "cases")
    op.create_index("ix_cases_parent_id", "cases", ["parent_id"])
    op.drop_index("ix_cases_caseload", "cases")
    op.create_index("ix_cases_caseload", "cases", [*BEFORE])
    op.create_index("ix_cases_worklist", "cases", ["authority", "lifecycle", "state"])


def _only(said: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(said), "postgresql_where": sa.text(said)}
