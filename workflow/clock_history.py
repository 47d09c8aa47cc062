"""The clock events of a case, read from its evidence."""

from sqlalchemy import Connection

from scheduler.deadlines import ClockEvent
from states.catalogue import LIFECYCLES
from workflow import audit
from workflow.models import EntryKind

SILENCING = frozenset(
    row.trigger for one in LIFECYCLES.values() for row in one.transitions if row.under == "silence_birth"
)


def past_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """Every clock event of a case, from its evidence."""
    return [ClockEvent.from_json(one) for entry in audit.entries_of(connection, case_id) for one in entry["clocks"]]


def silenced_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """What reports that the pregnancy ended did to clocks that nothing has happened to since."""
    last: dict[int, tuple[ClockEvent, bool]] = {}
    for entry in audit.entries_of(connection, case_id):
        silencing = entry["kind"] != EntryKind.REFUSED and entry["trigger"] in SILENCING
        last |= {event.deadline: (event, silencing) for event in map(ClockEvent.from_json, entry["clocks"])}
    return [event for event, silencing in last.values() if silencing]
