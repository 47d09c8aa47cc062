"""A time limit applied to one case: every unit, the term that is taken, the floor, late starts, warnings and proofs."""

import timeit
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import Term, TimeLimit, Unit
from scheduler.calendars import Override, WorkingCalendar
from scheduler.deadlines import Anchors, compute_due

ENGLAND = WorkingCalendar()
EDD = date(2027, 6, 10)  # 36+6 is 19 May, 37+0 is 20 May


def term(amount, unit, since="start"):
    return Term(amount=amount, unit=unit, since=since)


def limit(*terms, **more):
    return TimeLimit(terms=terms, basis="statute", source="an Act", effective_from=date(2026, 11, 1), **more)


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def due(rule, start, calendar=ENGLAND, **anchors):
    return compute_due(rule, Anchors(start=start if isinstance(start, datetime) else noon(start), **anchors), calendar)


def says(result):
    return [step.says for step in result.steps]


# Units


@pytest.mark.parametrize(
    ("amount", "unit", "start", "due_on"),
    [
        (45, Unit.WORKING_DAYS, date(2026, 11, 23), date(2027, 1, 28)),
        (1, Unit.WORKING_DAYS, date(2026, 12, 24), date(2026, 12, 29)),
        (8, Unit.DAYS, date(2026, 12, 24), date(2027, 1, 1)),
        (6, Unit.WEEKS, date(2027, 2, 1), date(2027, 3, 15)),
        (18, Unit.MONTHS, date(2025, 8, 31), date(2027, 2, 28)),
        (3, Unit.MONTHS, date(2026, 11, 30), date(2027, 2, 28)),
        (26, Unit.WEEKS_BEGINNING_WITH, date(2026, 11, 23), date(2027, 5, 23)),
    ],
)
def test_a_limit_in_days_ends_with_the_due_day(amount, unit, start, due_on):
    result = due(limit(term(amount, unit)), start)
    assert result.due_on == due_on
    # All but one of these days end at midnight UTC; 23 May is in summer time.
    hour = 23 if due_on == date(2027, 5, 23) else 0
    assert result.due_at.hour == hour
    assert (result.due_at.date() - due_on).days == (0 if hour else 1)
    assert result.flags == ()


def test_hours_are_elapsed_hours_to_the_minute():
    taken = datetime(2026, 11, 23, 10, 15, 42, tzinfo=UTC)
    result = due(limit(term(72, Unit.HOURS)), taken)
    assert result.due_at == datetime(2026, 11, 26, 10, 15, tzinfo=UTC)
    assert result.due_on == date(2026, 11, 26)


@pytest.mark.parametrize("before_the_change", [date(2027, 3, 27), date(2027, 10, 30)])
def test_seventy_two_hours_are_seventy_two_hours_when_the_clocks_change(before_the_change):
    result = due(limit(term(72, Unit.HOURS)), noon(before_the_change))
    assert (result.due_at - noon(before_the_change)).total_seconds() == 72 * 3600


def test_hours_from_a_fact_without_a_time_are_counted_from_the_first_moment_of_its_day():
    rule = limit(term(24, Unit.HOURS, "taken_on"))
    result = due(rule, date(2027, 7, 2), dates={"taken_on": date(2027, 7, 1)})
    assert result.due_at == datetime(2027, 7, 1, 23, tzinfo=UTC)


def test_a_day_that_is_a_clock_change_ends_at_its_own_midnight():
    assert due(limit(term(1, Unit.DAYS)), date(2027, 3, 27)).due_at == datetime(2027, 3, 28, 23, tzinfo=UTC)
    assert due(limit(term(1, Unit.DAYS)), date(2027, 10, 30)).due_at == datetime(2027, 11, 1, 0, tzinfo=UTC)


def test_the_start_day_is_the_date_in_england_not_in_utc():
    late_evening = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)  # 00:30 on 1 July in England
    assert due(limit(term(1, Unit.WORKING_DAYS)), late_evening).due_on == date(2027, 7, 2)


def test_a_point_of_the_pregnancy_is_counted_from_the_expected_date_of_birth():
    result = due(limit(term("34+0", Unit.GESTATION)), date(2027, 1, 4), edd=EDD)
    assert result.due_on == date(2027, 4, 29)
    assert result.due_at == datetime(2027, 4, 29, 23, tzinfo=UTC)


def test_a_term_may_be_counted_from_a_fact_and_back():
    back = limit(term(-4, Unit.WEEKS, "edd"))
    assert due(back, date(2027, 1, 4), edd=EDD).due_on == date(2027, 5, 13)
    received = limit(term(45, Unit.WORKING_DAYS, "received_on"))
    assert due(received, date(2026, 12, 9), dates={"received_on": date(2026, 11, 23)}).due_on == date(2027, 1, 28)
    born = limit(term(42, Unit.DAYS, "born_on"))
    assert due(born, date(2027, 6, 12), born_on=date(2027, 6, 11)).due_on == date(2027, 7, 23)
    order = limit(term(3, Unit.DAYS, "made_at"))
    made = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)
    assert due(order, date(2027, 7, 2), dates={"made_at": made}).due_on == date(2027, 7, 4)


def test_an_instant_without_a_time_zone_is_refused():
    naive = datetime(2027, 6, 30, 23, 30)  # noqa: DTZ001 - the missing zone is what is tested
    with pytest.raises(ValueError, match="no time zone"):
        Anchors(start=naive)
    with pytest.raises(ValueError, match="no time zone"):
        Anchors(start=noon(EDD), dates={"made_at": naive})


# Which term is taken, the floor, what is not known

ASSESSMENT = limit(
    term(45, Unit.WORKING_DAYS, "received_on"),
    term("32+0", Unit.GESTATION),
    not_under=term(10, Unit.WORKING_DAYS),
)


@pytest.mark.parametrize(
    ("received", "start", "due_on"),
    [
        (date(2026, 11, 23), date(2026, 11, 24), date(2027, 1, 28)),  # 45 working days come first
        (date(2027, 3, 1), date(2027, 3, 2), date(2027, 4, 15)),  # 32+0 comes first
        (date(2027, 4, 12), date(2027, 4, 13), date(2027, 4, 27)),  # both too near: never under 10 working days
    ],
)
def test_the_assessment_is_due_at_the_earlier_of_two_dates_and_never_under_ten_working_days(received, start, due_on):
    assert due(ASSESSMENT, start, dates={"received_on": received}, edd=EDD).due_on == due_on


def test_the_latest_term_is_taken_where_the_limit_says_so():
    first_visit = limit(term("16+0", Unit.GESTATION), term(10, Unit.WORKING_DAYS), take="latest")
    assert due(first_visit, date(2026, 11, 2), edd=EDD).due_on == date(2026, 12, 24)
    assert due(first_visit, date(2027, 2, 1), edd=EDD).due_on == date(2027, 2, 15)


def test_a_term_whose_anchor_is_not_known_is_left_out():
    result = due(ASSESSMENT, date(2027, 3, 2), dates={"received_on": date(2027, 3, 1)})
    assert result.due_on == date(2027, 5, 6)
    assert "32+0 of the pregnancy is left out, since the expected date of birth is not known." in says(result)


def test_without_any_known_anchor_the_due_date_is_undetermined():
    result = due(limit(term("34+0", Unit.GESTATION), not_under=term(1, Unit.DAYS)), date(2027, 3, 2))
    assert (result.due_at, result.due_on, result.amber_at) == (None, None, None)
    assert result.flags == ("undetermined",)
    assert says(result)[-1] == "None of this is known yet, so the due date is undetermined."


def test_a_date_counted_beyond_the_verified_years_is_flagged():
    beyond = due(limit(term(15, Unit.WORKING_DAYS)), date(2030, 4, 17))
    assert beyond.due_on == date(2030, 5, 13)
    assert beyond.flags == ("beyond_horizon",)
    assert any("verified to the end of 2028" in one for one in says(beyond))
    assert due(limit(term(36, Unit.MONTHS)), date(2027, 4, 17)).flags == ()  # no bank holiday changes that


def test_an_added_bank_holiday_moves_the_due_date_and_is_named_in_the_proof():
    calendar = WorkingCalendar(overrides=(Override(date(2026, 11, 24), "add", "A royal wedding"),), version="durham-7")
    result = due(limit(term(1, Unit.WORKING_DAYS)), date(2026, 11, 23), calendar)
    assert result.due_on == date(2026, 11, 25)
    assert "Tuesday 24 November 2026 is not counted: A royal wedding." in says(result)
    assert "Working days are those of the calendar durham-7." in says(result)


# Late starts

PLAN = limit(term("34+0", Unit.GESTATION), late_start=True)  # 29 April 2027


@pytest.mark.parametrize(
    ("start", "due_on", "flags"),
    [
        (date(2027, 4, 15), date(2027, 4, 29), ()),  # exactly 10 working days away
        (date(2027, 4, 16), date(2027, 4, 30), ("started_late",)),  # 9 away: 10 working days
        (date(2027, 5, 4), date(2027, 5, 18), ("started_late",)),  # past, 37+0 still far
        (date(2027, 5, 10), date(2027, 5, 20), ("started_late",)),  # 37+0 comes before 10 working days
        (date(2027, 5, 19), date(2027, 5, 20), ("started_late",)),  # 36+6
        (date(2027, 5, 20), date(2027, 5, 21), ("started_late",)),  # 37+0: 1 working day
        (date(2027, 5, 28), date(2027, 6, 1), ("started_late",)),  # 38+1, a Friday before a bank holiday
    ],
)
def test_a_milestone_that_starts_late_gets_ten_working_days_but_not_beyond_37_weeks(start, due_on, flags):
    result = due(PLAN, start, edd=EDD)
    assert result.due_on == due_on
    assert result.flags == flags


def test_without_the_late_start_rule_a_past_milestone_is_past():
    result = due(limit(term("34+0", Unit.GESTATION)), date(2027, 5, 19), edd=EDD)
    assert result.due_on == date(2027, 4, 29)
    assert result.flags == ()
    assert result.amber_at == result.due_at


def test_a_late_start_never_passes_another_term_that_comes_first():
    rule = limit(term(5, Unit.WORKING_DAYS), term("36+0", Unit.GESTATION), late_start=True)
    result = due(rule, date(2027, 5, 4), edd=EDD)
    assert result.due_on == date(2027, 5, 11)
    assert result.flags == ()


def test_a_late_start_never_brings_a_milestone_after_37_weeks_forward():
    rule = limit(term("40+0", Unit.GESTATION), late_start=True)
    assert due(rule, date(2027, 6, 7), edd=EDD).due_on == EDD


def test_a_late_start_is_explained():
    text = " ".join(says(due(PLAN, date(2027, 5, 19), edd=EDD)))
    assert "already past when the clock started, at 36+6, so it started late" in text
    assert "only 9 working days away" in " ".join(says(due(PLAN, date(2027, 4, 16), edd=EDD)))


# Amber


def amber(rule, start, **anchors):
    return due(rule, start, **anchors).amber_at


@pytest.mark.parametrize(
    ("rule", "start", "at"),
    [
        # 45 working days to 28 January: 9 left
        (limit(term(45, Unit.WORKING_DAYS)), date(2026, 11, 23), datetime(2027, 1, 15, 9, tzinfo=UTC)),
        # 10 working days to 12 April: 2 left; 09:00 in summer time
        (limit(term(10, Unit.WORKING_DAYS)), date(2027, 3, 25), datetime(2027, 4, 8, 8, tzinfo=UTC)),
        # 3 working days: at least 1 left
        (limit(term(3, Unit.WORKING_DAYS)), date(2027, 1, 11), datetime(2027, 1, 13, 9, tzinfo=UTC)),
        # 2 working days or less: the due day
        (limit(term(2, Unit.WORKING_DAYS)), date(2027, 1, 11), datetime(2027, 1, 13, 9, tzinfo=UTC)),
        (limit(term(1, Unit.WORKING_DAYS)), date(2026, 12, 24), datetime(2026, 12, 29, 9, tzinfo=UTC)),
        # 26 weeks are 181 days to 23 May: 37 left
        (limit(term(26, Unit.WEEKS_BEGINNING_WITH)), date(2026, 11, 23), datetime(2027, 4, 16, 8, tzinfo=UTC)),
        # a week to a bank holiday: a fifth would be a Saturday, so the last working day before
        (limit(term(1, Unit.WEEKS)), date(2026, 12, 21), datetime(2026, 12, 24, 9, tzinfo=UTC)),
        # 4 days without a working day among them: the due day
        (limit(term(4, Unit.DAYS)), date(2026, 12, 24), datetime(2026, 12, 28, 9, tzinfo=UTC)),
        # hours: a day before
        (
            limit(term(72, Unit.HOURS)),
            datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
            datetime(2026, 11, 25, 10, 15, tzinfo=UTC),
        ),
        # an hour: from the start
        (
            limit(term(1, Unit.HOURS)),
            datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
            datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        ),
    ],
)
def test_amber_begins_with_a_fifth_of_the_period_left(rule, start, at):
    assert amber(rule, start) == at


def test_a_milestone_turns_amber_fourteen_days_before():
    rule = limit(term("34+0", Unit.GESTATION))
    assert amber(rule, date(2027, 1, 4), edd=EDD) == datetime(2027, 4, 15, 8, tzinfo=UTC)
    assert amber(rule, date(2027, 4, 22), edd=EDD) == noon(date(2027, 4, 22))  # not before the clock started


def test_a_milestone_that_started_late_turns_amber_like_any_other_period():
    assert amber(PLAN, date(2027, 5, 4), edd=EDD) == datetime(2027, 5, 14, 8, tzinfo=UTC)
    assert amber(PLAN, date(2027, 5, 20), edd=EDD) == datetime(2027, 5, 21, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "at"),
    [
        (term(5, Unit.WORKING_DAYS), datetime(2027, 1, 21, 9, tzinfo=UTC)),
        (term(7, Unit.DAYS), datetime(2027, 1, 21, 9, tzinfo=UTC)),
        (term(2, Unit.WEEKS), datetime(2027, 1, 14, 9, tzinfo=UTC)),
        (term(1, Unit.MONTHS), datetime(2026, 12, 28, 9, tzinfo=UTC)),
        (term(48, Unit.HOURS), datetime(2027, 1, 27, 0, tzinfo=UTC)),
        (term("20+0", Unit.GESTATION), datetime(2027, 1, 21, 9, tzinfo=UTC)),
    ],
)
def test_a_limit_may_have_a_warning_of_its_own(own, at):
    assert amber(limit(term(45, Unit.WORKING_DAYS), amber=own), date(2026, 11, 23), edd=EDD) == at


# Proofs


def test_the_proof_of_an_assessment_names_every_step():
    result = due(
        ASSESSMENT, datetime(2026, 11, 25, 10, 15, tzinfo=UTC), dates={"received_on": date(2026, 11, 23)}, edd=EDD
    )
    assert says(result) == [
        "The rule: Statute, an Act; in force from Sunday 1 November 2026.",
        "The clock started at 10:15 on Wednesday 25 November 2026.",
        "45 working days counted from Monday 23 November 2026 (the day it was received): Thursday 28 January 2027.",
        "Friday 25 December 2026 is not counted: Christmas Day.",
        "Monday 28 December 2026 is not counted: Boxing Day (substitute day).",
        "Friday 1 January 2027 is not counted: New Year's Day.",
        "Saturdays and Sundays are not counted: 18.",
        "32+0 of the pregnancy, expected on Thursday 10 June 2027: Thursday 15 April 2027.",
        "The earliest is taken: Thursday 28 January 2027.",
        "Never under 10 working days counted from Wednesday 25 November 2026 (the start of the clock), "
        "Wednesday 9 December 2026: the date is not before that.",
        f"Working days are those of the calendar {ENGLAND.version}.",
        "Due by the end of Thursday 28 January 2027: 2027-01-29 00:00 in London, 2027-01-29 00:00 UTC.",
    ]
    assert result.steps[-1].at == result.due_at
    assert result.steps[-1].day == result.due_on


def test_the_proof_shows_the_floor_where_it_holds():
    result = due(ASSESSMENT, date(2027, 4, 13), dates={"received_on": date(2027, 4, 12)}, edd=EDD)
    assert any("which is later and holds: Tuesday 27 April 2027" in one for one in says(result))


def test_the_proof_of_hours_ends_at_a_minute():
    result = due(limit(term(72, Unit.HOURS)), datetime(2027, 6, 30, 10, 15, tzinfo=UTC))
    assert says(result)[-1] == (
        "Due by 11:15 on Saturday 3 July 2027: 2027-07-03 11:15 in London, 2027-07-03 10:15 UTC."
    )


def test_the_proof_of_weeks_beginning_with_says_so():
    result = due(limit(term(26, Unit.WEEKS_BEGINNING_WITH), says="Disposed of within 26 weeks."), date(2026, 11, 23))
    assert says(result)[0].startswith("The rule: Disposed of within 26 weeks. Statute, an Act;")
    expected = "26 weeks beginning with Monday 23 November 2026 (the start of the clock): Sunday 23 May 2027."
    assert expected in says(result)


# Properties and speed

FIXED = st.builds(
    lambda amount, unit: limit(term(amount, unit)),
    st.integers(1, 120),
    st.sampled_from([unit for unit in Unit if unit is not Unit.GESTATION]),
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(FIXED, INSTANTS, INSTANTS)
def test_a_later_start_never_gives_an_earlier_due_date(rule, one, other):
    first, second = sorted((one, other))
    assert due(rule, first).due_at <= due(rule, second).due_at


@given(FIXED, INSTANTS)
def test_amber_lies_between_the_start_and_the_due_date(rule, start):
    result = due(rule, start)
    assert min(start, result.due_at) <= result.amber_at <= result.due_at


@given(
    INSTANTS, st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.sampled_from(["16+0", "28+0", "34+0", "37+0", "40+0"])
)
def test_a_late_start_never_makes_a_milestone_earlier(start, edd, point):
    plain = due(limit(term(point, Unit.GESTATION)), start, edd=edd)
    late = due(limit(term(point, Unit.GESTATION), late_start=True), start, edd=edd)
    assert late.due_at >= plain.due_at
    assert late.due_at > start
    assert ("started_late" in late.flags) or late.due_at == plain.due_at


@given(FIXED, INSTANTS)
def test_every_proof_ends_with_the_due_instant(rule, start):
    result = due(rule, start)
    assert result.steps[-1].at == result.due_at


def test_a_due_date_is_computed_in_under_a_hundred_microseconds():
    anchors = Anchors(start=noon(date(2026, 11, 25)), dates={"received_on": date(2026, 11, 23)}, edd=EDD)
    compute_due(ASSESSMENT, anchors, ENGLAND)
    best = min(timeit.repeat(lambda: compute_due(ASSESSMENT, anchors, ENGLAND), number=200, repeat=5)) / 200
    assert best < 100e-6
