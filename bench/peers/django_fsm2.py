"""Django with django-fsm-2, as its documentation shows it: transitions are methods of the model."""

import sys
from typing import Any

from bench.peers.answering import Place, answer_walk
from bench.peers.django_rows import models_of, record, set_up
from bench.peers.unit import GUARDS, MOVES, Refused


def models() -> tuple[Any, Any, Any]:
    from django_fsm import FSMField, transition

    def method(name: str) -> Any:
        sources, to, roles, guard, _ = MOVES[name]

        def body(self: Any, who: str) -> None:
            self.left = self.state

        body.__name__ = name
        conditions = [lambda case: GUARDS[guard](case.needs)] if guard else []
        return transition(field="state", source=list(sources), target=to, conditions=conditions,
                          permission=lambda _, user: user in roles)(body)  # fmt: skip

    return models_of(FSMField(default="referred", protected=True), **{name: method(name) for name in MOVES})


def session(place: Place) -> Any:
    from django.db import transaction
    from django_fsm import has_transition_perm

    cases, entries, deadlines = MODELS

    def advance(case: int, move: str, who: str, role: str) -> None:
        with transaction.atomic():
            row = cases.objects.select_for_update().get(pk=case)
            method = getattr(row, move)
            if not has_transition_perm(method, role):
                raise Refused(move)
            method(who)
            record(entries, deadlines, row, who, move, row.left, row.state)

    return advance


if __name__ == "__main__":
    set_up(sys.argv[1])
    MODELS = models()
    answer_walk(session, ("django", "django-fsm-2", "psycopg"))
