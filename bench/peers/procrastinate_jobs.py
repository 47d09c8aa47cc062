"""procrastinate, on PostgreSQL alone: a job for each deadline, which tells of it and defers one for the next step."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import procrastinate

from bench.peers.due import DONE, Teller, answer_due, await_all

AT_ONCE = 10


def application(url: str, teller: Teller) -> procrastinate.App:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=2, max_size=AT_ONCE + 2))

    @app.task(name="tell")
    async def tell(deadline: int) -> None:
        following = await asyncio.to_thread(teller.tell, deadline)
        if following is not None:
            await tell.configure(schedule_at=following[1]).defer_async(deadline=following[0])
        DONE.release()

    return app


def set_up(url: str) -> Any:
    with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url)).open() as app:
        app.schema_manager.apply_schema()
    return url, application(url, Teller(url))


def ready(peer: Any, ids: list[int]) -> None:
    url, _ = peer
    with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url)).open() as app:
        for deadline in ids:
            app.configure_task("tell", schedule_at=datetime.now(UTC)).defer(deadline=deadline)


def act(peer: Any, ids: list[int]) -> None:
    asyncio.run(_work(peer[1], ids))


async def _work(app: procrastinate.App, ids: list[int]) -> None:
    async with app.open_async():
        await app.run_worker_async(concurrency=AT_ONCE, wait=False, install_signal_handlers=False)
    await asyncio.to_thread(await_all, ids)


if __name__ == "__main__":
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # it warns that the main module defines a task
    answer_due(("procrastinate", "psycopg"), set_up, act, ready)
