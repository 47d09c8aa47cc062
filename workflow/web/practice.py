"""Figures of practice as pages and files: consistency across teams, support given, what became of each child."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from scheduler.calendars import local_date
from states.codes import DRIFT_REASONS, OUTCOMES
from states.facts import FactProblem, day
from workflow import child_outcomes, consistency
from workflow.errors import BadInput
from workflow.permissions import Permission
from workflow.practice_counts import period
from workflow.serving.asking import Asking, Needs, looking
from workflow.suppression import WITHHELD
from workflow.web.exports import check_kind, download
from workflow.web.forms import Typed, typed_date
from workflow.web.searches import asked, search_form
from workflow.web.showing import show
from workflow.web.team import address

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
COUNTED_AT = "Counted from the record at"
DAYS = (day("since", "From", required=False), day("until", "To", required=False))
KEPT = {"on_time": "On time", "late": "Late or missing", "total": "Due"}
GIVEN = {
    "given": "Sessions given",
    "missed": "Could not be kept",
    "total": "Sessions in all",
    "hope_boxes": "Hope boxes",
    "lent": "Real Care babies lent",
}
CODES = {
    "placement": "Placement",
    "legal_status": "Legal status",
    "since": "Since",
    "decision_on": "Decided on adoption",
    "placement_order_on": "Placement order",
    "placed_on": "Placed for adoption",
    "order_on": "Adoption order",
    "reason_ceased": "Ceased because",
}


@dataclass(frozen=True, slots=True)
class Days:
    """The days asked for, the form as typed, and what is wrong with it."""

    since: date
    until: date
    typed: Typed
    problems: tuple[FactProblem, ...]


def days_asked(request: Request, asking: Asking) -> Days:
    """The last quarter unless other days are given; wrong ones are said."""
    today = local_date(asking.now)
    reading = asked(DAYS, request.query_params)
    problems = list(reading.problems)
    given = {name: date.fromisoformat(value) for name, value in reading.given.items()}
    since, until = period(given.get("since"), given.get("until"), today)
    if until > today:
        problems.append(FactProblem("until", "The last day must be today or in the past"))
    elif until < since:
        problems.append(FactProblem("until", "The last day must not come before the first"))
    if problems:
        return Days(*period(None, None, today), reading.typed, tuple(problems))
    typed = {"since": typed_date(since.isoformat()), "until": typed_date(until.isoformat())}
    return Days(since, until, typed, ())


def page_of_days(request: Request, asking: Asking, template: str, title: str, days: Days, **values: Any) -> Response:
    drawn = search_form(DAYS, days.typed, days.problems)
    return show(
        request,
        asking,
        template,
        title=title,
        here="reports",
        status=422 if days.problems else 200,
        days=days,
        ask=drawn,
        problems=drawn.errors,
        export=lambda kind: address(
            f"{request.url.path}.{kind}", since=days.since.isoformat(), until=days.until.isoformat()
        ),
        **values,
    )


@router.get("/reports/consistency")
def show_consistency(request: Request, asking: Reader) -> Response:
    """Practice across teams: time in stage, clinics on time, plans by 34+0, reasons for drift."""
    days = days_asked(request, asking)
    found = looking(asking).consistency(days.since, days.until)
    return page_of_days(
        request,
        asking,
        "reports/consistency.html",
        "Consistency of practice",
        days,
        found=found,
        stages=consistency.STAGES,
        kept=KEPT,
        drift=DRIFT_REASONS,
    )


@router.get("/reports/consistency.{kind}")
def export_consistency(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same as a file: a figure a row."""
    check_kind(kind)
    days = right_days(days_asked(request, asking))
    found = looking(asking).consistency(days.since, days.until, export=True)
    rows = [
        *_rows("Stays that ended", found["stages"], {one: one for one in consistency.STAGES}),
        *((f"Median days: {row['label']}", stage, row["median_days"][stage]) for row in found["stages"]
          for stage in consistency.STAGES if row["median_days"][stage] is not None),
        *_rows("Clinics due", found["clinics"], KEPT),
        *_rows("Birth plans due at 34+0", found["plans"], KEPT),
        *_rows("Drift", found["drift"], DRIFT_REASONS),
        ("", COUNTED_AT, found["counted_at"]),
    ]  # fmt: skip
    return download(kind, f"consistency-{asking.actor.authority}-{days.until}", ("Team", "Figure", "Number"), rows)


def _rows(what: str, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    return [
        (f"{what}: {row['label']}", label, WITHHELD if row[name] is None else row[name])
        for row in rows
        for name, label in labels.items()
    ]


def right_days(days: Days) -> Days:
    if days.problems:
        raise BadInput(days.problems[0].says)
    return days


@router.get("/reports/support")
def show_support_given(request: Request, asking: Reader) -> Response:
    """The support each team gave."""
    days = days_asked(request, asking)
    found = looking(asking).support_given(days.since, days.until)
    return page_of_days(request, asking, "reports/support.html", "Support given", days, found=found, columns=GIVEN)


@router.get("/reports/support.{kind}")
def export_support_given(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same as a file."""
    check_kind(kind)
    days = right_days(days_asked(request, asking))
    found = looking(asking).support_given(days.since, days.until, export=True)
    rows = [*_rows("Support", found["teams"], GIVEN), ("", COUNTED_AT, found["counted_at"])]
    return download(kind, f"support-{asking.actor.authority}-{days.until}", ("Team", "Figure", "Number"), rows)


@router.get("/reports/outcomes")
def show_outcomes(request: Request, asking: Reader) -> Response:
    """What became of the children, and for those who read the cases each child with dates and codes."""
    below = looking(asking).below
    with asking.service.database.read() as connection:
        counts = child_outcomes.counts(connection, asking.actor.authority, below=below)
    if below is not None:
        looking(asking).report("outcomes of children")
    return show(
        request,
        asking,
        "reports/outcomes.html",
        title="What became of each child",
        here="reports",
        counts=counts,
        below=below,
        outcomes=OUTCOMES,
        children=None if below is not None else looking(asking).child_outcomes()[:SHOWN],
        codes=CODES,
        shown=SHOWN,
        export=lambda kind: f"/reports/outcomes.{kind}",
    )


SHOWN = 100  # children on the page; a file has them all


@router.get("/reports/outcomes.{kind}")
def export_outcomes(kind: str, asking: Reader) -> StreamingResponse:
    """Each child with the dates and codes of the returns; counts alone for who may not read cases."""
    check_kind(kind)
    name, below = f"outcomes-{asking.actor.authority}-{local_date(asking.now)}", looking(asking).below
    if below is None:
        children = looking(asking).child_outcomes(export=True)
        heads = ("Case", "Child", "Team", "Outcome", *CODES.values())
        rows = [
            (one["case"], one["child"], one["team"], OUTCOMES[one["outcome"]], *(one[code] for code in CODES))
            for one in children
        ]
        return download(kind, name, heads, rows)
    with asking.service.database.read() as connection:
        counts = child_outcomes.counts(connection, asking.actor.authority, below=below)
    looking(asking).report("outcomes of children", len(counts), export=True)
    return download(kind, name, ("Team", "Figure", "Number"), _rows("Outcome", counts, OUTCOMES))
