"""The table of what families in an area are offered. Nothing in it is about a person."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from workflow.columns import Day, Instant
from workflow.models import BIG, one_of, strict


class Level(StrEnum):
    """Whom an offer is meant for: every family, those who need more, or those who need the most."""

    UNIVERSAL = "universal"
    TARGETED = "targeted"
    SPECIALIST = "specialist"


class Offer(SQLModel, table=True):
    """One entry of the map: a service as a family would look for it."""

    __tablename__ = "offers"
    __table_args__ = strict(one_of("level", Level), Index("ix_offers_authority", "authority", "level", "name"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    authority: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    offers: str = Field(sa_type=Text)
    for_whom: str = Field(sa_type=Text)
    area: str = Field(sa_type=Text)
    contact: str = Field(sa_type=Text)
    since: date = Field(sa_type=Day)
    until: date | None = Field(default=None, sa_type=Day)
    changed_at: datetime = Field(sa_type=Instant)
