"""Corrections: new entries that supersede; what they may supersede, and what they do to the case and its clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from scheduler.deadlines import Anchors, ClockEvent, DeadlineStatus, EventKind
from states.facts import Fact, instant
from states.lifecycle import NEW, Lifecycle
from workflow.audit import entries_of
from workflow.clocks import ClockChanges, ClockWork
from workflow.models import EntryKind
from workflow.projection import Projection, replay

UNDONE_BY_THEIR_OWN_MOVES = frozenset({"request_approval", "decide_approval", "migrate_in"})

# These reach another record only where the move names its team.
BESIDE_IF_NAMED = {"refer_to_prebirth": "refer_to_team", "offer_pause": "pause_team"}


def _standing_moves(entries: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """The moves that were not undone, by entry number."""
    undone = {e["supersedes"] for e in entries if e["supersedes"] and e["facts"].get("correction") == "undo"}
    return {e["seq"]: e for e in entries if e["kind"] == EntryKind.MOVED and e["seq"] not in undone}


def correctable(
    connection: Connection, lifecycle: Lifecycle, case_id: int, values: Mapping[str, Any]
) -> frozenset[str]:
    """The entry numbers that a correction of this kind may name.

    Only the latest move can be undone, and only where it reached no other case: its opposite is then a move of its own.
    """
    moves = _standing_moves(entries_of(connection, case_id))
    if values.get("correction") != "undo" or not moves:
        return frozenset(map(str, moves))
    undo = _undoable(lifecycle, moves)
    return frozenset() if undo is None else frozenset({str(undo)})


def undoable(lifecycle: Lifecycle, entries: Sequence[Mapping[str, Any]]) -> int | None:
    """The number of the entry that can be undone, by the same rule, of evidence that was read already."""
    moves = _standing_moves(entries)
    return _undoable(lifecycle, moves) if moves else None


def _undoable(lifecycle: Lifecycle, moves: Mapping[int, Mapping[str, Any]]) -> int | None:
    last = moves[max(moves)]
    effects = {row.under for row in lifecycle.rows(last["trigger"], last["from_state"]) if row.under}
    reached = bool(effects - BESIDE_IF_NAMED.keys()) or any(last["facts"].get(BESIDE_IF_NAMED[one]) for one in effects)
    if reached or last["from_state"] == NEW or last["trigger"] in UNDONE_BY_THEIR_OWN_MOVES:
        return None
    return int(last["seq"])


def facts_to_correct(
    connection: Connection, lifecycle: Lifecycle, case_id: int, given: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """What a correction asks for besides its reason: the facts of the entry it corrects, or the new time."""
    if given.get("correction") == "occurred_at":
        return (instant("new_occurred_at", "When it really happened"),)
    entry = _standing_moves(entries_of(connection, case_id)).get(_number(given.get("entry")))
    if given.get("correction") != "facts" or entry is None:
        return ()
    rows = lifecycle.rows(entry["trigger"], entry["from_state"])
    return tuple({fact.name: replace(fact, required=False) for row in rows for fact in row.facts}.values())


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isdigit() else 0


def corrected_projection(
    connection: Connection, lifecycle: Lifecycle, case_id: int, correction: Mapping[str, Any]
) -> Projection:
    """The case once this correction stands, replayed from its first entry."""
    entries = entries_of(connection, case_id)
    start = Projection(team=entries[0]["team"], owner=entries[0]["owner"])
    pending = {
        "kind": EntryKind.CORRECTED,
        "seq": len(entries) + 1,
        "supersedes": int(correction["entry"]),
        "facts": correction,
        "content": None,
    }
    return replay(lifecycle, [*entries, pending], start)


def correct_clocks(connection: Connection, work: ClockWork, correction: Mapping[str, Any]) -> ClockChanges:
    """Takes back, or moves in time, what the corrected entry did to the clocks; other dates are counted from anew."""
    changes = work.untouched()
    entries = entries_of(connection, work.case["id"])
    entry = next(e for e in entries if e["seq"] == int(correction["entry"]))
    at = datetime.fromisoformat(correction["new_occurred_at"]) if correction["correction"] == "occurred_at" else None
    for event in map(ClockEvent.from_json, entry["clocks"] if correction["correction"] != "facts" else ()):
        if event.event is EventKind.STARTED:
            _correct_start(work, changes, event, at)
        elif event.event in (EventKind.MET, EventKind.CANCELLED):
            _correct_end(work, changes, event, at)
    work.date_anew(changes)
    return changes


def _correct_start(work: ClockWork, changes: ClockChanges, event: ClockEvent, at: datetime | None) -> None:
    if event.deadline not in changes.running:
        return  # it has ended since; its end stands
    if at is None:
        work.close(changes, event.deadline, DeadlineStatus.CANCELLED)
        return
    history = [one for one in work.past_events() if one.deadline == event.deadline]
    anchored = [Anchors.from_json(one.anchors) for one in history if one.anchors is not None]
    work.re_date(changes, history, replace(anchored[-1], start=at), "the entry that started it was corrected")


def _correct_end(work: ClockWork, changes: ClockChanges, event: ClockEvent, at: datetime | None) -> None:
    if event.deadline in changes.running:
        return  # it was opened again since; what ended it then no longer counts
    work.reopen(changes, event)
    if at is not None:
        changes.events.append(replace(event, at=at))
        changes.changed[event.deadline] = {"closed_at": at}
        del changes.running[event.deadline]
