"""Absence: who is away, from when to when, and who is told in their place."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import local_date
from states.roles import Role
from workflow.accounts import TEAMS, USERS, Actor, find_actor
from workflow.acts import Way, record_system_act
from workflow.engine import Engine
from workflow.errors import BadInput, NotAllowed, NotFound
from workflow.models import Record
from workflow.permissions import LEADS
from workflow.recipients import ABSENCES

MAY_SET = (*LEADS, Role.ADMINISTRATOR)


def set_absence(
    engine: Engine,
    actor: Actor,
    now: datetime,
    *,
    username: str,
    starts_on: date,
    ends_on: date,
    cover: str | None = None,
    way: Way | None = None,
) -> None:
    """From the first to the last of these days, what would be told to them is told to their cover, else their manager.

    It takes the place of absences of the same person that overlap it, so that one can be made longer or shorter.
    """
    engine.retried(
        lambda connection: put_absence(
            connection, actor, now, username=username, starts_on=starts_on, ends_on=ends_on, cover=cover, way=way
        )
    )


def put_absence(
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    username: str,
    starts_on: date,
    ends_on: date,
    cover: str | None = None,
    way: Way | None = None,
) -> None:
    """The same inside a transaction."""
    _check(connection, actor, username, cover)
    if ends_on < starts_on:
        raise BadInput(f"an absence from {starts_on} cannot end on {ends_on}, before it began")
    if ends_on < local_date(now) and not _overlapping(connection, username, starts_on, ends_on):
        raise BadInput(f"an absence that ended on {ends_on} has passed")
    overlap = (ABSENCES.c.starts_on <= ends_on) & (ABSENCES.c.ends_on >= starts_on)
    connection.execute(ABSENCES.delete().where((ABSENCES.c.username == username) & overlap))
    row = {"username": username, "starts_on": starts_on, "ends_on": ends_on, "cover": cover}
    connection.execute(ABSENCES.insert(), row)
    said = {**row, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    record_system_act(connection, "set_absence", actor, now, facts=said, way=way)


def _overlapping(connection: Connection, username: str, starts_on: date, ends_on: date) -> bool:
    overlap = (ABSENCES.c.starts_on <= ends_on) & (ABSENCES.c.ends_on >= starts_on)
    return (
        connection.execute(select(ABSENCES.c.username).where((ABSENCES.c.username == username) & overlap)).first()
        is not None
    )


def _check(connection: Connection, actor: Actor, username: str, cover: str | None) -> None:
    person = _account(connection, username)
    if person is None or person["authority"] != actor.authority:
        raise NotFound(f"there is no account {username[:60]!r} in {actor.authority}")
    if actor.username != username and actor.role not in MAY_SET:
        raise NotAllowed(f"only {username} themselves, a manager or an administrator can say that they are away")
    if cover is None:
        return
    if cover == username:
        raise BadInput("nobody covers for themselves")
    covering = find_actor(connection, cover)
    if covering.authority != person["authority"]:
        raise BadInput(f"{cover} works for {covering.authority}, {username} for {person['authority']}")
    if covering.record not in (Record.BOTH, person["record"]):
        raise BadInput(f"{cover} may not read the cases of {username}: name somebody who works on the same record")


def _account(connection: Connection, username: str) -> dict[str, Any] | None:
    query = (
        select(USERS.c.username, TEAMS.c.authority, TEAMS.c.record)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.username == username)
    )
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def list_absences(connection: Connection, authority: str, *, username: str | None = None) -> list[dict[str, Any]]:
    """Who of an authority is away when, and who covers; of one person where a name is given."""
    query = (
        select(ABSENCES)
        .join(USERS, USERS.c.username == ABSENCES.c.username)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(TEAMS.c.authority == authority)
        .order_by(ABSENCES.c.starts_on, ABSENCES.c.username)
    )
    if username is not None:
        query = query.where(ABSENCES.c.username == username)
    return [dict(row) for row in connection.execute(query).mappings()]


def remove_absence(
    engine: Engine, actor: Actor, now: datetime, *, username: str, starts_on: date, way: Way | None = None
) -> None:
    """They are there after all: from now on they are told themselves. NotFound where they were not to be away."""

    def work(connection: Connection) -> None:
        _check(connection, actor, username, None)
        named = (ABSENCES.c.username == username) & (ABSENCES.c.starts_on == starts_on)
        if connection.execute(ABSENCES.delete().where(named)).rowcount == 0:
            raise NotFound(f"{username} has no absence that begins on {starts_on}")
        said = {"username": username, "starts_on": starts_on.isoformat()}
        record_system_act(connection, "remove_absence", actor, now, facts=said, way=way)

    engine.retried(work)
