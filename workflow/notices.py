"""Notices to those who run or manage the service: told once for each key, whichever node sees the reason first."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlalchemy.exc import IntegrityError

from states.roles import Role
from workflow import outbox
from workflow.accounts import USERS
from workflow.alert_tables import ChannelName
from workflow.outbox import MESSAGES, Draft


def administrators(connection: Connection) -> list[str]:
    """The active accounts that run the service."""
    query = select(USERS.c.username).where(and_(USERS.c.active, USERS.c.role == Role.ADMINISTRATOR))
    return list(connection.execute(query.order_by(USERS.c.username)).scalars())


def tell_once(
    connection: Connection,
    recipients: Iterable[str],
    *,
    key: str,
    template: str,
    params: Mapping[str, Any],
    now: datetime,
    urgent: bool = False,
) -> int:
    """Puts a message into these inboxes unless one with its key is there already; returns to how many it was new."""
    drafts = [
        Draft(
            key=f"{key}/{username}/{ChannelName.INBOX}",
            recipient=username,
            channel=ChannelName.INBOX,
            template=template,
            params=dict(params),
            urgent=urgent,
        )
        for username in dict.fromkeys(recipients)
    ]
    keys = [draft.key for draft in drafts]
    there = set(connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.key.in_(keys))).scalars())
    return sum(_told(connection, draft, now) for draft in drafts if draft.key not in there)


def _told(connection: Connection, draft: Draft, now: datetime) -> bool:
    try:
        with connection.begin_nested():
            outbox.queue(connection, [draft], now)
    except IntegrityError:  # another node said it at this very moment
        return False
    return True
