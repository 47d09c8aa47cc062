"""Who is asking: the account behind a token or a session, what it may do here, and the moment of the request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import Request
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from workflow.accounts import TOKENS, Actor, Operator, find_actor
from workflow.acts import Way
from workflow.bootstrap import Service
from workflow.errors import NotAllowed, NotSignedIn
from workflow.identity import sessions, tokens
from workflow.identity.digests import digest
from workflow.identity.sessions import Session
from workflow.looking import Looking
from workflow.models import TokenScope
from workflow.moves import Move, Moved
from workflow.permissions import Permission, check
from workflow.serving.cookies import read_cookie
from workflow.serving.csrf import SAFE, check_csrf
from workflow.serving.moments import moment

SEEN_EVERY = timedelta(minutes=1)  # reading a page is to write nothing; being idle is measured in minutes
GENERAL = frozenset({TokenScope.ACT, TokenScope.READ})


class CodeNeeded(NotSignedIn):
    """Signed in with a password, and the second factor is still to be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request of a known account. `session` or `scope` says how it is known: by a cookie or by a token."""

    service: Service
    actor: Actor
    now: datetime
    request_id: str
    source: str  # "web" with a session, "api" with a token
    session: Session | None = None
    scope: TokenScope | None = None

    def way(self, key: str | None = None) -> Way:
        """How an act came in."""
        return Way(key=key, source=self.source, request_id=self.request_id)

    def operator(self) -> Operator:
        """Whoever asks, as the one whose name stands on what is done to accounts."""
        return Operator(name=self.actor.username, now=self.now, request_id=self.request_id, source=self.source)

    def fire(self, **move: Any) -> Moved:
        """Takes a move as whoever asks."""
        return self.service.engine.fire(
            Move(**move, source=self.source, request_id=self.request_id), self.actor, self.now
        )


def looking(asking: Asking) -> Looking:
    """What whoever asks may see; every look is noted."""
    return Looking(
        service=asking.service,
        actor=asking.actor,
        now=asking.now,
        source=asking.source,
        request_id=asking.request_id,
    )


class Needs:
    """A dependency: whoever asks is known and their role has this permission; the case itself is asked for later.

    `scopes` names the kinds of token that open the route: a token for one place only opens that place alone. With
    `half_signed_in` a session may ask that has not given its second factor yet. `only_looks` marks a POST that changes
    nothing, such as a search whose words must not stand in an address.
    """

    def __init__(
        self,
        permission: Permission,
        *,
        half_signed_in: bool = False,
        scopes: frozenset[TokenScope] = GENERAL,
        only_looks: bool = False,
    ) -> None:
        self.permission, self.half_signed_in, self.scopes = permission, half_signed_in, scopes
        self.only_looks = only_looks

    async def __call__(self, request: Request) -> Asking:
        """Reads the account in a thread and binds its name for the log, which a thread could not do for the next."""
        service: Service = request.app.state.service
        token, cookie = _bearer(request), read_cookie(request, service.settings)
        if token is not None:
            asking = await run_in_threadpool(self._by_token, request, token)
        elif cookie is not None:
            asking = await run_in_threadpool(self._by_session, request, cookie)
        else:
            raise NotSignedIn("nobody is signed in: give a token (Authorization: Bearer wm_...) or sign in")
        request.state.actor = asking.actor.username
        request.state.asking = asking  # for the page that says what went wrong
        structlog.contextvars.bind_contextvars(actor=asking.actor.username)
        if asking.session is not None and cookie is not None:
            await check_csrf(request, cookie, service.settings)
        check(asking.actor, self.permission)
        return asking

    def _by_token(self, request: Request, given: str) -> Asking:
        service, now = request.app.state.service, moment(request)
        with service.database.read() as connection:
            username, scope = tokens.use(connection, given, now)
            actor = find_actor(connection, username)
            used_at = connection.execute(select(TOKENS.c.used_at).where(TOKENS.c.digest == digest(given))).scalar()
        if scope not in self.scopes:
            raise NotAllowed(f"a token of scope {scope.value!r} does not open this")
        if scope is TokenScope.READ and request.method not in SAFE and not self.only_looks:
            raise NotAllowed("this token may look and change nothing: use one of scope 'act'")
        if used_at is None or now - used_at >= SEEN_EVERY:
            with service.database.write() as connection:
                tokens.seen(connection, given, now)
        return _asking(request, actor, source="api", scope=scope)

    def _by_session(self, request: Request, cookie: str) -> Asking:
        service, now = request.app.state.service, moment(request)
        idle = timedelta(minutes=service.settings.session_idle_minutes)
        with service.database.read() as connection:
            session = sessions.find(connection, cookie, now, idle=idle)
            if session is None:
                raise NotSignedIn("your session has ended: sign in again")
            actor = find_actor(connection, session.username)
        if not session.second_factor and not self.half_signed_in:
            raise CodeNeeded("a code is needed: give the one your authenticator shows")
        if now - session.seen_at >= SEEN_EVERY:
            with service.database.write() as connection:
                sessions.seen(connection, cookie, now)
        return _asking(request, actor, source="web", session=session)


def _asking(request: Request, actor: Actor, **how: Any) -> Asking:
    return Asking(
        service=request.app.state.service,
        actor=actor,
        now=moment(request),
        request_id=request.state.request_id,
        **how,
    )


def _bearer(request: Request) -> str | None:
    """The token given, if any. Another kind of Authorization is nobody's: a cookie beside it does not count."""
    given = request.headers.get("authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.startswith("wm_"):
        raise NotSignedIn("the header Authorization is read only as `Bearer wm_...`")
    return token.strip()
