"""What happened to a case, entry by entry: moves, refusals, alerts, corrections and looks; made to be printed too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from states.catalogue import LIFECYCLES
from states.facts import Fact
from states.lifecycle import Lifecycle
from states.picture import SHARED
from workflow import access_acts, answers, clock_actions
from workflow.case_sheets import Sheet
from workflow.evidence_search import Sought
from workflow.models import EntryKind
from workflow.permissions import Permission, has
from workflow.projection import CORRECTION_FACTS, asked_facts
from workflow.serving.asking import Asking, looking
from workflow.views import timeline_row
from workflow.web.case_routes import CaseReader, Ref, case_router
from workflow.web.fact_words import Line, in_words, people_in
from workflow.web.showing import show
from workflow.web.team import names_of

router = case_router()
MOST_ENTRIES = 40  # on one page
MOST_LETTERS = 40_000  # of facts on one page, so that it stays under 100 kB
KINDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "moves": ("Moves", frozenset({EntryKind.MOVED, EntryKind.FOLLOWED})),
    "refusals": ("Refused moves", frozenset({EntryKind.REFUSED})),
    "alerts": ("Alerts and their answers", frozenset({EntryKind.ALERTED, EntryKind.ANSWERED})),
    "corrections": ("Corrections", frozenset({EntryKind.CORRECTED, EntryKind.ERASED})),
    "dates": ("Changes to dates", frozenset({EntryKind.CLOCK})),
    "other": ("Access and the service itself", frozenset({EntryKind.SYSTEM})),
}
ACTS = {  # what is recorded on a case and is no move of its table
    "acknowledge": "Alert answered with a day",
    "snooze": "Alert quieted",
    "pause_deadline": "Deadline paused",
    "resume_deadline": "Deadline resumed",
    "extend_deadline": "Deadline extended",
    "apply_policy": "New policy applied",
    "restrict": "Case restricted",
    "lift_restriction": "Restriction lifted",
    "name_reader": "Reader named",
    "grant_access": "Sight of the case granted",
    "end_access": "Access ended",
    "break_glass": "Glass broken in an emergency",
}
ASKED_BY_ACTS: Mapping[str, Sequence[Fact]] = {
    "acknowledge": answers.ACKNOWLEDGE,
    "snooze": answers.SNOOZE,
    "pause_deadline": (clock_actions.DEADLINE, clock_actions.REASON),
    "resume_deadline": (clock_actions.DEADLINE, clock_actions.REASON),
    "extend_deadline": clock_actions.EXTEND,
    "apply_policy": clock_actions.APPLY,
    **{act: asked for act, (asked, _) in access_acts.ACTS.items()},
}


@dataclass(frozen=True, slots=True)
class Part:
    """One page of the entries: `number` of `count`, from 1."""

    rows: list[dict[str, Any]]
    number: int
    count: int


@router.get("/cases/{ref}/timeline")
def timeline_page(
    asking: CaseReader,
    request: Request,
    ref: Ref,
    *,
    kind: Annotated[list[str] | None, Query()] = None,
    order: Literal["newest", "oldest"] = "newest",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    entry: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The entries of the kinds wanted, the newest or the oldest first, a page at a time.

    `entry` asks for the page that holds the entry of that number.
    """
    look = looking(asking)
    entries, standing = look.evidence(ref), look.standing(ref)
    lifecycle = LIFECYCLES[standing["lifecycle"]]
    wanted = [one for one in kind or [] if one in KINDS]
    shown = {name for one in wanted for name in KINDS[one][1]}
    people = people_named(asking, lifecycle, entries)
    rows = [entry_row(lifecycle, one, entries, people) for one in entries if not shown or one["kind"] in shown]
    part = part_of(rows if order == "oldest" else rows[::-1], page, f"entry-{entry}")
    query = [("kind", one) for one in wanted] + [("order", order)]
    looks = "looks" in (kind or []) and has(asking.actor, Permission.READ_EVIDENCE)
    return show(
        request,
        asking,
        "timelines/timeline.html",
        title=f"{standing['case']}: timeline",
        here="work",
        back=f"/cases/{standing['case']}",
        standing=standing,
        part=part,
        kinds=[(name, label, name in wanted) for name, (label, _) in KINDS.items()],
        order=order,
        looks=look.looks(Sought(case=standing["case"]), limit=MOST_ENTRIES).rows if looks else None,
        address=lambda number: f"/cases/{standing['case']}/timeline?{urlencode([*query, ('page', number)])}",
        total=len(rows),
        names=names_of(asking, [row["actor"] for row in part.rows]),
    )


def part_of(rows: Sequence[dict[str, Any]], wanted: int, holding: str = "") -> Part:
    """Pages of so many entries, or fewer where they are long; the last page where fewer than `wanted` are needed.

    Where a page has the row with the anchor `holding`, it is that page.
    """
    parts: list[list[dict[str, Any]]] = [[]]
    letters = 0
    for row in rows:
        size = 300 + len_of(row["lines"])
        if parts[-1] and (len(parts[-1]) == MOST_ENTRIES or letters + size > MOST_LETTERS):
            parts.append([])
            letters = 0
        parts[-1].append(row)
        letters += size
    held = (number for number, rows in enumerate(parts, 1) if any(row["anchor"] == holding for row in rows))
    number = next(held, min(wanted, len(parts)))
    return Part(parts[number - 1], number, len(parts))


def len_of(lines: Sequence[Line]) -> int:
    """About how much room the lines take on a page."""
    inner = sum(100 + len_of(found) for line in lines for _, found in line.records)
    return sum(220 + len(line.label) + len(line.text) for line in lines) + inner


def last_rows(sheet: Sheet, number: int) -> list[dict[str, Any]]:
    """The latest entries, the newest first, without their facts."""
    lifecycle = LIFECYCLES[sheet.view["lifecycle"]]
    rows = [entry_row(lifecycle, entry, sheet.entries) for entry in reversed(sheet.entries[-number:])]
    return [{**row, "lines": []} for row in rows]


def people_named(asking: Asking, lifecycle: Lifecycle, entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What those are called whom the facts of these entries name."""
    named = (people_in(_questions(lifecycle, one, entries).values(), _values(one)) for one in entries)
    return names_of(asking, chain.from_iterable(named))


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry["facts"], **(entry["content"] or {})}


def entry_row(
    lifecycle: Lifecycle,
    entry: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    people: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An entry in words: `unmet` are sentences, `lines` its facts, `superseded` what a correction replaced."""
    row = timeline_row(entry)
    if row["label"] == entry["trigger"]:
        row["label"] = ACTS.get(entry["trigger"], _act_label(entry))
    return {
        **row,
        "anchor": f"entry-{entry['seq']}",
        "unmet": [one[2] for one in row["unmet"]],
        "lines": lines_of(lifecycle, entry, entries, people),
        "withheld": bool(entry["content_digest"]) and entry["content"] is None,
        "superseded": superseded(lifecycle, entry, entries, people),
        "corrected_by": [
            timeline_row(one)["entry"]
            for one in entries
            if one["supersedes"] == entry["seq"] and one["kind"] == EntryKind.CORRECTED
        ],
        "clocks": [
            (lifecycle.clock_by_id[one["clock"]].label, one["event"].replace("_", "-"), one.get("due_at"))
            for one in entry["clocks"]
            if one["clock"] in lifecycle.clock_by_id
        ],
        "approvals": entry["approvals"],
        "reason_code": entry["reason_code"],
    }


def _act_label(entry: Mapping[str, Any]) -> str:
    return str(entry["trigger"]).replace("_", " ").capitalize()


def facts_of(lifecycle: Lifecycle, trigger: str, state: str) -> dict[str, Fact]:
    """What a move asks for, by name: from that state, else wherever it can be made."""
    rows = lifecycle.rows(trigger, state) or [row for row in lifecycle.transitions if row.trigger == trigger]
    return {fact.name: fact for row in rows for fact in row.facts}


def lines_of(
    lifecycle: Lifecycle,
    entry: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    people: Mapping[str, str] | None = None,
) -> list[Line]:
    """The facts of an entry in words, under the questions that were asked for them."""
    values = _values(entry)
    if entry["trigger"] == "correct":
        values = {name: value for name, value in values.items() if name != "entry"}
    if entry["trigger"] in ("request_approval", "decide_approval") and "for_trigger" in values:
        asked = next((r.label for r in lifecycle.transitions if r.trigger == values["for_trigger"]), None)
        values = {**values, "for_trigger": asked or values["for_trigger"]}
    return in_words(_questions(lifecycle, entry, entries).values(), values, people)


def _questions(lifecycle: Lifecycle, entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> dict[str, Fact]:
    if entry["trigger"] in ASKED_BY_ACTS:
        return {fact.name: fact for fact in ASKED_BY_ACTS[entry["trigger"]]}
    own = facts_of(lifecycle, entry["trigger"], entry["from_state"])
    before = _named(entry, entries)
    if before is not None:
        own |= facts_of(lifecycle, before["trigger"], before["from_state"])
    if entry["trigger"] not in SHARED and not own:
        return {"reason": asked_facts(lifecycle.id).get("reason", _REASON)}
    return own


_REASON = next(fact for fact in asked_facts("prebirth").values() if fact.name == "move_reason")


def _named(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if not entry["supersedes"]:
        return None
    return next((one for one in entries if one["seq"] == entry["supersedes"]), None)


def superseded(
    lifecycle: Lifecycle,
    entry: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    people: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """What a correction replaced: the entry, and of its facts those that were corrected, as they stood."""
    before = _named(entry, entries)
    if before is None:
        return None
    old, new = _values(before), _values(entry)
    changed = {name: old[name] for name in new if name in old and name not in CORRECTION_FACTS}
    row = timeline_row(before)
    return {
        "entry": row["entry"],
        "label": row["label"],
        "occurred_at": row["occurred_at"],
        "lines": in_words(facts_of(lifecycle, before["trigger"], before["from_state"]).values(), changed, people),
    }


def is_auditor(asking: Asking) -> bool:
    return has(asking.actor, Permission.READ_EVIDENCE)
