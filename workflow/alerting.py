"""The deadline sweep: claims what is due, tells people, writes the evidence and the next step in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, func, select

from config.policy import Policy
from scheduler import failpoints
from scheduler.calendars import LONDON, WorkingCalendar, at_time, local_date
from scheduler.dues import Due
from scheduler.ladder import Next, Rung, next_steps
from states.catalogue import LIFECYCLES
from states.roles import Role
from workflow import audit, outbox
from workflow.access import may_be_told
from workflow.alert_tables import ChannelName
from workflow.clocks import is_paused, review_of_pause
from workflow.database import Database
from workflow.delivery.routes import INBOX_ONLY, Routes
from workflow.engine import Engine
from workflow.models import EntryKind
from workflow.outbox import ALERTS, Draft
from workflow.recipients import Directory
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES, change_cases, change_deadlines
from workflow.statements import Statement

log = structlog.get_logger(__name__)

ON_TIME = timedelta(minutes=20)  # an alert later than this stands in the late ledger
ON_TIME_CAUSE, RECORDED_LATE = "on time", "recorded late"
OFFICE_HOURS = (time(8, 30), time(17, 30))
PAUSED = "P"  # the level of a reminder that a deadline is still paused
LAST_RESORT = (Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR, Role.ADMINISTRATOR)
_DUE = Statement(
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
        CASES.c.restricted,
        CASES.c.parent_id,
    )
    .join(CASES, CASES.c.id == DEADLINES.c.case_id)
    .where(DEADLINES.c.closed_at.is_(None) & (DEADLINES.c.next_action_at <= bindparam("now")))
    .order_by(DEADLINES.c.next_action_at, DEADLINES.c.case_id, DEADLINES.c.number)
    .limit(bindparam("most"))
    .with_for_update(of=[CASES, DEADLINES], skip_locked=True)
)
_ADD_ALERT = Statement(ALERTS.insert())


@dataclass(slots=True)
class _Batch:
    """What one transaction of the sweep writes, gathered so that each table is written once."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)
    deadlines: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Draft] = field(default_factory=list)

    def write(self, connection: Connection, now: datetime) -> None:
        audit.ADD_ENTRY.run(connection, *self.entries)
        change_cases(connection, {case: {"seq": seq, "head": head} for case, (seq, head) in self.heads.items()})
        _ADD_ALERT.run(connection, *self.alerts)
        change_deadlines(connection, self.deadlines)
        outbox.queue(connection, self.messages, now)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One transaction of the sweep: what it writes, whom it can tell, and when it is."""

    connection: Connection
    batch: _Batch
    directory: Directory
    now: datetime
    in_hours: bool
    next_office_time: datetime


class DueDeadlines:
    """The port of the deadline sweep (scheduler.ports.DueWork) on one database, as one node."""

    def __init__(
        self,
        engine: Engine,
        node: str,
        previous_sweep: datetime | None = None,
        clock_was_set: bool = False,
        *,
        routes: Routes = INBOX_ONLY,
    ) -> None:
        self.engine, self.node, self.routes = engine, node, routes
        self.previous_sweep, self.clock_was_set = previous_sweep, clock_was_set

    @property
    def database(self) -> Database:
        return self.engine.database

    def perform(self, now: datetime, most: int) -> int:
        """Tells people of up to `most` deadlines that are due for it; returns how many were looked at."""
        with self.database.write() as connection:
            rows = _DUE.rows(connection, now=now, most=most)
            if not rows:
                return 0
            self.engine.refresh_calendar(connection)
            directory = Directory(connection, local_date(now))
            calendar = self.engine.calendar
            sweep = _Sweep(
                connection, _Batch(), directory, now, in_office_hours(calendar, now), next_office_time(calendar, now)
            )
            for row in rows:
                policy = self.engine.policies.by_digest(connection, row["policy"])
                self._tell(sweep, row, policy)
            sweep.batch.write(connection, now)
            failpoints.reach("sweep")
            return len(rows)

    def _tell(self, sweep: _Sweep, row: dict[str, Any], policy: Policy) -> None:
        now = sweep.now
        limit = policy.limit(row["lifecycle"], row["clock"])
        ladder = policy.ladder(limit)
        if is_paused(row):
            self._look_again(sweep, row, policy)
            return
        due = Due(row["due_at"], row["due_on"], row["amber_at"], tuple(filter(None, row["flags"].split(","))), list)
        told = [level for level in row["told"].split(",") if level]
        following = next_steps(ladder, limit, due, self.engine.calendar, now, told=told, repeats=row["repeats"])
        row["cycle"] += 1 if row["quiet_until"] is not None else 0
        for rung in self._to_tell(row, told, following):
            self._raise(sweep, row, rung, policy)
            told.append(rung.level)
            if rung.repeat:
                row["repeats"] = rung.repeat
        self._climb_past_nobody(sweep, row, told, following.rungs, policy)
        sweep.batch.deadlines[row["case_id"], row["number"]] = {
            "next_action_at": following.next_action_at,
            "cycle": row["cycle"],
            "told": ",".join(dict.fromkeys(told)),
            "repeats": row["repeats"],
            "quiet_until": None,
        }

    def _look_again(self, sweep: _Sweep, row: dict[str, Any], policy: Policy) -> None:
        """A pause that has lasted long: those who are told first are asked whether it still holds."""
        ladder = policy.ladder(policy.limit(row["lifecycle"], row["clock"]))
        who = tuple(dict.fromkeys((*ladder.amber.who, *ladder.steps[0].who)))
        row["cycle"] += 1
        rung = Rung(level=PAUSED, at=row["next_action_at"], who=who, channel=ladder.steps[0].channel)
        self._raise(sweep, row, rung, policy)
        self._climb_past_nobody(sweep, row, [], (), policy)
        sweep.batch.deadlines[row["case_id"], row["number"]] = {
            "next_action_at": review_of_pause(self.engine.calendar, sweep.now),
            "cycle": row["cycle"],
            "told": PAUSED,
            "repeats": row["repeats"],
            "quiet_until": None,
        }

    @staticmethod
    def _to_tell(row: dict[str, Any], told: Sequence[str], following: Next) -> list[Rung]:
        """What the ladder asks for now; after a quiet time first a reminder to those told last."""
        if row["quiet_until"] is None:
            return list(following.now)
        reminder = [rung for rung in following.rungs if rung.level in told][-1:]
        if any(rung.step for rung in following.now):  # past a warning, and a step that is told again is not told twice
            again = {rung.level for rung in following.now}
            reminder = [rung for rung in reminder if rung.step and rung.level not in again]
        return [*reminder, *following.now]

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
            told, _ = self._people(sweep, row, (role,))
            if told:
                alert, entry = sweep.batch.alerts[-1], sweep.batch.entries[-1]
                alert["told"] = told
                # Its evidence was just written, and has to say so too: it is the head of its chain, so nothing follows.
                entry["trace"] = {**entry["trace"], "told": told}
                entry["hash"] = audit.entry_hash(entry, entry["previous_hash"])
                sweep.batch.heads[row["case_id"]] = (entry["seq"], entry["hash"])
                sweep.batch.messages += self._messages(sweep, row, alert, urgent=True)
                return
        log.error("alert_told_nobody", deadline=deadline_name(row["lifecycle"], row["case_id"], row["number"]))

    def _people(self, sweep: _Sweep, row: Mapping[str, Any], roles: Sequence[Role]) -> tuple[list[str], list[str]]:
        told, nobody = sweep.directory.for_roles(
            roles,
            owner=row["owner"],
            team=row["team"],
            authority=row["authority"],
            record=LIFECYCLES[row["lifecycle"]].record,
        )
        case = {**row, "id": row["case_id"]}
        return may_be_told(sweep.connection, sweep.directory, case, told, sweep.now), nobody

    def _raise(self, sweep: _Sweep, row: dict[str, Any], rung: Rung, policy: Policy) -> None:
        now = sweep.now
        if rung.repeat:
            row["cycle"] += 1
        out_of_hours = rung.step.out_of_hours if rung.step and not sweep.in_hours else ()
        told, nobody = self._people(sweep, row, (*rung.who, *out_of_hours))
        planned_at = max(rung.at, row["quiet_until"] or rung.at)  # nobody was to be told while it was quiet
        late = max(0, int((now - planned_at).total_seconds()))
        alert = {
            "case_id": row["case_id"],
            "number": row["number"],
            "cycle": row["cycle"],
            "level": rung.level,
            "authority": row["authority"],
            "team": row["team"],
            "due_at": row["due_at"],
            "planned_at": planned_at,
            "raised_at": now,
            "late_seconds": late,
            "cause": self._cause(sweep, row, planned_at),
            "node": self.node,
            "told": told,
            "nobody_for": nobody,
            "must_acknowledge": bool(rung.step and rung.step.acknowledge),
            "status": "open",
        }
        sweep.batch.alerts.append(alert)
        urgent = bool(out_of_hours) or is_urgent(policy, row)
        sweep.batch.messages += self._messages(sweep, row, alert, rung=rung, urgent=urgent)
        self._evidence(sweep.batch, row, alert, now)

    def _cause(self, sweep: _Sweep, row: Mapping[str, Any], planned_at: datetime) -> str:
        """Why an alert came when it did, for the late ledger: what held it up since it could first be told."""
        now, previous = sweep.now, self.previous_sweep
        if now - planned_at <= ON_TIME:
            return ON_TIME_CAUSE
        ready = max(row["recorded_at"] or planned_at, planned_at)
        if previous is not None and ready < previous <= now:  # a sweep passed it by: did its date stand then?
            ready = max(_dated_at(sweep.connection, row) or ready, ready)
        if now - ready <= ON_TIME:
            return RECORDED_LATE
        if self.clock_was_set or (previous is not None and previous > now):
            return "clock step"
        return "outage" if previous is None or previous <= ready else "backlog"

    def _messages(
        self,
        sweep: _Sweep,
        row: Mapping[str, Any],
        alert: Mapping[str, Any],
        *,
        urgent: bool,
        rung: Rung | None = None,
    ) -> list[Draft]:
        """To the inbox of everybody told; by e-mail and webhook too, where the step of the ladder says `message`.

        What is for the worklist only is marked for the daily digest. The last resort (no rung) is told every way.
        """
        name, level = deadline_name(row["lifecycle"], row["case_id"], row["number"]), alert["level"]
        tells = rung is None or "message" in rung.channel
        ways = [(username, ChannelName.INBOX) for username in alert["told"]]
        if tells and self.routes.mail:
            addressed = filter(sweep.directory.has_address, alert["told"])
            ways += [(username, self.routes.mail) for username in addressed]
        shared = self.routes.has_webhook(row["authority"], level) and not row["restricted"]  # a whole channel reads it
        if tells and shared and rung is not None:
            ways.append((row["authority"], ChannelName.WEBHOOK))
        params = {
            "case": reference(row["lifecycle"], row["case_id"]),
            "deadline": name,
            "level": level,
            "due_on": row["due_on"].isoformat() if row["due_on"] else None,
            "must_acknowledge": alert["must_acknowledge"],
            **({} if tells else {"digest": True}),
        }
        return [
            Draft(
                key=f"{name}/{alert['cycle']}/{level}/{recipient}/{channel}",
                recipient=recipient,
                channel=channel,
                template="deadline",
                params=params,
                case_id=row["case_id"],
                number=row["number"],
                urgent=urgent,
                not_before=None if urgent else sweep.next_office_time,
            )
            for recipient, channel in ways
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


def _dated_at(connection: Connection, row: Mapping[str, Any]) -> datetime | None:
    """When the date of a deadline was last recorded: by the latest entry that did something to a clock of its case."""
    entries = audit.ENTRIES.c
    query = select(func.max(entries.recorded_at)).where((entries.case_id == row["case_id"]) & (entries.clocks != []))
    found: datetime | None = connection.execute(query).scalar()
    return found


def in_office_hours(calendar: WorkingCalendar, now: datetime) -> bool:
    """Whether it is a working day between 08:30 and 17:30 in England."""
    local = now.astimezone(LONDON)
    return calendar.is_working(local.date()) and OFFICE_HOURS[0] <= local.time() < OFFICE_HOURS[1]


def next_office_time(calendar: WorkingCalendar, now: datetime) -> datetime:
    """Now in office hours; else 08:30 of the working day that comes next."""
    local = now.astimezone(LONDON)
    today = local.date()
    if calendar.is_working(today) and local.time() < OFFICE_HOURS[1]:
        return max(now, at_time(today, OFFICE_HOURS[0]))
    return at_time(calendar.add_working_days(today, 1), OFFICE_HOURS[0])


def is_urgent(policy: Policy, row: Mapping[str, Any]) -> bool:
    """Whether messages about this deadline do not wait for office hours: the fast lanes of the policy."""
    return policy.ladder(policy.limit(row["lifecycle"], row["clock"])).urgent
