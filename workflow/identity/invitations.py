"""Invitations: a code that an administrator hands over, with which a person sets a first or a new password, once."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from workflow.accounts import TOKENS, USERS, Operator
from workflow.acts import Way
from workflow.bootstrap import Service
from workflow.errors import BadInput, NotAllowed, NotSignedIn
from workflow.identity import attempts, credentials, passwords, sessions, tokens
from workflow.identity.digests import digest
from workflow.identity.evidence import record
from workflow.models import TokenScope

HOURS = 72
LASTS = timedelta(hours=HOURS)
PAGE = "/invitation"  # where the code is given
INVALID = "that invitation is not valid, or was used already: ask an administrator for a new one"


def invite(connection: Connection, operator: Operator, *, username: str) -> str:
    """A new invitation, valid for 72 hours, shown once; it takes the place of one given before. Recorded."""
    record(connection, "invite", username, operator.now, facts={"hours": HOURS}, by=operator)
    active = connection.execute(select(USERS.c.active).where(USERS.c.username == username)).scalar()
    if not active:
        raise NotAllowed(f"the account {username!r} is disabled: nobody can be invited to it")
    withdraw(connection, username, operator.now)
    return tokens.make(connection, username, name="", scope=TokenScope.INVITE, lasts=LASTS, now=operator.now)


def invited(connection: Connection, code: str, now: datetime) -> str:
    """The account that an invitation is for; NotSignedIn, always in the same words, where it is good no more."""
    return _find(connection, code, now)[0]


def accept(service: Service, code: str, new_password: str, now: datetime, *, way: Way | None = None) -> str:
    """Sets the password and uses the invitation up; every session of the account ends. Recorded. The account's name.

    BadInput where the password is not fit; the invitation can then be tried again with another.
    """
    with service.database.read() as connection:
        username, name = _find(connection, code, now)
    says = passwords.unfit(new_password, username, name)
    if says is not None:
        raise BadInput(says)
    kept = passwords.hash_password(new_password)

    def work(connection: Connection) -> str:
        _find(connection, code, now)  # the account may have been disabled since
        if withdraw(connection, username, now, only=code) == 0:
            raise NotSignedIn(INVALID)
        withdraw(connection, username, now)
        credentials.set_password(connection, username, kept, now)
        sessions.end_all(connection, username, now)
        attempts.clear(connection, attempts.subject("account", username))
        record(connection, "set_password", username, now, way=way)
        return username

    return service.engine.retried(work)


def accept_from(
    service: Service, code: str, new_password: str, now: datetime, *, address: str, way: Way | None = None
) -> str:
    """The same, with codes that are not right counted by the address they come from: TryLater after too many."""
    by = attempts.subject("address", address)
    counted = service.engine.retried(lambda connection: attempts.count(connection, by, attempts.ADDRESS, now))
    try:
        username = accept(service, code, new_password, now, way=way)
    except NotSignedIn:
        raise  # a wrong code: the attempt stays counted
    except Exception:
        service.engine.retried(lambda connection: attempts.give_back(connection, counted))
        raise
    service.engine.retried(lambda connection: attempts.give_back(connection, counted))
    return username


def page(base_url: str) -> str:
    """Where a person gives the code."""
    return f"{base_url.rstrip('/')}{PAGE}"


def withdraw(connection: Connection, username: str, now: datetime, *, only: str | None = None) -> int:
    """Makes the invitations of an account worthless, or the one named; how many there were."""
    live = (TOKENS.c.scope == TokenScope.INVITE.value) & TOKENS.c.revoked_at.is_(None)
    query = TOKENS.update().where(TOKENS.c.username == username, live)
    if only is not None:
        query = query.where(TOKENS.c.digest == digest(only))
    return connection.execute(query.values(revoked_at=now)).rowcount


def _find(connection: Connection, code: str, now: datetime) -> tuple[str, str]:
    row = connection.execute(
        select(TOKENS.c.username, USERS.c.name)
        .join(USERS, USERS.c.username == TOKENS.c.username)
        .where(
            TOKENS.c.digest == digest(code),
            TOKENS.c.scope == TokenScope.INVITE.value,
            TOKENS.c.revoked_at.is_(None),
            TOKENS.c.expires_at > now,
            USERS.c.active,
        )
    ).first()
    if row is None:
        raise NotSignedIn(INVALID)
    return row.username, row.name
