"""When something is due: a limit on one case, moved by its pauses and extensions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from config.limits import Term, TimeLimit, Unit
from config.policy import Amber
from scheduler.calendars import WorkingCalendar, end_of_day, local_date
from scheduler.proofs import Step, prove
from scheduler.reckoning import STANDARD_AMBER, Anchors, Reckoning, add_hours, amber_at, move_day, reckon, to_the_minute


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due: a UTC instant and the local date it belongs to, both None while undetermined.

    A legal day ends at the following local midnight, so `due_at` is then the first instant of the next day. `flags` may
    hold "started_late", "undetermined" and "beyond_horizon" (bank holidays of that year are not verified).
    """

    due_at: datetime | None
    due_on: date | None
    amber_at: datetime | None
    flags: tuple[str, ...]
    _proof: Callable[[], list[Step]] = field(repr=False, compare=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The proof in plain sentences, worked out when it is asked for."""
        return tuple(self._proof())


class When(NamedTuple):
    """The date that stands: a UTC instant and its local date."""

    at: datetime
    on: date


class Pause(NamedTuple):
    since: datetime
    until: datetime


class Extension(NamedTuple):
    until: date | None
    amount: Term | None


def compute_due(limit: TimeLimit, anchors: Anchors, calendar: WorkingCalendar, amber: Amber = STANDARD_AMBER) -> Due:
    """When a clock with this limit is due; `amber` is the warning rule of its ladder (domain 8 unless said otherwise).

    ValueError where a date lies beyond the years a working calendar knows.
    """
    reckoning = reckon(limit, anchors, calendar)
    return due_of(reckoning, moved(reckoning, ()), amber, lambda: prove(reckoning))


def due_of(reckoning: Reckoning, when: When | None, amber: Amber, proof: Callable[[], list[Step]]) -> Due:
    if when is None:
        return Due(None, None, None, reckoning.flags(None), proof)
    return Due(when.at, when.on, amber_at(reckoning, when.at, when.on, amber), reckoning.flags(when.on), proof)


def moved(reckoning: Reckoning, shifts: Sequence[Pause | Extension]) -> When | None:
    """The date of the limit after these pauses and extensions, each applied to the date that stands before it."""
    if reckoning.decisive is None:
        return None
    when = When(reckoning.decisive.due_at, reckoning.decisive.due_on)
    for shift in shifts:
        if isinstance(shift, Pause):
            when = _after_pause(when, shift, reckoning.decisive.counts, reckoning.calendar)
        else:
            when = after_extension(when, shift, reckoning.calendar)
    return when


def _after_pause(when: When, pause: Pause, counts: Unit, calendar: WorkingCalendar) -> When:
    if pause.since >= when.at:
        return when  # a pause after the due date does not undo the breach
    if counts is Unit.HOURS:
        at = to_the_minute(when.at + (pause.until - pause.since))
        return When(at, local_date(at))
    days = days_paused(pause, counts, calendar)
    return _end_of(move_day(when.on, days, counts, calendar)) if days else when


def days_paused(pause: Pause, counts: Unit, calendar: WorkingCalendar) -> int:
    first, last = local_date(pause.since), local_date(pause.until)
    return calendar.working_days_between(first, last) if counts is Unit.WORKING_DAYS else (last - first).days


def after_extension(when: When, extension: Extension, calendar: WorkingCalendar) -> When:
    if extension.until is not None:
        # Once agreed, a date holds; where the case was re-dated beyond it since, it takes nothing away.
        return max(when, _end_of(extension.until))
    if extension.amount is None:
        return when
    if extension.amount.unit is Unit.HOURS:
        at = add_hours(when.at, int(extension.amount.amount))
        return When(at, local_date(at))
    return _end_of(move_day(when.on, int(extension.amount.amount), extension.amount.unit, calendar))


def _end_of(day: date) -> When:
    return When(end_of_day(day), day)
