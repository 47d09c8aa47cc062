"""Pre-birth cases from the referral to each end they can have, told as a caseworker would tell them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from factories import Desk, add_people
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
    name_managers,
    row_of,
    running,
    under,
)
from walks import Edge, Walk, edges_of, missing_edges

from states.catalogue import LIFECYCLES
from states.lifecycle import NEW
from workflow.database import Database
from workflow.moves import Move
from workflow.repository import children_of


def last_move(case: Walk) -> str:
    """The number of the last entry that moved the case."""
    return str([entry["seq"] for entry in entries(case) if entry["kind"] == "moved"][-1])


def moments_of_last_entry(case: Walk) -> tuple[object, object]:
    last = entries(case)[-1]
    return last["occurred_at"], last["recorded_at"]


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The team of the unborn, on both databases."""
    return name_managers(desk)


@pytest.fixture
def small_office(sqlite_url: str) -> Iterator[Desk]:
    """The same team on SQLite alone."""
    database = Database(sqlite_url)
    add_people(database)
    yield name_managers(Desk(database))
    database.close()


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


def stands_before(desk: Desk, edge: Edge) -> Pregnancy:
    """A case that stands where this edge begins, with what it needs."""
    trigger, source, target = edge
    case = Pregnancy(desk).refer()
    if trigger in ("continue_without_consent", "give_consent_after_review") and target != "allocation":
        return ROADS[target](case).does("withhold_consent")
    if trigger == "correct_report":
        return ROADS[target](case).does("report_pregnancy_ended")
    if trigger in ("record_child_death", "decide_incident_notification") and source in ("threshold_review", "route_sent"):
        ROADS["born"](case).does("withhold_consent")
        return case if source == "threshold_review" else case.does("route")
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


def take(case: Pregnancy, edge: Edge) -> None:
    trigger, _, target = edge
    facts = {}
    if (trigger, target) == ("record_birth", "pregnancy_end_reported"):
        facts = {"babies": [baby(case.today, alive=False)]}
    if trigger == "start_birth_plan":
        facts = {"preterm_risk": True}
    if trigger == "correct":
        facts = {"entry": "1", "referral_note": "told again, more exactly"}
    if trigger in ("request_approval", "decide_approval"):
        facts = {"for_trigger": "accept"}
    case.does(trigger, to=target, **facts)


def test_every_transition_is_fired_and_refused(small_office: Desk) -> None:
    """The moves that stay in a state are made one after another on one case, each that leaves it on a case of its own."""
    order = {trigger: place for place, trigger in enumerate(LIFECYCLES["prebirth"].triggers)}
    edges = [edge for edge in edges_of("prebirth") if edge[1] != NEW]  # every walk begins with a referral
    edges.sort(key=lambda edge: (edge[1], order[edge[0]], edge[2]))
    staying: dict[tuple[str, bool], Pregnancy] = {}
    walks: list[Walk] = []
    for edge in edges:
        trigger, source, target = edge
        place = (source, trigger in ("record_child_death", "decide_incident_notification"))
        if source != target:
            case = stands_before(small_office, edge)
        elif place not in staying:
            case = staying[place] = stands_before(small_office, edge)
        else:
            case = staying[place]
        take(case, edge)
        walks.append(case)
    assert missing_edges("prebirth", walks) == (set(), set())
    assert_sound(*staying.values())


# The whole way, with a baby who stays with her parents


def test_a_baby_stays_with_her_parents(office: Desk) -> None:
    case = Pregnancy(office).refer(MOTHER, FATHER, weeks=12)
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
    case.does("record_visit").wait(days=35).does("hold_clinic", progress="amber").does("record_visit")
    assert case.clock("clinic_interval") == ["met late", "on track"]
    assert case.clock("visit_before_birth") == ["met", "met late", "met late", "on track"]
    case.does("give_consent", consents=[CONSENT])  # the date for it was the end of March
    assert case.clock("consent_review") == ["met"]

    case.does("start_birth_plan", to="birth_planning").does("draft_birth_plan", hospital="1")
    case.until(33).cannot("agree_birth_plan", "not everyone has the plan", parents_have_copy=False)
    case.does("agree_birth_plan", to="birth_ready", legal_position="none")
    case.does("revise_birth_plan", to="birth_planning").does("agree_birth_plan", to="birth_ready", legal_position="none")
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


def test_a_baby_is_removed_and_adopted(office: Desk) -> None:
    case = Pregnancy(office).refer(weeks=14).is_planned(assessment_decision="pre_proceedings")
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
    case.does("end_court_outcome_agreed", to="outcome_agreed", outcomes=[{"child": 1, "outcome": "adoption"}])

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


def test_an_approval_lapses_after_ten_working_days(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer().is_home()
    case.does("agree_outcomes", outcomes=[{"child": 1, "outcome": "special_guardianship"}])
    case.approve("close", "baby.TM", "baby.SM").wait(days=15)
    case.cannot("close", "it needs the approval", closure_code="RC4", pause_offer="offered")
    case.does("request_approval", by="baby.TM", for_trigger="close")
    case.does("decide_approval", for_trigger="close", decision="refuse")
    case.cannot("close", "it needs the approval", closure_code="RC4", pause_offer="offered")
    case.approve("close", "baby.TM", "baby.SM").does("close", to="closed", closure_code="RC4", pause_offer="offered")
    assert case.clock("close_or_hand_over") == ["met late"]
    assert_sound(case)


# A pregnancy that ends


def test_a_pregnancy_reported_ended_by_mistake_goes_on_and_then_really_ends(office: Desk) -> None:
    case = Pregnancy(office).refer(weeks=20, immediate_safety_concern=True)
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


def test_a_report_that_cannot_be_stored_whole_changes_nothing(office: Desk) -> None:
    """The clocks of the case and of those under it fall silent together or not at all."""
    case = Pregnancy(office).refer(weeks=20)
    legal = under(case, "pre_proceedings", "baby.CW").step("start_pre_proceedings", "baby.SM")
    before = (case.running(), running(legal), len(case.entries()), len(entries(legal)))
    move = Move(trigger="report_pregnancy_ended", case=case.case, facts={"end_reported_by": "midwife"})
    with pytest.raises(OSError, match="power cut"), office.database.write() as connection:
        office.engine.fire_in(connection, move, office.who("baby.FD"), office.now)
        raise OSError("power cut")
    assert (case.running(), running(legal), len(case.entries()), len(entries(legal))) == before


def test_dates_are_counted_again_from_the_expected_date_as_it_stands_when_the_report_is_corrected(
    small_office: Desk,
) -> None:
    case = Pregnancy(small_office).refer(weeks=20)
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


def test_one_twin_is_stillborn_and_the_other_lives(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20).is_planned()
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
    case.does("agree_outcomes", outcomes=[{"child": 2, "outcome": "with_parents_no_plan"}])
    case.does("close", to="closed")
    assert_sound(case)


def test_a_stillbirth_ends_the_pregnancy_quietly(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20).is_assessed().until(30)
    case.does("record_birth", to="pregnancy_end_reported", babies=[baby(case.today, alive=False)])
    assert case.running() == {"pregnancy_end_confirmation"}
    case.does("confirm_pregnancy_ended", to="pregnancy_ended", bereavement_support="offered by the hospital")
    assert case.running() == set()
    assert_sound(case)


def test_a_living_baby_is_recorded_though_the_pregnancy_was_said_to_have_ended(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20).is_assessed().until(30)
    case.does("report_pregnancy_ended").wait(hours=5).does("record_birth", to="born")
    assert {"assessment_due", "discharge_meeting", "checkpoint_6_weeks"} <= case.running()
    assert not birth_clocks(case)
    assert_sound(case)


# Twins


def test_twins_go_different_ways(office: Desk) -> None:
    case = Pregnancy(office).refer(weeks=16).is_home(babies=2)
    case.wait(days=40).does("record_checkpoint", child=1)
    assert case.clock("checkpoint_6_weeks", child=1) == ["met"]
    assert case.clock("checkpoint_6_weeks", child=2) == ["amber warning"]
    assert case.clock("checkpoint_12_weeks", child=1) == ["on track"]
    assert case.clock("checkpoint_12_weeks", child=2) == []

    courts = [
        under(case, "care_proceedings", "baby.LEG", child=number, short_notice=False) for number in (1, 2)
    ]  # fmt: skip
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
    case.does("agree_outcomes", to="outcome_agreed", outcomes=[{"child": 1, "outcome": "with_parents_child_in_need"}])
    case.cannot("close", "serious incident is not decided")
    case.cannot("decide_incident_notification", "it is not for a team manager", by="baby.TM")
    case.wait(days=1).does("decide_incident_notification", incident_notification="notify")
    assert case.clock("incident_notification") == ["cancelled", "met"] or case.clock("incident_notification") == ["met"]
    case.does("close", to="closed")
    with office.database.read() as connection:
        children = children_of(connection, case.row()["id"])
    assert [child.outcome for child in children] == ["with_parents_child_in_need", "died"]
    assert case.running() == set()
    assert_sound(case, *courts)


# Corrections


def test_taking_back_a_revised_date_of_birth_takes_back_the_dates_counted_from_it(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20)
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


def test_correcting_a_date_of_birth_that_was_revised_since_moves_no_deadline(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20)
    revised = (case.row()["edd"] + timedelta(days=10)).isoformat()
    case.does("revise_edd", edd=revised)
    overdue = case.due("birth_overdue")
    case.does("correct", entry="1", edd=(case.row()["edd"] - timedelta(days=30)).isoformat())
    assert case.row()["edd"].isoformat() == revised
    assert case.due("birth_overdue") == overdue
    assert_sound(case)


def test_correcting_the_time_of_a_mistaken_report_leaves_the_pregnancy_s_dates_running(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer(weeks=20).wait(days=1).does("report_pregnancy_ended")
    report = last_move(case)
    case.wait(hours=3).does("correct_report", to="referred")
    before = birth_clocks(case)
    earlier = case.desk.now - timedelta(hours=5)
    case.does("correct", entry=report, correction="occurred_at", new_occurred_at=earlier.isoformat())
    assert birth_clocks(case) == before
    assert_sound(case)


def test_a_case_that_was_closed_by_mistake_is_open_again_with_its_dates(small_office: Desk) -> None:
    case = Pregnancy(small_office).refer().is_home().does("agree_outcomes")
    running_before = case.running()
    case.does("close", to="closed")
    case.does("correct", to="outcome_agreed", entry=last_move(case), correction="undo")
    assert case.running() == running_before == {"close_or_hand_over"}
    assert case.clock("close_or_hand_over") == ["on track"]
    case.does("close", to="closed")
    assert_sound(case)
