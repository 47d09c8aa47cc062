"""The plain tables behind the models, for queries that run on every move."""

from sqlalchemy import Table
from sqlmodel import SQLModel


def table(model: type[SQLModel]) -> Table:
    """The table of a model; typed, where the attribute is not."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found
