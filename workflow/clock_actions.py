"""What people do to the clock of one deadline, where its limit allows it: pause, resume, extend, and a newer policy."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from config.limits import Term, TimeLimit
from config.policy import Policy
from scheduler.calendars import WorkingCalendar, local_date, written, written_at
from scheduler.deadlines import Anchors, ClockEvent, DeadlineState, EventKind
from states.facts import code, day, text
from states.roles import ROLE_LABELS, Role
from workflow import repository
from workflow.accounts import Actor
from workflow.acts import Act, Acted, Way, act_on, case_of, move_for, refused, running_deadline
from workflow.clock_history import past_events
from workflow.clocks import TAKEN_OVER, ClockChanges, ClockWork, limit_of
from workflow.engine import Engine
from workflow.models import EntryKind
from workflow.moves import Moved
from workflow.permissions import LEADS
from workflow.recording import clock_work
from workflow.references import deadline_name
from workflow.requirements import Firing

DEADLINE, REASON = code("deadline", "Deadline"), text("reason", "Why")
EXTEND = (
    DEADLINE,
    REASON,
    day("due_on", "New due date", required=False),
    code("amount", "Or by", "a number and a unit, such as 5 working_days", required=False),
    day("ordered_on", "Date of the court's order", required=False),
)
APPLY = (text("reason", "Why"),)
EventMaker = Callable[[Firing, Mapping[str, Any]], ClockEvent]


def pause(engine: Engine, actor: Actor, now: datetime, *, deadline: str, reason: str, way: Way | None = None) -> Moved:
    """Stops the clock of a deadline whose limit allows it; people are asked to look again after 20 working days."""
    move = move_for("pause_deadline", case_of(deadline), {"deadline": deadline, "reason": reason}, way or Way())
    return engine.act(move, actor, now, Act((DEADLINE, REASON), lambda firing: _act(firing, engine, _paused)))


def resume(engine: Engine, actor: Actor, now: datetime, *, deadline: str, reason: str, way: Way | None = None) -> Moved:
    """Starts a paused clock again; the time it stood still does not count."""
    move = move_for("resume_deadline", case_of(deadline), {"deadline": deadline, "reason": reason}, way or Way())
    return engine.act(move, actor, now, Act((DEADLINE, REASON), lambda firing: _act(firing, engine, _resumed)))


def extend(
    engine: Engine,
    actor: Actor,
    now: datetime,
    *,
    deadline: str,
    reason: str,
    due_on: date | None = None,
    amount: Term | None = None,
    ordered_on: date | None = None,
    way: Way | None = None,
) -> Moved:
    """Gives a deadline a later date: to the end of `due_on`, or by `amount` from the date that stands.

    A manager above the owner decides; on a court's clock a lawyer records the order made on `ordered_on`.
    """
    facts = {
        "deadline": deadline,
        "reason": reason,
        "due_on": due_on,
        "amount": f"{amount.amount} {amount.unit}" if amount else None,
        "ordered_on": ordered_on,
    }

    def work(firing: Firing) -> Acted:
        return _act(firing, engine, lambda firing, row: _extended(firing, row, due_on, amount))

    move = move_for("extend_deadline", case_of(deadline), facts, way or Way())
    return engine.act(move, actor, now, Act(EXTEND, work))


def _act(firing: Firing, engine: Engine, make: EventMaker) -> Acted:
    row = running_deadline(firing, firing.judged.values["deadline"])
    event = make(firing, row)
    changes, state = _happened(firing, engine, event)
    due_at = state.due.due_at
    if event.event is EventKind.EXTENDED and due_at is not None and due_at <= firing.now:
        says = f"{written_at(due_at)}, to which this would extend it, has passed"
        raise refused(firing, "time", "due_on", says)
    return Acted(kind=EntryKind.CLOCK, trace=_trace(row, state), changes=changes)


def _happened(firing: Firing, engine: Engine, event: ClockEvent) -> tuple[ClockChanges, DeadlineState]:
    work = work_on(firing, engine)
    changes = work.untouched()
    try:
        state = work.happen(changes, event)
    except ValueError as impossible:  # in a sentence: what its limit or its past does not allow
        raise refused(firing, "state", "deadline", str(impossible)) from None
    return changes, state


def work_on(firing: Firing, engine: Engine, calendar: WorkingCalendar | None = None) -> ClockWork:
    """The clocks of the case an act is about, counted by that calendar (else the engine's)."""
    return clock_work(firing, firing.standing.before, calendar or engine.calendar)


def _event(firing: Firing, row: Mapping[str, Any], kind: EventKind, **more: Any) -> ClockEvent:
    """What happened to the clock. The reason is personal content: it stands in the entry, apart from the event."""
    return ClockEvent(
        deadline=row["number"],
        clock=row["clock"],
        subject=row["subject"],
        event=kind,
        at=firing.occurred_at,
        recorded_at=firing.now,
        **{"decided_by": firing.actor.username, **more},
    )


def _trace(row: Mapping[str, Any], state: DeadlineState) -> dict[str, Any]:
    return {
        "deadline": row["number"],
        "clock": row["clock"],
        "status": state.status,
        "due_before": _iso(row["due_at"]),
        "due_after": _iso(state.due.due_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# Who may, and when


def _paused(firing: Firing, row: Mapping[str, Any]) -> ClockEvent:
    _check_owner_or_manager(firing)
    if row["due_at"] is not None and row["due_at"] <= firing.now:
        says = f"it was due {written_at(row['due_at'])}, and a pause does not undo that: acknowledge it instead"
        raise refused(firing, "time", "deadline", says)
    return _event(firing, row, EventKind.PAUSED)


def _resumed(firing: Firing, row: Mapping[str, Any]) -> ClockEvent:
    _check_owner_or_manager(firing)
    return _event(firing, row, EventKind.RESUMED)


def _extended(firing: Firing, row: Mapping[str, Any], due_on: date | None, amount: Term | None) -> ClockEvent:
    decided_by = _decider(firing, _limit(firing, row["number"]))
    return _event(firing, row, EventKind.EXTENDED, due_on=due_on, amount=amount, decided_by=decided_by)


def _limit(firing: Firing, number: int) -> TimeLimit:
    case_id = firing.standing.case["id"]
    return limit_of([event for event in past_events(firing.connection, case_id) if event.deadline == number])


def _check_owner_or_manager(firing: Firing) -> None:
    if firing.actor.role in LEADS or firing.actor.username == firing.standing.before.owner:
        return
    who = ("the owner of the case", *(ROLE_LABELS[role] for role in LEADS))
    raise refused(firing, "role", firing.actor.role, "it is for the owner of the case or a manager", who)


def _decider(firing: Firing, limit: TimeLimit) -> str:
    """Who decides an extension, as the event says it; refused where it is not for this account to say."""
    actor, ordered_on = firing.actor, firing.judged.values.get("ordered_on")
    if limit.extendable_by == "court":
        if actor.role is not Role.LEGAL:
            says = "the court extends it, and a lawyer records its order"
            raise refused(firing, "role", actor.role, says, (ROLE_LABELS[Role.LEGAL],))
        if ordered_on is None or date.fromisoformat(ordered_on) > local_date(firing.now):
            raise refused(firing, "fact", "ordered_on", "give the date of the court's order, which has been made")
        return f"the court's order of {written(date.fromisoformat(ordered_on))}, recorded by {actor.username}"
    if limit.extendable_by == "manager":
        who = tuple(ROLE_LABELS[role] for role in LEADS)
        if actor.role not in LEADS:
            raise refused(firing, "role", actor.role, "a manager one level above the owner decides on it", who)
        if actor.username == firing.standing.before.owner:
            raise refused(firing, "role", actor.role, "the owner of a case cannot extend its deadlines", who)
    return actor.username  # where nobody may, folding it says so


def check_pause(firing: Firing, engine: Engine) -> None:
    """MoveRefused where the deadline of this act cannot be paused by this account; nothing is changed."""
    _act(firing, engine, _paused)


def check_resume(firing: Firing, engine: Engine) -> None:
    """The same for a clock that stands still."""
    _act(firing, engine, _resumed)


def check_extend(firing: Firing, row: Mapping[str, Any]) -> None:
    """The same for a later date, as far as can be said before the date is known."""
    limit = _limit(firing, row["number"])
    if limit.extendable_by == "nobody":
        raise refused(firing, "state", "deadline", "its limit may be extended by nobody")
    _decider(firing, limit)


# A newer policy


def apply_new_policy(
    engine: Engine, actor: Actor, now: datetime, *, case: str, reason: str, way: Way | None = None
) -> Moved:
    """Moves a case to its authority's current policy: every running deadline is dated by the new limit."""

    def work(firing: Firing) -> Acted:
        _check_manager(firing)
        policy = engine.policies.current(firing.standing.case["authority"], local_date(firing.now))
        before = firing.standing.case["policy"]
        if policy.digest == before:
            raise refused(firing, "state", "policy", f"it runs under {policy.name} already, the current one")
        changes, rows = _under(firing, engine, policy)
        engine.policies.store(firing.connection, policy, now)
        repository.change_case(firing.connection, firing.standing.case["id"], {"policy": policy.digest})
        firing.standing.case["policy"] = policy.digest  # type: ignore[index]  # so that the entry names the new one
        trace = {"policy_before": before, "policy_after": policy.digest, "deadlines": as_json(rows)}
        return Acted(kind=EntryKind.CLOCK, trace=trace, changes=changes)

    move = move_for("apply_policy", case, {"reason": reason}, way or Way())
    return engine.act(move, actor, now, Act(APPLY, work))


def preview_new_policy(engine: Engine, actor: Actor, now: datetime, *, case: str) -> list[dict[str, Any]]:
    """Each running deadline with its due date now and under the current policy; nothing is changed."""
    with engine.database.read() as connection:
        standing = engine.standings.named(connection, case, actor, now, lock=False)
        move = move_for("apply_policy", case, {"reason": "preview"}, Way())
        firing = act_on(connection, standing, move=move, actor=actor, now=now, asked=APPLY)
        return _under(firing, engine, engine.policies.current(standing.case["authority"], local_date(now)))[1]


def _check_manager(firing: Firing) -> None:
    if firing.actor.role not in LEADS:
        who = tuple(ROLE_LABELS[role] for role in LEADS)
        raise refused(firing, "role", firing.actor.role, "a manager applies a new policy to a case", who)


def _under(firing: Firing, engine: Engine, policy: Policy) -> tuple[ClockChanges, list[dict[str, Any]]]:
    """What each running deadline becomes under that policy, before and after."""
    changes, dated = dated_under(firing, engine, policy)
    return changes, [changed_row(firing, row, state) for row, state in dated]


def dated_under(
    firing: Firing, engine: Engine, policy: Policy
) -> tuple[ClockChanges, list[tuple[dict[str, Any], DeadlineState]]]:
    """Each running deadline, and what it becomes under that policy; the pauses and extensions it had apply again."""
    work = replace(work_on(firing, engine), policy=policy)
    changes = work.untouched()
    dated = []
    for number, row in list(changes.running.items()):
        history = work.history(changes, number)
        limit = _new_limit(work, limit_of(history), row["clock"])
        anchored = [Anchors.from_json(event.anchors) for event in history if event.anchors is not None][-1]
        known = work.anchors(limit, anchored.start, row["subject"])
        event = ClockEvent(
            deadline=number,
            clock=row["clock"],
            subject=row["subject"],
            event=EventKind.RE_DATED,
            at=firing.occurred_at,
            limit=limit.snapshot(),
            anchors=replace(known, dates={**anchored.dates, **known.dates}).to_json(),
            reason=f"{policy.name} was applied",
            decided_by=firing.actor.username,
        )
        dated.append((dict(row), work.re_dated(changes, history, event)))
    return changes, dated


def _new_limit(work: ClockWork, old: TimeLimit, clock: str) -> TimeLimit:
    """The new policy's limit; a date taken over from another system stays, with the new limit's ladder."""
    limit = work.policy.limit(work.lifecycle.id, clock)
    return old.model_copy(update={"ladder": limit.ladder}) if old.source == TAKEN_OVER.source else limit


def changed_row(firing: Firing, row: Mapping[str, Any], state: DeadlineState) -> dict[str, Any]:
    """A deadline before and after, as previews and entries show it."""
    lifecycle = firing.standing.lifecycle
    return {
        "deadline": deadline_name(lifecycle.id, firing.standing.case["id"], row["number"]),
        "clock": row["clock"],
        "label": lifecycle.clock_by_id[row["clock"]].label,
        "due_before": row["due_at"],
        "due_after": state.due.due_at,
    }


def as_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "due_before": _iso(row["due_before"]), "due_after": _iso(row["due_after"])} for row in rows]
