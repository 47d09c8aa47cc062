"""An authority's policy: criteria, routing, time limits and ladders as data, loaded, checked and kept as a version.

Errors:
    PolicyError (ValueError)     a policy that must not be used, with a sentence for each problem
"""

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from config.criteria import (
    KNOWN_FACTS,
    Criterion,
    FlagRule,
    Kind,
    PolicyError,
    Route,
    Rule,
    condition_problems,
    there_is_no,
)
from config.limits import Basis, TimeLimit
from states.facts import Fact, FactType
from states.lifecycle import Lifecycle
from states.roles import Role

__all__ = ["Amber", "Calendar", "Ladder", "Override", "Policy", "PolicyError", "Span", "Step"]
__all__ += ["check_policy", "load_policies", "load_policy", "load_versions"]

ALWAYS_KNOWN = ("start", "edd", "born_on")  # what a term may count from on any case
NOBODY = (Role.SYSTEM,)
SUPPRESS_BELOW = 5  # where a policy that was stored earlier says nothing
CASES_A_WORKER = 12  # likewise
TIERS = (Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR)  # answer for cases of every kind
KNOWN_DATES = {
    name: FactType.DATE for name, known in KNOWN_FACTS.items() if known.kind is Kind.DATE and "." not in name
}
CASE_CHOICES = [name for name, known in KNOWN_FACTS.items() if known.kind is Kind.CHOICE and "." not in name]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Data):
    """A length of time beside a due date; `days` are calendar days."""

    amount: int = Field(ge=0)
    unit: Literal["hours", "days", "working_days"]

    @property
    def rank(self) -> int:
        """For putting the steps of one ladder in order: hours, with every day counted as 24."""
        return self.amount if self.unit == "hours" else self.amount * 24


Channel = Literal["worklist", "message", "report", "call_list"]


class Amber(_Data):
    """The warning before the due date: `before` it (hour clocks: several times), or in the last part of the period.

    `percent_left` of the period, but at least `at_least`; a gestation milestone warns `milestone` before; a limit no
    longer than `short` warns at `short_at` (local time) on the due day.
    """

    before: tuple[Span, ...] = ()
    percent_left: int | None = Field(default=None, gt=0, lt=100)
    at_least: Span | None = None
    milestone: Span | None = None
    short: Span | None = None
    short_at: time | None = None
    who: tuple[Role, ...] = ()
    channel: tuple[Channel, ...] = ("worklist",)


class Step(_Data):
    """Who is told so long after the due date. `acknowledge`: they must answer with a new date and a reason.

    `out_of_hours` are told as well outside office hours. `repeat_every`: told again while the deadline stays open.
    """

    level: str = Field(min_length=1)
    after: Span
    who: tuple[Role, ...]
    channel: tuple[Channel, ...] = Field(min_length=1)
    out_of_hours: tuple[Role, ...] = ()
    reason: bool = False
    acknowledge: bool = False
    repeat_every: Span | None = None


class Ladder(_Data):
    """Who is told, and when, as a due date comes near and passes; the last step repeats while the case is open."""

    label: str = Field(min_length=1)
    basis: Basis
    source: str = Field(min_length=1)
    effective_from: date
    urgent: bool = False  # its messages do not wait for office hours
    amber: Amber
    steps: tuple[Step, ...]


class Override(_Data):
    """A day off that the computed bank holidays lack (`add`), or one of theirs that is none (`remove`)."""

    day: date
    action: Literal["add", "remove"]
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Calendar(_Data):
    """`verified_to`: the last year whose bank holidays were compared with the official list."""

    verified_to: int = Field(ge=2024, le=2100)
    source: str = Field(min_length=1)
    overrides: tuple[Override, ...] = ()


class Figures(_Data):
    """How figures are given to those who may see counts only: one under `suppress_below` is withheld, nought is not."""

    suppress_below: int = Field(ge=2, le=100)
    basis: Basis
    source: str = Field(min_length=1)
    effective_from: date


class Caseload(_Data):
    """How many open pre-birth cases one worker holds at most, for setting what is accepted beside who is there."""

    cases_a_worker: int = Field(ge=1, le=100)
    basis: Basis
    source: str = Field(min_length=1)
    effective_from: date


class PauseEligibility(_Data):
    """Whom Pause is offered to: how many removals, within how many years (all if left out), from and to what age."""

    removals: int = Field(ge=1, le=20)
    within_years: int | None = Field(default=None, ge=1, le=50)
    age_from: int | None = Field(default=None, ge=10, le=99)
    age_to: int | None = Field(default=None, ge=10, le=99)
    lives_here: bool = False  # whether she must live in the area
    no_child_with_her: bool = False  # whether no child may be in her care
    basis: Basis
    source: str = Field(min_length=1)
    effective_from: date

    @model_validator(mode="after")
    def _ages_are_in_order(self) -> Self:
        if self.age_from is not None and self.age_to is not None and self.age_to < self.age_from:
            raise ValueError("age_to lies below age_from, so nobody could be eligible")
        return self


class _Header(_Data):
    authority: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    version: str = Field(min_length=1)
    effective_from: date
    based_on: str | None = None


class _File(_Data):
    """One file as it stands, before it is laid over the one it is based on."""

    policy: _Header
    services: dict[str, str] = {}
    calendar: Calendar | None = None
    approval_valid: TimeLimit | None = None
    criteria: tuple[Criterion, ...] = ()
    flags: tuple[FlagRule, ...] = ()
    routing: tuple[Route, ...] = ()
    ladders: dict[str, Ladder] = {}
    limits: dict[str, dict[str, TimeLimit]] = {}
    commencements: dict[str, date] = {}
    figures: Figures | None = None
    caseload: Caseload | None = None
    pause_eligibility: PauseEligibility | None = None


class Policy(_Data):
    """One version of an authority's policy, with what it is based on laid under it.

    An authority's limit, ladder or criterion replaces the one of the same name as a whole, since its basis and source
    belong to its value. Its routing replaces the base's.
    """

    authority: str
    label: str
    version: str
    effective_from: date
    based_on: str | None = None
    services: dict[str, str]
    calendar: Calendar
    approval_valid: TimeLimit
    criteria: tuple[Criterion, ...]
    flags: tuple[FlagRule, ...]
    routing: tuple[Route, ...]
    ladders: dict[str, Ladder]
    limits: dict[str, dict[str, TimeLimit]]
    commencements: dict[str, date] = {}  # duties that wait for a commencement order, by name; absent: not in force
    pause_eligibility: PauseEligibility | None = None  # versions kept from before it was data have none
    figures: Figures | None = None
    caseload: Caseload | None = None
    _files: dict[str, str] = PrivateAttr(default_factory=dict)  # which file an entry stands in, for messages

    def limit(self, lifecycle: str, clock: str) -> TimeLimit:
        """How long that clock may run here. PolicyError where the policy has no such limit."""
        found = self.limits.get(lifecycle, {}).get(clock)
        if found is None:
            raise PolicyError([f"{self.name}: limits.{lifecycle}.{clock} is missing"])
        return found

    def ladder(self, limit: TimeLimit) -> Ladder:
        """Who is told when that limit slips. PolicyError where the policy has no such ladder."""
        if limit.ladder not in self.ladders:
            raise PolicyError([f"{self.name}: ladders: {there_is_no('ladder', limit.ladder, self.ladders)}"])
        return self.ladders[limit.ladder]

    def in_force(self, duty: str, day: date) -> bool:
        """Whether a duty that needed a commencement order was in force on a day."""
        return duty in self.commencements and self.commencements[duty] <= day

    @property
    def suppress_below(self) -> int:
        """The number under which a count is withheld from those who may see counts only."""
        return self.figures.suppress_below if self.figures else SUPPRESS_BELOW

    @property
    def cases_a_worker(self) -> int:
        """How many open pre-birth cases one worker holds at most."""
        return self.caseload.cases_a_worker if self.caseload else CASES_A_WORKER

    @property
    def name(self) -> str:
        return f"policy {self.authority} {self.version}"

    def where(self, entry: str) -> str:
        """The file an entry stands in and its key path, as messages begin; an entry in no file belongs in the own."""
        own = self._files.get("", self.name)
        return f"{self._files.get(entry, own)}: {entry}"

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON values. Defaults are left out, so that a later field does not change an old digest."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. PolicyError where the content is not a policy that can be used."""
        name = f"stored policy {content.get('authority')} {content.get('version')}"
        try:
            policy = cls.model_validate(content)
        except ValidationError as error:
            raise PolicyError(_sentences(name, content, error)) from None
        if problems := rule_problems(policy):
            raise PolicyError(problems)
        return policy

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: equal policies have equal digests, whatever the order of their keys."""
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_versions(directory: Path | None = None) -> dict[str, tuple[Policy, ...]]:
    """Every policy of the directory (those shipped, unless said otherwise): the versions of each authority by date.

    An authority may have several files, each in force from another day. PolicyError with every problem of every file.
    The base, "statutory", is among them: the policy of an authority that has none of its own.
    """
    folder: Traversable = directory or resources.files("config") / "policies"
    versions: dict[str, list[Policy]] = {}
    problems: list[str] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        try:
            policy = load_policy(file)
        except PolicyError as error:
            problems += error.problems
            continue
        others = versions.setdefault(policy.authority, [])
        if any(one.effective_from == policy.effective_from for one in others):
            says = f"{policy.authority!r} has another file in force from {policy.effective_from}"
            problems.append(f"{file.name}: policy.effective_from: {says}")
        others.append(policy)
    if problems:
        raise PolicyError(list(dict.fromkeys(problems)))  # a broken base is named once, not by each that stands on it
    return {authority: tuple(sorted(all_, key=lambda one: one.effective_from)) for authority, all_ in versions.items()}


def load_policies(directory: Path | None = None) -> dict[str, Policy]:
    """The latest version of each authority's policy, whether in force yet or not."""
    return {authority: versions[-1] for authority, versions in load_versions(directory).items()}


def load_policy(path: Path | Traversable) -> Policy:
    """One file, laid over the file it is `based_on` (beside it, or the one shipped). PolicyError names all problems."""
    file = _read(path)
    base, base_name = None, ""
    if file.policy.based_on is not None:
        base_name = f"{file.policy.based_on}.toml"
        beside = Path(str(path)).parent / base_name
        shipped = resources.files("config") / "policies" / base_name
        if not beside.is_file() and not shipped.is_file():
            raise PolicyError([f"{path.name}: policy.based_on: there is no file {base_name}"])
        base = _read(beside if beside.is_file() else shipped)
        if base.policy.based_on is not None:
            raise PolicyError([f"{path.name}: policy.based_on: {base_name} is itself based on another file"])
    policy = _lay_over(path.name, file, base_name, base)
    if problems := rule_problems(policy):
        raise PolicyError(problems)
    return policy


def _read(path: Path | Traversable) -> _File:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError([f"{path.name}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise PolicyError([f"{path.name}: is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([f"{path.name}: is not TOML: {error}"]) from None
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise PolicyError(_sentences(path.name, content, error)) from None
    ids = [*(f"criteria.{one.id}" for one in file.criteria), *(f"flags.{one.id}" for one in file.flags)]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise PolicyError([f"{path.name}: {one}: is defined twice" for one in twice])
    return file


Named = TypeVar("Named", bound=Criterion | FlagRule)


def _merged(base: Sequence[Named], own: Sequence[Named]) -> tuple[Named, ...]:
    """The base's entries in their order, those of the same id replaced, then the rest."""
    mine = {one.id: one for one in own}
    kept: list[Named] = [mine.pop(one.id, one) for one in base]
    return (*kept, *mine.values())


def _lay_over(name: str, file: _File, base_name: str, base: _File | None) -> Policy:
    under = base or file
    calendar, approval_valid = file.calendar or under.calendar, file.approval_valid or under.approval_valid
    if calendar is None or approval_valid is None:
        raise PolicyError(
            [
                f"{name}: {key}: is missing, here and in the file it is based on"
                for key, value in (("calendar", calendar), ("approval_valid", approval_valid))
                if value is None
            ]
        )
    policy = Policy(
        **file.policy.model_dump(),
        services=under.services | file.services,
        calendar=calendar,
        approval_valid=approval_valid,
        criteria=_merged(under.criteria, file.criteria) if base else file.criteria,
        flags=_merged(under.flags, file.flags) if base else file.flags,
        routing=file.routing or under.routing,
        ladders=under.ladders | file.ladders,
        limits={key: under.limits.get(key, {}) | file.limits.get(key, {}) for key in {**under.limits, **file.limits}},
        commencements=under.commencements | file.commencements,
        pause_eligibility=file.pause_eligibility or under.pause_eligibility,
        figures=file.figures or under.figures,
        caseload=file.caseload or under.caseload,
    )
    if base is not None:
        policy._files.update(dict.fromkeys(_entries(base), base_name))
    policy._files.update(dict.fromkeys(_entries(file), name) | {"": name})
    return policy


def _entries(file: _File) -> Iterator[str]:
    """The key paths of what can be overridden one by one."""
    yield from (f"limits.{lifecycle}.{clock}" for lifecycle, clocks in file.limits.items() for clock in clocks)
    yield from (f"ladders.{name}" for name in file.ladders)
    yield from (f"criteria.{one.id}" for one in file.criteria)
    yield from (f"flags.{one.id}" for one in file.flags)
    yield from (f"routing[{number}]" for number in range(len(file.routing)))
    yield from (key for key in ("calendar", "approval_valid", "pause_eligibility") if getattr(file, key) is not None)


# Sentences


_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that is known here",
    "too_short": "is empty",
    "string_too_short": "is empty",
}


def _sentences(file: str, content: Mapping[str, Any], error: ValidationError) -> list[str]:
    """pydantic's findings as `file: key.path: reason`, one for each place."""
    said: dict[str, str] = {}
    for one in error.errors(include_url=False):
        path = _key_path(content, [part for part in one["loc"] if part not in ("int", "str", "tuple[str, ...]")])
        reason = _PLAIN.get(one["type"]) or one["msg"].removeprefix("Value error, ").removeprefix("Input ")
        given = one["input"] if isinstance(one["input"], str | int | float) and one["type"] not in _PLAIN else None
        said.setdefault(path, reason[0].lower() + reason[1:] + (f", not {given!r}" if given is not None else ""))
    return [f"{file}: {path}: {reason}" for path, reason in said.items()]


def _key_path(content: Any, location: Sequence[str | int]) -> str:
    """Where in the file: `criteria.B7.when`, `ladders.fast.steps[0].who[1]`; an entry of a list goes by its id."""
    path, here = "", content
    for part in location:
        here = here[part] if _holds(here, part) else None
        if isinstance(part, int):
            name = here.get("id") if isinstance(here, Mapping) else None
            path += f".{name}" if name else f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def _holds(here: Any, part: str | int) -> bool:
    if isinstance(here, Mapping):
        return part in here
    return isinstance(here, list) and isinstance(part, int) and part < len(here)


# Checks that need the whole policy


def rule_problems(policy: Policy) -> list[str]:
    """What is wrong within a policy, without looking at any lifecycle: rules, routing, flags and ladders."""
    return [*_criteria_problems(policy), *_routing_problems(policy), *_ladder_problems(policy)]


def _criteria_problems(policy: Policy) -> Iterator[str]:
    earlier: dict[str, None] = {}
    for criterion in policy.criteria:
        yield from _problems_at(policy, f"criteria.{criterion.id}", criterion, earlier)
        earlier[criterion.id] = None
    for flag in policy.flags:
        yield from _problems_at(policy, f"flags.{flag.id}", flag, earlier)
        yield from _unknown_rules(policy, f"flags.{flag.id}", "rules", flag.rules)


def _problems_at(policy: Policy, entry: str, rule: Rule, earlier: Collection[str]) -> Iterator[str]:
    for field, reason in condition_problems(rule, earlier):
        yield f"{policy.where(entry)}.{field}: {reason}"


def _unknown_rules(policy: Policy, entry: str, field: str, rules: Iterable[str]) -> Iterator[str]:
    known = [one.id for one in policy.criteria if one.kind == "rule"]
    for rule in rules:
        if rule not in known:
            yield f"{policy.where(entry)}.{field}: {there_is_no('rule', rule, known)}"


def _routing_problems(policy: Policy) -> Iterator[str]:
    criteria = [one.id for one in policy.criteria]
    for number, row in enumerate(policy.routing):
        entry = f"routing[{number}]"
        yield from _problems_at(policy, entry, row, criteria)
        yield from _unknown_rules(policy, entry, "rule", row.rules)
        for key in ("service", "default_service"):
            service = getattr(row, key)
            if service is not None and service not in policy.services:
                yield f"{policy.where(entry)}.{key}: {there_is_no('service', service, policy.services)}"
        fact = row.default_service_from
        if fact is not None and fact not in CASE_CHOICES:
            yield f"{policy.where(entry)}.default_service_from: {there_is_no('fact', fact, CASE_CHOICES)}"


def _ladder_problems(policy: Policy) -> Iterator[str]:
    for name, ladder in policy.ladders.items():
        where = policy.where(f"ladders.{name}")
        for number, step in enumerate(ladder.steps):
            if not [role for role in step.who if role not in NOBODY]:
                yield f"{where}.steps[{number}].who: level {step.level} would tell nobody"
        for one, other in pairwise(ladder.steps):
            if other.after.rank <= one.after.rank:
                yield f"{where}.steps: level {other.level} must come after level {one.level}"
        levels = [step.level for step in ladder.steps]
        if len(set(levels)) != len(levels):
            yield f"{where}.steps: two steps have the same level"
        if not ladder.steps:
            yield f"{where}.steps: is empty, so nobody would be told"
        elif (last := ladder.steps[-1]).repeat_every is None:
            yield f"{where}.steps[{len(ladder.steps) - 1}].repeat_every: level {last.level} is the last and must repeat"
        elif last.repeat_every.amount == 0:
            yield f"{where}.steps[{len(ladder.steps) - 1}].repeat_every: must be longer than nothing"


def check_policy(policy: Policy, lifecycles: Mapping[str, Lifecycle]) -> list[str]:
    """Every problem of a policy, beside the lifecycles it sets limits for: `file: key.path: reason` each."""
    problems = rule_problems(policy)
    facts = KNOWN_DATES | {fact.name: fact.type for one in lifecycles.values() for fact in _asked(one)}
    for name, limits in policy.limits.items():
        for clock, limit in limits.items():
            where = policy.where(f"limits.{name}.{clock}")
            if name not in lifecycles:
                problems.append(f"{where}: {there_is_no('lifecycle', name, lifecycles)}")
            elif clock not in lifecycles[name].clock_by_id:
                problems.append(f"{where}: {there_is_no('clock', clock, lifecycles[name].clock_by_id)}")
            else:
                problems += [f"{where}.ladder: {says}" for says in _strangers(policy, limit, lifecycles[name])]
            problems += [f"{where}.{says}" for says in _limit_problems(policy, limit, facts)]
    where = policy.where("approval_valid")
    problems += [f"{where}.{says}" for says in _limit_problems(policy, policy.approval_valid, facts)]
    for name, lifecycle in lifecycles.items():
        for missing in (clock for clock in lifecycle.clocks if clock.id not in policy.limits.get(name, {})):
            where = policy.where(f"limits.{name}.{missing.id}")
            problems.append(f"{where}: is missing, so nobody would be told about {missing.label!r}")
    return problems


def _asked(lifecycle: Lifecycle) -> Iterator[Fact]:
    """Every fact any move asks for, records' fields among them."""
    waiting = [fact for row in lifecycle.transitions for fact in row.facts]
    while waiting:
        fact = waiting.pop()
        waiting.extend(fact.fields)
        yield fact


def _strangers(policy: Policy, limit: TimeLimit, lifecycle: Lifecycle) -> Iterator[str]:
    """Steps whose roles have no part in that kind of case: nobody on it would be told, or somebody who must not be."""
    taking_part = {role for row in lifecycle.transitions for role in row.roles} | set(TIERS)
    ladder = policy.ladders.get(limit.ladder)
    for step in ladder.steps if ladder else ():
        if step.who and not taking_part.intersection(step.who):
            yield f"level {step.level} of {limit.ladder!r} tells {', '.join(step.who)}, who have no part in these cases"


def _limit_problems(policy: Policy, limit: TimeLimit, facts: Mapping[str, FactType]) -> Iterator[str]:
    if limit.ladder not in policy.ladders:
        yield f"ladder: {there_is_no('ladder', limit.ladder, policy.ladders)}"
    if limit.extendable_by == "manager" and limit.basis in (Basis.STATUTE, Basis.STATUTORY_GUIDANCE):
        yield f"extendable_by: a manager cannot extend what stands on {limit.basis.replace('_', ' ')}"
    terms = [(f"terms[{number}]", term) for number, term in enumerate(limit.terms)]
    for place, term in [*terms, *([("not_under", limit.not_under)] if limit.not_under else [])]:
        if term.since in ALWAYS_KNOWN:
            continue
        if term.since not in facts:
            yield f"{place}.since: {there_is_no('fact', term.since, [*ALWAYS_KNOWN, *facts])}"
        elif facts[term.since] not in (FactType.DATE, FactType.INSTANT):
            yield f"{place}.since: {term.since} is no date, so nothing can be counted from it"
