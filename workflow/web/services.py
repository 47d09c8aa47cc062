"""The journey of a service: its agreements drawn on one line of time, and the same as a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from scheduler.calendars import add_months, local_date
from states.catalogue import LIFECYCLES
from workflow.permissions import Permission, reads_kind
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.pages import short_date
from workflow.web.showing import show

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
FUNDERS = {"authority": "the authority", "provider": "the provider", "dfe": "a Department for Education grant"}
LEFT, WIDTH, TOP, ROW = 20.0, 900.0, 40, 46
UNSTATED = 12  # months drawn before an end whose start is not stated


@dataclass(frozen=True, slots=True)
class Bar:
    """One agreement on the line; `open_start` where its start is not stated."""

    x: float
    y: float
    width: float
    label: str
    running: bool
    open_start: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """The drawing: bars, the years as (x, year), and where today is, if it lies within."""

    bars: tuple[Bar, ...]
    years: tuple[tuple[float, str], ...]
    today: float | None
    height: int
    says: str


@router.get("/services")
def services(request: Request, asking: Reader) -> Response:
    """Each service of the authority with its agreements, past and present."""
    rows = looking(asking).service_agreements()
    today = local_date(asking.now)
    opens = reads_kind(asking.actor, LIFECYCLES["service_agreement"], asking.actor.authority)
    journeys = [
        (name, journey(of_one, today), [(row, sentence(row)) for row in of_one])
        for name in dict.fromkeys(row["service"] for row in rows)
        if (of_one := [row for row in rows if row["service"] == name])
    ]
    return show(
        request, asking, "reports/services.html", title="Services", here="reports", journeys=journeys, opens=opens
    )


def journey(rows: Sequence[Mapping[str, Any]], today: date) -> Journey | None:
    """The agreements on one line of time; None where no end is known."""
    spans = [(row, *_span(row)) for row in rows if row["ends_on"]]
    if not spans:
        return None
    first = date(min(start for _, start, _ in spans).year, 1, 1)
    last = date(max(*(end for _, _, end in spans), today).year + 1, 1, 1)

    def x(day: date) -> float:
        return round(LEFT + WIDTH * (day - first).days / (last - first).days, 1)

    bars = tuple(
        Bar(
            x(start),
            TOP + ROW * place,
            round(x(end) - x(start), 1),
            f"{row['provider']}, {row['kind']}: {_when(row)}",
            row["state"] in ("agreed", "running"),
            row["starts_on"] is None,
        )
        for place, (row, start, end) in enumerate(spans)
    )
    years = tuple((x(date(year, 1, 1)), str(year)) for year in range(first.year, last.year + 1))
    says = f"{len(bars)} agreements from {years[0][1]} to {last.year}."
    return Journey(bars, years, x(today), TOP + ROW * len(bars) + 20, says)


def _span(row: Mapping[str, Any]) -> tuple[date, date]:
    return row["starts_on"] or add_months(row["ends_on"], -UNSTATED), row["ends_on"]


def _when(row: Mapping[str, Any]) -> str:
    start = short_date(row["starts_on"]) if row["starts_on"] else "start not stated"
    return f"{start} to {short_date(row['ends_on'])}" if row["ends_on"] else f"{start}, end not stated"


def sentence(row: Mapping[str, Any]) -> str:
    """One agreement in words."""
    paid = f"; paid for by {' and '.join(FUNDERS.get(one, one) for one in row['funders'])}" if row["funders"] else ""
    stated = f" ({row['as_stated']})" if row["as_stated"] else ""
    return f"{_when(row)}: {row['provider']}, {row['kind']}, {row['area']}{paid}{stated}."
