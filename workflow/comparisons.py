"""What another policy would change over a caseload: decisions, dates, and who would be told. Reads only."""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, select

from config.policy import Policy, PolicyError, check_policy, load_policy
from scheduler.calendars import local_date
from scheduler.deadlines import DeadlineState
from scheduler.ladder import Rung, next_steps
from states.catalogue import LIFECYCLES
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.acts import Way, act_on, move_for
from workflow.clock_actions import APPLY, dated_under
from workflow.clocks import is_paused
from workflow.deciders import Decider, Outcome
from workflow.engine import Engine
from workflow.errors import BadInput, NotFound
from workflow.policies import Policies
from workflow.recipients import Directory
from workflow.references import deadline_name, reference
from workflow.repository import CASES
from workflow.requirements import REFERRAL_NAMES, Firing

CURRENT = "current"
BATCH, QUICK_BATCH = 100, 2_000  # cases in memory at once
_SEEN = tuple(CASES.c[name] for name in ("id", "lifecycle", "state", "team", "final", "facts", "personal"))
LONGEST_FILE = 500_000  # characters; the largest policy shipped has a tenth of that


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One case under both policies. `decision` is None where both decide alike; `deadlines` holds what differs.

    `outcomes` is what each policy decides on a referral; None for a case that holds none.
    """

    case_id: int
    case: str
    state: str
    team: str
    open: bool
    received_on: str | None
    outcomes: tuple[Outcome, Outcome] | None
    deadlines: tuple[Mapping[str, Any], ...]

    @property
    def decision(self) -> Mapping[str, Any] | None:
        if self.outcomes is None or self.outcomes[0].short == self.outcomes[1].short:
            return None
        return {"old": self.outcomes[0].short, "new": self.outcomes[1].short}

    @property
    def differs(self) -> bool:
        return self.decision is not None or bool(self.deadlines)

    def to_json(self) -> dict[str, Any]:
        return {"case": self.case, "state": self.state, "decision": self.decision, "deadlines": list(self.deadlines)}


@dataclass(slots=True)
class Counts:
    """What a comparison comes to, as it goes along."""

    cases: int = 0
    decided_otherwise: int = 0
    dates_moved: int = 0
    breached: int = 0
    told: int = 0

    def add(self, one: Compared) -> None:
        self.cases += 1
        self.decided_otherwise += one.decision is not None
        self.dates_moved += sum(row["due_old"] != row["due_new"] for row in one.deadlines)
        self.breached += sum(row["breaches"] for row in one.deadlines)
        self.told += sum(bool(row["told"]) for row in one.deadlines)


def named_policy(policies: Policies, authority: str, version: str, now: datetime) -> Policy:
    """The version of an authority's policy by its name, or with "current" the one in force; NotFound says which are."""
    if version == CURRENT:
        return policies.current(authority, local_date(now))
    versions = policies.versions(authority)
    found = next((one for one in versions if one.version == version), None)
    if found is None:
        known = ", ".join((CURRENT, *(one.version for one in versions)))
        raise NotFound(f"{authority} has no policy version {version[:60]!r}; there are: {known}")
    return found


def written_policy(text: str, authority: str) -> Policy:
    """A policy as an author wrote it, checked like those shipped; BadInput lists everything that is wrong with it."""
    if len(text) > LONGEST_FILE:
        raise BadInput(f"the policy is longer than {LONGEST_FILE:,} characters")
    _check_base(text)
    with tempfile.TemporaryDirectory(prefix="waymark-policy-") as folder:
        file = Path(folder) / "given.toml"
        file.write_text(text, encoding="utf-8")
        try:
            policy = load_policy(file)
        except PolicyError as error:
            raise BadInput("the policy cannot be used", error.problems) from None
    if problems := check_policy(policy, LIFECYCLES):
        raise BadInput("the policy cannot be used", problems)
    if policy.authority != authority:
        raise BadInput(f"the policy is for {policy.authority}, not for {authority}")
    return policy


def _check_base(text: str) -> None:
    """A base is named by a word: anything else would be a way to files elsewhere."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        says = "is nested too deeply" if isinstance(error, RecursionError) else f"is not TOML: {error}"
        raise BadInput(f"the policy {says}") from None
    header = content.get("policy")
    base = header.get("based_on") if isinstance(header, dict) else None
    if isinstance(base, str) and not (base.isascii() and base.replace("_", "").isalnum()):
        raise BadInput("the policy cannot be used: policy.based_on must be the name of an authority, or statutory")


def compared(
    engine: Engine, actor: Actor, now: datetime, *, old: Policy, new: Policy, after: int = 0, ended: bool = False
) -> Iterator[Compared]:
    """Every open case the account may read, beyond the one numbered `after`, under both policies; batch by batch.

    With `ended`, those that have ended as well: they run no dates. Where both policies date alike, only decisions are
    worked out, and that a hundred times as fast.
    """
    decider, alike = Decider(old, new), dates_alike(old, new)
    batch = QUICK_BATCH if alike else BATCH
    with engine.database.read() as connection:
        comparison = _Comparison(engine, connection, Directory(connection, local_date(now)), actor, now, decider)
        wanted = _wanted(connection, actor, now, new.authority, ended=ended)
        while True:
            query = select(*(_SEEN if alike else CASES.c)).where(wanted & (CASES.c.id > after))
            rows = connection.execute(query.order_by(CASES.c.id).limit(batch)).mappings().all()
            for row in map(dict, rows):
                after = row["id"]
                yield comparison.decided(row) if alike or row["final"] else comparison.of(row, old, new)
            if len(rows) < batch:
                return


def how_many(engine: Engine, actor: Actor, now: datetime, authority: str, *, ended: bool = False) -> int:
    """How many cases `compared` goes through."""
    with engine.database.read() as connection:
        wanted = _wanted(connection, actor, now, authority, ended=ended)
        return int(connection.execute(select(func.count()).select_from(CASES).where(wanted)).scalar_one())


def _wanted(connection: Connection, actor: Actor, now: datetime, authority: str, *, ended: bool) -> ColumnElement[bool]:
    mine = are_readable(connection, actor, now) & (CASES.c.authority == authority)
    return mine if ended else mine & (CASES.c.final == false())


def dates_alike(old: Policy, new: Policy) -> bool:
    """Whether no date and nobody to be told can differ: all but criteria, routing and names is the same."""
    return all(getattr(old, name) == getattr(new, name) for name in ("limits", "ladders", "calendar", "commencements"))


@dataclass(frozen=True, slots=True)
class _Comparison:
    engine: Engine
    connection: Connection
    directory: Directory
    actor: Actor
    now: datetime
    decider: Decider

    def decided(self, row: Mapping[str, Any], deadlines: tuple[Mapping[str, Any], ...] = ()) -> Compared:
        """What is decided on a case as its row says it is known now."""
        told: dict[str, Any] = {}
        if row["lifecycle"] == "prebirth":
            told = {
                name: value for name, value in {**row["facts"], **row["personal"]}.items() if name in REFERRAL_NAMES
            }
        received_on = told.get("received_on")
        old, new = self.decider.decide(told) if received_on else (None, None)
        return Compared(
            case_id=row["id"],
            case=reference(row["lifecycle"], row["id"]),
            state=row["state"],
            team=row["team"],
            open=not row["final"],
            received_on=received_on,
            outcomes=(old, new) if old and new else None,
            deadlines=deadlines,
        )

    def of(self, row: Mapping[str, Any], old: Policy, new: Policy) -> Compared:
        standing = self.engine.standings.of(self.connection, dict(row))
        ref = reference(standing.lifecycle.id, standing.case["id"])
        move = move_for("apply_policy", ref, {"reason": "comparison"}, Way())
        firing = act_on(self.connection, standing, move=move, actor=self.actor, now=self.now, asked=APPLY)
        return self.decided(row, tuple(self._deadlines(firing, old, new)))

    def _deadlines(self, firing: Firing, old: Policy, new: Policy) -> Iterator[dict[str, Any]]:
        lifecycle, case = firing.standing.lifecycle, firing.standing.case
        before, after = dated_under(firing, self.engine, old)[1], dated_under(firing, self.engine, new)[1]
        for (row, was), (_, becomes) in zip(before, after, strict=True):
            told = [] if is_paused(row) else self._newly_told(firing, row, (old, was), (new, becomes))
            due_old, due_new = was.due.due_at, becomes.due.due_at
            if due_old == due_new and not told:
                continue
            yield {
                "deadline": deadline_name(lifecycle.id, case["id"], row["number"]),
                "label": lifecycle.clock_by_id[row["clock"]].label,
                "due_old": due_old,
                "due_new": due_new,
                "breaches": _is_past(due_new, self.now) and not _is_past(due_old, self.now),
                "told": told,
            }

    def _newly_told(
        self,
        firing: Firing,
        row: Mapping[str, Any],
        old: tuple[Policy, DeadlineState],
        new: tuple[Policy, DeadlineState],
    ) -> list[str]:
        """Who would have been told by now under the new policy, and would not have been under the old one."""
        before = self._told(firing, self._rungs(firing, row, *old))
        return [one for one in self._told(firing, self._rungs(firing, row, *new)) if one not in before]

    def _rungs(self, firing: Firing, row: Mapping[str, Any], policy: Policy, state: DeadlineState) -> tuple[Rung, ...]:
        limit = policy.limit(firing.standing.lifecycle.id, row["clock"])
        return next_steps(policy.ladder(limit), limit, state.due, self.engine.calendar, self.now).now

    def _told(self, firing: Firing, rungs: tuple[Rung, ...]) -> list[str]:
        case, before = firing.standing.case, firing.standing.before
        roles = tuple(dict.fromkeys(role for rung in rungs for role in rung.who))
        return self.directory.for_roles(
            roles,
            owner=before.owner,
            team=case["team"],
            authority=case["authority"],
            record=firing.standing.lifecycle.record,
        )[0]


def _is_past(due: datetime | None, now: datetime) -> bool:
    return due is not None and due <= now
