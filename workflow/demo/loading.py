"""Loads the demo caseload into an empty database: staff first, then every story, all or nothing, then the seal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import Connection, func, select

from scheduler.calendars import local_date
from workflow import seals
from workflow.accounts import TEAMS, USERS, Operator
from workflow.bootstrap import INSTALLATION, Service
from workflow.demo.birmingham import Birmingham
from workflow.demo.durham import Durham
from workflow.demo.pause import Pause
from workflow.demo.people import Names
from workflow.demo.programme import add_offers, add_sessions, add_things
from workflow.demo.services import Services
from workflow.demo.staff import add_staff
from workflow.demo.story import Story, Teller, World
from workflow.errors import BadInput
from workflow.repository import CASES

SEED = 2023
CASELOADS: dict[str, Callable[[World, Names], Iterator[Story]]] = {
    "durham": lambda world, names: Durham(world, names).stories(),
    "birmingham": lambda world, names: Birmingham(world, names).stories(),
    "pause": lambda world, names: Pause(world, names).stories(),
    "services": lambda world, names: Services(world).stories(),
}


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was loaded."""

    accounts: int
    cases: int
    moves: int


def load_demo(
    service: Service,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, of: None,
    *,
    caseloads: Sequence[str] = tuple(CASELOADS),
) -> DemoSummary:
    """Loads the caseload as it would stand at `now`: the same for the same day, whatever the hour.

    BadInput where the database holds anything else. `progress` is told how many stories are told, and of how many.
    """
    with service.database.write() as connection:
        _require_empty(connection)
        summary = _load(service, connection, now, progress, caseloads)
    with service.database.write() as connection:
        head = seals.seal(connection, service.seal_key(), now, everything=True)
    file = service.heads_file()
    if head is not None and file is not None:
        seals.send_out(head, file)
    return summary


def _require_empty(connection: Connection) -> None:
    kind = connection.execute(select(INSTALLATION.c.value).where(INSTALLATION.c.name == "kind")).scalar()
    if kind == "demo":
        raise BadInput("the demo caseload is loaded already; name an empty database to load it anew")
    found = {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in (("cases", CASES), ("accounts", USERS), ("teams", TEAMS))
    }
    if kind is not None or any(found.values()):
        there = ", ".join(f"{number} {name}" for name, number in found.items() if number) or f"a {kind} installation"
        raise BadInput(f"the demo caseload is loaded into an empty database only, and this one holds {there}")


def _load(
    service: Service,
    connection: Connection,
    now: datetime,
    progress: Callable[[int, int], None],
    caseloads: Sequence[str],
) -> DemoSummary:
    """One transaction: a demo that stops half-way leaves nothing behind."""
    connection.execute(INSTALLATION.insert(), {"name": "kind", "value": "demo"})
    operator = Operator(name="demo", now=now, request_id="demo", source="demo")
    add_staff(connection, operator, Names(Random(SEED)))
    teller = Teller(engine=service.engine, connection=connection, now=now)
    stories: list[Story] = []
    for name in caseloads:  # each with chance of its own: one caseload does not change the others
        rng = Random(f"{SEED} {name}")
        world = World(today=local_date(now), calendar=service.engine.calendar, rng=rng)
        stories += CASELOADS[name](world, Names(rng))
    add_things(connection, now)
    add_offers(connection, now)
    stories = add_sessions(connection, service.engine.calendar, stories, now)
    for done, story in enumerate(stories, 1):
        teller.tell(story)
        progress(done, len(stories))
    accounts = connection.execute(select(func.count()).select_from(USERS)).scalar_one()
    return DemoSummary(accounts=accounts, cases=teller.cases, moves=teller.moves)
