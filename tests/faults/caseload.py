"""Many cases with overdue deadlines, made in a moment: one opened through the engine, the others copies of its rows."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from states.catalogue import LIFECYCLES
from states.lifecycle import NEW
from workflow.audit import ENTRIES
from workflow.bootstrap import INSTALLATION
from workflow.database import Database
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import read_reference
from workflow.repository import CASES, DEADLINES

from factories import Desk, facts_for, opening_trigger

WAYMARK = (sys.executable, "-c", "from workflow.cli import run; run()")
LONG = bool(os.environ.get("WAYMARK_LONG"))


def open_pause(desk: Desk, at: datetime | None = None) -> str:
    """A woman identified for Pause, as the lead records it now, of a time that may lie back."""
    row = LIFECYCLES["pause"].rows(opening_trigger("pause"), NEW)[0]
    return desk.open("pause", "pause.PL", facts_for(row.facts, (at or desk.now).date()), at=at).case


def overdue(database: Database, count: int, opened_at: datetime) -> int:
    """So many cases opened at that time; returns how many deadlines run on them. The copies share no evidence."""
    desk = Desk(database, now=opened_at)
    first = read_reference(open_pause(desk))[1]
    with database.write() as connection:
        for table, name in ((CASES, "id"), (ENTRIES, "case_id"), (DEADLINES, "case_id")):
            rows = [dict(row) for row in connection.execute(select(table).where(table.c[name] == first)).mappings()]
            copies = [{**row, name: first + number} for number in range(1, count) for row in rows]
            if copies:
                connection.execute(table.insert(), copies)
        if not database.is_sqlite:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('cases', 'id'), (SELECT max(id) FROM cases))")
            )
        running = select(func.count()).select_from(DEADLINES).where(DEADLINES.c.closed_at.is_(None))
        return int(connection.execute(running).scalar_one())


def for_faults(database: Database) -> None:
    """Says in a database that it is one to try faults on; failpoints are refused on every other."""
    with database.write() as connection:
        connection.execute(INSTALLATION.insert(), {"name": "kind", "value": "faults"})


@dataclass
class Nodes:
    """Real processes of the service on one database; their time of day is that of the machine."""

    url: str
    folder: Path
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, *argv: str, **environment: str) -> "subprocess.Popen[bytes]":
        file = self.folder / f"node-{len(self.started)}.log"
        with file.open("wb") as log:
            process = subprocess.Popen(
                [*WAYMARK, *argv],
                env={
                    **os.environ,
                    "WAYMARK_DATABASE_URL": self.url,
                    "WAYMARK_SEAL_KEY": "11" * 32,
                    "WAYMARK_HEADS_FILE": str(self.folder / "heads"),
                    **environment,
                },
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process

    def said(self, process: "subprocess.Popen[bytes]") -> str:
        return (self.folder / f"node-{self.started.index(process)}.log").read_text(encoding="utf-8")

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """Waits until it holds; fails where it does not in time."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    assert holds()


def alerts_by_level(database: Database) -> Counter[str]:
    with database.read() as connection:
        return Counter(connection.execute(select(ALERTS.c.level)).scalars())


def everything_adds_up(database: Database) -> None:
    """Each alert has its entry, each person told has one message, and each chain ends where its case says."""
    with database.read() as connection:
        alerts = connection.execute(select(ALERTS)).mappings().all()
        entries = connection.execute(select(ENTRIES).where(ENTRIES.c.kind == "alerted")).mappings().all()
        steps = Counter((row["case_id"], row["trace"]["deadline"], row["trace"]["cycle"], row["trace"]["level"])
                        for row in entries)  # fmt: skip
        assert steps == Counter((row["case_id"], row["number"], row["cycle"], row["level"]) for row in alerts)
        told: Counter[Any] = Counter()
        for row in alerts:
            told.update((row["case_id"], row["number"], row["cycle"], row["level"], name) for name in row["told"])
        inbox = connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.template == "deadline")).scalars().all()
        assert len(inbox) == len(set(inbox)) == sum(told.values())
        last = select(func.max(ENTRIES.c.seq)).where(ENTRIES.c.case_id == CASES.c.id).scalar_subquery()
        astray = select(func.count()).select_from(CASES).where(CASES.c.seq != last)
        assert connection.execute(astray).scalar_one() == 0
        heads = (
            select(func.count())
            .select_from(CASES)
            .join(ENTRIES, (ENTRIES.c.case_id == CASES.c.id) & (ENTRIES.c.seq == CASES.c.seq))
            .where(ENTRIES.c.hash != CASES.c.head)
        )
        assert connection.execute(heads).scalar_one() == 0
