"""Reading evidence: `python -m bench.peers.reading floor|django|core trails|verify URL CASES ...`.

The first to be asked for `trails` writes the rows, ten a case; `verify` checks every link of them once a round.
"""

import sys
import time
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from bench.peers import unit
from bench.peers.answering import Place, Step, answer, answer_steps
from bench.peers.unit import COLUMNS, GENESIS, connected, is_sqlite, link, written

TRAIL = 10
Trail = Callable[[int], int]
Rows = Callable[[], Iterable[Any]]  # every entry in order: case, seq, at, actor, from, to, move, previous, hash


def by_hand(url: str) -> tuple[Trail, Rows]:
    connection, mark = connected(url), "?" if is_sqlite(url) else "%s"
    one = f"SELECT {COLUMNS['entries']} FROM entries WHERE case_id = {mark} ORDER BY seq"
    every = f"SELECT {COLUMNS['entries']} FROM entries ORDER BY case_id, seq"

    def rows() -> Iterable[Any]:
        if is_sqlite(url):
            return connection.execute(every)
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("BEGIN")
        cursor = connection.cursor(name="all")
        cursor.itersize = 5_000
        return cursor.execute(every)

    return lambda case: len(connection.execute(one, (case,)).fetchall()), rows


def django(url: str) -> tuple[Trail, Rows]:
    from bench.peers.django_rows import models_of, set_up

    set_up(url)
    from django.db import models

    _, entries, _ = models_of(models.TextField())
    every = entries.objects.order_by("case_id", "seq")

    def rows() -> Iterable[Any]:
        for one in every.iterator(chunk_size=5_000):
            yield (
                one.case_id,
                one.seq,
                one.at,
                one.actor,
                one.from_state,
                one.to_state,
                one.move,
                one.previous,
                one.hash,
            )

    return lambda case: len(entries.objects.filter(case_id=case).order_by("seq")), rows


def core(url: str) -> tuple[Trail, Rows]:
    from sqlalchemy import select

    from bench.peers.sqlalchemy_rows import Entry

    engine, entries = unit.sqlalchemy_engine(url), Entry.__table__
    columns = [entries.c[name] for name in COLUMNS["entries"].split(", ")]

    def trail(case: int) -> int:
        with engine.connect() as connection:
            return len(connection.execute(select(*columns).where(columns[0] == case).order_by(columns[1])).all())

    def rows() -> Iterable[Any]:
        with engine.connect() as connection:
            every = select(*columns).order_by(columns[0], columns[1])
            yield from connection.execution_options(yield_per=5_000).execute(every)

    return trail, rows


def verified(rows: Iterable[Any]) -> int:
    """How many links hold; all of them, or it raises."""
    count, at_case, head = 0, None, GENESIS
    for case, seq, at, actor, state, to, move, previous, digest in rows:
        if case != at_case:
            at_case, head = case, GENESIS
        said = at if isinstance(at, str) else written(at)
        if previous != head or link(head, case, seq, said, actor, state, to, move) != digest:
            raise AssertionError(f"the chain of case {case} breaks at {seq}")
        head, count = digest, count + 1
    return count


def main() -> None:
    kind, what = sys.argv.pop(1), sys.argv.pop(1)
    place = Place.asked_for()
    if what == "trails" and place.index == 0:
        unit.seed(place.url, place.cases, TRAIL)
    trail, rows = {"floor": by_hand, "django": django, "core": core}[kind](place.url)
    packages = {"floor": ("psycopg",), "django": ("django", "psycopg"), "core": ("sqlalchemy", "psycopg")}[kind]
    if what == "trails":
        answer_steps(lambda place: _asking(trail, place), place, lambda _: None, packages)
    else:
        answer(lambda _: _timed(rows), lambda _: None, packages)


def _asking(trail: Trail, place: Place) -> Step:
    pick = Random(7)

    def step() -> None:
        assert trail(pick.randint(1, place.cases)) == TRAIL

    return step


def _timed(rows: Rows) -> dict[str, Any]:
    began = time.perf_counter()
    return {"count": verified(rows()), "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main()
