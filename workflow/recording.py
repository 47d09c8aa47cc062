"""What a move leaves behind: its entry of evidence, and the case, babies, approvals and deadlines it changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import Anchors, ClockEvent, compute_due
from states.common import APPROVAL_CLOCK
from states.facts import split_personal
from states.lifecycle import Lifecycle
from workflow import audit, outbox, repository
from workflow.accounts import Actor
from workflow.clock_history import past_events, silenced_events
from workflow.clocks import ClockChanges, ClockWork
from workflow.corrections import correct_clocks, corrected_projection
from workflow.errors import MoveRefused, Unmet, WaymarkError
from workflow.models import NEVER, EntryKind
from workflow.moves import Move
from workflow.names import keep_names, words_of
from workflow.projection import Projection, Step, advance, asked_facts
from workflow.requirements import Firing, Judged
from workflow.standings import standing_name

CHANGE_THE_CASE = (EntryKind.MOVED, EntryKind.FOLLOWED, EntryKind.CORRECTED)  # others leave state and facts alone


def record_move(firing: Firing, calendar: WorkingCalendar) -> dict[str, Any]:
    """Writes the move: entry, case, babies, approvals and deadlines."""
    standing, judged, move = firing.standing, firing.judged, firing.move
    correcting = move.trigger == "correct"
    after = _after(firing)
    work = clock_work(firing, after, calendar)
    try:
        changes = correct_clocks(firing.connection, work, judged.values) if correcting else work.changes()
    except ValueError as impossible:  # a date no calendar reaches
        says = f"no due date can be computed from these dates: {impossible}"
        raise MoveRefused(standing_name(standing), move.trigger, [Unmet("fact", "dates", says)], ()) from None
    subject = f"approval:{move.trigger}"
    waiting = any(row["clock"] == APPROVAL_CLOCK and row["subject"] == subject for row in changes.running.values())
    if judged.approval_follows and not waiting:
        work.start(changes, APPROVAL_CLOCK, subject)
    _check_promise(firing, after, changes)
    said = {
        **said_by(move, firing.actor, firing.occurred_at, firing.now),
        "kind": EntryKind.CORRECTED if correcting else EntryKind.MOVED,
        "on_behalf_of": move.on_behalf_of,
        "reason_code": move.reason_code,
        "supersedes": int(judged.values["entry"]) if correcting else None,
        "trace": _trace(judged),
        "approvals": [_approval_json(judged.approval)] if judged.approval else [],
        "overridden": bool(judged.approval and judged.approval["reason_code"]),
        "gestation_days": judged.situation.derived.get("gestation_days"),
    }
    entry = write_entry(firing, after, changes, said)
    _write_approvals(firing, entry, calendar)
    return entry


def _after(firing: Firing) -> Projection:
    """The case once this move is taken; a correction is replayed from the first entry."""
    standing, values = firing.standing, firing.judged.values
    if firing.move.trigger == "correct":
        return corrected_projection(firing.connection, standing.lifecycle, standing.case["id"], values)
    step = Step(
        trigger=firing.move.trigger,
        to=firing.judged.target,
        occurred_at=firing.occurred_at,
        actor=firing.actor.username,
        facts=values,
    )
    return advance(standing.lifecycle, standing.before, step)


def clock_work(firing: Firing, after: Projection, calendar: WorkingCalendar) -> ClockWork:
    """What is needed to work out what a step does to the clocks of its case."""
    connection, standing, judged = firing.connection, firing.standing, firing.judged
    case_id = standing.case["id"]
    situation = judged.situation
    if firing.move.trigger == "correct":  # other moves add to what was known, a correction can take from it
        edd = after.edd if standing.lifecycle.parent is None else standing.family.edd
        situation = replace(situation, facts={**after.facts, **({"edd": edd.isoformat()} if edd else {})})
    return ClockWork(
        lifecycle=standing.lifecycle,
        policy=standing.policy,
        calendar=calendar,
        case=standing.case,
        running=standing.around.running,
        situation=situation,
        target=after.state,
        children=after.children if standing.lifecycle.parent is None else standing.family.children,
        occurred_at=firing.occurred_at,
        recorded_at=firing.now,
        past_events=lambda: past_events(connection, case_id),
        closed_row=lambda number: repository.deadline_row(connection, case_id, number),
        silenced=lambda: silenced_events(connection, case_id),
        rearms=bool(judged.row and judged.row.under == "rearm_birth"),
        taken_over={one["clock"]: date.fromisoformat(one["due_on"]) for one in judged.values.get("clocks", ())},
    )


def _check_promise(firing: Firing, after: Projection, changes: ClockChanges) -> None:
    """No open case without a live deadline: the table proves it, and every transaction checks it."""
    lifecycle = firing.standing.lifecycle
    if lifecycle.state_by_id[after.state].final:
        return
    if any(row["due_at"] is not None for row in changes.running.values()):
        return
    if firing.move.trigger == "migrate_in":  # what the other system held decides, so the person can help it
        unmet = [_no_date(lifecycle, event) for event in changes.events]
        raise MoveRefused("a new case", "migrate_in", unmet, firing.judged.who)
    raise WaymarkError(f"this would leave the case in {after.state} without a live deadline; nothing was changed")


def write_entry(firing: Firing, after: Projection, changes: ClockChanges, said: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of evidence and the rows it changes. `said` holds what differs from kind to kind."""
    connection, standing = firing.connection, firing.standing
    case, lifecycle = standing.case, standing.lifecycle
    counts = said["kind"] in CHANGE_THE_CASE
    clear, personal = split_personal(firing.judged.asked, firing.judged.values)
    entry: dict[str, Any] = {
        "case_id": case["id"],
        "seq": case["seq"] + 1,
        "from_state": standing.before.state,
        "to_state": after.state,
        "version": case["version"] + counts,
        "lifecycle": lifecycle.id,
        "lifecycle_version": case["lifecycle_version"],
        "authority": case["authority"],
        "policy": case["policy"],
        "owner": after.owner,
        "team": after.team,
        "facts": clear,
        "clocks": [event.to_json() for event in changes.events],
        "edd": standing.family.edd if lifecycle.parent else after.edd,
        "on_behalf_of": None,
        "reason_code": None,
        "approvals": [],
        "overridden": False,
        "supersedes": None,
        "gestation_days": None,
        **said,
    }
    head = audit.append(connection, entry, personal, case["head"])
    changed: dict[str, Any] = {"seq": entry["seq"], "head": head}
    if counts:
        changed |= _case_columns(firing, after, entry, changes)
    if counts or changes.events:
        changed |= _urgency(changes)
    changed = {name: value for name, value in changed.items() if name not in case or case[name] != value}
    _write_rows(firing, after, changes, changed)
    case.update(changed)  # type: ignore[attr-defined]
    return entry


def _case_columns(firing: Firing, after: Projection, entry: Mapping[str, Any], changes: ClockChanges) -> dict[str, Any]:
    standing, decision = firing.standing, firing.judged.decision
    final = standing.lifecycle.state_by_id[after.state].final
    facts, personal = split_personal(asked_facts(standing.lifecycle.id).values(), after.facts)
    return {
        "version": entry["version"],
        "state": after.state,
        "final": final,
        "came_from": "/".join(after.came_from),
        "owner": after.owner,
        "team": after.team,
        "deadlines_opened": standing.case["deadlines_opened"] + len(changes.opened),
        "facts": facts,
        "personal": personal,
        "actors": dict(after.actors),
        "decision": decision if decision is not None else standing.case["decision"],
        "edd": after.edd,
        "state_since": after.state_since,
        "closed_at": after.state_since if final else None,
    }


def _urgency(changes: ClockChanges) -> dict[str, Any]:
    """Which running deadline is due first, so that lists in the order of time left need look at no other."""
    due = min(((row["due_at"] or NEVER, number) for number, row in changes.running.items()), default=(NEVER, None))
    return {"urgent_at": due[0], "urgent_deadline": due[1]}


def _write_rows(firing: Firing, after: Projection, changes: ClockChanges, case: Mapping[str, Any]) -> None:
    """The rows that keep what the evidence adds up to; `case` holds what is another in that of the case."""
    connection, standing, now = firing.connection, firing.standing, firing.now
    case_id = standing.case["id"]
    changed = {(case_id, number): values for number, values in changes.changed.items()}
    repository.change_deadlines(connection, changed)
    repository.change_case(connection, case_id, case)
    repository.add_deadlines(connection, changes.opened)
    if changes.told_of:
        outbox.settle(connection, case_id, changes.told_of, now)
    if after.children != standing.before.children:
        repository.replace_children(connection, case_id, after.children)
    names = words_of(after.facts)
    if names != words_of(standing.before.facts):
        keep_names(connection, case_id, names)


def _write_approvals(firing: Firing, entry: Mapping[str, Any], calendar: WorkingCalendar) -> None:
    connection, standing, judged = firing.connection, firing.standing, firing.judged
    move, actor = firing.move, firing.actor
    values = judged.values
    if judged.approval is not None:
        repository.change_approval(connection, entry["case_id"], judged.approval["seq"], {"used_by": entry["seq"]})
    if move.trigger == "request_approval" or judged.approval_follows:
        trigger = values["for_trigger"] if move.trigger == "request_approval" else move.trigger
        by = next(row.approval.by for row in standing.lifecycle.transitions if row.trigger == trigger and row.approval)
        connection.execute(
            repository.APPROVALS.insert(),
            {
                "case_id": entry["case_id"],
                "seq": entry["seq"],
                "trigger": trigger,
                "by_role": by,
                "asked_by": actor.username,
                "asked_at": entry["occurred_at"],
                "reason_code": values.get("reason_code"),
                "used_by": entry["seq"] if judged.approval_follows else None,
            },
        )
    if move.trigger == "decide_approval":
        valid = compute_due(standing.policy.approval_valid, Anchors(start=entry["occurred_at"]), calendar)
        repository.change_approval(
            connection,
            entry["case_id"],
            judged.situation.derived["approval"]["seq"],
            {
                "decided_by": actor.username,
                "decided_at": entry["occurred_at"],
                "approved": values["decision"] == "approve",
                "valid_until": valid.due_at,
            },
        )


def _no_date(lifecycle: Lifecycle, event: ClockEvent) -> Unmet:
    """What would give a clock of a case taken over its date."""
    terms = event.limit["terms"] if event.limit else ()
    names = ", ".join(dict.fromkeys(term["since"] for term in terms if "since" in term))
    says = f'no date is known for "{lifecycle.clock_by_id[event.clock].label}": give it under clocks as {event.clock}'
    return Unmet("fact", "clocks", f"{says}, or the day it counts from ({names})")


def said_by(move: Move, actor: Actor, occurred_at: datetime, now: datetime) -> dict[str, Any]:
    """What every entry says of who did it, when and by which way in."""
    return {
        "trigger": move.trigger[:60],
        "occurred_at": occurred_at,
        "recorded_at": now,
        "actor": actor.username,
        "actor_role": actor.role,
        "actor_team": actor.team,
        "source": move.source,
        "request_id": move.request_id,
    }


def _trace(judged: Judged) -> dict[str, Any]:
    trace: dict[str, Any] = {"guards": list(judged.row.guards) if judged.row else []}
    if judged.decision is not None:
        trace["decision"] = judged.decision
    if judged.approval_follows:
        trace["approval_to_follow"] = True
    return trace


def _approval_json(approval: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "asked_by": approval["asked_by"],
        "by_role": approval["by_role"],
        "decided_by": approval["decided_by"],
        "decided_at": approval["decided_at"].isoformat(),
        "reason_code": approval["reason_code"],
        "entry": approval["seq"],
    }
