"""The sweep's unit of work: a deadline that has passed is claimed, told of, chained, queued, and its next step written.

`python -m bench.peers.due URL CASES ...` is its floor by hand, in batches.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.peers import unit
from bench.peers.answering import Place, answer
from bench.peers.unit import connected, insert, is_sqlite, link, written

BATCH, AHEAD = 500, timedelta(days=2)
FOUND = (
    "SELECT d.id, d.case_id, d.level, c.state, c.seq, c.head FROM deadlines d JOIN cases c ON c.id = d.case_id "
    "WHERE d.closed_at IS NULL AND "
)
CLOSE = "UPDATE deadlines SET closed_at = ? WHERE id = ?"
HEAD = "UPDATE cases SET seq = ?, head = ?, changed_at = ?, version = version + 1 WHERE id = ?"
ROWS = {  # in the order of `written_for`
    "alerts": "case_id, deadline_id, level, raised_at",
    "messages": "recipient, body, queued_at",
    "entries": unit.COLUMNS["entries"],
    "deadlines": "case_id, level, due_at, opened_at",
}
Found = tuple[int, int, int, str, int, str]
DONE = threading.Semaphore(0)  # one for each deadline that was told of, for those who work in threads


def written_for(found: Found, now: datetime, native: Callable[[datetime], Any]) -> tuple[list[tuple[Any, ...]], ...]:
    """What one deadline leaves: its alert, its message, the entry, the next step; what closes it; the case's head."""
    deadline, case, level, state, seq, head = found
    at = native(now)
    digest = link(head, case, seq + 1, written(now), "system", state, state, "tell")
    entry = (case, seq + 1, at, "system", state, state, "tell", head, digest)
    following = (case, level + 1, native(now + AHEAD), at)
    alert, message = (case, deadline, level + 1, at), ("manager", unit.message(case, level + 1), at)
    return [alert], [message], [entry], [following], [(at, deadline)], [(seq + 1, digest, at, case)]


def as_it_is(at: datetime) -> Any:
    return at


class Teller:
    """Tells of single deadlines by hand, for schedulers that know a job for each; a connection for each thread."""

    def __init__(self, url: str) -> None:
        self._url, self._local, self._lite = url, threading.local(), is_sqlite(url)
        mark = "?" if self._lite else "%s"
        values = {table: ", ".join([mark] * (columns.count(",") + 1)) for table, columns in ROWS.items()}
        self._adds = [f"INSERT INTO {table} ({ROWS[table]}) VALUES ({values[table]})" for table in ROWS]
        self._adds[-1] += " RETURNING id"
        self._changes = [one.replace("?", mark) for one in (CLOSE, HEAD)]
        self._find = f"{FOUND} d.id = {mark}{'' if self._lite else ' FOR UPDATE'}"

    def tell(self, deadline: int) -> tuple[int, datetime] | None:
        """The next step as (its id, when it is due); None where somebody told of this one before."""
        if not hasattr(self._local, "run"):
            self._local.run = connected(self._url).execute
        run = self._local.run
        run("BEGIN IMMEDIATE" if self._lite else "BEGIN")
        found = run(self._find, (deadline,)).fetchone()
        if found is None:
            run("ROLLBACK")
            return None
        now = datetime.now(UTC)
        rows = [one[0] for one in written_for(found, now, written if self._lite else as_it_is)]
        for change, row in zip(self._changes, rows[4:], strict=True):
            run(change, row)
        for add, row in zip(self._adds, rows[:4], strict=True):
            last = run(add, row)
        following = int(last.fetchone()[0])
        run("COMMIT")
        return following, now + AHEAD


def fall_due(url: str, first: int, last: int) -> list[int]:
    """The deadlines of these cases passed a minute ago; their ids."""
    connection, past = connected(url), datetime.now(UTC) - timedelta(minutes=1)
    where = f"WHERE closed_at IS NULL AND case_id BETWEEN {first} AND {last}"
    at = f"'{written(past)}'" + ("" if is_sqlite(url) else "::timestamp AT TIME ZONE 'UTC'")
    connection.execute(f"UPDATE deadlines SET due_at = {at} {where}")
    found = [row[0] for row in connection.execute(f"SELECT id FROM deadlines {where} ORDER BY id").fetchall()]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite(url) else "VACUUM ANALYZE deadlines")
    connection.close()
    return found


def answer_due(
    packages: Sequence[str],
    set_up: Callable[[str], Any],
    act: Callable[[Any, list[int]], Any],
    ready: Callable[[Any, list[int]], Any] = lambda peer, ids: None,
) -> None:
    """Each round so many fall due; `act(peer, ids)` returns when all are told of. `ready` may file them, unmeasured."""
    place = Place.asked_for()
    unit.seed(place.url, place.cases)
    peer, told = set_up(place.url), 0

    def rounds(wanted: float) -> dict[str, Any]:
        nonlocal told
        count = max(1, int(wanted))
        ids = fall_due(place.url, told + 1, told + count)
        told += count
        began = time.perf_counter()
        ready(peer, ids)
        filed = time.perf_counter()
        act(peer, ids)
        note = "" if filed - began < 0.001 else f"files {count / (filed - began):,.0f} jobs/s"
        return {"count": count, "seconds": time.perf_counter() - filed, "note": note}

    def check(due: int) -> None:
        connection = connected(place.url)
        counted = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("alerts", "messages")
        ]
        if counted != [due, due]:
            raise AssertionError(f"{counted} alerts and messages after {due} deadlines")
        unit.check_all(place.url, place.cases, due)

    answer(rounds, check, packages)


def await_all(ids: list[int]) -> None:
    """Until as many were told of as there are."""
    for _ in ids:
        if not DONE.acquire(timeout=300):
            raise TimeoutError("not all deadlines were told of in five minutes")


def _by_hand(url: str) -> Callable[[], int]:
    connection, lite = connected(url), is_sqlite(url)
    mark = "?" if lite else "%s"
    claim = f"{FOUND} d.due_at <= {mark} ORDER BY d.due_at, d.id LIMIT {BATCH}"
    native: Callable[[datetime], Any] = written if lite else as_it_is
    changes = (CLOSE, HEAD) if lite else (
        "UPDATE deadlines t SET closed_at = v.a FROM unnest(%s::timestamptz[], %s::bigint[]) v(a, k) WHERE t.id = v.k",
        "UPDATE cases t SET seq = v.s, head = v.h, changed_at = v.a, version = version + 1 "
        "FROM unnest(%s::int[], %s::text[], %s::timestamptz[], %s::bigint[]) v(s, h, a, k) WHERE t.id = v.k",
    )  # fmt: skip

    def batch() -> int:
        now = datetime.now(UTC)
        connection.execute("BEGIN IMMEDIATE" if lite else "BEGIN")
        lock = "" if lite else " FOR UPDATE OF d, c SKIP LOCKED"
        found = connection.execute(claim + lock, (native(now),)).fetchall()
        made = [written_for(one, now, native) for one in found]
        rows = [[row for one in made for row in one[place]] for place in range(6)]
        for change, values in zip(changes, rows[4:], strict=True):
            if lite:
                connection.executemany(change, values)
            elif values:
                connection.execute(change, [list(one) for one in zip(*values, strict=True)])
        for (table, columns), values in zip(ROWS.items(), rows[:4], strict=True):
            insert(connection, table, columns, values)
        connection.execute("COMMIT")
        return len(found)

    return batch


def _act(batch: Callable[[], int], ids: list[int]) -> None:
    while batch():
        pass


if __name__ == "__main__":
    answer_due(("psycopg",), _by_hand, _act)
