"""The table of pre-birth clinic sessions. What a clinic decides on a case is evidence of that case alone."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from workflow.columns import Day, Instant, Json
from workflow.models import BIG, one_of, strict


class ClinicStatus(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    CALLED_OFF = "called_off"


class Clinic(SQLModel, table=True):
    """One session: its day, who chairs it, and the agencies asked and there. Without a team it is for all of them."""

    __tablename__ = "clinics"
    __table_args__ = strict(one_of("status", ClinicStatus), Index("ix_clinics_day", "authority", "held_on", "id"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    authority: str = Field(sa_type=Text)
    team: str | None = Field(default=None, foreign_key="teams.code", sa_type=Text)
    held_on: date = Field(sa_type=Day)
    chair: str = Field(foreign_key="users.username", sa_type=Text)
    agencies: Any = Field(sa_type=Json)  # codes of those asked; once it was held, of those who were there
    status: str = Field(default=ClinicStatus.PLANNED, sa_type=Text)
    changed_at: datetime = Field(sa_type=Instant)
