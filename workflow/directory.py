"""Accounts and teams of one authority: those of another are not there."""

from typing import Any

from sqlalchemy import Connection, Select, select

from workflow.accounts import TEAMS, USERS
from workflow.errors import BadInput, NotFound
from workflow.identity.credentials import CREDENTIALS


def people_query(authority: str) -> Select[Any]:
    """The accounts of an authority, with the name of their team and since when they have a second factor."""
    return (
        select(USERS, TEAMS.c.name.label("team_name"), CREDENTIALS.c.totp_confirmed_at)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .outerjoin(CREDENTIALS, CREDENTIALS.c.username == USERS.c.username)
        .where(TEAMS.c.authority == authority)
    )


def page_of_people(
    connection: Connection, authority: str, *, after: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """One more than `limit` accounts where more follow, by the name to sign in with."""
    query = people_query(authority).order_by(USERS.c.username).limit(limit + 1)
    if after is not None:
        query = query.where(USERS.c.username > after)
    return [dict(row) for row in connection.execute(query).mappings()]


def names_of_people(connection: Connection, authority: str) -> dict[str, str]:
    """The active accounts of an authority, to choose from: user name and name."""
    query = (
        select(USERS.c.username, USERS.c.name)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(TEAMS.c.authority == authority, USERS.c.active)
        .order_by(USERS.c.name, USERS.c.username)
    )
    return {row.username: row.name for row in connection.execute(query)}


def find_person(connection: Connection, authority: str, username: str, *, lock: bool = False) -> dict[str, Any]:
    """The account; NotFound, in the same words, where there is none and where it is another authority's."""
    query = people_query(authority).where(USERS.c.username == username)
    row = connection.execute(query.with_for_update(of=USERS) if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"there is no account {username[:60]!r} in {authority}")
    return dict(row)


def teams_of(connection: Connection, authority: str) -> list[dict[str, Any]]:
    query = select(TEAMS).where(TEAMS.c.authority == authority).order_by(TEAMS.c.code)
    return [dict(row) for row in connection.execute(query).mappings()]


def find_team(connection: Connection, authority: str, code: str, *, lock: bool = False) -> dict[str, Any]:
    """The team; NotFound where there is none, or it is another authority's."""
    query = select(TEAMS).where((TEAMS.c.code == code) & (TEAMS.c.authority == authority))
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"there is no team {code[:60]!r} in {authority}")
    return dict(row)


def check_manager(connection: Connection, authority: str, username: str | None) -> None:
    """BadInput where no active account of this authority has that name."""
    if username is None:
        return
    try:
        active = find_person(connection, authority, username)["active"]
    except NotFound:
        active = False
    if not active:
        raise BadInput(f"there is no active account {username[:60]!r} in {authority}")
