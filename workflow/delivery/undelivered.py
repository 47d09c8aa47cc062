"""A message that cannot be delivered: the next tier is told at once in the inbox, and the case's evidence says so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, select

from scheduler.calendars import local_date
from scheduler.dues import Due
from scheduler.ladder import timetable
from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow import audit, outbox, repository
from workflow.access import may_be_told
from workflow.accounts import USERS
from workflow.alert_tables import ChannelName, MessageStatus
from workflow.engine import Engine
from workflow.models import EntryKind
from workflow.outbox import MESSAGES, Draft
from workflow.recipients import Directory
from workflow.repository import DEADLINES

log = structlog.get_logger(__name__)

LAST_RESORT = (Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR, Role.ADMINISTRATOR)


def give_up(engine: Engine, row: Mapping[str, Any], reason: str, now: datetime, node: str) -> None:
    """Marks a message failed and tells somebody else, in one transaction. Does nothing if it was dropped meanwhile.

    They are told in the inbox only: a second message through a channel that is down would fail as well.
    """
    with engine.database.write() as connection:
        case = repository.case_row(connection, row["case_id"], lock=True) if row["case_id"] is not None else None
        if not _mark(connection, row, reason):
            return
        directory = Directory(connection, local_date(now))
        if case is None:
            told = _without_case(connection, directory, row)
            audit.append_system(connection, _said(row, told, reason, now, node))
        else:
            deadline = _deadline(connection, row)
            tiers = _tiers_above(engine, connection, case, deadline, row["params"].get("level")) if deadline else []
            told = _next_tier(directory, case, tiers, row["recipient"])
            told = may_be_told(connection, directory, case, told, now)
            _evidence(connection, case, deadline, _said(row, told, reason, now, node))
            _look_again(connection, row, now)
        outbox.queue(connection, [_draft(row, username) for username in told], now)
    if not told:
        log.error("undelivered_told_nobody", case_id=row["case_id"], number=row["number"])


def _mark(connection: Connection, row: Mapping[str, Any], reason: str) -> bool:
    queued = (MESSAGES.c.key == row["key"]) & (MESSAGES.c.status == MessageStatus.QUEUED)
    values = {"status": MessageStatus.FAILED, "last_error": reason}
    return connection.execute(MESSAGES.update().where(queued).values(**values)).rowcount > 0


def _deadline(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any] | None:
    this = (DEADLINES.c.case_id == row["case_id"]) & (DEADLINES.c.number == row["number"])
    found = connection.execute(select(DEADLINES).where(this)).mappings().first()
    return dict(found) if found else None


def _next_tier(
    directory: Directory, case: Mapping[str, Any], tiers: Sequence[Sequence[Role]], recipient: str
) -> list[str]:
    """The people of the next step of the ladder that has any but the recipient, and the team's manager."""
    resort = [(role,) for role in LAST_RESORT]
    told: list[str] = []
    for roles in (*tiers, *resort):
        told = [one for one in _people(directory, case, roles) if one != recipient]
        if told:
            break
    manager = directory.manager_of(case["team"])
    extra = [manager] if manager is not None and manager != recipient else []
    return list(dict.fromkeys([*told, *extra])) or ([recipient] if manager == recipient else [])


def _tiers_above(
    engine: Engine,
    connection: Connection,
    case: Mapping[str, Any],
    deadline: Mapping[str, Any],
    level: str | None,
) -> list[Sequence[Role]]:
    """Who comes next on the ladder, step by step; after a warning all its steps, after the last step that one."""
    policy = engine.policies.by_digest(connection, case["policy"])
    limit = policy.limit(case["lifecycle"], deadline["clock"])
    due = Due(deadline["due_at"], deadline["due_on"], deadline["amber_at"], (), list)
    steps = [rung for rung in timetable(policy.ladder(limit), limit, due, engine.calendar) if rung.step is not None]
    levels = [rung.level for rung in steps]
    above = steps[levels.index(level) + 1 :] if level in levels else steps
    return [rung.who for rung in above or steps[-1:]]


def _people(directory: Directory, case: Mapping[str, Any], roles: Sequence[Role]) -> list[str]:
    record = LIFECYCLES[case["lifecycle"]].record
    told, _ = directory.for_roles(
        roles, owner=case["owner"], team=case["team"], authority=case["authority"], record=record
    )
    return told


def _without_case(connection: Connection, directory: Directory, row: Mapping[str, Any]) -> list[str]:
    """For a message about no case: the manager of its recipient's team, else those who run the service."""
    team = connection.execute(select(USERS.c.team).where(USERS.c.username == row["recipient"])).scalar()
    manager = directory.manager_of(team) if team is not None else None
    if manager is not None and manager != row["recipient"]:
        return [manager]
    runs_it = select(USERS.c.username).where(USERS.c.role == Role.ADMINISTRATOR, USERS.c.active)
    return list(connection.execute(runs_it.order_by(USERS.c.username)).scalars())


def _draft(row: Mapping[str, Any], username: str) -> Draft:
    about = {name: row["params"].get(name) for name in ("case", "deadline", "level", "due_on")}
    return Draft(
        key=f"undelivered/{row['key']}/{username}/{ChannelName.INBOX}",
        recipient=username,
        channel=ChannelName.INBOX,
        template="undelivered",
        params={**about, "channel": row["channel"], "account": row["recipient"]},  # shown in the inbox, never sent out
        case_id=row["case_id"],
        number=row["number"],
        urgent=True,
    )


def _said(row: Mapping[str, Any], told: Sequence[str], reason: str, now: datetime, node: str) -> dict[str, Any]:
    return {
        "kind": EntryKind.SYSTEM if row["case_id"] is None else EntryKind.ALERTED,
        "trigger": "undelivered",
        "authority": "",
        "occurred_at": now,
        "recorded_at": now,
        "actor": "system",
        "actor_role": Role.SYSTEM,
        "actor_team": "",
        "trace": {
            "undelivered": row["key"],
            "deadline": row["number"],
            "level": row["params"].get("level"),
            "channel": row["channel"],
            "attempts": row["attempts"],
            "reason": reason,
            "told": list(told),
        },
        "source": "scheduler",
        "request_id": node,
    }


def _evidence(
    connection: Connection, case: Mapping[str, Any], deadline: Mapping[str, Any] | None, said: dict[str, Any]
) -> None:
    """One more entry on the chain of the case; its state does not change."""
    if deadline is not None:
        said["trace"]["clock"] = deadline["clock"]
    same = ("version", "lifecycle", "lifecycle_version", "policy", "owner", "team", "edd")
    entry = {
        **dict.fromkeys(audit.HASHED),
        "facts": {},
        "clocks": [],
        "approvals": [],
        "overridden": False,
        **said,
        **{name: case[name] for name in same},
        "case_id": case["id"],
        "seq": case["seq"] + 1,
        "from_state": case["state"],
        "to_state": case["state"],
        "authority": case["authority"],
        "actor_team": case["team"],
    }
    head = audit.append(connection, entry, {}, case["head"])
    repository.change_case(connection, case["id"], {"seq": entry["seq"], "head": head})


def _look_again(connection: Connection, row: Mapping[str, Any], now: datetime) -> None:
    """The sweep looks at the deadline at once; one that was acknowledged stays quiet for the time agreed."""
    this = (DEADLINES.c.case_id == row["case_id"]) & (DEADLINES.c.number == row["number"])
    waiting = DEADLINES.c.closed_at.is_(None) & DEADLINES.c.quiet_until.is_(None)
    connection.execute(DEADLINES.update().where(this & waiting).values(next_action_at=now))
