"""Where the time of one kind of work goes: Waymark's own side of it, by part, from Python's profiler."""

import cProfile
import logging
import pstats
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import caseload, teams
from bench.caseload import NOW
from bench.growth import visits
from bench.places import Bare, postgresql_url, stopped_after
from config.settings import Settings
from scheduler.sweeps import sweep
from workflow import audit
from workflow.alerting import DueDeadlines
from workflow.bootstrap import open_service
from workflow.chains import verify_chains
from workflow.database import Database

Said = dict[str, Any]
CASES, EACH = 2_000, 1_000
PARTS = {  # what the path of a function holds: what it is called here; the first that fits
    "method 'execute' of 'sqlite3": "the database",
    "method 'commit' of 'sqlite3": "the database",
    "sqlite3": "the database",
    "psycopg": "the driver and waiting for the database",
    "select.": "the driver and waiting for the database",
    "sqlalchemy": "SQLAlchemy",
    "hashlib": "hashing",
    "_hashlib": "hashing",
    "hmac": "hashing",
    "json": "JSON",
    "pydantic": "Pydantic",
    "transitions/": "the state machine",
    "/states/": "lifecycle tables and guards",
    "/scheduler/": "calendars and due dates",
    "/config/": "policies",
    "/workflow/columns": "JSON",
}


def measured() -> Said:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, stopped_after():
        places = {"SQLite": f"sqlite:///{folder}/profile.db", "PostgreSQL": postgresql_url(Path(folder), "profile")}
        rows = [row for where, url in places.items() for row in _rows(where, url)]
    return {"kind": "profile", "rows": rows}


def _rows(where: str, url: str) -> Iterator[Said]:
    database = Database(url)
    database.migrate()
    database.close()
    service, bare = open_service(Settings(database_url=url)), Bare(url)
    teams.staff(service, 0, CASES // teams.SIZE)
    with Progress(disable=True) as quiet:
        caseload.seed(service, bare, 0, CASES, quiet, teams.of_teams)
    caseload.fall_due(service, bare, 1, EACH, 3)
    visit = visits(service, CASES)
    visit()

    def move() -> None:
        for _ in range(EACH):
            visit()

    def trail() -> None:
        for number in range(1, EACH + 1):
            with service.database.read() as connection:
                audit.entries_of(connection, number)

    def verify() -> None:
        with service.database.read() as connection:
            verify_chains(connection)

    acts: dict[str, Callable[[], object]] = {
        "a move": move,
        "due deadlines": lambda: sweep(DueDeadlines(service.engine, "bench"), NOW),
        "the trail of one case": trail,
        "verifying": verify,
    }
    for name, act in acts.items():
        yield {"what": f"{name}, {where}", "parts": _parts(act)}
    bare.close()
    service.close()


def _parts(act: Callable[[], object]) -> dict[str, float]:
    """Shares of the time, by part, those of a hundredth and more."""
    profiler = cProfile.Profile()
    profiler.runcall(act)
    stats: Any = pstats.Stats(profiler)
    taken: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():
        taken[_part(f"{file} {name}")] += own
    whole = sum(taken.values())
    return {part: own / whole for part, own in taken.most_common() if own >= whole / 100}


def _part(place: str) -> str:
    for holds, part in PARTS.items():
        if holds in place:
            return part
    if "/workflow/" in place:
        return "workflow/" + place.rpartition("/workflow/")[2].partition(" ")[0]
    return "Python itself"


def show(run: Said, console: Console) -> None:
    table = Table("work", "where its time goes, under a profiler")
    for row in run["rows"]:
        table.add_row(row["what"], _said(row))
    console.print(table)


def as_markdown(run: Said) -> Iterator[str]:
    yield from ("| work | where its time goes, under a profiler |", "|---|---|")
    yield from (f"| {row['what']} | {_said(row)} |" for row in run["rows"])


def _said(row: Said) -> str:
    return ", ".join(f"{part} {share:.0%}" for part, share in row["parts"].items() if share >= 0.02)
