"""The log of looks: who looked at what, when and by what right; append-only, and sealed with the other evidence."""

import hashlib
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from workflow.access_tables import Look, LookKind
from workflow.accounts import Actor
from workflow.columns import canonical, instant_text
from workflow.database import Database
from workflow.errors import EvidenceBroken
from workflow.tables import table

LOOKS = table(Look)
HASHED = tuple(column.name for column in LOOKS.columns if column.name not in ("id", "hash"))
WITHIN = 1.0  # seconds: how long an ordinary look may wait before it is written
MOST_WAITING = 5_000  # then looks are written before they are answered, whatever they cost

log = structlog.get_logger(__name__)


def look(
    actor: Actor,
    kind: LookKind,
    now: datetime,
    *,
    access: str,
    case_id: int | None = None,
    lifecycle: str = "",
    about: str = "",
    found: int = 0,
    source: str,
    request_id: str,
) -> dict[str, Any]:
    """One look as a row of the log. `about` holds filters or the name of a report, and never a person's name."""
    row: dict[str, Any] = {
        "at": now,
        "kind": kind,
        "actor": actor.username,
        "actor_role": actor.role,
        "actor_team": actor.team,
        "authority": actor.authority,
        "case_id": case_id,
        "lifecycle": lifecycle,
        "access": access,
        "about": about[:500],
        "found": found,
        "source": source,
        "request_id": request_id,
    }
    return {**row, "hash": look_hash(row)}


def look_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over every column, in its one canonical form."""
    values = [instant_text(row[name]) if name == "at" else row[name] for name in HASHED]
    return hashlib.sha256(canonical(values).encode()).hexdigest()


class LookLog:
    """Writes looks: at once where the answer must wait for it, else gathered for at most a second.

    One per process, shared by its threads. `flush` writes what waits; whoever ends the process calls it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[dict[str, Any]] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, row: dict[str, Any], *, at_once: bool) -> None:
        """Keeps a look. With `at_once`, or when too many wait, it is on record when this returns, or this raises."""
        with self._lock:
            self._waiting.append(row)
            full = len(self._waiting) >= MOST_WAITING
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="looks", daemon=True)
                self._thread.start()
        if at_once or full:
            self.flush()
        else:
            self._wake.set()

    def flush(self) -> None:
        """Writes all that waits, in order; what could not be written waits on, and the reason is raised."""
        with self._writing:
            with self._lock:
                rows, self._waiting = self._waiting, []
            if not rows:
                return
            try:
                with self.database.write() as connection:
                    connection.execute(insert(LOOKS), rows)
            except BaseException:
                with self._lock:
                    self._waiting[:0] = rows
                raise

    def _write_on(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            pause.wait(WITHIN / 2)
            self._wake.clear()
            try:
                self.flush()
            except Exception as error:
                log.error("looks_not_written", error=type(error).__name__)
                pause.wait(WITHIN)
                self._wake.set()


def verify_looks(connection: Connection) -> int:
    """Recomputes every look; how many there are, or EvidenceBroken naming the first that was changed."""
    count = 0
    with connection.execute(select(LOOKS).order_by(LOOKS.c.id).execution_options(yield_per=1000)) as result:
        for row in result.mappings():
            if look_hash(dict(row)) != row["hash"]:
                raise EvidenceBroken(f"look {row['id']} was changed after it was written")
            count += 1
    return count
