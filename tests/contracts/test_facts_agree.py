"""The facts that policies may name are the facts that a referral asks for: same names, same choices."""

from collections.abc import Iterator, Sequence

from config.criteria import KNOWN_FACTS
from states.facts import Fact, FactType
from states.prebirth_facts import REFERRAL_FACTS

ALIASES = {"parents.previous_removals": "removals"}


def asked(facts: Sequence[Fact], before: str = "") -> Iterator[tuple[str, Fact]]:
    for fact in facts:
        yield before + fact.name, fact
        yield from asked(fact.fields, f"{before}{fact.name}.")


def test_every_fact_a_policy_may_name_is_asked_for_at_referral() -> None:
    names = {name for name, _ in asked(REFERRAL_FACTS)}
    assert set(KNOWN_FACTS) <= names


def test_the_choices_a_policy_may_compare_with_are_those_that_can_be_given() -> None:
    given = dict(asked(REFERRAL_FACTS))
    for name, known in KNOWN_FACTS.items():
        fact = given[name]
        if fact.type in (FactType.CHOICE, FactType.CHOICES) and known.choices:
            assert set(known.choices) == set(fact.choices or {}), name
