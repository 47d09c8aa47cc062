"""The page and file of the standing report of the oversight group."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from workflow import kept_figures
from workflow.cohort_views import below_for
from workflow.oversight import LEVELS, Asked, Part, standing_report
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.suppression import WITHHELD
from workflow.web.exports import check_kind, download
from workflow.web.practice import Days, days_asked, page_of_days, right_days

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]


@router.get("/reports/oversight")
def show_standing_report(request: Request, asking: Reader) -> Response:
    """Universal, targeted and specialist support on one page."""
    days = days_asked(request, asking)
    parts = _parts(asking, days)
    looking(asking).report("standing report")
    return page_of_days(
        request,
        asking,
        "reports/oversight.html",
        "Pre-birth and under one: the standing report",
        days,
        levels=[(words, [one for one in parts if one.level == level]) for level, words in LEVELS.items()],
        below=below_for(asking.service.policies, asking.actor, asking.now),
    )


@router.get("/reports/oversight.{kind}")
def export_standing_report(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same as a file: a figure a row."""
    check_kind(kind)
    days = right_days(days_asked(request, asking))
    parts = _parts(asking, days)
    rows = [
        (LEVELS[one.level], one.title, label, WITHHELD if value is None else value)
        for one in parts
        for label, value in one.rows
    ]
    looking(asking).report("standing report", len(rows), export=True)
    name = f"oversight-{asking.actor.authority}-{days.until}"
    return download(kind, name, ("Support", "Part", "Figure", "Number"), rows)


def _parts(asking: Asking, days: Days) -> list[Part]:
    authority, database = asking.actor.authority, asking.service.database
    figures = kept_figures.cohort(database, authority, days.until, asking.now)
    below = below_for(asking.service.policies, asking.actor, asking.now)
    asked = Asked(authority=authority, since=days.since, until=days.until, now=asking.now, figures=figures, below=below)
    with database.read() as connection:
        return standing_report(connection, asked)
