"""My account: who I am and may be, where I am signed in, what I prove myself with, and what I left unfinished."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.responses import Response

from states.catalogue import LIFECYCLES
from states.facts import Fact, FactProblem, choice, code, number
from workflow.desks import drafts_of
from workflow.directory import find_person
from workflow.errors import BadInput, NotAllowed, NotFound, TryLater
from workflow.identity import second_factor, sessions, tokens
from workflow.identity import sign_in as signing_in
from workflow.identity.local_pages import local_page
from workflow.models import TokenScope
from workflow.permissions import Permission, has
from workflow.references import read_reference
from workflow.serving.asking import Asking, Needs
from workflow.web.carried import carried_in
from workflow.web.drafts import drop_path
from workflow.web.forms import Form, form
from workflow.web.reading import read
from workflow.web.showing import Sent, go_to, show
from workflow.web.sign_in import WRONG, field, problems_at, sentence, told_to_wait

router = APIRouter()
Oneself = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]

PERMISSION_WORDS = {
    Permission.OWN_ACCOUNT: "See to my own account and read my messages",
    Permission.SEE_RULES: "Read the rules: lifecycles, criteria and time limits",
    Permission.READ_CASES: "Read cases that are mine to see",
    Permission.WRITE_CASES: "Record what happens on cases, as far as my role allows each step",
    Permission.OPEN_CASES: "Open cases or take a caseload over",
    Permission.SEARCH_NAMES: "Search for people by name",
    Permission.READ_EVIDENCE: "Search the evidence over all cases I may read",
    Permission.READ_REPORTS: "Read the reports",
    Permission.READ_ALERTS_TOLD: "See who was told what, and how late",
    Permission.ARRANGE_CLINICS: "Plan pre-birth clinics, and say that they were held",
    Permission.KEEP_STOCK: "Keep the stock of things that are lent",
    Permission.COMPARE_POLICIES: "Compare versions of a policy on the caseload",
    Permission.GIVE_ACCESS: "Restrict a case and give sight of it",
    Permission.ARRANGE_WORK: "Arrange cover for people who are away",
    Permission.CHANGE_CALENDAR: "Record a bank holiday, and date open work by it",
    Permission.RUN_SYSTEM: "Run the system: people, teams, settings",
    Permission.KEEP_OFFER: "Keep the map of what families can turn to",
    Permission.SUPPLY_FIGURES: "Work out figures from the looked-after return, and keep them",
}
NOTICES = {
    "ended": "That session is signed out.",
    "others": "You are signed out everywhere else.",
    "password": "Your password is changed. You are signed out everywhere else.",
    "second-factor": "Your second factor is set up. From now on, signing in asks for a code.",
    "revoked": "It is revoked and opens nothing any more.",
    "discarded": "The draft is discarded.",
}
FORMS = {
    "/referrals/new": "New referral",
    "/system/people/new": "New account",
    "/system/teams/new": "New team",
    "/absences": "An absence",
}
TOKEN: tuple[Fact, ...] = (
    code("token_name", "What is it for?", "A name to know it by later, such as: reporting script"),
    choice(
        "scope",
        "What may it do?",
        {TokenScope.READ.value: "look only", TokenScope.ACT.value: "everything that I may do"},
    ),
    number("days", "For how many days?", minimum=1, maximum=tokens.MOST_DAYS),
)


# Who I am, and where


@router.get("/account")
def show_account(request: Request, asking: Oneself, said: str = "") -> Response:
    """Who I am, what I may do, where I am signed in and what I left unfinished."""
    name, idle = asking.actor.username, timedelta(minutes=asking.service.settings.session_idle_minutes)
    with asking.service.database.read() as connection:
        person = find_person(connection, asking.actor.authority, name)
        signed_in = sessions.list_for(connection, name, asking.now, idle=idle)
        factor = second_factor.is_set_up(connection, name)
        issued = tokens.list_for(connection, name, asking.now)
        drafts = drafts_of(connection, name)
    return show(
        request,
        asking,
        "account/account.html",
        title="Your account",
        here="account",
        person=person,
        permissions=[PERMISSION_WORDS[one] for one in Permission if has(asking.actor, one)],
        signed_in_places=signed_in,
        this_one=asking.session.id if asking.session else None,
        second_factor=factor,
        programs=[one for one in issued if one.scope is not TokenScope.FEED],
        feeds=[one for one in issued if one.scope is TokenScope.FEED],
        drafts=[{**one, "words": words_for_form(one["about"])} for one in drafts],
        notice=NOTICES.get(said),
    )


@router.post("/account/sessions/end")
def end_session(sent: Sent, asking: Oneself) -> Response:
    """Signs out in one place."""
    name, id, way = asking.actor.username, field(sent, "id"), asking.way()
    asking.service.engine.retried(lambda c: sessions.end_own(c, name, id, asking.now, way=way))
    return go_to("/account?said=ended")


@router.post("/account/sessions/end-others")
def end_other_sessions(asking: Oneself) -> Response:
    """Signs out everywhere but here."""
    name, mine, way = asking.actor.username, _session(asking), asking.way()
    asking.service.engine.retried(lambda c: sessions.end_others(c, name, asking.now, except_id=mine, way=way))
    return go_to("/account?said=others")


# The password


@router.get("/account/password")
def show_password(request: Request, asking: Oneself) -> Response:
    """The form for another password."""
    return _password_page(request, asking, {})


@router.post("/account/password")
def change_password(request: Request, sent: Sent, asking: Oneself) -> Response:
    """Takes the new password for the old; every other session of mine ends."""
    mine, new = _session(asking), field(sent, "new_password")
    if new != field(sent, "new_password_again"):
        return _password_page(request, asking, {"new_password_again": "The two passwords are not the same."})
    try:
        signing_in.change_password(
            asking.service,
            asking.actor.username,
            field(sent, "old_password"),
            new,
            asking.now,
            except_id=mine,
            way=asking.way(),
        )
    except BadInput as error:
        return _password_page(request, asking, {"new_password": sentence(str(error))})
    except (NotAllowed, TryLater) as error:
        return told_to_wait(_password_page(request, asking, {"old_password": sentence(str(error))}), error)
    return go_to("/account?said=password")


def _password_page(request: Request, asking: Asking, wrong: dict[str, str]) -> HTMLResponse:
    return show(
        request,
        asking,
        "account/password.html",
        title="Change your password",
        here="account",
        back="/account",
        status=WRONG if wrong else 200,
        form=problems_at(wrong),
        problems=wrong,
        wrong=wrong,
    )


def _session(asking: Asking) -> str:
    if asking.session is None:
        raise NotAllowed("a token cannot do this: sign in")
    return asking.session.id


# Tokens and the calendar


@router.get("/account/tokens")
def show_tokens(request: Request, asking: Oneself, said: str = "") -> Response:
    """The tokens that let programs act as me, and the form for another."""
    return _tokens_page(request, asking, form(TOKEN, {"days": str(tokens.USUAL_DAYS)}), notice=NOTICES.get(said))


@router.post("/account/tokens")
def make_token(request: Request, sent: Sent, asking: Oneself) -> Response:
    """Makes a token and shows it, this once."""
    _session(asking)
    reading = read(TOKEN, sent)
    if reading.problems:
        return _tokens_page(request, asking, form(TOKEN, reading.typed, reading.problems), status=WRONG)
    given = reading.given
    try:
        token = _issue(asking, given["token_name"], TokenScope(given["scope"]), given["days"])
    except BadInput as error:
        problem = FactProblem("token_name", sentence(str(error)))
        return _tokens_page(request, asking, form(TOKEN, reading.typed, [problem]), status=WRONG)
    return _shown_once(request, asking, "account/token.html", title="Your new token", token=token, days=given["days"])


def _tokens_page(
    request: Request, asking: Asking, drawn: Form, *, status: int = 200, notice: str | None = None
) -> HTMLResponse:
    with asking.service.database.read() as connection:
        issued = tokens.list_for(connection, asking.actor.username, asking.now)
    return show(
        request,
        asking,
        "account/tokens.html",
        title="Tokens for programs",
        here="account",
        back="/account",
        status=status,
        tokens=[one for one in issued if one.scope is not TokenScope.FEED],
        form=drawn,
        problems=drawn.errors,
        notice=notice,
    )


@router.post("/account/tokens/revoke")
def revoke_token(sent: Sent, asking: Oneself) -> Response:
    """Revokes a token, or the address of a calendar: it opens nothing from now on."""
    name, id, way = asking.actor.username, field(sent, "id"), asking.way()
    asking.service.engine.retried(lambda c: tokens.revoke(c, name, id, asking.now, way=way))
    back = "/account/calendar" if field(sent, "of") == "calendar" else "/account/tokens"
    return go_to(f"{back}?said=revoked")


@router.get("/account/calendar")
def show_calendar(request: Request, asking: Oneself, said: str = "") -> Response:
    """My deadlines in my calendar: the addresses given out, and a button for another."""
    with asking.service.database.read() as connection:
        issued = tokens.list_for(connection, asking.actor.username, asking.now)
    return show(
        request,
        asking,
        "account/calendar.html",
        title="Your deadlines in your calendar",
        here="account",
        back="/account",
        feeds=[one for one in issued if one.scope is TokenScope.FEED],
        most_days=tokens.MOST_DAYS,
        notice=NOTICES.get(said),
    )


@router.post("/account/calendar")
def make_calendar(request: Request, asking: Oneself) -> Response:
    """Makes an address for a calendar program and shows it, this once."""
    _session(asking)
    token = _issue(asking, "calendar", TokenScope.FEED, tokens.MOST_DAYS)
    address = tokens.feed_address(asking.service.settings.base_url, token)
    title = "The address of your calendar"
    return _shown_once(request, asking, "account/feed.html", title=title, address=address, days=tokens.MOST_DAYS)


def _issue(asking: Asking, name: str, scope: TokenScope, days: int) -> str:
    def work(connection: Connection) -> str:
        return tokens.issue(
            connection, asking.actor.username, name=name, scope=scope, days=days, now=asking.now, way=asking.way()
        )

    return asking.service.engine.retried(work)


def _shown_once(request: Request, asking: Asking, template: str, *, title: str, **values: Any) -> HTMLResponse:
    """An answer to a form that is a page: what it shows is kept nowhere, so no other page could show it."""
    return show(request, asking, template, title=title, here="account", **values)


# Drafts


@router.post("/account/drafts")
def keep_draft(sent: Sent, asking: Oneself) -> Response:
    """Keeps what a page carried along, and leads to its form."""
    carried = carried_in(sent)
    carried.keep(asking.service, asking.actor.username, asking.now)
    return go_to(carried.then)


@router.post("/account/drafts/discard")
def discard_draft(sent: Sent, asking: Oneself) -> Response:
    """Forgets a draft; leads back to where it was discarded."""
    about = field(sent, "about")
    if not about:
        raise NotFound("there is no such draft")
    drop_path(asking, about)
    back = local_page(field(sent, "then"))
    return go_to(back if back != "/" else "/account?said=discarded")


def words_for_form(about: str) -> str:
    """What a form is called, told from its path: "PB-12: accept the referral"."""
    if about in FORMS:
        return FORMS[about]
    parts = [part for part in about.split("/") if part]
    if len(parts) > 1 and parts[0] == "cases":
        step = _step_words(parts[1], parts[-1]) if len(parts) > 2 else ""
        return f"{parts[1]}: {step}" if step else f"Case {parts[1]}"
    words = " ".join(part.replace("-", " ").replace("_", " ") for part in parts)
    return words[:1].upper() + words[1:] or "A form"


def _step_words(ref: str, step: str) -> str:
    """The label of a move where it is one, else the words of the path."""
    plain = step.replace("-", " ").replace("_", " ")
    try:
        lifecycle = LIFECYCLES[read_reference(ref)[0]]
    except NotFound:
        return plain
    return next((row.label for row in lifecycle.transitions if row.trigger == step), plain)
