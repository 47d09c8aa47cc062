"""The authorities' policies: what they say, what they decide on a referral, what another would change."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, Self

from fastapi import Depends, Path
from pydantic import BaseModel, Field, model_validator

from config.policy import Policy
from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from workflow.api.bodies import Facts, Given
from workflow.api.routing import LOOKS, subject
from workflow.comparisons import CURRENT, LONGEST_FILE, Compared, Counts, compared, named_policy, written_policy
from workflow.criteria_reviews import Review, reviewed
from workflow.decisions import decide_on_given
from workflow.errors import NotAllowed
from workflow.permissions import Permission
from workflow.policy_words import limit_in_words
from workflow.serving.asking import Asking, Needs, looking
from workflow.serving.problem_types import responses
from workflow.what_ifs import what_if

router = subject("lifecycles and policies")
RuleReader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
RuleAsker = Annotated[Asking, Depends(Needs(Permission.SEE_RULES, only_looks=True))]
Comparer = Annotated[Asking, Depends(Needs(Permission.COMPARE_POLICIES))]
Authority = Annotated[str, Path(description="The authority.", examples=["durham"])]
ASKS = responses(400, 401, 403, 404, 413, 422, 429, 503)


class PolicyVersion(BaseModel):
    """One version of an authority's policy."""

    authority: str = Field(examples=["durham"])
    label: str
    version: str
    effective_from: date
    in_force: bool = Field(description="whether new cases run under it today")
    digest: str


class RuleInWords(BaseModel):
    id: str = Field(examples=["B7"])
    kind: str
    label: str
    when: str = Field(description="the condition, as it is evaluated")
    source: str


class RouteInWords(BaseModel):
    label: str
    when: str
    decision: str
    service: str | None
    source: str


class LimitInWords(BaseModel):
    """How long a clock may run, and on what basis."""

    lifecycle: str
    clock: str
    label: str
    says: str = Field(examples=["45 working days from the start"])
    basis: str = Field(description="statute, statutory guidance, local or proposal")
    source: str
    effective_from: date
    ladder: str = Field(description="who is told when it slips")


class PolicyInWords(PolicyVersion):
    """A policy in words: who is accepted and where others are sent, how long everything may take, and why."""

    services: dict[str, str]
    criteria: list[RuleInWords]
    routing: list[RouteInWords]
    limits: list[LimitInWords]


class RuleResult(BaseModel):
    id: str
    result: str = Field(description="met, not_met or unknown")
    because: str


class Decided(BaseModel):
    """The decision with its whole trace. `missing` names facts that could change it."""

    decision: str = Field(description="accept, consent_needed, route, more_information or manager_decision")
    service: str | None
    default_service: str | None = Field(description="the service to suggest where a manager decides")
    rule: str | None
    rules: list[RuleResult]
    overlays: list[str]
    flags: list[str]
    missing: list[str]


class Comparing(Given):
    """Two policies of my authority: each by the name of its version, the new one else as its text (TOML)."""

    authority: str = Field(max_length=60, examples=["durham"])
    old: str = Field(default=CURRENT, max_length=60, description="a version; `current` is the one in force")
    new: str | None = Field(default=None, max_length=60, description="a version", examples=["current"])
    toml: str | None = Field(default=None, max_length=LONGEST_FILE, description="or the text of one")
    weeks: int | None = Field(default=None, ge=1, le=42, description="the new one, before so many whole weeks")
    without: list[str] = Field(default=[], max_length=20, description="the new one, without these parts of its rules")
    ended: bool = Field(default=False, description="also the cases that have ended")
    after: int = Field(default=0, ge=0, le=2**53, description="`next` of the page before")
    limit: int = Field(default=500, ge=1, le=1000, description="how many open cases to look at")

    @model_validator(mode="after")
    def _one_new_policy(self) -> Self:
        if (self.new is None) == (self.toml is None):
            raise ValueError("give either new or toml")
        return self


class ShortDecision(BaseModel):
    decision: str
    service: str | None
    default_service: str | None
    rule: str | None


class OldAndNew(BaseModel):
    old: ShortDecision
    new: ShortDecision


class ComparedDeadline(BaseModel):
    """A running deadline under both. `breaches`: it would be past due now, and is not under the old policy."""

    deadline: str = Field(examples=["PB-12.3"])
    label: str
    due_old: datetime | None
    due_new: datetime | None
    breaches: bool
    told: list[str] = Field(description="who would have been told by now, and is not under the old policy")


class ComparedCase(BaseModel):
    case: str = Field(examples=["PB-12"])
    state: str
    decision: OldAndNew | None = Field(description="null where both decide alike")
    deadlines: list[ComparedDeadline]


class CountsOfAll(BaseModel):
    cases: int = Field(description="open cases looked at")
    decided_otherwise: int
    dates_moved: int
    breached: int
    told: int


class Reviewed(BaseModel):
    """The referrals that were looked at: what is decided on them under both policies. Each count is {old, new}.

    Groups: accepted (or once the parents consent), elsewhere, manager (a manager decides), lacking (facts are missing).
    """

    referrals: int
    all: dict[str, dict[str, int]]
    moved: list[dict[str, Any]] = Field(description="how many go from one group to another")
    criteria: list[dict[str, Any]] = Field(description="of each rule: met, not_met, unknown")
    teams: list[dict[str, Any]]
    years: list[dict[str, Any]] = Field(description="by the year in which they were received")
    capacity: list[dict[str, Any]] = Field(description="open cases that would be accepted, and places: workers' most")


class Comparison(BaseModel):
    """What would change, of the cases I may read: those that differ, and counts of all that were looked at."""

    authority: str
    old: str
    new: str
    counts: CountsOfAll
    review: Reviewed
    cases: list[ComparedCase]
    next: int | None = Field(description="where to go on; null at the end of the caseload")


@router.get("/policies", responses=responses(401, 403, 503))
def list_policies(asking: RuleReader) -> list[PolicyVersion]:
    """Every authority's policy, each version by its day."""
    policies = asking.service.policies
    return [
        PolicyVersion(**_header(asking, one))
        for authority in policies.authorities()
        for one in policies.versions(authority)
    ]


@router.get("/policies/{authority}", responses=LOOKS)
def show_policy(asking: RuleReader, authority: Authority) -> PolicyInWords:
    """The policy in force: criteria, routing and limits, each with its basis and source."""
    policy = _in_force(asking, authority)
    return PolicyInWords(
        **_header(asking, policy),
        services=policy.services,
        criteria=[
            RuleInWords(id=one.id, kind=str(one.kind), label=one.label, when=one.when, source=one.source)
            for one in policy.criteria
            if one.kind != "helper"
        ],
        routing=[
            RouteInWords(**{name: getattr(one, name) for name in RouteInWords.model_fields}) for one in policy.routing
        ],
        limits=list(_limits(policy)),
    )


@router.post("/policies/{authority}/decide", responses=ASKS)
def decide(asking: RuleAsker, authority: Authority, facts: Facts) -> Decided:
    """Decide on one referral, with the result of every rule. What is absent or null is not known. Nothing is kept."""
    return Decided(**decide_on_given(_in_force(asking, authority), facts).to_json())


@router.post("/policies/compare", responses=ASKS)
def compare(asking: Comparer, given: Comparing) -> Comparison:
    """What another policy would change over the caseload: decisions, running deadlines, and who would be told.

    Nothing is changed. It looks at the cases I may read, so many at a time; with `weeks` and `without`, the new policy
    is tried as it would be with that changed.
    """
    if given.authority != asking.actor.authority:
        raise NotAllowed(f"your account belongs to {asking.actor.authority}: its caseload is the one you can look at")
    policies = asking.service.policies
    old = named_policy(policies, given.authority, given.old, asking.now)
    if given.toml is not None:
        new = written_policy(given.toml, given.authority)
    else:
        new = named_policy(policies, given.authority, given.new or CURRENT, asking.now)
    if given.weeks is not None or given.without:
        new = what_if(new, weeks=given.weeks, without=given.without)
    counts, review, found, last = Counts(), Review(), [], None
    engine, now = asking.service.engine, asking.now
    cases = compared(engine, asking.actor, now, old=old, new=new, after=given.after, ended=given.ended)
    for one in islice(cases, given.limit):
        counts.add(one)
        review.add(one)
        last = one.case_id
        if one.differs:
            found.append(_compared(one))
    looking(asking).report("comparison of policies", counts.cases)
    with asking.service.database.read() as connection:
        reviews = reviewed(connection, review, new)
    return Comparison(
        authority=given.authority,
        old=old.version,
        new=new.version,
        counts=CountsOfAll(**{name: getattr(counts, name) for name in CountsOfAll.model_fields}),
        review=Reviewed(**reviews),
        cases=found,
        next=last if counts.cases == given.limit else None,
    )


def _compared(one: Compared) -> ComparedCase:
    return ComparedCase.model_validate(one.to_json())


def _in_force(asking: Asking, authority: str) -> Policy:
    return asking.service.policies.current(authority, local_date(asking.now))


def _header(asking: Asking, policy: Policy) -> dict[str, Any]:
    shown = {name: getattr(policy, name) for name in ("authority", "label", "version", "effective_from", "digest")}
    return {**shown, "in_force": _in_force(asking, policy.authority).digest == policy.digest}


def _limits(policy: Policy) -> Iterator[LimitInWords]:
    for lifecycle, clocks in policy.limits.items():
        for clock, limit in clocks.items():
            yield LimitInWords(
                lifecycle=lifecycle,
                clock=clock,
                label=LIFECYCLES[lifecycle].clock_by_id[clock].label,
                says=limit_in_words(limit),
                basis=limit.basis,
                source=limit.source,
                effective_from=limit.effective_from,
                ladder=limit.ladder,
            )
