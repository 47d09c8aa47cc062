"""Changes to the bank holidays: recorded by an authorised person, previewed, and applied to open work on purpose."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from scheduler.calendars import Override, WorkingCalendar, add_days, written
from scheduler.deadlines import ClockEvent, EventKind
from states.facts import LONGEST_TEXT, day
from workflow import audit
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.acts import Act, Acted, Way, act_on, move_for
from workflow.calendar_history import CHANGE, CHANGES, changed
from workflow.clock_actions import as_json, changed_row, work_on
from workflow.clocks import ClockChanges, counted_by
from workflow.engine import Engine
from workflow.errors import BadInput
from workflow.models import EntryKind
from workflow.permissions import Permission, check
from workflow.references import reference
from workflow.repository import CASES, DEADLINES
from workflow.requirements import Firing

Action = Literal["add", "remove"]
MARGIN = 7  # days: a date moves over a weekend and holidays beside the one that changed


def record_change(
    engine: Engine, actor: Actor, now: datetime, *, on: date, action: Action, reason: str, way: Way | None = None
) -> None:
    """Makes a day a bank holiday or a working day, from now on; open deadlines keep their dates until it is applied."""
    engine.retried(
        lambda connection: keep_change(engine, connection, actor, now, on=on, action=action, reason=reason, way=way)
    )
    with engine.database.read() as connection:
        engine.refresh_calendar(connection)


def keep_change(
    engine: Engine,
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    on: date,
    action: Action,
    reason: str,
    way: Way | None = None,
) -> None:
    """The same inside a transaction; whoever calls refreshes the engine's calendar once it is committed."""
    check(actor, Permission.CHANGE_CALENDAR)
    came = way or Way()
    engine.refresh_calendar(connection)
    with_change(engine.calendar, on, action, reason)
    row = {"day": on, "action": action, "reason": reason.strip(), "decided_by": actor.username, "recorded_at": now}
    connection.execute(CHANGES.delete().where(CHANGES.c.day == on))
    connection.execute(CHANGES.insert(), row)
    said = {
        "kind": EntryKind.SYSTEM,
        "trigger": CHANGE,
        "authority": actor.authority,
        "occurred_at": now,
        "recorded_at": now,
        "actor": actor.username,
        "actor_role": actor.role,
        "actor_team": actor.team,
        "facts": {"day": on.isoformat(), "action": action, "reason": reason.strip()},
        "source": came.source,
        "request_id": came.request_id,
    }
    audit.append_system(connection, said)


def with_change(calendar: WorkingCalendar, on: date, action: Action, reason: str) -> WorkingCalendar:
    """The calendar as it would be; BadInput where the change is none or cannot be."""
    if not reason.strip() or len(reason) > LONGEST_TEXT or "\x00" in reason:
        raise BadInput("a change of the calendar needs a reason, such as the proclamation it follows")
    try:
        if calendar.is_working(on) is (action == "remove"):
            what = "a working day" if action == "remove" else f"no working day ({calendar.why_not(on)})"
            raise BadInput(f"{written(on)} is {what} already")
        made = changed(calendar, [Override(on, action, reason.strip())])
    except ValueError as impossible:
        raise BadInput(str(impossible)) from None
    return replace(made, earlier=(calendar, *calendar.earlier))


def preview(
    engine: Engine, actor: Actor, now: datetime, *, on: date, calendar: WorkingCalendar | None = None
) -> list[dict[str, Any]]:
    """The open deadlines the account may see that a change of that day moves, by `calendar` (else the present one)."""
    with engine.database.read() as connection:
        rows = []
        for case in list(_cases_reaching(connection, actor, on, now)):
            standing = engine.standings.named(connection, case, actor, now, lock=False)
            move = move_for("apply_calendar", case, {"day": on}, Way())
            firing = act_on(connection, standing, move=move, actor=actor, now=now, asked=APPLY)
            rows += _re_dated(firing, engine, calendar or engine.calendar)[1]
        return rows


def apply_change(
    engine: Engine, actor: Actor, now: datetime, *, on: date, way: Way | None = None
) -> list[dict[str, Any]]:
    """Dates anew each open deadline that a recorded change of that day moves, a case at a time; those that moved.

    Only cases the account may see. Doing it again finds nothing left to do.
    """
    check(actor, Permission.CHANGE_CALENDAR)
    with engine.database.read() as connection:
        engine.refresh_calendar(connection)
    moved = preview(engine, actor, now, on=on)
    for case in dict.fromkeys(row["deadline"].rpartition(".")[0] for row in moved):

        def work(firing: Firing) -> Acted:
            changes, rows = _re_dated(firing, engine, engine.calendar)
            trace = {"day": on.isoformat(), "calendar": engine.calendar.version, "deadlines": as_json(rows)}
            return Acted(kind=EntryKind.CLOCK, trace=trace, changes=changes)

        engine.act(move_for("apply_calendar", case, {"day": on}, way or Way()), actor, now, Act(APPLY, work))
    return moved


APPLY = (day("day", "The day that changed"),)


def _cases_reaching(connection: Connection, actor: Actor, on: date, now: datetime) -> Iterator[str]:
    """The open cases with a deadline due about that day or later: a change reaches no other."""
    query = (
        select(CASES.c.lifecycle, CASES.c.id)
        .join(DEADLINES, DEADLINES.c.case_id == CASES.c.id)
        .where(
            are_readable(connection, actor, now)
            & DEADLINES.c.closed_at.is_(None)
            & (DEADLINES.c.due_on >= add_days(on, -MARGIN))
        )
        .distinct()
        .order_by(CASES.c.id)
    )
    for row in connection.execute(query):
        yield reference(row.lifecycle, row.id)


def _re_dated(firing: Firing, engine: Engine, calendar: WorkingCalendar) -> tuple[ClockChanges, list[dict[str, Any]]]:
    """What the running deadlines of a case become by that calendar: those that it moves."""
    work = work_on(firing, engine, calendar)
    changes, tried = work.untouched(), work.untouched()
    rows = []
    for number, row in list(tried.running.items()):
        history = work.history(tried, number)
        if counted_by(history) == calendar.version:
            continue
        event = ClockEvent(
            deadline=number,
            clock=row["clock"],
            subject=row["subject"],
            event=EventKind.RE_DATED,
            at=firing.occurred_at,
            anchors=next(event.anchors for event in reversed(history) if event.anchors is not None),
            reason=f"the calendar was changed to {calendar.version}",
            decided_by=firing.actor.username,
        )
        state = work.re_dated(tried, history, event)
        if (state.due.due_at, state.due.amber_at) == (row["due_at"], row["amber_at"]):
            continue
        changes.events += [one for one in tried.events if one.deadline == number]
        changes.changed[number] = tried.changed[number]
        changes.told_of += [one for one in tried.told_of if one == number]
        rows.append(changed_row(firing, row, state))
    changes.running = tried.running
    return changes, rows
