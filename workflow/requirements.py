"""Why a move can or cannot happen: role, state, time, facts, guards and approval, all that is missing at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from config.policy import Policy
from scheduler.calendars import local_date
from states.facts import Fact, check_facts
from states.guards import GUARDS, Situation
from states.lifecycle import NEW, Lifecycle, Transition
from states.prebirth_facts import REFERRAL_FACTS
from states.roles import ROLE_LABELS, one_of_role
from workflow.accounts import Actor, find_actor
from workflow.corrections import correctable, facts_to_correct
from workflow.decisions import decide
from workflow.eligibility import ASKED_ON, eligibility
from workflow.errors import NotAllowed, Unmet
from workflow.models import Record
from workflow.moves import Move
from workflow.permissions import may_fire
from workflow.projection import Projection
from workflow.repository import Around, team_row
from workflow.situations import Family, situation_of

CLOCK_SKEW = timedelta(seconds=5)  # two nodes' clocks may differ by this much before a time counts as the future
REFERRAL_NAMES = frozenset(fact.name for fact in REFERRAL_FACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A case as it stands inside the transaction, with all that a move on it is judged by."""

    lifecycle: Lifecycle
    case: Mapping[str, Any]
    before: Projection
    around: Around
    family: Family
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of judging a move. With nothing `unmet`, `row` is the transition to take, `target` where it leads."""

    row: Transition | None
    target: str
    situation: Situation
    values: Mapping[str, Any]
    unmet: tuple[Unmet, ...]
    who: tuple[str, ...]
    decision: Mapping[str, Any] | None = None
    approval: Mapping[str, Any] | None = None
    approval_follows: bool = False
    asked: tuple[Fact, ...] = field(default=(), repr=False)

    @classmethod
    def nothing(cls, standing: "Standing", trigger: str, situation: Situation | None = None, **said: Any) -> "Judged":
        """A judgement that leaves the case where it is: for entries that are no move of its own."""
        state = standing.before.state
        seen = situation or Situation(state=state, trigger=trigger, actor="", occurred_on=date.min)
        return cls(row=None, target=state, situation=seen, values=said, unmet=(), who=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One judged move being carried out, inside its transaction."""

    connection: Connection
    standing: Standing
    judged: Judged
    move: Move
    actor: Actor
    occurred_at: datetime
    now: datetime


def judge(
    connection: Connection,
    standing: Standing,
    *,
    trigger: str,
    given: Mapping[str, Any],
    actor: Actor,
    occurred_at: datetime,
    now: datetime,
) -> Judged:
    """Judges one move; reads, and writes nothing."""
    rows = standing.lifecycle.rows(trigger, standing.before.state)
    asked = _asked(connection, standing, rows, given)
    values, problems = check_facts(asked, given) if rows else ({}, [])
    decision = _decision(standing, trigger, values, occurred_at)
    situation = situation_of(
        connection,
        standing.lifecycle,
        standing.case,
        standing.before,
        standing.family,
        trigger=trigger,
        submitted=values,
        policy=standing.policy,
        actor=actor,
        occurred_at=occurred_at,
        decision=decision,
    )
    if trigger == "correct":
        found = correctable(connection, standing.lifecycle, standing.case["id"], values)
        situation = replace(situation, derived={**situation.derived, "correctable": found})
    row = next((one for one in rows if one.holds(situation)), None)
    if row is not None and len(rows) > 1:  # now that it is known which of the rows is meant, what that one asks for
        asked = row.facts
        values, problems = check_facts(asked, given)
    unmet = [*_role(actor, rows), *_state(standing, trigger, rows, row), *_time(standing, row, occurred_at, now)]
    unmet += _corrected_time(standing, values, now)
    unmet += [Unmet("fact", problem.where, problem.says) for problem in problems]
    unmet += _named(connection, standing, values)
    judged = Judged(
        row=row,
        target=standing.before.state,
        situation=situation,
        values=values,
        unmet=tuple(unmet),
        who=who_may(rows),
        decision=decision,
        asked=asked,
    )
    return judged if row is None else _with_row(standing, judged, row, actor)


def _with_row(standing: Standing, judged: Judged, row: Transition, actor: Actor) -> Judged:
    names = standing.lifecycle.unmet(row, judged.situation)
    if row.trigger == "correct":
        names += [name for name in _of_corrected(judged.values) if not GUARDS[name].holds(judged.situation)]
    guards = [Unmet("guard", name, GUARDS[name].says) for name in names]
    approval, follows, missing = _approval(row, judged.situation, actor)
    return replace(
        judged,
        target=standing.lifecycle.target(row, standing.before.state),
        unmet=(*judged.unmet, *guards, *missing),
        approval=approval,
        approval_follows=follows,
    )


OF_CORRECTED = {
    "worker": ("worker_is_active", "worker_is_not_the_parents_own"),
    "edd": ("edd_is_possible",),
    "received_on": ("edd_is_possible",),
}


def _of_corrected(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The guards of single facts, which hold for a fact that is corrected as for one that is given first."""
    return tuple(dict.fromkeys(name for fact in values for name in OF_CORRECTED.get(fact, ())))


def who_may(rows: Sequence[Transition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ROLE_LABELS[role] for row in rows for role in row.roles))


def _asked(
    connection: Connection, standing: Standing, rows: Sequence[Transition], given: Mapping[str, Any]
) -> tuple[Fact, ...]:
    if not rows:
        return ()
    facts = _of_any(rows)
    if rows[0].trigger == "correct":
        return (*facts, *facts_to_correct(connection, standing.lifecycle, standing.case["id"], given))
    return facts


def _of_any(rows: Sequence[Transition]) -> tuple[Fact, ...]:
    """The facts that rows of one trigger ask for together; required where each of them requires it."""
    found: dict[str, Fact] = {}
    for fact in (fact for row in rows for fact in row.facts):
        everywhere = all(any(one.name == fact.name and one.required for one in row.facts) for row in rows)
        found.setdefault(fact.name, fact if fact.required == everywhere else replace(fact, required=everywhere))
    return tuple(found.values())


def _decision(
    standing: Standing, trigger: str, values: Mapping[str, Any], occurred_at: datetime
) -> Mapping[str, Any] | None:
    """The policy's decision, anew where this move tells more about the referral, or decides whom Pause is for."""
    if standing.lifecycle.id == "pause" and trigger in ASKED_ON:
        return eligibility(standing.policy, {**standing.before.facts, **values}, local_date(occurred_at))
    if standing.lifecycle.id == "prebirth" and REFERRAL_NAMES & values.keys():
        told = {name: value for name, value in {**standing.before.facts, **values}.items() if name in REFERRAL_NAMES}
        if told.get("received_on"):
            return decide(standing.policy, told).to_json()
    found: Mapping[str, Any] | None = standing.case["decision"]
    return found


def _role(actor: Actor, rows: Sequence[Transition]) -> list[Unmet]:
    if not rows or any(may_fire(actor, row) for row in rows):
        return []
    return [Unmet("role", actor.role, f"it is not for {one_of_role(actor.role)} to do")]


def _state(standing: Standing, trigger: str, rows: Sequence[Transition], row: Transition | None) -> list[Unmet]:
    state = standing.before.state
    if row is not None:
        return []
    label = "not yet opened" if state == NEW else standing.lifecycle.state_by_id[state].label.lower()
    if trigger not in standing.lifecycle.triggers:
        return [Unmet("state", trigger[:40], f"there is no move of that name in {standing.lifecycle.label.lower()}")]
    says = "it leads nowhere with these facts" if rows else "it is not a move from here"
    return [Unmet("state", state, f"{says}: the case is {label}")]


BESIDE = {"refer_to_team": Record.BABY, "pause_team": Record.PAUSE}  # teams of the other kind of record


def _named(connection: Connection, standing: Standing, values: Mapping[str, Any]) -> list[Unmet]:
    """A worker and a team that are named must be there, in this authority, and may hold this kind of record."""
    unmet = []
    authority, record = standing.case["authority"], standing.lifecycle.record
    if "team" in values:
        team = team_row(connection, values["team"])
        if team is None or team["authority"] != authority or team["record"] not in (record, Record.BOTH):
            unmet.append(Unmet("fact", "team", f"there is no such team for this record in {authority} (team)"))
    for name, other in BESIDE.items():
        beside = team_row(connection, values[name]) if values.get(name) else None
        if values.get(name) and (
            beside is None or beside["authority"] != authority or beside["record"] not in (other, Record.BOTH)
        ):
            unmet.append(Unmet("fact", name, f"there is no such team in {authority} ({name})"))
    if "worker" in values:
        try:
            worker = find_actor(connection, values["worker"])
        except NotAllowed:
            worker = None
        if worker is None or worker.authority != authority or worker.record not in (record, Record.BOTH):
            says = f"there is no active account of that name for this record in {authority} (worker)"
            unmet.append(Unmet("fact", "worker", says))
    return unmet


def _time(standing: Standing, row: Transition | None, occurred_at: datetime, now: datetime) -> list[Unmet]:
    if occurred_at > now + CLOCK_SKEW:
        return [Unmet("time", "occurred_at", "it lies in the future; record it when it has happened")]
    opened_at = standing.case["opened_at"]
    if standing.before.state == NEW or occurred_at >= opened_at or (row is not None and row.may_precede_opening):
        return []
    if local_date(occurred_at) == local_date(opened_at):
        return []
    return [Unmet("time", "occurred_at", f"it lies before the case was opened on {local_date(opened_at)}")]


def _corrected_time(standing: Standing, values: Mapping[str, Any], now: datetime) -> list[Unmet]:
    """A time that is corrected is held to the same rules; the opening itself may turn out to be earlier."""
    if values.get("new_occurred_at") is None:
        return []
    at = datetime.fromisoformat(values["new_occurred_at"])
    wrong = _time(standing, None, at, now)
    opening = values.get("entry") == "1" and at <= now
    return [] if opening else [replace(one, name="new_occurred_at") for one in wrong]


def _approval(
    row: Transition, situation: Situation, actor: Actor
) -> tuple[Mapping[str, Any] | None, bool, list[Unmet]]:
    """(the approval used, whether one must follow, what is missing)."""
    wanted = row.approval
    if wanted is None or (wanted.when is not None and not GUARDS[wanted.when].holds(situation)):
        return None, False, []
    approved = situation.derived["approved"]  # those that are valid when the move happens
    given = [one for one in approved if one["trigger"] == row.trigger and one["by_role"] == wanted.by]
    if any(one["decided_by"] != actor.username for one in given):
        return next(one for one in reversed(given) if one["decided_by"] != actor.username), False, []
    if wanted.may_follow:
        return None, True, []
    by = ROLE_LABELS[wanted.by]
    says = (
        f"who approved it cannot also be the one who does it: another {by}'s approval is needed"
        if given
        else f"it needs the approval of a {by}: ask for it with request_approval"
    )
    return None, False, [Unmet("approval", row.trigger, says)]


class _Watched(dict[str, Any]):
    """Facts that remember whether one that is still to be filled in was looked at."""

    def __init__(self, known: Mapping[str, Any], open_names: frozenset[str]) -> None:
        super().__init__(known)
        self.open_names = open_names
        self.looked = False

    def get(self, name: str, default: Any = None) -> Any:
        self.looked |= name in self.open_names
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.looked |= name in self.open_names
        return super().__getitem__(name)


FILLED_IN_LATER = frozenset(
    {"worker", "approval", "correctable", "clinic", "item"}
)  # derived from facts of the move itself


def unmet_whatever_is_filled_in(standing: Standing, judged: Judged) -> tuple[Unmet, ...]:
    """What stands in the way however the form is filled in: guards that look only at what is known already count."""
    if judged.row is None:
        return tuple(one for one in judged.unmet if one.kind not in ("fact", "state"))
    still_open = frozenset(fact.name for fact in judged.asked)
    unmet = []
    for one in judged.unmet:
        if one.kind == "fact":
            continue
        if one.kind == "guard":
            facts = _Watched(judged.situation.facts, still_open)
            submitted = _Watched(judged.situation.submitted, still_open)
            derived = _Watched(judged.situation.derived, FILLED_IN_LATER)
            GUARDS[one.name].holds(replace(judged.situation, facts=facts, submitted=submitted, derived=derived))
            if facts.looked or submitted.looked or derived.looked:
                continue
        unmet.append(one)
    return tuple(unmet)
