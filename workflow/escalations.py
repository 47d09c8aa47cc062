"""Escalations: the deadlines whose alerts nobody has answered, with the latest step and everybody who was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal, select, tuple_

from states.catalogue import LIFECYCLES
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.alert_tables import AlertStatus
from workflow.errors import BadInput
from workflow.models import NEVER
from workflow.outbox import ALERTS
from workflow.references import deadline_name, read_deadline_name, reference
from workflow.repository import CASES, DEADLINES
from workflow.worklists import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Which alerts to show of those that wait; None leaves a filter out. `passed`: only where the due date has."""

    team: str | None = None
    owner: str | None = None
    passed: bool = False
    must_acknowledge: bool = False


def waiting(
    connection: Connection,
    actor: Actor,
    now: datetime,
    wanted: Waiting,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """The deadlines whose alerts wait for an answer, those due first before the others; one answer serves all alerts.

    Each with the latest step of its ladder and everybody who was told.
    """
    grouped = _grouped()
    due = func.coalesce(DEADLINES.c.due_at, literal(NEVER, DEADLINES.c.due_at.type))
    order = (due, grouped.c.case_id, grouped.c.number)
    readable = are_readable(connection, actor, now)
    conditions = [readable, *_wanted(wanted, grouped, now)]
    if after is not None:
        conditions.append(_beyond(connection, after, order, readable))
    query = (
        select(grouped, CASES.c.lifecycle, CASES.c.state, CASES.c.owner, CASES.c.team)
        .add_columns(DEADLINES.c.clock, DEADLINES.c.due_at)
        .join(CASES, CASES.c.id == grouped.c.case_id)
        .join(DEADLINES, (DEADLINES.c.case_id == grouped.c.case_id) & (DEADLINES.c.number == grouped.c.number))
        .where(*conditions)
        .order_by(*order)
        .limit(limit + 1)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    told = _told(connection, rows[:limit])
    shown = [_waiting_row(row, told[row["case_id"], row["number"]]) for row in rows[:limit]]
    return Page(shown, shown[-1]["deadline"] if len(rows) > limit else None)


def _grouped() -> Any:
    must = func.max(case((ALERTS.c.must_acknowledge, 1), else_=0)).label("must_acknowledge")
    return (
        select(ALERTS.c.case_id, ALERTS.c.number, must)
        .add_columns(func.max(ALERTS.c.level).label("level"), func.min(ALERTS.c.raised_at).label("raised_at"))
        .where(ALERTS.c.status == AlertStatus.OPEN)
        .group_by(ALERTS.c.case_id, ALERTS.c.number)
        .subquery()
    )


def _wanted(wanted: Waiting, grouped: Any, now: datetime) -> list[ColumnElement[bool]]:
    columns = ((CASES.c.team, wanted.team), (CASES.c.owner, wanted.owner))
    conditions = [column == value for column, value in columns if value is not None]
    if wanted.passed:
        conditions.append(DEADLINES.c.due_at <= now)
    if wanted.must_acknowledge:
        conditions.append(grouped.c.must_acknowledge == 1)
    return conditions


def _beyond(
    connection: Connection, after: str, order: Sequence[ColumnElement[Any]], readable: ColumnElement[bool]
) -> ColumnElement[bool]:
    """What comes after the deadline of that name, wherever it stands by now; one that may not be read is none."""
    _, case_id, number = read_deadline_name(after)
    here = (DEADLINES.c.case_id == case_id) & (DEADLINES.c.number == number)
    query = select(DEADLINES.c.due_at).join(CASES, CASES.c.id == DEADLINES.c.case_id)
    row = connection.execute(query.where(here, readable)).first()
    if row is None:
        raise BadInput("`after` must be what an earlier page gave")
    return tuple_(*order) > tuple_(row.due_at or NEVER, case_id, number)


def _told(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], dict[str, list[str]]]:
    """Who was told, and for which roles there was nobody, over all open alerts of each of these deadlines."""
    found: dict[tuple[int, int], dict[str, list[str]]] = {
        (row["case_id"], row["number"]): {"told": [], "nobody_for": []} for row in rows
    }
    query = (
        select(ALERTS.c.case_id, ALERTS.c.number, ALERTS.c.told, ALERTS.c.nobody_for)
        .where((ALERTS.c.status == AlertStatus.OPEN) & ALERTS.c.case_id.in_({row["case_id"] for row in rows}))
        .order_by(ALERTS.c.raised_at, ALERTS.c.level)
    )
    for alert in connection.execute(query) if rows else ():
        if (one := found.get((alert.case_id, alert.number))) is not None:
            one["told"] = list(dict.fromkeys((*one["told"], *alert.told)))
            one["nobody_for"] = list(dict.fromkeys((*one["nobody_for"], *alert.nobody_for)))
    return found


def _waiting_row(row: Mapping[str, Any], told: Mapping[str, list[str]]) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    return {
        "case": reference(lifecycle.id, row["case_id"]),
        "deadline": deadline_name(lifecycle.id, row["case_id"], row["number"]),
        "label": lifecycle.clock_by_id[row["clock"]].label,
        "state_label": lifecycle.state_by_id[row["state"]].label,
        **{name: row[name] for name in ("owner", "team", "level", "due_at", "raised_at")},
        "must_acknowledge": bool(row["must_acknowledge"]),
        **told,
    }
