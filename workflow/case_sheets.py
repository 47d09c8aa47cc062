"""One case as its page shows it: what `workflow.views` says of it, with names, rules in words and what waits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from config.policy import Policy
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import DeadlineState, Step, explain
from states.catalogue import LIFECYCLES
from states.facts import FactType
from workflow.access import Seen, sight
from workflow.accounts import TEAMS, USERS, Actor
from workflow.alert_tables import AlertStatus
from workflow.audit import entries_of
from workflow.clock_history import past_events
from workflow.corrections import undoable
from workflow.errors import NotFound
from workflow.outbox import ALERTS
from workflow.projection import asked_facts
from workflow.references import read_deadline_name, read_reference, reference
from workflow.repository import CASES, case_row, of_kind
from workflow.views import STORED_POLICIES, case_view, deadline_view, folded, readable_entries

FOLLOW_UP = "pause_follow_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`view` is that of `case_view`; `entries` the evidence as this account may read it, the oldest first.

    `alerts` counts what waits for an answer, by deadline. `undoable` is the number of the entry that a correction
    could undo. `related` are the other cases this one names: (reference, the fact that names it, whether one may go
    there).
    """

    view: Mapping[str, Any]
    entries: list[dict[str, Any]]
    path: list[str]
    team_name: str
    owner_name: str
    policy: Policy
    alerts: Mapping[str, int]
    undoable: int | None
    related: list[tuple[str, str, bool]]


def sheet(connection: Connection, seen: Seen, actor: Actor, now: datetime, calendar: WorkingCalendar) -> Sheet:
    """All of one case in a few indexed queries."""
    case = seen.case
    entries = entries_of(connection, case["id"])
    view = case_view(connection, seen, actor, now, calendar, entries=entries)
    states = [row["to"] for row in view["timeline"]]
    kept = [state for place, state in enumerate(states) if place == 0 or state != states[place - 1]]
    names = _names(connection, (case["owner"],))
    return Sheet(
        view=view,
        entries=readable_entries(seen, actor, entries),
        path=kept[:-1],
        team_name=connection.execute(select(TEAMS.c.name).where(TEAMS.c.code == case["team"])).scalar_one(),
        owner_name=names.get(case["owner"], ""),
        policy=STORED_POLICIES.by_digest(connection, case["policy"]),
        alerts=_waiting(connection, case["id"], view["case"]),
        undoable=undoable(seen.lifecycle, entries),
        related=_related(connection, seen, actor, now),
    )


def _names(connection: Connection, usernames: Iterable[str | None]) -> dict[str, str]:
    wanted = [one for one in usernames if one]
    query = select(USERS.c.username, USERS.c.name).where(USERS.c.username.in_(wanted))
    return {row.username: row.name for row in connection.execute(query)} if wanted else {}


def _waiting(connection: Connection, case_id: int, ref: str) -> dict[str, int]:
    """How many alerts of each deadline wait for an answer."""
    query = select(ALERTS.c.number).where((ALERTS.c.case_id == case_id) & (ALERTS.c.status == AlertStatus.OPEN))
    counts: dict[str, int] = {}
    for number in connection.execute(query).scalars():
        counts[f"{ref}.{number}"] = counts.get(f"{ref}.{number}", 0) + 1
    return counts


def _related(connection: Connection, seen: Seen, actor: Actor, now: datetime) -> list[tuple[str, str, bool]]:
    """Cases that a fact of this one names by their reference. What stands in the other is not looked at."""
    facts = asked_facts(seen.lifecycle.id)
    found = []
    for name, value in seen.case["facts"].items():
        if name not in facts or facts[name].type is not FactType.TEXT or not isinstance(value, str):
            continue
        try:
            lifecycle, case_id = read_reference(value)
        except NotFound:
            continue
        row = case_row(connection, case_id)
        there = row is not None and row["lifecycle"] == lifecycle
        reads = row is not None and there and sight(connection, actor, LIFECYCLES[lifecycle], row, now) is not None
        found.append((value.strip().upper(), facts[name].label, reads))
    return [*found, *_follow_ups(connection, seen, actor, now)]


def _follow_ups(connection: Connection, seen: Seen, actor: Actor, now: datetime) -> list[tuple[str, str, bool]]:
    """The follow-ups that name this Pause record: hers to agree to, so mostly none or one."""
    if seen.lifecycle.id != "pause":
        return []
    kind = LIFECYCLES[FOLLOW_UP]
    return [
        (
            reference(FOLLOW_UP, row["id"]),
            "Follow-up she agreed to",
            sight(connection, actor, kind, dict(row), now) is not None,
        )
        for row in connection.execute(select(CASES).where(of_kind(seen.case["authority"], FOLLOW_UP))).mappings()
        if str(row["facts"].get("followed_case", "")).strip().upper() == seen.ref
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineSheet:
    """A deadline, the proof of its date, and all that happened to its clock. `told` are the alerts it led to."""

    row: Mapping[str, Any]
    steps: tuple[Step, ...]
    state: DeadlineState
    told: list[dict[str, Any]]


def deadline_sheet(
    connection: Connection, seen: Seen, name: str, now: datetime, calendar: WorkingCalendar
) -> DeadlineSheet:
    """NotFound where this case never had that deadline."""
    row, _ = deadline_view(connection, seen, name, now, calendar)
    number = read_deadline_name(name)[2]
    events = [event for event in past_events(connection, seen.case["id"]) if event.deadline == number]
    state = folded(events, STORED_POLICIES.by_digest(connection, seen.case["policy"]), calendar)
    query = (
        select(ALERTS)
        .where((ALERTS.c.case_id == seen.case["id"]) & (ALERTS.c.number == number))
        .order_by(ALERTS.c.raised_at, ALERTS.c.level)
    )
    told = [dict(one) for one in connection.execute(query).mappings()]
    return DeadlineSheet(row=row, steps=tuple(explain(events, calendar)), state=state, told=told)
