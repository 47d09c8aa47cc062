"""Pre-proceedings, as a practitioner would tell it: a gateway, a letter, meetings, a decision, and the application."""

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
    taken_over,
    with_baby,
)

from states.lifecycle import NEW

from factories import Desk
from walks import Edge, Walk, missing_edges

DUE = date(2027, 3, 1)
TODAY = "2026-11-25"


def test_a_decision_before_birth_leads_to_an_application_after_it(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    case = Walk(desk, "pre_proceedings").open("baby.CW", parent=parent)
    assert due(case) == {"gateway_decision": "2026-12-09"}

    # The gateway begins pre-proceedings: 16 weeks, or 36 weeks of pregnancy if that comes first.
    case.after(days=7).step("start_pre_proceedings", "baby.SM", to="pp_started")
    assert due(case) == {
        "letter_before_proceedings": "2026-12-09",
        "pp_decision": "2027-03-24",
        "pp_decision_before_birth": "2027-02-01",
    }

    case.after(days=5)
    case.refuses("send_letter", "baby.LEG", "must offer a family group decision-making meeting")
    case.step("send_letter", "baby.LEG", to="letter_sent", fgdm_meeting_offer="2026-12-07")
    assert due(case)["first_pp_meeting"] == "2026-12-21"

    # Maternity has a better date: what counts from it moves with it.
    later = {"edd": "2027-03-08", "edd_basis": "dating_scan", "edd_source": "the invented midwife"}
    desk.fire(parent, "revise_edd", "baby.CW", later)
    assert due(case)["pp_decision_before_birth"] == "2027-02-08"
    case.version = 0  # the case below has changed with it

    case.after(days=8).step("hold_first_meeting", "baby.TM", to="in_pre_proceedings")
    assert due(case)["pp_review"] == "2027-01-26"
    case.after(days=42).step("hold_pp_review", "baby.TM")
    assert due(case)["pp_review"] == "2027-03-09"
    case.step("record_family_group_meeting", "baby.CW", fgdm_meeting_offer="2026-12-07")

    case.after(days=3)  # Friday 29 January
    held = {"family_group_meeting": "held", "fgdm_meeting_offer": "2026-12-07", "fgdm_meeting_fac": "2027-01-26"}
    case.step("decide_to_issue", "baby.SM", to="awaiting_birth", **held)
    assert how_they_ended(case, "pp_decision") == how_they_ended(case, "pp_decision_before_birth") == ["met"]
    assert due(case) == {
        "papers_ready": "2027-02-12",  # 36+0 is too near: 10 working days from the decision
        "decision_review": "2027-02-12",
        "application_after_birth": None,  # no application can be made before birth
    }
    case.refuses("record_issue", "baby.LEG", "the birth is not recorded")
    case.after(days=11).step("prepare_papers", "baby.LEG").step("review_decision_to_issue", "baby.TM")

    # The baby comes early; on the day of birth if possible, at the latest on the fifth day after it.
    case.after(days=11)
    born(desk, parent, date(2027, 2, 20))
    assert due(case) == {"decision_review": "2027-02-23", "application_after_birth": "2027-02-25"}
    case.version = 0
    case.after(days=2).step("record_issue", "baby.LEG", to="issued", short_notice=False)
    assert how_they_ended(case, "application_after_birth") == ["met"]
    assert how_they_ended(case, "papers_ready") == ["met"]
    has_ended(case, "issued")


def test_after_birth_the_application_is_due_in_five_working_days(desk: Desk) -> None:
    case = Walk(desk, "pre_proceedings").open("baby.CW", parent=with_baby(desk))
    case.step("decide_to_issue", "baby.HOS", to="issuing", family_group_meeting="declined", fgdm_meeting_offer=TODAY)
    assert due(case) == {"application": "2026-12-02"}
    case.step("record_issue", "baby.LEG", to="issued", short_notice=False)
    has_ended(case, "issued")


def test_dates_about_the_birth_fall_silent_with_a_pregnancy_that_ends(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    case = taken_over(desk, "pre_proceedings", "pp_started", parent=parent, pp_start_date=TODAY)
    assert {"letter_before_proceedings", "pp_decision_before_birth"} <= due(case).keys()
    desk.fire(parent, "report_pregnancy_ended", "baby.CW", {"end_reported_by": "the hospital"})
    assert due(case) == {"pp_decision": "2027-03-17"}

    # It was a mistake: what was silenced counts again.
    mistaken = {"health_source": "an invented midwife", "move_reason": "another family was meant"}
    desk.fire(parent, "correct_report", "baby.TM", mistaken)
    assert {"letter_before_proceedings", "pp_decision_before_birth", "pp_decision"} == due(case).keys()
    all_is_proved(desk)

    pregnancy_ends(desk, parent)
    has_ended(case, "ended")


def test_nothing_is_put_to_a_court_about_a_baby_who_has_died(desk: Desk) -> None:
    parent = expecting(desk, due=DUE)
    case = taken_over(desk, "pre_proceedings", "awaiting_birth", parent=parent)
    born(desk, parent, date(2026, 11, 24))
    child_dies(desk, parent, 1)
    has_ended(case, "ended")


@pytest.mark.parametrize("state", open_states_of("pre_proceedings"))
def test_a_case_taken_over_in_any_state_has_a_live_deadline(desk: Desk, state: str) -> None:
    case = taken_over(desk, "pre_proceedings", state, parent=expecting(desk, due=DUE), pp_start_date=TODAY)
    assert any(due(case).values())
    all_is_proved(desk)


def test_it_ends_with_its_child_from_every_open_state(sqlite_url: str) -> None:
    every_open_state_ends_with_its_child(desk_on(sqlite_url), "pre_proceedings")


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)

    def stage(edge: Edge) -> Walk:
        _, source, target = edge
        if source == NEW:
            return Walk(desk, "pre_proceedings")
        parent = expecting(desk, due=DUE) if target == "awaiting_birth" else with_baby(desk)
        return taken_over(desk, "pre_proceedings", source, parent=parent)

    say = {
        "request_gateway": lambda walk, edge: {"parent": expecting(desk, due=DUE)},
        "send_letter": lambda walk, edge: {"fgdm_meeting_offer": TODAY},
        "decide_to_issue": lambda walk, edge: {"family_group_meeting": "declined", "fgdm_meeting_offer": TODAY},
        "record_issue": lambda walk, edge: {"short_notice": False},
    }
    walks = every_edge_walked("pre_proceedings", stage, say)
    assert missing_edges("pre_proceedings", walks) == (set(), set())
    all_is_proved(desk)
