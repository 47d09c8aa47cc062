"""A move taken and undone: what would follow from it, with nothing changed and nobody told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from sqlalchemy import Connection, select

from workflow.accounts import Actor
from workflow.engine import Engine
from workflow.moves import Move, Moved
from workflow.outbox import MESSAGES


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the move would come to, and who would be told of it."""

    moved: Moved
    told: Sequence[str]


class _Undone(Exception):
    def __init__(self, found: Rehearsed) -> None:
        self.found = found
        super().__init__()


def rehearse(engine: Engine, move: Move, actor: Actor, now: datetime) -> Rehearsed:
    """Judged by all the rules of the move itself, in a transaction that is rolled back; a refusal is not recorded."""

    def work(connection: Connection) -> NoReturn:
        moved = engine.fire_in(connection, replace(move, key=None), actor, now)
        of_this = MESSAGES.c.key.startswith(f"{moved.case}#{moved.entry}/", autoescape=True)
        told = connection.execute(select(MESSAGES.c.recipient).where(of_this).order_by(MESSAGES.c.recipient)).scalars()
        raise _Undone(Rehearsed(moved, tuple(dict.fromkeys(told))))  # leaving by an error rolls back

    try:
        engine.retried(work)
    except _Undone as undone:
        return undone.found
