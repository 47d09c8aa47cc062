"""The floor over HTTP: a move as hand-written SQL, with the same durability and no rules behind it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Run = Callable[..., Any]
TABLES = """
CREATE TABLE cases (id {pk}, state TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE entries (case_id BIGINT, seq INTEGER, at {ts}, actor TEXT, trigger_name TEXT, previous TEXT, hash TEXT,
  PRIMARY KEY (case_id, seq));
CREATE TABLE deadlines (case_id BIGINT, number INTEGER, due_at {ts}, closed_at {ts}, PRIMARY KEY (case_id, number));
CREATE INDEX deadlines_due ON deadlines (due_at) WHERE closed_at IS NULL;
"""
READ = "SELECT state, version, seq, head FROM cases WHERE id = {0}{lock}"
RUNNING = "SELECT number FROM deadlines WHERE case_id = {0} AND closed_at IS NULL"
CASE = "UPDATE cases SET version = version + 1, seq = {0}, head = {0} WHERE id = {0} AND version = {0}"
ENTRY = "INSERT INTO entries VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0})"
CLOSE = "UPDATE deadlines SET closed_at = {0} WHERE case_id = {0} AND number = {0}"
OPEN = "INSERT INTO deadlines VALUES ({0}, {0}, {0}, NULL)"


def renamed(sql: str) -> str:
    """The same on tables that may stand beside Waymark's own."""
    return sql.replace("cases", "floor_cases").replace("deadlines", "floor_deadlines")


def statements_of(mark: str, lock: str) -> tuple[str, ...]:
    """The six statements of a move, as one of the databases writes them."""
    return tuple(sql.format(mark, lock=lock) for sql in (READ, RUNNING, CASE, ENTRY, CLOSE, OPEN))


def add_cases(run: Run, statements: tuple[str, ...], mark: str, cases: int, when: Callable[[datetime], Any]) -> None:
    """Cases 1 to `cases`, each with one deadline that runs."""
    for number in range(1, cases + 1):
        run(f"INSERT INTO cases VALUES ({mark}, 'on_programme', 1, 1, {mark})", (number, "0" * 64))
        run(statements[-1], (number, 1, when(datetime.now(UTC))))


def move_once(run: Run, statements: tuple[str, ...], case_id: int, when: Callable[[datetime], Any]) -> int:
    """One move inside a transaction; the version it led to."""
    read, running, case, entry, close, open_ = statements
    _, version, seq, head = run(read, (case_id,)).fetchone()
    (number,) = run(running, (case_id,)).fetchone()
    now = datetime.now(UTC)
    digest = hashlib.sha256(f"{head}|{case_id}|{seq + 1}|{now}|somebody|record_contact".encode()).hexdigest()
    run(case, (seq + 1, digest, case_id, version))
    run(entry, (case_id, seq + 1, when(now), "somebody", "record_contact", head, digest))
    run(close, (when(now), case_id, number))
    run(open_, (case_id, number + 1, when(now + timedelta(days=14))))
    return int(version) + 1
