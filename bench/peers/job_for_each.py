"""APScheduler as it is often used: a job for each deadline in its SQLAlchemy store, on the same database."""

import sys
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from bench.peers.due import DONE, Teller, answer_due, await_all
from bench.peers.unit import is_sqlite, sqlalchemy_engine

AT_WORK: dict[str, Any] = {}  # a job is stored by the name of its function: what it works with is found here


def tell(deadline: int) -> None:
    """One deadline, then a job for its next step."""
    following = AT_WORK["teller"].tell(deadline)
    if following is not None:
        file(*following)
    DONE.release()


def file(deadline: int, at: datetime) -> None:
    AT_WORK["scheduler"].add_job(
        "bench.peers.job_for_each:tell", "date", run_date=at, args=[deadline], id=f"deadline-{deadline}",
        misfire_grace_time=None,
    )  # fmt: skip


def set_up(url: str) -> BackgroundScheduler:
    threads = 1 if is_sqlite(url) else 10  # SQLite has one writer: a second thread would only wait for the first
    AT_WORK["teller"] = Teller(url)
    AT_WORK["scheduler"] = scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=sqlalchemy_engine(url))},
        executors={"default": ThreadPoolExecutor(threads)},
        timezone=UTC,
    )
    scheduler.start(paused=True)
    return scheduler


def ready(scheduler: BackgroundScheduler, ids: list[int]) -> None:
    now = datetime.now(UTC)
    for deadline in ids:
        file(deadline, now)


def act(scheduler: BackgroundScheduler, ids: list[int]) -> None:
    scheduler.resume()
    await_all(ids)
    scheduler.pause()


if __name__ == "__main__":
    sys.modules["bench.peers.job_for_each"] = sys.modules["__main__"]
    answer_due(("apscheduler", "sqlalchemy", "psycopg"), set_up, act, ready)
