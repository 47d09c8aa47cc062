"""The ordered log over all chains, sealed by a signed head, so that cutting off a tail or a whole case shows."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, exists, func, literal, select

from workflow.audit import ENTRIES, GENESIS
from workflow.columns import canonical, instant_text
from workflow.errors import BadInput, EvidenceBroken
from workflow.looks import LOOKS
from workflow.models import Seal, SealedEntry
from workflow.references import entry_name
from workflow.tables import table

LOOKS_CHAIN = -1  # stands for a case in the ordered log: looks are one row each, and belong to no chain
SEALED = table(SealedEntry)
SEALS = table(Seal)
LATE_COMMIT = timedelta(
    days=1
)  # how long after its recorded_at an entry may still be committed and be sealed in passing


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head of the log, to be kept outside the database."""

    position: int
    log_hash: str
    sealed_at: str
    public_key: str
    signature: str

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def _signed(position: int, log_hash: str, sealed_at: str) -> bytes:
    return canonical(["waymark-seal-1", position, log_hash, sealed_at]).encode()


def _next_log_hash(previous: str, position: int, row: Any) -> str:
    line = canonical([previous, position, row.case_id, row.seq, row.hash])
    return hashlib.sha256(line.encode()).hexdigest()


def _last(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        select(SEALED.c.position, SEALED.c.log_hash).order_by(SEALED.c.position.desc()).limit(1)
    ).first()
    return (row.position, row.log_hash) if row else (0, GENESIS)


def seal(connection: Connection, key: Ed25519PrivateKey, now: datetime, *, everything: bool = False) -> Head | None:
    """Adds the entries not yet in the log and signs the new head; None where there is nothing new.

    Looks at entries recorded since a day before the last seal; `everything` looks at all.
    """
    position, log_hash = _last(connection)
    last_seal = connection.execute(select(func.max(SEALS.c.sealed_at))).scalar()
    entries = (
        select(ENTRIES.c.case_id, ENTRIES.c.seq, ENTRIES.c.hash)
        .where(~exists().where((SEALED.c.case_id == ENTRIES.c.case_id) & (SEALED.c.seq == ENTRIES.c.seq)))
        .order_by(ENTRIES.c.recorded_at, ENTRIES.c.case_id, ENTRIES.c.seq)
    )
    looks = (
        select(literal(LOOKS_CHAIN).label("case_id"), LOOKS.c.id.label("seq"), LOOKS.c.hash)
        .where(~exists().where((SEALED.c.case_id == LOOKS_CHAIN) & (SEALED.c.seq == LOOKS.c.id)))
        .order_by(LOOKS.c.id)
    )
    if last_seal is not None and not everything:
        entries = entries.where(ENTRIES.c.recorded_at >= last_seal - LATE_COMMIT)
        looks = looks.where(LOOKS.c.at >= last_seal - LATE_COMMIT)
    rows = []
    for row in chain(connection.execute(entries), connection.execute(looks)):
        position += 1
        log_hash = _next_log_hash(log_hash, position, row)
        rows.append(
            {
                "position": position,
                "case_id": row.case_id,
                "seq": row.seq,
                "entry_hash": row.hash,
                "log_hash": log_hash,
            }
        )
    if not rows:
        return None
    connection.execute(SEALED.insert(), rows)
    at = instant_text(now)
    head = Head(
        position=position,
        log_hash=log_hash,
        sealed_at=at,
        public_key=key.public_key().public_bytes_raw().hex(),
        signature=key.sign(_signed(position, log_hash, at)).hex(),
    )
    connection.execute(SEALS.insert(), {**head.to_json(), "sealed_at": now})
    return head


def last_seal(connection: Connection) -> Head | None:
    """The latest signed head of the log; None where nothing was sealed yet."""
    row = connection.execute(select(SEALS).order_by(SEALS.c.position.desc()).limit(1)).mappings().first()
    return Head(**{**row, "sealed_at": instant_text(row["sealed_at"])}) if row else None


def sealed_entries(connection: Connection, case_id: int) -> int:
    """How many entries of a case stand in the sealed log, each with the hash that was sealed; else EvidenceBroken."""
    query = (
        select(SEALED.c.seq, SEALED.c.entry_hash, ENTRIES.c.hash, ENTRIES.c.lifecycle)
        .outerjoin(ENTRIES, (ENTRIES.c.case_id == SEALED.c.case_id) & (ENTRIES.c.seq == SEALED.c.seq))
        .where(SEALED.c.case_id == case_id)
    )
    count = 0
    for row in connection.execute(query):
        if row.hash is None:
            raise EvidenceBroken(f"entry {row.seq} of case number {case_id} was sealed and is now missing")
        if row.hash != row.entry_hash:
            raise EvidenceBroken(f"entry {entry_name(row.lifecycle, case_id, row.seq)} is not the one that was sealed")
        count += 1
    return count


def send_out(head: Head, file: Path) -> None:
    """Appends a head to a file outside the database, a line each."""
    with file.open("a", encoding="utf-8") as heads:
        heads.write(canonical(head.to_json()) + "\n")


def read_heads(file: Path) -> list[Head]:
    """The heads kept in a file; BadInput naming the line that is not one."""
    heads = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the file of heads {file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            heads.append(Head(**json.loads(line)))
        except (TypeError, ValueError):
            raise BadInput(f"line {number} of {file} is not a signed head") from None
    return heads


def verify_log(connection: Connection, outside: Iterable[Head] = (), trusted_key: str | None = None) -> int:
    """Recomputes the ordered log, checks its seals and those kept outside; its length, or EvidenceBroken."""
    kept = [
        (Head(**{**row, "sealed_at": instant_text(row["sealed_at"])}), "the database")
        for row in connection.execute(select(SEALS).order_by(SEALS.c.position)).mappings()
    ]
    kept += [(head, "the file of heads") for head in outside]
    length, log_hashes = _verify_lines(connection, {head.position for head, _ in kept})
    for head, where in kept:
        _verify_head(head, log_hashes, where, trusted_key)
    return length


def _verify_lines(connection: Connection, wanted: Collection[int]) -> tuple[int, Mapping[int, str]]:
    """(length of the log, its hash at the wanted positions), every line recomputed."""
    query = (
        select(SEALED, func.coalesce(ENTRIES.c.hash, LOOKS.c.hash).label("hash"), ENTRIES.c.lifecycle)
        .outerjoin(ENTRIES, (ENTRIES.c.case_id == SEALED.c.case_id) & (ENTRIES.c.seq == SEALED.c.seq))
        .outerjoin(LOOKS, (SEALED.c.case_id == LOOKS_CHAIN) & (LOOKS.c.id == SEALED.c.seq))
        .order_by(SEALED.c.position)
        .execution_options(yield_per=1000)
    )
    found: dict[int, str] = {}
    position, previous = 0, GENESIS
    with connection.execute(query) as result:
        for position, row in enumerate(result, 1):  # its last value is the length
            previous = _verify_line(row, position, previous)
            if position in wanted:
                found[position] = previous
    return position, found


def _verify_line(row: Any, position: int, previous: str) -> str:
    of_looks = row.case_id == LOOKS_CHAIN
    if row.hash is None:
        what = f"look {row.seq}" if of_looks else f"entry {row.seq} of case number {row.case_id}"
        raise EvidenceBroken(f"{what} was sealed and is now missing")
    name = f"look {row.seq}" if of_looks else entry_name(row.lifecycle, row.case_id, row.seq)
    if row.position != position:
        raise EvidenceBroken(f"line {position} of the sealed log is missing")
    if row.hash != row.entry_hash:
        raise EvidenceBroken(f"entry {name} is not the one that was sealed")
    log_hash = _next_log_hash(previous, position, row)
    if log_hash != row.log_hash:
        raise EvidenceBroken(f"line {position} of the sealed log ({name}) was changed")
    return log_hash


def _verify_head(head: Head, log_hashes: Mapping[int, str], where: str, trusted_key: str | None) -> None:
    if trusted_key is not None and head.public_key != trusted_key:
        raise EvidenceBroken(f"the seal at {head.position} in {where} was signed with another key")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head.public_key))
        public.verify(bytes.fromhex(head.signature), _signed(head.position, head.log_hash, head.sealed_at))
    except (InvalidSignature, ValueError):
        raise EvidenceBroken(f"the seal at {head.position} in {where} does not bear its signature") from None
    if head.position not in log_hashes:
        raise EvidenceBroken(f"the log ends before {head.position}, which {where} says was sealed: its tail was cut")
    if log_hashes[head.position] != head.log_hash:
        raise EvidenceBroken(f"the log up to {head.position} is not the one that {where} says was sealed")
