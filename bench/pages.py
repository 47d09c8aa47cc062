"""What each page costs: time inside the server and size, for four people, with a full database behind it.

Pages are found as a person finds them: from the addresses that need nothing filled in and the cases that moved most,
along the links, to a few addresses of each route.
"""

import logging
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select
from starlette.testclient import TestClient

from bench import caseload, teams
from bench.caseload import NOW, Whose
from bench.places import Bare, postgresql_url
from bench.worker import going_on
from config.settings import Settings
from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from workflow import access
from workflow.accounts import Actor, find_actor
from workflow.alerting import DueDeadlines
from workflow.app import create_app
from workflow.bootstrap import DEMO_MANAGER, Service, let_rest, open_service
from workflow.database import Database
from workflow.demo import load_demo
from workflow.demo.staff import DURHAM, PAUSE
from workflow.identity import sessions
from workflow.references import reference
from workflow.repository import CASES as ROWS
from workflow.serving.csrf import csrf_token

Row = dict[str, str]
CASES, REPEATS, PATIENCE = 100_000, 20, 5.0  # PATIENCE: seconds for one address, however slow it is
EACH = 2  # addresses of one route for one person, beside those of the cases below
MOST_MS, MOST_KB = 150, 100
MISSED, FAILS = "MISSED", "FAILS"
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
REFUSED, ERROR = 400, 500
PEOPLE = {
    "caseworker": DURHAM.workers[0],
    "team manager": DURHAM.manager,
    "service manager": DEMO_MANAGER,
    "Pause lead": PAUSE.lead,
    "front door": DURHAM.front_door,
    "auditor": "demo.durham.auditor",
    "administrator": "demo.durham.admin",
}
LISTS = {  # by what each list is narrowed: where few match, they must not be looked for among all
    "/team/cases": ("owner=nobody", "status={}", "lifecycle=pause", "stage=Lapsed"),
    "/work": ("whose=team", "whose=all", "whose=all&owner=nobody", "whose=all&status={}", "whose=all&kind=pause",
              "whose=all&stage=Lapsed"),
}  # fmt: skip
STATUSES = ("breached", "amber", "on_track", "paused")
TOLD = 500  # cases whose date has passed, and of whom people were told
FIRST = 1_000  # the numbers below are for the demo caseload


def rows(folder: Path, cases: int = CASES, databases: Iterable[str] = DATABASES) -> list[Row]:
    """A row for each page, slowest first, a database after the other; then the pages that miss or fail.

    Each address is told on standard error as soon as it was opened for the last time.
    """
    found: list[Row] = []
    with Progress(console=Console(stderr=True)) as progress:
        for one in databases:
            url = f"sqlite:///{folder}/pages.db" if one == "sqlite" else postgresql_url(folder, "pages")
            service = _filled(url, cases, progress)
            found += _measured(DATABASES[one], service, cases, progress)
            service.close()
    return [*(one for one in found if not missed(one)), *(one for one in found if missed(one))]


def missed(row: Row) -> bool:
    """Whether a page was too slow or too big, or could not be opened."""
    return row["note"].startswith(MISSED) or row["waymark"] == FAILS


def _filled(url: str, cases: int, progress: Progress) -> Service:
    """The demo caseload for pages with much on them, and so many cases around it; some are late and told of."""
    database = Database(url)
    database.migrate()
    database.close()
    service, bare = open_service(Settings(database_url=url, base_url="http://127.0.0.1")), Bare(url)
    task = progress.add_task("demo caseload")
    load_demo(service, NOW, lambda done, of: progress.update(task, completed=done, total=of))
    teams.staff(service, FIRST // teams.SIZE + 1, (FIRST + cases) // teams.SIZE)
    caseload.seed(service, bare, FIRST, FIRST + cases, progress, _whose)
    caseload.fall_due(service, bare, FIRST + 1, FIRST + min(TOLD, cases // 2))
    sweep(DueDeadlines(service.engine, "bench"), NOW)
    bare.tidy()
    bare.close()
    return service


def _whose(number: int) -> Whose:
    """The first thousand are the demo team's own: its worker and its manager have as many to look through as others."""
    one = teams.of_teams(number)
    if number > FIRST + teams.SIZE:
        return one
    return Whose(DURHAM.team, DURHAM.workers[number % len(DURHAM.workers)], one.restricted)


@dataclass
class Opened:
    """One page as it was opened again and again, by one person at one address."""

    who: str
    address: str
    kilobytes: float
    times: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)  # processor time of this process: a busy machine adds none

    @property
    def late(self) -> float:
        return sorted(self.times)[max(0, -(-len(self.times) * 95 // 100) - 1)]

    @property
    def half(self) -> float:
        return statistics.median(self.times)

    @property
    def is_kept(self) -> bool:
        return self.late <= MOST_MS and self.kilobytes <= MOST_KB


def _said(where: str, who: str, one: Opened | str) -> str:
    """A line of what one address took, as it goes."""
    if isinstance(one, str):
        return f"{FAILS}: {where}, {who}: {one}"
    took = f"p95 {one.late:5.0f} ms, p50 {one.half:5.0f} ms, {one.kilobytes:4.0f} kB"
    return f"{took}  {where}, {who}: {one.address}{'' if one.is_kept else f'  {MISSED}'}"


def _measured(where: str, service: Service, cases: int, progress: Progress) -> Iterator[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    app = create_app(service, clock=going_on())
    let_rest()
    pages: dict[str, list[Opened]] = defaultdict(list)
    failing: dict[str, str] = {}
    no_pages: set[str] = set()
    for who, username in PEOPLE.items():
        task = progress.add_task(f"{where}: pages of a {who}", total=None)
        visit = Visit(app, service, who, username)
        for route, one in visit.pages():
            if isinstance(one, Opened):
                pages[route].append(one)
            else:
                failing[f"{route} ({who})"] = one
            progress.console.print(_said(where, who, one), highlight=False, soft_wrap=True)
            progress.advance(task)
        progress.update(task, total=1, completed=1)
        no_pages |= visit.no_pages
    for route, all_ in sorted(pages.items(), key=lambda item: -max(one.late for one in item[1])):
        slowest, biggest = max(all_, key=lambda one: one.late), max(all_, key=lambda one: one.kilobytes)
        kept = all(one.is_kept for one in all_)
        yield {
            "what": f"{route}, {where}, {cases:,} cases",
            "waymark": f"p50 {slowest.half:.0f}, p95 {slowest.late:.0f} ms, {biggest.kilobytes:.0f} kB",
            "floor": f"{MOST_MS} ms, {MOST_KB} kB",
            "ratio": f"{slowest.late / MOST_MS:.2f}",
            "note": f"{'' if kept else f'{MISSED}; '}slowest for the {slowest.who} at {slowest.address}, "
            f"of {len(all_)} (processor time {statistics.median(slowest.worked):.0f} ms); "
            f"biggest for the {biggest.who} at {biggest.address}; time inside the server, not over HTTP",
        }
    failing |= {
        route: "nobody could open it"
        for route, _ in _page_routes(app)
        if route not in {*pages, *no_pages} and ".{kind}" not in route
    }
    for route, why in failing.items():
        yield {"what": f"{route}, {where}", "waymark": FAILS, "floor": "", "ratio": "", "note": why}


class Visit:
    """One person signed in, following links."""

    def __init__(self, app: FastAPI, service: Service, who: str, username: str) -> None:
        self.who, self.service = who, service
        self.routes = _page_routes(app)
        self.timed, self.no_pages = Timed(app), set[str]()  # routes that give a file or lead elsewhere
        with service.database.write() as connection:
            cookie = sessions.start(connection, username, second_factor=True, device="bench", now=NOW)
            self.actor = find_actor(connection, username)
        self.client = TestClient(
            self.timed, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False,
            cookies={"waymark": cookie}, headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
        )  # fmt: skip
        self.csrf = csrf_token(cookie)

    def pages(self) -> Iterator[tuple[str, Opened | str]]:
        """Each page as (route, what it took), or why it fails; what this person may not open is left out."""
        with self.client:
            waiting, seen, count = self._beginnings(), set[str](), dict[str, int]()
            first = set(waiting)
            for address in waiting:
                route = self._route_of(address)
                if route is None or address in seen or (address not in first and count.get(route, 0) >= EACH):
                    continue
                seen.add(address)
                count[route] = count.get(route, 0) + (address not in first or address == route)
                found, links = self._open(address)
                waiting += [one for one in links if one not in seen and count.get(self._route_of(one) or "", 0) < EACH]
                if found is not None:
                    yield route, found

    def _beginnings(self) -> list[str]:
        """The addresses with nothing to fill in, lists narrowed in each way, the case of each kind that moved most, and
        a draft of a referral.
        """
        refs = _eventful(self.service, self.actor)
        plain = [route for route, _ in self.routes if "{" not in route]
        form = {"csrf": self.csrf, "kind": "prebirth"}
        begun = self.client.post("/referrals/new", data=form).headers.get("location")
        of_cases = [route.format(ref=ref) for ref in refs for route, _ in self.routes if _asks_only_for_a_case(route)]
        narrowed = [
            f"{route}?{query.format(status)}"
            for route, queries in LISTS.items()
            for query in queries
            for status in (STATUSES if "{}" in query else ("",))
        ]
        return [*plain, *narrowed, *of_cases, *([begun] if begun else [])]

    def _open(self, address: str) -> tuple[Opened | str | None, list[str]]:
        """What the page took after a first time that does not count, and where it leads."""
        answer = self.client.get(address)
        if answer.status_code >= ERROR:
            return f"{address} answers {answer.status_code}", []
        if answer.status_code != 200 or not answer.headers.get("content-type", "").startswith("text/html"):
            if answer.status_code < REFUSED:
                self.no_pages.add(self._route_of(address) or "")
            return None, [answer.headers["location"]] if "location" in answer.headers else []
        opened = Opened(self.who, address, len(answer.content) / 1000)
        end = time.perf_counter() + PATIENCE
        while len(opened.times) < REPEATS and (time.perf_counter() < end or not opened.times):
            self.client.get(address)
            opened.times.append(self.timed.took * 1000)
            opened.worked.append(self.timed.worked * 1000)
        return opened, list(Links(address, answer.text).found)

    def _route_of(self, address: str) -> str | None:
        path = urlsplit(address).path
        return next((route for route, form in self.routes if form.fullmatch(path)), None)


class Timed:
    """Around the whole application: how long the last request took in it, from its start to the end of its answer."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app, self.took, self.worked = app, 0.0, 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started, at_work = time.perf_counter(), time.process_time()
        await self.app(scope, receive, send)
        self.took, self.worked = time.perf_counter() - started, time.process_time() - at_work


class Links(HTMLParser):
    """The addresses on our own site that a page links to, once each."""

    def __init__(self, at: str, html: str) -> None:
        super().__init__()
        self.at, self.found = urlsplit(at).path, dict[str, None]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and href.startswith(("/", "?")) and not href.startswith("//"):
            self.found[(self.at + href if href.startswith("?") else href).partition("#")[0]] = None


def _page_routes(app: FastAPI) -> list[tuple[str, re.Pattern[str]]]:
    """Every route one can GET outside the API, as (template, what its paths look like), the plainest first."""
    found = {context.path_format for context in _contexts(app) if "GET" in context.methods}
    pages = [
        one
        for one in found
        if not one.startswith(("/api/", "/static/", "/problems/", "/healthz", "/readyz", "/metrics"))
    ]
    pages.sort(key=lambda one: (one.count("{"), one))
    return [(one, re.compile(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(one)))) for one in pages]


def _contexts(app: FastAPI) -> Iterator[Any]:
    for route in app.routes:
        if hasattr(route, "effective_route_contexts"):
            yield from route.effective_route_contexts()
        elif hasattr(route, "path_format"):
            yield route


def _asks_only_for_a_case(route: str) -> bool:
    return re.findall(r"\{(.*?)\}", route) == ["ref"]


def _eventful(service: Service, actor: Actor) -> list[str]:
    """The case of each kind, of those this person reads, that has moved most; and one of the many that hardly moved."""
    with service.database.read() as connection:
        readable = access.are_readable(connection, actor, NOW)
        query = select(ROWS.c.id, ROWS.c.lifecycle).where(readable)
        most = {
            one: connection.execute(query.where(ROWS.c.lifecycle == one).order_by(ROWS.c.seq.desc()).limit(1)).first()
            for one in LIFECYCLES
        }
        plain = connection.execute(query.where(ROWS.c.id > FIRST).order_by(ROWS.c.id).limit(1)).first()
    return [reference(row.lifecycle, row.id) for row in (*most.values(), plain) if row is not None]
