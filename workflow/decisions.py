"""What a policy decides about a referral, from its facts alone: the decision, its rule, and the whole trace."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from config.criteria import Finding, FlagRule, Result, Route, evaluate, evaluate_all
from config.policy import Policy
from scheduler.calendars import completed_months, completed_years
from scheduler.gestation import gestation_on
from states.facts import Fact, check_facts
from states.prebirth_facts import REFERRAL_FACTS
from workflow.errors import BadInput

NO_FACTORS = "21"  # the national code for "no factors identified"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule of the trace: met, not_met or unknown, and in plain words because of which facts.

    `missing` holds the paths of the facts that would settle one that is unknown.
    """

    id: str
    result: str
    because: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy says. `missing` holds paths of facts, such as edd or parents[0].consent.

    `service` is None unless the family is accepted or routed there; `default_service` is a suggestion where a manager
    decides.
    """

    decision: str
    service: str | None
    default_service: str | None
    rule: str | None
    rules: tuple[RuleResult, ...]
    overlays: tuple[str, ...]
    flags: tuple[str, ...]
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "decision": self.decision,
            "service": self.service,
            "default_service": self.default_service,
            "rule": self.rule,
            "rules": [{"id": one.id, "result": one.result, "because": one.because} for one in self.rules],
            "overlays": list(self.overlays),
            "flags": list(self.flags),
            "missing": list(self.missing),
        }


def decide(policy: Policy, facts: Mapping[str, Any]) -> Decision:
    """Decides on facts that passed the referral's schema; one that is absent or null is unknown.

    The same facts under the same policy always give the same decision: ages, gestation and years are those of the day
    the referral was received, never of today.
    """
    facts = with_derived(without_nulls(facts))
    findings = evaluate_all(policy.criteria, facts)
    row, missing = _first_met(policy.routing, facts, findings)
    rule, default_service = None, None
    if row is not None:
        rule = _deciding_rule(row, findings)
        default_service, missing = _default_service(policy, row, facts)
    always = [fact for one in policy.criteria if one.always_asked for fact in findings[one.id].missing]
    return Decision(
        decision=row.decision if row else "more_information",
        service=row.service if row else None,
        default_service=default_service,
        rule=rule,
        rules=tuple(
            RuleResult(one.id, findings[one.id].result.value, findings[one.id].because, findings[one.id].missing)
            for one in policy.criteria
            if one.kind != "helper"
        ),
        overlays=tuple(
            one.id for one in policy.criteria if one.kind == "overlay" and findings[one.id].result is Result.MET
        ),
        flags=tuple(flag.id for flag in policy.flags if _is_raised(flag, rule, facts, findings)),
        missing=tuple(dict.fromkeys([*missing, *always])),
    )


def decide_on_given(policy: Policy, given: Mapping[str, Any]) -> Decision:
    """Decides on facts as somebody typed them; BadInput lists everything that is wrong with them."""
    values, problems = check_facts(_any_may_lack(REFERRAL_FACTS), without_nulls(given))
    if problems:
        raise BadInput("these facts cannot be used", [problem.says for problem in problems])
    try:
        return decide(policy, values)
    except ValueError as error:  # a date that no calendar has, in a fact that may also be a word
        raise BadInput(f"these facts cannot be used: one of the dates is in no calendar ({error})") from None


def _any_may_lack(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The same facts, none required at any depth: what is absent is not known, which a decision can live with."""
    return tuple(replace(fact, required=False, fields=_any_may_lack(fact.fields)) for fact in facts)


NO_ROUTE = Route(label="No rule says where to", when="true", decision="manager_decision", source="domain.md 2.1, B11")


def _first_met(
    routing: Sequence[Route], facts: Mapping[str, Any], findings: Mapping[str, Finding]
) -> tuple[Route | None, tuple[str, ...]]:
    """The row that decides; or None, and what all the rows up to the first certain one lack, so that one asks once."""
    missing: list[str] = []
    undecided = False
    for row in routing:
        finding = evaluate(row, facts, findings)
        if finding.result is Result.UNKNOWN:
            missing += finding.missing
            undecided = undecided or not row.unknown_passes
        elif finding.result is Result.MET:
            return (None, tuple(missing)) if undecided else (row, ())
    return (None if missing else NO_ROUTE), tuple(missing)


def _deciding_rule(row: Route, findings: Mapping[str, Finding]) -> str | None:
    """The rule the row names, which may be one that is not met, such as G1; of several the first that is met."""
    if row.rule is None or isinstance(row.rule, str):
        return row.rule
    return next((one for one in row.rule if findings[one].result is Result.MET), None)


def _default_service(policy: Policy, row: Route, facts: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The service to suggest, and the fact it hangs on where that is not known: it may suggest another once it is."""
    fact = row.default_service_from
    if fact is None:
        return row.default_service, ()
    if facts.get(fact) is None:
        return row.default_service, (fact,)
    return (facts[fact] if facts[fact] in policy.services else row.default_service), ()


def _is_raised(flag: FlagRule, rule: str | None, facts: Mapping[str, Any], findings: Mapping[str, Finding]) -> bool:
    if flag.rules and rule not in flag.rules:
        return False
    return evaluate(flag, facts, findings).result is Result.MET


# Facts


def without_nulls(value: Any) -> Any:
    """The same facts with every key removed whose value is null, at any depth: null is unknown, not a value."""
    if isinstance(value, Mapping):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(one) for one in value]
    return value


def with_derived(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts and what follows from them (config.criteria.DERIVED); what cannot be computed is left out."""
    received_on = _day(facts.get("received_on"))
    derived = dict(facts)
    if received_on is not None:
        if (edd := _day(facts.get("edd"))) is not None:
            derived["gestation_days"] = gestation_on(edd, received_on)
        derived |= _since_proceedings(facts.get("proceedings_ended_on"), received_on)
    elif facts.get("proceedings_ended_on") == "never":
        derived["proceedings_ended"] = False
    if (factors := facts.get("risk_factors")) is not None:
        derived["factor_groups"] = len({_group(code) for code in factors} - {NO_FACTORS})
    if (parents := facts.get("parents")) is not None:
        latest = _latest(parents)
        derived["parents"] = [_parent(parent, received_on, latest) for parent in parents]
    return derived


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _group(code: str) -> str:
    """The number in front of a factor code's letter: alcohol is 1, whoever drinks."""
    digits = re.match(r"\d*", code)
    return (digits.group() if digits else "") or code


def _since_proceedings(ended: Any, received_on: date) -> dict[str, Any]:
    """Whether proceedings had ended when the referral came, and how many whole calendar months before."""
    if ended is None:
        return {}
    if ended == "never" or (ended_on := _day(ended)) is None or ended_on > received_on:
        return {"proceedings_ended": False}
    return {"proceedings_ended": True, "months_since_proceedings": completed_months(ended_on, received_on)}


def _parent(parent: Mapping[str, Any], received_on: date | None, latest: Mapping[int, bool]) -> dict[str, Any]:
    derived = dict(parent)
    born = _day(parent.get("date_of_birth"))
    if born is not None and received_on is not None:
        derived["age"] = completed_years(born, received_on)
    if (removals := parent.get("previous_removals")) is not None:
        derived["previous_removals"] = [_removal(removal, received_on, latest) for removal in removals]
    return derived


def _removal(removal: Mapping[str, Any], received_on: date | None, latest: Mapping[int, bool]) -> dict[str, Any]:
    derived = dict(removal)
    removed_on = _day(removal.get("removed_on"))
    if removed_on is not None and received_on is not None:
        derived["years_ago"] = completed_years(removed_on, received_on)
    if id(removal) in latest:
        derived["latest"] = latest[id(removal)]
    return derived


def _latest(parents: Sequence[Mapping[str, Any]]) -> dict[int, bool]:
    """Whether each removal is the most recent through a court, of any parent; left out where that is not known."""
    removals = [removal for parent in parents for removal in parent.get("previous_removals") or ()]
    all_known = all(parent.get("previous_removals") is not None for parent in parents)
    return {id(one): is_it for one in removals if (is_it := _is_latest(one, removals, all_known)) is not None}


def _is_latest(one: Mapping[str, Any], removals: Sequence[Mapping[str, Any]], all_known: bool) -> bool | None:
    through_court, removed_on = _through_court(one), _day(one.get("removed_on"))
    if through_court is False:
        return False
    if through_court is None or removed_on is None:
        return None
    later = list(_later(removed_on, removals))
    if True in later:
        return False
    return None if None in later or not all_known else True


def _later(day: date, removals: Sequence[Mapping[str, Any]]) -> Iterator[bool | None]:
    """Of each removal: whether it went through a court after that day, where known."""
    for other in removals:
        through_court, removed_on = _through_court(other), _day(other.get("removed_on"))
        if through_court is False or (removed_on is not None and removed_on <= day):
            yield False
        else:
            yield None if through_court is None or removed_on is None else True


def _through_court(removal: Mapping[str, Any]) -> bool | None:
    """Through care proceedings, or by a private-law order that an authority supported; None where not known."""
    through, authority = removal.get("through"), removal.get("authority")
    if through is None:
        return None
    if through != "private_law_order":
        return bool(through == "care_proceedings")
    return None if authority is None else bool(authority != "none")
