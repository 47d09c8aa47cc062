"""Search over the evidence one may read: entries by who, what and when, and who looked; the latest first."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, literal_column, or_, select, tuple_

from workflow.access import are_readable, teams_seen
from workflow.accounts import Actor
from workflow.audit import ENTRIES
from workflow.columns import instant_text
from workflow.errors import BadInput
from workflow.looks import LOOKS
from workflow.models import SELDOM, SYSTEM_CHAIN, EntryKind
from workflow.permissions import bound_to_team
from workflow.references import read_reference, reference
from workflow.repository import CASES
from workflow.views import timeline_row
from workflow.worklists import Page

FEW = 2_000  # cases: beyond that, going through all entries from the latest on soon finds a page of theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries or looks; None leaves a condition out. `since` and `until` are about when it was recorded."""

    who: str | None = None
    case: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    trigger: str | None = None
    overridden: bool = False
    refused: bool = False

    def said(self) -> str:
        """As the log of looks keeps it."""
        given = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) not in (None, False)}
        return json.dumps(given, sort_keys=True, default=str)


def entries(
    connection: Connection, actor: Actor, now: datetime, sought: Sought, *, after: str | None = None, limit: int = 50
) -> Page:
    """Entries of the cases this account may read and of what belongs to no case; without their personal content."""
    order = (ENTRIES.c.recorded_at, ENTRIES.c.case_id, ENTRIES.c.seq)
    theirs = _of_readable(connection, actor, now, ENTRIES.c.case_id)
    wanted = [ENTRIES.c.authority == actor.authority, or_(ENTRIES.c.case_id == SYSTEM_CHAIN, theirs)]
    wanted += _conditions(sought)
    if after is not None:
        wanted.append(tuple_(*order) < _read_cursor(after))  # a plain tuple takes the types of the columns
    query = select(ENTRIES).where(*wanted).order_by(*(one.desc() for one in order)).limit(limit + 1)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    more = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page([_entry(row) for row in rows[:limit]], more)


def _of_readable(
    connection: Connection, actor: Actor, now: datetime, case_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether a row is of a case this account may read: few cases are gathered first, of many each row asks.

    So a search that walks an index from the latest on stops with its page, and a small team's does not walk for ever.
    """
    readable = are_readable(connection, actor, now)
    if _has_few(connection, actor, now):
        return case_id.in_(select(CASES.c.id).where(readable))
    return exists().where((CASES.c.id == case_id) & readable).correlate_except(CASES)


def _has_few(connection: Connection, actor: Actor, now: datetime) -> bool:
    teams = teams_seen(connection, actor, now)
    if teams is None:
        return False
    some = select(CASES.c.id).where(CASES.c.team.in_(teams)).limit(FEW + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one() <= FEW


_SELDOM = frozenset(EntryKind) - {EntryKind.MOVED, EntryKind.ALERTED}


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    columns = {"actor": sought.who, "kind": sought.kind, "trigger": sought.trigger}
    wanted = [ENTRIES.c[name] == value for name, value in columns.items() if value is not None]
    if sought.case is not None:
        lifecycle, case_id = read_reference(sought.case)
        wanted += [ENTRIES.c.case_id == case_id, ENTRIES.c.lifecycle == lifecycle]
    if sought.since is not None:
        wanted.append(ENTRIES.c.recorded_at >= sought.since)
    if sought.until is not None:
        wanted.append(ENTRIES.c.recorded_at < sought.until)
    if sought.kind in _SELDOM:
        wanted.append(literal_column(SELDOM))  # says nothing new, and lets their small index serve
    if sought.overridden:
        wanted.append(ENTRIES.c.overridden)
    if sought.refused:
        wanted += [ENTRIES.c.kind == EntryKind.REFUSED, literal_column(SELDOM)]
    return wanted


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("version", "facts", "reason_code", "on_behalf_of", "approvals", "source", "request_id")
    case = reference(row["lifecycle"], row["case_id"]) if row["case_id"] != SYSTEM_CHAIN else None
    return {**timeline_row(row), "case": case, **{name: row[name] for name in shown}}


def looks(
    connection: Connection, actor: Actor, now: datetime, sought: Sought, *, after: int | None = None, limit: int = 50
) -> Page:
    """Who looked: at the cases this account may read, and at lists; of another team's lists only who leads them all."""
    theirs, order = _of_readable(connection, actor, now, LOOKS.c.case_id), (LOOKS.c.at, LOOKS.c.id)
    lists: ColumnElement[bool] = LOOKS.c.case_id.is_(None)
    if bound_to_team(actor):
        lists &= LOOKS.c.actor_team == actor.team
    wanted = [LOOKS.c.authority == actor.authority, or_(theirs, lists)]
    wanted += [LOOKS.c[name] == value for name, value in (("actor", sought.who), ("kind", sought.kind)) if value]
    if sought.case is not None:
        wanted.append(LOOKS.c.case_id == read_reference(sought.case)[1])
    if sought.since is not None:
        wanted.append(LOOKS.c.at >= sought.since)
    if sought.until is not None:
        wanted.append(LOOKS.c.at < sought.until)
    if after is not None:
        last = connection.execute(select(LOOKS.c.at).where(LOOKS.c.id == after)).scalar()
        if last is None:
            raise BadInput("`after` must be what an earlier page gave")
        wanted.append(tuple_(*order) < (last, after))
    query = select(LOOKS).where(*wanted).order_by(*(one.desc() for one in order)).limit(limit + 1)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page([_look(row) for row in rows[:limit]], more)


def _look(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("id", "at", "kind", "access", "about", "found", "source", "request_id")
    case = reference(row["lifecycle"], row["case_id"]) if row["case_id"] is not None else None
    who = {"who": row["actor"], "role": row["actor_role"], "team": row["actor_team"]}
    return {**{name: row[name] for name in shown}, **who, "case": case}


def _cursor(row: Mapping[str, Any]) -> str:
    text = f"{instant_text(row['recorded_at'])}/{row['case_id']}/{row['seq']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(text: str) -> tuple[datetime, int, int]:
    try:
        at, case_id, seq = base64.urlsafe_b64decode(text.encode()).decode().split("/")
        found = datetime.fromisoformat(at).astimezone(UTC), int(case_id), int(seq)
    except (ValueError, OverflowError):
        raise BadInput("`after` must be what an earlier page gave") from None
    if not (-(2**63) <= found[1] < 2**63 and 0 <= found[2] < 2**31):
        raise BadInput("`after` must be what an earlier page gave")
    return found
