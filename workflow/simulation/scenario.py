"""A scenario: what is told in a TOML file, read with care into cases and steps."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow.errors import BadInput
from workflow.models import Record
from workflow.simulation.keys import Keys
from workflow.simulation.moments import Moment, Span, read_at, read_moment, span_of
from workflow.simulation.people import RECORDS, Person, default_cast

MOST_BYTES = 200_000
MOST_TIMES = 100
ACTS = ("do", "open", "outage", "clock_step", "absent", "nothing", "acknowledge", "snooze")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTold:
    """A case of a scenario: what it is, under which other, and the facts it is opened with."""

    name: str
    lifecycle: str
    parent: str | None = None
    child: int | None = None
    trigger: str | None = None
    by: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    background: bool = False  # it has to be there, but is not what the scenario is about: its alerts are not shown

    @property
    def record(self) -> Record:
        return Record(LIFECYCLES[self.lifecycle].record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must hold at a step. `alerts` and `told` are about what was raised since the last step that expected any."""

    state: str | None = None
    alerts: tuple[str, ...] | None = None
    told: tuple[str, ...] | None = None
    overdue: tuple[str, ...] | None = None
    open: tuple[str, ...] | None = None
    due: Mapping[str, str] | None = None
    cause: str | None = None
    settled: bool | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    person: str
    days: int
    cover: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Acknowledging or snoozing what a clock says."""

    clock: str
    until: Span
    reason: str
    snooze: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: when, what somebody does (or what happens), and what must hold afterwards."""

    number: int
    moment: Moment
    case: str
    says: str
    do: str | None = None
    opens: str | None = None
    by: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    outage: Span | None = None
    clock_step: Span | None = None
    absent: Absent | None = None
    answer: Answer | None = None
    expect: Expected = Expected()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a file tells. `file` is how it is named in what is wrong with it."""

    file: str
    title: str
    shows: str
    authority: str
    start: datetime
    people: tuple[Person, ...]
    cases: tuple[CaseTold, ...]
    steps: tuple[Step, ...]

    def case(self, name: str) -> CaseTold | None:
        return next((one for one in self.cases if one.name == name), None)

    @property
    def opened_later(self) -> set[str]:
        return {step.opens for step in self.steps if step.opens is not None}


def load_scenario(path: Path) -> Scenario:
    """The scenario in a file. BadInput names the file, the step and the key that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: this scenario cannot be read ({(error.strerror or 'no such file').lower()})") from None
    if len(content) > MOST_BYTES:
        raise BadInput(f"{path}: a scenario has at most {MOST_BYTES:,} bytes")
    try:
        return read_scenario(content.decode(), str(path))
    except UnicodeDecodeError:
        raise BadInput(f"{path}: this is not text in UTF-8") from None


def read_scenario(text: str, file: str) -> Scenario:
    """A scenario from its TOML text."""
    try:
        keys = Keys(file, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file}: this is not TOML: {error}") from None
    title, shows = keys.needed("title"), keys.needed("shows")
    authority = keys.text("authority", "durham")
    start = read_at(keys, "start", keys.raw("start"))
    people = _people(file, keys)
    cases = _cases(file, keys)
    steps = tuple(
        step
        for number, table in enumerate(keys.tables("steps"), 1)
        for step in _steps(Keys(f"{file}, step {number}", table), number, cases)
    )
    keys.finish()
    if not cases:
        keys.refuse("cases", "a scenario has at least one case")
    return Scenario(
        file=file, title=title, shows=shows, authority=authority, start=start, people=people, cases=cases, steps=steps
    )


def _people(file: str, keys: Keys) -> tuple[Person, ...]:
    """The people named, or the default cast; both without the roles and accounts that are left out."""
    left_out = keys.texts("without") or ()
    named = tuple(
        _person(Keys(f"{file}, person {number}", table)) for number, table in enumerate(keys.tables("people"), 1)
    )
    cast = named or default_cast()
    known = {one.username for one in cast} | {one.role.value for one in cast}
    for one in left_out:
        if one not in known:
            keys.refuse("without", f"nobody of this cast is {one[:40]!r}")
    return tuple(one for one in cast if one.username not in left_out and one.role not in left_out)


def _person(keys: Keys) -> Person:
    role, team = keys.needed("role"), keys.needed("team")
    if role not in set(Role) - {Role.SYSTEM}:
        keys.refuse("role", f"{role[:40]!r} is not a role; there are: {', '.join(set(Role) - {Role.SYSTEM})}")
    if team not in RECORDS:
        keys.refuse("team", f"{team[:40]!r} is not a team; there are: {', '.join(RECORDS)}")
    person = Person(username=keys.needed("name"), role=Role(role), team=team)
    keys.finish()
    return person


def _cases(file: str, keys: Keys) -> tuple[CaseTold, ...]:
    one = keys.table("case")
    tables = [one] if one is not None else list(keys.tables("cases"))
    cases: list[CaseTold] = []
    for number, table in enumerate(tables, 1):
        inner = Keys(f"{file}, case {number}", table)
        cases.append(_case(inner, {case.name for case in cases}))
    return tuple(cases)


def _case(keys: Keys, before: set[str]) -> CaseTold:
    lifecycle = keys.needed("lifecycle")
    if lifecycle not in LIFECYCLES:
        keys.refuse("lifecycle", f"there is no lifecycle {lifecycle[:40]!r}; there are: {', '.join(LIFECYCLES)}")
    case = CaseTold(
        name=keys.text("name", lifecycle),
        lifecycle=lifecycle,
        parent=keys.text("parent") or None,
        child=keys.number("child"),
        trigger=keys.text("do") or None,
        by=keys.text("by"),
        facts=keys.table("facts") or {},
        background=bool(keys.yes("background")),
    )
    keys.finish()
    if case.name in before:
        keys.refuse("name", f"two cases are named {case.name!r}")
    if case.parent is not None and case.parent not in before:
        keys.refuse("parent", f"no case before this one is named {case.parent[:40]!r}")
    return case


def _steps(keys: Keys, number: int, cases: tuple[CaseTold, ...]) -> list[Step]:
    """The step of one table; with `every` and `times` the same thing again and again, expected of the last."""
    every, times = keys.text("every"), keys.number("times")
    if bool(every) != (times is not None):
        keys.refuse("times" if every else "every", "is missing: 'every' and 'times' belong together")
    if times is not None and not 2 <= times <= MOST_TIMES:
        keys.refuse("times", f"must be 2 to {MOST_TIMES}")
    step = _step(keys, number, cases)
    if not every or times is None:
        return [step]
    again = replace(step, moment=Moment(after=span_of(keys, "every", every)))
    silent = [replace(one, expect=Expected()) for one in (step, *[again] * (times - 2))]
    return [*silent, again]


def _step(keys: Keys, number: int, cases: tuple[CaseTold, ...]) -> Step:
    acts = [key for key in ACTS if key in keys]
    if len(acts) > 1:
        keys.refuse(acts[1], f"a step does one thing; it has {acts[0]!r} already")
    if not acts and "expect" not in keys:
        keys.refuse("do", f"a step does something or expects something; give one of: {', '.join((*ACTS, 'expect'))}")
    names = {case.name for case in cases} | set(LIFECYCLES)  # a case the engine opens is named after its lifecycle
    opens = keys.text("open") or None
    case = opens or keys.text("case", cases[0].name if cases else "")
    if (opens and opens not in {one.name for one in cases}) or case not in names:
        keys.refuse("open" if opens else "case", f"no case is named {case[:40]!r}")
    do, nothing = keys.text("do") or None, keys.text("nothing")
    outage, moved = keys.text("outage"), keys.text("clock_step")
    step = Step(
        number=number,
        moment=read_moment(keys),
        case=case,
        says=keys.text("says", nothing),
        do=do,
        opens=opens,
        by=keys.text("by"),
        facts=keys.table("facts") or {},
        outage=span_of(keys, "outage", outage) if outage else None,
        clock_step=span_of(keys, "clock_step", moved) if moved else None,
        absent=_absent(keys),
        answer=_answer(keys, "acknowledge") or _answer(keys, "snooze"),
        expect=_expected(keys, acts),
    )
    keys.finish()
    return step


def _absent(keys: Keys) -> Absent | None:
    table = keys.table("absent")
    if table is None:
        return None
    inner = Keys(f"{keys.where}, absent", table)
    absent = Absent(
        person=inner.needed("person"),
        days=inner.number("days") or inner.refuse("days", "is missing"),
        cover=inner.text("cover") or None,
    )
    inner.finish()
    return absent


def _answer(keys: Keys, act: str) -> Answer | None:
    table = keys.table(act)
    if table is None:
        return None
    inner, snooze = Keys(f"{keys.where}, {act}", table), act == "snooze"
    until = "until" if snooze else "promised"
    answer = Answer(
        clock=inner.needed("clock"),
        until=span_of(inner, until, inner.needed(until).removeprefix("in ")),
        reason=inner.needed("reason"),
        snooze=snooze,
    )
    inner.finish()
    return answer


def _expected(keys: Keys, acts: list[str]) -> Expected:
    table = keys.table("expect")
    if table is None:
        return Expected()
    inner = Keys(f"{keys.where}, expect", table)
    due = inner.table("due")
    expected = Expected(
        state=inner.text("state") or None,
        alerts=inner.texts("alerts"),
        told=inner.texts("told"),
        overdue=inner.texts("overdue"),
        open=inner.texts("open"),
        due={str(clock): str(day) for clock, day in due.items()} if due is not None else None,
        cause=inner.text("cause") or None,
        settled=inner.yes("settled"),
        refused=inner.text("refused") or None,
    )
    inner.finish()
    if expected.refused is not None and not {"do", "open", "acknowledge", "snooze"} & set(acts):
        inner.refuse("refused", "only what somebody does can be refused; this step has no 'do'")
    return expected
