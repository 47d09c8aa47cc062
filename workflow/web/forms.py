"""Forms drawn from the facts a move asks for. What was typed is kept exactly as typed, right or wrong.

`typed` holds a form's values by the name of the fact: text for most; {"day", "month", "year"} for a date, with "time"
for an instant, and with "never" for a day that may never have been; a list of values for choices; a list of such
mappings for records, and "yes" beside it, under {name}-none, where it was said that there are none. Kept as JSON, it
is a draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.criteria import KNOWN_FACTS, Kind
from scheduler.calendars import LONDON, as_utc
from states.facts import DAY_OR_NEVER, MOST_RECORDS, Fact, FactProblem, FactType

Typed = dict[str, Any]
DATE_PARTS = ("day", "month", "year")
INSTANT_PARTS = (*DATE_PARTS, "time")
MOST_PEOPLE = 150  # to choose from in a list; a longer one is slow to send and to read through
MOST_RADIOS = 7  # more choices than this are a list to choose from
COUNT = "count"  # {name of records}-count: how many of them were on the page
NONE = "none"  # {name of records}-none: that there are none, which is something else than not knowing of any
NEVER = "never"  # {name of a day}-never: that it never was; the value of the fact as well
CHANGE = "change"  # the name of the buttons that add and remove records
_NOT_A_CHOICE = "not one of the choices"
# Records of a record that rules ask for: to a rule, a parent with no previous removal is not one of whom none is known.
NONE_COUNTS = frozenset(
    path.rpartition(".")[2] for path, known in KNOWN_FACTS.items() if known.kind is Kind.RECORDS and "." in path
)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: its value, its label, and whether it is chosen."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One of several records, with its own fields and the button that removes it."""

    title: str
    fields: tuple["Field", ...]
    remove: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question as it stands on the page. `id` is also its name in what is sent back."""

    id: str
    kind: str  # textarea, input, number, date, instant, radios, select, checkboxes, records
    label: str
    hint: str
    value: Any
    error: str | None
    optional: bool
    options: tuple[Option, ...] = ()
    records: tuple[Record, ...] = ()
    add: str = ""  # the value of the button that adds a record; empty where there can be no more
    one: str = ""  # what one record is called
    none: bool | None = None  # whether "there are none" is chosen; None where that is not asked
    never: bool | None = None  # the same of "never"
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The questions and what is wrong with the answers. `errors` are (address of the field, sentence) in page order."""

    fields: tuple[Field, ...]
    errors: tuple[tuple[str, str], ...] = ()
    has_records: bool = field(default=False)


def form(
    facts: Sequence[Fact],
    typed: Mapping[str, Any] | None = None,
    problems: Sequence[FactProblem] = (),
    *,
    people: Mapping[str, str] | None = None,
) -> Form:
    """The form of these facts. `people` are the accounts to choose from, by user name; without it, or where they are
    too many for a list, names are typed.

    A problem whose place is no field of the form stands in the summary all the same.
    """
    if people is not None and len(people) > MOST_PEOPLE:
        people = None
    says: dict[str, str] = {}
    for problem in problems:
        says.setdefault(id_of(problem.where), problem.says)
    fields = tuple(_field(fact, typed or {}, "", says, people) for fact in facts)
    targets = {one.id: target_of(one) for one in every_field(fields)}
    order = {one: place for place, one in enumerate(targets)}
    found = [(id_of(problem.where), problem.says) for problem in problems]
    found.sort(key=lambda pair: order.get(pair[0], len(order)))
    errors = tuple(dict.fromkeys((f"#{targets[one]}" if one in targets else "", words) for one, words in found))
    return Form(fields, errors, any(one.kind == "records" for one in fields))


def every_field(fields: Sequence[Field]) -> list[Field]:
    """The fields and those inside their records, in the order of the page."""
    found = []
    for one in fields:
        found.append(one)
        for record in one.records:
            found += every_field(record.fields)
    return found


def id_of(where: str) -> str:
    """babies[0].sex as babies-0-sex: the same place, as an id of the page."""
    return where.replace("].", "-").replace("[", "-").replace("]", "")


def target_of(shown: Field) -> str:
    """What a link in the error summary leads to: the first place of the field that can be typed in."""
    return f"{shown.id}-day" if shown.parts else shown.id


def _field(
    fact: Fact, form: Mapping[str, Any], before: str, says: Mapping[str, str], people: Mapping[str, str] | None
) -> Field:
    name = before + fact.name
    typed = _nothing(fact) if form.get(fact.name) is None else form[fact.name]
    if may_be_never(fact):
        return _day_or_never_field(fact, name, typed, says.get(name))
    common: dict[str, Any] = {
        "id": name,
        "kind": kind_of(fact, typed, people),
        "label": fact.label,
        "hint": "" if fact.type is FactType.PERSON and people is not None else _sentence(fact.hint),
        "value": typed,
        "error": says.get(name),
        "optional": not fact.required,
    }
    match fact.type:
        case FactType.RECORDS:
            common["none"] = bool(form.get(none_of(fact))) if none_counts(fact) and not typed else None
            return _records_field(fact, common, says, people)
        case FactType.DATE:
            return Field(**common, parts=DATE_PARTS)
        case FactType.INSTANT:
            return Field(**common, parts=INSTANT_PARTS)
        case _:
            return Field(**common, options=_options(fact, typed, people))


def may_be_never(fact: Fact) -> bool:
    """Whether it is a day that may never have been: asked for as a date, with a box that says so."""
    return fact.type is FactType.TEXT and fact.pattern == DAY_OR_NEVER


def shape(fact: Fact) -> FactType:
    """How the fact is typed: what may be a day or never, as a day."""
    return FactType.DATE if may_be_never(fact) else fact.type


def _day_or_never_field(fact: Fact, name: str, typed: Any, error: str | None) -> Field:
    value = typed if isinstance(typed, dict) else {}  # a draft of before may have it as text
    return Field(
        id=name,
        kind="date",
        label=fact.label,
        hint="",
        value=value,
        error=error,
        optional=not fact.required,
        parts=DATE_PARTS,
        never=bool(value.get(NEVER)),
    )


def _nothing(fact: Fact) -> Any:
    match shape(fact):
        case FactType.DATE | FactType.INSTANT:
            return {}
        case FactType.CHOICES:
            return []
        case FactType.RECORDS:
            return [{}] if fact.required else []
        case _:
            return ""


def _sentence(hint: str) -> str:
    return hint[:1].upper() + hint[1:] if hint and not hint.startswith('"') else hint


def kind_of(fact: Fact, typed: Any, people: Mapping[str, str] | None) -> str:
    """How the question is asked. Text of several lines never goes where only one line fits: it would be cut."""
    kinds = {
        FactType.TEXT: "input" if _is_short(fact) and "\n" not in typed else "textarea",
        FactType.PERSON: "input" if people is None else "select",
        FactType.BOOLEAN: "radios",
        FactType.CHOICE: "radios" if len(fact.choices or {}) <= MOST_RADIOS else "select",
        FactType.CHOICES: "checkboxes",
        FactType.INTEGER: "number",
    }
    return kinds.get(fact.type, fact.type.value)


def _is_short(fact: Fact) -> bool:
    """References, and names of people and places: everything else may need several lines."""
    names = ("name", "authority", "_name", "_by", "_chair", "_midwife", "_authority")
    return not fact.personal or fact.pattern is not None or fact.name.endswith(names)


def _options(fact: Fact, typed: Any, people: Mapping[str, str] | None) -> tuple[Option, ...]:
    known: Mapping[str, str] = {}
    match fact.type:
        case FactType.BOOLEAN:
            known = {"yes": "Yes", "no": "No"}
        case FactType.CHOICE | FactType.CHOICES:
            known = {value: _sentence(label) for value, label in (fact.choices or {}).items()}
        case FactType.PERSON if people is not None:
            known = people
        case _:
            return ()
    chosen = typed if isinstance(typed, list) else [typed]
    options = [Option(value, label, value in chosen) for value, label in known.items()]
    options += [Option(value, f"{value} ({_NOT_A_CHOICE})", True) for value in chosen if value and value not in known]
    if fact.type is FactType.CHOICES:
        return tuple(options)
    if kind_of(fact, "", people) == "radios":
        return (*options, Option("", "Not known", not typed)) if not fact.required else tuple(options)
    return (Option("", "Choose one" if fact.required else "Not known", not typed), *options)


def _records_field(
    fact: Fact, common: Mapping[str, Any], says: Mapping[str, str], people: Mapping[str, str] | None
) -> Field:
    one = one_of(fact)
    records = []
    for number, typed in enumerate(common["value"]):
        before = f"{common['id']}-{number}"
        fields = tuple(_field(inner, typed, f"{before}-", says, people) for inner in fact.fields)
        records.append(Record(f"{one} {number + 1}", fields, f"remove {before}"))
    add = f"add {common['id']}" if len(records) < MOST_RECORDS else ""
    return Field(**common, records=tuple(records), add=add, one=one.lower())


def none_counts(fact: Fact) -> bool:
    """Whether it may be answered that there are none of these records."""
    return fact.type is FactType.RECORDS and not fact.required and fact.name in NONE_COUNTS


def none_of(fact: Fact) -> str:
    """The name under which that answer stands beside the records."""
    return f"{fact.name}-{NONE}"


def one_of(fact: Fact) -> str:
    """What one record is called: Baby for babies. "Entry" where the name has no plain singular."""
    last = fact.name.rpartition("_")[2]
    if last.endswith("ies"):
        last = f"{last[:-3]}y"
    elif last == "children":
        last = "child"
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    else:
        last = "entry"
    return last.capitalize()


# From facts to what would have been typed


def typed_from(facts: Sequence[Fact], given: Mapping[str, Any]) -> Typed:
    """The form as somebody would have filled it in to give these facts; to correct them, say."""
    typed = {fact.name: _typed(fact, given[fact.name]) for fact in facts if given.get(fact.name) is not None}
    none = {none_of(fact): "yes" for fact in facts if none_counts(fact) and given.get(fact.name) == []}
    return {**typed, **none}


def _typed(fact: Fact, value: Any) -> Any:
    match shape(fact):
        case FactType.DATE:
            return {NEVER: "yes"} if value == NEVER else typed_date(value)
        case FactType.INSTANT:
            return typed_instant(value)
        case FactType.BOOLEAN:
            return "yes" if value else "no"
        case FactType.CHOICES:
            return list(value)
        case FactType.RECORDS:
            return [typed_from(fact.fields, one) for one in value]
        case _:
            return str(value)


def pairs_from(facts: Sequence[Fact], typed: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """What a browser would send of this form: read again, it is typed the same."""
    pairs = []
    for fact in facts:
        name, value = before + fact.name, typed.get(fact.name)
        match shape(fact):
            case FactType.DATE | FactType.INSTANT:
                pairs += [(f"{name}-{part}", words) for part, words in (value or {}).items()]
            case FactType.CHOICES:
                pairs += [(name, one) for one in value or []]
            case FactType.RECORDS:
                pairs.append((f"{name}-{COUNT}", str(len(value or []))))
                pairs += [(f"{name}-{NONE}", typed[none_of(fact)])] if typed.get(none_of(fact)) else []
                for number, record in enumerate(value or []):
                    pairs += pairs_from(fact.fields, record, f"{name}-{number}-")
            case _:
                pairs += [(name, value)] if value else []
    return pairs


def typed_date(value: str) -> Typed:
    year, month, day = str(value)[:10].split("-")
    return {"day": str(int(day)), "month": str(int(month)), "year": year}


def typed_instant(value: str | datetime) -> Typed:
    """The day and time on clocks in England; in the hour that comes twice, with BST or GMT."""
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    local = as_utc(instant).astimezone(LONDON)
    time = local.time().isoformat() if local.second or local.microsecond else f"{local:%H:%M}"
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        time += f" {local.tzname()}"
    return {**typed_date(local.date().isoformat()), "time": time}
