"""The running deadlines that are somebody's own: of cases they own, and those they were told of."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from states.catalogue import LIFECYCLES
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.outbox import MESSAGES
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES

MOST = 1000  # a calendar with more helps nobody; the most urgent come first


def own_deadlines(connection: Connection, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Those with a due date, the most urgent first; only of cases the account may read at this moment.

    `cycle` grows whenever the date of a deadline moves.
    """
    told = exists().where(
        (MESSAGES.c.recipient == actor.username)
        & (MESSAGES.c.case_id == DEADLINES.c.case_id)
        & (MESSAGES.c.number == DEADLINES.c.number)
    )
    query = (
        select(DEADLINES, CASES.c.lifecycle)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where(
            are_readable(connection, actor, now),
            DEADLINES.c.closed_at.is_(None),
            DEADLINES.c.due_at.is_not(None),
            or_(CASES.c.owner == actor.username, told),
        )
        .order_by(DEADLINES.c.due_at, DEADLINES.c.case_id, DEADLINES.c.number)
        .limit(MOST)
    )
    return [_own(row) for row in connection.execute(query).mappings()]


def _own(row: Any) -> dict[str, Any]:
    return {
        "deadline": deadline_name(row["lifecycle"], row["case_id"], row["number"]),
        "case": reference(row["lifecycle"], row["case_id"]),
        "label": LIFECYCLES[row["lifecycle"]].clock_by_id[row["clock"]].label,
        "due_at": row["due_at"],
        "due_on": row["due_on"],
        "cycle": row["cycle"],
    }
