"""Passwords: hashed with Argon2id, checked a few at a time, and refused where they are easily guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from pwdlib import PasswordHash
from zxcvbn import zxcvbn

from workflow.errors import BadInput, TryLater

SHORTEST, LONGEST = 12, 256
JUDGED = 72  # zxcvbn reads no more; what is hard to guess so far is hard to guess whole
FIT = 4  # of zxcvbn's 0 to 4; 3 would let Winter2026!! through
NAMING = 3  # a user name of one or two letters stands in half of all passwords
HASHER = PasswordHash.recommended()
# The hash of a password that nobody kept: the work for a name without an account is the work for one with.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$UsxH2o4EsfL/BnZ2ztHDvg$m/VwG/sl+zxcKDn9c3ioz2lB9i6YtDmjGMk10ETwaEQ"


class Gate:
    """Lets a few through at once and a few more wait their turn; TryLater for everybody else.

    A check takes 64 MB and a tenth of a second: without the gate, a hundred sign-ins at once would stop the machine.
    """

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self.seconds = seconds
        self._inside = Semaphore(at_once)
        self._room = Semaphore(at_once + waiting)

    @contextmanager
    def entered(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._inside.acquire(timeout=self.seconds):
                raise self._busy()
            try:
                yield
            finally:
                self._inside.release()
        finally:
            self._room.release()

    def _busy(self) -> TryLater:
        seconds = max(1, round(self.seconds))
        return TryLater("too many people are signing in at this moment: try again in a few seconds", seconds)


CHECKS = Gate(at_once=2, waiting=6, seconds=4)


def hash_password(text: str) -> str:
    """What is kept of a password. BadInput where it is too long to hash; TryLater where too many are being hashed."""
    if not _hashable(text):
        raise BadInput(f"a password can have up to {LONGEST} characters")
    with CHECKS.entered():
        return HASHER.hash(text)


def is_password(kept: str, text: str) -> bool:
    """Whether this is the password kept; TryLater where too many are being checked."""
    if not _hashable(text):
        return False
    with CHECKS.entered():
        return HASHER.verify(text, kept)


def unfit(text: str, username: str, name: str) -> str | None:
    """Why this cannot be the password of that person, as a sentence; None where it can.

    The rules of OWASP ASVS 5.0, 6.2: long enough, not the name, not easily guessed, and nothing about which
    characters it is made of.
    """
    if len(text) < SHORTEST:
        return f"a password needs at least {SHORTEST} characters; three or four unrelated words are easy to remember"
    if not _hashable(text):
        return f"a password can have up to {LONGEST} characters"
    if len(username) >= NAMING and username.casefold() in text.casefold():
        return "a password must not contain the name you sign in with"
    known = [username, *username.split("."), *name.split(), "waymark"]
    if zxcvbn(text[:JUDGED], user_inputs=known)["score"] < FIT:
        return "this password is easily guessed; three or four unrelated words, or a longer sentence, are harder"
    return None


def _hashable(text: str) -> bool:
    """Whether it is short enough, and text at all: half a surrogate pair has no bytes to hash."""
    return len(text) <= LONGEST and not any("\ud800" <= one <= "\udfff" for one in text)
