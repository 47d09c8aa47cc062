"""The clock events of a case, read from its evidence."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from scheduler.deadlines import ClockEvent
from states.catalogue import LIFECYCLES
from workflow import audit
from workflow.models import EntryKind

SILENCING = frozenset(
    row.trigger for one in LIFECYCLES.values() for row in one.transitions if row.under == "silence_birth"
)


def past_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """Every clock event of a case, from its evidence, with the reason a person gave for it."""
    return [event for entry in audit.entries_of(connection, case_id) for event in events_in(entry)]


def events_in(entry: Mapping[str, Any]) -> list[ClockEvent]:
    """The clock events of one entry. A person's reason is personal content: kept apart from them, it can be erased."""
    events = [ClockEvent.from_json(one) for one in entry["clocks"]]
    if entry["kind"] != EntryKind.CLOCK:
        return events
    said = (entry["content"] or {}).get("reason", "")
    return [replace(event, reason=event.reason or said) for event in events]


def silenced_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """What reports that the pregnancy ended did to clocks that nothing has happened to since."""
    last: dict[int, tuple[ClockEvent, bool]] = {}
    for entry in audit.entries_of(connection, case_id):
        silencing = entry["kind"] != EntryKind.REFUSED and entry["trigger"] in SILENCING
        last |= {event.deadline: (event, silencing) for event in map(ClockEvent.from_json, entry["clocks"])}
    return [event for event, silencing in last.values() if silencing]
