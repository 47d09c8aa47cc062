"""Random histories: whatever people do, the case is what its evidence says, and is never left without a deadline."""

import os
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType
from states.lifecycle import NEW
from states.roles import Role
from workflow import chains
from workflow.database import Database
from workflow.errors import MoveRefused
from workflow.invariants import broken_promises
from workflow.moves import Move, Opening

from factories import NOW, Desk, add_people, facts_for, opening_trigger

LONG = bool(os.environ.get("WAYMARK_LONG"))
WORKERS = {"baby": ("baby.CW", "baby.CW2"), "pause": ("pause.PP", "pause.PP2")}


def a_value(draw: Any, fact: Fact, day: date, worker: str) -> Any:
    """A value of the fact's type: any choice, any near day."""
    near = day + timedelta(days=draw(st.sampled_from([-40, -7, -1, 0, 0, 0, 1, 14, 120])))
    match fact.type:
        case FactType.BOOLEAN:
            return draw(st.booleans())
        case FactType.CHOICE:
            return draw(st.sampled_from(sorted(fact.choices or {})))
        case FactType.DATE:
            return near.isoformat()
        case FactType.PERSON:
            return worker
        case FactType.RECORDS:
            return [facts(draw, fact.fields, day, worker) for _ in range(draw(st.integers(1, 2)))]
        case FactType.INTEGER:
            return draw(st.integers(fact.minimum or 0, min(fact.maximum or 3, (fact.minimum or 0) + 3)))
        case _:
            return facts_for([fact], near)[fact.name] if fact.required else "1"


def facts(draw: Any, asked: tuple[Fact, ...], day: date, worker: str) -> dict[str, Any]:
    return {
        fact.name: a_value(draw, fact, day, worker) for fact in asked if fact.required or draw(st.integers(0, 3)) == 0
    }


def people_of(desk: Desk, roles: tuple[Role, ...], record: str) -> list[str]:
    return sorted(
        name for name, actor in desk.people.items() if actor.role in roles and actor.record in (record, "both")
    )


def a_move(draw: Any, desk: Desk, lifecycle: str, state: str, case: str) -> str | None:
    """Tries one move that the table knows from here; returns the state reached, or None where it was refused."""
    one = LIFECYCLES[lifecycle]
    rows = [row for row in one.rows_from(state) if row.trigger not in ("migrate_in", "correct")]
    row = draw(st.sampled_from(rows))
    people = people_of(desk, row.roles, one.record)
    if not people:
        return None
    desk.now += timedelta(hours=draw(st.sampled_from([0, 1, 30, 24 * 6, 24 * 40])))
    asked = facts(draw, row.facts, desk.now.date(), draw(st.sampled_from(WORKERS[one.record])))
    move = Move(trigger=row.trigger, case=case, facts=asked, source="test")
    try:
        return desk.engine.fire(move, desk.who(draw(st.sampled_from(people))), desk.now).state
    except MoveRefused:
        return None


@pytest.fixture(scope="module")
def prepared(sqlite_template: Path) -> Path:
    """A database with people and no case, to be copied for each history."""
    file = Path(tempfile.mkdtemp()) / "prepared.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    add_people(database)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


@pytest.mark.parametrize("lifecycle", ["prebirth", "pause", "child_protection", "pre_proceedings", "looked_after"])
@settings(
    max_examples=600 if LONG else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_state_equals_replay_the_chain_verifies_and_no_open_case_is_without_a_live_deadline(
    lifecycle: str, prepared: Path, data: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.db"
        shutil.copy(prepared, file)
        desk = Desk(Database(f"sqlite:///{file}"))
        try:
            a_history(data.draw, desk, lifecycle)
            with desk.database.read() as connection:
                assert broken_promises(connection, desk.engine.calendar) == []
                chains.verify_chains(connection)
        finally:
            desk.database.close()


def a_history(draw: Any, desk: Desk, lifecycle: str) -> None:
    one = LIFECYCLES[lifecycle]
    parent = None
    if one.parent:
        parent = taken_over(desk, one.parent, draw(st.sampled_from(["assessment", "birth_planning"])))
    case, state = "", NEW
    opening = Opening(
        lifecycle=lifecycle,
        authority="durham",
        team=one.record,
        parent=parent,
        child=1 if one.per_child else None,
    )
    row = one.rows(opening_trigger(lifecycle), NEW)[0]
    for _ in range(6):
        asked = facts(draw, row.facts, desk.now.date(), WORKERS[one.record][0])
        if one.per_child:
            asked["child"] = 1
        move = Move(trigger=row.trigger, opening=opening, facts=asked, source="test")
        try:
            moved = desk.engine.fire(move, desk.who(people_of(desk, row.roles, one.record)[0]), desk.now)
        except MoveRefused:
            continue
        case, state = moved.case, moved.state
        break
    for _ in range(draw(st.integers(3, 25)) if case else 0):
        if LIFECYCLES[lifecycle].state_by_id[state].final:
            return
        state = a_move(draw, desk, lifecycle, state, case) or state


def taken_over(desk: Desk, lifecycle: str, state: str) -> str:
    """A parent case already under way, with a baby expected in three months."""
    moved = desk.engine.fire(
        Move(
            trigger="migrate_in",
            opening=Opening(lifecycle=lifecycle, authority="durham", team="baby"),
            facts={
                "migrate_to": state,
                "source_reference": "old-1",
                "since": (NOW - timedelta(days=30)).date().isoformat(),
                "received_on": (NOW - timedelta(days=60)).date().isoformat(),
                "edd": (NOW + timedelta(days=90)).date().isoformat(),
                "worker": "baby.CW",
            },
            occurred_at=NOW - timedelta(days=30),
        ),
        desk.who("baby.TM"),
        desk.now,
    )
    return moved.case
