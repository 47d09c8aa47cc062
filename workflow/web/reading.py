"""Reads a form that was sent back: the facts it gives, what was typed, and what is wrong, in sentences for people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Protocol

from scheduler.calendars import LONDON
from states.facts import MOST_RECORDS, Fact, FactProblem, FactType, check_facts
from workflow.web.forms import (
    CHANGE,
    COUNT,
    DATE_PARTS,
    INSTANT_PARTS,
    NEVER,
    Typed,
    kind_of,
    may_be_never,
    none_counts,
    none_of,
    one_of,
    shape,
)

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_ZONES = {"bst": 0, "gmt": 1}


class FormData(Protocol):
    """What a browser sent, as Starlette gives it: several values for a name."""

    def getlist(self, key: Any, /) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """`given` are the facts as JSON writes them. `rearranged`: a record was added or removed, so draw the form anew."""

    given: dict[str, Any]
    typed: Typed
    problems: list[FactProblem]
    rearranged: bool = False


def read(facts: Sequence[Fact], sent: FormData) -> Reading:
    """What was sent, read. A form that only adds or removes a record has no problems yet."""
    typed = typed_in(facts, sent)
    if rearrange(facts, typed, _first(sent, CHANGE)):
        return Reading({}, typed, [], rearranged=True)
    return read_typed(facts, typed)


def read_typed(facts: Sequence[Fact], typed: Typed) -> Reading:
    """The same for a draft: what stands in its fields."""
    given, problems = _given(facts, typed, "")
    known = [problem.where for problem in problems]
    for problem in check_facts(facts, given)[1]:
        if not any(_is_within(problem.where, where) for where in known):
            problems.append(FactProblem(problem.where, problem.says.replace(f" ({problem.where})", "", 1)))
    return Reading(given, typed, problems)


def _is_within(where: str, known: str) -> bool:
    return where == known or where.startswith((f"{known}[", f"{known}."))


# What was typed


def typed_in(facts: Sequence[Fact], sent: FormData, before: str = "") -> Typed:
    """Every field of these facts as it was sent, changed in nothing but the line ends that browsers write."""
    typed = {fact.name: _typed_in(fact, sent, before + fact.name) for fact in facts}
    none = {none_of(fact): "yes" for fact in facts if none_counts(fact) and _first(sent, f"{before}{none_of(fact)}")}
    return {**typed, **none}


def _typed_in(fact: Fact, sent: FormData, name: str) -> Any:
    match shape(fact):
        case FactType.DATE:
            parts = (*DATE_PARTS, NEVER) if may_be_never(fact) else DATE_PARTS
            return {part: _first(sent, f"{name}-{part}") for part in parts}
        case FactType.INSTANT:
            return {part: _first(sent, f"{name}-{part}") for part in INSTANT_PARTS}
        case FactType.CHOICES:
            return [value for value in sent.getlist(name) if isinstance(value, str)]
        case FactType.RECORDS:
            count = _count(_first(sent, f"{name}-{COUNT}"))
            return [typed_in(fact.fields, sent, f"{name}-{number}-") for number in range(count)]
        case _:
            return _first(sent, name)


def _first(sent: FormData, name: str) -> str:
    values = [value for value in sent.getlist(name) if isinstance(value, str)]
    return values[0].replace("\r\n", "\n").replace("\r", "\n") if values else ""


def _count(words: str) -> int:
    return min(int(words), MOST_RECORDS) if re.fullmatch(r"[0-9]{1,3}", words) else 0


def rearrange(facts: Sequence[Fact], typed: Typed, wish: str) -> bool:
    """Adds or removes the record that the button names: "add parents", "remove parents-0". False: it names none."""
    verb, _, name = wish.partition(" ")
    for fact in facts:
        if fact.type is not FactType.RECORDS:
            continue
        records = typed[fact.name]
        if verb == "add" and name == fact.name and len(records) < MOST_RECORDS:
            records.append({})
            return True
        for number, record in enumerate(records):
            here = f"{fact.name}-{number}"
            if verb == "remove" and name == here:
                del records[number]
                return True
            if name.startswith(f"{here}-") and rearrange(fact.fields, record, f"{verb} {name[len(here) + 1 :]}"):
                return True
    return False


# What it gives


def _given(facts: Iterable[Fact], typed: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[FactProblem]]:
    given: dict[str, Any] = {}
    problems: list[FactProblem] = []
    for fact in facts:
        place = where + fact.name
        value = typed.get(fact.name)
        if fact.type is FactType.RECORDS:
            rows = []
            for number, one in enumerate(value or []):
                row, found = _given(fact.fields, one, f"{place}[{number}].")
                rows.append(row)
                problems += [FactProblem(p.where, _numbered(p.says, fact, number, len(value or []))) for p in found]
            if rows or (none_counts(fact) and typed.get(none_of(fact))):
                given[fact.name] = rows
        else:
            try:
                read_value = _READ[shape(fact)](fact, value)
            except ValueError as error:
                problems.append(FactProblem(place, str(error)))
                continue
            if read_value is not None:
                given[fact.name] = read_value
        if fact.required and fact.name not in given:
            problems.append(FactProblem(place, missing(fact)))
    return given, problems


def _numbered(says: str, fact: Fact, number: int, of: int) -> str:
    return f"{says} ({one_of(fact).lower()} {number + 1})" if of > 1 else says


def missing(fact: Fact) -> str:
    """What to do about a question that has to be answered and was not."""
    return f"{_TO_DO.get(fact.type, 'Enter an answer')}: {_quoted(fact)}"


_TO_DO = {
    FactType.BOOLEAN: "Select yes or no",
    FactType.CHOICE: "Select one",
    FactType.CHOICES: "Select at least one",
    FactType.DATE: "Enter the date",
    FactType.INSTANT: "Enter the date and time",
    FactType.INTEGER: "Enter a number",
    FactType.RECORDS: "Add at least one",
}


def _quoted(fact: Fact) -> str:
    return fact.label[:1].lower() + fact.label[1:] if fact.label[1:2].islower() else fact.label


def _text(fact: Fact, typed: str | None) -> str | None:
    """Text as it was typed; a reference or a name loses only the spaces around it."""
    if not (typed or "").strip():
        return None
    return typed if kind_of(fact, typed, None) == "textarea" else (typed or "").strip()


def _integer(fact: Fact, typed: str | None) -> int | None:
    digits = re.sub(r"[\s,]", "", typed or "")
    if not digits:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", digits):
        raise ValueError(f"{fact.label} must be a whole number, such as 12")
    return int(digits)


def _boolean(fact: Fact, typed: str | None) -> bool | None:
    if typed not in ("yes", "no", "", None):
        raise ValueError(f"Select yes or no: {_quoted(fact)}")
    return None if not typed else typed == "yes"


def _choice(fact: Fact, typed: str | None) -> str | None:
    if typed and typed not in (fact.choices or {}):
        raise ValueError(f"Select one of the choices: {_quoted(fact)}")
    return typed or None


def _choices(fact: Fact, typed: Sequence[str] | None) -> list[str] | None:
    for one in typed or []:
        _choice(fact, one)
    return list(typed or []) or None


def _date(fact: Fact, typed: Mapping[str, str] | None) -> str | None:
    if not isinstance(typed, Mapping):  # a draft of before a day was typed in parts
        typed = {}
    day = date_in(fact, typed)
    if typed.get(NEVER) and may_be_never(fact):
        if day:
            raise ValueError(f"{fact.label}: enter the date, or say that it never was, but not both")
        return NEVER
    return day.isoformat() if day else None


def date_in(fact: Fact, typed: Mapping[str, str]) -> date | None:
    """The date that was typed; months may be numbers or names."""
    parts = {part: (typed.get(part) or "").strip() for part in DATE_PARTS}
    absent = [part for part in DATE_PARTS if not parts[part]]
    if len(absent) == len(DATE_PARTS):
        return None
    if absent:
        raise ValueError(f"{fact.label} must include a {' and a '.join(absent)}")
    month = _month(parts["month"])
    if not re.fullmatch(r"[0-9]{4}", parts["year"]):
        raise ValueError(f"{fact.label}: the year must have 4 numbers, such as 2026")
    if not re.fullmatch(r"[0-9]{1,2}", parts["day"]) or month is None:
        raise ValueError(f"{fact.label} must be a real date, such as 23 11 2026")
    try:
        return date(int(parts["year"]), month, int(parts["day"]))
    except ValueError:
        raise ValueError(
            f"{fact.label} must be a real date: there is no {parts['day']} {_month_name(month)} {parts['year']}"
        ) from None


def _month_name(month: int) -> str:
    return MONTHS[month - 1].capitalize() if 1 <= month <= len(MONTHS) else f"month {month} of"


def _month(words: str) -> int | None:
    if re.fullmatch(r"[0-9]{1,2}", words):
        return int(words)
    named = [place for place, name in enumerate(MONTHS, 1) if len(words) >= 3 and name.startswith(words.lower())]
    return named[0] if len(named) == 1 else None


def _instant(fact: Fact, typed: Mapping[str, str] | None) -> str | None:
    words = ((typed or {}).get("time") or "").strip()
    day = date_in(fact, typed or {})
    if day is None and not words:
        return None
    if day is None:
        raise ValueError(f"{fact.label} must include a date")
    if not words:
        raise ValueError(f"{fact.label} must include a time, such as 9:30am or 14:05")
    wall, zone = time_in(fact, words)
    return _on_the_clock(fact, day, wall, zone).isoformat()


def time_in(fact: Fact, words: str) -> tuple[time, str]:
    """The time that was typed, as 9:30am, 9am, 14:05 or midday, and BST or GMT where that was said."""
    plain = words.lower().replace(".", ":")
    plain, zone = (plain[:-3].strip(), plain[-3:]) if plain.endswith(tuple(_ZONES)) else (plain, "")
    if plain in ("midday", "noon", "midnight"):
        return time(0 if plain == "midnight" else 12), zone
    found = re.fullmatch(r"([0-9]{1,2})(?::?([0-9]{2}))?(?::([0-9]{2}(?::[0-9]{1,6})?))?\s*(am|pm)?", plain)
    if found is None or not (found[2] or found[4]):
        raise ValueError(f"{fact.label}: the time must be like 9:30am or 14:05")
    hour, half = int(found[1]), found[4]
    if half and not 1 <= hour <= 12:
        raise ValueError(f"{fact.label}: the time must be like 9:30am or 14:05")
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    seconds, _, fraction = (found[3] or "0").partition(":")
    try:
        return time(hour, int(found[2] or 0), int(seconds), int(fraction.ljust(6, "0") or 0)), zone
    except ValueError:
        raise ValueError(f"{fact.label}: the time must be like 9:30am or 14:05") from None


def _on_the_clock(fact: Fact, day: date, wall: time, zone: str) -> datetime:
    """The instant at which clocks in England showed that time; once a year an hour is missing, once it comes twice."""
    first, second = (datetime.combine(day, wall.replace(fold=fold), LONDON) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return _utc(fact, first)
    if _utc(fact, first).astimezone(LONDON).time() != wall:
        raise ValueError(f"{fact.label}: {wall:%H:%M} did not come that day, as the clocks went forward an hour")
    if not zone:
        raise ValueError(
            f"{fact.label}: {wall:%H:%M} came twice that day, as the clocks went back; "
            f"write {wall:%H:%M} BST for the first and {wall:%H:%M} GMT for the second"
        )
    return _utc(fact, (first, second)[_ZONES[zone]])


def _utc(fact: Fact, local: datetime) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{fact.label} must be a real date, such as 23 11 2026") from None


_READ: dict[FactType, Any] = {
    FactType.TEXT: _text,
    FactType.PERSON: _text,
    FactType.DATE: _date,
    FactType.INSTANT: _instant,
    FactType.BOOLEAN: _boolean,
    FactType.INTEGER: _integer,
    FactType.CHOICE: _choice,
    FactType.CHOICES: _choices,
}
