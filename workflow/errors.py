"""What can go wrong, as one short tree; entry points turn it into exit codes and pages in exactly one place each.

WaymarkError                    one clear sentence: what is wrong, where, what to do
├── BadInput                    the request itself cannot be read; `problems` lists everything wrong with it
├── NotFound                    no such case, deadline or account that this account may see
├── NotSignedIn                 nobody is known to be asking, or no longer
├── NotAllowed                  this account may not do that at all
├── TryLater                    too often, or too much at once; `seconds` says how long to wait
├── MoveRefused                 the move cannot happen now; `unmet` lists everything missing and who could do it
├── Conflict                    somebody else was faster, or a key was used for another request
│   └── NotReached              the version expected has not been reached
├── EvidenceBroken              the record does not verify; names the first bad entry
└── NotReady                    the installation is not fit to work: database, settings, keys
    └── StandsAside             a newer Waymark, or another database, has taken over: nothing is written here
"""

from collections.abc import Sequence
from dataclasses import dataclass


class WaymarkError(Exception):
    """The root: its text is one sentence fit to be shown to the person who asked."""


class BadInput(WaymarkError):
    def __init__(self, says: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(says if not problems else f"{says}: {'; '.join(problems)}.")


class NotFound(WaymarkError):
    pass


class NotSignedIn(WaymarkError):
    pass


class NotAllowed(WaymarkError):
    pass


class TryLater(WaymarkError):
    def __init__(self, says: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(says)


@dataclass(frozen=True, slots=True)
class Unmet:
    """One thing that stands in the way of a move. `kind`: role, state, fact, guard, approval or time."""

    kind: str
    name: str
    says: str


class MoveRefused(WaymarkError):
    def __init__(self, case: str, trigger: str, unmet: Sequence[Unmet], who: Sequence[str]) -> None:
        self.unmet = tuple(unmet)
        self.who = tuple(who)
        can = f" It can be done by: {', '.join(who)}." if who else ""
        super().__init__(f"{trigger} on {case} cannot happen now: {'; '.join(one.says for one in unmet)}.{can}")


class Conflict(WaymarkError):
    def __init__(self, says: str, changed: Sequence[str] = ()) -> None:
        self.changed = tuple(changed)
        super().__init__(says)


class NotReached(Conflict):
    pass


class EvidenceBroken(WaymarkError):
    pass


class NotReady(WaymarkError):
    pass


class StandsAside(NotReady):
    pass
