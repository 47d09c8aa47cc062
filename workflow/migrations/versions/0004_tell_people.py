"""tell people."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_changes",
        sa.Column("day", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_changes")),
        sqlite_strict=True,
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("finished_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.create_index("ix_job_runs_job", ["job", "started_at"], unique=False)

    op.create_table(
        "messages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("next_try_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("read_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('inbox', 'email', 'notify', 'webhook')", name=op.f("ck_messages_channel_known")
        ),
        sa.CheckConstraint("status IN ('queued', 'sent', 'failed', 'dropped')", name=op.f("ck_messages_status_known")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_messages")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_case", ["case_id", "number"], unique=False)
        batch_op.create_index("ix_messages_inbox", ["recipient", "channel", "queued_at"], unique=False)
        batch_op.create_index(
            "ix_messages_next_try",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("status = 'queued'"),
            postgresql_where=sa.text("status = 'queued'"),
        )

    op.create_table(
        "absences",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=False),
        sa.Column("ends_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=False),
        sa.Column("cover", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["cover"], ["users.username"], name=op.f("fk_absences_cover_users")),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_absences_username_users")),
        sa.PrimaryKeyConstraint("username", "starts_on", name=op.f("pk_absences")),
        sqlite_strict=True,
    )
    op.create_table(
        "alerts",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("planned_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("raised_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("late_seconds", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("nobody_for", sa.Text(), nullable=False),
        sa.Column("must_acknowledge", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("promised_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=True),
        sa.Column("settled_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.CheckConstraint("status IN ('open', 'acknowledged', 'settled')", name=op.f("ck_alerts_status_known")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_alerts_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "number", "cycle", "level", name=op.f("pk_alerts")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index("ix_alerts_open", ["status", "raised_at"], unique=False)
        batch_op.create_index("ix_alerts_raised_at", ["raised_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_index("ix_alerts_raised_at")
        batch_op.drop_index("ix_alerts_open")

    op.drop_table("alerts")
    op.drop_table("absences")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_messages_next_try",
            sqlite_where=sa.text("status = 'queued'"),
            postgresql_where=sa.text("status = 'queued'"),
        )
        batch_op.drop_index("ix_messages_inbox")
        batch_op.drop_index("ix_messages_case")

    op.drop_table("messages")
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_job_runs_job")

    op.drop_table("job_runs")
    op.drop_table("calendar_changes")
