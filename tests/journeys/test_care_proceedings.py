"""Care proceedings, as a practitioner would tell it: twenty-six weeks for each child, extended only by the court."""

from datetime import date

import pytest
from journeys.parents import (
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
from workflow.errors import MoveRefused

from factories import Desk
from walks import Edge, Walk, missing_edges

TODAY = "2026-11-25"
BORN = date(2026, 11, 20)


def issue(desk: Desk, parent: str, child: int = 1) -> Walk:
    return Walk(desk, "care_proceedings").open("baby.LEG", parent=parent, child=child, short_notice=False)


def test_proceedings_end_in_an_order_within_the_timetable_the_court_extended(desk: Desk) -> None:
    case = issue(desk, with_baby(desk, BORN))
    assert due(case) == {
        "week_26": "2027-05-25",  # 26 weeks beginning with the day of issue, which is a Wednesday
        "first_hearing": "2026-12-18",
    }
    assert due_at(case, "week_26").isoformat() == "2027-05-25T23:00:00+00:00"  # the end of that summer day

    case.after(days=5).step("hold_short_notice_hearing", "baby.LEG")
    case.after(days=12).refuses("hold_cmh", "baby.LEG", "next hearing does not lie ahead", next_hearing_on=TODAY)
    case.step("hold_cmh", "baby.LEG", to="case_management", next_hearing_on="2027-02-10")
    assert how_they_ended(case, "first_hearing") == ["met"]
    assert due(case) == {"week_26": "2027-05-25", "next_hearing": "2027-02-10"}

    case.step("relist_hearing", "baby.CW", next_hearing_on="2027-02-17")
    assert due(case)["next_hearing"] == "2027-02-17"
    case.after(days=67).step("hold_further_cmh", "baby.LEG", next_hearing_on="2027-04-21")  # 17 February
    case.after(days=63).step("hold_irh", "baby.LEG", to="issues_resolution", next_hearing_on="2027-06-30")
    assert how_they_ended(case, "next_hearing") == ["met", "met", "open"]

    # The court needs longer: 8 weeks at most each time, from where the timetable stood.
    until = {"timetable_ended_on": "2027-05-25"}
    case.refuses("extend_timetable", "baby.LEG", "at most 8 weeks", timetable_until="2027-07-21", **until)
    early = {"timetable_ended_on": "2027-05-01", "timetable_until": "2027-06-20"}
    case.refuses("extend_timetable", "baby.LEG", "begins where the 26 weeks", **early)
    case.step("extend_timetable", "baby.LEG", timetable_until="2027-07-20", **until)
    assert due(case)["week_26"] == "2027-07-20"

    case.after(days=70).step("hold_final_hearing", "baby.LEG", to="final_hearing")  # 30 June
    assert due(case) == {"week_26": "2027-07-20"}
    case.after(days=14).step("make_final_order", "baby.LEG", to="order_made", final_order="special_guardianship")
    assert how_they_ended(case, "week_26") == ["met"]
    has_ended(case, "order_made")


def test_an_unborn_baby_is_not_before_a_court(desk: Desk) -> None:
    with pytest.raises(MoveRefused, match="cannot be issued before the child is born"):
        issue(desk, expecting(desk, due=date(2027, 3, 1)))


def test_the_death_of_a_twin_ends_that_childs_proceedings_and_no_other(desk: Desk) -> None:
    parent = with_baby(desk, BORN, BORN)
    one, two = issue(desk, parent, 1), issue(desk, parent, 2)
    child_dies(desk, parent, 1)
    has_ended(one, "ended")
    assert how_they_ended(one, "week_26") == ["cancelled"]
    assert state_of(desk, two.case) == "issued"
    assert due(two) == {"week_26": "2027-05-25", "first_hearing": "2026-12-18"}
    two.after(days=1).step("withdraw", "baby.LEG", to="withdrawn")
    has_ended(two, "withdrawn")


def test_a_family_handed_over_takes_its_open_proceedings_along(desk: Desk) -> None:
    parent = taken_over(desk, "prebirth", "care_proceedings", worker="baby.CW").case
    case = taken_over(desk, "care_proceedings", "case_management", parent=parent, issued_on=TODAY)
    receiving = {"team": "baby", "worker": "baby.CW2", "accepted_by": "team manager", "accepted_on": TODAY}
    desk.fire(parent, "hand_over", "baby.TM", {**receiving, "handover_note": "invented"})
    view = desk.looks_as("baby.CW2").case(case.case)
    assert (view["state"], view["owner"]) == ("case_management", "baby.CW2")
    all_is_proved(desk)


@pytest.mark.parametrize("state", open_states_of("care_proceedings"))
def test_a_case_taken_over_in_any_state_has_a_live_deadline(desk: Desk, state: str) -> None:
    case = taken_over(desk, "care_proceedings", state, parent=with_baby(desk, BORN), issued_on="2026-10-01")
    assert due(case)["week_26"] == "2027-03-31"
    all_is_proved(desk)


def test_a_case_taken_over_brings_the_courts_extension_and_its_next_hearing(desk: Desk) -> None:
    dates = {"issued_on": "2026-06-01", "timetable_until": "2027-01-22", "next_hearing_on": "2026-12-04"}
    case = taken_over(desk, "care_proceedings", "case_management", parent=with_baby(desk, BORN), **dates)
    assert due(case) == {"week_26": "2027-01-22", "next_hearing": "2026-12-04"}


def test_it_ends_with_its_child_from_every_open_state(sqlite_url: str) -> None:
    every_open_state_ends_with_its_child(desk_on(sqlite_url), "care_proceedings", issued_on=TODAY)


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)

    def stage(edge: Edge) -> Walk:
        if edge[1] == NEW:
            return Walk(desk, "care_proceedings")
        return taken_over(desk, "care_proceedings", edge[1], parent=with_baby(desk, BORN), issued_on=TODAY)

    listed = {"next_hearing_on": "2027-01-20"}
    say = {
        "issue": lambda walk, edge: {"parent": with_baby(desk, BORN), "short_notice": False},
        "hold_cmh": lambda walk, edge: listed,
        "hold_further_cmh": lambda walk, edge: listed,
        "hold_irh": lambda walk, edge: listed,
        "relist_hearing": lambda walk, edge: listed,
        "extend_timetable": lambda walk, edge: {"timetable_ended_on": "2027-05-25", "timetable_until": "2027-07-01"},
    }
    walks = every_edge_walked("care_proceedings", stage, say)
    assert missing_edges("care_proceedings", walks) == (set(), set())
    all_is_proved(desk)
