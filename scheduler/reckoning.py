"""What a time limit comes to on one case: the date of each term, which of them decides, and when to warn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from config.limits import Term, TimeLimit, Unit, gestation_days
from config.policy import Amber, Span
from scheduler.calendars import (
    LONDON,
    WorkingCalendar,
    add_days,
    add_months,
    as_utc,
    at_time,
    end_of_day,
    local_date,
    weeks_beginning_with,
)
from scheduler.gestation import day_of

LATE_DAYS = 10  # working days: a milestone nearer than this when its clock starts has started late
LATE_BY = 37 * 7  # days of gestation: no late start lasts beyond 37+0, when the birth may come any day
AMBER_HOUR = time(9)  # local: a warning about a day comes when people have started work
AMBER_BEFORE_HOUR = timedelta(hours=24)
STANDARD_AMBER = Amber(  # domain 8
    percent_left=20,
    at_least=Span(amount=1, unit="working_days"),
    milestone=Span(amount=14, unit="days"),
    short=Span(amount=2, unit="working_days"),
    short_at=AMBER_HOUR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What the terms of a limit are counted from: the clock's start (UTC instant) and dated facts of the case.

    A term may name any of `dates`, or start, edd or born_on. ValueError where an instant has no time zone.
    """

    start: datetime
    dates: Mapping[str, date | datetime] = field(default_factory=dict)
    edd: date | None = None
    born_on: date | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        for value in self.dates.values():
            if isinstance(value, datetime):
                as_utc(value)

    def find(self, name: str) -> date | datetime | None:
        """The date or instant of that name; None where it is not known."""
        if name == "start":
            return self.start
        if name == "edd" and self.edd is not None:
            return self.edd
        if name == "born_on" and self.born_on is not None:
            return self.born_on
        return self.dates.get(name)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, unknown ones left out; instants in UTC."""
        written: dict[str, Any] = {"start": self.start.isoformat()}
        if self.dates:
            written["dates"] = {name: _written(value) for name, value in self.dates.items()}
        for name, day in (("edd", self.edd), ("born_on", self.born_on)):
            if day is not None:
                written[name] = day.isoformat()
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. ValueError where it was not written by that."""
        if "start" not in written:
            raise ValueError("the anchors of a clock have no start")
        edd, born_on = written.get("edd"), written.get("born_on")
        return cls(
            start=datetime.fromisoformat(written["start"]),
            dates={name: _read(text) for name, text in written.get("dates", {}).items()},
            edd=edd and date.fromisoformat(edd),
            born_on=born_on and date.fromisoformat(born_on),
        )


def _written(value: date | datetime) -> str:
    return as_utc(value).isoformat() if isinstance(value, datetime) else value.isoformat()


def _read(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The date one term comes to.

    `counts` is how the way there is counted (hours, working days, or days for everything else), which decides how a
    pause moves it. `milestone` is the gestation date that had passed or was too near, where the clock started late.
    """

    term: Term
    counted_from: date | datetime
    due_at: datetime
    due_on: date
    counts: Unit
    milestone: date | None = None

    @property
    def day_zero(self) -> date:
        """The local date the term is counted from."""
        return _day(self.counted_from)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A limit worked out: the candidates in the order of its terms (None where an anchor is unknown) and the result.

    `decisive` is the taken term, or the floor where that is later; None where no term has a known anchor.
    """

    limit: TimeLimit
    anchors: Anchors
    calendar: WorkingCalendar
    candidates: tuple[Candidate | None, ...]
    taken: Candidate | None
    floor: Candidate | None
    decisive: Candidate | None

    def flags(self, due_on: date | None) -> tuple[str, ...]:
        """What a reader of the date must know: "started_late", "undetermined", "beyond_horizon"."""
        if self.decisive is None or self.taken is None or due_on is None:
            return ("undetermined",)
        counted = [one.due_on for one in (*self.candidates, self.floor) if one and one.counts is Unit.WORKING_DAYS]
        if self.decisive.counts is Unit.WORKING_DAYS:
            counted.append(due_on)
        late = ("started_late",) if self.taken.milestone is not None else ()
        return (*late, "beyond_horizon") if any(map(self.calendar.beyond_horizon, counted)) else late


def reckon(limit: TimeLimit, anchors: Anchors, calendar: WorkingCalendar) -> Reckoning:
    """Works out every term of the limit, takes the earliest or latest, and applies the floor.

    ValueError where a date lies beyond the years a working calendar knows.
    """
    candidates = tuple(
        _late_or_not(_candidate(term, anchors, calendar), limit, anchors, calendar) for term in limit.terms
    )
    known = [one for one in candidates if one is not None]
    floor = _candidate(limit.not_under, anchors, calendar) if limit.not_under else None
    if not known:
        return Reckoning(limit, anchors, calendar, candidates, None, floor, None)
    # Of two terms that agree the ordinary one decides: nothing is called late that need not be.
    if limit.take == "earliest":
        taken = min(known, key=lambda one: (one.due_at, one.milestone is not None))
    else:
        taken = max(known, key=lambda one: (one.due_at, one.milestone is None))
    decisive = floor if floor is not None and floor.due_at > taken.due_at else taken
    return Reckoning(limit, anchors, calendar, candidates, taken, floor, decisive)


def _candidate(term: Term, anchors: Anchors, calendar: WorkingCalendar) -> Candidate | None:
    if term.unit is Unit.GESTATION:
        if anchors.edd is None:
            return None
        due_on = day_of(anchors.edd, gestation_days(str(term.amount)))
        return Candidate(term, anchors.start, end_of_day(due_on), due_on, Unit.DAYS)
    since = anchors.find(term.since)
    if since is None:
        return None
    if term.unit is Unit.HOURS:
        due_at = to_the_minute(add_hours(_instant(since), int(term.amount)))
        return Candidate(term, since, due_at, local_date(due_at), Unit.HOURS)
    due_on = move_day(_day(since), int(term.amount), term.unit, calendar)
    counts = Unit.WORKING_DAYS if term.unit is Unit.WORKING_DAYS else Unit.DAYS
    return Candidate(term, since, end_of_day(due_on), due_on, counts)


def _late_or_not(
    one: Candidate | None, limit: TimeLimit, anchors: Anchors, calendar: WorkingCalendar
) -> Candidate | None:
    """The candidate, moved where a gestation milestone was past or too near when its clock started (domain 10.5)."""
    if one is None or anchors.edd is None or not limit.late_start or one.term.unit is not Unit.GESTATION:
        return one
    start, milestone = local_date(anchors.start), one.due_on
    ten_days = calendar.add_working_days(start, LATE_DAYS)
    if milestone >= ten_days:
        return one
    last = day_of(anchors.edd, LATE_BY)
    if start >= last:
        due_on, counts = calendar.add_working_days(start, 1), Unit.WORKING_DAYS
    else:
        due_on, counts = min((ten_days, Unit.WORKING_DAYS), (last, Unit.DAYS))
    if milestone > due_on:  # a milestone after 37+0: starting late never brings it forward
        due_on, counts = milestone, Unit.DAYS
    return Candidate(one.term, anchors.start, end_of_day(due_on), due_on, counts, milestone)


def move_day(day: date, n: int, unit: Unit, calendar: WorkingCalendar) -> date:
    """The local date `n` units from `day` (back where negative). ValueError for hours and gestation."""
    match unit:
        case Unit.WORKING_DAYS:
            return calendar.add_working_days(day, n)
        case Unit.DAYS:
            return add_days(day, n)
        case Unit.WEEKS:
            return add_days(day, 7 * n)
        case Unit.MONTHS:
            return add_months(day, n)
        case Unit.WEEKS_BEGINNING_WITH:
            return weeks_beginning_with(day, n)
    raise ValueError(f"a date cannot be moved by {unit}")


def add_hours(instant: datetime, n: int) -> datetime:
    """The UTC instant `n` elapsed hours on. ValueError where no such instant can be written."""
    try:
        return as_utc(instant) + timedelta(hours=n)
    except OverflowError:
        raise ValueError(f"{n} hours from {instant} is beyond every calendar") from None


def to_the_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def _day(value: date | datetime) -> date:
    return local_date(value) if isinstance(value, datetime) else value


def _instant(value: date | datetime) -> datetime:
    """A fact with a date and no time may have happened at any moment of it: hours are counted from the first."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(0), LONDON).astimezone(UTC)


def amber_at(reckoning: Reckoning, due_at: datetime, due_on: date, rule: Amber = STANDARD_AMBER) -> datetime:
    """The UTC instant from which a deadline due then is amber, never before the clock's start.

    The limit's own `amber` holds; without one, the ladder's `rule`: the first of its spans before the due date, else
    with so many percent of the period left. By the standard rule (domain 8) hours warn 24 hours before; a gestation
    milestone 14 days before; limits of 2 working days or less at 09:00 on the due day; others at 09:00 on the day with
    20% left, at least 1 working day. `due_at` and `due_on` are the final ones, after pauses and extensions.
    """
    own, hour = reckoning.limit.amber, rule.short_at or AMBER_HOUR
    if own is not None and own.unit is Unit.HOURS:
        at = add_hours(due_at, -int(own.amount))
    elif own is not None and (day := _own_amber_day(reckoning, own, due_on)) is not None:
        at = at_time(day, hour)
    elif rule.before:
        at = min(before(span, due_at, due_on, reckoning.calendar, hour) for span in rule.before)
    elif reckoning.decisive is not None and reckoning.decisive.counts is Unit.HOURS:
        at = due_at - AMBER_BEFORE_HOUR
    else:
        at = at_time(_amber_day(reckoning, due_on, rule), hour)
    return min(max(at, reckoning.anchors.start), due_at)


def before(span: Span, due_at: datetime, due_on: date, calendar: WorkingCalendar, hour: time) -> datetime:
    """The UTC instant so long before a due date: elapsed hours, or `hour` (local) so many days before the due day."""
    if span.unit == "hours":
        return add_hours(due_at, -span.amount)
    return at_time(move_day(due_on, -span.amount, Unit(span.unit), calendar), hour)


def _own_amber_day(reckoning: Reckoning, own: Term, due_on: date) -> date | None:
    if own.unit is Unit.GESTATION:
        edd = reckoning.anchors.edd
        return None if edd is None else day_of(edd, gestation_days(str(own.amount)))
    unit = Unit.WEEKS if own.unit is Unit.WEEKS_BEGINNING_WITH else own.unit
    return move_day(due_on, -int(own.amount), unit, reckoning.calendar)


def _amber_day(reckoning: Reckoning, due_on: date, rule: Amber) -> date:
    decisive, calendar = reckoning.decisive, reckoning.calendar
    if decisive is None:
        return due_on
    if rule.milestone and decisive.term.unit is Unit.GESTATION and decisive.milestone is None:
        return _days_before(rule.milestone, due_on, calendar)
    # The period as the limit sets it; one counted back from a later date runs from the clock's start.
    began = decisive.day_zero
    if began >= decisive.due_on:
        began = local_date(reckoning.anchors.start)
    days, working_days = (decisive.due_on - began).days, calendar.working_days_between(began, decisive.due_on)
    if rule.short and (working_days if rule.short.unit == "working_days" else days) <= rule.short.amount:
        return due_on
    percent = rule.percent_left or 0
    if decisive.counts is Unit.WORKING_DAYS:
        day = calendar.add_working_days(due_on, -_part(working_days, percent))
    else:
        day = add_days(due_on, -_part(days, percent))
    return min(day, _days_before(rule.at_least, due_on, calendar)) if rule.at_least else day


def _days_before(span: Span, due_on: date, calendar: WorkingCalendar) -> date:
    """Hours are rounded up to whole days: these limits end with a day."""
    if span.unit == "hours":
        return add_days(due_on, -span.amount // 24)
    return move_day(due_on, -span.amount, Unit(span.unit), calendar)


def _part(n: int, percent: int) -> int:
    """So many percent of n, rounded up: a warning may come early, not late."""
    return -(-n * percent // 100)
