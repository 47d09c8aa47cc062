"""Who is told, and when, as a due date comes near and passes: a ladder laid over one due date."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from config.limits import TimeLimit, Unit
from config.policy import Channel, Ladder, Span, Step
from scheduler.calendars import LONDON, WorkingCalendar, at_time, end_of_day, local_date
from scheduler.dues import Due, When
from scheduler.reckoning import AMBER_HOUR, add_hours, before, move_day
from states.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One thing to tell people, at a UTC instant; `repeat` counts the repetitions of the last step, 0 being the step.

    Amber rungs have the levels A, or A1, A2 and so on where a ladder warns several times; `step` is None for them.
    """

    level: str
    at: datetime
    who: tuple[Role, ...]
    channel: tuple[Channel, ...]
    step: Step | None = None
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Next:
    """What a ladder asks for at a moment: the rungs to be told now, in order, and when to look again (UTC instant).

    `rungs` is the whole timetable it was read from.
    """

    now: tuple[Rung, ...]
    next_action_at: datetime | None
    rungs: tuple[Rung, ...] = ()


def timetable(ladder: Ladder, limit: TimeLimit, due: Due, calendar: WorkingCalendar) -> tuple[Rung, ...]:
    """Every rung of the ladder for this due date, in order of time; none while it is undetermined.

    A step after so many days comes when that many have ended after the due day; after hours, to the minute. `due` is
    computed with the ladder's own amber rule.
    """
    if due.due_at is None or due.due_on is None or due.amber_at is None:
        return ()
    when = When(due.due_at, due.due_on)
    steps = [
        Rung(level=step.level, at=_later(when, step.after, calendar).at, who=step.who, channel=step.channel, step=step)
        for step in ladder.steps
    ]
    return (*_warnings(ladder, limit, when, due.amber_at, calendar), *steps)


def _warnings(
    ladder: Ladder, limit: TimeLimit, when: When, first: datetime, calendar: WorkingCalendar
) -> tuple[Rung, ...]:
    """The first warning, and those of the ladder that come after it: earlier ones lie before the clock's start."""
    rule = ladder.amber
    hour = rule.short_at or AMBER_HOUR
    # A limit's own warning replaces those of the ladder.
    spans = rule.before if limit.amber is None else ()
    later = {at for span in spans if first < (at := before(span, when.at, when.on, calendar, hour)) < when.at}
    times = sorted({first, *later})
    levels = ["A"] if len(times) == 1 else [f"A{number}" for number in range(1, len(times) + 1)]
    return tuple(
        Rung(level=level, at=at, who=rule.who, channel=rule.channel) for level, at in zip(levels, times, strict=True)
    )


def _later(when: When, span: Span, calendar: WorkingCalendar, times: int = 1) -> When:
    """The end of the day so many days after one that is due by its end; otherwise the same time of day then."""
    amount = span.amount * times
    if amount == 0:
        return when
    if span.unit == "hours":
        at = add_hours(when.at, amount)
        return When(at, local_date(at))
    day = move_day(when.on, amount, Unit(span.unit), calendar)
    if when.at == end_of_day(when.on):
        return When(end_of_day(day), day)
    return When(at_time(day, when.at.astimezone(LONDON).time()), day)


def next_steps(
    ladder: Ladder,
    limit: TimeLimit,
    due: Due,
    calendar: WorkingCalendar,
    now: datetime,
    *,
    told: Collection[str] = (),
    repeats: int = 0,
) -> Next:
    """What to tell people at `now`, given the levels told already and how often the last step has been repeated.

    After an outage no step of the ladder is lost: every one whose time has come is returned, in order. Warnings are:
    of several only the latest, and none once the due date has passed. Missed repetitions of the last step are one. The
    ladder of an open deadline never ends: `next_action_at` is None only while the due date is undetermined.
    """
    rungs = timetable(ladder, limit, due, calendar)
    if due.due_at is None or not rungs:
        return Next((), None)
    steps = [rung for rung in rungs if rung.step and rung.level not in told]
    warnings = [rung for rung in rungs if not rung.step and now < due.due_at]
    begun = [rung for rung in warnings if rung.at <= now][-1:]
    ready = [rung for rung in begun if rung.level not in told] + [rung for rung in steps if rung.at <= now]
    ahead = [rung.at for rung in (*warnings, *steps) if rung.at > now]
    if ahead:
        return Next(tuple(ready), min(ahead), rungs)
    repeated, following = _repeat(rungs[-1], due, calendar, now, repeats)
    # The last step itself is told before it is repeated.
    return Next((*ready, *repeated) if not steps else tuple(ready), following, rungs)


def _repeat(
    last: Rung, due: Due, calendar: WorkingCalendar, now: datetime, repeats: int
) -> tuple[tuple[Rung, ...], datetime | None]:
    """The repetition of the last step that is due now, if any, and the instant of the next one."""
    every = last.step.repeat_every if last.step else None
    if last.step is None or every is None or every.amount == 0 or due.due_at is None or due.due_on is None:
        return (), None
    start = _later(When(due.due_at, due.due_on), last.step.after, calendar)
    number, ready = repeats, 0
    while (at := _later(start, every, calendar, number + 1).at) <= now:
        number, ready = number + 1, number + 1
    if not ready:
        return (), at
    this = _later(start, every, calendar, ready).at
    return (replace(last, at=this, repeat=ready),), at
