"""What else was promised and is quickly measured: decisions, imports, help, and memory that moves leave behind."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import cycle
from pathlib import Path

from bench import records
from config.policy import load_policies
from config.settings import Settings
from workflow.accounts import find_actor
from workflow.bootstrap import open_service
from workflow.database import Database
from workflow.decisions import decide
from workflow.moves import Move

Row = dict[str, str]
SECONDS = 2.0


def rows(folder: Path) -> list[Row]:
    return [_decisions(), _load_time(), _help(), _memory(folder)]


def _row(what: str, found: str, note: str) -> Row:
    return {"what": what, "waymark": found, "floor": "", "ratio": "", "note": note}


def _decisions() -> Row:
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
    rate = _rate(lambda: decide(policies["birmingham"], facts))
    return _row("policy decide, Birmingham, a second", f"{rate:,.0f}/s", "whole trace")


def _rate(act: Callable[[], object]) -> float:
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        act()
        count += 1
    return count / (time.perf_counter() - began)


def _load_time() -> Row:
    code = (
        "import time; t = time.perf_counter(); from states.catalogue import LIFECYCLES; a = time.perf_counter() - t;"
        "t = time.perf_counter(); [one.machine for one in LIFECYCLES.values()]; print(a, time.perf_counter() - t)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    note = f"a new process, import included; building the six machines takes {float(out[1]) * 1000:.0f} ms more"
    return _row("load and check six lifecycles", f"{float(out[0]) * 1000:.0f} ms", note)


def _help() -> Row:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "from workflow.cli import run; run(['--help'])"], capture_output=True, check=True
        )
        took.append(time.perf_counter() - began)
    return _row("waymark --help", f"{statistics.median(took) * 1000:.0f} ms", "promised: under 400 ms")


def _memory(folder: Path) -> Row:
    """Moves on many cases: what stays in memory for each case held (none should)."""
    database = Database(f"sqlite:///{folder}/memory.db")
    database.migrate()
    records.staff(database, datetime.now(UTC))
    database.close()
    service = open_service(Settings(database_url=f"sqlite:///{folder}/memory.db"))
    with service.database.read() as connection:
        worker = find_actor(connection, records.WORKER)
    turn = cycle(records.opened(service, 500, datetime.now(UTC)))

    def moves(count: int) -> None:
        for _ in range(count):
            said = Move(trigger="record_contact", case=next(turn), facts=records.CONTACT)
            service.engine.fire(said, worker, datetime.now(UTC))

    moves(500)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moves(1_500)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    service.close()
    return _row("memory held after 1,500 more moves", f"{grown} kB", "no object is kept for a case")
