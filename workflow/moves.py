"""What is asked of the engine and what it answers: a move, what it came to, and what is possible."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from states.diagrams import fact_json
from states.facts import Fact
from workflow.columns import canonical
from workflow.errors import Unmet
from workflow.references import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where a new case is opened: its kind, authority and team, and the case and child it stands under."""

    lifecycle: str
    authority: str
    team: str
    parent: str | None = None
    child: int | None = None
    source_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A command: fire `trigger` on a case, or open a new one.

    `expected_version` is the version of the case the person looked at. `key` makes a repeat harmless: the first answer
    is given again. `occurred_at` (UTC instant) is when it happened in the world; None means now.
    """

    trigger: str
    case: str | None = None
    opening: Opening | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None
    key: str | None = None
    occurred_at: datetime | None = None
    reason_code: str | None = None
    on_behalf_of: str | None = None
    source: str = "api"
    request_id: str = ""

    def digest(self) -> str:
        """What makes two requests the same request."""
        opening = self.opening and [getattr(self.opening, name) for name in Opening.__slots__]
        at = self.occurred_at and self.occurred_at.isoformat()
        said = [self.trigger, self.case, opening, self.facts, self.expected_version, at, self.reason_code]
        return hashlib.sha256(canonical(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move came to. `entry` is the number of its audit entry, `clocks` the clock events it caused."""

    case: str
    version: int
    entry: int
    state: str
    occurred_at: datetime
    recorded_at: datetime
    clocks: Sequence[Mapping[str, Any]]
    overridden: bool

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Moved":
        return cls(
            case=reference(entry["lifecycle"], entry["case_id"]),
            version=entry["version"],
            entry=entry["seq"],
            state=entry["to_state"],
            occurred_at=entry["occurred_at"],
            recorded_at=entry["recorded_at"],
            clocks=entry["clocks"],
            overridden=entry["overridden"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """A move that can be tried from where a case stands: the facts it asks for and all that is missing for it now."""

    trigger: str
    label: str
    to: str
    facts: Sequence[Fact]
    unmet: Sequence[Unmet]
    who: Sequence[str]
    basis: str

    @property
    def can(self) -> bool:
        return not self.unmet

    def to_json(self) -> dict[str, Any]:
        """As programs read it, with all that is needed to draw the form."""
        return {
            "trigger": self.trigger,
            "label": self.label,
            "to": self.to,
            "can": self.can,
            "unmet": [{"kind": unmet.kind, "name": unmet.name, "says": unmet.says} for unmet in self.unmet],
            "who": list(self.who),
            "facts": [fact_json(fact) for fact in self.facts],
            "basis": self.basis,
        }
