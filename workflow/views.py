"""One case as people look at it: where it stands, its timeline and deadlines, why a date, its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from config.policy import Policy
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import (
    ClockEvent,
    DeadlineState,
    Step,
    explain,
    fold,
    status_words,
)
from states.catalogue import LIFECYCLES
from states.lifecycle import NEW, Clock, Lifecycle
from workflow import audit
from workflow.access import Seen, are_readable, sight
from workflow.accounts import Actor
from workflow.audit import CONTENTS, ENTRIES
from workflow.clock_history import events_in, past_events
from workflow.clocks import limit_of
from workflow.errors import NotFound
from workflow.models import SYSTEM_CHAIN, EntryKind
from workflow.permissions import withholds_personal
from workflow.policies import Policies
from workflow.references import deadline_name, entry_name, read_deadline_name, reference
from workflow.repository import CASES, approvals_of, case_row, cases_under, children_of
from workflow.requirements import who_may

MOST_ROWS = 1000


def standing_view(seen: Seen) -> dict[str, Any]:
    """Where a case stands, in short."""
    lifecycle, case = seen.lifecycle, seen.case
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


def case_view(
    connection: Connection,
    seen: Seen,
    actor: Actor,
    now: datetime,
    calendar: WorkingCalendar,
    *,
    entries: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """One case: where it stands, its facts, babies, deadlines, approvals, cases under it, and its timeline.

    `withheld` names the facts that are there and that this account's work does not need. `entries` is its evidence,
    where it was read already.
    """
    entries = audit.entries_of(connection, seen.case["id"]) if entries is None else entries
    lifecycle, case = seen.lifecycle, seen.case
    state = lifecycle.state_by_id[case["state"]]
    withheld = withholds_personal(actor, state)
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
        "restricted": case["restricted"],
        "access": seen.access,
        "facts": {**case["facts"], **({} if withheld else case["personal"])},
        "withheld": sorted(case["personal"]) if withheld else [],
        "decision": case["decision"],
        "parent": _parent_reference(connection, seen, actor, now),
        "child": case["child"],
        "children": [
            {name: getattr(child, name) for name in child.__slots__} for child in children_of(connection, case["id"])
        ],
        "deadlines": deadlines_of(connection, lifecycle, case, now, calendar, entries=entries),
        "approvals": approvals_of(connection, case["id"]),
        "cases_under": [
            {"case": reference(row["lifecycle"], row["id"]), "state": row["state"], "child": row["child"]}
            for row in cases_under(connection, case["id"])
            if sight(connection, actor, LIFECYCLES[row["lifecycle"]], row, now)
        ],
        "timeline": [timeline_row(entry) for entry in entries],
    }


def _parent_reference(connection: Connection, seen: Seen, actor: Actor, now: datetime) -> str | None:
    parent_id = seen.case["parent_id"]
    parent = case_row(connection, parent_id) if parent_id is not None else None
    if parent is None or not sight(connection, actor, LIFECYCLES[parent["lifecycle"]], parent, now):
        return None
    return reference(parent["lifecycle"], parent["id"])


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


def path_of(connection: Connection, seen: Seen) -> list[str]:
    """The states a case has been in, in the order in which it came to them; not the one it stands in."""
    states = [entry["to_state"] for entry in audit.entries_of(connection, seen.case["id"])]
    kept = [state for place, state in enumerate(states) if place == 0 or state != states[place - 1]]
    return kept[:-1]


def _label(entry: Mapping[str, Any]) -> str:
    """The move in the words of its lifecycle; the trigger itself where it is none of its moves."""
    lifecycle = LIFECYCLES.get(entry["lifecycle"])
    if lifecycle is None:
        return str(entry["trigger"])
    from_here = lifecycle.rows(entry["trigger"], entry["from_state"] or NEW)
    rows = from_here or [row for row in lifecycle.transitions if row.trigger == entry["trigger"]]
    return rows[0].label if rows else str(entry["trigger"])


# Versions of policies by their digest, which names one content for ever and everywhere.
STORED_POLICIES = Policies({})


def folded(events: Sequence[ClockEvent], policy: Policy, calendar: WorkingCalendar) -> DeadlineState:
    """The deadline these events lead to, warned of as the policy of its case says."""
    return fold(events, calendar, policy.ladder(limit_of(events)).amber)


def deadlines_of(
    connection: Connection,
    lifecycle: Lifecycle,
    case: Mapping[str, Any],
    now: datetime,
    calendar: WorkingCalendar,
    *,
    entries: Sequence[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """A case's deadlines as its evidence says they are, running ones first."""
    by_number: dict[int, list[ClockEvent]] = {}
    known = entries if entries is not None else audit.entries_of(connection, case["id"])
    for event in (event for entry in known for event in events_in(entry)):
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
        "pausable": state.limit.pausable,
    }


def deadline_view(
    connection: Connection, seen: Seen, name: str, now: datetime, calendar: WorkingCalendar
) -> tuple[dict[str, Any], Sequence[Step]]:
    """A deadline of this case and the proof of its date, recomputed from the evidence alone."""
    lifecycle, case, (_, case_id, number) = seen.lifecycle, seen.case, read_deadline_name(name)
    events = [event for event in past_events(connection, case_id) if event.deadline == number]
    if not events:
        raise NotFound(f"there is no deadline {name.strip()}")
    state = folded(events, STORED_POLICIES.by_digest(connection, case["policy"]), calendar)
    return _deadline_row(lifecycle, case_id, state, now), explain(events, calendar)


def evidence_view(connection: Connection, seen: Seen, actor: Actor) -> list[dict[str, Any]]:
    """A case's evidence, without the personal content where this account's work does not need it."""
    return readable_entries(seen, actor, audit.entries_of(connection, seen.case["id"]))


def readable_entries(seen: Seen, actor: Actor, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same of evidence that was read already."""
    if withholds_personal(actor, seen.lifecycle.state_by_id[seen.case["state"]]):
        return [{**entry, "content": None} for entry in entries]
    return entries


LAST_MOVES = 5


def explain_view(
    connection: Connection, seen: Seen, actor: Actor, now: datetime, calendar: WorkingCalendar
) -> dict[str, Any]:
    """Why a case stands where it does: what was decided and why, its last moves, what each running deadline awaits."""
    view = case_view(connection, seen, actor, now, calendar)
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


def evidence_of(connection: Connection, actor: Actor, now: datetime) -> Iterator[dict[str, Any]]:
    """All evidence this account may read, in the order of its chains: what happened to no case, then case by case.

    Personal content is left out for an account whose work does not need it.
    """
    query = (
        select(ENTRIES, CONTENTS.c.content)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .where(
            (ENTRIES.c.authority == actor.authority)
            & (
                (ENTRIES.c.case_id == SYSTEM_CHAIN)
                | ENTRIES.c.case_id.in_(select(CASES.c.id).where(are_readable(connection, actor, now)))
            )
        )
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
        .execution_options(yield_per=500)
    )
    for row in connection.execute(query).mappings():
        lifecycle = LIFECYCLES.get(row["lifecycle"])
        state = lifecycle.state_by_id.get(row["to_state"]) if lifecycle else None
        kept = {"content": None} if state and withholds_personal(actor, state) else {}
        yield {"entry": entry_name(row["lifecycle"], row["case_id"], row["seq"]), **row, **kept}
