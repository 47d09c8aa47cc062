"""The only move a timer makes: recording, once and to the minute, that an order has come to the end it names."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select

from states.catalogue import LIFECYCLES
from workflow.accounts import system_actor
from workflow.engine import Engine
from workflow.errors import WaymarkError
from workflow.moves import Move
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES

TRIGGER, CLOCK = "lapse_order", "order_expires"
FROM = tuple(
    {state for row in LIFECYCLES["looked_after"].transitions if row.trigger == TRIGGER for state in row.sources}
)
_NEXT: Select[Any] = (
    select(CASES.c.id, CASES.c.lifecycle, CASES.c.authority, CASES.c.team, DEADLINES.c.number, DEADLINES.c.due_at)
    .join(DEADLINES, DEADLINES.c.case_id == CASES.c.id)
    .where(
        (DEADLINES.c.clock == literal_column(f"'{CLOCK}'"))  # in the words of ix_deadlines_lapsing
        & DEADLINES.c.closed_at.is_(None)
        & (DEADLINES.c.due_at <= bindparam("now"))
        & CASES.c.state.in_(FROM)
        & CASES.c.id.not_in(bindparam("refused", expanding=True))
    )
    .order_by(DEADLINES.c.due_at, CASES.c.id)
    .limit(1)
    .with_for_update(of=[CASES, DEADLINES], skip_locked=True)
)


class DueLapses:
    """The port of this job (scheduler.ports.DueWork): one case a transaction, so that one fault holds up no other."""

    def __init__(self, engine: Engine, node: str) -> None:
        self.engine, self.node = engine, node
        self.refused: dict[int, str] = {}

    def perform(self, now: datetime, most: int) -> int:
        """Records the next lapse due at `now`, as of the instant the order names; 0 where there is none."""
        with self.engine.database.write() as connection:
            row = connection.execute(_NEXT, {"now": now, "refused": list(self.refused)}).mappings().first()
            if row is None:
                return 0
            name = deadline_name(row["lifecycle"], row["id"], row["number"])
            move = Move(
                trigger=TRIGGER,
                case=reference(row["lifecycle"], row["id"]),
                occurred_at=row["due_at"],
                key=f"{TRIGGER}/{name}/{row['due_at'].isoformat()}",
                source="scheduler",
                request_id=self.node,
            )
            try:
                with connection.begin_nested():
                    self.engine.fire_in(connection, move, system_actor(row["authority"], row["team"]), now)
            except WaymarkError as refused:  # said at the end: a refusal a minute is no evidence of anything
                self.refused[row["id"]] = str(refused)
            return 1

    def require_all(self) -> None:
        """Raises where an order that has ended could not be recorded so, and names why."""
        if self.refused:
            raise WaymarkError(f"{len(self.refused)} orders have ended and were not recorded: {self.refused}")
