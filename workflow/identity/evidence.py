"""What is done to an account's keys is evidence: by itself, by an administrator, or by the service that locks it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from states.roles import Role
from workflow import audit
from workflow.accounts import TEAMS, USERS, Operator, record_change
from workflow.acts import Way
from workflow.errors import NotFound
from workflow.models import EntryKind


def record(
    connection: Connection,
    trigger: str,
    username: str,
    now: datetime,
    *,
    facts: Mapping[str, Any] | None = None,
    by: Operator | None = None,
    way: Way | None = None,
) -> None:
    """One entry on the chain of what belongs to no case. Without `by` the account did it to itself.

    Facts hold ids and counts: never a password, a code, a cookie, an address, or words that people typed.
    """
    row = connection.execute(
        select(USERS.c.role, USERS.c.team, TEAMS.c.authority)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(USERS.c.username == username)
    ).first()
    if row is None:
        raise NotFound(f"there is no account {username[:60]!r} (see `waymark user list`)")
    held = {"username": username, **(facts or {})}
    if by is not None:
        record_change(connection, by, trigger, row.authority, held)
        return
    actor = {"actor": username, "actor_role": row.role, "actor_team": row.team, "authority": row.authority}
    audit.append_system(connection, {**_said(trigger, now, held, way), **actor})


def record_locked(connection: Connection, username: str | None, now: datetime, facts: Mapping[str, Any]) -> None:
    """That signing in must wait. A name without an account is recorded too, but not the name: it may be a password."""
    row = connection.execute(
        select(TEAMS.c.authority).join(USERS, TEAMS.c.code == USERS.c.team).where(USERS.c.username == (username or ""))
    ).first()
    held = {**facts, **({"username": username} if row else {"known": False})}
    actor = {"actor": "system", "actor_role": Role.SYSTEM, "actor_team": "", "authority": row.authority if row else ""}
    audit.append_system(connection, {**_said("sign_in_locked", now, held, None), **actor})


def _said(trigger: str, now: datetime, facts: Mapping[str, Any], way: Way | None) -> dict[str, Any]:
    came = way or Way()
    return {
        "kind": EntryKind.SYSTEM,
        "trigger": trigger,
        "occurred_at": now,
        "recorded_at": now,
        "facts": dict(facts),
        "source": came.source,
        "request_id": came.request_id,
    }
