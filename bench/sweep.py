"""What the deadline sweep costs on both databases: idle as the caseload grows, with much due, and its check."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from bench import caseload
from bench.caseload import NOW
from bench.places import Bare, postgresql_url
from bench.sweep_floor import floor_sweep, floor_tick
from config.settings import Settings
from scheduler.sweeps import BATCH, sweep
from workflow.alerting import DueDeadlines
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.invariants import light_check
from workflow.job_log import SWEEP
from workflow.jobs import jobs, run

Row = dict[str, str]
CASES, ROUNDS, TICKS = 100_000, 3, 30
WAKING = ("lapse of orders", SWEEP, "digests", "message delivery")  # the jobs that look for what is due


def rows(folder: Path, cases: int = CASES) -> list[Row]:
    """Every row, SQLite first; a tenth of the cases falls due in each round."""
    found: list[Row] = []
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for where, url in (
            ("SQLite", f"sqlite:///{folder}/sweep.db"),
            ("PostgreSQL", postgresql_url(folder, "sweep")),
        ):
            service, bare = _set_up(url), Bare(url)
            found += [*_idle(where, service, bare, cases, progress), *_due(where, service, bare, cases, progress)]
            found.append(_check(where, service, cases))
            bare.close()
            service.database.close()
    return found


def _set_up(url: str) -> Service:
    database = Database(url)
    database.migrate()
    database.close()
    service = open_service(Settings(database_url=url))
    caseload.staff(service)
    return service


def _took(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _idle(where: str, service: Service, bare: Bare, cases: int, progress: Progress) -> list[Row]:
    """A recorded run of the sweep with nothing due, as the cases held grow a hundredfold; less is better."""
    every, held, found = jobs(service, "bench"), 0, list[Row]()
    acts: dict[str, Callable[[], object]] = {
        "floor": lambda: floor_tick(bare, NOW),
        "look": lambda: sweep(DueDeadlines(service.engine, "bench"), NOW),
        **{name: partial(run, service, name, every[name], "bench", lambda: NOW) for name in WAKING},
    }
    first = 0.0
    for wanted in (cases // 100, cases // 10, cases):
        caseload.seed(service, bare, held, wanted, progress)
        held = wanted
        rounds = [{name: _took(act) * 1000 for name, act in acts.items()} for _ in range(TICKS)]
        taken = {name: statistics.median(each[name] for each in rounds) for name in acts}
        first = first or taken["look"]
        others = ", ".join(f"{name} {taken[name]:.1f}" for name in WAKING if name != SWEEP)
        found.append(
            {
                "what": f"idle tick, {held:,} cases, {held * len(caseload.CLOCKS):,} deadlines, {where}",
                "waymark": f"{taken[SWEEP]:.1f} ms, its look {taken['look']:.2f}",
                "floor": f"{taken['floor']:.1f} ms",
                "ratio": f"{taken[SWEEP] / taken['floor']:.2f}",
                "note": f"promised: under 50 ms; look {taken['look'] / first:.2f} of the smallest; also {others} ms",
            }
        )
    return found


def _due(where: str, service: Service, bare: Bare, cases: int, progress: Progress) -> list[Row]:
    """A tenth of the cases falls due: floor and Waymark in turn, on fresh cases each time."""
    due, rates = cases // 10, {"floor": list[float](), "ours": list[float]()}
    task = progress.add_task(f"{where}: {due:,} due, in turn", total=2 * ROUNDS)
    sweeps: dict[str, Callable[[], int]] = {
        "floor": lambda: floor_sweep(bare, NOW, BATCH),
        "ours": lambda: sweep(DueDeadlines(service.engine, "bench"), NOW),
    }
    for number in range(2 * ROUNDS):
        name = ("floor", "ours")[number % 2]
        caseload.fall_due(service, bare, number * due + 1, (number + 1) * due)
        started = time.perf_counter()
        done = sweeps[name]()
        rates[name].append(done / (time.perf_counter() - started))
        _require_told(bare, done, due, (number + 1) * due)
        progress.advance(task)
    floor, ours = statistics.median(rates["floor"]), statistics.median(rates["ours"])
    what = f"deadlines claimed, alerted and queued a second, {due:,} due, {where}"
    wrote = "an alert, two messages, a chained entry, head and next step for each"
    return [
        {
            "what": what,
            "waymark": f"{ours:,.0f}/s",
            "floor": f"{floor:,.0f}/s",
            "ratio": f"{ours / floor:.2f}",
            "note": f"promised: 1,000/s; {wrote}; floor: bare SQL, batches of {BATCH} alike",
        },
    ]


def _require_told(bare: Bare, done: int, due: int, alerts: int) -> None:
    counted = [bare.run(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("alerts", "messages")]
    if (done, *counted) != (due, alerts, 2 * alerts):
        raise RuntimeError(f"{done} of {due} deadlines were told, with {counted} alerts and messages in all")


def _check(where: str, service: Service, cases: int) -> Row:
    """The promises over every case, after the sweeps: they all hold."""
    took = []
    for _ in range(ROUNDS):
        with service.database.read() as connection:
            started = time.perf_counter()
            broken = light_check(connection, NOW)
            took.append(time.perf_counter() - started)
        if broken:
            raise RuntimeError(f"the bench broke a promise: {broken[0]}")
    return {
        "what": f"light check of {cases:,} cases, {where}",
        "waymark": f"{statistics.median(took):.2f} s",
        "floor": "",
        "ratio": "",
        "note": f"promised: under 10 s; slowest of {ROUNDS}: {max(took):.2f} s",
    }
