"""Child protection, as a practitioner would tell it: a plan made before birth, kept through it, ended at a review."""

from datetime import date

import pytest
from journeys.parents import (
    all_is_proved,
    born,
    child_dies,
    desk_on,
    due,
    every_edge_walked,
    every_open_state_ends_with_its_child,
    expecting,
    has_ended,
    how_they_ended,
    open_states_of,
    pregnancy_ends,
    state_of,
    taken_over,
    with_baby,
)

from states.lifecycle import NEW
from workflow.errors import MoveRefused

from factories import Desk
from walks import Edge, Walk, missing_edges

DUE = date(2027, 3, 1)
TODAY = "2026-11-25"


def test_a_plan_before_birth_goes_on_through_it_and_ends_at_a_review(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    plan = Walk(desk, "child_protection").open("baby.CW", parent=parent)
    assert due(plan) == {"strategy_discussion": "2026-11-26"}

    plan.after(days=1).step("hold_strategy_s47", "baby.TM", to="s47")
    assert how_they_ended(plan, "strategy_discussion") == ["met"]
    assert due(plan) == {"initial_conference": "2026-12-17"}  # 15 working days

    # The conference is held nearer the birth; the reason and who agreed are recorded, and the date moves.
    later = {"conference_by": "2027-01-11", "later_conference_agreed_by": "the invented chair"}
    plan.after(days=10).refuses("complete_s47_conference", "baby.TM", "give the date, the reason", **later)
    later["later_conference_reason"] = "the local window before birth"
    plan.step("complete_s47_conference", "baby.TM", to="icpc_booked", s47_finding="likely_harm", **later)
    assert due(plan) == {"initial_conference": "2027-01-11"}

    plan.after(days=34)  # Saturday 9 January
    plan.refuses("hold_conference_plan", "baby.CHAIR", "not held on a Saturday or Sunday")
    friday = {"conference_on": "2027-01-08"}
    plan.refuses("hold_conference_plan", "baby.CHAIR", "not quorate", quorate=False, **friday)
    plan.step("hold_conference_plan", "baby.CHAIR", to="cp_plan", category="NEG", **friday)
    assert how_they_ended(plan, "initial_conference") == ["met"]
    assert due(plan) == {"first_core_group": "2027-01-22", "first_review": "2027-04-08", "cp_visit": "2027-01-22"}

    plan.after(days=11).step("record_cp_visit", "baby.CW", people_seen=["mother"])
    plan.step("hold_core_group", "baby.CW")
    assert due(plan) == {"next_core_group": "2027-03-03", "first_review": "2027-04-08", "cp_visit": "2027-02-03"}

    # The birth leaves the plan as it is.
    plan.after(days=40)
    born(desk, parent, DUE)
    assert state_of(desk, plan.case) == "cp_plan"
    assert due(plan)["first_review"] == "2027-04-08"

    plan.after(days=36).step("hold_review", "baby.CHAIR")
    assert due(plan)["later_review"] == "2027-10-06"  # 6 months on
    plan.after(days=176).step("hold_review", "baby.CHAIR")
    assert due(plan)["later_review"] == "2028-03-29"
    plan.after(days=150).step("end_plan", "baby.CHAIR", to="plan_ended")
    assert how_they_ended(plan, "first_review") == ["met"]
    assert how_they_ended(plan, "later_review") == ["met", "met"]
    assert how_they_ended(plan, "cp_visit") == ["met", "cancelled"]
    has_ended(plan, "plan_ended")


def test_a_pregnancy_that_ends_ends_the_plan_in_the_same_moment(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    plan = taken_over(desk, "child_protection", "cp_plan", parent=parent, conference_on=TODAY)
    pregnancy_ends(desk, parent)
    has_ended(plan, "ended")


def test_the_death_of_a_twin_ends_that_childs_plan_and_no_other(desk: Desk) -> None:
    parent = with_baby(desk, date(2026, 11, 20), date(2026, 11, 20))
    one, two = (taken_over(desk, "child_protection", "cp_plan", parent=parent, child=child) for child in (1, 2))
    child_dies(desk, parent, 1)
    has_ended(one, "ended")
    assert state_of(desk, two.case) == "cp_plan"
    assert due(two)["cp_visit"] == "2026-12-09"


def test_a_plan_made_before_birth_ends_when_no_baby_of_that_pregnancy_lives(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    plan = taken_over(desk, "child_protection", "cp_plan", parent=parent)
    born(desk, parent, date(2026, 11, 20), date(2026, 11, 20))
    child_dies(desk, parent, 2)
    assert state_of(desk, plan.case) == "cp_plan"  # it is the sibling's too
    child_dies(desk, parent, 1)
    has_ended(plan, "ended")


@pytest.mark.parametrize("state", open_states_of("child_protection"))
def test_a_case_taken_over_in_any_state_has_a_live_deadline(desk: Desk, state: str) -> None:
    case = taken_over(desk, "child_protection", state, parent=expecting(desk, due=DUE), strategy_held_on=TODAY)
    assert any(due(case).values())
    all_is_proved(desk)


def test_a_case_is_not_taken_over_without_any_date_that_somebody_watches(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    with pytest.raises(MoveRefused, match=r"Hold the initial conference.*clocks.*strategy_held_on"):
        taken_over(desk, "child_protection", "icpc_booked", parent=parent)
    booked = [{"clock": "initial_conference", "due_on": "2026-12-01"}]
    assert due(taken_over(desk, "child_protection", "icpc_booked", parent=parent, clocks=booked)) == {
        "initial_conference": "2026-12-01"
    }


def test_it_ends_with_its_child_from_every_open_state(sqlite_url: str) -> None:
    every_open_state_ends_with_its_child(desk_on(sqlite_url), "child_protection", strategy_held_on=TODAY)


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)

    def stage(edge: Edge) -> Walk:
        if edge[1] == NEW:
            return Walk(desk, "child_protection")
        dates = {"strategy_held_on": TODAY, "conference_on": "2026-11-20"}
        return taken_over(desk, "child_protection", edge[1], parent=with_baby(desk), **dates)

    say = {"request_strategy": lambda walk, edge: {"parent": expecting(desk)}}
    walks = every_edge_walked("child_protection", stage, say)
    assert missing_edges("child_protection", walks) == (set(), set())
