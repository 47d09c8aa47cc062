"""Opens the cases of a batch through the engine: all of them or none, in one transaction."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from scheduler import failpoints
from scheduler.calendars import local_date
from workflow import audit
from workflow.accounts import Actor
from workflow.bootstrap import Service
from workflow.engine import ATTEMPTS, RETRIED
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound, WaymarkError
from workflow.imports.checking import Arrival, Found, at_time_of, cases_by_source
from workflow.imports.columns import Kind
from workflow.imports.problems import Problems
from workflow.imports.staging import hold, remove, remove_in, stage, staged
from workflow.models import EntryKind
from workflow.moves import Move, Opening
from workflow.references import read_reference, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the rows of one file are loaded with, and by whom."""

    service: Service
    kind: Kind
    actor: Actor
    file: str
    now: datetime
    progress: Callable[[str, int, int], None]

    def run(self, arrivals: Iterator[Arrival], rows: int) -> int:
        """Stages the rows and opens a case for each; returns how many. BadInput where one is refused: then none is."""
        batch, database = uuid.uuid4().hex, self.service.database
        try:
            for done in stage(database, batch, arrivals, self.actor, self.now):
                self.progress("Staging", done, rows)
            self._keep_policy()
            return self._opened(batch, rows)
        except BaseException as error:
            remove(database, batch)
            if isinstance(error, RowsRefused):
                self._record(error, batch)
                raise BadInput(str(error), error.problems.told()) from error
            raise

    def _opened(self, batch: str, rows: int) -> int:
        for attempt in range(ATTEMPTS):
            try:
                with self.service.database.write() as connection:
                    return self._load(connection, batch, rows)
            except (IntegrityError, OperationalError) as error:
                # Somebody opened a case with one of these references meanwhile: look again at what is there now.
                retryable = isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", "") in RETRIED
                if not retryable or attempt == ATTEMPTS - 1:
                    raise Conflict("others changed the same records at the same time: nothing was imported") from error
        raise AssertionError("unreachable")

    def _keep_policy(self) -> None:
        """The policy is stored apart, so that it is there whatever becomes of the cases."""
        policies = self.service.policies
        with self.service.database.write() as connection:
            policies.store(connection, policies.current(self.actor.authority, local_date(self.now)), self.now)

    def _load(self, connection: Connection, batch: str, rows: int) -> int:
        hold(connection, batch, rows)
        problems, refused = Problems(self.file), set[str]()
        opened = done = 0
        for chunk in staged(connection, batch):
            wanted = [one for arrival in chunk for one in (arrival.source_reference, arrival.parent_source_reference)]
            there = cases_by_source(connection, self.actor.authority, wanted)
            for arrival in chunk:
                done += 1
                if arrival.source_reference in there or arrival.parent_source_reference in refused:
                    continue
                try:
                    there[arrival.source_reference] = self._open(connection, arrival, there, batch)
                    opened += 1
                except (WaymarkError, ValueError) as error:  # ValueError: a date that no calendar reaches
                    refused.add(arrival.source_reference)
                    problems.add(_reason(error), line=arrival.line)
            failpoints.reach("import")
            self.progress("Opening cases", done, rows)
        if problems.count:
            raise RowsRefused(problems)
        remove_in(connection, batch)
        return opened

    def _open(self, connection: Connection, arrival: Arrival, there: Mapping[str, Found], batch: str) -> Found:
        above = arrival.parent_source_reference
        if above is not None and above not in there:
            raise NotFound("the case it stands under is not there")
        move = Move(
            trigger=self.kind.trigger,
            opening=Opening(
                lifecycle=arrival.lifecycle,
                authority=self.actor.authority,
                team=arrival.team,
                parent=reference(there[above].lifecycle, there[above].id) if above is not None else None,
                child=arrival.child,
                source_reference=arrival.source_reference,
            ),
            facts=arrival.facts,
            occurred_at=at_time_of(arrival),
            source="import",
            request_id=batch,
        )
        moved = self.service.engine.fire_in(connection, move, self.actor, self.now)
        return Found(read_reference(moved.case)[1], arrival.lifecycle, final=False)

    def _record(self, refused: "RowsRefused", batch: str) -> None:
        """The refusal is evidence too, though no case came of it."""
        with self.service.database.write() as connection:
            audit.append_system(
                connection,
                {
                    "kind": EntryKind.REFUSED,
                    "trigger": self.kind.trigger,
                    "occurred_at": self.now,
                    "recorded_at": self.now,
                    "actor": self.actor.username,
                    "actor_role": self.actor.role,
                    "actor_team": self.actor.team,
                    "authority": self.actor.authority,
                    "source": "import",
                    "request_id": batch,
                    "trace": {"rows_refused": refused.problems.count},
                },
            )


class RowsRefused(Exception):
    """Rows that passed every check of the file and were refused by the engine all the same."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        super().__init__(f"nothing was imported, because rows of {problems.file} were refused")


def _reason(error: WaymarkError | ValueError) -> str:
    return "; ".join(one.says for one in error.unmet) if isinstance(error, MoveRefused) else str(error)
