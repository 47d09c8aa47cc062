"""The cases behind a figure of the cohort report, as far as one account may see them; the others as a number."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from states.catalogue import LIFECYCLES
from workflow.access import are_closed, are_readable
from workflow.accounts import Actor
from workflow.permissions import withholds_personal
from workflow.references import reference
from workflow.reports import Behind, Figure
from workflow.repository import CASES, of_kind

# Told by where a case stands. The others rest on what is personal, and would tell it of a case by having it in a list.
NOT_PERSONAL = frozenset(
    {"families", "proceedings_sets", "women", "on_programme", "pre_engagement", "engagement", "graduated"}
)
_SHOWN = ("id", "lifecycle", "state", "owner", "restricted")


@dataclass(frozen=True, slots=True)
class CountedCases:
    """A page of the cases one may see, the newest first. `withheld` is how much of the `figure` the others make up."""

    figure: int
    withheld: int
    rows: list[dict[str, Any]]
    after: int | None


def counted_cases(
    connection: Connection,
    actor: Actor,
    behind: Mapping[int, Behind],
    figure: Figure,
    *,
    now: datetime,
    after: int | None = None,
    limit: int = 50,
) -> CountedCases:
    """The cases behind a figure of the actor's authority.

    A case this account may not read, or not what the figure tells of it, is counted as withheld and named nowhere.
    """
    seen = _seen(connection, actor, now, behind.keys(), figure)
    total, shown = (sum(behind[case].count for case in cases) for cases in (behind, seen))
    rest = sorted((case for case in seen if after is None or case < after), reverse=True)
    page = rest[:limit]
    rows = connection.execute(select(*(CASES.c[name] for name in _SHOWN)).where(CASES.c.id.in_(page))).mappings()
    found = {row["id"]: dict(row) for row in rows}
    listed = [_row(found[case], behind[case]) for case in page]
    return CountedCases(total, total - shown, listed, page[-1] if len(rest) > limit else None)


def _seen(connection: Connection, actor: Actor, now: datetime, behind: Set[int], figure: Figure) -> Set[int]:
    """Those of these cases that this account may be told of: of a whole authority's, all but those closed to it."""
    kind = figure.kind
    told = [one.id for one in kind.states if figure.name in NOT_PERSONAL or not withholds_personal(actor, one)]
    such = of_kind(actor.authority, kind.id)
    closed = are_closed(connection, actor, now, kind)
    if closed is None:
        readable = are_readable(connection, actor, now)
        return behind & _ids(connection, such & readable & CASES.c.state.in_(told))
    if len(told) < len(kind.states):
        behind &= _ids(connection, such & CASES.c.state.in_(told))
    return behind - _ids(connection, such & closed)


def _ids(connection: Connection, wanted: ColumnElement[bool]) -> set[int]:
    return set(connection.execute(select(CASES.c.id).where(wanted)).scalars())


def _row(row: Mapping[str, Any], behind: Behind) -> dict[str, Any]:
    states = LIFECYCLES[row["lifecycle"]].state_by_id
    return {
        "case": reference(row["lifecycle"], row["id"]),
        "count": behind.count,
        "then": states[behind.state].label,
        "state_label": states[row["state"]].label,
        "owner": row["owner"],
        "restricted": row["restricted"],
    }
