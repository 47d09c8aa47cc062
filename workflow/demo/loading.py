"""Loads the demo caseload into an empty database: staff first, then every story, all or nothing, then the seal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from sqlalchemy import Connection, func, select

from scheduler.calendars import local_date
from workflow import seals
from workflow.accounts import TEAMS, USERS, Operator
from workflow.bootstrap import INSTALLATION, Service
from workflow.demo.durham import Durham
from workflow.demo.people import Names
from workflow.demo.staff import add_staff
from workflow.demo.story import Story, Teller, World
from workflow.errors import BadInput
from workflow.repository import CASES

SEED = 2023
AUTHORITIES = ("durham", "birmingham")


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was loaded."""

    accounts: int
    cases: int
    moves: int


def load_demo(
    service: Service, now: datetime, progress: Callable[[int, int], None] = lambda done, of: None
) -> DemoSummary:
    """Loads the caseload as it would stand at `now`: the same for the same day, whatever the hour.

    BadInput where the database holds anything else. `progress` is told how many stories are told, and of how many.
    """
    with service.database.write() as connection:
        _require_empty(connection)
        summary = _load(service, connection, now, progress)
    with service.database.write() as connection:
        head = seals.seal(connection, service.seal_key(), now, everything=True)
    file = service.heads_file()
    if head is not None and file is not None:
        seals.send_out(head, file)
    return summary
