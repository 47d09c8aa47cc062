"""Counts for a monitor: requests and moves as they happen, and what the database says when it is asked."""

from collections.abc import Iterator
from datetime import datetime
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Connection, func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.alert_tables import AlertStatus, MessageStatus
from workflow.database import HEAD
from workflow.job_log import RUNS, SWEEP
from workflow.jobs import LIGHT_CHECK
from workflow.outbox import ALERTS, MESSAGES
from workflow.repository import DEADLINES
from workflow.serving.request_ids import known_method
from workflow.serving.route_templates import route_template


class Counts:
    """What this process has counted since it started; each application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "waymark_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "waymark_request_seconds", "How long requests took", ["method", "route"], registry=self.registry
        )
        self.moves = Counter(
            "waymark_moves", "Moves tried, by what they came to", ["lifecycle", "outcome"], registry=self.registry
        )

    def moved(self, lifecycle: str, outcome: str) -> None:
        self.moves.labels(lifecycle, outcome).inc()


class CountedRequests:
    """Counts each request by method, route template and status. Never by path: that would name cases."""

    def __init__(self, app: ASGIApp, *, counts: Counts) -> None:
        self.app, self.counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 0, perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            method, route = known_method(scope["method"]), route_template(scope)
            self.counts.requests.labels(method, route, str(status)).inc()
            self.counts.seconds.labels(method, route).observe(perf_counter() - began)


class Standing:
    """How the service stands at an instant, by a few queries that each read an index; a collector for one scrape."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection, self.now = connection, now

    def collect(self) -> Iterator[Metric]:
        """Every gauge that has a value: what never happened has no age."""
        yield _gauge(
            "waymark_deadlines_to_tell", "Deadlines whose next step has come", self._count_due("next_action_at")
        )
        yield _gauge("waymark_deadlines_overdue", "Running deadlines past their date", self._count_due("due_at"))
        open_ = (ALERTS.c.status == AlertStatus.OPEN) & (ALERTS.c.due_at < self.now)
        yield _gauge("waymark_alerts_overdue", "Open alerts past their date", self._scalar(func.count(), open_) or 0)
        queued = MESSAGES.c.status == MessageStatus.QUEUED
        yield from self._age("waymark_oldest_message", self._scalar(func.min(MESSAGES.c.queued_at), queued))
        yield from self._last_run("waymark_sweep", "claimed", SWEEP)
        yield from self._last_run("waymark_light_check", "broken", LIGHT_CHECK)
        yield InfoMetricFamily("waymark_schema", "Version of the schema", {"version": HEAD})

    def _count_due(self, column: str) -> float:
        due = DEADLINES.c.closed_at.is_(None) & (DEADLINES.c[column] <= self.now)
        return float(self._scalar(func.count(), due) or 0)

    def _scalar(self, what: Any, where: Any) -> Any:
        return self.connection.execute(select(what).where(where)).scalar()

    def _last_run(self, name: str, counted: str, job: str) -> Iterator[Metric]:
        """Of the last run of a job that ended: whether it succeeded, how long ago it began, what it counted."""
        ended = (RUNS.c.job == job) & RUNS.c.outcome.is_not(None)
        last = self.connection.execute(
            select(RUNS.c.started_at, RUNS.c.outcome, RUNS.c["count"]).where(ended).order_by(RUNS.c.id.desc()).limit(1)
        ).first()
        if last is None:
            return
        started_at, outcome, count = last
        yield _gauge(f"{name}_succeeded", f"1 where the last {job} succeeded", float(outcome == "done"))
        yield _gauge(f"{name}_{counted}", f"What the last {job} counted", float(count))
        yield from self._age(name, started_at)

    def _age(self, name: str, since: datetime | None) -> Iterator[Metric]:
        if since is not None:
            yield _gauge(f"{name}_age_seconds", "Seconds since then", (self.now - since).total_seconds())


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)
