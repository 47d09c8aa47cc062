"""An installation that serves one authority: none of another opens a case there or lends its database."""

import pytest

from config.settings import Settings
from workflow.bootstrap import open_service
from workflow.database import Database
from workflow.errors import NotFound, NotReady

from factories import NOW, add_people


def test_no_case_of_an_authority_that_is_not_named_is_opened(sqlite_url: str) -> None:
    service = open_service(Settings(database_url=sqlite_url, authorities=("durham",)))
    assert service.policies.authorities() == ["durham"]
    with pytest.raises(NotFound, match="no policy for authority 'birmingham'; there are: durham"):
        service.policies.current("birmingham", NOW.date())
    service.close()


def test_the_database_of_another_authority_is_refused(sqlite_url: str) -> None:
    add_people(Database(sqlite_url), authority="birmingham")
    service = open_service(Settings(database_url=sqlite_url, authorities=("durham",)))
    with service.database.read() as connection, pytest.raises(NotReady, match="also that of birmingham"):
        service.require_own(connection)
    service.close()


def test_an_authority_without_a_policy_is_named(sqlite_url: str) -> None:
    with pytest.raises(NotReady, match="WAYMARK_AUTHORITIES names atlantis, and there are policies of: birmingham"):
        open_service(Settings(database_url=sqlite_url, authorities=("durham", "atlantis")))
