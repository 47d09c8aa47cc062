"""The service agreements of an authority in their order: who provided what, paid by whom, from when until when."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from states.catalogue import LIFECYCLES
from states.service_agreement import KINDS, SERVICES
from workflow.models import NEVER
from workflow.references import reference
from workflow.repository import CASES, of_kind

KIND = "service_agreement"


def agreements(connection: Connection, authority: str) -> list[dict[str, Any]]:
    """Every agreement, those whose start is not stated first, then by start. About no person: a reader of counts may.

    `next_due` is the day (UTC instant) of its first running deadline; None once it has ended.
    """
    query = select(CASES.c.id, CASES.c.state, CASES.c.facts, CASES.c.urgent_at, CASES.c.closed_at).where(
        of_kind(authority, KIND)
    )
    rows = [_row(dict(one)) for one in connection.execute(query).mappings()]
    return sorted(rows, key=lambda one: (one["starts_on"] or date.min, one["ends_on"] or date.max, one["case"]))


def _row(case: Mapping[str, Any]) -> dict[str, Any]:
    facts = case["facts"]
    due: datetime = case["urgent_at"]
    return {
        "case": reference(KIND, case["id"]),
        "state": case["state"],
        "state_label": LIFECYCLES[KIND].state_by_id[case["state"]].label,
        "service": SERVICES.get(facts.get("service"), facts.get("service") or ""),
        "kind": KINDS.get(facts.get("agreement_kind"), facts.get("agreement_kind") or ""),
        "provider": facts.get("provider") or "",
        "area": facts.get("area") or "",
        "funders": list(facts.get("funders") or ()),
        "starts_on": _day(facts.get("starts_on")),
        "ends_on": _day(facts.get("ends_on")),
        "months": facts.get("months"),
        "as_stated": facts.get("as_stated") or "",
        "follows": facts.get("follows"),
        "review_on": _day(facts.get("review_on")) if case["closed_at"] is None else None,
        "next_due": due if case["closed_at"] is None and due < NEVER else None,
    }


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
