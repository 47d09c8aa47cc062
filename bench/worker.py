"""`python -m bench.worker waymark|unlogged|floor URL CASES`: one server process, until its input ends; prints its port.

The server is the one `waymark serve` runs, for the floor as well. `unlogged` is Waymark without its log of looks.
"""

import logging
import socket
import sys
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import FastAPI

from bench.caseload import NOW
from bench.floor_app import floor_app
from config.settings import Settings
from workflow.app import create_app
from workflow.bootstrap import Service, open_service
from workflow.serving.server import server_of

HOST = "127.0.0.1"


class NoLooks:
    """A log of looks that keeps none."""

    def note(self, row: dict[str, Any], *, at_once: bool) -> None:
        pass

    def flush(self) -> None:
        pass


def main() -> None:
    kind, url, cases = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    service = open_service(Settings(database_url=url, base_url=f"http://{HOST}"))
    serve(service, application(kind, service, int(cases)))


def serve(service: Service, app: FastAPI) -> None:
    """Answers on a port of its own, which is printed, until the input ends."""
    at = socket.socket(proto=socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle's algorithm on: 40 ms an answer
    at.bind((HOST, 0))
    server = server_of(app, service.settings, host=HOST, port=at.getsockname()[1], told=lambda: None)
    print(at.getsockname()[1], flush=True)
    threading.Thread(target=_stop_after_input, args=(server,), daemon=True).start()
    server.run(sockets=[at])
    service.close()


def application(kind: str, service: Service, cases: int) -> FastAPI:
    if kind == "floor":
        return floor_app(service.database, cases)
    if kind == "unlogged":
        service.__dict__["looks"] = NoLooks()  # where a cached property keeps its value
    return create_app(service, clock=going_on())


def going_on(began: float | None = None) -> Any:
    """A clock that goes on from NOW: the same work on whichever day it runs. `began`: when that was, in seconds."""
    at = time.time() if began is None else began

    def clock() -> datetime:
        return NOW + timedelta(seconds=time.time() - at)

    return clock


def _stop_after_input(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
