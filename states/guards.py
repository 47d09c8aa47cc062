"""Named yes/no conditions over what is known of a case at one moment; each says what is missing when it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One baby of a pre-birth case, numbered from 1."""

    number: int
    live_birth: bool = True
    born_on: date | None = None
    care_plan: str | None = None
    outcome: str | None = None
    died_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseUnder:
    """A case under a parent case: what the parent's guards need to know of it, and no content."""

    lifecycle: str
    state: str
    final: bool
    child: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a guard may look at: an immutable view, put together by the engine.

    `facts` is the case's facts with the submitted ones laid over them; `derived` holds what was computed for the day
    the move happened (`gestation_days`, `months_since_start`, `return_state`, `decision`, `caseload` ...);
    `last_actor` names who fired a trigger last. A value that is not known is absent or None: a guard then fails.
    """

    state: str
    trigger: str
    actor: str
    occurred_on: date
    facts: Mapping[str, Any] = field(default_factory=dict)
    submitted: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    cases_under: tuple[CaseUnder, ...] = ()
    last_actor: Mapping[str, str] = field(default_factory=dict)

    def on(self, name: str) -> date | None:
        """The fact `name` as a date, or None where it is not known."""
        value = self.facts.get(name)
        return date.fromisoformat(value) if isinstance(value, str) else value

    def open_under(self, *lifecycles: str) -> tuple[CaseUnder, ...]:
        """The cases under this one that are not final (of these lifecycles, where named)."""
        return tuple(
            one for one in self.cases_under if not one.final and (not lifecycles or one.lifecycle in lifecycles)
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition; `says` completes the sentence "This cannot happen yet: ..."."""

    name: str
    says: str
    holds: Callable[[Situation], bool]


GUARDS: dict[str, Guard] = {}


def guard(says: str) -> Callable[[Callable[[Situation], bool]], Callable[[Situation], bool]]:
    """Registers a function as the guard of its own name; only registered guards can be named in a lifecycle."""

    def register(function: Callable[[Situation], bool]) -> Callable[[Situation], bool]:
        if function.__name__ in GUARDS:
            raise ValueError(f"guard {function.__name__} is defined twice")
        GUARDS[function.__name__] = Guard(function.__name__, says, function)
        return function

    return register


BRANCHES: dict[str, Callable[[Situation], Any]] = {}


def branch(function: Callable[[Situation], Any]) -> Callable[[Situation], Any]:
    """Registers a function whose value tells rows of the same trigger and source apart (Transition.when)."""
    if function.__name__ in BRANCHES:
        raise ValueError(f"branch {function.__name__} is defined twice")
    BRANCHES[function.__name__] = function
    return function


@branch
def return_state(s: Situation) -> Any:
    """The state that was left when the case came into the state that holds it."""
    return s.derived.get("return_state")


@branch
def migrate_to(s: Situation) -> Any:
    return s.submitted.get("migrate_to")


# Shared by every lifecycle (states.common). `derived` keys the engine supplies: approvals_takeable (triggers that take
# one), approval (the open request named by for_trigger: {"asked_by", "by_role"} or None), actor_role, worker (the
# account named: {"active", "own_worker_of_parent", "trained_learning_disability", "caseload"} or None), correctable
# (entry numbers as text), clinic (the session named: {"held_on"} or None), item (the one named: {"free"} or None), lent
# (codes of the items lent under this case).


@guard("the move named takes no approval in this lifecycle")
def move_takes_approval(s: Situation) -> bool:
    return s.submitted.get("for_trigger") in s.derived.get("approvals_takeable", ())


@guard("no approval was asked for that move, or it has been decided")
def approval_is_asked_for(s: Situation) -> bool:
    return s.derived.get("approval") is not None


@guard("an approval is decided by somebody else than the person who asked for it")
def decider_did_not_ask(s: Situation) -> bool:
    return (s.derived.get("approval") or {}).get("asked_by") != s.actor


@guard("this approval is for a higher tier to decide")
def decider_has_the_tier(s: Situation) -> bool:
    approval = s.derived.get("approval")
    return approval is None or s.derived.get("actor_role") == approval.get("by_role")


@guard("the worker named is not an active account")
def worker_is_active(s: Situation) -> bool:
    return bool((s.derived.get("worker") or {}).get("active"))


@guard("a parent's own social worker cannot be the baby's worker (conflict of interest)")
def worker_is_not_the_parents_own(s: Situation) -> bool:
    return not (s.derived.get("worker") or {}).get("own_worker_of_parent")


@guard("that entry is not a move of this case that can be corrected (only the latest move can be undone)")
def entry_can_be_corrected(s: Situation) -> bool:
    return s.submitted.get("entry") in s.derived.get("correctable", ())
