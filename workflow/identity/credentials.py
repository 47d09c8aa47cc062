"""What an account proves itself with, as it is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from workflow.accounts import USERS
from workflow.identity_tables import Credential
from workflow.tables import table

CREDENTIALS = table(Credential)


def find(connection: Connection, username: str) -> RowMapping | None:
    """The credentials of an active account; None where there is no such account, or it never had any."""
    query = (
        select(CREDENTIALS)
        .join(USERS, USERS.c.username == CREDENTIALS.c.username)
        .where(CREDENTIALS.c.username == username, USERS.c.active)
    )
    return connection.execute(query).mappings().first()


def set_password(connection: Connection, username: str, kept: str, now: datetime) -> None:
    """Makes this hash the account's; its second factor stays."""
    store(connection, username, {"password_hash": kept, "password_set_at": now})


def store(connection: Connection, username: str, values: dict[str, Any]) -> None:
    found = connection.execute(CREDENTIALS.update().where(CREDENTIALS.c.username == username).values(values))
    if found.rowcount == 0:
        connection.execute(CREDENTIALS.insert(), {"username": username, **values})
