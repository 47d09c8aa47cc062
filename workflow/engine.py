"""The one door: the only place that changes a case, with its evidence and clocks, in one transaction."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from scheduler.calendars import WorkingCalendar
from workflow import audit, repository
from workflow.accounts import Actor
from workflow.acts import Act, act_on, write_act
from workflow.calendar_history import with_changes
from workflow.clocks import ClockChanges
from workflow.database import Database
from workflow.errors import Conflict, MoveRefused, NotReached, Unmet, WaymarkError
from workflow.family import Following
from workflow.models import EntryKind
from workflow.moves import Move, Moved
from workflow.notifying import notify
from workflow.permissions import works_on
from workflow.policies import Policies
from workflow.recording import record_move, said_by, write_entry
from workflow.references import BY_CODE, CODES, read_reference
from workflow.requirements import Firing, Judged, Standing, judge
from workflow.standings import Standings, standing_name

RETRIED = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock
ATTEMPTS = 5
Answer = TypeVar("Answer")


class Engine:
    """Moves cases in one database under the policies loaded. Shared by threads; remembers nothing about a case."""

    def __init__(self, database: Database, policies: Policies, calendar: WorkingCalendar) -> None:
        self.database = database
        self.policies = policies
        self.calendar = self.base_calendar = calendar
        self.standings = Standings(policies)
        self.observed: Callable[[str, str], None] = lambda lifecycle, outcome: None  # told what each move came to

    def fire(self, move: Move, actor: Actor, now: datetime) -> Moved:
        """Takes a move, or raises MoveRefused (and records the refusal), Conflict, NotFound or BadInput."""
        try:
            moved = self._or_refused(lambda connection: self.fire_in(connection, move, actor, now), move, actor, now)
        except (MoveRefused, Conflict) as error:
            self.observed(_kind_of(move), "refused" if isinstance(error, MoveRefused) else "conflict")
            raise
        self.observed(_kind_of(move), "moved")
        return moved

    def act(self, move: Move, actor: Actor, now: datetime, act: Act) -> Moved:
        """Does to a case what is no move of its table, such as answering an alert; refused and recorded like a move."""
        return self._or_refused(lambda connection: self._act_in(connection, move, actor, now, act), move, actor, now)

    def refresh_calendar(self, connection: Connection) -> None:
        """Takes in the changes to the calendar that were recorded since, here or by another process."""
        self.calendar = with_changes(connection, self.base_calendar, self.calendar)

    def fire_in(self, connection: Connection, move: Move, actor: Actor, now: datetime) -> Moved:
        """Takes a move inside a transaction the caller holds; the caller rolls back on any error."""
        answered = self._answered(connection, move, actor)
        if answered is not None:
            return answered
        if move.case is None:
            standing = self.standings.blank(connection, move, actor, now)
        else:
            standing = self.standings.named(connection, move.case, actor, now, lock=True)
        self._check_works_on(standing, move, actor)
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
        standing = self.standings.numbered(connection, standing)
        firing = Firing(
            connection=connection,
            standing=standing,
            judged=judged,
            move=move,
            actor=actor,
            occurred_at=occurred_at,
            now=now,
        )
        entry = record_move(firing, self.calendar)
        self._keep_key(firing, entry)
        notify(firing, entry)
        Following(firing, self.standings, self.calendar, self.fire_in).follow()
        return Moved.from_entry(entry)

    def refuse(self, move: Move, actor: Actor, now: datetime, refusal: MoveRefused) -> None:
        """Records that a move was tried and could not happen, where that was found out by a rehearsal."""
        self.retried(lambda connection: self._record_refusal(connection, move, actor, now, refusal))
        self.observed(_kind_of(move), "refused")

    def _act_in(self, connection: Connection, move: Move, actor: Actor, now: datetime, act: Act) -> Moved:
        answered = self._answered(connection, move, actor)
        if answered is not None:
            return answered
        standing = self.standings.named(connection, move.case or "", actor, now, lock=True, sees=act.sees)
        self._check_works_on(standing, move, actor)
        firing = act_on(connection, standing, move=move, actor=actor, now=now, asked=act.asked)
        entry = write_act(firing, act.work(firing))
        self._keep_key(firing, entry)
        notify(firing, entry)
        return Moved.from_entry(entry)

    def _or_refused(self, work: Callable[[Connection], Moved], move: Move, actor: Actor, now: datetime) -> Moved:
        try:
            return self.retried(work)
        except (MoveRefused, Conflict, NotReached) as error:
            with self.database.read() as connection:  # the same request may have been taken while this one waited
                answered = self._answered(connection, move, actor)
            if answered is not None:
                return answered
            if isinstance(error, MoveRefused):
                refusal = error
                self.retried(lambda connection: self._record_refusal(connection, move, actor, now, refusal))
            raise

    def retried(self, work: Callable[[Connection], Answer]) -> Answer:
        """Does work in one transaction of its own; again where another writer of the same rows was faster."""
        for attempt in range(ATTEMPTS):
            try:
                with self.database.write() as connection:
                    return work(connection)
            except (IntegrityError, OperationalError) as error:
                # A second writer of the same key, chain or reference: look again and answer from what is there now.
                retryable = isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", "") in RETRIED
                if not retryable or attempt == ATTEMPTS - 1:
                    raise Conflict(
                        "somebody else changed the same record at the same time: look at it again"
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
            used = {
                "actor": firing.actor.username,
                "key": firing.move.key,
                "request_digest": firing.move.digest(),
                "case_id": entry["case_id"],
                "seq": entry["seq"],
                "used_at": firing.now,
            }
            repository.keep_key(firing.connection, used)

    @staticmethod
    def _check_works_on(standing: Standing, move: Move, actor: Actor) -> None:
        if not works_on(actor, standing.lifecycle):
            says = "you were granted sight of this record, and change nothing in it"
            raise MoveRefused(standing_name(standing), move.trigger, [Unmet("role", actor.role, says)], ())

    @staticmethod
    def _check_version(connection: Connection, standing: Standing, move: Move) -> None:
        expected, found = move.expected_version, standing.case["version"]
        if expected is None or expected == found or move.case is None:
            return
        if expected > found:
            raise NotReached(f"{move.case} stands at version {found}; version {expected} has not been reached")
        changed = [
            f"{row['trigger']} by {row['actor']} ({row['from_state']} to {row['to_state']})"
            for row in repository.entries_since_version(connection, standing.case["id"], expected)
        ]
        raise Conflict(
            f"{move.case} has changed since version {expected} (it is now {found}): {'; '.join(changed)}. "
            "Look at it again before you decide",
            changed,
        )

    def _record_refusal(
        self, connection: Connection, move: Move, actor: Actor, now: datetime, refusal: MoveRefused
    ) -> None:
        trace = {"unmet": [[one.kind, one.name[:80], one.says[:300]] for one in refusal.unmet]}
        said = {
            **said_by(move, actor, min(move.occurred_at or now, now), now),
            "kind": EntryKind.REFUSED,
            "trace": trace,
        }
        if move.case is None:
            lifecycle = move.opening.lifecycle if move.opening else ""
            audit.append_system(connection, {**said, "lifecycle": lifecycle[:40], "authority": actor.authority})
            return
        case = repository.case_row(connection, read_reference(move.case)[1], lock=True)
        if case is None:
            return
        standing = self.standings.of(connection, case)
        firing = Firing(
            connection=connection,
            standing=standing,
            judged=Judged.nothing(standing, move.trigger),
            move=move,
            actor=actor,
            occurred_at=now,
            now=now,
        )
        write_entry(firing, standing.before, ClockChanges(), said)


def _kind_of(move: Move) -> str:
    """The lifecycle a move is about, for counting only: a conflict over a key may come before the case is read."""
    if move.case is None:
        named = move.opening.lifecycle if move.opening else ""
        return named if named in CODES else "unknown"
    return BY_CODE.get(move.case.strip().partition("-")[0].upper(), "unknown")
