"""What the cases under a pre-birth case share: dates in order, a born child, the end with the parent case."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from states.common import open_states
from states.facts import Fact
from states.guards import Situation, branch, guard
from states.lifecycle import State, Transition
from states.roles import Role

LONDON = ZoneInfo("Europe/London")


def instant_of(s: Situation, name: str) -> datetime | None:
    """The fact `name` as an instant; None where it is not known or is no instant with its zone."""
    value = s.facts.get(name)
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return instant if isinstance(instant, datetime) and instant.tzinfo is not None else None


def day_of(s: Situation, name: str) -> date | None:
    """The local day of the fact `name`, a date or an instant; None where it is not known."""
    instant = instant_of(s, name)
    if instant is not None:
        return instant.astimezone(LONDON).date()
    try:
        return s.on(name)
    except ValueError:
        return None


def in_order(s: Situation, *names: str) -> bool:
    """Whether these days are all known, each on or after the one before, and the last not after the move."""
    days = [day_of(s, name) for name in names]
    known = [day for day in days if day is not None]
    return len(known) == len(days) and known == sorted(known) and known[-1] <= s.occurred_on


def said(s: Situation, name: str) -> bool:
    """Whether this move gives the text `name`."""
    return bool(str(s.submitted.get(name) or "").strip())


def born_on(s: Situation) -> date | None:
    value = s.derived.get("born_on")
    return date.fromisoformat(value) if isinstance(value, str) else value


@branch
def born(s: Situation) -> bool:
    """Whether the child (or else the first baby) is known to be born."""
    return born_on(s) is not None


@guard("the child's date of birth is not recorded: before birth there are no court orders and no care")
def child_is_born(s: Situation) -> bool:
    birth = born_on(s)
    return birth is not None and birth <= s.occurred_on


@guard("the child is born")
def is_before_birth(s: Situation) -> bool:
    return born_on(s) is None


def end_with_parent(states: Sequence[State]) -> Transition:
    """Fired by the engine when a person ends the parent case, or a child's part in it; never by a timer."""
    return Transition(
        trigger="end_with_parent",
        label="End with the pre-birth case",
        sources=open_states(states),
        to="ended",
        roles=(Role.SYSTEM,),
        notify=(Role.CASEWORKER, Role.TEAM_MANAGER),
        basis="domain 10.5: what a person ends above ends the cases under it, in the same transaction",
    )


def taking_over(rows: Iterable[Transition], *facts: Fact) -> tuple[Transition, ...]:
    """The rows, with these facts added where a case is taken over: the dates its clocks count from."""
    return tuple(replace(row, facts=(*row.facts, *facts)) if row.trigger == "migrate_in" else row for row in rows)
