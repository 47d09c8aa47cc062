"""The cohort dashboard: the figures of an authority, counted every ten minutes, as bars with their tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from scheduler.calendars import local_date
from states.facts import FactProblem, day
from workflow import kept_figures
from workflow.errors import BadInput
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.drawings import bars
from workflow.web.exports import check_kind, download
from workflow.web.forms import Typed, typed_date
from workflow.web.searches import asked, search_form
from workflow.web.showing import Sent, go_to, show
from workflow.web.team import address

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
Counter = Annotated[Asking, Depends(Needs(Permission.READ_EVIDENCE))]
AS_OF = (day("as_of", "As things stood at the end of", required=False),)
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


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day asked for, the form as typed, and what is wrong with it."""

    day: date
    typed: Typed
    problems: tuple[FactProblem, ...]


@router.get("/reports")
def cohort(request: Request, asking: Reader) -> HTMLResponse:
    """The figures of the actor's authority as of a day."""
    wanted = _as_of(request, asking)
    figures = _figures(asking, wanted.day)
    looking(asking).report("cohort")
    families, women = figures["prebirth"], figures["pause"]["cohorts"]
    drawn = search_form(AS_OF, wanted.typed, wanted.problems)
    return show(
        request,
        asking,
        "reports/cohort.html",
        title="Reports",
        status=422 if wanted.problems else 200,
        here="reports",
        authority=asking.service.policies.current(asking.actor.authority, local_date(asking.now)).label,
        as_of=wanted.day,
        counted_at=figures["counted_at"],
        ask=drawn,
        problems=drawn.errors,
        families=families,
        needs=bars([(label, families["needs"][name]) for name, label in NEEDS.items()]),
        plans=bars([(label, families["plans"][name]) for name, label in PLANS.items()]),
        cohorts=women,
        stages=[(one["name"], bars([(label, one[name]) for name, label in STAGES.items()])) for one in women],
        women=WOMEN,
        export=lambda kind: address(f"/reports.{kind}", as_of=wanted.day.isoformat()),
    )


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
    """Counts the figures of a day from the evidence as it is now."""
    given, today = str(sent.get("as_of", "")), local_date(asking.now)
    try:
        as_of = date.fromisoformat(given) if given else today
    except ValueError:
        raise BadInput("the day to count for must be a date") from None
    _figures(asking, as_of, again=True)
    return go_to(address("/reports", as_of=as_of.isoformat() if as_of != today else None))


@router.get("/reports.{kind}")
def export_cohort(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same figures as a file: a figure a row."""
    check_kind(kind)
    wanted = _as_of(request, asking)
    if wanted.problems:
        raise BadInput(wanted.problems[0].says)
    rows = list(_rows(_figures(asking, wanted.day)))
    looking(asking).report("cohort", len(rows), export=True)
    return download(kind, f"cohort-{asking.actor.authority}-{wanted.day}", ("Cohort", "Figure", "Number"), rows)


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    families = figures["prebirth"]
    yield "Pre-birth", "Families accepted", families["families"]
    yield "Pre-birth", "Their living babies", families["children"]
    yield from (("Pre-birth, families", label, families["needs"][name]) for name, label in NEEDS.items())
    yield from (("Pre-birth, plans", label, families["plans"][name]) for name, label in PLANS.items())
    yield "Pre-birth", "Sets of care proceedings", families["proceedings_sets"]
    for one in figures["pause"]["cohorts"]:
        yield from ((f"Pause, {one['name']}", label, one[name]) for name, label in WOMEN.items())
