"""A caseload written in bulk into the real tables: open cases with three live deadlines and the head of their chain."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import Progress
from sqlalchemy import Dialect, Table

from bench.places import Bare
from config.policy import Policy
from states.roles import Role
from workflow import audit
from workflow.accounts import TEAMS, USERS
from workflow.bootstrap import Service
from workflow.models import EntryKind
from workflow.repository import CASES, DEADLINES

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)  # a Tuesday in office hours: the same work on whichever day it runs
OPENED = NOW - timedelta(days=60)
CLOCKS = ("visit_before_birth", "clinic_interval", "assessment_due")
TEAM, MANAGER, WORKERS, AT_ONCE = "safeguarding", "manager", 200, 5_000
STATE = "assessment"


@dataclass(frozen=True, slots=True)
class Whose:
    """The team and the worker of a case."""

    team: str
    owner: str
    restricted: bool = False


def of_one_team(number: int) -> Whose:
    """All cases in one team: the caseload of a sweep."""
    return Whose(TEAM, worker(number))


def staff(service: Service) -> None:
    """One team with its manager, those above it, and two hundred caseworkers."""
    above = ((MANAGER, Role.TEAM_MANAGER), ("service.manager", Role.SERVICE_MANAGER), ("head", Role.HEAD_OF_SERVICE))
    people = [*above, *((worker(number), Role.CASEWORKER) for number in range(WORKERS))]
    team = {"code": TEAM, "name": "Safeguarding", "authority": "durham", "record": "baby", "manager": MANAGER}
    with service.database.write() as connection:
        connection.execute(TEAMS.insert(), team)
        connection.execute(
            USERS.insert(),
            [{"username": username, "name": username, "role": role, "team": TEAM, "active": True,
              "trained_learning_disability": False, "created_at": OPENED} for username, role in people],
        )  # fmt: skip
        service.policies.store(connection, service.policies.current("durham", OPENED.date()), OPENED)


def worker(number: int) -> str:
    return f"worker.{number % WORKERS}"


def seed(  # noqa: PLR0917  # where, how many, and whose
    service: Service,
    bare: Bare,
    held: int,
    wanted: int,
    progress: Progress,
    whose: Callable[[int], Whose] = of_one_team,
) -> None:
    """Adds the cases numbered `held` + 1 to `wanted`; nothing about them is due at NOW."""
    policy, dialect = service.policies.current("durham", OPENED.date()), service.database.writer.dialect
    tables = (CASES, audit.ENTRIES, DEADLINES)
    natives = [_native(table, dialect) for table in tables]
    where = "SQLite" if bare.is_sqlite else "PostgreSQL"
    task = progress.add_task(f"{where}: {wanted:,} cases", total=wanted - held)
    for first in range(held + 1, wanted + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, wanted + 1))
        said = [_rows(number, policy, whose(number)) for number in numbers]
        bare.begin()
        for place, (table, native) in enumerate(zip(tables, natives, strict=True)):
            rows = [native(row) for one in said for row in one[place]]
            bare.insert(table.name, [column.name for column in table.columns], rows)
        bare.run("COMMIT")
        progress.advance(task, len(numbers))
    bare.tidy()


def _native(table: Table, dialect: Dialect) -> Callable[[Mapping[str, Any]], list[Any]]:
    """A function that turns a row into the driver's own values, as the table's columns would."""
    ways = [(one.name, one.type.dialect_impl(dialect).bind_processor(dialect)) for one in table.columns]
    return lambda row: [way(row[name]) if way else row[name] for name, way in ways]


def _rows(number: int, policy: Policy, whose: Whose) -> tuple[Iterable[dict[str, Any]], ...]:
    """One case, the entry that opened it, and its deadlines."""
    entry = _entry(number, policy, whose)
    deadlines = [_deadline(number, place, clock) for place, clock in enumerate(CLOCKS, 1)]
    first = min(deadlines, key=lambda one: (one["due_at"], one["number"]))
    case = {
        **dict.fromkeys(column.name for column in CASES.columns),
        **{name: entry[name] for name in ("lifecycle", "lifecycle_version", "authority", "policy", "owner", "team")},
        "id": number,
        "state": STATE,
        "final": False,
        "came_from": "",
        "version": 1,
        "seq": 1,
        "head": entry["hash"],
        "deadlines_opened": len(CLOCKS),
        "facts": {},
        "personal": {},
        "actors": {"migrate_in": MANAGER},
        "edd": entry["edd"],
        "source_reference": f"bench-{number}",
        "opened_at": OPENED,
        "state_since": OPENED,
        "restricted": whose.restricted,
        "urgent_at": first["due_at"],
        "urgent_deadline": first["number"],
    }
    return [case], [entry], deadlines


def _entry(number: int, policy: Policy, whose: Whose) -> dict[str, Any]:
    entry: dict[str, Any] = {
        **dict.fromkeys(audit.HASHED),
        "case_id": number,
        "seq": 1,
        "kind": EntryKind.MOVED,
        "trigger": "migrate_in",
        "from_state": "new",
        "to_state": STATE,
        "version": 1,
        "lifecycle": "prebirth",
        "lifecycle_version": 1,
        "authority": "durham",
        "policy": policy.digest,
        "occurred_at": OPENED,
        "recorded_at": OPENED,
        "actor": MANAGER,
        "actor_role": Role.TEAM_MANAGER,
        "actor_team": TEAM,
        "owner": whose.owner,
        "team": whose.team,
        "facts": {},
        "trace": {"guards": []},
        "clocks": [],
        "approvals": [],
        "edd": (NOW + timedelta(days=100)).date(),
        "overridden": False,
        "source": "bench",
        "request_id": "",
        "content_digest": audit.NO_CONTENT,
        "previous_hash": audit.GENESIS,
    }
    return {**entry, "hash": audit.entry_hash(entry, audit.GENESIS)}


def _deadline(number: int, place: int, clock: str) -> dict[str, Any]:
    due = NOW + timedelta(days=20 + number % 60, minutes=number % 600)
    return {
        "case_id": number,
        "number": place,
        "clock": clock,
        "subject": "",
        "status": "open",
        "started_at": OPENED,
        "due_at": due,
        "due_on": due.date(),
        "amber_at": due - timedelta(days=10),
        "flags": "",
        "closed_at": None,
        "recorded_at": OPENED,
        "next_action_at": due - timedelta(days=10),
        "cycle": 1,
        "told": "",
        "repeats": 0,
        "quiet_until": None,
    }


def fall_due(service: Service, bare: Bare, first: int, last: int) -> None:
    """The first deadline of these cases passed a minute ago, its warning having been told before."""
    passed = NOW - timedelta(minutes=1)
    with service.database.write() as connection:
        connection.execute(
            DEADLINES.update()
            .where(DEADLINES.c.case_id.between(first, last) & (DEADLINES.c.number == 1))
            .values(due_at=passed, due_on=passed.date(), amber_at=passed - timedelta(days=5), told="A",
                    next_action_at=passed)
        )  # fmt: skip
        connection.execute(
            CASES.update().where(CASES.c.id.between(first, last)).values(urgent_at=passed, urgent_deadline=1)
        )
    bare.tidy()
