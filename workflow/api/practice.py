"""Figures of pre-birth practice: consistency across teams, support given, and what became of each child."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from workflow import child_outcomes
from workflow.api.bodies import Day
from workflow.api.reports import ReportReader
from workflow.api.routing import LOOKS, subject
from workflow.serving.asking import looking

router = subject("reports")
Since = Annotated[Day | None, Query(description="the first day; 91 days before the last if left out")]
Until = Annotated[Day | None, Query(description="the last day; today if left out")]
Again = Annotated[bool, Query(description="count now; for those who may search the evidence")]
COUNTED_AT = "when it was counted: every ten minutes for the days that stand without asking for any"


class Practice(BaseModel):
    """Figures by team; a row named all adds them up. None: withheld, since it or another is of too few."""

    since: date
    until: date
    counted_at: datetime = Field(description=COUNTED_AT)
    withheld_below: int | None = Field(description="counts under it are withheld from this reader; none if null")
    stages: list[dict[str, Any]] = Field(description="stays that ended, by stage, and their median length in days")
    clinics: list[dict[str, Any]] = Field(description="clinics due: held on time, or late and missing")
    plans: list[dict[str, Any]] = Field(description="pregnancies that came to 34+0: plan agreed on time, or not")
    drift: list[dict[str, Any]] = Field(description="reasons for drift, as clinics recorded them")


class SupportGiven(BaseModel):
    since: date
    until: date
    counted_at: datetime = Field(description=COUNTED_AT)
    withheld_below: int | None
    teams: list[dict[str, Any]] = Field(description="sessions given and missed, Hope boxes, things lent")


class ChildOutcomes(BaseModel):
    """How many children of each outcome, by team. `children` is left out for who may not read cases."""

    withheld_below: int | None
    counts: list[dict[str, Any]]
    children: list[dict[str, Any]] | None = None


@router.get("/reports/consistency", responses=LOOKS)
def show_consistency(asking: ReportReader, since: Since = None, until: Until = None, again: Again = False) -> Practice:
    """Gives practice across my authority's teams: time in stage, clinics on time, plans agreed by 34+0, drift."""
    return Practice(**looking(asking).consistency(since, until, again=again))


@router.get("/reports/support", responses=LOOKS)
def show_support_given(
    asking: ReportReader, since: Since = None, until: Until = None, again: Again = False
) -> SupportGiven:
    """Gives the support my authority's teams gave: sessions, Hope boxes, things lent."""
    return SupportGiven(**looking(asking).support_given(since, until, again=again))


@router.get("/reports/outcomes", responses=LOOKS)
def show_outcomes(asking: ReportReader) -> ChildOutcomes:
    """Gives what became of the children of my authority's pre-birth cases, with the codes of the national returns."""
    below = looking(asking).below
    with asking.service.database.read() as connection:
        counts = child_outcomes.counts(connection, asking.actor.authority, below=below)
    if below is not None:
        looking(asking).report("outcomes of children")
        return ChildOutcomes(withheld_below=below, counts=counts)
    return ChildOutcomes(withheld_below=None, counts=counts, children=looking(asking).child_outcomes())
