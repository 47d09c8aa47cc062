"""`python -m bench [moves|sweep|http|pages|all]` prints a table; a row stands beside its floor of the same run."""

import argparse
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import over_http, pages, records, sweep
from bench.floor import postgresql_floor, sqlite_floor
from bench.places import postgresql_url, stopped_after
from config.policy import load_policies
from config.settings import Settings
from workflow.accounts import find_actor
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.decisions import decide
from workflow.moves import Move

CASES = 200
SECONDS = 4.0
ROUNDS = 3
LEAST = 200  # cases
SUBJECTS = ("moves", "sweep", "http", "pages")


def main() -> None:
    """Measures, then prints a table or, with --json, a line for each row."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Waymark costs, beside a floor.")
    parser.add_argument("what", nargs="?", choices=(*SUBJECTS, "all"), default="moves")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    parser.add_argument("--cases", type=int, default=sweep.CASES, help="for all but moves: open cases at the largest")
    parser.add_argument("--seconds", type=float, default=over_http.SECONDS, help="for http: how long each is asked")
    asked = parser.parse_args()
    if asked.cases < LEAST:
        parser.error(f"--cases must be {LEAST} or more: what is measured falls due by tenths")
    rows: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder, stopped_after():
        for what in SUBJECTS if asked.what == "all" else (asked.what,):
            rows += _rows(what, Path(folder), asked)
    if asked.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    table = Table("what", "Waymark", "floor", "ratio", "note")
    for row in rows:
        table.add_row(*(row[name] for name in ("what", "waymark", "floor", "ratio", "note")))
    Console(width=140).print(table)


def _rows(what: str, folder: Path, asked: argparse.Namespace) -> list[dict[str, str]]:
    match what:
        case "moves":
            return _move_rows(folder)
        case "sweep":
            return sweep.rows(folder, asked.cases)
        case "http":
            return over_http.rows(folder, asked.cases, asked.seconds)
        case _:
            return pages.rows(folder, asked.cases)


def _move_rows(folder: Path) -> list[dict[str, str]]:
    return [
        _moves("SQLite WAL, synchronous=FULL", _sqlite(folder)),
        _moves("PostgreSQL", _postgresql(folder)),
        _decisions(),
        _load_time(),
        _help(),
        _memory(folder),
    ]


def _service(url: str) -> Service:
    database = Database(url)
    database.migrate()
    records.staff(database, datetime.now(UTC))
    database.close()
    return open_service(Settings(database_url=url))


def _waymark_mover(service: Service, cases: int) -> Callable[[], None]:
    """A function that records a contact on the next woman's record: the state stays, one deadline is met, one opens."""
    with service.database.read() as connection:
        worker = find_actor(connection, records.WORKER)
    refs = records.opened(service, cases, datetime.now(UTC))
    turn = itertools.cycle(refs)

    def move() -> None:
        at = datetime.now(UTC)
        said = Move(trigger="record_contact", case=next(turn), facts=records.CONTACT, key=uuid.uuid4().hex)
        service.engine.fire(said, worker, at)

    return move


def _rate(move: Callable[[], None], seconds: float) -> tuple[float, list[float]]:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        move()
        taken.append(time.perf_counter() - started)
    return len(taken) / sum(taken), taken


def _moves(where: str, movers: tuple[Callable[[], None], Callable[[], None]]) -> dict[str, str]:
    ours, floor = movers
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    taken: dict[str, list[float]] = {"ours": [], "floor": []}
    for _ in range(ROUNDS):
        for name, move in (("floor", floor), ("ours", ours)):
            rate, times = _rate(move, SECONDS / ROUNDS)
            rates[name].append(rate)
            taken[name] += times
    ours_rate, floor_rate = statistics.median(rates["ours"]), statistics.median(rates["floor"])
    return {
        "what": f"moves a second, {where}",
        "waymark": f"{ours_rate:,.0f}/s, p99 {_p99(taken['ours']):.1f} ms",
        "floor": f"{floor_rate:,.0f}/s, p99 {_p99(taken['floor']):.1f} ms",
        "ratio": f"{ours_rate / floor_rate:.2f}",
        "note": "permission, facts, guards, chained entry, two deadlines, idempotency key; floor: bare SQL",
    }


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)] * 1000


def _sqlite(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    service = _service(f"sqlite:///{folder}/waymark.db")
    return _waymark_mover(service, CASES), sqlite_floor(folder / "floor.db", CASES)


def _postgresql(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    url = postgresql_url(folder)
    service = _service(url)
    return _waymark_mover(service, CASES), postgresql_floor(url, CASES)


def _decisions() -> dict[str, str]:
    policies = load_policies()
    parent = {
        "role": "mother",
        "date_of_birth": "2001-03-04",
        "learning_disability": "none",
        "care_status": "care_leaver",
        "open_to": "care_leavers",
        "significant_needs": True,
        "previous_removals": [
            {"through": "care_proceedings", "removed_on": "2023-05-01", "authority": "Birmingham"},
        ],
    }
    facts = {
        "received_on": "2026-11-02",
        "edd": date(2027, 5, 1).isoformat(),
        "source": "cass",
        "immediate_safety_concern": False,
        "parents": [parent],
        "relinquished": False,
        "first_time_parents": False,
        "risk_factors": ["1B", "4B"],
        "current_proceedings_for_another_child": False,
        "older_siblings_at_home": False,
        "family_open_to": "none",
        "proceedings_ended_on": "never",
        "presented_very_late": False,
    }
    rate, _ = _rate(lambda: decide(policies["birmingham"], facts) and None, SECONDS / 2)
    return {
        "what": "policy decide, Birmingham, a second",
        "waymark": f"{rate:,.0f}/s",
        "floor": "",
        "ratio": "",
        "note": "whole trace",
    }


def _load_time() -> dict[str, str]:
    code = (
        "import time; t = time.perf_counter(); from states.catalogue import LIFECYCLES; a = time.perf_counter() - t;"
        "t = time.perf_counter(); [one.machine for one in LIFECYCLES.values()]; print(a, time.perf_counter() - t)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return {
        "what": "load and check six lifecycles",
        "waymark": f"{float(out[0]) * 1000:.0f} ms",
        "floor": "",
        "ratio": "",
        "note": f"a new process, import included; building the six machines takes {float(out[1]) * 1000:.0f} ms more",
    }


def _help() -> dict[str, str]:
    took = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "from workflow.cli import run; run(['--help'])"], capture_output=True, check=True
        )
        took.append(time.perf_counter() - started)
    return {
        "what": "waymark --help",
        "waymark": f"{statistics.median(took) * 1000:.0f} ms",
        "floor": "",
        "ratio": "",
        "note": "promised: under 400 ms",
    }


def _memory(folder: Path) -> dict[str, str]:
    """Moves on many cases: what stays in memory for each case held (none should)."""
    service = _service(f"sqlite:///{folder}/memory.db")
    move = _waymark_mover(service, 500)
    for _ in range(500):
        move()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1500):
        move()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "what": "memory held after 1,500 more moves",
        "waymark": f"{grown} kB",
        "floor": "",
        "ratio": "",
        "note": "no object is kept for a case",
    }


if __name__ == "__main__":
    main()
