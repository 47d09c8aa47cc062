"""A looked-after child, as a practitioner would tell it: from police protection to adoption, and what may lapse."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from journeys.parents import (
    Facts,
    all_is_proved,
    child_dies,
    desk_on,
    due,
    due_at,
    every_edge_walked,
    every_open_state_ends_with_its_child,
    expecting,
    has_ended,
    how_they_ended,
    open_states_of,
    state_of,
    taken_over,
    with_baby,
)

from states.lifecycle import NEW
from workflow.accounts import system_actor
from workflow.errors import MoveRefused
from workflow.moves import Move, Moved

from factories import Desk
from walks import Edge, Walk, missing_edges

TODAY = "2026-11-25"
BORN = date(2026, 11, 20)
LONG_AGO = date(2026, 8, 1)
TIMED = ("police_protection", "emergency_order", "interim_order")

# Orders and agreements


def police_protection(taken: datetime) -> dict[str, Any]:
    ends = taken + timedelta(hours=72)
    times = {"taken_at": taken.isoformat(), "made_at": taken.isoformat(), "expires_at": ends.isoformat()}
    return {"kind": "police_protection", "legal_status": "L1", **times}


def order(kind: str, status: str, made: str, ends: str | None = None) -> dict[str, Any]:
    expires = {"expires_at": f"{ends}T23:59:00+00:00"} if ends else {}
    return {"kind": kind, "legal_status": status, "made_at": f"{made}T14:00:00+00:00", **expires}


AGREED = {
    "has_capacity": True,
    "fully_informed": True,
    "necessary_and_proportionate": True,
    "in_labour_or_sedated": False,
}


def agreement(signed: str) -> dict[str, Any]:
    return {**order("accommodated_s20", "V2", signed), **AGREED}


def lapse(walk: Walk) -> Moved:
    """What the service itself does when an order comes to its end."""
    desk = walk.desk
    move = Move(trigger="lapse_order", case=walk.case, source="timer")
    moved = desk.engine.fire(move, system_actor(desk.authority, "baby"), desk.now)
    walk.state, walk.version = moved.state, moved.version
    return moved


# The journeys


def test_a_child_is_protected_by_order_and_adopted(desk: Desk) -> None:
    desk.now = datetime(2027, 3, 27, 11, 0, tzinfo=UTC)  # a Saturday; the clocks go forward tonight
    parent = with_baby(desk, date(2027, 3, 26))
    taken = datetime(2027, 3, 27, 10, 17, tzinfo=UTC)
    child = Walk(desk, "looked_after").open(
        "baby.EDT", parent=parent, child=1, placement="U6", **police_protection(taken)
    )
    assert due_at(child, "police_protection_72h") == taken + timedelta(hours=72)  # elapsed, to the minute
    assert due(child) == {
        "police_protection_72h": "2027-03-30",
        "order_expires": "2027-03-30",
        "placement_visit": "2027-04-03",
        "lac_visit": "2027-05-08",
        "first_lac_review": "2027-04-26",  # 20 working days, Easter left out
        "permanence_plan": "2027-07-27",
    }

    child.after(days=2)  # Easter Monday
    monday = {"kind": "emergency_order", "legal_status": "L2", "made_at": "2027-03-29T10:00:00+01:00"}
    monday["expires_at"] = "2027-04-06T23:59:00+01:00"
    too_long = monday | {"expires_at": "2027-04-07T09:00:00+01:00"}
    child.refuses("replace_order", "baby.LEG", "lasts 8 days at most", **too_long)
    child.step("replace_order", "baby.LEG", to="emergency_order", **monday)
    assert how_they_ended(child, "police_protection_72h") == ["met"]
    assert how_they_ended(child, "order_expires") == ["met", "open"]
    assert due(child)["order_expires"] == "2027-04-06"

    child.after(days=4).step("record_lac_visit", "baby.CW")
    assert "placement_visit" not in due(child)
    child.after(days=3).step("extend_order", "baby.LEG", expires_at="2027-04-13T12:00:00+00:00")
    assert due(child)["order_expires"] == "2027-04-13"
    child.refuses("extend_order", "baby.LEG", "extended once", expires_at="2027-04-13T16:00:00+00:00")

    child.after(days=4)
    child.step("replace_order", "baby.LEG", to="interim_order", **order("interim_order", "C1", "2027-04-08"))
    assert "order_expires" not in due(child)  # this order names no end

    # The reviews follow one another: 20 working days, 3 months, then every 6 months.
    child.after(days=10).step("hold_lac_review", "baby.CHAIR")
    assert due(child)["second_lac_review"] == "2027-07-19"
    child.after(days=70).step("agree_permanence_plan", "baby.TM", permanence_plan="adoption")
    assert how_they_ended(child, "permanence_plan") == ["met"]
    child.step("hold_lac_review", "baby.CHAIR")
    assert due(child)["later_lac_review"] == "2027-12-28"

    # Adoption: the agency decides, the court orders, a family is found, and the child lives with them 10 weeks.
    child.step("decide_adoption", "baby.AD")
    placement_order = {"kind": "final_order", "legal_status": "E1", "made_at": "2027-06-28T10:00:00+01:00"}
    child.step("replace_order", "baby.LEG", to="final_order", **placement_order)
    child.after(days=20).step("match_adopters", "baby.AD")
    child.after(days=10)
    moving_in = {"placement": "A6", "lived_with_adopters_since": desk.now.date().isoformat()}
    child.step("place_for_adoption", "baby.TM", **moving_in)
    child.after(days=60).refuses("apply_to_adopt", "baby.LEG", "10 weeks")
    child.after(days=10).step("apply_to_adopt", "baby.LEG").step("record_lac_visit", "baby.CW")
    child.after(days=60).step("hold_lac_review", "baby.CHAIR")
    assert how_they_ended(child, "later_lac_review") == ["met", "open"]
    child.after(days=20).step("record_adoption", "baby.LEG", to="ceased", reason_ceased="E12")
    has_ended(child, "ceased")


def test_an_order_lapses_by_law_and_people_decide_within_the_hour(desk: Desk) -> None:
    taken = desk.now - timedelta(minutes=13)
    parent = with_baby(desk, BORN)
    child = Walk(desk, "looked_after").open("baby.CW", parent=parent, child=1, **police_protection(taken))

    child.after(hours=71).refuses("lapse_order", "baby.LEG", "it is not for a")
    with pytest.raises(MoveRefused, match="has not come"):
        lapse(child)
    desk.now = taken + timedelta(hours=72)
    assert lapse(child).state == "order_lapsed"
    assert due_at(child, "after_lapse_decision") == desk.now + timedelta(hours=1)
    assert how_they_ended(child, "police_protection_72h") == how_they_ended(child, "order_expires") == ["cancelled"]

    # Legal decides at once; the service manager's approval may follow, within a working day.
    child.after(minutes=20).step("decide_after_lapse", "baby.LEG", to="order_lapsed", decision_after_lapse="agreement")
    assert due(child)["approval_decision"] == "2026-11-30"
    assert due_at(child, "order_after_lapse") == desk.now + timedelta(hours=24)
    approved = {"for_trigger": "decide_after_lapse", "decision": "approve"}
    child.refuses("decide_approval", "baby.TM", "a higher tier", **approved)
    child.step("decide_approval", "baby.SM", **approved)

    # Nobody is asked to agree while she is sedated.
    signed = agreement("2026-11-28")
    sedated = signed | {"in_labour_or_sedated": True}
    child.after(hours=5)
    child.refuses("replace_order", "baby.CW", "in labour or sedated", **sedated)
    child.step("replace_order", "baby.CW", to="accommodated_s20", **signed)
    assert how_they_ended(child, "order_after_lapse") == how_they_ended(child, "approval_decision") == ["met"]
    assert due(child)["agreement_review"] == "2026-12-11"

    # She objects: legal answers within the hour, and the child goes home.
    child.after(days=2).step("record_objection", "baby.EDT")
    assert due_at(child, "objection_answer") == desk.now + timedelta(hours=1)
    child.step("answer_objection", "baby.LEG").step("end_accommodation", "baby.TM", to="ceased", reason_ceased="E4B")
    has_ended(child, "ceased")


def test_a_child_returned_after_a_lapse_leaves_nothing_for_anybody_to_decide(desk: Desk) -> None:
    child = lapsed(desk)
    going_home = {"decision_after_lapse": "return", "ceased_on": TODAY, "reason_ceased": "E4B"}
    child.refuses("decide_after_lapse", "baby.LEG", "needs the approval of a service manager", **going_home)
    child.approve("decide_after_lapse", "baby.LEG", "baby.SM")
    child.step("decide_after_lapse", "baby.LEG", to="ceased", **going_home)
    has_ended(child, "ceased")


def test_the_service_manager_alone_can_decide_on_a_return_after_a_lapse(desk: Desk) -> None:
    going_home = {"decision_after_lapse": "return", "ceased_on": TODAY, "reason_ceased": "E4B"}
    child = lapsed(desk).step("decide_after_lapse", "baby.SM", to="ceased", **going_home)
    has_ended(child, "ceased")


def test_a_child_at_home_under_an_order_is_seen_every_week(desk: Desk) -> None:
    placed = {"placement": "P1", "parent_assessed": False, **order("interim_order", "C1", "2026-11-24")}
    child = Walk(desk, "looked_after").open("baby.CW", parent=with_baby(desk, BORN), child=1, **placed)
    assert due(child)["weekly_visit"] == "2026-12-02"
    child.after(days=6).step("record_lac_visit", "baby.CW")
    assert due(child)["weekly_visit"] == "2026-12-08"
    child.after(days=7).step("hold_lac_review", "baby.CHAIR")
    assert "weekly_visit" not in due(child)
    assert due(child)["home_visit"] == "2027-01-05"
    child.after(days=1).step("change_placement", "baby.CW", placement="U6")
    assert not {"home_visit", "weekly_visit"} & due(child).keys()
    all_is_proved(desk)


def test_a_relinquished_baby_is_adopted_by_consent_given_six_weeks_after_birth(desk: Desk) -> None:
    parent = with_baby(desk, date(2026, 10, 15))
    dates = {"became_looked_after_on": "2026-10-15", "legal_status": "V2"}
    child = taken_over(desk, "looked_after", "accommodated_s20", parent=parent, child=1, **dates)
    child.step("decide_adoption", "baby.AD").step("match_adopters", "baby.TM")
    child.refuses("record_adoption_consent", "baby.LEG", "first six weeks")
    early = {"placement": "A4", "lived_with_adopters_since": TODAY}
    child.refuses("place_for_adoption", "baby.TM", "placement order .* or consent", **early)
    child.after(days=1).step("record_adoption_consent", "baby.LEG")
    child.step("place_for_adoption", "baby.TM", **early)
    child.after(days=70).step("apply_to_adopt", "baby.CW").step("record_adoption", "baby.LEG", to="ceased")
    has_ended(child, "ceased")


def test_the_death_of_a_twin_ends_that_childs_case_and_no_other(desk: Desk) -> None:
    parent = with_baby(desk, BORN, BORN)
    one, two = (
        Walk(desk, "looked_after").open("baby.CW", parent=parent, child=child, **agreement("2026-11-24"))
        for child in (1, 2)
    )
    child_dies(desk, parent, 2)
    has_ended(two, "ended")
    assert state_of(desk, one.case) == "accommodated_s20"
    assert due(one)["first_lac_review"] == "2026-12-23"


def test_an_unborn_baby_is_not_looked_after(desk: Desk) -> None:
    parent = expecting(desk, due=date(2027, 3, 1))
    with pytest.raises(MoveRefused, match="from birth at the earliest"):
        Walk(desk, "looked_after").open("baby.CW", parent=parent, child=1, **agreement("2026-11-24"))


@pytest.mark.parametrize("state", open_states_of("looked_after"))
def test_a_case_taken_over_in_any_state_has_a_live_deadline(desk: Desk, state: str) -> None:
    dates = {"became_looked_after_on": "2026-11-20", "taken_at": "2026-11-24T08:00:00+00:00"}
    child = taken_over(desk, "looked_after", state, parent=with_baby(desk, BORN), child=1, **dates)
    assert any(due(child).values())
    all_is_proved(desk)


# Every edge


def lapsed(desk: Desk) -> Walk:
    return taken_over(desk, "looked_after", "order_lapsed", parent=with_baby(desk, BORN), child=1)


def test_a_timed_order_lapses_from_each_state_and_never_by_hand(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)
    for state in TIMED:
        ends = {"expires_at": (desk.now + timedelta(hours=2)).isoformat()}
        child = taken_over(desk, "looked_after", state, parent=with_baby(desk, BORN), child=1, **ends)
        assert due_at(child, "order_expires") == desk.now + timedelta(hours=2)
        child.after(hours=2)
        for person in ("baby.CW", "baby.TM", "baby.SM", "baby.LEG", "both.AUD"):
            with pytest.raises(MoveRefused, match="it is not for a"):
                desk.fire(child.case, "lapse_order", person)
        lapse(child)
        assert state_of(desk, child.case) == "order_lapsed"
    all_is_proved(desk)


def test_it_ends_with_its_child_from_every_open_state(sqlite_url: str) -> None:
    every_open_state_ends_with_its_child(desk_on(sqlite_url), "looked_after")


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)
    orders = {
        "police_protection": police_protection(desk.now - timedelta(hours=1)),
        "emergency_order": order("emergency_order", "L2", "2026-11-24", "2026-11-30"),
        "accommodated_s20": agreement("2026-11-24"),
        "interim_order": order("interim_order", "C1", "2026-11-24"),
        "final_order": order("final_order", "C2", "2026-11-24"),
    }

    def stage(edge: Edge) -> Walk:
        if edge[1] == NEW:
            return Walk(desk, "looked_after")
        dates = {"became_looked_after_on": LONG_AGO.isoformat(), "made_at": "2026-11-24T09:00:00+00:00"}
        parent = with_baby(desk, LONG_AGO)
        return taken_over(desk, "looked_after", edge[1], parent=parent, child=1, legal_status="E1", **dates)

    def matched(walk: Walk) -> Walk:
        return walk.step("decide_adoption", "baby.AD").step("match_adopters", "baby.TM")

    def placed(walk: Walk, edge: Edge) -> Facts:
        matched(walk)
        return {"placement": "A6", "lived_with_adopters_since": TODAY}

    def applied(walk: Walk, edge: Edge) -> Facts:
        walk.step("place_for_adoption", "baby.TM", **placed(walk, edge)).after(days=70)
        return {}

    def adopted(walk: Walk, edge: Edge) -> Facts:
        applied(walk, edge)
        walk.step("apply_to_adopt", "baby.LEG")
        return {}

    def decided_on_adoption(walk: Walk, edge: Edge) -> Facts:
        walk.step("decide_adoption", "baby.AD")
        return {}

    def after_lapse(walk: Walk, edge: Edge) -> Facts:
        if edge[2] != "ceased":
            return {"decision_after_lapse": "apply"}
        walk.approve("decide_after_lapse", "baby.LEG", "baby.SM")
        return {"decision_after_lapse": "return", "ceased_on": TODAY, "reason_ceased": "E4A"}

    def asked_for(walk: Walk, edge: Edge) -> Facts:
        walk.step("request_approval", "baby.CW", for_trigger="decide_after_lapse")
        return {"for_trigger": "decide_after_lapse", "decision": "approve"}

    say = {
        "record_order": lambda walk, edge: {"parent": with_baby(desk, BORN), "placement": "U6", **orders[edge[2]]},
        "replace_order": lambda walk, edge: orders[edge[2]],
        "extend_order": lambda walk, edge: {"expires_at": "2026-12-01T09:00:00+00:00"},
        "decide_after_lapse": after_lapse,
        "request_approval": lambda walk, edge: {"for_trigger": "decide_after_lapse"},
        "decide_approval": asked_for,
        "change_placement": lambda walk, edge: {"placement": "U6"},
        "reverse_adoption_decision": decided_on_adoption,
        "match_adopters": decided_on_adoption,
        "place_for_adoption": placed,
        "apply_to_adopt": applied,
        "record_adoption": adopted,
    }
    deciders = {"decide_approval": "baby.SM"}
    walks = every_edge_walked("looked_after", stage, say, deciders)
    assert missing_edges("looked_after", walks) == (set(), set())
    all_is_proved(desk)
