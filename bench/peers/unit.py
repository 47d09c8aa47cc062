"""The unit of work that every peer does: a case that walks for ever, its chained entry and its deadline."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

STATES = ("referred", "allocated", "assessing", "supported", "reviewing", "ended")
OPEN = STATES[:-1]
# move: (from, to, roles that may make it, guard, days until the next deadline)
MOVES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...], str | None, int]] = {
    "allocate": (("referred",), "allocated", ("manager",), None, 3),
    "assess": (("allocated",), "assessing", ("worker", "manager"), "needs_are_known", 45),
    "support": (("assessing",), "supported", ("worker", "manager"), None, 14),
    "review": (("supported",), "reviewing", ("worker", "manager"), None, 90),
    "end": (("reviewing",), "ended", ("manager",), "needs_are_met", 30),
    "reopen": (("ended",), "referred", ("manager",), None, 1),
    "withdraw": (OPEN, "withdrawn", ("manager",), None, 30),
}
NEXT = dict(zip(STATES, MOVES, strict=False))
WHO, ROLE = "manager.7", "manager"
MOST_NEEDS = 1_000
GENESIS = "0" * 64
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
GUARDS = {"needs_are_known": lambda needs: needs >= 0, "needs_are_met": lambda needs: needs <= MOST_NEEDS}

TABLES = """
CREATE TABLE cases (id {key}, reference TEXT NOT NULL, owner TEXT NOT NULL, team TEXT NOT NULL, state TEXT NOT NULL,
  needs BIGINT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, head TEXT NOT NULL, changed_at {at} NOT NULL);
CREATE TABLE entries (id {key}, case_id BIGINT NOT NULL REFERENCES cases (id), seq INTEGER NOT NULL, at {at} NOT NULL,
  actor TEXT NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL, move TEXT NOT NULL, previous TEXT NOT NULL,
  hash TEXT NOT NULL);
CREATE TABLE deadlines (id {key}, case_id BIGINT NOT NULL REFERENCES cases (id), level INTEGER NOT NULL,
  due_at {at} NOT NULL, opened_at {at} NOT NULL, closed_at {at});
CREATE TABLE alerts (id {key}, case_id BIGINT NOT NULL, deadline_id BIGINT NOT NULL, level INTEGER NOT NULL,
  raised_at {at} NOT NULL);
CREATE TABLE messages (id {key}, recipient TEXT NOT NULL, body TEXT NOT NULL, queued_at {at} NOT NULL, sent_at {at});
CREATE INDEX cases_of_team ON cases (team, state, id);
CREATE UNIQUE INDEX entries_of_case ON entries (case_id, seq);
CREATE INDEX deadlines_of_case ON deadlines (case_id) WHERE closed_at IS NULL;
CREATE INDEX deadlines_due ON deadlines (due_at) WHERE closed_at IS NULL;
"""
COLUMNS = {
    "cases": "id, reference, owner, team, state, needs, version, seq, head, changed_at",
    "entries": "case_id, seq, at, actor, from_state, to_state, move, previous, hash",
    "deadlines": "case_id, level, due_at, opened_at, closed_at",
}


class Refused(Exception):
    """The move cannot be made here, by this role, or now."""


def check(move: str, state: str, role: str, needs: int) -> tuple[str, int]:
    """The state a move leads to and the days until its deadline; Refused where it may not be made."""
    sources, to, roles, guard, days = MOVES[move]
    if state not in sources or role not in roles or (guard is not None and not GUARDS[guard](needs)):
        raise Refused(f"{move} from {state} by {role}")
    return to, days


def link(previous: str, case: int, seq: int, at: str, actor: str, state: str, to: str, move: str) -> str:
    """The hash of one entry of a case's chain; `at` is `written`."""
    return hashlib.sha256(f"{previous}|{case}|{seq}|{at}|{actor}|{state}|{to}|{move}".encode()).hexdigest()


def written(at: datetime) -> str:
    """An instant as both databases give it back."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def pragmas() -> tuple[str, ...]:
    """What makes a commit on SQLite as durable as Waymark's."""
    return tuple(
        f"PRAGMA {one}" for one in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000")
    )


def connected(url: str) -> Any:
    """A connection by hand, without a transaction of its own accord."""
    if is_sqlite(url):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        for pragma in pragmas():
            connection.execute(pragma)
        return connection
    import psycopg

    return psycopg.connect(url, autocommit=True, prepare_threshold=1)


def sqlalchemy_engine(url: str, *, driver_begins: bool = False) -> Any:
    """An engine whose transactions take SQLite's write lock at once, as hand-written SQL does.

    With `driver_begins` they take it before the first write, for who says BEGIN by other means.
    """
    from sqlalchemy import create_engine, event

    if not is_sqlite(url):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE" if driver_begins else None
        for pragma in pragmas():
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if not driver_begins:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def state_of(case: int) -> str:
    """Where a case stands that was seeded with one entry."""
    return STATES[case % len(STATES)]


def seed(url: str, cases: int, trail: int = 1) -> None:
    """So many cases with `trail` chained entries and one deadline each, none of them due."""
    connection, lite = connected(url), is_sqlite(url)
    key = "INTEGER PRIMARY KEY" if lite else "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    for statement in TABLES.format(key=key, at="DATETIME" if lite else "TIMESTAMPTZ").split(";")[:-1]:
        connection.execute(statement)
    connection.execute("BEGIN")
    for first in range(1, cases + 1, 20_000):
        made: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for number in range(first, min(first + 20_000, cases + 1)):
            for table, row in _rows(number, trail):
                made[table].append(row)
        for table, rows in made.items():
            insert(connection, table, COLUMNS[table], rows)
    connection.execute("COMMIT")
    if not lite:
        connection.execute("SELECT setval(pg_get_serial_sequence('cases', 'id'), (SELECT max(id) FROM cases))")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)" if lite else "VACUUM ANALYZE")
    connection.close()


def _rows(case: int, trail: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    head, at = GENESIS, written(BEGAN + timedelta(seconds=case))
    state, entries = "", list[tuple[Any, ...]]()
    for seq in range(1, trail + 1):
        to, move = (state_of(case), "open") if trail == 1 else (STATES[seq % len(STATES)], "seeded")
        following = link(head, case, seq, at, WHO, state, to, move)
        entries.append((case, seq, at, WHO, state, to, move, head, following))
        head, state = following, to
    yield (
        "cases",
        (case, f"C-{case}", f"worker.{case % 97}", f"team.{case % 20}", state, case % 900, 1, trail, head, at),
    )
    for entry in entries:
        yield "entries", entry
    yield "deadlines", (case, 0, written(datetime.now(UTC) + timedelta(days=300, seconds=case % 86_400)), at, None)


def insert(connection: Any, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Adds rows the quick way of each database."""
    if isinstance(connection, sqlite3.Connection):
        marks = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        return
    with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def check_all(url: str, cases: int, moves: int) -> None:
    """Raises where the rows do not add up to what was counted, or a chain that grew does not hold."""
    connection = connected(url)
    if not is_sqlite(url):
        connection.execute("SET TIME ZONE 'UTC'")
    entries = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
    running = connection.execute("SELECT count(*) FROM deadlines WHERE closed_at IS NULL").fetchone()[0]
    if (entries, running) != (cases + moves, cases):
        raise AssertionError(f"{entries} entries and {running} deadlines after {moves} moves of {cases} cases")
    grown = "SELECT case_id FROM entries WHERE seq > 1 ORDER BY id DESC LIMIT 20"
    for (case,) in connection.execute(grown).fetchall():
        head, columns = GENESIS, COLUMNS["entries"]
        chain = connection.execute(f"SELECT {columns} FROM entries WHERE case_id = {case} ORDER BY seq")
        for seq, row in enumerate(chain, 1):
            at = row[2] if is_sqlite(url) else written(row[2])
            if row[7] != head or row[8] != link(head, case, seq, at, *row[3:7]):
                raise AssertionError(f"the chain of case {case} breaks at {seq}")
            head = row[8]
    connection.close()


def message(case: int, level: int) -> str:
    """The body of what is queued when a deadline has passed."""
    return json.dumps({"case": f"C-{case}", "level": level})
