"""Gestation counted from the expected date of birth."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import gestation_days
from scheduler.gestation import as_weeks, day_of, gestation_on

EDD = date(2027, 6, 10)


@pytest.mark.parametrize(
    ("day", "weeks"),
    [
        (date(2027, 1, 27), "20+6"),  # Durham: in
        (date(2027, 1, 28), "21+0"),  # Durham: out
        (date(2027, 3, 17), "27+6"),  # Birmingham: in
        (date(2027, 3, 18), "28+0"),  # Birmingham: out
        (date(2027, 4, 29), "34+0"),
        (date(2027, 5, 13), "36+0"),
        (date(2027, 6, 10), "40+0"),
        (date(2027, 6, 24), "42+0"),
    ],
)
def test_gestation_is_as_the_domain_vectors_say(day, weeks):
    assert as_weeks(gestation_on(EDD, day)) == weeks
    assert day_of(EDD, gestation_days(weeks)) == day


def test_before_the_pregnancy_there_is_no_gestation():
    assert gestation_on(EDD, EDD - timedelta(days=281)) == -1
    assert as_weeks(-1) == "before 0+0"
    assert as_weeks(0) == "0+0"


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 310))
def test_a_point_of_the_pregnancy_is_reached_on_the_day_that_has_it(edd, days):
    assert gestation_on(edd, day_of(edd, days)) == days
    assert gestation_days(as_weeks(days)) == days
