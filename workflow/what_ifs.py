"""A policy changed in a word or two, to see what that would do: another number of weeks, a part of a rule left out."""

import re
from collections.abc import Iterator, Sequence

from config.criteria import Criterion, needed_facts
from config.policy import Policy, PolicyError
from workflow.errors import BadInput

AND = " && "
WEEK = 7
_GATE = re.compile(r"\bgestation_days (<=|>=|<|>) (\d+)\b")
_PLAIN = re.compile(r"(?:[pr]\.)?[a-z_]+")  # a part that is one fact, said to be so


def what_if(policy: Policy, *, weeks: int | None = None, without: Sequence[str] = ()) -> Policy:
    """The policy with referrals taken before so many whole weeks, and without these parts of its rules.

    BadInput where no rule asks how far the pregnancy is, or has such a part. Nobody's case runs under what comes out.
    """
    criteria, said = policy.criteria, [policy.version]
    if weeks is not None:
        criteria = tuple(_gated(one, weeks) for one in criteria)
        if criteria == policy.criteria and not any(_GATE.search(one.when) for one in criteria):
            raise BadInput("no rule of this policy asks how far the pregnancy is")
        said.append(f"before {weeks} weeks")
    known = left_out(policy)
    for part in without:
        if part not in known:
            raise BadInput(f"{part[:60]!r} is no part that can be left out; there are: {', '.join(known) or 'none'}")
        criteria = tuple(_without(one, part) for one in criteria)
        said.append(f"without {part.replace('_', ' ')}")
    changed = [one.model_dump(mode="json", exclude_defaults=True) for one in criteria]
    try:
        return Policy.from_json({**policy.to_json(), "criteria": changed, "version": ", ".join(said)})
    except PolicyError as error:
        raise BadInput("this cannot be tried", error.problems) from None


def left_out(policy: Policy) -> dict[str, str]:
    """The parts of rules that may be left out: a single fact beside others, by name, with the rules it stands in."""
    found: dict[str, list[str]] = {}
    for criterion in policy.criteria:
        for part in _parts(criterion):
            found.setdefault(part.rpartition(".")[2], []).append(criterion.id)
    return {name: ", ".join(dict.fromkeys(rules)) for name, rules in found.items()}


def _parts(criterion: Criterion) -> Iterator[str]:
    parts = criterion.when.split(AND)
    if criterion.kind == "rule" and len(parts) > 1 and "||" not in criterion.when:
        yield from (one for one in parts if _PLAIN.fullmatch(one))


def _without(criterion: Criterion, part: str) -> Criterion:
    if part not in {one.rpartition(".")[2] for one in _parts(criterion)}:
        return criterion
    rest = [one for one in criterion.when.split(AND) if one.rpartition(".")[2] != part]
    return _saying(criterion, AND.join(rest))


def _gated(criterion: Criterion, weeks: int) -> Criterion:
    """Before 24 weeks: 23+6 at the latest, so <= 167 or < 168, and >= 168 where the rule sends others away."""

    def boundary(found: re.Match[str]) -> str:
        return f"gestation_days {found[1]} {weeks * WEEK - (found[1] in ('<=', '>'))}"

    return _saying(criterion, _GATE.sub(boundary, criterion.when)) if criterion.kind == "rule" else criterion


def _saying(criterion: Criterion, when: str) -> Criterion:
    if when == criterion.when:
        return criterion
    changed = criterion.model_copy(update={"when": when})
    changed.__dict__.pop("expression", None)  # compiled of the words before
    return changed.model_copy(update={"facts": needed_facts(changed.expression)})
