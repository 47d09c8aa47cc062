"""The chain of evidence, verified: every entry hashed again from the very text that is stored."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Select, Text, case, cast, exists, func, select, type_coerce

from workflow.audit import CASES, CONTENTS, ENTRIES, GENESIS, HASHED, WITH_CONTENT
from workflow.columns import Day, Flag, Instant, Json
from workflow.errors import EvidenceBroken
from workflow.models import SYSTEM_CHAIN
from workflow.references import entry_name, reference
from workflow.statements import stream

WIDTH = len(HASHED) + 1  # the hash of the entry before it, then its own columns
VERBATIM = tuple(  # columns whose text is JSON already: numbers, yes or no, JSON
    place
    for place, name in enumerate(HASHED, 1)
    if isinstance(ENTRIES.c[name].type, Json | Flag) or ENTRIES.c[name].type.python_type is int
)
JSON = tuple(place for place, name in enumerate(HASHED, 1) if isinstance(ENTRIES.c[name].type, Json))
EMPTY = ("{}", "[]")
CASE_ID, SEQ, LIFECYCLE, DIGEST = (1 + HASHED.index(name) for name in ("case_id", "seq", "lifecycle", "content_digest"))
HASH, SALT, CONTENT, CASE_LIFECYCLE, CASE_SEQ, CASE_HEAD = range(WIDTH, WIDTH + 6)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification read, all of it good."""

    entries: int
    cases: int
    erased: int


def verify_chains(connection: Connection, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Recomputes every chain; raises EvidenceBroken naming the first bad entry.

    Finds a changed value in any column, a removed or swapped entry, a case cut from its evidence and the reverse.
    Holds one entry in memory, however many there are.
    """
    count = erased = cases = 0
    for case_id, chain in groupby(_entries(connection), key=itemgetter(CASE_ID)):
        entries, gone = _verify(chain)
        progress(count + entries)
        count, erased, cases = count + entries, erased + gone, cases + (int(case_id) != SYSTEM_CHAIN)
    bare = select(CASES.c.id, CASES.c.lifecycle).where(~exists().where(ENTRIES.c.case_id == CASES.c.id))
    for row in connection.execute(bare.order_by(CASES.c.id).limit(1)):
        raise _without_evidence(row.lifecycle, row.id)
    return Verified(entries=count, cases=cases, erased=erased)


def verify_chain(connection: Connection, case_id: int) -> Verified:
    """The same for the chain of one case; it says nothing of the others."""
    entries, erased = _verify(_entries(connection, case_id))
    if not entries:
        lifecycle = connection.execute(select(CASES.c.lifecycle).where(CASES.c.id == case_id)).scalar()
        raise _without_evidence(lifecycle or "", case_id)
    return Verified(entries=entries, cases=1, erased=erased)


def _verify(chain: Iterator[Sequence[Any]]) -> tuple[int, int]:
    """(entries, those whose personal content was erased) of one chain."""
    seq, head, erased, row = 0, GENESIS, 0, None
    for row in chain:
        seq += 1
        head = _verify_entry(row, seq, head)
        erased += bool(row[SALT]) and row[CONTENT] is None
    if row is not None and int(row[CASE_ID]) != SYSTEM_CHAIN:
        _verify_end(row, seq, head)
    return seq, erased


def _verify_entry(row: Sequence[Any], seq: int, previous: str) -> str:
    if row[SEQ] != str(seq):
        raise EvidenceBroken(f"entry {entry_name(row[LIFECYCLE], int(row[CASE_ID]), seq)} is missing")
    if row[0] != previous:
        raise EvidenceBroken(f"entry {_name(row)} does not follow the entry before it")
    if _hashed_again(row) != row[HASH]:
        raise EvidenceBroken(f"entry {_name(row)} was changed after it was written")
    salt, content, digest = row[SALT], row[CONTENT], row[DIGEST]
    if bool(salt) != bool(digest):
        raise EvidenceBroken(f"the personal content of entry {_name(row)} was added or removed")
    if content is not None and hmac.digest(bytes.fromhex(salt), content.encode(), "sha256").hex() != digest:
        raise EvidenceBroken(f"the personal content of entry {_name(row)} was changed after it was written")
    return str(row[HASH])


def _hashed_again(row: Sequence[Any]) -> str:
    """The hash of `audit.entry_hash`, from the stored text; none where that is no JSON any more."""
    values = list(row[:WIDTH])
    try:
        for place in JSON:
            if values[place] not in EMPTY:
                orjson.loads(values[place])
    except orjson.JSONDecodeError:
        return ""
    for place in VERBATIM:
        if values[place] is not None:
            values[place] = orjson.Fragment(values[place])
    return hashlib.sha256(orjson.dumps(values)).hexdigest()


def _verify_end(row: Sequence[Any], seq: int, head: str) -> None:
    name = reference(row[CASE_LIFECYCLE] or row[LIFECYCLE], int(row[CASE_ID]))
    if row[CASE_SEQ] is None:
        raise EvidenceBroken(f"case {name} is missing, though its evidence is here")
    if (row[CASE_SEQ], row[CASE_HEAD]) != (str(seq), head):
        raise EvidenceBroken(f"the evidence of case {name} ends at entry {seq}; its case says {row[CASE_SEQ]}")


def _without_evidence(lifecycle: str, case_id: int) -> EvidenceBroken:
    name = reference(lifecycle, case_id)
    return EvidenceBroken(f"case {name} has no evidence at all: its entries were removed")


def _name(row: Sequence[Any]) -> str:
    return entry_name(row[LIFECYCLE], int(row[CASE_ID]), int(row[SEQ]))


def _entries(connection: Connection, case_id: int | None = None) -> Iterator[Sequence[Any]]:
    """Every entry in the order of the chains, each column as the text that stands for it in the hash."""
    dialect = connection.dialect.name
    query: Select[Any] = (
        select(
            ENTRIES.c.previous_hash,
            *(_as_text(ENTRIES.c[name], dialect) for name in HASHED),
            *(ENTRIES.c.hash, CONTENTS.c.salt, type_coerce(CONTENTS.c.content, Text)),
            *(CASES.c.lifecycle, cast(CASES.c.seq, Text), CASES.c.head),
        )
        .outerjoin(CONTENTS, WITH_CONTENT)
        .outerjoin(CASES, CASES.c.id == ENTRIES.c.case_id)
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
    )
    return stream(connection, query if case_id is None else query.where(ENTRIES.c.case_id == case_id))


def _as_text(column: Column[Any], dialect: str) -> Any:
    if isinstance(column.type, Flag):
        return case((column, "true"), else_="false")
    if isinstance(column.type, Json):
        return type_coerce(column, Text)
    if column.type.python_type is int:
        return cast(column, Text)
    if dialect == "postgresql" and isinstance(column.type, Instant):
        return func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
    if dialect == "postgresql" and isinstance(column.type, Day):
        return func.to_char(column, "YYYY-MM-DD")
    return type_coerce(column, Text)
