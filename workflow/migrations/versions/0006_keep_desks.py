"""Drafts of forms, saved views, when people last looked, counted figures, and quick ways to what lists show."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CASELOAD = ["authority", "final", "lifecycle", "team", "state", "state_since", "owner", "restricted", "urgent_at"]
LATEST_FIRST = {"ix_audit_entries_actor_recorded_at": "actor", "ix_audit_entries_trigger_recorded_at": "trigger"}
SELDOM = "kind NOT IN ('moved', 'alerted')"
INSTANT = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name="fk_drafts_username_users"),
        sa.PrimaryKeyConstraint("username", "about", name="pk_drafts"),
        sqlite_strict=True,
    )
    op.create_index("ix_drafts_saved_at", "drafts", ["saved_at"])
    op.create_table(
        "saved_views",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name="fk_saved_views_username_users"),
        sa.PrimaryKeyConstraint("username", "name", name="pk_saved_views"),
        sqlite_strict=True,
    )
    op.create_table(
        "last_looks",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name="fk_last_looks_username_users"),
        sa.PrimaryKeyConstraint("username", name="pk_last_looks"),
        sqlite_strict=True,
    )
    undecided = sa.text("decided_at IS NULL")
    op.create_index(
        "ix_approvals_waiting", "approvals", ["by_role"], sqlite_where=undecided, postgresql_where=undecided
    )
    op.create_index("ix_cases_caseload", "cases", CASELOAD)
    op.create_table(
        "cohort_figures",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=False),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("authority", "as_of", name="pk_cohort_figures"),
        sqlite_strict=True,
    )
    _quicken_searches()


def _quicken_searches() -> None:
    """Evidence and looks, the latest first, by whatever they are searched: indexes only, no row is touched."""
    op.drop_index("ix_audit_entries_recorded_at", "audit_entries")
    op.create_index("ix_audit_entries_recorded_at", "audit_entries", ["recorded_at", "case_id", "seq"])
    for name, by in LATEST_FIRST.items():
        op.create_index(name, "audit_entries", [by, "recorded_at", "case_id", "seq"])
    for name, first, said in (("seldom", ["kind"], SELDOM), ("overridden", [], "overridden")):
        only = sa.text(said)
        columns = [*first, "recorded_at", "case_id", "seq"]
        op.create_index(f"ix_audit_entries_{name}", "audit_entries", columns, sqlite_where=only, postgresql_where=only)
    op.drop_index("ix_looks_at", "looks")
    op.create_index("ix_looks_at", "looks", ["at", "id"])
    op.create_index("ix_looks_actor", "looks", ["actor", "at", "id"])
    op.create_index("ix_looks_kind", "looks", ["kind", "at", "id"])


def downgrade() -> None:
    for name in ("ix_looks_kind", "ix_looks_actor", "ix_looks_at"):
        op.drop_index(name, "looks")
    op.create_index("ix_looks_at", "looks", ["at"])
    for name in ("ix_audit_entries_overridden", "ix_audit_entries_seldom", *LATEST_FIRST):
        op.drop_index(name, "audit_entries")
    op.drop_index("ix_audit_entries_recorded_at", "audit_entries")
    op.create_index("ix_audit_entries_recorded_at", "audit_entries", ["recorded_at"])
    op.drop_index("ix_cases_caseload", "cases")
    op.drop_index("ix_approvals_waiting", "approvals")
    for table in ("cohort_figures", "last_looks", "saved_views", "drafts"):
        op.drop_table(table)
