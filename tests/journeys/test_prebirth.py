"""Pre-birth cases from the referral to each end they can have, told as a caseworker would tell them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from journeys.prebirth_journeys import (
    CONSENT,
    FATHER,
    MOTHER,
    Pregnancy,
    assert_sound,
    baby,
    birth_clocks,
    due,
    entries,
    found_under,
    outcome,
    row_of,
    running,
    under,
)
from sqlalchemy import select

from states.catalogue import LIFECYCLES
from states.lifecycle import NEW
from workflow import stock
from workflow.accounts import USERS
from workflow.errors import Conflict
from workflow.lending import ITEMS
from workflow.moves import Move
from workflow.repository import children_of

from factories import Desk
from walks import Edge, Walk, edges_of, missing_edges


def last_move(case: Walk) -> str:
    """The number of the last entry that moved the case."""
    return str([entry["seq"] for entry in entries(case) if entry["kind"] == "moved"][-1])


def looked_at_again(case: Walk) -> Walk:
    """The case as it stands since a move on the case above it reached it."""
    case.version = row_of(case)["version"]
    return case


def moments_of_last_entry(case: Walk) -> tuple[object, object]:
    last = entries(case)[-1]
    return last["occurred_at"], last["recorded_at"]


# Every transition

ROADS: dict[str, Callable[[Pregnancy], Pregnancy]] = {
    "referred": lambda case: case,
    "consent_pending": lambda case: case.does("accept"),
    "allocation": lambda case: case.does("accept_with_consent"),
    "assessment": lambda case: ROADS["allocation"](case).does("allocate"),
    "sign_off": lambda case: ROADS["assessment"](case).does("submit_assessment"),
    "pre_birth_clinic": lambda case: ROADS["sign_off"](case).does("authorise"),
    "birth_planning": lambda case: ROADS["pre_birth_clinic"](case).does("start_birth_plan", preterm_risk=True),
    "birth_ready": lambda case: ROADS["birth_planning"](case).does("agree_birth_plan"),
    "born": lambda case: ROADS["assessment"](case).does("record_birth"),
    "post_birth_support": lambda case: ROADS["born"](case).does("hold_discharge_meeting").does("discharge"),
    "care_proceedings": lambda case: ROADS["born"](case).does("issue_proceedings"),
    "outcome_agreed": lambda case: ROADS["allocation"](case).does("record_birth").does("agree_outcomes"),
    "threshold_review": lambda case: case.does("dispute_route"),
    "route_sent": lambda case: ROADS["threshold_review"](case).does("route"),
    "pregnancy_end_reported": lambda case: case.does("report_pregnancy_ended"),
    "closed": lambda case: case.does("close_referral"),
    "handed_over": lambda case: ROADS["outcome_agreed"](case).does("hand_over"),
    "routed_elsewhere": lambda case: ROADS["route_sent"](case).does("acknowledge_route"),
    "pregnancy_ended": lambda case: ROADS["pregnancy_end_reported"](case).does("confirm_pregnancy_ended"),
    "transferred_out": lambda case: case.does("transfer_out"),
}

ABOUT_A_DEATH = ("record_child_death", "decide_incident_notification")


def stands_before(desk: Desk, edge: Edge) -> Pregnancy:
    """A case that stands where this edge begins, with what it needs."""
    trigger, source, target = edge
    case = Pregnancy(desk).refer()
    if trigger in ("continue_without_consent", "give_consent_after_review") and target != "allocation":
        return ROADS[target](case).does("withhold_consent")
    if trigger == "correct_report":
        return ROADS[target](case).does("report_pregnancy_ended")
    if trigger in ("record_child_death", "decide_incident_notification") and source in (
        "threshold_review",
        "route_sent",
    ):
        ROADS["born"](case).does("withhold_consent")
        return case if source == "threshold_review" else case.does("route")
    if trigger == "return_item" and source in ("threshold_review", "route_sent", "care_proceedings", "outcome_agreed"):
        return has_been_lent_something(case, source)
    ROADS[source](case)
    if trigger == "authorise" and target == "birth_planning":
        case.until(28)
    if (trigger, source) == ("route", "referred"):
        case.approve("route", "baby.CW", "baby.SM")
    if trigger == "discharge":
        case.does("hold_discharge_meeting")
    if trigger.startswith("end_court"):
        under(case, "care_proceedings", "baby.LEG", child=1, short_notice=False).step("withdraw", "baby.LEG")
    return case


def thing_of(case: Pregnancy) -> str:
    """The code of a Real Care baby kept for this case."""
    code, desk = case.case.lower(), case.desk
    with desk.database.write() as connection:
        if connection.execute(select(ITEMS).where(ITEMS.c.code == code)).first() is None:
            stock.add_item(connection, desk.who("baby.TM"), desk.now, code=code, label="Real Care baby")
    return code


def has_been_lent_something(case: Pregnancy, state: str) -> Pregnancy:
    if state in ("care_proceedings", "outcome_agreed"):
        ROADS["born"](case).does("lend_item", item=thing_of(case))
        return case.does("issue_proceedings" if state == "care_proceedings" else "agree_outcomes")
    ROADS["assessment"](case).does("lend_item", item=thing_of(case)).does("withhold_consent")
    return case if state == "threshold_review" else case.does("route")


def take(case: Pregnancy, edge: Edge) -> None:
    trigger, _, target = edge
    facts = {}
    if (trigger, target) == ("record_birth", "pregnancy_end_reported"):
        facts = {"babies": [baby(case.today, alive=False)]}
    if trigger == "start_birth_plan":
        facts = {"preterm_risk": True}
    if trigger in ("lend_item", "return_item"):
        facts = {"item": thing_of(case)}
    if trigger == "give_support":
        facts = {"phase": "before_birth"}
    if trigger == "correct":
        facts = {"entry": "1", "referral_note": "told again, more exactly"}
    if trigger in ("request_approval", "decide_approval"):
        facts = {"for_trigger": "accept"}
    case.does(trigger, to=target, **facts)


def test_every_transition_is_fired_and_refused(small_desk: Desk) -> None:
    """Moves that stay in a state are made one after another on one case, each that leaves it on a case of its own."""
    order = {trigger: place for place, trigger in enumerate(LIFECYCLES["prebirth"].triggers)}
    edges = [edge for edge in edges_of("prebirth") if edge[1] != NEW]  # every walk begins with a referral
    edges.sort(key=lambda edge: (edge[1], order[edge[0]], edge[2]))
    staying: dict[tuple[str, bool], Pregnancy] = {}
    walks: list[Walk] = []
    for edge in edges:
        trigger, source, target = edge
        place = (source, trigger in ABOUT_A_DEATH)
        if source != target or (trigger == "return_item" and ("lend_item", source, source) not in edges):
            case = stands_before(small_desk, edge)
        elif place not in staying:
            case = staying[place] = stands_before(small_desk, edge)
        else:
            case = staying[place]
        take(case, edge)
        walks.append(case)
    assert missing_edges("prebirth", walks) == (set(), set())
    assert_sound(*staying.values())


# The whole way, with a baby who stays with her parents


def test_a_baby_stays_with_her_parents(desk: Desk) -> None:
    case = Pregnancy(desk).refer(MOTHER, FATHER, weeks=12)
    edd = case.row()["edd"]
    assert case.running() == {
        "referral_decision", "assessment_due", "birth_watch", "birth_due_check", "birth_overdue",
    }  # fmt: skip

    case.wait(hours=2).does("accept", to="consent_pending")
    case.wait(days=2).cannot("give_consent", "a parent who will be assessed has not consented")
    father_consents = {**CONSENT, "parent": "father"}
    in_march = "2027-03-31"
    case.does("give_consent", to="allocation", consents=[CONSENT, father_consents], consent_review_on=in_march)
    case.cannot("allocate", "conflict of interest", worker="baby.CW2")
    case.does("allocate", to="assessment", worker="baby.CW")
    assert case.clock("referral_decision") == case.clock("consent_sought") == case.clock("consent_limit") == ["met"]
    assert case.clock("allocate_worker") == ["met"]
    assert case.row()["owner"] == "baby.CW"

    # The visit was made in time on day 27, and written up two days after it was due at 16+0.
    case.wait(days=28).does("record_visit", at=case.desk.now - timedelta(days=3), visited_on="2026-12-22")
    assert case.clock("first_visit") == ["met, recorded late"]
    views = [{"parent": "mother", "view": "she wants help"}, {"parent": "father", "reason_absent": "he is away at sea"}]
    case.cannot("submit_assessment", "a parent's view is missing")
    case.does("submit_assessment", to="sign_off", parents_views=views)
    case.wait(days=1).does("return_assessment", to="assessment")
    case.wait(days=7).does("submit_assessment", to="sign_off", parents_views=views)
    case.wait(days=1).does("authorise", to="pre_birth_clinic")
    assert case.clock("sign_off") == case.clock("assessment_due")[:1] * 2 == ["met", "met"]
    assert case.clock("assessment_by_24_weeks") == ["met"]
    assert not {"conference", "gateway_decision"} & case.running()

    case.until(24).does("hold_clinic", progress="green")
    assert case.clock("first_clinic") == ["met"]
    assert case.due("clinic_interval") == case.desk.now.date() + timedelta(weeks=4)
    case.does("record_visit").wait(days=35).does("hold_clinic", progress="amber", drift_reasons=["not_met"]).does(
        "record_visit"
    )
    assert case.clock("clinic_interval") == ["met late", "on track"]
    assert case.clock("visit_before_birth") == ["met", "met late", "met late", "on track"]
    case.does("give_consent", consents=[CONSENT])  # the date for it was the end of March
    assert case.clock("consent_review") == ["met"]

    case.does("start_birth_plan", to="birth_planning").does("draft_birth_plan", hospital="1")
    case.until(33).cannot("agree_birth_plan", "not everyone has the plan", parents_have_copy=False)
    case.does("agree_birth_plan", to="birth_ready", legal_position="none")
    case.does("revise_birth_plan", to="birth_planning").does(
        "agree_birth_plan", to="birth_ready", legal_position="none"
    )
    assert case.clock("birth_plan_agreed") == case.clock("birth_plan_shared") == ["met", "met"]

    later = (edd + timedelta(days=7)).isoformat()
    case.does("revise_edd", by="baby.FD", edd=later, edd_basis="clinical", edd_source="midwife")
    assert case.due("birth_watch") == edd - timedelta(days=14)  # 37+0 by the new date
    case.until(37).does("confirm_still_pregnant")
    assert case.clock("birth_watch") == ["met", "on track"]
    case.until(39, 5).does("record_birth", to="born")
    assert not birth_clocks(case)
    assert case.clock("birth_watch")[1:] == case.clock("birth_overdue") == case.clock("clinic_interval")[1:]
    assert case.clock("birth_overdue") == ["cancelled"]
    assert "newborn_worker" not in case.running()

    case.cannot("discharge", "no discharge meeting is recorded")
    case.wait(hours=20).does("hold_discharge_meeting").wait(days=1)
    case.cannot("discharge", "safe sleep", safe_sleep_discussed=False)
    case.cannot("discharge", "each living baby needs a destination", destinations=[])
    case.does("discharge", to="post_birth_support")
    assert case.clock("discharge_meeting") == ["met"]
    assert case.due("checkpoint_6_weeks") == edd + timedelta(days=5 + 42)
    case.wait(hours=22).does("record_visit")
    assert case.clock("first_home_visit") == ["met"]
    case.wait(days=38).does("record_checkpoint", child=1).wait(days=60).does("record_checkpoint", child=1)
    assert case.clock("checkpoint_6_weeks", child=1) == ["met"]
    assert case.clock("checkpoint_12_weeks", child=1) == ["met late"]

    case.cannot("agree_outcomes", "every child needs an outcome", outcomes=[])
    case.does("agree_outcomes", to="outcome_agreed")
    assert case.running() == {"close_or_hand_over"}
    case.wait(days=3).does("close", to="closed")  # nobody was removed: no approval is needed
    assert case.clock("close_or_hand_over") == ["met"]
    assert case.clock("checkpoint_6_months", child=1) == ["cancelled"]
    assert case.running() == set()
    assert case.row()["closed_at"] == case.desk.now
    assert_sound(case)


# Removal


def test_a_baby_is_removed_and_adopted(desk: Desk) -> None:
    case = Pregnancy(desk).refer(weeks=14).is_planned(assessment_decision="pre_proceedings")
    assert {"gateway_decision", "letter_before_proceedings"} <= case.running()
    case.wait(days=20).does("record_gateway_decision", gateway_outcome="C").does("record_letter_sent")
    assert case.clock("gateway_decision") == case.clock("letter_before_proceedings") == ["met"]
    case.until(30).does("start_birth_plan").does("agree_birth_plan", legal_position="apply_at_birth")
    case.until(38).does("record_birth", to="born")
    assert case.due("court_application") == case.desk.now.date() + timedelta(days=5)

    case.wait(days=2).cannot("issue_proceedings", "the legal gateway has not agreed", gateway_agreed=False)
    case.cannot("issue_proceedings", "or the reason given why not", family_group_meeting="exempt")
    case.does("issue_proceedings", to="care_proceedings")
    assert case.clock("court_application") == ["met"]
    assert case.clock("discharge_meeting") == ["cancelled"]
    assert case.running() >= {"approval_decision"}  # the service manager's approval may follow, within a day
    case.cannot("decide_approval", "higher tier", by="baby.TM", for_trigger="issue_proceedings", decision="approve")
    case.does("decide_approval", for_trigger="issue_proceedings", decision="approve")
    assert "approval_decision" not in case.running()

    court = under(case, "care_proceedings", "baby.LEG", child=1, short_notice=False)
    care = under(
        case, "looked_after", "baby.LEG", child=1, kind="interim_order", legal_status="C1", placement="U5",
        early_permanence_from=case.today,
    )  # fmt: skip
    case.does("withhold_consent", to="care_proceedings", withheld="withdrawn")  # in proceedings it is a fact
    case.wait(days=150).cannot("agree_outcomes", "a court case of one of the children is still open")
    case.cannot("end_court_outcome_agreed", "no child's court case has come to its end")
    listed = (case.desk.now.date() + timedelta(days=20)).isoformat()
    court.step("hold_cmh", "baby.LEG", next_hearing_on=listed).step("make_final_order", "baby.LEG", to="order_made")
    case.does("end_court_outcome_agreed", to="outcome_agreed", outcomes=[outcome(case, 1, "adoption")])

    closing = {"closure_code": "RC1", "pause_offer": "later"}
    case.cannot("close", "a case under this one is open", **closing)
    care.step("discharge_order", "baby.LEG", to="ceased", reason_ceased="E11")
    case.cannot("close", "say whether Pause was offered", closure_code="RC1")
    case.cannot("close", "it needs the approval of a service manager", **closing)
    case.does("request_approval", by="baby.SM", for_trigger="close")
    case.cannot("decide_approval", "somebody else than the person who asked", for_trigger="close", decision="approve")
    case.does("decide_approval", by="baby.SM2", for_trigger="close", decision="approve")
    case.cannot("close", "who approved it cannot also be the one who does it", by="baby.SM2", **closing)
    case.does("close", to="closed", **closing)
    approval = case.entries()[-1]["approvals"][0]
    assert (approval["asked_by"], approval["decided_by"]) == ("baby.SM", "baby.SM2")
    assert case.running() == running(court) == running(care) == set()
    assert_sound(case, court, care)


def test_an_approval_lapses_after_ten_working_days(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_home()
    case.does("agree_outcomes", outcomes=[outcome(case, 1, "special_guardianship")])
    case.approve("close", "baby.TM", "baby.SM").wait(days=15)
    case.cannot("close", "it needs the approval", closure_code="RC4", pause_offer="offered")
    case.does("request_approval", by="baby.TM", for_trigger="close")
    case.does("decide_approval", for_trigger="close", decision="refuse")
    case.cannot("close", "it needs the approval", closure_code="RC4", pause_offer="offered")
    case.approve("close", "baby.TM", "baby.SM").does("close", to="closed", closure_code="RC4", pause_offer="offered")
    assert case.clock("close_or_hand_over") == ["met late"]
    assert_sound(case)


# A pregnancy that ends


def test_a_pregnancy_reported_ended_by_mistake_goes_on_and_then_really_ends(desk: Desk) -> None:
    case = Pregnancy(desk).refer(weeks=20, immediate_safety_concern=True)
    protection = found_under(case, "child_protection")
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM", to="pp_started")
    case.is_planned(assessment_decision="child_protection")
    dates = {name: case.due(name) for name in birth_clocks(case)}
    legal_dates = {name: due(legal, name) for name in birth_clocks(legal)}
    assert {"birth_watch", "first_clinic", "visit_before_birth"} <= dates.keys()
    assert legal_dates

    case.wait(days=1).does("report_pregnancy_ended", by="baby.FD", to="pregnancy_end_reported")
    assert case.running() == {"pregnancy_end_confirmation"}
    assert not birth_clocks(legal)
    assert running(legal)  # what is not about the birth runs on
    assert running(protection) == {"strategy_discussion"}
    assert moments_of_last_entry(case) == moments_of_last_entry(legal)

    case.wait(days=1).does("correct_report", to="pre_birth_clinic")
    assert {name: case.due(name) for name in birth_clocks(case)} == dates
    assert {name: due(legal, name) for name in birth_clocks(legal)} == legal_dates
    assert case.clock("pregnancy_end_confirmation") == ["met"]

    case.wait(days=30).does("report_pregnancy_ended", by="baby.TM")
    case.cannot("confirm_pregnancy_ended", "who reported that the pregnancy ended cannot be the one who confirms it")
    case.wait(days=4).does("confirm_pregnancy_ended", by="baby.SM", to="pregnancy_ended")
    assert case.clock("pregnancy_end_confirmation") == ["met", "met late"]
    assert case.running() == running(legal) == running(protection) == set()
    assert row_of(legal)["state"] == row_of(protection)["state"] == "ended"
    assert entries(legal)[-1]["on_behalf_of"] == "baby.SM"
    assert_sound(case, legal, protection)


def test_a_report_that_cannot_be_stored_whole_changes_nothing(desk: Desk) -> None:
    """The clocks of the case and of those under it fall silent together or not at all."""
    case = Pregnancy(desk).refer(weeks=20)
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM")
    before = (case.running(), running(legal), len(case.entries()), len(entries(legal)))
    move = Move(trigger="report_pregnancy_ended", case=case.case, facts={"end_reported_by": "midwife"})

    def power_fails_after_the_move() -> None:
        with desk.database.write() as connection:
            desk.engine.fire_in(connection, move, desk.who("baby.FD"), desk.now)
            raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        power_fails_after_the_move()
    assert (case.running(), running(legal), len(case.entries()), len(entries(legal))) == before


def test_dates_are_counted_again_from_the_expected_date_as_it_stands_when_the_report_is_corrected(
    small_desk: Desk,
) -> None:
    case = Pregnancy(small_desk).refer(weeks=20)
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM")
    late = case.due("birth_overdue")
    case.does("report_pregnancy_ended")
    corrected = (case.row()["edd"] + timedelta(days=14)).isoformat()
    case.does("correct", entry="1", correction="facts", edd=corrected)
    case.does("correct_report", to="referred")
    assert case.due("birth_overdue") == late + timedelta(days=14)
    events = [event for entry in entries(legal) for event in entry["clocks"]]
    anchors = [event["anchors"]["edd"] for event in events if event.get("anchors") and event["anchors"].get("edd")]
    assert anchors[-1] == corrected
    assert_sound(case, legal)


def test_one_twin_is_stillborn_and_the_other_lives(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20).is_planned()
    dates = {name: case.due(name) for name in birth_clocks(case)}
    case.does("report_pregnancy_ended")
    case.does("record_birth", to="pregnancy_end_reported", babies=[baby(case.today, alive=False)])
    case.does("correct_report", to="pre_birth_clinic")  # the other twin is well, and still to be born
    assert {name: case.due(name) for name in birth_clocks(case)} == dates
    case.until(34).does("record_birth", to="born")
    assert case.running() >= {"discharge_meeting", "checkpoint_6_weeks"}
    assert case.clock("checkpoint_6_weeks", child=1) == []
    assert case.clock("checkpoint_6_weeks", child=2) == ["on track"]
    case.cannot("agree_outcomes", "every child needs an outcome", outcomes=[])
    case.does("agree_outcomes", outcomes=[outcome(case, 2, "with_parents_no_plan")])
    case.does("close", to="closed")
    assert_sound(case)


def test_a_stillbirth_ends_the_pregnancy_quietly(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20).is_assessed().until(30)
    case.does("record_birth", to="pregnancy_end_reported", babies=[baby(case.today, alive=False)])
    assert case.running() == {"pregnancy_end_confirmation"}
    case.does("confirm_pregnancy_ended", to="pregnancy_ended", bereavement_support="offered by the hospital")
    assert case.running() == set()
    assert_sound(case)


def test_a_living_baby_is_recorded_though_the_pregnancy_was_said_to_have_ended(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20).is_assessed().until(30)
    case.does("report_pregnancy_ended").wait(hours=5).does("record_birth", to="born")
    assert {"assessment_due", "discharge_meeting", "checkpoint_6_weeks"} <= case.running()
    assert not birth_clocks(case)
    assert_sound(case)


# Twins


def test_twins_go_different_ways(desk: Desk) -> None:
    case = Pregnancy(desk).refer(weeks=16).is_home(babies=2)
    case.wait(days=40).does("record_checkpoint", child=1)
    assert case.clock("checkpoint_6_weeks", child=1) == ["met"]
    assert case.clock("checkpoint_6_weeks", child=2) == ["amber warning"]
    assert case.clock("checkpoint_12_weeks", child=1) == ["on track"]
    assert case.clock("checkpoint_12_weeks", child=2) == []

    courts = [under(case, "care_proceedings", "baby.LEG", child=number, short_notice=False) for number in (1, 2)]
    case.does("issue_proceedings", court_children=[{"child": n, "initial_plan": "C"} for n in (1, 2)])
    case.does("decide_approval", for_trigger="issue_proceedings", decision="approve")
    case.wait(days=90)
    courts[0].step("withdraw", "baby.LEG")
    case.cannot("end_court_support_continues", "a court case of one of the children is still open")
    case.does("record_child_death", child=2, died_on=case.today)
    assert row_of(courts[1])["state"] == "ended"
    assert not running(courts[1])
    assert case.clock("checkpoint_6_weeks", child=2) == ["cancelled"]
    assert case.clock("checkpoint_12_weeks", child=1) == ["breached"]
    case.does("end_court_support_continues", to="post_birth_support")

    case.cannot("agree_outcomes", "no child of that number", outcomes=[{"child": 3, "outcome": "other"}])
    agreed = [outcome(case, 1, "with_parents_child_in_need")]
    case.does("agree_outcomes", to="outcome_agreed", outcomes=agreed)
    case.cannot("close", "serious incident is not decided")
    case.cannot("decide_incident_notification", "it is not for a team manager", by="baby.TM")
    case.wait(days=1).does("decide_incident_notification", incident_notification="notify")
    assert case.clock("incident_notification") == ["met"]
    case.does("close", to="closed")
    with desk.database.read() as connection:
        children = children_of(connection, case.row()["id"])
    assert [child.outcome for child in children] == ["with_parents_child_in_need", "died"]
    assert case.running() == set()
    assert_sound(case, *courts)


# Corrections


def test_taking_back_a_revised_date_of_birth_takes_back_the_dates_counted_from_it(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20)
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM")
    edd, overdue, decision = case.row()["edd"], case.due("birth_overdue"), due(legal, "pp_decision_before_birth")
    case.does("revise_edd", edd=(edd + timedelta(days=10)).isoformat())
    assert case.due("birth_overdue") == overdue + timedelta(days=10)
    assert due(legal, "pp_decision_before_birth") == decision + timedelta(days=10)
    case.does("correct", entry=last_move(case), correction="undo")
    assert case.row()["edd"] == edd
    assert case.due("birth_overdue") == overdue
    assert due(legal, "pp_decision_before_birth") == decision
    assert_sound(case, legal)


def test_correcting_a_date_of_birth_that_was_revised_since_moves_no_deadline(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20)
    revised = (case.row()["edd"] + timedelta(days=10)).isoformat()
    case.does("revise_edd", edd=revised)
    overdue = case.due("birth_overdue")
    case.does("correct", entry="1", edd=(case.row()["edd"] - timedelta(days=30)).isoformat())
    assert case.row()["edd"].isoformat() == revised
    assert case.due("birth_overdue") == overdue
    assert_sound(case)


def test_correcting_the_time_of_a_mistaken_report_leaves_the_pregnancy_s_dates_running(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20).wait(days=1).does("report_pregnancy_ended")
    report = last_move(case)
    case.wait(hours=3).does("correct_report", to="referred")
    before = birth_clocks(case)
    earlier = case.desk.now - timedelta(hours=5)
    case.does("correct", entry=report, correction="occurred_at", new_occurred_at=earlier.isoformat())
    assert birth_clocks(case) == before
    assert_sound(case)


def test_a_correction_is_held_to_the_rules_of_what_it_corrects(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(MOTHER, FATHER).wait(days=2).does("accept")
    case.does("give_consent", consents=[CONSENT, {**CONSENT, "parent": "father"}]).does("allocate", worker="baby.CW")
    allocation, now = last_move(case), case.desk.now
    case.cannot("correct", "conflict of interest", entry=allocation, correction="facts", worker="baby.CW2")
    case.cannot("correct", "one of the two dates is wrong", entry="1", correction="facts", edd="2029-01-01")
    for days, says in ((-1, "lies in the future"), (10, "before the case was opened")):
        moment = (now - timedelta(days=days)).isoformat()
        case.cannot("correct", says, entry=allocation, correction="occurred_at", new_occurred_at=moment)
    week_before = (now - timedelta(days=9)).isoformat()
    case.does("correct", entry="1", correction="occurred_at", new_occurred_at=week_before)  # the referral itself
    case.does("correct", entry=allocation, correction="facts", worker="baby.TM2")
    assert case.row()["owner"] == "baby.TM2"
    assert_sound(case)


def test_a_case_that_was_closed_by_mistake_is_open_again_with_its_dates(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_home().does("agree_outcomes")
    running_before = case.running()
    case.does("close", to="closed")
    case.does("correct", to="outcome_agreed", entry=last_move(case), correction="undo")
    assert case.running() == running_before == {"close_or_hand_over"}
    assert case.clock("close_or_hand_over") == ["on track"]
    case.does("close", to="closed")
    assert_sound(case)


# The referral and its decision


def test_a_family_outside_the_criteria_is_sent_on_and_taken(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({"role": "mother", "consent": "given"}, weeks=24)
    assert case.row()["decision"]["decision"] == "route"
    case.cannot("accept", "it needs the approval of a service manager")
    case.cannot("route", "it needs the approval of a service manager", service="asti")  # not the service named
    case.does("route", to="route_sent", service="families_first")
    assert case.clock("referral_decision") == ["met"]
    case.wait(days=5).does("acknowledge_route", to="routed_elsewhere")
    assert case.clock("route_acknowledged") == ["met late"]
    assert case.running() == set()
    assert_sound(case)


def test_a_route_that_is_refused_comes_back_to_a_manager(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({"role": "mother", "consent": "given"}, weeks=24)
    case.does("route", service="families_first").wait(days=1).does("refuse_route", to="threshold_review")
    assert case.clock("route_acknowledged") == ["met"]
    assert case.running() >= {"threshold_decision", "assessment_due", "birth_watch"}
    case.wait(hours=3).does("give_consent_after_review", to="allocation")  # its way back accepts the case
    assert case.clock("threshold_decision") == ["met"]
    assert {"first_visit", "first_clinic", "birth_plan_agreed", "allocate_worker"} <= case.running()
    assert_sound(case)


def test_open_cases_under_a_family_that_is_sent_on_get_a_new_owner(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({"role": "mother"}, weeks=24, immediate_safety_concern=True)
    protection = found_under(case, "child_protection")
    assert running(protection) == {"strategy_discussion"}
    case.does("route", service="families_first")
    case.cannot("acknowledge_route", "name the person who takes them over")
    case.does("acknowledge_route", to="routed_elsewhere", worker="baby.CW2")
    assert row_of(protection)["owner"] == "baby.CW2"
    assert row_of(protection)["state"] == "strategy_due"
    assert_sound(case, protection)


def test_a_family_outside_the_criteria_is_accepted_for_want_of_capacity_elsewhere(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({"role": "mother", "consent": "given"}, weeks=24)
    case.does("request_approval", by="baby.TM", for_trigger="accept", reason_code="CAPACITY_FAMILIES_FIRST")
    case.cannot("decide_approval", "it is not for a caseworker", by="baby.CW", for_trigger="accept", decision="approve")
    case.does("decide_approval", for_trigger="accept", decision="approve")
    case.does("accept", to="consent_pending")
    last = case.entries()[-1]
    assert last["overridden"]
    assert [(one["asked_by"], one["decided_by"], one["reason_code"]) for one in last["approvals"]] == [
        ("baby.TM", "baby.SM", "CAPACITY_FAMILIES_FIRST")
    ]
    assert_sound(case)


def test_a_refused_override_accepts_nobody(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({"role": "mother", "consent": "given"}, weeks=24)
    case.does("request_approval", for_trigger="accept", reason_code="CAPACITY_FAMILIES_FIRST")
    case.does("decide_approval", for_trigger="accept", decision="refuse")
    case.cannot("accept", "it needs the approval of a service manager")
    case.cannot("decide_approval", "no approval was asked for", for_trigger="accept", decision="approve")
    case.does("close_referral", to="closed")
    assert case.running() == set()
    assert_sound(case)


def test_a_duplicate_is_closed_naming_the_other_case(small_desk: Desk) -> None:
    first, second = Pregnancy(small_desk).refer(), Pregnancy(small_desk).refer()
    second.cannot("close_referral", "name the referral that this one repeats", closing_reason="duplicate")
    second.does("close_referral", to="closed", closing_reason="duplicate", duplicate_of=first.case)
    assert_sound(first, second)


def test_a_case_under_a_referral_keeps_it_from_closing(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(immediate_safety_concern=True)
    protection = found_under(case, "child_protection")
    case.cannot("close_referral", "a case under this one is open")
    case.does("dispute_route").cannot("step_down", "a case under this one is open")
    case.cannot("transfer_out", "a case under this one is open")
    protection.after(hours=2).step("hold_strategy_no_action", "baby.TM", to="no_further_action")
    case.does("step_down", to="closed")
    assert_sound(case, protection)


def test_nobody_knows_yet_when_the_baby_is_due(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer({**MOTHER, "learning_disability": "diagnosed"}, weeks=None)
    assert case.row()["decision"]["decision"] == "more_information"
    assert case.clock("birth_watch") == case.clock("birth_overdue") == ["undetermined"]
    assert case.clock("establish_edd") == ["on track"]
    case.wait(hours=4).does("add_information", by="baby.FD", concealed_or_late_booking=True)
    assert case.clock("establish_edd") == ["met", "on track"]  # that did not tell the date
    edd = case.desk.now.date() + timedelta(weeks=24)
    case.does("add_information", by="baby.FD", edd=edd.isoformat(), edd_basis="dating_scan")
    assert "establish_edd" not in case.running()
    assert case.due("birth_watch") == edd - timedelta(days=21)
    assert case.row()["decision"]["decision"] == "consent_needed"
    case.cannot("revise_edd", "one of the two dates is wrong", edd="2028-05-05")
    case.does("accept").does("give_consent")
    case.cannot("allocate", "adjustments and how to communicate are planned")
    case.does("allocate", to="assessment", adjustments="an advocate", communication_plan="easy read, short visits")
    assert_sound(case)


def test_a_new_date_of_birth_told_at_the_front_door_reaches_the_cases_under_it(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(weeks=20)
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM")
    decision = due(legal, "pp_decision_before_birth")
    case.does("add_information", by="baby.FD", edd=(case.row()["edd"] + timedelta(days=7)).isoformat())
    assert due(legal, "pp_decision_before_birth") == decision + timedelta(days=7)
    assert_sound(case, legal)


# Consent


def test_consent_is_refused_and_work_goes_on_under_section_47(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().does("accept").wait(days=8)
    case.does("withhold_consent", to="threshold_review", withheld="refused", withheld_by="mother")
    assert case.clock("consent_sought") == ["met late"]
    assert case.clock("consent_limit") == ["met"]
    case.cannot("continue_without_consent", "it is not for a caseworker", by="baby.CW")
    case.wait(days=4).does("continue_without_consent", to="allocation", continuing_basis="s47")
    assert case.clock("threshold_decision") == ["met late"]
    assert_sound(case)


def test_consent_is_withdrawn_during_the_clinic_and_given_again(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_planned()
    milestones = {name: case.due(name) for name in ("first_clinic", "birth_plan_agreed", "birth_watch")}
    case.does("withhold_consent", to="threshold_review", withheld="withdrawn").does("record_visit")
    case.does("give_consent_after_review", to="pre_birth_clinic")
    assert {name: case.due(name) for name in milestones} == milestones  # a review stops no date of the pregnancy
    assert case.clock("first_clinic") == ["on track"]
    assert case.clock("visit_before_birth")[-1] == "on track"
    assert_sound(case)


def test_parents_who_do_not_reply_are_not_closed_by_silence(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().does("accept").wait(days=15)
    case.cannot("record_no_reply", "is empty", attempts=[])
    case.does("record_no_reply", to="threshold_review").does("step_down", to="closed", closure_code="RC7")
    assert case.clock("threshold_decision") == ["met"]
    assert case.running() == set()
    assert_sound(case)


# Assessment


def test_who_wrote_the_assessment_never_authorises_it(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_assessed().does("submit_assessment")
    with small_desk.database.write() as connection:  # the author has become the team's manager
        connection.execute(USERS.update().where(USERS.c.username == "baby.CW").values(role="TM"))
    small_desk.__post_init__()
    for trigger in ("authorise", "close_after_assessment"):
        case.cannot(trigger, "who wrote the assessment cannot be the one who approves it", by="baby.CW")
    case.does("close_after_assessment", to="closed", closure_code="RC8")
    assert case.clock("assessment_due") == ["met"]
    assert_sound(case)


def test_an_assessment_can_still_be_authorised_when_outcomes_are_agreed(small_desk: Desk) -> None:
    """Else a case whose baby came before the assessment was done could never be closed."""
    case = Pregnancy(small_desk).refer().is_assessed().until(31).does("record_birth", to="born")
    case.does("agree_outcomes").cannot("close", "an assessment is open")
    assert {"assessment_due", "close_or_hand_over"} <= case.running()
    case.does("submit_assessment").does("authorise_after_birth", assessment_decision="no_further_action")
    case.does("close", to="closed")
    assert case.clock("assessment_due") == ["met late"]
    assert_sound(case)


# Around the birth


def test_a_concealed_pregnancy_is_referred_after_the_birth(small_desk: Desk) -> None:
    yesterday = small_desk.now - timedelta(days=1)
    case = Pregnancy(small_desk).refer({"role": "mother"}, weeks=None)
    case.does("record_birth", to="born", at=yesterday, babies=[baby(yesterday.date().isoformat())])
    assert case.clock("newborn_worker") == ["amber warning"]
    assert case.clock("establish_edd") == ["cancelled"]
    case.does("change_worker", worker="baby.CW")
    assert case.clock("newborn_worker") == ["met"]
    assert_sound(case)


def test_a_birth_cannot_lie_ahead_nor_be_recorded_twice(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_assessed()
    tomorrow = (case.desk.now.date() + timedelta(days=1)).isoformat()
    case.cannot("record_birth", "lies after the day it is recorded for", babies=[baby(tomorrow)])
    case.does("record_birth").does("withhold_consent", to="threshold_review")
    case.cannot("record_birth", "a live birth is recorded")
    case.cannot("report_pregnancy_ended", "a live birth is recorded", by="baby.FD")
    case.cannot("revise_edd", "a live birth is recorded", edd=tomorrow)


def test_a_mother_who_cannot_be_found_near_the_birth(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_planned().until(34).does("report_missing", by="baby.EDT")
    assert case.due("mother_missing_late") == case.desk.now.date() + timedelta(days=1)
    case.wait(days=3).does("record_birth", to="born")
    assert {"mother_missing", "mother_missing_late"} <= case.running()  # a birth does not end the search
    case.does("report_found", by="baby.EDT")
    assert case.clock("mother_missing") == case.clock("mother_missing_late") == ["met late"]
    assert_sound(case)


def test_a_plan_to_apply_to_court_waits_for_its_own_case(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_planned(assessment_decision="pre_proceedings")
    legal = under(case, "pre_proceedings", "baby.CW")
    case.until(30).does("start_birth_plan").does("agree_birth_plan", legal_position="apply_at_birth")
    legal.step("decide_to_issue", "baby.SM", to="awaiting_birth", family_group_meeting="not_in_force")
    case.until(38).does("record_birth")
    assert "court_application" not in case.running()
    assert due(legal, "application_after_birth") == case.desk.now.date() + timedelta(days=5)
    looked_at_again(legal).step("record_issue", "baby.LEG", to="issued", short_notice=False)
    assert_sound(case, legal)


def test_a_baby_leaves_hospital_under_section_20_only_with_a_looked_after_case(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer().is_born().does("hold_discharge_meeting")
    place = [{"child": 1, "destination": "foster_care_s20"}]
    case.cannot("discharge", "open the looked-after case of that child first", destinations=place)
    care = under(
        case, "looked_after", "baby.CW", child=1, kind="accommodated_s20", legal_status="V2", placement="U6",
        has_capacity=True, fully_informed=True, necessary_and_proportionate=True, in_labour_or_sedated=False,
    )  # fmt: skip
    case.does("discharge", to="post_birth_support", destinations=place)
    assert_sound(case, care)


def test_the_only_baby_dies_and_nothing_more_is_asked_of_the_family(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(immediate_safety_concern=True).is_home()
    protection = found_under(case, "child_protection")
    case.cannot("record_child_death", "lies after the day it is recorded for", child=1, died_on="2028-01-01")
    case.does("record_child_death", by="baby.EDT", child=1)
    assert row_of(protection)["state"] == "ended"  # opened for the unborn baby, whom it was about
    assert not {"checkpoint_6_weeks", "checkpoint_12_weeks"} & case.running()
    case.cannot("record_checkpoint", "the death is already recorded", child=1)
    case.cannot("hand_over", "serious incident is not decided")
    case.wait(days=10).does("decide_incident_notification", by="baby.HOS")
    assert case.clock("incident_notification") == ["met late"]
    case.does("agree_outcomes", outcomes=[]).does("close", to="closed", closure_code="RC2")
    assert_sound(case, protection)


# Other ends


def test_a_family_is_handed_over_with_the_cases_under_it(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(MOTHER, FATHER).does("accept")
    case.does("give_consent", consents=[CONSENT, {"parent": "father", "why_not_assessed": "unsafe"}])
    case.does("allocate").does("record_birth").does("issue_proceedings")
    court = under(case, "care_proceedings", "baby.LEG", child=1, short_notice=False)
    dates = running(court)
    case.cannot("hand_over", "conflict of interest", worker="baby.CW2")
    case.does("hand_over", to="handed_over", worker="baby.TM2")
    row = row_of(court)
    assert (row["owner"], row["state"], running(court)) == ("baby.TM2", "issued", dates)
    assert case.running() == set()
    looked_at_again(court).step("withdraw", "baby.LEG", to="withdrawn")  # it goes on though the case above it has ended
    assert_sound(case, court)


def test_a_family_moves_away(small_desk: Desk) -> None:
    case = Pregnancy(small_desk).refer(immediate_safety_concern=True).is_planned()
    protection = found_under(case, "child_protection").step("hold_strategy_s47", "baby.TM")
    case.cannot("transfer_out", "a case under this one is open")
    protection.step("complete_s47_no_conference", "baby.TM")
    case.cannot("transfer_out", "has not accepted in writing", accepted_in_writing=False)
    case.cannot("transfer_out", "transfer-in conference must be asked for")
    case.does("transfer_out", to="transferred_out", transfer_conference_asked=True)
    assert case.running() == set()
    case.cannot("correct", "that can be corrected", entry="999")
    with pytest.raises(Conflict, match="has ended: no case can be opened under it"):
        under(case, "pre_proceedings", "baby.CW")
    assert_sound(case, protection)
