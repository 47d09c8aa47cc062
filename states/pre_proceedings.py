"""Pre-proceedings of one family: from the legal gateway to a step down or the application to court."""

from states.checks import checked
from states.codes import COURT_PLANS, FAMILY_GROUP_MEETINGS, PRE_PROCEEDINGS_OUTCOMES
from states.common import open_states, shared_rows
from states.court_guards import born, born_on, day_of, end_with_parent, in_order, said, taking_over
from states.facts import choice, code, day, text, yes_no
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition
from states.roles import Role

CW, TM, SM, HOS, LEG = (
    Role.CASEWORKER,
    Role.TEAM_MANAGER,
    Role.SERVICE_MANAGER,
    Role.HEAD_OF_SERVICE,
    Role.LEGAL,
)
GATEWAY = (SM, HOS)  # the tier that chairs differs: BEDFORD-LPM, CALDERDALE-ROLES

NOT_OFFERED = {name: FAMILY_GROUP_MEETINGS[name] for name in ("exempt", "not_in_force")}

# Guards


@guard("the decision to begin lies after the day it is recorded for")
def pp_start_is_possible(s: Situation) -> bool:
    return in_order(s, "pp_start_date")


@guard("the letter was sent before pre-proceedings began, or after the day it is recorded for")
def letter_follows_start(s: Situation) -> bool:
    return in_order(s, "lbp_sent_date") and _not_before(s, "lbp_sent_date", "pp_start_date")


@guard("the letter must offer a family group decision-making meeting, or the reason for no offer be given")
def letter_offers_family_meeting(s: Situation) -> bool:
    return in_order(s, "fgdm_meeting_offer") or _no_offer_is_explained(s, s.submitted.get("fgdm_not_offered"))


@guard("the first meeting lies before the letter, or after the day it is recorded for")
def first_meeting_follows_letter(s: Situation) -> bool:
    return in_order(s, "initial_pp_meeting_date") and _not_before(s, "initial_pp_meeting_date", "lbp_sent_date")


@guard("the family's meeting lies before it was offered, or after the day it is recorded for")
def family_meeting_follows_offer(s: Situation) -> bool:
    return in_order(s, "fgdm_meeting_offer", "fgdm_meeting_fac")


@guard("the review meeting lies before the first meeting, or after the day it is recorded for")
def pp_review_follows_first_meeting(s: Situation) -> bool:
    return in_order(s, "pp_review_on") and _not_before(s, "pp_review_on", "initial_pp_meeting_date")


@guard("the decision was taken before pre-proceedings began, or after the day it is recorded for")
def step_decision_follows_start(s: Situation) -> bool:
    return in_order(s, "step_decision_date") and _not_before(s, "step_decision_date", "pp_start_date")


@guard("a family group decision-making meeting is offered and, where accepted, held before an application to court")
def family_meeting_came_first(s: Situation) -> bool:
    """Children Act 1989 s.31ZA, once it is in force where this case is; `fgdm_in_force` says so."""
    came = s.submitted.get("family_group_meeting")
    if came == "held":
        return in_order(s, "fgdm_meeting_offer", "fgdm_meeting_fac")
    if came == "declined":
        return in_order(s, "fgdm_meeting_offer")
    return _no_offer_is_explained(s, came)


@guard("an application to court is made on or after the child's birth: the birth is not recorded, or is later")
def application_follows_birth(s: Situation) -> bool:
    birth, applied_on = born_on(s), day_of(s, "court_app_date")
    return birth is not None and applied_on is not None and birth <= applied_on


@guard("the application lies before the decision to issue, or after the day it is recorded for")
def application_follows_decision(s: Situation) -> bool:
    return in_order(s, "court_app_date") and _not_before(s, "court_app_date", "step_decision_date")


@guard("the letter that care proceedings have begun lies before the application")
def letter_follows_application(s: Situation) -> bool:
    return s.submitted.get("letter_init_cp_date") is None or in_order(s, "court_app_date", "letter_init_cp_date")


@guard("an application at short notice needs its reason")
def short_notice_has_a_reason(s: Situation) -> bool:
    return s.submitted.get("short_notice") is False or said(s, "short_notice_reason")


def _no_offer_is_explained(s: Situation, why: object) -> bool:
    if why == "exempt":
        return said(s, "family_group_reason")
    return why == "not_in_force" and not s.derived.get("fgdm_in_force")


def _not_before(s: Situation, later: str, earlier: str) -> bool:
    """Some ways to a decision lack the earlier step, as does a case taken over; the order is then not looked at."""
    return day_of(s, earlier) is None or in_order(s, earlier, later)


# Facts asked for more than once

LEGAL_ADVICE = text("legal_advice", "Legal advice given")
GATEWAY_NOTE = text("gateway_note", "What the gateway decided, and why")
FAMILY_REASON = text("family_group_reason", "Why an offer is not in the child's best interests", required=False)
OFFERED = day("fgdm_meeting_offer", "Family group decision-making meeting offered on", required=False)
HELD = day("fgdm_meeting_fac", "Family group decision-making meeting held on", required=False)
DECIDED = day("step_decision_date", "Decision taken on")
OUTCOME = choice(
    "pp_outcome",
    "Outcome code of the national return",
    PRE_PROCEEDINGS_OUTCOMES,
    "as the census guidance of the year says",
    required=False,
)
REPRESENTED = yes_no("parents_represented", "Do the parents have a lawyer?")

# The table

STATES = (
    State(
        id="gateway_requested",
        label="Legal gateway requested",
        stage="Gateway",
        meaning="a legal gateway is to decide what comes next",
    ),
    State(
        id="pp_started",
        label="Pre-proceedings begun",
        stage="Pre-proceedings",
        meaning="the letter before proceedings is to be sent",
    ),
    State(
        id="letter_sent",
        label="Letter sent",
        stage="Pre-proceedings",
        meaning="the parents have the letter; the first meeting is to be held",
    ),
    State(
        id="in_pre_proceedings",
        label="In pre-proceedings",
        stage="Pre-proceedings",
        meaning="the family works to the plan agreed at the meetings",
    ),
    State(
        id="awaiting_birth",
        label="Decided to issue, awaiting birth",
        stage="Application",
        meaning="papers are prepared; no application can be made before birth",
    ),
    State(
        id="issuing",
        label="Decided to issue",
        stage="Application",
        meaning="the child is born and the application is to be made",
    ),
    State(
        id="continue_plan",
        label="Plan continues",
        stage="Ended",
        meaning="the gateway saw no need for pre-proceedings",
        final=True,
    ),
    State(
        id="stepped_down",
        label="Stepped down",
        stage="Ended",
        meaning="pre-proceedings ended without an application",
        final=True,
    ),
    State(
        id="issued",
        label="Application made",
        stage="Ended",
        meaning="the application was made; care proceedings are a case of their own",
        final=True,
    ),
    State(id="ended", label="Ended", stage="Ended", meaning="ended with the pre-birth case", final=True),
)

OPEN = open_states(STATES)
UNDER_WAY = ("pp_started", "letter_sent", "in_pre_proceedings")


def _decide_to_issue() -> tuple[Transition, ...]:
    """The decision before birth and after it: one move for people, two ways on."""
    return tuple(
        Transition(
            trigger="decide_to_issue",
            label="Decide to apply to court",
            sources=("gateway_requested", *UNDER_WAY),
            to=to,
            when=(born.__name__, after_birth),
            roles=GATEWAY,
            facts=(
                DECIDED,
                GATEWAY_NOTE,
                LEGAL_ADVICE,
                choice("initial_plan", "Plan to put to the court", COURT_PLANS),
                choice("family_group_meeting", "Family group decision-making meeting", FAMILY_GROUP_MEETINGS),
                OFFERED,
                HELD,
                FAMILY_REASON,
                OUTCOME,
            ),
            guards=("step_decision_follows_start", "family_meeting_came_first"),
            notify=(CW, TM, LEG),
            basis="CWS-S1; NECHO: no proceedings before birth; domain 10.5",
        )
        for after_birth, to in ((False, "awaiting_birth"), (True, "issuing"))
    )


TRANSITIONS = (
    Transition(
        trigger="request_gateway",
        label="Ask for a legal gateway",
        sources=(NEW,),
        to="gateway_requested",
        roles=(CW, TM, SM),
        facts=(
            text("gateway_reason", "Why"),
            yes_no("earlier_pre_proceedings", "Were there pre-proceedings before?", required=False),
            day("gateway_booked_for", "Gateway booked for", required=False),
        ),
        notify=(TM, LEG),
        basis="KIRKLEES; DEVON-LPM; domain 10.5",
    ),
    Transition(
        trigger="decide_continue_plan",
        label="Decide to continue the plan",
        sources=("gateway_requested",),
        to="continue_plan",
        roles=GATEWAY,
        facts=(day("gateway_held_on", "Gateway held on"), GATEWAY_NOTE, LEGAL_ADVICE),
        notify=(CW, TM),
        basis="domain 5.2: gateway outcome A; 10.5",
    ),
    Transition(
        trigger="start_pre_proceedings",
        label="Begin pre-proceedings",
        sources=("gateway_requested",),
        to="pp_started",
        roles=GATEWAY,
        facts=(day("pp_start_date", "Decided to begin on"), GATEWAY_NOTE, LEGAL_ADVICE),
        guards=("pp_start_is_possible",),
        notify=(CW, TM, LEG),
        basis="domain 5.2: gateway outcome B, PPStartDate; 10.5",
    ),
    Transition(
        trigger="send_letter",
        label="Send the letter before proceedings",
        sources=("pp_started",),
        to="letter_sent",
        roles=(TM, LEG),
        facts=(
            day("lbp_sent_date", "Letter sent on"),
            OFFERED,
            choice("fgdm_not_offered", "If no meeting was offered, why", NOT_OFFERED, required=False),
            FAMILY_REASON,
            yes_no("letter_is_for_unborn", "Is the letter the one for an unborn child?", required=False),
        ),
        guards=("letter_follows_start", "letter_offers_family_meeting"),
        notify=(CW, LEG),
        basis="domain 5.2: LBPSentDate, FGDMMeetingOffer; CWS-S1: the offer stands in the letter; BRADFORD-PB",
    ),
    Transition(
        trigger="hold_first_meeting",
        label="Hold the first meeting",
        sources=("letter_sent",),
        to="in_pre_proceedings",
        roles=(TM, SM),
        facts=(
            day("initial_pp_meeting_date", "First meeting held on"),
            REPRESENTED,
            text("agreement", "What was agreed, and by when"),
            text("parents_views", "The parents' views, or why they are absent"),
        ),
        guards=("first_meeting_follows_letter",),
        notify=(CW, LEG),
        basis="domain 5.2: InitialPPMeetingDate; 10.5",
    ),
    Transition(
        trigger="record_family_group_meeting",
        label="Record the family's own meeting",
        sources=("letter_sent", "in_pre_proceedings", "awaiting_birth"),
        to=SELF,
        roles=(CW, TM),
        facts=(
            day("fgdm_meeting_offer", "Family group decision-making meeting offered on"),
            day("fgdm_meeting_fac", "Family group decision-making meeting held on"),
            text("family_plan", "The family's plan"),
        ),
        guards=("family_meeting_follows_offer",),
        notify=(TM,),
        basis="domain 5.2: FGDMMeetingFac; CWS-S1",
    ),
    Transition(
        trigger="hold_pp_review",
        label="Hold a review meeting",
        sources=("in_pre_proceedings",),
        to=SELF,
        roles=(TM, SM),
        facts=(
            day("pp_review_on", "Review meeting held on"),
            REPRESENTED,
            text("review_note", "Progress, and what was agreed"),
        ),
        guards=("pp_review_follows_first_meeting",),
        notify=(CW, LEG),
        basis="STEPHENSONS: about every 6 weeks; domain 5.2: ReviewMeetingsCount is counted from these; 10.5",
    ),
    Transition(
        trigger="step_down_pp",
        label="Step down",
        sources=(*UNDER_WAY, "awaiting_birth", "issuing"),
        to="stepped_down",
        roles=GATEWAY,
        facts=(DECIDED, GATEWAY_NOTE, LEGAL_ADVICE, OUTCOME),
        guards=("step_decision_follows_start",),
        notify=(CW, TM, LEG),
        basis="domain 5.2: StepDecisionDate, PPOutcome; 10.5",
    ),
    *_decide_to_issue(),
    Transition(
        trigger="prepare_papers",
        label="Record that the papers are ready",
        sources=("awaiting_birth", "issuing"),
        to=SELF,
        roles=(CW, LEG),
        facts=(day("papers_ready_on", "Papers ready on"), text("papers_note", "What is still missing", required=False)),
        notify=(LEG, TM),
        basis="domain 10.5: papers by 36+0",
    ),
    Transition(
        trigger="review_decision_to_issue",
        label="Review the decision to apply",
        sources=("awaiting_birth",),
        to=SELF,
        roles=(TM, *GATEWAY),
        facts=(text("review_note", "What has changed, and whether the decision stands"),),
        notify=(CW, LEG),
        basis="proposal: a decision taken before birth is looked at again until it is carried out",
    ),
    Transition(
        trigger="record_issue",
        label="Record the application to court",
        sources=("awaiting_birth", "issuing"),
        to="issued",
        roles=(LEG,),
        facts=(
            day("court_app_date", "Application made on"),
            day("letter_init_cp_date", "Letter that care proceedings have begun sent on", required=False),
            code("court_reference", "Court reference"),
            yes_no("short_notice", "At short notice?"),
            text("short_notice_reason", "If at short notice, why", required=False),
        ),
        guards=(
            "application_follows_birth",
            "application_follows_decision",
            "letter_follows_application",
            "short_notice_has_a_reason",
        ),
        notify=(CW, TM, SM),
        basis="NOTTM-DEKA; BECKET: on the day of birth, at most 5 days; domain 5.2: CourtAppDate, LetterInitCPDate",
    ),
    end_with_parent(STATES),
    *taking_over(
        shared_rows(STATES, managers=(TM,), workers=(CW,), approvals=False),
        day("pp_start_date", "Decided to begin on", required=False),
        day("lbp_sent_date", "Letter sent on", required=False),
        day("fgdm_meeting_offer", "Family group decision-making meeting offered on", required=False),
        day("initial_pp_meeting_date", "First meeting held on", required=False),
        day("step_decision_date", "Decision taken on", required=False),
    ),
)

CLOCKS = (
    Clock(
        id="gateway_decision",
        label="Decide at the legal gateway",
        during=("gateway_requested",),
        met_by=("decide_continue_plan", "start_pre_proceedings", "decide_to_issue"),
        owner=SM,
    ),
    Clock(
        id="letter_before_proceedings",
        label="Send the letter before proceedings",
        during=("pp_started",),
        met_by=("send_letter",),
        birth_related=True,
        owner=TM,
    ),
    Clock(
        id="first_pp_meeting",
        label="Hold the first meeting",
        during=("letter_sent",),
        met_by=("hold_first_meeting",),
        owner=TM,
    ),
    Clock(
        id="pp_review",
        label="Hold a review meeting",
        during=("in_pre_proceedings",),
        met_by=("hold_pp_review",),
        repeats=True,
        owner=TM,
    ),
    Clock(
        id="pp_decision",
        label="Decide: step down or apply to court",
        during=UNDER_WAY,
        met_by=("step_down_pp", "decide_to_issue"),
        owner=SM,
    ),
    Clock(
        # Apart from the 16 weeks: it has no meaning once the child is born, and falls silent where a pregnancy ends.
        id="pp_decision_before_birth",
        label="Decide before birth: step down or apply to court",
        during=UNDER_WAY,
        met_by=("step_down_pp", "decide_to_issue"),
        only_if="is_before_birth",
        birth_related=True,
        owner=SM,
    ),
    Clock(
        id="papers_ready",
        label="Have the papers ready",
        during=("awaiting_birth",),
        met_by=("prepare_papers",),
        birth_related=True,
        owner=LEG,
    ),
    Clock(
        id="decision_review",
        label="Review the decision",
        during=("awaiting_birth",),
        met_by=("review_decision_to_issue",),
        repeats=True,
        owner=TM,
    ),
    Clock(
        id="application_after_birth",
        label="Apply to court after the birth",
        during=("awaiting_birth",),
        met_by=("record_issue",),
        birth_related=True,
        owner=LEG,
    ),
    Clock(
        id="application",
        label="Apply to court",
        during=("issuing",),
        met_by=("record_issue",),
        owner=LEG,
    ),
)

PRE_PROCEEDINGS = checked(
    Lifecycle(
        id="pre_proceedings",
        label="Pre-proceedings",
        code="PP",
        version=1,
        subject="a family",
        stages=("Gateway", "Pre-proceedings", "Application", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        parent="prebirth",
    )
)
