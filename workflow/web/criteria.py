"""A decision of the criteria as people read it: each rule met, not met or not known yet, and what would settle it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.criteria import Result
from config.policy import Policy
from states.facts import Fact, FactType
from states.prebirth_facts import REFERRAL_FACTS
from workflow.decision_words import verdict
from workflow.web.forms import id_of, one_of
from workflow.web.pages import Tag

TAGS = {
    Result.MET: Tag("✓", "Met", "green"),
    Result.NOT_MET: Tag("×", "Not met", "grey"),
    Result.UNKNOWN: Tag("?", "Not known yet", "yellow"),
}
_WORDS = {Result.MET: "met", Result.NOT_MET: "not met", Result.UNKNOWN: "not known"}
_STEP = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact that is not known: what it is, and where it can be answered (empty where that is nowhere)."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class ShownRule:
    """One rule in words, what it came to, the facts that decided, and those that would."""

    id: str
    label: str
    tag: Tag
    used: str
    settles: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """The verdict and its trace. `more` are further remarks; `missing` what one would ask for."""

    says: str
    accepted: bool
    rules: tuple[ShownRule, ...]
    more: tuple[str, ...]
    missing: tuple[Asked, ...]


def shown(
    decision: Mapping[str, Any],
    policy: Policy,
    *,
    unsettled: Mapping[str, Sequence[str]] | None = None,
    where: Callable[[str], str] = lambda _: "",
) -> ShownDecision:
    """A decision as the evidence keeps it. `unsettled`: the paths that would settle a rule; `where`: their address."""

    def asked(paths: Sequence[str]) -> tuple[Asked, ...]:
        return tuple(Asked(words_of(path), where(path)) for path in paths)

    labels = {one.id: one.label for one in policy.criteria} | {one.id: one.label for one in policy.flags}
    more = (*decision["overlays"], *decision["flags"])
    return ShownDecision(
        says=verdict(decision, policy.services),
        accepted=decision["decision"] in ("accept", "consent_needed"),
        rules=tuple(
            _rule(one, asked((unsettled or {}).get(one["id"], ()) if one["result"] == Result.UNKNOWN else ()))
            for one in decision["rules"]
        ),
        more=tuple(labels.get(one, one.replace("_", " ").capitalize()) for one in more),
        missing=asked(decision["missing"]),
    )


def _rule(one: Mapping[str, Any], settles: tuple[Asked, ...]) -> ShownRule:
    result = Result(one["result"])
    label, _, used = str(one["because"]).partition(f": {_WORDS[result]}")
    used = used.strip().removeprefix("(").removesuffix(")")
    return ShownRule(one["id"], label, TAGS[result], used, settles)


def words_of(path: str, facts: Sequence[Fact] = REFERRAL_FACTS) -> str:
    """parents[0].consent as "Consent (parent 1)"."""
    labels, of = [], []
    for name, number in _STEP.findall(path):
        fact = next((one for one in facts if one.name == name), None)
        if fact is None:
            return path
        if number:
            of.append(f"{one_of(fact).lower()} {int(number) + 1}")
        else:
            labels.append(fact.label)
        facts = fact.fields
    if not labels:
        return of[-1].capitalize()
    return f"{labels[-1]} ({', '.join(of)})" if of else labels[-1]


def field_of(path: str, facts: Sequence[Fact] = REFERRAL_FACTS) -> str:
    """The id of the place where that fact is typed in."""
    last = None
    for name, _ in _STEP.findall(path):
        last = next((one for one in facts if one.name == name), None)
        facts = last.fields if last else ()
    dated = last is not None and last.type in (FactType.DATE, FactType.INSTANT)
    return f"{id_of(path)}-day" if dated else id_of(path)
