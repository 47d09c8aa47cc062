"""What can be done to one deadline now and what stands in the way, by the rules of the acts themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflow import answers, clock_actions
from workflow.accounts import Actor
from workflow.acts import Way, act_on, case_of, move_for, running_deadline
from workflow.engine import Engine
from workflow.errors import MoveRefused, Unmet
from workflow.permissions import works_on
from workflow.requirements import Firing

ASKED = (clock_actions.DEADLINE, clock_actions.REASON)


@dataclass(frozen=True, slots=True)
class Doing:
    """One act: nothing `unmet` where it can be tried now; `who` could do it."""

    act: str
    unmet: Sequence[Unmet]
    who: Sequence[str]

    @property
    def can(self) -> bool:
        return not self.unmet


def possible_acts(engine: Engine, actor: Actor, now: datetime, deadline: str) -> list[Doing]:
    """Every act, judged as far as it can be before its form is filled in; reads, and writes nothing."""
    with engine.database.read() as connection:
        standing = engine.standings.named(connection, case_of(deadline), actor, now, lock=False)
        if not works_on(actor, standing.lifecycle):
            return []
        move = move_for("look", case_of(deadline), {"deadline": deadline, "reason": "a look"}, Way())
        firing = act_on(connection, standing, move=move, actor=actor, now=now, asked=ASKED)
        return [_tried(act, check, firing, engine, deadline) for act, check in CHECKS.items()]


def _tried(act: str, check: Callable[[Firing, Engine, str], Any], firing: Firing, engine: Engine, name: str) -> Doing:
    try:
        check(firing, engine, name)
    except MoveRefused as refused:
        return Doing(act, [one for one in refused.unmet if one.kind != "fact"], refused.who)
    return Doing(act, (), ())


CHECKS: dict[str, Callable[[Firing, Engine, str], Any]] = {
    "acknowledge": lambda firing, _, name: answers.check_answer(firing, running_deadline(firing, name), promise=True),
    "snooze": lambda firing, _, name: answers.check_answer(firing, running_deadline(firing, name), promise=False),
    "pause": lambda firing, engine, _: clock_actions.check_pause(firing, engine),
    "resume": lambda firing, engine, _: clock_actions.check_resume(firing, engine),
    "extend": lambda firing, _, name: clock_actions.check_extend(firing, running_deadline(firing, name)),
}
