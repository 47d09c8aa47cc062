"""Conditions over a referral's facts as policy data, and their answer: met, not met or unknown, never a guess.

Errors:
    PolicyError (ValueError)     a policy that must not be used, with a sentence for each problem
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from itertools import product
from typing import Any, Literal, Self

import cel
from pydantic import BaseModel, ConfigDict, Field, model_validator

REMOVALS = "parents.previous_removals"
MOST_PROBES = 20_000  # combinations of values tried on one condition when it is loaded


class PolicyError(ValueError):
    """A policy that must not be used; `problems` holds one sentence for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Kind(StrEnum):
    """What sort of value a fact has, and so what a condition may do with it."""

    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    GESTATION = "gestation"  # completed days, said as weeks+days
    TEXT = "text"
    CODES = "codes"  # a list of texts
    DATE = "date"  # no condition compares dates itself: it uses a derived name
    RECORDS = "records"  # no condition looks at a list as a whole: it says any or all


@dataclass(frozen=True, slots=True)
class Known:
    """A name that rules may use. `needs`: the referral facts from which a derived name is computed."""

    kind: Kind
    label: str
    choices: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


# A referral's facts, by path. The schema that checks a referral is states.prebirth.REFERRAL_FACTS.
KNOWN_FACTS: dict[str, Known] = {
    "received_on": Known(Kind.DATE, "referral received on"),
    "edd": Known(Kind.DATE, "expected date of birth"),
    "source": Known(Kind.TEXT, "referral source"),
    "immediate_safety_concern": Known(Kind.YES_NO, "immediate safety concern"),
    "parents": Known(Kind.RECORDS, "parents"),
    "parents.role": Known(Kind.CHOICE, "role", ("mother", "father", "other")),
    "parents.date_of_birth": Known(Kind.DATE, "date of birth"),
    "parents.in_full_time_education": Known(Kind.YES_NO, "in full-time education"),
    "parents.learning_disability": Known(Kind.CHOICE, "learning disability", ("none", "suspected", "diagnosed")),
    "parents.care_status": Known(Kind.CHOICE, "care status", ("none", "child_in_care", "care_leaver")),
    "parents.permanently_resident": Known(Kind.YES_NO, "permanently resident"),
    "parents.plan": Known(Kind.CHOICE, "own plan", ("none", "child_in_need", "child_protection")),
    "parents.subject_of_current_proceedings": Known(Kind.YES_NO, "subject of current proceedings"),
    "parents.own_social_worker": Known(Kind.TEXT, "own social worker"),
    "parents.open_to": Known(Kind.CHOICE, "open to", ("none", "children_in_care", "care_leavers", "safeguarding")),
    "parents.significant_needs": Known(Kind.YES_NO, "significant needs"),
    REMOVALS: Known(Kind.RECORDS, "previous removals"),
    f"{REMOVALS}.through": Known(
        Kind.CHOICE, "removed through", ("care_proceedings", "private_law_order", "section_20", "relinquished")
    ),
    f"{REMOVALS}.removed_on": Known(Kind.DATE, "removed on"),
    f"{REMOVALS}.authority": Known(Kind.TEXT, "authority"),
    "parents.positive_change": Known(Kind.YES_NO, "evidence of positive change"),
    "parents.consent": Known(Kind.CHOICE, "consent", ("given", "refused", "not_asked", "not_needed")),
    "statutory_assessment_required": Known(Kind.YES_NO, "statutory pre-birth assessment required"),
    "relinquished": Known(Kind.YES_NO, "baby to be relinquished"),
    "first_time_parents": Known(Kind.YES_NO, "first-time parents"),
    "risk_factors": Known(Kind.CODES, "risk factors"),
    "current_proceedings_for_another_child": Known(Kind.YES_NO, "current care proceedings for another child"),
    "older_siblings_at_home": Known(Kind.YES_NO, "older siblings in the parents' care"),
    "family_open_to": Known(Kind.CHOICE, "family open to", ("none", "safeguarding", "children_in_care", "asti")),
    "proceedings_ended_on": Known(Kind.TEXT, "proceedings ended on"),  # a date or "never"
    "presented_very_late": Known(Kind.YES_NO, "presented very late"),
}

# Names computed from those facts before any rule is asked (workflow.decisions).
DERIVED: dict[str, Known] = {
    "gestation_days": Known(Kind.GESTATION, "gestation when the referral was received", needs=("received_on", "edd")),
    "factor_groups": Known(Kind.NUMBER, "distinct groups of risk factors", needs=("risk_factors",)),
    "proceedings_ended": Known(Kind.YES_NO, "proceedings ended", needs=("received_on", "proceedings_ended_on")),
    "months_since_proceedings": Known(
        Kind.NUMBER, "whole months since proceedings ended", needs=("received_on", "proceedings_ended_on")
    ),
    "parents.age": Known(
        Kind.NUMBER, "age when the referral was received", needs=("received_on", "parents.date_of_birth")
    ),
    f"{REMOVALS}.years_ago": Known(
        Kind.NUMBER, "whole years before the referral", needs=("received_on", f"{REMOVALS}.removed_on")
    ),
    f"{REMOVALS}.latest": Known(
        Kind.YES_NO,
        "the latest removal through a court",
        needs=(f"{REMOVALS}.through", f"{REMOVALS}.authority", f"{REMOVALS}.removed_on"),
    ),
}
_NAMES = KNOWN_FACTS | DERIVED

_PREFIXES = {"p": "parents", "r": REMOVALS}
_VARIABLES = {None: (), "parents": ("p",), "removals": ("p", "r")}
_KEYWORDS = ("true", "false", "in")
_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<string>"[^"\\]*"|'[^'\\]*') | (?P<number>\d+)
      | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*) | (?P<sign>&&|\|\||[=!<>]=|[<>!()\[\],])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled condition: the names it mentions (`family_open_to`, `p.age`, `B7`), the texts and numbers it holds."""

    program: cel.Program
    names: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[int, ...]

    def fields(self, variable: str) -> list[str]:
        """What is read of `p` or `r`."""
        return [name[2:] for name in self.names if name.startswith(f"{variable}.")]


def compile_condition(text: str) -> Expression:
    """Compiles a condition; ValueError where it does more than compare and join.

    No call, arithmetic, `null` or `?:`: over an absent fact their answer is an error, or depends on which fact is
    looked at first, and an unknown must come out as unknown.
    """
    names: dict[str, None] = {}
    texts: list[str] = []
    numbers: list[int] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"{text[place]!r} cannot stand in a condition, which only compares and joins")
        place, word = token.end(), token.group()
        if token.lastgroup == "string":
            texts.append(word[1:-1])
        elif token.lastgroup == "number":
            numbers.append(int(word))
        elif token.lastgroup == "name" and word not in _KEYWORDS:
            if text[place:].lstrip().startswith("("):
                raise ValueError(f"{word}() cannot be called in a condition; to look at each parent say any or all")
            if word == "null":
                raise ValueError("null cannot stand in a condition: what is not given is unknown")
            names[word] = None
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ValueError(f"is not a condition: {_cel_message(error)}") from None
    return Expression(program, tuple(names), tuple(texts), tuple(numbers))


def _cel_message(error: Exception) -> str:
    """What CEL says is wrong, without its drawing of the line."""
    return str(error).split("ERROR: <input>:", 1)[-1].split("\n", 1)[0]


class Rule(BaseModel):
    """A condition over the facts of the case as a whole, the facts it asks for, and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1)
    when: str = Field(min_length=1, max_length=1000)
    facts: tuple[str, ...] = ()
    source: str = Field(min_length=1)

    @property
    def over(self) -> Literal["parents", "removals"] | None:
        """What the condition is asked of, one by one; None where it is asked once."""
        return None

    @cached_property
    def expression(self) -> Expression:
        return compile_condition(self.when)


class Condition(Rule):
    """A rule that may be asked of each parent (`p`) or each previous removal (`r`, of the parent `p`).

    `any` is met where one of them meets it, `all` where there is one and each meets it. A parent whose previous
    removals are not known counts as one removal of which nothing is known.
    """

    any: Literal["parents", "removals"] | None = None
    all: Literal["parents", "removals"] | None = None

    @property
    def over(self) -> Literal["parents", "removals"] | None:
        return self.any or self.all

    @model_validator(mode="after")
    def _one_way_to_join(self) -> Self:
        if self.any and self.all:
            raise ValueError("says both any and all; keep one")
        return self


class Criterion(Condition):
    """A named rule, listed in every decision unless it is a `helper` of others.

    Later rules may name it. An `overlay` that is met is listed among the overlays. `always_asked`: while it is unknown
    its facts are missing, whatever the decision.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    kind: Literal["rule", "overlay", "helper"] = "rule"
    always_asked: bool = False


class FlagRule(Condition):
    """A mark on the decision where it is met; with `rules`, only where one of these decided."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    rules: tuple[str, ...] = ()


class Route(Rule):
    """One row of the routing: the first that is met decides, and one that is unknown before it stops the decision.

    `rule` is reported as the deciding rule: an id, the first met of several, or none. `default_service` is suggested
    to the manager, or the service named by the fact `default_service_from`, where it names one of this authority.
    `unknown_passes`: this row decides only where it is certain; while it is unknown the next rows are tried.
    """

    rule: str | tuple[str, ...] | None = None
    decision: Literal["accept", "consent_needed", "route", "manager_decision"]
    service: str | None = None
    default_service: str | None = None
    default_service_from: str | None = None
    unknown_passes: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        return (self.rule,) if isinstance(self.rule, str) else self.rule or ()

    @model_validator(mode="after")
    def _service_fits_decision(self) -> Self:
        if self.decision == "manager_decision":
            if self.service:
                raise ValueError("a manager decides, so it names a default_service, not a service")
        elif not self.service:
            raise ValueError(f"decision {self.decision} needs a service")
        elif self.default_service or self.default_service_from:
            raise ValueError(f"decision {self.decision} has a service, so it needs no default")
        return self


class Result(StrEnum):
    """The three answers of a rule."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's answer, in plain words why, and which of its facts would have to be known to answer."""

    result: Result
    because: str
    missing: tuple[str, ...] = ()
    helper: bool = False


@dataclass(frozen=True, slots=True)
class _Element:
    """One thing a rule is asked of. `p` and `r` are None where nothing is known of them; places are paths of facts."""

    who: str = ""
    p: Mapping[str, Any] | None = None
    p_place: str = ""
    r: Mapping[str, Any] | None = None
    r_place: str = ""


def evaluate_all(criteria: Sequence[Criterion], facts: Mapping[str, Any]) -> dict[str, Finding]:
    """Every criterion's finding by id. `facts` are checked, without nulls, and hold the derived names too."""
    findings: dict[str, Finding] = {}
    for criterion in criteria:
        findings[criterion.id] = evaluate(criterion, facts, findings)
    return findings


def evaluate(rule: Rule, facts: Mapping[str, Any], findings: Mapping[str, Finding]) -> Finding:
    """Asks one rule. `findings` are those of the criteria it may name."""
    expression = rule.expression
    shared: dict[str, Any] = {}
    for name in expression.names:
        if name in findings:
            if findings[name].result is not Result.UNKNOWN:  # left out, so that CEL's && and || absorb it
                shared[name] = findings[name].result is Result.MET
        elif facts.get(name) is not None:
            shared[name] = facts[name]
    p_fields, r_fields = expression.fields("p"), expression.fields("r")
    asked = []
    for element in _elements(rule.over, facts):
        context = shared | {"p": _only(element.p, p_fields), "r": _only(element.r, r_fields)}
        asked.append((element, _ask(rule, context)))
    result = _join([answer for _, answer in asked], every=isinstance(rule, Condition) and rule.all is not None)
    deciding = [element for element, answer in asked if answer is result]
    return Finding(
        result,
        _because(rule, result, facts, findings, deciding),
        _missing(rule, facts, findings, deciding) if result is Result.UNKNOWN else (),
        helper=isinstance(rule, Criterion) and rule.kind == "helper",
    )


def _only(values: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, Any]:
    """The values a condition reads: what is handed to CEL is copied, so it should be little."""
    return {name: values[name] for name in names if values.get(name) is not None} if values else {}


def _ask(rule: Rule, context: Mapping[str, Any]) -> Result:
    """One answer of CEL. An absent name or field is unknown; anything else it cannot do is a defect of the policy."""
    try:
        answer = rule.expression.program.execute(dict(context))
    except KeyError:
        return Result.UNKNOWN
    except RuntimeError as error:
        if str(error).startswith("Undefined variable"):
            return Result.UNKNOWN
        raise PolicyError([f"condition {rule.when!r} ({rule.label}) failed: {error}"]) from None
    except TypeError:
        raise PolicyError([f"condition {rule.when!r} ({rule.label}) compares values of different types"]) from None
    if not isinstance(answer, bool):
        raise PolicyError([f"condition {rule.when!r} ({rule.label}) answers neither yes nor no"])
    return Result.MET if answer else Result.NOT_MET


def _join(answers: Sequence[Result], *, every: bool) -> Result:
    decisive = Result.NOT_MET if every else Result.MET
    if decisive in answers or (every and not answers):
        return decisive
    if Result.UNKNOWN in answers:
        return Result.UNKNOWN
    return Result.MET if every else Result.NOT_MET


def _elements(over: str | None, facts: Mapping[str, Any]) -> Iterator[_Element]:
    """What a rule is asked of: once, of each parent, or of each previous removal of each parent."""
    if over is None:
        yield _Element()
        return
    parents = facts.get("parents")
    if parents is None:
        yield _Element(who="parents", p_place="parents", r_place="parents")
        return
    for number, parent in enumerate(parents):
        who, place = f"{parent.get('role', 'parent')} (parent {number + 1})", f"parents[{number}]"
        if over == "parents":
            yield _Element(who, parent, place)
            continue
        removals_place = f"{place}.previous_removals"
        removals = parent.get("previous_removals")
        if removals is None:
            yield _Element(who, parent, place, None, removals_place)
            continue
        for index, removal in enumerate(removals):
            yield _Element(f"{who}, removal {index + 1}", parent, place, removal, f"{removals_place}[{index}]")


def _missing(
    rule: Rule, facts: Mapping[str, Any], findings: Mapping[str, Finding], elements: Sequence[_Element]
) -> tuple[str, ...]:
    """What unknown criteria lack; then, of the rule's declared facts, those not known of what could not be answered."""
    found: dict[str, None] = {}
    for name in rule.expression.names:
        if name in findings:
            found.update(dict.fromkeys(findings[name].missing))
    for element in elements:
        for fact in rule.facts:
            if (place := _missing_place(fact, facts, element)) is not None:
                found[place] = None
    return tuple(found)


def _missing_place(fact: str, facts: Mapping[str, Any], element: _Element) -> str | None:
    for prefix, values, place in (("r", element.r, element.r_place), ("p", element.p, element.p_place)):
        if fact.startswith(f"{_PREFIXES[prefix]}."):
            if values is None:
                return place
            name = fact.rpartition(".")[2]
            return f"{place}.{name}" if values.get(name) is None else None
    return fact if facts.get(fact) is None else None


def _because(
    rule: Rule,
    result: Result,
    facts: Mapping[str, Any],
    findings: Mapping[str, Finding],
    elements: Sequence[_Element],
) -> str:
    """The rule in words, its answer, and the facts that gave it."""
    names = rule.expression.names
    parts = [
        findings[name].because if findings[name].helper else f"{name} {_in_words(findings[name].result)}"
        for name in names
        if name in findings
    ]
    parts += [_said(name, facts.get(name)) for name in names if name in _NAMES]
    for element in elements:
        said = [_said(f"parents.{name}", (element.p or {}).get(name)) for name in rule.expression.fields("p")]
        said += [_said(f"{REMOVALS}.{name}", (element.r or {}).get(name)) for name in rule.expression.fields("r")]
        if said:
            parts.append(f"{element.who}: {', '.join(said)}")
    if rule.over and not elements:
        parts.append("no parent is recorded" if rule.over == "parents" else "no previous removal is recorded")
    return f"{rule.label}: {_in_words(result)}" + (f" ({'; '.join(parts)})" if parts else "")


def _in_words(result: Result) -> str:
    return {Result.MET: "met", Result.NOT_MET: "not met", Result.UNKNOWN: "not known"}[result]


def _said(name: str, value: Any) -> str:
    known = _NAMES[name]
    if value is None:
        words = "not known"
    elif isinstance(value, bool):
        words = "yes" if value else "no"
    elif known.kind is Kind.GESTATION:
        words = f"{value // 7}+{value % 7}" if value >= 0 else "before 0+0"
    elif isinstance(value, list):
        words = ", ".join(map(str, value)) or "none"
    else:
        words = str(value).replace("_", " ")
    return f"{known.label} {words}"


def condition_problems(rule: Rule, earlier: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a rule: (field, reason). `earlier` are the ids of the criteria it may name."""
    try:
        expression = rule.expression
    except ValueError as error:
        yield "when", str(error)
        return
    problems = list(_name_problems(rule, expression, earlier))
    yield from problems
    if not problems:
        yield from _fact_problems(rule, expression)
        yield from _value_problems(rule, expression)


def _name_problems(rule: Rule, expression: Expression, earlier: Collection[str]) -> Iterator[tuple[str, str]]:
    for fact in rule.facts:
        if fact not in KNOWN_FACTS:
            yield "facts", there_is_no("fact", fact, KNOWN_FACTS)
    for name in expression.names:
        if name in earlier:
            continue
        known = _NAMES.get(_path(name))
        if known is None or name != _spoken(_path(name)):
            options = [*earlier, *(_spoken(path) for path in _NAMES)]
            yield "when", there_is_no("fact, derived name or earlier criterion", name, options)
        elif "." in name and name[0] not in _VARIABLES[rule.over]:
            yield "when", f"{name} can be read only where the rule is asked of each: any or all = {_collection(name)!r}"
        elif known.kind in (Kind.DATE, Kind.RECORDS):
            yield "when", f"{name} cannot be compared; use a derived name such as gestation_days, p.age or r.years_ago"


def _path(name: str) -> str:
    prefix, dot, rest = name.partition(".")
    return f"{_PREFIXES[prefix]}.{rest}" if dot and prefix in _PREFIXES else name


def _spoken(path: str) -> str:
    """A path as a condition writes it: parents.age is p.age."""
    for variable in ("r", "p"):
        if path.startswith(f"{_PREFIXES[variable]}."):
            return f"{variable}.{path.rpartition('.')[2]}"
    return path


def _collection(name: str) -> str:
    return "removals" if name.startswith("r.") else "parents"


def there_is_no(kind: str, name: str, options: Collection[str]) -> str:
    """A sentence about a name that is not known, with the nearest that is."""
    near = get_close_matches(name, list(options), n=1)
    return f"there is no {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _fact_problems(rule: Rule, expression: Expression) -> Iterator[tuple[str, str]]:
    """The declared facts are what `missing` asks for, so they must be exactly what the condition needs."""
    needed = needed_facts(expression)
    for fact in needed:
        if fact not in rule.facts:
            yield "facts", f"must list {fact!r}, which the condition needs"
    for fact in rule.facts:
        if fact not in needed:
            yield "facts", f"lists {fact!r}, which the condition does not need"


def needed_facts(expression: Expression) -> tuple[str, ...]:
    """The facts of a referral that a condition needs, by their paths."""
    needed: dict[str, None] = {}
    for name in expression.names:
        if (known := _NAMES.get(_path(name))) is not None:
            needed.update(dict.fromkeys(known.needs or (_path(name),)))
    return tuple(needed)


def _value_problems(rule: Rule, expression: Expression) -> Iterator[tuple[str, str]]:
    """Tries the condition on typical values: texts that are no choice, values of different types, what is never met."""
    known = {name: _NAMES.get(_path(name), Known(Kind.YES_NO, name)) for name in expression.names}
    choices = [choice for one in known.values() for choice in one.choices]
    if all(one.kind not in (Kind.TEXT, Kind.CODES) for one in known.values()):
        for text in expression.texts:
            if text not in choices:
                yield "when", there_is_no("choice", text, choices)
                return
    samples = [_samples(one, expression) for one in known.values()]
    total = 1
    for values in samples:
        total *= len(values)
    if total > MOST_PROBES:
        yield "when", "is too long to be checked; move parts of it into helper criteria"
        return
    answers = set()
    for combination in product(*samples):
        try:
            answers.add(_ask(rule, _nested(dict(zip(known, combination, strict=True)))))
        except PolicyError:
            yield "when", "compares values of different types, or answers neither yes nor no"
            return
    if Result.MET not in answers:
        yield "when", "can never be met"


def _samples(known: Known, expression: Expression) -> Sequence[Any]:
    if known.kind is Kind.YES_NO:
        return (True, False)
    if known.kind is Kind.CHOICE:
        return known.choices
    if known.kind in (Kind.NUMBER, Kind.GESTATION):
        return sorted({near for number in expression.numbers for near in (number - 1, number, number + 1)}) or (0,)
    if known.kind is Kind.CODES:
        return ([], list(expression.texts))
    return (*expression.texts, "something else")


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name, value in values.items():
        variable, dot, rest = name.partition(".")
        if dot:
            context.setdefault(variable, {})[rest] = value
        else:
            context[name] = value
    return context
