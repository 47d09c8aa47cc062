"""Running the system: people and teams, who is away, the settings in effect, and how the service stands. No case."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.responses import Response

from scheduler.calendars import local_date
from states.facts import Fact, FactProblem, choice, code, day, person
from states.roles import ROLE_LABELS, Role
from workflow import absences, accounts
from workflow.directory import check_manager, find_person, find_team, names_of_people, page_of_people, teams_of
from workflow.effective_settings import effective_settings
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound, WaymarkError
from workflow.identity import invitations, second_factor, sessions
from workflow.job_log import latest_runs
from workflow.models import Record
from workflow.outbox import waiting
from workflow.permissions import Permission, has
from workflow.readiness import readiness
from workflow.serving.asking import Asking, Needs
from workflow.web.drafts import drop, kept
from workflow.web.forms import Form, form, typed_date
from workflow.web.pages import RECORD_WORDS
from workflow.web.reading import Reading, read, typed_in
from workflow.web.showing import Sent, go_to, show
from workflow.web.sign_in import WRONG, field, sentence

router = APIRouter()
Administrator = Annotated[Asking, Depends(Needs(Permission.RUN_SYSTEM))]
Colleague = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]
Username = Annotated[str, Path(pattern=accounts.NAMED.pattern)]
AT_ONCE = 100  # accounts on a page
TRAINED = day(
    "trained_until",
    "Trained to assess parents with a learning disability until",
    "the last day; a day that has passed ends it",
    required=False,
)

NOTICES = {
    "changed": "The account is changed.",
    "disabled": "The account is closed. Its sessions and tokens ended at once.",
    "factor": "The second factor is taken away. The next sign-in sets up another.",
    "out": "Every session of the account has ended.",
    "team": "The team is there.",
    "manager": "The manager is named.",
    "away": "It is recorded who is away and who covers.",
    "back": "The absence is taken back.",
}


# How the service stands


@router.get("/system")
def show_health(request: Request, asking: Administrator) -> Response:
    """Whether the service is fit to work, what its jobs did last, and what waits to be delivered."""
    service = asking.service
    found = readiness(service, asking.now)
    with service.database.read() as connection:
        jobs, undelivered = latest_runs(connection), waiting(connection, asking.now)
    return show(
        request,
        asking,
        "administration/health.html",
        title="System",
        here="system",
        part="health",
        ready=found.ready,
        says=found.says,
        schema=service.database.schema_version(),
        jobs=jobs,
        undelivered=undelivered,
    )


@router.get("/system/settings")
def show_settings(request: Request, asking: Administrator) -> Response:
    """The settings in effect; of a secret only whether it is set."""
    settings = [(name, _in_words(value)) for name, value in effective_settings(asking.service).items()]
    return show(
        request,
        asking,
        "administration/settings.html",
        title="Settings in effect",
        here="system",
        part="settings",
        settings=settings,
    )


def _in_words(value: Any) -> str:
    match value:
        case None | [] | {}:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(str(one) for one in value)
        case dict():
            return ", ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)


# People


@router.get("/system/people")
def list_people(request: Request, asking: Administrator, after: str = "") -> Response:
    """The accounts of my authority."""
    with asking.service.database.read() as connection:
        rows = page_of_people(connection, asking.actor.authority, after=after[:60] or None, limit=AT_ONCE)
    return show(
        request,
        asking,
        "administration/people.html",
        title="People",
        here="system",
        part="people",
        people=rows[:AT_ONCE],
        more=rows[AT_ONCE - 1]["username"] if len(rows) > AT_ONCE else None,
        is_first=not after,
    )


@router.get("/system/people/new")
def show_new_person(request: Request, asking: Administrator) -> Response:
    """The form for an account."""
    draft = kept(asking, request)
    drawn = form(_person_facts(asking), typed_in(_person_facts(asking), draft) if draft else None)
    return _form_page(request, asking, "New account", drawn, back="/system/people", saved_at=draft and draft.saved_at)


@router.post("/system/people/new")
def add_person(request: Request, sent: Sent, asking: Administrator) -> Response:
    """Adds the account, and shows the code with which its person sets a password, this once."""
    facts = _person_facts(asking)
    reading = read(facts, sent)
    given, by = reading.given, asking.operator()

    def work(connection: Connection) -> str:
        find_team(connection, asking.actor.authority, given["team"])
        made = accounts.add_user(
            connection,
            by,
            username=given["username"],
            name=given["name"],
            role=Role(given["role"]),
            team=given["team"],
            trained_until=_day(given.get("trained_until")),
            email=given.get("email"),
        )
        if not made:
            raise Conflict(f"there is an account {given['username']!r} already")
        return invitations.invite(connection, by, username=given["username"])

    code_, drawn = _done(asking, facts, reading, work, "username")
    if drawn is not None:
        return _form_page(request, asking, "New account", drawn, back="/system/people", status=WRONG)
    drop(asking, request)
    return _invitation(request, asking, given["username"], code_)


def _day(given: str | None) -> date | None:
    return date.fromisoformat(given) if given else None


def _person_facts(asking: Asking) -> tuple[Fact, ...]:
    with asking.service.database.read() as connection:
        teams = {row["code"]: row["name"] for row in teams_of(connection, asking.actor.authority)}
    roles = {role.value: ROLE_LABELS[role] for role in Role if role is not Role.SYSTEM}
    return (
        code("username", "User name", "To sign in with: small letters, digits, dots, dashes. For example, ann.example"),
        code("name", "Full name"),
        choice("role", "Role", roles),
        choice("team", "Team", teams),
        TRAINED,
        code("email", "Email address", "Where messages are sent", required=False),
    )


@router.get("/system/people/{username}")
def show_person(request: Request, username: Username, asking: Administrator, said: str = "") -> Response:
    """One account, and what can be done about it."""
    draft = kept(asking, request)
    typed = typed_in(PERSON_CHANGE, draft) if draft else None
    return _person_page(request, asking, username, typed=typed, saved_at=draft and draft.saved_at, said=said)


PERSON_CHANGE = (
    code("name", "Full name"),
    code("email", "Email address", "Where messages are sent", required=False),
    TRAINED,
)


@router.post("/system/people/{username}")
def change_person(request: Request, username: Username, sent: Sent, asking: Administrator) -> Response:
    """Corrects a name, an address or a training."""
    reading = read(PERSON_CHANGE, sent)
    given = reading.given

    def work(connection: Connection) -> str:
        find_person(connection, asking.actor.authority, username, lock=True)
        accounts.change_user(
            connection,
            asking.operator(),
            username=username,
            name=given["name"],
            email=given.get("email"),
            trained_until=_day(given.get("trained_until")),
        )
        return ""

    _, drawn = _done(asking, PERSON_CHANGE, reading, work, "email")
    if drawn is not None:
        return _person_page(request, asking, username, drawn=drawn)
    drop(asking, request)
    return go_to(f"/system/people/{username}?said=changed")


def _person_page(
    request: Request,
    asking: Asking,
    username: str,
    *,
    drawn: Form | None = None,
    typed: Mapping[str, Any] | None = None,
    **values: Any,
) -> HTMLResponse:
    with asking.service.database.read() as connection:
        row = find_person(connection, asking.actor.authority, username)
        signed_in = sessions.list_for(connection, username, asking.now)
    now = {
        "name": row["name"],
        "email": row["email"] or "",
        "trained_until": typed_date(row["trained_until"].isoformat()) if row["trained_until"] else {},
    }
    return show(
        request,
        asking,
        "administration/person.html",
        title="An account",
        here="system",
        back="/system/people",
        status=WRONG if drawn is not None else 200,
        person=row,
        oneself=username == asking.actor.username,
        signed_in_places=signed_in,
        form=drawn or form(PERSON_CHANGE, typed or now),
        problems=drawn.errors if drawn is not None else (),
        saved_at=values.get("saved_at"),
        notice=NOTICES.get(values.get("said", "")),
    )


@router.post("/system/people/{username}/invite")
def invite_person(request: Request, username: Username, asking: Administrator) -> Response:
    """Gives a code to set a first or a new password with, and shows it, this once."""
    made = _on_person(asking, username, lambda c: invitations.invite(c, asking.operator(), username=username))
    return _invitation(request, asking, username, made)


@router.post("/system/people/{username}/disable")
def disable_person(username: Username, asking: Administrator) -> Response:
    """Closes the account at once. What it did keeps its name."""
    if username == asking.actor.username:
        raise NotAllowed("nobody closes their own account: another administrator can")
    _on_person(asking, username, lambda c: accounts.disable_user(c, asking.operator(), username=username))
    return go_to(f"/system/people/{username}?said=disabled")


@router.post("/system/people/{username}/reset-second-factor")
def reset_second_factor(username: Username, asking: Administrator) -> Response:
    """Takes a lost second factor away, and signs the account out."""
    _on_person(asking, username, lambda c: second_factor.forget(c, asking.operator(), username=username))
    return go_to(f"/system/people/{username}?said=factor")


@router.post("/system/people/{username}/sign-out")
def sign_person_out(username: Username, asking: Administrator) -> Response:
    """Ends every session of the account; its tokens stay."""
    _on_person(asking, username, lambda c: sessions.sign_out(c, asking.operator(), username=username))
    return go_to(f"/system/people/{username}?said=out")


def _on_person(asking: Asking, username: str, act: Callable[[Connection], Any]) -> Any:
    """Does it to an account of my authority."""

    def work(connection: Connection) -> Any:
        find_person(connection, asking.actor.authority, username, lock=True)
        return act(connection)

    return asking.service.engine.retried(work)


def _invitation(request: Request, asking: Asking, username: str, made: str) -> HTMLResponse:
    return show(
        request,
        asking,
        "administration/invitation.html",
        title="An invitation",
        here="system",
        username=username,
        invitation=made,
        page=invitations.page(asking.service.settings.base_url),
        hours=invitations.HOURS,
    )


# Teams


@router.get("/system/teams")
def list_teams(request: Request, asking: Administrator, said: str = "") -> Response:
    """The teams of my authority, and who manages them."""
    with asking.service.database.read() as connection:
        teams = teams_of(connection, asking.actor.authority)
        names = names_of_people(connection, asking.actor.authority)
    return show(
        request,
        asking,
        "administration/teams.html",
        title="Teams",
        here="system",
        part="teams",
        teams=teams,
        names=names,
        notice=NOTICES.get(said),
    )


TEAM = (
    code("code", "Team code", "Small letters, digits, dots, dashes. For example, durham-prebirth"),
    code("name", "What people call it"),
    choice("record", "What it works on", {one.value: RECORD_WORDS[one.value] for one in Record}),
    person("manager", "Manager", required=False),
)


@router.get("/system/teams/new")
def show_new_team(request: Request, asking: Administrator) -> Response:
    """The form for a team."""
    draft = kept(asking, request)
    drawn = form(TEAM, typed_in(TEAM, draft) if draft else None, people=_people(asking))
    return _form_page(request, asking, "New team", drawn, back="/system/teams", saved_at=draft and draft.saved_at)


@router.post("/system/teams/new")
def add_team(request: Request, sent: Sent, asking: Administrator) -> Response:
    """Adds a team to my authority."""
    authority, reading = asking.actor.authority, read(TEAM, sent)
    given = reading.given

    def work(connection: Connection) -> str:
        asking.service.policies.current(authority, local_date(asking.now))
        check_manager(connection, authority, given.get("manager"))
        accounts.add_team(
            connection,
            asking.operator(),
            code=given["code"],
            name=given["name"],
            authority=authority,
            record=Record(given["record"]),
            manager=given.get("manager"),
        )
        return ""

    _, drawn = _done(asking, TEAM, reading, work, "code", people=_people(asking))
    if drawn is not None:
        return _form_page(request, asking, "New team", drawn, back="/system/teams", status=WRONG)
    drop(asking, request)
    return go_to("/system/teams?said=team")


MANAGER = (person("manager", "Manager"),)


@router.get("/system/teams/{code}/manager")
def show_manager(request: Request, code: Username, asking: Administrator) -> Response:
    """The form that names the manager of a team."""
    with asking.service.database.read() as connection:
        row = find_team(connection, asking.actor.authority, code)
    drawn = form(MANAGER, {"manager": row["manager"] or ""}, people=_people(asking))
    return _form_page(request, asking, f"Manager of {row['name']}", drawn, back="/system/teams")


@router.post("/system/teams/{code}/manager")
def set_manager(request: Request, code: Username, sent: Sent, asking: Administrator) -> Response:
    """Names the manager, who answers for cases of the team that have no owner."""
    reading = read(MANAGER, sent)

    def work(connection: Connection) -> str:
        find_team(connection, asking.actor.authority, code, lock=True)
        check_manager(connection, asking.actor.authority, reading.given["manager"])
        accounts.set_manager(connection, asking.operator(), code=code, manager=reading.given["manager"])
        return ""

    _, drawn = _done(asking, MANAGER, reading, work, "manager", people=_people(asking))
    if drawn is not None:
        return _form_page(request, asking, "Manager of the team", drawn, back="/system/teams", status=WRONG)
    return go_to("/system/teams?said=manager")


# Absences


@router.get("/absences")
def list_absences(request: Request, asking: Colleague, said: str = "") -> Response:
    """Who is away and who covers; whoever may not arrange work sees their own absences only."""
    draft = kept(asking, request)
    facts = _absence_facts(asking)
    drawn = form(facts, typed_in(facts, draft) if draft else None, people=_people(asking))
    return _absence_page(request, asking, drawn, saved_at=draft and draft.saved_at, notice=NOTICES.get(said))


@router.post("/absences")
def set_absence(request: Request, sent: Sent, asking: Colleague) -> Response:
    """Records an absence; it takes the place of those of the same person that overlap it."""
    facts = _absence_facts(asking)
    reading = read(facts, sent)
    given = reading.given

    def work(connection: Connection) -> str:
        absences.put_absence(
            connection,
            asking.actor,
            asking.now,
            username=given.get("username", asking.actor.username),
            starts_on=date.fromisoformat(given["starts_on"]),
            ends_on=date.fromisoformat(given["ends_on"]),
            cover=given.get("cover"),
            way=asking.way(),
        )
        return ""

    _, drawn = _done(asking, facts, reading, work, "ends_on", people=_people(asking))
    if drawn is not None:
        return _absence_page(request, asking, drawn, status=WRONG)
    drop(asking, request)
    return go_to("/absences?said=away")


@router.post("/absences/remove")
def remove_absence(sent: Sent, asking: Colleague) -> Response:
    """They are there after all."""
    try:
        starts_on = date.fromisoformat(field(sent, "starts_on"))
    except ValueError:
        raise NotFound("there is no such absence") from None
    absences.remove_absence(
        asking.service.engine,
        asking.actor,
        asking.now,
        username=field(sent, "username"),
        starts_on=starts_on,
        way=asking.way(),
    )
    return go_to("/absences?said=back")


def _absence_facts(asking: Asking) -> tuple[Fact, ...]:
    who = (person("username", "Who is away"),) if has(asking.actor, Permission.ARRANGE_WORK) else ()
    return (
        *who,
        day("starts_on", "First day away"),
        day("ends_on", "Last day away"),
        person("cover", "Who covers, if not the manager of the team", required=False),
    )


def _absence_page(request: Request, asking: Asking, drawn: Form, *, status: int = 200, **values: Any) -> HTMLResponse:
    others = has(asking.actor, Permission.ARRANGE_WORK)
    with asking.service.database.read() as connection:
        rows = absences.list_absences(
            connection, asking.actor.authority, username=None if others else asking.actor.username
        )
    today = local_date(asking.now)
    return show(
        request,
        asking,
        "administration/absences.html",
        title="Who is away" if others else "When you are away",
        here="system" if has(asking.actor, Permission.RUN_SYSTEM) else "account",
        status=status,
        rows=[row for row in rows if row["ends_on"] >= today],
        names=_people(asking),
        today=today,
        others=others,
        form=drawn,
        problems=drawn.errors,
        **{"saved_at": None, "notice": None, **values},
    )


# What these pages share


def _people(asking: Asking) -> dict[str, str]:
    """The active accounts of my authority, by name; two who share a name are told apart."""
    with asking.service.database.read() as connection:
        names = names_of_people(connection, asking.actor.authority)
    return {username: f"{name} ({username})" for username, name in names.items()}


def _done(
    asking: Asking,
    facts: tuple[Fact, ...],
    reading: Reading,
    work: Callable[[Connection], str],
    blamed: str,
    *,
    people: Mapping[str, str] | None = None,
) -> tuple[str, Form | None]:
    """What the work made, or the form drawn anew with what is wrong; `blamed` is the field an error is put down to."""
    problems = list(reading.problems)
    if not problems:
        try:
            return asking.service.engine.retried(work), None
        except (BadInput, Conflict, NotAllowed, NotFound) as error:
            problems = [FactProblem(blamed, sentence(_plain(error)))]
    return "", form(facts, reading.typed, problems, people=people)


def _plain(error: WaymarkError) -> str:
    """What an error says, without what it tells people at a command line."""
    return str(error).partition(" (see `")[0]


def _form_page(
    request: Request, asking: Asking, title: str, drawn: Form, *, status: int = 200, **values: Any
) -> HTMLResponse:
    return show(
        request,
        asking,
        "administration/form.html",
        title=title,
        here="system",
        status=status,
        form=drawn,
        problems=drawn.errors,
        action=request.url.path,
        **{"saved_at": None, **values},
    )
