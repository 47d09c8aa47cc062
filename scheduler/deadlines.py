"""A deadline as the sum of its clock events: when it is due, how it stands, and the proof of both.

The remaining time is never stored. Events are folded in the order in which they were recorded: the limit gives a date,
then each pause and extension moves the date that stands at that point. A pause moves a date counted in working days by
the working days that passed (those after the local date of the pause, up to and including that of the resumption), one
counted in hours by the time elapsed, any other by the local days elapsed. After a new start date or a new expected
date of birth the same pauses and extensions are applied again, in the same order. A changed calendar changes no date
by itself: a deadline is counted by the calendar it was dated by last, when it was started or re-dated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from config.limits import TimeLimit, Unit
from config.policy import Amber
from scheduler.calendars import WorkingCalendar, end_of_day, local_date, written, written_at
from scheduler.clock_events import ClockEvent, EventKind
from scheduler.dues import Due, Extension, Pause, When, after_extension, compute_due, days_paused, due_of, moved
from scheduler.proofs import Step, amount, count, due_step, horizon, not_counted, prove
from scheduler.reckoning import STANDARD_AMBER, Anchors, reckon

__all__ = [
    "Anchors",
    "ClockEvent",
    "DeadlineState",
    "DeadlineStatus",
    "Due",
    "EventKind",
    "Standing",
    "Step",
    "compute_due",
    "explain",
    "fold",
    "status_words",
]


class DeadlineStatus(StrEnum):
    """Where a deadline is in its life; how it stands against the time of day is `Standing`."""

    OPEN = "open"
    PAUSED = "paused"
    MET = "met"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineState:
    """A deadline as its events leave it; `started_at` is the start as last corrected.

    While it is paused, `due` is the earliest it can be. `met_in_time` is None unless it is met and the due date known;
    meeting it at the very instant `due_at` is in time. `due_at_without_extension` is what the limit and the pauses
    alone give. `recorded_late` marks one that was met in time but of which the service heard after the due date.
    """

    deadline: int
    clock: str
    subject: str
    status: DeadlineStatus
    started_at: datetime
    limit: TimeLimit
    due: Due
    due_at_without_extension: datetime | None
    closed_at: datetime | None
    met_in_time: bool | None
    recorded_late: bool
    history: tuple[ClockEvent, ...]

    @property
    def extended(self) -> bool:
        return self.due_at_without_extension != self.due.due_at


_FROM = {
    EventKind.RE_DATED: (DeadlineStatus.OPEN, DeadlineStatus.PAUSED),
    EventKind.PAUSED: (DeadlineStatus.OPEN,),
    EventKind.RESUMED: (DeadlineStatus.PAUSED,),
    EventKind.EXTENDED: (DeadlineStatus.OPEN, DeadlineStatus.PAUSED),
    EventKind.MET: (DeadlineStatus.OPEN, DeadlineStatus.PAUSED),
    EventKind.CANCELLED: (DeadlineStatus.OPEN, DeadlineStatus.PAUSED),
    EventKind.REOPENED: (DeadlineStatus.MET, DeadlineStatus.CANCELLED),
}


class _Run:
    """A deadline while its events are folded."""

    def __init__(self, first: ClockEvent, calendar: WorkingCalendar) -> None:
        self.first = first
        if first.event is not EventKind.STARTED or first.limit is None or first.anchors is None:
            raise self._impossible(first, "a clock begins by being started, with a limit and its anchors")
        self.calendars = calendar
        self.calendar = calendar.named(first.calendar)
        self.reckoning = reckon(TimeLimit.model_validate(first.limit), Anchors.from_json(first.anchors), self.calendar)
        self.shifts: list[Pause | Extension] = []
        self.status = DeadlineStatus.OPEN
        self.resumed_at: datetime | None = None
        self.paused_at: datetime | None = None
        self.closing: ClockEvent | None = None

    def _impossible(self, event: ClockEvent, why: str) -> ValueError:
        return ValueError(f"deadline {event.deadline} ({event.clock}) cannot be {event.event.label}: {why}")

    def when(self) -> When | None:
        return moved(self.reckoning, self.shifts)

    def apply(self, event: ClockEvent) -> None:
        """Takes one event in. ValueError, in a sentence, where it cannot have happened to this deadline."""
        if (event.deadline, event.clock, event.subject) != (self.first.deadline, self.first.clock, self.first.subject):
            raise self._impossible(event, f"its events are mixed with those of deadline {self.first.deadline}")
        if event.event is EventKind.STARTED:
            raise self._impossible(event, "it has been started already")
        if self.status not in _FROM[event.event]:
            raise self._impossible(event, f"it is {self.status}")
        match event.event:
            case EventKind.RE_DATED:
                self._re_date(event)
            case EventKind.PAUSED:
                self._pause(event)
            case EventKind.RESUMED:
                self._resume(event)
            case EventKind.EXTENDED:
                self._extend(event)
            case EventKind.MET | EventKind.CANCELLED:
                self._close(event)
            case EventKind.REOPENED:
                self.status, self.closing = DeadlineStatus.OPEN, None

    def _re_date(self, event: ClockEvent) -> None:
        if event.anchors is None and event.limit is None:
            raise self._impossible(event, "neither new anchors nor a new limit are given")
        limit = self.reckoning.limit if event.limit is None else TimeLimit.model_validate(event.limit)
        anchors = self.reckoning.anchors if event.anchors is None else Anchors.from_json(event.anchors)
        self.calendar = self.calendars.named(event.calendar)
        self.reckoning = reckon(limit, anchors, self.calendar)

    def _pause(self, event: ClockEvent) -> None:
        if not self.reckoning.limit.pausable:
            raise self._impossible(event, "its limit does not allow a pause")
        start = self.reckoning.anchors.start
        free_since = max(start, self.resumed_at or start)  # a pause from earlier would count some time twice
        if event.at < free_since:
            raise self._impossible(event, f"it was started or resumed only at {written_at(free_since)}")
        self.status, self.paused_at = DeadlineStatus.PAUSED, event.at

    def _resume(self, event: ClockEvent) -> None:
        if self.paused_at is not None and event.at < self.paused_at:
            raise self._impossible(event, f"it was paused only at {written_at(self.paused_at)}")
        self._end_pause(event.at)
        self.status = DeadlineStatus.OPEN

    def _end_pause(self, at: datetime) -> None:
        if self.paused_at is not None:
            until = max(at, self.paused_at)  # what closes a deadline may have happened before the pause
            self.shifts.append(Pause(self.paused_at, until))
            self.resumed_at, self.paused_at = until, None

    def _extend(self, event: ClockEvent) -> None:
        if self.reckoning.limit.extendable_by == "nobody":
            raise self._impossible(event, "its limit may be extended by nobody")
        if not event.decided_by:
            raise self._impossible(event, "it does not say who decided")
        if (event.due_on is None) == (event.amount is None):
            raise self._impossible(event, "it takes either a new date or an amount")
        before = self.when()
        if before is None or self.reckoning.decisive is None:
            raise self._impossible(event, "its due date is not known yet")
        if event.amount and event.amount.unit in (Unit.GESTATION, Unit.WEEKS_BEGINNING_WITH):
            raise self._impossible(event, f"an extension is not counted in {event.amount.unit}")
        if event.amount and event.amount.unit is Unit.HOURS and self.reckoning.decisive.counts is not Unit.HOURS:
            raise self._impossible(event, "a limit in days is extended by days, not by hours")
        extension = Extension(event.due_on, event.amount)
        if event.due_on is not None and end_of_day(event.due_on) <= before.at:
            raise self._impossible(event, f"{written(event.due_on)} is no later than the date that stands")
        if after_extension(before, extension, self.calendar) <= before:
            raise self._impossible(event, "an extension must lead to a later date")
        self.shifts.append(extension)

    def _close(self, event: ClockEvent) -> None:
        self._end_pause(event.at)
        self.status = DeadlineStatus.MET if event.event is EventKind.MET else DeadlineStatus.CANCELLED
        self.closing = event

    def state(self, history: tuple[ClockEvent, ...], amber: Amber) -> DeadlineState:
        due = due_of(self.reckoning, self.when(), amber, lambda: explain(history, self.calendars))
        plain = moved(self.reckoning, [shift for shift in self.shifts if isinstance(shift, Pause)])
        closing, due_at = self.closing, due.due_at
        in_time = closing.at <= due_at if closing and due_at and self.status is DeadlineStatus.MET else None
        return DeadlineState(
            deadline=self.first.deadline,
            clock=self.first.clock,
            subject=self.first.subject,
            status=self.status,
            started_at=self.reckoning.anchors.start,
            limit=self.reckoning.limit,
            due=due,
            due_at_without_extension=plain.at if plain else None,
            closed_at=closing.at if closing else None,
            met_in_time=in_time,
            recorded_late=bool(in_time and closing and closing.recorded_at and due_at and closing.recorded_at > due_at),
            history=history,
        )


def fold(events: Sequence[ClockEvent], calendar: WorkingCalendar, amber: Amber = STANDARD_AMBER) -> DeadlineState:
    """The deadline these events lead to, in the order in which they were recorded; `amber` as in `compute_due`.

    ValueError, in a sentence, where they cannot have happened: none at all, a resumption without a pause, a pause or an
    extension the limit does not allow, anything but reopening after the end, or events of several deadlines.
    """
    if not events:
        raise ValueError("a deadline has at least the event that started its clock")
    run = _Run(events[0], calendar)
    for event in events[1:]:
        run.apply(event)
    return run.state(tuple(events), amber)


class Standing(StrEnum):
    """How a deadline stands at a moment, in the words shown beside its colour."""

    ON_TRACK = "on track"
    AMBER = "amber warning"
    BREACHED = "breached"
    BREACHED_EXTENDED = "breached with agreed extension"
    PAUSED = "paused"
    MET = "met"
    MET_LATE = "met late"
    MET_RECORDED_LATE = "met, recorded late"
    CANCELLED = "cancelled"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> str:
        return self.value

    @property
    def colour(self) -> str:
        """The colour of domain 8; never shown without the label."""
        return _COLOURS.get(self, "grey")


_COLOURS = {
    Standing.ON_TRACK: "green",
    Standing.AMBER: "amber",
    Standing.BREACHED: "red",
    Standing.BREACHED_EXTENDED: "purple",
    Standing.MET: "green",
    Standing.MET_LATE: "red",
    Standing.MET_RECORDED_LATE: "green",
}


def status_words(state: DeadlineState, now: datetime) -> Standing:
    """How the deadline stands at that UTC instant. From `due_at` on an open one is breached.

    "Breached with agreed extension" is one whose own limit has passed while the agreed date has not.
    """
    if state.status is DeadlineStatus.MET:
        return _met(state)
    if state.status is not DeadlineStatus.OPEN:
        return Standing(state.status.value)
    due = state.due
    if due.due_at is None or due.amber_at is None:
        return Standing.UNDETERMINED
    if now < due.due_at:
        own = state.due_at_without_extension
        if own is not None and own <= now:
            return Standing.BREACHED_EXTENDED
        return Standing.AMBER if now >= due.amber_at else Standing.ON_TRACK
    return Standing.BREACHED


def _met(state: DeadlineState) -> Standing:
    if state.met_in_time is False:
        return Standing.MET_LATE
    return Standing.MET_RECORDED_LATE if state.recorded_late else Standing.MET


def explain(events: Sequence[ClockEvent], calendar: WorkingCalendar) -> list[Step]:
    """The whole proof of a deadline from its events alone: the limit worked out, then what moved or ended it.

    ValueError where the events cannot have happened (see `fold`). Where the date recorded with an event differs from
    the one worked out now, a step says so: the calendar has changed since.
    """
    if not events:
        raise ValueError("a deadline has at least the event that started its clock")
    run = _Run(events[0], calendar)
    steps = [*prove(run.reckoning), *_recorded_otherwise(events[0], run)]
    for event in events[1:]:
        before, shifts = run.when(), len(run.shifts)
        run.apply(event)
        steps += [_happened(event), *_why_moved(event, run, run.shifts[shifts:])]
        if event.event is not EventKind.RE_DATED:
            steps += _moved_on(before, run)
        steps += _recorded_otherwise(event, run)
        if event.event is EventKind.MET and (after := run.when()) is not None:
            steps.append(Step("That was in time." if event.at <= after.at else "That was after the due date."))
    return steps


def _happened(event: ClockEvent) -> Step:
    by = f" by {event.decided_by}" if event.decided_by else ""
    why = f": {event.reason.rstrip('.')}." if event.reason else "."
    return Step(f"{event.event.label.capitalize()} at {written_at(event.at)}{by}{why}", event.due_on, event.at)


def _why_moved(event: ClockEvent, run: _Run, shifts: Sequence[Pause | Extension]) -> Iterator[Step]:
    if event.event is EventKind.PAUSED:
        yield Step("While it is paused the due date is the earliest it can be.")
    if event.event is EventKind.RE_DATED:
        yield from prove(run.reckoning)
        if run.shifts:
            yield Step("Earlier pauses and extensions apply again, in the same order.")
            yield from _stands(run)
    for shift in shifts:
        if isinstance(shift, Pause):
            yield from _pause_told(shift, run)
        elif shift.amount is not None:
            yield Step(f"The extension is {amount(shift.amount)}, added to the date that stood.")


def _moved_on(before: When | None, run: _Run) -> Iterator[Step]:
    """What the last pause or extension did to the date: the days off it met on the way, and where it stands now."""
    after, decisive = run.when(), run.reckoning.decisive
    if after is None or decisive is None or before is None or after == before:
        return
    last = run.shifts[-1]
    counts = decisive.counts if isinstance(last, Pause) else last.amount and last.amount.unit
    if counts is Unit.WORKING_DAYS:
        yield from not_counted(run.calendar, before.on, after.on)
    yield from _stands(run)


def _stands(run: _Run) -> Iterator[Step]:
    if (when := run.when()) is not None:
        yield from horizon(run.reckoning, when.on)
        yield due_step(when.at)


def _pause_told(pause: Pause, run: _Run) -> Iterator[Step]:
    decisive = run.reckoning.decisive
    if decisive is None:
        return
    if decisive.counts is Unit.HOURS:
        yield Step(f"The pause lasted {count(int((pause.until - pause.since).total_seconds() // 60), 'minute')}.")
        return
    days = days_paused(pause, decisive.counts, run.calendar)
    thing = "working day" if decisive.counts is Unit.WORKING_DAYS else "day"
    yield Step(f"The pause from {written(local_date(pause.since))} lasted {count(days, thing)}, which do not count.")


def _recorded_otherwise(event: ClockEvent, run: _Run) -> Iterator[Step]:
    after = run.when()
    if event.due_at is None or (after is not None and after.at == event.due_at):
        return
    by = f" by the calendar {event.calendar}" if event.calendar else ""
    yield Step(
        f"Another date was recorded then{by}: {written_at(event.due_at)}. What is shown here is worked out by the "
        f"calendar {run.calendar.version}.",
        at=event.due_at,
    )
