"""What is lent, and under which case: read from the clocks of the loans, so that a loan stands in one place only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, select, text

from scheduler.deadlines import DeadlineStatus
from workflow.models import LOANS, Case, Deadline
from workflow.stock_tables import Condition, StockItem
from workflow.tables import table

ITEMS, CASES, DEADLINES = table(StockItem), table(Case), table(Deadline)
CLOCK, SUBJECT = "item_return", "item:"
SILENT = "pregnancy_end_reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """The latest loan of a thing. `ended`: its case ended, or fell silent, before the thing came back."""

    case_id: int
    lifecycle: str
    team: str
    number: int
    lent_at: datetime
    due_on: date | None
    due_at: datetime | None
    ended: bool


def loans(connection: Connection, authority: str, code: str | None = None) -> dict[str, Loan]:
    """What is out now, by code: of one thing where it is named."""
    query = (
        select(DEADLINES, CASES.c.lifecycle, CASES.c.team, CASES.c.final, CASES.c.state, ITEMS.c.fetched_at)
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .join(ITEMS, DEADLINES.c.subject == SUBJECT + ITEMS.c.code)
        .where(and_(text(LOANS), ITEMS.c.authority == authority, CASES.c.authority == authority))
        .order_by(DEADLINES.c.started_at, DEADLINES.c.case_id, DEADLINES.c.number)
    )
    if code is not None:
        query = query.where(DEADLINES.c.subject == f"{SUBJECT}{code}")
    rows = (dict(row) for row in connection.execute(query).mappings())
    latest = {row["subject"].removeprefix(SUBJECT): row for row in rows}
    return {name: _loan(row) for name, row in latest.items() if _is_out(row)}


def _is_out(row: Mapping[str, Any]) -> bool:
    """Running; or ended with its case, and not fetched since. One whose loan was taken back as a mistake is in."""
    if row["closed_at"] is None:
        return True
    with_its_case = row["status"] == DeadlineStatus.CANCELLED and (row["final"] or row["state"] == SILENT)
    return with_its_case and (row["fetched_at"] is None or row["fetched_at"] < row["closed_at"])


def _loan(row: Mapping[str, Any]) -> Loan:
    return Loan(
        case_id=row["case_id"],
        lifecycle=row["lifecycle"],
        team=row["team"],
        number=row["number"],
        lent_at=row["started_at"],
        due_on=row["due_on"],
        due_at=row["due_at"],
        ended=row["closed_at"] is not None,
    )


def item_for_a_move(connection: Connection, authority: str, code: str) -> dict[str, Any] | None:
    """What a move that names a thing must know of it; None where this authority has none of that code."""
    query = select(ITEMS.c.condition).where((ITEMS.c.code == code) & (ITEMS.c.authority == authority))
    condition = connection.execute(query).scalar()
    if condition is None:
        return None
    return {"free": condition == Condition.GOOD and not loans(connection, authority, code)}


def lent_under(connection: Connection, case_id: int) -> tuple[str, ...]:
    """The codes of the things this case has now."""
    running = (DEADLINES.c.case_id == case_id) & (DEADLINES.c.clock == CLOCK) & DEADLINES.c.closed_at.is_(None)
    subjects = connection.execute(select(DEADLINES.c.subject).where(running)).scalars()
    return tuple(sorted(one.removeprefix(SUBJECT) for one in subjects))


def came_back(connection: Connection, authority: str, code: str, condition: str) -> None:
    """How a thing is, now that it is back."""
    named = (ITEMS.c.code == code) & (ITEMS.c.authority == authority)
    connection.execute(ITEMS.update().where(named).values(condition=condition))
