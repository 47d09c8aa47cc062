"""Walking a case through its lifecycle in tests: each move is first refused to somebody, then made by who may."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from states.catalogue import LIFECYCLES
from states.lifecycle import NEW
from states.roles import Role
from workflow.errors import MoveRefused
from workflow.moves import Move, Moved, Opening

from factories import Desk, facts_for, opening_trigger

Edge = tuple[str, str, str]  # trigger, from, to


@dataclass
class Walk:
    """One case on its way, at a desk whose time moves with `after`."""

    desk: Desk
    lifecycle: str
    case: str = ""
    state: str = NEW
    version: int = 0
    fired: set[Edge] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)  # trigger, from

    def after(self, **time: float) -> "Walk":
        """Lets time pass: days=10, hours=3 ..."""
        self.desk.now += timedelta(**time)
        return self

    def open(self, as_: str, *, parent: str | None = None, child: int | None = None, **facts: Any) -> "Walk":
        trigger = opening_trigger(self.lifecycle)
        return self._go(trigger, as_, facts, Opening(
            lifecycle=self.lifecycle,
            authority=self.desk.authority,
            team=LIFECYCLES[self.lifecycle].record,
            parent=parent,
            child=child,
        ))  # fmt: skip

    def step(
        self, trigger: str, as_: str, *, to: str | None = None, at: datetime | None = None, **facts: Any
    ) -> "Walk":
        """Makes a move with valid facts (those given win); `to` is the state expected."""
        self._go(trigger, as_, facts, None, at)
        if to is not None:
            assert self.state == to
        return self

    def refuses(self, trigger: str, as_: str, says: str, **facts: Any) -> "Walk":
        """The move is refused now, and the refusal says so."""
        with pytest.raises(MoveRefused, match=says):
            self._fire(trigger, as_, self._facts(trigger, facts), None)
        self.refused.add((trigger, self.state))
        return self

    def approve(self, trigger: str, asked_by: str, decided_by: str, **facts: Any) -> "Walk":
        self.step("request_approval", asked_by, for_trigger=trigger, **facts)
        return self.step("decide_approval", decided_by, for_trigger=trigger, decision="approve")

    def _go(
        self, trigger: str, as_: str, given: Mapping[str, Any], opening: Opening | None, at: datetime | None = None
    ) -> "Walk":
        facts = self._facts(trigger, given)
        stranger = "both.AUD" if as_ != "both.AUD" else "both.OVS"
        with pytest.raises(MoveRefused, match=r"it is not for a|cannot open"):
            self._fire(trigger, stranger, facts, opening, at)
        self.refused.add((trigger, self.state))
        moved = self._fire(trigger, as_, facts, opening, at)
        self.fired.add((trigger, self.state, moved.state))
        self.case, self.state, self.version = moved.case, moved.state, moved.version
        return self

    def _facts(self, trigger: str, given: Mapping[str, Any]) -> dict[str, Any]:
        rows = LIFECYCLES[self.lifecycle].rows(trigger, self.state)
        assert rows, f"{trigger} is not a move from {self.state}"
        return facts_for(rows[0].facts, self.desk.now.date(), **given)

    def _fire(
        self, trigger: str, as_: str, facts: Mapping[str, Any], opening: Opening | None, at: datetime | None = None
    ) -> Moved:
        move = Move(
            trigger=trigger, case=self.case or None, opening=opening, facts=facts, occurred_at=at,
            expected_version=self.version or None, source="test",
        )  # fmt: skip
        return self.desk.engine.fire(move, self.desk.who(as_), self.desk.now)


def edges_of(lifecycle: str) -> set[Edge]:
    """Every edge of a lifecycle that a person can take, except those of taking over a caseload."""
    one = LIFECYCLES[lifecycle]
    return {
        (row.trigger, source, one.target(row, source))
        for row in one.transitions
        for source in row.sources
        if row.trigger != "migrate_in" and row.roles != (Role.SYSTEM,)
    }


def missing_edges(lifecycle: str, walks: list[Walk]) -> tuple[set[Edge], set[tuple[str, str]]]:
    """(edges never taken, triggers never refused from a state) over these walks."""
    edges = edges_of(lifecycle)
    fired = set().union(*(walk.fired for walk in walks))
    refused = set().union(*(walk.refused for walk in walks))
    return edges - fired, {(trigger, source) for trigger, source, _ in edges} - refused


Journey = Callable[[Desk], Walk]
__all__ = ["Edge", "Journey", "Walk", "edges_of", "missing_edges"]
