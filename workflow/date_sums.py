"""Sums with dates as people ask for them: so many working days on, and how far a pregnancy is."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from scheduler.calendars import WorkingCalendar, add_days, add_months, written
from scheduler.gestation import as_weeks, gestation_on
from workflow.errors import BadInput

MOST = 100_000


class Unit(StrEnum):
    """What is counted."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


def sum_of(day: date, number: int, unit: Unit, calendar: WorkingCalendar) -> Mapping[str, Any]:
    """The date so many units on, the bank holidays passed over, and whether those are verified.

    BadInput where there is no such date, or its working days are not known.
    """
    working = unit is Unit.WORKING_DAYS
    try:
        found = _added(day, number, unit, calendar)
        off = calendar.skipped(min(day, found), max(day, found)) if working else []
    except ValueError as error:
        raise BadInput(str(error)) from None
    return {
        "from": day,
        "amount": number,
        "unit": unit.value,
        "date": found,
        "in_words": written(found),
        "not_counted": [{"date": one, "why": why} for one, why in off if why not in ("Saturday", "Sunday")],
        "verified": not (working and calendar.beyond_horizon(max(day, found))),
        "calendar": calendar.version if working else None,
    }


def gestation(edd: date, day: date) -> Mapping[str, Any]:
    """How far a pregnancy is on a day."""
    days = gestation_on(edd, day)
    return {"edd": edd, "date": day, "days": days, "gestation": as_weeks(days)}


def _added(day: date, number: int, unit: Unit, calendar: WorkingCalendar) -> date:
    match unit:
        case Unit.WORKING_DAYS:
            return calendar.add_working_days(day, number)
        case Unit.WEEKS:
            return add_days(day, 7 * number)
        case Unit.MONTHS:
            return add_months(day, number)
        case _:
            return add_days(day, number)
