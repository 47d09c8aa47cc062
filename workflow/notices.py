"""Notices to those who run or manage the service: told once for each key, whichever node sees the reason first."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlalchemy.exc import IntegrityError

from states.roles import Role
from workflow import outbox
from workflow.accounts import USERS
from workflow.delivery.routes import INBOX_ONLY, Routes
from workflow.outbox import MESSAGES, Draft
from workflow.statements import wait


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
    routes: Routes = INBOX_ONLY,
) -> int:
    """Puts a message into these inboxes unless one with its key is there already; returns how many were new.

    With `routes`, it also leaves by e-mail for those who have an address.
    """
    told = list(dict.fromkeys(recipients))
    with_address = USERS.c.username.in_(told) & USERS.c.active & USERS.c.email.is_not(None)
    addressed = set(connection.execute(select(USERS.c.username).where(with_address)).scalars())
    drafts = [
        Draft(
            key=f"{key}/{username}/{way}",
            recipient=username,
            channel=way,
            template=template,
            params=dict(params),
            urgent=urgent,
        )
        for username in told
        for way in routes.to_person(username in addressed)
    ]
    keys = [draft.key for draft in drafts]
    there = set(connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.key.in_(keys))).scalars())
    return sum(_told(connection, draft, now) for draft in drafts if draft.key not in there)


def _told(connection: Connection, draft: Draft, now: datetime) -> bool:
    try:
        with connection.begin_nested():
            outbox.queue(connection, [draft], now)
            wait(connection)
    except IntegrityError:  # another node said it at this very moment
        return False
    return True
