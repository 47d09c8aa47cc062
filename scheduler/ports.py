"""What a sweep needs of the world outside: interfaces that `workflow` implements and tests can fake in two lines."""

from datetime import datetime
from typing import Protocol


class DueWork(Protocol):
    """Work that falls due: rows with an instant at which something must next be done."""

    def perform(self, now: datetime, most: int) -> int:
        """Claims up to `most` rows due at `now` (UTC instant), does their work in one transaction, returns how many.

        A row another node is working on is passed over. 0 means that nothing more is due.
        """


class JobLog(Protocol):
    """The record of job runs, so that silence can be told from nothing to do."""

    def started(self, job: str, node: str, now: datetime) -> int:
        """Records that a run began; returns its number."""

    def finished(self, run: int, now: datetime, outcome: str, count: int) -> None:
        """Records how it ended (`done` or `failed`) and how much it did."""
