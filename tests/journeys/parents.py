"""Families for journeys: a pre-birth case as far along as needed, cases taken over, and what a journey proves."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from states.catalogue import LIFECYCLES
from states.lifecycle import NEW, Transition
from states.roles import Role
from workflow import chains
from workflow.database import Database
from workflow.errors import MoveRefused
from workflow.invariants import broken_promises
from workflow.moves import Move, Opening
from workflow.references import read_reference, reference
from workflow.repository import CASES, DEADLINES, case_row

from factories import Desk, add_people, facts_for
from walks import Edge, Walk, edges_of


def desk_on(sqlite_url: str) -> Desk:
    database = Database(sqlite_url)
    add_people(database)
    return Desk(database)


# The parent case


def expecting(desk: Desk, *, due: date | None = None, state: str = "birth_ready") -> str:
    """A pregnancy the service works with, `due` then; far enough along for any case to be opened under it."""
    facts: dict[str, Any] = {"worker": "baby.CW", "received_on": desk.now.date().isoformat()}
    if due is not None:
        facts["edd"] = due.isoformat()
    return taken_over(desk, "prebirth", state, **facts).case


def born(desk: Desk, parent: str, *days: date) -> str:
    """Records the birth of one baby for each day."""
    babies = [{"born_on": day.isoformat(), "live_birth": True, "sex": "U"} for day in days]
    desk.fire(parent, "record_birth", "baby.CW", {"babies": babies})
    return parent


def with_baby(desk: Desk, *days: date) -> str:
    """A family whose babies were born on these days (else one baby, today)."""
    return born(desk, expecting(desk), *(days or (desk.now.date(),)))


def child_dies(desk: Desk, parent: str, child: int) -> None:
    facts = {"child": child, "died_on": desk.now.date().isoformat(), "death_note": "invented"}
    desk.fire(parent, "record_child_death", "baby.CW", facts)


def pregnancy_ends(desk: Desk, parent: str) -> None:
    """Reported by one person and confirmed by another."""
    desk.fire(parent, "report_pregnancy_ended", "baby.CW", {"end_reported_by": "the hospital"})
    facts = {"health_source": "an invented midwife", "bereavement_support": "offered"}
    desk.fire(parent, "confirm_pregnancy_ended", "baby.TM", facts)


# Taking over a caseload


def taken_over(desk: Desk, lifecycle: str, state: str, *, parent: str | None = None, **given: Any) -> Walk:
    """A case that another system has brought as far as `state`."""
    one = LIFECYCLES[lifecycle]
    row = next(row for row in one.transitions if row.trigger == "migrate_in" and row.to == state)
    team = one.record
    given.setdefault("source_reference", f"OLD-{lifecycle}-{state}")
    move = Move(
        trigger="migrate_in",
        opening=Opening(lifecycle=lifecycle, authority=desk.authority, team=team, parent=parent),
        facts=facts_for(row.facts, desk.now.date(), migrate_to=state, **given),
        source="test",
    )
    moved = desk.engine.fire(move, desk.who("both.ADM"), desk.now)
    return Walk(desk, lifecycle, case=moved.case, state=moved.state, version=moved.version)


# Every edge


Facts = Mapping[str, Any]
Stage = Callable[[Edge], Walk]  # a case standing where the edge begins
Say = Callable[[Walk, Edge], Facts]  # the facts the edge needs; steps that come first are made on the walk


def every_edge_walked(
    lifecycle: str, stage: Stage, say: Mapping[str, Say], by: Mapping[str, str] | None = None
) -> list[Walk]:
    """One case for each edge a person can take: refused to a stranger, then made by the first role that may.

    `by` names somebody else for a trigger.
    """
    said = {**SAID_EVERYWHERE, **say}
    edges = sorted(edges_of(lifecycle))
    final = {state.id for state in LIFECYCLES[lifecycle].states if state.final}

    def reached(edge: Edge) -> Walk:
        if edge[1] not in final:
            return stage(edge)
        way = next((one for one in edges if one[2] == edge[1] and one[1] != edge[1]), None)
        return walked(way) if way else ended_with_its_child(stage((*edge[:1], open_states_of(lifecycle)[0], edge[2])))

    def walked(edge: Edge) -> Walk:
        trigger, source, target = edge
        walk = reached(edge)
        facts = said[trigger](walk, edge) if trigger in said else {}
        who = (by or {}).get(trigger) or who_may(lifecycle, edge)
        if source == NEW:
            return walk.open(who, **facts)
        return walk.step(trigger, who, to=target, **facts)

    return [walked(edge) for edge in edges]


SAID_EVERYWHERE: Mapping[str, Say] = {
    "correct": lambda walk, edge: {"entry": "1", "correction": "facts"},
}


def ended_with_its_child(walk: Walk) -> Walk:
    """The child (or the only baby) of this case dies, and the case ends with it."""
    with walk.desk.database.read() as connection:
        case = case_row(connection, read_reference(walk.case)[1])
    assert case is not None
    child_dies(walk.desk, reference("prebirth", case["parent_id"]), 1)
    walk.state, walk.version = state_of(walk.desk, walk.case), 0
    return walk


def who_may(lifecycle: str, edge: Edge) -> str:
    row = row_of(lifecycle, edge)
    record = "pause" if LIFECYCLES[lifecycle].record == "pause" else "baby"  # of what is about no person: baby.SM
    return f"{record}.{next(role for role in row.roles if role is not Role.SYSTEM)}"


def row_of(lifecycle: str, edge: Edge) -> Transition:
    trigger, source, target = edge
    one = LIFECYCLES[lifecycle]
    return next(row for row in one.rows(trigger, source) if one.target(row, source) == target)


def open_states_of(lifecycle: str) -> list[str]:
    return [state.id for state in LIFECYCLES[lifecycle].states if not state.final]


def every_open_state_ends_with_its_child(desk: Desk, lifecycle: str, **dates: Any) -> None:
    """From each open state a case ends in the moment its child's death is recorded, and by nobody's own hand."""
    for state in open_states_of(lifecycle):
        walk = taken_over(desk, lifecycle, state, parent=with_baby(desk), **dates)
        for person in ("baby.CW", "baby.TM", "baby.SM"):
            with pytest.raises(MoveRefused, match="it is not for a"):
                desk.fire(walk.case, "end_with_parent", person)
        ended_with_its_child(walk)
        assert (walk.state, due(walk)) == ("ended", {})
    all_is_proved(desk)


# What is read and proved


def deadlines(desk: Desk, case: str) -> list[dict[str, Any]]:
    query = select(DEADLINES).where(DEADLINES.c.case_id == read_reference(case)[1]).order_by(DEADLINES.c.number)
    with desk.database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def due(walk: Walk) -> dict[str, str | None]:
    """The running deadlines of a case: {clock: the day it is due}."""
    rows = [row for row in deadlines(walk.desk, walk.case) if row["closed_at"] is None]
    return {row["clock"]: row["due_on"].isoformat() if row["due_on"] else None for row in rows}


def due_at(walk: Walk, clock: str) -> datetime:
    (row,) = (row for row in deadlines(walk.desk, walk.case) if row["clock"] == clock and row["closed_at"] is None)
    at: datetime = row["due_at"]
    return at


def how_they_ended(walk: Walk, clock: str) -> list[str]:
    """How each deadline of this clock stands, in the order they were opened: open, met or cancelled."""
    return [str(row["status"]) for row in deadlines(walk.desk, walk.case) if row["clock"] == clock]


def state_of(desk: Desk, case: str) -> str:
    with desk.database.read() as connection:
        return str(connection.execute(select(CASES.c.state).where(CASES.c.id == read_reference(case)[1])).scalar_one())


def all_is_proved(desk: Desk) -> None:
    """Every chain verifies; every case is what its evidence adds up to when replayed, and nothing runs in an ended one.

    `broken_promises` replays each case (workflow.projection.replay) and folds each deadline from its events.
    """
    with desk.database.read() as connection:
        chains.verify_chains(connection)
        broken = broken_promises(connection, desk.engine.calendar)
    assert not broken, broken


def has_ended(walk: Walk, state: str) -> None:
    """The case stands in this final state with no deadline running, and everything is proved."""
    assert state_of(walk.desk, walk.case) == state
    assert LIFECYCLES[walk.lifecycle].state_by_id[state].final
    assert due(walk) == {}
    all_is_proved(walk.desk)
