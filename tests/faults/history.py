"""What clients sent and what they were told: the one account of a run that does not come from the system under test."""

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum


class Told(StrEnum):
    ACKNOWLEDGED = "acknowledged"  # 2xx
    REFUSED = "refused"  # 4xx: it says that nothing was changed
    UNKNOWN = "unknown"  # no answer, or 5xx: it may have happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sending of an act. Times are of one monotonic clock."""

    begun: float
    ended: float
    told: Told
    status: int  # 0 where there was no answer
    case: str | None = None
    seq: int | None = None  # as acknowledged
    version: int | None = None


@dataclass(slots=True, kw_only=True)
class Act:
    """A move, or an opening (`expected` None), sent once or several times under one idempotency key."""

    id: str  # the request id of every attempt: evidence carries it
    key: str
    case: str | None
    trigger: str
    expected: int | None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Attempt]:
        return [one for one in self.attempts if one.told is Told.ACKNOWLEDGED]

    @property
    def refused(self) -> bool:
        """Whether the last word was a refusal."""
        return bool(self.attempts) and self.attempts[-1].told is Told.REFUSED


@dataclass(frozen=True, slots=True)
class Read:
    """A case read: the version that was shown."""

    case: str
    begun: float
    ended: float
    version: int


@dataclass(slots=True)
class History:
    """Everything the clients of one run did. Shared by their threads."""

    acts: list[Act] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, act: Act) -> Act:
        with self._lock:
            self.acts.append(act)
        return act

    def attempt(self, act: Act, attempt: Attempt) -> Attempt:
        with self._lock:
            act.attempts.append(attempt)
        return attempt

    def read(self, read: Read) -> None:
        with self._lock:
            self.reads.append(read)

    def count(self, told: Told) -> int:
        return sum(one.told is told for act in self.acts for one in act.attempts)


now = time.monotonic
