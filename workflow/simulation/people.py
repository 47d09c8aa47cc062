"""Who works in a scenario: accounts of every role in three teams, or those the scenario names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from states.roles import Role
from workflow.accounts import TEAMS, USERS, Actor, find_actor
from workflow.models import Record
from workflow.recipients import TEAM_LEADS

RECORDS = {"prebirth": Record.BABY, "pause": Record.PAUSE, "management": Record.BOTH}
HOME = {Record.BABY: "prebirth", Record.PAUSE: "pause", Record.BOTH: "management"}  # who holds the cases of a record
WORKER = {
    Record.BABY: Role.CASEWORKER,
    Record.PAUSE: Role.PAUSE_PRACTITIONER,
    Record.BOTH: Role.SERVICE_MANAGER,
}
_CAST = {
    "prebirth": ("FD", "EDT", "CW", "CW", "TM", "LEG", "CHAIR"),
    "pause": ("PP", "PP", "PL"),
    "management": ("SM", "HOS", "AD", "AUD", "OVS", "ADM"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account of a scenario, such as prebirth.cw."""

    username: str
    role: Role
    team: str


def default_cast() -> tuple[Person, ...]:
    """One account of each role, named team.role; of workers two, so that one can cover for the other."""
    people: dict[str, Person] = {}
    for team, roles in _CAST.items():
        for role in roles:
            name = f"{team}.{role.lower()}"
            name += "2" if name in people else ""
            people[name] = Person(username=name, role=Role(role), team=team)
    return tuple(people.values())


def add_cast(connection: Connection, people: Sequence[Person], authority: str, now: datetime) -> None:
    """Makes the teams and accounts; the first lead of a team is its manager."""
    leads: dict[str, str] = {}
    for one in people:
        if one.role in TEAM_LEADS:
            leads.setdefault(one.team, one.username)
    teams = [
        {"code": team, "name": f"{team} team", "authority": authority, "record": record, "manager": leads.get(team)}
        for team, record in RECORDS.items()
    ]
    users = [
        {
            "username": one.username,
            "name": f"{one.role} of {one.team}",
            "role": one.role,
            "team": one.team,
            "active": True,
            "trained_until": date.max,
            "created_at": now,
        }
        for one in people
    ]
    connection.execute(TEAMS.insert(), teams)
    connection.execute(USERS.insert(), users)


def find_people(connection: Connection) -> dict[str, Actor]:
    return {name: find_actor(connection, name) for name in connection.execute(select(USERS.c.username)).scalars()}
