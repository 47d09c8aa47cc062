"""The same work as the caseload grows: what a move, a tick, a due deadline, a page, a node and an audit come to."""

import http.client
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from starlette.testclient import TestClient

from bench import caseload, teams
from bench.caseload import NOW
from bench.contest import Contender, Runner
from bench.pages import Timed
from bench.places import Bare, postgresql_url, stopped_after
from bench.surroundings import surroundings
from bench.worker import HOST
from config.settings import Settings
from scheduler.sweeps import sweep
from workflow.accounts import find_actor
from workflow.alerting import DueDeadlines
from workflow.app import create_app
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.identity import sessions
from workflow.job_log import SWEEP
from workflow.jobs import jobs, run
from workflow.moves import Move
from workflow.references import reference

Said = dict[str, Any]
SIZES, QUICK = (1_000, 10_000, 100_000, 1_000_000), (1_000, 2_000)
MOVES, TICKS, DUE, PAGES, BATCHES = 400, 30, 200, 25, 5
ASSESSMENT = 3  # the deadline that falls due: no visit meets it
COLUMNS = {
    "move_ms": "a move, ms",
    "tick_ms": "an idle tick, ms",
    "due_ms": "a due deadline, ms",
    "page_ms": "a worker's list, ms",
    "above_ms": "a service manager's list, ms",
    "node_mb": "a node, MB",
    "start_s": "start-up, s",
    "verify_rate": "entries verified a second",
    "verify_mb": "verification, peak MB",
}
FLAT = ("move_ms", "tick_ms", "due_ms", "page_ms", "above_ms", "node_mb", "start_s", "verify_mb")
NOISE = 1.5  # times the smallest size: more is growth


def measured(sizes: Sequence[int]) -> Said:
    """A row for each size on each database."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows: list[Said] = []
    with tempfile.TemporaryDirectory() as folder, stopped_after(), Progress(console=Console(stderr=True)) as progress:
        around = surroundings(postgresql_url(Path(folder), "facts"))
        for where, url in (
            ("SQLite", f"sqlite:///{folder}/growth.db"),
            ("PostgreSQL", postgresql_url(Path(folder), "growth")),
        ):
            rows += Grown(where, url, progress).rows(sizes)
    return {"kind": "growth", "surroundings": around, "rows": rows}


@dataclass
class Grown:
    """One database and its caseload, which only grows: what a size is measured with is not used again."""

    where: str
    url: str
    progress: Progress

    def rows(self, sizes: Sequence[int]) -> Iterator[Said]:
        database = Database(self.url)
        database.migrate()
        database.close()
        service, bare = open_service(Settings(database_url=self.url, base_url=f"http://{HOST}")), Bare(self.url)
        teams.staff(service, 0, max(sizes) // teams.SIZE)
        held = 0
        for wanted in sizes:
            caseload.seed(service, bare, held, wanted, self.progress, teams.of_teams)
            held = wanted
            task = self.progress.add_task(f"{self.where}: measures at {held:,} cases", total=None)
            due = range(held - BATCHES * DUE + 1, held + 1)  # of those that came last: nobody was told of them yet
            yield {"where": self.where, "cases": held, **self.one(service, bare, held, due)}
            self.progress.update(task, total=1, completed=1)
        bare.close()
        service.close()

    def one(self, service: Service, bare: Bare, held: int, due: range) -> Said:
        lists = Lists(service)
        verified = _verified(self.url, held)
        started, megabytes = _node(self.url)
        found = {
            "move_ms": _median(visits(service, held), MOVES),
            "tick_ms": _median(
                partial(run, service, SWEEP, jobs(service, "bench")[SWEEP], "bench", lambda: NOW), TICKS
            ),
            "page_ms": lists.took(teams.worker(0, 7)),
            "above_ms": lists.took(teams.SERVICE_MANAGER),
        }
        return {**found, "due_ms": _due(service, bare, due), "node_mb": megabytes, "start_s": started, **verified}


def _median(act: Callable[[], object], times: int) -> float:
    """Milliseconds; a tenth of the times goes first, and does not count."""
    for _ in range(times // 10):
        act()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def visits(service: Service, held: int) -> Callable[[], None]:
    """A function that records a visit to a family among all of them, recorded by the worker of the case."""
    pick, now = Random(held), NOW + timedelta(minutes=1)
    people: dict[str, Any] = {}

    def move() -> None:
        number = pick.randint(1, held)
        owner = teams.of_teams(number).owner
        if owner not in people:
            with service.database.read() as connection:
                people[owner] = find_actor(connection, owner)
        case = reference("prebirth", number)
        said = Move(trigger="record_visit", case=case, facts=caseload.VISITED, key=uuid.uuid4().hex)
        service.engine.fire(said, people[owner], now)

    return move


def _due(service: Service, bare: Bare, numbers: range) -> float:
    """Milliseconds for each of the deadlines of these cases; the median of several batches."""
    taken = []
    for first in range(numbers.start, numbers.stop, DUE):
        caseload.fall_due(service, bare, first, first + DUE - 1, ASSESSMENT)
        began = time.perf_counter()
        done = sweep(DueDeadlines(service.engine, "bench"), NOW)
        taken.append((time.perf_counter() - began) / DUE * 1000)
        if done != DUE:
            raise RuntimeError(f"{done} of {DUE} deadlines were told")
    return statistics.median(taken)


class Lists:
    """The page of what waits for one, as its application answers it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._timed = Timed(create_app(service, clock=lambda: NOW))

    def took(self, username: str) -> float:
        with self._service.database.write() as connection:
            cookie = sessions.start(connection, username, second_factor=True, device="bench", now=NOW)
        taken = []
        with TestClient(self._timed, base_url=f"http://{HOST}", cookies={"waymark": cookie}) as client:
            for _ in range(PAGES):
                answer = client.get("/work")
                if answer.status_code != 200:
                    raise RuntimeError(f"/work answers {answer.status_code}")
                taken.append(self._timed.took)
        return statistics.median(taken[2:]) * 1000


def _node(url: str) -> tuple[float, float]:
    """Seconds until a new web node answers, and the megabytes it holds after some requests."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.worker", "waymark", url, "0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if process.stdout is None or not (line := process.stdout.readline()):
            raise RuntimeError("a node did not start: see above")
        connection = http.client.HTTPConnection(HOST, int(line))
        while not _answers(connection):
            time.sleep(0.02)
        started = time.perf_counter() - began
        for _ in range(50):
            _answers(connection)
        said = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return started, next(int(one.split()[1]) for one in said if one.startswith("VmRSS")) / 1024
    finally:
        process.communicate()


def _answers(connection: http.client.HTTPConnection) -> bool:
    try:
        connection.request("GET", "/readyz?of=node")
        answer = connection.getresponse()
        answer.read()
        return answer.status == http.client.OK
    except OSError:
        connection.close()
        return False


def _verified(url: str, held: int) -> Said:
    runner = Runner(Contender("Waymark", "Waymark", "bench.ours", ("verify",), guest=True))
    try:
        runner.start(url, held, 1, 1)
        runner.round(1)
    finally:
        runner.stop()
    return {"verify_rate": runner.rates[0], "verify_mb": runner.peak / 1024}


def grown(run: Said) -> Iterator[tuple[str, str, float]]:
    """(where, column, how many times the smallest size's figure the largest one has), for all that should stay flat."""
    for where in dict.fromkeys(row["where"] for row in run["rows"]):
        rows = [row for row in run["rows"] if row["where"] == where]
        for name in FLAT:
            yield where, COLUMNS[name], rows[-1][name] / rows[0][name]


def show(run: Said, console: Console) -> None:
    """The table, and a bar for each figure of it."""
    for name, value in run["surroundings"].items():
        console.print(f"{name}: {value}", highlight=False)
    table = Table("database", "cases", *COLUMNS.values())
    for row in run["rows"]:
        table.add_row(row["where"], f"{row['cases']:,}", *cells(row))
    console.print(table)
    for where, column, times in grown(run):
        style = "red" if times > NOISE else "green"
        bar = "█" * min(60, round(times * 10))
        console.print(f"{where:<12}{column:<32}[{style}]{bar}[/{style}] {times:.2f} × the smallest", highlight=False)


def cells(row: Said) -> list[str]:
    return [f"{row[name]:,.0f}" if row[name] >= 100 else f"{row[name]:.2f}" for name in COLUMNS]


def as_markdown(run: Said) -> Iterator[str]:
    yield from (f"- {name}: {value}" for name, value in run["surroundings"].items())
    yield from ("", f"| database | cases | {' | '.join(COLUMNS.values())} |", f"|---|---:|{'---:|' * len(COLUMNS)}")
    for row in run["rows"]:
        yield f"| {row['where']} | {row['cases']:,} | {' | '.join(cells(row))} |"
    grew = [f"{column} on {where} ({times:.1f} ×)" for where, column, times in grown(run) if times > NOISE]
    yield ""
    yield f"Grew by more than {NOISE:g} times from the smallest size to the largest: {', '.join(grew) or 'nothing'}."


def as_svg(run: Said) -> Iterator[str]:
    """A line for each figure: how many times its value at the smallest size, over the cases held, both logarithmic."""
    from bench.chart import chart  # noqa: PLC0415  # drawn for documents alone

    for_each = {}
    for where in dict.fromkeys(row["where"] for row in run["rows"]):
        rows = [row for row in run["rows"] if row["where"] == where]
        for name in FLAT:
            for_each[f"{COLUMNS[name].partition(',')[0]}, {where}"] = [
                (row["cases"], row[name] / rows[0][name]) for row in rows
            ]
    yield chart("Cost at each size, as a multiple of the smallest", for_each)
