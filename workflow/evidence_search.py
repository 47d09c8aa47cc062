"""Search over the evidence one may read: entries by who, what and when, and who looked; the latest first."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.audit import ENTRIES
from workflow.columns import instant_text
from workflow.errors import BadInput
from workflow.looks import LOOKS
from workflow.models import SYSTEM_CHAIN, EntryKind
from workflow.permissions import bound_to_team
from workflow.references import read_reference, reference
from workflow.repository import CASES
from workflow.views import timeline_row
from workflow.worklists import Page


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
    wanted = [_readable(connection, actor, now), *_conditions(sought)]
    if after is not None:
        wanted.append(tuple_(*order) < tuple_(*_read_cursor(after)))
    query = select(ENTRIES).where(*wanted).order_by(*(one.desc() for one in order)).limit(limit + 1)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    more = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page([_entry(row) for row in rows[:limit]], more)


def _readable(connection: Connection, actor: Actor, now: datetime) -> ColumnElement[bool]:
    cases = select(CASES.c.id).where(are_readable(connection, actor, now))
    return and_(
        ENTRIES.c.authority == actor.authority,
        or_(ENTRIES.c.case_id == SYSTEM_CHAIN, ENTRIES.c.case_id.in_(cases)),
    )


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
    if sought.overridden:
        wanted.append(ENTRIES.c.overridden)
    if sought.refused:
        wanted.append(ENTRIES.c.kind == EntryKind.REFUSED)
    return wanted


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("version", "facts", "reason_code", "on_behalf_of", "approvals", "source", "request_id")
    case = reference(row["lifecycle"], row["case_id"]) if row["case_id"] != SYSTEM_CHAIN else None
    return {**timeline_row(row), "case": case, **{name: row[name] for name in shown}}


def looks(
    connection: Connection, actor: Actor, now: datetime, sought: Sought, *, after: int | None = None, limit: int = 50
) -> Page:
    """Who looked: at the cases this account may read, and at lists; of another team's lists only who leads them all."""
    cases = select(CASES.c.id).where(are_readable(connection, actor, now))
    lists: ColumnElement[bool] = LOOKS.c.case_id.is_(None)
    if bound_to_team(actor):
        lists &= LOOKS.c.actor_team == actor.team
    wanted = [LOOKS.c.authority == actor.authority, or_(LOOKS.c.case_id.in_(cases), lists)]
    wanted += [LOOKS.c[name] == value for name, value in (("actor", sought.who), ("kind", sought.kind)) if value]
    if sought.case is not None:
        wanted.append(LOOKS.c.case_id == read_reference(sought.case)[1])
    if sought.since is not None:
        wanted.append(LOOKS.c.at >= sought.since)
    if sought.until is not None:
        wanted.append(LOOKS.c.at < sought.until)
    if after is not None:
        wanted.append(LOOKS.c.id < after)
    query = select(LOOKS).where(*wanted).order_by(LOOKS.c.id.desc()).limit(limit + 1)
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
