"""The composition root: settings become a database, policies, a calendar and an engine that agree with each other."""

import gc
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from config.policy import Policy, check_policy, load_versions
from config.settings import Settings
from scheduler.calendars import Override, WorkingCalendar
from states.catalogue import LIFECYCLES
from workflow.accounts import TEAMS, Actor, find_actor
from workflow.database import Database
from workflow.engine import Engine
from workflow.errors import NotAllowed, NotReady
from workflow.identity import tokens
from workflow.looks import LookLog
from workflow.models import Installation, TokenScope
from workflow.policies import Policies
from workflow.tables import table

INSTALLATION = table(Installation)
DEMO_MANAGER = "demo.manager"
KEY = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Service:
    """Everything an entry point needs."""

    settings: Settings
    database: Database
    policies: Policies
    engine: Engine

    @cached_property
    def looks(self) -> LookLog:
        """Where every look at the record is noted."""
        return LookLog(self.database)

    def close(self) -> None:
        """Writes what waits to be written, and lets the database go."""
        self.looks.flush()
        self.database.close()

    def is_demo(self, connection: Connection) -> bool:
        """Whether this database was made by `waymark demo`."""
        return self._kind(connection) == "demo"

    def is_for_faults(self, connection: Connection) -> bool:
        """Whether tests of faults made this database; no command of Waymark does."""
        return self._kind(connection) == "faults"

    @staticmethod
    def _kind(connection: Connection) -> str | None:
        kind: str | None = connection.execute(
            select(INSTALLATION.c.value).where(INSTALLATION.c.name == "kind")
        ).scalar()
        return kind

    def actor(self, now: datetime, acting_as: str | None = None) -> Actor:
        """The account a command acts as: WAYMARK_TOKEN, or on a demo database the one named (else its manager)."""
        with self.database.read() as connection:
            if acting_as is not None or self.settings.token is None:
                if not self.is_demo(connection):
                    raise NotAllowed(
                        "set WAYMARK_TOKEN to a token of your account (`waymark user add` prints one); "
                        "--as works on a demo database only"
                    )
                return find_actor(connection, acting_as or DEMO_MANAGER)
            username, scope = tokens.use(connection, self.settings.token.get_secret_value(), now)
            if scope is not TokenScope.ACT:
                raise NotAllowed(f"WAYMARK_TOKEN has the scope {scope.value}: a command needs one with the scope act")
            return find_actor(connection, username)

    def require_own(self, connection: Connection) -> None:
        """NotReady where this database has teams of an authority that WAYMARK_AUTHORITIES does not name."""
        own = self.settings.authorities
        there = set(connection.execute(select(TEAMS.c.authority).distinct()).scalars()) if own else set()
        if others := sorted(there - set(own)):
            raise NotReady(
                f"this database is also that of {', '.join(others)}, and WAYMARK_AUTHORITIES names {', '.join(own)} "
                "alone: is it the right one?"
            )

    def seal_key(self) -> Ed25519PrivateKey:
        """The key that signs the log: WAYMARK_SEAL_KEY, or on a demo database one that protects nothing."""
        if self.settings.seal_key is not None:
            try:
                return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.settings.seal_key.get_secret_value()))
            except ValueError:
                raise NotReady("WAYMARK_SEAL_KEY must be 64 hexadecimal digits (32 random bytes)") from None
        with self.database.read() as connection:
            if self.is_demo(connection):
                return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"invented data only").digest())
        raise NotReady("set WAYMARK_SEAL_KEY to 64 hexadecimal digits (32 random bytes) to seal the evidence")

    def secret_key(self) -> bytes:
        """The key that encrypts secrets in the database: WAYMARK_SECRET_KEY, or on a demo one that protects nothing."""
        if self.settings.secret_key is not None:
            digits = self.settings.secret_key.get_secret_value()
            if not KEY.fullmatch(digits):
                raise NotReady("WAYMARK_SECRET_KEY must be 64 hexadecimal digits (32 random bytes)")
            return bytes.fromhex(digits)
        with self.database.read() as connection:
            if self.is_demo(connection):
                return hashlib.sha256(b"invented secrets only").digest()
        raise NotReady("set WAYMARK_SECRET_KEY to 64 hexadecimal digits (32 random bytes) to keep second factors")

    def heads_file(self) -> Path | None:
        """Where signed heads go: WAYMARK_HEADS_FILE, or beside a SQLite database."""
        if self.settings.heads_file is not None or not self.database.is_sqlite:
            return self.settings.heads_file
        return Path(f"{self.database.url.database}.heads")


def checked_policies() -> Mapping[str, Sequence[Policy]]:
    """The policies shipped, every version, checked against the lifecycles; NotReady with what to fix."""
    policies = load_versions()
    problems = [says for all_ in policies.values() for policy in all_ for says in check_policy(policy, LIFECYCLES)]
    if problems:
        raise NotReady(problems[0] if len(problems) == 1 else f"{problems[0]} (and {len(problems) - 1} more)")
    return policies


def _own(policies: Mapping[str, Sequence[Policy]], authorities: Sequence[str]) -> Mapping[str, Sequence[Policy]]:
    """Those of the authorities served here: without a policy no case of another can be opened."""
    unknown = sorted(set(authorities) - set(policies) | set(authorities) & {"statutory"})
    if unknown:
        known = ", ".join(sorted(set(policies) - {"statutory"}))
        raise NotReady(f"WAYMARK_AUTHORITIES names {', '.join(unknown)}, and there are policies of: {known}")
    return {name: all_ for name, all_ in policies.items() if not authorities or name in (*authorities, "statutory")}


def open_service(settings: Settings, *, ready: bool = True) -> Service:
    """Joins the parts; with `ready`, the database must stand at this version's schema."""
    loaded = _own(checked_policies(), settings.authorities)
    policies = Policies(loaded)
    database = Database(settings.database_url)
    if ready:
        try:
            database.require_current()
        except BaseException:
            database.close()
            raise
    service = Service(settings, database, policies, Engine(database, policies, england(loaded["statutory"][-1])))
    if ready:
        with database.read() as connection:
            service.engine.refresh_calendar(connection)
    return service


def england(base: Policy) -> WorkingCalendar:
    """England's working days, with the overrides the base policy records."""
    overrides = tuple(Override(one.day, one.action, one.reason) for one in base.calendar.overrides)
    return WorkingCalendar(overrides=overrides, verified_to=base.calendar.verified_to, version=base.version)


def let_rest() -> None:
    """Spares what was built to last, lifecycles and routes and policies, from every later collection of garbage.

    A full collection looks through all there is: a third of a second, now and then, in the midst of somebody's page.
    """
    gc.collect()
    gc.freeze()
