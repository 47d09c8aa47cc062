"""What is known of the soundness of the evidence without reading all of it: the last seal, the last check, one case."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from workflow import job_log, seals
from workflow.access import Seen
from workflow.chains import verify_chain
from workflow.errors import EvidenceBroken
from workflow.references import reference
from workflow.seals import Head

MOST_ENTRIES = 5_000  # of one case: what a request has the time to recompute


@dataclass(frozen=True, slots=True)
class Soundness:
    """The last signed head of the log, and the last nightly check (a run of the job; `count` promises were broken)."""

    seal: Head | None
    check: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerified:
    """What verifying one case came to. `broken` is a sentence where it does not verify, else None."""

    case: str
    entries: int = 0
    sealed: int = 0
    erased: int = 0
    too_long: bool = False
    broken: str | None = None


def soundness(connection: Connection) -> Soundness:
    return Soundness(seals.last_seal(connection), job_log.last_run(connection, job_log.NIGHTLY))


def verify_case(connection: Connection, seen: Seen) -> CaseVerified:
    """Recomputes the chain of one case, and compares it with what was sealed of it."""
    case_id = seen.case["id"]
    name = reference(seen.lifecycle.id, case_id)
    if seen.case["seq"] > MOST_ENTRIES:
        return CaseVerified(case=name, entries=seen.case["seq"], too_long=True)
    try:
        verified = verify_chain(connection, case_id)
        sealed = seals.sealed_entries(connection, case_id)
    except EvidenceBroken as broken:
        return CaseVerified(case=name, broken=str(broken))
    return CaseVerified(case=name, entries=verified.entries, sealed=sealed, erased=verified.erased)
