"""The team: its caseload at a glance, breaches first, and the list behind each figure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.pause import FEWEST_WOMEN, MOST_WOMEN
from workflow import team_figures
from workflow.errors import NotFound
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.drawings import Bar, bars
from workflow.web.exports import MOST_ROWS, check_kind, download, due_cell
from workflow.web.my_work import timed
from workflow.web.showing import show
from workflow.web.table_parts import part_of
from workflow.worklists import Due, Filters

router = APIRouter()
Lead = Annotated[Asking, Depends(Needs(Permission.READ_ALERTS_TOLD))]
SHOWN = 10  # breached cases on the first page; the list has them all
MOST_WORKERS = 25  # on one page of several teams, those with most past a date first
PAGE = 50
DUES: Mapping[str, tuple[Due, str]] = {
    "breached": ("breached", "Past its date"),
    "amber": ("amber", "Due soon"),
    "on_track": ("on_track", "On track"),
    "paused": ("paused", "Paused"),
}
TIMES = {
    "breached": "Past its date",
    "today": "Due by the end of today",
    "soon": f"Due within {team_figures.SOON_WITHIN} working days",
    "later": "Due later",
    "undated": "No date is running",
}
NOBODY = "nobody"  # stands for the owner of what has none
HEADS = (
    "Case", "Kind of case", "Stage", "State", "In this state since", "Owner", "Team", "Next deadline",
    "Due", "Status", "Restricted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of one kind of case: how many stand in it, how many of them are past a date, and where to see them."""

    bar: Bar
    breached: int
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one worker or one team."""

    label: str
    href: str
    counts: Mapping[str, int]


@router.get("/team")
def team(request: Request, asking: Lead) -> HTMLResponse:
    """What is slipping, at a glance."""
    teams, chosen = chosen_team(asking, request.query_params.get("team"))
    groups = looking(asking).caseload(chosen)
    total = _summed(groups)
    by_team = part_of(request, _by_team(groups, teams) if chosen is None else [], "teams", "teams")
    breached = looking(asking).cases(Filters(team=chosen, status="breached"), limit=SHOWN).rows
    still = looking(asking).standing_still(chosen) if chosen is not None else []
    owned = _owned(groups, most=MOST_WORKERS if chosen is None else None)
    called = names_of(asking, [*owned, *(row["owner"] for row in breached)])
    return show(
        request,
        asking,
        "team/glance.html",
        title="Team",
        here="team",
        teams=teams,
        chosen=chosen,
        total=total,
        times=bars([(label, total[name]) for name, label in TIMES.items()]),
        stages=_stages(groups, chosen),
        workers=_workers(owned, chosen, called),
        by_team=by_team,
        breached=timed(asking, breached),
        still=still,
        practitioners=looking(asking).pause_caseloads(chosen),
        usual=f"{FEWEST_WOMEN} to {MOST_WOMEN}",
        names=called,
        lifecycles=LIFECYCLES,
        list_of=lambda **more: address("/team/cases", team=chosen, **more),
    )


def chosen_team(asking: Asking, wanted: str | None) -> tuple[dict[str, str], str | None]:
    """(the teams this account sees, the one to show); None for all of them. NotFound for another's."""
    with asking.service.database.read() as connection:
        teams = team_figures.teams(connection, asking.actor, asking.now)
    if wanted and wanted not in teams:
        raise NotFound("there is no such team, or it has no open case that you may see")
    return teams, wanted or (next(iter(teams)) if len(teams) == 1 else None)


def names_of(asking: Asking, usernames: Iterable[str | None]) -> dict[str, str]:
    """What these people are called, by user name."""
    return _read(asking, lambda connection: team_figures.names(connection, {one for one in usernames if one}))


def _read(asking: Asking, work: Callable[[Connection], dict[str, str]]) -> dict[str, str]:
    with asking.service.database.read() as connection:
        return work(connection)


def address(path: str, **given: Any) -> str:
    """The path with what is given behind it; what is not given is left out."""
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{query}" if query else path


def _summed(groups: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    rows = list(groups)
    return {name: int(sum(row[name] for row in rows)) for name in team_figures.COUNTS}


def _stages(groups: Sequence[Mapping[str, Any]], team: str | None) -> list[tuple[str, list[StageRow]]]:
    """For each kind of case its stages in their order, those without a case as well."""
    shown = []
    for lifecycle in LIFECYCLES.values():
        of_kind = [row for row in groups if row["lifecycle"] == lifecycle.id]
        if not of_kind:
            continue
        open_stages = [one for one in lifecycle.stages if not _only_ends(lifecycle.id, one)]
        sums = {
            stage: _summed(row for row in of_kind if lifecycle.state_by_id[row["state"]].stage == stage)
            for stage in open_stages
        }
        drawn = bars([(stage, sums[stage]["cases"]) for stage in open_stages])
        rows = [
            StageRow(bar, sums[bar.label]["breached"], _list(team, lifecycle=lifecycle.id, stage=bar.label))
            for bar in drawn
        ]
        shown.append((lifecycle.label, rows))
    return shown


def _only_ends(lifecycle: str, stage: str) -> bool:
    return all(state.final for state in LIFECYCLES[lifecycle].states if state.stage == stage)


def _owned(groups: Sequence[Mapping[str, Any]], most: int | None) -> dict[str | None, list[Mapping[str, Any]]]:
    """What each worker owns, and under None what nobody does; of many workers those with most past a date."""
    owned: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in groups:
        owned.setdefault(row["owner"], []).append(row)
    breached = {owner: sum(row["breached"] for row in rows) for owner, rows in owned.items()}
    order = sorted(owned, key=lambda one: (one is not None, -breached[one], one))
    return {one: owned[one] for one in order[:most]}


def _workers(
    owned: Mapping[str | None, Sequence[Mapping[str, Any]]], team: str | None, called: Mapping[str, str]
) -> list[Group]:
    """Each worker with what they own, those with most past a date first; before them what nobody owns."""
    found = [
        Group(called.get(owner, owner) if owner else "Nobody yet", _list(team, owner=owner or NOBODY), _summed(rows))
        for owner, rows in owned.items()
    ]
    return sorted(found, key=lambda one: (one.label != "Nobody yet", -one.counts["breached"], one.label))


def _by_team(groups: Sequence[Mapping[str, Any]], teams: Mapping[str, str]) -> list[Group]:
    held: dict[str, list[Mapping[str, Any]]] = {}
    for row in groups:
        held.setdefault(row["team"], []).append(row)
    found = [
        Group(teams.get(code, code), address("/team", team=code) if code in teams else _list(code), _summed(rows))
        for code, rows in held.items()
    ]
    return sorted(found, key=lambda one: (-one.counts["breached"], one.label))


def _list(team: str | None, **filters: str) -> str:
    return address("/team/cases", team=team, **filters)


# The list


@router.get("/team/cases")
def cases(request: Request, asking: Lead) -> HTMLResponse:
    """The cases behind a figure, those with the least time left first."""
    teams, chosen = chosen_team(asking, request.query_params.get("team"))
    asked = _asked(request, chosen)
    page = looking(asking).cases(filters_of(asked), after=request.query_params.get("after") or None, limit=PAGE)
    return show(
        request,
        asking,
        "team/cases.html",
        title="Cases of the team",
        here="team",
        back="/team",
        teams=teams,
        asked=asked,
        rows=timed(asking, page.rows),
        next=address("/team/cases", **asked, after=page.after) if page.after else None,
        first="after" not in request.query_params,
        names=names_of(asking, [asked["owner"], *(row["owner"] for row in page.rows)]),
        kinds={one.id: one.label for one in LIFECYCLES.values()},
        dues={name: label for name, (_, label) in DUES.items()},
        nobody=NOBODY,
        export=lambda kind: address(f"/team/cases.{kind}", **asked),
        most=MOST_ROWS,
    )


def _asked(request: Request, team: str | None) -> dict[str, str | None]:
    """The filters as they stand in the address; a kind, stage or status that there is not is no filter."""
    given = request.query_params
    kind = given.get("lifecycle") if given.get("lifecycle") in LIFECYCLES else None
    kinds = [LIFECYCLES[kind]] if kind else list(LIFECYCLES.values())
    stage, due = given.get("stage"), given.get("status")
    return {
        "team": team,
        "lifecycle": kind,
        "stage": stage if any(stage in one.stages for one in kinds) else None,
        "owner": given.get("owner") or None,
        "status": due if due in DUES else None,
    }


def filters_of(asked: Mapping[str, str | None]) -> Filters:
    due = asked["status"]
    return Filters(
        team=asked["team"],
        lifecycle=asked["lifecycle"],
        stage=asked["stage"],
        owner=None if asked["owner"] == NOBODY else asked["owner"],
        unallocated=asked["owner"] == NOBODY,
        status=DUES[due][0] if due else None,
    )


@router.get("/team/cases.{kind}")
def export_cases(kind: str, request: Request, asking: Lead) -> StreamingResponse:
    """The same list as a file."""
    check_kind(kind)
    _, chosen = chosen_team(asking, request.query_params.get("team"))
    rows = looking(asking).all_cases(filters_of(_asked(request, chosen)), MOST_ROWS)
    return download(kind, f"cases-{local_date(asking.now)}", HEADS, [_cells(row) for row in rows])


def _cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("stage", "state_label", "since", "owner", "team", "next")
    first = (row["case"], LIFECYCLES[row["lifecycle"]].label, *(row[name] for name in names))
    return (*first, due_cell(row["due_at"]), row["status"], row["restricted"])
