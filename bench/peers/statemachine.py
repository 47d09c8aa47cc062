"""python-statemachine with SQLAlchemy, as its documentation shows it: a machine around the row that was loaded."""

from typing import Any

from sqlalchemy.orm import Session
from statemachine import State, StateMachine

from bench.peers.answering import Place, answer_walk
from bench.peers.sqlalchemy_rows import Case, record
from bench.peers.unit import GUARDS, MOVES, is_sqlite, sqlalchemy_engine


class Journey(StateMachine):
    catch_errors_as_events = False
    referred = State(initial=True)
    allocated, assessing, supported, reviewing, ended = State(), State(), State(), State(), State()
    withdrawn = State(final=True)
    allocate = referred.to(allocated, cond="role_may")
    assess = allocated.to(assessing, cond=["role_may", "needs_are_known"])
    support = assessing.to(supported, cond="role_may")
    review = supported.to(reviewing, cond="role_may")
    end = reviewing.to(ended, cond=["role_may", "needs_are_met"])
    reopen = ended.to(referred, cond="role_may")
    withdraw = (
        referred.to(withdrawn, cond="role_may")
        | allocated.to(withdrawn, cond="role_may")
        | assessing.to(withdrawn, cond="role_may")
        | supported.to(withdrawn, cond="role_may")
        | reviewing.to(withdrawn, cond="role_may")
    )

    def role_may(self, event: Any, role: str) -> bool:
        return role in MOVES[str(event)][2]

    def needs_are_known(self) -> bool:
        return GUARDS["needs_are_known"](self.model.needs)

    def needs_are_met(self) -> bool:
        return GUARDS["needs_are_met"](self.model.needs)

    def after_transition(
        self, event: Any, source: State, target: State, session: Session | None = None, who: str = ""
    ) -> None:
        if session is not None:
            record(session, self.model, who, str(event), source.id, target.id)


def session(place: Place) -> Any:
    engine = sqlalchemy_engine(place.url)
    lock = None if is_sqlite(place.url) else True

    def advance(case: int, move: str, who: str, role: str) -> None:
        with Session(engine) as one:
            Journey(one.get_one(Case, case, with_for_update=lock)).send(move, role=role, who=who, session=one)
            one.commit()

    return advance


if __name__ == "__main__":
    answer_walk(session, ("python-statemachine", "sqlalchemy", "psycopg"))
