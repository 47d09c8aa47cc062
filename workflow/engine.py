"""The one door: the only place that changes a case, with its evidence and clocks, in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import Anchors, ClockEvent, compute_due
from states.catalogue import LIFECYCLES
from states.common import APPROVAL_CLOCK
from states.facts import split_personal
from states.lifecycle import NEW, Lifecycle
from states.roles import ROLE_LABELS, Role
from workflow import audit, outbox, repository
from workflow.accounts import Actor
from workflow.clocks import ClockChanges, ClockWork
from workflow.corrections import correct_clocks, corrected_projection
from workflow.database import Database
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound, Unmet, WaymarkError
from workflow.family import Following
from workflow.models import EntryKind
from workflow.moves import Move, Moved, Possible
from workflow.permissions import may_read
from workflow.policies import Policies
from workflow.projection import Projection, Step, advance, asked_facts
from workflow.references import read_reference, reference
from workflow.requirements import Firing, Judged, Standing, judge, unmet_whatever_is_filled_in, who_may
from workflow.situations import family_of

RETRIED = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock
ATTEMPTS = 5
Answer = TypeVar("Answer")
SILENCING = frozenset(
    row.trigger for one in LIFECYCLES.values() for row in one.transitions if row.under == "silence_birth"
)


class Engine:
    """Moves cases in one database under the policies loaded. Shared by threads; remembers nothing about a case."""

    def __init__(self, database: Database, policies: Policies, calendar: WorkingCalendar) -> None:
        self.database = database
        self.policies = policies
        self.calendar = calendar

    # -- the door

    def fire(self, move: Move, actor: Actor, now: datetime) -> Moved:
        """Takes a move, or raises MoveRefused (and records the refusal), Conflict, NotFound or BadInput."""
        try:
            return self._retried(lambda connection: self.fire_in(connection, move, actor, now))
        except MoveRefused as refused:
            refusal = refused
            self._retried(lambda connection: self._record_refusal(connection, move, actor, now, refusal))
            raise

    def fire_in(self, connection: Connection, move: Move, actor: Actor, now: datetime) -> Moved:
        """Takes a move inside a transaction the caller holds; the caller rolls back on any error."""
        answered = self._answered(connection, move, actor)
        if answered is not None:
            return answered
        standing = self._standing(connection, move, actor, now)
        self._check_version(connection, standing, move)
        occurred_at = move.occurred_at or now
        judged = judge(
            connection,
            standing,
            trigger=move.trigger,
            given=move.facts,
            actor=actor,
            occurred_at=occurred_at,
            now=now,
        )
        if judged.unmet:
            raise MoveRefused(standing_name(standing), move.trigger, judged.unmet, judged.who)
        if standing.lifecycle.fire(judged.situation) != judged.target:
            raise WaymarkError(f"{move.trigger}: the machine and the table disagree; nothing was changed")
        standing = self._opened(connection, standing)
        firing = Firing(
            connection=connection,
            standing=standing,
            judged=judged,
            move=move,
            actor=actor,
            occurred_at=occurred_at,
            now=now,
        )
        entry = self._write(firing)
        self._keep_key(firing, entry)
        Following(self, firing).follow()
        return Moved.from_entry(entry)

    def moves(self, ref: str, actor: Actor, now: datetime) -> list[Possible]:
        """What can be tried from where a case stands, in the order of the table; for each all that is missing now."""
        with self.database.read() as connection:
            standing = self._standing(connection, Move(trigger="", case=ref), actor, now, lock=False)
            rows = standing.lifecycle.rows_from(standing.before.state)
            triggers = dict.fromkeys(row.trigger for row in rows if row.roles != (Role.SYSTEM,))
            return [self._possible(connection, standing, trigger, actor, now) for trigger in triggers]

    # -- its parts

    def _retried(self, work: Callable[[Connection], Answer]) -> Answer:
        for attempt in range(ATTEMPTS):
            try:
                with self.database.write() as connection:
                    return work(connection)
            except (IntegrityError, OperationalError) as error:
                # A second writer of the same key, chain or reference: look again and answer from what is there now.
                retryable = isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", "") in RETRIED
                if not retryable or attempt == ATTEMPTS - 1:
                    raise Conflict(
                        f"somebody else changed the same record at the same time: {_first_line(error)}"
                    ) from error
        raise AssertionError("unreachable")

    def _answered(self, connection: Connection, move: Move, actor: Actor) -> Moved | None:
        if move.key is None:
            return None
        used = repository.used_key(connection, actor.username, move.key)
        if used is None:
            return None
        if used["request_digest"] != move.digest():
            raise Conflict(f"the key {move.key[:60]!r} was used for another request; use a new one")
        return Moved.from_entry(repository.entry_row(connection, used["case_id"], used["seq"]))

    @staticmethod
    def _keep_key(firing: Firing, entry: Mapping[str, Any]) -> None:
        if firing.move.key is not None:
            firing.connection.execute(
                repository.KEYS.insert(),
                {
                    "actor": firing.actor.username,
                    "key": firing.move.key,
                    "request_digest": firing.move.digest(),
                    "case_id": entry["case_id"],
                    "seq": entry["seq"],
                    "used_at": firing.now,
                },
            )

    def _standing(
        self, connection: Connection, move: Move, actor: Actor, now: datetime, *, lock: bool = True
    ) -> Standing:
        if move.case is None:
            return self._blank(connection, move, actor, now)
        lifecycle_id, case_id = read_reference(move.case)
        case = repository.case_row(connection, case_id, lock=lock)
        if case is None or case["lifecycle"] != lifecycle_id:
            raise NotFound(f"there is no case {move.case.strip()}")
        if actor.role is not Role.SYSTEM and not may_read(actor, LIFECYCLES[lifecycle_id], case["authority"]):
            raise NotFound(f"there is no case {move.case.strip()}")
        return self.standing_of(connection, case)

    def standing_of(self, connection: Connection, case: dict[str, Any]) -> Standing:
        """A case row with all that a move on it is judged by."""
        lifecycle = LIFECYCLES[case["lifecycle"]]
        before = Projection(
            state=case["state"],
            came_from=tuple(case["came_from"].split("/")) if case["came_from"] else (),
            owner=case["owner"],
            team=case["team"],
            facts={**case["facts"], **case["personal"]},
            actors=case["actors"],
            children=repository.children_of(connection, case["id"]) if lifecycle.parent is None else (),
            edd=case["edd"],
            state_since=case["state_since"],
        )
        return Standing(
            lifecycle=lifecycle,
            case=case,
            before=before,
            family=family_of(connection, lifecycle, case, before),
            policy=self.policies.by_digest(connection, case["policy"]),
        )

    def _blank(self, connection: Connection, move: Move, actor: Actor, now: datetime) -> Standing:
        """A case about to be opened: where it will stand, and under which policy."""
        if move.opening is None:
            raise BadInput("a case is opened with its kind, authority and team")
        opening = move.opening
        if opening.lifecycle not in LIFECYCLES:
            raise BadInput(f"there is no lifecycle {opening.lifecycle[:40]!r}; there are: {', '.join(LIFECYCLES)}")
        lifecycle = LIFECYCLES[opening.lifecycle]
        policy = self.policies.current(opening.authority)
        team = repository.team_row(connection, opening.team)
        if team is None or team["authority"] != opening.authority:
            raise BadInput(f"there is no team {opening.team[:40]!r} in {opening.authority}")
        parent = self._parent(connection, lifecycle, opening.parent)
        self.policies.store(connection, policy, now)
        occurred_at = move.occurred_at or now
        case: dict[str, Any] = {
            "id": None,
            "lifecycle": lifecycle.id,
            "lifecycle_version": lifecycle.version,
            "authority": opening.authority,
            "policy": policy.digest,
            "state": NEW,
            "team": opening.team,
            "owner": parent["owner"] if parent else None,
            "parent_id": parent["id"] if parent else None,
            "child": opening.child if opening.child is not None else move.facts.get("child"),
            "source_reference": opening.source_reference,
            "version": 0,
            "seq": 0,
            "head": audit.GENESIS,
            "deadlines_opened": 0,
            "decision": None,
            "opened_at": occurred_at,
            "state_since": occurred_at,
        }
        before = Projection(team=opening.team, owner=case["owner"])
        standing = Standing(
            lifecycle=lifecycle,
            case=case,
            before=before,
            family=family_of(connection, lifecycle, {**case, "id": 0}, before),
            policy=policy,
        )
        if actor.role is not Role.SYSTEM and not self._may_open(actor, lifecycle, opening.authority):
            who = who_may([row for row in lifecycle.transitions if NEW in row.sources])
            raise MoveRefused(
                "a new case",
                move.trigger,
                [Unmet("role", actor.role, f"a {ROLE_LABELS[actor.role]} of {actor.authority} cannot open it here")],
                who,
            )
        return standing

    @staticmethod
    def _may_open(actor: Actor, lifecycle: Lifecycle, authority: str) -> bool:
        return may_read(actor, lifecycle, authority) or (
            actor.role is Role.ADMINISTRATOR and actor.authority == authority
        )

    def _parent(self, connection: Connection, lifecycle: Lifecycle, ref: str | None) -> dict[str, Any] | None:
        """The case a new one stands under, locked, so that it cannot close at the same moment."""
        if lifecycle.parent is None:
            if ref is not None:
                raise BadInput(f"a {lifecycle.label.lower()} case stands under no other case")
            return None
        if ref is None:
            raise BadInput(
                f"a {lifecycle.label.lower()} case is opened under a {lifecycle.parent} case: name its parent"
            )
        parent_lifecycle, parent_id = read_reference(ref)
        parent = repository.case_row(connection, parent_id, lock=True)
        if parent is None or parent_lifecycle != lifecycle.parent or parent["lifecycle"] != parent_lifecycle:
            raise NotFound(f"there is no {lifecycle.parent} case {ref}")
        if parent["final"]:
            raise Conflict(f"{ref} has ended: no case can be opened under it")
        return parent

    def _opened(self, connection: Connection, standing: Standing) -> Standing:
        """Gives a new case its number."""
        if standing.case["id"] is not None:
            return standing
        blank = {**standing.case, "came_from": "", "final": False, "facts": {}, "personal": {}, "actors": {}}
        del blank["id"]
        result = connection.execute(repository.CASES.insert(), blank)
        (case_id,) = result.inserted_primary_key or (None,)
        return replace(standing, case={**standing.case, "id": case_id})

    @staticmethod
    def _check_version(connection: Connection, standing: Standing, move: Move) -> None:
        expected, found = move.expected_version, standing.case["version"]
        if expected is None or expected == found or move.case is None:
            return
        if expected > found:
            raise Conflict(f"{move.case} stands at version {found}; version {expected} has not been reached")
        changed = [
            f"{row['trigger']} by {row['actor']} ({row['from_state']} to {row['to_state']})"
            for row in repository.entries_since_version(connection, standing.case["id"], expected)
        ]
        raise Conflict(
            f"{move.case} has changed since version {expected} (it is now {found}): {'; '.join(changed)}. "
            "Look at it again before you decide",
            changed,
        )

    def _write(self, firing: Firing) -> dict[str, Any]:
        """Writes the move: entry, case, babies, approvals and deadlines."""
        standing, judged, move = firing.standing, firing.judged, firing.move
        correcting = move.trigger == "correct"
        after = self._after(firing)
        work = self.clock_work(firing, after)
        try:
            changes = correct_clocks(firing.connection, work, judged.values) if correcting else work.changes()
        except ValueError as impossible:  # a date no calendar reaches
            says = f"no due date can be computed from these dates: {impossible}"
            raise MoveRefused(standing_name(standing), move.trigger, [Unmet("fact", "dates", says)], ()) from None
        if judged.approval_follows:
            work.start(changes, APPROVAL_CLOCK, f"approval:{move.trigger}")
        self._check_promise(firing, after, changes)
        said = {
            **_said(move, firing.actor, firing.occurred_at, firing.now),
            "kind": EntryKind.CORRECTED if correcting else EntryKind.MOVED,
            "on_behalf_of": move.on_behalf_of,
            "reason_code": move.reason_code,
            "supersedes": int(judged.values["entry"]) if correcting else None,
            "trace": _trace(judged),
            "approvals": [_approval_json(judged.approval)] if judged.approval else [],
            "overridden": bool(judged.approval and judged.approval["reason_code"]),
            "gestation_days": judged.situation.derived.get("gestation_days"),
        }
        entry = self.write_entry(firing, after, changes, said)
        self._write_approvals(firing, entry)
        return entry

    @staticmethod
    def _after(firing: Firing) -> Projection:
        """The case once this move is taken; a correction is replayed from the first entry."""
        standing, values = firing.standing, firing.judged.values
        if firing.move.trigger == "correct":
            return corrected_projection(firing.connection, standing.lifecycle, standing.case["id"], values)
        step = Step(
            trigger=firing.move.trigger,
            to=firing.judged.target,
            occurred_at=firing.occurred_at,
            actor=firing.actor.username,
            facts=values,
        )
        return advance(standing.lifecycle, standing.before, step)

    def clock_work(self, firing: Firing, after: Projection) -> ClockWork:
        """What is needed to work out what a step does to the clocks of its case."""
        connection, standing, judged = firing.connection, firing.standing, firing.judged
        case_id = standing.case["id"]
        facts = judged.situation.facts
        if firing.move.trigger == "correct":  # other moves add to what was known, a correction can take from it
            edd = after.edd if standing.lifecycle.parent is None else standing.family.edd
            facts = {**after.facts, **({"edd": edd.isoformat()} if edd else {})}
        return ClockWork(
            lifecycle=standing.lifecycle,
            policy=standing.policy,
            calendar=self.calendar,
            case=standing.case,
            running=repository.running_deadlines(connection, case_id),
            situation=replace(judged.situation, facts=facts),
            target=after.state,
            children=after.children if standing.lifecycle.parent is None else standing.family.children,
            occurred_at=firing.occurred_at,
            recorded_at=firing.now,
            past_events=lambda: past_events(connection, case_id),
            silenced=lambda: silenced_events(connection, case_id),
            rearms=bool(judged.row and judged.row.under == "rearm_birth"),
            taken_over={one["clock"]: date.fromisoformat(one["due_on"]) for one in judged.values.get("clocks", ())},
        )

    @staticmethod
    def _check_promise(firing: Firing, after: Projection, changes: ClockChanges) -> None:
        """No open case without a live deadline: the table proves it, and every transaction checks it."""
        lifecycle = firing.standing.lifecycle
        if lifecycle.state_by_id[after.state].final:
            return
        if any(row["due_at"] is not None for row in changes.running.values()):
            return
        if firing.move.trigger == "migrate_in":  # what the other system held decides, so the person can help it
            unmet = [_no_date(lifecycle, event) for event in changes.events]
            raise MoveRefused("a new case", "migrate_in", unmet, firing.judged.who)
        raise WaymarkError(f"this would leave the case in {after.state} without a live deadline; nothing was changed")

    def write_entry(
        self, firing: Firing, after: Projection, changes: ClockChanges, said: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One entry of evidence and the rows it changes. `said` holds what differs from kind to kind."""
        connection, standing = firing.connection, firing.standing
        case, lifecycle = standing.case, standing.lifecycle
        counts = said["kind"] != EntryKind.REFUSED
        clear, personal = split_personal(firing.judged.asked, firing.judged.values)
        entry: dict[str, Any] = {
            "case_id": case["id"],
            "seq": case["seq"] + 1,
            "from_state": standing.before.state,
            "to_state": after.state,
            "version": case["version"] + counts,
            "lifecycle": lifecycle.id,
            "lifecycle_version": case["lifecycle_version"],
            "authority": case["authority"],
            "policy": case["policy"],
            "owner": after.owner,
            "team": after.team,
            "facts": clear,
            "clocks": [event.to_json() for event in changes.events],
            "edd": standing.family.edd if lifecycle.parent else after.edd,
            "on_behalf_of": None,
            "reason_code": None,
            "approvals": [],
            "overridden": False,
            "supersedes": None,
            "gestation_days": None,
            **said,
        }
        head = audit.append(connection, entry, personal, case["head"])
        changed: dict[str, Any] = {"seq": entry["seq"], "head": head}
        if counts:
            changed |= self._case_columns(firing, after, entry, changes)
        repository.change_case(connection, case["id"], changed)
        self._write_rows(firing, after, changes)
        case.update(changed)  # type: ignore[attr-defined]
        return entry

    @staticmethod
    def _case_columns(
        firing: Firing, after: Projection, entry: Mapping[str, Any], changes: ClockChanges
    ) -> dict[str, Any]:
        standing, decision = firing.standing, firing.judged.decision
        final = standing.lifecycle.state_by_id[after.state].final
        facts, personal = split_personal(asked_facts(standing.lifecycle.id).values(), after.facts)
        return {
            "version": entry["version"],
            "state": after.state,
            "final": final,
            "came_from": "/".join(after.came_from),
            "owner": after.owner,
            "team": after.team,
            "deadlines_opened": standing.case["deadlines_opened"] + len(changes.opened),
            "facts": facts,
            "personal": personal,
            "actors": dict(after.actors),
            "decision": decision if decision is not None else standing.case["decision"],
            "edd": after.edd,
            "state_since": after.state_since,
            "closed_at": after.state_since if final else None,
        }

    @staticmethod
    def _write_rows(firing: Firing, after: Projection, changes: ClockChanges) -> None:
        connection, standing, now = firing.connection, firing.standing, firing.now
        case_id = standing.case["id"]
        for number, values in changes.changed.items():
            repository.change_deadline(connection, case_id, number, values)
        repository.add_deadlines(connection, changes.opened)
        if changes.told_of:
            outbox.settle(connection, case_id, changes.told_of, now)
        if after.children != standing.before.children:
            repository.replace_children(connection, case_id, after.children)

    def _write_approvals(self, firing: Firing, entry: Mapping[str, Any]) -> None:
        connection, standing, judged = firing.connection, firing.standing, firing.judged
        move, actor = firing.move, firing.actor
        values = judged.values
        if move.trigger == "request_approval" or judged.approval_follows:
            trigger = values["for_trigger"] if move.trigger == "request_approval" else move.trigger
            by = next(
                row.approval.by for row in standing.lifecycle.transitions if row.trigger == trigger and row.approval
            )
            connection.execute(
                repository.APPROVALS.insert(),
                {
                    "case_id": entry["case_id"],
                    "seq": entry["seq"],
                    "trigger": trigger,
                    "by_role": by,
                    "asked_by": actor.username,
                    "asked_at": entry["occurred_at"],
                    "reason_code": values.get("reason_code"),
                },
            )
        if move.trigger == "decide_approval":
            valid = compute_due(standing.policy.approval_valid, Anchors(start=entry["occurred_at"]), self.calendar)
            repository.decide_approval(
                connection,
                entry["case_id"],
                judged.situation.derived["approval"]["seq"],
                {
                    "decided_by": actor.username,
                    "decided_at": entry["occurred_at"],
                    "approved": values["decision"] == "approve",
                    "valid_until": valid.due_at,
                },
            )

    def _record_refusal(
        self, connection: Connection, move: Move, actor: Actor, now: datetime, refusal: MoveRefused
    ) -> None:
        trace = {"unmet": [[one.kind, one.name[:80], one.says[:300]] for one in refusal.unmet]}
        said = {**_said(move, actor, min(move.occurred_at or now, now), now), "kind": EntryKind.REFUSED, "trace": trace}
        if move.case is None:
            lifecycle = move.opening.lifecycle if move.opening else ""
            audit.append_system(connection, {**said, "lifecycle": lifecycle[:40], "authority": actor.authority})
            return
        case = repository.case_row(connection, read_reference(move.case)[1], lock=True)
        if case is None:
            return
        standing = self.standing_of(connection, case)
        firing = Firing(
            connection=connection,
            standing=standing,
            judged=Judged.nothing(standing, move.trigger),
            move=move,
            actor=actor,
            occurred_at=now,
            now=now,
        )
        self.write_entry(firing, standing.before, ClockChanges(), said)

    def _possible(
        self, connection: Connection, standing: Standing, trigger: str, actor: Actor, now: datetime
    ) -> Possible:
        rows = standing.lifecycle.rows(trigger, standing.before.state)
        judged = judge(connection, standing, trigger=trigger, given={}, actor=actor, occurred_at=now, now=now)
        row = judged.row or rows[0]
        return Possible(
            trigger=trigger,
            label=row.label,
            to=" or ".join(dict.fromkeys(standing.lifecycle.target(one, standing.before.state) for one in rows)),
            facts=judged.asked,
            unmet=unmet_whatever_is_filled_in(standing, judged),
            who=judged.who,
            basis=row.basis,
        )


def standing_name(standing: Standing) -> str:
    return reference(standing.lifecycle.id, standing.case["id"]) if standing.case["version"] else "a new case"


def past_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """Every clock event of a case, from its evidence."""
    return [ClockEvent.from_json(one) for entry in audit.entries_of(connection, case_id) for one in entry["clocks"]]


def silenced_events(connection: Connection, case_id: int) -> list[ClockEvent]:
    """What reports that the pregnancy ended did to clocks that nothing has happened to since."""
    last: dict[int, tuple[ClockEvent, bool]] = {}
    for entry in audit.entries_of(connection, case_id):
        silencing = entry["kind"] != EntryKind.REFUSED and entry["trigger"] in SILENCING
        last |= {event.deadline: (event, silencing) for event in map(ClockEvent.from_json, entry["clocks"])}
    return [event for event, silencing in last.values() if silencing]


def _no_date(lifecycle: Lifecycle, event: ClockEvent) -> Unmet:
    """What would give a clock of a case taken over its date."""
    terms = event.limit["terms"] if event.limit else ()
    names = ", ".join(dict.fromkeys(term["since"] for term in terms if "since" in term))
    says = f'no date is known for "{lifecycle.clock_by_id[event.clock].label}": give it under clocks as {event.clock}'
    return Unmet("fact", "clocks", f"{says}, or the day it counts from ({names})")


def _said(move: Move, actor: Actor, occurred_at: datetime, now: datetime) -> dict[str, Any]:
    """What every entry says of who did it, when and by which way in."""
    return {
        "trigger": move.trigger[:60],
        "occurred_at": occurred_at,
        "recorded_at": now,
        "actor": actor.username,
        "actor_role": actor.role,
        "actor_team": actor.team,
        "source": move.source,
        "request_id": move.request_id,
    }


def _trace(judged: Judged) -> dict[str, Any]:
    trace: dict[str, Any] = {"guards": list(judged.row.guards) if judged.row else []}
    if judged.decision is not None:
        trace["decision"] = judged.decision
    if judged.approval_follows:
        trace["approval_to_follow"] = True
    return trace


def _approval_json(approval: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "asked_by": approval["asked_by"],
        "by_role": approval["by_role"],
        "decided_by": approval["decided_by"],
        "decided_at": approval["decided_at"].isoformat(),
        "reason_code": approval["reason_code"],
        "entry": approval["seq"],
    }


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).splitlines()[0]
