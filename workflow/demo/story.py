"""A story: what is planned to happen to one case and those under it; what lies in the past is told to the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from random import Random
from typing import Any

from sqlalchemy import Connection

from scheduler.calendars import WorkingCalendar, add_days, at_time, local_date
from states.catalogue import LIFECYCLES
from workflow.accounts import Actor, find_actor
from workflow.engine import Engine
from workflow.errors import WaymarkError
from workflow.moves import Move, Opening
from workflow.references import read_reference, reference
from workflow.repository import cases_under
from workflow.requirements import BESIDE

FAMILY = "family"  # the case at the head of a story; those under it have names of their own
FIRST_HOUR, MINUTES_APART = 9, 20
MOST_IN_A_DAY = 36


@dataclass(frozen=True, slots=True)
class RefOf:
    """Stands in a fact for the reference of another case of the story, which is known once that is opened."""

    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every story shares: the present day, working days, and chance with a fixed seed."""

    today: date
    calendar: WorkingCalendar
    rng: Random

    @property
    def yesterday(self) -> date:
        return add_days(self.today, -1)

    def work(self, day: date, n: int = 0) -> date:
        """The n-th working day after `day` (before it where negative); for 0 that day or the last one before it."""
        return self.calendar.add_working_days(day, n)

    def days(self, first: date, last: date, apart: int) -> Iterator[date]:
        """Working days from `first` up to `last`, never more than `apart` days apart."""
        day = self.work(first)
        while day <= last:
            yield day
            later = self.work(add_days(day, apart))
            day = later if later > day else self.work(day, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One move on one day; `opens` names the lifecycle of the case it opens."""

    day: date
    trigger: str
    by: str
    case: str
    facts: Mapping[str, Any]
    opens: str | None = None
    child: int | None = None


@dataclass(slots=True, kw_only=True)
class Story:
    """The planned course of one case. Moves of one day happen in the order in which they were planned."""

    authority: str
    team: str
    happenings: list[Happening] = field(default_factory=list)

    def opens(
        self,
        day: date,
        lifecycle: str,
        trigger: str,
        by: str,
        *,
        case: str = FAMILY,
        child: int | None = None,
        **facts: Any,
    ) -> None:
        if child is not None:
            facts["child"] = child
        self.happenings.append(
            Happening(day=day, trigger=trigger, by=by, case=case, facts=facts, opens=lifecycle, child=child)
        )

    def then(self, day: date, trigger: str, by: str, *, case: str = FAMILY, **facts: Any) -> None:
        self.happenings.append(Happening(day=day, trigger=trigger, by=by, case=case, facts=facts))

    def cut(self, day: date, case: str | None = None) -> None:
        """Plans nothing from that day on (for that case, where named); what follows is planned anew."""
        self.happenings = [one for one in self.happenings if one.day < day or case not in (None, one.case)]

    def pass_on(self, after: date, old: str, new: str) -> None:
        """After that day another person does what was planned for the first."""
        self.happenings = [
            replace(one, by=new) if one.by == old and one.day > after else one for one in self.happenings
        ]

    def in_order(self, until: date) -> list[Happening]:
        """What happens up to the end of that day."""
        return sorted((one for one in self.happenings if one.day <= until), key=lambda one: one.day)


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells stories to the engine, inside one transaction: every move judged like any other, recorded `now`."""

    engine: Engine
    connection: Connection
    now: datetime
    moves: int = 0
    cases: int = 0
    _actors: dict[str, Actor] = field(default_factory=dict)

    def tell(self, story: Story) -> str:
        """Fires all that lies before the present day; returns the reference of the case at its head."""
        refs: dict[str, str] = {}
        told: dict[date, int] = {}
        for one in story.in_order(add_days(local_date(self.now), -1)):
            place = told[one.day] = told.get(one.day, -1) + 1
            minutes = FIRST_HOUR * 60 + min(place, MOST_IN_A_DAY) * MINUTES_APART
            at = at_time(one.day, time(minutes // 60, minutes % 60))
            refs[one.case] = self._fire(story, one, refs, at)
            if one.facts.get("immediate_safety_concern"):
                refs.update(self._opened_by_itself(refs[FAMILY]))
        return refs[FAMILY]

    def _opened_by_itself(self, family: str) -> dict[str, str]:
        """The cases the engine opened under one that needs protection first, by the lifecycle they have."""
        rows = cases_under(self.connection, read_reference(family)[1])
        self.cases += len(rows)
        return {row["lifecycle"]: reference(row["lifecycle"], row["id"]) for row in rows}

    def _fire(self, story: Story, one: Happening, refs: Mapping[str, str], at: datetime) -> str:
        opening = None
        if one.opens is not None:
            under = LIFECYCLES[one.opens].parent is not None
            parent = refs[FAMILY] if under else None
            opening = Opening(
                lifecycle=one.opens, authority=story.authority, team=story.team, parent=parent, child=one.child
            )
            self.cases += 1
        move = Move(
            trigger=one.trigger,
            case=None if opening else refs[one.case],
            opening=opening,
            facts={name: refs[fact.case] if isinstance(fact, RefOf) else fact for name, fact in one.facts.items()},
            occurred_at=at,
            reason_code=one.facts.get("reason_code"),
            source="demo",
            request_id="demo",
        )
        self.moves += 1
        self.cases += any(one.facts.get(name) for name in BESIDE)  # the service opens another record beside it
        try:
            return self.engine.fire_in(self.connection, move, self._actor(one.by), self.now).case
        except WaymarkError as error:
            error.add_note(f"demo: {one.trigger} on {one.day} in a story of {story.authority}")
            raise

    def _actor(self, username: str) -> Actor:
        if username not in self._actors:
            self._actors[username] = find_actor(self.connection, username)
        return self._actors[username]
