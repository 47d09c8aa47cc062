"""Signing in: a name and a password, then a code; counted, recorded, and silent about which accounts there are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, RowMapping, select

from workflow.accounts import USERS
from workflow.acts import Way
from workflow.bootstrap import Service
from workflow.errors import BadInput, NotAllowed, NotSignedIn, TryLater
from workflow.identity import attempts, credentials, invitations, passwords, second_factor, sessions
from workflow.identity.attempts import Counted
from workflow.identity.digests import digest, short_id
from workflow.identity.evidence import record, record_locked
from workflow.identity.sessions import Session

WRONG = "the name or the password is not right"
WRONG_CODE = "the code is not right, or was used already: wait for the next one"
LONGEST_NAME = 60
Needs = Literal["nothing", "code", "enrolment"]
Proof = Callable[[Connection, str], bool]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session begun. Unless it needs nothing, its cookie serves only for giving the code or setting one up."""

    cookie: str
    needs: Needs


def sign_in(
    service: Service,
    *,
    username: str,
    password: str,
    address: str,
    device: str,
    now: datetime,
    way: Way | None = None,
) -> SignedIn:
    """Begins a session. `device` comes from `sessions.device_words`; `address` is counted by its digest and not kept.

    NotSignedIn where name or password are wrong, whichever it is; TryLater after too many failures, or where too many
    sign in at once.
    """
    name = _printable(username)
    counted = service.engine.retried(lambda connection: _count(connection, name, address, now))
    found = _checked(service, counted, name, password)
    if found is None:
        _lock(service, counted[0], name, now, "password")
        raise NotSignedIn(WRONG)

    def work(connection: Connection) -> SignedIn:
        attempts.clear(connection, counted[0].subject)
        attempts.give_back(connection, counted[1])
        wants = needs(service, connection, name)
        cookie = sessions.start(
            connection, name, second_factor=wants == "nothing", device=device, now=now, lasts=_lasts(service)
        )
        if wants == "nothing":
            _record_sign_in(connection, name, cookie, now, way)
        return SignedIn(cookie, wants)

    return service.engine.retried(work)


def needs(service: Service, connection: Connection, username: str) -> Needs:
    """What an account must still give after its password; on a demo database nobody has to set up a second factor."""
    if second_factor.is_set_up(connection, username):
        return "code"
    if service.settings.require_second_factor and not service.is_demo(connection):
        return "enrolment"
    return "nothing"


def give_code(service: Service, cookie: str, code: str, now: datetime, *, way: Way | None = None) -> str:
    """Completes a sign-in with a code from the app; the new cookie. NotSignedIn where the code is wrong; recorded."""
    key = service.secret_key()
    return _completed(service, cookie, now, way, lambda c, name: second_factor.accept(c, key, name, code, now))


def enrol(service: Service, cookie: str, code: str, now: datetime, *, way: Way | None = None) -> str:
    """Completes a sign-in that had to set up a second factor, with the first code from the app; the new cookie."""
    key = service.secret_key()
    return _completed(
        service, cookie, now, way, lambda c, name: second_factor.confirm(c, key, name, code, now, way=way)
    )


def sign_out(service: Service, cookie: str, now: datetime, *, way: Way | None = None) -> None:
    """Ends the session of this cookie; nothing happens where it has ended already. Recorded."""

    def work(connection: Connection) -> None:
        session = _find(service, connection, cookie, now)
        if session is not None:
            sessions.end(connection, session.username, session.id, now)
            record(connection, "sign_out", session.username, now, facts={"session": session.id}, way=way)

    service.engine.retried(work)


def change_password(
    service: Service,
    username: str,
    old: str,
    new: str,
    now: datetime,
    *,
    except_id: str | None = None,
    way: Way | None = None,
) -> None:
    """Takes a new password for the old; ends every session of the account but `except_id`, the one it is done in.

    NotAllowed where the old one is wrong, which counts as a failure to sign in; BadInput where the new one is not fit.
    """
    with service.database.read() as connection:
        name = connection.execute(select(USERS.c.name).where(USERS.c.username == username)).scalar() or ""
    says = passwords.unfit(new, username, name)
    if says is not None:
        raise BadInput(says)
    subject = attempts.subject("account", username)
    counted = service.engine.retried(lambda connection: attempts.count(connection, subject, attempts.ACCOUNT, now))
    if _checked(service, (counted,), username, old) is None:
        _lock(service, counted, username, now, "password")
        raise NotAllowed("the old password is not right")
    kept = passwords.hash_password(new)

    def work(connection: Connection) -> None:
        attempts.clear(connection, subject)
        credentials.set_password(connection, username, kept, now)
        sessions.end_all(connection, username, now, except_id)
        invitations.withdraw(connection, username, now)
        record(connection, "change_password", username, now, way=way)

    service.engine.retried(work)


def _printable(username: str) -> str:
    """The name as typed; nothing where no account can have it, so that no database is asked about odd characters."""
    name = username.strip()
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""


def _count(connection: Connection, name: str, address: str, now: datetime) -> tuple[Counted, Counted]:
    """Counts by account first and by address second, always: in that order two sign-ins never wait for each other."""
    return (
        attempts.count(connection, attempts.subject("account", name), attempts.ACCOUNT, now),
        attempts.count(connection, attempts.subject("address", address), attempts.ADDRESS, now),
    )


def _checked(service: Service, counted: tuple[Counted, ...], name: str, password: str) -> RowMapping | None:
    """The credentials where the password is theirs. The same work is done where there is no such account."""
    with service.database.read() as connection:
        found = credentials.find(connection, name)
    kept = found["password_hash"] if found is not None else None
    try:  # outside any transaction: a check takes long, and the database waits for nobody
        right = passwords.is_password(kept or passwords.NOBODY, password)
    except TryLater:
        service.engine.retried(lambda connection: _give_back(connection, counted))
        raise
    return found if right and kept is not None else None


def _give_back(connection: Connection, counted: tuple[Counted, ...]) -> None:
    for one in counted:
        attempts.give_back(connection, one)


def _completed(service: Service, cookie: str, now: datetime, way: Way | None, proves: Proof) -> str:
    with service.database.read() as connection:
        session = _find(service, connection, cookie, now)
    if session is None or session.second_factor:
        raise NotSignedIn(sessions.ENDED)
    name = session.username
    # Counted apart from passwords: whoever has the password could else clear the count, and try codes for ever.
    subject = attempts.subject("code", name)
    counted = service.engine.retried(lambda connection: attempts.count(connection, subject, attempts.ACCOUNT, now))

    def work(connection: Connection) -> str | None:
        if not proves(connection, name):
            return None
        attempts.clear(connection, subject)
        fresh = sessions.complete(connection, cookie, now, lasts=_lasts(service))
        _record_sign_in(connection, name, fresh, now, way)
        return fresh

    fresh = service.engine.retried(work)
    if fresh is None:
        _lock(service, counted, name, now, "code")
        raise NotSignedIn(WRONG_CODE)
    return fresh


def _lock(service: Service, counted: Counted, name: str, now: datetime, step: str) -> None:
    """Where this failure begins a wait, that is recorded; for a name without an account as well: the same work."""
    waits = counted.waits
    if waits is not None:
        facts = {"step": step, "failures": counted.failures, "wait_minutes": waits // timedelta(minutes=1)}
        service.engine.retried(lambda connection: record_locked(connection, name, now, facts))


def _record_sign_in(connection: Connection, name: str, cookie: str, now: datetime, way: Way | None) -> None:
    factor = second_factor.is_set_up(connection, name)
    facts = {"session": short_id(digest(cookie)), "second_factor": factor}
    record(connection, "sign_in", name, now, facts=facts, way=way)


def _find(service: Service, connection: Connection, cookie: str, now: datetime) -> Session | None:
    idle = timedelta(minutes=service.settings.session_idle_minutes)
    return sessions.find(connection, cookie, now, idle=idle)


def _lasts(service: Service) -> timedelta:
    return timedelta(hours=service.settings.session_hours)
