"""Attempts at signing in, counted in the database: over every process and restart, for an account and for an address.

An attempt counts as failed before it is checked, and is given back where it was none: however many try at the same
moment, no more get through than the limit says.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection, case, delete, literal, select

from workflow.errors import TryLater
from workflow.identity_tables import SignInAttempts
from workflow.tables import table

ATTEMPTS = table(SignInAttempts)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    """From how many failures on one must wait, and how long after the last one all are forgotten."""

    failures: int
    forgotten: timedelta


ACCOUNT = Limit(5, timedelta(hours=24))
ADDRESS = Limit(30, timedelta(minutes=15))  # many people may sit behind one


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt as it was counted."""

    subject: str
    failures: int
    before: datetime  # of the attempt before
    waits: timedelta | None


def subject(kind: str, name: str) -> str:
    """What attempts are counted by: a digest, so that the table names nobody."""
    counted = network(name) if kind == "address" else name
    return hashlib.sha256(f"{kind}\0{counted}".encode(errors="replace")).hexdigest()


def network(address: str) -> str:
    """What an address is counted as: with IPv6 the network of 64 bits, since whoever has one address has all of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), 64), strict=False))


def count(connection: Connection, subject: str, limit: Limit, now: datetime) -> Counted:
    """Counts one more failure; TryLater, and nothing counted, while there is a wait."""
    row = connection.execute(select(ATTEMPTS).where(ATTEMPTS.c.subject == subject).with_for_update()).first()
    if row is not None and row.wait_until is not None and row.wait_until > now:
        raise _too_many(row.wait_until - now)
    fresh = row is None or row.last_at <= now - limit.forgotten
    failures = 1 if fresh or row is None else row.failures + 1
    waits = _wait(failures - limit.failures)
    values = {"failures": failures, "last_at": now, "wait_until": now + waits if waits else None}
    if row is None:
        connection.execute(ATTEMPTS.insert(), {"subject": subject, **values})
    else:
        connection.execute(ATTEMPTS.update().where(ATTEMPTS.c.subject == subject).values(values))
    return Counted(subject, failures, row.last_at if row is not None else now, waits)


def give_back(connection: Connection, counted: Counted) -> None:
    """It was no failure after all. A wait stays where others have failed since."""
    last = ATTEMPTS.c.failures == counted.failures
    connection.execute(
        ATTEMPTS.update()
        .where(ATTEMPTS.c.subject == counted.subject, ATTEMPTS.c.failures > 0)
        .values(
            failures=ATTEMPTS.c.failures - 1,
            wait_until=case((last, None), else_=ATTEMPTS.c.wait_until),
            last_at=case((last, literal(counted.before, ATTEMPTS.c.last_at.type)), else_=ATTEMPTS.c.last_at),
        )
    )


def clear(connection: Connection, subject: str) -> None:
    connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.subject == subject))


def forget_old(connection: Connection, now: datetime) -> int:
    """Removes what counts no more; how many."""
    return connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.last_at <= now - ACCOUNT.forgotten)).rowcount


def _wait(over: int) -> timedelta | None:
    return None if over < 0 else min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)


def _too_many(left: timedelta) -> TryLater:
    minutes = ceil(left / timedelta(minutes=1))
    says = f"there were too many attempts: try again in {minutes} minute{'s' if minutes > 1 else ''}"
    return TryLater(says, ceil(left.total_seconds()))
