"""What a run of a scenario came to: states, moves, deadlines, alerts and outages of each case, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scheduler.deadlines import DeadlineStatus
from states.catalogue import LIFECYCLES
from states.lifecycle import Lifecycle
from workflow.references import deadline_name, read_reference
from workflow.repository import DEADLINES
from workflow.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of the course. `at` is the true time: the server's clock may have shown another."""

    at: datetime
    case: str
    kind: str  # moved, refused, answered, alert, outage, clock, absent, nothing
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A state and the time a case stood in it; `until` is None for the one it stands in at the end."""

    state: str
    label: str
    since: datetime
    until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class CaseRun:
    """What became of one case."""

    name: str
    ref: str
    lifecycle: Lifecycle
    background: bool = False
    bands: list[Band] = field(default_factory=list)
    moves: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, trigger, label
    alerts: list[dict[str, Any]] = field(default_factory=list)
    deadlines: list[dict[str, Any]] = field(default_factory=list)

    def stands(self, state: str, at: datetime) -> None:
        """The case has come into a state."""
        if self.bands and self.bands[-1].state == state:
            return
        if self.bands:
            last = self.bands[-1]
            self.bands[-1] = Band(state=last.state, label=last.label, since=last.since, until=at)
        self.bands.append(Band(state=state, label=self.lifecycle.state_by_id[state].label, since=at))

    @property
    def state(self) -> str:
        return self.bands[-1].state if self.bands else ""


@dataclass(slots=True, kw_only=True)
class Run:
    """A whole run; `unmet` says which expectation did not hold, where one did not."""

    scenario: Scenario
    cases: dict[str, CaseRun] = field(default_factory=dict)
    course: list[Happened] = field(default_factory=list)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    ended_at: datetime
    expectations: int = 0
    unmet: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario.title,
            "shows": self.scenario.shows,
            "started_at": self.scenario.start,
            "ended_at": self.ended_at,
            "cases": [_case_json(one) for one in self.cases.values()],
            "course": [{"at": one.at, "case": one.case, "kind": one.kind, "says": one.says} for one in self.course],
            "outages": [{"from": since, "until": until} for since, until in self.outages],
            "expectations": self.expectations,
            "unmet": self.unmet,
        }


def _case_json(case: CaseRun) -> dict[str, Any]:
    return {
        "name": case.name,
        "case": case.ref,
        "lifecycle": case.lifecycle.id,
        "states": [
            {"state": one.state, "label": one.label, "from": one.since, "until": one.until} for one in case.bands
        ],
        "moves": [{"at": at, "trigger": trigger, "label": label} for at, trigger, label in case.moves],
        "deadlines": case.deadlines,
        "alerts": case.alerts,
    }


def deadlines_at(connection: Connection, ref: str, now: datetime) -> list[dict[str, Any]]:
    """Every deadline of a case with what became of it: met, met late, cancelled, running or overdue."""
    lifecycle, case_id = read_reference(ref)
    query = select(DEADLINES).where(DEADLINES.c.case_id == case_id).order_by(DEADLINES.c.number)
    return [
        {
            "deadline": deadline_name(lifecycle, case_id, row["number"]),
            "clock": row["clock"],
            "label": LIFECYCLES[lifecycle].clock_by_id[row["clock"]].label,
            "started_at": row["started_at"],
            "due_at": row["due_at"],
            "due_on": row["due_on"],
            "closed_at": row["closed_at"],
            "outcome": outcome_of(dict(row), now),
        }
        for row in connection.execute(query).mappings()
    ]


def outcome_of(row: Mapping[str, Any], now: datetime) -> str:
    late = row["due_at"] is not None and (row["closed_at"] or now) > row["due_at"]
    if row["closed_at"] is None:
        return "overdue" if late else "running"
    if row["status"] == DeadlineStatus.MET:
        return "met late" if late else "met"
    return "cancelled late" if late else "cancelled"


def said_of_alert(alert: Mapping[str, Any]) -> str:
    """An alert as one line: which level of which clock, when it was due, and who was told."""
    told: Sequence[str] = alert["told"]
    due = f"due {alert['due_on']}" if alert["due_on"] else "not dated"
    late = "" if alert["cause"] == "on time" else f"; {_lateness(alert['late_seconds'])} late: {alert['cause']}"
    nobody = f"; there was nobody for {', '.join(alert['nobody_for'])}" if alert["nobody_for"] else ""
    return f"{alert['clock']} {alert['level']} ({due}{late}): told {', '.join(told) or 'nobody'}{nobody}"


def _lateness(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (rest // 60, "min"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "under a minute"
