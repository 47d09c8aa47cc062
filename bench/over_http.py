"""What a request costs over HTTP: one worker process on loopback, beside the same server with a bare application."""

import http.client
import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench import caseload, records, teams
from bench.caseload import NOW, OPENED
from bench.places import Bare, postgresql_url
from config.settings import Settings
from workflow.bootstrap import Service, open_service
from workflow.database import Database
from workflow.identity import tokens
from workflow.models import TokenScope

Row = dict[str, str]
Ask = Callable[[http.client.HTTPConnection], None]
CASES, SECONDS, ROUNDS = 100_000, 0.5, 3
RECORDS, AT_ONCE = 200, 4  # Pause records that are moved in turn; connections that ask at the same time for the rate
KINDS = ("floor", "waymark", "unlogged")
WHERE = "one uvicorn worker in a process of its own on the same machine, HTTP/1.1 kept alive over loopback"
CASEWORKER = teams.worker(1, 10)  # one of those who own a restricted case


def rows(folder: Path, cases: int = CASES, seconds: float = SECONDS) -> list[Row]:
    """Every row, SQLite first; lists at a hundredth, a tenth and all of the cases, the rest with all of them there."""
    found: list[Row] = []
    with Progress(console=Console(stderr=True)) as progress:
        for where, url in (("SQLite", f"sqlite:///{folder}/http.db"), ("PostgreSQL", postgresql_url(folder, "http"))):
            found += Measured(where, url, seconds, progress).rows(cases)
    return found


class Measured:
    """One database, its accounts, and what is asked of it."""

    def __init__(self, where: str, url: str, seconds: float, progress: Progress) -> None:
        self.where, self.url, self.seconds, self.progress = where, url, seconds, progress
        self.first: dict[str, float] = {}

    def rows(self, cases: int) -> list[Row]:
        database = Database(self.url)
        database.migrate()
        database.close()
        service, bare = open_service(Settings(database_url=self.url)), Bare(self.url)
        records.staff(service.database, OPENED)
        teams.staff(service, 1, cases // teams.SIZE + 1)
        refs = records.opened(service, RECORDS, NOW)
        self.tokens = {name: _token(service, name) for name in (CASEWORKER, teams.SERVICE_MANAGER, records.WORKER)}
        found, held = list[Row](), teams.SIZE  # the numbers below are for records, which take theirs in turn
        with _workers(self.url) as ports:
            for wanted in (cases // 100, cases // 10, cases):
                caseload.seed(service, bare, held, teams.SIZE + wanted, self.progress, teams.of_teams)
                held = teams.SIZE + wanted
                found += self.lists(ports, wanted)
            found += [*self.one_case(ports), self.moves(ports, refs)]
        bare.close()
        service.close()
        return found

    def lists(self, ports: Mapping[str, int], cases: int) -> Iterator[Row]:
        mine = f"by=owner&value={CASEWORKER}"
        for who, username, asked, bare in (
            ("caseworker of a team", CASEWORKER, "", f"by=team&value={teams.team(1)}"),
            ("service manager, all teams", teams.SERVICE_MANAGER, "", "by=authority&value=durham"),
            ("owner=me", CASEWORKER, "&owner=me", mine),
        ):
            ours = self.get(f"/api/v1/cases?limit=50{asked}", username)
            taken = self.measured(ports, dict.fromkeys(KINDS, ours) | {"floor": _get(f"/cases?limit=50&{bare}", {})})
            half = taken["waymark"].half
            grown = half / self.first.setdefault(who, half)
            yield self.row(f"worklist of 50, {who}, {cases:,} cases", taken, f"p50 is {grown:.2f} of the smallest")

    def one_case(self, ports: Mapping[str, int]) -> Iterator[Row]:
        own = [one for one in range(teams.SIZE + 1, 2 * teams.SIZE) if teams.of_teams(one).owner == CASEWORKER]
        shut, usual = (next(one for one in own if teams.of_teams(one).restricted is said) for said in (True, False))
        for what, at in (("one case", usual), ("one restricted case: the look is written first", shut)):
            ours = self.get(f"/api/v1/cases/PB-{at}", CASEWORKER)
            taken = self.measured(ports, dict.fromkeys(KINDS, ours) | {"floor": _get(f"/cases/{at}", {})})
            yield self.row(what, taken, "three deadlines, one entry")

    def moves(self, ports: Mapping[str, int], refs: Sequence[str]) -> Row:
        taken = self.measured(
            {kind: ports[kind] for kind in ("floor", "waymark")},
            {"waymark": Mover(refs, self.tokens[records.WORKER]).move, "floor": _bare_mover(len(refs))},
        )
        return self.row("one move", taken, "If-Match and Idempotency-Key; floor: bare SQL in the endpoint")

    def get(self, path: str, username: str) -> Ask:
        return _get(path, {"authorization": f"Bearer {self.tokens[username]}"})

    def measured(self, ports: Mapping[str, int], asks: Mapping[str, Ask]) -> dict[str, "Taken"]:
        """Each in turn, several rounds: first on one connection for the times, then on several for the rate."""
        taken = {kind: Taken() for kind in ports}
        for kind, port in ports.items():
            _timed(port, asks[kind], self.seconds / 4)
        for _ in range(ROUNDS):
            for kind, port in ports.items():
                taken[kind].times += _timed(port, asks[kind], self.seconds)
                taken[kind].rates.append(_rate(port, asks[kind], self.seconds))
        return taken

    def row(self, what: str, taken: Mapping[str, "Taken"], note: str) -> Row:
        ours, floor = taken["waymark"], taken["floor"]
        if "unlogged" in taken:
            bare = taken["unlogged"]
            cost = ours.half - bare.half
            note += f"; without the log of looks {bare.said()}: it costs {cost:.2f} ms at p50"
        return {
            "what": f"{what}, {self.where}",
            "waymark": ours.said(),
            "floor": floor.said(),
            "ratio": f"{ours.rate / floor.rate:.2f}",
            "note": f"{note}; {ours.half / floor.half:.1f} times the floor's p50; {WHERE}",
        }


class Taken:
    """The times of single requests in ms, and the rates of rounds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.rates: list[float] = []

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def half(self) -> float:
        return statistics.median(self.times)

    def said(self) -> str:
        last = sorted(self.times)[int(len(self.times) * 0.99)]
        return f"{self.rate:,.0f}/s, p50 {self.half:.1f}, p99 {last:.1f} ms"


class Mover:
    """Records a contact on the next record, on the version the last answer gave."""

    def __init__(self, refs: Sequence[str], token: str) -> None:
        self._versions = dict.fromkeys(refs, "")
        self._free = list(refs)  # one that is being moved is in nobody else's hands
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._body = json.dumps({"trigger": "record_contact", "facts": records.CONTACT})

    def move(self, connection: http.client.HTTPConnection) -> None:
        ref = self._free.pop(0)
        version = self._versions[ref] or _ask(connection, "GET", f"/api/v1/cases/{ref}", self._headers)
        headers = {**self._headers, "if-match": version, "idempotency-key": uuid.uuid4().hex}
        self._versions[ref] = _ask(connection, "POST", f"/api/v1/cases/{ref}/moves", headers, self._body)
        self._free.append(ref)


def _bare_mover(cases: int) -> Ask:
    turn = itertools.cycle(range(1, cases + 1))
    headers, body = {"content-type": "application/json"}, json.dumps({"trigger": "record_contact"})

    def move(connection: http.client.HTTPConnection) -> None:
        named = {**headers, "if-match": '"1"', "idempotency-key": uuid.uuid4().hex}
        _ask(connection, "POST", f"/cases/{next(turn)}/moves", named, body)

    return move


def _get(path: str, headers: Mapping[str, str]) -> Ask:
    def ask(connection: http.client.HTTPConnection) -> None:
        _ask(connection, "GET", path, headers)

    return ask


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: str | None = None
) -> str:
    """Asks and reads the whole answer; its ETag. An answer that is none ends the bench."""
    connection.request(method, path, body and body.encode(), dict(headers))
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:500]!r}")
    return answer.headers.get("etag", "")


def _timed(port: int, ask: Ask, seconds: float) -> list[float]:
    """How long each request took, in ms, one after another on one connection."""
    connection, taken = http.client.HTTPConnection("127.0.0.1", port), list[float]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not taken:
        started = time.perf_counter()
        ask(connection)
        taken.append((time.perf_counter() - started) * 1000)
    connection.close()
    return taken


def _rate(port: int, ask: Ask, seconds: float) -> float:
    """Requests a second when several connections ask at the same time."""
    counts: list[int] = []
    asking = [threading.Thread(target=lambda: counts.append(len(_timed(port, ask, seconds)))) for _ in range(AT_ONCE)]
    started = time.perf_counter()
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    if len(counts) < AT_ONCE:
        raise RuntimeError("a request failed: see above")
    return sum(counts) / (time.perf_counter() - started)


def _token(service: Service, username: str) -> str:
    with service.database.write() as connection:
        return tokens.make(connection, username, name="bench", scope=TokenScope.ACT, lasts=timedelta(days=30), now=NOW)


@contextmanager
def _workers(url: str) -> Iterator[dict[str, int]]:
    """A server process of each kind on this database, and the ports they listen on."""
    begun = {
        kind: subprocess.Popen(
            [sys.executable, "-m", "bench.worker", kind, url, str(RECORDS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for kind in KINDS
    }  # fmt: skip
    try:
        yield {kind: int(_first_line(process)) for kind, process in begun.items()}
    finally:
        for process in begun.values():
            process.communicate()


def _first_line(process: "subprocess.Popen[str]") -> str:
    if process.stdout is None or not (line := process.stdout.readline()):
        raise RuntimeError("a server did not start: see above")
    return line
