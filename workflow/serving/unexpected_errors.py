"""What nobody foresaw: its kind and place go to the log, and whoever asked learns nothing but the request's id."""

import traceback
from collections.abc import Callable

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)
FRAMES = 8


class UnexpectedErrors:
    """Ends every error here. Left to the server it would be logged with its text, which may hold a child's name."""

    def __init__(self, app: ASGIApp, *, answer: Callable[[Scope], Response]) -> None:
        self.app, self.answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception as error:
            log.error("unexpected_error", error=type(error).__name__, at=places(error))
            if not begun:  # else the server cuts the answer off, as it was never completed
                await self.answer(scope)(scope, receive, send)


def places(error: BaseException) -> list[str]:
    """Where an error came from: file, line and function, the innermost last."""
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)[-FRAMES:]]
