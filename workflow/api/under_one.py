"""The under-one indicator: worked out from an authority's own looked-after return, and what was kept of it."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, File, Form, UploadFile
from pydantic import BaseModel, Field

from scheduler.calendars import local_date
from workflow import under_one
from workflow.api.reports import ReportReader
from workflow.api.routing import LOOKS, subject
from workflow.cohort_views import below_for
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.serving.problem_types import responses

router = subject("reports")
Supplier = Annotated[Asking, Depends(Needs(Permission.SUPPLY_FIGURES))]
COUNTS = responses(400, 401, 403, 404, 413, 422, 429, 503)


class Starts(BaseModel):
    """Children who started to be looked after, and how many of them were under one. None: withheld, or of nobody."""

    label: str = Field(examples=["April 2022"])
    starts: int | None
    under_one: int | None
    share: int | None = Field(description="under one, in whole per cent")


class Ranked(BaseModel):
    """What was published of the authority in one year; rank 1 is the highest share."""

    year: str = Field(examples=["2022/23"])
    share: int | None
    rank: int | None
    of: int = Field(description="authorities whose share was published")


class UnderOne(BaseModel):
    year: str = Field(examples=["2022/23"])
    starts: int | None
    under_one: int | None
    share: int | None
    months: list[Starts]
    quarters: list[Starts]
    published: list[Ranked]
    kept_at: datetime | None = Field(default=None, description="when these counts were kept; null: they were not")


@router.post("/reports/under-one", responses=COUNTS)
def count_under_one(
    *,
    asking: Supplier,
    header: Annotated[UploadFile, File(description="the Header table of the return (CSV)")],
    episodes: Annotated[UploadFile, File(description="the Episodes table of the return (CSV)")],
    published: Annotated[UploadFile | None, File(description="authority, year, share or starts and under_one")] = None,
    year: Annotated[str | None, Form(max_length=10, examples=["2022/23"])] = None,
    authority: Annotated[str, Form(max_length=100, description="its name in the published table")] = "",
    keep: Annotated[bool, Form(description="keep the counts of this year for the standing report")] = False,
) -> UnderOne:
    """Work out how many children started to be looked after in a year, and how many of them were under one.

    A file in which anything is wrong is refused as a whole. Nothing of any child is kept; the counts only where asked.
    """
    figures = under_one.counted_from(
        local_date(asking.now),
        header=header.file.read(),
        episodes=episodes.file.read(),
        published=published.file.read() if published else b"",
        year=year,
        authority=authority,
    )
    looking(asking).report("under-one indicator")
    if not keep:
        return UnderOne(**figures)
    with asking.service.database.write() as connection:
        under_one.keep(connection, asking.actor, asking.now, figures, asking.way())
    return UnderOne(**figures, kept_at=asking.now)


@router.get("/reports/under-one", responses=LOOKS)
def show_under_one(asking: ReportReader) -> list[UnderOne]:
    """The years whose counts were kept, the latest first. Small counts are withheld from readers of counts alone."""
    with asking.service.database.read() as connection:
        rows = under_one.kept(
            connection, asking.actor.authority, below=below_for(asking.service.policies, asking.actor, asking.now)
        )
    looking(asking).report("under-one indicator kept", len(rows))
    return [UnderOne(**row) for row in rows]
