"""One id for each request, in its answer, its evidence and its log lines; and one log line for each request."""

import re
import secrets
from time import perf_counter

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.serving.route_templates import route_template

log = structlog.get_logger(__name__)
HEADER = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIds:
    """Names the request, gives the name back as X-Request-Id, and logs what came of it.

    An id that came with the request is taken over only where it is one: anything else would be a way into the log.
    The log line names the template of the route, never the path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if ACCEPTED.fullmatch(given) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status, began = 0, perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, named)
            finally:
                log.info(
                    "request",
                    method=known_method(scope["method"]),
                    route=route_template(scope),
                    status=status,
                    ms=round((perf_counter() - began) * 1000, 1),
                    # the request ran in a task of its own: what that bound is not bound here
                    **({"actor": state["actor"]} if "actor" in state else {}),
                )


def known_method(method: str) -> str:
    """The method, where it is one: a client may send any word."""
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
