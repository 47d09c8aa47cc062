"""Child protection: the moves of the chart, what a conference needs, and the clocks of a plan."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from config.limits import TimeLimit
from states.child_protection import CHILD_PROTECTION, OPEN
from states.facts import check_facts
from states.guards import Situation
from states.lifecycle import NEW, clock_effects
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
LIMITS = tomllib.loads(
    (Path(__file__).parents[3] / "config" / "policies" / "statutory.toml").read_text(encoding="utf-8")
)["limits"]["child_protection"]


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
    (row,) = CHILD_PROTECTION.rows(trigger, state)
    return CHILD_PROTECTION.unmet(row, situation(state, trigger, facts, **derived))


@pytest.mark.parametrize(
    ("state", "trigger", "target"),
    [
        (NEW, "request_strategy", "strategy_due"),
        ("strategy_due", "hold_strategy_s47", "s47"),
        ("strategy_due", "hold_strategy_no_action", "no_further_action"),
        ("s47", "complete_s47_conference", "icpc_booked"),
        ("s47", "complete_s47_no_conference", "no_conference"),
        ("icpc_booked", "hold_conference_plan", "cp_plan"),
        ("icpc_booked", "hold_conference_cin", "cin_agreed"),
        ("cp_plan", "hold_core_group", "cp_plan"),
        ("cp_plan", "hold_review", "cp_plan"),
        ("cp_plan", "record_cp_visit", "cp_plan"),
        ("cp_plan", "end_plan", "plan_ended"),
        ("cp_plan", "transfer_plan", "transferred"),
    ],
)
def test_each_move_of_the_chart_leads_where_it_says(state: str, trigger: str, target: str) -> None:
    assert CHILD_PROTECTION.fire(situation(state, trigger, {})) == target


def test_an_urgent_referral_opens_a_case_with_its_concern_alone() -> None:
    (row,) = CHILD_PROTECTION.rows("request_strategy", NEW)
    given = {"concern_reason": "immediate safety concern recorded at referral"}
    assert check_facts(row.facts, given)[1] == []
    assert {Role.FRONT_DOOR, Role.EMERGENCY_DUTY, Role.CASEWORKER, Role.TEAM_MANAGER} <= set(row.roles)


def test_only_a_conference_chair_makes_reviews_or_ends_a_plan() -> None:
    for trigger in ("hold_conference_plan", "hold_conference_cin", "hold_review", "end_plan"):
        assert {row.roles for row in CHILD_PROTECTION.transitions if row.trigger == trigger} == {(Role.CHAIR,)}


@pytest.mark.parametrize("state", OPEN)
def test_the_service_itself_only_ends_a_case_with_its_parent(state: str) -> None:
    by_system = [row.trigger for row in CHILD_PROTECTION.rows_from(state) if Role.SYSTEM in row.roles]
    assert by_system == ["end_with_parent"]
    assert CHILD_PROTECTION.fire(situation(state, "end_with_parent", {})) == "ended"


class TestConference:
    HELD: ClassVar[dict[str, Any]] = {"strategy_held_on": "2026-11-02", "conference_on": "2026-11-20", "quorate": True}

    def test_a_complete_conference_meets_every_condition(self) -> None:
        assert unmet("icpc_booked", "hold_conference_plan", self.HELD) == []

    @pytest.mark.parametrize("weekend", ["2026-11-21", "2026-11-22"])
    def test_a_conference_is_not_held_at_a_weekend(self, weekend: str) -> None:
        facts = {**self.HELD, "conference_on": weekend}
        assert unmet("icpc_booked", "hold_conference_plan", facts) == ["conference_is_on_a_weekday"]

    @pytest.mark.parametrize("day", ["2026-10-30", "2026-11-24"])
    def test_a_conference_lies_between_the_strategy_discussion_and_the_move(self, day: str) -> None:
        facts = {**self.HELD, "conference_on": day}
        assert unmet("icpc_booked", "hold_conference_cin", facts) == ["conference_follows_strategy"]

    def test_a_conference_that_was_not_quorate_says_why_it_went_ahead(self) -> None:
        facts = {**self.HELD, "quorate": False}
        assert unmet("icpc_booked", "hold_conference_plan", facts) == ["conference_is_quorate_or_explained"]
        assert unmet("icpc_booked", "hold_conference_plan", {**facts, "inquorate_reason": "urgent"}) == []

    def test_a_later_conference_is_for_an_unborn_baby_and_agreed_by_somebody(self) -> None:
        facts = {"s47_completed_on": "2026-11-20", "strategy_held_on": "2026-11-02", "conference_by": "2027-01-15"}
        agreed = {**facts, "later_conference_reason": "20+0", "later_conference_agreed_by": "service manager"}
        assert unmet("s47", "complete_s47_conference", facts) == ["later_conference_is_agreed"]
        assert unmet("s47", "complete_s47_conference", agreed) == []
        assert unmet("s47", "complete_s47_conference", agreed, born_on="2026-11-01") == ["later_conference_is_agreed"]


class TestPlan:
    def test_a_plan_does_not_end_on_the_day_it_began(self) -> None:
        facts = {"conference_on": "2026-11-20", "review_on": "2026-11-20", "quorate": True}
        assert unmet("cp_plan", "end_plan", facts) == ["review_follows_plan_start"]
        assert unmet("cp_plan", "end_plan", {**facts, "review_on": "2026-11-23"}) == []

    def test_a_plan_passes_to_another_authority_that_has_accepted_in_writing(self) -> None:
        refused = ["receiving_authority_has_accepted"]
        assert unmet("cp_plan", "transfer_plan", {"accepted_in_writing": False}) == refused
        assert unmet("cp_plan", "transfer_plan", {}) == refused
        assert unmet("cp_plan", "transfer_plan", {"accepted_in_writing": True}) == []

    def test_nothing_known_is_never_enough(self) -> None:
        for row in CHILD_PROTECTION.transitions:
            for source in row.sources:
                if row.guards:
                    assert CHILD_PROTECTION.unmet(row, situation(source, row.trigger, {})), row.trigger


class TestClocks:
    def test_the_conference_clock_runs_from_the_enquiry_to_the_conference(self) -> None:
        assert clock_effects(CHILD_PROTECTION, "hold_strategy_s47", "strategy_due", "s47").starts == (
            "initial_conference",
        )
        booked = clock_effects(CHILD_PROTECTION, "complete_s47_conference", "s47", "icpc_booked")
        assert (booked.meets, booked.cancels, booked.starts) == ((), (), ())
        held = clock_effects(CHILD_PROTECTION, "hold_conference_plan", "icpc_booked", "cp_plan")
        assert held.meets == ("initial_conference",)
        assert set(held.starts) == {"first_core_group", "first_review", "cp_visit"}

    def test_later_core_groups_and_reviews_follow_the_first(self) -> None:
        for first, later, trigger in (
            ("first_core_group", "next_core_group", "hold_core_group"),
            ("first_review", "later_review", "hold_review"),
        ):
            clock = CHILD_PROTECTION.clock_by_id[later]
            assert clock.after == (first,)
            assert clock.repeats
            assert later in clock_effects(CHILD_PROTECTION, trigger, "cp_plan", "cp_plan").starts

    def test_a_review_that_ends_the_plan_meets_the_review_clock(self) -> None:
        effects = clock_effects(CHILD_PROTECTION, "end_plan", "cp_plan", "plan_ended")
        assert effects.meets == ("first_review", "later_review")
        assert effects.starts == ()

    def test_a_child_protection_case_never_falls_silent_with_the_birth_clocks(self) -> None:
        assert not [clock.id for clock in CHILD_PROTECTION.clocks if clock.birth_related]

    def test_every_clock_has_its_limit_and_no_limit_is_left_over(self) -> None:
        assert set(LIMITS) == set(CHILD_PROTECTION.clock_by_id)
        asked = {fact.name for row in CHILD_PROTECTION.transitions for fact in row.facts}
        for limit in LIMITS.values():
            assert {term.since for term in TimeLimit.model_validate(limit).terms} <= {"start", *asked}

    def test_the_limits_are_those_of_the_domain(self) -> None:
        first = {name: (limit["terms"][0]["amount"], limit["terms"][0]["unit"]) for name, limit in LIMITS.items()}
        assert first == {
            "strategy_discussion": (1, "working_days"),
            "initial_conference": (15, "working_days"),
            "first_core_group": (10, "working_days"),
            "next_core_group": (6, "weeks"),
            "first_review": (3, "months"),
            "later_review": (6, "months"),
            "cp_visit": (10, "working_days"),
        }
