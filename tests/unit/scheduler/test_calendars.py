"""Working days, calendar periods and the ends of legal days in England."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from govuk_bank_holidays.bank_holidays import BankHolidays
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendars import (
    Override,
    WorkingCalendar,
    add_days,
    add_months,
    at_time,
    completed_months,
    completed_years,
    end_of_day,
    local_date,
    weeks_beginning_with,
    written,
    written_at,
)

ENGLAND = WorkingCalendar()
DAYS = st.dates(date(2018, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        (date(2026, 12, 23), 1, date(2026, 12, 24)),
        (date(2026, 12, 24), 1, date(2026, 12, 29)),
        (date(2026, 12, 26), 1, date(2026, 12, 29)),
        (date(2026, 11, 23), 45, date(2027, 1, 28)),
        (date(2027, 3, 22), 15, date(2027, 4, 14)),
        (date(2027, 3, 25), 10, date(2027, 4, 12)),
        (date(2027, 12, 20), 10, date(2028, 1, 6)),
        (date(2027, 12, 17), 20, date(2028, 1, 19)),
        (date(2030, 4, 17), 15, date(2030, 5, 13)),
    ],
)
def test_working_days_are_added_as_the_domain_vectors_say(start, n, due):
    assert ENGLAND.add_working_days(start, n) == due
    assert ENGLAND.working_days_between(start, due) == n


def test_a_day_off_gives_the_same_answer_as_the_working_day_before_it():
    christmas_eve = date(2026, 12, 24)
    for day in (date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 27), date(2026, 12, 28)):
        assert ENGLAND.add_working_days(day, 7) == ENGLAND.add_working_days(christmas_eve, 7)


def test_no_working_days_is_the_day_itself_or_the_working_day_before_a_day_off():
    assert ENGLAND.add_working_days(date(2026, 12, 24), 0) == date(2026, 12, 24)
    assert ENGLAND.add_working_days(date(2026, 12, 28), 0) == date(2026, 12, 24)
    assert ENGLAND.add_working_days(date(2027, 1, 2), 0) == date(2026, 12, 31)


def test_counting_back_finds_the_working_days_before():
    assert ENGLAND.add_working_days(date(2026, 12, 29), -1) == date(2026, 12, 24)
    assert ENGLAND.add_working_days(date(2026, 12, 26), -1) == date(2026, 12, 24)
    assert ENGLAND.add_working_days(date(2027, 1, 4), -2) == date(2026, 12, 30)
    assert ENGLAND.working_days_between(date(2026, 12, 29), date(2026, 12, 24)) == -1


def test_easter_is_two_days_off_around_a_weekend():
    assert ENGLAND.why_not(date(2027, 3, 26)) == "Good Friday"
    assert ENGLAND.why_not(date(2027, 3, 29)) == "Easter Monday"
    assert ENGLAND.add_working_days(date(2027, 3, 25), 1) == date(2027, 3, 30)


def test_a_day_off_says_why():
    assert ENGLAND.why_not(date(2026, 12, 25)) == "Christmas Day"
    assert ENGLAND.why_not(date(2026, 12, 26)) == "Saturday"
    assert ENGLAND.why_not(date(2026, 12, 27)) == "Sunday"
    assert ENGLAND.why_not(date(2026, 12, 28)) == "Boxing Day (substitute day)"
    assert ENGLAND.why_not(date(2026, 12, 29)) is None
    assert ENGLAND.is_working(date(2026, 12, 29))
    assert not ENGLAND.is_working(date(2026, 12, 25))


def test_the_days_off_between_two_days_are_listed_by_name():
    assert ENGLAND.skipped(date(2026, 12, 24), date(2026, 12, 29)) == [
        (date(2026, 12, 25), "Christmas Day"),
        (date(2026, 12, 26), "Saturday"),
        (date(2026, 12, 27), "Sunday"),
        (date(2026, 12, 28), "Boxing Day (substitute day)"),
    ]
    assert ENGLAND.skipped(date(2026, 12, 29), date(2026, 12, 24)) == []


def test_a_one_off_royal_holiday_is_a_day_off():
    assert ENGLAND.why_not(date(2023, 5, 8)) == "Coronation of Charles III"
    assert ENGLAND.add_working_days(date(2023, 5, 5), 1) == date(2023, 5, 9)
    assert not ENGLAND.is_working(date(2022, 9, 19))


def test_an_override_adds_a_one_off_holiday_with_its_reason():
    proclaimed = WorkingCalendar(overrides=(Override(date(2027, 6, 11), "add", "Day of national thanksgiving"),))
    assert proclaimed.why_not(date(2027, 6, 11)) == "Day of national thanksgiving"
    assert proclaimed.add_working_days(date(2027, 6, 10), 1) == date(2027, 6, 14)
    assert ENGLAND.add_working_days(date(2027, 6, 10), 1) == date(2027, 6, 11)


def test_an_override_removes_a_bank_holiday_that_is_moved():
    moved = WorkingCalendar(overrides=(Override(date(2027, 5, 3), "remove", "May Day is moved to Friday 7 May"),))
    assert moved.is_working(date(2027, 5, 3))
    assert moved.add_working_days(date(2027, 4, 30), 1) == date(2027, 5, 3)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ([Override(date(2027, 6, 11), "add", "a"), Override(date(2027, 6, 11), "remove", "b")], "two overrides"),
        ([Override(date(2027, 6, 11), "add", " ")], "needs a reason"),
        ([Override(date(2027, 6, 12), "remove", "overtime")], "weekend"),
        ([Override(date(2027, 6, 11), "close", "x")], "add or remove"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(overrides, says):
    with pytest.raises(ValueError, match=says):
        WorkingCalendar(overrides=tuple(overrides))


def test_bank_holidays_agree_with_the_official_list_from_2018_to_2028():
    listed = BankHolidays(use_cached_holidays=True).get_holidays(division=BankHolidays.ENGLAND_AND_WALES)
    official = {one["date"] for one in listed}
    days = [date(2018, 1, 1) + timedelta(days=n) for n in range((date(2029, 1, 1) - date(2018, 1, 1)).days)]
    ours = {day for day in days if day.weekday() < 5 and not ENGLAND.is_working(day)}
    assert {day for day in official if day.year >= 2018} == ours
    assert len(ours) > 85


def test_a_date_after_the_verified_years_is_known_to_be_so():
    assert not ENGLAND.beyond_horizon(date(2028, 12, 31))
    assert ENGLAND.beyond_horizon(date(2029, 1, 1))


def test_years_nobody_means_are_refused():
    with pytest.raises(ValueError, match="1990 to 2100"):
        ENGLAND.add_working_days(date(2100, 12, 30), 5)
    with pytest.raises(ValueError, match="not for 1899"):
        ENGLAND.is_working(date(1899, 1, 2))
    with pytest.raises(ValueError, match="beyond every calendar"):
        add_days(date(9999, 12, 31), 1)
    with pytest.raises(ValueError, match="beyond every calendar"):
        add_months(date(9999, 12, 31), 1)


def test_an_instant_is_not_taken_for_a_day():
    with pytest.raises(TypeError, match="local date"):
        ENGLAND.is_working(datetime(2026, 12, 25, 9, tzinfo=UTC))


def test_the_year_ends_and_begins_without_a_gap():
    assert ENGLAND.add_working_days(date(2027, 12, 31), 1) == date(2028, 1, 4)
    assert ENGLAND.add_working_days(date(2028, 1, 4), -1) == date(2027, 12, 31)
    assert ENGLAND.working_days_between(date(2025, 12, 31), date(2028, 12, 31)) == 253 + 253 + 252


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2026, 11, 23), datetime(2026, 11, 24, 0, tzinfo=UTC)),
        (date(2027, 7, 1), datetime(2027, 7, 1, 23, tzinfo=UTC)),
        (date(2027, 3, 27), datetime(2027, 3, 28, 0, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 23, tzinfo=UTC)),  # clocks go forward: 23 hours
        (date(2027, 10, 30), datetime(2027, 10, 30, 23, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 11, 1, 0, tzinfo=UTC)),  # clocks go back: 25 hours
        (date(2026, 12, 31), datetime(2027, 1, 1, 0, tzinfo=UTC)),
        (date(2028, 2, 29), datetime(2028, 3, 1, 0, tzinfo=UTC)),
    ],
)
def test_a_legal_day_ends_at_the_local_midnight_that_follows(day, ends):
    assert end_of_day(day) == ends
    assert end_of_day(day).tzinfo is UTC
    assert local_date(ends - timedelta(microseconds=1)) == day
    assert local_date(ends) == day + timedelta(days=1)


def test_a_local_date_is_the_date_in_england():
    assert local_date(datetime(2027, 6, 30, 23, 30, tzinfo=UTC)) == date(2027, 7, 1)
    assert local_date(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2026, 12, 31)
    assert local_date(datetime(2026, 12, 31, 23, 30, tzinfo=ZoneInfo("America/New_York"))) == date(2027, 1, 1)
    with pytest.raises(ValueError, match="no time zone"):
        local_date(datetime(2027, 6, 30, 23, 30))  # noqa: DTZ001 - the missing zone is what is tested


def test_a_time_of_day_is_that_of_clocks_in_england():
    assert at_time(date(2027, 7, 1), time(9)) == datetime(2027, 7, 1, 8, tzinfo=UTC)
    assert at_time(date(2027, 1, 4), time(9)) == datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (date(2025, 8, 31), 18, date(2027, 2, 28)),  # a Pause of 18 months
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 10, 15), 3, date(2027, 1, 15)),
        (date(2027, 3, 31), -1, date(2027, 2, 28)),
        (date(2027, 1, 15), -1, date(2026, 12, 15)),
    ],
)
def test_months_keep_the_day_or_take_the_last_of_a_shorter_month(start, n, end):
    assert add_months(start, n) == end


def test_twenty_six_weeks_beginning_with_the_day_of_issue_end_a_day_earlier_than_after_it():
    assert weeks_beginning_with(date(2026, 11, 23), 26) == date(2027, 5, 23)
    assert weeks_beginning_with(date(2026, 11, 23), 1) == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2008, 2, 29), date(2027, 2, 28), 18),
        (date(2008, 2, 29), date(2027, 3, 1), 19),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2008, 6, 10), date(2026, 6, 9), 17),
        (date(2008, 6, 10), date(2026, 6, 10), 18),
        (date(2026, 6, 10), date(2026, 6, 9), -1),
    ],
)
def test_a_birthday_on_29_february_counts_from_1_march_in_common_years(born, day, years):
    assert completed_years(born, day) == years


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        (date(2025, 8, 31), date(2027, 2, 27), 17),
        (date(2025, 8, 31), date(2027, 2, 28), 18),
        (date(2026, 1, 15), date(2026, 1, 15), 0),
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2026, 1, 15), date(2026, 1, 14), -1),
    ],
)
def test_a_month_is_complete_on_the_day_a_limit_of_months_would_end(since, day, months):
    assert completed_months(since, day) == months


def test_dates_are_written_in_words():
    assert written(date(2026, 11, 23)) == "Monday 23 November 2026"
    assert written_at(datetime(2027, 7, 1, 9, 15, tzinfo=UTC)) == "10:15 on Thursday 1 July 2027"


def test_calendars_with_equal_overrides_are_equal_and_can_be_keys():
    extra = (Override(date(2027, 6, 11), "add", "Thanksgiving"),)
    assert WorkingCalendar() == ENGLAND
    assert hash(WorkingCalendar()) == hash(ENGLAND)
    assert WorkingCalendar(overrides=extra) == WorkingCalendar(overrides=extra)
    assert WorkingCalendar(overrides=extra) != ENGLAND


@given(DAYS, st.integers(1, 600))
def test_working_days_added_can_be_counted_again(day, n):
    due = ENGLAND.add_working_days(day, n)
    assert ENGLAND.is_working(due)
    assert ENGLAND.working_days_between(day, due) == n
    assert (due - day).days == n + len(ENGLAND.skipped(day, due))


@given(DAYS, st.integers(-200, 200))
def test_adding_working_days_is_monotonic(day, n):
    due = ENGLAND.add_working_days(day, n)
    assert ENGLAND.add_working_days(day, n + 1) >= due
    assert ENGLAND.add_working_days(day + timedelta(days=1), n) >= due


@given(DAYS, st.integers(0, 200), st.integers(0, 200))
def test_working_days_add_up_in_any_portions(day, first, second):
    at_once = ENGLAND.add_working_days(day, first + second)
    assert ENGLAND.add_working_days(ENGLAND.add_working_days(day, first), second) == at_once


@given(DAYS, DAYS, DAYS)
def test_working_days_between_are_counted_once_whatever_the_stops(first, second, third):
    between = ENGLAND.working_days_between
    assert between(first, second) + between(second, third) == between(first, third)


@given(DAYS, st.integers(0, 400))
def test_completed_months_agree_with_adding_months(since, n):
    assert completed_months(since, add_months(since, n)) == n
    assert completed_months(since, add_months(since, n + 1) - timedelta(days=1)) == n
