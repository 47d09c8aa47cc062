"""What waits for one person: alerts they were told, approvals asked of their role, what others did on their cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, false, func, or_, select

from scheduler.calendars import WorkingCalendar
from states.catalogue import LIFECYCLES
from states.common import APPROVAL_CLOCK
from workflow import views
from workflow.access import are_readable
from workflow.accounts import TEAMS, USERS, Actor
from workflow.alert_tables import AlertStatus, ChannelName
from workflow.models import EntryKind
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import deadline_name, entry_name, read_deadline_name, reference
from workflow.repository import APPROVALS, CASES, DEADLINES, ENTRIES, case_row

LOOKED_BACK = timedelta(days=60)  # an alert that is still open is told again and again, so older messages add none
EXTENDING = "extend_deadline"
MAY_BE_EXTENDED = frozenset({"on track", "amber warning"})


@dataclass(frozen=True, slots=True)
class Changes:
    """What others did on somebody's cases: how many things in all, and the latest of them.

    `of_teams`: whether the cases are also those of teams they manage.
    """

    count: int
    latest: Sequence[dict[str, Any]]
    of_teams: bool = False


def alerts_told_to(connection: Connection, actor: Actor, now: datetime, limit: int = 50) -> list[dict[str, Any]]:
    """The open alerts this account was told of, one a deadline at its highest level, those due first at the top."""
    told = (
        select(MESSAGES.c.case_id, MESSAGES.c.number)
        .where(
            (MESSAGES.c.recipient == actor.username)
            & (MESSAGES.c.channel == ChannelName.INBOX)
            & (MESSAGES.c.queued_at >= now - LOOKED_BACK)
            & MESSAGES.c.number.is_not(None)
        )
        .distinct()
        .subquery()
    )
    names = ("case_id", "number", "due_at", "must_acknowledge")
    query = (
        select(
            *(ALERTS.c[name] for name in names),
            func.max(ALERTS.c.level).label("level"),
            CASES.c.lifecycle,
            CASES.c.state,
            CASES.c.owner,
            DEADLINES.c.clock,
            DEADLINES.c.due_on,
        )
        .join(told, and_(told.c.case_id == ALERTS.c.case_id, told.c.number == ALERTS.c.number))
        .join(CASES, CASES.c.id == ALERTS.c.case_id)
        .join(DEADLINES, and_(DEADLINES.c.case_id == ALERTS.c.case_id, DEADLINES.c.number == ALERTS.c.number))
        .where((ALERTS.c.status == AlertStatus.OPEN) & are_readable(connection, actor, now))
        .group_by(
            *(ALERTS.c[name] for name in names),
            CASES.c.lifecycle,
            CASES.c.state,
            CASES.c.owner,
            DEADLINES.c.clock,
            DEADLINES.c.due_on,
        )
        .order_by(ALERTS.c.due_at, ALERTS.c.case_id, ALERTS.c.number)
        .limit(2 * limit)  # one deadline may stand in it twice: where it must be acknowledged, and where not
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(query).mappings():
        one = _alert(dict(row), now)
        before = found.get(one["deadline"])
        if before is None or one["level"] > before["level"]:
            found[one["deadline"]] = {**one, "must_acknowledge": one["must_acknowledge"] or bool(before)}
    return list(found.values())[:limit]


def _alert(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    late = row["due_at"] is not None and row["due_at"] <= now
    return {
        "case": reference(lifecycle.id, row["case_id"]),
        "deadline": deadline_name(lifecycle.id, row["case_id"], row["number"]),
        "state_label": lifecycle.state_by_id[row["state"]].label,
        "owner": row["owner"],
        "label": lifecycle.clock_by_id[row["clock"]].label,
        "status": "breached" if late else "amber warning",
        **{name: row[name] for name in ("level", "due_at", "due_on", "must_acknowledge")},
    }


def approvals_asked(connection: Connection, actor: Actor, now: datetime, limit: int = 50) -> list[dict[str, Any]]:
    """Approvals that this account's role is asked for, was not asking for itself, and nobody has decided."""
    waits = and_(
        DEADLINES.c.case_id == APPROVALS.c.case_id,
        DEADLINES.c.clock == APPROVAL_CLOCK,
        DEADLINES.c.subject == "approval:" + APPROVALS.c.trigger,
        DEADLINES.c.closed_at.is_(None),
    )
    query = (
        select(
            *(APPROVALS.c[name] for name in ("case_id", "seq", "trigger", "asked_by", "asked_at", "reason_code")),
            CASES.c.lifecycle,
            CASES.c.state,
            DEADLINES.c.due_at,
            DEADLINES.c.due_on,
        )
        .join(CASES, CASES.c.id == APPROVALS.c.case_id)
        .join(DEADLINES, waits)
        .where(
            (APPROVALS.c.by_role == actor.role)
            & APPROVALS.c.decided_at.is_(None)
            & (APPROVALS.c.asked_by != actor.username)
            & (CASES.c.final == false())
            & are_readable(connection, actor, now)
        )
        .order_by(DEADLINES.c.due_at, APPROVALS.c.case_id, APPROVALS.c.seq)
        .limit(limit)
    )
    return [_approval(dict(row), now) for row in connection.execute(query).mappings()]


def _approval(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    labels = [one.label for one in lifecycle.transitions if one.trigger == row["trigger"]]
    late = row["due_at"] is not None and row["due_at"] <= now
    return {
        "case": reference(lifecycle.id, row["case_id"]),
        "state_label": lifecycle.state_by_id[row["state"]].label,
        "label": labels[0] if labels else row["trigger"],
        "status": "breached" if late else "on track",
        **{name: row[name] for name in ("trigger", "asked_by", "asked_at", "reason_code", "due_at", "due_on")},
    }


def changes_since(connection: Connection, actor: Actor, now: datetime, *, since: datetime, limit: int = 20) -> Changes:
    """What others recorded after `since` on the open cases this account owns or answers for, the latest first.

    Whoever manages teams answers for theirs.
    """
    # First the few cases, by owner and team, and only then their entries: a join begins with all of the authority's.
    teams = connection.execute(select(TEAMS.c.code).where(TEAMS.c.manager == actor.username)).scalars().all()
    theirs = or_(CASES.c.owner == actor.username, CASES.c.team.in_(teams))
    owned = list(connection.execute(select(CASES.c.id).where(theirs, CASES.c.final == false())).scalars())
    mine = and_(CASES.c.id.in_(owned), are_readable(connection, actor, now))
    ids = list(connection.execute(select(CASES.c.id).where(mine)).scalars()) if owned else []
    new = and_(
        ENTRIES.c.case_id.in_(ids),
        ENTRIES.c.recorded_at > since,
        ENTRIES.c.actor != actor.username,
        ENTRIES.c.kind.not_in((EntryKind.REFUSED, EntryKind.ALERTED)),  # what did not happen; what one was told anyway
    )
    count = connection.execute(select(func.count()).select_from(ENTRIES).where(new)).scalar_one() if ids else 0
    if not count:
        return Changes(0, (), bool(teams))
    order = (ENTRIES.c.recorded_at.desc(), ENTRIES.c.case_id, ENTRIES.c.seq.desc())
    query = select(ENTRIES).where(new).order_by(*order).limit(limit)
    rows = [views.timeline_row(dict(row)) for row in connection.execute(query).mappings()]
    return Changes(count, [{**row, "case": row["entry"].partition("#")[0]} for row in rows], bool(teams))


def told_by(connection: Connection, ref: str, entry: int) -> list[str]:
    """The names of the colleagues who were told of one entry of a case."""
    lifecycle, case_id = read_deadline_name(f"{ref}.{entry}")[:2]
    of_this = MESSAGES.c.key.startswith(f"{entry_name(lifecycle, case_id, entry)}/", autoescape=True)
    query = (
        select(USERS.c.name)
        .join(MESSAGES, MESSAGES.c.recipient == USERS.c.username)
        .where((MESSAGES.c.case_id == case_id) & of_this)
        .distinct()
        .order_by(USERS.c.name)
    )
    return list(connection.execute(query).scalars())


def with_extensions(
    connection: Connection, rows: Sequence[dict[str, Any]], now: datetime, calendar: WorkingCalendar
) -> list[dict[str, Any]]:
    """The rows of a worklist, told apart where a date is kept only by an extension: the row alone cannot say that.

    Few deadlines are ever extended, so the evidence of a case is read only where one was.
    """
    asked = {read_deadline_name(row["deadline"])[1]: row for row in rows if row["status"] in MAY_BE_EXTENDED}
    query = select(ENTRIES.c.case_id).where(
        ENTRIES.c.case_id.in_(asked) & (ENTRIES.c.kind == EntryKind.CLOCK) & (ENTRIES.c.trigger == EXTENDING)
    )
    extended = set(connection.execute(query).scalars()) if asked else set()
    words: dict[str, str] = {}
    for case_id in extended:
        case = case_row(connection, case_id)
        if case is not None:
            found = views.deadlines_of(connection, LIFECYCLES[case["lifecycle"]], case, now, calendar)
            words |= {one["deadline"]: one["status"] for one in found}
    return [{**row, "status": words.get(row["deadline"] or "", row["status"])} for row in rows]
