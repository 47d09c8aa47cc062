"""A caseload moved from SQLite to PostgreSQL is the same there, and where it cannot be moved whole nothing is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from faults.caseload import LONG, WAYMARK, open_pause
from integration.test_evidence import force
from sqlalchemy import func, select, text

from workflow import audit, chains, seals
from workflow.accounts import TEAMS
from workflow.backups import back_up
from workflow.database import Database
from workflow.errors import BadInput, Conflict, EvidenceBroken, NotReady, StandsAside
from workflow.invariants import broken_promises
from workflow.job_log import RUNS
from workflow.models import metadata
from workflow.moving import move

from factories import NOW, Desk, add_people, service_on

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PLAN = "invented \u2028 plan, with \\N and a \t tab"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def old(sqlite_url: str) -> Iterator[Desk]:
    """Three cases, one looked at, all sealed; on SQLite."""
    database = Database(sqlite_url)
    add_people(database)
    desk = Desk(database)
    for _ in range(3):
        case = open_pause(desk)
    desk.fire(case, "start_check", "pause.PL", {"contact_plan": PLAN})
    desk.looks_as("pause.PL").case(case)
    desk.service.looks.flush()
    with database.write() as connection:
        assert seals.seal(connection, KEY, NOW) is not None
    yield desk
    desk.service.close()


@pytest.fixture
def new(postgresql_url: str) -> Iterator[Database]:
    database = Database(postgresql_url)
    yield database
    database.close()


@pytest.fixture
def nothing(new: Database) -> Database:
    """The same database without a table."""
    with new.writer.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return new


def rows(database: Database) -> int:
    with database.read() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name != "installation"
        )


def is_intact(old: Desk) -> bool:
    """The old database takes work as before."""
    return bool(open_pause(old))


def test_everything_is_moved_and_work_goes_on_there_alone(old: Desk, nothing: Database) -> None:
    before = rows(old.database)
    moved = move(old.service, nothing, LATER)
    assert sum(moved.rows.values()) - moved.rows["installation"] == before == rows(nothing)
    assert (moved.rows["cases"], moved.evidence.sealed) == (3, 5)

    with nothing.read() as connection:
        assert chains.verify_chains(connection).cases == 3
        assert broken_promises(connection, old.engine.calendar) == []
        assert audit.entries_of(connection, 3)[-1]["content"]["contact_plan"] == PLAN
    there = Desk(nothing)
    assert open_pause(there) == "PA-4"  # numbered on
    with pytest.raises(StandsAside, match=r"was moved to postgresql://.*: set WAYMARK_DATABASE_URL"):
        open_pause(old)
    old.database.require_current()  # and it can be read


def test_a_database_that_holds_anything_is_not_moved_to(old: Desk, new: Database) -> None:
    with new.write() as connection:
        connection.execute(TEAMS.insert(), {"code": "a", "name": "a", "authority": "durham", "record": "baby"})
    with pytest.raises(NotReady, match="is not empty: 1 rows in teams"):
        move(old.service, new, LATER)
    assert (rows(new), is_intact(old)) == (1, True)


def test_a_database_with_tables_of_something_else_is_not_moved_to(old: Desk, nothing: Database) -> None:
    with nothing.writer.begin() as connection:
        connection.execute(text("CREATE TABLE of_another_service (id int)"))
    with pytest.raises(NotReady, match="holds other tables"):
        move(old.service, nothing, LATER)
    assert nothing.schema_version() is None
    assert is_intact(old)


def test_a_source_of_another_schema_version_is_not_moved(old: Desk, nothing: Database) -> None:
    with old.database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(StandsAside, match="is at schema 0001"):
        move(old.service, nothing, LATER)
    assert nothing.schema_version() is None


def test_only_sqlite_is_moved_and_only_to_postgresql(old: Desk, new: Database, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="names no SQLite database"):
        move(service_on(new), new, LATER)
    with pytest.raises(NotReady, match="names no PostgreSQL database"):
        move(old.service, Database(f"sqlite:///{tmp_path}/other.db"), LATER)


def test_while_a_node_is_at_work_nothing_is_moved(old: Desk, nothing: Database) -> None:
    with old.database.write() as connection:
        run = {"job": "message delivery", "node": "durham-1", "count": 0}
        connection.execute(RUNS.insert(), {**run, "started_at": LATER - timedelta(seconds=8)})
    with pytest.raises(Conflict, match="node durham-1 was at work 8 seconds ago: stop every node"):
        move(old.service, nothing, LATER)
    assert nothing.schema_version() is None
    move(old.service, nothing, LATER + timedelta(minutes=1))


def test_a_source_that_was_tampered_with_is_not_moved_and_the_entry_is_named(old: Desk, nothing: Database) -> None:
    force(old, "UPDATE audit_entries SET actor = 'somebody.else' WHERE case_id = 2 AND seq = 1")
    with pytest.raises(EvidenceBroken, match=r"nothing was moved, .*: entry PA-2#1 was changed after it was written"):
        move(old.service, nothing, LATER)
    assert nothing.schema_version() is None


def test_a_source_whose_tail_was_cut_off_is_not_moved(old: Desk, nothing: Database) -> None:
    outside = Path(f"{old.database.url.database}.heads")
    with old.database.read() as connection:
        head = seals.last_seal(connection)
    assert head is not None
    seals.send_out(head, outside)
    force(old, "DELETE FROM sealed_entries WHERE position > 2", "DELETE FROM seals")
    with pytest.raises(EvidenceBroken, match="its tail was cut"):
        move(old.service, nothing, LATER)


KILLED = """
import os, signal, sys
from datetime import datetime
from workflow.database import Database
from workflow.moving import move
from factories import service_on

def die(phase, done, total):
    if phase == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

move(service_on(Database(sys.argv[1])), Database(sys.argv[2]), datetime.fromisoformat(sys.argv[4]), die)
"""


def test_a_move_killed_in_its_midst_leaves_an_empty_target_and_the_source_at_work(old: Desk, nothing: Database) -> None:
    addresses = [one.url.render_as_string(hide_password=False) for one in (old.database, nothing)]
    for phase in ("Copying cases", *(["Comparing deadlines"] if LONG else [])):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, *addresses, phase, LATER.isoformat()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        assert rows(nothing) == 0
        assert is_intact(old)
    assert move(old.service, nothing, LATER).rows["cases"] == 4 + LONG


def test_what_postgresql_cannot_hold_stops_the_move_without_a_word_of_it(old: Desk, nothing: Database) -> None:
    with old.database.write() as connection:
        connection.execute(text("UPDATE teams SET name = :name WHERE code = 'baby'"), {"name": "in\0vented"})
    with pytest.raises(NotReady, match="does not take the rows of teams") as refused:
        move(old.service, nothing, LATER)
    assert "vented" not in str(refused.value)
    assert (rows(nothing), is_intact(old)) == (0, True)


def test_a_backup_is_a_whole_database_that_verifies(old: Desk, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "copy.db"
    file.parent.mkdir()
    made = back_up(old.service, file)
    assert (made.entries, made.looks, made.sealed) == (4, 1, 5)
    assert sorted(one.name for one in file.parent.iterdir()) == ["copy.db"]
    assert file.stat().st_mode & 0o077 == 0
    copy = Database(f"sqlite:///{file}")
    assert rows(copy) == rows(old.database)
    copy.close()
    with pytest.raises(BadInput, match="already; name a new one"):
        back_up(old.service, file)


def test_a_backup_that_does_not_verify_is_not_kept(old: Desk, tmp_path: Path) -> None:
    force(old, "UPDATE audit_entries SET actor = 'somebody.else' WHERE case_id = 2 AND seq = 1")
    with pytest.raises(EvidenceBroken, match="entry PA-2#1 was changed"):
        back_up(old.service, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy.db*"))


def test_postgresql_is_not_backed_up_by_this(new: Database, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"operating\.md"):
        back_up(service_on(new), tmp_path / "copy.db")


@pytest.mark.only_long
def test_the_whole_demo_is_moved_by_the_command(sqlite_url: str, nothing: Database, tmp_path: Path) -> None:
    target = nothing.url.render_as_string(hide_password=False)
    environment = {**os.environ, "WAYMARK_DATABASE_URL": sqlite_url, "WAYMARK_MOVE_TO": target}

    def waymark(*argv: str) -> str:
        return subprocess.run([*WAYMARK, *argv], env=environment, capture_output=True, text=True, check=True).stdout

    waymark("demo")
    waymark("audit", "seal")
    said = waymark("move-to")
    assert "Everything was moved to postgresql://" in said
    verified = waymark("audit", "verify")
    environment["WAYMARK_DATABASE_URL"] = target
    assert waymark("audit", "verify") == verified


def test_a_table_that_is_none_of_waymarks_is_not_left_behind_in_silence(old: Desk, nothing: Database) -> None:
    with old.database.writer.begin() as connection:
        connection.execute(text("CREATE TABLE somebodys_own (id INTEGER)"))
    with pytest.raises(NotReady, match=r"none of Waymark's \(somebodys_own\)"):
        move(old.service, nothing, LATER)
