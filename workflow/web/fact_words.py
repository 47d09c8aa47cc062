"""Facts as people read them: the label of the question, and the answer in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from states.facts import Fact, FactType
from workflow.web.forms import NEVER, one_of, shape
from workflow.web.pages import local_time, short_date


@dataclass(frozen=True, slots=True)
class Line:
    """One answer. A list of records has `records` instead of `text`: each with its own title and lines."""

    label: str
    text: str
    records: tuple[tuple[str, tuple["Line", ...]], ...] = ()


def in_words(facts: Iterable[Fact], values: Mapping[str, Any], people: Mapping[str, str] | None = None) -> list[Line]:
    """The facts that have a value, in the order in which they are asked; then values nobody asks for any more."""
    known = {fact.name: fact for fact in facts}
    names = [*(name for name in known if name in values), *(name for name in values if name not in known)]
    return [_line(known.get(name), name, values[name], people or {}) for name in names if values[name] is not None]


def names_somebody(fact: Fact) -> bool:
    """Whether it is a user name; some are text, as it may also be said that there is nobody."""
    return fact.type is FactType.PERSON or (fact.type is FactType.TEXT and "user name" in fact.hint)


def people_in(facts: Iterable[Fact], values: Mapping[str, Any]) -> Iterator[str]:
    """The user names of those whom these facts name, so that they can be called by their names."""
    for fact in facts:
        value = values.get(fact.name)
        if names_somebody(fact) and value:
            yield str(value)
        elif fact.type is FactType.RECORDS and isinstance(value, list):
            for record in value:
                yield from people_in(fact.fields, record)


def _line(fact: Fact | None, name: str, value: Any, people: Mapping[str, str]) -> Line:
    if fact is None:
        return Line(name.replace("_", " ").capitalize(), str(value))
    if fact.type is FactType.RECORDS and isinstance(value, list):
        one = one_of(fact)
        records = tuple(
            (f"{one} {number}", tuple(in_words(fact.fields, record, people))) for number, record in enumerate(value, 1)
        )
        return Line(fact.label, "" if records else "None", records)
    return Line(fact.label, said(fact, value, people))


def said(fact: Fact, value: Any, people: Mapping[str, str]) -> str:
    """One answer in words; what does not fit its question is shown as it stands."""
    if names_somebody(fact):
        return people.get(value, str(value))
    choices = fact.choices or {}
    readers: dict[FactType, Callable[[], str]] = {
        FactType.BOOLEAN: lambda: "Yes" if value else "No",
        FactType.DATE: lambda: "Never" if value == NEVER else short_date(value),
        FactType.INSTANT: lambda: local_time(value),
        FactType.CHOICE: lambda: _capital(choices.get(value, str(value))),
        FactType.CHOICES: lambda: "; ".join(_capital(choices.get(one, str(one))) for one in value) or "None",
    }
    return readers.get(shape(fact), lambda: str(value))()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
