"""Accounts: who acts, with which role, in which team. What an account proves itself with is `workflow.identity`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from states.roles import Role
from workflow import audit
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.identity_tables import SignedIn
from workflow.models import EntryKind, Record, Team, Token, User
from workflow.tables import table

USERS, TEAMS, TOKENS, SESSIONS = table(User), table(Team), table(Token), table(SignedIn)
NAMED = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")  # user names and team codes: safe in logs, addresses and file names
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
RESERVED = frozenset({"system", "none"})  # the service itself, and the answer "no social worker of their own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person (or the service itself) on whose account something happens."""

    username: str
    role: Role
    team: str
    authority: str
    record: Record


def find_actor(connection: Connection, username: str) -> Actor:
    """The account as an actor; NotAllowed where there is none or it is disabled."""
    row = connection.execute(
        select(USERS, TEAMS.c.authority, TEAMS.c.record)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.username == username)
    ).first()
    if row is None or not row.active:
        raise NotAllowed(f"there is no active account {username[:60]!r} (see `waymark user list`)")
    return Actor(
        username=row.username,
        role=Role(row.role),
        team=row.team,
        authority=row.authority,
        record=Record(row.record),
    )


def system_actor(authority: str, team: str) -> Actor:
    """The service itself, acting for one authority: it moves a case only where a table names SYS."""
    return Actor(username="system", role=Role.SYSTEM, team=team, authority=authority, record=Record.BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs the system at its console: an operating-system account, and the command it gave."""

    name: str
    now: datetime
    request_id: str = ""
    source: str = "cli"


def add_team(
    connection: Connection,
    operator: Operator,
    *,
    code: str,
    name: str,
    authority: str,
    record: Record,
    manager: str | None = None,
) -> None:
    """A new team; BadInput or Conflict where it cannot be made."""
    _check_name("team code", code)
    if not name.strip():
        raise BadInput("a team needs a name that people know it by")
    if connection.execute(select(TEAMS.c.code).where(TEAMS.c.code == code)).first():
        raise Conflict(f"there is a team {code!r} already")
    if manager is not None:
        _check_manager(connection, manager, code, authority)
    row = {"code": code, "name": name.strip(), "authority": authority, "record": Record(record), "manager": manager}
    connection.execute(TEAMS.insert(), row)
    record_change(connection, operator, "add_team", authority, row)


def set_manager(connection: Connection, operator: Operator, *, code: str, manager: str) -> None:
    """Names the manager of a team, who answers for its cases that have no owner."""
    team = connection.execute(select(TEAMS).where(TEAMS.c.code == code)).mappings().first()
    if team is None:
        raise NotFound(f"there is no team {code[:60]!r} (see `waymark team list`)")
    _check_manager(connection, manager, code, team["authority"])
    connection.execute(TEAMS.update().where(TEAMS.c.code == code).values(manager=manager))
    record_change(connection, operator, "set_manager", team["authority"], {"code": code, "manager": manager})


def list_teams(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(select(TEAMS).order_by(TEAMS.c.authority, TEAMS.c.code)).mappings()
    return [dict(row) for row in rows]


def add_user(
    connection: Connection,
    operator: Operator,
    *,
    username: str,
    name: str,
    role: Role,
    team: str,
    trained_until: date | None = None,
    email: str | None = None,
) -> bool:
    """A new account; True, or False where there is one already, with the same role and team.

    `email`, where given, becomes the address its messages go to, also of an account that is there.
    """
    _check_name("user name", username)
    found = connection.execute(select(TEAMS).where(TEAMS.c.code == team)).mappings().first()
    if found is None:
        raise NotFound(f"there is no team {team[:60]!r} (see `waymark team list`)")
    if role is Role.SYSTEM or username in RESERVED:
        raise BadInput(f"{username!r} with role {role.value} stands for the service itself: no person can have it")
    if not name.strip():
        raise BadInput("an account needs the name of the person")
    if email is not None and not ADDRESS.fullmatch(email):
        raise BadInput(f"{email[:80]!r} is not an e-mail address")
    there = connection.execute(select(USERS).where(USERS.c.username == username)).mappings().first()
    said = {"username": username, "role": role.value, "team": team}
    if there is not None and (not there["active"] or any(there[key] != value for key, value in said.items())):
        stands = f"{there['role']} in {there['team']}" if there["active"] else "disabled"
        raise Conflict(f"there is an account {username!r} already ({stands})")
    if there is None:
        extra = {"name": name.strip(), "trained_until": trained_until}
        connection.execute(USERS.insert(), {**said, **extra, "active": True, "created_at": operator.now})
    if email is not None:
        connection.execute(USERS.update().where(USERS.c.username == username).values(email=email))
    facts = {**said, **({"email_given": True} if email is not None else {})}
    if there is None and trained_until is not None:
        facts["trained_until"] = trained_until.isoformat()
    if there is None or email is not None:
        record_change(connection, operator, "set_email" if there else "add_user", found["authority"], facts)
    return there is None


def change_user(
    connection: Connection,
    operator: Operator,
    *,
    username: str,
    name: str | None = None,
    email: str | None = None,
    trained_until: date | None = None,
) -> bool:
    """Corrects what is given of an account: a name, an address, a training. True, or False where it says so already.

    `trained_until` is the last day of the training to assess parents with a learning disability; one that has passed
    ends it.
    Role and team stay: whoever works elsewhere gets another account, so that what was done keeps its role.
    """
    row = connection.execute(
        select(USERS, TEAMS.c.authority)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.username == username)
        .with_for_update(of=USERS)
    ).first()
    if row is None:
        raise NotFound(f"there is no account {username[:60]!r} (see `waymark user list`)")
    if name is not None and not name.strip():
        raise BadInput("an account needs the name of the person")
    if email is not None and not ADDRESS.fullmatch(email):
        raise BadInput(f"{email[:80]!r} is not an e-mail address")
    given = {"name": name and name.strip(), "email": email, "trained_until": trained_until}
    values = {key: value for key, value in given.items() if value is not None and value != getattr(row, key)}
    if not values:
        return False
    connection.execute(USERS.update().where(USERS.c.username == username).values(values))
    facts = {"username": username, "changed": sorted(values)}
    trained = {"trained_until": trained_until.isoformat()} if trained_until and "trained_until" in values else {}
    record_change(connection, operator, "change_user", row.authority, {**facts, **trained})
    return True


def list_users(connection: Connection) -> list[dict[str, Any]]:
    """Every account, without its tokens."""
    query = select(USERS, TEAMS.c.authority).join(TEAMS, TEAMS.c.code == USERS.c.team).order_by(USERS.c.username)
    return [dict(row) for row in connection.execute(query).mappings()]


def trainings(connection: Connection, authority: str) -> list[dict[str, Any]]:
    """The active caseworkers of an authority with the last day of their training, those it runs out for first.

    Those with none stand last.
    """
    query = (
        select(USERS.c.username, USERS.c.name, USERS.c.trained_until, TEAMS.c.name.label("team_name"))
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where((TEAMS.c.authority == authority) & USERS.c.active & (USERS.c.role == Role.CASEWORKER))
        .order_by(USERS.c.trained_until.is_(None), USERS.c.trained_until, USERS.c.name)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def colleagues(connection: Connection, authority: str, record: str) -> dict[str, str]:
    """The active accounts of an authority that may hold this kind of record: user name to name and team, by name."""
    query = (
        select(USERS.c.username, USERS.c.name, TEAMS.c.name.label("team"))
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where((TEAMS.c.authority == authority) & TEAMS.c.record.in_((record, Record.BOTH)) & USERS.c.active)
        .order_by(USERS.c.name, USERS.c.username)
    )
    return {row.username: f"{row.name}, {row.team}" for row in connection.execute(query)}


def teams_for(connection: Connection, authority: str, record: str) -> dict[str, str]:
    """The teams of an authority that may hold this kind of record: code to name, by name."""
    wanted = (TEAMS.c.authority == authority) & TEAMS.c.record.in_((record, Record.BOTH))
    rows = connection.execute(select(TEAMS.c.code, TEAMS.c.name).where(wanted).order_by(TEAMS.c.name))
    return {row.code: row.name for row in rows}


def disable_user(connection: Connection, operator: Operator, *, username: str) -> None:
    """Closes an account, revokes its tokens and ends its sessions at once; its name stays on all it did."""
    row = connection.execute(
        select(USERS.c.active, TEAMS.c.authority)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.username == username)
    ).first()
    if row is None:
        raise NotFound(f"there is no account {username[:60]!r} (see `waymark user list`)")
    if not row.active:
        raise Conflict(f"the account {username!r} is disabled already")
    connection.execute(USERS.update().where(USERS.c.username == username).values(active=False))
    live = (TOKENS.c.username == username) & TOKENS.c.revoked_at.is_(None)
    connection.execute(TOKENS.update().where(live).values(revoked_at=operator.now))
    open_ = (SESSIONS.c.username == username) & SESSIONS.c.ended_at.is_(None)
    connection.execute(SESSIONS.update().where(open_).values(ended_at=operator.now))
    record_change(connection, operator, "disable_user", row.authority, {"username": username})


def _check_manager(connection: Connection, manager: str, team: str, authority: str) -> None:
    found = find_actor(connection, manager)
    if found.authority != authority:
        raise BadInput(f"{manager} works for {found.authority}, the team {team} for {authority}")


def _check_name(what: str, name: str) -> None:
    if not NAMED.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} is not a {what}: up to 60 small letters, digits, dots, dashes and underscores, "
            "the first a letter or digit"
        )


def record_change(
    connection: Connection, operator: Operator, trigger: str, authority: str, facts: Mapping[str, Any]
) -> None:
    """What was done to accounts is evidence too, on the chain of what belongs to no case."""
    audit.append_system(
        connection,
        {
            "kind": EntryKind.SYSTEM,
            "trigger": trigger,
            "authority": authority,
            "occurred_at": operator.now,
            "recorded_at": operator.now,
            "actor": operator.name,
            "actor_role": Role.ADMINISTRATOR,
            "actor_team": "",
            "facts": dict(facts),
            "source": operator.source,
            "request_id": operator.request_id,
        },
    )


def teams_with_cases(connection: Connection, authority: str, record: str) -> dict[str, str]:
    """The names of the teams that take cases of this record, by code: those that a team's or Pause's lead manages."""
    leads = USERS.c.role.in_((Role.TEAM_MANAGER, Role.PAUSE_LEAD))
    query = (
        select(TEAMS.c.code, TEAMS.c.name)
        .join(USERS, USERS.c.username == TEAMS.c.manager)
        .where((TEAMS.c.authority == authority) & TEAMS.c.record.in_((record, Record.BOTH)) & leads)
        .order_by(TEAMS.c.name)
    )
    return {row.code: row.name for row in connection.execute(query)}


def workers_of(connection: Connection, authority: str, record: str, team: str | None = None) -> dict[str, str]:
    """The names of those who hold cases of this record, by user name; of one team where it is given."""
    working = USERS.c.role.in_((Role.CASEWORKER, Role.PAUSE_PRACTITIONER))
    query = (
        select(USERS.c.username, USERS.c.name)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.active, working, TEAMS.c.authority == authority, TEAMS.c.record.in_((record, Record.BOTH)))
        .order_by(USERS.c.name, USERS.c.username)
    )
    rows = connection.execute(query if team is None else query.where(TEAMS.c.code == team))
    return {row.username: row.name for row in rows}
