"""Every query of the engine: rows in, rows out, on the connection of the transaction it is part of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from states.guards import Child
from workflow.models import ApprovalRequest, AuditEntry, Case, ChildRecord, Deadline, PolicyVersion, Team, UsedKey
from workflow.tables import table

CASES, CHILDREN, DEADLINES = table(Case), table(ChildRecord), table(Deadline)
APPROVALS, KEYS, POLICIES, TEAMS = table(ApprovalRequest), table(UsedKey), table(PolicyVersion), table(Team)
ENTRIES = table(AuditEntry)

_CASE = select(CASES).where(CASES.c.id == bindparam("case_id"))
_LOCKED = _CASE.with_for_update()
_RUNNING = (
    select(DEADLINES)
    .where((DEADLINES.c.case_id == bindparam("case_id")) & (DEADLINES.c.closed_at.is_(None)))
    .order_by(DEADLINES.c.number)
)
_CHILDREN = select(CHILDREN).where(CHILDREN.c.case_id == bindparam("case_id")).order_by(CHILDREN.c.number)
_UNDER = select(CASES).where(CASES.c.parent_id == bindparam("case_id")).order_by(CASES.c.id)
_USED_KEY = select(KEYS).where((KEYS.c.actor == bindparam("actor")) & (KEYS.c.key == bindparam("key")))
_CHANGE_CASE = CASES.update().where(CASES.c.id == bindparam("case_id"))
_CHANGE_DEADLINE = DEADLINES.update().where(
    (DEADLINES.c.case_id == bindparam("b_case")) & (DEADLINES.c.number == bindparam("b_number"))
)


def case_row(connection: Connection, case_id: int, *, lock: bool = False) -> dict[str, Any] | None:
    row = connection.execute(_LOCKED if lock else _CASE, {"case_id": case_id}).mappings().first()
    return dict(row) if row else None


def cases_under(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(_UNDER, {"case_id": case_id}).mappings()]


def change_case(connection: Connection, case_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(_CHANGE_CASE, {"case_id": case_id, **values})


def running_deadlines(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(_RUNNING, {"case_id": case_id}).mappings()]


def deadline_row(connection: Connection, case_id: int, number: int) -> dict[str, Any]:
    query = select(DEADLINES).where((DEADLINES.c.case_id == case_id) & (DEADLINES.c.number == number))
    return dict(connection.execute(query).mappings().one())


def add_deadlines(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(DEADLINES.insert(), list(rows))


def change_deadline(connection: Connection, case_id: int, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(_CHANGE_DEADLINE, {"b_case": case_id, "b_number": number, **values})


def children_of(connection: Connection, case_id: int) -> tuple[Child, ...]:
    rows = connection.execute(_CHILDREN, {"case_id": case_id}).mappings()
    return tuple(Child(**{name: row[name] for name in Child.__slots__}) for row in rows)


def replace_children(connection: Connection, case_id: int, children: Iterable[Child]) -> None:
    connection.execute(CHILDREN.delete().where(CHILDREN.c.case_id == case_id))
    rows = [{"case_id": case_id, **{name: getattr(child, name) for name in Child.__slots__}} for child in children]
    if rows:
        connection.execute(CHILDREN.insert(), rows)


def approvals_of(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    query = select(APPROVALS).where(APPROVALS.c.case_id == case_id).order_by(APPROVALS.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def used_key(connection: Connection, actor: str, key: str) -> RowMapping | None:
    return connection.execute(_USED_KEY, {"actor": actor, "key": key}).mappings().first()


def team_row(connection: Connection, code: str) -> RowMapping | None:
    return connection.execute(select(TEAMS).where(TEAMS.c.code == code)).mappings().first()


def change_approval(connection: Connection, case_id: int, seq: int, values: Mapping[str, Any]) -> None:
    connection.execute(
        APPROVALS.update().where((APPROVALS.c.case_id == case_id) & (APPROVALS.c.seq == seq)).values(**values)
    )


def entry_row(connection: Connection, case_id: int, seq: int) -> dict[str, Any]:
    query = select(ENTRIES).where((ENTRIES.c.case_id == case_id) & (ENTRIES.c.seq == seq))
    return dict(connection.execute(query).mappings().one())


def entries_since_version(connection: Connection, case_id: int, version: int) -> list[dict[str, Any]]:
    """The entries that changed a case after it stood at `version`."""
    query = (
        select(ENTRIES)
        .where((ENTRIES.c.case_id == case_id) & (ENTRIES.c.version > version) & (ENTRIES.c.kind != "refused"))
        .order_by(ENTRIES.c.seq)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
