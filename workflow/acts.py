"""What people do to a case besides moving it: an act as evidence, with what it does to the clocks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from states.facts import Fact, check_facts
from states.guards import Situation
from workflow import audit
from workflow.accounts import Actor
from workflow.clocks import ClockChanges
from workflow.errors import BadInput, MoveRefused, NotFound, Unmet
from workflow.models import EntryKind
from workflow.moves import Move
from workflow.recording import said_by, write_entry
from workflow.references import read_deadline_name, reference
from workflow.requirements import Firing, Judged, Standing
from workflow.standings import standing_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What an act came to: the kind of its entry, its trace, and what it does to the clocks."""

    kind: EntryKind
    trace: Mapping[str, Any]
    changes: ClockChanges = field(default_factory=ClockChanges)


@dataclass(frozen=True, slots=True)
class Act:
    """What an act asks for, and what it does inside the transaction.

    Without `sees`, it is open to whoever could read such a case were this one not restricted.
    """

    asked: tuple[Fact, ...]
    work: Callable[[Firing], Acted]
    sees: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an act came in: its idempotency key, the door it came by, and the request it belongs to."""

    key: str | None = None
    source: str = "api"
    request_id: str = ""


def move_for(trigger: str, case: str, facts: Mapping[str, Any], way: Way) -> Move:
    """The act as the engine's command; what was left out is left out."""
    given = {name: _json(value) for name, value in facts.items() if value is not None}
    return Move(trigger=trigger, case=case, facts=given, key=way.key, source=way.source, request_id=way.request_id)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def record_system_act(
    connection: Connection, trigger: str, actor: Actor, now: datetime, *, facts: Mapping[str, Any], way: Way | None
) -> None:
    """The evidence of what somebody did that belongs to no case, such as an absence or a clinic session."""
    came = way or Way()
    said = {
        "kind": EntryKind.SYSTEM,
        "trigger": trigger,
        "authority": actor.authority,
        "occurred_at": now,
        "recorded_at": now,
        "actor": actor.username,
        "actor_role": actor.role,
        "actor_team": actor.team,
        "facts": {name: _json(value) for name, value in facts.items()},
        "source": came.source,
        "request_id": came.request_id,
    }
    audit.append_system(connection, said)


def case_of(name: str) -> str:
    """The case a deadline belongs to, by their names."""
    lifecycle, case_id, _ = read_deadline_name(name)
    return reference(lifecycle, case_id)


def check_asked(asked: tuple[Fact, ...], move: Move) -> dict[str, Any]:
    """The facts of an act; BadInput lists all that is wrong with them."""
    values, problems = check_facts(asked, move.facts)
    if problems:
        raise BadInput(f"{move.trigger} on {move.case}", [f"{one.where} {one.says}" for one in problems])
    return values


def act_on(
    connection: Connection, standing: Standing, *, move: Move, actor: Actor, now: datetime, asked: tuple[Fact, ...]
) -> Firing:
    """The act with its facts checked; BadInput lists all that is wrong with them."""
    values = check_asked(asked, move)
    edd = standing.family.edd
    facts = {**standing.before.facts, **({"edd": edd.isoformat()} if edd else {})}
    situation = Situation(
        state=standing.before.state,
        trigger=move.trigger,
        actor=actor.username,
        occurred_on=now.date(),
        facts=facts,
        submitted=values,
    )
    judged = replace(Judged.nothing(standing, move.trigger, situation, **values), asked=asked)
    return Firing(
        connection=connection, standing=standing, judged=judged, move=move, actor=actor, occurred_at=now, now=now
    )


def write_act(firing: Firing, acted: Acted) -> dict[str, Any]:
    """The entry of an act, and the rows it changes."""
    said = {
        **said_by(firing.move, firing.actor, firing.occurred_at, firing.now),
        "kind": acted.kind,
        "trace": dict(acted.trace),
    }
    return write_entry(firing, firing.standing.before, acted.changes, said)


def refused(firing: Firing, kind: str, name: str, says: str, who: Sequence[str] = ()) -> MoveRefused:
    """The refusal of an act, in the form in which moves are refused."""
    return MoveRefused(standing_name(firing.standing), firing.move.trigger, [Unmet(kind, name, says)], who)


def running_deadline(firing: Firing, name: str) -> dict[str, Any]:
    """The row of a running deadline of this case; refused where it has ended, NotFound where there never was one."""
    number = read_deadline_name(name)[2]
    case = firing.standing.case
    for row in firing.standing.around.running:
        if row["number"] == number:
            return row
    if number <= case["deadlines_opened"]:
        raise refused(firing, "state", "deadline", f"the deadline {name.strip()} has ended")
    raise NotFound(f"there is no deadline {name.strip()}")
