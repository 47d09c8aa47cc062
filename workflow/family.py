"""What a move on a case means for the cases under it, in the same transaction and as evidence of their own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import DeadlineStatus
from states.guards import Situation
from states.roles import Role
from workflow import repository
from workflow.accounts import Actor, system_actor
from workflow.clocks import ClockChanges, ClockWork
from workflow.models import EntryKind
from workflow.moves import Move, Moved, Opening
from workflow.projection import Step, advance
from workflow.recording import clock_work, write_entry
from workflow.references import reference
from workflow.requirements import Firing, Judged, Standing
from workflow.standings import Standings

SERVICE = "system"  # who makes an entry that follows; the person whose move it follows stands beside it
DATES_THE_CASES_BELOW = frozenset({"edd", "babies"})


class Following:
    """One move on a parent case, and what follows from it below."""

    def __init__(
        self,
        firing: Firing,
        standings: Standings,
        calendar: WorkingCalendar,
        fire: Callable[[Connection, Move, Actor, datetime], Moved],
    ) -> None:
        self.firing, self.standings, self.calendar, self.fire = firing, standings, calendar, fire
        self.connection, self.parent, self.judged = firing.connection, firing.standing, firing.judged
        self.move, self.actor = firing.move, firing.actor
        self.occurred_at, self.now = firing.occurred_at, firing.now

    def follow(self) -> None:
        """Applies what the table says under `under`; dates the cases below anew where the pregnancy's dates changed."""
        effect = self.judged.row.under if self.judged.row else None
        match effect:
            case "open_child_protection_if_urgent":
                self._open_child_protection()
            case "silence_birth":
                self._each(self._silence)
            case "rearm_birth":
                self._each(self._rearm)
            case "end":
                self._end(child=None)
            case "end_child":
                self._end(child=self.judged.values.get("child"))
            case "change_owner":
                self._each(lambda work, changes: None, self._new_owner())
        dates = self.move.trigger == "correct" or DATES_THE_CASES_BELOW & self.judged.values.keys()
        if dates and effect in (None, "open_child_protection_if_urgent"):
            self._each(lambda work, changes: work.date_anew(changes))

    def _below(self) -> list[dict[str, Any]]:
        ids = [row["id"] for row in repository.cases_under(self.connection, self.parent.case["id"]) if not row["final"]]
        rows = [repository.case_row(self.connection, case_id, lock=True) for case_id in ids]
        return [row for row in rows if row is not None and not row["final"]]

    def _open_child_protection(self) -> None:
        under_way = any(row["lifecycle"] == "child_protection" for row in self._below())
        if under_way or not self.judged.values.get("immediate_safety_concern"):
            return
        case = self.parent.case
        self.fire(
            self.connection,
            Move(
                trigger="request_strategy",
                opening=Opening(
                    lifecycle="child_protection",
                    authority=case["authority"],
                    team=case["team"],
                    parent=reference(self.parent.lifecycle.id, case["id"]),
                ),
                facts={"concern_reason": "immediate safety concern recorded at referral"},
                occurred_at=self.occurred_at,
                source=self.move.source,
                request_id=self.move.request_id,
            ),
            self.actor,
            self.now,
        )

    def _end(self, child: int | None) -> None:
        """Ends the cases below: all of them, or those of one child.

        A case opened before birth is about every baby of the pregnancy: it ends with the last of them.
        """
        babies = repository.children_of(self.connection, self.parent.case["id"])
        one_lives = any(baby.live_birth and baby.died_on is None for baby in babies)
        for row in self._below():
            if child is not None and row["child"] != child and (one_lives or row["child"] is not None):
                continue
            self.fire(
                self.connection,
                Move(
                    trigger="end_with_parent",
                    case=reference(row["lifecycle"], row["id"]),
                    occurred_at=self.occurred_at,
                    on_behalf_of=self.actor.username,
                    source=self.move.source,
                    request_id=self.move.request_id,
                ),
                system_actor(row["authority"], row["team"]),
                self.now,
            )

    def _new_owner(self) -> Mapping[str, Any]:
        return {name: value for name, value in self.judged.values.items() if name in ("worker", "team")}

    def _each(self, change: Callable[[ClockWork, ClockChanges], None], values: Mapping[str, Any] | None = None) -> None:
        """One entry on each open case below whose clocks or owner this changes."""
        for row in self._below():
            standing = self.standings.of(self.connection, row)
            step = Step(
                trigger=self.move.trigger,
                to=standing.before.state,
                occurred_at=self.occurred_at,
                actor=SERVICE,
                facts=values or {},
            )
            after = advance(standing.lifecycle, standing.before, step)
            judged = Judged.nothing(standing, self.move.trigger, self._situation(standing), **(values or {}))
            firing = replace(self.firing, standing=standing, judged=judged)
            work = clock_work(firing, after, self.calendar)
            changes = work.untouched()
            change(work, changes)
            if changes.events or values:
                write_entry(firing, after, changes, self._said())

    def _situation(self, standing: Standing) -> Situation:
        facts = dict(standing.before.facts)
        if standing.family.edd:
            facts["edd"] = standing.family.edd.isoformat()
        return Situation(
            state=standing.before.state,
            trigger=self.move.trigger,
            actor=self.actor.username,
            occurred_on=self.judged.situation.occurred_on,
            facts=facts,
            submitted=self.judged.values,
        )

    def _said(self) -> dict[str, Any]:
        return {
            "kind": EntryKind.FOLLOWED,
            "trigger": self.move.trigger,
            "occurred_at": self.occurred_at,
            "recorded_at": self.now,
            "actor": SERVICE,
            "actor_role": Role.SYSTEM,
            "actor_team": self.actor.team,
            "on_behalf_of": self.actor.username,
            "source": self.move.source,
            "request_id": self.move.request_id,
            "trace": {"follows": reference(self.parent.lifecycle.id, self.parent.case["id"])},
        }

    @staticmethod
    def _silence(work: ClockWork, changes: ClockChanges) -> None:
        for number, row in list(changes.running.items()):
            if work.lifecycle.clock_by_id[row["clock"]].birth_related:
                work.close(changes, number, DeadlineStatus.CANCELLED)

    @staticmethod
    def _rearm(work: ClockWork, changes: ClockChanges) -> None:
        work.reopen_silenced(changes)
        work.date_anew(changes)
