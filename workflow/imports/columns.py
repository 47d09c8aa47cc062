"""The columns of both kinds of file, derived from what the lifecycles ask for, and how a cell becomes a fact."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from scheduler.calendars import at_time
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType, check_facts, choice, code, day
from states.guards import Situation
from states.lifecycle import NEW, Lifecycle, Transition
from workflow.imports.reading import Row, Value

REFERRAL_LIFECYCLE = "prebirth"
LONGEST_REFERENCE = 100
YEARS = range(1900, 2100)  # beyond these a date is a slip of the pen
SLOTS = {"parents": 3, "previous_removals": 3, "babies": 4, "clocks": 6}  # how many records one row has room for
SINGULAR = {"parents": "parent", "previous_removals": "removal", "babies": "child", "clocks": "clock"}
RENAMED = {"migrate_to": "state", "worker": "owner"}
SHORT = {("clocks", "clock"): "", ("clocks", "due_on"): "_due"}
MUST_BE_PAST = frozenset({"occurred_on", "since", "received_on", "born_on"})
THERE_ARE_NONE = {"none": "there are none"}
A_DATE = "must be a date such as 2026-11-23 or 23/11/2026"


class Kind(StrEnum):
    """What a file holds."""

    REFERRALS = "referrals"
    CASELOAD = "caseload"

    @property
    def trigger(self) -> str:
        return "refer" if self is Kind.REFERRALS else "migrate_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `path` says where among the facts its value goes; empty for what is said of the row itself.

    `only` names the lifecycles that ask for it, where not all do.
    """

    name: str
    fact: Fact
    path: tuple[str | int, ...] = ()
    required: bool = False
    only: tuple[str, ...] = ()

    @property
    def must_be_past(self) -> bool:
        return self.fact.name in MUST_BE_PAST


def rows_of(lifecycle: Lifecycle, kind: Kind) -> tuple[Transition, ...]:
    """The rows of the table by which such a case comes in."""
    return lifecycle.rows(kind.trigger, NEW)


def row_meant(lifecycle: Lifecycle, kind: Kind, values: Mapping[str, Any]) -> Transition | None:
    """The row by which a case with these values in its columns comes in."""
    submitted = {"migrate_to": values.get(RENAMED["migrate_to"])}
    situation = Situation(state=NEW, trigger=kind.trigger, actor="", occurred_on=date.min, submitted=submitted)
    return next((row for row in rows_of(lifecycle, kind) if row.holds(situation)), None)


def facts_of(lifecycle: Lifecycle, kind: Kind) -> tuple[Fact, ...]:
    """All that the rows by which such a case comes in ask for; required where each of them requires it."""
    rows = rows_of(lifecycle, kind)
    merged: dict[str, Fact] = {}
    for fact in (fact for row in rows for fact in row.facts):
        merged[fact.name] = _merged(merged.get(fact.name, fact), fact)
    always = {name for name in merged if all(any(fact.name == name for fact in row.facts) for row in rows)}
    return tuple(fact if fact.name in always else replace(fact, required=False) for fact in merged.values())


def _merged(one: Fact, other: Fact) -> Fact:
    """What fits one fact or another of the same name."""
    choices = {**(one.choices or {}), **(other.choices or {})} or None
    return replace(one, choices=choices, required=one.required and other.required)


@dataclass(frozen=True)
class Sheet:
    """The columns of one kind of file, in the order of its template."""

    kind: Kind
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def _names_by_path(self) -> Mapping[tuple[str | int, ...], str]:
        return {column.path: column.name for column in self.columns if column.path}

    def name_at(self, path: tuple[str | int, ...]) -> str:
        """The column a fact came from; for a list of records the first of its columns."""
        exact = self._names_by_path.get(path)
        below = (name for at, name in self._names_by_path.items() if at[: len(path)] == path)
        return exact or next(below, str(path[0]))


@cache
def sheet(kind: Kind) -> Sheet:
    """The columns of a kind of file."""
    return Sheet(kind, tuple(_referral_columns() if kind is Kind.REFERRALS else _caseload_columns()))


def known(name: str) -> bool:
    """Whether this is the name of a column of either kind."""
    return any(plain_name(name) in sheet(kind).by_name for kind in Kind)


def plain_name(heading: str) -> str:
    """A heading as a column's name: case and spaces do not matter."""
    return re.sub(r"\s+", "_", heading.strip()).casefold()


REFERENCE = code("source_reference", "Reference in the system the row comes from", "says nothing about a person")
TEAM = code("team", "Team", "the code of a team of this authority")


def _referral_columns() -> Iterator[Column]:
    facts = facts_of(LIFECYCLES[REFERRAL_LIFECYCLE], Kind.REFERRALS)
    names = {fact.name for fact in facts}
    own = (REFERENCE, TEAM, day("occurred_on", "Referred on", "received_on where empty", required=False))
    for fact in own:
        path = (fact.name,) if fact.name in names else ()
        yield Column(name=fact.name, fact=fact, path=path, required=fact.required)
    for fact in facts:
        if fact.name not in {one.name for one in own}:
            yield from _columns_of(fact)


def _caseload_columns() -> Iterator[Column]:
    under = tuple(one.id for one in LIFECYCLES.values() if one.parent)
    asked = _asked_by_lifecycles()
    first = (
        "source_reference",
        "lifecycle",
        "migrate_to",
        "came_from",
        "since",
        "worker",
        "team",
        "received_on",
        "edd",
    )
    of_the_row = {
        "lifecycle": choice("lifecycle", "Kind of case", {one.id: one.label for one in LIFECYCLES.values()}),
        "team": TEAM,
    }
    for name in first:
        if name in of_the_row:
            path = (name,) if name in asked else ()
            yield Column(name=name, fact=of_the_row[name], path=path, required=True)
        else:
            yield from _columns_of(*asked[name])
    parent = "Source reference of the case it stands under: a row of this file, or imported before"
    yield Column(
        name="parent_source_reference", fact=code("parent_source_reference", parent, required=False), only=under
    )
    yield from _columns_of(*asked["child"])
    for name, (fact, only) in asked.items():
        if name not in {*first, "child"}:
            yield from _columns_of(fact, only)


def _asked_by_lifecycles() -> dict[str, tuple[Fact, tuple[str, ...]]]:
    """What taking over asks for: each fact, and the lifecycles that ask for it where not all do."""
    asked: dict[str, Fact] = {}
    only: dict[str, list[str]] = {}
    for lifecycle in LIFECYCLES.values():
        for fact in facts_of(lifecycle, Kind.CASELOAD):
            asked[fact.name] = _merged(asked.get(fact.name, fact), fact)
            only.setdefault(fact.name, []).append(lifecycle.id)
    everywhere = len(LIFECYCLES)
    return {name: (fact, () if len(only[name]) == everywhere else tuple(only[name])) for name, fact in asked.items()}


def _columns_of(
    fact: Fact, only: tuple[str, ...] = (), name: str = "", path: tuple[str | int, ...] = ()
) -> Iterator[Column]:
    """A fact as columns: a list of records becomes as many groups of columns as a row has room for."""
    name = name or RENAMED.get(fact.name, fact.name)
    path = (*path, fact.name)
    inside = len(path) > 1
    if fact.type is not FactType.RECORDS:
        yield Column(name=name, fact=fact, path=path, required=fact.required and not (inside or only), only=only)
        return
    if inside:  # no records at all is something known, and something else than an empty cell
        yield Column(
            name=name, fact=choice(fact.name, fact.label, THERE_ARE_NONE, required=False), path=path, only=only
        )
    prefix, singular = name.removesuffix(fact.name), SINGULAR.get(fact.name, fact.name.removesuffix("s"))
    for slot in range(SLOTS.get(fact.name, 3)):
        for part in fact.fields:
            short = SHORT.get((fact.name, part.name), f"_{part.name}")
            yield from _columns_of(part, only, f"{prefix}{singular}{slot + 1}{short}", (*path, slot))


# Cells


@dataclass(slots=True)
class Parsed:
    """One row with its cells read: values by column, and (column or None, what is wrong) for what could not be."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    bad: list[tuple[str | None, str]] = field(default_factory=list)

    def is_bad(self, column: str) -> bool:
        return any(name == column for name, _ in self.bad)

    def says(self, column: str, what: str) -> None:
        self.bad.append((column, what))


def parse(header: Sequence[Column], row: Row) -> Parsed:
    """Reads every cell of a row as its column wants it."""
    parsed = Parsed(row.line)
    if len(row.cells) != len(header):
        parsed.bad.append((None, f"has {len(row.cells)} cells where the header has {len(header)}"))
        return parsed
    for number_of, says in row.bad:
        parsed.says(header[number_of].name, says)
    unreadable = {number_of for number_of, _ in row.bad}
    for number_of, (column, value) in enumerate(zip(header, row.cells, strict=True)):
        if value is None or number_of in unreadable:
            continue
        try:
            parsed.values[column.name] = convert(column.fact, value)
        except ValueError as error:
            parsed.says(column.name, str(error))
    return parsed


def convert(fact: Fact, value: Value) -> Any:
    """A cell as the value of a fact; ValueError says what is wrong with it, without repeating it."""
    if fact.type is FactType.CHOICE:
        return _one_choice(fact, as_text(value))
    if fact.type is FactType.CHOICES:
        return [_one_choice(fact, one.strip()) for one in as_text(value).split(";") if one.strip()]
    return READ[fact.type](value) if fact.type in READ else _text(fact, value)


def read_day(value: Value) -> date:
    """A day: of a spreadsheet, or written 2026-11-23 or 23/11/2026."""
    found = value if isinstance(value, date) else _written_day(value)
    if found.year not in YEARS:
        raise ValueError(f"must be a date between the years {YEARS[0]} and {YEARS[-1]}")
    return found


def _written_day(value: Value) -> date:
    text = value if isinstance(value, str) else ""
    text = re.sub(r"[ T]00:00(:00)?$", "", text)
    if re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}", text):
        raise ValueError(f"{A_DATE}: write the year with four digits")
    try:
        if found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text, re.ASCII):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text, re.ASCII):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        raise ValueError(f"{A_DATE}: there is no such day") from None
    raise ValueError(A_DATE)


def _instant(value: Value) -> str:
    """An instant; the time is that of England where no offset from UTC is given."""
    text = as_text(value)
    if found := re.fullmatch(r"(\S+)[ T](\d{1,2}):(\d{2})(:\d{2})?", text, re.ASCII):
        day, hour, minute = read_day(found[1]), int(found[2]), int(found[3])
        if hour < 24 and minute < 60:
            return at_time(day, time(hour, minute)).isoformat()
    elif re.search(r"\d[+-]\d{2}:\d{2}$|\dZ$", text, re.ASCII):
        try:
            return datetime.fromisoformat(text).isoformat()
        except ValueError:
            pass
    raise ValueError("must be a date and time such as 2026-11-23 09:30")


def as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def _yes_or_no(value: Value) -> bool:
    said = as_text(value).casefold()
    if said in ("yes", "y", "true", "1"):
        return True
    if said in ("no", "n", "false", "0"):
        return False
    raise ValueError("must be yes or no")


def _whole_number(value: Value) -> int:
    text = as_text(value)
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


READ: Mapping[FactType, Callable[[Value], Any]] = {
    FactType.DATE: read_day,
    FactType.INSTANT: _instant,
    FactType.BOOLEAN: _yes_or_no,
    FactType.INTEGER: _whole_number,
}


def _one_choice(fact: Fact, text: str) -> str:
    choices = fact.choices or {}
    by_plain = {one.casefold(): one for one in choices}
    if text.casefold() not in by_plain:
        told = ", ".join(choices) if len(choices) <= 20 else "the codes listed in the template's second sheet"
        raise ValueError(f"must be one of {told}")
    return by_plain[text.casefold()]


def _text(fact: Fact, value: Value) -> str:
    text = as_text(value)
    if fact.name.endswith("_on"):  # a day, or a word such as never
        try:
            return read_day(value).isoformat()
        except ValueError:
            pass
    if text[0] in "=@" or (text[0] in "+-" and not re.fullmatch(r"[+-][\d.,/-]+", text)):
        raise ValueError(f"begins with {text[0]}, as a formula does")
    if len(text) > LONGEST_REFERENCE and "reference" in fact.name:
        raise ValueError(f"is {len(text):,} characters long; the most is {LONGEST_REFERENCE}")
    return text


# Facts


def gather(columns: Sheet, parsed: Parsed, asked: Sequence[Fact]) -> dict[str, Any]:
    """The facts of a row, checked as the lifecycle asks for them; what is wrong is added to the row by column."""
    tree: dict[str, Any] = {}
    given = [(columns.by_name[name], value) for name, value in parsed.values.items()]
    for column, value in given:
        if column.path and column.fact.choices is not THERE_ARE_NONE:
            _records_at(tree, column)[column.path[-1]] = value
    for column, _ in given:
        if column.fact.choices is THERE_ARE_NONE and _records_at(tree, column).setdefault(column.path[-1], {}):
            parsed.says(column.name, "says none, and yet there are some")
    values, problems = check_facts(asked, {name: _listed(value) for name, value in tree.items()})
    for problem in problems:
        name = columns.name_at(_path_of(problem.where, tree))
        if not parsed.is_bad(name):
            parsed.says(name, problem.says.rpartition(f"({problem.where}) ")[2].removeprefix(f"{problem.where} "))
    return values


def _records_at(tree: dict[str, Any], column: Column) -> dict[str | int, Any]:
    """The place in the tree that a column's value goes to."""
    node: Any = tree
    for step in column.path[:-1]:
        node = node.setdefault(step, {})
    found: dict[str | int, Any] = node
    return found


def _listed(node: Any) -> Any:
    """The tree with its numbered records as lists."""
    if not isinstance(node, dict):
        return node
    if all(isinstance(key, int) for key in node):
        return [_listed(node[key]) for key in sorted(node)]
    return {key: _listed(value) for key, value in node.items()}


def _path_of(where: str, tree: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where a problem such as parents[0].consent stands in the file: the first parent given may be the second group."""
    path: list[str | int] = []
    node: Any = tree
    for part in where.split("."):
        name, _, index = part.partition("[")
        path.append(name)
        node = node.get(name, {}) if isinstance(node, dict) else {}
        if index:
            slot = sorted(node)[int(index[:-1])]
            path.append(slot)
            node = node[slot]
    return tuple(path)
