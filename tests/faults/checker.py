"""The history checker: what clients were told, held against what the record says, in the manner of Jepsen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from faults.history import Act, History
from sqlalchemy import Connection, Table, select

from scheduler.calendars import WorkingCalendar
from workflow import audit, chains, invariants, looks, seals
from workflow.alert_tables import MessageStatus
from workflow.errors import EvidenceBroken
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import deadline_name, entry_name
from workflow.repository import CASES, DEADLINES, KEYS

CLIENTS = "act-"  # begins the request id of everything a client did


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message that arrived outside: the key it carried, and what it said."""

    key: str
    text: str


@dataclass(slots=True, kw_only=True)
class Expected:
    """What else the checker knows. `told`: who gets a message of each trigger. `swept_at`: when all was swept last."""

    told: Mapping[str, frozenset[str]] = field(default_factory=dict)
    swept_at: datetime | None = None
    receipts: Sequence[Receipt] = ()
    receiving: str | None = None  # the channel that leads to those receipts
    heads: Path | None = None
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)


@dataclass(slots=True)
class Record:
    """The whole record of the system, read in one transaction."""

    entries: list[dict[str, Any]]
    contents: set[tuple[int, int]]
    keys: list[dict[str, Any]]
    messages: dict[str, dict[str, Any]]
    alerts: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    lifecycles: dict[int, str]

    @classmethod
    def read(cls, connection: Connection) -> "Record":
        def rows(table: Table) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

        return cls(
            entries=sorted(rows(audit.ENTRIES), key=lambda row: (row["case_id"], row["seq"])),
            contents={(row["case_id"], row["seq"]) for row in rows(audit.CONTENTS)},
            keys=rows(KEYS),
            messages={row["key"]: row for row in rows(MESSAGES)},
            alerts=rows(ALERTS),
            deadlines=rows(DEADLINES),
            lifecycles={row["id"]: row["lifecycle"] for row in rows(CASES)},
        )


def violations(connection: Connection, history: History, expected: Expected) -> list[str]:
    """A sentence for each promise that the record breaks; empty where it holds all of them."""
    record = Record.read(connection)
    found = [
        *acts_are_in_the_record_once(record, history),
        *acts_are_whole(record, history, expected),
        *order_holds(history),
        *reads_are_fresh(history),
        *alerts_are_raised_once(record, expected),
        *messages_are_sent(record, expected),
        *evidence_verifies(connection, expected.heads),
        *invariants.broken_promises(connection, expected.calendar),
    ]
    return list(dict.fromkeys(found))


def acts_are_in_the_record_once(record: Record, history: History) -> Iterator[str]:
    """Acknowledged: once, as acknowledged. Refused: not at all. Unknown: once or not at all. Nothing else."""
    taken = defaultdict(list)
    for entry in record.entries:
        if entry["request_id"] and entry["request_id"].startswith(CLIENTS) and entry["kind"] == "moved":
            taken[entry["request_id"]].append(entry)
    for act in history.acts:
        found = taken.pop(act.id, [])
        told = {(one.case, one.seq, one.version) for one in act.acknowledged}
        if len(found) > 1:
            yield f"doubled: {act.id} ({act.trigger}) is in the record {len(found)} times"
        if told and not found:
            yield f"lost: {act.id} ({act.trigger}) was acknowledged and is not in the record"
        if len(told) > 1:
            yield f"two answers: {act.id} was acknowledged as {sorted(told, key=str)}"
        if act.refused and not told and found:
            last = act.attempts[-1].status
            yield f"refused and there: {act.id} ({act.trigger}) was answered {last} and is in the record"
        if act.refused and told:
            yield f"refused after all: {act.id} was acknowledged, and refused when it was sent again"
        for entry in found:
            name = entry_name(entry["lifecycle"], entry["case_id"], entry["seq"])
            stands = (name.rpartition("#")[0], entry["seq"], entry["version"])
            if told and stands not in told:
                yield f"other than told: {act.id} stands as {stands}, and was acknowledged as {sorted(told, key=str)}"
            if entry["trigger"] != act.trigger:
                yield f"other than told: {act.id} asked for {act.trigger}, the record says {entry['trigger']}"
    for ghost in taken:
        yield f"ghost: {ghost} is in the record and nobody sent it"


def acts_are_whole(record: Record, history: History, expected: Expected) -> Iterator[str]:
    """Each client's entry with its personal content, its key and its messages; no key or message without its entry."""
    sent = {act.id: act for act in history.acts}
    keys = Counter((row["key"], row["case_id"], row["seq"]) for row in record.keys)
    told: defaultdict[str, set[str]] = defaultdict(set)
    there = {(row["case_id"], row["seq"]) for row in record.entries}
    for message in record.messages.values():
        if message["template"] == "move":
            told[message["params"]["entry"]].add(message["recipient"])
    for entry in record.entries:
        place, name = (entry["case_id"], entry["seq"]), entry_name(entry["lifecycle"], entry["case_id"], entry["seq"])
        about = told.pop(name, set())
        if bool(entry["content_digest"]) != (place in record.contents):
            yield f"half: {name} and its personal content are not there together"
        act = sent.get(entry["request_id"] or "")
        if about and entry["kind"] in ("alerted", "refused"):
            yield f"half: people were told of the move {name}, which is none"
        if act is None or entry["kind"] != "moved":
            continue
        if keys[(act.key, *place)] != 1:
            yield f"half: {name} is there without its idempotency key"
        if act.trigger in expected.told and about != expected.told[act.trigger]:
            yield f"half: of {name} {sorted(about)} were told instead of {sorted(expected.told[act.trigger])}"
    for name in told:
        yield f"half: people were told of {name}, which is not in the record"
    for row in record.keys:
        if (row["case_id"], row["seq"]) not in there:
            yield f"half: a key stands for entry {row['seq']} of case number {row['case_id']}, which is not there"


def order_holds(history: History) -> Iterator[str]:
    """What was acknowledged before another was sent stands before it; two never share a version, nor skip the check."""
    by_case: defaultdict[str, list[tuple[float, float, int, int, Act]]] = defaultdict(list)
    for act in history.acts:
        for one in act.acknowledged[:1]:
            if one.case is None or one.seq is None or one.version is None:
                continue
            by_case[one.case].append((act.attempts[0].begun, one.ended, one.seq, one.version, act))
            if act.expected is not None and one.version != act.expected + 1:
                yield f"overtaken: {act.id} was decided on version {act.expected} and became {one.version}"
    for case, acts in by_case.items():
        versions = Counter(version for _, _, _, version, _ in acts)
        yield from (f"lost update: {n} acts became version {v} of {case}" for v, n in versions.items() if n > 1)
        acts.sort(key=lambda one: one[2])
        begun_last = 0.0
        for begun, ended, seq, _, act in acts:  # in the order of the record
            if ended < begun_last:
                yield f"out of order: {act.id} stands as {seq} in {case} behind one sent after it was acknowledged"
            begun_last = max(begun_last, begun)


def reads_are_fresh(history: History) -> Iterator[str]:
    """A read shows whatever was acknowledged before it began."""
    acknowledged: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for act in history.acts:
        for one in act.acknowledged:
            acknowledged[str(one.case)].append((one.ended, one.version or 0))
    for times in acknowledged.values():
        times.sort()
    for read in history.reads:
        known = max((version for at, version in acknowledged[read.case] if at < read.begun), default=0)
        if read.version < known:
            yield f"stale: {read.case} was shown at version {read.version} after {known} had been acknowledged"


def alerts_are_raised_once(record: Record, expected: Expected) -> Iterator[str]:
    """Each step once in evidence, table and inbox; once all was swept, no deadline due is untold."""
    steps = Counter(
        (row["case_id"], row["trace"]["deadline"], row["trace"]["cycle"], row["trace"]["level"])
        for row in record.entries
        if row["kind"] == "alerted" and row["trigger"] == "alert"
    )
    rows = {(row["case_id"], row["number"], row["cycle"], row["level"]): row for row in record.alerts}
    for step, count in steps.items():
        if count > 1:
            yield f"doubled alert: {_step(record, step)} stands {count} times in the evidence"
        if step not in rows:
            yield f"half alert: {_step(record, step)} is in the evidence and not among the alerts"
    for step, row in rows.items():
        if step not in steps:
            yield f"half alert: {_step(record, step)} is among the alerts and not in the evidence"
        for username in row["told"]:
            case_id, number, cycle, level = step
            name = deadline_name(record.lifecycles[case_id], case_id, number)
            if f"{name}/{cycle}/{level}/{username}/inbox" not in record.messages:
                yield f"half alert: {_step(record, step)} says it told {username}, who has no message"
    if expected.swept_at is not None:
        yield from _untold(record, rows, expected.swept_at)


def _untold(record: Record, rows: Mapping[tuple[Any, ...], Any], swept_at: datetime) -> Iterator[str]:
    raised = {step[:2] for step in rows if step[3].startswith("R")}
    levels = {(*step[:2], step[3]) for step in rows}
    for row in record.deadlines:
        name = deadline_name(record.lifecycles[row["case_id"]], row["case_id"], row["number"])
        for level in filter(None, row["told"].split(",")):
            if (row["case_id"], row["number"], level) not in levels:
                yield f"missing alert: {name} has moved on past {level}, of which nobody was told"
        if row["closed_at"] is not None or row["due_at"] is None or row["due_at"] > swept_at:
            continue
        if (row["case_id"], row["number"]) not in raised:
            yield f"missing alert: {name} was due at {row['due_at']:%d %b %H:%M} and nobody was told"
        elif row["next_action_at"] is not None and row["next_action_at"] <= swept_at:
            yield f"missing alert: {name} was to be told of at {row['next_action_at']:%d %b %H:%M} and was not"


def _step(record: Record, step: tuple[int, int, int, str]) -> str:
    case_id, number, cycle, level = step
    return f"{level} (cycle {cycle}) of {deadline_name(record.lifecycles.get(case_id, '?'), case_id, number)}"


def messages_are_sent(record: Record, expected: Expected) -> Iterator[str]:
    """What is marked as sent arrived; what arrived is a message we know, the same at each repeat; none is left."""
    if expected.receiving is None:
        return
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for receipt in expected.receipts:
        texts[receipt.key].add(receipt.text)
    for key, said in texts.items():
        if key not in record.messages:
            yield f"stranger: a message arrived as {key}, which is not in the outbox"
        if len(said) > 1:
            yield f"two messages: what arrived as {key} said {len(said)} different things"
    for key, message in record.messages.items():
        if message["channel"] != expected.receiving:
            continue
        if message["status"] == MessageStatus.SENT and key not in texts:
            yield f"lost message: {key} is marked as sent and never arrived"
        if message["status"] == MessageStatus.FAILED:
            yield f"lost message: {key} was given up ({message['last_error']})"
        late = expected.swept_at is not None and message["next_try_at"] <= expected.swept_at
        if message["status"] == MessageStatus.QUEUED and late:
            yield f"lost message: {key} was never sent"


def evidence_verifies(connection: Connection, heads: Path | None) -> Iterator[str]:
    """Chains, looks and the sealed log, beside the heads that went out (`waymark audit verify`)."""
    outside = seals.read_heads(heads) if heads is not None and heads.exists() else []
    try:
        chains.verify_chains(connection)
        looks.verify_looks(connection)
        seals.verify_log(connection, outside)
    except EvidenceBroken as broken:
        yield f"evidence: {broken}"


def kinds(found: Iterable[str]) -> set[str]:
    """What kinds of violation these are: the words before the colon."""
    return {one.partition(":")[0] for one in found}


__all__ = ["CLIENTS", "Expected", "Receipt", "kinds", "violations"]
