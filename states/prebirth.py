"""The pre-birth lifecycle: one pregnancy, its parents and its babies, from referral to the outcome of every child."""

from dataclasses import replace
from typing import Any

import states.prebirth_guards  # noqa: F401  (registers the guards and branches that the table names)
from states import codes
from states.checks import checked
from states.common import open_states, shared_clocks, shared_rows
from states.facts import Fact, FactType, choice, choices, code, day, number, records, text, yes_no
from states.lifecycle import NEW, SELF, Approval, Clock, Lifecycle, State, Transition, returns
from states.prebirth_facts import (
    ASSESSMENT,
    ASSESSMENT_GUARDS,
    AUTHORISING,
    BABIES_TAKEN_OVER,
    BIRTH,
    BIRTH_PLAN,
    CHILD,
    CHILDRENS_PLANS,
    CLOSING,
    CONSENT,
    CONSENT_GUARDS,
    EDD,
    EDD_BASIS,
    FURTHER_DECISIONS,
    HEALTH_SOURCE,
    LEGAL_POSITION,
    OUTCOME_GUARDS,
    OUTCOMES,
    PAUSE_CASE,
    REASON,
    REFERRAL_FACTS,
    REFERRER_TOLD,
    TEAM,
    UNTRAINED_REASON,
    WITHHELD,
    WORKER,
    optional,
    referral_facts,
)
from states.roles import Role

FD, EDT, CW = Role.FRONT_DOOR, Role.EMERGENCY_DUTY, Role.CASEWORKER
TM, SM, HOS, LEG = Role.TEAM_MANAGER, Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.LEGAL
MANAGERS = (TM, SM)  # one tier up can stand in for a team manager who is away
ANYONE_ON_DUTY = (CW, FD, EDT, *MANAGERS)


def _with_babies(row: Transition) -> Transition:
    """A case taken over after a birth brings its babies, so that what is due per child has a child to be due for."""
    return replace(row, facts=(*row.facts, BABIES_TAKEN_OVER)) if row.trigger == "migrate_in" else row


def _with_training(row: Transition) -> Transition:
    """Whoever takes an assessment on has the training for it, or a manager says why not, as at the first allocation."""
    if row.trigger != "change_worker":
        return row
    return replace(
        row,
        facts=(*row.facts, UNTRAINED_REASON, text("why_this_worker", "Why this worker", required=False)),
        guards=(*row.guards, "new_worker_is_trained_or_reason_given"),
    )


# States

REFERRAL, CONSENTING, ASSESSING, CLINIC = "Referral", "Consent", "Assessment", "Pre-birth clinic"
BIRTH_STAGE, SUPPORT, COURT, PLAN, ENDED = "Birth", "Post-birth support", "Care proceedings", "Plan outcome", "Ended"


def _state(name: str, stage: str, label: str, meaning: str, *, final: bool = False, holds: bool = False) -> State:
    return State(id=name, stage=stage, label=label, meaning=meaning, final=final, holds=holds)


STATES = (
    _state("referred", REFERRAL, "Referred", "the referral is logged and the criteria are looked at"),
    # A refused route leads back to a review, which must still know where the case stood before it was sent.
    _state("route_sent", REFERRAL, "Sent on", "another service has been asked to take the family", holds=True),
    _state("consent_pending", CONSENTING, "Consent sought", "eligible; the parents are being asked"),
    _state(
        "threshold_review",
        CONSENTING,
        "Threshold review",
        "consent refused or withdrawn, no reply, or disagreement on the route: a manager decides",
        holds=True,
    ),
    _state("allocation", ASSESSING, "Allocation", "accepted; a worker is to be named"),
    _state("assessment", ASSESSING, "Assessment", "pre-birth or parenting assessment, with help under way"),
    _state("sign_off", ASSESSING, "Sign-off", "the manager reads the assessment"),
    _state("pre_birth_clinic", CLINIC, "Pre-birth clinic", "the plan is followed in the multi-agency clinic"),
    _state("birth_planning", BIRTH_STAGE, "Birth planning", "the birth and discharge plan is written"),
    _state("birth_ready", BIRTH_STAGE, "Ready for the birth", "everyone has the plan, out of hours too"),
    _state("born", BIRTH_STAGE, "Born", "the birth is recorded; leaving hospital is planned"),
    _state(
        "pregnancy_end_reported",
        BIRTH_STAGE,
        "Pregnancy reported ended",
        "all dates about the birth are silent until health confirms it",
        holds=True,
    ),
    _state("post_birth_support", SUPPORT, "Support after birth", "at home, with kin or in a mother and baby unit"),
    _state("care_proceedings", COURT, "Care proceedings", "the court decides about at least one child"),
    _state("outcome_agreed", PLAN, "Outcome agreed", "every child has an outcome; close or hand over"),
    _state("closed", ENDED, "Closed", "the work has ended", final=True),
    _state("handed_over", ENDED, "Handed over", "another team has taken the family on", final=True),
    _state("routed_elsewhere", ENDED, "With another service", "another service has taken the referral", final=True),
    _state("pregnancy_ended", ENDED, "Pregnancy ended", "confirmed; nothing about a birth is sent", final=True),
    _state("transferred_out", ENDED, "Transferred out", "another authority has accepted the family", final=True),
)

OPEN = open_states(STATES)
NOT_SILENT = tuple(state for state in OPEN if state != "pregnancy_end_reported")
BEFORE_BIRTH_WORK = ("assessment", "sign_off", "pre_birth_clinic", "birth_planning", "birth_ready")
# After a birth a case can stand in a review, or be sent on, as well: guards on the birth keep the two apart.
IN_DOUBT = ("threshold_review", "route_sent")
UNBORN = ("referred", "consent_pending", "allocation", *BEFORE_BIRTH_WORK, *IN_DOUBT)
AFTER_BIRTH = ("born", "post_birth_support", "care_proceedings")
# Outcomes can be agreed before an assessment that was begun is authorised; it still has to be, or nothing could close.
ASSESSED_LATE = (*AFTER_BIRTH, "outcome_agreed")
WITH_BABY = (*AFTER_BIRTH, *IN_DOUBT)
CONSENT_NEEDED = ("consent_pending", "allocation", *BEFORE_BIRTH_WORK, "born", "post_birth_support")
BACK_FROM_REPORT = {state: state for state in UNBORN}
BACK_FROM_REVIEW = {
    **dict.fromkeys(("referred", "route_sent", "consent_pending"), "allocation"),
    **{state: state for state in ("allocation", *BEFORE_BIRTH_WORK, "born", "post_birth_support")},
}


def move(  # noqa: PLR0917 (a row of the table is read in this order)
    trigger: str,
    label: str,
    sources: tuple[str, ...],
    to: str,
    roles: tuple[Role, ...],
    basis: str,
    *facts: Fact,
    **rest: Any,
) -> Transition:
    return Transition(
        trigger=trigger, label=label, sources=sources, to=to, roles=roles, basis=basis, facts=facts, **rest
    )


REFERRAL_MOVES = (
    move(
        "refer",
        "Record a referral",
        (NEW,),
        "referred",
        (FD, EDT, *MANAGERS),
        "domain 10.1 row 1; CIN 8606",
        *referral_facts(opening=True),
        guards=("edd_is_possible",),
        notify=(TM,),
        under="open_child_protection_if_urgent",
    ),
    move(
        "refer_from_pause",  # fired by the service alone, where Pause records a pregnancy and names the team
        "Take up a referral from Pause",
        (NEW,),
        "referred",
        (Role.SYSTEM,),
        "domain 10.2: a pregnancy during Pause opens a pre-birth referral; by reference only",
        *(fact for fact in REFERRAL_FACTS if fact.name in ("received_on", "source", "source_code", "parents")),
        PAUSE_CASE,
        notify=(TM,),
    ),
    move(
        "add_information",
        "Add what has become known",
        ("referred",),
        SELF,
        (FD, CW, EDT, *MANAGERS),
        "domain 10.5: the criteria are looked at again",
        *referral_facts(opening=False),
        guards=("edd_is_possible",),
        under="open_child_protection_if_urgent",
    ),
    move(
        "accept",
        "Accept, and ask for consent",
        ("referred",),
        "consent_pending",
        MANAGERS,
        "domain 10.1 row 2, row 22; 10.5",
        *optional(REFERRER_TOLD, TEAM, text("acceptance_note", "Note")),
        approval=Approval(by=SM, when="decision_does_not_accept"),
    ),
    move(
        "accept_with_consent",
        "Accept: consent is complete",
        ("referred",),
        "allocation",
        MANAGERS,
        "domain 10.1 row 2, row 22; 4.4; S-DUR",
        *CONSENT,
        *optional(REFERRER_TOLD, TEAM, text("acceptance_note", "Note")),
        guards=CONSENT_GUARDS,
        approval=Approval(by=SM, when="decision_does_not_accept"),
    ),
    move(
        "route",
        "Send on to another service",
        ("referred", "threshold_review"),
        "route_sent",
        MANAGERS,
        "domain 10.1 row 3, row 22; 10.5; S-BCT; DUR-2020MIN",
        choice("service", "Service", codes.SERVICES),
        code("recipient", "Who is asked to take it", "a named person and team"),
        REFERRER_TOLD,
        REASON,
        approval=Approval(by=SM, when="route_differs_from_decision"),
    ),
    move(
        "acknowledge_route",
        "The other service takes it",
        ("route_sent",),
        "routed_elsewhere",
        (FD, *MANAGERS),
        "domain 10.1 row 3: the named recipient has acknowledged",
        code("acknowledged_by", "Acknowledged by"),
        day("acknowledged_on", "Acknowledged on"),
        replace(WORKER, label="Who takes over open cases under this one", required=False),
        TEAM,
        guards=("open_cases_have_a_new_owner", "nothing_is_lent"),
        under="change_owner",
    ),
    move(
        "refuse_route",
        "The other service refuses",
        ("route_sent",),
        "threshold_review",
        (FD, *MANAGERS),
        "domain 10.5",
        code("refused_by", "Refused by"),
        REASON,
        notify=(TM,),
    ),
    move(
        "close_referral",
        "Close the referral",
        ("referred",),
        "closed",
        MANAGERS,
        "domain 10.5: a duplicate, or no further action",
        choice("closing_reason", "Why", {"duplicate": "a duplicate", "no_further_action": "no further action (RC8)"}),
        code("duplicate_of", "Case it repeats", required=False),
        REFERRER_TOLD,
        REASON,
        guards=("duplicate_is_named", "no_open_case_under"),
    ),
    move(
        "dispute_route",
        "Disagree on the route",
        ("referred",),
        "threshold_review",
        (FD, CW, *MANAGERS),
        "domain 10.5",
        text("disputed_by", "Who disagrees"),
        REASON,
        notify=(TM,),
    ),
)

CONSENT_MOVES = (
    move(
        "give_consent",
        "Record consent",
        ("consent_pending",),
        "allocation",
        (CW, *MANAGERS),
        "domain 10.1 row 4; 4.4; WIRRAL-CONSENT",
        *CONSENT,
        guards=CONSENT_GUARDS,
    ),
    move(
        "give_consent",
        "Record consent sought again",
        ("allocation", *BEFORE_BIRTH_WORK, *AFTER_BIRTH),
        SELF,
        (CW, *MANAGERS),
        "domain 4.1: sought again when circumstances change; 4.4 review date; WIRRAL-CONSENT",
        *CONSENT,
        guards=("a_parent_consents",),
    ),
    move(
        "withhold_consent",
        "Record consent refused or withdrawn",
        CONSENT_NEEDED,
        "threshold_review",
        (CW, *MANAGERS),
        "domain 10.1 row 5; 4.3: a manager decides, nothing closes by itself",
        *WITHHELD,
        notify=(TM,),
    ),
    move(
        "withhold_consent",
        "Record consent withdrawn during proceedings",
        ("care_proceedings",),
        SELF,
        (CW, *MANAGERS),
        "domain 10.5: in proceedings it is a fact, and the court decides",
        *WITHHELD,
        notify=(TM, LEG),
    ),
    move(
        "record_no_reply",
        "Record that there was no reply",
        ("consent_pending",),
        "threshold_review",
        (CW, *MANAGERS),
        "domain 10.5; CSPR-KCSC: avoidance may be a response to trauma",
        records(
            "attempts",
            "Attempts to reach the parents",
            day("tried_on", "Tried on"),
            text("tried_how", "How, and what happened"),
            personal=True,
        ),
        text("risk_note", "What this means for the baby's safety"),
        notify=(TM,),
    ),
    *returns(
        BACK_FROM_REVIEW,
        trigger="continue_without_consent",
        label="Continue without consent",
        sources=("threshold_review",),
        roles=MANAGERS,
        facts=(
            choice("continuing_basis", "Basis", codes.CONTINUING_BASES),
            code("basis_reference", "Reference", "of the strategy discussion, plan or order"),
            REASON,
        ),
        basis="domain 10.1 row 6; 4.3 (iii)",
    ),
    *returns(
        BACK_FROM_REVIEW,
        trigger="give_consent_after_review",
        label="Record consent after the review",
        sources=("threshold_review",),
        roles=(CW, *MANAGERS),
        facts=CONSENT,
        guards=CONSENT_GUARDS,
        basis="domain 10.5; 4.4",
    ),
    move(
        "step_down",
        "Step down, and close",
        ("threshold_review",),
        "closed",
        MANAGERS,
        "domain 10.5; 4.3 (i): a person decides, with a risk note",
        text("risk_note", "What this means for the baby's safety"),
        choice("closure_code", "Closure code", {key: codes.CIN_CLOSURE_CODES[key] for key in ("RC7", "RC8", "RC9")}),
        *CLOSING,
        guards=("no_open_case_under", "closure_code_fits", "incident_is_decided", "nothing_is_lent"),
    ),
)

ASSESSMENT_MOVES = (
    move(
        "allocate",
        "Name the worker",
        ("allocation",),
        "assessment",
        MANAGERS,
        "domain 10.1 row 7; 2.2 (X1, X2); S-DUR; 4.5",
        WORKER,
        TEAM,
        text("conflict_check", "Conflict of interest looked at", "never a parent's own social worker"),
        *optional(
            UNTRAINED_REASON,
            text("why_this_worker", "Why this worker", "where the caseload is high or training is missing"),
            day("discussion_on", "Managers talked on", "where an under-18 parent has a plan or proceedings"),
            text("discussion_managers", "Both managers"),
            text("discussion_decision", "What they decided"),
            text("adjustments", "Adjustments and advocate"),
            text("communication_plan", "How to communicate"),
        ),
        guards=(
            "worker_is_active",
            "worker_is_not_the_parents_own",
            "managers_have_talked",
            "adjustments_are_planned",
            "worker_is_trained_or_reason_given",
        ),
    ),
    move(
        "submit_assessment",
        "Submit the assessment",
        ("assessment",),
        "sign_off",
        (CW,),
        "domain 10.1 row 8; CIN 8897Q, 8614",
        *ASSESSMENT,
        guards=ASSESSMENT_GUARDS,
        notify=(TM,),
    ),
    move(
        "submit_assessment",
        "Submit the assessment after the birth",
        ASSESSED_LATE,
        SELF,
        (CW,),
        "domain 10.5: authorised after the birth, so written after it too",
        *ASSESSMENT,
        guards=(*ASSESSMENT_GUARDS, "assessment_is_due"),
        notify=(TM,),
    ),
    move(
        "return_assessment",
        "Return the assessment",
        ("sign_off",),
        "assessment",
        MANAGERS,
        "domain 10.1 row 9",
        text("comments", "What to change"),
        notify=(CW,),
    ),
    *(
        move(
            "authorise",
            "Authorise the assessment",
            ("sign_off",),
            to,
            MANAGERS,
            "domain 10.1 row 10; 10.5",
            choice("assessment_decision", "Decision", FURTHER_DECISIONS),
            *AUTHORISING,
            guards=("approver_is_not_the_author",),
            when=("from_28_weeks", late),
            notify=(CW,),
        )
        for late, to in ((False, "pre_birth_clinic"), (True, "birth_planning"))
    ),
    move(
        "close_after_assessment",
        "Authorise, and close",
        ("sign_off",),
        "closed",
        MANAGERS,
        "domain 10.1 rows 10 and 20; CIN 8867, 8868, 2990",
        choice("closure_code", "Closure code", {key: codes.CIN_CLOSURE_CODES[key] for key in ("RC8", "RC9")}),
        *AUTHORISING,
        *CLOSING,
        guards=("approver_is_not_the_author", "no_open_case_under", "nothing_is_lent"),
    ),
    move(
        "authorise_after_birth",
        "Authorise the assessment after the birth",
        ASSESSED_LATE,
        SELF,
        MANAGERS,
        "domain 10.5",
        choice("assessment_decision", "Decision", codes.ASSESSMENT_DECISIONS),
        *AUTHORISING,
        guards=("assessment_was_submitted", "approver_is_not_the_author"),
        notify=(CW,),
    ),
)

PLANNING_MOVES = (
    move(
        "hold_clinic",
        "Record a pre-birth clinic",
        BEFORE_BIRTH_WORK,
        SELF,
        (CW, *MANAGERS),
        "domain 10.1 row 11; S-DUR; 11",
        day("clinic_on", "Held on"),
        text("clinic_chair", "Chair"),
        text("clinic_attendees", "Who was there, by agency"),
        choice("progress", "Progress", {"green": "green: on track", "amber": "amber: drifting", "red": "red: stuck"}),
        text("clinic_decisions", "Decisions and actions"),
        day("next_clinic_on", "Next clinic on", "at the latest four weeks on, unless the policy says otherwise"),
        *optional(
            code("clinic", "Clinic session", "such as CL-3", pattern=r"CL-\d{1,9}"),
            choices("drift_reasons", "Why it drifts", codes.DRIFT_REASONS, "where it is amber or red"),
            text("drift_reason", "Why it drifts, in words"),
            choice("expected_care_plan", "Care plan expected", codes.CARE_PLANS),
        ),
        guards=("clinic_is_of_that_day", "drift_is_explained", "next_clinic_follows"),
    ),
    move(
        "start_birth_plan",
        "Start the birth plan",
        ("pre_birth_clinic",),
        "birth_planning",
        (CW, *MANAGERS),
        "domain 10.1 row 12: from 28+0, or where an early birth is likely",
        yes_no("preterm_risk", "An early birth is likely", required=False),
        guards=("birth_plan_may_start",),
    ),
    move(
        "draft_birth_plan",
        "Draft the birth plan",
        tuple(state for state in BEFORE_BIRTH_WORK if state != "birth_ready"),
        SELF,
        (CW, *MANAGERS),
        "domain 10.5; 3.2: plan for an early birth",
        *optional(*BIRTH_PLAN),
    ),
    move(
        "agree_birth_plan",
        "Agree the birth plan",
        ("birth_planning",),
        "birth_ready",
        MANAGERS,
        "domain 10.1 row 13; 10.5; SEFTON-EP",
        *BIRTH_PLAN,
        yes_no("permanence_considered", "Kin and early permanence were considered"),
        *optional(
            choice(
                "early_permanence",
                "Early permanence (fostering for adoption)",
                codes.EARLY_PERMANENCE_ANSWERS,
                "asked wherever adoption is possible",
            ),
            text("early_permanence_reason", "Why, of early permanence"),
        ),
        yes_no("parents_have_copy", "The parents have a copy"),
        yes_no("out_of_hours_told", "The emergency duty team has the plan"),
        guards=("edd_is_recorded", "plan_is_with_everyone", "early_permanence_is_considered"),
        notify=(CW, EDT),
    ),
    move(
        "revise_birth_plan",
        "Revise the birth plan",
        ("birth_ready",),
        "birth_planning",
        (CW, *MANAGERS),
        "domain 10.5",
        REASON,
        notify=(TM, EDT),
    ),
    move(
        "revise_edd",
        "Record or revise the expected date of birth",
        UNBORN,
        SELF,
        ANYONE_ON_DUTY,
        "domain 10.5; 2.4-3: later dates move, the decision stands",
        EDD,
        EDD_BASIS,
        code("edd_source", "Told by"),
        guards=("no_live_birth", "edd_is_possible"),
    ),
    move(
        "confirm_still_pregnant",
        "Confirm with maternity that the pregnancy continues",
        UNBORN,
        SELF,
        (CW, *MANAGERS),
        "domain 10.5",
        code("maternity_contact", "Maternity contact"),
        day("maternity_contact_on", "On"),
        guards=("no_live_birth",),
    ),
    move(
        "record_conference",
        "Record the child-protection conference",
        BEFORE_BIRTH_WORK,
        SELF,
        (CW, *MANAGERS),
        "domain 3.3; 10.5: where it has no case of its own here",
        day("conference_on", "Held on", "or decided on, where none is needed"),
        choice(
            "conference_outcome",
            "Outcome",
            {
                "plan": "child protection plan",
                "child_in_need": "child in need plan",
                "not_needed": "no longer needed, with the reason",
            },
        ),
        text("conference_note", "Note"),
    ),
    move(
        "record_gateway_decision",
        "Record the legal gateway's decision",
        BEFORE_BIRTH_WORK,
        SELF,
        (LEG, *MANAGERS),
        "domain 3.3; 10.5: where it has no case of its own here; KIRKLEES",
        day("gateway_decided_on", "Decided on"),
        choice(
            "gateway_outcome",
            "Outcome",
            {"A": "continue the plan", "B": "start pre-proceedings", "C": "apply to court after the birth"},
        ),
        text("gateway_note", "Note", required=False),
    ),
    move(
        "record_letter_sent",
        "Record the letter before proceedings",
        BEFORE_BIRTH_WORK,
        SELF,
        (CW, LEG, *MANAGERS),
        "domain 3.3; 5.2; 10.5: where it has no case of its own here",
        day("letter_sent_on", "Sent on"),
    ),
)

CONTACT_MOVES = (
    move(
        "record_visit",
        "Record a visit",
        (*BEFORE_BIRTH_WORK, "threshold_review", *AFTER_BIRTH, "outcome_agreed"),
        SELF,
        (CW,),
        "domain 10.5",
        day("visited_on", "Visited on"),
        choices("seen", "Who was seen", {**codes.PARENT_ROLES, "baby": "baby", "siblings": "siblings", "kin": "kin"}),
        text("visit_note", "What was seen and said"),
        yes_no("unannounced", "Unannounced", required=False),
    ),
    move(
        "report_missing",
        "Report that the mother cannot be found",
        OPEN,
        SELF,
        ANYONE_ON_DUTY,
        "domain 10.5; 3.2: alert other maternity units",
        day("last_seen_on", "Last seen on"),
        text("missing_note", "What is known, and whom we told"),
        notify=(TM, EDT),
    ),
    move(
        "report_found",
        "Report that the mother is found",
        OPEN,
        SELF,
        ANYONE_ON_DUTY,
        "domain 10.5",
        day("found_on", "Found on"),
        text("found_note", "How she and the baby are"),
        notify=(TM, EDT),
    ),
    move(
        "record_parent_death",
        "Record a parent's death",
        OPEN,
        SELF,
        ANYONE_ON_DUTY,
        "domain 10.5",
        choice("parent_who_died", "Parent", codes.PARENT_ROLES),
        day("parent_died_on", "Died on", required=False, personal=True),
        text("parent_death_note", "What is known, and who supports the family"),
        notify=(TM, SM),
    ),
)

ITEM = code("item", "Item", "its code in the stock, such as rcb-1", pattern=r"[a-z0-9][a-z0-9._-]{0,59}")
# Where a thing lent may still be with the family. A report that the pregnancy has ended silences it with all the rest.
WITH_A_LOAN = (*BEFORE_BIRTH_WORK, *WITH_BABY, "outcome_agreed")
# Work with the family goes on in a review too; while an outcome is agreed, what was begun is ended.
SUPPORTED = (*BEFORE_BIRTH_WORK, "threshold_review", *AFTER_BIRTH, "outcome_agreed")
SUPPORT_MOVES = (
    move(
        "plan_support",
        "Plan the support before and after the birth",
        SUPPORTED,
        SELF,
        (CW, *MANAGERS),
        "S-DUR: all families receive intensive support before and after the birth",
        records(
            "support_plan",
            "What is planned",
            choice("phase", "When", codes.SUPPORT_PHASES),
            choice("kind", "Kind of support", codes.SUPPORT_KINDS),
            number("sessions", "Sessions", minimum=1, maximum=200),
        ),
        day("support_from", "From"),
        number("visits_a_week", "Visits a week", "beside what the time limits ask for", maximum=7, required=False),
        text("support_aims", "What it is for, and what is adjusted for the parents", required=False),
        notify=(TM,),
    ),
    move(
        "give_support",
        "Record a session of support",
        SUPPORTED,
        SELF,
        (CW, *MANAGERS),
        "S-DUR: proactive, practical and emotional support",
        day("support_on", "On"),
        choice("phase", "When", codes.SUPPORT_PHASES),
        choice("kind", "Kind of support", codes.SUPPORT_KINDS),
        yes_no("took_place", "It took place"),
        text("support_note", "What was done, and how the parents found it"),
        text("adjustments_made", "Adjustments made", "where a parent has a learning disability", required=False),
        guards=("support_is_of_that_day", "phase_fits_the_birth"),
    ),
    move(
        "give_hope_box",
        "Record a Hope box",
        SUPPORTED,
        SELF,
        (CW, *MANAGERS),
        "S-DUR: Hope boxes",
        day("hope_box_on", "Given on"),
        choices("hope_box_for", "For", {**codes.PARENT_ROLES, "baby": "baby"}),
        text("hope_box_note", "What it holds, in her words where she wishes", required=False),
    ),
    move(
        "lend_item",
        "Lend a Real Care baby",
        (*BEFORE_BIRTH_WORK, "born", "post_birth_support"),
        SELF,
        (CW, *MANAGERS),
        "S-DUR: Real Care babies",
        ITEM,
        text("lending_note", "What it is to help with", required=False),
        guards=("item_can_be_lent",),
    ),
    move(
        "return_item",
        "Record that a Real Care baby is back",
        WITH_A_LOAN,
        SELF,
        (CW, *MANAGERS),
        "S-DUR: Real Care babies",
        ITEM,
        choice("item_condition", "It is", codes.ITEM_CONDITIONS),
        guards=("item_is_lent_here",),
    ),
)

PREGNANCY_END_MOVES = (
    move(
        "report_pregnancy_ended",
        "Report that the pregnancy has ended",
        UNBORN,
        "pregnancy_end_reported",
        ANYONE_ON_DUTY,
        "domain 10.5: everything about the birth falls silent at once",
        text("end_reported_by", "Told by"),
        text("end_note", "Note", required=False),
        guards=("no_live_birth",),
        notify=(TM,),
        under="silence_birth",
    ),
    move(
        "confirm_pregnancy_ended",
        "Confirm that the pregnancy has ended",
        ("pregnancy_end_reported",),
        "pregnancy_ended",
        MANAGERS,
        "domain 10.1 row 15; 10.5; SSD: closure code RC2",
        HEALTH_SOURCE,
        text("bereavement_support", "Bereavement support offered"),
        *optional(
            Fact(
                name="pregnancy_end_kind",
                type=FactType.CHOICE,
                label="What happened",
                hint="only if the family wishes it recorded",
                choices={
                    "loss": "miscarriage or stillbirth",
                    "ended": "the pregnancy was ended",
                    "not_pregnant": "there was no pregnancy",
                },
                personal=True,
            ),
            day("pregnancy_ended_on", "On", personal=True),
            yes_no("pause_mentioned", "Pause was mentioned, at her own time"),
        ),
        guards=("confirmer_did_not_report",),
        under="end",
    ),
    *returns(
        BACK_FROM_REPORT,
        trigger="correct_report",
        label="The pregnancy continues: correct the report",
        sources=("pregnancy_end_reported",),
        roles=MANAGERS,
        facts=(HEALTH_SOURCE, REASON),
        notify=(CW,),
        under="rearm_birth",
        basis="domain 10.5: dates are counted again from the current expected date",
    ),
)

BIRTH_GUARDS = ("birth_dates_are_possible", "children_are_known")
BIRTH_MOVES = (
    move(
        "record_birth",
        "Record the birth",
        UNBORN,
        "born",
        ANYONE_ON_DUTY,
        "domain 10.1 row 14: from every state before the birth; 10.5",
        *BIRTH,
        when=("any_live_birth", True),
        guards=("no_live_birth", *BIRTH_GUARDS),
        notify=(TM, SM, CW),
        may_precede_opening=True,
    ),
    move(
        "record_birth",
        "Record the birth",
        UNBORN,
        "pregnancy_end_reported",
        ANYONE_ON_DUTY,
        "domain 10.5: no baby was born alive",
        *BIRTH,
        when=("any_live_birth", False),
        guards=("no_live_birth", *BIRTH_GUARDS),
        notify=(TM,),
        under="silence_birth",
        may_precede_opening=True,
    ),
    # A report can be wrong, or true of one twin only: a live birth is recorded at any hour, by whoever is on duty.
    move(
        "record_birth",
        "Record the birth",
        ("pregnancy_end_reported",),
        "born",
        ANYONE_ON_DUTY,
        "domain 10.1 row 14; 10.5",
        *BIRTH,
        when=("any_live_birth", True),
        guards=BIRTH_GUARDS,
        notify=(TM, SM, CW),
        under="rearm_birth",
        may_precede_opening=True,
    ),
    move(
        "record_birth",
        "Record the birth",
        ("pregnancy_end_reported",),
        SELF,
        ANYONE_ON_DUTY,
        "domain 10.5: no baby was born alive",
        *BIRTH,
        when=("any_live_birth", False),
        guards=BIRTH_GUARDS,
        notify=(TM,),
        may_precede_opening=True,
    ),
    move(
        "hold_discharge_meeting",
        "Record a discharge or planning meeting",
        ("born",),
        SELF,
        MANAGERS,
        "domain 10.1 row 16; 10.5",
        day("discharge_meeting_on", "Held on"),
        text("discharge_attendees", "Who was there, by agency"),
        text("discharge_plan", "What was agreed"),
        *optional(LEGAL_POSITION, CHILDRENS_PLANS),
        guards=("children_are_known",),
    ),
    move(
        "discharge",
        "Record leaving hospital",
        ("born",),
        "post_birth_support",
        MANAGERS,
        "domain 10.1 row 16; 10.5; RE-CA, WILLIAMS for section 20",
        day("discharged_on", "Left on"),
        records(
            "destinations",
            "Where each baby goes",
            CHILD,
            choice("destination", "To", codes.BIRTH_DESTINATIONS),
        ),
        day("first_visit_on", "First visit booked for"),
        yes_no("safe_sleep_discussed", "Safe sleep was talked about"),
        LEGAL_POSITION,
        *optional(text("discharge_conditions", "Conditions"), CHILDRENS_PLANS),
        guards=(
            "discharge_meeting_was_held",
            "safe_sleep_was_discussed",
            "children_are_known",
            "each_baby_has_a_destination",
            "section_20_has_its_case",
        ),
        notify=(CW, EDT),
    ),
    move(
        "record_checkpoint",
        "Record a checkpoint after the birth",
        AFTER_BIRTH,
        SELF,
        (CW, *MANAGERS),
        "domain 10.5; 3.2: 6 weeks, 12 weeks, 6 months, first birthday",
        CHILD,
        day("checkpoint_on", "On"),
        text("checkpoint_note", "How the baby and the parents are; what is still needed"),
        CHILDRENS_PLANS,
        guards=("children_are_known", "child_is_living"),
    ),
    move(
        "record_child_death",
        "Record a child's death",
        (*WITH_BABY, "outcome_agreed"),
        SELF,
        (CW, EDT, *MANAGERS),
        "domain 10.5",
        CHILD,
        day("died_on", "Died on", personal=True),
        text("death_note", "What is known, and who supports the family"),
        guards=("child_is_living", "death_date_is_possible"),
        notify=(TM, SM, HOS),
        under="end_child",
    ),
    move(
        "decide_incident_notification",
        "Decide on a serious incident notification",
        (*WITH_BABY, "outcome_agreed"),
        SELF,
        (SM, HOS),
        "domain 10.5; Working Together: serious incident notification",
        choice("incident_notification", "Decision", {"notify": "notify", "do_not_notify": "do not notify"}),
        text("incident_reason", "Reason"),
        day("incident_notified_on", "Notified on", required=False),
        guards=("a_child_has_died",),
    ),
)

COURT_FACTS = (
    day("gateway_decided_on", "Legal gateway decided on"),
    yes_no("gateway_agreed", "The gateway agreed to apply"),
    choice("family_group_meeting", "Family group decision-making meeting", codes.FAMILY_GROUP_MEETINGS),
    text("family_group_reason", "Reason for an exemption", required=False),
    day("issued_on", "Issued on"),
    code("court_reference", "Court reference"),
    records(
        "court_children",
        "Children the court decides about",
        CHILD,
        choice("initial_plan", "Initial plan", codes.COURT_PLANS),
    ),
    yes_no("short_notice", "Short notice", required=False),
    text("short_notice_reason", "Reason for short notice", required=False),
    CHILDRENS_PLANS,
)
COURT_END = (
    records("final_orders", "What the court decided", CHILD, choice("order", "Order", codes.FINAL_ORDERS)),
    CHILDRENS_PLANS,
)
COURT_MOVES = (
    move(
        "issue_proceedings",
        "Record that proceedings are issued",
        ("born", "post_birth_support"),
        "care_proceedings",
        (LEG,),
        "domain 10.1 row 17; 10.5; CWS-S1 (Children Act 1989 s.31ZA)",
        *COURT_FACTS,
        guards=(
            "live_birth_is_recorded",
            "gateway_agreed_to_apply",
            "family_group_meeting_is_settled",
            "children_are_known",
        ),
        approval=Approval(by=SM, may_follow=True),
        notify=(CW, TM, SM),
    ),
    move(
        "end_court_support_continues",
        "The court has decided: support continues",
        ("care_proceedings",),
        "post_birth_support",
        (LEG,),
        "domain 10.1 row 18; 10.5",
        *COURT_END,
        guards=("court_has_decided", "no_court_case_is_open", "children_are_known"),
        notify=(CW, TM),
    ),
    move(
        "end_court_outcome_agreed",
        "The court has decided: the outcome is agreed",
        ("care_proceedings",),
        "outcome_agreed",
        (LEG,),
        "domain 10.1 row 18; 10.5",
        *COURT_END,
        OUTCOMES,
        guards=(
            "court_has_decided",
            "no_court_case_is_open",
            "children_are_known",
            "each_child_has_an_outcome",
            *OUTCOME_GUARDS,
        ),
        notify=(CW, TM),
    ),
)

TO_CLOSE = ("RC1", "RC2", "RC3", "RC4", "RC5", "RC6", "RC7")
END_MOVES = (
    move(
        "agree_outcomes",
        "Agree the outcome of every child",
        AFTER_BIRTH,
        "outcome_agreed",
        MANAGERS,
        "domain 10.1 row 19; 10.5",
        replace(OUTCOMES, required=False),
        text("outcome_grounds", "What it rests on"),
        guards=("children_are_known", "each_child_has_an_outcome", "no_court_case_is_open", *OUTCOME_GUARDS),
    ),
    move(
        "close",
        "Close",
        ("outcome_agreed",),
        "closed",
        MANAGERS,
        "domain 10.1 row 20; CIN 8805, 8867, 8868",
        choice("closure_code", "Closure code", {key: codes.CIN_CLOSURE_CODES[key] for key in TO_CLOSE}),
        *CLOSING,
        choice(
            "pause_offer",
            "Pause",
            {
                "offered": "offered",
                "later": "to be offered later, at her own time",
                "not_wanted": "offered, not wanted",
                "not_right": "not right for her now",
                "not_applicable": "no child was removed",
            },
        ),
        code(
            "pause_team", "Pause may be in touch: tell", "with her agreement; her name and a reference", required=False
        ),
        day("pause_contact_from", "Pause is not to contact her before", "a time to grieve", required=False),
        code("retention_class", "Retention class", required=False),
        guards=(
            "no_open_case_under",
            "assessment_is_not_open",
            "closure_code_fits",
            "incident_is_decided",
            "pause_was_considered",
            "pause_is_told_only_where_offered",
            "nothing_is_lent",
        ),
        approval=Approval(by=SM, when="a_child_is_removed"),
        under="offer_pause",
    ),
    move(
        "hand_over",
        "Hand over to another team",
        ("post_birth_support", "care_proceedings", "outcome_agreed"),
        "handed_over",
        MANAGERS,
        "domain 10.5: open cases under it change owner, not state",
        code("team", "Receiving team"),
        replace(WORKER, label="Receiving worker or manager"),
        code("accepted_by", "Accepted by"),
        day("accepted_on", "Accepted on"),
        text("handover_note", "Handover note"),
        guards=(
            "worker_is_active",
            "worker_is_not_the_parents_own",
            "receiving_team_accepted",
            "incident_is_decided",
            "nothing_is_lent",
        ),
        under="change_owner",
    ),
    move(
        "transfer_out",
        "Transfer to another authority",
        NOT_SILENT,
        "transferred_out",
        MANAGERS,
        "domain 10.1 row 21",
        code("receiving_authority", "Receiving authority"),
        code("accepted_by", "Accepted by"),
        yes_no("accepted_in_writing", "Accepted in writing"),
        yes_no("transfer_conference_asked", "Transfer-in conference asked for", required=False),
        REASON,
        guards=(
            "transfer_is_accepted_in_writing",
            "transfer_conference_is_asked_for",
            "no_open_case_under",
            "incident_is_decided",
            "nothing_is_lent",
        ),
    ),
)

TRANSITIONS = (
    *REFERRAL_MOVES,
    *CONSENT_MOVES,
    *ASSESSMENT_MOVES,
    *PLANNING_MOVES,
    *CONTACT_MOVES,
    *SUPPORT_MOVES,
    *PREGNANCY_END_MOVES,
    *BIRTH_MOVES,
    *COURT_MOVES,
    *END_MOVES,
    *(_with_training(_with_babies(row)) for row in shared_rows(STATES, managers=MANAGERS, workers=(CW, FD, EDT))),
)

# Clocks. A way back from a review that came before acceptance accepts the case, so milestones start there as well.

ACCEPTANCE = ("accept", "accept_with_consent", "continue_without_consent", "give_consent_after_review")
AUTHORISED = ("authorise", "close_after_assessment", "authorise_after_birth")
OPENED = ("refer", "refer_from_pause", "migrate_in")


def clock(name: str, label: str, during: tuple[str, ...], **rest: Any) -> Clock:
    return Clock(id=name, label=label, during=during, **rest)


def milestone(name: str, label: str, **rest: Any) -> Clock:
    """A date of the pregnancy, counted from acceptance; it survives a review and a route that comes back."""
    return Clock(
        **{
            "id": name,
            "label": label,
            "during": UNBORN,
            "started_by": ACCEPTANCE,
            "only_if": "work_begins",
            "birth_related": True,
            **rest,
        }
    )


def _checkpoints() -> tuple[Clock, ...]:
    """One clock for each checkpoint of each child; the next starts when the one before is met, so none is skipped."""
    names = {
        "checkpoint_6_weeks": "Checkpoint at 6 weeks",
        "checkpoint_12_weeks": "Checkpoint at 12 weeks",
        "checkpoint_6_months": "Checkpoint at 6 months",
        "checkpoint_12_months": "Checkpoint and end review at the first birthday",
    }
    earlier = (None, *names)
    return tuple(
        clock(
            name,
            label,
            WITH_BABY,
            started_by=() if before else ("record_birth",),
            after=(before,) if before else (),
            met_by=("record_checkpoint",),
            cancelled_by=("record_child_death",),
            per="child",
        )
        for before, (name, label) in zip(earlier, names.items(), strict=False)
    )


CLOCKS = (
    # Referral and consent
    clock(
        "referral_decision",
        "Decide on the referral",
        ("referred",),
        met_by=("accept", "accept_with_consent", "route", "close_referral", "dispute_route"),
        owner=TM,
    ),
    clock(
        "establish_edd",
        "Find out the expected date of birth",
        UNBORN,
        started_by=OPENED,
        met_by=("revise_edd", "add_information"),
        repeats=True,  # information that does not give the date leaves the clock running
        only_if="edd_is_unknown",
        birth_related=True,
    ),
    clock(
        "route_acknowledged",
        "The other service answers",
        ("route_sent",),
        met_by=("acknowledge_route", "refuse_route"),
        owner=TM,
    ),
    clock(
        "threshold_decision",
        "Decide how to go on",
        ("threshold_review",),
        met_by=("continue_without_consent", "give_consent_after_review", "route", "step_down"),
        owner=TM,
    ),
    clock(
        "consent_sought",
        "Seek consent",
        ("consent_pending",),
        met_by=("give_consent", "withhold_consent", "record_no_reply"),
    ),
    clock(
        "consent_limit",
        "Decide where consent stays open",
        ("consent_pending",),
        met_by=("give_consent", "withhold_consent", "record_no_reply"),
        owner=TM,
    ),
    clock(
        "consent_by_20_weeks",
        "Consent before the pregnancy is far on",
        ("consent_pending",),
        met_by=("give_consent", "withhold_consent", "record_no_reply"),
        birth_related=True,
    ),
    clock(
        "consent_review",
        "Review consent",
        ("allocation", *BEFORE_BIRTH_WORK, *WITH_BABY),
        started_by=("accept_with_consent", "give_consent", "give_consent_after_review"),
        met_by=("give_consent", "give_consent_after_review", "withhold_consent"),
        only_if="consent_review_is_set",
    ),
    # Assessment
    clock("allocate_worker", "Name the worker", ("allocation",), met_by=("allocate",), owner=TM),
    milestone("first_visit", "First visit", met_by=("record_visit",)),
    clock(
        "assessment_due",
        "Authorise the assessment",
        (*UNBORN, *ASSESSED_LATE),
        met_by=AUTHORISED,
        only_if="assessment_is_due",
    ),
    milestone(
        "assessment_by_24_weeks",
        "Assessment of a case accepted early",
        met_by=AUTHORISED,
        only_if="work_begins_by_16_weeks",
    ),
    clock(
        "sign_off",
        "Read the assessment and decide",
        ("sign_off",),
        met_by=("authorise", "close_after_assessment", "return_assessment"),
        owner=TM,
    ),
    clock(
        "visit_before_birth",
        "Visit the parents",
        BEFORE_BIRTH_WORK,
        met_by=("record_visit",),
        repeats=True,
        birth_related=True,
    ),
    # Clinic, conference, legal steps
    milestone("first_clinic", "First pre-birth clinic", met_by=("hold_clinic",)),
    clock(
        "clinic_interval",
        "Next pre-birth clinic",
        UNBORN,
        after=("first_clinic",),
        met_by=("hold_clinic",),
        repeats=True,
        birth_related=True,
    ),
    milestone(
        "conference",
        "Child-protection conference",
        started_by=("authorise",),
        met_by=("record_conference",),
        only_if="conference_is_to_be_arranged",
    ),
    milestone(
        "gateway_decision",
        "Legal gateway decision",
        started_by=("authorise",),
        met_by=("record_gateway_decision",),
        only_if="gateway_is_to_be_arranged",
        owner=TM,
    ),
    milestone(
        "letter_before_proceedings",
        "Letter before proceedings",
        started_by=("authorise",),
        met_by=("record_letter_sent",),
        only_if="gateway_is_to_be_arranged",
    ),
    # Birth plan and birth
    *(
        milestone(
            name,
            label,
            started_by=(*ACCEPTANCE, "revise_birth_plan"),
            met_by=("agree_birth_plan",),
            only_if="birth_plan_is_needed",
        )
        for name, label in (
            ("birth_plan_agreed", "Agree the birth and discharge plan"),
            ("birth_plan_shared", "The plan is with everyone"),
        )
    ),
    clock(
        "birth_watch",
        "Ask maternity: from 37+0 each week",
        UNBORN,
        started_by=OPENED,
        met_by=("confirm_still_pregnant",),
        repeats=True,
        birth_related=True,
    ),
    clock(
        "birth_due_check",
        "Ask maternity: from 40+0 each day",
        UNBORN,
        started_by=OPENED,
        met_by=("confirm_still_pregnant",),
        repeats=True,
        birth_related=True,
    ),
    clock(
        "birth_overdue",
        "No birth recorded at 42+0",
        UNBORN,
        started_by=OPENED,
        birth_related=True,
        owner=TM,
    ),
    clock(
        "pregnancy_end_confirmation",
        "Confirm or correct the report",
        ("pregnancy_end_reported",),
        met_by=("confirm_pregnancy_ended", "correct_report"),
        owner=TM,
    ),
    clock("mother_missing", "Find the mother", OPEN, started_by=("report_missing",), met_by=("report_found",)),
    clock(
        "mother_missing_late",
        "Find the mother: the birth is near, or has been",
        NOT_SILENT,
        started_by=("report_missing",),
        met_by=("report_found",),
        birth_related=True,
    ),
    # What is lent: a Real Care baby is fetched from nobody while a report that the pregnancy has ended stands.
    clock(
        "item_return",
        "The Real Care baby comes back",
        WITH_A_LOAN,
        started_by=("lend_item",),
        met_by=("return_item",),
        birth_related=True,
        per="item",
    ),
    # After the birth
    clock(
        "newborn_worker",
        "Name a worker for the newborn",
        WITH_BABY,
        started_by=("record_birth",),
        met_by=("change_worker",),
        only_if="no_worker_is_named",
        owner=TM,
    ),
    clock(
        "discharge_meeting",
        "Hold the discharge meeting",
        WITH_BABY,
        started_by=("record_birth",),
        met_by=("hold_discharge_meeting",),
        cancelled_by=("discharge", "issue_proceedings"),
        owner=TM,
    ),
    clock(
        "newborn_review",
        "Meet again while no one has left hospital",
        ("born",),
        met_by=("hold_discharge_meeting",),
        repeats=True,
        owner=TM,
    ),
    clock(
        "court_application",
        "Apply to court, as planned for the birth",
        ("born", "post_birth_support", *IN_DOUBT),
        started_by=("record_birth", "discharge"),
        met_by=("issue_proceedings",),
        cancelled_by=("discharge",),  # where it is still planned then, it starts again
        only_if="court_application_is_planned",
        owner=LEG,
    ),
    clock(
        "first_home_visit",
        "First visit after leaving hospital",
        ("post_birth_support", *IN_DOUBT),
        started_by=("discharge",),
        met_by=("record_visit",),
    ),
    clock(
        "visit_after_birth",
        "See the family",
        ("post_birth_support", "care_proceedings"),
        met_by=("record_visit",),
        repeats=True,
    ),
    *_checkpoints(),
    clock(
        "incident_notification",
        "Decide on a serious incident notification",
        (*WITH_BABY, "outcome_agreed"),
        started_by=("record_child_death",),
        met_by=("decide_incident_notification",),
        owner=SM,
    ),
    # The 26 weeks of the court run on each child's own case, where the court's extensions are recorded.
    clock(
        "close_or_hand_over",
        "Close or hand over",
        ("outcome_agreed",),
        met_by=("close", "hand_over"),
        owner=TM,
    ),
    *shared_clocks(STATES),
)

PREBIRTH = checked(
    Lifecycle(
        id="prebirth",
        label="Pre-birth",
        code="PB",
        version=1,
        subject="a pregnancy, its parents and its babies",
        stages=(REFERRAL, CONSENTING, ASSESSING, CLINIC, BIRTH_STAGE, SUPPORT, COURT, PLAN, ENDED),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
    )
)
