"""Figures of pre-birth practice: consistency across teams, support given, and what became of each child."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from scheduler.calendars import add_days, local_date
from workflow import child_outcomes, consistency, support_given
from workflow.api.bodies import Day
from workflow.api.reports import ReportReader
from workflow.api.routing import LOOKS, subject
from workflow.cohort_views import below_for
from workflow.serving.asking import Asking, looking

router = subject("reports")
QUARTER = 91  # days looked back where no day is given
Since = Annotated[Day | None, Query(description="the first day; 91 days before the last if left out")]
Until = Annotated[Day | None, Query(description="the last day; today if left out")]


class Practice(BaseModel):
    """Figures by team; a row named all adds them up. None: withheld, since it or another is of too few."""

    since: date
    until: date
    withheld_below: int | None = Field(description="counts under it are withheld from this reader; none if null")
    stages: list[dict[str, Any]] = Field(description="stays that ended, by stage, and their median length in days")
    clinics: list[dict[str, Any]] = Field(description="clinics due: held on time, or late and missing")
    plans: list[dict[str, Any]] = Field(description="pregnancies that came to 34+0: plan agreed on time, or not")
    drift: list[dict[str, Any]] = Field(description="reasons for drift, as clinics recorded them")


class SupportGiven(BaseModel):
    since: date
    until: date
    withheld_below: int | None
    teams: list[dict[str, Any]] = Field(description="sessions given and missed, Hope boxes, things lent")


class ChildOutcomes(BaseModel):
    """How many children of each outcome, by team. `children` is left out for who may not read cases."""

    withheld_below: int | None
    counts: list[dict[str, Any]]
    children: list[dict[str, Any]] | None = None


@router.get("/reports/consistency", responses=LOOKS)
def show_consistency(asking: ReportReader, since: Since = None, until: Until = None) -> Practice:
    """Gives practice across my authority's teams: time in stage, clinics on time, plans agreed by 34+0, drift."""
    first, last = days_of(asking, since, until)
    with asking.service.database.read() as connection:
        found = consistency.practice(
            connection,
            asking.actor.authority,
            first,
            last,
            asking.now,
            below=below_for(asking.service.policies, asking.actor, asking.now),
        )
    looking(asking).report("consistency of practice")
    return Practice(**found)


@router.get("/reports/support", responses=LOOKS)
def show_support_given(asking: ReportReader, since: Since = None, until: Until = None) -> SupportGiven:
    """Gives the support my authority's teams gave: sessions, Hope boxes, things lent."""
    first, last = days_of(asking, since, until)
    with asking.service.database.read() as connection:
        found = support_given.by_team(
            connection,
            asking.actor.authority,
            first,
            last,
            asking.now,
            below=below_for(asking.service.policies, asking.actor, asking.now),
        )
    looking(asking).report("support given")
    return SupportGiven(**found)


@router.get("/reports/outcomes", responses=LOOKS)
def show_outcomes(asking: ReportReader) -> ChildOutcomes:
    """Gives what became of the children of my authority's pre-birth cases, with the codes of the national returns."""
    below = below_for(asking.service.policies, asking.actor, asking.now)
    with asking.service.database.read() as connection:
        counts = child_outcomes.counts(connection, asking.actor.authority, below=below)
    if below is not None:
        looking(asking).report("outcomes of children")
        return ChildOutcomes(withheld_below=below, counts=counts)
    return ChildOutcomes(withheld_below=None, counts=counts, children=looking(asking).child_outcomes())


def days_of(asking: Asking, since: date | None, until: date | None) -> tuple[date, date]:
    last = until or local_date(asking.now)
    return since or add_days(last, -QUARTER), last
