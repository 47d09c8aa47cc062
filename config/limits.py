"""Time limits as policy data: how long a clock may run, with unit, basis, source and effective date."""

from datetime import date
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Unit(StrEnum):
    """How a limit counts (semantics: docs/glossary.md and scheduler.calendars)."""

    HOURS = "hours"  # elapsed hours from an instant, to the minute
    WORKING_DAYS = "working_days"  # the N-th working day after the start day, to the end of that day
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"  # the same day of the month, or its last day
    WEEKS_BEGINNING_WITH = "weeks_beginning_with"  # the start day is the first day of the period
    GESTATION = "gestation"  # a point of the pregnancy, such as 34+0


class Basis(StrEnum):
    """What stands behind a limit."""

    STATUTE = "statute"
    STATUTORY_GUIDANCE = "statutory_guidance"
    LOCAL = "local"
    PROPOSAL = "proposal"


class Term(BaseModel):
    """One way to reach a date: `amount` of `unit` counted from the clock's start or from a dated fact.

    `amount` is a whole number, negative to count back (days, weeks or hours only), or weeks+days of gestation ("34+0").
    `since` is "start" or the name of a date or instant among the case's facts, such as received_on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int | str
    unit: Unit
    since: str = "start"

    @model_validator(mode="after")
    def _amount_fits_unit(self) -> Self:
        if self.unit is Unit.GESTATION:
            gestation_days(str(self.amount))
        elif not isinstance(self.amount, int):
            raise ValueError(f"amount must be a whole number of {self.unit}")
        return self


def gestation_days(text: str) -> int:
    """Completed days of gestation for weeks+days: "34+0" is 238. ValueError where it is not of that form."""
    weeks, plus, days = text.partition("+")
    if not (plus and weeks.isdigit() and days.isdigit() and int(days) <= 6 and int(weeks) <= 45):
        raise ValueError(f"gestation must be weeks+days such as 34+0, not {text!r}")
    return int(weeks) * 7 + int(days)


class TimeLimit(BaseModel):
    """How long one clock may run. The due date is the earliest (or latest) of the terms, never before `not_under`.

    `late_start`: a gestation milestone that is past, or less than 10 working days away, when its clock starts is due at
    the earlier of 10 working days and 37+0, or in 1 working day from 37+0 on, and is shown as started late.
    A term whose anchor is not known is left out; where none is left the due date is undetermined.
    `pausable` and `extendable_by` default to no and nobody. `ladder` names who is told when it slips.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: tuple[Term, ...] = Field(min_length=1)
    take: Literal["earliest", "latest"] = "earliest"
    not_under: Term | None = None
    late_start: bool = False
    amber: Term | None = None  # warns this long before the due date; without it, the ladder's own rule
    basis: Basis
    source: str = Field(min_length=1)
    effective_from: date
    pausable: bool = False
    extendable_by: Literal["nobody", "manager", "court"] = "nobody"
    ladder: str = "standard"
    says: str = ""  # the rule in plain words, where the terms need it

    def snapshot(self) -> dict[str, Any]:
        """The limit as JSON, to be kept with the deadline it produced."""
        return self.model_dump(mode="json", exclude_defaults=True)
