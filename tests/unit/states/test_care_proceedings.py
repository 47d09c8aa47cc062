"""Care proceedings: never before birth, 26 weeks beginning with issue, extended by the court alone."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from config.limits import TimeLimit
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import Anchors, Due, compute_due
from states.care_proceedings import CARE_PROCEEDINGS, DECIDING, OPEN
from states.guards import Situation
from states.lifecycle import NEW, clock_effects
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
LIMITS = tomllib.loads(
    (Path(__file__).parents[3] / "config" / "policies" / "statutory.toml").read_text(encoding="utf-8")
)["limits"]["care_proceedings"]


def situation(state: str, trigger: str, facts: dict[str, Any], **derived: Any) -> Situation:
    return Situation(
        state=state,
        trigger=trigger,
        actor="ann",
        occurred_on=MOVE_DAY,
        facts=facts,
        submitted=facts,
        derived=derived,
    )


def unmet(state: str, trigger: str, facts: dict[str, Any], **derived: Any) -> list[str]:
    (row,) = CARE_PROCEEDINGS.rows(trigger, state)
    return CARE_PROCEEDINGS.unmet(row, situation(state, trigger, facts, **derived))


@pytest.mark.parametrize(
    ("state", "trigger", "target"),
    [
        (NEW, "issue", "issued"),
        ("issued", "hold_short_notice_hearing", "issued"),
        ("issued", "hold_cmh", "case_management"),
        ("case_management", "hold_further_cmh", "case_management"),
        ("case_management", "hold_irh", "issues_resolution"),
        ("issues_resolution", "relist_hearing", "issues_resolution"),
        ("issues_resolution", "hold_final_hearing", "final_hearing"),
        *((state, "make_final_order", "order_made") for state in DECIDING),
        *((state, "refuse", "no_order") for state in DECIDING),
        *((state, "withdraw", "withdrawn") for state in OPEN),
        *((state, "extend_timetable", state) for state in OPEN),
        *((state, "end_with_parent", "ended") for state in OPEN),
    ],
)
def test_each_move_of_the_chart_leads_where_it_says(state: str, trigger: str, target: str) -> None:
    assert CARE_PROCEEDINGS.fire(situation(state, trigger, {})) == target


def test_a_case_is_about_one_child_who_is_named_when_it_opens() -> None:
    assert CARE_PROCEEDINGS.per_child
    for trigger in ("issue", "migrate_in"):
        for row in CARE_PROCEEDINGS.rows(trigger, NEW):
            assert {fact.name for fact in row.facts if fact.required} >= {"child", "issued_on"}


def test_the_courts_decisions_are_recorded_by_legal_and_never_by_the_service_itself() -> None:
    for row in CARE_PROCEEDINGS.transitions:
        assert (Role.SYSTEM in row.roles) is (row.trigger == "end_with_parent")
        if row.to in ("order_made", "withdrawn", "no_order") or row.trigger == "extend_timetable":
            assert row.roles == (Role.LEGAL,)


class TestIssue:
    ISSUED: ClassVar[dict[str, Any]] = {"issued_on": "2026-11-20", "short_notice": False}

    def test_no_proceedings_before_birth(self) -> None:
        assert unmet(NEW, "issue", self.ISSUED) == ["issue_follows_birth"]
        assert unmet(NEW, "issue", self.ISSUED, born_on="2026-11-21") == ["issue_follows_birth"]
        assert unmet(NEW, "issue", self.ISSUED, born_on="2026-11-20") == []

    def test_a_short_notice_application_has_a_reason(self) -> None:
        short = {**self.ISSUED, "short_notice": True}
        assert unmet(NEW, "issue", short, born_on="2026-11-19") == ["short_notice_is_explained"]
        assert unmet(NEW, "issue", {**short, "short_notice_reason": "born early"}, born_on="2026-11-19") == []

    def test_a_hearing_lies_between_issue_and_the_move_and_the_next_lies_ahead(self) -> None:
        heard = {"issued_on": "2026-11-02", "hearing_on": "2026-11-20", "next_hearing_on": "2027-02-01"}
        assert unmet("issued", "hold_cmh", heard) == []
        assert unmet("issued", "hold_cmh", {**heard, "hearing_on": "2026-11-01"}) == ["hearing_follows_issue"]
        assert unmet("issued", "hold_cmh", {**heard, "next_hearing_on": "2026-11-23"}) == ["next_hearing_lies_ahead"]


class TestExtension:
    ISSUED_ON = "2026-06-01"  # 26 weeks beginning with it end on Sunday 29 November 2026

    def extended(self, ended_on: str, until: str) -> list[str]:
        facts = {"issued_on": self.ISSUED_ON, "timetable_ended_on": ended_on, "timetable_until": until}
        return unmet("case_management", "extend_timetable", facts)

    def test_the_court_extends_by_eight_weeks_at_most(self) -> None:
        assert self.extended("2026-11-29", "2027-01-24") == []
        assert self.extended("2026-11-29", "2027-01-25") == ["extension_is_at_most_8_weeks"]
        assert self.extended("2026-11-29", "2026-11-29") == ["extension_is_at_most_8_weeks"]

    def test_a_second_extension_begins_where_the_first_ended(self) -> None:
        assert self.extended("2027-01-24", "2027-03-21") == []

    def test_an_extension_does_not_begin_before_the_26_weeks_end(self) -> None:
        assert self.extended("2026-11-28", "2027-01-20") == ["extension_follows_26_weeks"]

    def test_an_extension_needs_the_courts_reason(self) -> None:
        (row,) = CARE_PROCEEDINGS.rows("extend_timetable", "issued")
        assert {fact.name for fact in row.facts if fact.required} >= {"extension_reason", "extension_ordered_on"}


class TestClocks:
    @staticmethod
    def due(clock: str, **dates: date) -> Due:
        anchors = Anchors(start=datetime(2026, 6, 3, 9, tzinfo=UTC), dates=dates)
        return compute_due(TimeLimit.model_validate(LIMITS[clock]), anchors, WorkingCalendar())

    def test_26_weeks_begin_with_the_day_of_issue_and_warn_at_week_20(self) -> None:
        due = self.due("week_26", issued_on=date(2026, 6, 1))
        assert due.due_on == date(2026, 11, 29)
        assert due.amber_at is not None
        assert due.amber_at.date() == date(2026, 10, 18)

    def test_an_extension_moves_the_end_to_the_day_the_court_named(self) -> None:
        due = self.due("week_26", issued_on=date(2026, 6, 1), timetable_until=date(2027, 1, 24))
        assert due.due_on == date(2027, 1, 24)

    def test_the_case_management_hearing_is_due_by_day_18_and_warned_of_on_day_12(self) -> None:
        due = self.due("first_hearing", issued_on=date(2026, 6, 1))
        assert due.due_on == date(2026, 6, 24)  # working days, the day of issue being day 1
        assert due.amber_at is not None
        assert due.amber_at.date() == date(2026, 6, 16)

    def test_the_26_weeks_run_in_every_open_state_and_end_with_the_courts_decision(self) -> None:
        clock = CARE_PROCEEDINGS.clock_by_id["week_26"]
        assert clock.during == OPEN
        assert clock.met_by == ("make_final_order", "withdraw", "refuse")
        assert "week_26" in clock_effects(CARE_PROCEEDINGS, "issue", NEW, "issued").starts
        assert clock_effects(CARE_PROCEEDINGS, "extend_timetable", "issued", "issued").meets == ()

    def test_a_short_notice_hearing_is_not_the_case_management_hearing(self) -> None:
        assert clock_effects(CARE_PROCEEDINGS, "hold_short_notice_hearing", "issued", "issued").meets == ()
        assert clock_effects(CARE_PROCEEDINGS, "hold_cmh", "issued", "case_management").meets == ("first_hearing",)

    def test_each_hearing_waits_for_the_next(self) -> None:
        effects = clock_effects(CARE_PROCEEDINGS, "hold_irh", "case_management", "issues_resolution")
        assert effects.meets == ("next_hearing",)
        assert effects.starts == ("next_hearing",)

    def test_court_clocks_are_extended_by_the_court_alone(self) -> None:
        for name in ("week_26", "first_hearing", "next_hearing"):
            assert LIMITS[name]["extendable_by"] == "court"
            assert LIMITS[name]["ladder"] == "court"

    def test_every_clock_has_its_limit_and_no_limit_is_left_over(self) -> None:
        assert set(LIMITS) == set(CARE_PROCEEDINGS.clock_by_id)
        asked = {fact.name for row in CARE_PROCEEDINGS.transitions for fact in row.facts}
        for limit in LIMITS.values():
            assert {term.since for term in TimeLimit.model_validate(limit).terms} <= {"start", *asked}
