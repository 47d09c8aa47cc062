"""A whole installation to break: a database of its own, real nodes, the post outside, and clients at work."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from faults.caseload import for_faults, open_pause
from faults.checker import Expected, violations
from faults.clients import MOVES, OPENS, Client, Crowd
from faults.clusters import Cluster, free_port
from faults.history import History, now
from faults.network import Post, Wire
from sqlalchemy import select

from workflow.alert_tables import ChannelName
from workflow.bootstrap import INSTALLATION
from workflow.database import Database
from workflow.identity import tokens
from workflow.models import TokenScope
from workflow.outbox import MESSAGES

from factories import NOW, Desk, add_people

ROOT = Path(__file__).parents[2]
LONG_AGO = timedelta(days=24)  # two or three steps of the ladder are due, the second of them by webhook
ROOM = 160  # megabytes of a small disk: a new server of PostgreSQL takes about half of it
KEYS = {
    "WAYMARK_SEAL_KEY": "3141592653589793238462643383279502884197169399375105820974944592",
    "WAYMARK_SECRET_KEY": "2718281828459045235360287471352662497757247093699959574966967627",
}


class Nursery:
    """Starts nodes in a moment: each is a real process, forked from one that has Waymark loaded."""

    def __init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYMARK_")}
        paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**kept, "PYTHONPATH": paths},
        )
        self._lock = threading.Lock()
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline()) == "ready"

    def tell(self, **asked: Any) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@dataclass
class Node:
    """A process of the service."""

    nursery: Nursery
    number: int
    log: Path
    port: int | None = None
    ended: int | None = None

    def poll(self) -> int | None:
        if self.ended is None:
            self.ended = self.nursery.tell(act="poll", number=self.number)
        return self.ended

    def wait(self, seconds: float = 60) -> int:
        end = time.monotonic() + seconds
        while self.poll() is None:
            assert time.monotonic() < end, f"it did not end\n{self.said()}"
            time.sleep(0.01)
        assert self.ended is not None
        return self.ended

    def send(self, which: int) -> None:
        if self.poll() is None:
            os.kill(self.number, which)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


@dataclass(frozen=True)
class Seeded:
    """What a new world holds: tokens, the cases clients work on, and whom each move tells."""

    token: str
    cases: tuple[str, ...]
    told: dict[str, frozenset[str]]


def seed(database: Database, *, overdue: int = 12, cases: int = 5) -> Seeded:
    """People, cases with overdue deadlines, others to work on; the database says that it is for faults."""
    add_people(database, now=NOW - LONG_AGO)
    desk = Desk(database, now=NOW - LONG_AGO)
    for _ in range(overdue):
        open_pause(desk)
    desk.now = NOW - timedelta(hours=2)
    opened = tuple(_opened(desk) for _ in range(cases))
    told = {trigger: _told(desk, opened[0], trigger) for trigger in MOVES}
    told["refer"] = _told_at(desk, opened[0], 1)
    for_faults(database)
    with database.write() as connection:
        token = tokens.issue(connection, "baby.TM", name="client", scope=TokenScope.ACT, days=90, now=desk.now)
    return Seeded(token, opened, told)


def _opened(desk: Desk) -> str:
    return desk.open("prebirth", "baby.TM", OPENS["facts"]).case


def _told(desk: Desk, case: str, trigger: str) -> frozenset[str]:
    return _told_at(desk, case, desk.fire(case, trigger, "baby.TM", MOVES[trigger]).entry)


def _told_at(desk: Desk, case: str, seq: int) -> frozenset[str]:
    with desk.database.read() as connection:
        query = select(MESSAGES.c.recipient).where(MESSAGES.c.key.startswith(f"{case}#{seq}/", autoescape=True))
        return frozenset(connection.execute(query).scalars())


class Seeds:
    """Worlds that nobody has touched, made once and copied for each test."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="waymark-seeds-"))
        self._sqlite: tuple[Path, Seeded] | None = None
        self._cluster: tuple[Cluster, Seeded] | None = None

    def sqlite(self) -> tuple[Path, Seeded]:
        if self._sqlite is None:
            file = self.folder / "seed.db"
            self._sqlite = (file, _made(f"sqlite:///{file}"))
        return self._sqlite

    def cluster(self) -> tuple[Cluster, Seeded]:
        if self._cluster is None:
            cluster = Cluster.made()
            seeded = _made(cluster.url())
            cluster.stop()
            self._cluster = (cluster, seeded)
        return self._cluster

    def end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._cluster is not None:
            self._cluster[0].end()


def _made(url: str) -> Seeded:
    database = Database(url)
    database.migrate()
    seeded = seed(database)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return seeded


@dataclass
class World:
    """One installation. `clusters` has its PostgreSQL servers, the one in charge first; none on SQLite."""

    nursery: Nursery
    seeded: Seeded
    url: str
    folder: Path
    clusters: list[Cluster] = field(default_factory=list)
    wire: Wire | None = None
    mutation: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)
    post: Post = field(default_factory=Post)
    nodes: list[Node] = field(default_factory=list)
    mounts: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._base = (NOW - datetime.now(UTC)).total_seconds()
        self.set_clock("right", 0)

    # -- its parts

    def set_clock(self, name: str, seconds: float) -> str:
        """What the clocks of that name say is wrong by so much: nodes read them at every look."""
        file, new = self.folder / f"clock-{name}", self.folder / f"clock-{name}.new"
        new.write_text(str(self._base + seconds))
        new.replace(file)
        return str(file)

    def now(self) -> datetime:
        """The right time of this world, which began on a Wednesday morning."""
        return datetime.now(UTC) + timedelta(seconds=self._base)

    def node(self, *argv: str, clock: str = "right", port: int | None = None, **environment: str) -> Node:
        log = self.folder / f"node-{len(self.nodes)}.log"
        webhook = {"durham": {"url": self.post.url, "secret": "invented"}}
        given = {
            "WAYMARK_DATABASE_URL": self.url,
            "WAYMARK_HEADS_FILE": str(self.folder / "heads"),
            "WAYMARK_WEBHOOKS": json.dumps(webhook),
            **KEYS,
            **self.settings,
            **environment,
        }
        number = self.nursery.tell(
            act="start",
            argv=argv,
            environment=given,
            log=str(log),
            clock=str(self.folder / f"clock-{clock}"),
            mutation=self.mutation,
        )
        node = Node(self.nursery, number, log, port)
        self.nodes.append(node)
        return node

    def web(self, *, wait: bool = True, **given: str) -> Node:
        """A node that answers, and leaves the jobs to others."""
        port = free_port()
        node = self.node("serve", "--port", str(port), "--no-scheduler", port=port, **given)
        if wait:
            self.await_web(node)
        return node

    def await_web(self, node: Node, seconds: float = 30) -> None:
        client = Client(History(), "", lambda: [node.port or 0], timeout=2)
        end = time.monotonic() + seconds
        while client.ask("GET", "/account")[0] == 0:
            assert node.poll() is None, node.said()
            assert time.monotonic() < end, node.said()
            time.sleep(0.03)

    def once(self, **given: str) -> Node:
        """A pass of every job, in a process of its own."""
        return self.node("work", "--once", **given)

    def ports(self) -> list[int]:
        return [node.port for node in self.nodes if node.port is not None and node.ended is None]

    def client(self, number: int = 0, timeout: float = 20.0) -> Client:
        return Client(self.history, self.seeded.token, self.ports, timeout, random.Random(number))

    def crowd(self, count: int = 3, timeout: float = 20.0) -> Crowd:
        return Crowd([self.client(number, timeout) for number in range(count)], self.seeded.cases).start()

    @property
    def primary(self) -> Cluster:
        return self.clusters[0]

    def on_small_disk(self) -> Path | None:
        """Moves the database to a file system of its own, with little room; None where this account may mount none."""
        where = self.primary.data if self.clusters else self.folder / "disk"
        if self.clusters:
            self.primary.stop()
            where.rename(where.with_name("before"))
        where.mkdir(mode=0o700)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={ROOM}m,mode=700", "tmpfs", str(where)],
            check=False,
            capture_output=True,
        )
        if mounted.returncode == 0:
            self.mounts.append(where)
        if self.clusters:
            subprocess.run(["cp", "-a", f"{where.with_name('before')}/.", str(where)], check=True)
            self.primary.own()
            self.primary.set(wal_keep_size="0", max_wal_size="'32MB'")
            self.primary.start()
        elif self.mounts:
            for file in self.folder.glob("waymark.db*"):  # what a node that was killed left in the log is part of it
                shutil.move(file, where)
            self.url = f"sqlite:///{where}/waymark.db"
        return where if self.mounts else None

    def forget_what_it_is_for(self) -> None:
        """The database says no more that tests of faults made it."""
        database = Database(self.url)
        with database.write() as connection:
            connection.execute(INSTALLATION.delete())
        database.close()

    # -- what is left when all is over

    def settle(self) -> None:
        """Every fault is over: the last pass of a sound node does what is left. Its clock is a lease ahead."""
        self.end_nodes()
        self.post.refuses, self.post.slow = False, 0.0
        mutation, self.mutation = self.mutation, None
        self.set_clock("later", 180)
        for _ in range(2):  # what failed while it was late waits a little more
            last = self.once(clock="later")
            assert last.wait(90) == 0, last.said()
            self.set_clock("later", 180 + 3600)
        self.mutation = mutation

    def found(self, *, after: float = 180) -> list[str]:
        """What the checker finds, where all was swept so many seconds from now by the clock of this world."""
        database = Database(self.clusters[0].url() if self.clusters else self.url)
        expected = Expected(
            told=self.seeded.told,
            swept_at=self.now() + timedelta(seconds=after),
            receipts=list(self.post.receipts),
            receiving=ChannelName.WEBHOOK,
            heads=self.folder / "heads",
        )
        try:
            with database.read() as connection:
                return violations(connection, self.history, expected)
        finally:
            database.close()

    def end_nodes(self) -> None:
        for node in self.nodes:
            node.send(signal.SIGKILL)
        for node in self.nodes:
            node.wait()

    def end(self) -> None:
        self.end_nodes()
        self.post.end()
        if self.wire is not None:
            self.wire.end()
        for mount in self.mounts:
            subprocess.run(["umount", "--lazy", str(mount)], check=True)
        for cluster in self.clusters:
            cluster.end()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Worlds:
    """Makes worlds and ends them."""

    seeds: Seeds
    nursery: Nursery
    made: list[World] = field(default_factory=list)

    def _kept(self, world: World) -> World:
        self.made.append(world)
        return world

    def sqlite(self, **given: Any) -> World:
        file, seeded = self.seeds.sqlite()
        folder = Path(tempfile.mkdtemp(prefix="waymark-world-"))
        shutil.copy(file, folder / "waymark.db")
        return self._kept(World(self.nursery, seeded, f"sqlite:///{folder}/waymark.db", folder, **given))

    def postgresql(self, *, server: dict[str, str] | None = None, **given: Any) -> World:
        """One server, and a wire to it that can be cut."""
        seed_, seeded = self.seeds.cluster()
        cluster = seed_.copied()
        cluster.set(**(server or {}))
        cluster.start()
        wire = Wire(cluster.port)
        url = cluster.url().replace(str(cluster.port), str(wire.port))
        folder = Path(tempfile.mkdtemp(prefix="waymark-world-"))
        return self._kept(World(self.nursery, seeded, url, folder, [cluster], wire, **given))

    def pair(self, *, synchronous: bool = True, **given: Any) -> World:
        """Two servers, of which one confirms every commit of the other by a wire; nodes know both."""
        seed_, seeded = self.seeds.cluster()
        first, second = seed_.copied(), seed_.copied()
        for one in (first, second):
            one.set(synchronous_standby_names="'*'" if synchronous else "''")
        first.start()
        wire = Wire(first.port)
        second.follow(first, wire.port, afresh=False)
        hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in (first, second))
        more = "target_session_attrs=read-write&connect_timeout=3"
        url = f"postgresql://postgres@/waymark?{hosts}&{more}"
        folder = Path(tempfile.mkdtemp(prefix="waymark-world-"))
        return self._kept(World(self.nursery, seeded, url, folder, [first, second], wire, **given))

    def end(self) -> None:
        for world in self.made:
            world.end()
        self.made.clear()


def until_acknowledged(world: World, more: int, seconds: float = 30) -> None:
    """Waits until clients have been told of so many more acts."""
    wanted = _acknowledged(world.history) + more
    end = now() + seconds
    while _acknowledged(world.history) < wanted:
        assert now() < end, "nobody was answered in time\n" + _last_words(world.nodes)
        time.sleep(0.02)


def _acknowledged(history: History) -> int:
    return sum(bool(act.acknowledged) for act in list(history.acts))


def _last_words(nodes: Sequence[Node]) -> str:
    return "\n".join(node.said()[-1500:] for node in nodes if node.ended is None)
