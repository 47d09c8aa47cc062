"""Where a run was made: machine, versions and how durable a commit was."""

import os
import platform
import sqlite3
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

SETTINGS = ("server_version", "fsync", "synchronous_commit", "wal_sync_method", "shared_buffers")


def surroundings(postgresql: str) -> dict[str, Any]:
    """What a reader needs to judge the figures of a run on this PostgreSQL server."""
    with psycopg.connect(postgresql) as connection:
        server = {name: connection.execute(f"SHOW {name}").fetchone() for name in SETTINGS}
    said = {
        "begun": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Waymark": _revision(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "processor": _processor(),
        "memory": _memory(),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "fdatasync of 4 kB": _sync(),
        "Python": platform.python_version(),
        "SQLite": f"{sqlite3.sqlite_version}, journal_mode=WAL, synchronous=FULL",
    }
    shown = ", ".join(f"{name} = {row[0]}" for name, row in server.items() if row and name != "server_version")
    version = server["server_version"]
    return {**said, "PostgreSQL": f"{version[0] if version else '?'}, {shown}"}


def as_words(said: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in said.items())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


def _revision() -> str:
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def _sync() -> str:
    """How long the disk takes to promise that a write is there."""
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(200):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1e6)
    return f"p50 {statistics.median(taken):,.0f}, p99 {sorted(taken)[-2]:,.0f} µs"
