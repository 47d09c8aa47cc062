"""One run of a command: the service opened, the time read once, and an id that ties its evidence together."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflow.accounts import Actor, Operator
    from workflow.acts import Way
    from workflow.bootstrap import Service
    from workflow.database import Database
    from workflow.looking import Looking
    from workflow.moves import Moved


def clock() -> datetime:
    """The only place where the command line looks at a clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Session:
    """The service, the moment, and the id of this run."""

    service: "Service"
    now: datetime
    request_id: str

    def actor(self, acting_as: str | None) -> "Actor":
        return self.service.actor(self.now, acting_as)

    def looking(self, actor: "Actor") -> "Looking":
        """What this account sees; every look is noted."""
        from workflow.looking import Looking

        return Looking(service=self.service, actor=actor, now=self.now, source="cli", request_id=self.request_id)

    def operator(self) -> "Operator":
        """Whoever runs the system at this console: no account of Waymark's, so their operating-system account."""
        from workflow.accounts import Operator

        return Operator(name=f"os:{_login()}", now=self.now, request_id=self.request_id)

    def way(self, key: str | None = None) -> "Way":
        """How an act came in: by the command line, in this run."""
        from workflow.acts import Way

        return Way(key=key, source="cli", request_id=self.request_id)

    def fire(self, actor: "Actor", **said: Any) -> "Moved":
        from workflow.moves import Move

        move = Move(**said, source="cli", request_id=self.request_id)
        return self.service.engine.fire(move, actor, self.now)


@contextmanager
def opened() -> Iterator[Session]:
    """The service on its database, which must stand at this version's schema."""
    from config.settings import Settings
    from workflow.bootstrap import open_service

    with _setting_told():
        service = open_service(Settings(), ready=False)
    try:
        with _setting_told():
            service.database.require_current()
        _arm_failpoints(service)
        with service.database.read() as connection:
            service.require_own(connection)
            service.engine.refresh_calendar(connection)
        yield Session(service, clock(), secrets.token_hex(4))
    finally:
        service.close()


def _arm_failpoints(service: "Service") -> None:
    """NotReady where a process is to fail on purpose and the database does not say that tests of faults made it."""
    if service.settings.failpoints is None:
        return
    from scheduler import failpoints
    from workflow.errors import NotReady

    with service.database.read() as connection:
        if not service.is_for_faults(connection):
            raise NotReady(
                "WAYMARK_FAILPOINTS makes a process fail on purpose, and this database is no test's: unset it"
            )
    try:
        failpoints.arm(service.settings.failpoints)
    except ValueError as error:
        raise NotReady(f"WAYMARK_FAILPOINTS: {error}") from None


@contextmanager
def opened_database() -> Iterator["Database"]:
    """The database alone, whatever its schema."""
    from config.settings import Settings
    from workflow.database import Database

    with _setting_told():
        database = Database(Settings().database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _setting_told() -> Iterator[None]:
    """Turns what a wrong WAYMARK_DATABASE_URL leads to into a sentence that names the setting."""
    from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

    from workflow.errors import NotReady

    try:
        yield
    except (ArgumentError, NoSuchModuleError):
        raise NotReady(
            "WAYMARK_DATABASE_URL is not the address of a SQLite or PostgreSQL database, "
            "such as sqlite:///var/waymark.db or postgresql://host/waymark"
        ) from None
    except ModuleNotFoundError as error:
        raise NotReady(f"the driver {error.name} is missing: install waymark with its extra `postgres`") from None
    except OSError as error:
        raise NotReady(f"the folder of the database cannot be used: {error.strerror}: {error.filename}") from None
    except DatabaseError as error:
        raise NotReady(f"WAYMARK_DATABASE_URL names no usable database: {str(error.orig).splitlines()[0]}") from None


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unknown"
