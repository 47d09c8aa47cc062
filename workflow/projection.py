"""What the evidence of a case adds up to: one step at a time when it moves, or all again from the first entry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType
from states.guards import Child
from states.lifecycle import NEW, Lifecycle
from workflow.models import EntryKind

BECOME_CHILDREN = frozenset({"babies", "care_plans", "outcomes", "died_on"})
STEPS = (EntryKind.MOVED, EntryKind.CORRECTED, EntryKind.FOLLOWED)  # the kinds of entry that change a case
BECOME_COLUMNS = frozenset({"worker", "team", "came_from", "clocks"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one entry did: the part of it that changes the case."""

    trigger: str
    to: str
    occurred_at: datetime
    actor: str
    facts: Mapping[str, Any]  # clear and personal together


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A case as it stands. `facts` holds clear and personal facts together; storage parts them."""

    state: str = NEW
    came_from: tuple[str, ...] = ()
    owner: str | None = None
    team: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    edd: date | None = None
    state_since: datetime | None = None


@cache
def asked_facts(lifecycle_id: str) -> Mapping[str, Fact]:
    """Every fact a lifecycle asks for, by name."""
    return {fact.name: fact for row in LIFECYCLES[lifecycle_id].transitions for fact in row.facts}


@cache
def _kept(lifecycle_id: str) -> frozenset[str]:
    """The facts that stay with the case; free text people write later stays in the evidence alone."""
    at_opening = {fact.name for row in LIFECYCLES[lifecycle_id].transitions if NEW in row.sources for fact in row.facts}
    return frozenset(
        name
        for name, fact in asked_facts(lifecycle_id).items()
        if name not in BECOME_CHILDREN | BECOME_COLUMNS
        and (name in at_opening or not (fact.personal and fact.type is FactType.TEXT))
    )


def advance(lifecycle: Lifecycle, before: Projection, step: Step) -> Projection:
    """The case after one more step."""
    kept = _kept(lifecycle.id)
    facts = {**before.facts, **{name: value for name, value in step.facts.items() if name in kept}}
    moved = step.to != before.state
    return replace(
        before,
        state=step.to,
        came_from=_came_from(lifecycle, before, step),
        owner=step.facts.get("worker", before.owner),
        team=step.facts.get("team", before.team),
        facts=facts,
        actors={**before.actors, step.trigger: step.actor},
        children=children_after(before.children, step.facts),
        edd=_day(step.facts.get("edd")) or before.edd,
        state_since=step.occurred_at if moved else before.state_since,
    )


def _came_from(lifecycle: Lifecycle, before: Projection, step: Step) -> tuple[str, ...]:
    """The states left for one that is come back from, oldest first; forgotten once the case stands in any other."""
    if step.to == before.state:
        return before.came_from
    if not lifecycle.state_by_id[step.to].holds:
        return ()
    if before.state == NEW:
        return (step.facts["came_from"],) if step.facts.get("came_from") else ()
    going_back = bool(before.came_from) and before.came_from[-1] == step.to
    return before.came_from[:-1] if going_back else (*before.came_from, before.state)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def children_after(children: tuple[Child, ...], facts: Mapping[str, Any]) -> tuple[Child, ...]:
    """The babies once what was recorded of them is applied. Numbers start at 1, in the order recorded."""
    born = [
        Child(
            number=len(children) + offset,
            live_birth=baby.get("live_birth", True),
            born_on=_day(baby.get("born_on")),
            care_plan=baby.get("care_plan"),
        )
        for offset, baby in enumerate(facts.get("babies", ()), 1)
    ]
    by_number = {child.number: child for child in (*children, *born)}

    def change(number: Any, **changes: Any) -> None:
        if number in by_number:
            by_number[number] = replace(by_number[number], **changes)

    for row in facts.get("care_plans", ()):
        change(row.get("child"), care_plan=row.get("care_plan"))
    for row in facts.get("outcomes", ()):
        change(row.get("child"), outcome=row.get("outcome"))
    if facts.get("died_on") and facts.get("child"):
        change(facts["child"], died_on=_day(facts["died_on"]), outcome="died")
    return tuple(by_number.values())


def steps_of(entries: Iterable[Mapping[str, Any]]) -> list[Step]:
    """The steps of a case's evidence, its corrections applied: what was undone is gone, what was corrected stands."""
    by_seq: dict[int, Step] = {}
    for entry in entries:
        if entry["kind"] not in STEPS:
            continue
        facts = {**entry["facts"], **(entry["content"] or {})}
        corrected = by_seq.get(entry["supersedes"] or 0)
        if corrected is not None:
            by_seq.update(_corrected(entry["supersedes"], corrected, facts))
            if facts["correction"] == "undo":
                del by_seq[entry["supersedes"]]
        else:
            by_seq[entry["seq"]] = Step(
                trigger=entry["trigger"],
                to=entry["to_state"],
                occurred_at=entry["occurred_at"],
                actor=entry["actor"],
                facts=facts,
            )
    return list(by_seq.values())


def _corrected(seq: int, step: Step, facts: Mapping[str, Any]) -> dict[int, Step]:
    if facts["correction"] == "occurred_at":
        return {seq: replace(step, occurred_at=datetime.fromisoformat(facts["new_occurred_at"]))}
    asked = {name: value for name, value in facts.items() if name not in CORRECTION_FACTS}
    return {seq: replace(step, facts={**step.facts, **asked})}


CORRECTION_FACTS = frozenset({"entry", "correction", "correction_reason", "new_occurred_at"})


def replay(lifecycle: Lifecycle, entries: Iterable[Mapping[str, Any]], start: Projection) -> Projection:
    """The case as its evidence alone says; `start` supplies the team it was opened in."""
    current = start
    for step in steps_of(entries):
        current = advance(lifecycle, current, step)
    return current
