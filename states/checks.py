"""The checks of a lifecycle table: what is wrong fails when the table is loaded, naming lifecycle, row and field.

Errors:
    LifecycleError (ValueError)     a lifecycle table that must not be loaded
"""

from collections.abc import Iterable, Mapping

from states.facts import Fact, FactType
from states.guards import BRANCHES, GUARDS
from states.lifecycle import NEW, SELF, UNDER, Clock, Lifecycle, Transition


class LifecycleError(ValueError):
    """A lifecycle table that must not be loaded."""

    def __init__(self, lifecycle: str, row: str, field_name: str, says: str) -> None:
        super().__init__(f"lifecycle {lifecycle}, {row}, {field_name}: {says}")


def checked(lifecycle: Lifecycle) -> Lifecycle:
    """Returns the lifecycle; raises LifecycleError for the first thing wrong with its table."""
    for rule in (_check_names, _check_rows, _check_told_apart, _check_clocks, _check_reachable, _check_limits):
        rule(lifecycle)
    return lifecycle


def _row_name(row: Transition) -> str:
    return f"transition {row.trigger} from {', '.join(row.sources)}"


def _duplicates(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _check_names(lifecycle: Lifecycle) -> None:
    for kind, names in (("state", [s.id for s in lifecycle.states]), ("clock", [c.id for c in lifecycle.clocks])):
        for name in _duplicates(names):
            raise LifecycleError(lifecycle.id, f"{kind} {name}", "id", "is defined twice")
    for state in lifecycle.states:
        if state.stage not in lifecycle.stages:
            raise LifecycleError(lifecycle.id, f"state {state.id}", "stage", f"{state.stage!r} is not a stage")


def _check_rows(lifecycle: Lifecycle) -> None:
    for row in lifecycle.transitions:
        where = _row_name(row)
        _check_edges(lifecycle, where, row)
        _check_row_names(lifecycle, where, row)
        for name in _duplicates(fact.name for fact in row.facts):
            raise LifecycleError(lifecycle.id, where, "facts", f"asks for {name!r} twice")
        for fact in row.facts:
            _check_fact(lifecycle, where, fact)


def _check_edges(lifecycle: Lifecycle, where: str, row: Transition) -> None:
    """Where a row starts and leads; what is final is not left."""
    known = {state.id: state for state in lifecycle.states}
    for source in row.sources:
        if source == NEW:
            continue
        if source not in known:
            raise LifecycleError(lifecycle.id, where, "sources", f"there is no state {source!r}")
        if known[source].final and row.to != SELF:
            raise LifecycleError(lifecycle.id, where, "sources", f"{source!r} is final and cannot be left")
    if row.to != SELF and row.to not in known:
        raise LifecycleError(lifecycle.id, where, "to", f"there is no state {row.to!r}")


def _check_row_names(lifecycle: Lifecycle, where: str, row: Transition) -> None:
    """Who may fire a row, its source, and the guards, branch and effect it names."""
    if not row.roles:
        raise LifecycleError(lifecycle.id, where, "roles", "nobody may fire it")
    if not row.basis:
        raise LifecycleError(lifecycle.id, where, "basis", "the source of the rule is missing")
    for name in (*row.guards, *([row.approval.when] if row.approval and row.approval.when else [])):
        if name not in GUARDS:
            raise LifecycleError(lifecycle.id, where, "guards", f"there is no guard {name!r}")
    if row.approval and row.approval.may_follow and row.to in {state.id for state in lifecycle.states if state.final}:
        raise LifecycleError(lifecycle.id, where, "approval", "may follow, but where the case ends none can be given")
    if row.when is not None and row.when[0] not in BRANCHES:
        raise LifecycleError(lifecycle.id, where, "when", f"there is no branch {row.when[0]!r}")
    if row.under is not None and row.under not in UNDER:
        raise LifecycleError(lifecycle.id, where, "under", f"there is no effect {row.under!r}")


def _check_fact(lifecycle: Lifecycle, where: str, fact: Fact) -> None:
    if fact.type in (FactType.CHOICE, FactType.CHOICES) and not fact.choices:
        raise LifecycleError(lifecycle.id, where, f"facts.{fact.name}", "offers no choices")
    if (fact.type is FactType.RECORDS) != bool(fact.fields):
        raise LifecycleError(
            lifecycle.id, where, f"facts.{fact.name}", "fields go with records, and records with fields"
        )
    if any(inner.personal for inner in fact.fields) and not fact.personal:
        raise LifecycleError(
            lifecycle.id, where, f"facts.{fact.name}", "holds personal fields, so it is personal as a whole"
        )


def _check_told_apart(lifecycle: Lifecycle) -> None:
    for (trigger, source), rows in lifecycle._by_trigger.items():
        if len(rows) == 1:
            continue
        where = f"transition {trigger} from {source}"
        names = {row.when[0] for row in rows if row.when}
        if len(names) != 1 or any(row.when is None for row in rows):
            raise LifecycleError(lifecycle.id, where, "when", f"{len(rows)} rows that the trigger cannot tell apart")
        values = [row.when[1] for row in rows if row.when]
        if len(set(values)) != len(values):
            raise LifecycleError(lifecycle.id, where, "when", "two rows that the trigger cannot tell apart: same value")


def _check_clocks(lifecycle: Lifecycle) -> None:
    states = {state.id: state for state in lifecycle.states}
    triggers, clocks = set(lifecycle.triggers), {clock.id for clock in lifecycle.clocks}
    for clock in lifecycle.clocks:
        where = f"clock {clock.id}"
        if not clock.during:
            raise LifecycleError(lifecycle.id, where, "during", "names no state in which it may run")
        for state in clock.during:
            if state not in states or states[state].final:
                raise LifecycleError(lifecycle.id, where, "during", f"{state!r} is not a state a case can wait in")
        for name, wanted in (
            ("started_by", clock.started_by),
            ("met_by", clock.met_by),
            ("cancelled_by", clock.cancelled_by),
        ):
            for trigger in wanted:
                if trigger not in triggers:
                    raise LifecycleError(lifecycle.id, where, name, f"there is no trigger {trigger!r}")
        for other in clock.after:
            if other not in clocks:
                raise LifecycleError(lifecycle.id, where, "after", f"there is no clock {other!r}")
        if clock.only_if is not None and clock.only_if not in GUARDS:
            raise LifecycleError(lifecycle.id, where, "only_if", f"there is no guard {clock.only_if!r}")
        if clock.per not in ("case", "child", "approval", "item"):
            raise LifecycleError(lifecycle.id, where, "per", "is the case, the child, the approval or the item")
        _check_ends(lifecycle, clock)


def _check_ends(lifecycle: Lifecycle, clock: Clock) -> None:
    """A clock with triggers that meet it needs one that can be fired while it runs; one without must end by leaving."""
    if clock.met_by:
        ends = any(lifecycle.rows(trigger, state) for trigger in clock.met_by for state in clock.during)
    else:
        ends = any(row.to not in (SELF, *clock.during) for state in clock.during for row in lifecycle.rows_from(state))
    if not ends:
        raise LifecycleError(
            lifecycle.id, f"clock {clock.id}", "met_by", "no trigger that can be fired meets or ends it"
        )


def _reach(starts: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    reached, frontier = set(starts), list(starts)
    while frontier:
        for target in edges.get(frontier.pop(), set()) - reached:
            reached.add(target)
            frontier.append(target)
    return reached


def _check_reachable(lifecycle: Lifecycle) -> None:
    forward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for row in lifecycle.transitions:
        if row.trigger == "migrate_in":  # how a caseload is taken over; it must not hide a state no work leads to
            continue
        for source in row.sources:
            target = lifecycle.target(row, source)
            forward.setdefault(source, set()).add(target)
            backward.setdefault(target, set()).add(source)
    reachable = _reach([NEW], forward)
    can_end = _reach([state.id for state in lifecycle.states if state.final], backward)
    for state in lifecycle.states:
        if state.id not in reachable:
            raise LifecycleError(lifecycle.id, f"state {state.id}", "id", "cannot be reached from the opening")
        if state.id not in can_end:
            raise LifecycleError(lifecycle.id, f"state {state.id}", "id", "cannot come to an end")


def _check_limits(lifecycle: Lifecycle) -> None:
    """Every non-final state needs a clock that always starts on entry and still runs however the state was reached."""
    for state in lifecycle.states:
        if state.final or any(_always_runs(lifecycle, clock, state.id) for clock in lifecycle.clocks):
            continue
        raise LifecycleError(lifecycle.id, f"state {state.id}", "clocks", "a case could wait here without a time limit")


def _always_runs(lifecycle: Lifecycle, clock: Clock, state: str) -> bool:
    if state not in clock.during or clock.per != "case" or not clock.starts_on_entry or clock.only_if:
        return False
    stopping = set(clock.cancelled_by) | (set() if clock.repeats else set(clock.met_by))
    return not any(
        lifecycle.target(row, source) == state
        for source in clock.during
        for row in lifecycle.rows_from(source)
        if row.trigger in stopping
    )
