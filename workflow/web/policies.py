"""The authorities' policies in plain words, and what another version would change on the live caseload."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, UploadFile

from config.criteria import Criterion, Route
from config.limits import Basis, TimeLimit
from config.policy import Ladder, Policy, Span, Step
from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.roles import ROLE_LABELS, Role
from workflow.comparisons import (
    CURRENT,
    LONGEST_FILE,
    Compared,
    Counts,
    compared,
    dates_alike,
    named_policy,
    written_policy,
)
from workflow.consistency import named
from workflow.criteria_reviews import Review, reviewed
from workflow.errors import BadInput, NotFound
from workflow.permissions import Permission
from workflow.policy_words import limit_in_words
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.showing import Sent, show
from workflow.what_ifs import left_out, what_if

router = APIRouter()
RuleReader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
Comparer = Annotated[Asking, Depends(Needs(Permission.COMPARE_POLICIES))]
AT_ONCE = 200  # open cases compared in one request
AT_ONCE_QUICK = 20_000  # where no date can differ
MOST_SHOWN = 100  # of those that differ
MOST_WEEKS = 42
DRAFT = "draft"  # stands for a new policy that is given as text
BASES = {
    Basis.STATUTE: "statute",
    Basis.STATUTORY_GUIDANCE: "statutory guidance",
    Basis.LOCAL: "local rule",
    Basis.PROPOSAL: "proposal, not law",
}
DECISIONS = {
    "accept": "Accepted",
    "consent_needed": "Accepted once the parents consent",
    "route": "Goes to another service",
    "manager_decision": "A manager decides",
    "more_information": "More must be known",
}
GROUPED_WORDS = {
    "accepted": "Accepted, or once the parents consent",
    "elsewhere": "Goes to another service",
    "manager": "A manager decides",
    "lacking": "More must be known",
}
RESULT_WORDS = {"met": "Met", "not_met": "Not met", "unknown": "Not known"}
CHANNELS = {
    "worklist": "in their list of work",
    "message": "by message",
    "report": "in the daily report",
    "call_list": "on the list of calls to make",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit in words."""

    clock: str
    label: str
    says: str
    basis: str
    source: str
    since: Any
    ladder: str
    more: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder in words: when, who, how."""

    level: str
    when: str
    who: str
    how: str
    more: str


@router.get("/policies")
def list_policies(request: Request, asking: RuleReader) -> HTMLResponse:
    """Every authority with a policy, its own first."""
    policies = asking.service.policies
    own = asking.actor.authority
    authorities = sorted(policies.authorities(), key=lambda one: (one != own, one))
    return show(
        request,
        asking,
        "policies/list.html",
        title="Policies",
        here="policies",
        own=own,
        policies=[(policies.current(one, local_date(asking.now)), policies.versions(one)) for one in authorities],
        lifecycles=LIFECYCLES.values(),
    )


# Before the route of an authority, whose name would else be taken to be compare.
@router.get("/policies/compare")
def ask_comparison(request: Request, asking: Comparer) -> HTMLResponse:
    """The form that asks which two versions to compare."""
    return _comparison(request, asking)


@router.post("/policies/compare")
def compare(request: Request, asking: Comparer, sent: Sent) -> HTMLResponse:
    """What would change over the open cases, so many at a time; nothing is changed by it."""
    toml, asked = "", {name: str(sent.get(name) or "")[:60] for name in ("old", "new", "weeks", "ended")}
    parts = [str(one)[:60] for one in sent.getlist("without")]
    try:
        toml = _text_of(sent)
        if asked["new"] == DRAFT and not toml.strip() and (asked["weeks"] or parts):
            asked["new"] = CURRENT  # only these are tried
        if asked["new"] == DRAFT and not toml.strip():
            raise BadInput("Paste the text of the draft, or choose its file")
        old = _version(asking, asked["old"] or CURRENT)
        new = written_policy(toml, asking.actor.authority) if asked["new"] == DRAFT else _version(asking, asked["new"])
        new = _tried(new, asked["weeks"], parts)
    except (BadInput, NotFound) as error:
        problems = error.problems if isinstance(error, BadInput) and error.problems else (str(error),)
        return _comparison(request, asking, asked=asked, parts=parts, toml=toml, problems=problems)
    after = str(sent.get("after") or "0")
    after_id = int(after) if after.isdecimal() and len(after) < 16 else 0
    ended = asked["ended"] == "yes"
    engine, actor, now = asking.service.engine, asking.actor, asking.now
    most = AT_ONCE_QUICK if dates_alike(old, new) else AT_ONCE
    found = _counted(islice(compared(engine, actor, now, old=old, new=new, after=after_id, ended=ended), most), most)
    looking(asking).report("comparison of policies", found["counts"].cases)
    with asking.service.database.read() as connection:
        review = reviewed(connection, found["review"], new)
        teams = named(connection, actor.authority, [one["team"] for one in review["teams"]])
    labels = teams | {one.id: f"{one.id}: {one.label}" for one in (*old.criteria, *new.criteria)}
    found |= {"old": old, "new": new, "review": review, "at_once": most}
    found |= {
        name: [{"label": labels.get(row[of], row[of]), "row": row} for row in review[name]]
        for name, of in (("teams", "team"), ("years", "year"), ("criteria", "rule"))
    }
    return _comparison(request, asking, asked=asked, parts=parts, toml=toml, found=found)


def _tried(policy: Policy, weeks: str, parts: Sequence[str]) -> Policy:
    """The policy with what was changed on the page."""
    if weeks and not (weeks.isdecimal() and 1 <= int(weeks) <= MOST_WEEKS):
        raise BadInput(f"The weeks must be a whole number from 1 to {MOST_WEEKS}")
    return what_if(policy, weeks=int(weeks) if weeks else None, without=parts) if weeks or parts else policy


def _counted(cases: Iterator[Compared], most: int) -> dict[str, Any]:
    counts, review, differing, last = Counts(), Review(), [], 0
    for one in cases:
        counts.add(one)
        review.add(one)
        last = one.case_id
        if one.differs:
            differing.append(one)
    more = last if counts.cases == most else 0
    return {
        "counts": counts,
        "review": review,
        "cases": differing[:MOST_SHOWN],
        "left_out": len(differing[MOST_SHOWN:]),
        "more": more,
    }


def _text_of(sent: FormData) -> str:
    """The draft: of the file where one was chosen, else what was pasted. As it was typed, but for line ends."""
    file = sent.get("file")
    if isinstance(file, UploadFile):
        with file.file as opened:
            content = opened.read(LONGEST_FILE + 1)
        if file.filename:
            try:
                return content.decode("utf-8-sig").replace("\r\n", "\n")
            except UnicodeDecodeError:
                raise BadInput("The file is not UTF-8 text") from None
    return str(sent.get("toml") or "").replace("\r\n", "\n")


def _version(asking: Asking, name: str) -> Policy:
    return named_policy(asking.service.policies, asking.actor.authority, name, asking.now)


def _comparison(
    request: Request,
    asking: Asking,
    *,
    asked: Mapping[str, str] | None = None,
    parts: Sequence[str] = (),
    toml: str = "",
    problems: Sequence[str] = (),
    found: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    asked = asked or {"old": CURRENT, "new": DRAFT, "weeks": "", "ended": ""}
    current = _version(asking, CURRENT)
    return show(
        request,
        asking,
        "policies/compare.html",
        title="Compare two versions",
        status=422 if problems else 200,
        here="policies",
        back="/policies",
        problems=[("#toml" if asked["new"] == DRAFT else "#old", words) for words in problems],
        asked=asked,
        toml=toml,
        parts=parts,
        left_out=left_out(current),
        groups=GROUPED_WORDS,
        results=RESULT_WORDS,
        found=found,
        current=current,
        versions=asking.service.policies.versions(asking.actor.authority),
        draft=DRAFT,
        decisions=DECISIONS,
    )


@router.get("/policies/{authority}")
def show_policy(authority: str, request: Request, asking: RuleReader) -> HTMLResponse:
    """The policy in force, or the version asked for."""
    policy = _asked_version(request, asking, authority)
    services = policy.services
    return show(
        request,
        asking,
        "policies/policy.html",
        title=f"Policy of {policy.label}",
        here="policies",
        back="/policies",
        policy=policy,
        versions=asking.service.policies.versions(authority),
        in_force=_in_force(asking, authority),
        rules=[one for one in policy.criteria if one.kind == "rule"],
        overlays=[one for one in policy.criteria if one.kind == "overlay"],
        helpers=[one for one in policy.criteria if one.kind == "helper"],
        asks=_asks,
        routes=[(route, _outcome(route, services)) for route in policy.routing],
    )


@router.get("/policies/{authority}/limits")
def show_limits(authority: str, request: Request, asking: RuleReader) -> HTMLResponse:
    """How long everything in one kind of case may take, and who is told when it slips."""
    policy = _asked_version(request, asking, authority)
    kinds = [one for one in LIFECYCLES.values() if policy.limits.get(one.id)]
    of = request.query_params.get("of") or kinds[0].id
    if of not in policy.limits:
        raise NotFound(f"there are no time limits of {of[:40]!r} in this policy")
    limits = limits_of(policy, of)
    used = {limit.ladder for limit in limits}
    return show(
        request,
        asking,
        "policies/limits.html",
        title=f"Time limits of {policy.label}",
        here="policies",
        back=f"/policies/{authority}",
        policy=policy,
        kinds=kinds,
        lifecycle=LIFECYCLES[of],
        asked_version=request.query_params.get("version"),
        limits=limits,
        ladders=[(name, ladder, rungs_of(ladder)) for name, ladder in policy.ladders.items() if name in used],
        bases=BASES,
    )


def _asked_version(request: Request, asking: Asking, authority: str) -> Policy:
    version = request.query_params.get("version")
    if not version:
        asking.service.policies.versions(authority)  # NotFound where there is no such authority
        return _in_force(asking, authority)
    return named_policy(asking.service.policies, authority, version, asking.now)


def _in_force(asking: Asking, authority: str) -> Policy:
    return asking.service.policies.current(authority, local_date(asking.now))


# In words


def _asks(rule: Criterion) -> str:
    """Of whom a criterion is asked."""
    of = {"parents": "parent", "removals": "previous removal"}.get(rule.over or "", "")
    if not of:
        return "Asked once, of the case as a whole."
    return f"Met where any {of} meets it." if rule.any else f"Met where each {of} meets it."


def _outcome(route: Route, services: Mapping[str, str]) -> str:
    words = DECISIONS[route.decision]
    if route.service:
        return f"{words}: {services.get(route.service, route.service)}"
    suggested = route.default_service and services.get(route.default_service, route.default_service)
    return f"{words}; suggested: {suggested}" if suggested else words


def limits_of(policy: Policy, lifecycle: str) -> list[Limit]:
    """The limits of one kind of case, in the order of its clocks."""
    limits = policy.limits.get(lifecycle, {})
    return [
        Limit(
            clock.id,
            clock.label,
            _sentence(limit_in_words(limits[clock.id])),
            BASES[limits[clock.id].basis],
            limits[clock.id].source,
            limits[clock.id].effective_from,
            limits[clock.id].ladder,
            _may(limits[clock.id]),
        )
        for clock in LIFECYCLES[lifecycle].clocks
        if clock.id in limits
    ]


def _may(limit: TimeLimit) -> str:
    """Whether its clock can be stopped, and who can give it a later date."""
    said = ["can be paused"] if limit.pausable else []
    if limit.extendable_by != "nobody":
        said.append(f"can be extended by {'the court' if limit.extendable_by == 'court' else 'a manager'}")
    return _sentence(" and ".join(said))


def rungs_of(ladder: Ladder) -> list[Rung]:
    """The warning and the steps of a ladder, in their order."""
    rule = ladder.amber
    when = [f"{_span(one)} before it is due" for one in rule.before]
    if rule.percent_left is not None:
        least = f", at least {_span(rule.at_least)} before" if rule.at_least else ""
        when.append(f"when {rule.percent_left}% of the time is left{least}")
    if rule.milestone is not None:
        when.append(f"a point of the pregnancy: {_span(rule.milestone)} before")
    if rule.short is not None and rule.short_at is not None:
        when.append(f"limits up to {_span(rule.short)}: on the day, at {rule.short_at:%H:%M}")
    warning = Rung("Warning", _sentence("; ".join(when)), _who(rule.who), _how(rule.channel), "")
    return [warning, *(_rung(step) for step in ladder.steps)]


def _rung(step: Step) -> Rung:
    more = ["must be answered with a new day and a reason"] if step.acknowledge else []
    more += [f"outside office hours also {_who(step.out_of_hours)}"] if step.out_of_hours else []
    more += [f"again every {_span(step.repeat_every)} while it is open"] if step.repeat_every else []
    when = "As soon as it has passed" if step.after.amount == 0 else f"{_span(step.after)} after it was due"
    return Rung(f"Step {step.level}", _sentence(when), _who(step.who), _how(step.channel), _sentence("; ".join(more)))


def _span(span: Span) -> str:
    unit = span.unit.removesuffix("s").replace("_", " ")
    return f"{span.amount} {unit}{'' if span.amount == 1 else 's'}"


def _who(roles: Sequence[Role]) -> str:
    return ", ".join(ROLE_LABELS[role] for role in roles) or "nobody"


def _how(channels: Sequence[str]) -> str:
    return ", ".join(CHANNELS[one] for one in channels)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
