"""A person's messages, unread first, and the alerts of their authority that wait for an answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from states.catalogue import LIFECYCLES
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.alert_tables import AlertStatus, ChannelName
from workflow.errors import NotFound
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import deadline_name
from workflow.repository import CASES, DEADLINES


def my_messages(connection: Connection, actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """What is in the account's inbox: unread first, then the latest first."""
    query = (
        select(*(MESSAGES.c[name] for name in ("key", "template", "params", "urgent", "queued_at", "read_at")))
        .where((MESSAGES.c.recipient == actor.username) & (MESSAGES.c.channel == ChannelName.INBOX))
        .order_by(MESSAGES.c.read_at.is_not(None), MESSAGES.c.queued_at.desc(), MESSAGES.c.key)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def mark_read(connection: Connection, actor: Actor, key: str, now: datetime) -> None:
    """Notes when the account first read a message; NotFound where it is not theirs."""
    mine = (MESSAGES.c.key == key) & (MESSAGES.c.recipient == actor.username)
    if connection.execute(select(MESSAGES.c.key).where(mine)).first() is None:
        raise NotFound(f"there is no message {key[:80]!r} in your inbox")
    connection.execute(MESSAGES.update().where(mine & MESSAGES.c.read_at.is_(None)).values(read_at=now))


def unread(connection: Connection, actor: Actor) -> int:
    """How many messages wait unread in the account's inbox."""
    mine = (MESSAGES.c.recipient == actor.username) & (MESSAGES.c.channel == ChannelName.INBOX)
    query = select(func.count()).select_from(MESSAGES).where(mine & MESSAGES.c.read_at.is_(None))
    return connection.execute(query).scalar_one()


def mark_all_read(connection: Connection, actor: Actor, up_to: datetime, now: datetime) -> None:
    """Notes that the account read what had come by then; what came later stays unread."""
    mine = (MESSAGES.c.recipient == actor.username) & (MESSAGES.c.channel == ChannelName.INBOX)
    seen = mine & (MESSAGES.c.queued_at <= up_to) & MESSAGES.c.read_at.is_(None)
    connection.execute(MESSAGES.update().where(seen).values(read_at=now))


def open_alerts(connection: Connection, actor: Actor, now: datetime, limit: int = 200) -> list[dict[str, Any]]:
    """The alerts nobody has answered yet, on cases the account may read, the oldest first."""
    names = ("case_id", "number", "cycle", "level", "due_at", "raised_at", "told", "nobody_for", "must_acknowledge")
    query = (
        select(*(ALERTS.c[name] for name in names), CASES.c.lifecycle, DEADLINES.c.clock)
        .join(CASES, CASES.c.id == ALERTS.c.case_id)
        .join(DEADLINES, (DEADLINES.c.case_id == ALERTS.c.case_id) & (DEADLINES.c.number == ALERTS.c.number))
        .where((ALERTS.c.status == AlertStatus.OPEN) & are_readable(connection, actor, now))
        .order_by(ALERTS.c.raised_at, ALERTS.c.case_id, ALERTS.c.number, ALERTS.c.cycle, ALERTS.c.level)
        .limit(limit)
    )
    return [_alert(dict(row)) for row in connection.execute(query).mappings()]


def _alert(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "deadline": deadline_name(row["lifecycle"], row["case_id"], row["number"]),
        "label": LIFECYCLES[row["lifecycle"]].clock_by_id[row["clock"]].label,
        **{name: row[name] for name in ("level", "due_at", "raised_at", "told", "nobody_for", "must_acknowledge")},
    }
