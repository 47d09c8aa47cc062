"""Figures that are kept: today's until they are counted again, earlier ones until more is known of their days."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from faults.caseload import open_pause
from journeys.prebirth_journeys import Pregnancy
from sqlalchemy import func, select

from scheduler.calendars import local_date
from workflow import jobs, kept_figures, practice_counts, reports
from workflow.access import sight
from workflow.access_acts import break_glass, change_access
from workflow.counted_cases import NOT_PERSONAL, counted_cases
from workflow.database import Database
from workflow.errors import BadInput, NotAllowed
from workflow.kept_figures import CASES_BEHIND, KEPT
from workflow.permissions import withholds_personal
from workflow.references import read_reference
from workflow.reports import FAMILY_FIGURES, Behind, Figure
from workflow.repository import CASES

from factories import Desk
from walks import Walk

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


# Practice


def practice(database: Database, now: datetime, days_ago: int = 0, *, again: bool = False) -> dict[str, Any]:
    since, until = practice_counts.period(None, None, local_date(now - days_ago * DAY))
    return kept_figures.practice(database, "durham", since, until, now, again=again)


def at_a_clinic(desk: Desk) -> Pregnancy:
    """A family with support, a clinic, stays in several stages and a drift."""
    case = Pregnancy(desk).refer(weeks=19).is_assessed()
    case.does("give_hope_box", hope_box_for=["mother"]).until(23)
    case.does("hold_clinic", progress="red", drift_reasons=["consent"])
    return case.until(25)


def test_practice_is_that_of_a_count_and_says_when_it_was(desk: Desk, database: Database) -> None:
    at_a_clinic(desk)
    days = practice_counts.period(None, None, local_date(desk.now))
    with database.read() as connection:
        counts = practice_counts.counted(connection, "durham", *days, desk.now)
    whose = {"authority": "durham", "since": days[0], "until": days[1], "counted_at": desk.now}
    for _ in ("counted", "kept"):
        assert practice(database, desk.now) == {**whose, **counts}
    assert counts == json.loads(json.dumps(counts))
    assert counts["routes"] == {"accepted": 1}
    assert counts["support"]["baby"] == {"hope_boxes": 1}
    assert counts["drift"]["baby"] == {"consent": 1}


def test_practice_is_good_for_a_quarter_of_an_hour_and_longer_where_nothing_was_recorded(
    desk: Desk, database: Database
) -> None:
    Pregnancy(desk).refer()
    desk.now += 10 * MINUTES
    first = practice(database, desk.now)
    assert practice(database, desk.now + 60 * MINUTES) == first
    Pregnancy(desk).refer()
    assert practice(database, desk.now + 14 * MINUTES) == first
    later = desk.now + 16 * MINUTES
    assert practice(database, later) == {**first, "counted_at": later, **counts_of(database, later)}
    assert practice(database, later, again=True)["counted_at"] == later


def counts_of(database: Database, now: datetime) -> dict[str, Any]:
    days = practice_counts.period(None, None, local_date(now))
    with database.read() as connection:
        return practice_counts.counted(connection, "durham", *days, now)


def test_practice_of_days_that_ended_since_is_counted_once_more_and_then_holds(desk: Desk, database: Database) -> None:
    """What was due on the last day was not late yet while that day went on."""
    Pregnancy(desk).refer()
    desk.now += 10 * MINUTES
    practice(database, desk.now)
    tomorrow = desk.now + DAY
    assert practice(database, tomorrow, days_ago=1)["counted_at"] == tomorrow
    assert practice(database, tomorrow + DAY, days_ago=2)["counted_at"] == tomorrow


def test_the_job_counts_practice_of_the_last_quarter_too(desk: Desk, database: Database) -> None:
    Pregnancy(desk).refer()
    at = desk.now + 2 * MINUTES
    assert work(desk, at) == 1
    assert practice(database, at + 10 * MINUTES)["counted_at"] == at
    assert work(desk, at + 10 * MINUTES) == 0
    assert practice(database, at + 20 * MINUTES)["counted_at"] == at + 10 * MINUTES


def test_who_may_not_search_the_evidence_has_no_practice_counted_again(desk: Desk) -> None:
    assert desk.looks_as("baby.SM").support_given(None, None, again=True)["teams"] == []
    with pytest.raises(NotAllowed):
        desk.looks_as("baby.CW").consistency(None, None, again=True)


# The cases behind a figure


def behind(database: Database, now: datetime, figure: str, days_ago: int = 0) -> dict[int, Behind]:
    as_of = local_date(now - days_ago * DAY)
    return kept_figures.cases_behind(database, "durham", as_of, Figure(figure), now)


def test_the_cases_kept_behind_each_figure_add_up_to_it(desk: Desk, database: Database) -> None:
    accepted = Pregnancy(desk).refer().is_assessed()
    home = Pregnancy(desk).refer(weeks=12).is_home()
    woman = Walk(desk, "pause").open("pause.PL", worker="pause.PP", cohort="Invented")
    woman.step("start_check", "pause.PL").step("find_eligible", "pause.PL")
    now = max(accepted.desk.now, home.desk.now)
    figures = asked(database, now)
    flat = {**figures["prebirth"], **{f"needs.{name}": n for name, n in figures["prebirth"]["needs"].items()}}
    flat |= {f"plans.{name}": count for name, count in figures["prebirth"]["plans"].items()}
    for name in FAMILY_FIGURES:
        assert sum(one.count for one in behind(database, now, name).values()) == flat[name], name
    assert flat["families"] == 2
    as_of = local_date(now)
    women = kept_figures.cases_behind(database, "durham", as_of, Figure("women", "Invented"), now)
    assert women == {read_reference(woman.case)[1]: Behind(1, "pre_engagement")}
    assert kept_figures.cases_behind(database, "durham", as_of, Figure("women", "Nobody"), now) == {}


def test_the_list_stays_that_of_the_figure_until_both_are_counted_again(desk: Desk, database: Database) -> None:
    first = read_reference(Pregnancy(desk).refer().is_assessed().case)[1]
    counted_at = asked(database, desk.now)["counted_at"]
    second = read_reference(Pregnancy(desk).refer().is_assessed().case)[1]
    assert behind(database, desk.now, "families").keys() == {first}
    assert asked(database, desk.now)["counted_at"] == counted_at
    assert work(desk, desk.now + 10 * MINUTES) == 1
    assert behind(database, desk.now + 10 * MINUTES, "families").keys() == {first, second}


def test_lists_are_forgotten_after_two_days_and_counted_again_when_asked_for(desk: Desk, database: Database) -> None:
    case = read_reference(Pregnancy(desk).refer().is_assessed().case)[1]
    first = desk.now + 2 * MINUTES
    found, later = behind(database, first, "families"), first + 3 * DAY
    lists = select(func.count()).select_from(KEPT).where(KEPT.c.report.startswith(CASES_BEHIND))
    with database.write() as connection:
        kept_figures.forget_old(connection, first + DAY)
        assert connection.execute(lists).scalar() == len(FAMILY_FIGURES)
        kept_figures.forget_old(connection, later)
        assert connection.execute(lists).scalar() == 0
        assert connection.execute(select(KEPT.c.report)).scalars().all() == ["cohort"]
    assert asked(database, later, days_ago=3)["counted_at"] == first, "its figures are kept, and count no list"
    assert behind(database, later, "families", days_ago=3) == found == {case: Behind(1, found[case].state)}
    assert asked(database, later, days_ago=3)["counted_at"] == later


def told_of(desk: Desk, who: str, figure: str) -> set[int]:
    """By the rule for one case, case by case: those behind the figure that this account may be told of."""
    actor, found = desk.who(who), set()
    with desk.database.read() as connection:
        for case in connection.execute(select(CASES)).mappings():
            kind = Figure(figure).kind
            personal = figure not in NOT_PERSONAL and withholds_personal(actor, kind.state_by_id[case["state"]])
            if sight(connection, actor, kind, dict(case), desk.now) and not personal:
                found.add(int(case["id"]))
    return found


def test_exactly_the_cases_one_may_not_be_told_of_are_withheld(desk: Desk, database: Database) -> None:
    cases = [Pregnancy(desk).refer().case for _ in range(2)]
    cases += [Pregnancy(desk).refer().is_assessed().case for _ in range(3)]
    cases.append(Pregnancy(desk).refer(weeks=12).is_home().case)
    for case in (cases[0], cases[3], cases[5]):
        facts = {"reason": "known to staff"}
        change_access(desk.engine, desk.who("baby.TM"), desk.now, act="restrict", case=case, facts=facts)
    break_glass(desk.engine, desk.who("baby.EDT"), desk.now, case=cases[3], reason="invented emergency")
    numbers = [read_reference(case)[1] for case in cases]
    with database.write() as connection:
        connection.execute(CASES.update().where(CASES.c.id == numbers[0]).values(owner=None))
    counted = {number: Behind(2, "assessment") for number in numbers}
    for figure in ("families", "children"):
        for who in ("baby.SM", "baby.TM", "baby.CW", "baby.FD", "baby.EDT", "both.AUD", "both.OVS", "pause.PL"):
            expected = told_of(desk, who, figure) & counted.keys()
            with database.read() as connection:
                page = counted_cases(connection, desk.who(who), counted, Figure(figure), now=desk.now, limit=2)
            assert (page.figure, page.withheld) == (12, 12 - 2 * len(expected)), (who, figure)
            newest = sorted(expected, reverse=True)[:2]
            assert [read_reference(row["case"])[1] for row in page.rows] == newest, (who, figure)
            assert page.after == (newest[1] if len(expected) > 2 else None)
