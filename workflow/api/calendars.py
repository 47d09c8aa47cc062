"""Sums with dates, and changes to the bank holidays."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from scheduler.calendars import YEARS
from workflow import calendar_changes, date_sums
from workflow.api.bodies import Day, Given
from workflow.api.headers import Key
from workflow.api.routing import ACTS, subject
from workflow.date_sums import MOST, Unit
from workflow.errors import BadInput
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.serving.once import once
from workflow.serving.problem_types import responses

router = subject("calendar")
RuleReader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
CalendarKeeper = Annotated[Asking, Depends(Needs(Permission.CHANGE_CALENDAR))]
Asked = Annotated[Day, Query(description="a date", examples=["2026-12-23"])]


class NotCounted(BaseModel):
    date: date
    why: str = Field(examples=["Christmas Day"])


class DateSum(BaseModel):
    """The date found, the bank holidays passed over, and whether these have been compared with the official list."""

    from_: date = Field(alias="from")
    amount: int
    unit: Unit
    date: date
    in_words: str = Field(examples=["Wednesday 30 December 2026"])
    not_counted: list[NotCounted]
    verified: bool
    calendar: str | None


class Gestation(BaseModel):
    edd: date
    date: date
    days: int = Field(description="completed days; negative before 0+0")
    gestation: str = Field(description="weeks+days", examples=["34+0"])


class WantedChange(Given):
    day: Day = Field(examples=["2027-05-07"])
    change: Literal["add", "remove"] = Field(description="add: make it a day off; remove: a working day")
    reason: str = Field(max_length=10_000, examples=["royal proclamation of 2 February 2027"])


class ChangedDay(Given):
    day: Day = Field(examples=["2027-05-07"])


class Moved(BaseModel):
    """A running deadline, before and after."""

    deadline: str = Field(examples=["PB-12.3"])
    clock: str
    label: str
    due_before: datetime | None
    due_after: datetime | None


class Moves(BaseModel):
    """The open deadlines that it moves, of the cases I may read."""

    deadlines: list[Moved]


@router.get("/calendar/add", responses=responses(401, 403, 422, 429, 503))
def add(
    asking: RuleReader,
    date: Asked,
    n: Annotated[int, Query(ge=-MOST, le=MOST, description="how many; negative to count back", examples=[3])],
    unit: Unit = Unit.WORKING_DAYS,
) -> DateSum:
    """Add working days, days, weeks or months to a date; working days are England's."""
    return DateSum(**date_sums.sum_of(date, n, unit, asking.service.engine.calendar))


@router.get("/calendar/gestation", responses=responses(401, 403, 422, 429, 503))
def gestation(
    asking: RuleReader, edd: Annotated[Day, Query(description="the expected date of birth")], date: Asked
) -> Gestation:
    """How far a pregnancy is on a day."""
    return Gestation(**date_sums.gestation(edd, date))


@router.post("/calendar/overrides/preview", responses=responses(400, 401, 403, 413, 422, 429, 503))
def preview_override(asking: CalendarKeeper, given: WantedChange) -> Moves:
    """Which open deadlines a change of the bank holidays would move. Nothing is changed."""
    _check_year(given.day)
    engine = asking.service.engine
    tried = calendar_changes.with_change(engine.calendar, given.day, given.change, given.reason)
    return _looked_at(asking, calendar_changes.preview(engine, asking.actor, asking.now, on=given.day, calendar=tried))


@router.post("/calendar/overrides", status_code=201, responses=ACTS)
def record_override(asking: CalendarKeeper, given: WantedChange, key: Key) -> Moves:
    """Make a day a bank holiday or a working day, from now on; service managers and above, and administrators.

    The open deadlines answered keep their dates until the change is applied to them.
    """
    _check_year(given.day)
    engine, said = asking.service.engine, {"makes": "calendar change", **given.model_dump(mode="json")}

    def work(connection: Connection) -> None:
        calendar_changes.keep_change(
            engine,
            connection,
            asking.actor,
            asking.now,
            on=given.day,
            action=given.change,
            reason=given.reason,
            way=asking.way(key),
        )

    once(asking, key, said, work, lambda _: None)
    with engine.database.read() as connection:
        engine.refresh_calendar(connection)
    return _looked_at(asking, calendar_changes.preview(engine, asking.actor, asking.now, on=given.day))


@router.post("/calendar/overrides/apply", responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503))
def apply_override(asking: CalendarKeeper, given: ChangedDay) -> Moves:
    """Date anew the open deadlines that a recorded change moves. Doing it again finds nothing left to do."""
    _check_year(given.day)
    moved = calendar_changes.apply_change(
        asking.service.engine, asking.actor, asking.now, on=given.day, way=asking.way()
    )
    return _looked_at(asking, moved)


def _check_year(day: date) -> None:
    if day.year not in YEARS:
        raise BadInput(f"working days are known for {YEARS[0]} to {YEARS[-1]}, not for {day.year}")


def _looked_at(asking: Asking, rows: list[dict[str, Any]]) -> Moves:
    looking(asking).report("deadlines a change of the calendar moves", len(rows))
    return Moves(deadlines=[Moved(**row) for row in rows])
