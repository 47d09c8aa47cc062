"""A team at a glance: its open cases by stage, worker and time left, and how long they have stood where they are."""

from collections.abc import Collection
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, select

from scheduler.calendars import WorkingCalendar, end_of_day, local_date
from states.catalogue import LIFECYCLES
from workflow.access import are_readable, teams_seen
from workflow.accounts import TEAMS, USERS, Actor
from workflow.models import NEVER, Record
from workflow.references import reference
from workflow.repository import CASES

SOON_WITHIN = 5  # working days
COUNTS = ("cases", "breached", "today", "soon", "later", "undated")  # the last five add up to the first


def teams(connection: Connection, actor: Actor, now: datetime) -> dict[str, str]:
    """The teams with open cases that this account sees, as {code: name}."""
    own = teams_seen(connection, actor, now)
    wanted = TEAMS.c.authority == actor.authority
    if own is not None:
        wanted &= TEAMS.c.code.in_(own)
    elif actor.record is not Record.BOTH:
        wanted &= TEAMS.c.record.in_((actor.record, Record.BOTH))
    # Looked for team by team: `found` keeps a database from walking the authority for each of them.
    readable = are_readable(connection, actor, now, found=True)
    wanted &= exists().where((CASES.c.team == TEAMS.c.code) & (CASES.c.final == false()) & readable)
    query = select(TEAMS.c.code, TEAMS.c.name).where(wanted).order_by(TEAMS.c.name, TEAMS.c.code)
    return {row.code: row.name for row in connection.execute(query)}


def names(connection: Connection, usernames: Collection[str]) -> dict[str, str]:
    """What these people are called, as {user name: name}."""
    query = select(USERS.c.username, USERS.c.name).where(USERS.c.username.in_(usernames))
    return {row.username: row.name for row in connection.execute(query)} if usernames else {}


def caseload(
    connection: Connection, actor: Actor, now: datetime, calendar: WorkingCalendar, team: str | None = None
) -> list[dict[str, Any]]:
    """Open cases this account may read, counted by team, owner and state: COUNTS by when the next date is due."""
    today = local_date(now)
    at, soon = CASES.c.urgent_at, end_of_day(calendar.add_working_days(today, SOON_WITHIN))
    number = func.count()
    up_to = [number.filter(one) for one in (at <= now, at <= end_of_day(today), at <= soon, at < NEVER)]
    keys = (CASES.c.lifecycle, CASES.c.state, CASES.c.team, CASES.c.owner)  # as ix_cases_caseload has them: unsorted
    query = select(*keys, *up_to, number).where(_open(connection, actor, now, team)).group_by(*keys)
    names = [one.name for one in keys]
    return [
        {**dict(zip(names, row[: len(keys)], strict=True)), **_by_time(*row[len(keys) :])}
        for row in connection.execute(query)
    ]


def _by_time(breached: int, today: int, soon: int, dated: int, cases: int) -> dict[str, int]:
    """COUNTS, of how many cases there are and how many have a date up to each time."""
    return {
        "cases": cases,
        "breached": breached,
        "today": today - breached,
        "soon": soon - today,
        "later": dated - soon,
        "undated": cases - dated,
    }


def _open(connection: Connection, actor: Actor, now: datetime, team: str | None) -> ColumnElement[bool]:
    here = CASES.c.authority == actor.authority  # said again for ix_cases_caseload: counting reads that index alone
    wanted = and_(here, CASES.c.final == false(), are_readable(connection, actor, now))
    return wanted if team is None else wanted & (CASES.c.team == team)


def standing_still(connection: Connection, actor: Actor, now: datetime, team: str) -> list[dict[str, Any]]:
    """For each stage, how long its open cases have been in the state they are in: the median, and the one longest."""
    wanted = _open(connection, actor, now, team)
    keys = (CASES.c.lifecycle, CASES.c.state)
    held = {(row.lifecycle, row.state) for row in connection.execute(select(*keys).where(wanted).distinct())}
    return [
        _stood(connection, and_(wanted, CASES.c.lifecycle == one.id, CASES.c.state.in_(states)), (one.id, stage), now)
        for one in LIFECYCLES.values()
        for stage in one.stages
        if (states := [state for state in _states_of(one.id, stage) if (one.id, state) in held])
    ]


def _states_of(lifecycle: str, stage: str) -> list[str]:
    return [state.id for state in LIFECYCLES[lifecycle].states if state.stage == stage]


def _stood(connection: Connection, wanted: ColumnElement[bool], of: tuple[str, str], now: datetime) -> dict[str, Any]:
    """The cases of one stage."""
    cases = connection.execute(select(func.count()).select_from(CASES).where(wanted)).scalar_one()
    since = select(CASES.c.state_since).where(wanted).order_by(CASES.c.state_since)
    middle = connection.execute(since.offset((cases - 1) // 2).limit(2 - cases % 2)).scalars()  # two of an even number
    first = select(CASES.c.id, CASES.c.state_since).where(wanted).order_by(CASES.c.state_since, CASES.c.id).limit(1)
    longest = connection.execute(first).one()
    return {
        "lifecycle": of[0],
        "stage": of[1],
        "cases": cases,
        "median_days": median(_days(now - one) for one in middle),
        "longest_days": _days(now - longest.state_since),
        "longest": reference(of[0], longest.id),
    }


def _days(length: timedelta) -> int:
    return max(length.days, 0)
