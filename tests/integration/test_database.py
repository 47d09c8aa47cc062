"""Connections of a process: those opened in a busy moment are there for the next one."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import event, text

from workflow.database import Database

AT_ONCE = 12  # more than SQLAlchemy would keep


def test_a_second_busy_moment_opens_no_connection_anew(database: Database) -> None:
    opened: list[object] = []
    event.listen(database.reader, "connect", lambda driver, _: opened.append(driver))
    together = threading.Barrier(AT_ONCE)

    def look(_: int) -> None:
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
            together.wait(timeout=20)

    with ThreadPoolExecutor(AT_ONCE) as people:
        for _ in range(2):
            list(people.map(look, range(AT_ONCE)))
    assert len(opened) == AT_ONCE
