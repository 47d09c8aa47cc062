"""Statements compiled once and run on the driver itself: what every move runs, at the price of the driver alone.

SQL, types and dialects stay SQLAlchemy's; what is left out is building and wrapping each statement anew, which cost
more than the databases did (docs/performance.md). On PostgreSQL what is run is sent without waiting for an answer until
somebody asks for rows or the transaction ends, so that a move waits four times and not twelve.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Insert, Select, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine

AHEAD = "statements sent ahead"
AT_ONCE = 1_000  # rows of a stream held in memory
Process = Callable[[Any], Any]


class _Form:
    """A statement as one dialect writes it, for one set of values."""

    def __init__(self, core: Any, dialect: Dialect, names: tuple[str, ...], defaults: Mapping[str, Any]) -> None:
        keys = None if isinstance(core, Select) else [*defaults, *names]
        compiled = core.compile(dialect=dialect, column_keys=keys)
        self.sql = str(compiled)
        order = compiled.positiontup or list(compiled.binds)
        self._bound = [(name, _to_driver(compiled.binds[name].type, dialect)) for name in order]
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._constants = {**constants, **defaults}
        self._positional = compiled.positional
        columns = list(core.selected_columns) if isinstance(core, Select) else []
        self.names = [str(column.key) for column in columns]
        read = [_from_driver(column.type, dialect) for column in columns]
        self._read = [(name, process) for name, process in zip(self.names, read, strict=True) if process]

    def values(self, given: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        if self._constants:
            given = {**self._constants, **given}
        if self._positional:
            return [process(given[name]) if process else given[name] for name, process in self._bound]
        return {name: process(given[name]) if process else given[name] for name, process in self._bound}

    def row(self, found: Iterable[Any]) -> dict[str, Any]:
        row = dict(zip(self.names, found, strict=True))
        for name, process in self._read:
            row[name] = process(row[name])
        return row


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """How a value becomes the driver's; our own types are asked themselves, and not through what they are made of."""
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_bind_param(value, dialect)
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_result_value(value, dialect)
    return kind.dialect_impl(dialect).result_processor(dialect, None)


class Statement:
    """A select, insert, update or delete. Values are given by the names of its parameters and columns.

    An insert fills in the plain defaults of its table; an update sets the columns given. Errors are SQLAlchemy's.
    """

    def __init__(self, core: Any) -> None:
        self._core = core
        self._forms: dict[tuple[str, tuple[str, ...]], _Form] = {}
        columns: Any = core.table.columns if isinstance(core, Insert) else ()
        self._defaults = {
            one.key: one.default.arg for one in columns if one.default is not None and one.default.is_scalar
        }

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> None:
        """Runs it once for each of the rows; on PostgreSQL an error may show only when the transaction is committed."""
        for names, alike in groupby(rows, key=tuple):
            form = self._form(connection, names)
            values = [form.values(row) for row in alike]
            if len(values) == 1:
                run_plainly(connection, form.sql, values[0])
            else:
                with _told_as_core(connection):
                    connection.connection.cursor().executemany(form.sql, values)

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """What it selects, each row by the names of its columns."""
        form = self._form(connection, tuple(values))
        cursor = run_plainly(connection, form.sql, form.values(values))
        with _told_as_core(connection):
            found = cursor.fetchall()
        return [form.row(one) for one in found]

    def _form(self, connection: Connection, names: tuple[str, ...]) -> _Form:
        key = (connection.dialect.name, names)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._core, connection.dialect, names, self._defaults)
        return form


def run_plainly(connection: Connection, sql: str, values: Any = ()) -> Any:
    """The driver's cursor of a statement in the driver's own words. Errors are SQLAlchemy's."""
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(sql, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_core(connection, error) from error


def stream(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a select, however many, a few at a time, as the driver has them: all text where all columns are."""
    sql = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    _wait(connection)
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "postgresql":
        yield from driver.execute(sql)
        return
    with _told_as_core(connection), driver.cursor(name="stream") as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(sql)


def send_ahead(engine: Engine) -> None:
    """Makes a PostgreSQL engine send a transaction ahead of its answers, from its BEGIN to its COMMIT.

    It waits where rows are read, and before any statement that SQLAlchemy runs itself.
    """

    @event.listens_for(engine, "connect")
    def _connect(driver: Any, _: Any) -> None:
        driver.autocommit = True  # BEGIN and COMMIT are sent here

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        with _told_as_core(connection):
            connection.info[AHEAD] = pipeline = driver.pipeline()
            pipeline.__enter__()
            driver.execute("BEGIN", prepare=False)

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(connection: Connection, *_: Any) -> None:
        _wait(connection)

    @event.listens_for(engine, "commit")
    def _commit(connection: Connection) -> None:
        if AHEAD in connection.info:
            driver: Any = connection.connection.dbapi_connection
            with _told_as_core(connection):
                driver.execute("COMMIT", prepare=False)
            _wait(connection)

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        if not connection.invalidated:
            with suppress(DBAPIError):  # what failed is on its way up already
                _wait(connection)


def _wait(connection: Connection) -> None:
    """Waits for the answers to all that was sent; raises the first error among them."""
    pipeline = connection.info.pop(AHEAD, None)
    if pipeline is not None:
        with _told_as_core(connection):
            pipeline.__exit__(None, None, None)


@contextmanager
def _told_as_core(connection: Connection) -> Iterator[None]:
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_core(connection, error) from error


def _as_core(connection: Connection, error: Any) -> Exception:
    """The driver's error as SQLAlchemy raises it; a connection that is gone is given up, with its pool."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if gone:
        connection.invalidate(error)
        connection.engine.dispose()
    told: Exception = DBAPIError.instance(
        "", None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
    return told
