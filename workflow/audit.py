"""The chain of evidence: how an entry is hashed, written and found to have been changed."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from workflow.columns import canonical, instant_text
from workflow.errors import EvidenceBroken
from workflow.models import SYSTEM_CHAIN, AuditContent, AuditEntry, Case
from workflow.references import entry_name, reference
from workflow.tables import table

ENTRIES = table(AuditEntry)
CONTENTS = table(AuditContent)
CASES = table(Case)
HASHED = tuple(column.name for column in ENTRIES.columns if column.name not in ("previous_hash", "hash"))
GENESIS = "0" * 64
NO_CONTENT = ""


def content_digest(salt: str, content: Any) -> str:
    """The keyed digest that stands in the entry for its personal content."""
    return hmac.new(bytes.fromhex(salt), canonical(content).encode(), hashlib.sha256).hexdigest()


def entry_hash(entry: Mapping[str, Any], previous_hash: str) -> str:
    """SHA-256 over the previous hash and every clear column, each in its one canonical form."""
    values: list[Any] = [previous_hash]
    for name in HASHED:
        value = entry[name]
        if isinstance(value, datetime):
            value = instant_text(value)
        elif isinstance(value, date):
            value = value.isoformat()
        values.append(value)
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def append(connection: Connection, entry: dict[str, Any], personal: Mapping[str, Any], previous_hash: str) -> str:
    """Writes an entry (all HASHED columns but content_digest) and its personal content; returns its hash."""
    salt = secrets.token_hex(16) if personal else ""
    entry["content_digest"] = content_digest(salt, personal) if personal else NO_CONTENT
    entry["previous_hash"] = previous_hash
    entry["hash"] = entry_hash(entry, previous_hash)
    connection.execute(ENTRIES.insert(), entry)
    if personal:
        connection.execute(
            CONTENTS.insert(),
            {"case_id": entry["case_id"], "seq": entry["seq"], "salt": salt, "content": dict(personal)},
        )
    return str(entry["hash"])


def entries_of(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    """A case's evidence in order; each entry with its personal content under `content` (None where erased or none)."""
    query = (
        select(ENTRIES, CONTENTS.c.content)
        .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
        .where(ENTRIES.c.case_id == case_id)
        .order_by(ENTRIES.c.seq)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


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


_ALL = (
    select(ENTRIES, CONTENTS.c.salt, CONTENTS.c.content)
    .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
    .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
    .execution_options(yield_per=500)
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read, all of it good."""

    entries: int
    cases: int
    erased: int


def verify_chains(connection: Connection, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Recomputes every chain; raises EvidenceBroken naming the first bad entry.

    Finds a changed value in any column, a removed or swapped entry, a case cut from its evidence and the reverse.
    """
    heads = {
        row.id: (row.seq, row.head, row.lifecycle)
        for row in connection.execute(select(CASES.c.id, CASES.c.seq, CASES.c.head, CASES.c.lifecycle))
    }
    count = erased = cases = 0
    with connection.execute(_ALL) as result:
        for case_id, chain in groupby(result.mappings(), key=lambda row: int(row["case_id"])):
            seq, head, lifecycle = 0, GENESIS, ""
            for row in chain:
                seq, head, lifecycle = seq + 1, _verify_entry(row, seq + 1, head), row["lifecycle"]
                erased += bool(row["salt"]) and row["content"] is None
                count += 1
                if count % 1000 == 0:
                    progress(count)
            if case_id != SYSTEM_CHAIN:
                _verify_end(heads.pop(case_id, None), case_id, seq, head, lifecycle)
                cases += 1
    for case_id, (_, _, lifecycle) in sorted(heads.items()):
        raise EvidenceBroken(f"case {reference(lifecycle, case_id)} has no evidence at all: its entries were removed")
    return Verified(entries=count, cases=cases, erased=erased)


def verify_chain(connection: Connection, case_id: int) -> Verified:
    """The same for the chain of one case; it says nothing of the others."""
    query = select(CASES.c.seq, CASES.c.head, CASES.c.lifecycle).where(CASES.c.id == case_id)
    case = connection.execute(query).first()
    seq, head, lifecycle, erased = 0, GENESIS, case.lifecycle if case else "", 0
    with connection.execute(_ALL.where(ENTRIES.c.case_id == case_id)) as result:
        for row in result.mappings():
            seq, head = seq + 1, _verify_entry(row, seq + 1, head)
            erased += bool(row["salt"]) and row["content"] is None
    if not seq:
        raise EvidenceBroken(f"case {reference(lifecycle, case_id)} has no evidence at all: its entries were removed")
    _verify_end((case.seq, case.head, case.lifecycle) if case else None, case_id, seq, head, lifecycle)
    return Verified(entries=seq, cases=1, erased=erased)


def _verify_entry(row: RowMapping, seq: int, previous: str) -> str:
    name = entry_name(row["lifecycle"], row["case_id"], row["seq"])
    if row["seq"] != seq:
        raise EvidenceBroken(f"entry {entry_name(row['lifecycle'], row['case_id'], seq)} is missing")
    if row["previous_hash"] != previous:
        raise EvidenceBroken(f"entry {name} does not follow the entry before it")
    if entry_hash(dict(row), previous) != row["hash"]:
        raise EvidenceBroken(f"entry {name} was changed after it was written")
    if bool(row["salt"]) != bool(row["content_digest"]):
        raise EvidenceBroken(f"the personal content of entry {name} was added or removed")
    if row["content"] is not None and content_digest(row["salt"], row["content"]) != row["content_digest"]:
        raise EvidenceBroken(f"the personal content of entry {name} was changed after it was written")
    return str(row["hash"])


def _verify_end(case: tuple[int, str, str] | None, case_id: int, seq: int, head: str, lifecycle: str) -> None:
    if case is None:
        raise EvidenceBroken(f"case {reference(lifecycle, case_id)} is missing, though its evidence is here")
    if case[:2] != (seq, head):
        raise EvidenceBroken(
            f"the evidence of case {reference(lifecycle, case_id)} ends at entry {seq}; its case says {case[0]}"
        )
