"""A ladder laid over a due date: who is told when, what an outage leaves to tell, and that it never ends."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Term, TimeLimit, Unit
from config.policy import Amber, Ladder, Span, Step
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import Anchors, compute_due
from scheduler.ladder import next_steps, timetable
from states.roles import Role

ENGLAND = WorkingCalendar()
START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def span(amount, unit):
    return Span(amount=amount, unit=unit)


def step(level, amount, unit, *who, **more):
    return Step(level=level, after=span(amount, unit), who=who, channel=("message",), **more)


def ladder(amber, *steps):
    return Ladder(
        label="A ladder",
        basis="proposal",
        source="domain 8",
        effective_from=date(2026, 11, 1),
        amber=amber,
        steps=steps,
    )


STANDARD = ladder(
    Amber(
        percent_left=20,
        at_least=span(1, "working_days"),
        milestone=span(14, "days"),
        short=span(2, "working_days"),
        short_at=time(9),
        who=(Role.CASEWORKER,),
    ),
    step("R0", 0, "working_days", Role.CASEWORKER, Role.TEAM_MANAGER),
    step("R1", 2, "working_days", Role.TEAM_MANAGER, acknowledge=True),
    step("R2", 5, "working_days", Role.SERVICE_MANAGER),
    step("R3", 10, "working_days", Role.HEAD_OF_SERVICE),
    step("R4", 15, "working_days", Role.ASSISTANT_DIRECTOR, repeat_every=span(5, "working_days")),
)
HOURS = ladder(
    Amber(before=(span(24, "hours"), span(6, "hours"), span(1, "hours")), who=(Role.CASEWORKER,)),
    step("R0", 0, "hours", Role.CASEWORKER),
    step("R1", 1, "hours", Role.HEAD_OF_SERVICE),
    step("R2", 4, "hours", Role.ASSISTANT_DIRECTOR, repeat_every=span(4, "hours")),
)


def limit(amount, unit, **more):
    return TimeLimit(
        terms=(Term(amount=amount, unit=unit),), basis="local", source="x", effective_from=date(2026, 11, 1), **more
    )


TEN_DAYS = limit(10, Unit.WORKING_DAYS)  # to Monday 7 December 2026
SEVENTY_TWO_HOURS = limit(72, Unit.HOURS)  # to 10:15 on Thursday 26 November 2026


def due(rule=TEN_DAYS, over=STANDARD):
    return compute_due(rule, Anchors(start=START), ENGLAND, over.amber)


def at(month, day, hour=0, minute=0, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def ask(now, told=(), repeats=0, rule=TEN_DAYS, over=STANDARD):
    asked = next_steps(over, rule, due(rule, over), ENGLAND, now, told=told, repeats=repeats)
    return [(rung.level, rung.repeat) for rung in asked.now], asked.next_action_at


def test_the_timetable_counts_working_days_that_have_ended_after_the_due_day():
    assert [(rung.level, rung.at) for rung in timetable(STANDARD, TEN_DAYS, due(), ENGLAND)] == [
        ("A", at(12, 3, 9)),
        ("R0", at(12, 8)),
        ("R1", at(12, 10)),
        ("R2", at(12, 15)),
        ("R3", at(12, 22)),
        ("R4", at(12, 31)),  # Christmas Day and Boxing Day do not count
    ]


def test_the_timetable_of_hours_warns_three_times():
    rungs = timetable(HOURS, SEVENTY_TWO_HOURS, due(SEVENTY_TWO_HOURS, HOURS), ENGLAND)
    assert [(rung.level, rung.at) for rung in rungs] == [
        ("A1", at(11, 25, 10, 15)),
        ("A2", at(11, 26, 4, 15)),
        ("A3", at(11, 26, 9, 15)),
        ("R0", at(11, 26, 10, 15)),
        ("R1", at(11, 26, 11, 15)),
        ("R2", at(11, 26, 14, 15)),
    ]


def test_warnings_that_lie_before_the_start_become_one_at_the_start():
    rule = limit(3, Unit.HOURS)
    rungs = timetable(HOURS, rule, due(rule, HOURS), ENGLAND)
    assert [(rung.level, rung.at) for rung in rungs][:2] == [("A1", START), ("A2", at(11, 23, 12, 15))]


def test_days_after_an_hour_limit_come_at_the_same_time_of_day():
    over = ladder(HOURS.amber, step("R0", 0, "hours", Role.LEGAL), step("R1", 1, "days", Role.HEAD_OF_SERVICE))
    rungs = timetable(over, SEVENTY_TWO_HOURS, due(SEVENTY_TWO_HOURS, over), ENGLAND)
    assert rungs[-1].at == at(11, 27, 10, 15)


def test_a_warning_of_the_limit_itself_replaces_those_of_the_ladder():
    rule = limit(72, Unit.HOURS, amber=Term(amount=12, unit=Unit.HOURS))
    rungs = timetable(HOURS, rule, due(rule, HOURS), ENGLAND)
    assert [rung.at for rung in rungs if not rung.step] == [at(11, 25, 22, 15)]


def test_the_amber_rule_of_the_ladder_sets_the_warning():
    half = Amber(percent_left=50, who=(Role.CASEWORKER,), short_at=time(8))
    assert compute_due(TEN_DAYS, Anchors(start=START), ENGLAND, half).amber_at == at(11, 30, 8)
    a_week = Amber(before=(span(5, "working_days"), span(1, "working_days")))
    assert compute_due(TEN_DAYS, Anchors(start=START), ENGLAND, a_week).amber_at == at(11, 30, 9)


@pytest.mark.parametrize(
    ("now", "told", "expected", "again"),
    [
        (at(11, 24), (), [], at(12, 3, 9)),
        (at(12, 3, 9), (), ["A"], at(12, 8)),
        (at(12, 4), ("A",), [], at(12, 8)),
        (at(12, 8), ("A",), ["R0"], at(12, 10)),
        (at(12, 9), ("A", "R0"), [], at(12, 10)),
        (at(12, 15), ("A", "R0"), ["R1", "R2"], at(12, 22)),  # after an outage no step is lost
        (at(12, 15), (), ["R0", "R1", "R2"], at(12, 22)),  # but a warning is too late
        (at(12, 31), (), ["R0", "R1", "R2", "R3", "R4"], datetime(2027, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_what_is_told_now_and_when_to_look_again(now, told, expected, again):
    assert ask(now, told) == ([(level, 0) for level in expected], again)


def test_of_several_missed_warnings_only_the_latest_is_told():
    now = at(11, 26, 9, 30)
    assert ask(now, (), 0, SEVENTY_TWO_HOURS, HOURS) == ([("A3", 0)], at(11, 26, 10, 15))
    assert ask(now, ("A3",), 0, SEVENTY_TWO_HOURS, HOURS)[0] == []


ALL = ("A", "R0", "R1", "R2", "R3", "R4")


def test_the_last_step_repeats_for_ever_and_missed_repetitions_are_one():
    first, second = datetime(2027, 1, 8, tzinfo=UTC), datetime(2027, 1, 15, tzinfo=UTC)
    assert ask(at(1, 4, year=2027), ALL) == ([], first)
    assert ask(first, ALL) == ([("R4", 1)], second)
    assert ask(first, ALL, repeats=1) == ([], second)
    assert ask(at(2, 1, year=2027), ALL, repeats=1) == ([("R4", 4)], datetime(2027, 2, 5, tzinfo=UTC))


def test_nobody_is_told_while_the_date_is_undetermined():
    rule = limit("34+0", Unit.GESTATION)
    unknown = compute_due(rule, Anchors(start=START), ENGLAND)
    assert timetable(STANDARD, rule, unknown, ENGLAND) == ()
    assert next_steps(STANDARD, rule, unknown, ENGLAND, START).next_action_at is None


@given(
    st.sampled_from([(TEN_DAYS, STANDARD), (SEVENTY_TWO_HOURS, HOURS)]),
    st.lists(st.timedeltas(timedelta(hours=1), timedelta(days=12)), min_size=1, max_size=20),
)
def test_however_irregular_the_sweeps_every_step_is_told_once_and_in_order(pair, gaps):
    rule, over = pair
    now, told, repeats = START, [], 0
    for gap in gaps:
        now += gap
        asked = next_steps(over, rule, due(rule, over), ENGLAND, now, told=told, repeats=repeats)
        told += [rung.level for rung in asked.now if not rung.repeat]
        repeats = max([repeats, *(rung.repeat for rung in asked.now)])
        assert asked.next_action_at > now
    steps = [level for level in told if level.startswith("R")]
    reached = [rung.level for rung in timetable(over, rule, due(rule, over), ENGLAND) if rung.step and rung.at <= now]
    assert steps == reached
