"""The floor of the sweep: the same rows of the same tables, in the same batches, by hand and without rules."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from bench.places import Bare
from workflow.columns import instant_text

CLAIM = """
SELECT d.case_id, d.number, d.clock, d.cycle, d.told, d.due_at, d.due_on, c.lifecycle, c.lifecycle_version, c.authority,
  c.policy, c.state, c.owner, c.team, c.version, c.seq, c.head, c.edd
FROM deadlines d JOIN cases c ON c.id = d.case_id WHERE d.closed_at IS NULL AND d.next_action_at <= ?
ORDER BY d.next_action_at, d.case_id, d.number LIMIT ?"""
LOCKED = " FOR UPDATE OF c, d SKIP LOCKED"
ALERT = (
    "case_id", "number", "cycle", "level", "authority", "team", "due_at", "planned_at", "raised_at", "late_seconds",
    "cause", "node", "told", "nobody_for", "must_acknowledge", "status",
)  # fmt: skip
MESSAGE = (
    "key", "case_id", "number", "recipient", "channel", "template", "params", "urgent", "status", "queued_at",
    "next_try_at", "attempts", "sent_at",
)  # fmt: skip
ENTRY = (
    "case_id", "seq", "kind", "trigger", "from_state", "to_state", "version", "lifecycle", "lifecycle_version",
    "authority", "policy", "occurred_at", "recorded_at", "actor", "actor_role", "actor_team", "owner", "team", "facts",
    "trace", "clocks", "approvals", "edd", "overridden", "source", "request_id", "content_digest", "previous_hash",
    "hash",
)  # fmt: skip


def floor_sweep(bare: Bare, now: datetime, batch: int) -> int:
    """Tells the owner and the manager of everything due at `now`; returns how many deadlines."""
    done = 0
    while count := _perform(bare, now, batch):
        done += count
    return done


def floor_tick(bare: Bare, now: datetime) -> None:
    """A recorded run with nothing due: its beginning, the look, and its end."""
    at: Any = instant_text(now) if bare.is_sqlite else now
    begun = "INSERT INTO job_runs (job, node, started_at, count) VALUES ('floor', 'floor', ?, 0) RETURNING id"
    (number,) = bare.run(begun, (at,)).fetchone()
    if floor_sweep(bare, now, 1):
        raise RuntimeError("something was due")
    bare.run("UPDATE job_runs SET finished_at = ?, outcome = 'done' WHERE id = ?", (at, number))


def _perform(bare: Bare, now: datetime, most: int) -> int:
    at: Any = instant_text(now) if bare.is_sqlite else now
    following: Any = instant_text(now + timedelta(days=2)) if bare.is_sqlite else now + timedelta(days=2)
    no: Any = 0 if bare.is_sqlite else False
    bare.begin()
    found = bare.run(CLAIM if bare.is_sqlite else CLAIM + LOCKED, (at, most)).fetchall()
    written = [_rows(row, at, following, no) for row in found]
    if found:
        bare.insert("audit_entries", ENTRY, [one[0] for one in written])
        bare.insert("alerts", ALERT, [one[1] for one in written])
        bare.insert("messages", MESSAGE, [message for one in written for message in one[2]])
        bare.update("cases", {"seq": "int", "head": "text"}, {"id": "bigint"}, [one[3] for one in written])
        bare.update(
            "deadlines",
            {"next_action_at": "timestamptz", "cycle": "int", "told": "text", "repeats": "int"},
            {"case_id": "bigint", "number": "int"},
            [one[4] for one in written],
        )
    bare.run("COMMIT")
    return len(found)


def _rows(row: tuple[Any, ...], at: Any, following: Any, no: Any) -> tuple[Any, ...]:
    """The entry, the alert, two messages, the head of the case and the next step of one deadline."""
    (case, number, clock, cycle, told, due_at, due_on, lifecycle, lifecycle_version, authority) = row[:10]
    (policy, state, owner, team, version, seq, head, edd) = row[10:]
    people = [owner, "manager"]
    trace = json.dumps({"deadline": number, "clock": clock, "cycle": cycle, "level": "R0", "planned_at": str(due_at),
                        "late_seconds": 60, "cause": "on time", "told": people, "nobody_for": []})  # fmt: skip
    entry = (case, seq + 1, "alerted", "alert", state, state, version, lifecycle, lifecycle_version, authority, policy,
             at, at, "system", "SYS", team, owner, team, "{}", trace, "[]", "[]", edd, no, "scheduler", "floor", "",
             head)  # fmt: skip
    digest = hashlib.sha256("|".join(map(str, entry)).encode()).hexdigest()
    alert = (case, number, cycle, "R0", authority, team, due_at, due_at, at, 60, "on time", "floor",
             json.dumps(people), "[]", no, "open")  # fmt: skip
    name = f"PB-{case}.{number}"
    params = json.dumps({"case": f"PB-{case}", "deadline": name, "level": "R0", "due_on": str(due_on),
                         "must_acknowledge": False})  # fmt: skip
    messages = [
        (f"{name}/{cycle}/R0/{who}/inbox", case, number, who, "inbox", "deadline", params, no, "sent", at, at, 0, at)
        for who in people
    ]
    return (*entry, digest), alert, messages, (seq + 1, digest, case), (following, cycle, f"{told},R0", 0, case, number)
