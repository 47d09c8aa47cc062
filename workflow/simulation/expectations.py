"""What a step expects: each thing compared with what is there, the first difference told in words."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from workflow.alert_tables import AlertStatus, MessageStatus
from workflow.outbox import ALERTS, MESSAGES
from workflow.simulation.scenario import Expected, Step

if TYPE_CHECKING:
    from workflow.simulation.simulator import Simulator


def count(expected: Expected) -> int:
    return sum(getattr(expected, name) is not None for name in Expected.__slots__)


def unmet(simulator: "Simulator", step: Step) -> str | None:
    """The first thing that is not as the step expects; None where all is."""
    return next(_differences(simulator, step), None)


def _differences(simulator: "Simulator", step: Step) -> Iterator[str]:
    expected = step.expect
    run = simulator.result.cases.get(step.case)
    if expected.state is not None and (run is None or run.state != expected.state):
        yield f"expected the state {expected.state}, found {run.state if run else 'no such case'}"
    running = simulator.running(step.case)
    if expected.open is not None:
        yield from _compared("these deadlines to run", expected.open, [row["clock"] for row in running])
    if expected.overdue is not None:
        now = simulator.clock.server
        late = [row["clock"] for row in running if row["due_at"] is not None and row["due_at"] <= now]
        yield from _compared("these deadlines to be overdue", expected.overdue, late)
    for clock, day in (expected.due or {}).items():
        found = [str(row["due_on"]) for row in running if row["clock"] == clock]
        yield from _compared(f"{clock} to be due", [day], found)
    yield from _about_alerts(simulator, step)
    if expected.settled is not None and expected.settled != _is_settled(simulator, step.case):
        left = ("an alert or message", "nothing")
        yield f"expected {left[expected.settled]} to be left open, found {left[not expected.settled]}"


def _about_alerts(simulator: "Simulator", step: Step) -> Iterator[str]:
    """What was raised on the case since the last step that expected alerts of it."""
    expected = step.expect
    if expected.alerts is None and expected.told is None and expected.cause is None:
        return
    alerts = simulator.observer.pending.pop(step.case, [])
    if expected.alerts is not None:
        found = [f"{one['clock']} {one['level']}" for one in alerts]
        yield from _compared("these alerts", expected.alerts, found)
    if expected.told is not None:
        told = {_as_named(simulator, name, expected.told) for one in alerts for name in one["told"]}
        yield from _compared("these people to be told", set(expected.told), told)
    if expected.cause is not None:
        yield from _compared("the cause", {expected.cause}, {one["cause"] for one in alerts})


def _as_named(simulator: "Simulator", username: str, names: Iterable[str]) -> str:
    """An account by the name the scenario uses: its user name where that is expected, else its role."""
    return username if username in names or username not in simulator.people else simulator.people[username].role.value


def _compared(what: str, expected: Iterable[Any], found: Iterable[Any]) -> Iterator[str]:
    expected, found = list(expected), list(found)
    if sorted(expected) != sorted(found):
        yield f"expected {what}: {', '.join(expected) or 'none'}; found: {', '.join(found) or 'none'}"


def _is_settled(simulator: "Simulator", name: str) -> bool:
    """Whether no alert of the case is open and no message about it waits to be sent."""
    row = simulator.row(name)
    if row is None:
        return True
    alerts = (ALERTS.c.case_id == row["id"]) & (ALERTS.c.status != AlertStatus.SETTLED)
    waiting = (MESSAGES.c.case_id == row["id"]) & (MESSAGES.c.status == MessageStatus.QUEUED)
    with simulator.database.read() as connection:
        left = [
            connection.execute(select(func.count()).select_from(table).where(which)).scalar_one()
            for table, which in ((ALERTS, alerts), (MESSAGES, waiting))
        ]
    return not any(left)
