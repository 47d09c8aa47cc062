"""Signing in with an OpenID provider: sent there with a state that is good once, and back as an account of ours."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from workflow.accounts import Operator
from workflow.acts import Way
from workflow.bootstrap import Service
from workflow.errors import NotSignedIn
from workflow.identity import sessions
from workflow.identity.digests import digest, short_id
from workflow.identity.evidence import record
from workflow.identity.local_pages import local_page
from workflow.identity.openid_accounts import Person, Refused, read_person, record_refusal, settle
from workflow.identity.openid_provider import Provider, Secrets
from workflow.identity.sign_in import Needs, needs
from workflow.identity_tables import PendingSignIn
from workflow.tables import table

PENDING = table(PendingSignIn)
MINUTES = 10
LASTS = timedelta(minutes=MINUTES)
START = "/sign-in/openid"
RETURN = f"{START}/return"
OVER = "that sign-in was not begun here, was finished before, or took more than 10 minutes: start signing in again"
DECLINED = "the OpenID provider did not sign you in: start again, or ask whoever runs it"


@dataclass(frozen=True, slots=True)
class Outward:
    """A sign-in begun: where the browser goes, and the state only this browser is to come back with."""

    address: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A session begun. Unless it needs nothing, its cookie serves only for giving the code or setting one up."""

    username: str
    cookie: str
    needs: Needs
    then_to: str


def begin(service: Service, provider: Provider, *, then_to: str, now: datetime) -> Outward:
    """Begins a sign-in; NotReady where the provider does not answer, and nothing is kept of it then."""
    made = Secrets(state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))
    address = provider.authorization_address(made, now)
    row = {"state_digest": digest(made.state), "nonce": made.nonce, "code_verifier": made.verifier}

    def work(connection: Connection) -> None:
        connection.execute(delete(PENDING).where(PENDING.c.started_at <= now - LASTS))
        connection.execute(PENDING.insert(), {**row, "then_to": local_page(then_to), "started_at": now})

    service.engine.retried(work)
    return Outward(address, made.state)


def finish(
    service: Service, provider: Provider, *, state: str, code: str, device: str, now: datetime, way: Way
) -> Returned:
    """Ends a sign-in that came back, once, whatever comes of it; without a code the provider has declined.

    NotSignedIn where it was not begun, or cannot be believed; NotAllowed, recorded, where no account comes of it.
    """
    pending = service.engine.retried(lambda connection: _take(connection, state, now))
    if pending is None:
        raise NotSignedIn(OVER)
    if not code:
        raise NotSignedIn(DECLINED)
    claims = provider.claims(code, nonce=pending.nonce, verifier=pending.code_verifier, now=now)
    person = read_person(provider.said, claims)
    by = Operator(name=f"openid:{provider.host}", now=now, request_id=way.request_id, source=way.source)

    def work(connection: Connection) -> Returned:
        username = settle(connection, provider.said, person, by)
        wants: Needs = "nothing" if person.second_factor else needs(service, connection, username)
        cookie = sessions.start(
            connection,
            username,
            second_factor=wants == "nothing",
            device=device,
            now=now,
            lasts=timedelta(hours=service.settings.session_hours),
        )
        if wants == "nothing":  # else it is recorded when the code has been given
            _record_sign_in(connection, username, person, cookie, by)
        return Returned(username=username, cookie=cookie, needs=wants, then_to=pending.then_to)

    try:
        return service.engine.retried(work)
    except Refused as error:
        refused = error  # a name that a function may use
        service.engine.retried(lambda connection: record_refusal(connection, provider.said, person, refused, by))
        raise


def asked_for(service: Service, state: str) -> str | None:
    """The page that a sign-in was begun for; None where nothing is known of it any more."""
    with service.database.read() as connection:
        query = select(PENDING.c.then_to).where(PENDING.c.state_digest == digest(state))
        return connection.execute(query).scalar()


def _take(connection: Connection, state: str, now: datetime) -> PendingSignIn | None:
    """What was kept of a sign-in, which is then gone: of two that come with the same state one finds nothing."""
    ours = PENDING.c.state_digest == digest(state)
    row = connection.execute(select(PENDING).where(ours)).mappings().first()
    gone = connection.execute(delete(PENDING).where(ours)).rowcount
    if row is None or gone == 0 or row["started_at"] <= now - LASTS:
        return None
    return PendingSignIn(**row)


def _record_sign_in(connection: Connection, username: str, person: Person, cookie: str, by: Operator) -> None:
    facts = {"session": short_id(digest(cookie)), "second_factor": person.second_factor, "by": "openid"}
    came = Way(source=by.source, request_id=by.request_id)
    record(connection, "sign_in", username, by.now, facts={**facts, "subject": person.known_as}, way=came)
