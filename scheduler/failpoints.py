"""Named points at which a process under test fails on purpose: it dies, waits or errs. A test arms them, nobody else.

`workflow.cli.session` alone reads WAYMARK_FAILPOINTS, and arms nothing on a database that tests of faults did not make.
"""

import errno
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

POINTS = {
    "commit": "all of a transaction is written, and it is not committed",
    "committed": "a transaction is committed, and nobody has been told",
    "sweep": "a batch of the deadline sweep is written, and not committed",
    "claimed": "messages are claimed for delivery, and none is sent",
    "deliver": "a message is sent, and not marked as sent",
    "delivered": "a message is marked as sent, and others of the same claim wait",
    "seal": "the log of evidence has grown, and is not committed",
    "sealed": "the log is sealed, and its head is not sent out",
    "import": "some rows of a file are opened as cases, and others not",
}
SAID = re.compile(r"(?P<point>[a-z]+)(?::(?P<nth>[1-9][0-9]{0,5}))?(?:=(?P<act>kill|full|sleep (?P<seconds>[0-9.]+)))?")

_armed: dict[str, "_Fault"] = {}
_counting = threading.Lock()


@dataclass(slots=True)
class _Fault:
    """What happens at a point from the Nth time on; a process that dies does so once."""

    left: int
    act: Callable[[], None]


def arm(said: str | None) -> None:
    """Arms points from `POINT[:N][=ACT]`, separated by commas: at the Nth time, and from then on, ACT happens there.

    ACT is `kill` (the process dies as if its power were cut; the usual one), `sleep SECONDS` or `full` (the disk is).
    ValueError where that is not what it says.
    """
    for one in (said or "").split(",") if said else ():
        found = SAID.fullmatch(one.strip())
        if found is None or found["point"] not in POINTS:
            raise ValueError(
                f"{one.strip()[:40]!r} is not POINT[:N][=kill|full|sleep SECONDS]; POINT: {', '.join(POINTS)}"
            )
        _armed[found["point"]] = _Fault(int(found["nth"] or 1), _act(found["act"] or "kill", found["seconds"]))


def reach(name: str) -> None:
    """Does nothing, unless a test armed this point."""
    if name not in _armed:
        return
    with _counting:
        fault = _armed[name]
        fault.left -= 1
        fires = fault.left <= 0
    if fires:
        fault.act()


def _act(act: str, seconds: str | None) -> Callable[[], None]:
    if act == "full":
        return _full
    if seconds is not None:
        return lambda: time.sleep(float(seconds))
    return _die


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # nothing is cleaned up, as after a power cut


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
