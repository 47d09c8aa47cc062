"""The schema: empty to head, head equals models, evidence guarded, on both databases."""

import time

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from workflow.accounts import TEAMS
from workflow.database import HEAD, LOOK_AGAIN, MIGRATIONS, Database
from workflow.errors import NotReady, StandsAside
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


def stands_at(database: Database, schema: str, works_from: str) -> None:
    """As a newer Waymark leaves it."""
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :schema"), {"schema": schema})
        connection.execute(
            text("UPDATE installation SET value = :value WHERE name = 'works_from'"),
            {"value": f"{works_from} {schema}"},
        )


def team(database: Database, code: str) -> None:
    with database.write() as connection:
        connection.execute(TEAMS.insert(), {"code": code, "name": "a", "authority": "durham", "record": "baby"})


def test_beside_a_newer_version_that_only_added_to_the_schema_this_one_works_on(database: Database) -> None:
    stands_at(database, "9999", works_from=HEAD)
    database.require_current(writing=True)
    team(database, "a")
    with pytest.raises(NotReady, match="from a newer Waymark"):
        database.migrate()  # what it would undo or repeat it cannot know


def test_a_newer_version_that_changed_what_this_one_uses_stops_its_writing_within_a_second(database: Database) -> None:
    team(database, "a")
    stands_at(database, "9999", works_from="9998")
    time.sleep(0 if database.is_sqlite else LOOK_AGAIN)
    for _ in range(2):
        with pytest.raises(StandsAside, match=r"schema 9999, this one knows .*: upgrade Waymark here"):
            team(database, "b")
    stands_at(database, HEAD, works_from=HEAD)
    team(database, "b")


def test_this_version_stands_aside_before_a_migration_that_it_could_not_work_with_begins(database: Database) -> None:
    stands_at(database, HEAD, works_from="9999")  # told of by the newer Waymark that is about to migrate
    with pytest.raises(StandsAside, match="schema 9999"):
        database.require_current(writing=True)


def test_of_what_a_version_unknown_here_says_nothing_of_the_worst_is_taken(database: Database) -> None:
    stands_at(database, "9999", works_from=HEAD)
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '99991'"))  # by other means than `migrate`
    with pytest.raises(StandsAside):
        database.require_current()
