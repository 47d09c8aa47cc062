"""What a move means for the cases under its own and beside it, in the same transaction, as evidence of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from workflow.lending import came_back
from workflow.models import EntryKind
from workflow.moves import Move, Moved, Opening
from workflow.projection import Step, advance
from workflow.recording import clock_work, write_entry
from workflow.references import reference
from workflow.requirements import Firing, Judged, Standing
from workflow.standings import Standings

SERVICE = "system"  # who makes an entry that follows; the person whose move it follows stands beside it
DATES_THE_CASES_BELOW = frozenset({"edd", "babies"})


@dataclass(frozen=True, slots=True)
class Beside:
    """A record opened beside a case: its opening, and the facts by which each side names the other."""

    lifecycle: str
    trigger: str
    facts: Mapping[str, Any]
    names_this_by: str
    named_here_by: str


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
        """Applies what the table says under `under`; dates the cases below anew where the pregnancy's dates changed.

        What comes back from a family is in the stock again.
        """
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
            case "refer_to_prebirth":
                self._refer_to_prebirth()
            case "offer_pause":
                self._offer_pause()
        if self.move.trigger == "return_item":
            values, authority = self.judged.values, self.parent.case["authority"]
            came_back(self.connection, authority, values["item"], values["item_condition"])
        dates = self.move.trigger == "correct" or DATES_THE_CASES_BELOW & self.judged.values.keys()
        if dates and effect in (None, "open_child_protection_if_urgent"):
            self._each(lambda work, changes: work.date_anew(changes))

    def _below(self) -> list[dict[str, Any]]:
        ids = [row["id"] for row in self.parent.around.under if not row["final"]]
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

    # Beside the case: the other record is opened with who she is and the reference of this one. No content goes over.

    def _refer_to_prebirth(self) -> None:
        facts = self.parent.before.facts
        mother = {name: facts[name] for name in ("name", "date_of_birth") if facts.get(name)}
        told = {
            "received_on": self.judged.situation.occurred_on.isoformat(),
            "source": "pause",
            "source_code": "5B",
            "parents": [{"role": "mother", **mother}],
        }
        self._open_beside(
            "refer_to_team", Beside("prebirth", "refer_from_pause", told, "pause_case", "prebirth_referral")
        )

    def _offer_pause(self) -> None:
        parents = self.parent.before.facts.get("parents") or ()
        mother: Mapping[str, Any] = next((one for one in parents if one.get("role") == "mother"), {})
        told = {name: mother[name] for name in ("name", "date_of_birth") if mother.get(name)}
        if self.judged.values.get("pause_contact_from"):
            told["contact_from"] = self.judged.values["pause_contact_from"]
        self._open_beside("pause_team", Beside("pause", "take_up_offer", told, "prebirth_case", "pause_case"))

    def _open_beside(self, named_in: str, opened: "Beside") -> None:
        """Opens the record in the team that the move names, and records on each side the reference of the other."""
        team = self.judged.values.get(named_in)
        if not team:
            return
        case = self.parent.case
        here = reference(self.parent.lifecycle.id, case["id"])
        moved = self.fire(
            self.connection,
            Move(
                trigger=opened.trigger,
                opening=Opening(lifecycle=opened.lifecycle, authority=case["authority"], team=team),
                facts={**opened.facts, opened.names_this_by: here},
                occurred_at=self.occurred_at,
                on_behalf_of=self.actor.username,
                source=self.move.source,
                request_id=self.move.request_id,
            ),
            system_actor(case["authority"], team),
            self.now,
        )
        row = repository.case_row(self.connection, case["id"], lock=True)
        if row is not None:
            self._note(self.standings.of(self.connection, row), {opened.named_here_by: moved.case})

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
            self._note(self.standings.of(self.connection, row), values or {}, change)

    def _note(
        self,
        standing: Standing,
        values: Mapping[str, Any],
        change: Callable[[ClockWork, ClockChanges], None] = lambda work, changes: None,
    ) -> None:
        """An entry that follows from the move, where it changes clocks or facts."""
        step = Step(
            trigger=self.move.trigger,
            to=standing.before.state,
            occurred_at=self.occurred_at,
            actor=SERVICE,
            facts=values,
        )
        after = advance(standing.lifecycle, standing.before, step)
        judged = Judged.nothing(standing, self.move.trigger, self._situation(standing), **values)
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
