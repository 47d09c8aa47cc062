"""How many women each Pause practitioner works with, and where that lies outside what the programme asks for."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, true

from states.catalogue import LIFECYCLES
from states.pause import FEWEST_WOMEN, MOST_WOMEN
from states.roles import Role
from workflow.access import teams_seen
from workflow.accounts import TEAMS, USERS, Actor
from workflow.permissions import reads_kind
from workflow.repository import CASES


def pause_caseloads(
    connection: Connection, actor: Actor, now: datetime, team: str | None = None
) -> list[dict[str, Any]]:
    """Each practitioner of the teams this account sees, those without a case too: the women whose open case is theirs.

    `standing`: below, within, full or above (6 to 8: CNC). Restricted cases count: how many there are names nobody.
    """
    if not reads_kind(actor, LIFECYCLES["pause"], actor.authority):
        return []
    seen = teams_seen(connection, actor, now)
    wanted = and_(
        TEAMS.c.authority == actor.authority,
        TEAMS.c.code == team if team is not None else true(),
        TEAMS.c.code.in_(seen) if seen is not None else true(),
        USERS.c.role == Role.PAUSE_PRACTITIONER,
    )
    held = and_(CASES.c.owner == USERS.c.username, ~CASES.c.final, CASES.c.lifecycle == "pause")
    women = func.count(CASES.c.id)
    query = (
        select(USERS.c.username, USERS.c.name, USERS.c.team, women.label("women"))
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .outerjoin(CASES, held)
        .where(wanted)
        .group_by(USERS.c.username, USERS.c.name, USERS.c.team, USERS.c.active)
        .having(or_(USERS.c.active, women > 0))  # who has left and still holds a case stands here too
        .order_by(USERS.c.name, USERS.c.username)
    )
    return [{**row, "standing": standing(row["women"])} for row in connection.execute(query).mappings()]


def standing(women: int) -> str:
    if women > MOST_WOMEN:
        return "above"
    if women == MOST_WOMEN:
        return "full"
    return "below" if women < FEWEST_WOMEN else "within"
