"""Whether Pause may be offered to a woman under an authority's policy: every criterion, its answer and why."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from config.criteria import Result
from config.policy import PauseEligibility, Policy
from scheduler.calendars import completed_years

Facts = Mapping[str, Any]
ASKED_ON = ("find_eligible", "find_not_eligible")  # the moves that decide
LABELS = {
    "E1": "Enough children were removed from her care",
    "E2": "The removals lie within the years that count",
    "E3": "She is of the age the programme is for",
    "E4": "She lives in the area",
    "E5": "No child is in her care",
}


def eligibility(policy: Policy, facts: Facts, on: date) -> dict[str, Any] | None:
    """The decision and its trace, in the form of a referral's: eligible, not_eligible or more_information.

    `missing` names the facts that would settle what is unknown. None under a policy kept from before the criteria were
    data. Ages and years are those of the day `on`. A fact that is not given is not known, and decides nothing.
    """
    rule = policy.pause_eligibility
    if rule is None:
        return None
    answers = list(_answers(rule, facts, on))
    results = {result for _, result, _, _ in answers}
    decision = "eligible"
    if Result.NOT_MET in results:
        decision = "not_eligible"
    elif Result.UNKNOWN in results:
        decision = "more_information"
    return {
        "decision": decision,
        "service": None,
        "default_service": None,
        "rule": next((name for name, result, _, _ in answers if result is Result.NOT_MET), None),
        "rules": [{"id": name, "result": result.value, "because": why} for name, result, why, _ in answers],
        "overlays": [],
        "flags": [],
        "missing": [asked for _, result, _, asked in answers if result is Result.UNKNOWN],
    }


def _answers(rule: PauseEligibility, facts: Facts, on: date) -> Iterator[tuple[str, Result, str, str]]:
    """(criterion, answer, why, the fact it asks for), for each criterion the policy has."""
    removed = _removed(facts)
    yield "E1", *_told("E1", removed, lambda number: number >= rule.removals, f"{rule.removals} or more"), _ASKS[0]
    if rule.within_years is not None:
        recent = _recent(facts, on, rule.within_years)
        wanted = f"{rule.removals} or more within {rule.within_years} years"
        yield "E2", *_told("E2", recent, lambda number: number >= rule.removals, wanted), _ASKS[1]
    if rule.age_from is not None or rule.age_to is not None:
        low, high = rule.age_from or 0, rule.age_to or 999
        wanted = f"{rule.age_from if rule.age_from is not None else 'any age'} to {rule.age_to or 'any age'}"
        yield "E3", *_told("E3", _age(facts, on), lambda years: low <= years <= high, wanted), _ASKS[2]
    if rule.lives_here:
        yield "E4", *_told("E4", facts.get("lives_here"), lambda here: here is True, "yes"), _ASKS[3]
    if rule.no_child_with_her:
        yield "E5", *_told("E5", facts.get("children_with_her"), lambda number: number == 0, "none"), _ASKS[4]


_ASKS = ("children_removed", "removals", "date_of_birth", "lives_here", "children_with_her")


def _told(name: str, value: Any, holds: Any, wanted: str) -> tuple[Result, str]:
    if value is None:
        return Result.UNKNOWN, f"{LABELS[name]}: not known (asked for: {wanted})"
    said = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    met = holds(value)
    words = "met" if met else "not met"
    return (Result.MET if met else Result.NOT_MET), f"{LABELS[name]}: {words} (asked for: {wanted}; found: {said})"


def _removed(facts: Facts) -> int | None:
    """How many children were removed, whichever of the two facts tells of more."""
    told = [facts["children_removed"]] if facts.get("children_removed") is not None else []
    listed = [sum(one["children"] for one in facts["removals"])] if facts.get("removals") else []
    return max((*told, *listed), default=None)


def _recent(facts: Facts, on: date, years: int) -> int | None:
    """How many were removed within so many years: the anniversary counts as beyond, as for the pre-birth criteria."""
    if not facts.get("removals"):
        return None
    return sum(
        int(one["children"])
        for one in facts["removals"]
        if completed_years(date.fromisoformat(one["removed_on"]), on) < years
    )


def _age(facts: Facts, on: date) -> int | None:
    born = facts.get("date_of_birth")
    return completed_years(date.fromisoformat(born), on) if born else None
