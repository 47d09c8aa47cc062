"""Sessions: a browser signed in as an account, until it is idle too long, its day is over, or somebody ends it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, not_, select

from workflow.accounts import USERS, Operator
from workflow.acts import Way
from workflow.errors import NotFound, NotSignedIn
from workflow.identity.digests import ID_LENGTH, digest, short_id
from workflow.identity.evidence import record
from workflow.identity_tables import SignedIn
from workflow.tables import table

SESSIONS = table(SignedIn)
DAY = timedelta(hours=12)
UNFINISHED = timedelta(minutes=15)  # for a sign-in that still waits for its second factor
MINUTE = timedelta(minutes=1)
KEPT = timedelta(days=30)  # ended ones, to answer who was signed in
ENDED = "you are not signed in, or not any more: sign in again"
LONGEST_DEVICE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that is good, by the short id its owner sees."""

    id: str
    username: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    second_factor: bool  # without it, it serves for giving the second factor and for nothing else
    device: str


def start(
    connection: Connection, username: str, *, second_factor: bool, device: str, now: datetime, lasts: timedelta = DAY
) -> str:
    """A new session; the cookie's value, given once and kept only as a digest. `device` comes from `device_words`."""
    cookie = secrets.token_urlsafe(32)
    row = {"digest": digest(cookie), "username": username, "created_at": now, "seen_at": now}
    ends = now + (lasts if second_factor else min(lasts, UNFINISHED))
    said = {"expires_at": ends, "second_factor": second_factor, "device": device[:LONGEST_DEVICE]}
    connection.execute(SESSIONS.insert(), {**row, **said})
    return cookie


def find(connection: Connection, cookie: str, now: datetime, *, idle: timedelta) -> Session | None:
    """The session of a cookie; None once it is idle, over or ended, or its account is disabled."""
    row = connection.execute(_good(now, idle).where(SESSIONS.c.digest == digest(cookie))).first()
    return None if row is None else _session(row)


def seen(connection: Connection, cookie: str, now: datetime) -> None:
    """Keeps a session from being idle, written at most once a minute; apart from `find`: a read stays a read."""
    stale = SESSIONS.c.seen_at <= now - MINUTE
    connection.execute(
        SESSIONS.update()
        .where(SESSIONS.c.digest == digest(cookie), SESSIONS.c.ended_at.is_(None), stale)
        .values(seen_at=now)
    )


def complete(connection: Connection, cookie: str, now: datetime, *, lasts: timedelta = DAY) -> str:
    """The second factor was given: the session goes on under a new cookie, and the one before is worth nothing.

    NotSignedIn where there is no session waiting for it.
    """
    fresh = secrets.token_urlsafe(32)
    found = connection.execute(
        SESSIONS.update()
        .where(
            SESSIONS.c.digest == digest(cookie),
            not_(SESSIONS.c.second_factor),
            SESSIONS.c.ended_at.is_(None),
            SESSIONS.c.expires_at > now,
        )
        .values(digest=digest(fresh), second_factor=True, seen_at=now, expires_at=now + lasts)
    )
    if found.rowcount == 0:
        raise NotSignedIn(ENDED)
    return fresh


def list_for(connection: Connection, username: str, now: datetime, *, idle: timedelta | None = None) -> list[Session]:
    """The sessions of an account that are good, last seen first; with `idle`, without those that are idle."""
    query = _good(now, idle).where(SESSIONS.c.username == username)
    return [_session(row) for row in connection.execute(query.order_by(SESSIONS.c.seen_at.desc(), SESSIONS.c.digest))]


def end(connection: Connection, username: str, id: str, now: datetime) -> None:
    """Ends one session of an account at once; NotFound where it has no such session."""
    named = func.substr(SESSIONS.c.digest, 1, ID_LENGTH) == id
    if _end(connection, now, SESSIONS.c.username == username, named) == 0:
        raise NotFound(f"{username} has no session {id[:ID_LENGTH]!r}")


def end_all(connection: Connection, username: str, now: datetime, except_id: str | None = None) -> int:
    """Ends every session of an account, but for one where it is named; how many were ended."""
    others = func.substr(SESSIONS.c.digest, 1, ID_LENGTH) != (except_id or "")
    return _end(connection, now, SESSIONS.c.username == username, others)


def end_own(connection: Connection, username: str, id: str, now: datetime, *, way: Way | None = None) -> None:
    """Somebody signs out in one place, which may be another than they are in; recorded."""
    end(connection, username, id, now)
    record(connection, "sign_out", username, now, facts={"session": id}, way=way)


def end_others(
    connection: Connection, username: str, now: datetime, *, except_id: str | None, way: Way | None = None
) -> int:
    """Somebody signs out everywhere but here; recorded. How many sessions that ended."""
    ended = end_all(connection, username, now, except_id)
    record(connection, "sign_out", username, now, facts={"sessions": ended}, way=way)
    return ended


def sign_out(connection: Connection, operator: Operator, *, username: str) -> int:
    """An administrator ends every session of an account; recorded. How many were ended."""
    ended = end_all(connection, username, operator.now)
    record(connection, "sign_out", username, operator.now, facts={"sessions": ended}, by=operator)
    return ended


def forget_old(connection: Connection, now: datetime) -> int:
    """Removes sessions that were over a month ago; how many."""
    return connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= now - KEPT)).rowcount


def device_words(user_agent: str) -> str:
    """A browser and a system in plain words, such as "Firefox on Windows"; the header itself is not kept."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "a program")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser


# In this order: Edge and Opera also call themselves Chrome, Chrome calls itself Safari, Android is a Linux.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def _good(now: datetime, idle: timedelta | None) -> Any:
    query = (
        select(SESSIONS)
        .join(USERS, USERS.c.username == SESSIONS.c.username)
        .where(USERS.c.active, SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now)
    )
    return query if idle is None else query.where(SESSIONS.c.seen_at > now - idle)


def _session(row: Any) -> Session:
    return Session(
        id=short_id(row.digest),
        username=row.username,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        second_factor=row.second_factor,
        device=row.device,
    )


def _end(connection: Connection, now: datetime, *which: Any) -> int:
    live = (SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now)
    return connection.execute(SESSIONS.update().where(*which, *live).values(ended_at=now)).rowcount
