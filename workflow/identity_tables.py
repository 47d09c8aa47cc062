"""The tables of who is at the keyboard: passwords and second factors, outside identities, sessions, sign-ins tried."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workflow.columns import Flag, Instant
from workflow.models import BIG, strict


class Credential(SQLModel, table=True):
    """How an account proves who it is on this system: a password, and a second factor once it is confirmed."""

    __tablename__ = "credentials"
    __table_args__ = strict()
    username: str = Field(primary_key=True, foreign_key="users.username", sa_type=Text)
    password_hash: str | None = Field(default=None, sa_type=Text)
    password_set_at: datetime | None = Field(default=None, sa_type=Instant)
    totp_secret: str | None = Field(default=None, sa_type=Text)  # encrypted, bound to this row
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    totp_last_step: int | None = Field(default=None, sa_type=BIG)  # of the last code accepted: a code works once


class Identity(SQLModel, table=True):
    """An account as an OpenID provider knows it."""

    __tablename__ = "identities"
    __table_args__ = strict()
    issuer: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    username: str = Field(foreign_key="users.username", sa_type=Text, index=True)
    linked_at: datetime = Field(sa_type=Instant)


class PendingSignIn(SQLModel, table=True):
    """A sign-in that was sent to an OpenID provider and has not come back."""

    __tablename__ = "pending_sign_ins"
    __table_args__ = strict()
    state_digest: str = Field(primary_key=True, sa_type=Text)
    nonce: str = Field(sa_type=Text)
    code_verifier: str = Field(sa_type=Text)
    then_to: str = Field(sa_type=Text)  # the page that was asked for
    started_at: datetime = Field(sa_type=Instant)


class SignedIn(SQLModel, table=True):
    """A session: one browser signed in as one account; only the digest of its cookie is kept."""

    __tablename__ = "sessions"
    __table_args__ = strict()
    digest: str = Field(primary_key=True, sa_type=Text)
    username: str = Field(foreign_key="users.username", sa_type=Text, index=True)
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)  # whatever happens; being idle ends it sooner
    second_factor: bool = Field(default=False, sa_type=Flag)  # both factors were given, or none is asked for
    device: str = Field(default="", sa_type=Text)  # browser and system, as words
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class SignInAttempts(SQLModel, table=True):
    """How often signing in has failed for one account or from one address, by digest, and until when it must wait."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = strict()
    subject: str = Field(primary_key=True, sa_type=Text)
    failures: int
    last_at: datetime = Field(sa_type=Instant, index=True)
    wait_until: datetime | None = Field(default=None, sa_type=Instant)
