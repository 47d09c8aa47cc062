"""What a move asks for: typed facts with labels, hints and choices, and the check of what was given."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

LONGEST_TEXT = 10_000  # characters; a longer note belongs in the document store, not in a move
MOST_RECORDS = 50
DAY_OR_NEVER = r"never|\d{4}-\d{2}-\d{2}"  # the pattern of a text that is a date, or says that it never was


class FactType(StrEnum):
    """How a fact is written down. In JSON: dates as 2026-11-23, instants as 2026-11-23T09:30:00+00:00."""

    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    CHOICE = "choice"
    CHOICES = "choices"  # any number of the choices
    PERSON = "person"  # the user name of an account
    RECORDS = "records"  # a list of records, each with `fields`


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing a move asks for; `choices` maps value to label.

    `personal` content is stored apart from the evidence, so that it can be erased without breaking the chain.
    """

    name: str
    type: FactType
    label: str
    hint: str = ""
    choices: Mapping[str, str] | None = None
    required: bool = True
    personal: bool = False
    fields: tuple["Fact", ...] = ()
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class FactProblem:
    """What is wrong with one given fact: where it stands (`babies[0].sex`) and one clear sentence."""

    where: str
    says: str


def _text(fact: Fact, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is {len(value):,} characters long; the most is {LONGEST_TEXT:,}")
    if "\x00" in value:
        raise ValueError("contains a NUL character")
    if fact.required and not value.strip():
        raise ValueError("is empty")
    if fact.pattern and not re.fullmatch(fact.pattern, value):
        raise ValueError(f"must look like {fact.hint or fact.pattern}")
    if fact.pattern and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        _date(fact, value)  # what is written as a date must be one
    return value


def _date(_: Fact, value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("must be a date such as 2026-11-23") from None


def _instant(_: Fact, value: Any) -> str:
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("must be a date and time such as 2026-11-23T09:30:00+00:00") from None
    if instant.tzinfo is None:
        raise ValueError("needs its offset from UTC, such as 2026-11-23T09:30:00+00:00")
    return instant.isoformat()


def _boolean(_: Fact, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _integer(fact: Fact, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    if fact.minimum is not None and value < fact.minimum:
        raise ValueError(f"must be at least {fact.minimum}")
    if fact.maximum is not None and value > fact.maximum:
        raise ValueError(f"must be at most {fact.maximum}")
    return value


def _choice(fact: Fact, value: Any) -> str:
    if not isinstance(value, str) or value not in (fact.choices or {}):
        raise ValueError(f"must be one of {', '.join(fact.choices or {})}")
    return value


def _choices(fact: Fact, value: Any) -> list[str]:
    if not isinstance(value, list) or any(not isinstance(one, str) for one in value):
        raise ValueError("must be a list")
    if fact.required and not value:
        raise ValueError("is empty")
    return [_choice(fact, one) for one in value]


_READ = {
    FactType.TEXT: _text,
    FactType.PERSON: _text,
    FactType.DATE: _date,
    FactType.INSTANT: _instant,
    FactType.BOOLEAN: _boolean,
    FactType.INTEGER: _integer,
    FactType.CHOICE: _choice,
    FactType.CHOICES: _choices,
}


def check_facts(
    facts: Sequence[Fact], given: Mapping[str, Any], where: str = ""
) -> tuple[dict[str, Any], list[FactProblem]]:
    """Returns the facts in their JSON form and every problem found, all at once.

    A required fact that is absent or null is a problem; so is a fact nobody asked for. An optional fact that is absent
    or null is left out of the result.
    """
    values: dict[str, Any] = {}
    problems: list[FactProblem] = []
    known = {fact.name: fact for fact in facts}
    for name in given:
        if name not in known:
            place = where + str(name)[:40]
            problems.append(FactProblem(place, f"{place} is not asked for here"))
    for fact in facts:
        place = where + fact.name
        value = given.get(fact.name)
        if value is None:
            if fact.required:
                problems.append(FactProblem(place, f"{fact.label} ({place}) is missing"))
            continue
        if fact.type is FactType.RECORDS:
            values[fact.name] = _records(fact, value, place, problems)
            continue
        try:
            values[fact.name] = _READ[fact.type](fact, value)
        except ValueError as error:
            problems.append(FactProblem(place, f"{fact.label} ({place}) {error}"))
    return values, problems


def _records(fact: Fact, value: Any, place: str, problems: list[FactProblem]) -> list[dict[str, Any]]:
    if not isinstance(value, list) or any(not isinstance(one, Mapping) for one in value):
        problems.append(FactProblem(place, f"{fact.label} ({place}) must be a list of records"))
        return []
    if fact.required and not value:
        problems.append(FactProblem(place, f"{fact.label} ({place}) is empty"))
    if len(value) > MOST_RECORDS:
        problems.append(
            FactProblem(place, f"{fact.label} ({place}) has {len(value)} records; the most is {MOST_RECORDS}")
        )
        return []
    rows = []
    for number, one in enumerate(value):
        row, found = check_facts(fact.fields, one, f"{place}[{number}].")
        rows.append(row)
        problems.extend(found)
    return rows


def split_personal(facts: Iterable[Fact], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parts checked values into those that may stand in the clear and those that are personal content."""
    personal_names = {fact.name for fact in facts if fact.personal}
    clear = {name: value for name, value in values.items() if name not in personal_names}
    personal = {name: value for name, value in values.items() if name in personal_names}
    return clear, personal


def text(name: str, label: str, hint: str = "", *, required: bool = True, personal: bool = True) -> Fact:
    """Free text: personal unless said otherwise, since people write about people."""
    return Fact(name=name, type=FactType.TEXT, label=label, hint=hint, required=required, personal=personal)


def code(name: str, label: str, hint: str = "", *, required: bool = True, pattern: str | None = None) -> Fact:
    """A reference or code that says nothing about a person, such as a court reference."""
    return Fact(name=name, type=FactType.TEXT, label=label, hint=hint, required=required, pattern=pattern)


def day(name: str, label: str, hint: str = "", *, required: bool = True, personal: bool = False) -> Fact:
    return Fact(name=name, type=FactType.DATE, label=label, hint=hint, required=required, personal=personal)


def instant(name: str, label: str, hint: str = "", *, required: bool = True) -> Fact:
    return Fact(name=name, type=FactType.INSTANT, label=label, hint=hint, required=required)


def yes_no(name: str, label: str, hint: str = "", *, required: bool = True) -> Fact:
    return Fact(name=name, type=FactType.BOOLEAN, label=label, hint=hint, required=required)


def number(
    name: str, label: str, hint: str = "", *, required: bool = True, minimum: int = 0, maximum: int | None = None
) -> Fact:
    return Fact(
        name=name, type=FactType.INTEGER, label=label, hint=hint, required=required, minimum=minimum, maximum=maximum
    )


def choice(name: str, label: str, choices: Mapping[str, str], hint: str = "", *, required: bool = True) -> Fact:
    return Fact(name=name, type=FactType.CHOICE, label=label, hint=hint, choices=choices, required=required)


def choices(name: str, label: str, options: Mapping[str, str], hint: str = "", *, required: bool = True) -> Fact:
    return Fact(name=name, type=FactType.CHOICES, label=label, hint=hint, choices=options, required=required)


def person(name: str, label: str, hint: str = "the user name of an account", *, required: bool = True) -> Fact:
    return Fact(name=name, type=FactType.PERSON, label=label, hint=hint, required=required)


def records(
    name: str, label: str, *fields: Fact, hint: str = "", required: bool = True, personal: bool = False
) -> Fact:
    """A list of records. Mark it `personal` as a whole where any of its fields is: a record is stored in one place."""
    return Fact(
        name=name, type=FactType.RECORDS, label=label, hint=hint, fields=fields, required=required, personal=personal
    )
