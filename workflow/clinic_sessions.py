"""Clinic sessions as they stand: one by its name, and those of an authority."""

import re
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from workflow.clinic_tables import Clinic, ClinicStatus
from workflow.errors import NotFound
from workflow.tables import table

CLINICS = table(Clinic)


def clinic_name(number: int) -> str:
    return f"CL-{number}"


def read_clinic_name(text: str) -> int:
    """The number of a session such as CL-3; NotFound where it is not one."""
    found = re.fullmatch(r"[Cc][Ll]-(\d{1,9})", text.strip())
    if not found:
        raise NotFound(f"{text[:40]!r} is not a clinic session such as CL-3")
    return int(found[1])


def find_clinic(connection: Connection, authority: str, name: str, *, lock: bool = False) -> dict[str, Any]:
    """The session; NotFound, in the same words, where there is none and where it is another authority's."""
    query = select(CLINICS).where((CLINICS.c.id == read_clinic_name(name)) & (CLINICS.c.authority == authority))
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"there is no clinic session {name[:40]!r} in {authority}")
    return {**row, "name": clinic_name(row["id"])}


def named_by_a_case(connection: Connection, authority: str, name: str) -> dict[str, Any] | None:
    """What a move that names a session must know of it; None where there is none, or it was called off."""
    try:
        found = find_clinic(connection, authority, name)
    except NotFound:
        return None
    return None if found["status"] == ClinicStatus.CALLED_OFF else {"held_on": found["held_on"], "team": found["team"]}


def clinics_of(connection: Connection, authority: str, since: date, limit: int = 200) -> list[dict[str, Any]]:
    """The sessions of an authority from a day on, in their order."""
    query = (
        select(CLINICS)
        .where((CLINICS.c.authority == authority) & (CLINICS.c.held_on >= since))
        .order_by(CLINICS.c.held_on, CLINICS.c.id)
        .limit(limit)
    )
    return [{**row, "name": clinic_name(row["id"])} for row in connection.execute(query).mappings()]


def following(connection: Connection, clinic: dict[str, Any]) -> date | None:
    """The day of the next session planned for the same team, or for all."""
    same = CLINICS.c.team.is_(None) | (CLINICS.c.team == clinic["team"])
    query = (
        select(CLINICS.c.held_on)
        .where((CLINICS.c.authority == clinic["authority"]) & (CLINICS.c.held_on > clinic["held_on"]) & same)
        .where(CLINICS.c.status != ClinicStatus.CALLED_OFF)
        .order_by(CLINICS.c.held_on)
        .limit(1)
    )
    found: date | None = connection.execute(query).scalar()
    return found
