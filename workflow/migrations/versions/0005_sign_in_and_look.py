"""Sign-ins, access beyond the team, the log of looks, search by name, and worklists in the order of urgency."""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEVER = "9999-12-31T00:00:00.000000+00:00"
SAYS = "evidence is never changed or deleted"


def upgrade() -> None:
    op.create_table(
        "looks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_team", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('case', 'moves', 'evidence', 'deadline', 'list', 'search', 'report', 'export')",
            name=op.f("ck_looks_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("looks", schema=None) as batch_op:
        batch_op.create_index("ix_looks_at", ["at"], unique=False)
        batch_op.create_index("ix_looks_case", ["case_id", "at"], unique=False)

    op.create_table(
        "pending_sign_ins",
        sa.Column("state_digest", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("code_verifier", sa.Text(), nullable=False),
        sa.Column("then_to", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_pending_sign_ins")),
        sqlite_strict=True,
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("wait_until", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempts")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_attempts_last_at"), ["last_at"], unique=False)

    op.create_table(
        "credentials",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_confirmed_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_credentials_username_users")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_credentials")),
        sqlite_strict=True,
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_identities_username_users")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identities_username"), ["username"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("seen_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("expires_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.Column("second_factor", sa.Integer().with_variant(sa.Boolean(), "postgresql"), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_sessions_username_users")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_username"), ["username"], unique=False)

    op.create_table(
        "case_access",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.CheckConstraint("kind IN ('named', 'granted', 'break_glass')", name=op.f("ck_case_access_kind_known")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_access_case_id_cases")),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_case_access_username_users")),
        sa.PrimaryKeyConstraint("case_id", "username", "kind", name=op.f("pk_case_access")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("case_access", schema=None) as batch_op:
        batch_op.create_index("ix_case_access_username", ["username"], unique=False)

    op.create_table(
        "case_names",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_names_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "word", name=op.f("pk_case_names")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("case_names", schema=None) as batch_op:
        batch_op.create_index("ix_case_names_word", ["word", "case_id"], unique=False)

    instant = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
    flag = sa.Integer().with_variant(sa.Boolean(), "postgresql")
    no = sa.text("false") if op.get_bind().dialect.name == "postgresql" else sa.text("0")
    op.add_column("cases", sa.Column("restricted", flag, nullable=False, server_default=no))
    op.add_column("cases", sa.Column("urgent_at", instant, nullable=False, server_default=NEVER))
    op.add_column("cases", sa.Column("urgent_deadline", sa.Integer(), nullable=True))
    op.create_index("ix_cases_team_urgent", "cases", ["team", "final", "urgent_at", "id"])
    op.create_index("ix_cases_urgent", "cases", ["authority", "final", "urgent_at", "id"])
    op.add_column("tokens", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("scope", sa.Text(), nullable=False, server_default="act"))
    op.add_column("tokens", sa.Column("used_at", instant, nullable=True))
    _fill_urgency()
    _fill_names()
    _guard_looks()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for event in ("delete", "update", "truncate"):
            op.execute(f"DROP TRIGGER looks_no_{event} ON looks")
    else:
        for event in ("delete", "update"):
            op.execute(f"DROP TRIGGER looks_no_{event}")
    for column in ("used_at", "scope", "name"):
        op.drop_column("tokens", column)
    op.drop_index("ix_cases_urgent", "cases")
    op.drop_index("ix_cases_team_urgent", "cases")
    for column in ("urgent_deadline", "urgent_at", "restricted"):
        op.drop_column("cases", column)
    for table in ("case_names", "case_access", "sessions", "identities", "credentials", "sign_in_attempts"):
        op.drop_table(table)
    op.drop_table("pending_sign_ins")
    op.drop_table("looks")


def _fill_urgency() -> None:
    """Which running deadline of each case is due first; one without a date comes last."""
    op.execute(
        "UPDATE cases SET urgent_at = first.due_at, urgent_deadline = first.number FROM ("
        "SELECT case_id, number, COALESCE(due_at, '9999-12-31T00:00:00.000000+00:00') AS due_at, ROW_NUMBER() OVER ("
        "PARTITION BY case_id ORDER BY due_at IS NULL, due_at, number) AS place FROM deadlines WHERE closed_at IS NULL"
        ") AS first WHERE first.case_id = cases.id AND first.place = 1"
    )


def _fill_names() -> None:
    """The words of the names of parents, and of a woman at Pause."""
    connection = op.get_bind()
    names = sa.table("case_names", sa.column("case_id"), sa.column("word"))
    for case_id, personal in connection.execute(sa.text("SELECT id, personal FROM cases")).all():
        held = json.loads(personal)
        given = [held.get("name"), *(one.get("name") for one in held.get("parents") or ())]
        words = {word for name in given if name for word in re.findall(r"\w+", name.casefold())}
        if words:
            connection.execute(names.insert(), [{"case_id": case_id, "word": word} for word in sorted(words)])


def _guard_looks() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for event in ("delete", "update"):
            op.execute(
                f"CREATE TRIGGER looks_no_{event} BEFORE {event.upper()} ON looks "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        return
    for event, each in (("delete", "ROW"), ("update", "ROW"), ("truncate", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER looks_no_{event} BEFORE {event.upper()} ON looks "
            f"FOR EACH {each} EXECUTE FUNCTION evidence_refuse()"
        )
