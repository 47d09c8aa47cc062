"""The HTTP server: uvicorn, with no log of its own, no name in its answers, and proxies believed only where named."""

from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from config.settings import Settings
from workflow.bootstrap import let_rest

MOST_CONNECTIONS = 500  # idle ones count: more than browsers and a proxy hold open, fewer than files may be open
KEEP_ALIVE = 15  # seconds; longer than a person takes from one page to the next would hold places for nothing
LAST_ANSWERS = 3  # seconds for answers under way after a signal


class Server(uvicorn.Server):
    """Tells at once when it is told to stop, so that the jobs of the same process stop while it closes its doors."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._told()
        super().handle_exit(sig, frame)


def server_of(app: FastAPI, settings: Settings, *, host: str, port: int, told: Callable[[], None]) -> Server:
    """The server of an application; the address of a client is that of its connection, unless a named proxy says."""
    let_rest()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # it would log paths
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=LAST_ANSWERS,
    )
    return Server(config, told)
