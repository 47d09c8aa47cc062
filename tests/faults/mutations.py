"""Protections of the service, each taken away by name, so that tests can show that they would notice.

A node under test is made with one of them gone (`World.mutation`); the service itself knows nothing of this.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from scheduler import failpoints
from workflow import alerting, database, engine, repository
from workflow.alert_tables import MessageStatus
from workflow.delivery import due_messages
from workflow.imports import loading
from workflow.outbox import MESSAGES
from workflow.repository import DEADLINES
from workflow.serving.time_limit import TimeLimit


@dataclass(frozen=True, slots=True)
class Mutation:
    """`make` takes a protection away from this process; `scenario` and `finds` say what notices, and how."""

    make: Callable[[], None]
    scenario: str
    finds: frozenset[str]
    backend: str = "postgresql"


def put(owner: Any, name: str, new: Any) -> Any:
    """Replaces what must be there; returns what was."""
    old = getattr(owner, name)
    setattr(owner, name, new)
    return old


def commit_now(connection: Connection) -> None:
    """Ends the transaction in the middle and begins another."""
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")


def key_is_not_looked_up() -> None:
    put(engine.Engine, "_answered", lambda *_: None)


def messages_have_a_transaction_of_their_own() -> None:
    def apart(firing: Any, entry: Any) -> None:
        with firing.connection.engine.begin() as own:
            notify(replace(firing, connection=own), entry)

    notify = put(engine, "notify", apart)


def move_is_committed_in_two_parts() -> None:
    def in_parts(firing: Any, *rest: Any) -> Any:
        entry = record(firing, *rest)
        commit_now(firing.connection)
        failpoints.reach("commit")
        return entry

    record = put(engine, "record_move", in_parts)


def version_is_not_checked() -> None:
    put(engine.Engine, "_check_version", staticmethod(lambda *_: None))


def case_is_not_locked() -> None:
    put(repository, "_LOCKED", repository._CASE)


def failed_commit_is_taken_for_done() -> None:
    @contextmanager
    def careless(self: Any) -> Iterator[Any]:
        with self.writer.connect() as connection:
            yield connection
            try:
                failpoints.reach("commit")
                connection.commit()
            except Exception:
                connection.rollback()

    put(database.Database, "write", careless)


def lost_connection_is_called_a_conflict() -> None:
    @contextmanager
    def as_it_comes(_: Any) -> Iterator[None]:
        yield

    put(database, "_told_plainly", as_it_comes)


def conflict_is_not_tried_again() -> None:
    put(engine, "ATTEMPTS", 1)


def deadline_moves_on_before_its_alert() -> None:
    def in_parts(self: Any, connection: Connection, now: Any) -> None:
        connection.execute(alerting._MOVE_ON, self.deadlines)
        commit_now(connection)
        write(self, connection, now)

    write = put(alerting._Batch, "write", in_parts)


def only_what_came_due_today_is_looked_at() -> None:
    perform = alerting.DueDeadlines.perform

    def windowed(self: Any, now: Any, most: int) -> int:
        old = alerting._DUE
        alerting._DUE = old.where(DEADLINES.c.next_action_at > now - timedelta(days=1))
        try:
            return perform(self, now, most)
        finally:
            alerting._DUE = old

    put(alerting.DueDeadlines, "perform", windowed)


def message_is_marked_before_it_is_sent() -> None:
    def marked(self: Any, *rest: Any) -> Any:
        claimed, count = claim(self, *rest)
        with self.engine.database.write() as connection:
            keys = [row["key"] for row in claimed]
            connection.execute(MESSAGES.update().where(MESSAGES.c.key.in_(keys)).values(status=MessageStatus.SENT))
        return claimed, count

    def sent(self: Any, row: Any, now: Any) -> None:
        with self.engine.database.read() as connection:
            address = due_messages._address(connection, row)
        self._send(row, address, now)

    claim = put(due_messages.DueMessages, "_claim", marked)
    put(due_messages.DueMessages, "_try", sent)


def each_try_has_another_key() -> None:
    hand_over = due_messages.DueMessages._hand_over

    def renamed(self: Any, channel: Any, message: Any) -> None:
        hand_over(self, channel, replace(message, key=uuid.uuid4().hex))

    put(due_messages.DueMessages, "_hand_over", renamed)


def message_is_given_up_after_three_tries() -> None:
    put(due_messages, "MOST_ATTEMPTS", 3)


def lease_is_shorter_than_clocks_differ() -> None:
    put(due_messages, "LEASE", timedelta(seconds=0))


def request_has_no_time_limit() -> None:
    async def unlimited(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    put(TimeLimit, "__call__", unlimited)


def import_is_committed_in_parts() -> None:
    class Parts:
        """Stands where the loader of a file reaches its failpoint."""

        @staticmethod
        def reach(name: str) -> None:
            commit_now(Parts.connection)
            failpoints.reach(name)

        connection: Any = None

    def held(connection: Connection, *rest: Any) -> Any:
        Parts.connection = connection
        return hold(connection, *rest)

    hold = put(loading, "hold", held)
    put(loading, "failpoints", Parts)


def nothing() -> None:
    """What is taken away is a setting of the database server, by the scenario itself."""


def _by(scenario: str, *finds: str, backend: str = "postgresql") -> Callable[[Callable[[], None]], Mutation]:
    return lambda make: Mutation(make, scenario, frozenset(finds), backend)


MUTATIONS: dict[str, Mutation] = {
    one.make.__name__: one
    for one in (
        _by("web killed", "half", backend="sqlite")(move_is_committed_in_two_parts),
        _by("web killed", "half")(messages_have_a_transaction_of_their_own),
        _by("commit cut", "refused and there")(key_is_not_looked_up),
        _by("sessions ended", "wrong answer")(lost_connection_is_called_a_conflict),
        _by("two at once", "overtaken", "lost update")(version_is_not_checked),
        _by("the same opening twice at once", "refused and there")(conflict_is_not_tried_again),
        _by("disk full", "lost", backend="sqlite")(failed_commit_is_taken_for_done),
        _by("node killed", "missing alert", "half alert", backend="sqlite")(deadline_moves_on_before_its_alert),
        _by("node killed", "lost message", backend="sqlite")(message_is_marked_before_it_is_sent),
        _by("node killed", "stranger", backend="sqlite")(each_try_has_another_key),
        _by("clock steps", "missing alert", backend="sqlite")(only_what_came_due_today_is_looked_at),
        _by("clocks apart", "sent twice")(lease_is_shorter_than_clocks_differ),
        _by("post closed for a day", "lost message", backend="sqlite")(message_is_given_up_after_three_tries),
        _by("slow disk", "too slow", backend="sqlite")(request_has_no_time_limit),
        _by("import killed", "half import", backend="sqlite")(import_is_committed_in_parts),
    )
}
