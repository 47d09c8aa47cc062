"""The promises checked over all cases: somebody answers, a date is running, and every row is what its evidence says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from config.policy import Policy
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import ClockEvent, DeadlineStatus, EventKind
from states.catalogue import LIFECYCLES
from states.facts import split_personal
from states.guards import Child
from states.lifecycle import Lifecycle
from workflow.accounts import TEAMS, USERS
from workflow.audit import CASES, CONTENTS, ENTRIES
from workflow.light_check import light_check
from workflow.models import EntryKind
from workflow.projection import Projection, asked_facts, replay
from workflow.references import deadline_name, reference
from workflow.repository import CHILDREN, DEADLINES
from workflow.views import STORED_POLICIES, folded

__all__ = ["broken_promises", "light_check"]

BATCH = 200  # cases held at once, with their evidence
KEEP_THE_WARNING = (EventKind.MET, EventKind.CANCELLED, EventKind.REOPENED)  # others date it, by the policy of then
FOLDED = ("clock", "subject", "status", "started_at", "due_at", "due_on", "amber_at", "flags", "closed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One case with all that its promises are checked against."""

    case: Mapping[str, Any]
    lifecycle: Lifecycle
    policy: Policy
    entries: Sequence[Mapping[str, Any]]
    deadlines: Sequence[Mapping[str, Any]]
    children: Sequence[Mapping[str, Any]]
    answering: frozenset[str]  # active accounts
    managers: Mapping[str, str | None]  # of each team
    policies: Mapping[str, Policy]  # by digest, those its entries were made under

    @property
    def name(self) -> str:
        return reference(self.lifecycle.id, self.case["id"])


def broken_promises(
    connection: Connection, calendar: WorkingCalendar, progress: Callable[[int], None] = lambda _: None
) -> list[str]:
    """A sentence for each promise that does not hold, in the order of the cases; empty where all hold.

    Reads every case, open or closed, a batch at a time. Names cases by reference and nothing about a person.
    """
    broken: list[str] = []
    for count, seen in enumerate(_cases(connection), 1):
        for rule in (_somebody_answers, _a_date_runs, _row_is_its_evidence, _deadlines_are_their_events):
            broken += [f"{seen.name}: {says}" for says in rule(seen, calendar)]
        if count % BATCH == 0:
            progress(count)
    return broken


# Reading


def _cases(connection: Connection) -> Iterator[_Seen]:
    answering = frozenset(connection.execute(select(USERS.c.username).where(USERS.c.active)).scalars())
    managers = {row.code: row.manager for row in connection.execute(select(TEAMS.c.code, TEAMS.c.manager))}
    last = 0
    while batch := _rows(connection, select(CASES).where(CASES.c.id > last).order_by(CASES.c.id).limit(BATCH)):
        first, last = batch[0]["id"], batch[-1]["id"]
        entries = _by_case(_rows(connection, _entries(first, last)))
        deadlines = _by_case(_rows(connection, _between(DEADLINES, first, last, DEADLINES.c.number)))
        children = _by_case(_rows(connection, _between(CHILDREN, first, last, CHILDREN.c.number)))
        for case in batch:
            yield _Seen(
                case=case,
                lifecycle=LIFECYCLES[case["lifecycle"]],
                policy=STORED_POLICIES.by_digest(connection, case["policy"]),
                entries=entries.get(case["id"], ()),
                deadlines=deadlines.get(case["id"], ()),
                children=children.get(case["id"], ()),
                answering=answering,
                managers=managers,
                policies={
                    digest: STORED_POLICIES.by_digest(connection, digest)
                    for digest in {entry["policy"] for entry in entries.get(case["id"], ())}
                },
            )


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _between(table: Any, first: int, last: int, then: Any) -> Any:
    return select(table).where(table.c.case_id.between(first, last)).order_by(table.c.case_id, then)


def _entries(first: int, last: int) -> Any:
    return (
        select(ENTRIES, CONTENTS.c.content, CONTENTS.c.salt)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .where(ENTRIES.c.case_id.between(first, last))
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
    )


def _by_case(rows: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    return {case_id: list(group) for case_id, group in groupby(rows, key=lambda row: row["case_id"])}


# The promises


def _somebody_answers(seen: _Seen, _: WorkingCalendar) -> Iterator[str]:
    if seen.case["final"]:
        return
    owner, manager = seen.case["owner"], seen.managers.get(seen.case["team"])
    if owner in seen.answering or manager in seen.answering:
        return
    owned = "its owner's account is disabled" if owner else "it has no owner"
    managed = "whose manager's account is disabled" if manager else "which has no manager"
    yield f"{owned} and it lies with the team {seen.case['team']}, {managed}"


def _a_date_runs(seen: _Seen, _: WorkingCalendar) -> Iterator[str]:
    running = [row for row in seen.deadlines if row["closed_at"] is None]
    if seen.case["final"]:
        yield from (
            f"it has ended, but its deadline {_deadline(seen, row['number'])} is still running" for row in running
        )
    elif not any(row["due_at"] is not None for row in running):
        yield "no deadline with a due date is running"


def _row_is_its_evidence(seen: _Seen, _: WorkingCalendar) -> Iterator[str]:
    case, entries = seen.case, seen.entries
    if not entries:
        yield "it has no evidence at all"
        return
    if (case["seq"], case["head"]) != (entries[-1]["seq"], entries[-1]["hash"]):
        yield f"its evidence ends at entry {entries[-1]['seq']}, its row says {case['seq']}"
        return
    start = Projection(team=entries[0]["team"], owner=entries[0]["owner"])
    erased = any(entry["salt"] and entry["content"] is None for entry in entries)
    wanted = _columns(seen, replay(seen.lifecycle, entries, start), erased)
    wanted["version"] = max(entry["version"] for entry in entries)
    for name, value in wanted.items():
        found = [_child(row) for row in seen.children] if name == "children" else case[name]
        if found != value:
            yield f"{name} is not what its evidence adds up to"


def _columns(seen: _Seen, replayed: Projection, erased: bool) -> dict[str, Any]:
    """The columns of a case as its evidence says; where content was erased, without those that rest on it."""
    clear, personal = split_personal(asked_facts(seen.lifecycle.id).values(), replayed.facts)
    state = seen.lifecycle.state_by_id.get(replayed.state)
    final = state is not None and state.final
    wanted: dict[str, Any] = {
        "state": replayed.state,
        "final": final,
        "came_from": "/".join(replayed.came_from),
        "owner": replayed.owner,
        "team": replayed.team,
        "facts": clear,
        "actors": dict(replayed.actors),
        "edd": replayed.edd,
        "state_since": replayed.state_since,
        "closed_at": replayed.state_since if final else None,
    }
    if not erased:
        wanted["personal"] = personal
        if seen.lifecycle.parent is None:
            wanted["children"] = [_child({n: getattr(one, n) for n in Child.__slots__}) for one in replayed.children]
    return wanted


def _child(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in Child.__slots__)


def _deadlines_are_their_events(seen: _Seen, calendar: WorkingCalendar) -> Iterator[str]:
    events: dict[int, list[ClockEvent]] = {}
    dated_under: dict[int, str] = {}
    for entry in seen.entries:
        if entry["kind"] != EntryKind.REFUSED:
            for event in map(ClockEvent.from_json, entry["clocks"]):
                events.setdefault(event.deadline, []).append(event)
                if event.event not in KEEP_THE_WARNING:
                    dated_under[event.deadline] = entry["policy"]
    rows = {row["number"]: row for row in seen.deadlines}
    for number in sorted(rows.keys() | events.keys()):
        if number not in rows or number not in events:
            where = "evidence, but no row" if number in events else "a row, but no evidence"
            yield f"its deadline {_deadline(seen, number)} has {where}"
        elif wrong := _differences(rows[number], events[number], seen.policies[dated_under[number]], calendar):
            yield f"its deadline {_deadline(seen, number)} is not what its clock events add up to ({', '.join(wrong)})"


def _differences(
    row: Mapping[str, Any], events: Sequence[ClockEvent], policy: Policy, calendar: WorkingCalendar
) -> list[str]:
    try:
        state = folded(events, policy, calendar)
    except ValueError as error:
        return [str(error)]
    wanted = {
        "clock": state.clock,
        "subject": state.subject,
        "status": DeadlineStatus(state.status),
        "started_at": state.started_at,
        "due_at": state.due.due_at,
        "due_on": state.due.due_on,
        "amber_at": state.due.amber_at,
        "flags": ",".join(state.due.flags),
        "closed_at": state.closed_at,
    }
    return [name for name in FOLDED if row[name] != wanted[name]]


def _deadline(seen: _Seen, number: int) -> str:
    return deadline_name(seen.lifecycle.id, seen.case["id"], number)
