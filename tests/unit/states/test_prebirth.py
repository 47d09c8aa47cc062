"""The pre-birth lifecycle: the moves of the chart, what must hold for them, and which clocks they start and end."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from config.limits import TimeLimit
from states import codes
from states.facts import FactType, check_facts
from states.guards import GUARDS, CaseUnder, Child, Situation
from states.lifecycle import NEW, SELF, Transition, clock_effects
from states.prebirth import (
    AFTER_BIRTH,
    BEFORE_BIRTH_WORK,
    OPEN,
    PREBIRTH,
    UNBORN,
)
from states.prebirth_facts import REFERRAL_FACTS
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
STATUTORY = Path(__file__).parents[3] / "config" / "policies" / "statutory.toml"
LIMITS = {
    clock: TimeLimit.model_validate(limit)
    for clock, limit in tomllib.loads(STATUTORY.read_text(encoding="utf-8"))["limits"]["prebirth"].items()
}
LIVE, STILLBORN = (
    {"born_on": "2026-11-23", "live_birth": True, "sex": "F"},
    {"born_on": "2026-11-23", "live_birth": False, "sex": "U"},
)
GOOD_CONSENT = {
    "parent": "mother",
    "method": "written",
    "explained": True,
    "capacity_view": "no doubt",
    "copy_given": True,
    "right_to_withdraw_stated": True,
}
TRIGGERS_OF_THE_DOMAIN = """
    refer add_information accept accept_with_consent route acknowledge_route refuse_route close_referral dispute_route
    give_consent withhold_consent record_no_reply continue_without_consent give_consent_after_review step_down allocate
    submit_assessment return_assessment authorise close_after_assessment authorise_after_birth hold_clinic
    start_birth_plan draft_birth_plan agree_birth_plan revise_birth_plan revise_edd confirm_still_pregnant record_visit
    hold_discharge_meeting record_checkpoint report_missing report_found report_pregnancy_ended confirm_pregnancy_ended
    correct_report record_birth record_child_death decide_incident_notification record_parent_death discharge
    issue_proceedings end_court_support_continues end_court_outcome_agreed agree_outcomes hand_over close transfer_out
    change_worker correct request_approval decide_approval migrate_in
"""


def situation(
    state: str = "referred",
    trigger: str = "",
    facts: dict[str, Any] | None = None,
    *,
    known: dict[str, Any] | None = None,
    children: tuple[Child, ...] = (),
    under: tuple[CaseUnder, ...] = (),
    last: dict[str, str] | None = None,
    actor: str = "ann",
    **derived: Any,
) -> Situation:
    submitted = facts or {}
    return Situation(
        state=state,
        trigger=trigger,
        actor=actor,
        occurred_on=MOVE_DAY,
        facts={**(known or {}), **submitted},
        submitted=submitted,
        derived=derived,
        children=children,
        cases_under=under,
        last_actor=last or {},
    )


def holds(guard: str, facts: dict[str, Any] | None = None, **rest: Any) -> bool:
    return GUARDS[guard].holds(situation(facts=facts, **rest))


def fire(state: str, trigger: str, facts: dict[str, Any] | None = None, **rest: Any) -> str | None:
    return PREBIRTH.fire(situation(state, trigger, facts, **rest))


def rows(trigger: str) -> list[Transition]:
    return [row for row in PREBIRTH.transitions if row.trigger == trigger]


def starts(trigger: str, source: str, target: str) -> tuple[str, ...]:
    return clock_effects(PREBIRTH, trigger, source, target).starts


class TestTheTable:
    def test_has_every_trigger_of_the_domain(self) -> None:
        assert set(TRIGGERS_OF_THE_DOMAIN.split()) <= set(PREBIRTH.triggers)

    def test_keeps_the_eight_stages_visible_in_their_order(self) -> None:
        assert PREBIRTH.stages == (
            "Referral",
            "Consent",
            "Assessment",
            "Pre-birth clinic",
            "Birth",
            "Post-birth support",
            "Care proceedings",
            "Plan outcome",
            "Ended",
        )
        assert {state.stage for state in PREBIRTH.states} == set(PREBIRTH.stages)

    def test_ends_in_the_five_final_states_and_no_other(self) -> None:
        finals = {state.id for state in PREBIRTH.states if state.final}
        assert finals == {"closed", "handed_over", "routed_elsewhere", "pregnancy_ended", "transferred_out"}

    def test_leads_from_referral_to_closure_in_the_order_of_the_chart(self) -> None:
        state: str | None = NEW
        for trigger, facts, expected in (
            ("refer", {}, "referred"),
            ("accept", {}, "consent_pending"),
            ("give_consent", {}, "allocation"),
            ("allocate", {}, "assessment"),
            ("submit_assessment", {}, "sign_off"),
            ("authorise", {}, "pre_birth_clinic"),
            ("hold_clinic", {}, "pre_birth_clinic"),
            ("start_birth_plan", {}, "birth_planning"),
            ("agree_birth_plan", {}, "birth_ready"),
            ("record_birth", {"babies": [LIVE]}, "born"),
            ("discharge", {}, "post_birth_support"),
            ("agree_outcomes", {}, "outcome_agreed"),
            ("close", {}, "closed"),
        ):
            state = fire(state or "", trigger, facts)
            assert state == expected

    def test_names_nobody_but_people_where_a_case_moves(self) -> None:
        for row in PREBIRTH.transitions:
            assert Role.SYSTEM not in row.roles or row.sources == (NEW,), row.trigger

    def test_gives_every_clock_a_time_limit_and_no_other(self) -> None:
        assert LIMITS.keys() == PREBIRTH.clock_by_id.keys()

    def test_lets_managers_alone_end_a_case(self) -> None:
        """The acknowledgement of a route by the other service may be noted at the front door."""
        finals = {state.id for state in PREBIRTH.states if state.final}
        ending = {row.trigger: row.roles for row in PREBIRTH.transitions if row.to in finals}
        assert {name for name, roles in ending.items() if set(roles) - {Role.TEAM_MANAGER, Role.SERVICE_MANAGER}} == {
            "acknowledge_route"
        }

    def test_keeps_no_personal_words_in_the_clear(self) -> None:
        """Free text is personal; what is in the clear is a code, a date, a choice or a name of an account."""
        clear = [fact for row in PREBIRTH.transitions for fact in row.facts if not fact.personal]
        assert not [
            fact.name for fact in clear if fact.type is FactType.RECORDS and any(f.personal for f in fact.fields)
        ]


class TestAReferral:
    def test_takes_what_the_design_lists_and_leaves_the_unknown_out(self) -> None:
        given = {
            "received_on": "2026-11-23",
            "edd": None,
            "source": "cass",
            "immediate_safety_concern": False,
            "parents": [
                {
                    "role": "mother",
                    "date_of_birth": "2011-05-01",
                    "learning_disability": "suspected",
                    "own_social_worker": "none",
                    "previous_removals": [{"through": "section_20", "removed_on": "2020-01-01", "authority": "none"}],
                    "consent": "not_asked",
                }
            ],
            "risk_factors": ["1B", "3B"],
            "proceedings_ended_on": "never",
        }
        values, problems = check_facts(REFERRAL_FACTS, given)
        assert not problems
        assert "edd" not in values
        assert values["parents"][0]["previous_removals"][0]["authority"] == "none"

    def test_needs_only_the_day_and_the_way_it_came(self) -> None:
        assert [fact.name for fact in REFERRAL_FACTS if fact.required] == ["received_on", "source"]
        (row,) = rows("add_information")
        assert not [fact.name for fact in row.facts if fact.required]

    def test_refuses_a_parents_list_in_the_clear(self) -> None:
        assert {fact.name for fact in REFERRAL_FACTS if fact.personal} >= {"parents", "referral_note"}

    def test_cannot_lie_more_than_280_days_before_the_expected_date(self) -> None:
        assert holds("edd_is_possible", {"received_on": "2026-01-01", "edd": "2026-10-08"})
        assert not holds("edd_is_possible", {"received_on": "2026-01-01", "edd": "2026-10-09"})
        assert holds("edd_is_possible", {"received_on": "2026-01-01"})

    def test_opens_a_child_protection_case_where_there_is_immediate_danger(self) -> None:
        assert rows("refer")[0].under == rows("add_information")[0].under == "open_child_protection_if_urgent"

    def test_is_accepted_against_the_criteria_only_with_a_service_managers_approval(self) -> None:
        for trigger in ("accept", "accept_with_consent"):
            (row,) = rows(trigger)
            assert row.approval is not None
            assert (row.approval.by, row.approval.when) == (Role.SERVICE_MANAGER, "decision_does_not_accept")
        for decision in ("accept", "consent_needed"):
            assert not holds("decision_does_not_accept", decision={"decision": decision})
        for decision in ("route", "more_information", "manager_decision"):
            assert holds("decision_does_not_accept", decision={"decision": decision})
        assert holds("decision_does_not_accept")

    def test_is_routed_past_the_criteria_only_with_approval(self) -> None:
        asti = {"service": "asti"}
        assert not holds("route_differs_from_decision", asti, decision={"decision": "route", "service": "asti"})
        assert not holds("route_differs_from_decision", asti, decision={"decision": "manager_decision"})
        assert holds("route_differs_from_decision", asti, decision={"decision": "route", "service": "safeguarding"})
        assert holds("route_differs_from_decision", asti, decision={"decision": "accept", "service": "pre_birth"})
        assert not holds("route_differs_from_decision", asti, state="threshold_review", decision={"decision": "accept"})

    def test_sent_on_ends_only_when_the_other_service_acknowledges(self) -> None:
        assert fire("referred", "route") == fire("threshold_review", "route") == "route_sent"
        assert fire("route_sent", "acknowledge_route") == "routed_elsewhere"
        assert fire("route_sent", "refuse_route") == "threshold_review"

    def test_that_repeats_another_names_it(self) -> None:
        assert not holds("duplicate_is_named", {"closing_reason": "duplicate"})
        assert holds("duplicate_is_named", {"closing_reason": "duplicate", "duplicate_of": "PB-7"})

    def test_without_an_expected_date_starts_a_clock_that_only_the_date_ends(self) -> None:
        assert "establish_edd" in starts("refer", NEW, "referred")
        assert "establish_edd" in starts("add_information", "referred", "referred")
        assert holds("edd_is_unknown")
        assert not holds("edd_is_unknown", {"edd": "2027-06-10"})
        assert "edd_is_recorded" in rows("agree_birth_plan")[0].guards


class TestConsent:
    def test_of_the_mother_is_required_and_must_be_meaningful(self) -> None:
        assert holds("mother_consents", {"consents": [GOOD_CONSENT]})
        assert not holds("mother_consents", {"consents": [{**GOOD_CONSENT, "parent": "father"}]})
        assert not holds("mother_consents")
        for lacking in ("explained", "capacity_view", "right_to_withdraw_stated", "copy_given"):
            assert not holds("mother_consents", {"consents": [{**GOOD_CONSENT, lacking: None}]})
        assert not holds("mother_consents", {"consents": [{**GOOD_CONSENT, "method": "spoken"}]})

    def test_of_each_other_parent_who_will_be_assessed_is_required(self) -> None:
        parents = {"parents": [{"role": "mother"}, {"role": "father", "consent": "not_asked"}]}
        assert not holds("each_assessed_parent_consents", {"consents": [GOOD_CONSENT]}, known=parents)
        both = [GOOD_CONSENT, {**GOOD_CONSENT, "parent": "father"}]
        assert holds("each_assessed_parent_consents", {"consents": both}, known=parents)

    def test_is_not_blocked_by_an_absent_or_unsafe_father(self) -> None:
        parents = {"parents": [{"role": "mother"}, {"role": "father"}]}
        absent = [GOOD_CONSENT, {"parent": "father", "why_not_assessed": "not known who he is"}]
        assert holds("each_assessed_parent_consents", {"consents": absent}, known=parents)
        not_needed = {"parents": [{"role": "mother"}, {"role": "father", "consent": "not_needed"}]}
        assert holds("each_assessed_parent_consents", {"consents": [GOOD_CONSENT]}, known=not_needed)

    @pytest.mark.parametrize(
        "state", ["consent_pending", "allocation", *BEFORE_BIRTH_WORK, "born", "post_birth_support"]
    )
    def test_withheld_leads_to_a_managers_review(self, state: str) -> None:
        assert fire(state, "withhold_consent") == "threshold_review"

    def test_withdrawn_in_proceedings_is_a_fact_and_no_move(self) -> None:
        assert fire("care_proceedings", "withhold_consent") == "care_proceedings"

    def test_never_closes_a_case_by_itself(self) -> None:
        finals = {state.id for state in PREBIRTH.states if state.final}
        for trigger in ("withhold_consent", "record_no_reply", "report_missing", "dispute_route"):
            assert not [row for row in rows(trigger) if row.to in finals]

    @pytest.mark.parametrize("trigger", ["continue_without_consent", "give_consent_after_review"])
    @pytest.mark.parametrize(
        ("left", "back"),
        [
            ("referred", "allocation"),
            ("route_sent", "allocation"),
            ("consent_pending", "allocation"),
            *((state, state) for state in ("allocation", *BEFORE_BIRTH_WORK, "born", "post_birth_support")),
        ],
    )
    def test_settled_in_review_leads_back_to_where_the_case_stood(self, trigger: str, left: str, back: str) -> None:
        assert fire("threshold_review", trigger, return_state=left) == back

    def test_going_on_without_it_names_its_basis(self) -> None:
        facts = {fact.name: fact for fact in rows("continue_without_consent")[0].facts}
        assert set(facts["continuing_basis"].choices or ()) == {"s47", "cp_plan", "court_order"}
        assert facts["basis_reference"].required


class TestAllocationAndAssessment:
    def test_a_parents_own_social_worker_is_never_the_babys(self) -> None:
        for trigger in ("allocate", "change_worker", "hand_over"):
            assert all("worker_is_not_the_parents_own" in row.guards for row in rows(trigger))
        assert not holds("worker_is_not_the_parents_own", worker={"active": True, "own_worker_of_parent": True})

    def test_an_exceptional_situation_needs_the_managers_talk_first(self) -> None:
        x1 = {"overlays": ["X1"]}
        talk = {"discussion_on": "2026-11-20", "discussion_managers": "A and B", "discussion_decision": "pre-birth"}
        assert not holds("managers_have_talked", decision=x1)
        assert holds("managers_have_talked", talk, decision=x1)
        assert holds("managers_have_talked", decision={"overlays": []})

    def test_a_parents_learning_disability_is_planned_for_before_assessment(self) -> None:
        known = {"parents": [{"role": "mother", "learning_disability": "diagnosed"}]}
        plan = {"adjustments": "advocate", "communication_plan": "pictures"}
        assert not holds("adjustments_are_planned", known=known)
        assert holds("adjustments_are_planned", plan, known=known)
        assert not holds("worker_is_trained_or_reason_given", known=known, worker={"active": True})
        assert holds("worker_is_trained_or_reason_given", known=known, worker={"trained_learning_disability": True})

    def test_no_factors_stands_alone(self) -> None:
        assert holds("no_factors_stands_alone", {"factors": ["21"]})
        assert not holds("no_factors_stands_alone", {"factors": ["21", "1B"]})
        assert not holds("no_factors_stands_alone")

    def test_each_parents_view_or_the_reason_for_its_absence_is_recorded(self) -> None:
        known = {"parents": [{"role": "mother"}, {"role": "father"}]}
        views = [{"parent": "mother", "view": "hopeful"}]
        assert not holds("each_view_or_reason", {"parents_views": views}, known=known)
        views.append({"parent": "father", "reason_absent": "in custody, not reached"})
        assert holds("each_view_or_reason", {"parents_views": views}, known=known)

    @pytest.mark.parametrize("trigger", ["authorise", "close_after_assessment", "authorise_after_birth"])
    def test_the_approver_is_not_the_author(self, trigger: str) -> None:
        assert all("approver_is_not_the_author" in row.guards for row in rows(trigger))
        assert not holds("approver_is_not_the_author", last={"submit_assessment": "ann"})
        assert not holds("approver_is_not_the_author")
        assert holds("approver_is_not_the_author", last={"submit_assessment": "bob"})

    @pytest.mark.parametrize(
        ("gestation", "to"),
        [(195, "pre_birth_clinic"), (196, "birth_planning"), (None, "pre_birth_clinic")],
        ids=["27+6", "28+0", "not known"],
    )
    def test_authorised_from_28_weeks_goes_straight_to_the_birth_plan(self, gestation: int | None, to: str) -> None:
        assert fire("sign_off", "authorise", gestation_days=gestation) == to

    def test_a_birth_plan_starts_from_28_weeks_or_where_the_birth_may_be_early(self) -> None:
        assert not holds("birth_plan_may_start", gestation_days=195)
        assert holds("birth_plan_may_start", gestation_days=196)
        assert holds("birth_plan_may_start", {"preterm_risk": True}, gestation_days=150)

    def test_a_birth_plan_is_agreed_only_once_it_is_with_everyone(self) -> None:
        told = {"parents_have_copy": True, "out_of_hours_told": True, "permanence_considered": True}
        assert holds("plan_is_with_everyone", told)
        assert not holds("plan_is_with_everyone", {**told, "out_of_hours_told": False})


class TestBirth:
    @pytest.mark.parametrize("state", UNBORN)
    def test_can_be_recorded_from_every_state_before_it(self, state: str) -> None:
        assert fire(state, "record_birth", {"babies": [LIVE]}) == "born"

    def test_of_twins_of_whom_one_lives_leads_to_born(self) -> None:
        assert fire("birth_ready", "record_birth", {"babies": [STILLBORN, LIVE]}) == "born"

    @pytest.mark.parametrize("state", UNBORN)
    def test_of_no_living_baby_leads_to_silence(self, state: str) -> None:
        assert fire(state, "record_birth", {"babies": [STILLBORN]}) == "pregnancy_end_reported"
        (row,) = (row for row in PREBIRTH.rows("record_birth", state) if row.when == ("any_live_birth", False))
        assert row.under == "silence_birth"

    def test_only_live_births_lead_to_born(self) -> None:
        leading = [row for row in PREBIRTH.transitions if row.to == "born" and row.trigger != "migrate_in"]
        assert all(row.when in (("any_live_birth", True), ("return_state", "born")) for row in leading)

    def test_is_not_recorded_for_a_day_to_come(self) -> None:
        assert holds("birth_dates_are_possible", {"babies": [LIVE]})
        assert not holds("birth_dates_are_possible", {"babies": [{**LIVE, "born_on": "2026-11-24"}]})
        assert not holds("birth_dates_are_possible")

    def test_leaves_hospital_after_the_meeting_with_safe_sleep_and_a_place_for_every_baby(self) -> None:
        (row,) = rows("discharge")
        assert not holds("discharge_meeting_was_held")
        assert holds("discharge_meeting_was_held", known={"discharge_meeting_on": "2026-11-23"})
        twins = (Child(number=1), Child(number=2))
        home = [{"child": 1, "destination": "home"}]
        assert not holds("each_baby_has_a_destination", {"destinations": home}, children=twins)
        assert {"discharge_meeting_was_held", "safe_sleep_was_discussed", "each_baby_has_a_destination"} <= {
            *row.guards
        }

    def test_under_section_20_needs_the_childs_looked_after_case(self) -> None:
        facts = {"destinations": [{"child": 1, "destination": "foster_care_s20"}]}
        other = CaseUnder(lifecycle="looked_after", state="accommodated_s20", final=False, child=2)
        assert not holds("section_20_has_its_case", facts)
        assert not holds("section_20_has_its_case", facts, under=(other,))
        own = CaseUnder(lifecycle="looked_after", state="accommodated_s20", final=False, child=1)
        assert holds("section_20_has_its_case", facts, under=(own,))

    def test_without_a_worker_starts_the_fast_lane(self) -> None:
        assert "newborn_worker" in starts("record_birth", "referred", "born")
        assert LIMITS["newborn_worker"].ladder == "fast"
        assert holds("no_worker_is_named")
        assert not holds("no_worker_is_named", owner="ann")


class TestAPregnancyThatEnds:
    @pytest.mark.parametrize("state", UNBORN)
    def test_is_reported_from_every_state_without_a_live_birth(self, state: str) -> None:
        assert fire(state, "report_pregnancy_ended") == "pregnancy_end_reported"
        (row,) = PREBIRTH.rows("report_pregnancy_ended", state)
        assert row.guards == ("no_live_birth",)

    def test_cannot_be_reported_once_a_baby_lives(self) -> None:
        assert not [state for state in AFTER_BIRTH if PREBIRTH.rows("report_pregnancy_ended", state)]
        assert not holds("no_live_birth", children=(Child(number=1),))
        assert holds("no_live_birth", children=(Child(number=1, live_birth=False),))

    @pytest.mark.parametrize("trigger", ["report_pregnancy_ended", "record_birth"])
    def test_silences_every_clock_about_the_birth(self, trigger: str) -> None:
        running = {clock.id for clock in PREBIRTH.clocks if clock.birth_related or clock.id == "assessment_due"}
        for state in UNBORN:
            ended = clock_effects(PREBIRTH, trigger, state, "pregnancy_end_reported")
            inside = {clock.id for clock in PREBIRTH.clocks if state in clock.during}
            assert inside & running <= {*ended.cancels}

    def test_is_confirmed_by_somebody_who_did_not_report_it(self) -> None:
        assert not holds("confirmer_did_not_report", last={"report_pregnancy_ended": "ann"})
        assert not holds("confirmer_did_not_report", last={"record_birth": "ann"})
        assert not holds("confirmer_did_not_report")
        assert holds("confirmer_did_not_report", last={"report_pregnancy_ended": "bob"})
        (row,) = rows("confirm_pregnancy_ended")
        assert row.under == "end"
        assert "health_source" in {fact.name for fact in row.facts if fact.required}

    @pytest.mark.parametrize("state", UNBORN)
    def test_reported_by_mistake_leads_back(self, state: str) -> None:
        assert fire("pregnancy_end_reported", "correct_report", return_state=state) == state
        assert {row.under for row in rows("correct_report")} == {"rearm_birth"}

    def test_reported_of_a_baby_born_alive_does_not_stop_the_birth_being_recorded(self) -> None:
        assert fire("pregnancy_end_reported", "record_birth", {"babies": [LIVE]}) == "born"

    def test_asks_what_happened_only_where_the_family_wishes(self) -> None:
        (row,) = rows("confirm_pregnancy_ended")
        kind = next(fact for fact in row.facts if fact.name == "pregnancy_end_kind")
        assert kind.personal
        assert not kind.required


class TestCourtAndOutcome:
    def test_proceedings_start_only_after_a_birth(self) -> None:
        assert {state for row in rows("issue_proceedings") for state in row.sources} == {"born", "post_birth_support"}
        (row,) = rows("issue_proceedings")
        assert row.roles == (Role.LEGAL,)
        assert row.approval is not None
        assert row.approval.may_follow

    def test_a_family_group_meeting_is_offered_or_the_exemption_explained(self) -> None:
        assert holds("family_group_meeting_is_settled", {"family_group_meeting": "declined"})
        assert not holds("family_group_meeting_is_settled", {"family_group_meeting": "exempt"})
        not_in_force = {"family_group_meeting": "not_in_force"}
        assert holds("family_group_meeting_is_settled", not_in_force)
        assert not holds("family_group_meeting_is_settled", not_in_force, fgdm_in_force=True)

    def test_the_court_phase_ends_when_every_court_case_is_final(self) -> None:
        one = CaseUnder(lifecycle="care_proceedings", state="order_made", final=True, child=1)
        other = CaseUnder(lifecycle="care_proceedings", state="case_management", final=False, child=2)
        assert holds("court_has_decided", under=(one, other))
        assert not holds("no_court_case_is_open", under=(one, other))
        assert not holds("court_has_decided")
        for trigger in ("end_court_support_continues", "end_court_outcome_agreed"):
            assert {"court_has_decided", "no_court_case_is_open"} <= {*rows(trigger)[0].guards}

    def test_outcomes_are_agreed_when_every_living_child_and_every_child_who_died_has_one(self) -> None:
        twins = (Child(number=1, outcome="died"), Child(number=2), Child(number=3, live_birth=False))
        assert not holds("each_child_has_an_outcome", children=twins)
        assert holds("each_child_has_an_outcome", {"outcomes": [{"child": 2, "outcome": "adoption"}]}, children=twins)
        assert not holds("each_child_has_an_outcome")

    def test_a_case_with_an_open_case_under_it_does_not_close(self) -> None:
        under = (CaseUnder(lifecycle="child_protection", state="cp_plan", final=False),)
        assert not holds("no_open_case_under", under=under)
        closing = ("close", "close_referral", "close_after_assessment", "step_down", "transfer_out")
        assert all("no_open_case_under" in row.guards for trigger in closing for row in rows(trigger))
        assert "no_open_case_under" not in rows("hand_over")[0].guards
        assert rows("hand_over")[0].under == "change_owner"

    def test_a_case_does_not_close_with_an_open_assessment(self) -> None:
        assert not holds("assessment_is_not_open", last={"allocate": "bob"})
        assert holds("assessment_is_not_open", known={"assessment_decision": "child_in_need"}, last={"allocate": "b"})

    def test_closing_after_a_removal_needs_a_service_manager_and_a_thought_for_pause(self) -> None:
        removed = (Child(number=1, outcome="adoption"),)
        (row,) = rows("close")
        assert row.approval is not None
        assert (row.approval.by, row.approval.when) == (Role.SERVICE_MANAGER, "a_child_is_removed")
        assert holds("a_child_is_removed", children=removed)
        assert not holds("a_child_is_removed", children=(Child(number=1, outcome="with_parents_child_in_need"),))
        assert not holds("pause_was_considered", {"pause_offer": "not_applicable"}, children=removed)
        assert holds("pause_was_considered", {"pause_offer": "later"}, children=removed)

    def test_a_closure_code_fits_what_happened(self) -> None:
        assert not holds("closure_code_fits", {"closure_code": "RC8"})
        assert holds("closure_code_fits", {"closure_code": "RC8"}, last={"submit_assessment": "bob"})
        assert not holds("closure_code_fits", {"closure_code": "RC1"})
        assert holds("closure_code_fits", {"closure_code": "RC1"}, children=(Child(number=1, outcome="adoption"),))
        assert not holds("closure_code_fits")

    def test_a_childs_death_opens_a_decision_that_closing_waits_for(self) -> None:
        died = (Child(number=1, died_on=MOVE_DAY, outcome="died"),)
        assert "incident_notification" in starts("record_child_death", "born", "born")
        assert not holds("incident_is_decided", children=died)
        assert holds("incident_is_decided", known={"incident_notification": "notify"}, children=died)
        assert not holds("child_is_living", {"child": 1}, children=died)
        assert {row.under for row in rows("record_child_death")} == {"end_child"}


class TestClocks:
    def test_milestones_start_at_acceptance_and_survive_a_review(self) -> None:
        milestones = {"first_visit", "first_clinic", "birth_plan_agreed", "birth_plan_shared"}
        assert milestones <= {*starts("accept", "referred", "consent_pending")}
        assert milestones <= {*starts("accept_with_consent", "referred", "allocation")}
        for target in ("threshold_review", "route_sent"):
            assert not milestones & {*clock_effects(PREBIRTH, "withhold_consent", "assessment", target).cancels}

    def test_milestones_start_on_the_way_back_only_where_the_case_was_not_accepted_before(self) -> None:
        back = "give_consent_after_review"
        assert holds("work_begins", trigger=back, return_state="referred")
        assert not holds("work_begins", trigger=back, return_state="assessment")
        assert not holds("work_begins_by_16_weeks", trigger="accept", gestation_days=113)
        assert holds("work_begins_by_16_weeks", trigger="accept", gestation_days=112)

    @pytest.mark.parametrize(
        ("guard", "decision", "lifecycle"),
        [
            ("conference_is_to_be_arranged", "child_protection", "child_protection"),
            ("gateway_is_to_be_arranged", "pre_proceedings", "pre_proceedings"),
        ],
    )
    def test_legal_milestones_start_at_the_recorded_decision(self, guard: str, decision: str, lifecycle: str) -> None:
        assert holds(guard, {"assessment_decision": decision})
        assert not holds(guard, {"assessment_decision": "child_in_need"})
        under = (CaseUnder(lifecycle=lifecycle, state="open", final=False),)
        assert not holds(guard, {"assessment_decision": decision}, under=under)
        started = {*starts("authorise", "sign_off", "pre_birth_clinic")}
        assert {"conference", "gateway_decision", "letter_before_proceedings"} <= started

    def test_the_45_days_run_from_the_referral_through_review_and_birth_until_authorised(self) -> None:
        assert "assessment_due" in starts("refer", NEW, "referred")
        assert "assessment_due" not in clock_effects(PREBIRTH, "record_birth", "assessment", "born").cancels
        assert "assessment_due" in clock_effects(PREBIRTH, "authorise_after_birth", "born", "born").meets
        assert {(term.amount, term.since) for term in LIMITS["assessment_due"].terms} >= {(45, "received_on")}
        assert LIMITS["assessment_due"].extendable_by == "nobody"

    def test_the_first_clinic_is_followed_by_one_at_least_every_four_weeks(self) -> None:
        held = clock_effects(PREBIRTH, "hold_clinic", "pre_birth_clinic", "pre_birth_clinic")
        assert {"first_clinic", "clinic_interval"} <= {*held.meets}
        assert "clinic_interval" in held.starts

    def test_a_confirmed_pregnancy_does_not_end_the_watch_for_the_birth(self) -> None:
        asked = clock_effects(PREBIRTH, "confirm_still_pregnant", "assessment", "assessment")
        assert {"birth_watch", "birth_due_check"} <= {*asked.meets} & {*asked.starts}
        assert "birth_overdue" not in asked.meets

    def test_checkpoints_run_for_each_child_one_after_the_other(self) -> None:
        assert "checkpoint_6_weeks" in starts("record_birth", "birth_ready", "born")
        chain = [clock for clock in PREBIRTH.clocks if clock.id.startswith("checkpoint_")]
        assert all(clock.per == "child" for clock in chain)
        assert [clock.after for clock in chain] == [(), *((clock.id,) for clock in chain[:-1])]

    def test_a_planned_application_keeps_its_five_days(self) -> None:
        planned = {"legal_position": "apply_at_birth"}
        under = (CaseUnder(lifecycle="pre_proceedings", state="awaiting_birth", final=False),)
        assert holds("court_application_is_planned", known=planned)
        assert not holds("court_application_is_planned", known=planned, under=under)
        assert not holds("court_application_is_planned")
        assert "court_application" in starts("record_birth", "birth_ready", "born")

    @pytest.mark.parametrize("state", OPEN)
    def test_a_missing_mother_starts_a_clock_that_finding_her_meets(self, state: str) -> None:
        assert "mother_missing" in starts("report_missing", state, state)
        assert "mother_missing" in clock_effects(PREBIRTH, "report_found", state, state).meets

    def test_gestation_milestones_may_start_late(self) -> None:
        late = {name for name, limit in LIMITS.items() if limit.late_start}
        assert late >= {"first_clinic", "birth_plan_agreed", "birth_plan_shared", "gateway_decision", "conference"}


class TestGuards:
    @pytest.mark.parametrize("name", sorted({name for row in PREBIRTH.transitions for name in row.guards}))
    def test_answer_without_failing_where_nothing_is_known(self, name: str) -> None:
        assert isinstance(holds(name), bool)

    def test_children_named_exist(self) -> None:
        one = (Child(number=1),)
        assert holds("children_are_known", {"care_plans": [{"child": 1, "care_plan": "adoption"}]}, children=one)
        assert not holds("children_are_known", {"care_plans": [{"child": 2, "care_plan": "adoption"}]}, children=one)
        assert holds("children_are_known", {"babies": [LIVE], "care_plans": [{"child": 1}]})

    def test_care_plans_hold_those_the_cohort_report_counts(self) -> None:
        assert {"with_parents", "adoption", "special_guardianship"} <= codes.CARE_PLANS.keys()

    def test_moves_that_change_no_state_say_so(self) -> None:
        selves = ("hold_clinic", "record_visit", "revise_edd", "record_checkpoint", "report_missing")
        assert all(row.to == SELF for trigger in selves for row in rows(trigger))
