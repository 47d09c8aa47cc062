"""What a step expects: each thing compared with what is there, the first difference told in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import func, select

from workflow.accounts import Actor
from workflow.alert_tables import AlertStatus, MessageStatus
from workflow.database import Database
from workflow.outbox import ALERTS, MESSAGES
from workflow.simulation.clock import VirtualClock
from workflow.simulation.course import Run
from workflow.simulation.observer import Observer
from workflow.simulation.scenario import Expected, Step


class Played(Protocol):
    """What a scenario being played lets one look at."""

    database: Database
    clock: VirtualClock
    result: Run
    observer: Observer

    @property
    def people(self) -> Mapping[str, Actor]: ...

    def row(self, name: str) -> dict[str, Any] | None: ...

    def running(self, name: str) -> list[dict[str, Any]]: ...


def count(expected: Expected) -> int:
    return sum(getattr(expected, name) is not None for name in Expected.__slots__)


def unmet(played: Played, step: Step) -> str | None:
    """The first thing that is not as the step expects; None where all is."""
    return next(_differences(played, step), None)


def _differences(played: Played, step: Step) -> Iterator[str]:
    expected = step.expect
    run = played.result.cases.get(step.case)
    if expected.state is not None and (run is None or run.state != expected.state):
        yield f"expected the state {expected.state}, found {run.state if run else 'no such case'}"
    running = played.running(step.case)
    if expected.open is not None:
        yield from _compared("these deadlines to run", expected.open, [row["clock"] for row in running])
    if expected.overdue is not None:
        now = played.clock.server
        late = [row["clock"] for row in running if row["due_at"] is not None and row["due_at"] <= now]
        yield from _compared("these deadlines to be overdue", expected.overdue, late)
    for clock, day in (expected.due or {}).items():
        found = [str(row["due_on"]) for row in running if row["clock"] == clock]
        yield from _compared(f"{clock} to be due", [day], found)
    yield from _about_alerts(played, step)
    if expected.settled is not None and expected.settled != _is_settled(played, step.case):
        left = ("an alert or message", "nothing")
        yield f"expected {left[expected.settled]} to be left open, found {left[not expected.settled]}"


def _about_alerts(played: Played, step: Step) -> Iterator[str]:
    """What was raised on the case since the last step that expected alerts of it."""
    expected = step.expect
    if expected.alerts is None and expected.told is None and expected.cause is None:
        return
    alerts = played.observer.pending.pop(step.case, [])
    if expected.alerts is not None:
        found = [f"{one['clock']} {one['level']}" for one in alerts]
        yield from _compared("these alerts", expected.alerts, found)
    if expected.told is not None:
        told = {_as_named(played, name, expected.told) for one in alerts for name in one["told"]}
        yield from _compared("these people to be told", set(expected.told), told)
    if expected.cause is not None:
        yield from _compared("the cause", {expected.cause}, {one["cause"] for one in alerts})


def _as_named(played: Played, username: str, names: Iterable[str]) -> str:
    """An account by the name the scenario uses: its user name where that is expected, else its role."""
    return username if username in names or username not in played.people else played.people[username].role.value


def _compared(what: str, expected: Iterable[Any], found: Iterable[Any]) -> Iterator[str]:
    expected, found = list(expected), list(found)
    if sorted(expected) != sorted(found):
        yield f"expected {what}: {', '.join(expected) or 'none'}; found: {', '.join(found) or 'none'}"


def _is_settled(played: Played, name: str) -> bool:
    """Whether no alert of the case is open and no message about it waits to be sent."""
    row = played.row(name)
    if row is None:
        return True
    alerts = (ALERTS.c.case_id == row["id"]) & (ALERTS.c.status != AlertStatus.SETTLED)
    waiting = (MESSAGES.c.case_id == row["id"]) & (MESSAGES.c.status == MessageStatus.QUEUED)
    with played.database.read() as connection:
        left = [
            connection.execute(select(func.count()).select_from(table).where(which)).scalar_one()
            for table, which in ((ALERTS, alerts), (MESSAGES, waiting))
        ]
    return not any(left)
