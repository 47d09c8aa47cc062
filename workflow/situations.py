"""What is known of a case at the moment of a move, put together for guards, branches and clocks."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, false, func, select

from config.policy import Policy
from scheduler.calendars import completed_months, local_date
from scheduler.gestation import gestation_on
from states.catalogue import LIFECYCLES
from states.guards import CaseUnder, Child, Situation
from states.lifecycle import Lifecycle
from workflow.accounts import USERS, Actor
from workflow.clinic_sessions import named_by_a_case
from workflow.lending import item_for_a_move, lent_under
from workflow.models import ApprovalRequest, Case
from workflow.projection import Projection
from workflow.repository import Around, approvals_of, children_of
from workflow.tables import table

PARENTS = frozenset(one.parent for one in LIFECYCLES.values() if one.parent)  # kinds of case that others stand under
LENDING = frozenset({"item_is_lent_here", "nothing_is_lent"})  # guards that ask what the case has been lent
CASES, APPROVALS = table(Case), table(ApprovalRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a case stands in: its own and its parent's pregnancy and babies, and the cases under it."""

    edd: date | None
    children: tuple[Child, ...]
    cases_under: tuple[CaseUnder, ...]


@functools.cache
def triggers_with_approval(lifecycle: Lifecycle) -> frozenset[str]:
    return frozenset(row.trigger for row in lifecycle.transitions if row.approval)


def situation_of(
    connection: Connection,
    lifecycle: Lifecycle,
    case: Mapping[str, Any],
    before: Projection,
    family: Family,
    *,
    trigger: str,
    submitted: Mapping[str, Any],
    policy: Policy,
    actor: Actor,
    occurred_at: datetime,
    decision: Mapping[str, Any] | None,
) -> Situation:
    """The view that guards look at; `submitted` are checked facts, laid over those the case has."""
    occurred_on = local_date(occurred_at)
    facts = {**before.facts, **submitted}
    edd = date.fromisoformat(submitted["edd"]) if submitted.get("edd") else family.edd
    started = facts.get("programme_started_on")
    derived: dict[str, Any] = {
        "occurred_at": occurred_at,
        "gestation_days": gestation_on(edd, occurred_on) if edd else None,
        "born_on": born_on(family.children, case["child"]),
        "months_since_start": completed_months(date.fromisoformat(started), occurred_on) if started else None,
        "return_state": before.came_from[-1] if before.came_from else None,
        "decision": decision,
        "actor_role": actor.role,
        "owner": before.owner,
        "fgdm_in_force": policy.in_force("fgdm_offer", occurred_on),
    }
    approvals = functools.partial(approvals_of, connection, case["id"])
    derived.update(_approvals(approvals, triggers_with_approval(lifecycle), trigger, submitted, occurred_at))
    if submitted.get("worker"):
        counts = trigger != "migrate_in"  # a caseload that is taken over is what it is; counting it is quadratic
        counted = lifecycle.id if counts else None
        derived["worker"] = _worker(connection, submitted["worker"], facts, occurred_on, counted)
    derived.update(_named(connection, lifecycle, case, trigger, submitted))
    return Situation(
        state=before.state,
        trigger=trigger,
        actor=actor.username,
        occurred_on=occurred_on,
        facts=facts if edd is None else {**facts, "edd": edd.isoformat()},
        submitted=submitted,
        derived=derived,
        children=family.children,
        cases_under=family.cases_under,
        last_actor=before.actors,
    )


def born_on(children: tuple[Child, ...], number: int | None) -> str | None:
    """The day the child (or else the first live baby) was born, as JSON."""
    days = [
        child.born_on
        for child in children
        if child.born_on and child.live_birth and (number is None or child.number == number)
    ]
    return min(days).isoformat() if days else None


def family_of(connection: Connection, case: Mapping[str, Any], before: Projection, around: Around) -> Family:
    """A case under a parent shares the parent's pregnancy and babies."""
    if case["parent_id"] is not None:
        parent = connection.execute(select(CASES.c.id, CASES.c.edd).where(CASES.c.id == case["parent_id"])).one()
        return Family(edd=parent.edd, children=children_of(connection, parent.id), cases_under=())
    return Family(
        edd=before.edd,
        children=before.children,
        cases_under=tuple(
            CaseUnder(lifecycle=row["lifecycle"], state=row["state"], final=row["final"], child=row["child"])
            for row in around.under
        ),
    )


def _approvals(
    stored: Callable[[], Sequence[Mapping[str, Any]]],
    takeable: frozenset[str],
    trigger: str,
    submitted: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    if trigger not in takeable and trigger not in ("request_approval", "decide_approval"):
        return {"approvals_takeable": takeable, "approved": (), "approval": None}
    rows = stored()
    valid = tuple(row for row in rows if row["approved"] and row["used_by"] is None and at <= row["valid_until"])
    asked = [row for row in rows if row["decided_at"] is None and row["trigger"] == submitted.get("for_trigger")]
    return {"approvals_takeable": takeable, "approved": valid, "approval": asked[-1] if asked else None}


@functools.cache
def _asks_what_is_lent(lifecycle: Lifecycle) -> frozenset[str]:
    return frozenset(row.trigger for row in lifecycle.transitions if LENDING & {*row.guards})


def _named(
    connection: Connection, lifecycle: Lifecycle, case: Mapping[str, Any], trigger: str, submitted: Mapping[str, Any]
) -> dict[str, Any]:
    """What stands behind a clinic session or a thing that a move names, and what this case has been lent."""
    found: dict[str, Any] = {}
    if submitted.get("clinic"):
        found["clinic"] = named_by_a_case(connection, case["authority"], submitted["clinic"])
    if submitted.get("item"):
        found["item"] = item_for_a_move(connection, case["authority"], submitted["item"])
    if trigger in _asks_what_is_lent(lifecycle) and case.get("id") is not None:
        found["lent"] = lent_under(connection, case["id"])
    return found


def _worker(
    connection: Connection, username: str, facts: Mapping[str, Any], on: date, counted: str | None
) -> dict[str, Any] | None:
    """`counted`: the kind of case whose open ones make up the caseload."""
    row = connection.execute(select(USERS).where(USERS.c.username == username)).first()
    if row is None:
        return None
    mine = (CASES.c.owner == username) & (CASES.c.final == false()) & (CASES.c.lifecycle == counted)
    held = select(func.count()).select_from(CASES).where(mine)
    return {
        "active": row.active,
        "role": row.role,
        "trained_learning_disability": row.trained_until is not None and on <= row.trained_until,
        "caseload": connection.execute(held).scalar_one() if counted else None,
        "own_worker_of_parent": any(p.get("own_social_worker") == username for p in facts.get("parents", ())),
    }
