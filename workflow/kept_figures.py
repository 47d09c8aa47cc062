"""Cohort figures, kept once counted: today's every ten minutes, those of an earlier day until more is known of it."""

import threading
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.calendars import end_of_day, local_date
from workflow import reports
from workflow.accounts import TEAMS
from workflow.audit import CASES, ENTRIES
from workflow.database import Database
from workflow.figure_tables import CohortFigures
from workflow.models import EntryKind
from workflow.tables import table

KEPT = table(CohortFigures)
FRESH = timedelta(minutes=5)  # what a node counted within them, another need not count again
LATE_COMMIT = timedelta(minutes=1)  # how long after its recorded_at an entry may still be committed
FORGOTTEN = timedelta(days=90)
CHANGE_THE_PAST = (EntryKind.CORRECTED, EntryKind.ERASED)  # whatever day they are of
_counting = threading.Lock()  # two who ask at once wait for one count


def cohort(database: Database, authority: str, as_of: date, now: datetime, *, again: bool = False) -> dict[str, Any]:
    """The figures of `reports.cohort` with `counted_at`. Today's may be minutes old; `again` counts them now.

    Those of an earlier day hold until evidence arrives that says something of that day. BadInput for one ahead.
    """
    reports.check_day(as_of, now)
    kept = None if again else _usable(database, authority, as_of, now)
    if kept is None:
        with _counting:
            kept = None if again else _usable(database, authority, as_of, now)
            kept = kept or _count(database, authority, as_of, now)
    figures = kept["figures"]
    return {"as_of": figures["as_of"], "counted_at": kept["counted_at"], **figures}


def count_today(database: Database, now: datetime) -> int:
    """Counts today's figures of each authority; those since whose count nothing was recorded stand as counted now."""
    today, counted = local_date(now), 0
    for authority in authorities(database):
        with database.read() as connection:
            kept = _kept(connection, authority, today, now)
            if kept is not None and now - kept["counted_at"] < FRESH:
                continue
            changed = kept is None or _recorded_since(connection, authority, kept["counted_at"])
        if changed:
            _count(database, authority, today, now)
            counted += 1
        elif kept is not None:
            _keep(database, {**kept, "counted_at": now})
    return counted


def forget_old(connection: Connection, now: datetime) -> None:
    """Drops figures that nobody has had counted for three months: the evidence still has them."""
    connection.execute(delete(KEPT).where(KEPT.c.counted_at < now - FORGOTTEN))


def authorities(database: Database) -> list[str]:
    """Those with cases, by name."""
    has_cases = exists().where(CASES.c.authority == TEAMS.c.authority)
    query = select(TEAMS.c.authority).where(has_cases).distinct().order_by(TEAMS.c.authority)
    with database.read() as connection:
        return list(connection.execute(query).scalars())


def _count(database: Database, authority: str, as_of: date, now: datetime) -> Mapping[str, Any]:
    with database.read() as connection:
        figures = reports.cohort(connection, authority, as_of, now)
    kept = {"authority": authority, "as_of": as_of, "counted_at": now, "rules": reports.RULES, "figures": figures}
    _keep(database, kept)
    return kept


def _keep(database: Database, row: Mapping[str, Any]) -> None:
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    kept = insert(KEPT).values(**row)
    others = {name: kept.excluded[name] for name in ("counted_at", "rules", "figures")}
    with database.write() as connection:  # two nodes may count at once: the later word stands
        connection.execute(kept.on_conflict_do_update(index_elements=["authority", "as_of"], set_=others))


def _usable(database: Database, authority: str, as_of: date, now: datetime) -> Mapping[str, Any] | None:
    """What is kept, unless it is of an earlier day of which more is known by now."""
    with database.read() as connection:
        kept = _kept(connection, authority, as_of, now)
        if kept is None or as_of == local_date(now):
            return kept
        return None if _recorded_since(connection, authority, kept["counted_at"], as_of) else kept


def _kept(connection: Connection, authority: str, as_of: date, now: datetime) -> Mapping[str, Any] | None:
    query = select(KEPT).where(
        (KEPT.c.authority == authority)
        & (KEPT.c.as_of == as_of)
        & (KEPT.c.rules == reports.RULES)
        & (KEPT.c.counted_at <= now)  # one that lies ahead is from before a clock was set back
    )
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def _recorded_since(connection: Connection, authority: str, counted_at: datetime, as_of: date | None = None) -> bool:
    """Whether anything was recorded after the count, or committed after it: with a day, anything that says of it."""
    new = (ENTRIES.c.authority == authority) & (ENTRIES.c.recorded_at > counted_at - LATE_COMMIT)
    if as_of is not None:
        new &= or_(ENTRIES.c.occurred_at < end_of_day(as_of), ENTRIES.c.kind.in_(CHANGE_THE_PAST))
    latest_first = select(ENTRIES.c.seq).where(new).order_by(ENTRIES.c.recorded_at.desc()).limit(1)
    return connection.execute(latest_first).first() is not None
