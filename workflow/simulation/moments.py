"""When a step happens: a date in England, a time after another moment, a point of a pregnancy or a month of Pause."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scheduler.calendars import LONDON, WorkingCalendar, add_days, add_months, at_time, local_date
from scheduler.gestation import day_of
from workflow.simulation.keys import Keys

USUAL_TIME = time(10)
_SPAN = re.compile(r"([+-]?)\s*(\d{1,4})\s+(minute|hour|day|week|month|working day)s?")
_AT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?: (GMT|BST))?")
_ELAPSED = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: minutes and hours elapse; longer ones end at the same time of day in England."""

    amount: int
    unit: str

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if abs(self.amount) == 1 else 's'}"

    def after(self, since: datetime, calendar: WorkingCalendar) -> datetime:
        if self.unit in _ELAPSED:
            return since + self.amount * _ELAPSED[self.unit]
        wall = since.astimezone(LONDON).time().replace(fold=0)
        return at_time(self.after_day(local_date(since), calendar), wall)

    def after_day(self, day: date, calendar: WorkingCalendar) -> date:
        match self.unit:
            case "working day":
                return calendar.add_working_days(day, self.amount)
            case "month":
                return add_months(day, self.amount)
            case "week":
                return add_days(day, 7 * self.amount)
            case _:
                return add_days(day, self.amount)


def read_span(words: str) -> Span | None:
    """A span as written, such as "3 working days" or "+1 hour"; None where it is none."""
    found = _SPAN.fullmatch(words.strip())
    return Span(int(found[2]) * (-1 if found[1] == "-" else 1), found[3]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One way of saying when; all empty means at once."""

    at: datetime | None = None
    after: Span | None = None
    since_start: bool = False
    gestation: int | None = None
    pause_month: int | None = None
    wall: time | None = None

    def instant(
        self,
        previous: datetime,
        start: datetime,
        calendar: WorkingCalendar,
        *,
        edd: date | None = None,
        programme_start: date | None = None,
    ) -> datetime | None:
        """The UTC instant; None where the date it counts from is not known."""
        if self.at is not None:
            return self.at
        if self.gestation is not None:
            return None if edd is None else at_time(day_of(edd, self.gestation), self.wall or USUAL_TIME)
        if self.pause_month is not None:
            if programme_start is None:
                return None
            return at_time(add_months(programme_start, self.pause_month), self.wall or USUAL_TIME)
        found = start if self.since_start else previous
        if self.after is not None:
            found = self.after.after(found, calendar)
        return at_time(local_date(found), self.wall) if self.wall is not None else found


def read_moment(keys: Keys) -> Moment:
    """The moment a step names. BadInput where it names two, or one that cannot be read."""
    named = [key for key in ("at", "after", "since_start", "gestation", "pause_month") if key in keys]
    at, after, since = keys.raw("at"), keys.text("after"), keys.text("since_start")
    gestation, month, wall = keys.text("gestation"), keys.number("pause_month"), keys.text("time")
    if len(named) > 1:
        keys.refuse(named[1], f"a step happens at one moment; it has {named[0]!r} already")
    return Moment(
        at=read_at(keys, "at", at) if at is not None else None,
        after=span_of(keys, "after" if after else "since_start", after or since) if after or since else None,
        since_start=bool(since),
        gestation=_weeks(keys, gestation) if gestation else None,
        pause_month=month,
        wall=_wall(keys, wall) if wall else None,
    )


def read_at(keys: Keys, key: str, value: object) -> datetime:
    """An instant as clocks in England show it; "GMT" after it names the second of two in the repeated hour."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else at_time(value.date(), value.time())
    found = _AT.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError
        day, wall = date.fromisoformat(found[1]), time.fromisoformat(found[2])
        instant = at_time(day, wall.replace(fold=1 if found[3] == "GMT" else 0))
    except ValueError:
        keys.refuse(key, f"{str(value)[:40]!r} is not a moment such as '2026-11-23 10:00'")
    if instant.astimezone(LONDON).time().replace(fold=0) != wall:
        keys.refuse(key, f"clocks in England never show {wall:%H:%M} on {day}: they go forward in that hour")
    return instant


def span_of(keys: Keys, key: str, words: str) -> Span:
    span = read_span(words)
    if span is None:
        keys.refuse(key, f"{words[:40]!r} is not a time such as '3 working days', '2 weeks' or '5 months'")
    return span


def _weeks(keys: Keys, words: str) -> int:
    found = re.fullmatch(r"(\d{1,2})\+([0-6])", words.strip())
    if not found:
        keys.refuse("gestation", f"{words[:40]!r} is not weeks and days such as '24+0'")
    return 7 * int(found[1]) + int(found[2])


def _wall(keys: Keys, words: str) -> time:
    try:
        return time.fromisoformat(words)
    except ValueError:
        keys.refuse("time", f"{words[:40]!r} is not a time of day such as '17:00'")
