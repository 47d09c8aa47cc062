"""The floor over HTTP: FastAPI and SQLAlchemy on the same tables, without accounts, rules or evidence."""

from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy import ColumnElement, Connection, bindparam, select

from bench.floor import TABLES, add_cases, move_once, renamed, statements_of
from workflow.columns import instant_text
from workflow.database import Database
from workflow.repository import CASES, DEADLINES, ENTRIES

SHOWN = ("id", "lifecycle", "state", "owner", "team", "restricted", "state_since", "version", "urgent_at")
LIST = (
    select(
        *(CASES.c[name] for name in SHOWN),
        *(DEADLINES.c[name] for name in ("number", "clock", "due_at", "due_on", "status")),
    )
    .outerjoin(DEADLINES, (DEADLINES.c.case_id == CASES.c.id) & (DEADLINES.c.number == CASES.c.urgent_deadline))
    .order_by(CASES.c.urgent_at, CASES.c.id)
)


def floor_app(database: Database, cases: int) -> FastAPI:
    """An application with a list, one case and one move, on Waymark's tables; moves are on tables of their own."""
    app = FastAPI()
    mover = Mover(database, cases)

    @app.get("/cases")
    def list_cases(by: str, value: str, limit: int = 50) -> Any:
        wanted: ColumnElement[bool] = (CASES.c[by] == value) & (
            CASES.c.final == bindparam("ended", False)
        )  # NOT final finds no index on SQLite
        with database.read() as connection:
            return [dict(row) for row in connection.execute(LIST.where(wanted).limit(limit)).mappings()]

    @app.get("/cases/{number}")
    def show_case(number: int) -> Any:
        with database.read() as connection:
            case = connection.execute(select(CASES).where(CASES.c.id == number)).mappings().one()
            deadlines = connection.execute(select(DEADLINES).where(DEADLINES.c.case_id == number)).mappings()
            entries = connection.execute(select(ENTRIES).where(ENTRIES.c.case_id == number)).mappings()
            return {**case, "deadlines": [dict(row) for row in deadlines], "entries": [dict(row) for row in entries]}

    @app.post("/cases/{number}/moves")
    def take_move(number: int, asked: dict[str, Any], request: Request) -> Any:
        with database.write() as connection:
            version = mover.move(connection, number)
        return {"version": version, "key": request.headers["idempotency-key"], "trigger": asked["trigger"]}

    return app


class Mover:
    """The hand-written move of `bench.floor`, on a connection of SQLAlchemy's pool."""

    def __init__(self, database: Database, cases: int) -> None:
        lite = database.is_sqlite
        self._when: Any = instant_text if lite else _as_it_is
        self._mark = "?" if lite else "%s"
        self._statements = statements_of(self._mark, "" if lite else " FOR UPDATE")
        key, at = ("INTEGER PRIMARY KEY", "TEXT") if lite else ("BIGINT PRIMARY KEY", "TIMESTAMPTZ")
        with database.write() as connection:
            if connection.dialect.has_table(connection, "floor_cases"):
                return  # an earlier process made them
            for statement in renamed(TABLES).format(pk=key, ts=at).split(";")[:-1]:
                connection.exec_driver_sql(statement)
            add_cases(self._run_on(connection), self._statements, self._mark, cases, self._when)

    def move(self, connection: Connection, number: int) -> int:
        return move_once(self._run_on(connection), self._statements, number, self._when)

    @staticmethod
    def _run_on(connection: Connection) -> Any:
        return lambda sql, values=(): connection.exec_driver_sql(renamed(sql), values)


def _as_it_is(at: datetime) -> datetime:
    return at
