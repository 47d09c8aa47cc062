"""What was told to whom: the latest alerts, and the ledger of those that came late and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from states.catalogue import LIFECYCLES
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.alerting import ON_TIME, RECORDED_LATE
from workflow.outbox import ALERTS
from workflow.references import deadline_name
from workflow.repository import CASES, DEADLINES

_ALERTS = (
    select(
        ALERTS.c.case_id,
        ALERTS.c.number,
        ALERTS.c.authority,
        ALERTS.c.level,
        ALERTS.c.due_at,
        ALERTS.c.planned_at,
        ALERTS.c.raised_at,
        ALERTS.c.late_seconds,
        ALERTS.c.cause,
        ALERTS.c.node,
        ALERTS.c.told,
        ALERTS.c.nobody_for,
        ALERTS.c.status,
        CASES.c.lifecycle,
        DEADLINES.c.clock,
    )
    .join(CASES, CASES.c.id == ALERTS.c.case_id)
    .join(DEADLINES, (DEADLINES.c.case_id == ALERTS.c.case_id) & (DEADLINES.c.number == ALERTS.c.number))
)


def latest_alerts(connection: Connection, actor: Actor, now: datetime, limit: int) -> list[dict[str, Any]]:
    """The alerts raised last that the account may see, the latest first."""
    order = (ALERTS.c.raised_at.desc(), ALERTS.c.planned_at.desc(), ALERTS.c.case_id, ALERTS.c.number)
    query = _ALERTS.where(are_readable(connection, actor, now)).order_by(*order).limit(limit)
    return [_alert(dict(row)) for row in connection.execute(query).mappings()]


def late_alerts(
    connection: Connection,
    since: datetime,
    *,
    authority: str | None = None,
    readable: ColumnElement[bool] | None = None,
    everything: bool = False,
) -> list[dict[str, Any]]:
    """The alerts raised since then that were over 20 minutes late, in the order they were raised.

    `readable` (see `are_readable`) leaves out what an account may not see. Those of deadlines recorded late count
    only with `everything`: nobody could have been told earlier.
    """
    late = (ALERTS.c.raised_at >= since) & (ALERTS.c.late_seconds > ON_TIME.total_seconds())
    if readable is not None:
        late &= readable
    if authority is not None:
        late &= ALERTS.c.authority == authority
    if not everything:
        late &= ALERTS.c.cause != RECORDED_LATE
    order = (ALERTS.c.raised_at, ALERTS.c.planned_at, ALERTS.c.case_id, ALERTS.c.number)
    return [_alert(dict(row)) for row in connection.execute(_ALERTS.where(late).order_by(*order)).mappings()]


def by_cause(alerts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many alerts each cause made late, the most frequent first."""
    return dict(Counter(alert["cause"] for alert in alerts).most_common())


def _alert(row: Mapping[str, Any]) -> dict[str, Any]:
    lifecycle = LIFECYCLES[row["lifecycle"]]
    return {
        "deadline": deadline_name(row["lifecycle"], row["case_id"], row["number"]),
        "label": lifecycle.clock_by_id[row["clock"]].label,
        "authority": row["authority"],
        "level": row["level"],
        "due": row["due_at"],
        "planned": row["planned_at"],
        "fired": row["raised_at"],
        "late_seconds": row["late_seconds"],
        "late": in_words(timedelta(seconds=row["late_seconds"])),
        "cause": row["cause"],
        "node": row["node"],
        "told": row["told"],
        "nobody_for": row["nobody_for"],
        "status": row["status"],
    }


def in_words(length: timedelta) -> str:
    """A length of time in its two largest units: 3 days 2 hours."""
    minutes = int(length.total_seconds()) // 60
    parts = ((minutes // 1440, "day"), (minutes % 1440 // 60, "hour"), (minutes % 60, "minute"))
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said[:2]) or "less than a minute"
