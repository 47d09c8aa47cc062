"""The tables of what people leave on their desks: drafts of forms, saved views, and when they last looked."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workflow.columns import Instant, Json
from workflow.models import strict


class Draft(SQLModel, table=True):
    """A form as somebody left it. `about` names the form: PB-12/accept, new/prebirth. Not evidence; goes when sent."""

    __tablename__ = "drafts"
    __table_args__ = strict()
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    about: str = Field(primary_key=True, sa_type=Text)
    typed: Any = Field(sa_type=Json)
    saved_at: datetime = Field(sa_type=Instant, index=True)


class SavedView(SQLModel, table=True):
    """A list somebody wants to come back to: its filters, under a name of their own."""

    __tablename__ = "saved_views"
    __table_args__ = strict()
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    name: str = Field(primary_key=True, sa_type=Text)
    query: str = Field(sa_type=Text)
    saved_at: datetime = Field(sa_type=Instant)


class LastLook(SQLModel, table=True):
    """When somebody last said that they have seen what changed in their work."""

    __tablename__ = "last_looks"
    __table_args__ = strict()
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    at: datetime = Field(sa_type=Instant)
