"""The second factor: a code of six digits from an app on the person's phone (TOTP), each good once."""

from dataclasses import dataclass
from datetime import datetime

import pyotp
from pyotp.utils import strings_equal
from sqlalchemy import Connection, RowMapping

from workflow.accounts import Operator
from workflow.acts import Way
from workflow.errors import Conflict
from workflow.identity import credentials, sessions
from workflow.identity.credentials import CREDENTIALS
from workflow.identity.evidence import record
from workflow.identity.field_encryption import Place, decrypt, encrypt

ISSUER = "Waymark"
DIGITS, STEP_SECONDS = 6, 30
DRIFT = 1  # steps a phone's clock may be before or after ours


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs to know: the secret to type, or the address to show as a picture."""

    secret: str
    uri: str


def is_set_up(connection: Connection, username: str) -> bool:
    found = credentials.find(connection, username)
    return found is not None and found["totp_confirmed_at"] is not None


def begin(connection: Connection, key: bytes, username: str) -> Enrolment:
    """A new secret, kept encrypted and good for nothing until it is confirmed; it takes the place of one begun before.

    Conflict where the account has a second factor: an administrator takes that away first (`forget`).
    """
    secret = pyotp.random_base32()
    kept = encrypt(key, secret, _place(username))
    waiting = (CREDENTIALS.c.username == username) & CREDENTIALS.c.totp_confirmed_at.is_(None)
    changed = connection.execute(CREDENTIALS.update().where(waiting).values(totp_secret=kept, totp_last_step=None))
    if changed.rowcount == 0:
        if is_set_up(connection, username):
            raise Conflict("there is a second factor already: an administrator can take it away, to set up another")
        connection.execute(CREDENTIALS.insert(), {"username": username, "totp_secret": kept})
    return _enrolment(username, secret)


def begun(connection: Connection, key: bytes, username: str) -> Enrolment | None:
    """What `begin` gave and waits for its first code, to be shown again; None where nothing waits."""
    found = credentials.find(connection, username)
    if found is None or found["totp_secret"] is None or found["totp_confirmed_at"] is not None:
        return None
    return _enrolment(username, decrypt(key, found["totp_secret"], _place(username)))


def confirm(
    connection: Connection, key: bytes, username: str, code: str, now: datetime, *, way: Way | None = None
) -> bool:
    """Whether the first code from the app is right; from then on signing in asks for one. Recorded."""
    found = credentials.find(connection, username)
    if found is None or found["totp_confirmed_at"] is not None:
        return False
    step = _step(key, found, code, now)
    if step is None:
        return False
    # Only the secret that the code was checked against: another window may have begun anew in the meantime.
    same = (CREDENTIALS.c.totp_secret == found["totp_secret"]) & CREDENTIALS.c.totp_confirmed_at.is_(None)
    changed = connection.execute(
        CREDENTIALS.update()
        .where(CREDENTIALS.c.username == username, same)
        .values(totp_confirmed_at=now, totp_last_step=step)
    )
    if changed.rowcount == 0:
        return False
    record(connection, "confirm_second_factor", username, now, way=way)
    return True


def accept(connection: Connection, key: bytes, username: str, code: str, now: datetime) -> bool:
    """Whether the code is right and was not used before; of two uses at the same moment one is accepted."""
    found = credentials.find(connection, username)
    if found is None or found["totp_confirmed_at"] is None:
        return False
    step = _step(key, found, code, now)
    if step is None:
        return False
    unused = CREDENTIALS.c.totp_last_step.is_(None) | (CREDENTIALS.c.totp_last_step < step)
    same = CREDENTIALS.c.totp_secret == found["totp_secret"]
    changed = connection.execute(
        CREDENTIALS.update().where(CREDENTIALS.c.username == username, same, unused).values(totp_last_step=step)
    )
    return changed.rowcount == 1


def forget(connection: Connection, operator: Operator, *, username: str) -> None:
    """An administrator takes the second factor away, where a phone was lost: every session ends. Recorded."""
    record(connection, "forget_second_factor", username, operator.now, by=operator)
    connection.execute(
        CREDENTIALS.update()
        .where(CREDENTIALS.c.username == username)
        .values(totp_secret=None, totp_confirmed_at=None, totp_last_step=None)
    )
    sessions.end_all(connection, username, operator.now)


def _place(username: str) -> Place:
    return Place("credentials", username, "totp_secret")


def _enrolment(username: str, secret: str) -> Enrolment:
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


def _step(key: bytes, found: RowMapping, code: str, now: datetime) -> int | None:
    """The time step whose code this is: now, or the one before or after."""
    given = "".join(code[: 4 * DIGITS].split())
    if found["totp_secret"] is None or len(given) != DIGITS or not (given.isascii() and given.isdigit()):
        return None
    totp = pyotp.TOTP(decrypt(key, found["totp_secret"], _place(found["username"])))
    here = int(now.timestamp()) // STEP_SECONDS
    steps = range(here - DRIFT, here + DRIFT + 1)
    return next((step for step in steps if strings_equal(totp.generate_otp(step), given)), None)
