"""Plan outcomes, child by child: what became of each child, with the dates and codes that the national returns need."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, true

from states.codes import OUTCOMES
from states.lifecycle import SELF
from workflow.access import are_readable
from workflow.accounts import TEAMS, Actor
from workflow.audit import ENTRIES
from workflow.projection import steps_of
from workflow.references import reference
from workflow.repository import CASES, CHILDREN
from workflow.suppression import as_rows

AGREEING = ("agree_outcomes", "end_court_outcome_agreed")
OF_AN_OUTCOME = ("since", "decision_on", "placement_order_on", "placed_on", "order_on")
FROM_ITS_CASE = {
    "placement": "placement",
    "legal_status": "legal_status",
    "decision_on": "adoption_decided_on",
    "reason_ceased": "reason_ceased",
}
HEADS = ("placement", "legal_status", *OF_AN_OUTCOME, "reason_ceased")


def counts(connection: Connection, authority: str, *, below: int | None = None) -> list[dict[str, Any]]:
    """How many children of each outcome there are, by the team their case is in, and for all teams.

    Of every child whose outcome was agreed, or who died. Counts under `below` are withheld (None), others with them.
    """
    query = (
        select(CASES.c.team, TEAMS.c.name, CHILDREN.c.outcome)
        .join(CASES, CASES.c.id == CHILDREN.c.case_id)
        .join(TEAMS, TEAMS.c.code == CASES.c.team)
        .where((CASES.c.authority == authority) & CHILDREN.c.outcome.is_not(None) & CHILDREN.c.live_birth)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for row in connection.execute(query):
        found[row.team][row.outcome] += 1
        names[row.team] = row.name
    return as_rows(dict(sorted(names.items(), key=lambda one: one[1])), tuple(OUTCOMES), found, below)


def children(connection: Connection, actor: Actor, now: datetime, most: int = 1000) -> list[dict[str, Any]]:
    """The children with an outcome in cases this account may read, with the dates and codes as they were agreed.

    Where a child has a looked-after case of its own, what that case holds comes first.
    """
    query = (
        select(CASES.c.id, CASES.c.lifecycle, CASES.c.team, CHILDREN.c.number, CHILDREN.c.outcome)
        .join(CASES, CASES.c.id == CHILDREN.c.case_id)
        .where(CHILDREN.c.outcome.is_not(None) & CHILDREN.c.live_birth & (CASES.c.authority == actor.authority))
        .where(are_readable(connection, actor, now))
        .order_by(CASES.c.id, CHILDREN.c.number)
        .limit(most)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    ids = {row["id"] for row in rows}
    said, looked_after = _as_agreed(connection, ids), _as_looked_after(connection, ids)
    return [
        {
            "case": reference(row["lifecycle"], row["id"]),
            "child": row["number"],
            "team": row["team"],
            "outcome": row["outcome"],
            **_codes(said.get((row["id"], row["number"]), {}), looked_after.get((row["id"], row["number"]), {})),
        }
        for row in rows
    ]


def _codes(agreed: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {name: own.get(name) or agreed.get(name) for name in HEADS}


def _as_agreed(connection: Connection, ids: set[int]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """What was agreed of each child, corrections applied; what was agreed last stands."""
    wanted = ENTRIES.c.case_id.in_(ids) & ENTRIES.c.trigger.in_((*AGREEING, "correct"))
    query = select(ENTRIES).where(wanted if ids else ~true()).order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
    by_case: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        by_case[row["case_id"]].append({**row, "to_state": SELF, "content": None})
    return {
        (case_id, one["child"]): one
        for case_id, entries in by_case.items()
        for step in steps_of(entries)
        if step.trigger in AGREEING
        for one in step.facts.get("outcomes") or ()
    }


def _as_looked_after(connection: Connection, ids: set[int]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """What the latest looked-after case of each child holds of its placement, legal status and end."""
    under: ColumnElement[bool] = and_(CASES.c.parent_id.in_(ids), CASES.c.lifecycle == "looked_after")
    query = (
        select(CASES.c.parent_id, CASES.c.child, CASES.c.facts).where(under if ids else ~true()).order_by(CASES.c.id)
    )
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for row in connection.execute(query):
        held = {name: row.facts[fact] for name, fact in FROM_ITS_CASE.items() if row.facts.get(fact)}
        found[row.parent_id, row.child] = held
    return found
