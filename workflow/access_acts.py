"""Who may read a case beyond its team: restricting it, naming readers, granting sight of it, and breaking the glass."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import end_of_day, local_date, written
from states.facts import Fact, code, day, text
from states.roles import one_of_role
from workflow import outbox
from workflow.access import ACCESS, ANSWER_FOR_ALL, root_of, sight
from workflow.access_tables import AccessKind
from workflow.accounts import TEAMS, USERS, Actor, find_actor
from workflow.acts import Act, Acted, Way, check_asked, move_for, refused
from workflow.alert_tables import ChannelName
from workflow.delivery.routes import INBOX_ONLY, Routes
from workflow.engine import Engine
from workflow.errors import BadInput, NotAllowed
from workflow.models import EntryKind
from workflow.moves import Moved
from workflow.outbox import Draft
from workflow.permissions import READS_NO_CASE, Permission, has
from workflow.recipients import Directory
from workflow.references import entry_name, reference
from workflow.repository import CASES
from workflow.requirements import Firing

BROKEN_FOR = timedelta(hours=8)  # the length of a duty shift
LONGEST_GRANT = timedelta(days=366)
DONE = Acted(kind=EntryKind.SYSTEM, trace={})
REASON = text("reason", "Why")
PERSON = code("person", "Who", "the user name of an account")
UNTIL = day("until", "Until the end of")


def change_access(
    engine: Engine,
    actor: Actor,
    now: datetime,
    *,
    act: str,
    case: str,
    facts: Mapping[str, Any],
    way: Way | None = None,
) -> Moved:
    """Does one of ACTS, as evidence on the case: who may read it, and all that stands under it, from now on.

    MoveRefused or BadInput in a sentence; NotAllowed for a role that answers for no record.
    """
    asked, work = ACTS[act]

    def checked(firing: Firing) -> Acted:
        if not has(actor, Permission.GIVE_ACCESS):
            raise NotAllowed(f"{one_of_role(actor.role)} may not say who else reads a case; its manager may")
        standing = firing.standing
        if sight(firing.connection, actor, standing.lifecycle, standing.case, now) == AccessKind.BREAK_GLASS:
            raise NotAllowed("who reads a case by broken glass opens it to nobody, and for no longer; its manager may")
        if standing.case["parent_id"] is not None:
            raise refused(firing, "state", "case", "access is given on the case it stands under, for both")
        work(firing)
        return DONE

    return engine.act(move_for(act, case, facts, way or Way()), actor, now, Act(asked, checked))


def break_glass(
    engine: Engine,
    actor: Actor,
    now: datetime,
    *,
    case: str,
    reason: str,
    way: Way | None = None,
    routes: Routes = INBOX_ONLY,
) -> Moved:
    """Lets the account itself read a restricted case of its kind for eight hours; the manager is told at once.

    NotFound where role and team read no such case at all: existence is then not revealed. A reason that is none is
    BadInput whether there is a case or not: nobody finds that out without being told of.
    """
    move = move_for("break_glass", case, {"reason": reason}, way or Way())
    check_asked((REASON,), move)
    return engine.act(move, actor, now, Act((REASON,), partial(_broken, routes=routes), sees=False))


def _restricted(firing: Firing) -> None:
    if firing.standing.case["restricted"]:
        raise refused(firing, "state", "restricted", "the case is restricted already")
    _set_restricted(firing, True)


def _lifted(firing: Firing) -> None:
    if not firing.standing.case["restricted"]:
        raise refused(firing, "state", "restricted", "the case is not restricted")
    _set_restricted(firing, False)


def _set_restricted(firing: Firing, restricted: bool) -> None:
    root = firing.standing.case["id"]
    all_of_it = (CASES.c.id == root) | (CASES.c.parent_id == root)
    firing.connection.execute(CASES.update().where(all_of_it).values(restricted=restricted))


def _named(firing: Firing) -> None:
    if not firing.standing.case["restricted"]:
        raise refused(firing, "state", "restricted", "readers are named on a restricted case; this one is not")
    _added(firing, AccessKind.NAMED, None)


def _granted(firing: Firing) -> None:
    until = date.fromisoformat(firing.judged.values["until"])
    today = local_date(firing.now)
    if until < today or until > today + LONGEST_GRANT:
        raise refused(firing, "time", "until", f"{written(until)} is not between today and a year ahead")
    _added(firing, AccessKind.GRANTED, end_of_day(until))


def _added(firing: Firing, kind: AccessKind, until: datetime | None) -> None:
    person = find_actor(firing.connection, firing.judged.values["person"])
    if person.authority != firing.standing.case["authority"] or person.role in READS_NO_CASE:
        raise BadInput(
            f"{person.username} reads no case of {firing.standing.case['authority']}: name somebody who does"
        )
    _replace(firing, person.username, kind, until)


def _ended(firing: Firing) -> None:
    theirs = (ACCESS.c.case_id == firing.standing.case["id"]) & (ACCESS.c.username == firing.judged.values["person"])
    if firing.connection.execute(ACCESS.delete().where(theirs)).rowcount == 0:
        raise refused(firing, "state", "person", "nothing was given to this person")


def _broken(firing: Firing, *, routes: Routes) -> Acted:
    case = firing.standing.case
    root = firing.connection.execute(CASES.select().where(CASES.c.id == root_of(case))).mappings().one()
    _replace(firing, firing.actor.username, AccessKind.BREAK_GLASS, firing.now + BROKEN_FOR, root["id"])
    directory = Directory(firing.connection, local_date(firing.now))
    ref = reference(firing.standing.lifecycle.id, case["id"])
    name = entry_name(firing.standing.lifecycle.id, case["id"], case["seq"] + 1)
    drafts = [
        Draft(
            key=f"{name}/{person}" if way is ChannelName.INBOX else f"{name}/{person}/{way}",
            recipient=person,
            channel=way,
            template="break_glass",
            params={"case": ref, "entry": name},
            case_id=case["id"],
            urgent=True,
        )
        for person in _told_of_it(firing, dict(root), directory)
        for way in routes.to_person(directory.has_address(person))
    ]
    outbox.queue(firing.connection, drafts, firing.now)
    return DONE


def _told_of_it(firing: Firing, root: Mapping[str, Any], directory: Directory) -> list[str]:
    """The team's manager, who stands in today, and the owner; where no manager is there, the next who answers.

    Never only whoever broke the glass.
    """
    manager = firing.connection.execute(
        select(TEAMS.c.manager)
        .join(USERS, USERS.c.username == TEAMS.c.manager)
        .where(TEAMS.c.code == root["team"], USERS.c.active)
    ).scalar()
    managers = [one for one in (manager, directory.manager_of(root["team"])) if one and one != firing.actor.username]
    record = firing.standing.lifecycle.record
    for role in ANSWER_FOR_ALL if not managers else ():
        found, _ = directory.for_roles(
            (role,), owner=None, team=root["team"], authority=root["authority"], record=record
        )
        managers = [one for one in found if one != firing.actor.username]
        if managers:
            break
    owner = root["owner"] if root["owner"] != firing.actor.username else None
    return list(dict.fromkeys([*managers, *([owner] if owner else [])]))


def _replace(
    firing: Firing, username: str, kind: AccessKind, until: datetime | None, case_id: int | None = None
) -> None:
    root = case_id or firing.standing.case["id"]
    same = (ACCESS.c.case_id == root) & (ACCESS.c.username == username) & (ACCESS.c.kind == kind)
    firing.connection.execute(ACCESS.delete().where(same))
    row = {"case_id": root, "username": username, "kind": kind, "until": until}
    firing.connection.execute(ACCESS.insert(), {**row, "given_by": firing.actor.username, "given_at": firing.now})


def readers_of(connection: Connection, case_id: int, now: datetime) -> list[dict[str, Any]]:
    """Everybody with an access of their own to a case, and until when."""
    valid = (ACCESS.c.case_id == case_id) & (ACCESS.c.until.is_(None) | (ACCESS.c.until > now))
    query = select(ACCESS).where(valid).order_by(ACCESS.c.given_at, ACCESS.c.username)
    return [dict(row) for row in connection.execute(query).mappings()]


# What each act asks for, and what it does.
ACTS: Mapping[str, tuple[tuple[Fact, ...], Callable[[Firing], None]]] = {
    "restrict": ((REASON,), _restricted),
    "lift_restriction": ((REASON,), _lifted),
    "name_reader": ((PERSON, REASON), _named),
    "grant_access": ((PERSON, REASON, UNTIL), _granted),
    "end_access": ((PERSON, REASON), _ended),
}
