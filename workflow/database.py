"""The database: SQLite by default, PostgreSQL by URL; a read and a write transaction, and the version of its schema."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from scheduler import failpoints
from workflow.errors import NotReady, StandsAside
from workflow.statements import run_plainly, send_ahead

MIGRATIONS = Path(__file__).parent / "migrations"
# Connections of a process, kept once opened and the last used taken first: those closed after a moment with many people
# would be opened again in the next one, and that costs more than the page they are for.
POOL = {"pool_size": 30, "max_overflow": 0, "pool_use_lifo": True}
GONE = ("08", "53", "57P", "25006")  # PostgreSQL: connection lost, no room, shutting down, now a standby
BUSY = 60  # seconds that a write waits for another one on SQLite
PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY}000"),
    "wal_autocheckpoint=8000",  # pages: a move writes some thirty, and whoever fills the log waits while it is emptied
    "cache_size=-16000",  # kilobytes for each connection: the upper pages of every index of a region's caseload
)
REST, RESTED = 1.0, "rested since"  # seconds after which a connection is asked whether it still stands
HEAD = (MIGRATIONS / "HEAD.txt").read_text().strip()
LOOK_AGAIN = 1.0  # seconds for which a node on PostgreSQL goes on writing without looking how the database stands
WORKS_FROM, MOVED_TO = "works_from", "moved_to"  # rows of `installation`


class Database:
    """One database. `read()` and `write()` each give a connection inside one transaction, rolled back on any error.

    On SQLite a writer takes the write lock at once (BEGIN IMMEDIATE): with the driver's default two writers silently
    lose updates.

    `write()` raises StandsAside where a newer Waymark has taken the database over, or it was moved to another place.

    Nothing outlives a transaction on its server connection, so each may run on another one, as behind a pooler; only
    statements that the driver prepares do, and `?pooled=true` in the URL keeps it from that.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise NotReady("the database URL must name a file, such as sqlite:///var/waymark.db")
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.writer = _sqlite_engine(self.url, "BEGIN IMMEDIATE")
            self.reader = _sqlite_engine(self.url, "BEGIN")
        else:
            driver_url, arguments = _for_driver(self.url)
            self.writer = self.reader = create_engine(
                driver_url,
                hide_parameters=True,
                pool_reset_on_return=None,
                connect_args=arguments,
                **POOL,
            )
            send_ahead(self.writer)
            _ask_after_a_rest(self.writer)
        self._turns, self._kept = threading.Lock(), cast(Connection | None, None)
        self._looked = 0.0  # when a write last looked how the database stands

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _told_plainly(self), self.reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _told_plainly(self):
            with self._turn() if self.is_sqlite else self.writer.begin() as connection:
                self._look(connection)
                yield connection
                failpoints.reach("commit")
            failpoints.reach("committed")

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        """On SQLite one writes at a time: threads take turns at one connection, and wait in line and not by chance."""
        if not self._turns.acquire(timeout=BUSY):
            raise NotReady(f"another write has held the database for {BUSY} seconds: try again in a moment")
        try:
            if self._kept is None or self._kept.invalidated:
                self._kept = self.writer.connect()
            with self._kept.begin():
                yield self._kept
        finally:
            self._turns.release()

    def _look(self, connection: Connection) -> None:
        """On SQLite each write looks, since whoever moves the database holds the write lock; else once a second."""
        if not self.is_sqlite and time.monotonic() - self._looked < LOOK_AGAIN:
            return
        _standing(connection).require(writing=True)
        self._looked = time.monotonic()

    def schema_version(self) -> str | None:
        """The migration this database stands at; None for an empty one."""
        with self.read() as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def require_current(self, *, writing: bool = False) -> None:
        """Raises NotReady unless the schema is one that this version of Waymark works with.

        That is its own, or a newer one whose migrations all leave older versions their work. With `writing`, a database
        that was moved to another place is refused too.
        """
        if self.schema_version() is None:
            raise NotReady("the database is empty: run `waymark migrate` (or `waymark demo`) first")
        with self.read() as connection:
            _standing(connection).require(writing=writing)

    def migrate(self) -> str:
        """Creates or upgrades the schema; returns the version reached. A newer database is refused, untouched.

        Where an older Waymark cannot work with what comes, its nodes are told first, and have stopped writing by then.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        found = self.schema_version()
        if found is not None and found > HEAD:
            raise StandsAside(_newer(found))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = self.writer
        works_from = _works_from(ScriptDirectory.from_config(config).walk_revisions())
        told = found is not None and found < works_from
        if told:
            self._record_works_from(works_from)
            time.sleep(0 if self.is_sqlite else 2 * LOOK_AGAIN)
        try:
            command.upgrade(config, "head")
        except BaseException:
            if told and found is not None:  # the schema is still the old one, and so are its nodes
                self._record_works_from(found, of=found)
            raise
        self._record_works_from(works_from)
        return HEAD

    def _record_works_from(self, version: str, of: str = HEAD) -> None:
        """The oldest schema whose Waymark may work on this database, and the schema that is true of."""
        with self.writer.begin() as connection:
            connection.execute(text("DELETE FROM installation WHERE name = :name"), {"name": WORKS_FROM})
            values = {"name": WORKS_FROM, "value": f"{version} {of}"}
            connection.execute(text("INSERT INTO installation (name, value) VALUES (:name, :value)"), values)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self.writer.dispose()
        self.reader.dispose()


class _Standing(NamedTuple):
    """How a database stands: its schema, which older versions of Waymark may work on it, where it was moved to."""

    schema: str
    works_from: str | None
    moved_to: str | None

    def require(self, *, writing: bool) -> None:
        """Raises StandsAside where this version of Waymark must not work on it."""
        if self.schema < HEAD:
            raise StandsAside(
                f"the database is at schema {self.schema}, this Waymark needs {HEAD}: run `waymark migrate`"
            )
        oldest, _, of = (self.works_from or "").partition(" ")
        if oldest > HEAD or (self.schema > HEAD and of != self.schema):  # what says nothing of itself leaves nothing
            raise StandsAside(_newer(max(self.schema, oldest)))
        if writing and self.moved_to:
            raise StandsAside(
                f"the database was moved to {self.moved_to}: set WAYMARK_DATABASE_URL to that address. "
                "This copy can be read, and takes no more work"
            )


def _standing(connection: Connection) -> _Standing:
    kept = "(SELECT value FROM installation WHERE name = '{}')"
    query = f"SELECT version_num, {kept.format(WORKS_FROM)}, {kept.format(MOVED_TO)} FROM alembic_version"  # noqa: S608  # our own words
    return _Standing(*run_plainly(connection, query).fetchone())


def _newer(found: str) -> str:
    return f"the database is from a newer Waymark (schema {found}, this one knows {HEAD}): upgrade Waymark here"


def _works_from(newest_first: Iterator[Any]) -> str:
    """The latest migration that does not say that it `widens`: an older Waymark cannot work with what it made."""
    return str(next(one.revision for one in newest_first if not getattr(one.module, "widens", False)))


def _for_driver(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL as the driver takes it, and its arguments: behind a pooler nothing is prepared on a connection."""
    pooled = url.query.get("pooled", "false")
    if pooled not in ("true", "false"):
        raise NotReady("the database URL says `pooled`, and neither true nor false")
    return url.difference_update_query(["pooled"]), {"prepare_threshold": None} if pooled == "true" else {}


def _sqlite_engine(url: Any, begin: str) -> Engine:
    arguments = {"isolation_level": None, "timeout": BUSY}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **POOL)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        run_plainly(connection, begin)

    return engine


def _ask_after_a_rest(engine: Engine) -> None:
    """Asks a connection whether it still stands, unless it was used a moment ago: asking costs a tenth of a move."""

    @event.listens_for(engine, "checkout")
    def _ask(driver: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get(RESTED, 0) > REST:
            try:
                engine.dialect.do_ping(driver)
            except engine.dialect.loaded_dbapi.Error as gone:
                raise DisconnectionError from gone  # the pool takes another one

    @event.listens_for(engine, "checkin")
    def _rest(_: Any, record: Any) -> None:
        record.info[RESTED] = time.monotonic()


@contextmanager
def _told_plainly(database: Database) -> Iterator[None]:
    try:
        yield
    except NoConnectionFree as error:
        raise NotReady("every connection to the database is in use: try again in a moment") from error
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None) or ""
        gone = code.startswith(GONE) or (not code and isinstance(error, OperationalError))
        if not gone:  # the server answered: the engine decides what to retry
            raise
        where = database.url.render_as_string(hide_password=True)
        raise NotReady(f"the database {where} does not answer: {str(error.orig).splitlines()[0]}") from error
