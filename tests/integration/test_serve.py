"""`waymark serve`: one process that answers whether it is ready, runs the jobs, and stops when told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from workflow.job_log import SWEEP, JobRuns
from workflow.readiness import readiness

from factories import NOW, Desk

WAIT = 90  # seconds for a busy machine to load the demo caseload


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from workflow.cli import run; run()", "serve", "--demo", "--port", str(port)],
        env={**os.environ, "WAYMARK_DATABASE_URL": f"sqlite:///{tmp_path}/served.db"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process, port
    process.kill()
    process.wait()


def until_ready(port: int) -> dict[str, Any]:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            status, said = ask(port, "/readyz")
        except (urllib.error.URLError, ConnectionError):
            status, said = 0, {}
        if status == 200:
            return said
        time.sleep(0.3)
    raise AssertionError(f"not ready in time: {said}")


def test_it_loads_the_demo_becomes_ready_and_stops_cleanly_when_told(
    served: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = served
    said = until_ready(port)
    assert {said["database"], said["heartbeat"], said["promises"]} == {"ok"}
    assert ask(port, "/healthz") == (200, {"status": "alive"})
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_a_node_that_has_gone_silent_is_not_ready_and_says_so(desk: Desk) -> None:
    assert "no node has ever swept" in readiness(desk.service, NOW).says["heartbeat"]
    log = JobRuns(desk.database)
    log.finished(log.started(SWEEP, "n1", NOW), NOW, "done", 0)
    log.finished(log.started("light check", "n1", NOW), NOW, "done", 0)
    assert readiness(desk.service, NOW).ready
    later = readiness(desk.service, NOW + timedelta(minutes=11))
    assert not later.ready
    assert "is a node running?" in later.says["heartbeat"]


def test_broken_promises_make_it_unready(desk: Desk) -> None:
    log = JobRuns(desk.database)
    log.finished(log.started(SWEEP, "n1", NOW), NOW, "done", 0)
    log.finished(log.started("light check", "n1", NOW), NOW, "done", 3)
    found = readiness(desk.service, NOW)
    assert (found.ready, found.says["promises"]) == (False, "3 broken: run `waymark check`")
