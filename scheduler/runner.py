"""The wake-up tick on each node: the one module that imports apscheduler. The database alone knows what is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A job and how often each node wakes up for it, in seconds."""

    every: int
    act: Callable[[], object]


class Runner:
    """Ticks in threads of this process; starts and stops cleanly. A missed tick loses nothing: the next finds it."""

    def __init__(self, ticks: Mapping[str, Tick]) -> None:
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max_workers=4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for name, tick in ticks.items():
            self._scheduler.add_job(
                _guarded(name, tick.act),
                IntervalTrigger(seconds=tick.every, timezone=UTC),
                id=name,
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Lets running jobs end and starts no more."""
        self._scheduler.shutdown(wait=True)


def _guarded(name: str, act: Callable[[], object]) -> Callable[[], None]:
    def tick() -> None:
        try:
            act()
        except Exception:
            log.exception("job_failed", job=name)  # recorded as a failed run too; the next tick tries again

    return tick
