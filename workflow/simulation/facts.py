"""Facts of a scenario: what is left out is invented, and days can be told from the day of the step."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from scheduler.calendars import LONDON, WorkingCalendar, at_time, local_date
from scheduler.gestation import FULL_TERM
from states.facts import Fact, FactType
from workflow.simulation.moments import read_span

_RELATIVE = re.compile(r"(in )?(.+?)( ago)?")
_WEEKS = re.compile(r"due at (\d{1,2})\+([0-6])")  # an expected date: so far along is she today
_DATED = (FactType.DATE, FactType.INSTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventor:
    """Fills in facts as of `now` (the server's time); `worker` is named where a fact asks for a person."""

    now: datetime
    calendar: WorkingCalendar
    worker: str

    def complete(self, facts: Iterable[Fact], given: Mapping[str, Any]) -> dict[str, Any]:
        """What is given, and a valid value for every required fact that is not."""
        asked = {fact.name: fact for fact in facts}
        said = {name: self._read(asked[name], value) if name in asked else value for name, value in given.items()}
        return {
            **{name: self._invent(fact) for name, fact in asked.items() if fact.required and name not in said},
            **said,
        }

    def _read(self, fact: Fact, value: Any) -> Any:
        """A given value; a day or instant may be written as "today", "in 3 days" or "2 weeks ago"."""
        if fact.type is FactType.RECORDS and isinstance(value, list):
            return [self.complete(fact.fields, one) if isinstance(one, Mapping) else one for one in value]
        if fact.type not in _DATED or not isinstance(value, str):
            return value
        instant = self._relative(value)
        if instant is None:
            return value
        return local_date(instant).isoformat() if fact.type is FactType.DATE else instant.isoformat()

    def _relative(self, words: str) -> datetime | None:
        if words in ("today", "now"):
            return self.now
        if due := _WEEKS.fullmatch(words):
            span = read_span(f"{FULL_TERM - 7 * int(due[1]) - int(due[2])} days")
            return span.after(self.now, self.calendar) if span else None
        found = _RELATIVE.fullmatch(words)
        if not found or bool(found[1]) == bool(found[3]):
            return None
        span = read_span(("-" if found[3] else "") + found[2])
        return span.after(self.now, self.calendar) if span else None

    def _invent(self, fact: Fact) -> Any:
        if fact.choices:
            first = next(iter(fact.choices))
            return [first] if fact.type is FactType.CHOICES else first
        if fact.type is FactType.RECORDS:
            return [self.complete(fact.fields, {})]
        morning = min(at_time(local_date(self.now), time(9)), self.now)
        return {
            FactType.TEXT: "1" if fact.pattern else f"invented {fact.label.lower()}",
            FactType.DATE: local_date(self.now).isoformat(),
            FactType.INSTANT: morning.astimezone(LONDON).isoformat(),
            FactType.BOOLEAN: True,
            FactType.INTEGER: fact.minimum or 1,
            FactType.PERSON: self.worker,
        }[fact.type]
