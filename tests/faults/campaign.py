"""A thousand faults: real nodes on real databases under load, broken again and again, and checked after each round.

`make faults`. WAYMARK_FAULTS says how many, WAYMARK_FAULT_MINUTES how long at most, WAYMARK_FAULT_SEED which ones.
"""

import os
import random
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from faults.caseload import open_pause
from faults.clusters import Cluster
from faults.history import Told
from faults.network import Wire
from faults.scenarios import DIED
from faults.world import LONG_AGO, Node, Nursery, Seeds, World, Worlds

from scheduler.failpoints import POINTS
from workflow.database import Database
from workflow.errors import WaymarkError

from factories import Desk

ROUND = 60  # faults between two checks: a round's record is read whole
BACKENDS = ("postgresql", "sqlite", "pair")
WEB_POINTS = ("commit", "committed")
NODE_POINTS = tuple(point for point in POINTS if point != "import")
STEPS = (-3 * 86400, -3600, 60, 3600, 2 * 86400)


@dataclass
class Tally:
    """How many faults were brought about, by class; shared by those who bring them about."""

    wanted: int
    until: float
    by_class: Counter[str] = field(default_factory=Counter)
    round_ends: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: str) -> None:
        with self._lock:
            self.by_class[fault] += 1

    def enough(self) -> bool:
        return self.by_class.total() >= min(self.round_ends, self.wanted) or time.monotonic() > self.until

    def over(self) -> bool:
        return self.by_class.total() >= self.wanted or time.monotonic() > self.until


@dataclass
class Round:
    """One world, everything that breaks it at once, and what was found when it had come to rest."""

    world: World
    tally: Tally
    chance: random.Random
    troubles: list[str] = field(default_factory=list)

    def play(self) -> list[str]:
        crowd = self.world.crowd(4, timeout=15)
        threads = [threading.Thread(target=self._guarded, args=(one,), daemon=True) for one in self._breakers()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(180)
            if thread.is_alive():
                self.troubles.append("harness: what was to break it did not end")
        self._lives()
        crowd.stop()
        self.world.settle()
        return self.troubles + self.world.found()

    def _lives(self) -> None:
        """With every fault over, people are answered again."""
        client = self.world.client(99)
        self.world.web()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for number in range(len(self.world.seeded.cases)):
                attempt = client.move(self.world.seeded.cases[number])
                if attempt is not None and attempt.told is Told.ACKNOWLEDGED:
                    return
        self.troubles.append("dead: nobody was answered within a minute after the last fault")

    def _guarded(self, act: Callable[[random.Random], None]) -> None:
        try:
            act(random.Random(self.chance.random()))
        except Exception as error:
            self.troubles.append(f"harness: {act.__name__}: {type(error).__name__}: {error}")

    def _breakers(self) -> Iterator[Callable[[random.Random], None]]:
        yield from (self._webs, self._webs, self._workers, self._feed, self._post)
        if len(self.world.clusters) == 2:
            yield self._servers_take_over
        elif self.world.clusters:
            yield from (self._server_fails, self._line_fails)

    # -- nodes that die, wait or find no room

    def _webs(self, chance: random.Random) -> None:
        while not self.tally.enough():
            point = chance.choice(WEB_POINTS)
            act = chance.choices(("kill", "sleep 0.2", "full", ""), (8, 1, 1, 2))[0]
            armed = {"WAYMARK_FAILPOINTS": f"{point}:{chance.randint(2, 12)}={act}"} if act else {}
            clock = chance.choice(("right", "apart"))
            web = self.world.web(wait=False, clock=clock, WAYMARK_REQUEST_SECONDS="8", **armed)
            with suppress(AssertionError):  # it died before it answered anybody, or the database does not let it
                self.world.await_web(web, 10)
            self._let_live(web, point, act, chance.uniform(1.0, 3.0))

    def _workers(self, chance: random.Random) -> None:
        while not self.tally.enough():
            clock, step = "right", 0
            if chance.random() < 0.25:
                clock, step = "stepped", chance.choice(STEPS)
                self.world.set_clock(clock, step)
            point = chance.choice(NODE_POINTS)
            act = chance.choices(("kill", "sleep 0.1", "full", ""), (8, 1, 1, 2))[0]
            most = 12 if point in WEB_POINTS else 2
            armed = {"WAYMARK_FAILPOINTS": f"{point}:{chance.randint(1, most)}={act}"} if act else {}
            node = self.world.once(clock=clock, **armed)
            if step:
                self.tally.add("clock step")
            self._let_live(node, point, act, chance.uniform(0.3, 4.0))

    def _let_live(self, node: Node, point: str, act: str, seconds: float) -> None:
        """Until it dies by its own hand; else it is killed at that moment."""
        end = time.monotonic() + (seconds if act != "kill" else 2.5 * seconds)
        if act == "" and not self.world.clusters and node.port is not None:  # a real file that may not grow
            with suppress(OSError):
                resource.prlimit(node.number, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
                self.tally.add("disk full (file may not grow)")
        while node.poll() is None and time.monotonic() < end and not self.tally.enough():
            time.sleep(0.02)
        kind = "web" if node.port is not None else "scheduler"
        if node.poll() == DIED:
            self.tally.add(f"{kind} node killed at {point}")
        elif node.poll() is None:
            node.send(signal.SIGKILL)
            node.wait()
            self.tally.add(f"{kind} node killed at any moment")
            if act:
                self.tally.add({"full": "disk full (commit refused)", "kill": "armed in vain"}.get(act, "slow disk"))
                self.tally.by_class.pop("armed in vain", None)
        if node.port is not None and node.said().count("Traceback") and "unexpected_error" in node.said():
            self.troubles.append(f"unexpected: {node.said()[-300:]}")

    # -- what else happens meanwhile

    def _feed(self, chance: random.Random) -> None:
        """Cases whose deadlines are overdue already come in, so that there is always somebody to tell."""
        database = Database(self.world.url)
        try:
            while not self.tally.enough():
                with suppress(WaymarkError, Exception):
                    desk = Desk(database, now=self.world.now() - LONG_AGO)
                    open_pause(desk)
                time.sleep(chance.uniform(0.4, 1.2))
        finally:
            database.close()

    def _post(self, chance: random.Random) -> None:
        while not self.tally.enough():
            time.sleep(chance.uniform(1, 4))
            self.world.post.refuses = not self.world.post.refuses
            if self.world.post.refuses:
                self.tally.add("post outside closed")

    # -- PostgreSQL

    def _server_fails(self, chance: random.Random) -> None:
        """Killed or stopped, starved or crowded out, every one to four seconds."""
        server = self.world.primary
        while not self.tally.enough():
            self._wait(chance.uniform(1, 4))
            fault = chance.choice(("killed", "killed", "killed", "stopped", "sessions", "full", "crowd"))
            if fault == "killed":
                server.kill()
                self._wait(chance.uniform(0, 1.5))
                server.start()
                self.tally.add("PostgreSQL killed -9")
            elif fault == "stopped":
                server.stop(at_once=True)
                self._wait(chance.uniform(0, 1.5))
                server.start()
                self.tally.add("PostgreSQL stopped at once")
            elif fault == "sessions" and server.cut_all():
                self.tally.add("sessions ended (pg_terminate_backend)")
            elif fault == "full":
                server.fill_disk()
                self.tally.add("disk full (PostgreSQL)")
                self._wait(1)
                server.cut_all()
                server.await_up()
            elif fault == "crowd":
                self._crowd_out(server)

    def _crowd_out(self, server: Cluster) -> None:
        with ExitStack() as stack:
            for _ in range(100):
                try:
                    stack.enter_context(psycopg.connect(server.url()))
                except psycopg.OperationalError:
                    self.tally.add("every session taken")
                    break
            self._wait(0.7)

    def _line_fails(self, chance: random.Random) -> None:
        wire = self.world.wire
        assert wire is not None
        while not self.tally.enough():
            self._wait(chance.uniform(0.1, 0.9))
            if chance.random() < 0.2:
                if wire.cut_all():
                    self.tally.add("every line cut")
                continue
            cuts, when = wire.cuts, chance.choice(("before", "after"))
            wire.cut_next_commit(when)
            end = time.monotonic() + 3
            while wire.armed and time.monotonic() < end:
                time.sleep(0.01)
            if wire.cuts > cuts:
                self.tally.add(f"line cut {when} a COMMIT arrived")

    def _servers_take_over(self, chance: random.Random) -> None:
        """The server in charge dies with its data; the standby takes over; a new standby is made of the old server."""
        clusters = self.world.clusters
        while not self.tally.enough():
            self._wait(chance.uniform(2, 5))
            end = time.monotonic() + 30
            while not clusters[0].is_in_step() and time.monotonic() < end:
                time.sleep(0.1)
            assert self.world.wire is not None
            if chance.random() < 0.5:  # the standby hears nothing for the last moments
                self.world.wire.end()
                self.tally.add("line to the standby cut")
                self._wait(0.4)
            clusters[0].kill()
            self.world.wire.end()
            clusters[1].promote()
            clusters.reverse()
            self.tally.add("failover to the standby")
            self.world.wire = Wire(clusters[0].port)
            clusters[1].follow(clusters[0], self.world.wire.port, afresh=True)
            clusters[1].set(synchronous_standby_names="'*'")

    @staticmethod
    def _wait(seconds: float) -> None:
        time.sleep(seconds)


def main() -> int:
    wanted = int(os.environ.get("WAYMARK_FAULTS", "1000"))
    minutes = float(os.environ.get("WAYMARK_FAULT_MINUTES", "inf"))
    seed = int(os.environ.get("WAYMARK_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    tally = Tally(wanted, time.monotonic() + 60 * minutes)
    chance = random.Random(seed)
    nursery, seeds = Nursery(), Seeds()
    worlds, began, wrong, acts, rounds = Worlds(seeds, nursery), time.monotonic(), 0, Counter[str](), 0
    sys.stdout.write(f"Seed {seed}. Up to {wanted} faults.\n")
    try:
        while not tally.over():
            backend = BACKENDS[rounds % len(BACKENDS)]
            rounds += 1
            tally.round_ends = tally.by_class.total() + ROUND
            world = getattr(worlds, backend)()
            world.set_clock("apart", 60)
            found = Round(world, tally, random.Random(chance.random())).play()
            for told in Told:
                acts[told] += world.history.count(told)
            wrong += len(found)
            took = timedelta(seconds=round(time.monotonic() - began))
            sys.stdout.write(
                f"{took}  {tally.by_class.total():5} faults  {backend:11} {len(world.history.acts)} acts\n"
            )
            for one in found:
                sys.stdout.write(f"    {one}\n")
            sys.stdout.flush()
            if found and os.environ.get("WAYMARK_FAULT_KEEP"):
                sys.stdout.write(f"    kept: {world.folder}\n")
                worlds.made.clear()
            worlds.end()
    finally:
        worlds.end()
        nursery.end()
        seeds.end()
    _report(tally, acts, rounds, wrong)
    return 1 if wrong else 0


def _report(tally: Tally, acts: Counter[str], rounds: int, wrong: int) -> None:
    for fault, count in sorted(tally.by_class.items()):
        sys.stdout.write(f"{count:6}  {fault}\n")
    said = ", ".join(f"{count} {told}" for told, count in sorted(acts.items()))
    sys.stdout.write(f"{tally.by_class.total()} faults in {rounds} rounds; answers: {said}; {wrong} things wrong.\n")


if __name__ == "__main__":
    sys.exit(main())
