"""A lifecycle: states, transitions and clocks as one table, run by one shared `transitions` machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from transitions import Machine

from states.facts import Fact
from states.guards import BRANCHES, GUARDS, Situation
from states.roles import Role

NEW = "new"  # where a case stands before it is opened; never stored
SELF = "="  # the state does not change


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A place a case can be in. `holds` marks a state one comes back from: the state that was left is remembered."""

    id: str
    label: str
    stage: str
    meaning: str
    final: bool = False
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A second person's consent to a move: decided by role `by`, never by who asked; valid for the policy's time.

    `when` names a guard: only where it holds is the approval needed. `may_follow`: the move may come first and stays
    flagged until the approval is given.
    """

    by: Role
    when: str | None = None
    may_follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An edge the lifecycle allows.

    `when` is (name of a branch, value) and tells rows of the same trigger and source apart.
    `under` names what happens to the cases under this one or beside it, in the same transaction (see UNDER).
    `notify` lists the roles that are told. `basis` is the source of the rule. `may_precede_opening`: it may have
    happened before the case was opened, as the birth after a concealed pregnancy.
    """

    trigger: str
    label: str
    sources: tuple[str, ...]
    to: str
    roles: tuple[Role, ...]
    basis: str
    facts: tuple[Fact, ...] = ()
    guards: tuple[str, ...] = ()
    when: tuple[str, Any] | None = None
    approval: Approval | None = None
    notify: tuple[Role, ...] = ()
    under: str | None = None
    may_precede_opening: bool = False

    def holds(self, situation: Situation) -> bool:
        """Whether this is the row meant, where a trigger has several from one state."""
        if self.when is None:
            return True
        name, value = self.when
        return bool(BRANCHES[name](situation) == value)


UNDER = {
    "open_child_protection_if_urgent": "a child-protection case is opened where there is an immediate safety concern",
    "silence_birth": "clocks about the birth end in the cases under it too",
    "rearm_birth": "clocks about the birth start again in the cases under it too",
    "end": "the cases under it end",
    "end_child": "the cases of that child end",
    "change_owner": "open cases under it change owner, not state",
    "refer_to_prebirth": "a pre-birth referral is opened beside it where a team is named; both hold the link alone",
    "offer_pause": "a Pause record is opened beside it where a team is named; both hold the link alone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A named stopwatch; how long it may run is policy, not part of the table.

    It runs only while the case is in one of the states `during`. Without `started_by` and `after` it starts when the
    case enters them; otherwise when one of those triggers fires or one of those clocks is met. A trigger in `met_by`
    meets it; leaving `during` otherwise, or a trigger in `cancelled_by`, cancels it. `repeats`: it starts again when
    met. `only_if` names a guard that must hold at the start. `birth_related` clocks end when a pregnancy ends. `per`
    is what one run of the clock is about: the case, each child, each approval asked for, or each item lent.
    """

    id: str
    label: str
    during: tuple[str, ...]
    started_by: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    met_by: tuple[str, ...] = ()
    cancelled_by: tuple[str, ...] = ()
    repeats: bool = False
    only_if: str | None = None
    birth_related: bool = False
    per: str = "case"
    owner: Role = Role.CASEWORKER

    @property
    def starts_on_entry(self) -> bool:
        return not self.started_by and not self.after


class Subject:
    """What the shared machine moves: a state and the situation that tells rows apart. Thrown away after one move."""

    __slots__ = ("situation", "state")

    def __init__(self, state: str, situation: Situation) -> None:
        self.state = state
        self.situation = situation


@dataclass(frozen=True, kw_only=True, eq=False)  # one object a version: equal when it is the same
class Lifecycle:
    """One kind of case. Build it through `states.checks.checked`, which refuses a wrong table."""

    id: str
    label: str
    code: str  # two or three letters; begins the reference of its cases
    version: int
    subject: str
    stages: tuple[str, ...]
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    clocks: tuple[Clock, ...]
    parent: str | None = None  # the lifecycle of the case it stands under
    per_child: bool = False
    record: str = "baby"  # whose: "baby" (and its family), "pause" (the woman's own), "both": about no person at all
    _by_trigger: dict[tuple[str, str], tuple[Transition, ...]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        index: dict[tuple[str, str], list[Transition]] = {}
        for row in self.transitions:
            for source in row.sources:
                index.setdefault((row.trigger, source), []).append(row)
        self._by_trigger.update({key: tuple(rows) for key, rows in index.items()})

    @cached_property
    def state_by_id(self) -> Mapping[str, State]:
        return {state.id: state for state in self.states}

    @cached_property
    def clock_by_id(self) -> Mapping[str, Clock]:
        return {clock.id: clock for clock in self.clocks}

    @cached_property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger once, in the order of the table."""
        return tuple(dict.fromkeys(row.trigger for row in self.transitions))

    def rows(self, trigger: str, state: str) -> tuple[Transition, ...]:
        """The rows a trigger has from a state; empty where it cannot be fired there."""
        return self._by_trigger.get((trigger, state), ())

    def rows_from(self, state: str) -> tuple[Transition, ...]:
        """What can be tried from a state, in the order of the table."""
        return tuple(row for row in self.transitions if state in row.sources)

    def target(self, row: Transition, state: str) -> str:
        return state if row.to == SELF else row.to

    @cached_property
    def machine(self) -> Machine:
        """The one `transitions` machine of this lifecycle version, shared by every case and thread."""
        machine = Machine(
            model=None,
            states=[NEW, *(state.id for state in self.states)],
            initial=NEW,
            auto_transitions=False,
            send_event=True,
            queued=False,
        )
        for row in self.transitions:
            for source in row.sources:
                machine.add_transition(
                    row.trigger,
                    source,
                    None if row.to == SELF else row.to,
                    conditions=[lambda event, row=row: row.holds(event.model.situation)],
                )
        return machine

    def fire(self, situation: Situation) -> str | None:
        """The state the trigger leads to, or None where no row holds. Guards and permissions are asked before."""
        subject = Subject(situation.state, situation)
        if situation.trigger not in self.machine.events or not self.rows(situation.trigger, situation.state):
            return None
        return subject.state if self.machine.events[situation.trigger].trigger(subject) else None

    def unmet(self, row: Transition, situation: Situation) -> list[str]:
        """The names of this row's guards that do not hold, all of them."""
        return [name for name in row.guards if not GUARDS[name].holds(situation)]


def returns(back_to: Mapping[str, str], **row: Any) -> tuple[Transition, ...]:
    """One row for each state a holding state may lead back to: {state that was left: state to go to}."""
    return tuple(Transition(to=to, when=("return_state", left), **row) for left, to in back_to.items())


@dataclass(frozen=True, slots=True)
class ClockEffects:
    """What one edge does to the clocks of a case: ids to meet, to cancel and to start, in the order of the table."""

    meets: tuple[str, ...]
    cancels: tuple[str, ...]
    starts: tuple[str, ...]


def clock_effects(lifecycle: Lifecycle, trigger: str, source: str, target: str) -> ClockEffects:
    """The effects of `trigger` leading from `source` to `target`, given any clock may be running.

    A clock that is met and repeats, and one that follows a clock that can be met here, stand in `starts`; the engine
    starts the latter only where that clock was running.
    """
    meets, cancels, starts = [], [], []
    for clock in lifecycle.clocks:
        inside, stays = source in clock.during, target in clock.during
        if inside and trigger in clock.met_by:
            meets.append(clock.id)
        elif inside and (not stays or trigger in clock.cancelled_by):
            cancels.append(clock.id)
        if stays and (
            trigger in clock.started_by
            or (clock.starts_on_entry and not inside)
            or (clock.repeats and inside and trigger in clock.met_by)
        ):
            starts.append(clock.id)
    for clock in lifecycle.clocks:
        if target in clock.during and set(clock.after) & set(meets) and clock.id not in starts:
            starts.append(clock.id)
    return ClockEffects(tuple(meets), tuple(cancels), tuple(starts))
