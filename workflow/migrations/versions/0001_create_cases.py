"""create cases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_contents",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_audit_contents")),
        sqlite_strict=True,
    )
    op.create_table(
        "audit_entries",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("lifecycle_version", sa.Integer(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("recorded_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_team", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("clocks", sa.Text(), nullable=False),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("edd", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.Column("gestation_days", sa.Integer(), nullable=True),
        sa.Column("overridden", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('moved', 'followed', 'refused', 'corrected', 'clock', 'alerted', 'answered', 'erased', 'system')",
            name=op.f("ck_audit_entries_kind_known"),
        ),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_audit_entries")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entries_recorded_at", ["recorded_at"], unique=False)

    op.create_table(
        "installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
        sqlite_strict=True,
    )
    op.create_table(
        "policy_versions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policy_versions")),
        sqlite_strict=True,
    )
    op.create_table(
        "sealed_entries",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entry_hash", sa.Text(), nullable=False),
        sa.Column("log_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_sealed_entries")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("sealed_entries", schema=None) as batch_op:
        batch_op.create_index("uq_sealed_entries_entry", ["case_id", "seq"], unique=True)

    op.create_table(
        "seals",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("log_hash", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_seals")),
        sqlite_strict=True,
    )
    op.create_table(
        "teams",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("manager", sa.Text(), nullable=True),
        sa.CheckConstraint("record IN ('baby', 'pause', 'both')", name=op.f("ck_teams_record_known")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_teams")),
        sqlite_strict=True,
    )
    op.create_table(
        "used_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_used_keys")),
        sqlite_strict=True,
    )
    op.create_table(
        "users",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("active", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("trained_learning_disability", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.CheckConstraint(
            "role IN ('FD', 'EDT', 'CW', 'TM', 'SM', 'HOS', 'AD', 'LEG', 'CHAIR', 'PP', 'PL', 'AUD', 'OVS', 'ADM', 'SYS')",
            name=op.f("ck_users_role_known"),
        ),
        sa.ForeignKeyConstraint(["team"], ["teams.code"], name=op.f("fk_users_team_teams")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_users")),
        sqlite_strict=True,
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("lifecycle_version", sa.Integer(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("final", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("child", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("deadlines_opened", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("personal", sa.Text(), nullable=False),
        sa.Column("actors", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("edd", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.Column("source_reference", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("state_since", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("closed_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["owner"], ["users.username"], name=op.f("fk_cases_owner_users")),
        sa.ForeignKeyConstraint(["parent_id"], ["cases.id"], name=op.f("fk_cases_parent_id_cases")),
        sa.ForeignKeyConstraint(["policy"], ["policy_versions.digest"], name=op.f("fk_cases_policy_policy_versions")),
        sa.ForeignKeyConstraint(["team"], ["teams.code"], name=op.f("fk_cases_team_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_owner", ["owner"], unique=False)
        batch_op.create_index("ix_cases_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_cases_worklist", ["authority", "lifecycle", "state"], unique=False)
        batch_op.create_index("uq_cases_source", ["authority", "source_reference"], unique=True)

    op.create_table(
        "tokens",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("expires_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("revoked_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_tokens_username_users")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tokens")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_username"), ["username"], unique=False)

    op.create_table(
        "approvals",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("approved", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=True),
        sa.Column("valid_until", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("used_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_approvals_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_approvals")),
        sqlite_strict=True,
    )
    op.create_table(
        "children",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("live_birth", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("born_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.Column("care_plan", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("died_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_children_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_children")),
        sqlite_strict=True,
    )
    op.create_table(
        "deadlines",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("due_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("due_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.Column("amber_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("recorded_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("next_action_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("quiet_until", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.CheckConstraint("status IN ('open', 'paused', 'met', 'cancelled')", name=op.f("ck_deadlines_status_known")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deadlines_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_deadlines")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deadlines_next_action",
            ["next_action_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_deadlines_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "uq_deadlines_running",
            ["case_id", "clock", "subject"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("deadlines", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_deadlines_running",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_deadlines_due", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )

    op.drop_table("deadlines")
    op.drop_table("children")
    op.drop_table("approvals")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_username"))

    op.drop_table("tokens")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("uq_cases_source")
        batch_op.drop_index("ix_cases_worklist")
        batch_op.drop_index("ix_cases_parent_id")
        batch_op.drop_index("ix_cases_owner")

    op.drop_table("cases")
    op.drop_table("users")
    op.drop_table("used_keys")
    op.drop_table("teams")
    op.drop_table("seals")
    with op.batch_alter_table("sealed_entries", schema=None) as batch_op:
        batch_op.drop_index("uq_sealed_entries_entry")

    op.drop_table("sealed_entries")
    op.drop_table("policy_versions")
    op.drop_table("installation")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_recorded_at")

    op.drop_table("audit_entries")
    op.drop_table("audit_contents")
