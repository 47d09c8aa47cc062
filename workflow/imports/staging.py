"""Checked rows wait in tables of their own, written in short transactions, so that a large file holds up nobody."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import IO, Any

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from workflow.accounts import Actor
from workflow.database import Database
from workflow.errors import Conflict
from workflow.imports.checking import Arrival
from workflow.models import ImportBatch, ImportRow
from workflow.tables import table

BATCHES, ROWS = table(ImportBatch), table(ImportRow)
AT_A_TIME = 300  # rows to a transaction: a few milliseconds
FORGOTTEN_AFTER = timedelta(days=1)  # personal content does not wait longer than this for a run that died


def spool(arrivals: Iterable[Arrival], file: IO[str]) -> None:
    """Keeps checked rows aside until the whole file is known to be good."""
    for arrival in arrivals:
        file.write(json.dumps(arrival.to_json(), ensure_ascii=False, separators=(",", ":")) + "\n")


def spooled(file: IO[str]) -> Iterator[Arrival]:
    file.seek(0)
    for line in file:
        yield Arrival(**json.loads(line))


def clear_leftovers(database: Database, authority: str, now: datetime) -> None:
    """Removes what an import of this authority left behind when it was killed, and of any other after a day."""
    old = or_(BATCHES.c.authority == authority, BATCHES.c.started_at < now - FORGOTTEN_AFTER)
    with database.read() as connection:
        left = list(connection.execute(select(BATCHES.c.id).where(old)).scalars())
    for batch in left:
        remove(database, batch)


def remove(database: Database, batch: str) -> None:
    """Removes a batch and its rows."""
    with database.write() as connection:
        remove_in(connection, batch)


def remove_in(connection: Connection, batch: str) -> None:
    connection.execute(ROWS.delete().where(ROWS.c.batch == batch))
    connection.execute(BATCHES.delete().where(BATCHES.c.id == batch))


def stage(database: Database, batch: str, arrivals: Iterator[Arrival], actor: Actor, now: datetime) -> Iterator[int]:
    """Writes rows to wait for loading, a few hundred to a transaction; yields how many wait so far."""
    with database.write() as connection:
        row = {"id": batch, "authority": actor.authority, "actor": actor.username, "started_at": now}
        connection.execute(BATCHES.insert(), row)
    done = 0
    while rows := [_row(batch, arrival) for arrival in islice(arrivals, AT_A_TIME)]:
        try:
            with database.write() as connection:
                connection.execute(ROWS.insert(), rows)
        except IntegrityError as error:
            raise taken_over() from error
        done += len(rows)
        yield done


def _row(batch: str, arrival: Arrival) -> dict[str, Any]:
    return {
        "batch": batch,
        "rank": arrival.rank,
        "line": arrival.line,
        "source_reference": arrival.source_reference,
        "content": arrival.to_json(),
    }


def hold(connection: Connection, batch: str, rows: int) -> None:
    """Makes sure that a batch is whole and stays so until the transaction ends; Conflict where it is not."""
    query = select(BATCHES.c.id).where(BATCHES.c.id == batch).with_for_update()
    found = connection.execute(query).first()
    count = connection.execute(select(func.count()).select_from(ROWS).where(ROWS.c.batch == batch)).scalar_one()
    if found is None or count != rows:
        raise taken_over()


def taken_over() -> Conflict:
    return Conflict("another import for this authority was started meanwhile: nothing was imported by this one")


def staged(connection: Connection, batch: str) -> Iterator[list[Arrival]]:
    """The rows of a batch in the order of loading, a few hundred at a time."""
    rank, line = -1, -1
    while True:
        after = or_(ROWS.c.rank > rank, and_(ROWS.c.rank == rank, ROWS.c.line > line))
        query = select(ROWS).where((ROWS.c.batch == batch) & after).order_by(ROWS.c.rank, ROWS.c.line).limit(AT_A_TIME)
        rows = connection.execute(query).all()
        if not rows:
            return
        rank, line = rows[-1].rank, rows[-1].line
        yield [Arrival(**row.content) for row in rows]
