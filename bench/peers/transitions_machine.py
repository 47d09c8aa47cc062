"""transitions with SQLAlchemy, as its documentation shows it: a Machine for the row that was loaded."""

from typing import Any

from sqlalchemy.orm import Session
from transitions import EventData, Machine

from bench.peers.answering import Place, answer_walk
from bench.peers.sqlalchemy_rows import Case, record
from bench.peers.unit import GUARDS, MOVES, STATES, Refused, is_sqlite, sqlalchemy_engine

TABLE = [
    {"trigger": name, "source": list(sources), "dest": to, "conditions": ["role_may", *([guard] if guard else [])]}
    for name, (sources, to, _, guard, _) in MOVES.items()
]


class Journey:
    """What the machine moves; a mapped row would refuse the attributes that it sets."""

    def __init__(self, case: Any) -> None:
        self.case = case

    def role_may(self, event: EventData) -> bool:
        return event.kwargs["role"] in MOVES[event.event.name][2]

    def needs_are_known(self, event: EventData) -> bool:
        return GUARDS["needs_are_known"](self.case.needs)

    def needs_are_met(self, event: EventData) -> bool:
        return GUARDS["needs_are_met"](self.case.needs)

    def written(self, event: EventData) -> None:
        found, said = event.transition, event.kwargs
        self.case.state = found.dest
        record(said["session"], self.case, said["who"], event.event.name, found.source, found.dest)


def machine_of(model: Any, state: str, **more: Any) -> Machine:
    return Machine(
        model=model, states=[*STATES, "withdrawn"], transitions=TABLE, initial=state, send_event=True,
        auto_transitions=False, **more,
    )  # fmt: skip


def session(place: Place) -> Any:
    engine = sqlalchemy_engine(place.url)
    lock = None if is_sqlite(place.url) else True

    def advance(case: int, move: str, who: str, role: str) -> None:
        with Session(engine) as one:
            row = one.get_one(Case, case, with_for_update=lock)
            journey: Any = Journey(row)
            machine_of(journey, row.state, after_state_change="written")
            if not journey.trigger(move, role=role, who=who, session=one):
                raise Refused(move)
            one.commit()

    return advance


if __name__ == "__main__":
    answer_walk(session, ("transitions", "sqlalchemy", "psycopg"))
