"""The daily digest: what waits on somebody's worklist and is no message of its own, gathered into one e-mail a day."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from scheduler.calendars import LONDON
from workflow import outbox
from workflow.accounts import USERS
from workflow.alert_tables import ChannelName
from workflow.alerting import OFFICE_HOURS
from workflow.delivery.routes import Routes
from workflow.engine import Engine
from workflow.outbox import MESSAGES, Draft
from workflow.repository import DEADLINES
from workflow.statements import wait


def queue_digests(engine: Engine, now: datetime, routes: Routes) -> int:
    """From 08:30 on each working day, one e-mail for each person who has something new; returns how many were queued.

    Can be run as often as one likes: a person gets one for a local date. What came while no digest could be made, on
    days off or in an outage, stands in the next one.
    """
    local = now.astimezone(LONDON)
    if routes.mail is None or local.time() < OFFICE_HOURS[0] or not engine.calendar.is_working(local.date()):
        return 0
    today = local.date().isoformat()
    with engine.database.write() as connection:
        waiting = _waiting(connection, today, now)
        drafts = [
            Draft(
                key=_key(today, username),
                recipient=username,
                channel=routes.mail,
                template="digest",
                params={"on": today, "deadlines": names},
            )
            for username, names in waiting.items()
        ]
        return sum(_queued(connection, draft, now) for draft in drafts)


def _key(today: str, username: str) -> str:
    return f"digest/{today}/{username}"


def _waiting(connection: Connection, today: str, now: datetime) -> dict[str, list[str]]:
    """For each person with an address and no digest today: the deadlines still running that came since the last."""
    last = _last_digests(connection)
    done = _keys_of(connection, today)
    rows = connection.execute(
        select(MESSAGES.c.recipient, MESSAGES.c.params, MESSAGES.c.queued_at)
        .join(USERS, USERS.c.username == MESSAGES.c.recipient)
        .join(DEADLINES, (DEADLINES.c.case_id == MESSAGES.c.case_id) & (DEADLINES.c.number == MESSAGES.c.number))
        .where(
            (MESSAGES.c.channel == ChannelName.INBOX)
            & (MESSAGES.c.template == "deadline")
            & MESSAGES.c.read_at.is_(None)
            & (MESSAGES.c.queued_at <= now)
            & DEADLINES.c.closed_at.is_(None)
            & USERS.c.active
            & USERS.c.email.is_not(None)
        )
        .order_by(MESSAGES.c.recipient, MESSAGES.c.queued_at, MESSAGES.c.key)
    )
    waiting: dict[str, dict[str, None]] = {}
    for row in rows:
        new = row.recipient not in last or row.queued_at > last[row.recipient]
        if new and row.params.get("digest") and _key(today, row.recipient) not in done:
            waiting.setdefault(row.recipient, {})[row.params["deadline"]] = None
    return {username: list(names) for username, names in waiting.items()}


def _last_digests(connection: Connection) -> dict[str, datetime]:
    query = select(MESSAGES.c.recipient, func.max(MESSAGES.c.queued_at, type_=MESSAGES.c.queued_at.type).label("at"))
    rows = connection.execute(query.where(MESSAGES.c.template == "digest").group_by(MESSAGES.c.recipient))
    return {row.recipient: row.at for row in rows}


def _keys_of(connection: Connection, today: str) -> frozenset[str]:
    keys: Iterable[Any] = connection.execute(
        select(MESSAGES.c.key).where(MESSAGES.c.key.startswith(f"digest/{today}/", autoescape=True))
    ).scalars()
    return frozenset(keys)


def _queued(connection: Connection, draft: Draft, now: datetime) -> bool:
    try:
        with connection.begin_nested():
            outbox.queue(connection, [draft], now)
            wait(connection)
    except IntegrityError:  # another node made it at this very moment
        return False
    return True
