"""The cohort dashboard: the figures of an authority, counted every ten minutes, as bars with their tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from scheduler.calendars import local_date
from states.facts import Fact, FactProblem, choice, day
from states.pause import DOMAINS
from workflow import kept_figures
from workflow.cohort_views import below_for, flat, view
from workflow.consistency import named
from workflow.errors import BadInput, NotFound
from workflow.permissions import Permission, reads_kind
from workflow.practice_counts import period
from workflow.reports import WOMEN_FIGURES, Figure
from workflow.serving.asking import Asking, Needs, looking
from workflow.suppression import WITHHELD
from workflow.web.drawings import bars
from workflow.web.exports import check_kind, download
from workflow.web.forms import Typed, typed_date
from workflow.web.searches import asked, search_form
from workflow.web.showing import Sent, go_to, show
from workflow.web.team import PAGE, address, names_of

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
Counter = Annotated[Asking, Depends(Needs(Permission.READ_EVIDENCE))]
AS_OF = (day("as_of", "As things stood at the end of", required=False),)
FAMILIES = {
    "families": "Families accepted",
    "children": "Their living babies",
    "proceedings_sets": "Sets of care proceedings",
}
NEEDS = {
    "learning_disability": "A parent has a diagnosed learning disability",
    "school_age": "The mother was under 16 and in full-time education",
    "care_experienced": "A parent is a child in care or a care leaver",
    "care_experienced_with_removals": "Of those, a parent had a child removed before",
    "previous_removal": "A parent had a child removed before",
    "outside_criteria_capacity": "Accepted against the criteria, for lack of room elsewhere",
}
PLANS = {
    "with_parents": "With parents, a mother and baby placement included",
    "adoption": "Adoption",
    "special_guardianship": "Special guardianship",
    "other": "Another plan",
    "undecided": "No plan yet",
    "unborn_in_assessment": "Not born yet, family in assessment",
}
STAGES = {
    "pre_engagement": "Approached, not yet agreed to meet",
    "engagement": "Getting to know Pause",
    "on_programme": "On the programme",
    "graduated": "Graduated",
}
WOMEN = {
    "women": "Women in touch with Pause, or graduated",
    **STAGES,
    "children_removed": "Children removed from women on the programme or graduated",
    "children_returned": "Children returned to their care",
    "pregnancies": "Pregnancies those women told Pause of",
    "care_experienced": "Care-experienced women of them",
    "care_experienced_percent": "Care-experienced, per cent",
    "age_min": "Youngest, in years",
    "age_max": "Oldest, in years",
}


NOT_KNOWN = ("care_experienced_percent", "age_min", "age_max")  # of nobody there is none
CHANGES = {
    "scored": "Women who scored it at the start and later",
    "higher": "Scored it higher later",
    "same": "Scored it the same",
    "lower": "Scored it lower later",
    "words": "Women who said something of it in their own words",
}


WITH_COHORTS = "oversight"
PRACTICE = ("consistency", "support", WITH_COHORTS)  # pages whose days can be counted again
# The figures with a list behind them, as `reports.Counted` names them.
LISTED = {
    **FAMILIES,
    **{f"needs.{name}": label for name, label in NEEDS.items()},
    **{f"plans.{name}": label for name, label in PLANS.items()},
}
LISTED_WOMEN = {name: label for name, label in WOMEN.items() if name in WOMEN_FIGURES}
FAMILY, WOMAN, CHILD = ("family", "families"), ("woman", "women"), ("child", "children")
OF_CHILDREN = ("children", "children_removed", "children_returned", *(f"plans.{plan}" for plan in PLANS))
BEFORE_BIRTH = "plans.unborn_in_assessment"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day asked for, the form as typed, and what is wrong with it."""

    day: date
    typed: Typed
    problems: tuple[FactProblem, ...]


@router.get("/reports")
def cohort(request: Request, asking: Reader) -> HTMLResponse:
    """The figures of the actor's authority as of a day, or of one team or one Pause cohort."""
    wanted = _as_of(request, asking)
    counted = _figures(asking, wanted.day)
    facts = (*AS_OF, *_parts(asking, counted))
    part, problems = _part(request, facts[1:])
    figures = _view(asking, counted, part)
    looking(asking).report("cohort")
    families, women = figures.get("prebirth"), figures["pause"]["cohorts"]
    drawn = search_form(facts, {**wanted.typed, **part}, (*wanted.problems, *problems))
    below = below_for(asking.service.policies, asking.actor, asking.now)
    team = part.get("team")
    return show(
        request,
        asking,
        "reports/cohort.html",
        title="Reports",
        status=422 if drawn.errors else 200,
        here="reports",
        below=below,
        of=" and ".join(str(one.choices[part[one.name]]) for one in facts[1:] if one.choices and part.get(one.name)),
        authority=asking.service.policies.current(asking.actor.authority, local_date(asking.now)).label,
        as_of=wanted.day,
        counted_at=figures["counted_at"],
        ask=drawn,
        problems=drawn.errors,
        families=families,
        totals=FAMILIES,
        needs=bars([(label, families["needs"][name]) for name, label in NEEDS.items()]) if families else (),
        needs_lists=[] if team else _lists(asking, wanted.day, *(f"needs.{name}" for name in NEEDS)),
        plans=bars([(label, families["plans"][name]) for name, label in PLANS.items()]) if families else (),
        plans_lists=[] if team else _lists(asking, wanted.day, *(f"plans.{name}" for name in PLANS)),
        cohorts=women,
        stages=[
            (
                one["name"],
                bars([(label, one[name]) for name, label in STAGES.items()]),
                [] if team else _lists(asking, wanted.day, *STAGES, cohort=one["name"]),
            )
            for one in women
        ],
        women=WOMEN,
        areas={name: one.label for name, one in DOMAINS.items()},
        changes=CHANGES,
        list_of=lambda figure, cohort=None: "" if team else _list_of(asking, wanted.day, figure, cohort),
        export=lambda kind: address(f"/reports.{kind}", as_of=wanted.day.isoformat(), **part),
    )


def _parts(asking: Asking, counted: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the figures can be asked of: a team that had a case that day, a Pause cohort."""
    with asking.service.database.read() as connection:
        teams = named(connection, asking.actor.authority, tuple(counted["teams"]))
    cohorts = {one["name"]: one["name"] for one in counted["pause"]["cohorts"]}
    return (
        choice("team", "Team", teams, required=False),
        choice("cohort", "Pause cohort", cohorts, "of women alone", required=False),
    )


def _part(request: Request, facts: Sequence[Fact]) -> tuple[dict[str, str], tuple[FactProblem, ...]]:
    """The team and cohort asked for, and what is wrong with them."""
    reading = asked(facts, request.query_params)
    return dict(reading.given), tuple(reading.problems)


def _view(asking: Asking, counted: Mapping[str, Any], part: Mapping[str, str]) -> dict[str, Any]:
    """The figures as whoever asks may have them."""
    return view(counted, **part, below=below_for(asking.service.policies, asking.actor, asking.now))


def _list_of(asking: Asking, as_of: date, figure: str, cohort: str | None = None) -> str:
    """Where the cases behind a figure are listed; nowhere for who reads no case of that kind, or where none are."""
    kind = Figure(figure, cohort).kind
    if figure not in (LISTED if cohort is None else LISTED_WOMEN):
        return ""
    if not reads_kind(asking.actor, kind, asking.actor.authority):
        return ""
    return address("/reports/cases", figure=figure, cohort=cohort, as_of=as_of.isoformat())


def _lists(asking: Asking, as_of: date, *figures: str, cohort: str | None = None) -> list[str]:
    return [_list_of(asking, as_of, figure, cohort) for figure in figures]


@router.get("/reports/cases")
def counted(request: Request, asking: Reader) -> HTMLResponse:
    """The cases behind one figure; how much of it is withheld from this reader, and never which."""
    wanted, given = _as_of(request, asking), request.query_params
    figure, cohort = given.get("figure", ""), given.get("cohort") or None
    listed = LISTED if cohort is None else LISTED_WOMEN
    if figure not in listed or wanted.problems:
        raise NotFound("there is no such figure: open it from the page of reports")
    family = FAMILY if cohort is None else WOMAN
    if _is_withheld(asking, wanted.day, figure, cohort):
        raise NotFound("this number is withheld: it, or one that could be worked out from it, is of too few people")
    after = given.get("after", "")
    page = looking(asking).counted(
        Figure(figure, cohort),
        wanted.day,
        after=int(after) if after.isdecimal() and len(after) < 19 else None,
        limit=PAGE,
    )
    here = {"figure": figure, "cohort": cohort, "as_of": wanted.day.isoformat()}
    return show(
        request,
        asking,
        "reports/cases.html",
        title=listed[figure],
        here="reports",
        back=address("/reports", as_of=wanted.day.isoformat()),
        cohort=cohort,
        as_of=wanted.day,
        one=CHILD if figure in OF_CHILDREN and figure != BEFORE_BIRTH else family,
        counts=figure in OF_CHILDREN and figure != BEFORE_BIRTH,
        page=page,
        next=address("/reports/cases", **here, after=page.after) if page.after else None,
        names=names_of(asking, (row["owner"] for row in page.rows)),
    )


def _is_withheld(asking: Asking, as_of: date, figure: str, cohort: str | None) -> bool:
    figures = _view(asking, _figures(asking, as_of), {"cohort": cohort} if cohort else {})
    told = flat(figures["prebirth"]) if cohort is None else next(iter(figures["pause"]["cohorts"]))
    return told.get(figure, 0) is None


def _as_of(request: Request, asking: Asking) -> AsOf:
    """Today unless another day is given; a wrong one is said."""
    today = local_date(asking.now)
    reading = asked(AS_OF, request.query_params)
    problems = tuple(reading.problems)
    given = date.fromisoformat(reading.given["as_of"]) if "as_of" in reading.given else today
    if given > today:
        problems = (FactProblem("as_of", "The day must be today or in the past"),)
    typed = reading.typed if problems else {"as_of": typed_date(given.isoformat())}
    return AsOf(today if problems else given, typed, problems)


def _figures(asking: Asking, as_of: date, *, again: bool = False) -> Mapping[str, Any]:
    return kept_figures.cohort(asking.service.database, asking.actor.authority, as_of, asking.now, again=again)


@router.post("/reports/count")
def count_again(sent: Sent, asking: Counter) -> RedirectResponse:
    """Counts the figures of a day, or of the days of a page of practice, from the evidence as it is now."""
    days: dict[str, date] = {}
    for name in ("as_of", "since", "until"):
        try:
            days |= {name: date.fromisoformat(str(sent[name]))} if sent.get(name) else {}
        except ValueError:
            raise BadInput("the day to count for must be a date") from None
    page, today = str(sent.get("page", "")), local_date(asking.now)
    if page in PRACTICE:
        since, until = period(days.get("since"), days.get("until"), today)
        authority, database = asking.actor.authority, asking.service.database
        kept_figures.practice(database, authority, since, until, asking.now, again=True)
        if page == WITH_COHORTS:
            _figures(asking, until, again=True)
        return go_to(address(f"/reports/{page}", since=since.isoformat(), until=until.isoformat()))
    as_of = days.get("as_of", today)
    _figures(asking, as_of, again=True)
    return go_to(address("/reports", as_of=as_of.isoformat() if as_of != today else None))


@router.get("/reports.{kind}")
def export_cohort(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same figures as a file: a figure a row."""
    check_kind(kind)
    wanted = _as_of(request, asking)
    if wanted.problems:
        raise BadInput(wanted.problems[0].says)
    counted = _figures(asking, wanted.day)
    part, problems = _part(request, _parts(asking, counted))
    if problems:
        raise BadInput(problems[0].says)
    rows = [
        (of, label, WITHHELD if value is None else value) for of, label, value in _rows(_view(asking, counted, part))
    ]
    looking(asking).report("cohort", len(rows), export=True)
    return download(kind, f"cohort-{asking.actor.authority}-{wanted.day}", ("Cohort", "Figure", "Number"), rows)


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    families = figures.get("prebirth")
    if families:
        yield "Pre-birth", FAMILIES["families"], families["families"]
        yield "Pre-birth", FAMILIES["children"], families["children"]
        yield from (("Pre-birth, families", label, families["needs"][name]) for name, label in NEEDS.items())
        yield from (("Pre-birth, plans", label, families["plans"][name]) for name, label in PLANS.items())
        yield "Pre-birth", FAMILIES["proceedings_sets"], families["proceedings_sets"]
    for one in figures["pause"]["cohorts"]:
        yield from (
            (f"Pause, {one['name']}", label, one[name])
            for name, label in WOMEN.items()
            if one[name] is not None or name not in NOT_KNOWN or one["women"] is None
        )
        yield from (
            (f"Pause, {one['name']}, {DOMAINS[row['area']].label}", label, row[name])
            for row in one["areas"]
            for name, label in CHANGES.items()
            if row["scored"] != 0 or row["words"] != 0
        )
