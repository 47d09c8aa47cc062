"""Clinic sessions: planned, held or called off, and the agenda of one, made from the cases that are due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, false, select

from scheduler.calendars import end_of_day, local_date
from scheduler.gestation import day_of, gestation_on
from states.catalogue import LIFECYCLES
from states.codes import CHILD_PROTECTION_AGENCIES
from states.lifecycle import SELF
from states.prebirth import BEFORE_BIRTH_WORK
from workflow.access import are_readable
from workflow.accounts import Actor, find_actor
from workflow.acts import Way, record_system_act
from workflow.audit import CONTENTS, ENTRIES
from workflow.clinic_sessions import CLINICS, clinic_name, find_clinic, following
from workflow.clinic_tables import ClinicStatus
from workflow.directory import find_team
from workflow.errors import BadInput, Conflict, NotAllowed
from workflow.permissions import withholds_personal
from workflow.projection import steps_of
from workflow.references import deadline_name, reference
from workflow.repository import CASES, DEADLINES

CLOCKS = ("first_clinic", "clinic_interval")  # the one rule of when a case is due at a clinic
LONGEST_APART = timedelta(weeks=4)  # where no later session is planned, those due within this time are due now
PLAN_BY, LOOK_BY = 34 * 7, 28 * 7  # completed days of gestation: the birth plan is agreed; its direction is clear
REASONS = {
    "clinic": "its clinic falls due before the next session",
    "gestation": "34+0 comes before the next session, and the birth plan is not agreed",
    "drifts": "it drifted at its last clinic",
    "undecided": "28+0 has come, and the care plan is not decided",
}


def plan_clinic(
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    held_on: date,
    chair: str,
    agencies: Collection[str],
    team: str | None = None,
    was_held: bool = False,
    way: Way | None = None,
) -> dict[str, Any]:
    """A session to come, or with `was_held` one that is recorded afterwards. BadInput for a day on the wrong side of
    today, or a chair or agency that is not known; NotFound for such a team.
    """
    today = local_date(now)
    if held_on < today and not was_held:
        raise BadInput(f"a clinic on {held_on} cannot be planned any more: say that it was held, if it was")
    if was_held and held_on > today:
        raise BadInput(f"a clinic on {held_on} cannot have been held yet")
    _check(connection, actor, chair, agencies, team)
    row = {
        "authority": actor.authority,
        "team": team,
        "held_on": held_on,
        "chair": chair,
        "agencies": sorted(set(agencies)),
        "status": ClinicStatus.HELD if was_held else ClinicStatus.PLANNED,
        "changed_at": now,
    }
    number = connection.execute(CLINICS.insert().returning(CLINICS.c.id), row).scalar_one()
    _record(connection, actor, now, trigger="plan_clinic", row={**row, "id": number}, way=way)
    return find_clinic(connection, actor.authority, clinic_name(number))


def change_clinic(
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    name: str,
    held_on: date,
    chair: str,
    agencies: Collection[str],
    way: Way | None = None,
) -> dict[str, Any]:
    """Another day, chair or other agencies for a session that is still planned. Conflict for one that is not."""
    clinic = _planned(connection, actor, name)
    if held_on < local_date(now):
        raise BadInput(f"a clinic cannot be moved to {held_on}: that day has passed")
    _check(connection, actor, chair, agencies, None)
    changed = {"held_on": held_on, "chair": chair, "agencies": sorted(set(agencies)), "changed_at": now}
    return _change(connection, actor, now, clinic, trigger="change_clinic", changed=changed, way=way)


def hold_clinic(
    connection: Connection,
    actor: Actor,
    now: datetime,
    *,
    name: str,
    agencies: Collection[str],
    way: Way | None = None,
) -> dict[str, Any]:
    """The session was held, and these agencies were there. What it decided is recorded on each case."""
    clinic = _planned(connection, actor, name)
    if clinic["held_on"] > local_date(now):
        raise BadInput(f"{name} is on {clinic['held_on']}: it cannot have been held yet")
    _check(connection, actor, clinic["chair"], agencies, None, must_be_active=False)
    changed = {"status": ClinicStatus.HELD, "agencies": sorted(set(agencies)), "changed_at": now}
    return _change(connection, actor, now, clinic, trigger="hold_clinic_session", changed=changed, way=way)


def call_off_clinic(
    connection: Connection, actor: Actor, now: datetime, *, name: str, way: Way | None = None
) -> dict[str, Any]:
    """The session does not take place. The clinic clock of each case goes on, and alerts who answers for the case."""
    clinic = _planned(connection, actor, name)
    changed = {"status": ClinicStatus.CALLED_OFF, "changed_at": now}
    return _change(connection, actor, now, clinic, trigger="call_off_clinic", changed=changed, way=way)


def _planned(connection: Connection, actor: Actor, name: str) -> dict[str, Any]:
    clinic = find_clinic(connection, actor.authority, name, lock=True)
    if clinic["status"] != ClinicStatus.PLANNED:
        raise Conflict(f"{clinic['name']} was {clinic['status'].replace('_', ' ')}: it is not changed any more")
    return clinic


def _change(
    connection: Connection,
    actor: Actor,
    now: datetime,
    clinic: Mapping[str, Any],
    *,
    trigger: str,
    changed: dict[str, Any],
    way: Way | None,
) -> dict[str, Any]:
    connection.execute(CLINICS.update().where(CLINICS.c.id == clinic["id"]).values(changed))
    _record(connection, actor, now, trigger=trigger, row={**changed, "id": clinic["id"]}, way=way)
    return find_clinic(connection, actor.authority, clinic["name"])


def _record(
    connection: Connection, actor: Actor, now: datetime, *, trigger: str, row: Mapping[str, Any], way: Way | None
) -> None:
    said = {name: value for name, value in row.items() if name not in ("id", "authority", "changed_at")}
    facts = {"clinic": clinic_name(row["id"]), **said}
    record_system_act(connection, trigger, actor, now, facts=facts, way=way)


def _check(
    connection: Connection,
    actor: Actor,
    chair: str,
    agencies: Collection[str],
    team: str | None,
    *,
    must_be_active: bool = True,
) -> None:
    if must_be_active:
        try:
            known = find_actor(connection, chair).authority == actor.authority
        except NotAllowed:
            known = False
        if not known:
            raise BadInput(f"there is no active account {chair[:60]!r} in {actor.authority} to chair it")
    if unknown := sorted(set(agencies) - CHILD_PROTECTION_AGENCIES.keys()):
        listed = ", ".join(CHILD_PROTECTION_AGENCIES)
        raise BadInput(f"{unknown[0][:40]!r} is not an agency: one of {listed}")
    if team is not None:
        find_team(connection, actor.authority, team)


# The agenda


def agenda(connection: Connection, actor: Actor, now: datetime, clinic: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cases due at a session that this account may read, the furthest on in pregnancy first, each with why.

    Due are those whose own clinic clock runs out before the next session, whose birth plan has to be agreed by then,
    that drifted last time, or whose care plan is open though 28+0 has come.
    """
    until = following(connection, dict(clinic)) or clinic["held_on"] + LONGEST_APART
    query = (
        select(
            *(CASES.c[name] for name in ("id", "lifecycle", "state", "owner", "team", "edd", "facts", "restricted")),
            *(DEADLINES.c[name] for name in ("number", "due_on", "due_at")),
        )
        .outerjoin(
            DEADLINES,
            (DEADLINES.c.case_id == CASES.c.id) & DEADLINES.c.clock.in_(CLOCKS) & DEADLINES.c.closed_at.is_(None),
        )
        .where((CASES.c.authority == clinic["authority"]) & (CASES.c.lifecycle == "prebirth"))
        .where((CASES.c.final == false()) & CASES.c.state.in_(BEFORE_BIRTH_WORK))
        .where(are_readable(connection, actor, now))
        .order_by(CASES.c.edd, CASES.c.id)
    )
    if clinic["team"] is not None:
        query = query.where(CASES.c.team == clinic["team"])
    rows = [_row(dict(row), clinic["held_on"], until) for row in connection.execute(query).mappings()]
    return [row for row in rows if row["reasons"]]


def _row(row: Mapping[str, Any], held_on: date, until: date) -> dict[str, Any]:
    facts, edd = row["facts"], row["edd"]
    return {
        "case": reference(row["lifecycle"], row["id"]),
        "state": row["state"],
        "owner": row["owner"],
        "team": row["team"],
        "restricted": row["restricted"],
        "gestation_days": gestation_on(edd, held_on) if edd else None,
        "deadline": deadline_name(row["lifecycle"], row["id"], row["number"]) if row["number"] else None,
        "due_on": row["due_on"],
        "progress": facts.get("progress"),
        "expected_care_plan": facts.get("expected_care_plan"),
        "reasons": _reasons(row, facts, held_on, until),
    }


def _reasons(row: Mapping[str, Any], facts: Mapping[str, Any], held_on: date, until: date) -> list[str]:
    edd = row["edd"]
    due = {
        "clinic": row["due_on"] is not None and row["due_on"] < until,
        "gestation": edd is not None and day_of(edd, PLAN_BY) < until and row["state"] != "birth_ready",
        "drifts": facts.get("progress") in ("amber", "red"),
        "undecided": facts.get("expected_care_plan", "undecided") == "undecided"
        and edd is not None
        and gestation_on(edd, held_on) >= LOOK_BY,
    }
    return [name for name, is_so in due.items() if is_so]


def recorded(connection: Connection, actor: Actor, now: datetime, clinic: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the session decided on each case this account may read, as the cases say it, corrections applied.

    The text of decisions is personal content: it is left out for who audits, and gone where it was erased.
    """
    name = clinic["name"]
    held = (ENTRIES.c.trigger == "hold_clinic") & (ENTRIES.c.authority == clinic["authority"])
    naming = select(ENTRIES.c.case_id, ENTRIES.c.facts).where(held & (ENTRIES.c.occurred_at >= _midnight(clinic)))
    ids = {row.case_id for row in connection.execute(naming) if (row.facts or {}).get("clinic") == name}
    query = (
        select(CASES.c.id, CASES.c.lifecycle, CASES.c.state, CASES.c.owner, CASES.c.team)
        .where(CASES.c.id.in_(ids) & are_readable(connection, actor, now))
        .order_by(CASES.c.id)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()] if ids else []
    found = _decisions(connection, [row["id"] for row in rows], name)
    return [_decided(actor, row, found[row["id"]]) for row in rows if row["id"] in found]


def _midnight(clinic: Mapping[str, Any]) -> datetime:
    return end_of_day(clinic["held_on"] - timedelta(days=1))


def _decisions(connection: Connection, ids: Sequence[int], name: str) -> dict[int, Mapping[str, Any]]:
    wanted = ENTRIES.c.case_id.in_(ids) & ENTRIES.c.trigger.in_(("hold_clinic", "correct"))
    query = (
        select(ENTRIES, CONTENTS.c.content)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .where(wanted)
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
    )
    by_case: dict[int, list[Mapping[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        by_case.setdefault(row["case_id"], []).append({**row, "to_state": SELF})
    found: dict[int, Mapping[str, Any]] = {}
    for case_id, entries in by_case.items():
        for step in steps_of(entries):
            if step.trigger == "hold_clinic" and step.facts.get("clinic") == name:
                found[case_id] = step.facts
    return found


def _decided(actor: Actor, row: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    hidden = withholds_personal(actor, LIFECYCLES[row["lifecycle"]].state_by_id[row["state"]])
    return {
        "case": reference(row["lifecycle"], row["id"]),
        "owner": row["owner"],
        "team": row["team"],
        "progress": facts.get("progress"),
        "drift_reasons": list(facts.get("drift_reasons") or ()),
        "next_clinic_on": facts.get("next_clinic_on"),
        "expected_care_plan": facts.get("expected_care_plan"),
        "decisions": None if hidden else facts.get("clinic_decisions"),
    }
