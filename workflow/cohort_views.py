"""The cohort figures as one reader may have them: of a team or cohort, without small numbers for readers of counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scheduler.calendars import local_date
from states.pause import DOMAINS
from workflow.accounts import Actor
from workflow.errors import NotFound
from workflow.permissions import sees_counts_only
from workflow.policies import Policies
from workflow.reports import AREA_FIGURES, FAMILY_FIGURES, WOMEN_FIGURES, percent
from workflow.suppression import ALL, as_rows

Counts = dict[str, dict[str, int | None]]  # by team and figure; None: withheld
NOT_SO, COUNTED = "not so", "counted"  # what a part leaves of its whole; women on the programme or graduated
# What adds up, and to what. Every other count is a part of a whole: with it, the rest of the whole is known too.
PLANS = tuple(one for one in FAMILY_FIGURES if one.startswith("plans.") and not one.endswith("unborn_in_assessment"))
OF_FAMILIES = (*(one for one in FAMILY_FIGURES if one.startswith("needs.")), "plans.unborn_in_assessment")
STAGES = ("pre_engagement", "engagement", "on_programme", "graduated")
CHANGES = ("higher", "same", "lower")


def below_for(policies: Policies, actor: Actor, now: datetime) -> int | None:
    """The number under which counts are withheld from an account; None for one that reads the cases behind them."""
    return policies.current(actor.authority, local_date(now)).suppress_below if sees_counts_only(actor) else None


def view(
    figures: Mapping[str, Any], *, team: str | None = None, cohort: str | None = None, below: int | None = None
) -> dict[str, Any]:
    """The figures of `reports.cohort` for a team (else all) and for a Pause cohort (else all, and the families).

    With `below`, counts under it are None, and as many others as it takes that no sum gives one away: teams are looked
    at together, so that what is given of one agrees with what is given of all. NotFound for a cohort there is not.
    """
    if team is not None and team not in figures["teams"]:
        raise NotFound(f"team {team[:60]} had no case on that day: there are figures of {_listed(figures['teams'])}")
    source = figures if team is None else figures["teams"][team]
    names = [one["name"] for one in figures["pause"]["cohorts"]]
    if cohort is not None and cohort not in names:
        raise NotFound(f"there is no cohort {cohort[:60]!r} on that day; there are: {_listed(names)}")
    wanted = [one for one in source["pause"]["cohorts"] if cohort in (None, one["name"])]
    head = {name: figures[name] for name in ("as_of", "counted_at") if name in figures}
    families = source["prebirth"]
    if below is not None:
        families = _families(figures, below)[team or ALL]
        wanted = [_women(figures, one["name"], one, team or ALL, below) for one in wanted]
    return {**head, **({} if cohort else {"prebirth": families}), "pause": {"cohorts": wanted}}


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(names) or "none"


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Families' figures by one name each, such as plans.adoption."""
    parts = {f"{part}.{name}": value for part in ("needs", "plans") for name, value in figures[part].items()}
    return {**{name: value for name, value in figures.items() if name not in ("needs", "plans")}, **parts}


def _families(figures: Mapping[str, Any], below: int) -> dict[str, dict[str, Any]]:
    """By team and for all: what may be given of families."""
    counts = {team: flat(one["prebirth"]) for team, one in figures["teams"].items()}
    found = _parts(counts, (*OF_FAMILIES, "proceedings_sets"), "families", below)
    _put(found, counts, PLANS, "children", below)
    return {team: _grouped(row) for team, row in found.items()}


def _grouped(row: Mapping[str, Any]) -> dict[str, Any]:
    whole = {name: row[name] for name in FAMILY_FIGURES if "." not in name}
    parts: dict[str, dict[str, Any]] = {"needs": {}, "plans": {}}
    for name in FAMILY_FIGURES:
        part, _, rest = name.partition(".")
        if rest:
            parts[part][rest] = row[name]
    return {**whole, **parts}


def _women(figures: Mapping[str, Any], cohort: str, plain: Mapping[str, Any], team: str, below: int) -> dict[str, Any]:
    """What may be given of one cohort, of a team or of all."""
    counts = {code: _of_cohort(one, cohort) for code, one in figures["teams"].items()}
    found = _parts(counts, ("care_experienced", "pregnancies", *_areas("scored"), *_areas("words")), COUNTED, below)
    _put(found, counts, STAGES, "women", below)
    for area in DOMAINS:
        _put(found, counts, tuple(f"{area}.{one}" for one in CHANGES), f"{area}.scored", below)
    for name in ("children_removed", "children_returned"):
        _put(found, counts, (name,), f"{name} in all", below)
    row = found[team]
    counted = row[COUNTED]
    few = counted is None or counted < below
    if counted is None:
        row |= dict.fromkeys(("on_programme", "graduated", "women"))  # together they would say it
    if few:
        row |= {"children_removed": None, "children_returned": None}
    shown = None not in (row["care_experienced"], row["on_programme"], row["graduated"])
    return {
        "name": cohort,
        **{name: row[name] for name in WOMEN_FIGURES},
        **{name: None if few else plain[name] for name in ("age_min", "age_max")},
        "care_experienced_percent": percent(row["care_experienced"] or 0, counted or 0) if shown else None,
        "areas": [{"area": area, **{one: row[f"{area}.{one}"] for one in AREA_FIGURES}} for area in DOMAINS],
    }


def _areas(name: str) -> tuple[str, ...]:
    return tuple(f"{area}.{name}" for area in DOMAINS)


def _of_cohort(figures: Mapping[str, Any], cohort: str) -> dict[str, int]:
    """The counts of one cohort in one team, each under one name."""
    one = next(one for one in figures["pause"]["cohorts"] if one["name"] == cohort)
    counts = {name: one[name] for name in WOMEN_FIGURES}
    areas = {f"{row['area']}.{name}": row[name] for row in one["areas"] for name in AREA_FIGURES}
    return {**counts, **areas, COUNTED: counts["on_programme"] + counts["graduated"]}


def _parts(counts: Mapping[str, Mapping[str, Any]], names: Sequence[str], whole: str, below: int) -> Counts:
    """Each of these counts beside the rest of the whole it is part of, over all teams."""
    found: Counts = {team: {} for team in (*counts, ALL)}
    for name in names:
        beside = {team: {name: row[name], NOT_SO: row[whole] - row[name]} for team, row in counts.items()}
        _put(found, beside, (name, NOT_SO), whole, below)
    return found


def _put(
    found: Counts, counts: Mapping[str, Mapping[str, Any]], columns: Sequence[str], whole: str, below: int
) -> None:
    """The columns and their sum. A sum that was withheld beside other columns stays so, here and there."""
    for row in as_rows({team: team for team in counts}, columns, counts, below):
        here = found[row["name"]]
        for name in columns:
            here[name] = None if name in here and here[name] is None else row[name]
        here[whole] = None if whole in here and here[whole] is None else row["total"]
    if not counts:  # nobody at all
        found[ALL] |= {**dict.fromkeys(columns, 0), whole: 0}
