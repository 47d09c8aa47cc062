"""What people look at: worklist, one case with its timeline and deadlines, why a date; all that they may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select
from states.catalogue import LIFECYCLES

from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import ClockEvent, DeadlineState, Step, explain, fold, status_words
from states.lifecycle import Lifecycle
from workflow import audit
from workflow.accounts import Actor
from workflow.engine import past_events
from workflow.errors import NotFound
from workflow.permissions import may_read
from workflow.references import deadline_name, entry_name, read_deadline_name, read_reference, reference
from workflow.repository import CASES, DEADLINES, approvals_of, case_row, cases_under, children_of

MOST_ROWS = 1000


def readable(actor: Actor) -> list[str]:
    """The kinds of case this account may read."""
    return [one.id for one in LIFECYCLES.values() if may_read(actor, one, actor.authority)]


def readable_case(connection: Connection, ref: str, actor: Actor) -> tuple[Lifecycle, dict[str, Any]]:
    """The case of that reference; NotFound where there is none or this account may not know of it."""
    lifecycle_id, case_id = read_reference(ref)
    case = case_row(connection, case_id)
    lifecycle = LIFECYCLES[lifecycle_id]
    if case is None or case["lifecycle"] != lifecycle_id or not may_read(actor, lifecycle, case["authority"]):
        raise NotFound(f"there is no case {ref.strip()}")
    return lifecycle, case


def worklist(
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    lifecycle: str | None = None,
    state: str | None = None,
    owner: str | None = None,
    team: str | None = None,
    ended: bool = False,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Cases by time left, the most urgent first: each with its next deadline. Without filters, all open ones."""
    wanted = [one for one in readable(actor) if lifecycle in (None, one)]
    next_due = (
        select(DEADLINES.c.case_id, func.min(DEADLINES.c.due_at).label("next_due_at"))
        .where(DEADLINES.c.closed_at.is_(None))
        .group_by(DEADLINES.c.case_id)
        .subquery()
    )
    query: Select[Any] = (
        select(CASES, next_due.c.next_due_at, DEADLINES.c.clock, DEADLINES.c.number, DEADLINES.c.amber_at)
        .outerjoin(next_due, next_due.c.case_id == CASES.c.id)
        .outerjoin(
            DEADLINES,
            and_(
                DEADLINES.c.case_id == CASES.c.id,
                DEADLINES.c.closed_at.is_(None),
                DEADLINES.c.due_at == next_due.c.next_due_at,
            ),
        )
        .where((CASES.c.authority == actor.authority) & CASES.c.lifecycle.in_(wanted) & (CASES.c.final == ended))
        .order_by(next_due.c.next_due_at.is_(None), next_due.c.next_due_at, CASES.c.id, DEADLINES.c.number)
        .limit(min(limit, MOST_ROWS))
    )
    for column, value in ((CASES.c.state, state), (CASES.c.owner, owner), (CASES.c.team, team)):
        if value is not None:
            query = query.where(column == value)
    rows: dict[int, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        rows.setdefault(row["id"], _worklist_row(dict(row), now))
    return list(rows.values())


def _worklist_row(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    state = lifecycle.state_by_id[row["state"]]
    clock = row["clock"] and lifecycle.clock_by_id[row["clock"]]
    return {
        "case": reference(lifecycle.id, row["id"]),
        "lifecycle": lifecycle.id,
        "stage": state.stage,
        "state": state.id,
        "state_label": state.label,
        "owner": row["owner"],
        "team": row["team"],
        "next": clock.label if clock else None,
        "deadline": deadline_name(lifecycle.id, row["id"], row["number"]) if clock else None,
        "due_at": row["next_due_at"],
        "status": _standing(row["next_due_at"], row["amber_at"], now),
        "version": row["version"],
    }


def _standing(due_at: datetime | None, amber_at: datetime | None, now: datetime) -> str:
    if due_at is None:
        return "undetermined"
    if now > due_at:
        return "breached"
    return "amber warning" if amber_at and now >= amber_at else "on track"


def case_view(
    connection: Connection, ref: str, actor: Actor, now: datetime, calendar: WorkingCalendar
) -> dict[str, Any]:
    """One case: where it stands, its facts, babies, deadlines, approvals, cases under it, and its timeline."""
    lifecycle, case = readable_case(connection, ref, actor)
    state = lifecycle.state_by_id[case["state"]]
    return {
        "case": reference(lifecycle.id, case["id"]),
        "lifecycle": lifecycle.id,
        "authority": case["authority"],
        "stage": state.stage,
        "state": state.id,
        "state_label": state.label,
        "since": case["state_since"],
        "owner": case["owner"],
        "team": case["team"],
        "version": case["version"],
        "edd": case["edd"],
        "facts": {**case["facts"], **case["personal"]},
        "decision": case["decision"],
        "parent": _parent_reference(connection, case),
        "child": case["child"],
        "children": [
            {name: getattr(child, name) for name in child.__slots__} for child in children_of(connection, case["id"])
        ],
        "deadlines": deadlines_of(connection, lifecycle, case["id"], now, calendar),
        "approvals": approvals_of(connection, case["id"]),
        "cases_under": [
            {"case": reference(row["lifecycle"], row["id"]), "state": row["state"], "child": row["child"]}
            for row in cases_under(connection, case["id"])
        ],
        "timeline": [timeline_row(entry) for entry in audit.entries_of(connection, case["id"])],
    }


def _parent_reference(connection: Connection, case: Mapping[str, Any]) -> str | None:
    if case["parent_id"] is None:
        return None
    parent = case_row(connection, case["parent_id"])
    return reference(parent["lifecycle"], parent["id"]) if parent else None


def timeline_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as people read it: what, by whom, when it happened, when it was recorded."""
    return {
        "entry": entry_name(entry["lifecycle"], entry["case_id"], entry["seq"]),
        "kind": entry["kind"],
        "trigger": entry["trigger"],
        "from": entry["from_state"],
        "to": entry["to_state"],
        "occurred_at": entry["occurred_at"],
        "recorded_at": entry["recorded_at"],
        "actor": entry["actor"],
        "role": entry["actor_role"],
        "overridden": entry["overridden"],
        "supersedes": entry["supersedes"],
        "unmet": entry["trace"].get("unmet", []),
    }


def deadlines_of(
    connection: Connection, lifecycle: Lifecycle, case_id: int, now: datetime, calendar: WorkingCalendar
) -> list[dict[str, Any]]:
    """A case's deadlines as its evidence says they are, running ones first."""
    by_number: dict[int, list[ClockEvent]] = {}
    for event in past_events(connection, case_id):
        by_number.setdefault(event.deadline, []).append(event)
    rows = [_deadline_row(lifecycle, case_id, fold(events, calendar), now) for events in by_number.values()]
    return sorted(rows, key=lambda row: (row["closed_at"] is not None, row["due_at"] is None, str(row["due_at"])))


def _deadline_row(lifecycle: Lifecycle, case_id: int, state: DeadlineState, now: datetime) -> dict[str, Any]:
    return {
        "deadline": deadline_name(lifecycle.id, case_id, state.deadline),
        "clock": state.clock,
        "label": lifecycle.clock_by_id[state.clock].label,
        "subject": state.subject,
        "due_at": state.due.due_at,
        "due_on": state.due.due_on,
        "warn_at": state.due.amber_at,
        "status": str(status_words(state, now)),
        "flags": list(state.due.flags),
        "started_at": state.started_at,
        "closed_at": state.closed_at,
        "basis": str(state.limit.basis),
        "source": state.limit.source,
    }


def deadline_view(
    connection: Connection, name: str, actor: Actor, now: datetime, calendar: WorkingCalendar
) -> tuple[dict[str, Any], Sequence[Step]]:
    """A deadline and the proof of its date, recomputed from the evidence alone."""
    lifecycle_id, case_id, number = read_deadline_name(name)
    lifecycle, _ = readable_case(connection, reference(lifecycle_id, case_id), actor)
    events = [event for event in past_events(connection, case_id) if event.deadline == number]
    if not events:
        raise NotFound(f"there is no deadline {name.strip()}")
    return _deadline_row(lifecycle, case_id, fold(events, calendar), now), explain(events, calendar)


def audit_view(connection: Connection, ref: str, actor: Actor) -> list[dict[str, Any]]:
    """A case's evidence, whole."""
    _, case = readable_case(connection, ref, actor)
    return audit.entries_of(connection, case["id"])
