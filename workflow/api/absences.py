"""Who is away, and who is told in their place."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field
from sqlalchemy import Connection

from workflow import absences
from workflow.api.bodies import Day, Given
from workflow.api.directory import NAMED, Colleague, Name, Username
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.permissions import Permission, has
from workflow.serving.once import once
from workflow.serving.problem_types import responses

router = subject("people and teams")


class Absence(Given):
    """From the first to the last of these days. Without cover, the manager of the team is told."""

    username: Name
    starts_on: Day = Field(examples=["2026-12-21"])
    ends_on: Day = Field(examples=["2027-01-04"])
    cover: Name | None = Field(default=None, examples=["sam.example"])


@router.get("/absences", responses=LOOKS)
def list_absences(
    asking: Colleague, username: Annotated[str | None, Query(pattern=NAMED, description="of one person only")] = None
) -> list[Absence]:
    """Who is away in my authority; who may not arrange work sees their own absences only."""
    if not has(asking.actor, Permission.ARRANGE_WORK):
        username = asking.actor.username
    with asking.service.database.read() as connection:
        rows = absences.list_absences(connection, asking.actor.authority, username=username)
    return [Absence(**row) for row in rows]


@router.post("/absences", status_code=201, responses=ACTS)
def set_absence(asking: Colleague, given: Absence, key: Key) -> Absence:
    """Say when somebody is away and who covers: oneself, or for others a manager or an administrator.

    It takes the place of absences of the same person that overlap it.
    """

    def work(connection: Connection) -> Absence:
        absences.put_absence(connection, asking.actor, asking.now, way=asking.way(key), **given.model_dump())
        return given

    said: dict[str, Any] = {"makes": "absence", **given.model_dump(mode="json")}
    return once(asking, key, said, work, lambda _: given)


@router.delete(
    "/absences/{username}/{starts_on}", status_code=204, responses=responses(401, 403, 404, 409, 422, 429, 503)
)
def remove_absence(
    username: Username,
    starts_on: Annotated[Day, Path(description="its first day", examples=["2026-12-21"])],
    asking: Colleague,
) -> None:
    """They are there after all."""
    absences.remove_absence(
        asking.service.engine, asking.actor, asking.now, username=username, starts_on=starts_on, way=asking.way()
    )
