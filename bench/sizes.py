"""How many bytes a case, a move, an alert and a look take on disk, and what that comes to for England."""

import logging
import tempfile
import time
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
from bench.surroundings import surroundings
from config.settings import Settings
from scheduler.sweeps import sweep
from workflow.accounts import find_actor
from workflow.alerting import DueDeadlines
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.looking import Looking
from workflow.references import reference

Said = dict[str, Any]
CASES, EACH = 5_000, 2_000  # of every other thing, so many

# England, and how its social workers are taken to work. Sources: docs/scale.md.
AUTHORITIES, CHILDREN = 153, 400_000
CASES_A_CHILD = 1.3  # a child's plan, its conference, its proceedings are cases of their own
A_YEAR = {"moves": 30, "alerts": 12, "looks": 300}  # for each case: a visit in four weeks and what else happens
DAYS, HOURS, PEAK = 253, 7.5, 5  # working days and hours; the busiest minute is so many times the mean
KEPT_YEARS = 10
LIVE = 1.5  # times a freshly packed one: what a database takes that is written to


def measured() -> Said:
    """A row for each database."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, stopped_after(), Progress(console=Console(stderr=True)) as progress:
        places = {"SQLite": f"sqlite:///{folder}/sizes.db", "PostgreSQL": postgresql_url(Path(folder), "sizes")}
        around = surroundings(places["PostgreSQL"])
        rows = [{"where": where, **_row(url, progress)} for where, url in places.items()]
    return {"kind": "sizes", "surroundings": around, "rows": rows}


def _row(url: str, progress: Progress) -> Said:
    database = Database(url)
    database.migrate()
    database.close()
    service, bare = open_service(Settings(database_url=url)), Bare(url)
    teams.staff(service, 0, CASES // teams.SIZE)
    filled = _grown(bare, CASES, lambda: caseload.seed(service, bare, 0, CASES, progress, teams.of_teams))
    visit = visits(service, CASES)

    def move() -> None:
        for _ in range(EACH):
            visit()

    caseload.fall_due(service, bare, 1, EACH, 3)
    moved = _grown(bare, EACH, move)
    told = _grown(bare, EACH, lambda: sweep(DueDeadlines(service.engine, "bench"), NOW))
    looked = _grown(bare, EACH, lambda: _looks(service))
    bare.close()
    service.close()
    return {"case": filled, "move": moved, "alert": told, "look": looked}


def _grown(bare: Bare, count: int, act: Callable[[], object]) -> Said:
    """Bytes on disk with all indexes, bytes of write-ahead log where known, and how many were done a second."""
    before = _bytes(bare)
    logged, began = _logged(bare), time.perf_counter()
    act()
    seconds, logged = time.perf_counter() - began, _logged(bare) - logged
    return {"bytes": (_bytes(bare) - before) / count, "log": logged / count, "rate": count / seconds}


def _bytes(bare: Bare) -> int:
    """Freshly packed: an update leaves its old row behind for a while, and how long is another matter."""
    if bare.is_sqlite:
        bare.run("VACUUM")
        pages, size = (bare.run(f"PRAGMA {one}").fetchone()[0] for one in ("page_count", "page_size"))
        return int(pages * size)
    tables = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    for (name,) in bare.run(f"SELECT relname {tables} AND pg_relation_size(oid) > 0").fetchall():
        bare.run(f"VACUUM FULL {name}")
    return int(bare.run(f"SELECT sum(pg_total_relation_size(oid)) {tables}").fetchone()[0])


def _logged(bare: Bare) -> int:
    return 0 if bare.is_sqlite else int(bare.run("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()[0])


def _looks(service: Service) -> None:
    """Somebody looks at their own cases, each look a row of the log."""
    owner = teams.of_teams(1).owner
    with service.database.read() as connection:
        actor = find_actor(connection, owner)
    looking = Looking(service=service, actor=actor, now=NOW, source="web", request_id="0" * 16)
    for _ in range(EACH):
        looking.standing(reference("prebirth", 1))
    service.looks.flush()


def england(row: Said) -> dict[str, float]:
    """What a year of England comes to, by what one case, move, alert and look take."""
    cases = CHILDREN * CASES_A_CHILD
    things = {name: cases * each for name, each in A_YEAR.items()}
    written = row["case"]["bytes"] * cases + sum(row[name[:-1]]["bytes"] * many for name, many in things.items())
    written *= LIVE
    seconds = DAYS * HOURS * 3600
    busy = sum(many / row[name[:-1]]["rate"] for name, many in things.items() if name != "looks")  # processor seconds
    return {
        "cases a year": cases,
        **{f"{name} a year": many for name, many in things.items()},
        "gigabytes a year": written / 1e9,
        f"gigabytes after {KEPT_YEARS} years": written * KEPT_YEARS / 1e9,
        "gigabytes of write-ahead log a working day": sum(row[name[:-1]]["log"] * many for name, many in things.items())
        / 1e9
        / DAYS,
        "moves a second, mean of working hours": things["moves"] / seconds,
        "moves a second at the peak": things["moves"] / seconds * PEAK,
        "moves and alerts a second at the peak": (things["moves"] + things["alerts"]) / seconds * PEAK,
        "looks a second at the peak": things["looks"] / seconds * PEAK,
        "connections busy with moves and alerts at the peak": busy / seconds * PEAK,
        "gigabytes of an authority a year": written / 1e9 / AUTHORITIES,
        "moves a second of an authority at the peak": things["moves"] / seconds * PEAK / AUTHORITIES,
    }


def show(run: Said, console: Console) -> None:
    for title, table in _tables(run):
        shown = Table(*table[0], title=title)
        for row in table[1:]:
            shown.add_row(*row)
        console.print(shown)


def as_markdown(run: Said) -> Iterator[str]:
    yield from (f"- {name}: {value}" for name, value in run["surroundings"].items())
    for title, table in _tables(run):
        yield from ("", f"### {title}", "", f"| {' | '.join(table[0])} |", f"|---|{'---:|' * (len(table[0]) - 1)}")
        yield from (f"| {' | '.join(row)} |" for row in table[1:])


def _tables(run: Said) -> Iterator[tuple[str, list[list[str]]]]:
    rows = run["rows"]
    heads = [row["where"] for row in rows]
    measured_ = [
        ["each, with all indexes, freshly packed", *(f"bytes, {head}" for head in heads), "bytes of log, PostgreSQL"]
    ]
    for name in ("case", "move", "alert", "look"):
        log = rows[-1][name]["log"]
        measured_.append([name, *(f"{row[name]['bytes']:,.0f}" for row in rows), f"{log:,.0f}" if log else ""])
    yield "Measured: what one of each takes on disk", measured_
    taken = [
        ["taken for England", ""],
        ["authorities", f"{AUTHORITIES}"],
        ["children in need a year", f"{CHILDREN:,}"],
        ["cases a child", f"{CASES_A_CHILD}"],
        *([f"{name} a case a year", f"{many}"] for name, many in A_YEAR.items()),
        ["working days of a year, hours of a day", f"{DAYS}, {HOURS}"],
        ["the busiest minute, times the mean", f"{PEAK}"],
        ["a database that is written to, times a freshly packed one", f"{LIVE}"],
    ]
    yield "Taken", taken
    comes = [england(row) for row in rows]
    yield (
        "What it comes to",
        [
            ["England", *heads],
            *(
                [name, *(f"{one[name]:,.0f}" if one[name] >= 100 else f"{one[name]:,.2f}" for one in comes)]
                for name in comes[0]
            ),
        ],
    )
