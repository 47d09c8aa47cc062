"""The lifecycles, readable: their map, what each state means, who may make which move, and what their clocks count."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.diagrams import as_table
from states.lifecycle import Clock, Lifecycle, State
from states.picture import SHARED, states_in_words
from states.roles import ROLE_LABELS
from workflow.errors import NotFound
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.web.drawings import map_of
from workflow.web.policies import Limit, limits_of
from workflow.web.showing import show

router = APIRouter()
RuleReader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock in words, with its limit under the policy of the reader's authority, where that has one."""

    label: str
    during: str
    starts: str
    met_by: str
    owner: str
    limit: Limit | None


@router.get("/lifecycles")
def list_lifecycles(request: Request, asking: RuleReader) -> HTMLResponse:
    """The kinds of case there are."""
    return show(
        request,
        asking,
        "lifecycles/list.html",
        title="Kinds of case",
        here="policies",
        back="/policies",
        lifecycles=LIFECYCLES.values(),
        parents={one.id: LIFECYCLES[one.parent].label for one in LIFECYCLES.values() if one.parent},
    )


@router.get("/lifecycles/{name}")
def show_lifecycle(name: str, request: Request, asking: RuleReader) -> HTMLResponse:
    """The map, and every state with its meaning."""
    lifecycle = _named(name)
    return show(
        request,
        asking,
        "lifecycles/states.html",
        title=lifecycle.label,
        here="policies",
        back="/lifecycles",
        lifecycle=lifecycle,
        map=map_of(lifecycle),
        stages=_by_stage(lifecycle),
    )


@router.get("/lifecycles/{name}/moves")
def show_moves(name: str, request: Request, asking: RuleReader) -> HTMLResponse:
    """Every move: from where to where, who may make it, what it asks for, what refuses it."""
    lifecycle = _named(name)
    rows = as_table(lifecycle)
    return show(
        request,
        asking,
        "lifecycles/moves.html",
        title=f"{lifecycle.label}: moves",
        here="policies",
        back="/lifecycles",
        lifecycle=lifecycle,
        moves=_by_move(row for row in rows if row["trigger"] not in SHARED),
        shared=_by_move(row for row in rows if row["trigger"] in SHARED),
    )


@router.get("/lifecycles/{name}/clocks")
def show_clocks(name: str, request: Request, asking: RuleReader) -> HTMLResponse:
    """Every clock, and how long it may run under the policy of the reader's authority."""
    lifecycle = _named(name)
    policy = asking.service.policies.current(asking.actor.authority, local_date(asking.now))
    limits = {limit.clock: limit for limit in limits_of(policy, lifecycle.id)}
    return show(
        request,
        asking,
        "lifecycles/clocks.html",
        title=f"{lifecycle.label}: clocks",
        here="policies",
        back="/lifecycles",
        lifecycle=lifecycle,
        policy=policy,
        clocks=[_clock_row(lifecycle, clock, limits.get(clock.id)) for clock in lifecycle.clocks],
    )


def _named(name: str) -> Lifecycle:
    if name not in LIFECYCLES:
        raise NotFound(f"there is no kind of case {name[:40]!r}")
    return LIFECYCLES[name]


def _by_move(rows: Iterable[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """The rows of the table under what a move is called: from different states it can lead and ask differently."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["move"], []).append(row)
    return found


def _by_stage(lifecycle: Lifecycle) -> list[tuple[str, list[State]]]:
    return [(stage, [state for state in lifecycle.states if state.stage == stage]) for stage in lifecycle.stages]


def _clock_row(lifecycle: Lifecycle, clock: Clock, limit: Limit | None) -> ClockRow:
    labels = {row.trigger: row.label for row in reversed(lifecycle.transitions)}
    starts = [labels[trigger] for trigger in clock.started_by]
    starts += [f"after: {lifecycle.clock_by_id[other].label}" for other in clock.after]
    return ClockRow(
        clock.label,
        states_in_words(lifecycle, clock.during),
        "; ".join(starts) or "on entering these states",
        "; ".join(labels[trigger] for trigger in clock.met_by) or "leaving these states",
        ROLE_LABELS[clock.owner],
        limit,
    )
