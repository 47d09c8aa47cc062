"""Behind a pooler each transaction may run on another server connection: none leaves anything behind on its own."""

from collections import Counter
from typing import Any

import pytest
from journeys.prebirth_journeys import Pregnancy
from sqlalchemy import event, make_url

from workflow import jobs
from workflow.database import Database
from workflow.errors import NotReady

from factories import Desk, add_people

LEFT = {
    "prepared statements": "SELECT count(*) FROM pg_prepared_statements",
    "locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    "settings": "SELECT count(*) FROM pg_settings WHERE source = 'session'",
    "temporary tables": "SELECT (pg_my_temp_schema() <> 0)::int",
    "listening": "SELECT count(*) FROM pg_listening_channels()",
    "cursors": "SELECT count(*) FROM pg_cursors WHERE is_holdable",
}
WHOLE = "SELECT " + ", ".join(f"({query})" for query in LEFT.values())


def left_behind(url: str) -> tuple[Counter[str], Counter[int]]:
    """What a journey and the jobs left on a connection given back, and how many transactions each connection served."""
    database = Database(url)
    left, served = Counter[str](), Counter[int]()

    @event.listens_for(database.writer, "checkin")
    def look(connection: Any, _: Any) -> None:
        served[connection.info.backend_pid] += 1
        found = connection.execute(WHOLE, prepare=False).fetchone()
        connection.rollback()
        for name, count in zip(LEFT, found, strict=True):
            left[name] = max(left[name], count)

    pool: Any = database.writer.pool
    pool._pool.use_lifo = False  # it hands them out in turn, as a pooler does
    for one in [database.writer.connect() for _ in range(3)]:
        one.close()
    add_people(database)
    desk = Desk(database)
    Pregnancy(desk).refer().is_home()
    for name, job in jobs.jobs(desk.service, "a").items():
        if job.daily_at is None and name != "seal":  # it has no key here
            jobs.run(desk.service, name, job, "a", lambda: desk.now)
    desk.service.close()
    return left, served


def test_no_transaction_of_a_journey_or_a_job_leaves_anything_on_its_connection(
    postgresql_server: str, postgresql_url: str
) -> None:
    left, served = left_behind(on(postgresql_server, postgresql_url, pooled="true"))
    assert set(left.values()) == {0}, left
    assert len(served) == 3
    assert min(served.values()) > 10, served  # and none minds which of them it runs on


def test_without_a_pooler_the_driver_prepares_statements_and_nothing_else_is_left(
    postgresql_server: str, postgresql_url: str
) -> None:
    left, _ = left_behind(on(postgresql_server, postgresql_url, pooled="false"))
    assert {name for name, count in left.items() if count} == {"prepared statements"}


def test_whether_an_address_is_a_poolers_is_said_in_one_of_two_words() -> None:
    with pytest.raises(NotReady, match="neither true nor false"):
        Database("postgresql://localhost/waymark?pooled=perhaps")


def on(server: str, url: str, pooled: str) -> str:
    """The same database, asked directly: behind a pooler there is no looking at one connection."""
    address = make_url(server).set(database=make_url(url).database).update_query_dict({"pooled": pooled})
    return address.render_as_string(hide_password=False)
