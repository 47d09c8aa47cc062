"""Evidence is never changed or deleted: the database itself refuses, on SQLite and PostgreSQL alike."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEVER_CHANGED = ("audit_entries", "sealed_entries", "seals", "policy_versions")
ERASABLE = "audit_contents"  # its content may be set to NULL once, nothing else
SAYS = "evidence is never changed or deleted"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table in (*NEVER_CHANGED, ERASABLE):
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
    op.execute(
        f"CREATE TRIGGER {ERASABLE}_no_update BEFORE UPDATE ON {ERASABLE} "
        "WHEN NEW.content IS NOT NULL OR NEW.case_id <> OLD.case_id OR NEW.seq <> OLD.seq OR NEW.salt <> OLD.salt "
        f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION evidence_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
    )
    for table in (*NEVER_CHANGED, ERASABLE):
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION evidence_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION evidence_refuse()"
        )
    for table in NEVER_CHANGED:
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION evidence_refuse()"
        )
    op.execute(
        f"CREATE TRIGGER {ERASABLE}_no_update BEFORE UPDATE ON {ERASABLE} FOR EACH ROW "
        "WHEN (NEW.content IS NOT NULL OR NEW.case_id <> OLD.case_id OR NEW.seq <> OLD.seq OR NEW.salt <> OLD.salt) "
        "EXECUTE FUNCTION evidence_refuse()"
    )


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*NEVER_CHANGED, ERASABLE):
        for event in ("delete", "update", *(["truncate"] if postgresql else [])):
            op.execute(f"DROP TRIGGER {table}_no_{event}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION evidence_refuse()")
