"""The answers of a form as they are read back to whoever gave them, before they are sent."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from states.facts import Fact, FactType
from workflow.web.fact_words import said
from workflow.web.forms import one_of


def answers(
    facts: Sequence[Fact], given: Mapping[str, Any], people: Mapping[str, str], of: str = ""
) -> Iterator[tuple[str, str]]:
    """(question, answer) of all that is known, with the answers of records after the count of them."""
    for fact in facts:
        value = given.get(fact.name)
        if value is None:
            continue
        if fact.type is not FactType.RECORDS:
            yield f"{fact.label}{of}", said(fact, value, people)
            continue
        yield f"{fact.label}{of}", str(len(value) or "None")
        for number, record in enumerate(value, 1):
            yield from answers(fact.fields, record, people, f" ({one_of(fact).lower()} {number})")


def unanswered(facts: Sequence[Fact], given: Mapping[str, Any]) -> list[str]:
    """The questions nobody has answered."""
    return [fact.label for fact in facts if given.get(fact.name) is None]
