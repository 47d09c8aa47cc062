"""Counting for the cohort report: needs of a referral, percentages, and a case as it stood on a day."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from states.prebirth import PREBIRTH
from workflow.reports import needs_of, percent, standing_on


def entry(seq: int, trigger: str, to: str, day: int, **rest: Any) -> dict[str, Any]:
    """An entry of November 2026; without `from_state`, it comes from the state before it in these tests."""
    return {
        "seq": seq,
        "kind": "moved",
        "trigger": trigger,
        "from_state": "elsewhere",
        "to_state": to,
        "occurred_at": datetime(2026, 11, day, 10, tzinfo=UTC),
        "actor": "somebody",
        "team": "a team",
        "owner": None,
        "facts": {},
        "content": None,
        "supersedes": None,
        **rest,
    }


REFERRED = entry(1, "refer", "referred", 2, from_state="new")
ACCEPTED = entry(2, "accept_with_consent", "allocation", 3)


class TestNeeds:
    def test_a_family_can_have_several_needs(self) -> None:
        mother = {"role": "mother", "care_status": "care_leaver", "previous_removals": [{"through": "section_20"}]}
        assert needs_of({"parents": [mother]}) == {
            "care_experienced",
            "previous_removal",
            "care_experienced_with_removals",
        }

    def test_a_suspected_learning_disability_is_not_counted(self) -> None:
        assert needs_of({"parents": [{"role": "mother", "learning_disability": "suspected"}]}) == set()

    @pytest.mark.parametrize(("born", "of_school_age"), [("2010-11-03", True), ("2010-11-02", False)])
    def test_school_age_ends_on_the_16th_birthday(self, born: str, of_school_age: bool) -> None:
        mother = {"role": "mother", "date_of_birth": born, "in_full_time_education": True}
        found = needs_of({"received_on": "2026-11-02", "parents": [mother]})
        assert ("school_age" in found) is of_school_age

    def test_a_father_at_school_is_no_school_age_mother(self) -> None:
        father = {"role": "father", "date_of_birth": "2012-01-01", "in_full_time_education": True}
        assert needs_of({"received_on": "2026-11-02", "parents": [father]}) == set()

    def test_erased_facts_are_no_need(self) -> None:
        assert needs_of({"received_on": "2026-11-02"}) == set()


class TestPercent:
    @pytest.mark.parametrize(
        ("part", "whole", "found"), [(8, 21, 38), (8, 11, 73), (8, 22, 36), (9, 22, 41), (1, 8, 13), (0, 5, 0)]
    )
    def test_percentages_are_whole_and_halves_go_up(self, part: int, whole: int, found: int) -> None:
        assert percent(part, whole) == found

    def test_nobody_has_no_percentage(self) -> None:
        assert percent(0, 0) is None


class TestStandingOnADay:
    def test_a_case_does_not_exist_before_it_is_opened(self) -> None:
        assert standing_on(PREBIRTH, [REFERRED], date(2026, 11, 1)) is None

    def test_the_whole_day_counts(self) -> None:
        late = entry(2, "accept_with_consent", "allocation", 3, occurred_at=datetime(2026, 11, 3, 23, 59, tzinfo=UTC))
        stood = standing_on(PREBIRTH, [REFERRED, late], date(2026, 11, 3))
        assert stood is not None
        assert stood.state == "allocation"

    def test_a_visit_recorded_late_says_nothing_of_the_state_on_its_day(self) -> None:
        late = entry(3, "report_found", "allocation", 2, from_state="allocation")
        stood = standing_on(PREBIRTH, [REFERRED, ACCEPTED, late], date(2026, 11, 2))
        assert stood is not None
        assert stood.state == "referred"

    def test_a_move_undone_since_never_happened(self) -> None:
        facts = {"entry": "2", "correction": "undo", "correction_reason": "the wrong family"}
        undone = entry(3, "correct", "referred", 9, kind="corrected", supersedes=2, facts=facts)
        stood = standing_on(PREBIRTH, [REFERRED, ACCEPTED, undone], date(2026, 11, 5))
        assert stood is not None
        assert stood.state == "referred"
