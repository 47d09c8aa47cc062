"""Figures, kept once counted: today's every ten minutes, those of earlier days until more is known of them."""

import threading
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.calendars import end_of_day, local_date
from workflow import practice_counts, reports
from workflow.accounts import TEAMS
from workflow.audit import CASES, ENTRIES
from workflow.database import Database
from workflow.figure_tables import KeptFigures
from workflow.models import EntryKind
from workflow.reports import Behind, Figure
from workflow.tables import table

KEPT = table(KeptFigures)
COHORT, PRACTICE, CASES_BEHIND = "cohort", "practice", "cases behind "  # the last before the name of a figure
FRESH = timedelta(minutes=5)  # what a node counted within them, another need not count again
STANDS = timedelta(minutes=15)  # counts of practice, whatever came since: longer than the job takes to come round
LATE_COMMIT = timedelta(minutes=1)  # how long after its recorded_at an entry may still be committed
FORGOTTEN, CASES_FORGOTTEN = timedelta(days=90), timedelta(days=2)
CHANGE_THE_PAST = (EntryKind.CORRECTED, EntryKind.ERASED)  # whatever day they are of
_counting = threading.Lock()  # two who ask at once wait for one count


class _Asked(NamedTuple):
    """One row of what is kept; of the cohorts of a day the first day is the last."""

    authority: str
    report: str
    since: date
    until: date

    @property
    def is_cohort(self) -> bool:
        return self.report != PRACTICE

    @property
    def rules(self) -> int:
        return reports.RULES if self.is_cohort else practice_counts.RULES

    def here(self) -> ColumnElement[bool]:
        return and_(*(KEPT.c[name] == value for name, value in self._asdict().items()))

    def its_cases(self) -> ColumnElement[bool]:
        """The rows of cases behind the figures of the same days."""
        days = (KEPT.c.since == self.since) & (KEPT.c.until == self.until)
        return (KEPT.c.authority == self.authority) & days & _are_cases()


def cohort(database: Database, authority: str, as_of: date, now: datetime, *, again: bool = False) -> dict[str, Any]:
    """The figures of `reports.cohort` with `counted_at`. Today's may be minutes old; `again` counts them now.

    Those of an earlier day hold until evidence arrives that says something of that day. BadInput for one ahead.
    """
    reports.check_day(as_of, now)
    kept = _kept_or_counted(database, _Asked(authority, COHORT, as_of, as_of), now, again=again)
    figures = kept["figures"]
    return {"as_of": figures["as_of"], "counted_at": kept["counted_at"], **figures}


def practice(
    database: Database, authority: str, since: date, until: date, now: datetime, *, again: bool = False
) -> dict[str, Any]:
    """The counts of `practice_counts` with whose they are, of which days, and `counted_at`; `again` makes them now.

    They may be a quarter of an hour old, and older where nothing was recorded since and their last day was over then,
    or is not over yet. BadInput for days in the wrong order, or that lie ahead.
    """
    practice_counts.check_days(since, until, now)
    kept = _kept_or_counted(database, _Asked(authority, PRACTICE, since, until), now, again=again)
    return {**{name: kept[name] for name in ("authority", "since", "until", "counted_at")}, **kept["figures"]}


def cases_behind(database: Database, authority: str, as_of: date, figure: Figure, now: datetime) -> dict[int, Behind]:
    """The cases behind a figure of that day, by number, by the count that the figure is of; none for one there is not.

    Forgotten ones are counted again, with their figures.
    """
    kept = _kept_or_counted(database, _Asked(authority, _cases_behind(figure), as_of, as_of), now)
    return reports.behind(kept["figures"])


def count_today(database: Database, now: datetime) -> int:
    """Counts each authority's cohorts of today and practice of the last quarter; how many authorities were counted.

    Where nothing was recorded since, what is kept stands as counted now.
    """
    today, counted = local_date(now), 0
    since, until = practice_counts.period(None, None, today)
    for authority in authorities(database):
        asked = (_Asked(authority, COHORT, today, today), _Asked(authority, PRACTICE, since, until))
        counted += max([_count_what_is_new(database, one, now) for one in asked])
    return counted


def forget_old(connection: Connection, now: datetime) -> None:
    """Drops figures counted three months ago, and the cases behind them after two days: the evidence still has them."""
    old = KEPT.c.counted_at < now - FORGOTTEN
    connection.execute(delete(KEPT).where(old | (_are_cases() & (KEPT.c.counted_at < now - CASES_FORGOTTEN))))


def authorities(database: Database) -> list[str]:
    """Those with cases, by name."""
    has_cases = exists().where(CASES.c.authority == TEAMS.c.authority)
    query = select(TEAMS.c.authority).where(has_cases).distinct().order_by(TEAMS.c.authority)
    with database.read() as connection:
        return list(connection.execute(query).scalars())


def _cases_behind(figure: Figure) -> str:
    return f"{CASES_BEHIND}{figure.name}{'' if figure.cohort is None else f' of {figure.cohort}'}"


def _are_cases() -> ColumnElement[bool]:
    return KEPT.c.report.startswith(CASES_BEHIND)


def _kept_or_counted(database: Database, asked: _Asked, now: datetime, *, again: bool = False) -> Mapping[str, Any]:
    kept = None if again else _usable(database, asked, now)
    if kept is None:
        with _counting:
            kept = None if again else _usable(database, asked, now)
            kept = kept or _count(database, asked, now)
    return kept


def _count_what_is_new(database: Database, asked: _Asked, now: datetime) -> bool:
    """Whether anything was recorded since what is kept, and it was counted; else it stands as counted now."""
    with database.read() as connection:
        kept = _kept(connection, asked, now)
        if kept is not None and now - kept["counted_at"] < FRESH:
            return False
        changed = kept is None or _recorded_since(connection, asked.authority, kept["counted_at"])
    if kept is None or changed:
        _count(database, asked, now)
        return True
    of_that_count = KEPT.c.counted_at == kept["counted_at"]
    with database.write() as connection:
        for rows in (asked.here(), *([asked.its_cases()] if asked.is_cohort else [])):
            connection.execute(update(KEPT).where(rows & of_that_count).values(counted_at=now))
    return False


def _count(database: Database, asked: _Asked, now: datetime) -> Mapping[str, Any]:
    """Counts and keeps what is asked for, and of today whatever comes of the same count."""
    with database.read() as connection:
        if asked.is_cohort:
            counted = reports.counted(connection, asked.authority, asked.until, now)
            found = {COHORT: counted.figures()}
            if asked.until == local_date(now) or asked.report != COHORT:  # of an earlier day once one is asked for
                found |= {_cases_behind(figure): cases for figure, cases in counted.cases().items()}
        else:
            days = (asked.since, asked.until)
            found = {PRACTICE: practice_counts.counted(connection, asked.authority, *days, now)}
    rows = {
        report: {**asked._asdict(), "report": report, "counted_at": now, "rules": asked.rules, "figures": figures}
        for report, figures in found.items()
    }
    _keep(database, asked, rows, now)
    return rows.get(asked.report) or {**asked._asdict(), "counted_at": now, "figures": {}}


def _keep(database: Database, asked: _Asked, rows: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """In the place of what was kept of the same days. Two nodes may count at once: the later word stands."""
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    kept = insert(KEPT)
    others = {name: kept.excluded[name] for name in ("counted_at", "rules", "figures")}
    instead = kept.on_conflict_do_update(index_elements=list(KEPT.primary_key), set_=others)
    with database.write() as connection:
        connection.execute(instead, list(rows.values()))
        if asked.is_cohort:  # of another count
            connection.execute(delete(KEPT).where(asked.its_cases() & (KEPT.c.counted_at != now)))


def _usable(database: Database, asked: _Asked, now: datetime) -> Mapping[str, Any] | None:
    """What is kept, unless more is known by now."""
    with database.read() as connection:
        kept = _kept(connection, asked, now)
        if kept is None:
            return None
        counted_at, today = kept["counted_at"], local_date(now)
        if asked.is_cohort:
            good = asked.until == today or not _recorded_since(connection, asked.authority, counted_at, asked.until)
        else:
            over_since = local_date(counted_at) == asked.until < today  # what was due that day was not late yet
            good = now - counted_at < STANDS
            good = good or not (over_since or _recorded_since(connection, asked.authority, counted_at))
        return kept if good else None


def _kept(connection: Connection, asked: _Asked, now: datetime) -> Mapping[str, Any] | None:
    query = select(KEPT).where(
        asked.here()
        & (KEPT.c.rules == asked.rules)
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
