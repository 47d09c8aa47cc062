"""State machines alone, without a database: `python -m bench.peers.machines table|statemachine|... URL CASES ...`."""

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from bench.peers.answering import answer
from bench.peers.unit import MOVES, NEXT, ROLE, STATES, Refused, check

Made = tuple[Callable[[], Any], Callable[[Any, str], Any], tuple[str, ...]]


class Row:
    """A case as a machine sees it."""

    def __init__(self) -> None:
        self.state, self.needs = STATES[0], 5


def table() -> Made:
    def fire(row: Row, move: str) -> None:
        row.state, _ = check(move, row.state, ROLE, row.needs)

    return Row, fire, ()


def statemachine() -> Made:
    from bench.peers.statemachine import Journey

    return lambda: Journey(Row()), lambda one, move: one.send(move, role=ROLE), ("python-statemachine",)


def transitions() -> Made:
    from bench.peers.transitions_machine import Journey, machine_of

    def made() -> Any:
        journey = Journey(Row())
        machine_of(journey, STATES[0])
        return journey

    return made, lambda one, move: one.trigger(move, role=ROLE), ("transitions",)


def django_fsm2() -> Made:
    from bench.peers.django_rows import set_up

    set_up("sqlite:///none")
    from django_fsm import has_transition_perm

    from bench.peers.django_fsm2 import models

    cases, _, _ = models()

    def fire(row: Any, move: str) -> None:
        method = getattr(row, move)
        if not has_transition_perm(method, ROLE):
            raise Refused(move)
        method("somebody")

    return lambda: cases(state=STATES[0], needs=5), fire, ("django", "django-fsm-2")


def viewflow() -> Made:
    from bench.peers.django_rows import set_up

    set_up("sqlite:///none")
    from bench.peers.django_viewflow import flow_of

    flow = flow_of(lambda *_: None)

    def fire(one: Any, move: str) -> None:
        method = getattr(one, move)
        if not method.has_perm(ROLE):
            raise Refused(move)
        method("somebody")

    return lambda: flow(Row()), fire, ("django", "django-viewflow")


def main() -> None:
    made, fire, packages = {
        "table": table,
        "statemachine": statemachine,
        "transitions": transitions,
        "django-fsm-2": django_fsm2,
        "viewflow": viewflow,
    }[sys.argv[1]]()
    walk = [NEXT[state] for state in STATES]
    assert [MOVES[move][1] for move in walk] == [*STATES[1:], STATES[0]]
    size = _size(made)
    one = made()

    def rounds(seconds: float) -> dict[str, Any]:
        count, began = 0, time.perf_counter()
        while (taken := time.perf_counter() - began) < seconds:
            for move in walk * 10:
                fire(one, move)
            count += 10 * len(walk)
        return {"count": count, "seconds": taken, "bytes": size}

    answer(rounds, lambda _: None, packages)


def _size(made: Callable[[], Any]) -> int:
    """Bytes that one case and its machine hold."""
    made()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = [made() for _ in range(200)]
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / len(held)
    tracemalloc.stop()
    return round(size)


if __name__ == "__main__":
    main()
