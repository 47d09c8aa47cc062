"""Waymark as it is measured: `python -m bench.ours WHAT URL CASES THREADS INDEX OF`, answering as peers do."""

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from rich.progress import Progress
from sqlalchemy import text

from bench import caseload, records
from bench.caseload import NOW, OPENED, Kind, Whose
from bench.move_floor import MoveFloor
from bench.peers.answering import WARM, Place, Step, answer, answer_steps
from bench.places import Bare
from bench.sweep_floor import floor_sweep, floor_tick
from config.settings import Settings
from scheduler.sweeps import BATCH, sweep
from states.catalogue import LIFECYCLES
from states.guards import Situation
from states.lifecycle import Subject
from states.roles import Role
from workflow import audit
from workflow.accounts import find_actor
from workflow.alerting import DueDeadlines
from workflow.bootstrap import Service, let_rest, open_service
from workflow.chains import verify_chains
from workflow.database import Database
from workflow.job_log import SWEEP
from workflow.jobs import jobs, run
from workflow.moves import Move
from workflow.references import reference

PACKAGES = ("sqlalchemy", "sqlmodel", "transitions", "psycopg", "apscheduler", "pydantic", "fastapi")
PAUSE = Kind("pause", "identified", ("contact_plan",), (records.LEAD, Role.PAUSE_LEAD, records.TEAM))
TRAIL = 10  # entries a case
TICKS = 30


def main() -> None:
    what, place = sys.argv.pop(1), Place.asked_for()
    WHAT[what](place)


def _opened(url: str) -> tuple[Service, Bare]:
    database = Database(url)
    database.migrate()
    database.close()
    service = open_service(Settings(database_url=url))
    let_rest()  # as every node does
    return service, Bare(url)


def _filled(place: Place, staff: Callable[[Service], None], **how: Any) -> tuple[Service, Bare]:
    """The database with its cases, which the first process of a contender writes."""
    service, bare = _opened(place.url)
    if place.index == 0:
        staff(service)
        with Progress(disable=True) as quiet:
            caseload.seed(service, bare, 0, place.cases, quiet, **how)
    return service, bare


def _pause_staff(service: Service) -> None:
    records.staff(service.database, OPENED)
    with service.database.write() as connection:
        service.policies.store(connection, service.policies.current("durham", OPENED.date()), OPENED)


def moves(place: Place) -> None:
    """`start_check` on a record that nobody moved yet: the state changes, one deadline is met, one opens."""
    service, _, move = _movable(place)
    answer_steps(
        _each_once(move), place, lambda moves: _check(service, place.cases + moves + WARM * place.of), PACKAGES
    )


def moves_by_hand(place: Place) -> None:
    """The rows of such a move by hand, the first by Waymark: nothing is judged, and the chain is not Waymark's."""
    _, bare, move = _movable(place)
    floor = MoveFloor(bare, place.cases, lambda: move(place.cases))

    def check(moves: int) -> None:
        (counted,) = bare.run("SELECT count(*) FROM audit_entries").fetchone()
        if counted != place.cases + 1 + moves + WARM * place.of:
            raise AssertionError(f"{counted} entries after {moves} moves")

    def session(place: Place) -> Step:
        own = Bare(place.url)
        return _each_once(partial(floor.move, own))(place)

    answer_steps(session, place, check, PACKAGES)


def _movable(place: Place) -> tuple[Service, Bare, Callable[[int], None]]:
    """Records that nobody moved yet, and what moves one of them, by its number."""
    service, bare = _filled(place, _pause_staff, whose=lambda _: Whose(records.TEAM, records.WORKER), kind=PAUSE)
    with service.database.read() as connection:
        lead = find_actor(connection, records.LEAD)
    facts = {"contact_plan": "a letter, then a visit"}

    def move(number: int) -> None:
        case = reference("pause", number)
        service.engine.fire(Move(trigger="start_check", case=case, facts=facts), lead, datetime.now(UTC))

    return service, bare, move


def _each_once(move: Callable[[int], None]) -> Callable[[Place], Step]:
    def session(place: Place) -> Step:
        numbers = iter(range(place.index + 1, place.cases + 1, place.of))
        return lambda: move(next(numbers))

    return session


def _check(service: Service, entries: int) -> None:
    """Every chain, and their sum, after the run."""
    with service.database.read() as connection:
        found = verify_chains(connection)
    if found.entries != entries:
        raise AssertionError(f"{found.entries} entries, not {entries}")


def sweeps(place: Place) -> None:
    """Each round so many deadlines have passed, and are told of."""
    _answer_sweeps(place, lambda service, _: sweep(DueDeadlines(service.engine, "bench"), NOW))


def sweeps_by_hand(place: Place) -> None:
    """The same rows of the same tables by hand."""
    _answer_sweeps(place, lambda _, bare: floor_sweep(bare, NOW, BATCH))


def _answer_sweeps(place: Place, act: Callable[[Service, Bare], int]) -> None:
    service, bare = _filled(place, caseload.staff)
    told = 0

    def rounds(wanted: float) -> dict[str, Any]:
        nonlocal told
        caseload.fall_due(service, bare, told + 1, told + int(wanted))
        told += int(wanted)
        began = time.perf_counter()
        done = act(service, bare)
        return {"count": done, "seconds": time.perf_counter() - began}

    def check(due: int) -> None:
        counted = [bare.run(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("alerts", "messages")]
        if counted != [due, 2 * due]:
            raise AssertionError(f"{counted} alerts and messages after {due} deadlines")

    answer(rounds, check, PACKAGES)


def trails(place: Place) -> None:
    """The evidence of one case among all, in a transaction of its own."""
    service, _ = _filled(place, caseload.staff, trail=TRAIL)
    pick = Random(7)

    def session(place: Place) -> Step:
        def step() -> None:
            with service.database.read() as connection:
                found = audit.entries_of(connection, pick.randint(1, place.cases))
            assert len(found) == TRAIL

        return step

    answer_steps(session, place, lambda _: None, PACKAGES)


def verify(place: Place) -> None:
    """All chains, once a round."""
    service, _ = _opened(place.url)

    def rounds(_: float) -> dict[str, Any]:
        with service.database.read() as connection:
            began = time.perf_counter()
            found = verify_chains(connection)
        return {"count": found.entries, "seconds": time.perf_counter() - began}

    answer(rounds, lambda _: None, PACKAGES)


def ticks(place: Place) -> None:
    """A recorded run of the sweep with nothing due; `cases` says how many deadlines wait."""
    service, _ = _waiting(place)
    job = jobs(service, "bench")[SWEEP]
    _answer_ticks(lambda: run(service, SWEEP, job, "bench", lambda: NOW))


def ticks_by_hand(place: Place) -> None:
    _, bare = _waiting(place)
    _answer_ticks(lambda: floor_tick(bare, NOW))


def _answer_ticks(act: Callable[[], object]) -> None:
    def rounds(_: float) -> dict[str, Any]:
        began, taken = time.perf_counter(), list[int]()
        for _ in range(TICKS):
            at = time.perf_counter_ns()
            act()
            taken.append((time.perf_counter_ns() - at) // 1000)
        return {"count": TICKS, "seconds": time.perf_counter() - began, "times": taken}

    rounds(0)  # warm
    answer(rounds, lambda _: None, PACKAGES)


def _waiting(place: Place) -> tuple[Service, Bare]:
    """The database with so many deadlines that wait: cases with three each, and copies of those."""
    service, bare = _opened(place.url)
    held = _count(bare)
    if place.index == 0 and not held:
        caseload.staff(service)
        with Progress(disable=True) as quiet:
            caseload.seed(service, bare, 0, -(-place.cases // len(caseload.CLOCKS)), quiet)
        held = _count(bare)
    names = [column.name for column in caseload.DEADLINES.columns]
    copied = ", ".join({"number": "number + :on", "subject": "'copy ' || :copy"}.get(name, name) for name in names)
    for copy in range(1, -(-place.cases // held)):
        with service.database.write() as connection:
            connection.execute(
                text(f"INSERT INTO deadlines ({', '.join(names)}) SELECT {copied} FROM deadlines WHERE subject = ''"),
                {"on": 10 * copy, "copy": str(copy)},
            )
    bare.tidy()
    return service, bare


def _count(bare: Bare) -> int:
    return int(bare.run("SELECT count(*) FROM deadlines WHERE closed_at IS NULL").fetchone()[0])


def machine(place: Place) -> None:
    """The shared machine alone, and the bytes of what it moves for one case."""
    lifecycle = LIFECYCLES["pause"]
    situation = Situation(state="identified", trigger="start_check", actor=records.LEAD, occurred_on=NOW.date())
    assert lifecycle.fire(situation) == "eligibility"
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = [Subject("identified", situation) for _ in range(1_000)]
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / len(held)
    tracemalloc.stop()

    def rounds(seconds: float) -> dict[str, Any]:
        count, began = 0, time.perf_counter()
        while (taken := time.perf_counter() - began) < seconds:
            for _ in range(100):
                lifecycle.fire(situation)
            count += 100
        return {"count": count, "seconds": taken, "bytes": round(size)}

    answer(rounds, lambda _: None, PACKAGES)


WHAT: dict[str, Callable[[Place], None]] = {
    "moves": moves,
    "moves-by-hand": moves_by_hand,
    "sweeps": sweeps,
    "sweeps-by-hand": sweeps_by_hand,
    "trails": trails,
    "verify": verify,
    "ticks": ticks,
    "ticks-by-hand": ticks_by_hand,
    "machine": machine,
}

if __name__ == "__main__":
    main()
