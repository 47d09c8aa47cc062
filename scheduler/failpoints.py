"""Named points at which a process under test dies as if its power were cut; no point is armed unless a test asks."""

import os
import signal

_armed: dict[str, int] = {}


def arm(said: str | None) -> None:
    """Arms a point from `NAME` or `NAME:N`: the process kills itself when it comes there for the Nth time."""
    if said:
        name, _, count = said.partition(":")
        _armed[name] = int(count or 1)


def reach(name: str) -> None:
    """Does nothing, unless a test armed this point."""
    if name in _armed:
        _armed[name] -= 1
        if _armed[name] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)  # nothing is cleaned up, as after a power cut
