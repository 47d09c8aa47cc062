"""The tables of figures that were counted before: by this service, or from files that somebody brought."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workflow.columns import Day, Instant, Json
from workflow.models import strict


class KeptFigures(SQLModel, table=True):
    """What a report counted of an authority, or the cases behind a figure, from one day to another; `since` is `until`
    for the cohorts at the end of a day. Not evidence: it can be counted again from it at any time.
    """

    __tablename__ = "kept_figures"
    __table_args__ = strict()
    authority: str = Field(primary_key=True, sa_type=Text)
    report: str = Field(primary_key=True, sa_type=Text)  # as `workflow.kept_figures` names it
    since: date = Field(primary_key=True, sa_type=Day)
    until: date = Field(primary_key=True, sa_type=Day)
    counted_at: datetime = Field(sa_type=Instant)
    rules: int  # by which rules of counting: RULES of the report then
    figures: Any = Field(sa_type=Json)


class UnderOneFigures(SQLModel, table=True):
    """The counts of one year of an authority's looked-after return, kept since somebody asked; no child in them."""

    __tablename__ = "under_one_figures"
    __table_args__ = strict()
    authority: str = Field(primary_key=True, sa_type=Text)
    year: str = Field(primary_key=True, sa_type=Text)  # as people say it, such as 2022/23
    figures: Any = Field(sa_type=Json)
    kept_at: datetime = Field(sa_type=Instant)
