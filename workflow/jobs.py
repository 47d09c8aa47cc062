"""The scheduled jobs: what each does at an instant, and how often a node looks. Each may run anywhere, and twice."""

import threading
import time as elapsed
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, text

from scheduler import failpoints, sweeps
from scheduler.calendars import add_days, at_time, local_date
from scheduler.ports import DueWork
from workflow import chains, invariants, kept_figures, looks, notices, seals, watches
from workflow.alerting import DueDeadlines
from workflow.bootstrap import Service
from workflow.delivery.digests import queue_digests
from workflow.delivery.due_messages import DueMessages
from workflow.delivery.routes import Routes
from workflow.desks import forget_old_drafts
from workflow.errors import EvidenceBroken, StandsAside
from workflow.identity import attempts, sessions
from workflow.job_log import NIGHTLY, SWEEP, JobRuns, forget_old_runs, is_being_done, last_done
from workflow.lapses import DueLapses

log = structlog.get_logger(__name__)
LIGHT_CHECK = "light check"
CLOCK_SET = timedelta(minutes=2)  # more than the time that passed between two sweeps: somebody set the clock
TEN_SECONDS, MINUTE, FIVE_MINUTES, TEN_MINUTES = 10, 60, 300, 600


class Stopped(Exception):
    """The node is being stopped; what was begun is rolled back and found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`act` does all that is due at an instant and counts it; `every` is how often a node looks, in seconds.

    With `daily_at` it acts once a day, at the first look after that time in England, on whichever node looks first.
    One that is `long` begins on no node while another is at it.
    """

    every: int
    act: Callable[[datetime], int]
    daily_at: time | None = None
    long: bool = False


def jobs(service: Service, node: str, stopping: threading.Event | None = None) -> Mapping[str, Job]:
    """Every job by name, in the order in which one pass takes them."""
    work = _Work(service, node, stopping or threading.Event())
    return {
        "lapse of orders": Job(every=MINUTE, act=work.lapses),  # first: what it starts may be due at once
        SWEEP: Job(every=MINUTE, act=work.sweep),
        "digests": Job(every=FIVE_MINUTES, act=work.digests),
        "message delivery": Job(every=TEN_SECONDS, act=work.deliver),
        "absent workers": Job(every=TEN_MINUTES, act=work.absent_workers, daily_at=time(7)),
        "trainings": Job(every=TEN_MINUTES, act=work.trainings, daily_at=time(7)),
        "calendar horizon": Job(every=TEN_MINUTES, act=work.horizon, daily_at=time(7)),
        "newer policies": Job(every=TEN_MINUTES, act=work.newer_policies, daily_at=time(0)),
        "seal": Job(every=FIVE_MINUTES, act=work.seal),
        LIGHT_CHECK: Job(every=FIVE_MINUTES, act=work.light_check),
        "cohort figures": Job(every=TEN_MINUTES, act=work.cohort_figures, long=True),
        NIGHTLY: Job(every=TEN_MINUTES, act=work.nightly, daily_at=time(2)),
    }


def run(service: Service, name: str, job: Job, node: str, clock: Callable[[], datetime]) -> int:
    """One recorded run of a job; what it raises is recorded as a failure and raised again."""
    return sweeps.run_job(name, job.act, JobRuns(service.database, Routes.by(service.settings)), node, clock)


def tick(service: Service, name: str, job: Job, node: str, clock: Callable[[], datetime]) -> None:
    """What a node does when it wakes up for a job: runs it, unless it is a daily one that has been done today.

    Nor is a long one run that another node is at, nor any while the database is not this version's to work on: the node
    says so, looks again at the next tick, and goes on when it is.
    """
    try:
        service.database.require_current(writing=True)
    except StandsAside as why:
        log.error("node_stands_aside", job=name, why=str(why))
        return
    if job.long and _is_at_it(service, name, clock()):
        return
    if job.daily_at is not None and _done_today(service, name, job.daily_at, clock()):
        return
    try:
        run(service, name, job, node, clock)
    except Stopped:
        log.info("job_interrupted", job=name)


def _is_at_it(service: Service, name: str, now: datetime) -> bool:
    with service.database.read() as connection:
        return is_being_done(connection, name, now)


def _done_today(service: Service, name: str, at: time, now: datetime) -> bool:
    today = local_date(now)
    begins = at_time(today, at)
    if now < begins:
        begins = at_time(add_days(today, -1), at)
    with service.database.read() as connection:
        last = last_done(connection, name)
        if is_being_done(connection, name, now):
            return True
    return last is not None and begins <= last <= now  # one that lies ahead is from before a clock was set back


class _Work:
    """What the jobs do, on one service, as one node."""

    def __init__(self, service: Service, node: str, stopping: threading.Event) -> None:
        self.service, self.node, self.stopping = service, node, stopping
        self.routes = Routes.by(service.settings)
        self.deliverer: DueMessages | None = None
        self.last_look: tuple[datetime, float] | None = None  # time of day and time that passes, at the last sweep

    def _all(self, work: DueWork, now: datetime) -> int:
        return sweeps.sweep(work, now, stop=self.stopping.is_set)

    def sweep(self, now: datetime) -> int:
        with self.service.database.read() as connection:
            previous = last_done(connection, SWEEP)
        set_clock = self._clock_was_set(now)
        work = DueDeadlines(self.service.engine, self.node, previous, set_clock, routes=self.routes)
        return self._all(work, now)

    def _clock_was_set(self, now: datetime) -> bool:
        """Whether the time of day moved by another amount than time passed since this node last swept."""
        last, self.last_look = self.last_look, (now, elapsed.monotonic())
        if last is None:
            return False
        return abs((now - last[0]) - timedelta(seconds=self.last_look[1] - last[1])) > CLOCK_SET

    def lapses(self, now: datetime) -> int:
        lapses = DueLapses(self.service.engine, self.node)
        count = self._all(lapses, now)
        lapses.require_all()
        return count

    def digests(self, now: datetime) -> int:
        return queue_digests(self.service.engine, now, self.routes)

    def deliver(self, now: datetime) -> int:
        if self.deliverer is None:  # a wrong setting fails this job and no other
            settings, engine = self.service.settings, self.service.engine
            self.deliverer = DueMessages.by(settings, engine, self.node, stop=self.stopping.is_set)
        return self._all(self.deliverer, now)

    def absent_workers(self, now: datetime) -> int:
        return self._alone("absent workers", partial(watches.absent_workers, now=now))

    def trainings(self, now: datetime) -> int:
        return self._alone("trainings", partial(watches.trainings_ending, now=now))

    def horizon(self, now: datetime) -> int:
        calendar = self.service.engine.calendar
        return self._alone("calendar horizon", partial(watches.calendar_horizon, calendar=calendar, now=now))

    def newer_policies(self, now: datetime) -> int:
        policies = self.service.policies
        return self._alone("newer policies", partial(watches.newer_policies, policies=policies, now=now))

    def seal(self, now: datetime, everything: bool = False) -> int:
        """Seals what is new, signs the head, and once that is committed sends the head out."""
        key, heads = self.service.seal_key(), list[seals.Head]()

        def act(connection: Connection) -> int:
            head = seals.seal(connection, key, now, everything=everything)
            heads.extend([head] if head else [])
            failpoints.reach("seal")
            return head.position if head else 0

        position = self._alone("seal", act)
        failpoints.reach("sealed")
        for head in heads:
            log.info("evidence_sealed", **head.to_json())  # a log kept elsewhere holds the head as well
            if (file := self.service.heads_file()) is not None:
                seals.send_out(head, file)
        return position

    def light_check(self, now: datetime) -> int:
        """The promises that SQL alone can check; the count is of those broken."""
        with self.service.database.read() as connection:
            broken = invariants.light_check(connection, now)
        return self._tell_broken(broken, "light", now)

    def cohort_figures(self, now: datetime) -> int:
        """Today's figures of each authority where evidence has come since; how many were counted."""
        return kept_figures.count_today(self.service.database, now)

    def nightly(self, now: datetime) -> int:
        """All evidence verified, every case replayed from it, what is new sealed; what is old forgotten."""
        broken = self._broken_evidence()
        with self.service.database.read() as connection:
            broken += invariants.broken_promises(connection, self.service.engine.calendar, self._still_running)
        with self.service.database.write() as connection:
            forget_old_runs(connection, now)
            sessions.forget_old(connection, now)
            attempts.forget_old(connection, now)
            forget_old_drafts(connection, now)
            kept_figures.forget_old(connection, now)
        count = self._tell_broken(broken, "nightly", now)
        self.seal(now, everything=True)  # last: without a key it fails, and nothing above waits for that
        return count

    def _broken_evidence(self) -> list[str]:
        """What does not verify, in one sentence: chains, looks, and the sealed log beside the heads kept elsewhere."""
        kept = self.service.settings.heads_file
        heads = seals.read_heads(kept) if kept is not None and kept.exists() else []
        try:
            with self.service.database.read() as connection:
                chains.verify_chains(connection, self._still_running)
                looks.verify_looks(connection)
                seals.verify_log(connection, heads)
        except EvidenceBroken as broken:
            return [str(broken)]
        return []

    def _still_running(self, _: int) -> None:
        if self.stopping.is_set():
            raise Stopped

    def _tell_broken(self, broken: list[str], which: str, now: datetime) -> int:
        """Each broken promise in the log, and once a day a word to the administrators: the message names no case."""
        for says in broken:
            log.error("promise_broken", says=says)
        if broken:
            with self.service.database.write() as connection:
                notices.tell_once(
                    connection,
                    notices.administrators(connection),
                    key=f"broken/{which}/{local_date(now)}",
                    template="broken_promises",
                    params={"count": len(broken), "check": which},
                    now=now,
                    urgent=True,
                    routes=self.routes,
                )
        return len(broken)

    def _alone(self, name: str, act: Callable[[Connection], int]) -> int:
        """Does it in one transaction, unless another node is doing the same at this moment."""
        with self.service.database.write() as connection:  # on SQLite there is one writer anyway
            if not self.service.database.is_sqlite:
                claim = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
                if not connection.execute(claim, {"name": f"waymark {name}"}).scalar():
                    return 0
            return act(connection)
