"""The nodes that `python -m bench load` works on: nothing else starts them, and a load takes twelve minutes."""

import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

import pytest
from faults.caseload import until


@pytest.mark.parametrize("kind", ["web", "work"])
def test_a_node_says_where_it_answers_and_ends_with_its_input(kind: str, sqlite_url: str) -> None:
    command = [sys.executable, "-m", "bench.node", kind, sqlite_url, f"{kind}-1", str(time.time())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        port = int(node.stdout.readline())
        if kind == "web":
            until(lambda: _answers(port))
        node.communicate(timeout=30)
    assert node.returncode == 0


def _answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)
    return False
