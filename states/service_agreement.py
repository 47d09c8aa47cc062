"""A service agreement: who provides a service, who pays, until when, and when that is looked at again. About nobody."""

from dataclasses import replace

from states.checks import checked
from states.common import shared_rows
from states.facts import Fact, FactType, choice, choices, code, day, number, person
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition
from states.roles import Role

SM, HOS, AD = Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR
SERVICES = {"pause": "Pause", "pre_birth": "Pre-birth service", "other": "another service"}
KINDS = {
    "commissioned": "commissioned provider",
    "joint_funding": "joint funding",
    "licence": "licence",
    "funding": "funding period",
}


@guard("it ends before it starts")
def ends_after_it_starts(s: Situation) -> bool:
    starts, ends = s.on("starts_on"), s.on("ends_on")
    return starts is None or ends is None or starts < ends


@guard("the new end does not lie ahead")
def new_end_lies_ahead(s: Situation) -> bool:
    ends = s.on("ends_on")
    return ends is not None and ends > s.occurred_on


@guard("the day on which it is looked at next does not lie ahead")
def next_review_lies_ahead(s: Situation) -> bool:
    following = s.on("review_on")
    return following is not None and following > s.occurred_on


def _plain(name: str, label: str, hint: str = "", *, required: bool = True) -> Fact:
    """Text about a service, not about a person: it may stand in the clear, and no name belongs in it."""
    return code(name, label, hint or "no name of a person", required=required)


ENDS_ON = day("ends_on", "Ends on", "the day it no longer holds")
REVIEW_ON = day("review_on", "Looked at next on", "before its last months, the day on which it ends at the latest")
AGREED = (
    choice("service", "Service", SERVICES),
    choice("agreement_kind", "Kind", KINDS),
    _plain("provider", "Provider"),
    _plain("area", "Area", "such as east of the county, or county-wide"),
    choices(
        "funders",
        "Paid for by",
        {"authority": "the authority", "provider": "the provider", "dfe": "a Department for Education grant"},
        required=False,
    ),
    day("starts_on", "Starts on", "left empty where it is not stated", required=False),
    ENDS_ON,
    number("months", "Months agreed", required=False, minimum=1, maximum=240),
    _plain("as_stated", "As the agreement or source says it", required=False),
    person("worker", "Who answers for it", required=False),
    code("follows", "Agreement it follows", "such as SA-12", required=False),
)

TAKEN_OVER = tuple(replace(fact, required=False) for fact in AGREED if fact.type is not FactType.PERSON)


def _taken_over(row: Transition) -> Transition:
    """One taken over brings the dates it counts from."""
    return replace(row, facts=(*row.facts, *TAKEN_OVER)) if row.trigger == "migrate_in" else row


STATES = (
    State(id="agreed", label="Agreed", stage="Agreed", meaning="signed; it has not begun"),
    State(id="running", label="Running", stage="Running", meaning="the service is provided and paid for under it"),
    State(id="renewed", label="Renewed", stage="Ended", meaning="another agreement follows it", final=True),
    State(id="ended", label="Ended", stage="Ended", meaning="nothing follows it", final=True),
)

TRANSITIONS = (
    Transition(
        trigger="agree",
        label="Record a service agreement",
        sources=(NEW,),
        to="agreed",
        roles=(SM, HOS, AD),
        facts=AGREED,
        guards=("ends_after_it_starts",),
        basis="S-PAU, Durham Pause journey: providers, funders, licence of 20 months",
    ),
    Transition(
        trigger="begin",
        label="Begin",
        sources=("agreed",),
        to="running",
        roles=(SM, HOS, AD),
        facts=(REVIEW_ON,),
        guards=("next_review_lies_ahead",),
        basis="S-PAU; proposal: a service runs under an agreement from a day that somebody recorded",
    ),
    Transition(
        trigger="review_agreement",
        label="Record a review",
        sources=("running",),
        to=SELF,
        roles=(SM, HOS, AD),
        facts=(_plain("review_outcome", "What was found and decided"), REVIEW_ON),
        guards=("next_review_lies_ahead",),
        basis="proposal: an agreement is looked at before it ends",
    ),
    Transition(
        trigger="plan_what_follows",
        label="Record what follows its end",
        sources=("running",),
        to=SELF,
        roles=(SM, HOS, AD),
        facts=(
            choice(
                "what_follows",
                "What follows",
                {
                    "extend": "it is to be extended",
                    "replace": "another agreement is to follow",
                    "in_house": "the authority is to provide the service itself",
                    "end": "the service is to end, and women are told in good time",
                },
            ),
            _plain("plan_for_those_supported", "What that means for those who are supported now"),
        ),
        basis="domain 9: LICENCE_OR_FUNDING_ENDED is a reason women leave; proposal: decided three months before",
    ),
    Transition(
        trigger="extend_agreement",
        label="Extend",
        sources=("running",),
        to=SELF,
        roles=(HOS, AD),
        facts=(
            replace(ENDS_ON, label="It now ends on"),
            _plain("extension_basis", "What it rests on"),
        ),
        guards=("ends_after_it_starts", "new_end_lies_ahead"),
        basis="S-PAU: Pause agreed to fund the licence for 20 months",
    ),
    Transition(
        trigger="renew",
        label="Record the agreement that follows",
        sources=("running",),
        to="renewed",
        roles=(SM, HOS, AD),
        facts=(code("followed_by", "Agreement that follows", "such as SA-12"),),
        basis="S-PAU: Barnardo's, then Pause county-wide, then in-sourced",
    ),
    Transition(
        trigger="end",
        label="End",
        sources=("agreed", "running"),
        to="ended",
        roles=(SM, HOS, AD),
        facts=(_plain("why_ended", "Why, and what it means for those who are supported"),),
        basis="S-PAU: the provision in the east came to an end in April 2020",
    ),
    *map(_taken_over, shared_rows(STATES, managers=(SM, HOS, AD), workers=(), approvals=False)),
)

CLOCKS = (
    Clock(id="agreement_start", label="Begin", during=("agreed",), met_by=("begin",), owner=SM),
    Clock(
        id="agreement_review",
        label="Look at the agreement",
        during=("running",),
        met_by=("review_agreement",),
        repeats=True,
        owner=SM,
    ),
    Clock(
        id="agreement_follow_on",
        label="Decide what follows its end",
        during=("running",),
        started_by=("begin", "extend_agreement"),
        met_by=("plan_what_follows",),
        cancelled_by=("extend_agreement",),
        owner=SM,
    ),
    Clock(
        id="agreement_end",
        label="End of the agreement",
        during=("running",),
        met_by=("extend_agreement",),
        repeats=True,
        owner=SM,
    ),
)

SERVICE_AGREEMENT = checked(
    Lifecycle(
        id="service_agreement",
        label="Service agreement",
        code="SA",
        version=1,
        subject="an agreement under which a service is provided",
        stages=("Agreed", "Running", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        record="both",
    )
)
