"""The teams of one's authority, and who manages them."""

from typing import Any

from fastapi import Response
from pydantic import Field
from sqlalchemy import Connection

from scheduler.calendars import local_date
from workflow import accounts
from workflow.api.bodies import Given
from workflow.api.directory import Administrator, Colleague, Name, Team, TeamCode, team_row
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.api.row_tags import Seen, check_seen, row_tag
from workflow.directory import check_manager, teams_of
from workflow.models import Record
from workflow.serving.once import once

router = subject("people and teams")


class NewTeam(Given):
    code: Name = Field(examples=["durham-prebirth"])
    name: str = Field(max_length=200, description="what people call it", examples=["Pre-birth team"])
    record: Record = Field(description="which records it reads", examples=["baby"])
    manager: Name | None = Field(default=None, description="who answers for its cases without an owner")


class Manager(Given):
    username: Name


@router.get("/teams", responses=LOOKS)
def list_teams(asking: Colleague) -> list[Team]:
    """The teams of my authority."""
    with asking.service.database.read() as connection:
        return [Team(**row) for row in teams_of(connection, asking.actor.authority)]


@router.get("/teams/{code}", responses=LOOKS)
def show_team(asking: Colleague, code: TeamCode, response: Response) -> Team:
    """One team of my authority. Its ETag is what a change of it asks for."""
    with asking.service.database.read() as connection:
        return _answer(response, team_row(connection, asking, code))


@router.post("/teams", status_code=201, responses=ACTS)
def add_team(asking: Administrator, given: NewTeam, key: Key, response: Response) -> Team:
    """Add a team to my authority."""
    authority = asking.actor.authority
    asking.service.policies.current(authority, local_date(asking.now))

    def work(connection: Connection) -> dict[str, Any]:
        check_manager(connection, asking.actor.authority, given.manager)
        accounts.add_team(connection, asking.operator(), authority=authority, **given.model_dump())
        return team_row(connection, asking, given.code)

    said = {"makes": "team", **given.model_dump(mode="json")}
    return _answer(response, once(asking, key, said, work, lambda c: team_row(c, asking, given.code)))


@router.put("/teams/{code}/manager", responses=ACTS)
def set_manager(asking: Administrator, code: TeamCode, given: Manager, seen: Seen, response: Response) -> Team:
    """Name the manager of a team."""

    def work(connection: Connection) -> dict[str, Any]:
        check_seen(seen, team_row(connection, asking, code, lock=True), f"the team {code!r}")
        check_manager(connection, asking.actor.authority, given.username)
        accounts.set_manager(connection, asking.operator(), code=code, manager=given.username)
        return team_row(connection, asking, code)

    return _answer(response, asking.service.engine.retried(work))


def _answer(response: Response, row: dict[str, Any]) -> Team:
    response.headers["etag"] = row_tag(row)
    return Team(**row)
