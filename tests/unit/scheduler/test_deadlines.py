"""A deadline folded from its events: pauses, extensions, re-dating, endings, impossible histories and the proof."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Term, TimeLimit, Unit
from scheduler.calendars import Override, WorkingCalendar
from scheduler.deadlines import (
    Anchors,
    ClockEvent,
    DeadlineStatus,
    EventKind,
    Standing,
    compute_due,
    explain,
    fold,
    status_words,
)

ENGLAND = WorkingCalendar()
START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
EDD = date(2027, 6, 10)


def limit(*terms, **more):
    given = {"pausable": True, "extendable_by": "manager", **more}
    return TimeLimit(terms=terms, basis="local", source="a protocol", effective_from=date(2026, 11, 1), **given)


TEN_DAYS = limit(Term(amount=10, unit=Unit.WORKING_DAYS))  # to Monday 7 December 2026
SIX_WEEKS = limit(Term(amount=6, unit=Unit.WEEKS))  # to Monday 4 January 2027
THREE_DAYS_OF_HOURS = limit(Term(amount=72, unit=Unit.HOURS))  # to 10:15 on 26 November 2026
MILESTONE = limit(Term(amount="34+0", unit=Unit.GESTATION))


def event(kind, at, **more):
    return ClockEvent(deadline=7, clock="assessment", event=EventKind(kind), at=at, **more)


def started(rule=TEN_DAYS, **anchors):
    return event("started", START, limit=rule.snapshot(), anchors=Anchors(start=START, **anchors).to_json())


def at(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(n):
    return Term(amount=n, unit=Unit.DAYS)


def extended(when=START, by="manager.m", **more):
    return event("extended", when, decided_by=by, reason="New assessor", **more)


def due_on(*events):
    return fold(events, ENGLAND).due.due_on


def test_a_started_clock_is_open_and_due_as_its_limit_says():
    state = fold([started()], ENGLAND)
    assert state.status is DeadlineStatus.OPEN
    assert state.started_at == START
    assert state.due == compute_due(TEN_DAYS, Anchors(start=START), ENGLAND)
    assert state.due.due_on == date(2026, 12, 7)
    assert (state.closed_at, state.met_in_time, state.extended) == (None, None, False)
    assert state.limit == TEN_DAYS


# Pauses


@pytest.mark.parametrize(
    ("rule", "moved_to"),
    [
        (TEN_DAYS, date(2026, 12, 14)),  # Thursday to Thursday: 5 working days
        (SIX_WEEKS, date(2027, 1, 11)),  # 7 days
    ],
)
def test_a_pause_moves_the_due_date_by_the_time_paused(rule, moved_to):
    events = [started(rule), event("paused", at(date(2026, 11, 26))), event("resumed", at(date(2026, 12, 3)))]
    assert due_on(*events) == moved_to
    assert fold(events, ENGLAND).status is DeadlineStatus.OPEN


def test_a_pause_over_a_weekend_and_a_holiday_adds_only_its_working_days():
    rule = limit(Term(amount=30, unit=Unit.WORKING_DAYS))
    plain = due_on(started(rule))
    paused = [started(rule), event("paused", at(date(2026, 12, 24))), event("resumed", at(date(2026, 12, 29)))]
    assert due_on(*paused) == ENGLAND.add_working_days(plain, 1)


def test_hours_are_paused_by_the_time_that_passes():
    events = [started(THREE_DAYS_OF_HOURS), event("paused", START), event("resumed", START + timedelta(minutes=90))]
    assert fold(events, ENGLAND).due.due_at == datetime(2026, 11, 26, 11, 45, tzinfo=UTC)


def test_a_pause_within_a_day_changes_no_date():
    noon = at(date(2026, 11, 26), 12)
    events = [started(), event("paused", noon), event("resumed", noon + timedelta(hours=5))]
    assert due_on(*events) == date(2026, 12, 7)


def test_two_pauses_add_up_to_one_of_the_same_days():
    monday, wednesday, friday = date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 27)
    one = [started(), event("paused", at(monday, 11)), event("resumed", at(friday))]
    two = [
        started(),
        *(event("paused", at(monday, 11)), event("resumed", at(wednesday))),
        *(event("paused", at(wednesday)), event("resumed", at(friday))),
    ]
    assert due_on(*one) == due_on(*two) == date(2026, 12, 11)


def test_while_it_is_paused_the_due_date_is_the_earliest_it_can_be():
    state = fold([started(), event("paused", at(date(2026, 11, 26)))], ENGLAND)
    assert state.status is DeadlineStatus.PAUSED
    assert state.due.due_on == date(2026, 12, 7)
    assert status_words(state, at(date(2027, 6, 1))) is Standing.PAUSED


def test_meeting_a_paused_deadline_ends_the_pause_too():
    events = [started(), event("paused", at(date(2026, 11, 26))), event("met", at(date(2026, 12, 10)))]
    state = fold(events, ENGLAND)
    assert state.due.due_on == date(2026, 12, 21)
    assert state.met_in_time
    assert any("lasted 10 working days" in step.says for step in explain(events, ENGLAND))


# Extensions


def test_an_extension_is_by_an_amount_or_to_a_date():
    assert due_on(started(), extended(amount=Term(amount=5, unit=Unit.WORKING_DAYS))) == date(2026, 12, 14)
    assert due_on(started(), extended(amount=Term(amount=8, unit=Unit.WEEKS))) == date(2027, 2, 1)
    assert due_on(started(), extended(amount=Term(amount=1, unit=Unit.MONTHS))) == date(2027, 1, 7)
    state = fold([started(), extended(due_on=date(2026, 12, 18))], ENGLAND)
    assert state.due.due_on == date(2026, 12, 18)
    assert state.due.due_at == datetime(2026, 12, 19, 0, tzinfo=UTC)
    assert state.due_at_without_extension == datetime(2026, 12, 8, 0, tzinfo=UTC)
    assert state.extended


def test_hours_are_extended_by_hours():
    by_hours = extended(amount=Term(amount=24, unit=Unit.HOURS))
    assert fold([started(THREE_DAYS_OF_HOURS), by_hours], ENGLAND).due.due_at == datetime(
        2026, 11, 27, 10, 15, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="by days, not by hours"):
        fold([started(), by_hours], ENGLAND)


def test_pause_and_extension_apply_in_the_order_in_which_they_were_recorded():
    pause = [event("paused", at(date(2026, 11, 26))), event("resumed", at(date(2026, 12, 3)))]
    to_date = extended(at(date(2026, 12, 4)), due_on=date(2026, 12, 18))
    assert due_on(started(), *pause, to_date) == date(2026, 12, 18)  # the date was agreed knowing of the pause
    assert due_on(started(), to_date, *pause) == date(2026, 12, 29)  # the pause came after: 5 working days more


def test_an_extension_during_a_pause_applies_before_the_pause_does():
    events = [
        started(),
        event("paused", at(date(2026, 11, 26))),
        extended(at(date(2026, 11, 30)), due_on=date(2026, 12, 18)),
        event("resumed", at(date(2026, 12, 3))),
    ]
    assert due_on(*events) == date(2026, 12, 29)


# Re-dating


def re_dated(edd, **more):
    return event("re_dated", at(date(2027, 1, 11)), anchors=Anchors(start=START, edd=edd).to_json(), **more)


def test_a_new_expected_date_of_birth_moves_a_milestone():
    assert due_on(started(MILESTONE, edd=EDD)) == date(2027, 4, 29)
    assert due_on(started(MILESTONE, edd=EDD), re_dated(date(2027, 6, 24))) == date(2027, 5, 13)
    assert due_on(started(MILESTONE, edd=EDD), re_dated(date(2027, 5, 27))) == date(2027, 4, 15)


def test_an_undetermined_deadline_gets_its_date_when_the_expected_date_of_birth_is_known():
    unknown = fold([started(MILESTONE)], ENGLAND)
    assert unknown.due.flags == ("undetermined",)
    assert status_words(unknown, START) is Standing.UNDETERMINED
    assert due_on(started(MILESTONE), re_dated(EDD)) == date(2027, 4, 29)
    with pytest.raises(ValueError, match="not known yet"):
        fold([started(MILESTONE), extended(amount=days(7))], ENGLAND)


def test_pauses_and_extensions_apply_again_after_re_dating():
    events = [
        started(MILESTONE, edd=EDD),
        event("paused", at(date(2026, 12, 1))),
        event("resumed", at(date(2026, 12, 8))),
        extended(due_on=date(2027, 5, 10)),
    ]
    assert due_on(*events) == date(2027, 5, 10)
    assert due_on(*events, re_dated(date(2027, 6, 24))) == date(2027, 5, 20)  # its own date and the pause are later now
    assert due_on(*events, re_dated(date(2027, 6, 3))) == date(2027, 5, 10)


def test_a_new_limit_is_a_re_dating_too():
    shorter = event("re_dated", START, limit=limit(Term(amount=5, unit=Unit.WORKING_DAYS)).snapshot())
    assert due_on(started(), shorter) == date(2026, 11, 30)
    with pytest.raises(ValueError, match="neither new anchors nor a new limit"):
        fold([started(), event("re_dated", START)], ENGLAND)


def test_a_corrected_start_is_the_start():
    earlier = START - timedelta(days=7)
    corrected = fold([started(), event("re_dated", START, anchors=Anchors(start=earlier).to_json())], ENGLAND)
    assert (corrected.started_at, corrected.due.due_on) == (earlier, date(2026, 11, 30))


# Endings


def test_meeting_a_deadline_at_its_very_end_is_in_time():
    end = datetime(2026, 12, 8, 0, tzinfo=UTC)
    assert fold([started(), event("met", end)], ENGLAND).met_in_time is True
    late = fold([started(), event("met", end + timedelta(seconds=1))], ENGLAND)
    assert late.met_in_time is False
    assert late.closed_at == end + timedelta(seconds=1)


def test_what_met_a_deadline_may_have_happened_before_its_clock_started():
    assert fold([started(), event("met", START - timedelta(hours=1))], ENGLAND).met_in_time is True


def test_a_reopened_deadline_is_open_with_the_date_it_had():
    for kind in ("met", "cancelled"):
        state = fold([started(), event(kind, START), event("reopened", START, reason="Wrong case")], ENGLAND)
        assert state.status is DeadlineStatus.OPEN
        assert (state.due.due_on, state.closed_at, state.met_in_time) == (date(2026, 12, 7), None, None)


COURT = limit(Term(amount=26, unit=Unit.WEEKS_BEGINNING_WITH), extendable_by="court", pausable=False)


@pytest.mark.parametrize(
    ("events", "now", "standing", "colour"),
    [
        ([started()], at(date(2026, 12, 2)), Standing.ON_TRACK, "green"),
        ([started()], at(date(2026, 12, 3)), Standing.AMBER, "amber"),
        ([started()], datetime(2026, 12, 7, 23, 59, tzinfo=UTC), Standing.AMBER, "amber"),
        ([started()], datetime(2026, 12, 8, 0, 0, tzinfo=UTC), Standing.BREACHED, "red"),
        ([started(), extended(amount=days(14))], at(date(2026, 12, 9)), Standing.BREACHED_EXTENDED, "purple"),
        ([started(), extended(amount=days(14))], at(date(2026, 12, 7)), Standing.ON_TRACK, "green"),
        ([started(), extended(amount=days(14))], at(date(2026, 12, 22)), Standing.BREACHED, "red"),
        ([started(), event("paused", START)], at(date(2026, 12, 22)), Standing.PAUSED, "grey"),
        ([started(), event("met", at(date(2026, 12, 7)))], at(date(2027, 1, 1)), Standing.MET, "green"),
        ([started(), event("met", at(date(2026, 12, 8)))], at(date(2027, 1, 1)), Standing.MET_LATE, "red"),
        (
            [started(), event("met", at(date(2026, 12, 7)), recorded_at=at(date(2026, 12, 9)))],
            at(date(2027, 1, 1)),
            Standing.MET_RECORDED_LATE,
            "green",
        ),
        ([started(), event("cancelled", START)], at(date(2027, 1, 1)), Standing.CANCELLED, "grey"),
    ],
)
def test_a_deadline_is_described_in_words_with_a_colour(events, now, standing, colour):
    words = status_words(fold(events, ENGLAND), now)
    assert words is standing
    assert words.colour == colour
    assert words.label == standing.value


# Impossible histories


def other(kind, when=START, **more):
    return ClockEvent(**{"deadline": 7, "clock": "assessment", "event": EventKind(kind), "at": when, **more})


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([], "at least the event that started"),
        ([event("met", START)], "begins by being started"),
        ([event("started", START)], "with a limit and its anchors"),
        ([started(), started()], "has been started already"),
        ([started(), event("resumed", START)], "cannot be resumed: it is open"),
        ([started(), event("paused", START), event("paused", START)], "cannot be paused: it is paused"),
        ([started(COURT), event("paused", START)], "does not allow a pause"),
        ([started(), event("paused", START - timedelta(days=1))], "started or resumed only at 10:15"),
        ([started(), event("paused", START), event("resumed", START - timedelta(seconds=1))], "paused only at 10:15"),
        ([started(limit(days(3), extendable_by="nobody")), extended(amount=days(3))], "by nobody"),
        ([started(), extended(amount=days(3), by="")], "who decided"),
        ([started(), extended()], "either a new date or an amount"),
        ([started(), extended(amount=days(3), due_on=date(2027, 1, 4))], "either a new date or an amount"),
        ([started(), extended(due_on=date(2026, 12, 7))], "no later than the date that stands"),
        ([started(), extended(amount=days(-3))], "must lead to a later date"),
        ([started(), extended(amount=Term(amount="34+0", unit=Unit.GESTATION))], "not counted in gestation"),
        ([started(), event("met", START), event("met", START)], "cannot be met: it is met"),
        ([started(), event("cancelled", START), extended(amount=days(3))], "it is cancelled"),
        ([started(), event("reopened", START)], "cannot be reopened: it is open"),
        ([started(), other("met", deadline=8)], "mixed with those of deadline 7"),
        ([started(), other("met", subject="child:1")], "mixed"),
    ],
)
def test_an_impossible_history_is_refused_in_a_sentence(events, says):
    with pytest.raises(ValueError, match=says):
        fold(events, ENGLAND)


def test_a_pause_that_overlaps_an_earlier_one_is_refused():
    first = [event("paused", at(date(2026, 11, 26))), event("resumed", at(date(2026, 12, 3)))]
    with pytest.raises(ValueError, match="started or resumed only at"):
        fold([started(), *first, event("paused", at(date(2026, 12, 1)))], ENGLAND)


def test_an_instant_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        event("met", datetime(2026, 12, 1, 9))  # noqa: DTZ001 - the missing zone is what is tested


# JSON


def test_events_are_the_same_after_a_trip_through_json():
    events = [
        started(ASSESSMENT, dates={"received_on": date(2026, 11, 20), "made_at": START}, edd=EDD, born_on=EDD),
        extended(due_on=date(2027, 2, 8), subject="", due_at=at(date(2027, 2, 9)), calendar="england-1"),
        extended(amount=Term(amount=8, unit=Unit.WEEKS), recorded_at=at(date(2027, 3, 1))),
    ]
    for one in events:
        assert ClockEvent.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_what_is_empty_is_left_out_of_the_json():
    assert event("met", START).to_json() == {
        "deadline": 7,
        "clock": "assessment",
        "event": "met",
        "at": "2026-11-23T10:15:00+00:00",
    }


def test_anchors_without_a_start_are_refused():
    with pytest.raises(ValueError, match="have no start"):
        fold([event("started", START, limit=TEN_DAYS.snapshot(), anchors={"edd": "2027-06-10"})], ENGLAND)


ASSESSMENT = limit(
    Term(amount=45, unit=Unit.WORKING_DAYS, since="received_on"), Term(amount="32+0", unit=Unit.GESTATION)
)


# Proofs


def test_the_proof_from_events_tells_the_whole_story():
    events = [
        started(),
        event("paused", at(date(2026, 11, 26)), decided_by="manager.m", reason="Mother in hospital"),
        event("resumed", at(date(2026, 12, 3))),
        extended(at(date(2026, 12, 11)), amount=Term(amount=10, unit=Unit.WORKING_DAYS)),
        event("met", at(date(2026, 12, 22))),
    ]
    said = [step.says for step in explain(events, ENGLAND)]
    assert said == [
        "The rule: Local rule, a protocol; in force from Sunday 1 November 2026.",
        "The clock started at 10:15 on Monday 23 November 2026.",
        "10 working days counted from Monday 23 November 2026 (the start of the clock): Monday 7 December 2026.",
        "Saturdays and Sundays are not counted: 4.",
        f"Working days are those of the calendar {ENGLAND.version}.",
        "Due by the end of Monday 7 December 2026: 2026-12-08 00:00 in London, 2026-12-08 00:00 UTC.",
        "Paused at 09:00 on Thursday 26 November 2026 by manager.m: Mother in hospital.",
        "While it is paused the due date is the earliest it can be.",
        "Resumed at 09:00 on Thursday 3 December 2026.",
        "The pause from Thursday 26 November 2026 lasted 5 working days, which do not count.",
        "Saturdays and Sundays are not counted: 2.",
        "Due by the end of Monday 14 December 2026: 2026-12-15 00:00 in London, 2026-12-15 00:00 UTC.",
        "Extended at 09:00 on Friday 11 December 2026 by manager.m: New assessor.",
        "The extension is 10 working days, added to the date that stood.",
        "Friday 25 December 2026 is not counted: Christmas Day.",
        "Monday 28 December 2026 is not counted: Boxing Day (substitute day).",
        "Saturdays and Sundays are not counted: 4.",
        "Due by the end of Wednesday 30 December 2026: 2026-12-31 00:00 in London, 2026-12-31 00:00 UTC.",
        "Met at 09:00 on Tuesday 22 December 2026.",
        "That was in time.",
    ]
    assert tuple(explain(events, ENGLAND)) == fold(events, ENGLAND).due.steps


def test_the_proof_says_where_the_calendar_gives_another_date_than_was_recorded():
    recorded = ClockEvent.from_json(
        {**started().to_json(), "due_at": "2026-12-08T00:00:00+00:00", "calendar": ENGLAND.version}
    )
    later = WorkingCalendar(overrides=(Override(date(2026, 12, 1), "add", "A royal wedding"),), version="durham-8")
    said = [step.says for step in explain([recorded], later)]
    assert said[-1] == (
        f"Another date was recorded then by the calendar {ENGLAND.version}: 00:00 on Tuesday 8 December 2026. "
        "What is shown here is worked out by the calendar durham-8."
    )
    assert not any("Another date" in step.says for step in explain([recorded], ENGLAND))


def test_the_proof_of_a_re_dated_milestone_gives_both_dates():
    said = " ".join(step.says for step in explain([started(MILESTONE, edd=EDD), re_dated(date(2027, 6, 24))], ENGLAND))
    assert "Due by the end of Thursday 29 April 2027" in said
    assert "Re-dated at 09:00 on Monday 11 January 2027." in said
    assert "Due by the end of Thursday 13 May 2027" in said


# Properties

RULES = st.sampled_from([TEN_DAYS, SIX_WEEKS, THREE_DAYS_OF_HOURS, ASSESSMENT, MILESTONE])
GAPS = st.lists(st.timedeltas(timedelta(0), timedelta(days=40)), max_size=8)


def begun(rule):
    return started(rule, dates={"received_on": date(2026, 11, 20)}, edd=EDD)


def pauses(gaps):
    """Alternating pauses and resumptions, each so long after the one before."""
    when, found = START, []
    for place, gap in enumerate(gaps):
        when += gap
        found.append(event("resumed" if place % 2 else "paused", when))
    return found


@given(RULES, GAPS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_pause_of_no_length_changes_nothing(rule, gaps, wait):
    before = [begun(rule), *pauses(gaps[: len(gaps) // 2 * 2])]
    moment = before[-1].at + wait
    assert fold([*before, event("paused", moment), event("resumed", moment)], ENGLAND).due == fold(before, ENGLAND).due


@given(RULES, GAPS)
def test_a_deadline_never_moves_to_an_earlier_date_by_pausing(rule, gaps):
    events = [begun(rule), *pauses(gaps)]
    dates = [fold(events[:n], ENGLAND).due.due_at for n in range(1, len(events) + 1)]
    assert dates == sorted(dates)


@given(RULES, GAPS)
def test_a_pause_never_undoes_a_breach(rule, gaps):
    events = [begun(rule), *pauses(gaps[: len(gaps) // 2 * 2])]
    for n in range(1, len(events), 2):
        paused = events[n].at
        if paused >= fold(events[:n], ENGLAND).due.due_at:
            assert fold(events[: n + 2], ENGLAND).due.due_at <= events[n + 1].at


@given(RULES, GAPS, st.integers(1, 60), st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS, Unit.WEEKS, Unit.MONTHS]))
def test_an_extension_never_shortens(rule, gaps, n, unit):
    events = [begun(rule), *pauses(gaps)]
    before = fold(events, ENGLAND)
    after = fold([*events, extended(amount=Term(amount=n, unit=unit))], ENGLAND)
    assert after.due.due_at > before.due.due_at
    assert after.due_at_without_extension == before.due.due_at


@given(RULES, GAPS, st.one_of(st.none(), st.integers(1, 60)), st.sampled_from(["met", "cancelled", None]))
def test_events_fold_to_the_same_deadline_after_a_trip_through_json(rule, gaps, extension, ending):
    events = [begun(rule), *pauses(gaps)]
    if extension:
        events.append(extended(amount=days(extension)))
    if ending:
        events.append(event(ending, events[-1].at))
    again = [ClockEvent.from_json(json.loads(json.dumps(one.to_json()))) for one in events]
    assert fold(again, ENGLAND) == fold(events, ENGLAND)
    assert explain(again, ENGLAND) == explain(events, ENGLAND)
