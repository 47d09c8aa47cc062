"""The schema: empty to head, head equals models, evidence guarded, on both databases."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from workflow.database import HEAD, MIGRATIONS, Database
from workflow.errors import NotReady
from workflow.models import EVIDENCE, metadata


def test_an_empty_database_is_brought_to_head(database: Database) -> None:
    assert database.schema_version() == HEAD
    database.require_current()


def test_the_migrated_schema_is_the_one_the_models_describe(database: Database) -> None:
    with database.writer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_evidence_table_is_guarded_after_the_migrations(database: Database) -> None:
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT tgname FROM pg_trigger"
    )
    with database.read() as connection:
        found = set(connection.execute(text(catalogue)).scalars())
    assert {f"{table}_no_{event}" for table in EVIDENCE for event in ("update", "delete")} <= found


def test_a_database_from_a_newer_version_is_refused_untouched(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotReady, match="from a newer Waymark"):
        database.require_current()
    with pytest.raises(NotReady, match="from a newer Waymark"):
        database.migrate()


def test_tables_are_strict_on_sqlite(sqlite_url: str) -> None:
    with Database(sqlite_url).read() as connection:
        loose = connection.execute(
            text("SELECT name FROM pragma_table_list WHERE schema='main' AND strict=0 AND name NOT LIKE 'sqlite_%'")
        ).scalars()
        assert set(loose) == {"alembic_version"}


def test_the_schema_can_be_taken_down_and_built_again(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.writer
    command.downgrade(config, "base")
    with database.read() as connection:
        assert not connection.dialect.has_table(connection, "cases")
    assert database.migrate() == HEAD
