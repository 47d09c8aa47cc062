"""The chain of evidence: how an entry is hashed, written and found to have been changed."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from workflow.columns import Day, Instant, canonical, instant_text
from workflow.models import SYSTEM_CHAIN, AuditContent, AuditEntry, Case
from workflow.statements import Statement
from workflow.tables import table

ENTRIES = table(AuditEntry)
CONTENTS = table(AuditContent)
CASES = table(Case)
ADD_ENTRY, _ADD_CONTENT = Statement(ENTRIES.insert()), Statement(CONTENTS.insert())
WITH_CONTENT = (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq)
_TRAIL = Statement(
    select(ENTRIES, CONTENTS.c.content)
    .outerjoin(CONTENTS, WITH_CONTENT)
    .where(ENTRIES.c.case_id == bindparam("of_case"))
    .order_by(ENTRIES.c.seq)
)
HASHED = tuple(column.name for column in ENTRIES.columns if column.name not in ("previous_hash", "hash"))
_HASHED = itemgetter(*HASHED)
_WRITTEN = tuple(  # by their place behind the previous hash
    (place, {Instant: instant_text, Day: date.isoformat}[type(ENTRIES.c[name].type)])
    for place, name in enumerate(HASHED, 1)
    if isinstance(ENTRIES.c[name].type, Instant | Day)
)
GENESIS = "0" * 64
NO_CONTENT = ""


def content_digest(salt: str, content: Any) -> str:
    """The keyed digest that stands in the entry for its personal content."""
    return hmac.digest(bytes.fromhex(salt), canonical(content).encode(), "sha256").hex()


def entry_hash(entry: Mapping[str, Any], previous_hash: str) -> str:
    """SHA-256 over the previous hash and every clear column, each in its one canonical form."""
    values = [previous_hash, *_HASHED(entry)]
    for place, written in _WRITTEN:
        if values[place] is not None:
            values[place] = written(values[place])
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def append(connection: Connection, entry: dict[str, Any], personal: Mapping[str, Any], previous_hash: str) -> str:
    """Writes an entry (all HASHED columns but content_digest) and its personal content; returns its hash."""
    salt = secrets.token_hex(16) if personal else ""
    entry["content_digest"] = content_digest(salt, personal) if personal else NO_CONTENT
    entry["previous_hash"] = previous_hash
    entry["hash"] = entry_hash(entry, previous_hash)
    ADD_ENTRY.run(connection, entry)
    if personal:
        content = {"case_id": entry["case_id"], "seq": entry["seq"], "salt": salt, "content": dict(personal)}
        _ADD_CONTENT.run(connection, content)
    return str(entry["hash"])


def entries_of(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    """A case's evidence in order; each entry with its personal content under `content` (None where erased or none)."""
    return _TRAIL.rows(connection, of_case=case_id)


def system_head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry of the chain that belongs to no case."""
    row = connection.execute(
        select(ENTRIES.c.seq, ENTRIES.c.hash)
        .where(ENTRIES.c.case_id == SYSTEM_CHAIN)
        .order_by(ENTRIES.c.seq.desc())
        .limit(1)
    ).first()
    return (row.seq, row.hash) if row else (0, GENESIS)


def append_system(connection: Connection, said: Mapping[str, Any]) -> None:
    """One entry on the chain of what belongs to no case, such as an account made or an opening refused."""
    seq, head = system_head(connection)
    entry = {
        **dict.fromkeys(HASHED),
        "case_id": SYSTEM_CHAIN,
        "seq": seq + 1,
        "from_state": "",
        "to_state": "",
        "version": 0,
        "lifecycle": "",
        "lifecycle_version": 0,
        "policy": "",
        "team": "",
        "facts": {},
        "trace": {},
        "clocks": [],
        "approvals": [],
        "overridden": False,
        **said,
    }
    append(connection, entry, {}, head)
