"""The observer: reads from the record, at each instant of a run, what has happened since it last looked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from states.catalogue import LIFECYCLES
from workflow.database import Database
from workflow.models import EntryKind
from workflow.outbox import ALERTS
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES, ENTRIES
from workflow.simulation.course import CaseRun, Happened, Run, said_of_alert

KEPT = ("clock", "level", "cycle", "due_on", "planned_at", "raised_at", "late_seconds", "cause", "told", "nobody_for")


class Observer:
    """Writes the course of a run. `pending` holds, by case, the alerts that no step has expected yet."""

    def __init__(self, database: Database, run: Run) -> None:
        self.database, self.run = database, run
        self.pending: dict[str, list[dict[str, Any]]] = {}
        self._seen: dict[int, int] = {}  # the last entry read of each case
        self._alerts: set[tuple[Any, ...]] = set()

    def note(self, at: datetime, case: str, kind: str, says: str) -> None:
        self.run.course.append(Happened(at=at, case=case, kind=kind, says=says))

    def look(self, at: datetime) -> None:
        """Reads the evidence written since the last look: moves, refusals and alerts of every case."""
        with self.database.read() as connection:
            for case in connection.execute(select(CASES.c.id, CASES.c.lifecycle, CASES.c.seq).order_by(CASES.c.id)):
                seen = self._seen.get(case.id, 0)
                if case.seq > seen:
                    self._seen[case.id] = case.seq
                    self._read_case(connection, self._case_run(case.lifecycle, case.id), case.id, seen, at)

    def _read_case(self, connection: Connection, run: CaseRun, case_id: int, seen: int, at: datetime) -> None:
        new = (ENTRIES.c.case_id == case_id) & (ENTRIES.c.seq > seen)
        entries = [
            dict(row) for row in connection.execute(select(ENTRIES).where(new).order_by(ENTRIES.c.seq)).mappings()
        ]
        for entry in entries:
            self._read_entry(run, entry, at)
        if not any(entry["kind"] == EntryKind.ALERTED for entry in entries):
            return
        of_deadline = (DEADLINES.c.case_id == ALERTS.c.case_id) & (DEADLINES.c.number == ALERTS.c.number)
        alerts = (
            select(ALERTS, DEADLINES.c.clock, DEADLINES.c.due_on)
            .join(DEADLINES, of_deadline)
            .where(ALERTS.c.case_id == case_id)
            .order_by(ALERTS.c.raised_at, ALERTS.c.planned_at, ALERTS.c.number, ALERTS.c.level)
        )
        for alert in connection.execute(alerts).mappings():
            self._read_alert(run, dict(alert), at)

    def _case_run(self, lifecycle: str, case_id: int) -> CaseRun:
        """The case as the scenario names it; one that the engine opened itself is named after its lifecycle."""
        ref = reference(lifecycle, case_id)
        for case in self.run.cases.values():
            if case.ref == ref:
                return case
        name = lifecycle if lifecycle not in self.run.cases else ref
        self.run.cases[name] = CaseRun(name=name, ref=ref, lifecycle=LIFECYCLES[lifecycle])
        return self.run.cases[name]

    def _read_entry(self, run: CaseRun, entry: Mapping[str, Any], at: datetime) -> None:
        trigger, actor, before, after = (entry[name] for name in ("trigger", "actor", "from_state", "to_state"))
        if entry["kind"] == EntryKind.ALERTED:
            return
        if entry["kind"] == EntryKind.REFUSED:
            self.note(at, run.name, "refused", f"{trigger} by {actor} was refused")
            return
        if entry["kind"] == EntryKind.ANSWERED:
            self.note(at, run.name, "answered", f"{trigger} by {actor}")
            return
        rows = run.lifecycle.rows(trigger, before)
        run.stands(after, at)
        run.moves.append((at, trigger, rows[0].label if rows else trigger))
        now = f", now {after}" if after != before else ""
        self.note(at, run.name, "moved", f"{trigger} by {actor}{now}")

    def _read_alert(self, run: CaseRun, alert: Mapping[str, Any], at: datetime) -> None:
        key = tuple(alert[name] for name in ("case_id", "number", "cycle", "level"))
        if key in self._alerts:
            return
        self._alerts.add(key)
        deadline = deadline_name(run.lifecycle.id, alert["case_id"], alert["number"])
        said = {"at": at, "deadline": deadline, **{name: alert[name] for name in KEPT}}
        run.alerts.append(said)
        self.pending.setdefault(run.name, []).append(said)
        if not run.background:
            self.note(at, run.name, "alert", said_of_alert(said))
