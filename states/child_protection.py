"""Child protection for one unborn baby or child: from strategy discussion to the end of a plan."""

from states.checks import checked
from states.codes import ABUSE_CATEGORIES, CHILD_PROTECTION_AGENCIES, ENQUIRY_FINDINGS
from states.common import open_states, shared_rows
from states.court_guards import day_of, end_with_parent, in_order, is_before_birth, said, taking_over
from states.facts import choice, choices, day, number, text, yes_no
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition
from states.roles import Role

CW, TM, CHAIR, LEG = Role.CASEWORKER, Role.TEAM_MANAGER, Role.CHAIR, Role.LEGAL

SATURDAY = 5
NO_LIKELY_HARM = {code: label for code, label in ENQUIRY_FINDINGS.items() if code != "likely_harm"}

# Guards


@guard("the strategy discussion lies after the day it is recorded for")
def strategy_day_is_possible(s: Situation) -> bool:
    return in_order(s, "strategy_held_on")


@guard("the enquiry was completed before the strategy discussion, or after the day it is recorded for")
def enquiry_follows_strategy(s: Situation) -> bool:
    return in_order(s, "s47_completed_on") and _not_before(s, "s47_completed_on", "strategy_held_on")


@guard("a later date for the conference is for an unborn baby only: give the date, the reason and who agreed it")
def later_conference_is_agreed(s: Situation) -> bool:
    if s.submitted.get("conference_by") is None:
        return True
    agreed = said(s, "later_conference_reason") and said(s, "later_conference_agreed_by")
    return agreed and is_before_birth(s)


@guard("the conference lies before the strategy discussion, or after the day it is recorded for")
def conference_follows_strategy(s: Situation) -> bool:
    return in_order(s, "conference_on") and _not_before(s, "conference_on", "strategy_held_on")


@guard("a conference is not held on a Saturday or Sunday")
def conference_is_on_a_weekday(s: Situation) -> bool:
    held_on = day_of(s, "conference_on")
    return held_on is not None and held_on.weekday() < SATURDAY


@guard("the conference was not quorate: say why it went ahead")
def conference_is_quorate_or_explained(s: Situation) -> bool:
    return s.submitted.get("quorate") is True or said(s, "inquorate_reason")


@guard("a core group meets after the conference that made the plan")
def core_group_follows_conference(s: Situation) -> bool:
    return in_order(s, "core_group_on") and _not_before(s, "core_group_on", "conference_on")


@guard("a review conference is held later than the day the plan began")
def review_follows_plan_start(s: Situation) -> bool:
    reviewed_on, started_on = day_of(s, "review_on"), day_of(s, "conference_on")
    return in_order(s, "review_on") and (started_on is None or (reviewed_on or started_on) > started_on)


@guard("the visit lies after the day it is recorded for")
def visit_day_is_possible(s: Situation) -> bool:
    return in_order(s, "visited_on")


@guard("the receiving authority has not accepted the plan in writing")
def receiving_authority_has_accepted(s: Situation) -> bool:
    return s.submitted.get("accepted_in_writing") is True


def _not_before(s: Situation, later: str, earlier: str) -> bool:
    """A case taken over may lack the earlier date; the order is then not looked at."""
    return day_of(s, earlier) is None or in_order(s, earlier, later)


# Facts asked for more than once

AGENCIES = choices("agencies", "Agencies that took part", CHILD_PROTECTION_AGENCIES)
CONFERENCE = (
    day("conference_on", "Conference held on", "a plan begins on this day"),
    AGENCIES,
    yes_no("quorate", "Was the conference quorate?"),
    text("inquorate_reason", "If not, why it went ahead", required=False),
    text("outside_limit_reason", "If later than 15 working days, why", required=False),
    text("parents_views", "The parents' views, or why they are absent"),
)
REVIEW = (
    day("review_on", "Review held on"),
    AGENCIES,
    yes_no("quorate", "Was the conference quorate?"),
    text("inquorate_reason", "If not, why it went ahead", required=False),
    text("parents_views", "The parents' views, or why they are absent"),
)

# The table

STATES = (
    State(
        id="strategy_due",
        label="Strategy discussion due",
        stage="Strategy",
        meaning="a concern about significant harm is to be discussed with police and health",
    ),
    State(id="s47", label="Section 47 enquiry", stage="Enquiry", meaning="the enquiry is under way"),
    State(
        id="icpc_booked",
        label="Initial conference booked",
        stage="Conference",
        meaning="the enquiry has ended and a conference is to be held",
    ),
    State(
        id="cp_plan",
        label="Child protection plan",
        stage="Plan",
        meaning="a plan is in force; a birth leaves it as it is, and the date of birth replaces the expected one",
    ),
    State(
        id="no_further_action",
        label="No further action",
        stage="Ended",
        meaning="the strategy discussion found no need for an enquiry",
        final=True,
    ),
    State(
        id="no_conference",
        label="No conference",
        stage="Ended",
        meaning="the enquiry found no need for a conference",
        final=True,
    ),
    State(
        id="cin_agreed",
        label="Child in need plan agreed",
        stage="Ended",
        meaning="the conference agreed on help without a protection plan",
        final=True,
    ),
    State(id="plan_ended", label="Plan ended", stage="Ended", meaning="a conference ended the plan", final=True),
    State(
        id="transferred",
        label="Transferred",
        stage="Ended",
        meaning="another authority has taken over the plan",
        final=True,
    ),
    State(id="ended", label="Ended", stage="Ended", meaning="ended with the pre-birth case", final=True),
)

OPEN = open_states(STATES)

TRANSITIONS = (
    Transition(
        # Asks for so little because an urgent referral opens it in the same moment.
        trigger="request_strategy",
        label="Ask for a strategy discussion",
        sources=(NEW,),
        to="strategy_due",
        roles=(CW, TM, Role.FRONT_DOOR, Role.EMERGENCY_DUTY, Role.SERVICE_MANAGER),
        facts=(
            text("concern_reason", "The concern"),
            number("child", "Number of the child", "only after birth", required=False, minimum=1),
            text("safe_now", "What keeps mother and child safe today", required=False),
        ),
        notify=(TM,),
        basis="domain 10.5; 2.6: protection first, at any stage",
    ),
    Transition(
        trigger="hold_strategy_s47",
        label="Hold the strategy discussion: enquiry",
        sources=("strategy_due",),
        to="s47",
        roles=(TM,),
        facts=(
            day("strategy_held_on", "Strategy discussion held on"),
            AGENCIES,
            text("strategy_note", "What was decided, and why"),
        ),
        guards=("strategy_day_is_possible",),
        notify=(CW,),
        basis="Children Act 1989 s.47; domain 10.5",
    ),
    Transition(
        trigger="hold_strategy_no_action",
        label="Hold the strategy discussion: no enquiry",
        sources=("strategy_due",),
        to="no_further_action",
        roles=(TM,),
        facts=(
            day("strategy_held_on", "Strategy discussion held on"),
            AGENCIES,
            text("strategy_note", "What was decided, and why"),
        ),
        guards=("strategy_day_is_possible",),
        notify=(CW,),
        basis="domain 10.5",
    ),
    Transition(
        trigger="complete_s47_conference",
        label="Complete the enquiry: conference",
        sources=("s47",),
        to="icpc_booked",
        roles=(TM,),
        facts=(
            day("s47_completed_on", "Enquiry completed on"),
            choice("s47_finding", "Finding", ENQUIRY_FINDINGS),
            text("s47_note", "What was found"),
            day("conference_booked_for", "Conference booked for", required=False),
            day(
                "conference_by",
                "Conference by",
                "only where the local window of the pregnancy is used instead of 15 working days",
                required=False,
            ),
            text("later_conference_reason", "Why not within 15 working days", required=False),
            text("later_conference_agreed_by", "Who agreed", required=False),
        ),
        guards=("enquiry_follows_strategy", "later_conference_is_agreed"),
        notify=(CHAIR, CW),
        basis="domain 10.1, 10.5: 15 working days or the local gestation window; which, and who agreed, is recorded",
    ),
    Transition(
        trigger="complete_s47_no_conference",
        label="Complete the enquiry: no conference",
        sources=("s47",),
        to="no_conference",
        roles=(TM,),
        facts=(
            day("s47_completed_on", "Enquiry completed on"),
            choice("s47_finding", "Finding", NO_LIKELY_HARM),
            text("s47_note", "What was found, and the help that follows"),
        ),
        guards=("enquiry_follows_strategy",),
        notify=(CW,),
        basis="domain 10.5",
    ),
    Transition(
        trigger="hold_conference_plan",
        label="Hold the conference: protection plan",
        sources=("icpc_booked",),
        to="cp_plan",
        roles=(CHAIR,),
        facts=(
            *CONFERENCE,
            choice("category", "Category", ABUSE_CATEGORIES),
            text("outline_plan", "The outline plan"),
            day("core_group_booked_for", "First core group booked for", required=False),
        ),
        guards=("conference_follows_strategy", "conference_is_on_a_weekday", "conference_is_quorate_or_explained"),
        notify=(CW, TM, LEG),
        basis="CIN rules 2885, 8875; DEVON-LPM: a plan before birth leads to legal planning; domain 10.5",
    ),
    Transition(
        trigger="hold_conference_cin",
        label="Hold the conference: child in need plan",
        sources=("icpc_booked",),
        to="cin_agreed",
        roles=(CHAIR,),
        facts=(*CONFERENCE, text("outline_plan", "The help agreed")),
        guards=("conference_follows_strategy", "conference_is_on_a_weekday", "conference_is_quorate_or_explained"),
        notify=(CW, TM),
        basis="CIN rules 4001, 4016: never both plans at once; domain 10.5",
    ),
    Transition(
        trigger="hold_core_group",
        label="Hold a core group",
        sources=("cp_plan",),
        to=SELF,
        roles=(CW, TM),
        facts=(
            day("core_group_on", "Core group held on"),
            AGENCIES,
            text("core_group_note", "What was decided"),
            day("core_group_booked_for", "Next core group booked for", required=False),
        ),
        guards=("core_group_follows_conference",),
        basis="NEWCASTLE-CG; LIVERPOOL-VISITS; domain 10.5",
    ),
    Transition(
        trigger="hold_review",
        label="Hold a review: the plan goes on",
        sources=("cp_plan",),
        to=SELF,
        roles=(CHAIR,),
        facts=(*REVIEW, choice("category", "Category", ABUSE_CATEGORIES), text("review_note", "What was decided")),
        guards=("review_follows_plan_start", "conference_is_quorate_or_explained"),
        notify=(CW, TM),
        basis="TRIX-RCPC; SUSSEX-RCPC; CIN rule 8841; domain 10.5",
    ),
    Transition(
        trigger="record_cp_visit",
        label="Record a visit",
        sources=("cp_plan",),
        to=SELF,
        roles=(CW,),
        facts=(
            day("visited_on", "Visited on"),
            choices(
                "people_seen",
                "Seen",
                {"mother": "mother", "child": "child", "father": "father or partner", "other": "others"},
            ),
            text("visit_note", "What was seen and said"),
        ),
        guards=("visit_day_is_possible",),
        basis="LIVERPOOL-VISITS; CBEDS; domain 10.5",
    ),
    Transition(
        trigger="end_plan",
        label="Hold a review: the plan ends",
        sources=("cp_plan",),
        to="plan_ended",
        roles=(CHAIR,),
        facts=(*REVIEW, text("ending_reason", "Why the plan ends, and the help that follows")),
        guards=("review_follows_plan_start", "conference_is_quorate_or_explained"),
        notify=(CW, TM),
        basis="domain 10.5: a conference ends a plan; CIN rule 8840: not on the day it began",
    ),
    Transition(
        trigger="transfer_plan",
        label="Transfer the plan to another authority",
        sources=("cp_plan",),
        to="transferred",
        roles=(TM,),
        facts=(
            text("receiving_authority", "Receiving authority", personal=False),
            yes_no("accepted_in_writing", "Has it accepted in writing?"),
            day("transfer_conference_on", "Its transfer-in conference is on", required=False),
        ),
        guards=("receiving_authority_has_accepted",),
        notify=(CW, CHAIR),
        basis="domain 10.1 row 21, 10.5",
    ),
    end_with_parent(STATES),
    *taking_over(
        shared_rows(STATES, managers=(TM,), workers=(CW, CHAIR), approvals=False),
        number("child", "Number of the child", "only after birth", required=False, minimum=1),
        day("strategy_held_on", "Strategy discussion held on", required=False),
        day("conference_on", "Initial conference held on", required=False),
        choice("category", "Category", ABUSE_CATEGORIES, required=False),
    ),
)

CLOCKS = (
    Clock(
        id="strategy_discussion",
        label="Hold the strategy discussion",
        during=("strategy_due",),
        met_by=("hold_strategy_s47", "hold_strategy_no_action"),
        owner=TM,
    ),
    Clock(
        id="initial_conference",
        label="Hold the initial conference",
        during=("s47", "icpc_booked"),
        met_by=("hold_conference_plan", "hold_conference_cin"),
        owner=TM,
    ),
    Clock(
        id="first_core_group",
        label="First core group",
        during=("cp_plan",),
        met_by=("hold_core_group",),
    ),
    Clock(
        id="next_core_group",
        label="Next core group",
        during=("cp_plan",),
        after=("first_core_group",),
        met_by=("hold_core_group",),
        repeats=True,
    ),
    Clock(
        id="first_review",
        label="First review conference",
        during=("cp_plan",),
        met_by=("hold_review", "end_plan"),
        owner=CHAIR,
    ),
    Clock(
        id="later_review",
        label="Next review conference",
        during=("cp_plan",),
        after=("first_review",),
        met_by=("hold_review", "end_plan"),
        repeats=True,
        owner=CHAIR,
    ),
    Clock(
        id="cp_visit",
        label="Visit under the plan",
        during=("cp_plan",),
        met_by=("record_cp_visit",),
        repeats=True,
    ),
)

CHILD_PROTECTION = checked(
    Lifecycle(
        id="child_protection",
        label="Child protection",
        code="CP",
        version=1,
        subject="an unborn baby or child",
        stages=("Strategy", "Enquiry", "Conference", "Plan", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        parent="prebirth",
    )
)
