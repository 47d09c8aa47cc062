"""A whole caseload moved from SQLite to PostgreSQL: every row, compared on both sides, or none at all."""

import hashlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, inspect, select, text

import workflow
from workflow import audit, chains, looks, seals
from workflow.bootstrap import INSTALLATION, Service
from workflow.columns import instant_text
from workflow.database import HEAD, MOVED_TO, WORKS_FROM, Database
from workflow.errors import Conflict, EvidenceBroken, NotReady
from workflow.job_log import RUNS
from workflow.models import metadata

BATCH = 1000  # rows held in memory at once
STILL = timedelta(seconds=30)  # a node at work records a run every ten
Tell = Callable[[str, int, int | None], None]  # a phase, how much of it is done, and of how much


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the evidence of one side came to, every chain and line recomputed, and where it ends."""

    entries: int
    looks: int
    sealed: int
    system_head: str
    last_seal: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: rows by table, and the evidence, the same on both sides."""

    rows: Mapping[str, int]
    evidence: Evidence
    target: str


@dataclass(slots=True)
class _Sum:
    """How many rows a table has and what is in them, whatever their order: databases sort texts differently."""

    rows: int = 0
    digests: int = field(default=0)

    def add(self, values: Collection[Any]) -> None:
        said = "\x1f".join(instant_text(one) if isinstance(one, datetime) else repr(one) for one in values)
        self.rows += 1
        self.digests = (self.digests + int.from_bytes(hashlib.sha256(said.encode()).digest())) % 2**256


def move(service: Service, target: Database, now: datetime, tell: Tell = lambda *_: None) -> Moved:
    """Copies everything from the service's SQLite database into an empty PostgreSQL one, and marks the old as moved.

    The old one is locked meanwhile, its evidence verified before and the copy's after; then both are compared, row by
    row. On any error, and where the process is killed, the target holds no row and the old database is as it was.
    NotReady where either is not fit for it, Conflict where a node is at work, EvidenceBroken where anything does not
    verify.
    """
    source = service.database
    _require_kinds(source, target)
    source.require_current(writing=True)
    if source.schema_version() != HEAD:
        raise NotReady("the database is from a newer Waymark: move it with that one")
    tables = _every_table(source)
    where = target.url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    with source.write() as old:  # the write lock: whoever wants to write waits, and then finds that it was moved
        _require_still(old, now)
        evidence = _evidence(service, old, "the database", tell)
        _require_empty(target)
        target.migrate()
        with target.write() as new:
            new.execute(text("LOCK TABLE installation IN EXCLUSIVE MODE"))  # of two movers one waits, and is refused
            _require_no_rows(new)
            new.execute(INSTALLATION.delete())
            sums = {table: _copy(old, new, table, tell) for table in tables}
            for table in tables:
                _number_on(new, table)
            _require_same(new, sums, tell)
            if _evidence(service, new, "the copy", tell) != evidence:
                raise EvidenceBroken("the evidence of the copy is not that of the database: nothing was moved")
        old.execute(insert(INSTALLATION), {"name": MOVED_TO, "value": where})
    return Moved({table.name: found.rows for table, found in sums.items()}, evidence, where)


def _every_table(source: Database) -> list[Table]:
    """Those that others name first. What stands in the database and in no module is refused rather than left behind."""
    for one in pkgutil.iter_modules(workflow.__path__):
        if one.name.endswith("_tables"):
            import_module(f"workflow.{one.name}")
    with source.read() as connection:
        unknown = set(inspect(connection).get_table_names()) - {"alembic_version", *metadata.tables}
    if unknown:
        raise NotReady(f"the database holds tables that are none of Waymark's ({', '.join(sorted(unknown))})")
    return list(metadata.sorted_tables)


def _require_kinds(source: Database, target: Database) -> None:
    if not source.is_sqlite:
        raise NotReady(
            "WAYMARK_DATABASE_URL names no SQLite database: only such a one is moved (pg_dump copies others)"
        )
    if target.is_sqlite:
        raise NotReady("the address to move to names no PostgreSQL database, such as postgresql://host/waymark")


def _require_still(connection: Connection, now: datetime) -> None:
    query = select(RUNS.c.node, RUNS.c.started_at).where(RUNS.c.started_at > now - STILL).order_by(RUNS.c.id.desc())
    last = connection.execute(query.limit(1)).first()
    if last is not None:
        seconds = max(0, int((now - last.started_at).total_seconds()))
        raise Conflict(
            f"node {last.node} was at work {seconds} seconds ago: stop every node and server, and try again in half a "
            "minute"
        )


def _require_empty(target: Database) -> None:
    """Nothing at all, or this version's tables without a row."""
    schema = target.schema_version()
    with target.read() as connection:
        tables = inspect(connection).get_table_names()
        if schema is None and set(tables) - {"alembic_version"}:
            raise NotReady(
                f"the database to move to holds other tables ({', '.join(sorted(tables)[:3])}): name an empty"
            )
        if schema not in (None, HEAD):
            raise NotReady(f"the database to move to stands at schema {schema}, not at {HEAD}: name an empty one")
        if schema is not None:
            _require_no_rows(connection)


def _require_no_rows(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        query = select(func.count()).select_from(table)
        if table is INSTALLATION:
            query = query.where(INSTALLATION.c.name != WORKS_FROM)
        if count := connection.execute(query).scalar_one():
            raise NotReady(f"the database to move to is not empty: {count} rows in {table.name}. Name an empty one")


def _evidence(service: Service, connection: Connection, which: str, tell: Tell) -> Evidence:
    """Verifies all of it, also against the heads kept outside."""
    signed = service.settings.seal_key is not None
    key = service.seal_key().public_key().public_bytes_raw().hex() if signed else None
    file = service.heads_file()
    outside = seals.read_heads(file) if file is not None and file.exists() else []
    wrong = ""
    try:
        verified = chains.verify_chains(connection, lambda done: tell(f"Verifying {which}", done, None))
        looked = looks.verify_looks(connection)
        sealed = seals.verify_log(connection, outside, key)
    except EvidenceBroken as broken:
        wrong = str(broken)  # and no more of it: it would hold what still reads from this connection
    if wrong:
        raise EvidenceBroken(f"nothing was moved, for {which} does not verify: {wrong}")
    seq, head = audit.system_head(connection)
    last = seals.last_seal(connection)
    return Evidence(
        verified.entries, looked, sealed, f"{seq}:{head}", f"{last.position}:{last.log_hash}" if last else ""
    )


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    with connection.execute(select(table).execution_options(yield_per=BATCH)) as result:
        for row in result:
            yield tuple(row)


def _copy(old: Connection, new: Connection, table: Table, tell: Tell) -> _Sum:
    """All rows of a table by COPY, in one statement: rows that name each other may come in any order."""
    total, found = old.execute(select(func.count()).select_from(table)).scalar_one(), _Sum()
    write = [_as_sent(column, new) for column in table.columns]
    quote = new.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    driver: Any = new.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
            for row in _rows(old, table):
                found.add(row)
                copy.write_row([as_sent(value) for as_sent, value in zip(write, row, strict=True)])
                if found.rows % BATCH == 0:
                    tell(f"Copying {table.name}", found.rows, total)
    except new.dialect.loaded_dbapi.Error as error:  # its text may hold a person's data
        code = getattr(error, "sqlstate", None) or type(error).__name__
        raise NotReady(f"PostgreSQL does not take the rows of {table.name} ({code}): nothing was moved") from None
    tell(f"Copying {table.name}", found.rows, total)
    return found


def _as_sent(column: Column[Any], connection: Connection) -> Callable[[Any], Any]:
    """From the value that Waymark works with to the one that the driver takes."""
    dialect = connection.dialect
    process: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return process or (lambda value: value)


def _number_on(connection: Connection, table: Table) -> None:
    """The next row that is numbered by the database follows the last: part of the transaction, unlike setval."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar()
    last = connection.execute(select(func.max(column))).scalar()
    if sequence is not None:
        connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART WITH {(last or 0) + 1}")


def _require_same(new: Connection, sums: Mapping[Table, _Sum], tell: Tell) -> None:
    for table, was in sums.items():
        found = _Sum()
        for row in _rows(new, table):
            found.add(row)
        tell(f"Comparing {table.name}", found.rows, was.rows)
        if found != was:
            raise EvidenceBroken(
                f"the {found.rows} rows of {table.name} are not the {was.rows} that were copied: nothing was moved"
            )
