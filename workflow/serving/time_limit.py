"""A time limit for each request: who waits is answered, and threads that still work keep their places."""

import asyncio
from collections.abc import Callable

import structlog
from anyio import CancelScope
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.serving.route_templates import route_template

STREAMED = 20  # times the limit, for an answer that has begun

log = structlog.get_logger(__name__)


class TimeLimit:
    """Answers 503 where a request has not been answered after `seconds`; an answer under way has 20 times as long.

    A thread cannot be stopped. The request is cancelled: what waits for a thread or for its body leaves at once, and
    what is in a thread keeps its place among WAYMARK_THREADS until it ends. So there are never more threads than that.
    """

    def __init__(self, app: ASGIApp, *, seconds: float, too_long: Callable[[Scope], Response]) -> None:
        self.app, self.seconds, self.too_long = app, seconds, too_long
        self.ending: set[asyncio.Task[None]] = set()  # the loop itself keeps no hold on a task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        door, limit = _Door(send), CancelScope()

        async def work() -> None:
            with limit:
                await self.app(scope, receive, door.send)

        task = asyncio.ensure_future(work())
        try:
            await asyncio.wait({task}, timeout=self.seconds)
            if door.begun and not task.done():  # an export is on its way: it may take its time, though not for ever
                await asyncio.wait({task}, timeout=STREAMED * self.seconds)
        finally:  # also where the server itself cancels the request, being stopped
            if not task.done():
                self._give_up(task, door, limit)
        if task.done():
            task.result()  # raises what it raised
            return
        log.warning("request_took_too_long", route=route_template(scope))
        if not door.begun:
            await self.too_long(scope)(scope, receive, send)

    def _give_up(self, task: "asyncio.Task[None]", door: "_Door", limit: CancelScope) -> None:
        door.shut = True
        self.ending.add(task)
        task.add_done_callback(self._ended)
        limit.cancel()  # not task.cancel(): that would give the place of a thread away while it still works

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.ending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("request_failed_after_its_time", error=type(task.exception()).__name__)


class _Door:
    """Lets an answer out until it is shut; what comes after that goes nowhere."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = self.shut = False

    async def send(self, message: Message) -> None:
        if self.shut:
            return
        self.begun = True
        await self._send(message)
