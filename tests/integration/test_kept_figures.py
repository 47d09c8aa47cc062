"""Cohort figures that are kept: today's until they are counted again, an earlier day's until more is known of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from faults.caseload import open_pause
from sqlalchemy import select

from scheduler.calendars import local_date
from workflow import jobs, kept_figures, reports
from workflow.database import Database
from workflow.errors import BadInput
from workflow.kept_figures import KEPT

from factories import Desk

MINUTES, DAY = timedelta(minutes=1), timedelta(days=1)


def asked(database: Database, now: datetime, days_ago: int = 0, *, again: bool = False) -> dict[str, Any]:
    as_of = local_date(now - days_ago * DAY)
    return kept_figures.cohort(database, "durham", as_of, now, again=again)


def work(desk: Desk, now: datetime) -> int:
    return jobs.run(desk.service, "cohort figures", jobs.jobs(desk.service, "a")["cohort figures"], "a", lambda: now)


def test_figures_are_those_of_a_count_and_say_when_it_was(desk: Desk, database: Database) -> None:
    open_pause(desk)
    found = asked(database, desk.now)
    with database.read() as connection:
        counted = reports.cohort(connection, "durham", local_date(desk.now), desk.now)
    assert found == {**counted, "counted_at": desk.now}


def test_todays_figures_are_kept_until_they_are_counted_again(desk: Desk, database: Database) -> None:
    first = asked(database, desk.now)
    open_pause(desk)
    later = desk.now + 5 * MINUTES
    assert asked(database, later) == first
    assert asked(database, later, again=True)["counted_at"] == later
    assert asked(database, later + MINUTES)["counted_at"] == later


def test_the_job_counts_where_something_was_recorded_and_else_says_that_nothing_was(
    desk: Desk, database: Database
) -> None:
    open_pause(desk)
    assert work(desk, desk.now + 2 * MINUTES) == 1
    assert work(desk, desk.now + 4 * MINUTES) == 0
    assert work(desk, desk.now + 12 * MINUTES) == 0
    assert asked(database, desk.now + 13 * MINUTES)["counted_at"] == desk.now + 12 * MINUTES
    desk.now += 15 * MINUTES
    open_pause(desk)
    assert work(desk, desk.now + 7 * MINUTES) == 1


def test_figures_of_an_earlier_day_hold_until_evidence_of_that_day_arrives(desk: Desk, database: Database) -> None:
    open_pause(desk)
    tomorrow = desk.now + DAY
    counted = asked(database, tomorrow, days_ago=1)["counted_at"]
    assert counted == tomorrow
    desk.now = tomorrow + 5 * MINUTES
    open_pause(desk)  # today: yesterday's figures say nothing of it
    assert asked(database, desk.now + MINUTES, days_ago=1)["counted_at"] == tomorrow
    open_pause(desk, desk.now - DAY)
    assert asked(database, desk.now + MINUTES, days_ago=1)["counted_at"] == desk.now + MINUTES


def test_figures_from_before_a_clock_was_set_back_or_by_older_rules_are_counted_again(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(database, desk.now)
    earlier = desk.now - MINUTES
    assert asked(database, earlier)["counted_at"] == earlier
    monkeypatch.setattr(reports, "RULES", reports.RULES + 1)
    assert asked(database, desk.now)["counted_at"] == desk.now


def test_no_figures_are_kept_of_a_day_that_lies_ahead(desk: Desk, database: Database) -> None:
    with pytest.raises(BadInput, match="lies in the future"):
        asked(database, desk.now, days_ago=-1)
    with database.read() as connection:
        assert connection.execute(select(KEPT)).first() is None


def test_figures_nobody_asked_for_in_three_months_are_forgotten(desk: Desk, database: Database) -> None:
    asked(database, desk.now)
    with database.write() as connection:
        kept_figures.forget_old(connection, desk.now + 91 * DAY)
        assert connection.execute(select(KEPT)).first() is None
