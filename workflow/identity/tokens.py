"""Tokens: keys that let a program act as an account, or do less, until they expire or are revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from workflow.accounts import TOKENS, USERS, Operator
from workflow.acts import Way
from workflow.errors import BadInput, NotFound, NotSignedIn
from workflow.identity.digests import ID_LENGTH, digest, short_id
from workflow.identity.evidence import record
from workflow.models import TokenScope

USUAL_DAYS, MOST_DAYS = 90, 365
LONGEST_NAME = 60
MINUTE = timedelta(minutes=1)
INVALID = "that is not a valid token, or it is valid no more: ask an administrator for a new one (`waymark user add`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token as its owner sees it listed: never the token itself."""

    id: str
    name: str
    scope: TokenScope
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def issue(
    connection: Connection,
    username: str,
    *,
    name: str,
    scope: TokenScope,
    days: int,
    now: datetime,
    by: Operator | None = None,
    way: Way | None = None,
) -> str:
    """A new token, shown once and kept only as a digest; recorded, without the name it was given.

    BadInput where the name, the scope or the days cannot be.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a token needs a name of up to {LONGEST_NAME} characters, to know it by later")
    if scope is TokenScope.INVITE:
        raise BadInput("an invitation is no token: `waymark user invite` makes one")
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(f"a token is valid for 1 to {MOST_DAYS} days, not {days}")
    token = make(connection, username, name=name.strip(), scope=scope, lasts=timedelta(days=days), now=now)
    facts = {"token": short_id(digest(token)), "scope": scope.value, "days": days}
    record(connection, "issue_token", username, now, facts=facts, by=by, way=way)
    return token


def feed_address(base_url: str, token: str) -> str:
    """What to give to a calendar program; whoever has it sees the calendar."""
    return f"{base_url.rstrip('/')}/api/v1/feeds/{token}.ics"


def make(
    connection: Connection, username: str, *, name: str, scope: TokenScope, lasts: timedelta, now: datetime
) -> str:
    """Stores a new token of any scope; who calls records it."""
    token = f"{'wi' if scope is TokenScope.INVITE else 'wm'}_{secrets.token_urlsafe(32)}"
    row = {"digest": digest(token), "username": username, "name": name, "scope": scope.value}
    connection.execute(TOKENS.insert(), {**row, "created_at": now, "expires_at": now + lasts})
    return token


def use(connection: Connection, token: str, now: datetime) -> tuple[str, TokenScope]:
    """Whose token it is and what it may be used for. NotSignedIn, always in the same words, where it is good no more.

    An invitation is never good here: all it does is to set a password.
    """
    row = connection.execute(
        select(TOKENS.c.username, TOKENS.c.scope)
        .join(USERS, USERS.c.username == TOKENS.c.username)
        .where(
            TOKENS.c.digest == digest(token),
            TOKENS.c.scope != TokenScope.INVITE.value,
            TOKENS.c.revoked_at.is_(None),
            TOKENS.c.expires_at > now,
            USERS.c.active,
        )
    ).first()
    if row is None:
        raise NotSignedIn(INVALID)
    return row.username, TokenScope(row.scope)


def seen(connection: Connection, token: str, now: datetime) -> None:
    """Keeps when a token was last used, at most once a minute; apart from `use`, so that a read stays a read."""
    stale = TOKENS.c.used_at.is_(None) | (TOKENS.c.used_at <= now - MINUTE)
    connection.execute(TOKENS.update().where(TOKENS.c.digest == digest(token), stale).values(used_at=now))


def list_for(connection: Connection, username: str, now: datetime) -> list[Issued]:
    """The tokens of an account that are still good, newest first; no invitations."""
    query = (
        select(TOKENS)
        .where(
            TOKENS.c.username == username,
            TOKENS.c.scope != TokenScope.INVITE.value,
            TOKENS.c.revoked_at.is_(None),
            TOKENS.c.expires_at > now,
        )
        .order_by(TOKENS.c.created_at.desc(), TOKENS.c.digest)
    )
    return [
        Issued(
            id=short_id(row.digest),
            name=row.name,
            scope=TokenScope(row.scope),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )
        for row in connection.execute(query)
    ]


def revoke(
    connection: Connection,
    username: str,
    id: str,
    now: datetime,
    *,
    by: Operator | None = None,
    way: Way | None = None,
) -> None:
    """Ends a token at once; recorded. NotFound where the account has no such token that is good."""
    found = connection.execute(
        TOKENS.update()
        .where(
            TOKENS.c.username == username,
            func.substr(TOKENS.c.digest, 1, ID_LENGTH) == id,
            TOKENS.c.scope != TokenScope.INVITE.value,
            TOKENS.c.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if found.rowcount == 0:
        raise NotFound(f"{username} has no token {id[:ID_LENGTH]!r} that could be revoked")
    record(connection, "revoke_token", username, now, facts={"token": id}, by=by, way=way)
