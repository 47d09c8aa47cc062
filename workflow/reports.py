"""The cohort report: what the evidence says of families, children and women at the end of a day (docs/reports.md)."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Text, select, type_coerce

from scheduler.calendars import completed_years, end_of_day, local_date
from states.catalogue import LIFECYCLES
from states.lifecycle import SELF, Lifecycle
from workflow.audit import CASES, CONTENTS, ENTRIES
from workflow.errors import BadInput
from workflow.models import SYSTEM_CHAIN
from workflow.projection import STEPS, Projection, advance, steps_of

RULES = 1  # grows whenever the rules of counting change: figures kept by older rules are counted again
COUNTED = ("prebirth", "pause", "care_proceedings")
CAPACITY = "CAPACITY_FAMILIES_FIRST"

# Pre-birth: a family counts once it is accepted and until its case ends. A review or a report that a pregnancy has
# ended holds a case; where it came from says whether it had been accepted.
NOT_ACCEPTED = frozenset({"referred", "route_sent", "threshold_review", "pregnancy_end_reported"})
SILENT = "pregnancy_end_reported"
IN_ASSESSMENT = "Assessment"  # the stage of the lifecycle: a worker is to be named, assesses, or waits for the sign-off
SCHOOL_AGE_BELOW = 16

# What is read of an entry: its columns, and those that hold JSON as the text they are.
_READ = (
    *("case_id", "seq", "lifecycle", "kind", "trigger", "from_state", "to_state", "occurred_at", "actor", "team"),
    *("owner", "overridden", "supersedes"),
)
_TEXTS = [type_coerce(one, Text).label(one.name) for one in (ENTRIES.c.facts, CONTENTS.c.content, ENTRIES.c.approvals)]
_NAMES = (*_READ, *(one.name for one in _TEXTS), "parent_id")
_NOTHING: Mapping[str | None, Any] = {None: None, "{}": {}, "[]": []}
PLANS = {
    "with_parents": ("with_parents", "mother_and_baby"),
    "adoption": ("adoption",),
    "special_guardianship": ("special_guardianship",),
}

# Pause: lost contact and a hold are part of the programme where she was on it.
BEFORE_ENGAGEMENT = "pre_engagement"
ENGAGING = frozenset({"engagement", "commitment"})
ON_PROGRAMME = frozenset({"on_programme", "transition"})
AWAY = frozenset({"reengaging", "on_hold"})


def cohort(connection: Connection, authority: str | None, as_of: date, now: datetime | None = None) -> dict[str, Any]:
    """The figures of one authority as things stood at the end of that local day; without one, those of each by name.

    Evidence counts by when it happened, however late it was recorded; with `now`, only what was recorded by then.
    BadInput for a day that lies ahead of `now`. One pass over the authority's evidence, a case at a time.
    """
    if now is not None:
        check_day(as_of, now)
    if authority is not None:
        return _figures(connection, authority, as_of, now)
    known = connection.execute(select(CASES.c.authority).distinct().order_by(CASES.c.authority)).scalars()
    return {one: _figures(connection, one, as_of, now) for one in known.all()}


def check_day(as_of: date, now: datetime) -> None:
    """BadInput for a day that lies ahead."""
    if as_of > local_date(now):
        raise BadInput(f"{as_of} lies in the future: figures can be given up to today")


def _figures(connection: Connection, authority: str, as_of: date, now: datetime | None) -> dict[str, Any]:
    families, women = _Families(as_of), _Women(as_of)
    for lifecycle, parent, entries in _cases(connection, authority, now):
        stood = standing_on(lifecycle, entries, as_of)
        if stood is None:
            continue
        match lifecycle.id:
            case "prebirth":
                families.add(int(entries[0]["case_id"]), lifecycle, stood, entries)
            case "pause":
                women.add(stood)
            case "care_proceedings":
                families.in_court.add(parent)
    return {"as_of": as_of.isoformat(), "prebirth": families.to_json(), "pause": women.to_json()}


def _cases(
    connection: Connection, authority: str, now: datetime | None
) -> Iterator[tuple[Lifecycle, int | None, Sequence[Mapping[str, Any]]]]:
    """Each case with what its evidence says of where it stands: (lifecycle, the case it stands under, entries)."""
    query = (
        select(*(ENTRIES.c[name] for name in _READ), *_TEXTS, CASES.c.parent_id)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .join(CASES, CASES.c.id == ENTRIES.c.case_id)
        .where(
            (ENTRIES.c.authority == authority)
            & ENTRIES.c.lifecycle.in_(COUNTED)
            & (ENTRIES.c.case_id != SYSTEM_CHAIN)
            & ENTRIES.c.kind.in_(STEPS)
        )
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
        .execution_options(yield_per=1000)
    )
    if now is not None:
        query = query.where(ENTRIES.c.recorded_at <= now)
    for _, rows in groupby(connection.execute(query), key=itemgetter(0)):
        found = list(rows)
        yield LIFECYCLES[found[0].lifecycle], found[0].parent_id, [_entry(row) for row in found]


def _entry(row: Sequence[Any]) -> dict[str, Any]:
    """An entry as `steps_of` reads one. Most hold no facts, or the same few: JSON is read where there is some."""
    entry = dict(zip(_NAMES, row, strict=True))
    for name in ("facts", "content", "approvals"):
        entry[name] = _NOTHING[entry[name]] if entry[name] in _NOTHING else json.loads(entry[name])
    return entry


def standing_on(lifecycle: Lifecycle, entries: Sequence[Mapping[str, Any]], as_of: date) -> Projection | None:
    """A case at the end of a day, with corrections made since; None where it had not been opened.

    A move recorded late that left the state as it was says nothing of the state on its own day.
    """
    until = end_of_day(as_of)
    told = [{**one, "to_state": SELF} if one["from_state"] == one["to_state"] else one for one in entries]
    steps = steps_of(told)
    if not steps or steps[0].occurred_at >= until:
        return None
    current = Projection(team=entries[0]["team"], owner=entries[0]["owner"])
    for step in steps:
        if step.occurred_at < until:
            current = advance(lifecycle, current, replace(step, to=current.state) if step.to == SELF else step)
    return current


@dataclass
class _Families:
    """The pre-birth figures, family by family."""

    as_of: date
    accepted: set[int] = field(default_factory=set)
    in_court: set[int | None] = field(default_factory=set)
    needs: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    children: int = 0

    def add(self, case_id: int, lifecycle: Lifecycle, stood: Projection, entries: Sequence[Mapping[str, Any]]) -> None:
        state = lifecycle.state_by_id[stood.state]
        if state.final or state.id == SILENT or {state.id, *stood.came_from} <= NOT_ACCEPTED:
            return
        self.accepted.add(case_id)
        self.needs.update(needs_of(stood.facts))
        self.needs["outside_criteria_capacity"] += CAPACITY in _override(entries, self.as_of)
        living = [one for one in stood.children if one.live_birth and one.died_on is None]
        self.children += len(living)
        self.plans.update(_plan(one.care_plan) for one in living)
        self.plans["unborn_in_assessment"] += not living and state.stage == IN_ASSESSMENT

    def to_json(self) -> dict[str, Any]:
        needs = (
            *("learning_disability", "school_age", "care_experienced", "care_experienced_with_removals"),
            *("previous_removal", "outside_criteria_capacity"),
        )
        plans = (*PLANS, "unborn_in_assessment", "other", "undecided")
        return {
            "families": len(self.accepted),
            "children": self.children,
            "needs": {name: self.needs[name] for name in needs},
            "plans": {name: self.plans[name] for name in plans},
            "proceedings_sets": len(self.accepted & self.in_court),
        }


def needs_of(facts: Mapping[str, Any]) -> set[str]:
    """The needs a family's referral tells of. A fact that is not known, or was erased, is no need."""
    parents = facts.get("parents") or ()
    needs = {
        "learning_disability": any(one.get("learning_disability") == "diagnosed" for one in parents),
        "school_age": any(_of_school_age(one, facts.get("received_on")) for one in parents),
        "care_experienced": any(one.get("care_status") in ("child_in_care", "care_leaver") for one in parents),
        "previous_removal": any(one.get("previous_removals") for one in parents),
    }
    needs["care_experienced_with_removals"] = needs["care_experienced"] and needs["previous_removal"]
    return {name for name, holds in needs.items() if holds}


def _of_school_age(parent: Mapping[str, Any], received_on: str | None) -> bool:
    """A mother under 16 in full-time education on the day of the referral: turning 16 later changes nothing."""
    born = parent.get("date_of_birth")
    if (
        parent.get("role") != "mother"
        or parent.get("in_full_time_education") is not True
        or not born
        or not received_on
    ):
        return False
    return completed_years(date.fromisoformat(born), date.fromisoformat(received_on)) < SCHOOL_AGE_BELOW


def _override(entries: Iterable[Mapping[str, Any]], as_of: date) -> set[str | None]:
    """The reasons for which the family was accepted against its criteria, but for an acceptance taken back."""
    undone = {one["supersedes"] for one in entries if one["facts"].get("correction") == "undo"}
    return {
        approval["reason_code"]
        for one in entries
        if one["trigger"] in ("accept", "accept_with_consent")
        and one["overridden"]
        and one["seq"] not in undone
        and one["occurred_at"] < end_of_day(as_of)
        for approval in one["approvals"]
    }


def _plan(care_plan: str | None) -> str:
    if care_plan in (None, "undecided"):
        return "undecided"
    return next((name for name, plans in PLANS.items() if care_plan in plans), "other")


@dataclass
class _Cohort:
    """The women of one cohort. `counted` are those on the programme or graduated: (age, care experienced, removed)."""

    stages: Counter[str] = field(default_factory=Counter)
    ages: list[int] = field(default_factory=list)
    care_experienced: int = 0
    totals: Counter[str] = field(default_factory=Counter)


@dataclass
class _Women:
    """The Pause figures, woman by woman. A cohort is the name her record gives it."""

    as_of: date
    cohorts: dict[str, _Cohort] = field(default_factory=dict)

    def add(self, stood: Projection) -> None:
        stage = _stage_of(stood)
        if stage is None:
            return
        facts = stood.facts
        one = self.cohorts.setdefault(facts.get("cohort") or "", _Cohort())
        one.stages[stage] += 1
        if stage not in ("on_programme", "graduated"):
            return
        born, then = facts.get("date_of_birth"), facts.get("graduated_on") if stage == "graduated" else None
        if born:
            on = date.fromisoformat(then) if then else self.as_of
            one.ages.append(completed_years(date.fromisoformat(born), on))
        one.care_experienced += facts.get("care_experienced") is True
        one.totals["children_removed"] += facts.get("children_removed") or 0
        one.totals["children_returned"] += facts.get("children_returned") or 0
        one.totals["pregnancies"] += "disclose_pregnancy" in stood.actors

    def to_json(self) -> dict[str, Any]:
        return {"cohorts": [_cohort_json(name, one) for name, one in sorted(self.cohorts.items())]}


def _stage_of(stood: Projection) -> str | None:
    """Where a woman stands for the figures; None where she is not, or no longer, in touch with Pause."""
    if "graduate" in stood.actors:
        return "graduated"
    state = stood.came_from[-1] if stood.state in AWAY and stood.came_from else stood.state
    if state in ON_PROGRAMME:
        return "on_programme"
    if state in ENGAGING:
        return "engagement"
    return state if state == BEFORE_ENGAGEMENT else None


def _cohort_json(name: str, one: _Cohort) -> dict[str, Any]:
    counted = one.stages["on_programme"] + one.stages["graduated"]
    return {
        "name": name or "no cohort named",
        "women": one.stages.total(),
        "on_programme": one.stages["on_programme"],
        "pre_engagement": one.stages["pre_engagement"],
        "engagement": one.stages["engagement"],
        "graduated": one.stages["graduated"],
        "children_removed": one.totals["children_removed"],
        "age_min": min(one.ages, default=None),
        "age_max": max(one.ages, default=None),
        "care_experienced": one.care_experienced,
        "care_experienced_percent": percent(one.care_experienced, counted),
        "pregnancies": one.totals["pregnancies"],
        "children_returned": one.totals["children_returned"],
    }


def percent(part: int, whole: int) -> int | None:
    """A whole percentage, halves up: 8 of 21 is 38, 8 of 22 is 36. None of nobody."""
    return (200 * part + whole) // (2 * whole) if whole else None
