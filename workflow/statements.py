"""Statements compiled once and run on the driver itself: what every move runs, at the price of the driver alone.

SQL, types and dialects stay SQLAlchemy's; what is left out is building and wrapping each statement anew, which cost
more than the databases did (docs/performance.md). On PostgreSQL what is run is sent without waiting for an answer until
somebody asks for rows or the transaction ends, so that a move waits twice and not twelve times.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Dialect, Engine, Insert, Select, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from workflow.columns import Process, Stored

AHEAD, CURSORS = "statements sent ahead", "cursors that wait for a statement"
AT_ONCE = 1_000  # rows of a stream held in memory
MOST_PLACES = 50  # of one statement: the driver reads longer ones anew each time
_PLACE = re.compile(r"%\((\w+)\)s")


class _Form:
    """A statement as one dialect writes it, for one set of values; they are given in the order of its places."""

    def __init__(self, core: Any, dialect: Dialect, names: tuple[str, ...], defaults: Mapping[str, Any]) -> None:
        keys = None if isinstance(core, Select) else [*defaults, *names]
        compiled = core.compile(dialect=dialect, column_keys=keys)
        self.table = None if isinstance(core, Select) else core.table
        self.sql, order = str(compiled), compiled.positiontup
        if order is None:
            order = _PLACE.findall(self.sql)
            self.sql = _PLACE.sub("%s", self.sql)
        self.many = "" if self.table is None or dialect.name != "postgresql" else _of_many(self.sql, order, compiled)
        self._order = order
        self._pick = itemgetter(*order, order[0]) if order else None  # of two or more it gives a tuple
        to_driver = [_to_driver(compiled.binds[name].type, dialect) for name in order]
        self._to_driver = [(place, process) for place, process in enumerate(to_driver) if process]
        constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._constants = {**constants, **defaults}
        columns = list(core.selected_columns) if isinstance(core, Select) else []
        self.names = [str(column.key) for column in columns]
        read = [_from_driver(column.type, dialect) for column in columns]
        self._from_driver = [(name, process) for name, process in zip(self.names, read, strict=True) if process]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values as the driver takes them."""
        if self._pick is None:
            return []
        values: list[Any]
        *values, _ = self._pick({**self._constants, **given} if self._constants else given)
        for place, process in self._to_driver:
            if values[place] is not None:
                values[place] = process(values[place])
        return values

    def text(self, rows: Sequence[Sequence[Any]]) -> str:
        """The values of many rows as the one value that `many` takes."""
        return orjson.dumps([dict(zip(self._order, row, strict=True)) for row in rows]).decode()

    def row(self, found: Iterable[Any]) -> dict[str, Any]:
        row = dict(zip(self.names, found, strict=True))
        for name, process in self._from_driver:
            if row[name] is not None:
                row[name] = process(row[name])
        return row


def _of_many(sql: str, order: Sequence[str], compiled: Any) -> str:
    """A PostgreSQL insert or update of one row, for many rows that come as one JSON text."""
    typed = {name: compiled.dialect.type_compiler_instance.process(compiled.binds[name].type) for name in order}
    given = "json_to_recordset(%s) AS given({})".format(", ".join(f'"{name}" {kind}' for name, kind in typed.items()))
    names = iter(order)
    told = re.sub("%s", lambda _: f'given."{next(names)}"', sql)
    if sql.startswith("INSERT"):
        head, _, listed = told.partition(" VALUES (")
        return f"{head} SELECT {listed.removesuffix(')')} FROM {given}"  # noqa: S608  # our own words
    return told.replace(" WHERE ", f" FROM {given} WHERE ", 1)


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    """How a value becomes the driver's; our own types are asked themselves, and not through what they are made of."""
    return kind.to_driver(dialect) if isinstance(kind, Stored) else kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Process | None:
    if isinstance(kind, Stored):
        return kind.from_driver(dialect)
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
        """Runs it once for each of the rows, each of which names another one where it is an update.

        On PostgreSQL an error may show only when the transaction is committed.
        """
        ahead = _ahead(connection)
        with _ToldAsCore(connection):
            for names, alike in groupby(rows, key=tuple):
                form = self._form(connection, names)
                values = [form.values(row) for row in alike]
                if ahead:
                    ahead.write(form, values)
                else:
                    driver: Any = connection.connection.dbapi_connection
                    driver.executemany(form.sql, values) if len(values) > 1 else driver.execute(form.sql, values[0])

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """What it selects, each row by the names of its columns."""
        return self.ask(connection, **values)()

    def ask(self, connection: Connection, **values: Any) -> Callable[[], list[dict[str, Any]]]:
        """Asks now for what `rows` gives, which can be had later: PostgreSQL answers several questions in one go."""
        form = self._form(connection, tuple(values))
        with _ToldAsCore(connection):
            if ahead := _ahead(connection):
                fetch = ahead.ask(form.sql, form.values(values))
            else:
                driver: Any = connection.connection.dbapi_connection
                fetch = driver.execute(form.sql, form.values(values)).fetchall

        def answer() -> list[dict[str, Any]]:
            with _ToldAsCore(connection):
                found = fetch()
            return [form.row(one) for one in found]

        return answer

    def _form(self, connection: Connection, names: tuple[str, ...]) -> _Form:
        key = (connection.dialect.name, names)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._core, connection.dialect, names, self._defaults)
        return form


def run_plainly(connection: Connection, sql: str, values: Any = ()) -> Any:
    """The driver's cursor of a statement in the driver's own words. Errors are SQLAlchemy's."""
    driver: Any = connection.connection.dbapi_connection
    with _ToldAsCore(connection):
        if ahead := _ahead(connection):
            ahead.send()
        return driver.execute(sql, values)


def stream(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a select, however many, a few at a time, as the driver has them: all text where all columns are."""
    sql = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    wait(connection)
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "postgresql":
        yield from driver.execute(sql)
        return
    with _ToldAsCore(connection), driver.cursor(name="stream") as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(sql)


class _Ahead:
    """What is sent of a transaction on PostgreSQL before anybody waits for an answer.

    Writes to different tables that follow one another go as one statement. None of them sees what the others do; keys
    to other tables are checked after all of them.

    A statement has a cursor of its own that stays with the connection: it knows how to write and read its values.
    """

    def __init__(self, driver: Any, cursors: dict[str, Any]) -> None:
        self._driver, self._pipeline, self._cursors = driver, driver.pipeline(), cursors
        self._pipeline.__enter__()
        self._waiting: list[_Form] = []
        self._said: list[str] = []
        self._values: list[Any] = []

    def say(self, sql: str) -> None:
        self.send()
        self._cursors[sql] = self._execute(sql, prepare=False)

    def ask(self, sql: str, values: Sequence[Any]) -> Callable[[], list[Any]]:
        """Sends a question; the rows are fetched when what it gives is called."""
        self.send()
        cursor = self._execute(sql, values)

        def fetch() -> list[Any]:
            found: list[Any] = cursor.fetchall()
            self._cursors[sql] = cursor
            return found

        return fetch

    def write(self, form: _Form, rows: Sequence[list[Any]]) -> None:
        sql, values = (form.sql, rows[0]) if len(rows) == 1 else (form.many, [form.text(rows)])
        if len(self._values) + len(values) > MOST_PLACES or any(one.table is form.table for one in self._waiting):
            self.send()
        self._waiting.append(form)
        self._said.append(sql)
        self._values += values

    def send(self) -> None:
        """Sends the writes that still wait to be sent."""
        if self._said:
            sql, values = _together(tuple(self._said)), self._values
            self.forget()
            self._cursors[sql] = self._execute(sql, values)

    def _execute(self, sql: str, values: Sequence[Any] | None = None, *, prepare: bool | None = None) -> Any:
        cursor = self._cursors.pop(sql, None) or self._driver.cursor()  # one that waits for its answer is not asked
        return cursor.execute(sql, values, prepare=prepare)

    def forget(self) -> None:
        self._waiting, self._said, self._values = [], [], []

    def end(self) -> None:
        """Waits for all answers; raises the first error among them."""
        try:
            self.send()
        finally:
            try:
                self._pipeline.__exit__(None, None, None)
            finally:
                if self._driver.info.pipeline_status:  # it was ended in the midst of an answer, and is of no more use
                    self._driver.close()


@lru_cache(maxsize=1_000)
def _together(writes: tuple[str, ...]) -> str:
    """Several writes as one statement, the last of them with the others before it."""
    *others, last = writes
    before = ", ".join(f"w{number} AS ({sql})" for number, sql in enumerate(others))
    return f"WITH {before} {last}" if before else last


def send_ahead(engine: Engine) -> None:
    """Makes a PostgreSQL engine send a transaction ahead of its answers, from its BEGIN to its COMMIT.

    It waits where rows are read, and before any statement that SQLAlchemy runs itself.
    """

    @event.listens_for(engine, "connect")
    def _connect(driver: Any, record: Any) -> None:
        driver.autocommit = True  # BEGIN and COMMIT are sent here
        record.info[AHEAD], record.info[CURSORS] = None, {}

    @event.listens_for(engine, "reset")
    def _reset(driver: Any, *_: Any) -> None:
        if driver.pgconn.transaction_status:
            driver.rollback()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        _say(connection, "BEGIN")

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(connection: Connection, *_: Any) -> None:
        wait(connection)

    @event.listens_for(engine, "commit")
    def _commit(connection: Connection) -> None:
        _say(connection, "COMMIT")
        wait(connection)

    @event.listens_for(engine, "rollback_savepoint")
    def _rollback_savepoint(connection: Connection, *_: Any) -> None:
        _forget(connection)

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        if not connection.invalidated:
            _forget(connection)
            with suppress(DBAPIError):  # what failed is on its way up already
                wait(connection)


def _ahead(connection: Connection) -> _Ahead | None:
    """What is sent ahead on this connection; None where its engine waits for every answer."""
    info = connection.info
    if AHEAD not in info:
        return None
    if info[AHEAD] is None:
        with _ToldAsCore(connection):
            info[AHEAD] = _Ahead(connection.connection.dbapi_connection, info[CURSORS])
    found: _Ahead = info[AHEAD]
    return found


def _say(connection: Connection, sql: str) -> None:
    ahead = _ahead(connection)
    if ahead is not None:
        with _ToldAsCore(connection):
            ahead.say(sql)


def _forget(connection: Connection) -> None:
    ahead: _Ahead | None = connection.info.get(AHEAD)
    if ahead is not None:
        ahead.forget()


def wait(connection: Connection) -> None:
    """Waits for the answers to all that was sent; raises the first error among them.

    Whoever means to go on after an error of a write waits within its savepoint: released, it could not be gone back to.
    """
    ahead: _Ahead | None = connection.info.get(AHEAD)
    if ahead is not None:
        connection.info[AHEAD] = None
        with _ToldAsCore(connection):
            ahead.end()


class _ToldAsCore:
    """What the driver raises within it is raised as SQLAlchemy raises it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        if error is not None and isinstance(error, self._connection.dialect.loaded_dbapi.Error):
            raise _as_core(self._connection, error) from error
        return False


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
