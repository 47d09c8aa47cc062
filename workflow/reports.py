"""The cohort report: what the evidence says of families, children and women at the end of a day (docs/reports.md)."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, select, type_coerce

from scheduler.calendars import completed_years, end_of_day, local_date
from states.catalogue import LIFECYCLES
from states.lifecycle import SELF, Lifecycle
from states.pause import DOMAINS
from workflow.audit import CASES, CONTENTS, ENTRIES
from workflow.errors import BadInput
from workflow.models import SYSTEM_CHAIN
from workflow.projection import STEPS, Projection, advance, steps_of

RULES = 2  # grows whenever the rules of counting change: figures kept by older rules are counted again
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

# Every figure of families, those of a kind after a point, and every one of a cohort of women that counts something.
FAMILY_FIGURES = (
    *("families", "children", "needs.learning_disability", "needs.school_age", "needs.care_experienced"),
    *("needs.care_experienced_with_removals", "needs.previous_removal", "needs.outside_criteria_capacity"),
    *(f"plans.{plan}" for plan in (*PLANS, "unborn_in_assessment", "other", "undecided")),
    "proceedings_sets",
)
WOMEN_FIGURES = (
    *("women", "on_programme", "pre_engagement", "engagement", "graduated", "children_removed"),
    *("care_experienced", "pregnancies", "children_returned"),
)
AREA_FIGURES = ("scored", "higher", "same", "lower", "words")  # of each area of life: women, by their own scores

# Pause: lost contact and a hold are part of the programme where she was on it.
NO_COHORT = "no cohort named"
BEFORE_ENGAGEMENT = "pre_engagement"
ENGAGING = frozenset({"engagement", "commitment"})
ON_PROGRAMME = frozenset({"on_programme", "transition"})
AWAY = frozenset({"reengaging", "on_hold"})


@dataclass(frozen=True, slots=True)
class Behind:
    """What a case behind a figure is to it: how many it accounts for there, and the state it was in that day."""

    count: int
    state: str


def cohort(connection: Connection, authority: str | None, as_of: date, now: datetime | None = None) -> dict[str, Any]:
    """The figures of one authority as things stood at the end of that local day; without one, those of each by name.

    `teams` holds the same of each team with a case then. `workflow.cohort_views` makes of it what a reader may have.

    Evidence counts by when it happened, however late it was recorded; with `now`, only what was recorded by then.
    BadInput for a day that lies ahead of `now`. One pass over the authority's evidence, a case at a time.
    """
    if now is not None:
        check_day(as_of, now)
    if authority is not None:
        return counted(connection, authority, as_of, now).figures()
    known = connection.execute(select(CASES.c.authority).distinct().order_by(CASES.c.authority)).scalars()
    return {one: counted(connection, one, as_of, now).figures() for one in known.all()}


def check_day(as_of: date, now: datetime) -> None:
    """BadInput for a day that lies ahead."""
    if as_of > local_date(now):
        raise BadInput(f"{as_of} lies in the future: figures can be given up to today")


def counted(connection: Connection, authority: str, as_of: date, now: datetime | None) -> "Counted":
    """The one pass: figures and the cases behind them come of the same counts."""
    families, women = _Families(as_of), _Women(as_of)
    for lifecycle, parent, entries in _cases(connection, authority, now):
        stood = standing_on(lifecycle, entries, as_of)
        if stood is None:
            continue
        match lifecycle.id:
            case "prebirth":
                families.add(int(entries[0]["case_id"]), lifecycle, stood, entries)
            case "pause":
                women.add(int(entries[0]["case_id"]), stood)
            case "care_proceedings":
                families.in_court.add(parent)
    families.end()
    return Counted(as_of, families, women)


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


class Figure(NamedTuple):
    """A figure by its name: one of FAMILY_FIGURES or, with a Pause cohort, of WOMEN_FIGURES."""

    name: str
    cohort: str | None = None

    @property
    def kind(self) -> Lifecycle:
        """The kind of case behind it."""
        return LIFECYCLES["prebirth" if self.cohort is None else "pause"]


Cases = dict[str, dict[str, list[int]]]  # behind a figure: by state, and by how many each accounts for


def behind(cases: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[int, Behind]:
    """Each case by its number."""
    found: dict[int, Behind] = {}
    for state, by_count in cases.items():
        for count, ids in by_count.items():
            found |= dict.fromkeys(ids, Behind(int(count), state))
    return found


@dataclass(frozen=True, slots=True)
class Counted:
    """An authority at the end of a day, counted."""

    as_of: date
    families: "_Families"
    women: "_Women"

    def figures(self) -> dict[str, Any]:
        families = _sums(self.families.counts, self.families.teams)
        women = {name: _sums(one.counts, self.women.teams) for name, one in self.women.cohorts.items()}

        def of(team: str | None) -> dict[str, Any]:
            pause = {name: sums.get(team, Counter()) for name, sums in women.items()}
            return {"prebirth": _families_json(families.get(team, Counter())), "pause": self.women.to_json(pause, team)}

        teams = sorted({one for one in (*self.families.teams.values(), *self.women.teams.values()) if one is not None})
        return {"as_of": self.as_of.isoformat(), **of(None), "teams": {one: of(one) for one in teams}}

    def cases(self) -> dict[Figure, Cases]:
        """The cases behind each figure: what is counted of them adds up to it."""
        families = {Figure(one): _cases_of(self.families.counts[one], self.families.states) for one in FAMILY_FIGURES}
        women = {
            Figure(figure, name): _cases_of(one.counts[figure], self.women.states)
            for name, one in self.women.cohorts.items()
            for figure in WOMEN_FIGURES
        }
        return {**families, **women}


def _cases_of(counts: Mapping[int, int], states: Mapping[int, str]) -> Cases:
    found: Cases = {}
    for case, count in counts.items():
        found.setdefault(states[case], {}).setdefault(str(count), []).append(case)
    return found


Counts = defaultdict[str, Counter[int]]  # of each figure: how many of what it counts each case accounts for


def _no_counts() -> Counts:
    return defaultdict(Counter)


@dataclass
class _Families:
    """The pre-birth figures, family by family."""

    as_of: date
    in_court: set[int | None] = field(default_factory=set)
    counts: Counts = field(default_factory=_no_counts)
    states: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str | None] = field(default_factory=dict)

    def add(self, case_id: int, lifecycle: Lifecycle, stood: Projection, entries: Sequence[Mapping[str, Any]]) -> None:
        state = lifecycle.state_by_id[stood.state]
        if state.final or state.id == SILENT or {state.id, *stood.came_from} <= NOT_ACCEPTED:
            return
        self.states[case_id], self.teams[case_id] = state.id, stood.team
        self._count("families", case_id)
        for need in needs_of(stood.facts):
            self._count(f"needs.{need}", case_id)
        if CAPACITY in _override(entries, self.as_of):
            self._count("needs.outside_criteria_capacity", case_id)
        living = [one for one in stood.children if one.live_birth and one.died_on is None]
        for one in living:
            self._count("children", case_id)
            self._count(f"plans.{_plan(one.care_plan)}", case_id)
        if not living and state.stage == IN_ASSESSMENT:
            self._count("plans.unborn_in_assessment", case_id)

    def end(self) -> None:
        """Once all cases are known: the families with proceedings under them."""
        self.counts["proceedings_sets"] = Counter(self.states.keys() & self.in_court)

    def _count(self, figure: str, case_id: int) -> None:
        self.counts[figure][case_id] += 1


def _sums(counts: Counts, teams: Mapping[int, str | None]) -> dict[str | None, Counter[str]]:
    """What each figure comes to, by team; under None all of them."""
    found: dict[str | None, Counter[str]] = {None: Counter({name: of.total() for name, of in counts.items()})}
    for figure, of_cases in counts.items():
        for case, count in of_cases.items():
            if (team := teams[case]) is not None:
                found.setdefault(team, Counter())[figure] += count
    return found


def _families_json(sums: Counter[str]) -> dict[str, Any]:
    whole = {figure: sums[figure] for figure in FAMILY_FIGURES if "." not in figure}
    parts = {
        part: {one.partition(".")[2]: sums[one] for one in FAMILY_FIGURES if one.startswith(f"{part}.")}
        for part in ("needs", "plans")
    }
    return {**whole, **parts}


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
    """The women of one cohort. Ages are of those on the programme or graduated."""

    counts: Counts = field(default_factory=_no_counts)
    ages: dict[int, int] = field(default_factory=dict)


@dataclass
class _Women:
    """The Pause figures, woman by woman. A cohort is the name her record gives it."""

    as_of: date
    cohorts: dict[str, _Cohort] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    teams: dict[int, str | None] = field(default_factory=dict)

    def add(self, case_id: int, stood: Projection) -> None:
        stage = _stage_of(stood)
        if stage is None:
            return
        facts = stood.facts
        one = self.cohorts.setdefault(facts.get("cohort") or NO_COHORT, _Cohort())
        self.states[case_id], self.teams[case_id] = stood.state, stood.team
        told = {"women": 1, stage: 1}
        if stage in ("on_programme", "graduated"):
            born, then = facts.get("date_of_birth"), facts.get("graduated_on") if stage == "graduated" else None
            if born:
                on = date.fromisoformat(then) if then else self.as_of
                one.ages[case_id] = completed_years(date.fromisoformat(born), on)
            told["care_experienced"] = facts.get("care_experienced") is True
            told["children_removed"] = facts.get("children_removed") or 0
            told["children_returned"] = facts.get("children_returned") or 0
            told["pregnancies"] = "disclose_pregnancy" in stood.actors
            told |= dict.fromkeys(areas_of(facts), 1)
        for figure, count in told.items():
            if count:
                one.counts[figure][case_id] += int(count)

    def to_json(self, sums: Mapping[str, Counter[str]], team: str | None) -> dict[str, Any]:
        """What each cohort comes to in a team; without one, in all of them."""
        names = sorted(self.cohorts, key=lambda name: "" if name == NO_COHORT else name)
        ages = {
            name: [age for case, age in one.ages.items() if team is None or self.teams[case] == team]
            for name, one in self.cohorts.items()
        }
        return {"cohorts": [_cohort_json(name, sums[name], ages[name]) for name in names]}


def areas_of(facts: Mapping[str, Any]) -> set[str]:
    """What a woman's own scores say of each area of her life: how the latest compares with the one she began with.

    `areas.housing.scored` where she gave both, with higher, same or lower; `words` where she said something of it.
    """
    began, latest = (_scores(facts.get(name)) for name in ("baseline_scores", "outcome_scores"))
    latest |= _scores(facts.get("final_scores"))
    told = set()
    for area in began.keys() & latest.keys():
        first, last = began[area], latest[area]
        told |= {f"areas.{area}.scored"}
        told |= {f"areas.{area}.{'higher' if last > first else 'lower' if last < first else 'same'}"}
    rows = [one for name in ("outcome_scores", "final_scores") for one in facts.get(name) or ()]
    return told | {f"areas.{one['domain']}.words" for one in rows if one.get("in_her_words")}


def _scores(rows: Iterable[Mapping[str, Any]] | None) -> dict[str, int]:
    return {one["domain"]: int(one["score"]) for one in rows or () if one.get("score") is not None}


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


def _cohort_json(name: str, sums: Counter[str], ages: Sequence[int]) -> dict[str, Any]:
    found = {figure: sums[figure] for figure in WOMEN_FIGURES}
    counted = found["on_programme"] + found["graduated"]
    return {
        "name": name,
        **found,
        "age_min": min(ages, default=None),
        "age_max": max(ages, default=None),
        "care_experienced_percent": percent(found["care_experienced"], counted),
        "areas": [{"area": area, **{name: sums[f"areas.{area}.{name}"] for name in AREA_FIGURES}} for area in DOMAINS],
    }


def percent(part: int, whole: int) -> int | None:
    """A whole percentage, halves up: 8 of 21 is 38, 8 of 22 is 36. None of nobody."""
    return (200 * part + whole) // (2 * whole) if whole else None
