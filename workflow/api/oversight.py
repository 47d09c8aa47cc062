"""The standing report of the oversight group."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from workflow import kept_figures
from workflow.api.practice import Since, Until, days_of
from workflow.api.reports import ReportReader
from workflow.api.routing import LOOKS, subject
from workflow.cohort_views import below_for
from workflow.oversight import Asked, standing_report
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
    withheld_below: int | None
    parts: list[PartOfReport]


@router.get("/reports/oversight", responses=LOOKS)
def show_standing_report(asking: ReportReader, since: Since = None, until: Until = None) -> StandingReport:
    """Gives referrals, clinics, plans, support, Pause and the under-one indicator in counts, beside what is offered."""
    first, last = days_of(asking, since, until)
    below = below_for(asking.service.policies, asking.actor, asking.now)
    authority, database = asking.actor.authority, asking.service.database
    figures = kept_figures.cohort(database, authority, last, asking.now)
    asked = Asked(authority=authority, since=first, until=last, now=asking.now, figures=figures, below=below)
    with database.read() as connection:
        parts = standing_report(connection, asked)
    looking(asking).report("standing report")
    told = [PartOfReport(**one.to_json()) for one in parts]
    return StandingReport(since=first, until=last, withheld_below=below, parts=told)
