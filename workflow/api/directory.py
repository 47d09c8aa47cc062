"""Accounts and teams of the authority of whoever asks: those of another are not there."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from states.roles import ROLE_LABELS, Role
from workflow.directory import find_person, find_team
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs

NAMED = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"  # of accounts and teams there are; new ones are held to small letters
TRAINED = "the last day of the training to assess parents with a learning disability; none where there is none"
Name = Annotated[str, Field(pattern=NAMED, examples=["ann.example"])]
Username = Annotated[str, Path(pattern=NAMED, description="The account.", examples=["ann.example"])]
TeamCode = Annotated[str, Path(pattern=NAMED, description="The team.", examples=["durham-prebirth"])]
Administrator = Annotated[Asking, Depends(Needs(Permission.RUN_SYSTEM))]
Colleague = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]


class Person(BaseModel):
    """An account. What only an administrator needs to know of it is left out for everybody else."""

    username: str = Field(examples=["ann.example"])
    name: str = Field(examples=["Ann Example"])
    role: Role
    role_label: str
    team: str = Field(examples=["durham-prebirth"])
    active: bool
    trained_until: date | None = Field(description=TRAINED)
    email: str | None = Field(default=None, description="administrators only")
    created_at: datetime | None = Field(default=None, description="administrators only")
    second_factor: bool | None = Field(default=None, description="whether one is set up; administrators only")


class Team(BaseModel):
    """A team. Its manager answers for its cases that have no owner."""

    code: str = Field(examples=["durham-prebirth"])
    name: str = Field(examples=["Pre-birth team"])
    authority: str = Field(examples=["durham"])
    record: str = Field(description="which records it reads: baby, pause or both")
    manager: str | None = None


def person_row(connection: Connection, asking: Asking, username: str, *, lock: bool = False) -> dict[str, Any]:
    """The account, where it is of the authority of whoever asks."""
    return find_person(connection, asking.actor.authority, username, lock=lock)


def team_row(connection: Connection, asking: Asking, code: str, *, lock: bool = False) -> dict[str, Any]:
    """The team, where it is of the authority of whoever asks."""
    return find_team(connection, asking.actor.authority, code, lock=lock)


def person(row: dict[str, Any], *, whole: bool) -> Person:
    """The account as it is shown; `whole` to an administrator."""
    shown = {name: row[name] for name in ("username", "name", "role", "team", "active", "trained_until")}
    if whole:
        shown |= {name: row[name] for name in ("email", "created_at")}
        shown["second_factor"] = row["totp_confirmed_at"] is not None
    return Person(role_label=ROLE_LABELS[Role(row["role"])], **shown)
