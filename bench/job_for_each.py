"""APScheduler as it is often used: a job for each deadline in its SQLAlchemy store, on the same database."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import apscheduler
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bench.caseload import NOW, TEAM, worker
from workflow.alert_tables import ChannelName
from workflow.database import Database
from workflow.outbox import ALERTS, MESSAGES

VERSION = str(apscheduler.__version__)
_database: list[Database] = []  # a job is stored by the name of its function: what it works on is found here


def fire(case: int) -> None:
    """One alert and one message, in one transaction: no claim, no evidence, no next step."""
    with _database[0].write() as connection:
        connection.execute(
            ALERTS.insert(),
            {"case_id": case, "number": 3, "cycle": 1, "level": "R0", "authority": "durham", "team": TEAM,
             "due_at": NOW, "planned_at": NOW, "raised_at": NOW, "late_seconds": 0, "cause": "on time", "node": "job",
             "told": [worker(case)], "nobody_for": [], "must_acknowledge": False, "status": "open"},
        )  # fmt: skip
        connection.execute(
            MESSAGES.insert(),
            {"key": f"job/{case}", "case_id": case, "number": 3, "recipient": worker(case),
             "channel": ChannelName.INBOX, "template": "deadline",
             "params": {"case": f"PB-{case}"}, "urgent": False, "status": "sent", "queued_at": NOW,
             "next_try_at": NOW, "attempts": 0, "sent_at": NOW},
        )  # fmt: skip


def jobs_a_second(database: Database, jobs: int) -> tuple[float, float]:
    """(jobs fired, jobs added) a second, of so many date jobs that are all due."""
    _database[:] = [database]
    threads = 1 if database.is_sqlite else 10  # SQLite has one writer: a second thread would only wait for the first
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=database.writer)},
        executors={"default": ThreadPoolExecutor(threads)},
        timezone=UTC,
    )
    left, failed, done = [jobs], list[Any](), threading.Event()

    def count(event: Any) -> None:
        failed.extend([event.exception] if event.exception else [])
        left[0] -= 1
        if not left[0]:
            done.set()

    scheduler.add_listener(count, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    scheduler.start(paused=True)
    due, started = datetime.now(UTC), time.perf_counter()
    for case in range(1, jobs + 1):
        scheduler.add_job(fire, "date", run_date=due, args=[case], id=f"deadline-{case}", misfire_grace_time=None)
    added = time.perf_counter()
    scheduler.resume()
    done.wait(600)
    scheduler.shutdown()
    if left[0] or failed:
        raise RuntimeError(f"{left[0]} jobs did not run, {len(failed)} failed: {failed[:1]}")
    return jobs / (time.perf_counter() - added), jobs / (added - started)
