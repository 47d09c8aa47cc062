"""The page and file of the standing report of the oversight group."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from workflow.oversight import LEVELS
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.suppression import WITHHELD
from workflow.web.exports import check_kind, download
from workflow.web.practice import COUNTED_AT, days_asked, page_of_days, right_days

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]


@router.get("/reports/oversight")
def show_standing_report(request: Request, asking: Reader) -> Response:
    """Universal, targeted and specialist support on one page."""
    days = days_asked(request, asking)
    found = looking(asking).standing_report(days.since, days.until)
    return page_of_days(
        request,
        asking,
        "reports/oversight.html",
        "Pre-birth and under one: the standing report",
        days,
        levels=[(words, [one for one in found["parts"] if one.level == level]) for level, words in LEVELS.items()],
        found=found,
    )


@router.get("/reports/oversight.{kind}")
def export_standing_report(kind: str, request: Request, asking: Reader) -> StreamingResponse:
    """The same as a file: a figure a row."""
    check_kind(kind)
    days = right_days(days_asked(request, asking))
    found = looking(asking).standing_report(days.since, days.until, export=True)
    rows = [
        (LEVELS[one.level], one.title, label, WITHHELD if value is None else value)
        for one in found["parts"]
        for label, value in one.rows
    ]
    name = f"oversight-{asking.actor.authority}-{days.until}"
    return download(
        kind, name, ("Support", "Part", "Figure", "Number"), [*rows, ("", "", COUNTED_AT, found["counted_at"])]
    )
