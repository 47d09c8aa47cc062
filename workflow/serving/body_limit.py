"""A limit on what a request may send: refused unread where it says its size, else where it passes the limit."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Answers 413. Starlette's own puts plain text in place of the document where the size was said."""

    def __init__(self, app: ASGIApp, *, most: int, too_large: Callable[[Scope], Response]) -> None:
        self.app, self.most, self.too_large = app, most, too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        if said.isdigit() and int(said) > self.most:
            await self.too_large(scope)(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413)  # where the body is read; told like every other error
            return message

        await self.app(scope, counted, send)
