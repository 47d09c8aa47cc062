"""How many requests are worked on at once: one thread and at most one connection for each."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI


def with_threads(count: int) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """A lifespan that gives the event loop this many threads, however many it would take by itself."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = count
        yield

    return lifespan
