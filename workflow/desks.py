"""What a person left on their desk: drafts of forms, saved views, and the moment up to which they have seen changes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from workflow.desk_tables import Draft, LastLook, SavedView
from workflow.errors import BadInput
from workflow.tables import table

DRAFTS, VIEWS, LAST_LOOKS = table(Draft), table(SavedView), table(LastLook)
KEPT = timedelta(days=30)  # for a draft nobody came back to: it may hold what belongs in no record
MOST_VIEWS = 20


def keep_draft(connection: Connection, username: str, about: str, typed: Any, now: datetime) -> None:
    """Keeps a form as typed, in the place of what was kept of it before."""
    drop_draft(connection, username, about)
    row = {"username": username, "about": about, "typed": typed, "saved_at": now}
    connection.execute(DRAFTS.insert(), row)


def draft_of(connection: Connection, username: str, about: str) -> dict[str, Any] | None:
    """The form as it was left (`typed`, `saved_at`); None where nothing was."""
    mine = (DRAFTS.c.username == username) & (DRAFTS.c.about == about)
    row = connection.execute(select(DRAFTS.c.typed, DRAFTS.c.saved_at).where(mine)).mappings().first()
    return dict(row) if row else None


def drafts_of(connection: Connection, username: str) -> list[dict[str, Any]]:
    """Every draft of a person, the latest first, without what stands in it."""
    query = select(DRAFTS.c.about, DRAFTS.c.saved_at).where(DRAFTS.c.username == username)
    rows = connection.execute(query.order_by(DRAFTS.c.saved_at.desc(), DRAFTS.c.about))
    return [dict(row) for row in rows.mappings()]


def drop_draft(connection: Connection, username: str, about: str) -> None:
    connection.execute(delete(DRAFTS).where((DRAFTS.c.username == username) & (DRAFTS.c.about == about)))


def forget_old_drafts(connection: Connection, now: datetime) -> int:
    """Removes drafts left for over a month; how many."""
    return connection.execute(delete(DRAFTS).where(DRAFTS.c.saved_at <= now - KEPT)).rowcount


def save_view(connection: Connection, username: str, name: str, query: str, now: datetime) -> None:
    """Keeps the filters of a list under a name; BadInput where there are too many, or no name."""
    name = name.strip()
    if not name or len(name) > 60:
        raise BadInput("a saved view needs a name of up to 60 characters")
    drop_view(connection, username, name)
    if len(views_of(connection, username)) >= MOST_VIEWS:
        raise BadInput(f"there are {MOST_VIEWS} saved views already: remove one first")
    connection.execute(VIEWS.insert(), {"username": username, "name": name, "query": query, "saved_at": now})


def views_of(connection: Connection, username: str) -> list[dict[str, Any]]:
    rows = connection.execute(select(VIEWS.c.name, VIEWS.c.query).where(VIEWS.c.username == username))
    return [dict(row) for row in rows.mappings()]


def drop_view(connection: Connection, username: str, name: str) -> None:
    connection.execute(delete(VIEWS).where((VIEWS.c.username == username) & (VIEWS.c.name == name)))


def last_look(connection: Connection, username: str) -> datetime | None:
    """The moment up to which this person has seen what changed."""
    found: datetime | None = connection.execute(
        select(LAST_LOOKS.c.at).where(LAST_LOOKS.c.username == username)
    ).scalar()
    return found


def seen_up_to(connection: Connection, username: str, at: datetime) -> None:
    connection.execute(delete(LAST_LOOKS).where(LAST_LOOKS.c.username == username))
    connection.execute(LAST_LOOKS.insert(), {"username": username, "at": at})
