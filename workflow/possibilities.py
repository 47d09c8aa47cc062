"""What can be tried with a case from where it stands, and what is missing for it; nothing is changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from states.lifecycle import NEW
from states.roles import Role
from workflow.accounts import Actor
from workflow.engine import Engine
from workflow.errors import NotFound
from workflow.moves import Possible
from workflow.requirements import Standing, judge, unmet_whatever_is_filled_in, who_may


def possible_moves(engine: Engine, ref: str, actor: Actor, now: datetime) -> list[Possible]:
    """What can be tried from where a case stands, in the order of the table; for each all that is missing now."""
    with engine.database.read() as connection:
        standing = engine.standings.named(connection, ref, actor, now, lock=False)
        rows = standing.lifecycle.rows_from(standing.before.state)
        triggers = dict.fromkeys(row.trigger for row in rows if row.roles != (Role.SYSTEM,))
        return [_possible(connection, standing, trigger, actor, now, given={}) for trigger in triggers]


def possible_move(
    engine: Engine, ref: str, trigger: str, actor: Actor, now: datetime, *, given: Mapping[str, Any]
) -> Possible:
    """One move with what it asks for once these facts are given. NotFound where the table has no such move."""
    with engine.database.read() as connection:
        standing = engine.standings.named(connection, ref, actor, now, lock=False)
        lifecycle = standing.lifecycle
        rows = [row for row in lifecycle.transitions if row.trigger == trigger and row.roles != (Role.SYSTEM,)]
        if not rows or rows[0].sources == (NEW,):
            raise NotFound(f"there is no move {trigger[:40]!r} in {lifecycle.label.lower()}")
        if lifecycle.rows(trigger, standing.before.state):
            return _possible(connection, standing, trigger, actor, now, given=given)
        judged = judge(connection, standing, trigger=trigger, given=given, actor=actor, occurred_at=now, now=now)
        return Possible(
            trigger=trigger,
            label=rows[0].label,
            to=standing.before.state,
            facts=rows[0].facts,
            unmet=[one for one in judged.unmet if one.kind == "state"],
            who=who_may(rows),
            basis=rows[0].basis,
        )


def _possible(
    connection: Connection, standing: Standing, trigger: str, actor: Actor, now: datetime, *, given: Mapping[str, Any]
) -> Possible:
    rows = standing.lifecycle.rows(trigger, standing.before.state)
    judged = judge(connection, standing, trigger=trigger, given=given, actor=actor, occurred_at=now, now=now)
    row = judged.row or rows[0]
    left = standing.before.came_from[-1:]  # a way back leads only to where the case came from
    ways = [one for one in rows if one.when is None or one.when[0] != "return_state" or one.when[1] in left] or rows
    return Possible(
        trigger=trigger,
        label=row.label,
        to=" or ".join(dict.fromkeys(standing.lifecycle.target(one, standing.before.state) for one in ways)),
        facts=judged.asked,
        unmet=unmet_whatever_is_filled_in(standing, judged),
        who=judged.who,
        basis=row.basis,
    )
