"""A desk on SQLite alone, for journeys whose rules are the same on every database."""

from collections.abc import Iterator

import pytest

from workflow.database import Database

from factories import Desk, add_people


@pytest.fixture
def small_desk(sqlite_url: str) -> Iterator[Desk]:
    """The same people on SQLite alone."""
    database = Database(sqlite_url)
    add_people(database)
    yield Desk(database)
    database.close()
