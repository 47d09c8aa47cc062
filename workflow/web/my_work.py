"""My work: what is due next on my cases, what waits for my answer, what changed, and what I have not sent yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request, Response

from scheduler.calendars import WorkingCalendar, as_utc, local_date
from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow import inboxes, team_figures
from workflow.accounts import Actor, teams_with_cases, workers_of
from workflow.desks import drafts_of, drop_view, last_look, save_view, seen_up_to, views_of
from workflow.errors import BadInput, NotFound
from workflow.models import Record
from workflow.permissions import Permission, bound_to_team, reads_kind
from workflow.references import read_reference
from workflow.serving.asking import Asking, Needs, looking
from workflow.told import in_words
from workflow.web.pages import plural, working_days
from workflow.web.referral_drafts import PLACE, SENT, may_be_opened
from workflow.web.showing import Sent, go_to, show
from workflow.worklists import Due, Filters

router = APIRouter()
Worker = Annotated[Asking, Depends(Needs(Permission.READ_CASES))]
PAGE, TOP = 25, 5
FIRST_LOOK = timedelta(days=7)  # how far back changes go for somebody who has never said they saw them
HOLDERS = (Role.CASEWORKER, Role.PAUSE_PRACTITIONER)
TEAM_LEADS = (Role.TEAM_MANAGER, Role.PAUSE_LEAD)
NOBODY = "nobody"  # stands for the owner of what has none
DUES: Mapping[Due, str] = {
    "breached": "Past its date",
    "amber": "Due soon",
    "on_track": "On track",
    "paused": "Paused",
}
WHOSE = {"mine": "My own", "team": "My team's", "all": "All that I may see"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The filters of the page as its address has them; empty leaves one out."""

    whose: str
    kind: str = ""
    stage: str = ""
    status: str = ""
    owner: str = ""
    team: str = ""

    @property
    def query(self) -> str:
        """The filters as an address."""
        return urlencode({name: getattr(self, name) for name in self.__slots__ if getattr(self, name)})

    def filters(self, actor: Actor) -> Filters:
        mine = self.whose == "mine"
        own_team = actor.team if self.whose == "team" else None
        return Filters(
            lifecycle=self.kind or None,
            stage=self.stage or None,
            status=next((due for due in DUES if due == self.status), None),
            owner=actor.username if mine else self.owner if self.owner not in ("", NOBODY) else None,
            unallocated=self.owner == NOBODY and not mine,
            team=own_team or (self.team or None if not mine else None),
        )


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that somebody began and did not send."""

    label: str
    href: str
    saved_at: datetime


@router.get("/work")
def my_work(request: Request, asking: Worker) -> Response:
    """What to do today, the most pressing first."""
    actor, look = asking.actor, looking(asking)
    choices = _choices(asking)
    wanted = _wanted(request.query_params, actor, choices)
    page = look.my_work(wanted.filters(actor), after=request.query_params.get("after"), limit=PAGE)
    first = wanted == _usual(actor) and "after" not in request.query_params
    waits = _waits(asking) if first else {"alerts": [], "approvals": [], "unallocated": []}
    desk = _desk(asking)
    changes = look.changes_since(desk["since"] or asking.now - FIRST_LOOK)
    return show(
        request,
        asking,
        "work/my_work.html",
        title="My work",
        here="work",
        rows=timed(asking, page.rows),
        more=page.after and f"/work?{wanted.query}&{urlencode({'after': page.after})}",
        later="after" in request.query_params,
        wanted=wanted,
        usual=_usual(actor),
        choices=choices,
        whose=WHOSE,
        alerts=timed(asking, waits["alerts"]),
        approvals=timed(asking, waits["approvals"]),
        unallocated=timed(asking, waits["unallocated"]),
        top=TOP,
        nobody=NOBODY,
        may_open=bool(may_be_opened(actor)),
        names=_names(
            asking,
            [
                *(row["owner"] for row in page.rows),
                *(row["asked_by"] for row in waits["approvals"]),
                *(row["actor"] for row in changes.latest),
            ],
        ),
        changes=changes,
        since=desk["since"],
        **{name: desk[name] for name in ("unread", "views", "unsent")},
    )


@router.post("/seen")
def seen(asking: Worker, sent: Sent) -> Response:
    """Notes that what had changed by the moment of the page was seen; what came later is still new."""
    up_to = as_utc(instant_in(sent.get("up_to")))
    with asking.service.database.write() as connection:
        seen_up_to(connection, asking.actor.username, min(up_to, asking.now))
    return go_to("/work")


@router.post("/saved-views")
def save(request: Request, asking: Worker, sent: Sent) -> Response:
    """Keeps the filters under a name."""
    wanted = _wanted(dict(parse_qsl(str(sent.get("query") or ""))), asking.actor, _choices(asking))
    name = str(sent.get("name") or "")
    try:
        with asking.service.database.write() as connection:
            save_view(connection, asking.actor.username, name, wanted.query, asking.now)
    except BadInput as error:
        return show(
            request,
            asking,
            "work/save_view.html",
            title="Save this list",
            here="work",
            status=422,
            problems=("name",),
            says=f"{str(error)[:1].upper()}{str(error)[1:]}",
            name=name,
            query=wanted.query,
        )
    return go_to(f"/work?{wanted.query}")


@router.post("/saved-views/remove")
def remove(asking: Worker, sent: Sent) -> Response:
    """Forgets a saved list; the cases in it stay as they are."""
    with asking.service.database.write() as connection:
        drop_view(connection, asking.actor.username, str(sent.get("name") or ""))
    return go_to("/work")


def _waits(asking: Asking) -> dict[str, Sequence[dict[str, Any]]]:
    """What waits for the answer of whoever manages; one more of each than is shown, where there are more."""
    actor, look = asking.actor, looking(asking)
    if actor.role in HOLDERS:
        return {"alerts": [], "approvals": [], "unallocated": []}
    unnamed = replace(_usual(actor), owner=NOBODY).filters(actor)
    return {
        "alerts": look.alerts_told_to_me(TOP + 1),
        "approvals": look.approvals_asked_of_me(TOP + 1),
        "unallocated": look.my_work(unnamed, limit=TOP + 1).rows if actor.role in TEAM_LEADS else [],
    }


def instant_in(typed: Any) -> datetime:
    """The moment of a page as its form gives it back; BadInput where it is none."""
    try:
        found = datetime.fromisoformat(str(typed))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInput("open the page again, then say that you have seen the changes")
    return found


# The filters


def _usual(actor: Actor) -> Wanted:
    """What one sees without choosing: one's own cases, a manager the team's, and whoever reads all of them, all."""
    if actor.role in HOLDERS:
        return Wanted(whose="mine")
    return Wanted(whose="team" if actor.role in TEAM_LEADS else "all")


def _choices(asking: Asking) -> dict[str, Mapping[str, str]]:
    """What each filter may be: kinds and stages this account reads; people and teams where there is a choice."""
    actor = asking.actor
    kinds = [one for one in LIFECYCLES.values() if reads_kind(actor, one, actor.authority)]
    own, record = bound_to_team(actor), actor.record
    with asking.service.database.read() as connection:
        people = workers_of(connection, actor.authority, record, actor.team) if own else {}
        teams = {} if own else teams_with_cases(connection, actor.authority, Record.BABY)
        if record is not Record.BABY and not own:
            teams |= teams_with_cases(connection, actor.authority, Record.PAUSE)
    stages = dict.fromkeys(stage for one in kinds for stage in one.stages)
    whose = {name: words for name, words in WHOSE.items() if own or name != "team"}
    return {
        "whose": whose if own else {name: whose[name] for name in ("all", "mine")},
        "kind": {one.id: one.label for one in kinds},
        "stage": {stage: stage for stage in stages},
        "status": {str(due): words for due, words in DUES.items()},
        "owner": {NOBODY: "Nobody yet", **people} if people else {},
        "team": teams,
    }


def _wanted(given: Mapping[str, str], actor: Actor, choices: Mapping[str, Mapping[str, str]]) -> Wanted:
    """The filters that were asked for; what is none of the choices, as in an old saved list, is left out."""
    chosen = {name: given[name] for name, known in choices.items() if given.get(name) in known}
    return replace(_usual(actor), **chosen)


# Beside the cases


def _desk(asking: Asking) -> dict[str, Any]:
    with asking.service.database.read() as connection:
        username = asking.actor.username
        return {
            "since": last_look(connection, username),
            "unread": inboxes.unread(connection, asking.actor),
            "views": views_of(connection, username),
            "unsent": _unsent(drafts_of(connection, username)),
        }


def _unsent(rows: Sequence[Mapping[str, Any]]) -> list[Unsent]:
    """Forms that wait to be sent, the latest first; the pages of one referral are one form."""
    found: dict[str, Unsent] = {}
    for row in rows:
        about = str(row["about"])
        if about.startswith(f"{SENT}/"):
            continue
        label, href = _left(about)
        found.setdefault(href, Unsent(label, href, row["saved_at"]))
    return list(found.values())


def _left(about: str) -> tuple[str, str]:
    """(what the form is, where it is) from the path under which a draft is kept."""
    parts = about.strip("/").split("/")
    if about.startswith(f"{PLACE}/"):
        return "New referral", f"{PLACE}/{parts[2]}"
    if parts[0] == "cases" and len(parts) > 1:
        try:
            lifecycle = LIFECYCLES[read_reference(parts[1])[0]]
        except NotFound:
            return "A form", about
        labels = [row.label for row in lifecycle.transitions if row.trigger == parts[-1]]
        return f"{parts[1]}: {labels[0] if labels else 'a form'}", about
    return "A form", about


def _names(asking: Asking, usernames: Sequence[str | None]) -> dict[str, str]:
    wanted = {one for one in usernames if one}
    with asking.service.database.read() as connection:
        return team_figures.names(connection, wanted) if wanted else {}


# Time left


def timed(asking: Asking, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with how far away each date is, in working days of England."""
    calendar = asking.service.engine.calendar
    return [{**row, "left": time_left(row, asking.now, calendar)} for row in rows]


def time_left(row: Mapping[str, Any], now: datetime, calendar: WorkingCalendar) -> str:
    """In 3 working days, today, 2 working days late; hours where the limit counts hours. Empty without a date."""
    if row["due_at"] is None or row["status"] == "paused":
        return ""
    if row["due_on"] is None:
        return f"in {in_words(row['due_at'] - now)}" if row["due_at"] > now else f"{in_words(now - row['due_at'])} late"
    today, due = local_date(now), row["due_on"]
    days = calendar.working_days_between(today, due)
    if days or due == today:
        return working_days(days)
    return f"in {plural((due - today).days, 'day')}" if due > today else f"{plural((today - due).days, 'day')} late"
