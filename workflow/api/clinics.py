"""Pre-birth clinics: sessions, the agenda of one made from the cases due, and what it decided on each."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from scheduler.calendars import add_days, local_date
from states.codes import CHILD_PROTECTION_AGENCIES
from workflow import clinics
from workflow.api.bodies import Day, Given
from workflow.api.callers import Reader
from workflow.api.directory import Name
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.clinic_sessions import clinics_of, find_clinic
from workflow.clinic_tables import ClinicStatus
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.serving.once import once

router = subject("clinics")
Arranger = Annotated[Asking, Depends(Needs(Permission.ARRANGE_CLINICS))]
Named = Annotated[str, Path(pattern=r"^[Cc][Ll]-\d{1,9}$", description="The session.", examples=["CL-3"])]
AGENCY = f"^({'|'.join(CHILD_PROTECTION_AGENCIES)})$"
Agencies = Annotated[
    tuple[Annotated[str, Field(pattern=AGENCY)], ...],
    Field(description="who is asked to come; once it was held, who came", max_length=20, examples=[["midwifery"]]),
]
SHOWN_BACK = 90  # days of sessions before today, where no day is given


class NewClinic(Given):
    """A session to come; with `was_held`, one that is recorded afterwards."""

    held_on: Day = Field(examples=["2026-12-09"])
    chair: Name
    agencies: Agencies = ()
    team: Name | None = Field(default=None, description="for one team only; else for all of the authority")
    was_held: bool = False


class ClinicChange(Given):
    held_on: Day = Field(examples=["2026-12-10"])
    chair: Name
    agencies: Agencies = ()


class Attendance(Given):
    agencies: Agencies = ()


class Clinic(BaseModel):
    """One session."""

    name: str = Field(examples=["CL-3"])
    team: str | None
    held_on: date
    chair: str
    agencies: list[str]
    status: ClinicStatus


class Due(BaseModel):
    """A case on the agenda, and why: its own clinic date, its gestation, or its plan."""

    case: str = Field(examples=["PB-12"])
    state: str
    owner: str | None
    team: str
    gestation_days: int | None = Field(description="completed days on the day of the session")
    deadline: str | None = Field(description="the clock that alerts where no clinic is held for it")
    due_on: date | None
    progress: str | None = Field(description="as of its last clinic")
    expected_care_plan: str | None
    reasons: list[str] = Field(description="clinic, gestation, drifts, undecided")


class Decided(BaseModel):
    """What the session decided on a case, as the case says it. `decisions` is withheld from who audits."""

    case: str
    owner: str | None
    team: str
    progress: str | None
    drift_reasons: list[str]
    next_clinic_on: date | None
    expected_care_plan: str | None
    decisions: str | None


class WholeClinic(Clinic):
    agenda: list[Due]
    recorded: list[Decided]
    missed: list[Due] = Field(description="due by that day, and recorded neither there nor since")


@router.get("/clinics", responses=LOOKS)
def list_clinics(
    asking: Reader,
    since: Annotated[Day | None, Query(description="sessions from that day on; of the last 90 if left out")] = None,
) -> list[Clinic]:
    """The sessions of my authority, in their order."""
    first = since or add_days(local_date(asking.now), -SHOWN_BACK)
    with asking.service.database.read() as connection:
        return [Clinic(**row) for row in clinics_of(connection, asking.actor.authority, first)]


@router.get("/clinics/{name}", responses=LOOKS)
def show_clinic(asking: Reader, name: Named) -> WholeClinic:
    """One session: the cases due at it that I may read, what it decided on each, and those that missed it."""
    return WholeClinic(**looking(asking).clinic(name))


@router.post("/clinics", status_code=201, responses=ACTS)
def plan_clinic(asking: Arranger, given: NewClinic, key: Key) -> Clinic:
    """Plan a session, or record one that was held."""
    made: dict[str, Any] = {}

    def work(connection: Connection) -> Clinic:
        made.update(
            clinics.plan_clinic(connection, asking.actor, asking.now, way=asking.way(key), **given.model_dump())
        )
        return Clinic(**made)

    def again(connection: Connection) -> Clinic:
        same = (row for row in clinics_of(connection, asking.actor.authority, given.held_on) if _same(row, given))
        return Clinic(**next(same))

    return once(asking, key, {"makes": "clinic", **given.model_dump(mode="json")}, work, again)


def _same(row: dict[str, Any], given: NewClinic) -> bool:
    return (row["held_on"], row["chair"], row["team"]) == (given.held_on, given.chair, given.team)


@router.post("/clinics/{name}/change", responses=ACTS)
def change_clinic(asking: Arranger, name: Named, given: ClinicChange, key: Key) -> Clinic:
    """Give a planned session another day, chair or other agencies."""

    def work(connection: Connection) -> Clinic:
        way = asking.way(key)
        return Clinic(
            **clinics.change_clinic(connection, asking.actor, asking.now, name=name, way=way, **given.model_dump())
        )

    return _once(asking, key, name, {"does": "change", **given.model_dump(mode="json")}, work)


@router.post("/clinics/{name}/hold", responses=ACTS)
def hold_clinic(asking: Arranger, name: Named, given: Attendance, key: Key) -> Clinic:
    """Say that the session was held, and which agencies were there."""

    def work(connection: Connection) -> Clinic:
        way = asking.way(key)
        return Clinic(
            **clinics.hold_clinic(connection, asking.actor, asking.now, name=name, agencies=given.agencies, way=way)
        )

    return _once(asking, key, name, {"does": "hold", **given.model_dump(mode="json")}, work)


@router.post("/clinics/{name}/call-off", responses=ACTS)
def call_off_clinic(asking: Arranger, name: Named, key: Key) -> Clinic:
    """Call the session off. The clinic clock of each case goes on, and alerts."""

    def work(connection: Connection) -> Clinic:
        way = asking.way(key)
        return Clinic(**clinics.call_off_clinic(connection, asking.actor, asking.now, name=name, way=way))

    return _once(asking, key, name, {"does": "call off"}, work)


def _once(asking: Asking, key: str, name: str, said: dict[str, Any], work: Any) -> Clinic:
    def again(connection: Connection) -> Clinic:
        return Clinic(**find_clinic(connection, asking.actor.authority, name))

    done: Clinic = once(asking, key, {"clinic": name, **said}, work, again)
    return done
