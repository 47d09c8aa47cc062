"""The database: SQLite by default, PostgreSQL by URL; a read and a write transaction, and the version of its schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from workflow.errors import NotReady

MIGRATIONS = Path(__file__).parent / "migrations"
MORE = 25  # connections beyond the five kept open: 16 threads of requests and the jobs of a node wait for none
HEAD = (MIGRATIONS / "HEAD.txt").read_text().strip()


class Database:
    """One database. `read()` and `write()` each give a connection inside one transaction, rolled back on any error.

    On SQLite a writer takes the write lock at once (BEGIN IMMEDIATE): with the driver's default two writers silently
    lose updates.
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
            self.writer = self.reader = create_engine(
                self.url, pool_pre_ping=True, hide_parameters=True, max_overflow=MORE
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _told_plainly(self), self.reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _told_plainly(self), self.writer.begin() as connection:
            yield connection

    def schema_version(self) -> str | None:
        """The migration this database stands at; None for an empty one."""
        with self.read() as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def require_current(self) -> None:
        """Raises NotReady unless the schema is the one this version of Waymark works with."""
        found = self.schema_version()
        if found is None:
            raise NotReady("the database is empty: run `waymark migrate` (or `waymark demo`) first")
        if found > HEAD:
            raise NotReady(
                f"the database is from a newer Waymark (schema {found}, this one knows {HEAD}): upgrade Waymark here"
            )
        if found < HEAD:
            raise NotReady(f"the database is at schema {found}, this Waymark needs {HEAD}: run `waymark migrate`")

    def migrate(self) -> str:
        """Creates or upgrades the schema; returns the version reached. A newer database is refused, untouched."""
        from alembic import command
        from alembic.config import Config

        found = self.schema_version()
        if found is not None and found > HEAD:
            self.require_current()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = self.writer
        command.upgrade(config, "head")
        return HEAD

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def _sqlite_engine(url: Any, begin: str) -> Engine:
    arguments = {"isolation_level": None, "timeout": 60}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, max_overflow=MORE)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _told_plainly(database: Database) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None):  # the server answered: the engine decides what to retry
            raise
        where = database.url.render_as_string(hide_password=True)
        raise NotReady(f"the database {where} does not answer: {str(error.orig).splitlines()[0]}") from error
