"""The unit's tables as SQLAlchemy classes, and what a move writes beside the case."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.peers.unit import MOVES, link, written

AT = DateTime(timezone=True)


class Base(DeclarativeBase):
    pass


class Case(Base):
    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]
    owner: Mapped[str]
    team: Mapped[str]
    state: Mapped[str]
    needs: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    seq: Mapped[int]
    head: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(AT)


class Entry(Base):
    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(AT)
    actor: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    move: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class Deadline(Base):
    __tablename__ = "deadlines"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    level: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(AT)
    opened_at: Mapped[datetime] = mapped_column(AT)
    closed_at: Mapped[datetime | None] = mapped_column(AT)


def record(session: Session, case: Any, who: str, move: str, state: str, to: str) -> None:
    """The chained entry, the deadline met and the one opened, on a case whose state the machine has set."""
    now, previous = datetime.now(UTC), case.head
    case.seq, case.version, case.changed_at = case.seq + 1, case.version + 1, now
    case.head = link(previous, case.id, case.seq, written(now), who, state, to, move)
    session.add(
        Entry(case_id=case.id, seq=case.seq, at=now, actor=who, from_state=state, to_state=to, move=move,
              previous=previous, hash=case.head)
    )  # fmt: skip
    for met in session.scalars(select(Deadline).where(Deadline.case_id == case.id, Deadline.closed_at.is_(None))):
        met.closed_at = now
    session.add(Deadline(case_id=case.id, due_at=now + timedelta(days=MOVES[move][4]), opened_at=now))
