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

from workflow.bootstrap import INSTALLATION
from workflow.database import Database
from workflow.job_log import SWEEP, JobRuns
from workflow.readiness import readiness
from workflow.serving.fitness import kind_of

from factories import NOW, Desk, add_people

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


def refusal(url: str, *options: str, **settings: str) -> str:
    """What `waymark serve` says where it does not start."""
    ended = subprocess.run(
        [sys.executable, "-c", "from workflow.cli import run; run()", "serve", *options, "--port", str(free_port())],
        env={**os.environ, "WAYMARK_DATABASE_URL": url, **settings},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr


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
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert "server" not in answer.headers
        assert b"waymark_sweep_succeeded 1.0" in answer.read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_it_does_not_start_on_weak_settings_and_says_everything_at_once(sqlite_url: str) -> None:
    said = refusal(sqlite_url, WAYMARK_SECRET_KEY="0" * 64, WAYMARK_BASE_URL="http://waymark.example.gov.uk")
    assert "WAYMARK_SECRET_KEY is not random" in said
    assert "WAYMARK_SEAL_KEY is not set" in said
    assert "WAYMARK_BASE_URL is not https" in said


def test_the_demo_is_not_served_from_a_database_of_other_records_nor_to_other_machines(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    add_people(database)
    database.close()
    assert "`waymark demo` did not make" in refusal(sqlite_url, "--demo")
    assert "listens on this machine only" in refusal(sqlite_url, "--demo", "--host", "0.0.0.0")  # noqa: S104  # given to be refused


def test_a_demo_database_is_served_as_a_demo_only(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.write() as connection:
        connection.execute(INSTALLATION.insert(), {"name": "kind", "value": "demo"})
    database.close()
    assert "use `waymark serve --demo`" in refusal(sqlite_url)


def test_a_database_of_an_older_schema_is_not_upgraded_to_find_out_what_it_is(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    assert kind_of(database) == "empty"
    assert database.schema_version() is None
    database.close()


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
