"""The tables. A deadline, a child and an approval are projections of the evidence; the evidence is the audit entry."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, MetaData, Text, text
from sqlmodel import Field, SQLModel

from scheduler.deadlines import DeadlineStatus
from states.roles import Role
from workflow.columns import Day, Flag, Instant, Json

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

SYSTEM_CHAIN = 0  # the chain of what happened to no case: accounts, policies, sign-ins
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
BIG = BigInteger().with_variant(Integer(), "sqlite")


class Record(StrEnum):
    """Whose record a team may read: a mother's Pause record and her baby's are closed to each other's teams."""

    BABY = "baby"
    PAUSE = "pause"
    BOTH = "both"


class EntryKind(StrEnum):
    """What an audit entry says happened."""

    MOVED = "moved"  # a transition was taken: this is the state change
    FOLLOWED = "followed"  # the case followed what happened to its parent; the state did not change
    REFUSED = "refused"
    CORRECTED = "corrected"
    CLOCK = "clock"  # a person paused, resumed or extended a deadline
    ALERTED = "alerted"  # a deadline came near or passed, and people were told
    ANSWERED = "answered"  # somebody acknowledged or snoozed an alert
    ERASED = "erased"  # the personal content of an earlier entry was erased
    SYSTEM = "system"  # of the record itself: an account was made, a policy stored, access to a case given


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def only(said: str) -> dict[str, Any]:
    """For an index of the rows that this holds of, on both databases."""
    return {"sqlite_where": text(said), "postgresql_where": text(said)}


def strict(*constraints: Any) -> tuple[Any, ...]:
    return (*constraints, {"sqlite_strict": True})


class Installation(SQLModel, table=True):
    """What kind of database this is: `kind` is demo or live."""

    __tablename__ = "installation"
    __table_args__ = strict()
    name: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(sa_type=Text)


class Team(SQLModel, table=True):
    __tablename__ = "teams"
    __table_args__ = strict(one_of("record", Record))
    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    authority: str = Field(sa_type=Text)
    record: str = Field(sa_type=Text)
    manager: str | None = Field(default=None, sa_type=Text)


class User(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = strict(one_of("role", Role))
    username: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    team: str = Field(foreign_key="teams.code", sa_type=Text)
    active: bool = Field(default=True, sa_type=Flag)
    trained_until: date | None = Field(default=None, sa_type=Day)  # to assess parents with a learning disability
    email: str | None = Field(default=None, sa_type=Text)  # without one, messages wait in the inbox only
    created_at: datetime = Field(sa_type=Instant)


class TokenScope(StrEnum):
    """What a token may be used for."""

    ACT = "act"  # all that its account may do
    READ = "read"  # look, and change nothing
    FEED = "feed"  # the calendar of one's own deadlines, and nothing else
    INVITE = "invite"  # set a password, once


class Token(SQLModel, table=True):
    """A key to act as an account; only its digest is kept."""

    __tablename__ = "tokens"
    __table_args__ = strict()
    digest: str = Field(primary_key=True, sa_type=Text)
    username: str = Field(foreign_key="users.username", sa_type=Text, index=True)
    name: str = Field(default="", sa_type=Text)  # what its owner calls it
    scope: str = Field(default=TokenScope.ACT, sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class PolicyVersion(SQLModel, table=True):
    """A policy exactly as it was when a case came to run under it."""

    __tablename__ = "policy_versions"
    __table_args__ = strict()
    digest: str = Field(primary_key=True, sa_type=Text)
    authority: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    content: Any = Field(sa_type=Json)
    stored_at: datetime = Field(sa_type=Instant)


UNALLOCATED = "owner IS NULL AND NOT final"  # said in the same words where such cases are looked for


class Case(SQLModel, table=True):
    """One person's or household's matter. `version` counts state and facts; `seq` and `head` are its evidence chain."""

    __tablename__ = "cases"
    __table_args__ = strict(
        Index("ix_cases_owner", "owner"),
        Index("ix_cases_urgent", "authority", "final", "urgent_at", "id"),
        Index("ix_cases_team_urgent", "team", "final", "urgent_at", "id"),
        Index(  # all that counting a caseload looks at, so that no row is read for it, in the order it is grouped by
            "ix_cases_caseload",
            *("authority", "final", "lifecycle", "state", "team", "owner", "state_since", "restricted", "urgent_at"),
        ),
        Index("ix_cases_unallocated", "authority", "team", **only(UNALLOCATED)),
        Index("ix_cases_restricted", "authority", "lifecycle", **only("restricted")),
        Index("ix_cases_parent_id", "parent_id", **only("parent_id IS NOT NULL")),
        Index("uq_cases_source", "authority", "source_reference", unique=True, **only("source_reference IS NOT NULL")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    lifecycle: str = Field(sa_type=Text)
    lifecycle_version: int
    authority: str = Field(sa_type=Text)
    policy: str = Field(foreign_key="policy_versions.digest", sa_type=Text)
    state: str = Field(sa_type=Text)
    final: bool = Field(default=False, sa_type=Flag)
    came_from: str = Field(default="", sa_type=Text)  # the states left for a holding state, oldest first, joined by /
    owner: str | None = Field(default=None, foreign_key="users.username", sa_type=Text)
    team: str = Field(foreign_key="teams.code", sa_type=Text)
    parent_id: int | None = Field(default=None, foreign_key="cases.id", sa_type=BIG)
    child: int | None = Field(default=None)
    version: int
    seq: int
    head: str = Field(sa_type=Text)
    deadlines_opened: int = 0
    facts: Any = Field(sa_type=Json)
    personal: Any = Field(sa_type=Json)
    actors: Any = Field(sa_type=Json)  # trigger -> who fired it last
    decision: Any = Field(default=None, sa_type=Json, nullable=True)
    edd: date | None = Field(default=None, sa_type=Day)
    source_reference: str | None = Field(default=None, sa_type=Text)
    opened_at: datetime = Field(sa_type=Instant)
    state_since: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    restricted: bool = Field(default=False, sa_type=Flag)  # readable by those who answer for it and those named
    urgent_at: datetime = Field(default=NEVER, sa_type=Instant)  # when its next deadline is due; NEVER sorts last
    urgent_deadline: int | None = Field(default=None)  # which one that is


class ChildRecord(SQLModel, table=True):
    """One baby of a pre-birth case."""

    __tablename__ = "children"
    __table_args__ = strict()
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BIG)
    number: int = Field(primary_key=True)
    live_birth: bool = Field(sa_type=Flag)
    born_on: date | None = Field(default=None, sa_type=Day)
    care_plan: str | None = Field(default=None, sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=Text)
    died_on: date | None = Field(default=None, sa_type=Day)


RUNNING = "closed_at IS NULL"
LOANS = "clock = 'item_return'"  # running or over
LENT = "clock = 'item_return' AND subject <> '' AND closed_at IS NULL"
PAUSED = "status = 'paused'"  # as above
LAPSING = "clock = 'order_expires' AND closed_at IS NULL"  # as above


class Deadline(SQLModel, table=True):
    """A time limit running on one case: what its clock events add up to, kept for lists and sweeps."""

    __tablename__ = "deadlines"
    __table_args__ = strict(
        one_of("status", DeadlineStatus),
        Index("uq_deadlines_running", "case_id", "clock", "subject", unique=True, **only(RUNNING)),
        Index("ix_deadlines_next_action", "next_action_at", **only(RUNNING)),
        Index("ix_deadlines_amber", "amber_at", "due_at", **only(RUNNING)),  # amber_at is never after due_at
        Index("ix_deadlines_paused", "case_id", **only(PAUSED)),
        Index("ix_deadlines_lapsing", "due_at", **only(LAPSING)),
        Index("ix_deadlines_loans", "subject", "started_at", **only(LOANS)),
        Index("uq_deadlines_lent", "subject", unique=True, **only(LENT)),  # a thing is lent to one family at a time
    )
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BIG)
    number: int = Field(primary_key=True)
    clock: str = Field(sa_type=Text)
    subject: str = Field(default="", sa_type=Text)
    status: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    due_on: date | None = Field(default=None, sa_type=Day)
    amber_at: datetime | None = Field(default=None, sa_type=Instant)
    flags: str = Field(default="", sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    recorded_at: datetime | None = Field(
        default=None, sa_type=Instant
    )  # when its opening, then its closing was recorded
    next_action_at: datetime | None = Field(default=None, sa_type=Instant)  # when somebody must next be told
    cycle: int = 1  # grows when the date changes, a quiet time ends or the last step repeats
    told: str = Field(default="", sa_type=Text)  # the levels of the ladder told in this cycle, joined by commas
    repeats: int = 0  # of the ladder's last step
    quiet_until: datetime | None = Field(default=None, sa_type=Instant)  # acknowledged or snoozed until then


class ApprovalRequest(SQLModel, table=True):
    """A second person's consent, asked for and decided; numbered by the entry that asked."""

    __tablename__ = "approvals"
    __table_args__ = strict(
        Index("ix_approvals_waiting", "by_role", **only("decided_at IS NULL")),
    )
    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BIG)
    seq: int = Field(primary_key=True)
    trigger: str = Field(sa_type=Text)
    by_role: str = Field(sa_type=Text)
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=Instant)
    reason_code: str | None = Field(default=None, sa_type=Text)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    approved: bool | None = Field(default=None, sa_type=Flag)
    valid_until: datetime | None = Field(default=None, sa_type=Instant)
    used_by: int | None = Field(default=None)  # the entry of the move it was given for: it serves once


LATEST_FIRST = (("recorded_at",), ("actor", "recorded_at"), ("trigger", "recorded_at"))  # ways evidence is searched
SELDOM = "kind NOT IN ('moved', 'alerted')"  # the kinds of entry that a search would look long for


class AuditEntry(SQLModel, table=True):
    """Evidence: who did or tried what, when it happened, when it was recorded, under which rules. Never changed.

    No foreign keys: evidence must not depend on, or go with, any other row.
    """

    __tablename__ = "audit_entries"
    __table_args__ = strict(
        one_of("kind", EntryKind),
        *(Index(f"ix_audit_entries_{'_'.join(by)}", *by, "case_id", "seq") for by in LATEST_FIRST),
        Index("ix_audit_entries_seldom", "kind", "recorded_at", "case_id", "seq", **only(SELDOM)),
        Index("ix_audit_entries_overridden", "recorded_at", "case_id", "seq", **only("overridden")),
    )
    case_id: int = Field(primary_key=True, sa_type=BIG)
    seq: int = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    trigger: str = Field(sa_type=Text)
    from_state: str = Field(sa_type=Text)
    to_state: str = Field(sa_type=Text)
    version: int
    lifecycle: str = Field(sa_type=Text)
    lifecycle_version: int
    authority: str = Field(sa_type=Text)
    policy: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str = Field(sa_type=Text)
    actor_role: str = Field(sa_type=Text)
    actor_team: str = Field(sa_type=Text)
    on_behalf_of: str | None = Field(default=None, sa_type=Text)
    owner: str | None = Field(default=None, sa_type=Text)
    team: str = Field(sa_type=Text)
    reason_code: str | None = Field(default=None, sa_type=Text)
    facts: Any = Field(sa_type=Json)
    trace: Any = Field(sa_type=Json)  # guards and decision, as they were evaluated; for a refusal all that was unmet
    clocks: Any = Field(sa_type=Json)  # the clock events of this entry
    approvals: Any = Field(sa_type=Json)
    edd: date | None = Field(default=None, sa_type=Day)
    gestation_days: int | None = Field(default=None)
    overridden: bool = Field(default=False, sa_type=Flag)
    source: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
    supersedes: int | None = Field(default=None)
    content_digest: str = Field(sa_type=Text)
    previous_hash: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)


class AuditContent(SQLModel, table=True):
    """The personal content of an entry, apart from it: erasing it leaves the chain whole."""

    __tablename__ = "audit_contents"
    __table_args__ = strict()
    case_id: int = Field(primary_key=True, sa_type=BIG)
    seq: int = Field(primary_key=True)
    salt: str = Field(sa_type=Text)
    content: Any = Field(default=None, sa_type=Json, nullable=True)


class SealedEntry(SQLModel, table=True):
    """One line of the ordered log over all chains: cutting a tail or a case shows here."""

    __tablename__ = "sealed_entries"
    __table_args__ = strict(Index("uq_sealed_entries_entry", "case_id", "seq", unique=True))
    position: int = Field(primary_key=True, sa_type=BIG)
    case_id: int = Field(sa_type=BIG)
    seq: int
    entry_hash: str = Field(sa_type=Text)
    log_hash: str = Field(sa_type=Text)


class Seal(SQLModel, table=True):
    """A signed head of the ordered log."""

    __tablename__ = "seals"
    __table_args__ = strict()
    position: int = Field(primary_key=True, sa_type=BIG)
    log_hash: str = Field(sa_type=Text)
    sealed_at: datetime = Field(sa_type=Instant)
    public_key: str = Field(sa_type=Text)
    signature: str = Field(sa_type=Text)


class UsedKey(SQLModel, table=True):
    """An idempotency key and the entry that answered it."""

    __tablename__ = "used_keys"
    __table_args__ = strict()
    actor: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    request_digest: str = Field(sa_type=Text)
    case_id: int = Field(sa_type=BIG)
    seq: int
    used_at: datetime = Field(sa_type=Instant)


EVIDENCE = ("audit_entries", "audit_contents", "sealed_entries", "seals", "policy_versions", "looks")


class ImportBatch(SQLModel, table=True):
    """One file being imported; gone once it is loaded or has failed."""

    __tablename__ = "import_batches"
    __table_args__ = strict()
    id: str = Field(primary_key=True, sa_type=Text)
    authority: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=Instant)


class ImportRow(SQLModel, table=True):
    """One checked row of a file, waiting to be loaded; `rank` puts cases before those that stand under them."""

    __tablename__ = "import_rows"
    __table_args__ = strict()
    batch: str = Field(primary_key=True, foreign_key="import_batches.id", sa_type=Text)
    rank: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    source_reference: str = Field(sa_type=Text)
    content: Any = Field(sa_type=Json)
