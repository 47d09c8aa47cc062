"""Why a due date is that date, in plain sentences: the proof of a reckoning, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from config.limits import Basis, Term, TimeLimit, Unit
from scheduler.calendars import LONDON, WorkingCalendar, add_days, end_of_day, local_date, written, written_at
from scheduler.gestation import as_weeks, gestation_on
from scheduler.reckoning import LATE_DAYS, Candidate, Reckoning

_BASIS = {
    Basis.STATUTE: "statute",
    Basis.STATUTORY_GUIDANCE: "statutory guidance",
    Basis.LOCAL: "local rule",
    Basis.PROPOSAL: "proposal, not law",
}
_ANCHORS = {
    "start": "the start of the clock",
    "edd": "the expected date of birth",
    "became_looked_after_on": "the day the child came to be looked after",
    "born_on": "the date of birth",
    "conference_by": "the day by which the conference is due",
    "conference_on": "the day of the conference",
    "consent_review_on": "the day set to look at consent again",
    "contact_from": "the day from which she may be contacted",
    "ends_on": "the day it ends",
    "engagement_until": "the day until which engagement runs",
    "expires_at": "the moment it runs out",
    "first_engaged_on": "the day she first engaged",
    "issued_on": "the day of issue",
    "next_clinic_on": "the day set for the next clinic",
    "next_hearing_on": "the day of the next hearing",
    "pp_start_date": "the start of pre-proceedings",
    "programme_started_on": "her start with Pause",
    "programme_until": "the day until which the programme runs",
    "received_on": "the day it was received",
    "review_on": "the day set to look at it again",
    "starts_on": "the day it starts",
    "strategy_held_on": "the day of the strategy discussion",
    "taken_at": "the moment the child was taken into protection",
    "timetable_until": "the day until which the timetable runs",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence of a proof, with the local date or UTC instant it is about where there is one."""

    says: str
    day: date | None = None
    at: datetime | None = None


def prove(reckoning: Reckoning) -> list[Step]:
    """The steps from the start of the clock to the due date, in the order a person would check them.

    They name the rule and its source, each term with its own date, each holiday not counted, the floor, a late start,
    and the final instant in London and in UTC.
    """
    limit, anchors = reckoning.limit, reckoning.anchors
    steps = [_rule(limit), Step(f"The clock started at {written_at(anchors.start)}.", at=anchors.start)]
    for term, candidate in zip(limit.terms, reckoning.candidates, strict=True):
        steps += _term(term, candidate, reckoning)
    if reckoning.taken is None or reckoning.decisive is None:
        return [*steps, Step("None of this is known yet, so the due date is undetermined.")]
    if len(limit.terms) > 1:
        steps.append(Step(f"The {limit.take} is taken: {written(reckoning.taken.due_on)}.", reckoning.taken.due_on))
    steps += _floor(reckoning)
    due = reckoning.decisive
    return [*steps, *_calendar(reckoning), *horizon(reckoning, due.due_on), due_step(due.due_at)]


def _rule(limit: TimeLimit) -> Step:
    says = f"{limit.says.rstrip('.')}. " if limit.says else ""
    return Step(
        f"The rule: {says}{_sentence(_BASIS[limit.basis])}, {limit.source.rstrip('.')}; "
        f"in force from {written(limit.effective_from)}.",
        limit.effective_from,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def count(n: int, thing: str) -> str:
    """ "1 working day", "3 working days"."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def amount(term: Term) -> str:
    """The length of a term in words, without its anchor."""
    if term.unit is Unit.GESTATION:
        return f"{term.amount} of the pregnancy"
    unit = "week" if term.unit is Unit.WEEKS_BEGINNING_WITH else term.unit.value.removesuffix("s").replace("_", " ")
    return count(abs(int(term.amount)), unit)


def anchor_words(name: str) -> str:
    """What a term is counted from, such as "the day of the conference"."""
    return _ANCHORS.get(name, name.replace("_", " "))


def _on(value: date | datetime) -> str:
    return written_at(value) if isinstance(value, datetime) else written(value)


def _counted(term: Term, one: Candidate) -> str:
    since = one.counted_from if term.unit is Unit.HOURS else one.day_zero
    if term.unit is Unit.WEEKS_BEGINNING_WITH:
        way = "beginning with"
    else:
        way = "counted from" if int(term.amount) >= 0 else "counted back from"
    return f"{amount(term)} {way} {_on(since)} ({anchor_words(term.since)})"


def _term(term: Term, one: Candidate | None, reckoning: Reckoning) -> Iterator[Step]:
    if one is None:
        unknown = anchor_words("edd" if term.unit is Unit.GESTATION else term.since)
        yield Step(f"{_sentence(amount(term))} is left out, since {unknown} is not known.")
    elif term.unit is Unit.GESTATION:
        yield from _milestone(term, one, reckoning)
    else:
        due = written_at(one.due_at) if term.unit is Unit.HOURS else written(one.due_on)
        yield Step(f"{_sentence(_counted(term, one))}: {due}.", one.due_on, one.due_at)
        if term.unit is Unit.WORKING_DAYS:
            yield from not_counted(reckoning.calendar, one.day_zero, one.due_on)


def _milestone(term: Term, one: Candidate, reckoning: Reckoning) -> Iterator[Step]:
    edd = reckoning.anchors.edd
    if edd is None:
        return
    milestone = one.milestone or one.due_on
    yield Step(f"{_sentence(amount(term))}, expected on {written(edd)}: {written(milestone)}.", milestone)
    if one.milestone is None:
        return
    start, calendar = local_date(reckoning.anchors.start), reckoning.calendar
    left = calendar.working_days_between(start, milestone)
    near = "already past" if milestone < start else f"only {count(left, 'working day')} away"
    yield Step(
        f"That was {near} when the clock started, at {as_weeks(gestation_on(edd, start))}, so it started late: due "
        f"{LATE_DAYS} working days after the start or at 37+0, whichever is earlier; from 37+0 on, in 1 working day; "
        f"never before the milestone itself: {written(one.due_on)}.",
        one.due_on,
    )
    if one.counts is Unit.WORKING_DAYS:
        yield from not_counted(calendar, start, one.due_on)


def not_counted(calendar: WorkingCalendar, day: date, until: date) -> Iterator[Step]:
    """A step for each named day off after `day` up to `until`, and one that counts the other Saturdays and Sundays."""
    weekends = 0
    for off, name in calendar.skipped(day, until):
        if name in ("Saturday", "Sunday"):
            weekends += 1
        else:
            yield Step(f"{written(off)} is not counted: {name}.", off)
    if weekends:
        yield Step(f"Saturdays and Sundays are not counted: {weekends}.")


def _floor(reckoning: Reckoning) -> Iterator[Step]:
    term, floor, taken = reckoning.limit.not_under, reckoning.floor, reckoning.taken
    if term is None or taken is None:
        return
    if floor is None:
        yield Step(f"Never under {amount(term)}: left out, since {anchor_words(term.since)} is not known.")
        return
    says = f"Never under {amount(term) if term.unit is Unit.GESTATION else _counted(term, floor)}"
    if floor.due_at > taken.due_at:
        yield Step(f"{says}, which is later and holds: {written(floor.due_on)}.", floor.due_on)
        if floor.counts is Unit.WORKING_DAYS:
            yield from not_counted(reckoning.calendar, floor.day_zero, floor.due_on)
    else:
        yield Step(f"{says}, {written(floor.due_on)}: the date is not before that.", floor.due_on)


def _calendar(reckoning: Reckoning) -> Iterator[Step]:
    if any(one and one.counts is Unit.WORKING_DAYS for one in (*reckoning.candidates, reckoning.floor)):
        yield Step(f"Working days are those of the calendar {reckoning.calendar.version}.")


def horizon(reckoning: Reckoning, due_on: date) -> Iterator[Step]:
    """A warning where working days were counted into a year whose bank holidays are not verified."""
    if "beyond_horizon" in reckoning.flags(due_on):
        until = reckoning.calendar.verified_to
        yield Step(f"Bank holidays are verified to the end of {until}; later ones are computed and may change.")


def due_step(due_at: datetime) -> Step:
    """The final instant in words, on clocks in London and in UTC."""
    local = due_at.astimezone(LONDON)
    day_before = add_days(local.date(), -1)
    ends_a_day = end_of_day(day_before) == due_at
    says = f"the end of {written(day_before)}" if ends_a_day else written_at(due_at)
    return Step(
        f"Due by {says}: {local:%Y-%m-%d %H:%M} in London, {due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
        day_before if ends_a_day else local.date(),
        due_at,
    )
