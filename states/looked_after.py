"""A looked-after child: the order or agreement in force, visits, reviews, permanence and the steps of an adoption."""

from datetime import datetime, timedelta

from states.checks import checked
from states.codes import (
    ADOPTION_PLACEMENTS,
    ADOPTION_REVERSALS,
    CEASED_REASONS,
    LEGAL_STATUSES,
    NEW_EPISODE_REASONS,
    ORDER_KINDS,
    PERMANENCE_PLANS,
    PLACEMENTS,
    REVIEW_PARTICIPATION,
)
from states.common import open_states, shared_clocks, shared_rows
from states.court_guards import born_on, day_of, end_with_parent, in_order, instant_of, taking_over
from states.facts import choice, code, day, instant, number, person, text, yes_no
from states.guards import Situation, branch, guard
from states.lifecycle import NEW, SELF, Approval, Clock, Lifecycle, State, Transition
from states.roles import Role

CW, TM, SM, LEG, CHAIR = (
    Role.CASEWORKER,
    Role.TEAM_MANAGER,
    Role.SERVICE_MANAGER,
    Role.LEGAL,
    Role.CHAIR,
)

POLICE_PROTECTION = timedelta(hours=72)  # elapsed, whatever the clocks in England do
EMERGENCY_ORDER, EMERGENCY_EXTENSION = timedelta(days=8), timedelta(days=7)
CONSENT_FROM = timedelta(weeks=6)  # after birth: ACA-S52
LIVED_WITH_ADOPTERS = timedelta(weeks=10)

STATUSES_OF = {
    "police_protection": ("L1",),
    "emergency_order": ("L2",),
    "accommodated_s20": ("V2",),
    "interim_order": ("C1",),
    "final_order": ("C2", "E1"),
}
EARLY_PERMANENCE = ("U2", "U5")
WITH_PARENTS = "P1"
WITH_CONSENT = ("A3", "A4")

# What tells rows apart


@branch
def order_kind(s: Situation) -> str | None:
    """The kind of the order recorded by this move; each leads to the state of its name."""
    return s.submitted.get("kind")


@branch
def decision_after_lapse(s: Situation) -> str | None:
    return s.submitted.get("decision_after_lapse")


# Guards: orders


@guard("a child is looked after from birth at the earliest: the birth is not recorded, or is later")
def care_follows_birth(s: Situation) -> bool:
    birth, since = born_on(s), day_of(s, "became_looked_after_on")
    return birth is not None and since is not None and birth <= since <= s.occurred_on


@guard("the order was made after the day it is recorded for")
def order_day_is_possible(s: Situation) -> bool:
    return in_order(s, "made_at")


@guard("the legal status is not that of this kind of order")
def legal_status_fits_order(s: Situation) -> bool:
    return s.submitted.get("legal_status") in STATUSES_OF.get(str(s.submitted.get("kind")), ())


@guard("police protection ends at the latest 72 hours after the child was taken into it: say when, and when it ends")
def police_protection_ends_within_72_hours(s: Situation) -> bool:
    taken_at, ends_at = instant_of(s, "taken_at"), instant_of(s, "expires_at")
    return taken_at is not None and ends_at is not None and taken_at < ends_at <= taken_at + POLICE_PROTECTION


@guard("an emergency protection order says when it ends, and lasts 8 days at most")
def emergency_order_ends_within_8_days(s: Situation) -> bool:
    return s.submitted.get("expires_at") is not None and _ends_within(s, EMERGENCY_ORDER)


@guard("an emergency protection order is extended once, by 7 days at most: 15 days in all")
def emergency_order_is_extended_once(s: Situation) -> bool:
    return "extend_order" not in s.last_actor and _ends_within(s, EMERGENCY_ORDER + EMERGENCY_EXTENSION)


def _ends_within(s: Situation, most: timedelta) -> bool:
    """Counted in days, as orders are: one made at noon may last to the end of its last day."""
    made_on, ends_on = day_of(s, "made_at"), day_of(s, "expires_at")
    return made_on is not None and ends_on is not None and _ends_later(s) and ends_on <= made_on + most


@guard("the order ends before it was made")
def order_ends_after_it_was_made(s: Situation) -> bool:
    return s.submitted.get("expires_at") is None or _ends_later(s)


def _ends_later(s: Situation) -> bool:
    made_at, ends_at = instant_of(s, "made_at"), instant_of(s, "expires_at")
    return ends_at is not None and (made_at is None or made_at < ends_at)


@guard("the order says no time at which it ends")
def order_names_its_end(s: Situation) -> bool:
    return s.submitted.get("expires_at") is not None


@guard("the time at which the order ends has not come")
def order_has_expired(s: Situation) -> bool:
    ends_at, at = instant_of(s, "expires_at"), s.derived.get("occurred_at")
    if ends_at is None or not isinstance(at, datetime):
        return False
    return ends_at <= at


@guard("a placement order is made after the agency decided on adoption")
def placement_order_follows_decision(s: Situation) -> bool:
    if s.submitted.get("legal_status") != "E1":
        return True
    decided_on, made_on = day_of(s, "adoption_decided_on"), day_of(s, "made_at")
    return decided_on is not None and made_on is not None and decided_on <= made_on


@guard("somebody other than a service manager decided")
def decided_without_service_manager(s: Situation) -> bool:
    return s.derived.get("actor_role") != SM


@guard("say on which day the child ceased to be looked after, and why")
def ceasing_is_explained(s: Situation) -> bool:
    return in_order(s, "ceased_on") and s.submitted.get("reason_ceased") is not None


@guard("the day the child ceased to be looked after lies before that it began, or after the day it is recorded for")
def ceasing_follows_beginning(s: Situation) -> bool:
    began = day_of(s, "became_looked_after_on")
    return in_order(s, "ceased_on") and (began is None or in_order(s, "became_looked_after_on", "ceased_on"))


# Guards: accommodation by agreement


@guard("the worker is not satisfied that the parent has capacity to agree")
def parent_has_capacity(s: Situation) -> bool:
    return s.submitted.get("has_capacity") is True


@guard("the parent does not have all the information, with the right to object and to take the child home at any time")
def parent_is_fully_informed(s: Situation) -> bool:
    return s.submitted.get("fully_informed") is True


@guard("the worker is not satisfied that accommodation is necessary and proportionate")
def accommodation_is_proportionate(s: Situation) -> bool:
    return s.submitted.get("necessary_and_proportionate") is True


@guard("no agreement is asked of a mother who is in labour or sedated: say that she is not")
def parent_is_fit_to_agree(s: Situation) -> bool:
    return s.submitted.get("in_labour_or_sedated") is False


# Guards: placement, reviews, adoption


@guard("a placement with early permanence carers needs the day it began as such")
def early_permanence_is_dated(s: Situation) -> bool:
    return s.submitted.get("placement") not in EARLY_PERMANENCE or s.submitted.get("early_permanence_from") is not None


@guard("the placement began after the day it is recorded for")
def placement_day_is_possible(s: Situation) -> bool:
    return in_order(s, "placed_on")


@guard("the visit lies after the day it is recorded for")
def lac_visit_day_is_possible(s: Situation) -> bool:
    return in_order(s, "visited_on")


@guard("the review lies before the child became looked after, or after the day it is recorded for")
def lac_review_day_is_possible(s: Situation) -> bool:
    began = day_of(s, "became_looked_after_on")
    return in_order(s, "review_on") and (began is None or in_order(s, "became_looked_after_on", "review_on"))


@guard("the child is not placed with a parent whose assessment is still to be completed")
def placed_with_unassessed_parent(s: Situation) -> bool:
    return placed_with_parent(s) and s.facts.get("parent_assessed") is not True


@guard("the child is not placed with a parent")
def placed_with_parent(s: Situation) -> bool:
    return s.facts.get("placement") == WITH_PARENTS


@guard("the agency decision lies after the day it is recorded for")
def adoption_decision_day_is_possible(s: Situation) -> bool:
    return in_order(s, "adoption_decided_on")


@guard("the agency has not decided on adoption, or has reversed it")
def adoption_is_decided(s: Situation) -> bool:
    decided_on, reversed_on = day_of(s, "adoption_decided_on"), day_of(s, "adoption_reversed_on")
    return decided_on is not None and (reversed_on is None or reversed_on < decided_on)


@guard("the reversal lies before the decision, or after the day it is recorded for")
def reversal_follows_decision(s: Situation) -> bool:
    return in_order(s, "adoption_decided_on", "adoption_reversed_on")


@guard("a mother's consent to adoption has no effect in the first six weeks after the birth")
def consent_is_six_weeks_after_birth(s: Situation) -> bool:
    birth, given_on = born_on(s), day_of(s, "adoption_consent_on")
    return birth is not None and given_on is not None and birth + CONSENT_FROM <= given_on <= s.occurred_on


@guard("the match lies before the agency's decision on adoption, or after the day it is recorded for")
def match_follows_decision(s: Situation) -> bool:
    return in_order(s, "adoption_decided_on", "matched_on")


@guard("the placement for adoption lies before the decision or the match, or after the day it is recorded for")
def adoption_placement_follows_match(s: Situation) -> bool:
    return in_order(s, "adoption_decided_on", "matched_on", "placed_for_adoption_on")


@guard("a placement for adoption needs a placement order (A5, A6) or consent given six weeks after birth (A3, A4)")
def adoption_placement_is_authorised(s: Situation) -> bool:
    if s.submitted.get("placement") in WITH_CONSENT:
        return in_order(s, "adoption_consent_on", "placed_for_adoption_on")
    return s.facts.get("legal_status") == "E1"


@guard("the child must have lived with the adopters for 10 weeks, counted from living with them")
def child_lived_with_adopters_10_weeks(s: Situation) -> bool:
    since, applied_on = day_of(s, "lived_with_adopters_since"), day_of(s, "adoption_applied_on")
    return since is not None and applied_on is not None and since + LIVED_WITH_ADOPTERS <= applied_on <= s.occurred_on


@guard("there is no application to adopt, or the adoption lies before it")
def adoption_follows_application(s: Situation) -> bool:
    return in_order(s, "adoption_applied_on", "ceased_on")


# Facts asked for more than once

CHILD = number("child", "Number of the child", minimum=1)
ORDER = (
    choice("kind", "Order or agreement", ORDER_KINDS),
    choice("legal_status", "Legal status", LEGAL_STATUSES),
    instant("made_at", "Made or signed at", "as written on the order"),
    instant(
        "expires_at",
        "Ends at",
        "as written on the order; an interim order may name no end",
        required=False,
    ),
    instant("taken_at", "Taken into police protection at", "police protection only", required=False),
    code("court_reference", "Court reference", required=False),
    yes_no("has_capacity", "Is the worker satisfied that the parent has capacity?", "section 20 only", required=False),
    yes_no(
        "fully_informed",
        "Does the parent have all the information?",
        "section 20 only; with the right to object and to take the child home at any time",
        required=False,
    ),
    yes_no(
        "necessary_and_proportionate",
        "Is accommodation necessary and proportionate?",
        "section 20 only",
        required=False,
    ),
    yes_no("in_labour_or_sedated", "Is the mother in labour or sedated?", "section 20 only", required=False),
    text("agreed_by", "Who agreed, and who explained", "section 20 only", required=False),
)
PLACEMENT = (
    choice("placement", "Placement", PLACEMENTS),
    day("placed_on", "Placed on"),
    day(
        "early_permanence_from",
        "Fostering for adoption or concurrent planning since",
        "where the carers are dually approved",
        required=False,
    ),
    yes_no("parent_assessed", "If with a parent, is the assessment complete?", required=False),
)
CEASING = (
    day("ceased_on", "Ceased to be looked after on"),
    choice("reason_ceased", "Reason", CEASED_REASONS),
    text("ceasing_note", "Where the child is, and with whom"),
)
NOTE = text("note", "Note", required=False)

# The table

STATES = (
    State(
        id="police_protection",
        label="Police protection",
        stage="Emergency",
        meaning="at most 72 hours from the moment the child was taken into it",
    ),
    State(
        id="emergency_order",
        label="Emergency protection order",
        stage="Emergency",
        meaning="at most 8 days, extended once by at most 7",
    ),
    State(
        id="accommodated_s20",
        label="Accommodated by agreement",
        stage="By agreement",
        meaning="section 20: a parent may object or take the child home at any time",
    ),
    State(
        id="interim_order",
        label="Interim care order",
        stage="Court order",
        meaning="while the proceedings go on",
    ),
    State(
        id="final_order",
        label="Care or placement order",
        stage="Court order",
        meaning="the court has decided; permanence is being carried out",
    ),
    State(
        id="order_lapsed",
        label="Order lapsed",
        stage="Lapsed",
        meaning="nothing in law keeps the child away from the parents; people must decide at once",
    ),
    State(id="ceased", label="No longer looked after", stage="Ended", meaning="the child left care", final=True),
    State(id="ended", label="Ended", stage="Ended", meaning="ended with the pre-birth case", final=True),
)

OPEN = open_states(STATES)
IN_FORCE = tuple(state for state in OPEN if state != "order_lapsed")
TIMED = ("police_protection", "emergency_order", "interim_order")
BY_ORDER = (*TIMED, "final_order")
SETTLED = ("accommodated_s20", "interim_order", "final_order")  # where plans for adoption can be made

OF_KIND = {
    "police_protection": ("police_protection_ends_within_72_hours",),
    "emergency_order": ("emergency_order_ends_within_8_days",),
    "accommodated_s20": (
        "parent_has_capacity",
        "parent_is_fully_informed",
        "accommodation_is_proportionate",
        "parent_is_fit_to_agree",
    ),
    "interim_order": ("order_ends_after_it_was_made",),
    "final_order": ("placement_order_follows_decision",),
}
BASIS_OF_KIND = {
    "police_protection": "CLAS; LACV-PKG rule 361: 72 hours",
    "emergency_order": "CLAS: 8 days",
    "accommodated_s20": "RE-CA; WILLIAMS: no compulsory power; domain 10.3.4",
    "interim_order": "CFA-S14; domain 10.5",
    "final_order": "LACV-PKG rule 554; domain 10.5",
}

_RECORD_ORDER = tuple(
    Transition(
        trigger="record_order",
        label="Record how the child became looked after",
        sources=(NEW,),
        to=kind,
        when=("order_kind", kind),
        roles=(CW, TM, LEG, Role.EMERGENCY_DUTY),
        facts=(
            CHILD,
            day("became_looked_after_on", "Became looked after on"),
            *ORDER,
            *PLACEMENT,
            person("reviewing_officer", "Reviewing officer", required=False),
        ),
        guards=(
            "care_follows_birth",
            "order_day_is_possible",
            "legal_status_fits_order",
            *OF_KIND[kind],
            "early_permanence_is_dated",
            "placement_day_is_possible",
        ),
        notify=(TM, SM, LEG, CHAIR),
        basis=BASIS_OF_KIND[kind],
    )
    for kind in ORDER_KINDS
)
_REPLACE_ORDER = tuple(
    Transition(
        trigger="replace_order",
        label="Record a new order or agreement",
        sources=tuple(state for state in OPEN if state != kind or kind != "police_protection"),
        to=kind,
        when=("order_kind", kind),
        roles=(CW, TM, LEG, Role.EMERGENCY_DUTY),
        facts=ORDER,
        guards=("order_day_is_possible", "legal_status_fits_order", *OF_KIND[kind]),
        notify=(CW, TM, LEG, CHAIR),
        basis=BASIS_OF_KIND[kind],
    )
    for kind in ORDER_KINDS
)
_AFTER_LAPSE = {
    "apply": "ask the court for an order at once",
    "agreement": "ask the parents to agree to accommodation",
    "return": "the child is no longer looked after",
}
_DECIDE_AFTER_LAPSE = tuple(
    Transition(
        trigger="decide_after_lapse",
        label="Decide after an order has lapsed",
        sources=("order_lapsed",),
        to="ceased" if decision == "return" else SELF,
        when=("decision_after_lapse", decision),
        roles=(LEG, SM),
        facts=(
            choice("decision_after_lapse", "Decision", _AFTER_LAPSE),
            text("legal_advice", "Legal advice given"),
            text("child_is_where", "Where the child is, and with whose agreement"),
            day("ceased_on", "Ceased to be looked after on", "where that is the decision", required=False),
            choice("reason_ceased", "Reason", CEASED_REASONS, "where that is the decision", required=False),
        ),
        guards=("ceasing_is_explained", "ceasing_follows_beginning") if decision == "return" else (),
        # A return ends the case, and with it every chance to approve later: that approval comes first.
        approval=Approval(by=SM, when="decided_without_service_manager", may_follow=decision != "return"),
        notify=(CW, TM, SM, LEG),
        basis="domain 10.5: legal and the service manager decide within 1 hour",
    )
    for decision in _AFTER_LAPSE
)

TRANSITIONS = (
    *_RECORD_ORDER,
    *_REPLACE_ORDER,
    Transition(
        trigger="extend_order",
        label="Record the court's extension of the order",
        sources=("emergency_order",),
        to=SELF,
        roles=(LEG, CW),
        facts=(instant("expires_at", "Ends now at", "as written on the order"), NOTE),
        guards=("emergency_order_is_extended_once",),
        notify=(CW, TM, LEG),
        basis="CLAS: once, to 15 days in all; domain 10.3.5",
    ),
    Transition(
        trigger="extend_order",
        label="Record the court's extension of the order",
        sources=("interim_order",),
        to=SELF,
        roles=(LEG, CW),
        facts=(instant("expires_at", "Ends now at", "as written on the order"), NOTE),
        guards=("order_ends_after_it_was_made",),
        notify=(CW, TM, LEG),
        basis="domain 10.5",
    ),
    Transition(
        trigger="discharge_order",
        label="Record that the order is discharged",
        sources=BY_ORDER,
        to="ceased",
        roles=(LEG, TM),
        facts=CEASING,
        guards=("ceasing_follows_beginning",),
        notify=(CW, TM, CHAIR),
        basis="domain 10.5, 5.3",
    ),
    Transition(
        # The only move a timer makes: that an order has come to its end is a fact of law, not a decision.
        trigger="lapse_order",
        label="Record that the order has lapsed",
        sources=TIMED,
        to="order_lapsed",
        roles=(Role.SYSTEM,),
        guards=("order_has_expired",),
        notify=(CW, TM, LEG, SM),
        basis="domain 10.5, 10.3.5",
    ),
    *_DECIDE_AFTER_LAPSE,
    Transition(
        trigger="record_objection",
        label="Record an objection to accommodation",
        sources=("accommodated_s20",),
        to=SELF,
        roles=(CW, TM, Role.EMERGENCY_DUTY, LEG),
        facts=(
            instant("objected_at", "Objected at"),
            text("objected_by", "Who objects, and what they ask for"),
            text("child_is_where", "Where the child is"),
        ),
        notify=(LEG, TM, SM),
        basis="WILLIAMS: a parent may object or take the child back at will; domain 10.3.4: legal at once",
    ),
    Transition(
        trigger="answer_objection",
        label="Answer the objection",
        sources=("accommodated_s20",),
        to=SELF,
        roles=(LEG,),
        facts=(text("objection_answer", "Legal advice, and what happens now"),),
        notify=(CW, TM, SM),
        basis="domain 10.3.4",
    ),
    Transition(
        trigger="review_agreement",
        label="Review the agreement",
        sources=("accommodated_s20",),
        to=SELF,
        roles=(TM, LEG),
        facts=(text("review_note", "Whether it still stands, and the plan for the child's legal position"),),
        notify=(CW, LEG),
        basis="domain 10.3.4: at 10 working days",
    ),
    Transition(
        trigger="end_accommodation",
        label="Record that accommodation has ended",
        sources=("accommodated_s20",),
        to="ceased",
        roles=(TM, LEG),
        facts=CEASING,
        guards=("ceasing_follows_beginning",),
        notify=(CW, LEG, CHAIR),
        basis="domain 10.3.4: withdrawn; WILLIAMS",
    ),
    Transition(
        trigger="change_placement",
        label="Record a change of placement",
        sources=OPEN,
        to=SELF,
        roles=(CW, TM),
        facts=(*PLACEMENT, choice("new_episode", "Reason for a new episode", NEW_EPISODE_REASONS), NOTE),
        guards=("early_permanence_is_dated", "placement_day_is_possible"),
        notify=(TM, CHAIR),
        basis="domain 5.3; SEFTON-EP",
    ),
    Transition(
        trigger="record_lac_visit",
        label="Record a visit to the child",
        sources=OPEN,
        to=SELF,
        roles=(CW,),
        facts=(
            day("visited_on", "Visited on"),
            yes_no("child_seen", "Was the child seen?"),
            text("visit_note", "What was seen and said"),
        ),
        guards=("lac_visit_day_is_possible",),
        basis="CPPCR-28",
    ),
    Transition(
        trigger="hold_lac_review",
        label="Hold a review",
        sources=OPEN,
        to=SELF,
        roles=(CHAIR,),
        facts=(
            day("review_on", "Review held on"),
            choice("participation", "The child's part in it", REVIEW_PARTICIPATION),
            text("review_note", "What was decided"),
        ),
        guards=("lac_review_day_is_possible",),
        notify=(CW, TM),
        basis="CPPCR-33",
    ),
    Transition(
        trigger="agree_permanence_plan",
        label="Agree the permanence plan",
        sources=OPEN,
        to=SELF,
        roles=(TM, CHAIR),
        facts=(
            choice("permanence_plan", "Plan", PERMANENCE_PLANS),
            choice("parallel_plan", "Plan pursued beside it", PERMANENCE_PLANS, required=False),
            text("plan_note", "Why, and what the parents and family think"),
        ),
        notify=(CW, CHAIR),
        basis="WALTHAM-ADOPT: by the second review",
    ),
    Transition(
        trigger="decide_adoption",
        label="Decide that the child should be placed for adoption",
        sources=SETTLED,
        to=SELF,
        roles=(Role.ASSISTANT_DIRECTOR,),
        facts=(day("adoption_decided_on", "Decided on"), text("adoption_reason", "Why")),
        guards=("adoption_decision_day_is_possible",),
        notify=(CW, TM, LEG, CHAIR),
        basis="CALDERDALE-ROLES: the agency decision maker; domain 10.3.3",
    ),
    Transition(
        trigger="reverse_adoption_decision",
        label="Reverse the decision on adoption",
        sources=SETTLED,
        to=SELF,
        roles=(Role.ASSISTANT_DIRECTOR,),
        facts=(
            day("adoption_reversed_on", "Reversed on"),
            choice("reversal_reason", "Reason", ADOPTION_REVERSALS),
        ),
        guards=("reversal_follows_decision",),
        notify=(CW, TM, LEG, CHAIR),
        basis="LACV-PKG rule 148: date and reason together; domain 5.3",
    ),
    Transition(
        trigger="record_adoption_consent",
        label="Record consent to adoption",
        sources=SETTLED,
        to=SELF,
        roles=(LEG, TM),
        facts=(
            day("adoption_consent_on", "Consent given on", "six weeks after the birth at the earliest"),
            text("consent_given_by", "Who consented, and who witnessed it"),
        ),
        guards=("consent_is_six_weeks_after_birth",),
        notify=(CW, TM, LEG, CHAIR),
        basis="ACA-S52; SANDWELL-2008",
    ),
    Transition(
        trigger="match_adopters",
        label="Record the match with adopters",
        sources=SETTLED,
        to=SELF,
        roles=(Role.ASSISTANT_DIRECTOR, TM),
        facts=(day("matched_on", "Matched on"), code("adopters", "Adopters", "reference only")),
        guards=("adoption_is_decided", "match_follows_decision"),
        notify=(CW, LEG, CHAIR),
        basis="domain 10.3.3",
    ),
    Transition(
        trigger="place_for_adoption",
        label="Place for adoption",
        sources=("accommodated_s20", "final_order"),
        to=SELF,
        roles=(TM,),
        facts=(
            day("placed_for_adoption_on", "Placed for adoption on"),
            choice("placement", "Placement", ADOPTION_PLACEMENTS),
            day("lived_with_adopters_since", "Living with the adopters since", "as foster carers counts"),
        ),
        guards=("adoption_is_decided", "adoption_placement_follows_match", "adoption_placement_is_authorised"),
        notify=(CW, LEG, CHAIR),
        basis="LACV-PKG rules 408, 521, 551; BCT-ADOPT",
    ),
    Transition(
        trigger="apply_to_adopt",
        label="Record the application to adopt",
        sources=("accommodated_s20", "final_order"),
        to=SELF,
        roles=(LEG, CW),
        facts=(day("adoption_applied_on", "Applied on"), code("adoption_reference", "Court reference", required=False)),
        guards=("adoption_is_decided", "child_lived_with_adopters_10_weeks"),
        notify=(TM, CHAIR),
        basis="BCT-ADOPT: 10 weeks, from living with them",
    ),
    Transition(
        trigger="record_adoption",
        label="Record the adoption",
        sources=("accommodated_s20", "final_order"),
        to="ceased",
        roles=(LEG,),
        facts=(
            day("ceased_on", "Adopted on"),
            choice("reason_ceased", "Reason", {name: CEASED_REASONS[name] for name in ("E11", "E12")}),
        ),
        guards=("adoption_follows_application",),
        notify=(CW, TM, CHAIR),
        basis="domain 10.3.3, 5.3",
    ),
    end_with_parent(STATES),
    *taking_over(
        shared_rows(STATES, managers=(TM,), workers=(CW, CHAIR)),
        CHILD,
        day("became_looked_after_on", "Became looked after on", required=False),
        choice("legal_status", "Legal status", LEGAL_STATUSES, required=False),
        choice("placement", "Placement", {**PLACEMENTS, **ADOPTION_PLACEMENTS}, required=False),
        instant("made_at", "Made or signed at", required=False),
        instant("taken_at", "Taken into police protection at", required=False),
        instant("expires_at", "The order ends at", "as written on the order", required=False),
    ),
)

CLOCKS = (
    Clock(
        id="police_protection_72h",
        label="End of police protection",
        during=("police_protection",),
        met_by=("replace_order", "discharge_order"),
        owner=LEG,
    ),
    Clock(
        # The engine fires lapse_order when this is due.
        id="order_expires",
        label="End of the order",
        during=TIMED,
        started_by=("record_order", "replace_order", "extend_order", "migrate_in"),
        met_by=("replace_order", "discharge_order"),
        only_if="order_names_its_end",
        owner=LEG,
    ),
    Clock(
        id="after_lapse_decision",
        label="Decide after the order has lapsed",
        during=("order_lapsed",),
        met_by=("decide_after_lapse", "replace_order"),
        owner=LEG,
    ),
    Clock(
        id="order_after_lapse",
        label="Have an order or an agreement in force again",
        during=("order_lapsed",),
        started_by=("decide_after_lapse",),
        met_by=("replace_order",),
        owner=LEG,
    ),
    Clock(
        id="objection_answer",
        label="Answer the objection to accommodation",
        during=("accommodated_s20",),
        started_by=("record_objection",),
        met_by=("answer_objection", "end_accommodation", "replace_order"),
        owner=LEG,
    ),
    Clock(
        id="agreement_review",
        label="Review the agreement to accommodation",
        during=("accommodated_s20",),
        met_by=("review_agreement",),
        owner=TM,
    ),
    Clock(
        id="placement_visit",
        label="First visit after the placement",
        during=OPEN,
        started_by=("record_order", "change_placement", "place_for_adoption"),
        met_by=("record_lac_visit",),
        cancelled_by=("change_placement", "place_for_adoption"),
    ),
    Clock(
        id="lac_visit",
        label="Visit to the child",
        during=OPEN,
        met_by=("record_lac_visit",),
        repeats=True,
    ),
    Clock(
        id="weekly_visit",
        label="Weekly visit with a parent, until the first review",
        during=OPEN,
        started_by=("record_order", "change_placement"),
        met_by=("record_lac_visit",),
        cancelled_by=("hold_lac_review", "change_placement", "place_for_adoption"),
        only_if="placed_with_unassessed_parent",
        repeats=True,
    ),
    Clock(
        id="home_visit",
        label="Visit at home under an interim order",
        during=("interim_order",),
        started_by=("hold_lac_review",),
        met_by=("record_lac_visit",),
        cancelled_by=("change_placement",),
        only_if="placed_with_parent",
        repeats=True,
    ),
    Clock(
        id="first_lac_review",
        label="First review",
        during=OPEN,
        met_by=("hold_lac_review",),
        owner=CHAIR,
    ),
    Clock(
        id="second_lac_review",
        label="Second review",
        during=OPEN,
        after=("first_lac_review",),
        met_by=("hold_lac_review",),
        owner=CHAIR,
    ),
    Clock(
        id="later_lac_review",
        label="Next review",
        during=OPEN,
        after=("second_lac_review",),
        met_by=("hold_lac_review",),
        repeats=True,
        owner=CHAIR,
    ),
    Clock(
        id="permanence_plan",
        label="Agree the permanence plan",
        during=OPEN,
        met_by=("agree_permanence_plan",),
        owner=TM,
    ),
    *shared_clocks(STATES),
)

LOOKED_AFTER = checked(
    Lifecycle(
        id="looked_after",
        label="Looked after",
        code="LA",
        version=1,
        subject="a child",
        stages=("Emergency", "By agreement", "Court order", "Lapsed", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        parent="prebirth",
        per_child=True,
    )
)
