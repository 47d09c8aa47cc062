"""The virtual clock: the true time, what the server's clock shows, and whether its scheduler runs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

NODE = "simulator"
IDLE = timedelta(minutes=1)  # a running node sweeps at least so often, though only sweeps with work are simulated


@dataclass(slots=True)
class VirtualClock:
    """The true time `now`; the server shows `now` and `offset`. During an outage nothing is swept."""

    now: datetime
    offset: timedelta = timedelta()
    outage_until: datetime | None = None
    _last_sweep: datetime | None = field(default=None)  # where that was longer ago than a running node's
    _was_set: bool = False

    @property
    def server(self) -> datetime:
        return self.now + self.offset

    def true(self, server: datetime) -> datetime:
        """When the server's clock shows that."""
        return server - self.offset

    def begin_outage(self, until: datetime) -> None:
        self._last_sweep = self._last_sweep or self.server
        self.outage_until = until

    def step(self, by: timedelta) -> None:
        """The server's clock jumps; the node last swept when it showed what it showed before."""
        self._last_sweep = self._last_sweep or self.server
        self.offset += by
        self._was_set = True

    def sweep(self) -> tuple[datetime, bool]:
        """When the node last swept by the server's clock, and whether that was set since; from now on it runs."""
        last, was_set = self._last_sweep or self.server - IDLE, self._was_set
        self._last_sweep, self._was_set = None, False
        return last, was_set
