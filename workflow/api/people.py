"""The accounts of one's authority: everybody reads who is who, administrators see to them."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from states.roles import Role
from workflow import accounts
from workflow.api.bodies import Day, Given
from workflow.api.directory import (
    NAMED,
    TRAINED,
    Administrator,
    Colleague,
    Name,
    Person,
    Username,
    person,
    person_row,
    team_row,
)
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.api.row_tags import Seen, check_seen, row_tag
from workflow.directory import page_of_people
from workflow.errors import Conflict, NotAllowed
from workflow.identity import invitations, second_factor, sessions
from workflow.permissions import Permission, has
from workflow.serving.asking import Asking
from workflow.serving.once import once, shown_once
from workflow.serving.problem_types import responses

router = subject("people and teams")
DOES = responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
LONGEST = 200


class People(BaseModel):
    """A page of accounts, by name to sign in with; `next` is what to give as `after` for those that follow."""

    people: list[Person]
    next: str | None


class NewPerson(Given):
    username: Name = Field(description="the name to sign in with")
    name: str = Field(max_length=LONGEST, examples=["Ann Example"])
    role: Role = Field(description="SYS is the service itself and nobody's", examples=["CW"])
    team: Name
    trained_until: Day | None = Field(default=None, description=TRAINED)
    email: str | None = Field(default=None, max_length=320, examples=["ann@example.gov.uk"])


class Change(Given):
    """What is left out stays as it is. Role and team stay always: who works elsewhere gets another account."""

    name: str | None = Field(default=None, max_length=LONGEST, examples=["Ann Example-Smith"])
    email: str | None = Field(default=None, max_length=320, examples=["ann@example.gov.uk"])
    trained_until: Day | None = Field(default=None, description=TRAINED)


class Invited(BaseModel):
    """An invitation, shown this once: whoever holds the code sets the account's password with it."""

    username: str
    invitation: str = Field(examples=["wi_..."])
    page: str = Field(description="where it is given")
    valid_for_hours: int


class SignedOut(BaseModel):
    ended: int = Field(description="how many sessions that ended")


@router.get("/people", responses=LOOKS)
def list_people(
    asking: Colleague,
    after: Annotated[str | None, Query(pattern=NAMED, description="the last name of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> People:
    """Who is who in my authority. E-mail addresses and the like are shown to administrators only."""
    with asking.service.database.read() as connection:
        rows = page_of_people(connection, asking.actor.authority, after=after, limit=limit)
    shown = [person(row, whole=_sees_all(asking)) for row in rows[:limit]]
    return People(people=shown, next=shown[-1].username if len(rows) > limit else None)


@router.get("/people/{username}", responses=LOOKS)
def show_person(asking: Colleague, username: Username, response: Response) -> Person:
    """One account of my authority. Its ETag is what a change of it asks for."""
    with asking.service.database.read() as connection:
        row = person_row(connection, asking, username)
    response.headers["etag"] = row_tag(row)
    return person(row, whole=_sees_all(asking))


@router.post("/people", status_code=201, responses=ACTS)
def add_person(asking: Administrator, given: NewPerson, key: Key, response: Response) -> Person:
    """Add an account to my authority. It can do nothing until it is invited (POST /people/{username}/invite)."""

    def work(connection: Connection) -> dict[str, object]:
        team_row(connection, asking, given.team)
        if not accounts.add_user(connection, asking.operator(), **given.model_dump()):
            raise Conflict(f"there is an account {given.username!r} already")
        return person_row(connection, asking, given.username)

    said = {"makes": "person", **given.model_dump(mode="json")}
    row = once(asking, key, said, work, lambda connection: person_row(connection, asking, given.username))
    response.headers["etag"] = row_tag(row)
    return person(row, whole=True)


@router.patch("/people/{username}", responses=ACTS)
def change_person(asking: Administrator, username: Username, given: Change, seen: Seen, response: Response) -> Person:
    """Correct a name, an e-mail address or a training."""

    def work(connection: Connection) -> dict[str, object]:
        check_seen(seen, person_row(connection, asking, username, lock=True), f"the account {username!r}")
        accounts.change_user(connection, asking.operator(), username=username, **given.model_dump())
        return person_row(connection, asking, username)

    row = asking.service.engine.retried(work)
    response.headers["etag"] = row_tag(row)
    return person(row, whole=True)


@router.post("/people/{username}/disable", status_code=204, responses=DOES)
def disable_person(asking: Administrator, username: Username) -> None:
    """Close an account, revoke its tokens and sign it out, at once. What it did keeps its name."""
    _check_other(asking, username)

    def work(connection: Connection) -> None:
        person_row(connection, asking, username, lock=True)
        accounts.disable_user(connection, asking.operator(), username=username)

    asking.service.engine.retried(work)


@router.post("/people/{username}/invite", status_code=201, responses=ACTS)
def invite_person(asking: Administrator, username: Username, key: Key) -> Invited:
    """Give somebody a code to set a first or a new password with, once. It is shown this once."""
    _check_other(asking, username)

    def work(connection: Connection) -> str:
        person_row(connection, asking, username)
        return invitations.invite(connection, asking.operator(), username=username)

    code = once(asking, key, {"makes": "invitation", "username": username}, work, shown_once("an invitation"))
    page = invitations.page(asking.service.settings.base_url)
    return Invited(username=username, invitation=code, page=page, valid_for_hours=invitations.HOURS)


@router.post("/people/{username}/reset-second-factor", status_code=204, responses=DOES)
def reset_second_factor(asking: Administrator, username: Username) -> None:
    """Take a lost second factor away and sign the account out; the next sign-in sets up another."""
    _check_other(asking, username)

    def work(connection: Connection) -> None:
        person_row(connection, asking, username)
        second_factor.forget(connection, asking.operator(), username=username)

    asking.service.engine.retried(work)


@router.post("/people/{username}/sign-out", responses=DOES)
def sign_person_out(asking: Administrator, username: Username) -> SignedOut:
    """End every session of an account at once; its tokens stay."""

    def work(connection: Connection) -> int:
        person_row(connection, asking, username)
        return sessions.sign_out(connection, asking.operator(), username=username)

    return SignedOut(ended=asking.service.engine.retried(work))


def _sees_all(asking: Asking) -> bool:
    return has(asking.actor, Permission.RUN_SYSTEM)


def _check_other(asking: Asking, username: str) -> None:
    """Whoever got hold of an administrator's token would else get hold of the account for good."""
    if username == asking.actor.username:
        raise NotAllowed("nobody does this to their own account: another administrator can")
