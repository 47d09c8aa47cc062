"""England's calendar with the changes recorded here, and the calendars those changes replaced."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import Override, WorkingCalendar
from workflow.alert_tables import CalendarChange
from workflow.columns import canonical
from workflow.models import SYSTEM_CHAIN, AuditEntry
from workflow.tables import table

CHANGES, ENTRIES = table(CalendarChange), table(AuditEntry)
CHANGE = "change_calendar"  # the trigger of their evidence
_NOW = select(CHANGES.c.day, CHANGES.c.action, CHANGES.c.reason).order_by(CHANGES.c.day)
_EVER = (
    select(ENTRIES.c.facts)
    .where((ENTRIES.c.case_id == SYSTEM_CHAIN) & (ENTRIES.c.trigger == CHANGE))
    .order_by(ENTRIES.c.seq)
)


def with_changes(connection: Connection, base: WorkingCalendar, known: WorkingCalendar) -> WorkingCalendar:
    """The base calendar with every change recorded; `known` itself where it is that already.

    The calendars before each change are kept as `earlier`, from the evidence, so that what was dated by one of them can
    be worked out again.
    """
    current = changed(base, [Override(row.day, row.action, row.reason) for row in connection.execute(_NOW)])
    if current.version == known.version:
        return known
    steps = [_read(facts) for facts in connection.execute(_EVER).scalars()]
    before = (changed(base, steps[:count]) for count in range(len(steps)))
    return replace(current, earlier=tuple({one.version: one for one in before}.values()))


def changed(base: WorkingCalendar, changes: Iterable[Override]) -> WorkingCalendar:
    """The base with these changes, the latest of a day counting; ValueError where they make no calendar."""
    latest = {one.day: one for one in changes}
    if not latest:
        return base
    ordered = [latest[day] for day in sorted(latest)]
    written = canonical([[one.day.isoformat(), one.action, one.reason] for one in ordered])
    merged = {**{one.day: one for one in base.overrides}, **latest}
    version = f"{base.version}+{hashlib.sha256(written.encode()).hexdigest()[:8]}"
    return WorkingCalendar(tuple(merged.values()), base.verified_to, version)


def _read(facts: Mapping[str, Any]) -> Override:
    return Override(date.fromisoformat(facts["day"]), facts["action"], facts["reason"])
