"""Signing in and out of this browser, and who one is."""

from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from states.roles import ROLE_LABELS, Role
from workflow.accounts import USERS
from workflow.api.bodies import Given
from workflow.api.routing import subject
from workflow.identity import sign_in as signing_in
from workflow.identity.sessions import device_words
from workflow.permissions import Permission, has
from workflow.serving.asking import Asking, Needs
from workflow.serving.callers import address_of, own_cookie, way_of
from workflow.serving.cookies import clear_cookie, read_cookie, set_cookie
from workflow.serving.csrf import check_origin, csrf_token
from workflow.serving.moments import moment
from workflow.serving.problem_types import responses

router = subject("signing in")
HalfSignedIn = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT, half_signed_in=True))]
Needed = Literal["nothing", "code", "enrolment"]
LONGEST = 1000  # of what is typed: longer than any password may be, so that a long one is told what is wrong with it


class Credentials(Given):
    username: str = Field(max_length=LONGEST, examples=["ann.example"])
    password: str = Field(max_length=LONGEST, examples=["correct horse battery staple"])


class Code(Given):
    code: str = Field(max_length=LONGEST, description="the six digits the authenticator shows", examples=["287082"])


class SignedIn(BaseModel):
    """A session begun. Until it needs nothing, it opens nothing but what it needs."""

    needs: Needed = Field(description="code: POST /session/code. enrolment: POST /account/second-factor, and confirm")
    csrf: str = Field(description="to be sent as X-CSRF-Token with every change")
    username: str


class Myself(BaseModel):
    """Whoever asks: the account, what it may do, and for a browser the token that its changes carry."""

    username: str
    name: str
    role: Role
    role_label: str
    team: str
    authority: str
    record: str
    permissions: list[Permission] = Field(description="what a route can ask for; each case is asked for besides")
    known_by: Literal["session", "token"]
    needs: Needed
    csrf: str | None


@router.post("/session", responses=responses(400, 401, 403, 409, 413, 422, 429, 503))
def sign_in(given: Credentials, request: Request, response: Response) -> SignedIn:
    """Sign in: sets the cookie of a session. The browser must say (Origin or Sec-Fetch-Site) that it is on this site.

    A wrong password and a name without an account get the same answer, after the same work.
    """
    service, now = request.app.state.service, moment(request)
    check_origin(request, service.settings)
    found = signing_in.sign_in(
        service,
        username=given.username,
        password=given.password,
        address=address_of(request),
        device=device_words(request.headers.get("user-agent", "")),
        now=now,
        way=way_of(request),
    )
    set_cookie(response, found.cookie, service.settings)
    return SignedIn(needs=found.needs, csrf=csrf_token(found.cookie), username=given.username.strip())


@router.post("/session/code", responses=responses(400, 401, 403, 409, 413, 422, 429, 503))
def give_code(asking: HalfSignedIn, given: Code, request: Request, response: Response) -> SignedIn:
    """Give the second factor: the session goes on under a new cookie and a new token. A code works once."""
    cookie = own_cookie(request, asking)
    fresh = signing_in.give_code(asking.service, cookie, given.code, asking.now, way=asking.way())
    set_cookie(response, fresh, asking.service.settings)
    return SignedIn(needs="nothing", csrf=csrf_token(fresh), username=asking.actor.username)


@router.delete("/session", status_code=204, responses=responses(401, 403, 409, 503))
def sign_out(asking: HalfSignedIn, request: Request, response: Response) -> None:
    """Sign out: the session is over at once, wherever its cookie is."""
    signing_in.sign_out(asking.service, own_cookie(request, asking), asking.now, way=asking.way())
    clear_cookie(response, asking.service.settings)


@router.get("/session", responses=responses(401, 403, 503))
def who_am_i(asking: HalfSignedIn, request: Request) -> Myself:
    """Who am I: account, role, team and permissions."""
    actor, cookie = asking.actor, read_cookie(request, asking.service.settings)
    half = asking.session is not None and not asking.session.second_factor
    with asking.service.database.read() as connection:
        name = connection.execute(USERS.select().where(USERS.c.username == actor.username)).one().name
        needs: Needed = signing_in.needs(asking.service, connection, actor.username) if half else "nothing"
    return Myself(
        username=actor.username,
        name=name,
        role=actor.role,
        role_label=ROLE_LABELS[actor.role],
        team=actor.team,
        authority=actor.authority,
        record=actor.record,
        permissions=[] if half else [one for one in Permission if has(actor, one)],
        known_by="token" if asking.session is None else "session",
        needs=needs,
        csrf=csrf_token(cookie) if asking.session is not None and cookie is not None else None,
    )
