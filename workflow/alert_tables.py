"""The tables of what is told to whom: alerts, messages, absences, changes to the calendar, and runs of the jobs."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from workflow.columns import Day, Flag, Instant, Json
from workflow.models import BIG, one_of, only, strict


class AlertStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # quiet until its time; the due date stays
    SETTLED = "settled"  # its deadline was met or cancelled


class MessageStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"  # given up: itself an alert to the next tier
    DROPPED = "dropped"  # what it was about has ended


class ChannelName(StrEnum):
    INBOX = "inbox"
    EMAIL = "email"
    NOTIFY = "notify"
    WEBHOOK = "webhook"


class Alert(SQLModel, table=True):
    """One step of a ladder that was told. Its key makes a double impossible, not unlikely."""

    __tablename__ = "alerts"
    __table_args__ = strict(
        one_of("status", AlertStatus),
        Index("ix_alerts_open", "status", "raised_at"),
        Index("ix_alerts_raised_at", "raised_at"),
    )
    case_id: int = Field(primary_key=True, sa_type=BIG, foreign_key="cases.id")
    number: int = Field(primary_key=True)  # of the deadline
    cycle: int = Field(primary_key=True)
    level: str = Field(primary_key=True, sa_type=Text)
    authority: str = Field(sa_type=Text)
    team: str = Field(sa_type=Text)
    due_at: datetime | None = Field(default=None, sa_type=Instant)  # of the deadline
    planned_at: datetime = Field(sa_type=Instant)  # of the step
    raised_at: datetime = Field(sa_type=Instant)
    late_seconds: int
    cause: str = Field(sa_type=Text)
    node: str = Field(sa_type=Text)
    told: Any = Field(sa_type=Json)  # the accounts told
    nobody_for: Any = Field(sa_type=Json)  # the roles for which there was nobody
    must_acknowledge: bool = Field(default=False, sa_type=Flag)
    status: str = Field(default=AlertStatus.OPEN, sa_type=Text)
    acknowledged_by: str | None = Field(default=None, sa_type=Text)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    promised_on: date | None = Field(default=None, sa_type=Day)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class Message(SQLModel, table=True):
    """A message in the outbox: a reference and a link, never a name or circumstance. `key` makes a repeat harmless."""

    __tablename__ = "messages"
    __table_args__ = strict(
        one_of("status", MessageStatus),
        one_of("channel", ChannelName),
        Index("ix_messages_next_try", "next_try_at", **only("status = 'queued'")),
        Index("ix_messages_inbox", "recipient", "channel", "queued_at"),
        Index("ix_messages_case", "case_id", "number"),
    )
    key: str = Field(primary_key=True, sa_type=Text)
    case_id: int | None = Field(default=None, sa_type=BIG)
    number: int | None = Field(default=None)
    recipient: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    template: str = Field(sa_type=Text)
    params: Any = Field(sa_type=Json)  # references, levels, dates: nothing about a person
    urgent: bool = Field(default=False, sa_type=Flag)
    status: str = Field(default=MessageStatus.QUEUED, sa_type=Text)
    queued_at: datetime = Field(sa_type=Instant)
    next_try_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    read_at: datetime | None = Field(default=None, sa_type=Instant)
    last_error: str | None = Field(default=None, sa_type=Text)


class Absence(SQLModel, table=True):
    """Days somebody is away, and who covers; without cover their team's manager does."""

    __tablename__ = "absences"
    __table_args__ = strict()
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    starts_on: date = Field(primary_key=True, sa_type=Day)
    ends_on: date = Field(sa_type=Day)
    cover: str | None = Field(default=None, foreign_key="users.username", sa_type=Text)


class CalendarChange(SQLModel, table=True):
    """A bank holiday proclaimed or moved, recorded by an authorised person."""

    __tablename__ = "calendar_changes"
    __table_args__ = strict()
    day: date = Field(primary_key=True, sa_type=Day)
    action: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    decided_by: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=Instant)


class JobRun(SQLModel, table=True):
    """One run of a scheduled job: silence can be told from nothing to do."""

    __tablename__ = "job_runs"
    __table_args__ = strict(Index("ix_job_runs_job", "job", "started_at"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    job: str = Field(sa_type=Text)
    node: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = Field(default=None, sa_type=Text)
    count: int = 0
