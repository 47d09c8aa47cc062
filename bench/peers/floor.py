"""The floor: the unit of work as hand-written SQL. `python -m bench.peers.floor [one-statement] URL CASES ...`."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.peers.answering import Place, answer_walk
from bench.peers.unit import Refused, check, connected, is_sqlite, link, written

READ = "SELECT state, needs, version, seq, head FROM cases WHERE id = ?"
CASE = (
    "UPDATE cases SET state = ?, version = version + 1, seq = ?, head = ?, changed_at = ? WHERE id = ? AND version = ?"
)
ENTRY = (
    "INSERT INTO entries (case_id, seq, at, actor, from_state, to_state, move, previous, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
MEET = "UPDATE deadlines SET closed_at = ? WHERE case_id = ? AND closed_at IS NULL"
OPEN = "INSERT INTO deadlines (case_id, level, due_at, opened_at) VALUES (?, 0, ?, ?)"
AT_ONCE = """
WITH moved AS (UPDATE cases SET state = %(to)s, version = version + 1, seq = %(seq)s, head = %(hash)s,
    changed_at = %(now)s WHERE id = %(case)s AND version = %(version)s RETURNING id),
  entry AS (INSERT INTO entries (case_id, seq, at, actor, from_state, to_state, move, previous, hash)
    SELECT id, %(seq)s, %(now)s, %(who)s, %(state)s, %(to)s, %(move)s, %(head)s, %(hash)s FROM moved),
  met AS (UPDATE deadlines SET closed_at = %(now)s WHERE case_id IN (SELECT id FROM moved) AND closed_at IS NULL),
  opened AS (INSERT INTO deadlines (case_id, level, due_at, opened_at) SELECT id, 0, %(due)s, %(now)s FROM moved)
SELECT count(*) FROM moved"""
Advance = Callable[[int, str, str, str], None]


def session(place: Place) -> Advance:
    """Row by row: begin, read under a lock, four writes, commit."""
    connection, lite = connected(place.url), is_sqlite(place.url)
    begin, lock = ("BEGIN IMMEDIATE", "") if lite else ("BEGIN", " FOR UPDATE")
    read, case_, entry, meet, open_ = (
        one if lite else one.replace("?", "%s") for one in (READ + lock, CASE, ENTRY, MEET, OPEN)
    )
    run, native = connection.execute, written if lite else _as_it_is

    def advance(case: int, move: str, who: str, role: str) -> None:
        run(begin)
        state, needs, version, seq, head = run(read, (case,)).fetchone()
        to, days = check(move, state, role, needs)
        now = datetime.now(UTC)
        digest, at = link(head, case, seq + 1, written(now), who, state, to, move), native(now)
        if run(case_, (to, seq + 1, digest, at, case, version)).rowcount != 1:
            raise Refused("somebody else was faster")
        run(entry, (case, seq + 1, at, who, state, to, move, head, digest))
        run(meet, (at, case))
        run(open_, (case, native(now + timedelta(days=days)), at))
        run("COMMIT")

    return advance


def session_at_once(place: Place) -> Advance:
    """PostgreSQL alone: one read, then all writes and the commit as one statement."""
    run, read = connected(place.url).execute, READ.replace("?", "%s")

    def advance(case: int, move: str, who: str, role: str) -> None:
        state, needs, version, seq, head = run(read, (case,)).fetchone()
        to, days = check(move, state, role, needs)
        now = datetime.now(UTC)
        values = {"case": case, "move": move, "who": who, "state": state, "to": to, "version": version, "head": head}
        digest = link(head, case, seq + 1, written(now), who, state, to, move)
        values |= {"seq": seq + 1, "hash": digest, "now": now, "due": now + timedelta(days=days)}
        if run(AT_ONCE, values).fetchone()[0] != 1:
            raise Refused("somebody else was faster")

    return advance


def _as_it_is(at: datetime) -> Any:
    return at


if __name__ == "__main__":
    at_once = sys.argv[1] == "one-statement" and sys.argv.pop(1)
    answer_walk(session_at_once if at_once else session, ("psycopg",))
