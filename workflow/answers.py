"""Answers to alerts: an acknowledgement with a promised date, a snooze; both quiet for a time, and move no due date."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from scheduler.calendars import end_of_day, local_date, written, written_at
from states.facts import code, day, text
from states.roles import ROLE_LABELS
from workflow.accounts import Actor
from workflow.acts import Act, Acted, Way, case_of, move_for, refused, running_deadline
from workflow.alert_tables import AlertStatus
from workflow.clocks import ClockChanges
from workflow.engine import Engine
from workflow.models import EntryKind
from workflow.moves import Moved
from workflow.outbox import ALERTS
from workflow.permissions import LEADS
from workflow.requirements import Firing

PROMISED_WITHIN = 10  # working days
SNOOZED_WITHIN = 2  # working days
ACKNOWLEDGE = (code("deadline", "Deadline"), day("promised_on", "Done by"), text("reason", "Why, and what is promised"))
SNOOZE = (code("deadline", "Deadline"), day("until", "Until the end of"), text("reason", "Why"))


def acknowledge(
    engine: Engine,
    actor: Actor,
    now: datetime,
    *,
    deadline: str,
    promised_on: date,
    reason: str,
    way: Way | None = None,
) -> Moved:
    """Quiets a deadline until the end of the day by which it is promised; its due date stays.

    Nobody is reminded before then, unless the due date itself comes first: its passing is always told.
    """
    facts = {"deadline": deadline, "promised_on": promised_on, "reason": reason}
    move = move_for("acknowledge", case_of(deadline), facts, way or Way())
    act = Act(ACKNOWLEDGE, lambda firing: _quiet(firing, engine, promised_on, promise=True))
    return engine.act(move, actor, now, act)


def snooze(
    engine: Engine, actor: Actor, now: datetime, *, deadline: str, until: date, reason: str, way: Way | None = None
) -> Moved:
    """Quiets a deadline for up to two working days without a promise. A second snooze waits for the reminder."""
    facts = {"deadline": deadline, "until": until, "reason": reason}
    move = move_for("snooze", case_of(deadline), facts, way or Way())
    act = Act(SNOOZE, lambda firing: _quiet(firing, engine, until, promise=False))
    return engine.act(move, actor, now, act)


def _quiet(firing: Firing, engine: Engine, until: date, *, promise: bool) -> Acted:
    now, within = firing.now, PROMISED_WITHIN if promise else SNOOZED_WITHIN
    row = running_deadline(firing, firing.judged.values["deadline"])
    alerts = _answerable(firing, row, promise=promise)
    _check_who(firing, alerts)
    _check_day(firing, until, engine.calendar.add_working_days(local_date(now), within), within)
    quiet_until = end_of_day(until)
    if row["due_at"] is not None and now < row["due_at"]:
        quiet_until = min(quiet_until, row["due_at"])  # what was answered is the warning, not the breach
    firing.connection.execute(
        ALERTS.update()
        .where(
            (ALERTS.c.case_id == row["case_id"])
            & (ALERTS.c.number == row["number"])
            & ALERTS.c.status.in_(_statuses(promise=promise))
            & ALERTS.c.promised_on.is_(None)
        )
        .values(
            status=AlertStatus.ACKNOWLEDGED,
            acknowledged_by=firing.actor.username,
            acknowledged_at=now,
            promised_on=until if promise else None,
        )
    )
    changes = ClockChanges(changed={row["number"]: {"quiet_until": quiet_until, "next_action_at": quiet_until}})
    trace = {
        "deadline": row["number"],
        "clock": row["clock"],
        "cycle": row["cycle"],
        "alerts": [[alert["cycle"], alert["level"]] for alert in alerts],
        "quiet_until": quiet_until.isoformat(),
    }
    return Acted(kind=EntryKind.ANSWERED, trace=trace, changes=changes)


def _statuses(*, promise: bool) -> tuple[AlertStatus, ...]:
    """A promise can follow a snooze; a snooze cannot follow another without a reminder between them."""
    return (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED) if promise else (AlertStatus.OPEN,)


def _answerable(firing: Firing, row: dict[str, Any], *, promise: bool) -> Sequence[dict[str, Any]]:
    query = (
        ALERTS.select()
        .where(
            (ALERTS.c.case_id == row["case_id"])
            & (ALERTS.c.number == row["number"])
            & ALERTS.c.status.in_(_statuses(promise=promise))
            & ALERTS.c.promised_on.is_(None)
        )
        .order_by(ALERTS.c.raised_at, ALERTS.c.cycle, ALERTS.c.level)
    )
    alerts = [dict(one) for one in firing.connection.execute(query).mappings()]
    if alerts:
        return alerts
    until = row["quiet_until"]
    says = f"it was answered and is quiet until {written_at(until)}" if until else "nobody has been alerted to it"
    raise refused(firing, "state", "deadline", says)


def check_answer(firing: Firing, row: dict[str, Any], *, promise: bool) -> None:
    """MoveRefused where there is nothing to answer, or it is not for this account to answer."""
    _check_who(firing, _answerable(firing, row, promise=promise))


def _check_who(firing: Firing, alerts: Sequence[dict[str, Any]]) -> None:
    """A manager, or somebody told; once a step must be acknowledged, somebody that step told."""
    asked = [alert for alert in alerts if alert["must_acknowledge"]] or alerts
    if firing.actor.role in LEADS or any(firing.actor.username in alert["told"] for alert in asked):
        return
    who = (*dict.fromkeys(name for alert in asked for name in alert["told"]), *(ROLE_LABELS[role] for role in LEADS))
    raise refused(firing, "role", firing.actor.role, "only somebody who was told of it, or a manager, can answer", who)


def _check_day(firing: Firing, until: date, last: date, within: int) -> None:
    if until < local_date(firing.now):
        raise refused(firing, "time", "until", f"{written(until)} has passed")
    if until > last:
        says = f"{written(until)} is more than {within} working days ahead; the latest is {written(last)}"
        raise refused(firing, "time", "until", says)
