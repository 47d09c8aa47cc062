"""Which cases an account may read: what its role, team, absence cover and personal access add up to, case by case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.lifecycle import Lifecycle
from states.roles import Role
from workflow.access_tables import AccessKind, CaseAccess
from workflow.accounts import TEAMS, USERS, Actor
from workflow.errors import NotFound
from workflow.permissions import READS_NO_CASE, bound_to_team, reads_kind
from workflow.recipients import ABSENCES, Directory
from workflow.references import read_reference, reference
from workflow.repository import CASES, case_row
from workflow.tables import table

ACCESS = table(CaseAccess)
TEAM, COVER = "team", "cover"
ANSWER_FOR_ALL = (Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR)
TOLD_OF_ALL = (*ANSWER_FOR_ALL, Role.EMERGENCY_DUTY)  # a mother who cannot be found tonight is theirs to look for


def sight(
    connection: Connection, actor: Actor, lifecycle: Lifecycle, case: Mapping[str, Any], now: datetime
) -> str | None:
    """What lets this account read the case: its team, the absence it covers, or an access of its own.

    None where it may not even know that the case is there. A restricted case is read by its owner, its team's manager
    and those named. Nothing is asked of the database where role and team decide.
    """
    if actor.role in READS_NO_CASE or actor.authority != case["authority"]:
        return None
    base = reads_kind(actor, lifecycle, case["authority"])
    if base and actor.username == case["owner"]:
        return TEAM
    if base and not case["restricted"] and (not bound_to_team(actor) or actor.team == case["team"]):
        return TEAM
    if base and case["team"] in _managed(connection, actor):
        return TEAM
    given = _given(connection, actor, now).get(root_of(case))
    if given is None and base and not case["restricted"] and _covers(connection, actor, case, now):
        return COVER
    return given


def root_of(case: Mapping[str, Any]) -> int:
    """The case that access is given to: the one at the top, whose access holds for all that stands under it."""
    return int(case["parent_id"] or case["id"])


@dataclass(frozen=True, slots=True)
class Seen:
    """A case that an account may read, and what lets it."""

    lifecycle: Lifecycle
    case: dict[str, Any]
    access: str

    @property
    def ref(self) -> str:
        return reference(self.lifecycle.id, self.case["id"])


def readable_case(connection: Connection, ref: str, actor: Actor, now: datetime, *, lock: bool = False) -> Seen:
    """The case of that reference.

    NotFound, in the same words, where there is none and where the account may not know of it.
    """
    return readable(connection, ref, case_row(connection, read_reference(ref)[1], lock=lock), actor, now)


def readable(connection: Connection, ref: str, case: dict[str, Any] | None, actor: Actor, now: datetime) -> Seen:
    """The same of a row that was read already."""
    lifecycle = LIFECYCLES[read_reference(ref)[0]]
    seen = sight(connection, actor, lifecycle, case, now) if case and case["lifecycle"] == lifecycle.id else None
    if case is None or seen is None:
        raise NotFound(f"there is no case {ref.strip()}")
    return Seen(lifecycle, case, seen)


def are_readable(connection: Connection, actor: Actor, now: datetime, *, found: bool = False) -> ColumnElement[bool]:
    """The same rule as `sight`, as a condition on the rows of cases.

    With `found`, the query names the cases it looks at, and is not to walk an index of the authority instead.
    """
    kinds = [one.id for one in LIFECYCLES.values() if reads_kind(actor, one, actor.authority)]
    if actor.role in READS_NO_CASE:
        return ~true()
    managed, given = _managed(connection, actor), _given(connection, actor, now)
    mine = or_(CASES.c.owner == actor.username, *([CASES.c.team.in_(managed)] if managed else []))
    usual, not_walked = or_(~CASES.c.restricted, mine), CASES.c.authority.concat("") == actor.authority
    here = not_walked if found else CASES.c.authority == actor.authority
    if bound_to_team(actor):
        owners, teams = _covered(connection, actor, now)
        covered = [*([CASES.c.owner.in_(owners)] if owners else []), *([CASES.c.team.in_(teams)] if teams else [])]
        usual = or_(and_(~CASES.c.restricted, or_(CASES.c.team == actor.team, *covered)), mine)
        # Implied by the rest, and said so that a list is walked by team: the authority holds a hundred times as many.
        held = _teams_of(connection, [actor.username, *owners], given)
        here = and_(CASES.c.team.in_({actor.team, *managed, *teams, *held}), not_walked)
    readable = and_(CASES.c.lifecycle.in_(kinds), usual)
    if given:
        readable = or_(readable, CASES.c.id.in_(given), CASES.c.parent_id.in_(given))
    return and_(here, readable)


def are_closed(connection: Connection, actor: Actor, now: datetime, lifecycle: Lifecycle) -> ColumnElement[bool] | None:
    """The opposite of `are_readable`, among cases of a kind in the actor's authority: all of them restricted ones.

    None for an account that reads only some teams' cases of that kind, or none: there are fewer that it may read.
    """
    if bound_to_team(actor) or not reads_kind(actor, lifecycle, actor.authority):
        return None
    readable = are_readable(connection, actor, now)
    return and_(CASES.c.restricted, readable.is_not(true()))  # `not` of one nobody owns is neither true nor false


def _teams_of(connection: Connection, owners: Sequence[str], given: Iterable[int]) -> Iterable[str]:
    """The teams that hold the cases of these owners, those given, and those under them."""
    theirs = connection.execute(select(CASES.c.team).where(CASES.c.owner.in_(owners)).distinct()).scalars().all()
    if not given:
        return theirs
    under = CASES.c.id.in_(given) | CASES.c.parent_id.in_(given)
    return [*theirs, *connection.execute(select(CASES.c.team).where(under).distinct()).scalars()]


def kinds_in_reach(connection: Connection, actor: Actor, now: datetime) -> set[str]:
    """The kinds of case of which this account may read any: those of its team, and of cases it has an access to."""
    kinds = {one.id for one in LIFECYCLES.values() if reads_kind(actor, one, actor.authority)}
    given = _given(connection, actor, now)
    if not given:
        return kinds
    under = CASES.c.id.in_(given) | CASES.c.parent_id.in_(given)
    return kinds | set(connection.execute(select(CASES.c.lifecycle).where(under).distinct()).scalars())


def teams_seen(connection: Connection, actor: Actor, now: datetime) -> list[str] | None:
    """The teams whose cases this account reads: its own, those it manages and those it covers; None for all."""
    if not bound_to_team(actor):
        return None
    owners, teams = _covered(connection, actor, now)
    theirs = connection.execute(select(USERS.c.team).where(USERS.c.username.in_(owners))).scalars() if owners else ()
    return sorted({actor.team, *_managed(connection, actor), *teams, *theirs})


def may_be_told(
    connection: Connection, directory: Directory, case: Mapping[str, Any], told: Sequence[str], now: datetime
) -> list[str]:
    """Of those to be told of a case, who may know of it: of a restricted one its readers and TOLD_OF_ALL.

    Where none of them is among those, who answers for the team; where nobody does, all: a date missed that nobody
    hears of is worse than a reference.
    """
    if not told or not case["restricted"]:
        return list(told)
    given = (ACCESS.c.case_id == root_of(case)) & (ACCESS.c.until.is_(None) | (ACCESS.c.until > now))
    above = USERS.c.username.in_(told) & USERS.c.role.in_([role.value for role in TOLD_OF_ALL])
    know = {
        case["owner"],
        *connection.execute(select(TEAMS.c.manager).where(TEAMS.c.code == case["team"])).scalars(),
        *connection.execute(select(ACCESS.c.username).where(given)).scalars(),
        *connection.execute(select(USERS.c.username).where(above)).scalars(),
    }
    answers = directory.manager_of(case["team"])
    return [one for one in told if one in know] or ([answers] if answers else list(told))


def _managed(connection: Connection, actor: Actor) -> list[str]:
    """The teams whose manager this account is."""
    return list(connection.execute(select(TEAMS.c.code).where(TEAMS.c.manager == actor.username)).scalars())


def _given(connection: Connection, actor: Actor, now: datetime) -> dict[int, str]:
    """The cases this account has an access of its own to; being named or granted counts before broken glass."""
    valid = (ACCESS.c.username == actor.username) & (ACCESS.c.until.is_(None) | (ACCESS.c.until > now))
    rows = connection.execute(select(ACCESS.c.case_id, ACCESS.c.kind).where(valid))
    given: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row.kind != AccessKind.BREAK_GLASS):
        given[row.case_id] = row.kind
    return given


def _covers(connection: Connection, actor: Actor, case: Mapping[str, Any], now: datetime) -> bool:
    owners, teams = _covered(connection, actor, now)
    return case["owner"] in owners or case["team"] in teams


def _covered(connection: Connection, actor: Actor, now: datetime) -> tuple[list[str], list[str]]:
    """(the absent people this account covers today, the teams they manage)."""
    today = local_date(now)
    away = (ABSENCES.c.cover == actor.username) & (ABSENCES.c.starts_on <= today) & (ABSENCES.c.ends_on >= today)
    owners = list(connection.execute(select(ABSENCES.c.username).where(away)).scalars())
    if not owners:
        return [], []
    teams = connection.execute(select(TEAMS.c.code).where(TEAMS.c.manager.in_(owners))).scalars()
    return owners, list(teams)
