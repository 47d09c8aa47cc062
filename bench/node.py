"""`python -m bench.node web|work URL NAME BEGAN`: a web or scheduler node on the clock of a run, until its input ends.

BEGAN says when NOW was, as seconds since 1970, so that all nodes of a run agree on the time.
"""

import logging
import sys
import threading
from functools import partial

import structlog

from bench.worker import HOST, going_on, serve
from config.settings import Settings
from scheduler.runner import Runner, Tick
from workflow.app import create_app
from workflow.bootstrap import Service, open_service
from workflow.jobs import jobs, tick

KEY = "5" * 64  # of a database that is thrown away


def main() -> None:
    kind, url, name, began = sys.argv[1:]
    # Nobody reads what a node prints; cases seeded by hand break promises, and lines about them would fill the pipe.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    keys = {"seal_key": KEY, "secret_key": KEY}
    service = open_service(Settings.model_validate({"database_url": url, "base_url": f"http://{HOST}", **keys}))
    clock = going_on(float(began))
    if kind == "web":
        serve(service, create_app(service, clock=clock))
    else:
        _work(service, name, clock)


def _work(service: Service, name: str, clock: partial[object]) -> None:
    stopping = threading.Event()
    every = jobs(service, name, stopping)
    runner = Runner(
        {one: Tick(every=job.every, act=partial(tick, service, one, job, name, clock)) for one, job in every.items()}
    )
    runner.start()
    print(0, flush=True)
    sys.stdin.read()
    stopping.set()
    runner.stop()
    service.close()


if __name__ == "__main__":
    main()
