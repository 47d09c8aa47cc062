"""The tables of who may read what besides their team, whom a name leads to, and who looked."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from workflow.columns import Instant
from workflow.models import BIG, one_of, strict

BY_CODE_POINT = Text().with_variant(Text(collation="C"), "postgresql")  # so that a range finds what begins a word


class AccessKind(StrEnum):
    NAMED = "named"  # on the list of those who may read a restricted case
    GRANTED = "granted"  # by whoever answers for the record, to somebody outside its teams
    BREAK_GLASS = "break_glass"  # taken, with a reason, for a few hours; the manager is told


class CaseAccess(SQLModel, table=True):
    """One person's access to one case beyond what role and team give; the evidence says who gave it and why."""

    __tablename__ = "case_access"
    __table_args__ = strict(one_of("kind", AccessKind), Index("ix_case_access_username", "username"))
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BIG)
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    until: datetime | None = Field(default=None, sa_type=Instant)
    given_by: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=Instant)


class CaseName(SQLModel, table=True):
    """One word of a name that stands in a case, folded, so that a search finds it; goes when the name goes."""

    __tablename__ = "case_names"
    __table_args__ = strict(Index("ix_case_names_word", "word", "case_id"))
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BIG)
    word: str = Field(primary_key=True, sa_type=BY_CODE_POINT)


class LookKind(StrEnum):
    CASE = "case"
    MOVES = "moves"  # what can happen next
    EVIDENCE = "evidence"
    DEADLINE = "deadline"
    LIST = "list"  # a list of cases, deadlines or alerts
    SEARCH = "search"
    REPORT = "report"
    EXPORT = "export"


class Look(SQLModel, table=True):
    """Evidence: who looked at what. Never changed; sealed with the rest."""

    __tablename__ = "looks"
    __table_args__ = strict(
        one_of("kind", LookKind),
        Index("ix_looks_case", "case_id", "at"),
        Index("ix_looks_at", "at", "id"),
        Index("ix_looks_actor", "actor", "at", "id"),
        Index("ix_looks_kind", "kind", "at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    at: datetime = Field(sa_type=Instant)
    kind: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    actor_role: str = Field(sa_type=Text)
    actor_team: str = Field(sa_type=Text)
    authority: str = Field(sa_type=Text)
    case_id: int | None = Field(default=None, sa_type=BIG)
    lifecycle: str = Field(default="", sa_type=Text)
    access: str = Field(sa_type=Text)  # what let them: team, or a kind of access beyond it
    about: str = Field(default="", sa_type=Text)  # filters or the name of a report; never a person's name
    found: int = 0  # rows shown
    source: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)
