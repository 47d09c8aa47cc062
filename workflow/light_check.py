"""The promises that a few set-based queries can check over every case, cheap enough to be asked every few minutes."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, literal, or_, select

from scheduler.calendars import written_at
from scheduler.deadlines import DeadlineStatus
from workflow.accounts import TEAMS, USERS
from workflow.alert_tables import AlertStatus, MessageStatus
from workflow.audit import ENTRIES
from workflow.job_log import SWEEP, last_done, silence
from workflow.models import NEVER
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES

GRACE = timedelta(minutes=15)  # a sweep comes every minute; one that has not come by then has failed somebody
STUCK = timedelta(hours=1)  # for a message, after the time at which it was to be tried
MOST = 500  # sentences for one promise: beyond that the number is what matters
OPEN_CASE, RUNNING = CASES.c.final == false(), DEADLINES.c.closed_at.is_(None)


def light_check(connection: Connection, now: datetime) -> list[str]:
    """A sentence for each promise that does not hold at `now`; at most 500 for each kind, then how many there are."""
    rules = (
        _awake(connection, now),
        _somebody_answers(connection),
        _a_date_runs(connection),
        _lists_show_what_is_urgent(connection),
        _overdue_is_told(connection, now),
        _next_step_is_taken(connection, now),
        _told_to_somebody(connection),
        _ended_is_settled(connection),
        _alerts_are_settled(connection),
        _messages_leave(connection, now),
    )
    return [sentence for rule in rules for sentence in _at_most(rule)]


def _at_most(sentences: Iterator[str]) -> Iterator[str]:
    for count, sentence in enumerate(sentences):
        if count == MOST:
            yield f"(and more of the same kind: the first {MOST} are listed)"
            return
        yield sentence


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
    yield from map(dict, connection.execute(query.limit(MOST + 1)).mappings())


_DEADLINE = (DEADLINES.c.case_id, DEADLINES.c.number, CASES.c.lifecycle)


def _case(row: Mapping[str, Any]) -> str:
    return reference(row["lifecycle"], row["id"])


def _deadline(row: Mapping[str, Any]) -> str:
    return deadline_name(row["lifecycle"], row["case_id"], row["number"])


def _of_case(row: Mapping[str, Any]) -> str:
    return reference(row["lifecycle"], row["case_id"])


def _awake(connection: Connection, now: datetime) -> Iterator[str]:
    if last_done(connection, SWEEP) is None:  # a service set up a moment ago is not yet silent
        known = or_(DEADLINES.c.recorded_at.is_(None), DEADLINES.c.recorded_at < now - GRACE)
        if connection.execute(select(DEADLINES.c.case_id).where(RUNNING & known).limit(1)).first() is None:
            return
    if (says := silence(connection, now)) is not None:
        yield says


def _somebody_answers(connection: Connection) -> Iterator[str]:
    owner, manager = USERS.alias("owner"), USERS.alias("manager")
    query = (
        select(CASES.c.id, CASES.c.lifecycle, CASES.c.owner, CASES.c.team, TEAMS.c.manager)
        .join(TEAMS, TEAMS.c.code == CASES.c.team)
        .outerjoin(owner, and_(owner.c.username == CASES.c.owner, owner.c.active))
        .outerjoin(manager, and_(manager.c.username == TEAMS.c.manager, manager.c.active))
        .where(and_(OPEN_CASE, owner.c.username.is_(None), manager.c.username.is_(None)))
        .order_by(CASES.c.id)
    )
    for row in _rows(connection, query):
        owned = "its owner's account is disabled" if row["owner"] else "it has no owner"
        managed = "whose manager's account is disabled" if row["manager"] else "which has no manager"
        yield f"{_case(row)}: {owned} and it lies with the team {row['team']}, {managed}"


def _a_date_runs(connection: Connection) -> Iterator[str]:
    dated = exists().where((DEADLINES.c.case_id == CASES.c.id) & RUNNING & DEADLINES.c.due_at.is_not(None))
    query = select(CASES.c.id, CASES.c.lifecycle).where(and_(OPEN_CASE, ~dated)).order_by(CASES.c.id)
    for row in _rows(connection, query):
        yield f"{_case(row)}: no deadline with a due date is running"


def _is_watched(now: datetime) -> ColumnElement[bool]:
    """Running, not paused, not quiet, on a case that nothing was recorded about in the last minutes."""
    latest = select(ENTRIES.c.recorded_at).where((ENTRIES.c.case_id == CASES.c.id) & (ENTRIES.c.seq == CASES.c.seq))
    return and_(
        RUNNING,
        OPEN_CASE,
        DEADLINES.c.status == DeadlineStatus.OPEN,
        DEADLINES.c.due_at.is_not(None),
        or_(DEADLINES.c.quiet_until.is_(None), DEADLINES.c.quiet_until < now - GRACE),
        latest.scalar_subquery() < now - GRACE,
    )


def _lists_show_what_is_urgent(connection: Connection) -> Iterator[str]:
    """A case stands in lists by its earliest running deadline, or a list would hide what is late."""
    earlier = exists().where((DEADLINES.c.case_id == CASES.c.id) & RUNNING & (DEADLINES.c.due_at < CASES.c.urgent_at))
    named = exists().where(
        (DEADLINES.c.case_id == CASES.c.id)
        & (DEADLINES.c.number == CASES.c.urgent_deadline)
        & RUNNING
        & (func.coalesce(DEADLINES.c.due_at, literal(NEVER, DEADLINES.c.due_at.type)) == CASES.c.urgent_at)
    )
    query = select(CASES.c.id, CASES.c.lifecycle).where(OPEN_CASE & or_(earlier, ~named)).order_by(CASES.c.id)
    for row in _rows(connection, query):
        yield f"{_case(row)} stands in lists by another date than that of its most urgent deadline"


def _overdue_is_told(connection: Connection, now: datetime) -> Iterator[str]:
    told = exists().where(
        (ALERTS.c.case_id == DEADLINES.c.case_id)
        & (ALERTS.c.number == DEADLINES.c.number)
        & (ALERTS.c.cycle == DEADLINES.c.cycle)
    )
    came = DEADLINES.c.amber_at < now - GRACE  # which is never after the due date
    query = (
        select(*_DEADLINE, DEADLINES.c.due_at)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(came & _is_watched(now) & ~told)
        .order_by(DEADLINES.c.due_at)
    )
    for row in _rows(connection, query):
        passed = "passed" if row["due_at"] < now else "draws near"
        yield f"{_of_case(row)}: its deadline {_deadline(row)} {passed}, and no alert was raised"


def _next_step_is_taken(connection: Connection, now: datetime) -> Iterator[str]:
    missed = or_(DEADLINES.c.next_action_at.is_(None), DEADLINES.c.next_action_at < now - GRACE)
    query = (
        select(*_DEADLINE, DEADLINES.c.next_action_at)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(missed & _is_watched(now))
        .order_by(DEADLINES.c.case_id, DEADLINES.c.number)
    )
    for row in _rows(connection, query):
        when = row["next_action_at"]
        why = (
            f"was to be looked at by {written_at(when)} and was not" if when else "has no next step: nobody watches it"
        )
        yield f"{_of_case(row)}: its deadline {_deadline(row)} {why}"


def _told_to_somebody(connection: Connection) -> Iterator[str]:
    """A step with nobody there is no silence where a later step was told somebody."""
    later = ALERTS.alias("later")
    answered = exists().where(
        (later.c.case_id == ALERTS.c.case_id)
        & (later.c.number == ALERTS.c.number)
        & (later.c.raised_at >= ALERTS.c.raised_at)
        & (later.c.told != [])
    )
    query = (
        select(ALERTS.c.case_id, ALERTS.c.number, ALERTS.c.level, CASES.c.lifecycle)
        .join(CASES, CASES.c.id == ALERTS.c.case_id)
        .where((ALERTS.c.status != AlertStatus.SETTLED) & (ALERTS.c.told == []) & ~answered)
        .order_by(ALERTS.c.case_id, ALERTS.c.number)
    )
    for row in _rows(connection, query):
        yield f"{_of_case(row)}: the alert {row['level']} of {_deadline(row)} was told to nobody"


def _ended_is_settled(connection: Connection) -> Iterator[str]:
    query = (
        select(*_DEADLINE)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(and_(CASES.c.final, RUNNING))
        .order_by(DEADLINES.c.case_id, DEADLINES.c.number)
    )
    for row in _rows(connection, query):
        yield f"{_of_case(row)}: it has ended, but its deadline {_deadline(row)} is still running"


def _alerts_are_settled(connection: Connection) -> Iterator[str]:
    query = (
        select(*_DEADLINE, ALERTS.c.level)
        .join(DEADLINES, and_(DEADLINES.c.case_id == ALERTS.c.case_id, DEADLINES.c.number == ALERTS.c.number))
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where((ALERTS.c.status != AlertStatus.SETTLED) & or_(CASES.c.final, ~RUNNING))
        .order_by(DEADLINES.c.case_id, DEADLINES.c.number)
        .select_from(ALERTS)
    )
    for row in _rows(connection, query):
        yield f"{_of_case(row)}: {_deadline(row)} has ended, but its alert {row['level']} is still open"


def _messages_leave(connection: Connection, now: datetime) -> Iterator[str]:
    waiting = (MESSAGES.c.status == MessageStatus.QUEUED) & (MESSAGES.c.next_try_at < now - STUCK)
    query = select(MESSAGES.c.key, MESSAGES.c.next_try_at).where(waiting).order_by(MESSAGES.c.next_try_at)
    for row in _rows(connection, query):
        yield f"the message {row['key']} waits since {written_at(row['next_try_at'])}"
