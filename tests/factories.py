"""A small authority to test in, and valid facts for any transition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from config.policy import load_policies
from config.settings import Settings
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType
from states.lifecycle import NEW
from states.roles import Role
from workflow.accounts import TEAMS, USERS, Actor, find_actor
from workflow.bootstrap import Service, england
from workflow.database import Database
from workflow.engine import Engine
from workflow.looking import Looking
from workflow.moves import Move, Moved, Opening
from workflow.policies import Policies

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)  # a Wednesday
POLICIES = load_policies()
MANAGERS = {"baby": "baby.TM", "pause": "pause.PL"}
PEOPLE = {
    "baby": ("FD", "EDT", "CW", "TM", "SM", "HOS", "AD", "LEG", "CHAIR"),
    "pause": ("PP", "PL", "SM"),
    "both": ("AUD", "ADM", "OVS"),
}


def add_people(database: Database, authority: str = "durham", now: datetime = NOW) -> None:
    """Three teams, with one account of each role named team.role (baby.CW) and a second one (baby.CW2)."""
    with database.write() as connection:
        connection.execute(
            TEAMS.insert(),
            [
                {
                    "code": team,
                    "name": f"Team {team}",
                    "authority": authority,
                    "record": team,
                    "manager": MANAGERS.get(team),
                }
                for team in PEOPLE
            ],
        )
        connection.execute(
            USERS.insert(),
            [
                {
                    "username": f"{team}.{role}{number}",
                    "name": f"{role} {number or 1} of {team}",
                    "role": role,
                    "team": team,
                    "active": True,
                    "trained_until": NOW.date() + timedelta(days=3650),
                    "created_at": now,
                }
                for team, roles in PEOPLE.items()
                for role in roles
                for number in ("", 2)
            ],
        )


def service_on(database: Database) -> Service:
    policies = Policies(POLICIES)
    engine = Engine(database, policies, england(POLICIES["statutory"]))
    return Service(Settings(database_url=str(database.url)), database, policies, engine)


@dataclass
class Desk:
    """A desk in Durham: fires moves on the engine as any of its people, with `now` as the server's time."""

    database: Database
    now: datetime = NOW
    authority: str = "durham"
    people: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service = service_on(self.database)
        self.engine = self.service.engine
        with self.database.read() as connection:
            for team, roles in PEOPLE.items():
                for name in (f"{team}.{role}{number}" for role in roles for number in ("", 2)):
                    self.people[name] = find_actor(connection, name)

    def who(self, name: str) -> Actor:
        return self.people[name]

    def open(
        self,
        lifecycle: str,
        as_: str,
        facts: Mapping[str, Any],
        *,
        parent: str | None = None,
        child: int | None = None,
        at: datetime | None = None,
        key: str | None = None,
    ) -> Moved:
        opening = Opening(
            lifecycle=lifecycle,
            authority=self.authority,
            team=LIFECYCLES[lifecycle].record,
            parent=parent,
            child=child,
        )
        move = Move(trigger=opening_trigger(lifecycle), opening=opening, facts=facts, occurred_at=at, key=key)
        return self.engine.fire(move, self.who(as_), self.now)

    def looks_as(self, name: str) -> Looking:
        """What that person sees now."""
        return Looking(service=self.service, actor=self.who(name), now=self.now, source="api", request_id="test")

    def fire(self, case: str, trigger: str, as_: str, facts: Mapping[str, Any] | None = None, **move: Any) -> Moved:
        return self.engine.fire(Move(trigger=trigger, case=case, facts=facts or {}, **move), self.who(as_), self.now)


def opening_trigger(lifecycle: str) -> str:
    rows = [row for row in LIFECYCLES[lifecycle].transitions if NEW in row.sources and row.trigger != "migrate_in"]
    return rows[0].trigger


def facts_for(facts: Iterable[Fact], day: date, **given: Any) -> dict[str, Any]:
    """A valid value for every required fact that is not given, as of `day`; given values win."""
    return {**{fact.name: _value(fact, day) for fact in facts if fact.required and fact.name not in given}, **given}


def _value(fact: Fact, day: date) -> Any:
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9)
    match fact.type:
        case FactType.TEXT:
            return "1" if fact.pattern else f"invented {fact.label.lower()}"
        case FactType.DATE:
            return day.isoformat()
        case FactType.INSTANT:
            return at.isoformat()
        case FactType.BOOLEAN:
            return True
        case FactType.INTEGER:
            return fact.minimum or 1
        case FactType.CHOICE:
            return next(iter(fact.choices or {}))
        case FactType.CHOICES:
            return [next(iter(fact.choices or {}))]
        case FactType.PERSON:
            return "baby.CW"
        case FactType.RECORDS:
            return [facts_for(fact.fields, day)]


def manager(lifecycle: str) -> str:
    return {**MANAGERS, "both": "baby.SM"}[LIFECYCLES[lifecycle].record]


__all__ = ["NOW", "POLICIES", "Desk", "Role", "add_people", "facts_for", "manager", "opening_trigger", "service_on"]
