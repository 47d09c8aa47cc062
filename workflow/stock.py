"""The stock of things that are lent to families, such as Real Care babies: what there is, where it is, and its care."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import local_date
from workflow.access import are_readable
from workflow.accounts import NAMED, Actor
from workflow.acts import Way, record_system_act
from workflow.errors import BadInput, Conflict, NotFound
from workflow.lending import ITEMS, Loan, loans
from workflow.references import deadline_name, reference
from workflow.repository import CASES
from workflow.stock_tables import Condition

__all__ = ["Condition", "add_item", "change_condition", "fetch_item", "stock"]


def add_item(
    connection: Connection, actor: Actor, now: datetime, *, code: str, label: str, way: Way | None = None
) -> dict[str, Any]:
    """Another thing to lend. Its code stands on it and is used once, whatever becomes of it."""
    if not NAMED.fullmatch(code):
        raise BadInput(
            f"{code[:60]!r} is not a code: up to 60 small letters, digits, dots, dashes and underscores, such as rcb-1"
        )
    if not label.strip():
        raise BadInput("a thing needs a name that people know it by")
    if connection.execute(select(ITEMS.c.code).where(ITEMS.c.code == code)).first():
        raise Conflict(f"there is a thing {code!r} in a stock already: give this one another code")
    row = {"code": code, "authority": actor.authority, "label": label.strip(), "condition": Condition.GOOD}
    connection.execute(ITEMS.insert(), {**row, "added_at": now})
    record_system_act(connection, "add_item", actor, now, facts={"code": code}, way=way)
    return _item(connection, actor, now, code)


def change_condition(
    connection: Connection, actor: Actor, now: datetime, *, code: str, condition: Condition, way: Way | None = None
) -> dict[str, Any]:
    """Mended, lost, found again or out of use. Conflict while it is lent: that is recorded on the case."""
    _check_in(connection, actor, code)
    connection.execute(ITEMS.update().where(ITEMS.c.code == code).values(condition=Condition(condition)))
    facts = {"code": code, "condition": Condition(condition).value}
    record_system_act(connection, "change_item", actor, now, facts=facts, way=way)
    return _item(connection, actor, now, code)


def _check_in(connection: Connection, actor: Actor, code: str) -> None:
    _known(connection, actor, code)
    loan = loans(connection, actor.authority, code).get(code)
    if loan is not None:
        raise Conflict(f"{code} is lent: record on its case that it is back" if not loan.ended else _STILL_OUT % code)


_STILL_OUT = "%s was not back when the case ended: record first that it was fetched"


def fetch_item(
    connection: Connection, actor: Actor, now: datetime, *, code: str, way: Way | None = None
) -> dict[str, Any]:
    """Back from a family whose case had ended, or fallen silent, before. Conflict where its case can say so itself."""
    _known(connection, actor, code)
    loan = loans(connection, actor.authority, code).get(code)
    if loan is None:
        raise Conflict(f"{code} is not lent")
    if not loan.ended:
        raise Conflict(f"{code} is lent under an open case: record there that it is back")
    connection.execute(ITEMS.update().where(ITEMS.c.code == code).values(fetched_at=now))
    record_system_act(connection, "fetch_item", actor, now, facts={"code": code}, way=way)
    return _item(connection, actor, now, code)


def _known(connection: Connection, actor: Actor, code: str) -> None:
    named = (ITEMS.c.code == code) & (ITEMS.c.authority == actor.authority)
    if connection.execute(select(ITEMS.c.code).where(named).with_for_update()).first() is None:
        raise NotFound(f"there is nothing of the code {code[:60]!r} in the stock of {actor.authority}")


def _item(connection: Connection, actor: Actor, now: datetime, code: str) -> dict[str, Any]:
    return next(one for one in stock(connection, actor, now) if one["code"] == code)


def stock(connection: Connection, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Everything lent or to be lent in the authority, by code: where it is and when it is due back.

    The case that has it is named only to those who may read that case; others see the team.
    """
    rows = connection.execute(select(ITEMS).where(ITEMS.c.authority == actor.authority).order_by(ITEMS.c.code))
    out = loans(connection, actor.authority)
    mine = (CASES.c.id.in_({one.case_id for one in out.values()})) & are_readable(connection, actor, now)
    readable = set(connection.execute(select(CASES.c.id).where(mine)).scalars()) if out else set()
    return [_shown(dict(row), out.get(row["code"]), readable, local_date(now)) for row in rows.mappings()]


def _shown(row: Mapping[str, Any], loan: Loan | None, readable: set[int], today: date) -> dict[str, Any]:
    shown = {name: row[name] for name in ("code", "label", "condition", "added_at")}
    nowhere = dict.fromkeys(("case", "deadline", "team", "lent_at", "due_on"))
    if loan is None:
        where = "in_stock" if row["condition"] == Condition.GOOD else "out_of_use"
        return {**shown, **nowhere, "where": where, "overdue": False}
    seen = loan.case_id in readable
    return {
        **shown,
        "where": "to_be_fetched" if loan.ended else "lent",
        "case": reference(loan.lifecycle, loan.case_id) if seen else None,
        "deadline": deadline_name(loan.lifecycle, loan.case_id, loan.number) if seen else None,
        "team": loan.team,
        "lent_at": loan.lent_at,
        "due_on": loan.due_on,
        "overdue": loan.ended or (loan.due_on is not None and loan.due_on < today),
    }
