"""Figures about cases: the cohorts of an authority, and which alerts came late."""

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from scheduler.calendars import at_time, local_date
from workflow import kept_figures, told
from workflow.api.bodies import Day
from workflow.api.routing import LOOKS, subject
from workflow.cohort_views import below_for, view
from workflow.permissions import Permission, check, has
from workflow.serving.asking import Asking, Needs, looking

router = subject("reports")
ReportReader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
MOST = 1000  # alerts listed; all are counted


class LateAlert(BaseModel):
    """An alert that came over 20 minutes late: when it was planned, when it came, why, and who was told."""

    deadline: str = Field(examples=["PB-12.3"])
    label: str
    authority: str
    level: str
    due: datetime | None
    planned: datetime
    fired: datetime
    late_seconds: int
    late: str = Field(examples=["3 days 2 hours"])
    cause: str
    node: str
    told: list[str]
    nobody_for: list[str]
    status: str


class Late(BaseModel):
    """What came late. `late` is left out for who may not read cases; it lists the first thousand."""

    since: date
    late: list[LateAlert] | None = None
    by_cause: dict[str, int] = Field(description="how many each cause made late, of all", examples=[{"outage": 3}])


@router.get("/reports/cohort", responses=LOOKS)
def show_cohort(
    asking: ReportReader,
    as_of: Annotated[Day | None, Query(description="as things stood at the end of that day; today if left out")] = None,
    again: Annotated[bool, Query(description="count now; for those who may search the evidence")] = False,
    team: Annotated[str | None, Query(max_length=60, description="of the cases that team had that day")] = None,
    cohort: Annotated[str | None, Query(max_length=200, description="of one Pause cohort, without families")] = None,
) -> dict[str, Any]:
    """Gives the cohorts of my authority: needs, plans and proceedings of families, women on the Pause programme.

    Small numbers are null for readers of counts alone, and others with them from which they could be worked out.
    They are counted every ten minutes; `counted_at` says when. Those of an earlier day hold until more is known.
    """
    if again:
        check(asking.actor, Permission.READ_EVIDENCE)
    database, as_of = asking.service.database, as_of or local_date(asking.now)
    figures = kept_figures.cohort(database, asking.actor.authority, as_of, asking.now, again=again)
    looking(asking).report("cohort")
    below = below_for(asking.service.policies, asking.actor, asking.now)
    return view(figures, team=team, cohort=cohort, below=below)


@router.get("/reports/late", responses=LOOKS)
def show_late(
    asking: ReportReader,
    since: Annotated[Day, Query(description="alerts raised on or after that day", examples=["2026-11-01"])],
    everything: Annotated[bool, Query(description="also those of deadlines recorded late themselves")] = False,
) -> Late:
    """Alerts that came over 20 minutes late, and who was told.

    Who may not read cases gets only how many there were in the authority, by cause.
    """
    begins = at_time(since, time())
    if has(asking.actor, Permission.READ_CASES):
        alerts = looking(asking).late_alerts(begins, everything=everything)
        return Late(since=since, late=[LateAlert(**one) for one in alerts[:MOST]], by_cause=told.by_cause(alerts))
    with asking.service.database.read() as connection:
        alerts = told.late_alerts(connection, begins, authority=asking.actor.authority, everything=everything)
    looking(asking).report("late", len(alerts))
    return Late(since=since, by_cause=told.by_cause(alerts))
