"""DBOS: a durable workflow for each move, with one transactional step that writes the rows."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, SQLAlchemyDatasource
from sqlalchemy import text

from bench.peers import floor
from bench.peers.answering import Place, answer_walk
from bench.peers.unit import Refused, check, is_sqlite, link, sqlalchemy_engine, written

NAMES = {
    floor.READ: ("case",),
    floor.CASE: ("to", "seq", "hash", "at", "case", "version"),
    floor.ENTRY: ("case", "seq", "at", "who", "state", "to", "move", "head", "hash"),
    floor.MEET: ("at", "case"),
    floor.OPEN: ("case", "due", "at"),
}


def session(place: Place) -> Any:
    lite = is_sqlite(place.url)
    address = place.url if lite else place.url.replace("postgresql://", "postgresql+psycopg://", 1)
    config: dict[str, Any] = {"name": "bench", "log_level": "ERROR", "executor_id": "local", "application_version": "1"}
    if lite:
        config |= {
            "system_database_url": address,
            "system_database_engine": sqlalchemy_engine(place.url, driver_begins=True),
        }
        source = SQLAlchemyDatasource.create(address, engine=sqlalchemy_engine(place.url, driver_begins=True))
    else:
        config["system_database_url"] = place.url
        source = SQLAlchemyDatasource.create(address)
    DBOS(config=config)
    read, case_, entry, meet, open_ = (_named(sql, "" if lite or sql != floor.READ else " FOR UPDATE") for sql in NAMES)

    @source.transaction(name="write", isolation_level="SERIALIZABLE" if lite else "READ COMMITTED")
    def write(case: int, move: str, who: str, role: str) -> str:
        run = source.sql_session().execute
        state, needs, version, seq, head = run(read, {"case": case}).one()
        to, days = check(move, state, role, needs)
        now = datetime.now(UTC)
        at: Any = written(now) if lite else now
        due: Any = written(now + timedelta(days=days)) if lite else now + timedelta(days=days)
        digest = link(head, case, seq + 1, written(now), who, state, to, move)
        values = {"case": case, "to": to, "seq": seq + 1, "hash": digest, "at": at, "version": version, "who": who}
        values |= {"state": state, "move": move, "head": head, "due": due}
        if run(case_, values).rowcount != 1:
            raise Refused("somebody else was faster")
        for statement in (entry, meet, open_):
            run(statement, values)
        return to

    @DBOS.workflow()
    def advance(case: int, move: str, who: str, role: str) -> str:
        return str(write(case, move, who, role))

    DBOS.launch()
    return advance


def _named(sql: str, lock: str) -> Any:
    """A statement of the floor with names for its values."""
    for name in NAMES[sql]:
        sql = sql.replace("?", f":{name}", 1)
    return text(sql + lock)


if __name__ == "__main__":
    if sys.argv[3] != "1":
        raise SystemExit("one thread only: DBOS is one object a process")
    answer_walk(session, ("dbos", "sqlalchemy", "psycopg"))
