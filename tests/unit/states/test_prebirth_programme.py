"""The programme in the pre-birth table: clinics, support, things lent, training, early permanence, outcomes."""

from datetime import date
from typing import Any

import pytest

from states import codes
from states.guards import GUARDS, CaseUnder, Child, Situation
from states.prebirth import PREBIRTH
from states.roles import Role

DAY = date(2026, 11, 25)
DISABILITY = {"parents": [{"role": "mother", "learning_disability": "diagnosed"}]}
ENDS = ("close", "close_after_assessment", "step_down", "hand_over", "transfer_out", "acknowledge_route")


def holds(
    guard: str,
    facts: dict[str, Any] | None = None,
    *,
    known: dict[str, Any] | None = None,
    children: tuple[Child, ...] = (),
    under: tuple[CaseUnder, ...] = (),
    **derived: Any,
) -> bool:
    given = facts or {}
    situation = Situation(
        state="assessment", trigger="", actor="ann", occurred_on=DAY, facts={**(known or {}), **given},
        submitted=given, derived=derived, children=children, cases_under=under,
    )  # fmt: skip
    return GUARDS[guard].holds(situation)


def of(**outcome: Any) -> dict[str, Any]:
    return {"outcomes": [{"child": 1, **outcome}]}


class TestClinics:
    def test_a_clinic_may_name_no_session_and_else_one_of_its_own_day(self) -> None:
        named = {"clinic": "CL-3", "clinic_on": "2026-11-24"}
        assert holds("clinic_is_of_that_day")
        assert holds("clinic_is_of_that_day", named, clinic={"held_on": date(2026, 11, 24)})
        assert not holds("clinic_is_of_that_day", named, clinic={"held_on": date(2026, 11, 23)})
        assert not holds("clinic_is_of_that_day", named, clinic=None)

    @pytest.mark.parametrize("progress", ["amber", "red"])
    def test_a_plan_that_drifts_says_why(self, progress: str) -> None:
        assert not holds("drift_is_explained", {"progress": progress})
        assert holds("drift_is_explained", {"progress": progress, "drift_reasons": ["consent"]})
        assert holds("drift_is_explained", {"progress": "green"})

    def test_the_next_clinic_comes_after_this_one(self) -> None:
        assert holds("next_clinic_follows", {"clinic_on": "2026-11-24", "next_clinic_on": "2026-12-01"})
        assert not holds("next_clinic_follows", {"clinic_on": "2026-11-24", "next_clinic_on": "2026-11-24"})


class TestTraining:
    def test_an_untrained_worker_needs_a_reason_chosen_and_told(self) -> None:
        guard, why = "worker_is_trained_or_reason_given", {"untrained_reason": "nobody_free"}
        assert holds(guard, worker={})
        assert holds(guard, known=DISABILITY, worker={"trained_learning_disability": True})
        assert not holds(guard, why, known=DISABILITY, worker={})
        assert not holds(guard, {"why_this_worker": "near by"}, known=DISABILITY, worker={})
        assert holds(guard, {**why, "why_this_worker": "all others are away"}, known=DISABILITY, worker={})

    def test_the_same_holds_for_a_change_of_worker_while_the_assessment_is_open(self) -> None:
        guard = "new_worker_is_trained_or_reason_given"
        assert all(guard in row.guards for row in PREBIRTH.transitions if row.trigger == "change_worker")
        assert not holds(guard, known=DISABILITY, worker={})
        assert holds(guard, known={**DISABILITY, "assessment_decision": "child_in_need"}, worker={})

    def test_an_assessment_of_such_a_parent_says_which_adjustments_were_made(self) -> None:
        assert not holds("adjustments_were_made", known=DISABILITY)
        assert holds("adjustments_were_made", {"adjustments_made": "pictures, and an advocate"}, known=DISABILITY)
        assert holds("adjustments_were_made")


class TestThingsLent:
    def test_a_thing_is_lent_that_is_there_and_back_from_who_has_it(self) -> None:
        assert not holds("item_can_be_lent", {"item": "rcb-1"}, item=None)
        assert not holds("item_can_be_lent", {"item": "rcb-1"}, item={"free": False})
        assert holds("item_can_be_lent", {"item": "rcb-1"}, item={"free": True})
        assert not holds("item_is_lent_here", {"item": "rcb-1"}, lent=("rcb-2",))
        assert holds("item_is_lent_here", {"item": "rcb-1"}, lent=("rcb-1", "rcb-2"))

    def test_no_case_ends_while_it_has_one_but_for_the_end_of_a_pregnancy(self) -> None:
        asking = {row.trigger for row in PREBIRTH.transitions if "nothing_is_lent" in row.guards}
        assert asking == set(ENDS)

    def test_it_falls_silent_with_the_pregnancy(self) -> None:
        clock = PREBIRTH.clock_by_id["item_return"]
        assert clock.birth_related
        assert clock.per == "item"
        assert "pregnancy_end_reported" not in clock.during


class TestSupport:
    def test_workers_and_managers_record_it(self) -> None:
        for trigger in ("plan_support", "give_support", "give_hope_box", "lend_item", "return_item"):
            (row,) = (one for one in PREBIRTH.transitions if one.trigger == trigger)
            assert set(row.roles) == {Role.CASEWORKER, Role.TEAM_MANAGER, Role.SERVICE_MANAGER}

    def test_support_after_the_birth_needs_a_baby_and_no_session_lies_ahead(self) -> None:
        assert not holds("phase_fits_the_birth", {"phase": "after_birth"})
        assert holds("phase_fits_the_birth", {"phase": "after_birth"}, children=(Child(number=1),))
        assert holds("phase_fits_the_birth", {"phase": "before_birth"})
        assert not holds("support_is_of_that_day", {"support_on": "2026-11-26"})


class TestEarlyPermanence:
    @pytest.mark.parametrize(
        "known",
        [
            {"expected_care_plan": "adoption"},
            {"expected_care_plan": "undecided"},
            {"legal_position": "apply_at_birth"},
            {"assessment_decision": "pre_proceedings"},
        ],
        ids=str,
    )
    def test_it_is_answered_with_a_reason_wherever_adoption_is_possible(self, known: dict[str, str]) -> None:
        guard, reason = "early_permanence_is_considered", {"early_permanence_reason": "the aunt was asked first"}
        assert not holds(guard, known=known)
        assert not holds(guard, {"early_permanence": "open"}, known=known)
        assert not holds(guard, {"early_permanence": "not_possible", **reason}, known=known)
        assert holds(guard, {"early_permanence": "not_right", **reason}, known=known)

    def test_it_need_not_be_where_the_plan_is_that_the_baby_goes_home(self) -> None:
        assert holds("early_permanence_is_considered", known={"expected_care_plan": "with_parents"})


class TestOutcomes:
    @pytest.mark.parametrize("outcome", [one for one in codes.OUTCOMES if one != "died"])
    def test_each_needs_its_dates_and_codes(self, outcome: str) -> None:
        needs = codes.OUTCOME_NEEDS[outcome]
        assert not holds("each_outcome_has_its_dates", of(outcome=outcome))
        told = dict.fromkeys(needs, "2026-11-20")
        assert holds("each_outcome_has_its_dates", of(outcome=outcome, **told))

    def test_a_looked_after_case_of_the_child_says_its_own(self) -> None:
        own = (CaseUnder(lifecycle="looked_after", state="final_order", final=False, child=1),)
        others = (CaseUnder(lifecycle="looked_after", state="final_order", final=False, child=2),)
        agreed = of(outcome="fostering", since="2026-11-20")
        assert holds("each_outcome_has_its_dates", agreed, under=own)
        assert not holds("each_outcome_has_its_dates", agreed, under=others)
        assert holds("each_outcome_has_its_dates", of(outcome="adoption"), under=own)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"outcome": "fostering", "placement": "U5"},
            {"outcome": "early_permanence", "placement": "U6"},
            {"outcome": "special_guardianship", "reason_ceased": "E11"},
            {"outcome": "adoption", "placement": "A5"},
            {"outcome": "adoption", "reason_ceased": "E12"},
        ],
        ids=str,
    )
    def test_codes_that_do_not_go_with_an_outcome_are_refused(self, wrong: dict[str, str]) -> None:
        assert not holds("outcome_codes_fit", of(**wrong))

    def test_codes_that_do_are_taken(self) -> None:
        assert holds("outcome_codes_fit", of(outcome="early_permanence", placement="U2"))
        assert holds("outcome_codes_fit", of(outcome="adoption", placement="A5", placement_order_on="2026-11-01"))
        assert holds("outcome_codes_fit", of(outcome="adoption", reason_ceased="E11", order_on="2026-11-20"))

    def test_the_dates_of_an_adoption_stand_in_their_order_and_none_lies_ahead(self) -> None:
        in_order = {"decision_on": "2026-09-01", "placement_order_on": "2026-10-01", "placed_on": "2026-10-05"}
        assert holds("outcome_dates_fit", of(outcome="adoption", **in_order))
        assert not holds("outcome_dates_fit", of(outcome="adoption", **{**in_order, "decision_on": "2026-10-02"}))
        assert not holds("outcome_dates_fit", of(outcome="adoption", **{**in_order, "placed_on": "2026-09-20"}))
        assert not holds("outcome_dates_fit", of(outcome="with_parents_no_plan", since="2026-11-26"))
