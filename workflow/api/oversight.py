"""The standing report of the oversight group."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from workflow.api.practice import COUNTED_AT, Again, Since, Until
from workflow.api.reports import ReportReader
from workflow.api.routing import LOOKS, subject
from workflow.serving.asking import looking

router = subject("reports")


class PartOfReport(BaseModel):
    """One table. A value is null where it is withheld, since it or another is of too few."""

    level: str = Field(description="universal, targeted or specialist")
    title: str
    says: str
    rows: list[dict[str, Any]]


class StandingReport(BaseModel):
    since: date
    until: date
    counted_at: datetime = Field(description=COUNTED_AT)
    withheld_below: int | None
    parts: list[PartOfReport]


@router.get("/reports/oversight", responses=LOOKS)
def show_standing_report(
    asking: ReportReader, since: Since = None, until: Until = None, again: Again = False
) -> StandingReport:
    """Gives referrals, clinics, plans, support, Pause and the under-one indicator in counts, beside what is offered."""
    found = looking(asking).standing_report(since, until, again=again)
    return StandingReport(**{**found, "parts": [PartOfReport(**one.to_json()) for one in found["parts"]]})
