"""Many referrals decided under several policies: those that no condition can tell apart are decided once."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

from config.criteria import Criterion, Finding, Rule, evaluate
from config.policy import Policy
from workflow.decisions import decide, with_derived, without_nulls

MOST_KEPT = 50_000  # kinds of referral held in memory
GROUPS = {
    "accept": "accepted",
    "consent_needed": "accepted",
    "route": "elsewhere",
    "manager_decision": "manager",
    "more_information": "lacking",
}
IN_SHORT = ("decision", "service", "default_service", "rule")
_BOTH_NAMES = re.compile(r"([a-z_][\w.]*) *[=!<>]=? *([a-z_][\w.]*)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy decides, in short; the group that counts it, and what each of its rules came to."""

    short: Mapping[str, Any]
    group: str
    rules: tuple[tuple[str, str], ...]


class Decider:
    """Decides on facts under each of its policies, as `decisions.decide` does, and remembers.

    What one rule comes to is remembered by the facts that it looks at; what a policy decides, by what its rules come to
    and the facts that its routing looks at. A condition compares and joins, so two numbers on the same side of every
    number that stands in it are the same to it; where it compares one fact with another, numbers are told apart.
    """

    def __init__(self, *policies: Policy) -> None:
        self._deciders = [_OfPolicy(policy) for policy in policies]

    def decide(self, told: Mapping[str, Any]) -> tuple[Outcome, ...]:
        """The outcome under each policy, in their order."""
        facts = with_derived(without_nulls(told))
        looked: dict[_Sight, Any] = {}  # what equal rules of several policies see, looked at once
        return tuple(one.decide(told, facts, looked) for one in self._deciders)


class _OfPolicy:
    """One policy and what is remembered of it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._rules = [(one.id, _Remembering(one)) for one in policy.criteria]
        suggested = {row.default_service_from for row in policy.routing if row.default_service_from}
        self._routing = _Sight.of(*policy.routing, also=suggested)
        self._known: dict[Any, Outcome] = {}

    def decide(self, told: Mapping[str, Any], facts: Mapping[str, Any], looked: dict["_Sight", Any]) -> Outcome:
        findings: dict[str, Finding] = {}
        for name, rule in self._rules:
            if rule.sight not in looked:
                looked[rule.sight] = rule.sight.sees(facts)
            findings[name] = rule.finding(looked[rule.sight], facts, findings)
        key = (tuple([one.result for one in findings.values()]), self._routing.sees(facts))
        found = self._known.get(key)
        return found or _remembered(self._known, key, _outcome(self.policy, told))


@dataclass(frozen=True)
class _Sight:
    """What rules look at: facts of the case, of each parent and of each removal, and the numbers they compare with."""

    over: str | None
    case: tuple[str, ...]
    parent: tuple[str, ...]
    removal: tuple[str, ...]
    cuts: tuple[int, ...]
    exact: bool  # one fact is compared with another

    @classmethod
    def of(cls, *rules: Rule, also: Iterable[str] = ()) -> Self:
        said = [one.expression for one in rules]
        return cls(
            next((one.over for one in rules if one.over), None),
            tuple(sorted({name for one in said for name in one.names if "." not in name} | set(also))),
            tuple(sorted({name for one in said for name in one.fields("p")})),
            tuple(sorted({name for one in said for name in one.fields("r")})),
            tuple(sorted({number for one in said for number in one.numbers})),
            any(_compares_facts(one.when) for one in rules),
        )

    @cached_property
    def _hash(self) -> int:
        return hash((self.over, self.case, self.parent, self.removal, self.cuts))

    def __hash__(self) -> int:  # asked for with every referral
        return self._hash

    def sees(self, facts: Mapping[str, Any]) -> Any:
        """What can be seen of these facts: equal for facts that cannot be told apart."""
        case = tuple([self._seen(facts.get(name)) for name in self.case])
        parents = facts.get("parents")
        if self.over is None or parents is None:
            return case, None
        return case, tuple([self._of_parent(one) for one in parents])

    def _of_parent(self, parent: Mapping[str, Any]) -> Any:
        own = tuple([self._seen(parent.get(name)) for name in self.parent])
        removals = parent.get("previous_removals") if self.over == "removals" else None
        if removals is None:
            return own, None
        return own, tuple([tuple([self._seen(one.get(name)) for name in self.removal]) for one in removals])

    def _seen(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if self.exact else (bisect_left(self.cuts, value), bisect_right(self.cuts, value))
        return tuple(str(one) for one in value) if isinstance(value, list) else str(value)


class _Remembering:
    """A criterion that remembers what it came to."""

    def __init__(self, criterion: Criterion) -> None:
        self.criterion, self.sight = criterion, _Sight.of(criterion)
        self._known: dict[Any, Finding] = {}

    def finding(self, seen: Any, facts: Mapping[str, Any], findings: Mapping[str, Finding]) -> Finding:
        """`seen` is what its sight sees of the facts; `findings` are those of earlier criteria, which it may name."""
        named = tuple([findings[name].result for name in self.sight.case if name in findings])
        found = self._known.get((seen, named))
        if found is None:
            answer = evaluate(self.criterion, facts, findings)
            found = _remembered(self._known, (seen, named), Finding(answer.result, "", answer.missing))
        return found


Remembered = TypeVar("Remembered")


def _remembered(known: dict[Any, Remembered], key: Any, found: Remembered) -> Remembered:
    if len(known) < MOST_KEPT:
        known[key] = found
    return found


def _compares_facts(when: str) -> bool:
    """Whether a condition compares one name with another."""
    return any({"true", "false"}.isdisjoint(found.groups()) for found in _BOTH_NAMES.finditer(when))


def _outcome(policy: Policy, told: Mapping[str, Any]) -> Outcome:
    decision = decide(policy, told)
    short = {name: getattr(decision, name) for name in IN_SHORT}
    return Outcome(short, GROUPS[decision.decision], tuple((one.id, one.result) for one in decision.rules))
