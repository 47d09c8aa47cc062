"""What is watched beside the deadlines: workers not there, trainings, the calendar's horizon, newer policies."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, false, func, or_, select

from scheduler.calendars import WorkingCalendar, add_days, local_date
from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow.accounts import TEAMS, USERS
from workflow.alerting import LAST_RESORT
from workflow.errors import NotFound
from workflow.notices import administrators, tell_once
from workflow.policies import Policies
from workflow.recipients import ABSENCES, Directory
from workflow.references import reference
from workflow.repository import CASES

TRAINING_TOLD = (60, 14, -1)  # days before a training runs out; the last is the day after it did
NAMED = 20  # cases named in one message; it says how many there are


def absent_workers(connection: Connection, now: datetime) -> int:
    """Tells each team's manager, once a day, of open cases whose worker has left, or is away with nobody to cover."""
    today = local_date(now)
    directory = Directory(connection, today)
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in connection.execute(_without_worker(today)).mappings():
        groups[row["team"], "worker_away" if row["active"] else "worker_left"].append(dict(row))
    return sum(_tell_manager(connection, directory, rows, why, now) for (_, why), rows in sorted(groups.items()))


def _without_worker(today: date) -> Any:
    cover = USERS.alias("cover")
    away = ABSENCES.alias("away")
    here = exists().where(and_(cover.c.username == ABSENCES.c.cover, cover.c.active)) & ~exists().where(
        (away.c.username == ABSENCES.c.cover) & (away.c.starts_on <= today) & (away.c.ends_on >= today)
    )
    uncovered = exists().where(
        (ABSENCES.c.username == CASES.c.owner) & (ABSENCES.c.starts_on <= today) & (ABSENCES.c.ends_on >= today) & ~here
    )
    return (
        select(CASES.c.id, CASES.c.lifecycle, CASES.c.authority, CASES.c.team, USERS.c.active)
        .join(USERS, USERS.c.username == CASES.c.owner)
        .where(and_(CASES.c.final == false(), or_(~USERS.c.active, uncovered)))
        .order_by(CASES.c.id)
    )


def _tell_manager(
    connection: Connection, directory: Directory, rows: Sequence[Mapping[str, Any]], why: str, now: datetime
) -> int:
    first = rows[0]
    names = [reference(row["lifecycle"], row["id"]) for row in rows[:NAMED]]
    return tell_once(
        connection,
        _who_answers(directory, first),
        key=f"absent/{first['team']}/{why}/{local_date(now)}",
        template="absent_worker",
        params={"team": first["team"], "why": why, "count": len(rows), "cases": names},
        now=now,
    )


def _who_answers(directory: Directory, row: Mapping[str, Any]) -> list[str]:
    """The team's manager or who stands in; where there is nobody, the next who is there."""
    record = LIFECYCLES[row["lifecycle"]].record
    for role in (Role.PAUSE_LEAD if record == "pause" else Role.TEAM_MANAGER, *LAST_RESORT):
        told, _ = directory.for_roles((role,), owner=None, team=row["team"], authority=row["authority"], record=record)
        if told:
            return told
    return []


def trainings_ending(connection: Connection, now: datetime) -> int:
    """Tells a worker and whoever manages the team that a training runs out: two months and two weeks before, and then.

    It is told once at each, or at the first look after it; a training renewed before is not told of any more.
    """
    today = local_date(now)
    directory = Directory(connection, today)
    ends = USERS.c.trained_until
    soon = and_(USERS.c.active, ends.is_not(None), ends <= add_days(today, TRAINING_TOLD[0]))
    query = select(USERS.c.username, USERS.c.team, ends).where(soon).order_by(USERS.c.username)
    told = 0
    for row in connection.execute(query):
        left = (row.trained_until - today).days
        stage = min(days for days in TRAINING_TOLD if left <= days)
        told += tell_once(
            connection,
            [row.username, *filter(None, [directory.manager_of(row.team)])],
            key=f"training/{row.username}/{row.trained_until}/{stage}",
            template="training_ends",
            params={"team": row.team, "until": row.trained_until.isoformat(), "ended": left < 0},
            now=now,
        )
    return told


def calendar_horizon(connection: Connection, calendar: WorkingCalendar, now: datetime) -> int:
    """Tells administrators once a month when the verified bank holidays end within a year."""
    today = local_date(now)
    if today.year < calendar.verified_to:
        return 0
    return tell_once(
        connection,
        administrators(connection),
        key=f"horizon/{calendar.verified_to}/{today:%Y-%m}",
        template="calendar_horizon",
        params={"verified_to": calendar.verified_to},
        now=now,
    )


def newer_policies(connection: Connection, policies: Policies, now: datetime) -> int:
    """Tells administrators once of each policy in force under which some open cases do not run yet; changes nothing."""
    told = 0
    authorities = connection.execute(select(TEAMS.c.authority).distinct().order_by(TEAMS.c.authority)).scalars().all()
    for authority in authorities:
        try:
            policy = policies.current(authority, local_date(now))
        except NotFound:  # a team of an authority whose policy is not installed here opens no case
            continue
        older = and_(CASES.c.final == false(), CASES.c.authority == authority, CASES.c.policy != policy.digest)
        count = connection.execute(select(func.count()).select_from(CASES).where(older)).scalar_one()
        if count and policy.effective_from <= local_date(now):
            told += tell_once(
                connection,
                administrators(connection),
                key=f"policy/{authority}/{policy.digest}",
                template="newer_policy",
                params={"authority": authority, "version": policy.version, "cases": count},
                now=now,
            )
    return told
