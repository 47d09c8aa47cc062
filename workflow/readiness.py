"""Whether the service is fit to work now: database, schema, heartbeat, promises and the horizon of the calendar."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from scheduler.calendars import local_date
from workflow.bootstrap import Service
from workflow.errors import WaymarkError
from workflow.job_log import RUNS, silence
from workflow.jobs import LIGHT_CHECK


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`says` names each thing looked at and how it stands; `ready` is False where work must not be sent here."""

    ready: bool
    says: dict[str, str]


def readiness(service: Service, now: datetime) -> Readiness:
    """How the service stands at `now`. The calendar's horizon is a warning and does not make it unready."""
    says = dict(node_readiness(service).says)
    try:
        if says["database"] == "ok":
            with service.database.read() as connection:
                says |= {"heartbeat": silence(connection, now) or "ok", "promises": _promises(connection)}
    except WaymarkError as error:
        says["database"] = str(error)
    ready = all(one == "ok" for one in says.values())
    verified_to = service.engine.calendar.verified_to
    near = local_date(now).year >= verified_to
    says["calendar"] = f"bank holidays are verified to the end of {verified_to} only" if near else "ok"
    return Readiness(ready=ready, says=says)


def node_readiness(service: Service) -> Readiness:
    """Whether this process can work on the database. A proxy asks no more: the rest holds of all nodes or of none."""
    try:
        service.database.require_current(writing=True)
    except WaymarkError as error:
        return Readiness(ready=False, says={"database": str(error)})
    return Readiness(ready=True, says={"database": "ok"})


def _promises(connection: Connection) -> str:
    """How the last check of the promises ended."""
    query = select(RUNS.c.outcome, RUNS.c.count.label("broken")).where(
        (RUNS.c.job == LIGHT_CHECK) & RUNS.c.outcome.is_not(None)
    )
    last = connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).first()
    if last is None:
        return "not checked yet"
    if last.outcome != "done":
        return "the last check failed: see the log"
    return "ok" if last.broken == 0 else f"{last.broken} broken: run `waymark check`"
