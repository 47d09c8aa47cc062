"""Evidence: of one case, searched over all one may read, handed out whole, and who looked."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from workflow.access_tables import LookKind
from workflow.api.addresses import Ref
from workflow.api.bodies import ChainPage, Cursor, EntryPage, Given, Instant, Limit, LookPage, Reference, Word
from workflow.api.callers import EvidenceReader, Reader
from workflow.api.routing import LOOKS, subject
from workflow.evidence_search import Sought
from workflow.models import EntryKind
from workflow.serving.asking import looking

router = subject("evidence")
MOST_NUMBER = 2**31 - 1
LINES = {"schema": {"type": "string", "description": "one JSON object a line"}}


@router.get("/cases/{ref}/audit", summary="The evidence of a case", response_model=ChainPage, responses=LOOKS)
def case_evidence(
    asking: Reader,
    ref: Ref,
    after: Annotated[int, Query(ge=0, le=MOST_NUMBER, description="The last entry you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Any:
    """Every entry whole, in its order, with its hash; personal content only where your work needs it."""
    entries = [entry for entry in looking(asking).evidence(ref) if entry["seq"] > after]
    return {"entries": entries[:limit], "after": entries[limit - 1]["seq"] if len(entries) > limit else None}


class _Found(Given):
    """What entries and looks are both found by."""

    who: Word | None = Field(default=None, description="The account that did it.")
    case: Reference | None = None
    since: Instant | None = Field(default=None, description="Recorded at this instant or later.")
    until: Instant | None = Field(default=None, description="Recorded before this instant.")
    limit: Limit = 50


class EntriesSought(_Found):
    """Which entries."""

    trigger: Word | None = Field(default=None, description="The move or act.")
    kind: EntryKind | None = None
    overridden: bool = Field(default=False, description="Only where a rule was overridden.")
    refused: bool = Field(default=False, description="Only what was refused.")
    after: Cursor | None = None


class LooksSought(_Found):
    """Which looks."""

    kind: LookKind | None = None
    after: int | None = Field(default=None, ge=1, le=2**63 - 1)


@router.get("/evidence", summary="Search the evidence", response_model=EntryPage, responses=LOOKS)
def search_evidence(asking: EvidenceReader, asked: Annotated[EntriesSought, Query()]) -> Any:
    """Entries of the cases you may read and of what belongs to no case, the latest first, without personal content."""
    sought = Sought(**asked.model_dump(exclude={"after", "limit"}))
    page = looking(asking).search_evidence(sought, after=asked.after, limit=asked.limit)
    return {"entries": page.rows, "after": page.after}


@router.get("/looks", summary="Who looked", response_model=LookPage, responses=LOOKS)
def list_looks(asking: EvidenceReader, asked: Annotated[LooksSought, Query()]) -> Any:
    """Who looked at what, when and by what right, the latest first: at cases you may read, and at lists."""
    sought = Sought(**asked.model_dump(exclude={"after", "limit"}))
    page = looking(asking).looks(sought, after=asked.after, limit=asked.limit)
    return {"looks": page.rows, "after": page.after}


@router.get(
    "/evidence/export",
    summary="All evidence, as lines of JSON",
    response_class=StreamingResponse,
    responses={
        **LOOKS,
        200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "Lines"},
    },
)
def export_evidence(asking: EvidenceReader) -> StreamingResponse:
    """All evidence you may read, an entry a line. On record as an export before the first line is sent.

    It ends with the time limit of a request: a larger record is exported by `waymark audit export`.
    """
    entries = looking(asking).all_evidence()
    first = list(islice(entries, 1))  # now, so that what is wrong is told by a status
    return StreamingResponse(_lines(chain(first, entries)), media_type="application/jsonl")


def _lines(entries: Iterator[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(entry, ensure_ascii=False, default=_as_json) + "\n"


def _as_json(value: datetime | date) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()
