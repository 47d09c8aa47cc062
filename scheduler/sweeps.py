"""Sweeps: everything that is due, however long ago, in batches until none is left."""

from collections.abc import Callable
from datetime import datetime

from scheduler.ports import DueWork, JobLog

BATCH = 500  # rows in one transaction: large enough to be quick, small enough to keep nobody waiting


def sweep(work: DueWork, now: datetime, batch: int = BATCH, stop: Callable[[], bool] = lambda: False) -> int:
    """Does all the work due at `now`, with no lower bound in time; returns how much was done.

    Between two batches it ends early where `stop` says so: what is left is found by the next sweep of any node.
    """
    done = 0
    while not stop() and (count := work.perform(now, batch)):
        done += count
    return done


def run_job(job: str, act: Callable[[datetime], int], log: JobLog, node: str, clock: Callable[[], datetime]) -> int:
    """One recorded run of a job. What it raises is recorded as a failure and raised again."""
    run = log.started(job, node, clock())
    try:
        count = act(clock())
    except BaseException:
        log.finished(run, clock(), "failed", 0)
        raise
    log.finished(run, clock(), "done", count)
    return count
