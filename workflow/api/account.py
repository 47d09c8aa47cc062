"""One's own account: where it is signed in, its password, its second factor and its tokens."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from workflow.api.bodies import Given
from workflow.api.callers import Oneself
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.api.sessions import LONGEST, Code, HalfSignedIn, SignedIn
from workflow.errors import BadInput, NotAllowed
from workflow.identity import invitations, second_factor, sessions, tokens
from workflow.identity import sign_in as signing_in
from workflow.identity.digests import digest, short_id
from workflow.models import TokenScope
from workflow.serving.callers import address_of, own_cookie, way_of
from workflow.serving.cookies import set_cookie
from workflow.serving.csrf import check_origin, csrf_token
from workflow.serving.moments import moment
from workflow.serving.once import once, shown_once
from workflow.serving.problem_types import responses

router = subject("own account")
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{1,64}$", description="The short id, as listed.")]
DOES = responses(400, 401, 403, 404, 409, 413, 422, 429, 503)


class OwnSession(BaseModel):
    """A place where the account is signed in."""

    id: str
    device: str = Field(examples=["Firefox on Windows"])
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    this_one: bool


class NewPassword(Given):
    old: str = Field(max_length=LONGEST)
    new: str = Field(max_length=LONGEST, examples=["correct horse battery staple"])


class Invitation(Given):
    code: str = Field(max_length=LONGEST, description="as an administrator handed it over", examples=["wi_..."])
    password: str = Field(max_length=LONGEST, examples=["correct horse battery staple"])


class Accepted(BaseModel):
    username: str


class Enrolment(BaseModel):
    """What an authenticator app needs to know: the secret to type, or the address to draw as a QR code."""

    secret: str
    uri: str = Field(examples=["otpauth://totp/Waymark:ann.example?secret=...&issuer=Waymark"])


class OwnToken(BaseModel):
    """A token as its owner sees it listed: never the token itself."""

    id: str
    name: str
    scope: TokenScope
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class WantedToken(Given):
    name: str = Field(max_length=LONGEST, description="to know it by later", examples=["my calendar"])
    scope: Literal["act", "read", "feed"] = Field(description="act: all I may; read: look only; feed: my calendar only")
    days: int = Field(default=tokens.USUAL_DAYS, ge=1, le=tokens.MOST_DAYS)


class NewToken(BaseModel):
    """A new token. It is shown this once."""

    id: str
    token: str
    feed: str | None = Field(default=None, description="for scope feed: the address to give to a calendar program")


@router.get("/account/sessions", responses=LOOKS)
def list_sessions(asking: Oneself) -> list[OwnSession]:
    """Where I am signed in, last seen first."""
    idle = timedelta(minutes=asking.service.settings.session_idle_minutes)
    with asking.service.database.read() as connection:
        found = sessions.list_for(connection, asking.actor.username, asking.now, idle=idle)
    mine = asking.session.id if asking.session else None
    return [OwnSession(**asdict(one), this_one=one.id == mine) for one in found]


@router.delete("/account/sessions", status_code=204, responses=DOES)
def end_other_sessions(asking: Oneself) -> None:
    """Sign out everywhere else."""
    mine = asking.session.id if asking.session else None
    asking.service.engine.retried(
        lambda c: sessions.end_others(c, asking.actor.username, asking.now, except_id=mine, way=asking.way())
    )


@router.delete("/account/sessions/{id}", status_code=204, responses=DOES)
def end_session(asking: Oneself, id: Id) -> None:
    """Sign out in one place."""
    asking.service.engine.retried(
        lambda c: sessions.end_own(c, asking.actor.username, id, asking.now, way=asking.way())
    )


@router.post("/account/password", status_code=204, responses=DOES)
def change_password(asking: Oneself, given: NewPassword) -> None:
    """Change my password. Every other session of mine ends. It needs a session: a token cannot take an account over."""
    if asking.session is None:
        raise NotAllowed("a token cannot change the password: sign in")
    signing_in.change_password(
        asking.service,
        asking.actor.username,
        given.old,
        given.new,
        asking.now,
        except_id=asking.session.id,
        way=asking.way(),
    )


@router.post("/account/invitation", responses=responses(400, 401, 403, 409, 413, 422, 429, 503))
def accept_invitation(given: Invitation, request: Request) -> Accepted:
    """Set a first or a new password with the code of an invitation, once. Nobody is signed in by it.

    Codes that are not right are counted by the address they come from; after too many one has to wait.
    """
    service, now = request.app.state.service, moment(request)
    check_origin(request, service.settings)
    username = invitations.accept_from(
        service, given.code, given.password, now, address=address_of(request), way=way_of(request)
    )
    return Accepted(username=username)


@router.post("/account/second-factor", responses=DOES)
def begin_second_factor(asking: HalfSignedIn, request: Request) -> Enrolment:
    """Begin to set up a second factor; it counts once it is confirmed. Beginning anew gives another secret."""
    own_cookie(request, asking)
    key = asking.service.secret_key()
    found = asking.service.engine.retried(lambda c: second_factor.begin(c, key, asking.actor.username))
    return Enrolment(secret=found.secret, uri=found.uri)


@router.post("/account/second-factor/confirm", responses=DOES)
def confirm_second_factor(asking: HalfSignedIn, given: Code, request: Request, response: Response) -> SignedIn:
    """Confirm it with the first code. A sign-in that waited for it goes on under a new cookie and a new token."""
    cookie, name = own_cookie(request, asking), asking.actor.username
    if asking.session is not None and not asking.session.second_factor:
        cookie = signing_in.enrol(asking.service, cookie, given.code, asking.now, way=asking.way())
        set_cookie(response, cookie, asking.service.settings)
    else:
        key, way = asking.service.secret_key(), asking.way()
        confirmed = asking.service.engine.retried(
            lambda c: second_factor.confirm(c, key, name, given.code, asking.now, way=way)
        )
        if not confirmed:
            raise BadInput(signing_in.WRONG_CODE)
    return SignedIn(needs="nothing", csrf=csrf_token(cookie), username=name)


@router.get("/account/tokens", responses=LOOKS)
def list_tokens(asking: Oneself) -> list[OwnToken]:
    """My tokens that are still good, newest first."""
    with asking.service.database.read() as connection:
        return [OwnToken(**asdict(one)) for one in tokens.list_for(connection, asking.actor.username, asking.now)]


@router.post("/account/tokens", status_code=201, responses=ACTS)
def make_token(asking: Oneself, given: WantedToken, key: Key) -> NewToken:
    """Make a token. It is shown this once; a repeat under the same key says that it was made."""
    scope = TokenScope(given.scope)
    if asking.session is None and scope is not TokenScope.FEED:
        raise NotAllowed("a token cannot make another that does as much: sign in")

    def work(connection: Connection) -> str:
        return tokens.issue(
            connection,
            asking.actor.username,
            name=given.name,
            scope=scope,
            days=given.days,
            now=asking.now,
            way=asking.way(key),
        )

    token = once(asking, key, {"makes": "token", **given.model_dump()}, work, shown_once("a token"))
    feed = tokens.feed_address(asking.service.settings.base_url, token) if scope is TokenScope.FEED else None
    return NewToken(id=short_id(digest(token)), token=token, feed=feed)


@router.delete("/account/tokens/{id}", status_code=204, responses=DOES)
def revoke_token(asking: Oneself, id: Id) -> None:
    """Revoke a token: it opens nothing from now on."""
    asking.service.engine.retried(lambda c: tokens.revoke(c, asking.actor.username, id, asking.now, way=asking.way()))
