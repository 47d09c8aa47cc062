"""A caseload written in bulk into the real tables: open cases with three live deadlines and the head of their chain."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import Progress
from sqlalchemy import Dialect, Table

from bench.places import Bare
from scheduler.clock_events import ClockEvent, EventKind
from states.roles import Role
from workflow import audit
from workflow.accounts import TEAMS, USERS
from workflow.bootstrap import Service
from workflow.clocks import TAKEN_OVER
from workflow.columns import instant_text
from workflow.models import EntryKind
from workflow.repository import CASES, DEADLINES

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)  # a Tuesday in office hours: the same work on whichever day it runs
OPENED = NOW - timedelta(days=60)
LIMIT = TAKEN_OVER.snapshot()
CLOCKS = ("visit_before_birth", "clinic_interval", "assessment_due")
TEAM, MANAGER, WORKERS, AT_ONCE = "safeguarding", "manager", 200, 5_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What the cases of a caseload are: their lifecycle, where they stand, the clocks that run, who took them over."""

    lifecycle: str
    state: str
    clocks: tuple[str, ...]
    taken_over_by: tuple[str, Role, str]  # username, role, team
    unborn: bool = False


VISITED = {"visited_on": NOW.date().isoformat(), "seen": ["mother"], "visit_note": "invented"}
PREBIRTH = Kind("prebirth", "assessment", CLOCKS, (MANAGER, Role.TEAM_MANAGER, TEAM), unborn=True)


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
              "created_at": OPENED} for username, role in people],
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
    *,
    kind: Kind = PREBIRTH,
    trail: int = 1,
) -> None:
    """Adds the cases numbered `held` + 1 to `wanted`, each with so many entries; nothing about them is due at NOW."""
    policy, dialect = service.policies.current("durham", OPENED.date()), service.database.writer.dialect
    calendar = service.engine.calendar.version
    tables = (CASES, audit.ENTRIES, DEADLINES)
    natives = [_native(table, dialect) for table in tables]
    where = "SQLite" if bare.is_sqlite else "PostgreSQL"
    task = progress.add_task(f"{where}: {wanted:,} cases", total=wanted - held)
    for first in range(held + 1, wanted + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, wanted + 1))
        said = [_rows(number, policy.digest, calendar, whose(number), kind, trail) for number in numbers]
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


def _rows(  # noqa: PLR0917  # all that tells one case from another
    number: int, policy: str, calendar: str, whose: Whose, kind: Kind, trail: int
) -> tuple[Iterable[dict[str, Any]], ...]:
    """One case, its entries from the one that opened it, and its deadlines."""
    deadlines = [_deadline(number, place, clock) for place, clock in enumerate(kind.clocks, 1)]
    entries = _entries(number, policy, [_started(one, calendar) for one in deadlines], whose, kind, trail)
    first = min(deadlines, key=lambda one: (one["due_at"], one["number"]))
    entry = entries[-1]
    case = {
        **dict.fromkeys(column.name for column in CASES.columns),
        **{name: entry[name] for name in ("lifecycle", "lifecycle_version", "authority", "policy", "owner", "team")},
        "id": number,
        "state": kind.state,
        "final": False,
        "came_from": "",
        "version": trail,
        "seq": trail,
        "head": entry["hash"],
        "deadlines_opened": len(kind.clocks),
        "facts": {},
        "personal": {},
        "actors": {"migrate_in": kind.taken_over_by[0]},
        "edd": entry["edd"],
        "source_reference": f"bench-{number}",
        "opened_at": OPENED,
        "state_since": OPENED,
        "restricted": whose.restricted,
        "urgent_at": first["due_at"],
        "urgent_deadline": first["number"],
    }
    return [case], entries, deadlines


def _started(deadline: Mapping[str, Any], calendar: str) -> dict[str, Any]:
    """The clock event of a deadline that came with a case taken over."""
    return ClockEvent(
        deadline=deadline["number"],
        clock=deadline["clock"],
        event=EventKind.STARTED,
        at=OPENED,
        limit=LIMIT,
        anchors={"start": OPENED.isoformat(), "dates": {"date_taken_over": deadline["due_on"].isoformat()}},
        due_at=deadline["due_at"],
        calendar=calendar,
    ).to_json()


def _entries(  # noqa: PLR0917
    number: int, policy: str, clocks: list[dict[str, Any]], whose: Whose, kind: Kind, trail: int
) -> list[dict[str, Any]]:
    """The chain of one case: taken over, then visited so often."""
    username, role, team = kind.taken_over_by
    entry: dict[str, Any] = {
        **dict.fromkeys(audit.HASHED),
        "case_id": number,
        "kind": EntryKind.MOVED,
        "trigger": "migrate_in",
        "from_state": "new",
        "to_state": kind.state,
        "lifecycle": kind.lifecycle,
        "lifecycle_version": 1,
        "authority": "durham",
        "policy": policy,
        "occurred_at": OPENED,
        "recorded_at": OPENED,
        "actor": username,
        "actor_role": role,
        "actor_team": team,
        "owner": whose.owner,
        "team": whose.team,
        "facts": {},
        "trace": {"guards": []},
        "clocks": [],
        "approvals": [],
        "edd": (NOW + timedelta(days=100)).date() if kind.unborn else None,
        "overridden": False,
        "source": "bench",
        "request_id": "",
        "content_digest": audit.NO_CONTENT,
    }
    chain, head = list[dict[str, Any]](), audit.GENESIS
    for seq in range(1, trail + 1):
        later = {"trigger": "record_visit", "from_state": kind.state} if seq > 1 else {"clocks": clocks}
        one = {**entry, **later, "seq": seq, "version": seq, "previous_hash": head}
        head = one["hash"] = audit.entry_hash(one, head)
        chain.append(one)
    return chain


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


def fall_due(service: Service, bare: Bare, first: int, last: int, deadline: int = 1) -> None:
    """One deadline of each of these cases passed a minute ago, its warning having been told before."""
    passed = NOW - timedelta(minutes=1)
    with service.database.write() as connection:
        connection.execute(
            DEADLINES.update()
            .where(DEADLINES.c.case_id.between(first, last) & (DEADLINES.c.number == deadline))
            .values(due_at=passed, due_on=passed.date(), amber_at=passed - timedelta(days=5), told="A",
                    next_action_at=passed)
        )  # fmt: skip
        connection.execute(
            CASES.update().where(CASES.c.id.between(first, last)).values(urgent_at=passed, urgent_deadline=deadline)
        )
    bare.tidy()


def fall_due_in_turn(bare: Bare, first: int, last: int, every: float) -> None:
    """The first deadline of these cases falls due one after another from NOW on, so many seconds apart."""
    for number in range(first, last + 1):
        due: Any = NOW + timedelta(seconds=every * (number - first))
        at = instant_text(due) if bare.is_sqlite else due
        bare.run(
            "UPDATE deadlines SET due_at = ?, due_on = ?, amber_at = ?, told = 'A', next_action_at = ? "
            "WHERE case_id = ? AND number = 1",
            (at, NOW.date().isoformat(), at, at, number),
        )
        bare.run("UPDATE cases SET urgent_at = ?, urgent_deadline = 1 WHERE id = ?", (at, number))
