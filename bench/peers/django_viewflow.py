"""Django with viewflow.fsm, as its documentation shows it: a flow around the row, the record kept on success."""

import sys
from typing import Any

from bench.peers.answering import Place, answer_walk
from bench.peers.django_rows import models_of, record, set_up
from bench.peers.unit import GUARDS, MOVES, STATES, Refused


def flow_of(done: Any) -> Any:
    """The flow; `done(flow, source, target)` is called once a transition has happened."""
    from viewflow.fsm import State

    state = State([*STATES, "withdrawn"], default="referred")

    def method(name: str) -> Any:
        sources, to, roles, guard, _ = MOVES[name]

        def body(self: Any, who: str) -> None:
            self.who, self.move = who, name

        body.__name__ = name
        conditions = [lambda flow: GUARDS[guard](flow.case.needs)] if guard else []
        for source in sources:
            body = state.transition(source=source, target=to, conditions=conditions,
                                    permission=lambda _, user: user in roles)(body)  # fmt: skip
        return body

    class Flow:
        def __init__(self, case: Any) -> None:
            self.case = case

        @state.setter()
        def _set(self, value: str) -> None:
            self.case.state = value

        @state.getter()
        def _get(self) -> str:
            return str(self.case.state)

        @state.on_success()
        def _done(self, descriptor: Any, source: str, target: str, **_: Any) -> None:
            done(self, source, target)

    Flow.state = state
    for name in MOVES:
        one = method(name)
        setattr(Flow, name, one)
        if hasattr(one, "__set_name__"):
            one.__set_name__(Flow, name)
    if hasattr(state, "__set_name__"):
        state.__set_name__(Flow, "state")
    return Flow


def session(place: Place) -> Any:
    from django.db import transaction

    cases, entries, deadlines = MODELS
    flow_class = flow_of(
        lambda flow, source, target: record(entries, deadlines, flow.case, flow.who, flow.move, source, target)
    )

    def advance(case: int, move: str, who: str, role: str) -> None:
        with transaction.atomic():
            method = getattr(flow_class(cases.objects.select_for_update().get(pk=case)), move)
            if not method.has_perm(role):
                raise Refused(move)
            method(who)

    return advance


if __name__ == "__main__":
    set_up(sys.argv[1])
    from django.db import models

    MODELS = models_of(models.CharField(max_length=50))
    answer_walk(session, ("django", "django-viewflow", "psycopg"))
