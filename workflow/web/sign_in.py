"""Signing in and out. No page says whether an account exists; none loses what was typed when a session ended."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from states.roles import ROLE_LABELS, Role
from workflow.bootstrap import Service
from workflow.demo.staff import DEMO_PASSWORD, TEAMS
from workflow.errors import BadInput, NotSignedIn, TryLater, WaymarkError
from workflow.identity import invitations, second_factor, sessions
from workflow.identity import sign_in as signing_in
from workflow.identity.local_pages import local_page
from workflow.identity.second_factor import Enrolment
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.serving.callers import address_of, own_cookie, way_of
from workflow.serving.cookies import clear_cookie, read_cookie, set_cookie
from workflow.serving.csrf import check_origin, csrf_token
from workflow.serving.moments import moment
from workflow.web.carried import START, Carried, carried_in
from workflow.web.forms import Form
from workflow.web.showing import Sent, go_to, show_outside

router = APIRouter()
HalfSignedIn = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT, half_signed_in=True))]
CODE, ENROL = "/sign-in/code", "/sign-in/enrol"
NOTICES = {"out": "You are signed out.", "password": "Your password is set. Sign in with it."}
BEGIN_AS = (Role.CASEWORKER, Role.TEAM_MANAGER)  # shown first: most of the work is theirs
WRONG, SLOW = 422, 429
QUIET = 4  # modules of white around a QR code, as its standard asks for


# A name and a password


@router.get("/sign-in")
def show_sign_in(request: Request, then: str = START, said: str = "") -> Response:
    """The form to sign in with."""
    return page(request, Carried(local_page(then)), notice=NOTICES.get(said))


@router.post("/sign-in")
def sign_in(request: Request, sent: Sent) -> Response:
    """Begins a session, and leads on: to the page asked for, or to the code that is still needed."""
    service: Service = request.app.state.service
    check_origin(request, service.settings)
    carried, username = carried_in(sent), field(sent, "username")
    try:
        found = signing_in.sign_in(
            service,
            username=username,
            password=field(sent, "password"),
            address=address_of(request),
            device=sessions.device_words(request.headers.get("user-agent", "")),
            now=moment(request),
            way=way_of(request),
        )
    except (NotSignedIn, TryLater) as error:
        return told_to_wait(page(request, carried, status=WRONG, username=username, wrong=sentence(str(error))), error)
    if found.needs == "nothing":
        answer = _arrive(request, service, username.strip(), carried)
    elif carried.typed:  # shown at once, as no address can hold what was typed
        draw = _code_page if found.needs == "code" else _enrol_page
        answer = draw(request, username.strip(), found.cookie, carried)
    else:
        step = CODE if found.needs == "code" else ENROL
        answer = go_to(f"{step}?then={quote(carried.then)}")
    set_cookie(answer, found.cookie, service.settings)
    return answer


def page(request: Request, carried: Carried, *, status: int = 200, wrong: str = "", **values: Any) -> HTMLResponse:
    """The page to sign in with; also what is shown instead of a page that asks for somebody signed in."""
    demo = request.app.state.demo
    openid = request.app.state.service.settings.openid
    return show_outside(
        request,
        "sign_in/sign_in.html",
        title="Sign in",
        status=status,
        carried=carried,
        form=problems_at({"username": wrong} if wrong else {}),
        openid=urlsplit(openid.issuer).hostname if openid is not None else None,
        problems=wrong,
        demo_accounts=demo_accounts() if demo else (),
        demo_password=DEMO_PASSWORD if demo else "",
        **{"username": "", "ended": "", "notice": None, **values},
    )


@dataclass(frozen=True, slots=True)
class DemoAccount:
    username: str
    role: str
    team: str


@cache
def demo_accounts() -> dict[str, tuple[DemoAccount, ...]]:
    """The first invented account of each role, by authority."""
    found = {}
    for authority, teams in TEAMS.items():
        first: dict[Role, DemoAccount] = {}
        for _, team, _, _, people in teams:
            for username, role in people:
                first.setdefault(role, DemoAccount(username, ROLE_LABELS[role], team))
        ordered = sorted(first, key=lambda role: (role not in BEGIN_AS, list(Role).index(role)))
        found[authority.capitalize()] = tuple(first[role] for role in ordered)
    return found


# The second factor


@router.get(CODE)
def show_code(request: Request, asking: HalfSignedIn, then: str = START) -> Response:
    """The form for the code."""
    carried = Carried(local_page(then))
    if asking.session is None or asking.session.second_factor:
        return go_to(carried.then)
    with asking.service.database.read() as connection:
        needs = signing_in.needs(asking.service, connection, asking.actor.username)
    if needs == "enrolment":
        return go_to(f"{ENROL}?then={quote(carried.then)}")
    return _code_page(request, asking.actor.username, own_cookie(request, asking), carried)


@router.post(CODE)
def give_code(request: Request, sent: Sent, asking: HalfSignedIn) -> Response:
    """Completes the sign-in with a code from the app."""
    return _complete(request, sent, asking, signing_in.give_code, _code_page)


@router.get(ENROL)
def show_enrolment(request: Request, asking: HalfSignedIn, then: str = START) -> Response:
    """A secret for an authenticator app, to type or as a picture, and the form for its first code."""
    name = asking.actor.username
    with asking.service.database.read() as connection:
        if second_factor.is_set_up(connection, name):
            return go_to("/account")
    return _enrol_page(request, name, own_cookie(request, asking), Carried(local_page(then)))


@router.post(ENROL)
def enrol(request: Request, sent: Sent, asking: HalfSignedIn) -> Response:
    """Confirms the second factor with the first code from the app."""
    if asking.session is not None and asking.session.second_factor:
        return _confirm(request, sent, asking)
    return _complete(request, sent, asking, signing_in.enrol, _enrol_page)


def _confirm(request: Request, sent: FormData, asking: Asking) -> Response:
    """For somebody who is signed in, and chose to have a second factor from now on."""
    cookie, name, key = own_cookie(request, asking), asking.actor.username, asking.service.secret_key()
    code, way = field(sent, "code"), asking.way()
    done = asking.service.engine.retried(
        lambda connection: second_factor.confirm(connection, key, name, code, asking.now, way=way)
    )
    if done:
        return go_to("/account?said=second-factor")
    return _enrol_page(request, name, cookie, carried_in(sent), sentence(signing_in.WRONG_CODE))


def _complete(
    request: Request,
    sent: FormData,
    asking: Asking,
    step: Callable[..., str],
    draw: Callable[..., Response],
) -> Response:
    cookie, carried = own_cookie(request, asking), carried_in(sent)
    try:
        fresh = step(asking.service, cookie, field(sent, "code"), asking.now, way=asking.way())
    except (NotSignedIn, TryLater) as error:
        wrong = sentence(str(error))
        return told_to_wait(draw(request, asking.actor.username, cookie, carried, wrong), error)
    answer = _arrive(request, asking.service, asking.actor.username, carried)
    set_cookie(answer, fresh, asking.service.settings)
    return answer


def _code_page(request: Request, username: str, cookie: str, carried: Carried, wrong: str = "") -> HTMLResponse:
    return show_outside(
        request,
        "sign_in/code.html",
        title="Enter the code from your app",
        status=WRONG if wrong else 200,
        csrf=csrf_token(cookie),
        username=username,
        carried=carried,
        form=problems_at({"code": wrong} if wrong else {}),
        problems=wrong,
        wrong=wrong,
    )


def _enrol_page(request: Request, username: str, cookie: str, carried: Carried, wrong: str = "") -> HTMLResponse:
    service: Service = request.app.state.service
    key = service.secret_key()
    with service.database.read() as connection:
        found = second_factor.begun(connection, key, username)
    if found is None:
        found = service.engine.retried(lambda connection: second_factor.begin(connection, key, username))
    return show_outside(
        request,
        "sign_in/enrol.html",
        title="Set up your authenticator app",
        status=WRONG if wrong else 200,
        csrf=csrf_token(cookie),
        username=username,
        carried=carried,
        secret=grouped(found.secret),
        picture=qr_code(found),
        form=problems_at({"code": wrong} if wrong else {}),
        problems=wrong,
        wrong=wrong,
    )


def grouped(secret: str) -> str:
    """In groups of four, which people can type without losing their place."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code: how many modules it is wide, and the dark ones as a path."""

    size: int
    course: str


def qr_code(found: Enrolment) -> Picture:
    rows = [bytes(row) for row in segno.make(found.uri, error="m", micro=False).matrix_iter(border=QUIET)]
    dark = [(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module]
    return Picture(len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))


def _arrive(request: Request, service: Service, username: str, carried: Carried) -> Response:
    carried.keep(service, username, moment(request))
    return go_to(carried.then)


# Out, and in for the first time


@router.post("/sign-out")
def sign_out(request: Request, asking: HalfSignedIn) -> Response:
    """Ends the session at once, wherever its cookie is."""
    signing_in.sign_out(asking.service, own_cookie(request, asking), asking.now, way=asking.way())
    answer = go_to("/sign-in?said=out")
    clear_cookie(answer, asking.service.settings)
    return answer


@router.get(invitations.PAGE)
def show_invitation(request: Request) -> Response:
    """The form to set a password with an invitation."""
    return _invitation_page(request, {})


@router.post(invitations.PAGE)
def accept_invitation(request: Request, sent: Sent) -> Response:
    """Sets the password; the invitation is used up. Nobody is signed in by it."""
    service: Service = request.app.state.service
    check_origin(request, service.settings)
    code, password = field(sent, "code").strip(), field(sent, "new_password")
    if password != field(sent, "new_password_again"):
        return _invitation_page(request, {"new_password_again": "The two passwords are not the same."}, code)
    try:
        invitations.accept_from(
            service, code, password, moment(request), address=address_of(request), way=way_of(request)
        )
    except BadInput as error:
        return _invitation_page(request, {"new_password": sentence(str(error))}, code)
    except (NotSignedIn, TryLater) as error:
        return told_to_wait(_invitation_page(request, {"code": sentence(str(error))}, code), error)
    answer = go_to("/sign-in?said=password")
    if read_cookie(request, service.settings) is not None:
        clear_cookie(answer, service.settings)
    return answer


def _invitation_page(request: Request, wrong: dict[str, str], code: str = "") -> HTMLResponse:
    return show_outside(
        request,
        "sign_in/invitation.html",
        title="Set your password",
        status=WRONG if wrong else 200,
        form=problems_at(wrong),
        problems=wrong,
        wrong=wrong,
        code=code,
    )


# What these pages share


def field(sent: FormData, name: str) -> str:
    """A field as it was typed; nothing where it was not sent, or as a file."""
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def problems_at(wrong: dict[str, str]) -> Form:
    """The error summary: sentences that lead to their fields."""
    return Form((), tuple((f"#{name}", says) for name, says in wrong.items()))


def told_to_wait(answer: Response, error: WaymarkError) -> Response:
    """Where somebody tried too often, the answer says so to programs too."""
    if isinstance(error, TryLater):
        answer.status_code = SLOW
        answer.headers["retry-after"] = str(error.seconds)
    return answer


def sentence(says: str) -> str:
    """With a capital letter and a full stop."""
    return says[:1].upper() + says[1:] + ("" if says.endswith((".", "?", "!")) else ".") if says else ""
