"""The wake-up tick on each node: the one module that imports apscheduler. The database alone knows what is due."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger(__name__)
WATCH = 2.0  # seconds between two looks at the clock
STEP = timedelta(seconds=30)  # a clock that moved this much more or less than the time that passed was set


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A job and how often each node wakes up for it, in seconds."""

    every: int
    act: Callable[[], object]


class Runner:
    """Ticks in threads of this process; starts and stops cleanly. A missed tick loses nothing: the next finds it.

    apscheduler counts in time of day: after a clock is set back by three days it would sleep for three days. So the
    clock is watched against the time that passes, and after a step every job ticks at once.
    """

    def __init__(
        self, ticks: Mapping[str, Tick], wall: Callable[[], datetime] = lambda: datetime.now(UTC), watch: float = WATCH
    ) -> None:
        self._wall, self._watch, self._stopping = wall, watch, threading.Event()
        self._names = tuple(ticks)
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
        threading.Thread(target=self._watch_clock, name="clock watch", daemon=True).start()

    def stop(self) -> None:
        """Lets running jobs end and starts no more."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def wake(self) -> None:
        """Every job ticks now."""
        for name in self._names:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def _watch_clock(self) -> None:
        wall, passed = self._wall(), time.monotonic()
        while not self._stopping.wait(self._watch):
            wall_now, passed_now = self._wall(), time.monotonic()
            step = (wall_now - wall) - timedelta(seconds=passed_now - passed)
            if abs(step) > STEP:
                log.warning("clock_step", seconds=round(step.total_seconds()))
                self.wake()
            wall, passed = wall_now, passed_now


def _guarded(name: str, act: Callable[[], object]) -> Callable[[], None]:
    def tick() -> None:
        try:
            act()
        except Exception:
            log.exception("job_failed", job=name)  # recorded as a failed run too; the next tick tries again

    return tick
