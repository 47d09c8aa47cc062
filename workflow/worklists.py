"""Lists of cases, those with the least time left first, a page at a time."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, case, false, func, select, text, tuple_

from scheduler.deadlines import DeadlineStatus, Standing
from states.catalogue import LIFECYCLES
from workflow.access import are_readable, kinds_in_reach
from workflow.accounts import Actor
from workflow.columns import instant_text
from workflow.errors import BadInput
from workflow.models import PAUSED, UNALLOCATED
from workflow.names import are_named, cases_named
from workflow.permissions import bound_to_team
from workflow.references import deadline_name, read_reference, reference
from workflow.repository import CASES, DEADLINES

MOST_ROWS = 1000
FEW = 1000  # so many cases are found by their numbers; more are met soon on the way through all in their order
Sort = Literal["time_left", "newest"]
Due = Literal["breached", "amber", "on_track", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which cases a list shows; None leaves a filter out. `name` finds people, and travels in no address.

    `case` finds the one of that reference, whether it has ended or not. `unallocated`: only those that nobody owns.
    """

    lifecycle: str | None = None
    state: str | None = None
    stage: str | None = None
    owner: str | None = None
    team: str | None = None
    status: Due | None = None
    ended: bool = False
    name: str | None = None
    case: str | None = None
    unallocated: bool = False

    def said(self) -> str:
        """The filters as the log of looks keeps them: that a name was searched for, not which."""
        given = {slot: getattr(self, slot) for slot in self.__slots__ if getattr(self, slot) not in (None, False)}
        return json.dumps({**given, **({"name": "given"} if self.name else {})}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; `after` asks for the next part, None where there is none."""

    rows: list[dict[str, Any]]
    after: str | None


_SHOWN = ("id", "lifecycle", "state", "owner", "team", "restricted", "state_since", "version", "urgent_at", "opened_at")
_QUERY: Select[Any] = select(
    *(CASES.c[name] for name in _SHOWN),
    *(DEADLINES.c[name] for name in ("number", "clock", "due_at", "due_on", "amber_at", "status")),
).outerjoin(DEADLINES, (DEADLINES.c.case_id == CASES.c.id) & (DEADLINES.c.number == CASES.c.urgent_deadline))


def worklist(
    connection: Connection,
    actor: Actor,
    now: datetime,
    filters: Filters,
    *,
    sort: Sort = "time_left",
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Cases this account may read, each with its next deadline; without filters, all open ones."""
    limit = max(1, min(limit, MOST_ROWS))
    few = _few(connection, actor, now, filters)
    readable = are_readable(connection, actor, now, found=few is not None)
    query = _QUERY.where(readable & _matching(filters, now)).limit(limit + 1)
    if few is not None:
        query = query.where(CASES.c.id.in_(few))
    if sort == "time_left":
        query = query.order_by(CASES.c.urgent_at, CASES.c.id)
        if after is not None:
            # a plain tuple takes the types of the columns: bound as any other, an instant is text of another form
            query = query.where(tuple_(CASES.c.urgent_at, CASES.c.id) > _read_cursor(after))
    else:
        query = query.order_by(CASES.c.id.desc())
        if after is not None:
            query = query.where(CASES.c.id < _read_cursor(after)[1])
    rows = [dict(row) for row in connection.execute(query).mappings()]
    shown = rows[:limit]
    more = _cursor(shown[-1]) if len(rows) > limit else None
    return Page([_worklist_row(row, now) for row in shown], more)


def _few(connection: Connection, actor: Actor, now: datetime, filters: Filters) -> list[int] | None:
    """The numbers of the cases among which all of the list are; None where no filter leaves few.

    The list is read in the order of an index: where few match, that would read a whole authority to find them.
    """
    for narrowed in _narrowed(connection, actor, now, filters):
        found = list(connection.execute(narrowed.limit(FEW + 1)).scalars())
        if len(found) <= FEW:
            return found
    return None


def _narrowed(connection: Connection, actor: Actor, now: datetime, filters: Filters) -> Iterator[Select[int]]:
    """For each filter that has an index: the cases it leaves, and maybe more."""
    cases, here = select(CASES.c.id), CASES.c.authority == actor.authority
    if filters.case is not None:
        return
    if filters.name is not None:
        yield cases_named(filters.name)
    if filters.owner is not None:
        yield cases.where((CASES.c.owner == filters.owner) & (CASES.c.final == filters.ended))
    if filters.unallocated and not filters.ended:
        yield cases.where(here, text(UNALLOCATED))
    if filters.team is not None:
        yield cases.where((CASES.c.team == filters.team) & (CASES.c.final == filters.ended))
    if filters.status in _TIMED:
        yield select(DEADLINES.c.case_id).where(_TIMED[filters.status](now))
    if filters.stage or filters.state or filters.lifecycle or not bound_to_team(actor):
        kinds = [one for one in kinds_in_reach(connection, actor, now) if filters.lifecycle in (None, one)]
        if len(kinds) < len(LIFECYCLES) or filters.stage or filters.state:
            yield cases.where(here, CASES.c.lifecycle.in_(kinds), CASES.c.state.in_(_states(kinds, filters)))


def _states(kinds: Iterable[str], filters: Filters) -> set[str]:
    """The states that open cases of these kinds, or ended ones, may be in."""
    return {
        state.id
        for kind in kinds
        for state in LIFECYCLES[kind].states
        if state.final == filters.ended and filters.stage in (None, state.stage) and filters.state in (None, state.id)
    }


def stages(connection: Connection, actor: Actor, now: datetime, filters: Filters) -> list[dict[str, Any]]:
    """How many cases stand in each state, and how many of them are past a date."""
    late = func.sum(case((CASES.c.urgent_at <= now, 1), else_=0))
    query = (
        select(CASES.c.lifecycle, CASES.c.state, func.count().label("cases"), late.label("breached"))
        .where((CASES.c.authority == actor.authority) & are_readable(connection, actor, now) & _matching(filters, now))
        .group_by(CASES.c.lifecycle, CASES.c.state)  # in the order of ix_cases_caseload
    )
    found = {
        (row.lifecycle, row.state): {"cases": row.cases, "breached": int(row.breached or 0)}
        for row in connection.execute(query)
    }
    return [
        {
            "lifecycle": lifecycle.id,
            "stage": state.stage,
            "state": state.id,
            "state_label": state.label,
            "cases": held["cases"],
            "breached": held["breached"],
        }
        for lifecycle in LIFECYCLES.values()
        for state in lifecycle.states
        if (held := found.get((lifecycle.id, state.id))) is not None
    ]


def _matching(filters: Filters, now: datetime) -> ColumnElement[bool]:
    wanted = [CASES.c.final == filters.ended]
    if filters.case is not None:
        lifecycle, case_id = read_reference(filters.case)
        wanted = [CASES.c.id == case_id, CASES.c.lifecycle == lifecycle]
    for column, value in (
        (CASES.c.lifecycle, filters.lifecycle),
        (CASES.c.state, filters.state),
        (CASES.c.owner, filters.owner),
        (CASES.c.team, filters.team),
    ):
        if value is not None:
            wanted.append(column == value)
    if filters.unallocated:
        wanted.append(CASES.c.owner.is_(None))
    if filters.stage is not None:
        states = {state.id for one in LIFECYCLES.values() for state in one.states if state.stage == filters.stage}
        wanted.append(CASES.c.state.in_(states))
    if filters.status is not None:
        wanted.append(_STATUS[filters.status](now))
    if filters.name is not None:
        wanted.append(are_named(filters.name))
    return and_(*wanted)


_RUNS = DEADLINES.c.status != DeadlineStatus.PAUSED
_STATUS: Mapping[str, Callable[[datetime], ColumnElement[bool]]] = {
    "breached": lambda now: _RUNS & (CASES.c.urgent_at <= now),
    "amber": lambda now: _RUNS & (CASES.c.urgent_at > now) & (DEADLINES.c.amber_at <= now),
    "on_track": lambda now: (
        _RUNS & (CASES.c.urgent_at > now) & (DEADLINES.c.amber_at.is_(None) | (DEADLINES.c.amber_at > now))
    ),
    "paused": lambda now: DEADLINES.c.status == DeadlineStatus.PAUSED,
}
_TIMED: Mapping[str | None, Callable[[datetime], ColumnElement[bool]]] = {  # of every deadline, not of the next alone
    "amber": lambda now: DEADLINES.c.closed_at.is_(None) & (DEADLINES.c.amber_at <= now) & (DEADLINES.c.due_at > now),
    "paused": lambda now: and_(text(PAUSED)),
}


def _cursor(row: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(f"{instant_text(row['urgent_at'])}/{row['id']}".encode()).decode()


def _read_cursor(text: str) -> tuple[datetime, int]:
    try:
        at, _, case_id = base64.urlsafe_b64decode(text.encode()).decode().partition("/")
        instant, number = datetime.fromisoformat(at), int(case_id)
        instant_text(instant)  # what no database could take, such as the year 1 in another zone
    except (ValueError, OverflowError, binascii.Error):
        raise BadInput("`after` must be what an earlier page gave") from None
    if not 0 <= number < 2**63:
        raise BadInput("`after` must be what an earlier page gave")
    return instant, number


def _worklist_row(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    state = lifecycle.state_by_id[row["state"]]
    clock = row["clock"] and lifecycle.clock_by_id[row["clock"]]
    return {
        "case": reference(lifecycle.id, row["id"]),
        "lifecycle": lifecycle.id,
        "stage": state.stage,
        "state": state.id,
        "state_label": state.label,
        "since": row["state_since"],
        "owner": row["owner"],
        "team": row["team"],
        "restricted": row["restricted"],
        "next": clock.label if clock else None,
        "deadline": deadline_name(lifecycle.id, row["id"], row["number"]) if clock else None,
        "due_at": row["due_at"],
        "due_on": row["due_on"],
        "status": _standing(row, now) if clock else None,
        "version": row["version"],
    }


def _standing(row: Mapping[str, Any], now: datetime) -> str:
    """How a running deadline stands, from its row alone (`status_words` tells an agreed extension as well)."""
    if row["status"] == DeadlineStatus.PAUSED:
        return Standing.PAUSED.label
    if row["due_at"] is None:
        return Standing.UNDETERMINED.label
    if now >= row["due_at"]:
        return Standing.BREACHED.label
    return (Standing.AMBER if row["amber_at"] and now >= row["amber_at"] else Standing.ON_TRACK).label


def most_eventful(connection: Connection, actor: Actor, now: datetime) -> str | None:
    """The open case this account may read that has moved most, one of the main lifecycle first: to be looked at first.

    The main lifecycle is the first of the catalogue.
    """
    main = next(iter(LIFECYCLES))
    query = (
        select(CASES.c.id, CASES.c.lifecycle)
        .where(are_readable(connection, actor, now) & (CASES.c.final == false()))
        .order_by(CASES.c.lifecycle != main, CASES.c.version.desc(), CASES.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return reference(row.lifecycle, row.id) if row else None
