"""Support given: sessions and visits against what was planned, Hope boxes and things lent, of one case or by team."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.codes import SUPPORT_KINDS, SUPPORT_PHASES
from states.lifecycle import SELF
from workflow.consistency import named
from workflow.projection import Step, steps_of
from workflow.suppression import as_rows

COLUMNS = (("given", "missed"), ("hope_boxes",), ("lent",))  # those that are added up stand together
WEEK = 7


def of_case(entries: Sequence[Mapping[str, Any]], today: date) -> dict[str, Any]:
    """What the evidence of one case says of its support: the latest plan, and what was given since that plan began.

    `visits`: planned are the visits a week of the plan for each whole week since it began; None where it names none.
    Texts are None where they were erased, or where this reader's work does not need them.
    """
    steps = _steps(entries)
    plans = [one.facts for one in steps if one.trigger == "plan_support"]
    plan = plans[-1] if plans else {}
    begins = date.fromisoformat(plan["support_from"]) if plan else None
    given, missed = _sessions(steps, begins)
    planned: Counter[tuple[str, str]] = Counter()
    for row in plan.get("support_plan") or ():
        planned[row["phase"], row["kind"]] += row["sessions"]
    rows = [
        {"phase": phase, "kind": kind, "planned": planned[phase, kind], "given": given[phase, kind]}
        | {"missed": missed[phase, kind]}
        for phase in SUPPORT_PHASES
        for kind in SUPPORT_KINDS
        if planned[phase, kind] or given[phase, kind] or missed[phase, kind]
    ]
    return {
        "planned_from": begins,
        "aims": plan.get("support_aims"),
        "sessions": rows,
        "visits": _visits(steps, begins, plan.get("visits_a_week"), today),
        "adjustments": _texts(steps, ("adjustments", "communication_plan", "adjustments_made")),
        "hope_boxes": [
            {"given_on": one.facts["hope_box_on"], "given_to": list(one.facts["hope_box_for"])}
            for one in steps
            if one.trigger == "give_hope_box"
        ],
        "lent": _lent(steps),
    }


def _steps(entries: Iterable[Mapping[str, Any]]) -> list[Step]:
    return steps_of({**one, "to_state": SELF} for one in entries)


def _sessions(steps: Iterable[Step], since: date | None) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """(sessions that took place, sessions that did not) by phase and kind, from that day on."""
    given: Counter[tuple[str, str]] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    for one in steps:
        if one.trigger != "give_support" or (since and date.fromisoformat(one.facts["support_on"]) < since):
            continue
        (given if one.facts["took_place"] else missed)[one.facts["phase"], one.facts["kind"]] += 1
    return given, missed


def _visits(steps: Iterable[Step], since: date | None, a_week: int | None, today: date) -> dict[str, int | None]:
    days = [date.fromisoformat(one.facts["visited_on"]) for one in steps if one.trigger == "record_visit"]
    planned = max((today - since).days // WEEK, 0) * a_week if since is not None and a_week else None
    return {"planned": planned, "made": sum(since is None or day >= since for day in days)}


def _texts(steps: Iterable[Step], names: Sequence[str]) -> list[str]:
    """What was written of adjustments for the parents, the earliest first, each once."""
    found = [one.facts[name] for one in steps for name in names if one.facts.get(name)]
    return list(dict.fromkeys(found))


def _lent(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """What was lent to the family, and when it came back; None while it is there."""
    found: list[dict[str, Any]] = []
    for one in steps:
        if one.trigger == "lend_item":
            found.append({"item": one.facts["item"], "lent_on": local_date(one.occurred_at), "back_on": None})
        elif one.trigger == "return_item":
            out = next((row for row in found if row["item"] == one.facts["item"] and row["back_on"] is None), None)
            if out is not None:
                out["back_on"] = local_date(one.occurred_at)
    return found


def by_team(connection: Connection, counts: Mapping[str, Any], *, below: int | None = None) -> dict[str, Any]:
    """Support given in the days of these counts, by the team that gave it; counts under `below` are withheld (None)."""
    teams = named(connection, counts["authority"], counts["support"])
    sessions, boxes, loans = (as_rows(teams, columns, counts["support"], below) for columns in COLUMNS)
    rows = [
        {**row, "hope_boxes": box["hope_boxes"], "lent": loan["lent"]}
        for row, box, loan in zip(sessions, boxes, loans, strict=True)
    ]
    return {
        **{name: counts[name] for name in ("since", "until", "counted_at")},
        "withheld_below": below,
        "teams": rows,
    }
