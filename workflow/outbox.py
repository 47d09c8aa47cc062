"""The outbox: messages written in the transaction of what they tell, and taken back when that has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from workflow.alert_tables import Alert, AlertStatus, ChannelName, Message, MessageStatus
from workflow.statements import Statement
from workflow.tables import table

ALERTS, MESSAGES = table(Alert), table(Message)
_ADD = Statement(MESSAGES.insert())


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to one account about one deadline or case. `params` name references, levels and dates, nobody."""

    key: str
    recipient: str
    channel: ChannelName
    template: str
    params: dict[str, Any]
    case_id: int | None = None
    number: int | None = None
    urgent: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that should have gone out by now: how many, and since when the first of them waits."""

    count: int
    since: datetime | None


def waiting(connection: Connection, now: datetime) -> Waiting:
    """What waits for delivery though its time has come."""
    due = (MESSAGES.c.status == MessageStatus.QUEUED) & (MESSAGES.c.next_try_at <= now)
    count, since = connection.execute(select(func.count(), func.min(MESSAGES.c.queued_at)).where(due)).one()
    return Waiting(count, since)


def queue(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Writes messages; one to the inbox is there at once, others wait for delivery from `not_before` on."""
    rows = []
    for draft in drafts:
        there = draft.channel is ChannelName.INBOX
        rows.append(
            {
                "key": draft.key,
                "case_id": draft.case_id,
                "number": draft.number,
                "recipient": draft.recipient,
                "channel": draft.channel,
                "template": draft.template,
                "params": draft.params,
                "urgent": draft.urgent,
                "status": MessageStatus.SENT if there else MessageStatus.QUEUED,
                "queued_at": now,
                "next_try_at": max(draft.not_before or now, now),
                "sent_at": now if there else None,
            }
        )
    _ADD.run(connection, *rows)


def settle(connection: Connection, case_id: int, numbers: Sequence[int], now: datetime) -> None:
    """The deadlines have ended: their alerts are settled, and what was not yet sent about them is not sent."""
    connection.execute(
        ALERTS.update()
        .where((ALERTS.c.case_id == case_id) & ALERTS.c.number.in_(numbers) & (ALERTS.c.status != AlertStatus.SETTLED))
        .values(status=AlertStatus.SETTLED, settled_at=now)
    )
    connection.execute(
        MESSAGES.update()
        .where(
            (MESSAGES.c.case_id == case_id)
            & MESSAGES.c.number.in_(numbers)
            & (MESSAGES.c.status == MessageStatus.QUEUED)
        )
        .values(status=MessageStatus.DROPPED)
    )
