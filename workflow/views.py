"""What people look at: worklist, one case with its timeline and deadlines, why a date; all that they may read."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from config.policy import Policy
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import (
    ClockEvent,
    DeadlineState,
    DeadlineStatus,
    Standing,
    Step,
    explain,
    fold,
    status_words,
)
from states.catalogue import LIFECYCLES
from states.lifecycle import Clock, Lifecycle
from workflow import audit
from workflow.accounts import Actor
from workflow.audit import CONTENTS, ENTRIES
from workflow.clock_history import past_events
from workflow.clocks import limit_of
from workflow.errors import NotFound
from workflow.models import SYSTEM_CHAIN, EntryKind
from workflow.permissions import may_read
from workflow.policies import Policies
from workflow.references import deadline_name, entry_name, read_deadline_name, read_reference, reference
from workflow.repository import CASES, DEADLINES, approvals_of, case_row, cases_under, children_of
from workflow.requirements import who_may

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
    query: Select[Any] = (
        select(CASES, *(_NEXT.c[name] for name in ("number", "clock", "due_at", "due_on", "amber_at", "status")))
        .outerjoin(_NEXT, and_(_NEXT.c.case_id == CASES.c.id, _NEXT.c.place == 1))
        .where((CASES.c.authority == actor.authority) & CASES.c.lifecycle.in_(wanted) & (CASES.c.final == ended))
        .order_by(_NEXT.c.due_at.is_(None), _NEXT.c.due_at, CASES.c.id)
        .limit(max(0, min(limit, MOST_ROWS)))
    )
    for column, value in ((CASES.c.state, state), (CASES.c.owner, owner), (CASES.c.team, team)):
        if value is not None:
            query = query.where(column == value)
    return [_worklist_row(dict(row), now) for row in connection.execute(query).mappings()]


# The running deadlines of each case, placed by due date; one without a date comes last.
_NEXT = (
    select(
        DEADLINES,
        func.row_number()
        .over(
            partition_by=DEADLINES.c.case_id,
            order_by=(DEADLINES.c.due_at.is_(None), DEADLINES.c.due_at, DEADLINES.c.number),
        )
        .label("place"),
    )
    .where(DEADLINES.c.closed_at.is_(None))
    .subquery()
)


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
        "due_at": row["due_at"],
        "due_on": row["due_on"],
        "status": _standing(row, now) if clock else None,
        "version": row["version"],
    }


def _standing(row: Mapping[str, Any], now: datetime) -> str:
    """How a running deadline stands, from its row alone (`status_words` tells an agreed extension as well)."""
    if row["status"] == DeadlineStatus.PAUSED:
        return Standing.PAUSED.label
    if row["due_at"] is None:
        return Standing.UNDETERMINED.label
    if now >= row["due_at"]:
        return Standing.BREACHED.label
    return (Standing.AMBER if row["amber_at"] and now >= row["amber_at"] else Standing.ON_TRACK).label


def standing_view(connection: Connection, ref: str, actor: Actor) -> dict[str, Any]:
    """Where a case stands, in short."""
    lifecycle, case = readable_case(connection, ref, actor)
    state = lifecycle.state_by_id[case["state"]]
    return {
        "case": reference(lifecycle.id, case["id"]),
        "lifecycle": lifecycle.id,
        "stage": state.stage,
        "state": state.id,
        "state_label": state.label,
        "owner": case["owner"],
        "team": case["team"],
        "version": case["version"],
    }


def most_eventful(connection: Connection, actor: Actor) -> str | None:
    """The open case this account may read that has moved most, one of the main lifecycle first: to be looked at first.

    The main lifecycle is the first of the catalogue.
    """
    main = next(iter(LIFECYCLES))
    query = (
        select(CASES.c.id, CASES.c.lifecycle)
        .where((CASES.c.authority == actor.authority) & CASES.c.lifecycle.in_(readable(actor)) & ~CASES.c.final)
        .order_by(CASES.c.lifecycle != main, CASES.c.version.desc(), CASES.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return reference(row.lifecycle, row.id) if row else None


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
        "deadlines": deadlines_of(connection, lifecycle, case, now, calendar),
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
        "label": _label(entry),
        "from": entry["from_state"],
        "to": entry["to_state"],
        "from_label": _state_label(entry, "from_state"),
        "to_label": _state_label(entry, "to_state"),
        "occurred_at": entry["occurred_at"],
        "recorded_at": entry["recorded_at"],
        "actor": entry["actor"],
        "role": entry["actor_role"],
        "overridden": entry["overridden"],
        "supersedes": entry["supersedes"],
        "unmet": entry["trace"].get("unmet", []),
    }


def _state_label(entry: Mapping[str, Any], name: str) -> str:
    lifecycle = LIFECYCLES.get(entry["lifecycle"])
    state = lifecycle.state_by_id.get(entry[name]) if lifecycle else None
    return state.label if state else ""


def _label(entry: Mapping[str, Any]) -> str:
    """The move in the words of its lifecycle; the trigger itself where it is none of its moves."""
    lifecycle = LIFECYCLES.get(entry["lifecycle"])
    rows = [row for row in lifecycle.transitions if row.trigger == entry["trigger"]] if lifecycle else []
    return rows[0].label if rows else str(entry["trigger"])


# Versions of policies by their digest, which names one content for ever and everywhere.
STORED_POLICIES = Policies({})


def folded(events: Sequence[ClockEvent], policy: Policy, calendar: WorkingCalendar) -> DeadlineState:
    """The deadline these events lead to, warned of as the policy of its case says."""
    return fold(events, calendar, policy.ladder(limit_of(events)).amber)


def deadlines_of(
    connection: Connection, lifecycle: Lifecycle, case: Mapping[str, Any], now: datetime, calendar: WorkingCalendar
) -> list[dict[str, Any]]:
    """A case's deadlines as its evidence says they are, running ones first."""
    by_number: dict[int, list[ClockEvent]] = {}
    for event in past_events(connection, case["id"]):
        by_number.setdefault(event.deadline, []).append(event)
    policy = STORED_POLICIES.by_digest(connection, case["policy"])
    states = [folded(events, policy, calendar) for events in by_number.values()]
    rows = [_deadline_row(lifecycle, case["id"], state, now) for state in states]
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
    lifecycle, case = readable_case(connection, reference(lifecycle_id, case_id), actor)
    events = [event for event in past_events(connection, case_id) if event.deadline == number]
    if not events:
        raise NotFound(f"there is no deadline {name.strip()}")
    state = folded(events, STORED_POLICIES.by_digest(connection, case["policy"]), calendar)
    return _deadline_row(lifecycle, case_id, state, now), explain(events, calendar)


def audit_view(connection: Connection, ref: str, actor: Actor) -> list[dict[str, Any]]:
    """A case's evidence, whole."""
    _, case = readable_case(connection, ref, actor)
    return audit.entries_of(connection, case["id"])


LAST_MOVES = 5


def explain_view(
    connection: Connection, ref: str, actor: Actor, now: datetime, calendar: WorkingCalendar
) -> dict[str, Any]:
    """Why a case stands where it does: what was decided and why, its last moves, what each running deadline awaits."""
    view = case_view(connection, ref, actor, now, calendar)
    lifecycle = LIFECYCLES[view["lifecycle"]]
    running = [row for row in view["deadlines"] if row["closed_at"] is None]
    moves = [row for row in view["timeline"] if row["kind"] != EntryKind.REFUSED]
    refused = [row for row in view["timeline"] if row["kind"] == EntryKind.REFUSED]
    return {
        **{name: view[name] for name in ("case", "lifecycle", "stage", "state", "state_label", "since", "version")},
        "meaning": lifecycle.state_by_id[view["state"]].meaning,
        "decision": view["decision"],
        "last_moves": moves[-LAST_MOVES:],
        "last_refusal": refused[-1] if refused else None,
        "waiting_for": [
            {**row, "waits_for": _waits_for(lifecycle, lifecycle.clock_by_id[row["clock"]], view["state"])}
            for row in running
        ],
    }


def _waits_for(lifecycle: Lifecycle, clock: Clock, state: str) -> list[dict[str, Any]]:
    """The moves that meet this clock: whether they can be made from here, and by whom."""
    return [
        {
            "trigger": trigger,
            "label": rows[0].label,
            "from_here": any(state in row.sources for row in rows),
            "who": list(who_may(rows)),
        }
        for trigger in clock.met_by
        if (rows := [row for row in lifecycle.transitions if row.trigger == trigger])
    ]


def evidence_of(connection: Connection, actor: Actor) -> Iterator[dict[str, Any]]:
    """All evidence this account may read, in the order of its chains: what happened to no case, then case by case."""
    query = (
        select(ENTRIES, CONTENTS.c.content)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .where(
            (ENTRIES.c.authority == actor.authority)
            & ((ENTRIES.c.case_id == SYSTEM_CHAIN) | ENTRIES.c.lifecycle.in_(readable(actor)))
        )
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
        .execution_options(yield_per=500)
    )
    for row in connection.execute(query).mappings():
        yield {"entry": entry_name(row["lifecycle"], row["case_id"], row["seq"]), **row}
