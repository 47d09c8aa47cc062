"""Queued messages leave: claimed for a while, sent with no lock held, then marked; tried again, or given up aloud."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, select, text

from config.settings import Settings
from scheduler import failpoints
from workflow.accounts import USERS
from workflow.alert_tables import ChannelName, MessageStatus
from workflow.delivery.channel import Channel, DeliveryFailed, Outgoing
from workflow.delivery.opening import open_channels
from workflow.delivery.templates import render
from workflow.delivery.undelivered import give_up
from workflow.engine import Engine
from workflow.outbox import MESSAGES
from workflow.references import read_deadline_name
from workflow.repository import DEADLINES

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 8
LEASE = timedelta(minutes=2)  # a claimed message is left alone so long; then its deliverer counts as dead
TIME_TO_SEND = LEASE.total_seconds() / 2  # what one claim sends must be sent long before its lease ends
REST = timedelta(seconds=15)  # how long a channel that is down is not asked again
MOST_AT_ONCE = 50
JITTER = 0.2  # so that a thousand messages that failed together do not come back together

_WITH_DEADLINE: Select[Any] = select(MESSAGES, DEADLINES.c.closed_at, DEADLINES.c.due_on).join(
    DEADLINES,
    (DEADLINES.c.case_id == MESSAGES.c.case_id) & (DEADLINES.c.number == MESSAGES.c.number),
    isouter=True,
)
_DUE = (  # the status in so many words: SQLite uses a partial index only where it can see the value
    _WITH_DEADLINE.where(text("messages.status = 'queued'"), MESSAGES.c.next_try_at <= bindparam("now"))
    .order_by(MESSAGES.c.urgent.desc(), MESSAGES.c.next_try_at, MESSAGES.c.key)
    .limit(bindparam("most"))
    .with_for_update(of=MESSAGES, skip_locked=True)
)
_ONE = _WITH_DEADLINE.where(MESSAGES.c.key == bindparam("wanted"))


def wait_after(attempts: int, *, urgent: bool, chance: Random) -> timedelta:
    """How long to wait after so many failed tries: each time longer, and never quite the same.

    Urgent messages are given up after about two hours, so that somebody else is told the same day; others only after
    more than a day, so that a mail server may be down for one.
    """
    first, factor, longest = (1, 2, 60) if urgent else (2, 4, 720)
    minutes = min(first * factor ** (attempts - 1), longest)
    return timedelta(minutes=minutes * chance.uniform(1 - JITTER, 1 + JITTER))


class _Abandoned(Exception):
    """This node stops, and does not wait for an answer."""


class DueMessages:
    """The port of message delivery (scheduler.ports.DueWork) on one database, as one node; for one thread at a time.

    No transaction is open while the network is talked to. A deliverer that dies leaves a lease that ends, and the next
    one sends again under the same key.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[ChannelName, Channel],
        node: str,
        *,
        base_url: str,
        chance: Random | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.engine, self.channels, self.node, self.base_url = engine, channels, node, base_url
        self.chance, self.stop = chance or Random(), stop
        self._down: dict[str, tuple[datetime, str]] = {}  # channel -> not asked again before, and why
        self._since: tuple[datetime, float] | None = None

    @classmethod
    def by(
        cls, settings: Settings, engine: Engine, node: str, stop: Callable[[], bool] = lambda: False
    ) -> "DueMessages":
        """The deliverer the settings describe. Once `stop` says so, it comes to an end within a moment."""
        return cls(engine, open_channels(settings), node, base_url=settings.base_url, stop=stop)

    def perform(self, now: datetime, most: int) -> int:
        """Claims up to `most` messages that may be tried now, and tries them; returns how many it looked at."""
        began = time.monotonic()
        claimed, looked_at = self._claim(self._moment(now), min(most, MOST_AT_ONCE))
        if claimed:
            failpoints.reach("claimed")
        for place, row in enumerate(claimed):
            if self.stop() or time.monotonic() - began > TIME_TO_SEND:
                self._release(claimed[place:])
                break
            try:
                self._try(row, now)
            except _Abandoned:
                self._release(claimed[place + 1 :])
                break
        return looked_at

    def _moment(self, now: datetime) -> datetime:
        """`now` and what has passed since it was first given: a sweep keeps its `now`, however long it takes."""
        passed = time.monotonic()
        if self._since is None or self._since[0] != now:
            self._since = (now, passed)
        return now + timedelta(seconds=passed - self._since[1])

    # -- claiming

    def _claim(self, moment: datetime, most: int) -> tuple[list[dict[str, Any]], int]:
        """Leases what is due in one short transaction, and drops what has nothing left to say."""
        with self.engine.database.write() as connection:
            rows = [dict(row) for row in connection.execute(_DUE, {"now": moment, "most": most}).mappings()]
            live = [row for row in rows if _still_so(connection, row)]
            leased = [row["key"] for row in live]
            _drop(connection, [row["key"] for row in rows if row["key"] not in set(leased)])
            values = {"next_try_at": moment + LEASE, "attempts": MESSAGES.c.attempts + 1}
            connection.execute(MESSAGES.update().where(MESSAGES.c.key.in_(leased)).values(**values))
        return [{**row, "attempts": row["attempts"] + 1} for row in live], len(rows)

    def _release(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Gives back what there was no time for: it was not tried."""
        with self.engine.database.write() as connection:
            for row in rows:
                values = {"next_try_at": row["next_try_at"], "attempts": row["attempts"] - 1}
                connection.execute(MESSAGES.update().where(_mine(row)).values(**values))

    # -- sending

    def _try(self, claimed: Mapping[str, Any], now: datetime) -> None:
        with self.engine.database.read() as connection:  # much can have happened since the claim
            row = dict(connection.execute(_ONE, {"wanted": claimed["key"]}).mappings().one())
            mine = (row["status"], row["attempts"]) == (MessageStatus.QUEUED, claimed["attempts"])
            says = _still_so(connection, row)
            address = _address(connection, row)
        if not mine:
            return
        if not says:
            with self.engine.database.write() as connection:
                _drop(connection, [row["key"]])
            return
        try:
            self._send({**row, "params": says}, address, self._moment(now))
        except DeliveryFailed as failed:
            self._failed(row, failed, self._moment(now))
        else:
            failpoints.reach("deliver")
            self._sent(row, self._moment(now))
            failpoints.reach("delivered")

    def _send(self, row: Mapping[str, Any], address: str | None, moment: datetime) -> None:
        if row["attempts"] > MOST_ATTEMPTS:
            raise DeliveryFailed("the last try was cut short")
        until, reason = self._down.get(row["channel"], (moment, ""))
        if moment < until:
            raise DeliveryFailed(reason)
        channel = self.channels.get(ChannelName(row["channel"]))
        if channel is None:
            raise DeliveryFailed(f"no {row['channel']} is set up on this node")
        if address is None:
            raise DeliveryFailed("the account is closed or has no address", permanent=True)
        words = render(row["template"], row["params"], self.base_url)
        message = Outgoing(
            key=row["key"],
            to=address,
            template=row["template"],
            subject=words.subject,
            text=words.text,
            link=words.link,
            fields=words.fields,
            at=moment,
        )
        self._hand_over(channel, message)

    def _hand_over(self, channel: Channel, message: Outgoing) -> None:
        """Sends in a thread of its own, so that a server that hangs cannot keep this node from stopping.

        A send that is abandoned may still arrive: its lease ends, and it is repeated under the same key.
        """
        failures: list[DeliveryFailed] = []

        def send() -> None:
            try:
                channel.send(message)
            except DeliveryFailed as failed:
                failures.append(failed)
            except Exception as error:  # a fault in a channel must not stop the other messages
                log.error("channel_broke", channel=type(channel).__name__, error=type(error).__name__)
                failures.append(DeliveryFailed(f"the channel broke ({type(error).__name__})"))

        sending = threading.Thread(target=send, name="send", daemon=True)
        sending.start()
        while sending.is_alive():
            sending.join(0.2)
            if sending.is_alive() and self.stop():
                raise _Abandoned
        if failures:
            raise failures[0]

    def _sent(self, row: Mapping[str, Any], moment: datetime) -> None:
        """What was sent is recorded as sent, also where it was dropped in that very moment."""
        values = {"status": MessageStatus.SENT, "sent_at": moment, "last_error": None}
        with self.engine.database.write() as connection:
            connection.execute(MESSAGES.update().where(MESSAGES.c.key == row["key"]).values(**values))

    def _failed(self, row: Mapping[str, Any], failed: DeliveryFailed, moment: datetime) -> None:
        if failed.channel_down:
            self._down[row["channel"]] = (moment + REST, failed.reason)
        log.warning("message_failed", channel=row["channel"], attempts=row["attempts"], reason=failed.reason)
        if failed.permanent or row["attempts"] >= MOST_ATTEMPTS:
            give_up(self.engine, row, failed.reason, moment, self.node)
            return
        wait = wait_after(row["attempts"], urgent=row["urgent"], chance=self.chance)
        values = {"next_try_at": moment + wait, "last_error": failed.reason}
        with self.engine.database.write() as connection:
            connection.execute(MESSAGES.update().where(_mine(row)).values(**values))


def _mine(row: Mapping[str, Any]) -> Any:
    """Still queued, and claimed by nobody since."""
    same = (MESSAGES.c.key == row["key"]) & (MESSAGES.c.attempts == row["attempts"])
    return same & (MESSAGES.c.status == MessageStatus.QUEUED)


def _drop(connection: Connection, keys: Sequence[str]) -> None:
    queued = MESSAGES.c.key.in_(keys) & (MESSAGES.c.status == MessageStatus.QUEUED)
    connection.execute(MESSAGES.update().where(queued).values(status=MessageStatus.DROPPED))


def _still_so(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What there still is to say: nothing about a deadline that has ended or has another date by now."""
    params: dict[str, Any] = row["params"]
    if row["template"] == "digest":
        listed = [name for name in params["deadlines"] if _runs(connection, name)]
        return {**params, "deadlines": listed} if listed else None
    if row["number"] is None:
        return params
    due_on = row["due_on"].isoformat() if row["due_on"] else None
    return params if row["closed_at"] is None and params.get("due_on", due_on) == due_on else None


def _runs(connection: Connection, name: str) -> bool:
    _, case_id, number = read_deadline_name(name)
    running = (DEADLINES.c.case_id == case_id) & (DEADLINES.c.number == number) & DEADLINES.c.closed_at.is_(None)
    return connection.execute(select(DEADLINES.c.number).where(running)).first() is not None


def _address(connection: Connection, row: Mapping[str, Any]) -> str | None:
    """Where it goes: read at the last moment, since people leave and change address."""
    if row["channel"] == ChannelName.WEBHOOK:
        return str(row["recipient"])
    there = (USERS.c.username == row["recipient"]) & USERS.c.active
    found: str | None = connection.execute(select(USERS.c.email).where(there)).scalar()
    return found
