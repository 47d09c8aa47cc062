"""What happened to one clock of a case: the append-only events a deadline is derived from, and their JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from config.limits import Term
from scheduler.calendars import as_utc


class EventKind(StrEnum):
    """What can happen to a clock."""

    STARTED = "started"  # carries the limit and the anchors
    RE_DATED = "re_dated"  # carries new anchors, a new limit, or both
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"  # carries a date or an amount, and who decided
    MET = "met"
    CANCELLED = "cancelled"
    REOPENED = "reopened"  # the met or cancelled was recorded in error

    @property
    def label(self) -> str:
        return self.value.replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvent:
    """One thing that happened to a clock, at the UTC instant `at`; `recorded_at` is when the service was told.

    `limit` is a TimeLimit's snapshot and `anchors` an Anchors' JSON. An extension is either to the end of the local
    date `due_on` or by `amount` (a Term of hours, working days, days, weeks or months, added to the date then due).
    `due_at` says what was due as a result: evidence, never an input. `calendar` is the version of the calendar it was
    counted by; a deadline keeps that of its start or latest re-dating. ValueError where an instant has no time zone or
    the event is not a known one.
    """

    deadline: int
    clock: str
    event: EventKind
    at: datetime
    subject: str = ""  # what this run is about: "", "child:1", "approval:accept"
    limit: Mapping[str, Any] | None = None
    anchors: Mapping[str, Any] | None = None
    reason: str = ""
    decided_by: str = ""
    due_on: date | None = None
    amount: Term | None = None
    due_at: datetime | None = None
    calendar: str = ""
    recorded_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "event", EventKind(self.event))
        for name in ("at", "due_at", "recorded_at"):
            if (instant := getattr(self, name)) is not None:
                object.__setattr__(self, name, as_utc(instant))

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is empty is left out."""
        written: dict[str, Any] = {
            "deadline": self.deadline,
            "clock": self.clock,
            "event": self.event.value,
            "at": self.at.isoformat(),
        }
        for name in ("subject", "limit", "anchors", "reason", "decided_by", "calendar"):
            if value := getattr(self, name):
                written[name] = dict(value) if isinstance(value, Mapping) else value
        for name in ("due_on", "due_at", "recorded_at"):
            if (day := getattr(self, name)) is not None:
                written[name] = day.isoformat()
        if self.amount is not None:
            written["amount"] = self.amount.model_dump(mode="json", exclude_defaults=True)
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`. ValueError or TypeError where it was not written by that."""
        read = dict(written)
        for name in ("at", "due_at", "recorded_at"):
            if name in read:
                read[name] = datetime.fromisoformat(read[name])
        if "due_on" in read:
            read["due_on"] = date.fromisoformat(read["due_on"])
        if "amount" in read:
            read["amount"] = Term.model_validate(read["amount"])
        return cls(**read)
