"""The record of job runs: whether the service is awake, when it last swept, and a word when a job keeps failing."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from scheduler.calendars import local_date, written_at
from workflow.alert_tables import JobRun
from workflow.database import Database
from workflow.delivery.routes import INBOX_ONLY, Routes
from workflow.notices import administrators, tell_once
from workflow.tables import table

log = structlog.get_logger(__name__)

RUNS = table(JobRun)
SWEEP = "deadline sweep"  # the job whose silence is the service's silence
NIGHTLY = "nightly check"  # replays every case and verifies the evidence
SILENT = timedelta(minutes=10)
IN_A_ROW = 3  # failures before somebody is told
KEPT = timedelta(days=31)


class JobRuns:
    """The port scheduler.ports.JobLog on one database. Order is that of the numbers: clocks may step back."""

    def __init__(self, database: Database, routes: Routes = INBOX_ONLY) -> None:
        self.database, self.routes = database, routes

    def started(self, job: str, node: str, now: datetime) -> int:
        with self.database.write() as connection:
            result = connection.execute(RUNS.insert(), {"job": job, "node": node, "started_at": now, "count": 0})
            (run,) = result.inserted_primary_key or (0,)
            return int(run)

    def finished(self, run: int, now: datetime, outcome: str, count: int) -> None:
        with self.database.write() as connection:
            values = {"finished_at": now, "outcome": outcome, "count": count}
            connection.execute(RUNS.update().where(RUNS.c.id == run).values(**values))
            if outcome != "done":
                self._tell_of_failures(connection, run, now)

    def _tell_of_failures(self, connection: Connection, run: int, now: datetime) -> None:
        """From the third failure in a row on, administrators are told, once a day."""
        row = connection.execute(select(RUNS.c.job, RUNS.c.node).where(RUNS.c.id == run)).one()
        failures = failures_in_a_row(connection, row.job, row.node)
        if failures < IN_A_ROW:
            return
        log.error("job_keeps_failing", job=row.job, node=row.node)
        tell_once(
            connection,
            administrators(connection),
            key=f"job_failing/{row.job}/{row.node}/{local_date(now)}",
            template="job_failing",
            params={"job": row.job, "node": row.node, "failures": failures},
            now=now,
            urgent=True,
            routes=self.routes,
        )


def last_done(connection: Connection, job: str) -> datetime | None:
    """When the last run of a job that succeeded began; None where none ever did."""
    query = select(RUNS.c.started_at).where((RUNS.c.job == job) & (RUNS.c.outcome == "done"))
    found: datetime | None = connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).scalar()
    return found


def last_run(connection: Connection, job: str) -> dict[str, Any] | None:
    """The last run of a job that ended, whatever came of it; None where none has."""
    query = select(RUNS).where((RUNS.c.job == job) & RUNS.c.outcome.is_not(None)).order_by(RUNS.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def latest_runs(connection: Connection) -> list[dict[str, Any]]:
    """The latest run of each job on each node."""
    latest = select(func.max(RUNS.c.id)).group_by(RUNS.c.job, RUNS.c.node)
    query = select(RUNS).where(RUNS.c.id.in_(latest)).order_by(RUNS.c.job, RUNS.c.node)
    return [dict(row) for row in connection.execute(query).mappings()]


def is_being_done(connection: Connection, job: str, now: datetime) -> bool:
    """Whether a run of this job has begun within the hour and not ended: a node that died holds it up no longer."""
    recent = (RUNS.c.started_at > now - timedelta(hours=1)) & (RUNS.c.started_at <= now)
    query = select(RUNS.c.id).where((RUNS.c.job == job) & recent & RUNS.c.outcome.is_(None))
    return connection.execute(query.limit(1)).first() is not None


def failures_in_a_row(connection: Connection, job: str, node: str, most: int = 100) -> int:
    """How many of the last runs of a job on a node failed, up to the last that succeeded."""
    ended = (RUNS.c.job == job) & (RUNS.c.node == node) & RUNS.c.outcome.is_not(None)
    outcomes = connection.execute(select(RUNS.c.outcome).where(ended).order_by(RUNS.c.id.desc()).limit(most)).scalars()
    return len(list(takewhile(lambda outcome: outcome != "done", outcomes)))


def silence(connection: Connection, now: datetime) -> str | None:
    """A sentence where the sweep has not succeeded for ten minutes, whatever the cause; None while it is awake."""
    last = last_done(connection, SWEEP)
    if last is None:
        return "no node has ever swept the deadlines: start one with `waymark work`"
    if now - last > SILENT:
        return f"the deadlines were last swept at {written_at(last)}: is a node running? (`waymark work`)"
    if last - now > SILENT:
        return f"the last sweep says it was at {written_at(last)}, which lies ahead: a clock was set back"
    return None


def forget_old_runs(connection: Connection, now: datetime) -> int:
    """Runs are a log, not evidence: those older than a month go."""
    return connection.execute(RUNS.delete().where(RUNS.c.started_at < now - KEPT)).rowcount
