"""Load: signed-in people with time to think, on two web and two scheduler nodes; one of each is killed half-way."""

import asyncio
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import func, select

from bench import caseload, teams
from bench.asking import Answer, Proxy, Upstream
from bench.caseload import NOW
from bench.places import Bare, postgresql_url, stopped_after
from bench.surroundings import surroundings
from config.settings import Settings
from workflow import repository
from workflow.bootstrap import Service, open_service
from workflow.chains import verify_chains
from workflow.database import Database
from workflow.identity import sessions, tokens
from workflow.light_check import light_check
from workflow.models import EntryKind, TokenScope
from workflow.outbox import ALERTS
from workflow.references import reference

Said = dict[str, Any]
READS = 20  # for each move
PAGES = {
    "/work": 6,
    "/cases/{ref}": 8,
    "/cases/{ref}/timeline": 2,
    "/cases/{ref}/moves/record_visit": 1,
    "/deadlines/{ref}.2": 1,
    "/messages": 2,
}
DUE_EVERY = 2.0  # seconds: so often a deadline falls due for the scheduler nodes
WARMING = 0.1  # of the time: caches fill, and times do not count
KILLED = 10.0  # seconds around the kill that are shown apart


@dataclass(frozen=True)
class Asked:
    people: int = 500
    minutes: float = 10.0
    think: float = 10.0  # mean seconds between two things a person does


@dataclass(frozen=True)
class Person:
    """Somebody signed in, and the cases they work on."""

    cookie: str
    token: str
    refs: tuple[str, ...]


@dataclass
class Seen:
    """What the clients saw."""

    times: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # what: (when, ms)
    errors: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)  # keys of moves
    conflicts: int = 0


def measured(asked: Asked) -> Said:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, stopped_after():
        url = postgresql_url(Path(folder), "load")
        around = surroundings(url)
        with Progress(console=Console(stderr=True)) as progress:
            service = _filled(url, asked, progress)
            people = list(_people(service, asked.people))
            began = time.time()
            with _nodes(url, began) as nodes:
                task = progress.add_task(
                    f"{asked.people} people for {asked.minutes:g} minutes", total=asked.minutes * 60
                )
                run = Run(asked, people, nodes, lambda spent: progress.update(task, completed=spent))
                asyncio.run(run.all())
        found = {**run.found(), **_afterwards(service, run.seen, began)}
        service.close()
    return {"kind": "load", "surroundings": around, "asked": asdict(asked), "rows": run.rows(), "found": found}


def _filled(url: str, asked: Asked, progress: Progress) -> Service:
    """A thousand cases for each team of twenty; one deadline after another falls due while people work."""
    database = Database(url)
    database.migrate()
    database.close()
    service, bare = open_service(Settings(database_url=url)), Bare(url)
    count = -(-asked.people // teams.WORKERS)
    teams.staff(service, 0, count)
    caseload.seed(service, bare, 0, count * teams.SIZE, progress, teams.of_teams)
    due = min(count * teams.SIZE, int(asked.minutes * 60 / DUE_EVERY))
    caseload.fall_due_in_turn(bare, 1, due, DUE_EVERY)
    bare.tidy()
    bare.close()
    return service


def _people(service: Service, count: int) -> Iterator[Person]:
    with service.database.write() as connection:
        for number in range(count):
            of, place = divmod(number, teams.WORKERS)
            name = teams.worker(of, place)
            first = of * teams.SIZE
            own = (one for one in range(first + 1, first + teams.SIZE + 1) if teams.of_teams(one).owner == name)
            lasts = timedelta(days=1)
            yield Person(
                cookie=sessions.start(connection, name, second_factor=True, device="bench", now=NOW),
                token=tokens.make(connection, name, name="bench", scope=TokenScope.ACT, lasts=lasts, now=NOW),
                refs=tuple(reference("prebirth", one) for one in own),
            )


@contextmanager
def _nodes(url: str, began: float) -> Iterator[dict[str, tuple["subprocess.Popen[str]", int]]]:
    """Two web and two scheduler nodes as (process, port), by name."""
    begun = {
        f"{kind} {number}": subprocess.Popen(
            [sys.executable, "-m", "bench.node", kind, url, f"{kind}-{number}", str(began)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for kind in ("web", "work") for number in (1, 2)
    }  # fmt: skip
    try:
        ready = {}
        for name, process in begun.items():
            if process.stdout is None or not (line := process.stdout.readline()):
                raise RuntimeError(f"the node {name} did not start: see above")
            ready[name] = (process, int(line))
        yield ready
    finally:
        for process in begun.values():
            process.communicate()


class Run:
    """People at work, and the one who kills nodes."""

    def __init__(self, asked: Asked, people: list[Person], nodes: dict[str, Any], told: Any) -> None:
        self.asked, self.people, self.nodes, self.told = asked, people, nodes, told
        self.seen = Seen()
        self.seconds = asked.minutes * 60
        self.began = 0.0
        self.killed_at = 0.0
        self.used: dict[str, float] = {}

    async def all(self) -> None:
        upstreams = [Upstream(name, port) for name, (_, port) in self.nodes.items() if name.startswith("web")]
        self.proxy = Proxy(upstreams)
        for one in upstreams:
            await _until_it_answers(one)
        self.began = time.monotonic()
        at_work = [asyncio.create_task(self.work(person, number)) for number, person in enumerate(self.people)]
        used = {name: _processor(process.pid) for name, (process, _) in self.nodes.items()}
        while (spent := time.monotonic() - self.began) < self.seconds:
            self.told(spent)
            if not self.killed_at and spent >= self.seconds / 2:
                self.used = {name: (_processor(self.nodes[name][0].pid) - was) / spent for name, was in used.items()}
                for name in ("web 1", "work 1"):
                    os.kill(self.nodes[name][0].pid, signal.SIGKILL)
                self.killed_at = time.monotonic() - self.began
            await asyncio.sleep(0.25)
        await asyncio.gather(*at_work)

    async def work(self, person: Person, number: int) -> None:
        """Looks, thinks, looks; one in so many things is a move."""
        pick = random.Random(number)
        await asyncio.sleep(pick.random() * self.asked.think)
        while (spent := time.monotonic() - self.began) < self.seconds:
            ref = pick.choice(person.refs)
            try:
                if pick.randrange(READS + 1):
                    await self.look(person, ref, pick, spent)
                else:
                    await self.move(person, ref, spent)
            except ConnectionError as error:
                self.seen.errors[str(error)[:60]] += 1
            await asyncio.sleep(min(pick.expovariate(1 / self.asked.think), self.asked.think * 5))

    async def look(self, person: Person, ref: str, pick: random.Random, spent: float) -> None:
        route = pick.choices(tuple(PAGES), tuple(PAGES.values()))[0]
        headers = {"cookie": f"waymark={person.cookie}", "accept": "text/html"}
        await self.timed("pages", route, spent, self.proxy.ask("GET", route.format(ref=ref), headers))

    async def move(self, person: Person, ref: str, spent: float) -> None:
        """Looks at the case, then records a visit on the version seen."""
        headers = {"authorization": f"Bearer {person.token}"}
        case = await self.timed(
            "cases over the API", "case", spent, self.proxy.ask("GET", f"/api/v1/cases/{ref}", headers)
        )
        if case.status != 200:
            return
        key = uuid.uuid4().hex
        named = {
            **headers,
            "content-type": "application/json",
            "if-match": case.headers["etag"],
            "idempotency-key": key,
        }
        body = json.dumps({"trigger": "record_visit", "facts": caseload.VISITED}).encode()
        path = f"/api/v1/cases/{ref}/moves"
        answer = await self.timed("moves", "move", spent, self.proxy.ask("POST", path, named, body))
        if answer.status == 200:
            self.seen.acknowledged.add(key)

    async def timed(self, what: str, route: str, spent: float, asking: Any) -> Answer:
        began = time.monotonic()
        answer: Answer = await asking
        self.seen.times.setdefault(what, []).append((spent, (time.monotonic() - began) * 1000))
        if answer.retried:
            self.seen.retried[what] += 1
        if answer.status != 200:
            self.seen.errors[f"{route} {answer.status}"] += 1
        return answer

    def rows(self) -> list[Said]:
        """Times once warm, and those of the seconds around the kill apart."""
        found = []
        for what, times in sorted(self.seen.times.items()):
            warm = [one for one in times if one[0] >= self.seconds * WARMING]
            parts = {
                "two web nodes": [ms for at, ms in warm if at < self.killed_at],
                f"{KILLED:g} s around the kill": [ms for at, ms in warm if abs(at - self.killed_at) <= KILLED / 2],
                "one web node": [ms for at, ms in warm if at > self.killed_at + KILLED / 2],
            }
            found += [{"what": what, "when": when, **_spread(taken)} for when, taken in parts.items() if taken]
        return found

    def found(self) -> Said:
        asked = sum(len(times) for times in self.seen.times.values())
        return {
            "requests": asked,
            "requests a second": asked / self.seconds,
            "errors": dict(self.seen.errors),
            "answered by the other node": dict(self.seen.retried),
            "processors used, two web nodes": {name: round(one, 2) for name, one in self.used.items()},
            "processors used by the clients": round(time.process_time() / self.seconds, 2),
        }


async def _until_it_answers(node: Upstream) -> None:
    for _ in range(600):
        try:
            if (await node.ask(b"GET /readyz?of=node HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")).status == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{node.name} is not ready after a minute")


def _processor(pid: int) -> float:
    """Seconds of processor time a process has had."""
    said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")


def _spread(taken: list[float]) -> Said:
    taken = sorted(taken)
    at = {f"p{share}": taken[min(len(taken) - 1, len(taken) * share // 100)] for share in (50, 95, 99)}
    return {"count": len(taken), **at, "most": taken[-1]}


def _afterwards(service: Service, seen: Seen, began: float) -> Said:
    """Whether every move that was acknowledged is in the record once, every due deadline told of once, all chained."""
    now = NOW + timedelta(seconds=time.time() - began)
    keys, entries = repository.KEYS, repository.ENTRIES
    with service.database.read() as connection:
        kept = set(connection.execute(select(keys.c.key)).scalars())
        moved = connection.execute(
            select(func.count()).where(entries.c.trigger == "record_visit", entries.c.kind == EntryKind.MOVED)
        ).scalar_one()
        told = connection.execute(select(func.count()).select_from(ALERTS)).scalar_one()
        places = select(ALERTS.c.case_id, ALERTS.c.number, ALERTS.c.cycle, ALERTS.c.level).distinct().subquery()
        distinct = connection.execute(select(func.count()).select_from(places)).scalar_one()
        broken = [str(one) for one in light_check(connection, now)]
        verified = verify_chains(connection).entries
    return {
        "moves acknowledged": len(seen.acknowledged),
        "acknowledged moves that are missing": len(seen.acknowledged - kept),
        "moves recorded twice": moved - len(kept),
        "moves recorded though nobody heard of it": len(kept - seen.acknowledged),
        "alerts raised": told,
        "alerts raised twice": told - distinct,
        "entries verified": verified,
        "promises broken": broken,
    }


def show(run: Said, console: Console) -> None:
    for name, value in run["surroundings"].items():
        console.print(f"{name}: {value}", highlight=False)
    console.print(_said(run), highlight=False)
    shown = Table("what", "when", "requests", "p50 ms", "p95 ms", "p99 ms", "slowest ms")
    for row in run["rows"]:
        shown.add_row(*_cells(row))
    console.print(shown)
    for name, value in run["found"].items():
        console.print(f"{name}: {value}", highlight=False)


def _said(run: Said) -> str:
    asked = run["asked"]
    return (
        f"{asked['people']} signed-in people for {asked['minutes']:g} minutes, {asked['think']:g} s to think, "
        f"{READS} looks to a move; two web and two scheduler nodes on one PostgreSQL, clients on the same machine; "
        "one of each killed half-way"
    )


def _cells(row: Said) -> list[str]:
    return [
        row["what"],
        row["when"],
        f"{row['count']:,}",
        *(f"{row[name]:,.0f}" for name in ("p50", "p95", "p99", "most")),
    ]


def as_markdown(run: Said) -> Iterator[str]:
    yield from (f"- {name}: {value}" for name, value in run["surroundings"].items())
    yield f"- {_said(run)}"
    yield from (
        "",
        "| what | when | requests | p50 ms | p95 ms | p99 ms | slowest ms |",
        "|---|---|---:|---:|---:|---:|---:|",
    )
    yield from (f"| {' | '.join(_cells(row))} |" for row in run["rows"])
    yield ""
    yield from (f"- {name}: {value if value not in ({}, []) else 'none'}" for name, value in run["found"].items())
