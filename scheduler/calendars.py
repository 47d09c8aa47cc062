"""Legal days in England: local dates, ends of days, working days and calendar periods.

Day 0 is the local date of what starts a period. The N-th working day is the N-th after day 0, so a start on a day off
gives the same answer as a start on the working day before it. Periods of weeks and months are calendar periods.
"""

import calendar
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import metadata
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import holidays

LONDON = ZoneInfo("Europe/London")
COMPUTED = f"england, holidays {metadata.version('holidays')}"  # names the calendar without overrides
YEARS = range(1990, 2101)  # beyond these a date is a slip of the pen, and a table of its holidays a guess

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SATURDAY = 5


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. ValueError where it has no zone, since it could then mean two instants."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone, so it is not an instant")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def local_date(instant: datetime) -> date:
    """The date in England at that instant. ValueError where the instant has no time zone."""
    return as_utc(instant).astimezone(LONDON).date()


def at_time(day: date, wall: time) -> datetime:
    """The UTC instant at which clocks in England show `wall` on that day; the first of two in the repeated hour."""
    return datetime.combine(day, wall, LONDON).astimezone(UTC)


@lru_cache(maxsize=10_000)
def end_of_day(day: date) -> datetime:
    """The UTC instant at which a legal day ends: the local midnight that follows it.

    It is 23:00 UTC in summer time; the days on which the clocks change last 23 and 25 hours.
    """
    return at_time(add_days(day, 1), time(0))


def add_days(day: date, n: int) -> date:
    """The date `n` calendar days on (back where negative). ValueError where no such date can be written."""
    try:
        return day + timedelta(days=n)
    except OverflowError:
        raise ValueError(f"{n} days from {day} is beyond every calendar") from None


def add_months(day: date, n: int) -> date:
    """The same day of the month `n` months on (back where negative), or the last day of a shorter month.

    31 August 2025 and 18 months is 28 February 2027. ValueError where no such date can be written.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError(f"{n} months from {day} is beyond every calendar")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def weeks_beginning_with(day: date, n: int) -> date:
    """The last day of `n` weeks whose first day is `day`, as "within 26 weeks beginning with the day" is read."""
    return add_days(day, 7 * n - 1)


def completed_years(since: date, day: date) -> int:
    """Birthdays passed on that day; 29 February counts from 1 March in common years. Negative before `since`."""
    return day.year - since.year - ((day.month, day.day) < (since.month, since.day))


def completed_months(since: date, day: date) -> int:
    """Whole months passed on that day, agreeing with `add_months`: 31 January to 28 February is one."""
    months = (day.year - since.year) * 12 + day.month - since.month
    return months - (add_months(since, months) > day)


def written(day: date) -> str:
    """The date in words, whatever the locale of the machine: Monday 23 November 2026."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def written_at(instant: datetime) -> str:
    """The instant in words on clocks in England: 10:15 on Monday 23 November 2026."""
    local = as_utc(instant).astimezone(LONDON)
    return f"{local:%H:%M} on {written(local.date())}"


@dataclass(frozen=True, slots=True)
class Override:
    """A change to the computed bank holidays: `add` makes the day a day off, `remove` makes it a working day.

    For one-off holidays proclaimed at short notice and bank holidays that are moved. `reason` is shown in proofs.
    """

    day: date
    action: Literal["add", "remove"]
    reason: str


class _Year(NamedTuple):
    working: list[date]  # in order
    off: dict[date, str]  # named days off; plain Saturdays and Sundays are left out


@lru_cache(maxsize=len(YEARS))
def _bank_holidays(year: int) -> dict[date, str]:
    """England's bank holidays that fall on weekdays. Each year is asked for; none is filled in on demand."""
    found = holidays.country_holidays("GB", subdiv="ENG", years=year, expand=False)
    return {
        day: name.replace("(observed)", "(substitute day)")
        for day, name in sorted(found.items())
        if day.weekday() < _SATURDAY
    }


@dataclass(frozen=True)
class WorkingCalendar:
    """England's working days: no weekends, no bank holidays, and the overrides of an authority on top.

    `verified_to` is the last year whose holidays were compared with the official list: a date after it is computed
    but flagged. `version` names this calendar in proofs; change it with the overrides. `earlier` are the calendars that
    this one replaced: what was dated by one of them keeps its date. ValueError where a day has two overrides, one gives
    no reason, or a weekend would become a working day.
    """

    overrides: tuple[Override, ...] = ()
    verified_to: int = 2028
    version: str = COMPUTED
    earlier: tuple["WorkingCalendar", ...] = field(repr=False, compare=False, default=())
    _years: dict[int, _Year] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[date] = set()
        for override in self.overrides:
            if override.day in seen:
                raise ValueError(f"{override.day} has two overrides; keep one")
            if override.action not in ("add", "remove"):
                raise ValueError(f"the override of {override.day} must add or remove, not {override.action!r}")
            if not override.reason.strip():
                raise ValueError(f"the override of {override.day} needs a reason")
            if override.action == "remove" and override.day.weekday() >= _SATURDAY:
                raise ValueError(f"{written(override.day)} is a weekend and cannot become a working day")
            seen.add(override.day)

    def named(self, version: str) -> "WorkingCalendar":
        """The calendar of that version; this one where it is not among those replaced."""
        return next((one for one in self.earlier if one.version == version), self)

    def is_working(self, day: date) -> bool:
        return self.why_not(day) is None

    def why_not(self, day: date) -> str | None:
        """Why nobody works that day ("Christmas Day", "Saturday", an override's reason); None on a working day."""
        name = self._year(day).off.get(day)
        if name is None and day.weekday() >= _SATURDAY:
            return _WEEKDAYS[day.weekday()]
        return name

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`; for negative n the n-th before it.

        For 0 it is the day itself, or the last working day before it where nobody works that day.
        """
        year, working = day.year, self._year(day).working
        place = bisect_right(working, day) + n - 1 if n >= 0 else bisect_left(working, day) + n
        while place >= len(working):
            place -= len(working)
            year += 1
            working = self._table(year).working
        while place < 0:
            year -= 1
            working = self._table(year).working
            place += len(working)
        return working[place]

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end`; negative where `end` is earlier."""
        if end < start:
            return -self.working_days_between(end, start)
        before = bisect_right(self._year(start).working, start)
        whole_years = sum(len(self._table(year).working) for year in range(start.year, end.year))
        return whole_years + bisect_right(self._year(end).working, end) - before

    def skipped(self, day: date, until: date) -> list[tuple[date, str]]:
        """Each day off after `day` up to and including `until`, with its name, Saturdays and Sundays among them."""
        days = (add_days(day, n) for n in range(1, (until - day).days + 1))
        return [(one, name) for one in days if (name := self.why_not(one)) is not None]

    def beyond_horizon(self, day: date) -> bool:
        """Whether the bank holidays of that year have not been compared with the official list yet."""
        return day.year > self.verified_to

    def _year(self, day: date) -> _Year:
        if isinstance(day, datetime):  # a datetime passes for a date, but equals none
            raise TypeError(f"{day!r} is an instant; ask for its local date first")
        return self._table(day.year)

    def _table(self, year: int) -> _Year:
        if (table := self._years.get(year)) is None:
            table = self._years[year] = self._build(year)
        return table

    def _build(self, year: int) -> _Year:
        if year not in YEARS:
            raise ValueError(f"working days are known for {YEARS[0]} to {YEARS[-1]}, not for {year}")
        off = dict(_bank_holidays(year))
        for override in self.overrides:
            if override.day.year == year and override.action == "add":
                off[override.day] = override.reason
            elif override.day.year == year:
                off.pop(override.day, None)
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(365 + calendar.isleap(year)))
        return _Year([day for day in days if day.weekday() < _SATURDAY and day not in off], off)
