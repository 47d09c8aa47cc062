"""Every query of the engine: rows in, rows out, on the connection of the transaction it is part of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Connection, RowMapping, bindparam, select

from states.guards import Child
from workflow.models import ApprovalRequest, AuditEntry, Case, ChildRecord, Deadline, PolicyVersion, Team, UsedKey
from workflow.statements import Statement
from workflow.tables import table

CASES, CHILDREN, DEADLINES = table(Case), table(ChildRecord), table(Deadline)
APPROVALS, KEYS, POLICIES, TEAMS = table(ApprovalRequest), table(UsedKey), table(PolicyVersion), table(Team)
ENTRIES = table(AuditEntry)

_ID: BindParameter[int] = bindparam("of_case")
_NUMBER: BindParameter[int] = bindparam("of_number")
_ROW = select(CASES).where(CASES.c.id == _ID)
_CASE, _LOCKED = Statement(_ROW), Statement(_ROW.with_for_update())
_RUNNING = Statement(
    select(DEADLINES)
    .where((DEADLINES.c.case_id == _ID) & (DEADLINES.c.closed_at.is_(None)))
    .order_by(DEADLINES.c.number)
)
_CHILDREN = Statement(select(CHILDREN).where(CHILDREN.c.case_id == _ID).order_by(CHILDREN.c.number))
_UNDER = Statement(select(CASES).where(CASES.c.parent_id == _ID).order_by(CASES.c.id))
_USED_KEY = Statement(select(KEYS).where((KEYS.c.actor == bindparam("by")) & (KEYS.c.key == bindparam("key"))))
_KEEP_KEY = Statement(KEYS.insert())
_CHANGE_CASE = Statement(CASES.update().where(CASES.c.id == _ID))
_ADD_DEADLINE = Statement(DEADLINES.insert())
_CHANGE_DEADLINE = Statement(DEADLINES.update().where((DEADLINES.c.case_id == _ID) & (DEADLINES.c.number == _NUMBER)))
_ENTRY = Statement(select(ENTRIES).where((ENTRIES.c.case_id == _ID) & (ENTRIES.c.seq == _NUMBER)))


def case_row(connection: Connection, case_id: int, *, lock: bool = False) -> dict[str, Any] | None:
    rows = (_LOCKED if lock else _CASE).rows(connection, of_case=case_id)
    return rows[0] if rows else None


class Around(NamedTuple):
    """What stands around a case: its running deadlines, and of a family's case its babies and the cases under it."""

    running: Sequence[dict[str, Any]] = ()
    children: tuple[Child, ...] = ()
    under: Sequence[dict[str, Any]] = ()


def around(connection: Connection, case_id: int, *, family: bool) -> Around:
    return _ask_around(connection, case_id, family)()


def case_and_around(
    connection: Connection, case_id: int, *, lock: bool, family: bool
) -> tuple[dict[str, Any] | None, Around]:
    """A case row and what stands around it, in one go."""
    case = (_LOCKED if lock else _CASE).ask(connection, of_case=case_id)
    rest = _ask_around(connection, case_id, family)
    found = case()
    return (found[0] if found else None), rest()


def _ask_around(connection: Connection, case_id: int, family: bool) -> Callable[[], Around]:
    asked = [one.ask(connection, of_case=case_id) for one in (_RUNNING, *((_CHILDREN, _UNDER) if family else ()))]

    def answer() -> Around:
        running, *rest = (one() for one in asked)
        return Around(running, _children(rest[0]), rest[1]) if family else Around(running)

    return answer


def of_kind(authority: str, kind: str) -> ColumnElement[bool]:
    """Cases of a kind in an authority. That they are open or ended is said for the sake of ix_cases_caseload."""
    return (CASES.c.authority == authority) & CASES.c.final.in_((False, True)) & (CASES.c.lifecycle == kind)


def cases_under(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    return _UNDER.rows(connection, of_case=case_id)


def change_case(connection: Connection, case_id: int, values: Mapping[str, Any]) -> None:
    change_cases(connection, {case_id: values})


def change_cases(connection: Connection, values: Mapping[int, Mapping[str, Any]]) -> None:
    _CHANGE_CASE.run(connection, *({"of_case": case_id, **changed} for case_id, changed in values.items()))


def running_deadlines(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    return _RUNNING.rows(connection, of_case=case_id)


def deadline_row(connection: Connection, case_id: int, number: int) -> dict[str, Any]:
    query = select(DEADLINES).where((DEADLINES.c.case_id == case_id) & (DEADLINES.c.number == number))
    return dict(connection.execute(query).mappings().one())


def add_deadlines(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    _ADD_DEADLINE.run(connection, *rows)


def change_deadlines(connection: Connection, values: Mapping[tuple[int, int], Mapping[str, Any]]) -> None:
    """By case and number."""
    rows = ({"of_case": of, "of_number": number, **changed} for (of, number), changed in values.items())
    _CHANGE_DEADLINE.run(connection, *rows)


def children_of(connection: Connection, case_id: int) -> tuple[Child, ...]:
    return _children(_CHILDREN.rows(connection, of_case=case_id))


def _children(rows: Iterable[Mapping[str, Any]]) -> tuple[Child, ...]:
    return tuple(Child(**{name: row[name] for name in Child.__slots__}) for row in rows)


def replace_children(connection: Connection, case_id: int, children: Iterable[Child]) -> None:
    connection.execute(CHILDREN.delete().where(CHILDREN.c.case_id == case_id))
    rows = [{"case_id": case_id, **{name: getattr(child, name) for name in Child.__slots__}} for child in children]
    if rows:
        connection.execute(CHILDREN.insert(), rows)


def approvals_of(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    query = select(APPROVALS).where(APPROVALS.c.case_id == case_id).order_by(APPROVALS.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def used_key(connection: Connection, actor: str, key: str) -> dict[str, Any] | None:
    rows = _USED_KEY.rows(connection, by=actor, key=key)
    return rows[0] if rows else None


def keep_key(connection: Connection, used: Mapping[str, Any]) -> None:
    _KEEP_KEY.run(connection, used)


def team_row(connection: Connection, code: str) -> RowMapping | None:
    return connection.execute(select(TEAMS).where(TEAMS.c.code == code)).mappings().first()


def change_approval(connection: Connection, case_id: int, seq: int, values: Mapping[str, Any]) -> None:
    connection.execute(
        APPROVALS.update().where((APPROVALS.c.case_id == case_id) & (APPROVALS.c.seq == seq)).values(**values)
    )


def entry_row(connection: Connection, case_id: int, seq: int) -> dict[str, Any]:
    (row,) = _ENTRY.rows(connection, of_case=case_id, of_number=seq)
    return row


def entries_since_version(connection: Connection, case_id: int, version: int) -> list[dict[str, Any]]:
    """The entries that changed a case after it stood at `version`."""
    query = (
        select(ENTRIES)
        .where((ENTRIES.c.case_id == case_id) & (ENTRIES.c.version > version) & (ENTRIES.c.kind != "refused"))
        .order_by(ENTRIES.c.seq)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
