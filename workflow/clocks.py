"""What a move does to the clocks of its case: which deadlines it meets, cancels, opens and dates anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from config.limits import Basis, Term, TimeLimit, Unit
from config.policy import Policy
from scheduler.calendars import WorkingCalendar, end_of_day, local_date
from scheduler.deadlines import (
    Anchors,
    ClockEvent,
    DeadlineState,
    DeadlineStatus,
    Due,
    EventKind,
    compute_due,
    fold,
)
from states.guards import GUARDS, Child, Situation
from states.lifecycle import SELF, Clock, ClockEffects, Lifecycle, clock_effects

effects_of = cache(clock_effects)
PAUSE_REVIEWED_AFTER = 20  # working days
TAKEN_OVER = TimeLimit(
    terms=(Term(amount=0, unit=Unit.DAYS, since="date_taken_over"),),
    basis=Basis.LOCAL,
    source="due date held by the system the caseload was taken over from",
    effective_from=date(2026, 1, 1),
)


@dataclass(slots=True, kw_only=True)
class ClockChanges:
    """The clock events of one entry, and what they do to the rows that keep their sum."""

    events: list[ClockEvent] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    running: dict[int, dict[str, Any]] = field(default_factory=dict)  # as they stand after these changes
    told_of: list[int] = field(default_factory=list)  # closed ones that people were alerted to


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWork:
    """All that is needed to work out what one step does to the clocks of one case."""

    lifecycle: Lifecycle
    policy: Policy
    calendar: WorkingCalendar
    case: Mapping[str, Any]
    running: Sequence[Mapping[str, Any]]
    situation: Situation
    target: str
    children: tuple[Child, ...]
    occurred_at: datetime
    recorded_at: datetime
    past_events: Callable[[], Sequence[ClockEvent]]  # read from the evidence only where a date may change
    closed_row: Callable[[int], dict[str, Any]]  # a deadline that has ended, by its number
    silenced: Callable[[], Sequence[ClockEvent]]  # what a report that the pregnancy has ended did, and still stands
    rearms: bool = False  # this step takes such a report back
    taken_over: Mapping[str, date] = field(default_factory=dict)  # due dates of a caseload taken over, by clock

    def untouched(self) -> ClockChanges:
        """The clocks as they run, before anything is done to them."""
        return ClockChanges(running={row["number"]: dict(row) for row in self.running})

    def changes(self) -> ClockChanges:
        """What a transition does, by the table: meets and cancels first, then dates anew, then starts."""
        done = self.untouched()
        effects = effects_of(self.lifecycle, self.situation.trigger, self.situation.state, self.target)
        met = self._end(done, effects)
        if self.lifecycle.state_by_id[self.target].final:  # closing settles everything
            for number in list(done.running):
                self.close(done, number, DeadlineStatus.CANCELLED)
            return done
        if self.rearms:
            self.reopen_silenced(done)
        if self.rearms or self._tells_a_date():
            self.date_anew(done)
        for clock_id in effects.starts:
            self._start_if_due(done, self.lifecycle.clock_by_id[clock_id], met)
        for clock_id in self.taken_over:
            if not any(row["clock"] == clock_id for row in done.running.values()):
                self.start(done, clock_id, "")
        if self.situation.trigger == "migrate_in":
            self._start_what_lies_ahead(done)
        return done

    def _start_what_lies_ahead(self, done: ClockChanges) -> None:
        """Starts what earlier moves would have started: milestones of a case taken over that are still to come.

        Those are clocks that count from a known date, that a move leading from state to state starts, and that are not
        due yet; of clocks that follow one another only the next. One that is past was for the system left behind;
        what a report starts, such as a mother missing, is listed by whoever takes the case over.
        """
        for clock in self.lifecycle.clocks:
            if self.target not in clock.during or clock.starts_on_entry or not self._started_on_the_way(clock):
                continue
            if clock.only_if is not None and not GUARDS[clock.only_if].holds(self.situation):
                continue
            for subject in self._subjects(clock):
                running = {row["clock"] for row in done.running.values() if row["subject"] == subject}
                if not running & {clock.id, *self._before_in_chain(clock)} and self._lies_ahead(clock, subject):
                    self.start(done, clock.id, subject)

    def _started_on_the_way(self, clock: Clock) -> bool:
        """Whether moves from state to state start it, or those it waits for, and none that leads here meets it."""
        chain = [clock, *(self.lifecycle.clock_by_id[one] for one in self._before_in_chain(clock))]
        triggers = {trigger for one in chain for trigger in one.started_by}
        if any(row.to == self.target for row in self.lifecycle.transitions if row.trigger in clock.met_by):
            return False  # who stands here has done it
        return any(row.to != SELF for row in self.lifecycle.transitions if row.trigger in triggers - {"migrate_in"})

    def _before_in_chain(self, clock: Clock) -> set[str]:
        """The clocks that this one waits for, directly or through others."""
        found: set[str] = set()
        waiting = list(clock.after)
        while waiting:
            one = waiting.pop()
            if one not in found and one != clock.id:
                found.add(one)
                waiting += self.lifecycle.clock_by_id[one].after
        return found

    def _lies_ahead(self, clock: Clock, subject: str) -> bool:
        limit = self.policy.limit(self.lifecycle.id, clock.id)
        dated = tuple(term for term in limit.terms if term.unit is Unit.GESTATION or term.since != "start")
        if not dated:
            return False
        plain = limit.model_copy(update={"terms": dated, "not_under": None, "late_start": False})
        due = compute_due(plain, self.anchors(plain, self.occurred_at, subject), self.calendar)
        return due.due_at is not None and due.due_at > self.recorded_at

    def _tells_a_date(self) -> bool:
        submitted = self.situation.submitted
        return bool(submitted.get("babies")) or any(_dated(value) is not None for value in submitted.values())

    def _end(self, done: ClockChanges, effects: ClockEffects) -> set[tuple[str, str]]:
        """Meets and cancels what the table says; returns the clocks met, each with what it was about."""
        met: set[tuple[str, str]] = set()
        for number, row in list(done.running.items()):
            if row["clock"] in effects.meets and self._is_meant(row):
                self.close(done, number, DeadlineStatus.MET)
                met.add((row["clock"], row["subject"]))
            elif row["clock"] in effects.cancels and (self._leaves(row["clock"]) or self._is_meant(row)):
                self.close(done, number, DeadlineStatus.CANCELLED)
        return met

    def _leaves(self, clock_id: str) -> bool:
        return self.target not in self.lifecycle.clock_by_id[clock_id].during

    def _is_meant(self, row: Mapping[str, Any]) -> bool:
        """A clock about one child or one approval is met only by a move about that child or approval."""
        subject, submitted = row["subject"], self.situation.submitted
        if subject.startswith("approval:"):
            return bool(subject == f"approval:{submitted.get('for_trigger')}")
        if subject.startswith("item:"):
            return bool(subject == f"item:{submitted.get('item')}")
        if subject.startswith("child:") and submitted.get("child") is not None:
            return bool(subject == f"child:{submitted['child']}")
        return True

    def close(self, done: ClockChanges, number: int, status: DeadlineStatus) -> None:
        row = done.running.pop(number)
        if row.get("told"):
            done.told_of.append(number)
        event = ClockEvent(
            deadline=number,
            clock=row["clock"],
            subject=row["subject"],
            event=EventKind(status),
            at=self.occurred_at,
            recorded_at=self.recorded_at,
        )
        # The end of a paused deadline ends its pause, which gives it its date.
        dated = due_columns(self.folded(self.history(done, number), event).due) if is_paused(row) else {}
        done.events.append(event)
        closed = {"status": status, "closed_at": self.occurred_at, "recorded_at": self.recorded_at}
        done.changed[number] = {**dated, **closed}

    def history(self, done: ClockChanges, number: int) -> list[ClockEvent]:
        """All that happened to one clock, this entry included."""
        return [event for event in (*self.past_events(), *done.events) if event.deadline == number]

    def folded(self, history: Sequence[ClockEvent], *more: ClockEvent) -> DeadlineState:
        """The deadline these events lead to, warned of as the policy of its case says."""
        events = [*history, *more]
        return fold(events, self.calendar, self.policy.ladder(limit_of(events)).amber)

    def happen(self, done: ClockChanges, event: ClockEvent) -> DeadlineState:
        """Takes in what somebody did to a running deadline; with another date it climbs its ladder anew.

        ValueError, in a sentence, where its limit or its past does not allow it; nothing is changed then.
        """
        number = event.deadline
        history = self.history(done, number)
        state = self.folded(history, event)
        done.events.append(replace(event, due_at=state.due.due_at, calendar=counted_by([*history, event])))
        self._stands(done, number, state)
        return state

    def _stands(self, done: ClockChanges, number: int, state: DeadlineState) -> None:
        """Writes down how a running deadline stands now; what was told of an old date is settled."""
        row = done.running[number]
        dated = {**due_columns(state.due), "status": state.status, "started_at": state.started_at}
        if state.status is DeadlineStatus.PAUSED:
            dated["next_action_at"] = review_of_pause(self.calendar, self.recorded_at)
        elif state.due.due_at == row["due_at"] and not is_paused(row):
            dated["next_action_at"] = row.get("quiet_until") or self.recorded_at  # the sweep finds out what to tell
        if state.due.due_at != row["due_at"] or (state.status is DeadlineStatus.PAUSED) != is_paused(row):
            dated |= new_cycle(row)
            if row.get("told"):
                done.told_of.append(number)
        done.changed[number] = {**done.changed.get(number, {}), **dated}
        done.running[number] = {**row, **dated}

    def _start_if_due(self, done: ClockChanges, clock: Clock, met: set[tuple[str, str]]) -> None:
        on_entry = clock.starts_on_entry and self.situation.state not in clock.during
        if on_entry or self.situation.trigger in clock.started_by:
            subjects = self._subjects(clock)
        else:  # it repeats, or follows another: for what that one was about
            followed = {clock.id} if clock.repeats else set()
            subjects = sorted({subject for one, subject in met if one in followed | set(clock.after)})
        if clock.only_if is not None and not GUARDS[clock.only_if].holds(self.situation):
            return
        for subject in subjects:
            if not any(row["clock"] == clock.id and row["subject"] == subject for row in done.running.values()):
                self.start(done, clock.id, subject)

    def _subjects(self, clock: Clock) -> list[str]:
        if clock.per == "approval":
            return [f"approval:{self.situation.submitted.get('for_trigger')}"]
        if clock.per == "item":
            return [f"item:{self.situation.submitted.get('item')}"]
        if clock.per == "child":
            return [f"child:{child.number}" for child in self.children if child.live_birth and not child.died_on]
        return [""]

    def reopen_silenced(self, done: ClockChanges) -> None:
        """Opens again what a mistaken report cancelled, with the dates it had."""
        for event in self.silenced():
            if event.event is EventKind.CANCELLED and self.target in self.lifecycle.clock_by_id[event.clock].during:
                self.reopen(done, event)

    def reopen(self, done: ClockChanges, event: ClockEvent) -> None:
        """Opens again the deadline that `event` closed."""
        row = self.closed_row(event.deadline)
        done.events.append(
            ClockEvent(
                deadline=event.deadline,
                clock=event.clock,
                subject=event.subject,
                event=EventKind.REOPENED,
                at=self.occurred_at,
            )
        )
        done.changed[event.deadline] = {
            "status": DeadlineStatus.OPEN,
            "closed_at": None,
            "next_action_at": self.recorded_at,  # the sweep finds out what must be told now
            **new_cycle(row),
        }
        done.running[event.deadline] = {**row, "closed_at": None, "told": ""}

    def start(self, done: ClockChanges, clock_id: str, subject: str) -> None:
        """Starts one clock, under the policy's limit or with the date it had in the system left behind."""
        limit = self.policy.limit(self.lifecycle.id, clock_id)
        number = self.case["deadlines_opened"] + len(done.opened) + 1
        started_at = self.occurred_at
        if clock_id in self.taken_over:
            limit = TAKEN_OVER.model_copy(update={"ladder": limit.ladder})
            anchors = Anchors(start=started_at, dates={"date_taken_over": self.taken_over[clock_id]})
        else:
            anchors = self.anchors(limit, started_at, subject)
        due = compute_due(limit, anchors, self.calendar, self.policy.ladder(limit).amber)
        done.events.append(
            ClockEvent(
                deadline=number,
                clock=clock_id,
                subject=subject,
                event=EventKind.STARTED,
                at=started_at,
                limit=limit.snapshot(),
                anchors=anchors.to_json(),
                due_at=due.due_at,
                calendar=self.calendar.version,
            )
        )
        row = {
            "case_id": self.case["id"],
            "number": number,
            "clock": clock_id,
            "subject": subject,
            "status": DeadlineStatus.OPEN,
            "started_at": started_at,
            "recorded_at": self.recorded_at,
            "cycle": 1,
            **due_columns(due),
        }
        done.opened.append(row)
        done.running[number] = row

    def anchors(self, limit: TimeLimit, started_at: datetime, subject: str) -> Anchors:
        """The start and the dates this limit counts from, as known now."""
        facts = self.situation.facts
        names = {term.since for term in (*limit.terms, *([limit.not_under] if limit.not_under else []))}
        by_gestation = limit.late_start or any(term.unit is Unit.GESTATION for term in limit.terms)
        dates = {name: _dated(facts[name]) for name in sorted(names - {"start", "born_on"}) if facts.get(name)}
        about = int(subject.removeprefix("child:")) if subject.startswith("child:") else self.case["child"]
        births = [one.born_on for one in self.children if one.born_on and about in (None, one.number)]
        born = min(births, default=None)
        return Anchors(
            start=started_at,
            dates=dates,
            edd=_dated(facts.get("edd")) if by_gestation else None,
            born_on=born if "born_on" in names else None,
        )

    def date_anew(self, done: ClockChanges) -> None:
        """Dates again every running deadline that counts from a date that is another now than when it was dated."""
        past = [*self.past_events(), *done.events]
        for number in done.running:
            history = [event for event in past if event.deadline == number]
            anchored = [Anchors.from_json(event.anchors) for event in history if event.anchors is not None]
            now_known = self.anchors(limit_of(history), anchored[-1].start, history[0].subject)
            anchors = replace(now_known, dates={**anchored[-1].dates, **now_known.dates})
            if anchors != anchored[-1]:
                self.re_date(done, history, anchors, f"{self.situation.trigger} changed a date it counts from")

    def re_date(self, done: ClockChanges, history: Sequence[ClockEvent], anchors: Anchors, reason: str) -> None:
        """Gives a running deadline other dates to count from; its pauses and extensions are applied again."""
        event = ClockEvent(
            deadline=history[0].deadline,
            clock=history[0].clock,
            subject=history[0].subject,
            event=EventKind.RE_DATED,
            at=self.occurred_at,
            anchors=anchors.to_json(),
            reason=reason,
        )
        self.re_dated(done, history, event)

    def re_dated(self, done: ClockChanges, history: Sequence[ClockEvent], event: ClockEvent) -> DeadlineState:
        """Takes in an event that dates a running deadline anew, by the calendar that holds now."""
        state = self.folded(history, event)
        done.events.append(replace(event, due_at=state.due.due_at, calendar=self.calendar.version))
        self._stands(done, event.deadline, state)
        return state


def limit_of(history: Sequence[ClockEvent]) -> TimeLimit:
    """The limit a clock runs under: the one it started with, or the latest it was given since."""
    return TimeLimit.model_validate(next(event.limit for event in reversed(history) if event.limit is not None))


def counted_by(history: Sequence[ClockEvent]) -> str:
    """The calendar a clock is counted by: that of its start or latest re-dating."""
    dated = (EventKind.STARTED, EventKind.RE_DATED)
    return next(event.calendar for event in reversed(history) if event.event in dated)


def is_paused(row: Mapping[str, Any]) -> bool:
    return row.get("status") == DeadlineStatus.PAUSED


def review_of_pause(calendar: WorkingCalendar, now: datetime) -> datetime:
    """When a deadline paused now is looked at again: no pause runs on unseen."""
    return end_of_day(calendar.add_working_days(local_date(now), PAUSE_REVIEWED_AFTER))


def due_columns(due: Due) -> dict[str, Any]:
    return {
        "due_at": due.due_at,
        "due_on": due.due_on,
        "amber_at": due.amber_at,
        "flags": ",".join(due.flags),
        "next_action_at": due.amber_at,
    }


def new_cycle(row: Mapping[str, Any]) -> dict[str, Any]:
    """A deadline with a new date climbs its ladder anew; one opened by this very step has told nothing yet."""
    return {"cycle": row.get("cycle", 1) + 1, "told": "", "repeats": 0, "quiet_until": None}


def _dated(value: Any) -> Any:
    """A fact as the date or instant it is; None where it is neither."""
    if not isinstance(value, str):
        return value if isinstance(value, date) else None
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None
