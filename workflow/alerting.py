"""The deadline sweep: claims what is due, tells people, writes the evidence and the next step in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Select, bindparam, select

from config.policy import Policy
from scheduler.calendars import LONDON, local_date
from scheduler.dues import Due
from scheduler.ladder import Next, Rung, next_steps, timetable
from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow import audit, outbox
from workflow.alert_tables import ChannelName
from workflow.database import Database
from workflow.engine import Engine
from workflow.models import EntryKind
from workflow.outbox import ALERTS, Draft
from workflow.recipients import Directory
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES

log = structlog.get_logger(__name__)

ON_TIME = timedelta(minutes=20)  # hour clocks are swept every 15 minutes
OFFICE_HOURS = (time(8, 30), time(17, 30))
LAST_RESORT = (Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR, Role.ADMINISTRATOR)
_DUE: Select[Any] = (
    select(
        DEADLINES,
        CASES.c.lifecycle,
        CASES.c.lifecycle_version,
        CASES.c.authority,
        CASES.c.policy,
        CASES.c.state,
        CASES.c.owner,
        CASES.c.team,
        CASES.c.version,
        CASES.c.seq,
        CASES.c.head,
        CASES.c.edd,
    )
    .join(CASES, CASES.c.id == DEADLINES.c.case_id)
    .where(DEADLINES.c.closed_at.is_(None) & (DEADLINES.c.next_action_at <= bindparam("now")))
    .order_by(DEADLINES.c.next_action_at, DEADLINES.c.case_id, DEADLINES.c.number)
    .limit(bindparam("most"))
    .with_for_update(of=[CASES, DEADLINES], skip_locked=True)
)
_MOVE_HEAD = (
    CASES.update().where(CASES.c.id == bindparam("b_id")).values(seq=bindparam("b_seq"), head=bindparam("b_head"))
)
_MOVE_ON = (
    DEADLINES.update()
    .where((DEADLINES.c.case_id == bindparam("b_case")) & (DEADLINES.c.number == bindparam("b_number")))
    .values(
        next_action_at=bindparam("b_next"),
        cycle=bindparam("b_cycle"),
        told=bindparam("b_told"),
        repeats=bindparam("b_repeats"),
        quiet_until=None,
    )
)


@dataclass(slots=True)
class _Batch:
    """What one transaction of the sweep writes, gathered so that each table is written once."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)
    deadlines: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Draft] = field(default_factory=list)

    def write(self, connection: Connection, now: datetime) -> None:
        if self.entries:
            connection.execute(audit.ENTRIES.insert(), self.entries)
            connection.execute(
                _MOVE_HEAD,
                [{"b_id": case, "b_seq": seq, "b_head": head} for case, (seq, head) in self.heads.items()],
            )
            connection.execute(ALERTS.insert(), self.alerts)
        connection.execute(_MOVE_ON, self.deadlines)
        outbox.queue(connection, self.messages, now)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One transaction of the sweep: what it writes, whom it can tell, and when it is."""

    batch: _Batch
    directory: Directory
    now: datetime


class DueDeadlines:
    """The port of the deadline sweep (scheduler.ports.DueWork) on one database, as one node."""

    def __init__(self, engine: Engine, node: str, previous_sweep: datetime | None = None) -> None:
        self.engine, self.node, self.previous_sweep = engine, node, previous_sweep

    @property
    def database(self) -> Database:
        return self.engine.database

    def perform(self, now: datetime, most: int) -> int:
        """Tells people of up to `most` deadlines that are due for it; returns how many were looked at."""
        with self.database.write() as connection:
            rows = connection.execute(_DUE, {"now": now, "most": most}).mappings().all()
            if not rows:
                return 0
            directory = Directory(connection, local_date(now))
            sweep = _Sweep(_Batch(), directory, now)
            for row in rows:
                policy = self.engine.policies.by_digest(connection, row["policy"])
                self._tell(sweep, dict(row), policy)
            sweep.batch.write(connection, now)
            return len(rows)

    def _tell(self, sweep: _Sweep, row: dict[str, Any], policy: Policy) -> None:
        now = sweep.now
        limit = policy.limit(row["lifecycle"], row["clock"])
        ladder = policy.ladder(limit)
        due = Due(row["due_at"], row["due_on"], row["amber_at"], tuple(filter(None, row["flags"].split(","))), list)
        told = [level for level in row["told"].split(",") if level]
        following = next_steps(ladder, limit, due, self.engine.calendar, now, told=told, repeats=row["repeats"])
        rungs = timetable(ladder, limit, due, self.engine.calendar)
        row["cycle"] += 1 if row["quiet_until"] is not None else 0
        for rung in self._to_tell(row, told, following, rungs):
            self._raise(sweep, row, rung, policy)
            told.append(rung.level)
            if rung.repeat:
                row["repeats"] = rung.repeat
        self._climb_past_nobody(sweep, row, told, rungs, policy)
        sweep.batch.deadlines.append(
            {
                "b_case": row["case_id"],
                "b_number": row["number"],
                "b_next": following.next_action_at,
                "b_cycle": row["cycle"],
                "b_told": ",".join(dict.fromkeys(told)),
                "b_repeats": row["repeats"],
            }
        )

    @staticmethod
    def _to_tell(row: dict[str, Any], told: Sequence[str], following: Next, rungs: Sequence[Rung]) -> list[Rung]:
        """What the ladder asks for now; after a quiet time first a reminder to those told last."""
        reminder = [rung for rung in rungs if rung.level in told][-1:] if row["quiet_until"] is not None else []
        return [*reminder, *(rung for rung in following.now if rung not in reminder)]

    def _climb_past_nobody(
        self, sweep: _Sweep, row: dict[str, Any], told: list[str], rungs: Sequence[Rung], policy: Policy
    ) -> None:
        """A step with nobody to tell moves on at once, up to the last resort."""
        while sweep.batch.alerts and self._was_silent(sweep.batch, row):
            later = [rung for rung in rungs if rung.step is not None and rung.level not in told]
            if not later:
                self._last_resort(sweep, row)
                return
            self._raise(sweep, row, later[0], policy)
            told.append(later[0].level)

    @staticmethod
    def _was_silent(batch: _Batch, row: Mapping[str, Any]) -> bool:
        last = batch.alerts[-1]
        return (last["case_id"], last["number"]) == (row["case_id"], row["number"]) and not last["told"]

    def _last_resort(self, sweep: _Sweep, row: Mapping[str, Any]) -> None:
        for role in LAST_RESORT:
            told, _ = self._people(sweep.directory, row, (role,))
            if told:
                alert = sweep.batch.alerts[-1]
                alert["told"] = told
                sweep.batch.messages += self._messages(row, alert, told, urgent=True)
                return
        log.error("alert_told_nobody", deadline=deadline_name(row["lifecycle"], row["case_id"], row["number"]))

    def _people(
        self, directory: Directory, row: Mapping[str, Any], roles: Sequence[Role]
    ) -> tuple[list[str], list[str]]:
        return directory.for_roles(
            roles,
            owner=row["owner"],
            team=row["team"],
            authority=row["authority"],
            record=LIFECYCLES[row["lifecycle"]].record,
        )

    def _raise(self, sweep: _Sweep, row: dict[str, Any], rung: Rung, policy: Policy) -> None:
        now = sweep.now
        if rung.repeat:
            row["cycle"] += 1
        out_of_hours = rung.step.out_of_hours if rung.step and not in_office_hours(now, self.engine) else ()
        told, nobody = self._people(sweep.directory, row, (*rung.who, *out_of_hours))
        late = max(0, int((now - rung.at).total_seconds()))
        alert = {
            "case_id": row["case_id"],
            "number": row["number"],
            "cycle": row["cycle"],
            "level": rung.level,
            "authority": row["authority"],
            "team": row["team"],
            "due_at": row["due_at"],
            "planned_at": rung.at,
            "raised_at": now,
            "late_seconds": late,
            "cause": self._cause(row, rung, now),
            "node": self.node,
            "told": told,
            "nobody_for": nobody,
            "must_acknowledge": bool(rung.step and rung.step.acknowledge),
            "status": "open",
        }
        sweep.batch.alerts.append(alert)
        urgent = bool(out_of_hours) or is_urgent(policy, row)
        sweep.batch.messages += self._messages(row, alert, told, urgent=urgent)
        self._evidence(sweep.batch, row, alert, now)

    def _cause(self, row: Mapping[str, Any], rung: Rung, now: datetime) -> str:
        """Why an alert came when it did, for the late ledger."""
        if now - rung.at <= ON_TIME:
            return "on time"
        if row["recorded_at"] is not None and row["recorded_at"] > rung.at:
            return "recorded late"
        if self.previous_sweep is None or self.previous_sweep <= rung.at:
            return "outage"
        return "clock step" if self.previous_sweep > now else "backlog"

    def _messages(
        self, row: Mapping[str, Any], alert: Mapping[str, Any], told: Sequence[str], *, urgent: bool
    ) -> list[Draft]:
        name = deadline_name(row["lifecycle"], row["case_id"], row["number"])
        params = {
            "case": reference(row["lifecycle"], row["case_id"]),
            "deadline": name,
            "level": alert["level"],
            "due_on": row["due_on"].isoformat() if row["due_on"] else None,
            "must_acknowledge": alert["must_acknowledge"],
        }
        return [
            Draft(
                key=f"{name}/{alert['cycle']}/{alert['level']}/{username}/{channel}",
                recipient=username,
                channel=channel,
                template="deadline",
                params=params,
                case_id=row["case_id"],
                number=row["number"],
                urgent=urgent,
            )
            for username in told
            for channel in (ChannelName.INBOX,)
        ]

    def _evidence(self, batch: _Batch, row: Mapping[str, Any], alert: Mapping[str, Any], now: datetime) -> None:
        seq, head = batch.heads.get(row["case_id"], (row["seq"], row["head"]))
        entry = {
            **dict.fromkeys(audit.HASHED),
            "case_id": row["case_id"],
            "seq": seq + 1,
            "kind": EntryKind.ALERTED,
            "trigger": "alert",
            "from_state": row["state"],
            "to_state": row["state"],
            "version": row["version"],
            "lifecycle": row["lifecycle"],
            "lifecycle_version": row["lifecycle_version"],
            "authority": row["authority"],
            "policy": row["policy"],
            "occurred_at": now,
            "recorded_at": now,
            "actor": "system",
            "actor_role": Role.SYSTEM,
            "actor_team": row["team"],
            "owner": row["owner"],
            "team": row["team"],
            "facts": {},
            "trace": {
                "deadline": row["number"],
                "clock": row["clock"],
                "cycle": alert["cycle"],
                "level": alert["level"],
                "planned_at": alert["planned_at"].isoformat(),
                "late_seconds": alert["late_seconds"],
                "cause": alert["cause"],
                "told": alert["told"],
                "nobody_for": alert["nobody_for"],
            },
            "clocks": [],
            "approvals": [],
            "edd": row["edd"],
            "overridden": False,
            "source": "scheduler",
            "request_id": self.node,
            "content_digest": audit.NO_CONTENT,
        }
        entry["previous_hash"] = head
        entry["hash"] = audit.entry_hash(entry, head)
        batch.entries.append(entry)
        batch.heads[row["case_id"]] = (seq + 1, entry["hash"])


def in_office_hours(now: datetime, engine: Engine) -> bool:
    """Whether it is a working day between 08:30 and 17:30 in England."""
    local = now.astimezone(LONDON)
    return engine.calendar.is_working(local.date()) and OFFICE_HOURS[0] <= local.time() < OFFICE_HOURS[1]


def is_urgent(policy: Policy, row: Mapping[str, Any]) -> bool:
    """Whether messages about this deadline do not wait for office hours: the fast lanes of the policy."""
    return policy.limit(row["lifecycle"], row["clock"]).ladder in URGENT_LADDERS


URGENT_LADDERS = frozenset({"hours", "court", "fast"})
