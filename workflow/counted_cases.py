"""The cases behind a figure of the cohort report, as far as one account may see them; the others as a number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from states.catalogue import LIFECYCLES
from workflow import reports
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.permissions import withholds_personal
from workflow.references import reference
from workflow.reports import Behind
from workflow.repository import CASES

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
    as_of: date,
    figure: str,
    cohort: str | None,
    *,
    counted_at: datetime,
    now: datetime,
    after: int | None = None,
    limit: int = 50,
) -> CountedCases:
    """The cases that a figure of the actor's authority counted, by the rules and the evidence that it was counted by.

    A case this account may not read, or not what the figure tells of it, is counted as withheld and named nowhere.
    """
    behind = reports.behind(connection, actor.authority, as_of, figure, cohort, now=counted_at)
    seen = _readable(connection, actor, now, behind)
    if figure not in NOT_PERSONAL:
        seen = [row for row in seen if not _personal_is_withheld(actor, row)]
    total = sum(one.count for one in behind.values())
    shown = sum(behind[row["id"]].count for row in seen)
    rest = [row for row in seen if after is None or row["id"] < after]
    page = [_row(row, behind[row["id"]]) for row in rest[:limit]]
    return CountedCases(total, total - shown, page, rest[limit - 1]["id"] if len(rest) > limit else None)


def _readable(
    connection: Connection, actor: Actor, now: datetime, behind: Mapping[int, Behind]
) -> list[Mapping[str, Any]]:
    query = select(*(CASES.c[name] for name in _SHOWN)).where(are_readable(connection, actor, now))
    rows = connection.execute(query.order_by(CASES.c.id.desc())).mappings()
    return [dict(row) for row in rows if row["id"] in behind]


def _personal_is_withheld(actor: Actor, row: Mapping[str, Any]) -> bool:
    return withholds_personal(actor, LIFECYCLES[row["lifecycle"]].state_by_id[row["state"]])


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
