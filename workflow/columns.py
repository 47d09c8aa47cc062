"""Column types that close doors: aware instants only, canonical JSON, strict on SQLite and native on PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from sqlalchemy import Boolean, Date, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

T = TypeVar("T")
Process = Callable[[Any], Any]
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no escapes beyond the necessary.

    TypeError for what JSON does not know, such as a date; a value that is no number is written as null.
    """
    return orjson.dumps(value, option=_CANONICAL).decode()


def in_utc(value: datetime) -> datetime:
    """The same instant in UTC. ValueError where it has no offset from UTC."""
    if value.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC; this one has none")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """An instant as UTC text of fixed width, so that text order is time order."""
    return _utc_text(in_utc(value))


@lru_cache(maxsize=1_000)
def _utc_text(value: datetime) -> str:
    """Kept, since a move writes the same few instants in many columns; in UTC, equal ones are the same instant."""
    return value.isoformat(timespec="microseconds")


class Stored(TypeDecorator[T]):
    """How a value is written to a database's driver and read from it; None stays None. A way that is None is as it is.

    `workflow.statements` asks for these ways once for each statement.
    """

    def to_driver(self, dialect: Dialect) -> Process | None:
        return None

    def from_driver(self, dialect: Dialect) -> Process | None:
        return None

    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:
        process = self.to_driver(dialect)
        return value if value is None or process is None else process(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        process = self.from_driver(dialect)
        read: T | None = value if value is None or process is None else process(value)
        return read


def _is_native(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


class Instant(Stored[datetime]):
    """A UTC instant. Refuses a naive one (ValueError); always returns an aware one."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=True) if _is_native(dialect) else Text())

    def to_driver(self, dialect: Dialect) -> Process:
        return in_utc if _is_native(dialect) else instant_text

    def from_driver(self, dialect: Dialect) -> Process:
        return in_utc if _is_native(dialect) else datetime.fromisoformat


class Day(Stored[date]):
    """A legal day in Europe/London."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Date() if _is_native(dialect) else Text())

    def to_driver(self, dialect: Dialect) -> Process | None:
        return None if _is_native(dialect) else date.isoformat

    def from_driver(self, dialect: Dialect) -> Process | None:
        return None if _is_native(dialect) else date.fromisoformat


class Flag(Stored[bool]):
    """Yes or no."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Boolean() if _is_native(dialect) else Integer())

    def to_driver(self, dialect: Dialect) -> Process:
        return bool if _is_native(dialect) else int

    def from_driver(self, dialect: Dialect) -> Process | None:
        return None if _is_native(dialect) else bool


class Json(Stored[Any]):
    """Canonical JSON, kept as text on both databases so that the same value has the same bytes everywhere."""

    impl = Text
    cache_ok = True

    def to_driver(self, dialect: Dialect) -> Process:
        return canonical

    def from_driver(self, dialect: Dialect) -> Process:
        return orjson.loads
