"""The audit: a search over the evidence and over who looked, and whether the record verifies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from scheduler.calendars import add_days, at_time, local_date
from states.facts import Fact, FactProblem, choice, code, day
from workflow import verification
from workflow.access_tables import LookKind
from workflow.errors import NotFound
from workflow.evidence_search import Sought
from workflow.models import EntryKind
from workflow.permissions import Permission
from workflow.references import read_reference
from workflow.serving.asking import Asking, Needs, looking
from workflow.verification import MOST_ENTRIES
from workflow.web.exports import MOST_ROWS, check_kind, download
from workflow.web.forms import Form
from workflow.web.pages import KINDS
from workflow.web.reading import read_typed
from workflow.web.searches import asked, search_form
from workflow.web.showing import show
from workflow.web.team import address, names_of
from workflow.web.timelines import ACTS

router = APIRouter()
Auditor = Annotated[Asking, Depends(Needs(Permission.READ_EVIDENCE))]
PAGE = 50
MARKED = {  # what people look for that is no kind of entry: a mark on it, or one act
    "overrides": "Overrides of a rule",
    "break_glass": "Emergency access to a restricted case",
}
LOOK_WORDS = {
    LookKind.CASE: "A case",
    LookKind.MOVES: "What can happen next in a case",
    LookKind.EVIDENCE: "The evidence of a case",
    LookKind.DEADLINE: "A deadline",
    LookKind.LIST: "A list",
    LookKind.SEARCH: "A search",
    LookKind.REPORT: "A report",
    LookKind.EXPORT: "A file taken away",
}
ACCESS_WORDS = {
    "team": "their team",
    "cover": "cover for an absence",
    "named": "named on the case",
    "granted": "access given",
    "break_glass": "emergency access",
}
ENTRY_HEADS = (
    "Recorded", "Happened", "Case", "Entry", "Kind", "What", "From", "To", "Who", "Role", "On behalf of",
    "Rule overridden", "Reason", "Not met", "Came in by", "Request",
)  # fmt: skip
LOOK_HEADS = (
    "When",
    "Who",
    "Role",
    "Team",
    "What kind",
    "Case",
    "By right of",
    "About",
    "Rows",
    "Came in by",
    "Request",
)


def _asks(kinds: Mapping[str, str]) -> tuple[Fact, ...]:
    return (
        code("who", "User name", "of the person whose doing it was", required=False),
        code("case", "Case reference", "for example PB-12", required=False),
        choice("kind", "What", kinds, required=False),
        day("since", "From", required=False),
        day("until", "To, this day included", required=False),
    )


ENTRIES = _asks({**{kind.value: KINDS[kind.value].words for kind in EntryKind}, **MARKED})
LOOKS = _asks({kind.value: LOOK_WORDS[kind] for kind in LookKind})


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked for: what to look for, the form as it stands, and the same as part of an address."""

    sought: Sought
    drawn: Form
    query: Mapping[str, str]


def asked_for(request: Request, facts: Sequence[Fact]) -> Asked:
    """A search, read from its address."""
    reading = asked(facts, request.query_params)
    given, problems = reading.given, list(reading.problems)
    if (case := given.get("case")) is not None:
        try:
            read_reference(case)
        except NotFound:
            problems.append(FactProblem("case", "Enter a case reference such as PB-12"))
    since, until = given.get("since"), given.get("until")
    if since and until and until < since:
        problems.append(FactProblem("until", "To must not lie before From"))
    return Asked(_sought(given) if not problems else Sought(), search_form(facts, reading.typed, problems), given)


def _sought(given: Mapping[str, str]) -> Sought:
    kind = given.get("kind")
    return Sought(
        who=given.get("who"),
        case=given.get("case"),
        since=_begins(given.get("since")),
        until=_begins(given.get("until"), days_on=1),
        kind=None if kind in MARKED else kind,
        trigger=kind if kind == "break_glass" else None,
        overridden=kind == "overrides",
    )


def _begins(words: str | None, days_on: int = 0) -> datetime | None:
    return at_time(add_days(date.fromisoformat(words), days_on), time()) if words else None


@router.get("/audit")
def audit(request: Request, asking: Auditor) -> HTMLResponse:
    """A search over the evidence, the latest first, and how sound the record is."""
    search = asked_for(request, ENTRIES)
    look, after = looking(asking), request.query_params.get("after") or None
    page = None if search.drawn.errors else look.search_evidence(search.sought, after=after, limit=PAGE)
    rows = page.rows if page else []
    with asking.service.database.read() as connection:
        sound = verification.soundness(connection)
    return show(
        request,
        asking,
        "team/audit.html",
        title="Audit",
        status=422 if search.drawn.errors else 200,
        here="team",
        ask=search.drawn,
        problems=search.drawn.errors,
        rows=[_shown(row) for row in rows],
        next=address("/audit", **search.query, after=page.after) if page and page.after else None,
        names=names_of(asking, [row["actor"] for row in rows]),
        narrowed=bool(search.query),
        sound=sound,
        export=lambda kind: address(f"/audit.{kind}", **search.query),
        most=MOST_ROWS,
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with where it stands in the timeline of its case, and what was not met in sentences."""
    number = row["entry"].rpartition("#")[2]
    where = f"/cases/{row['case']}/timeline?entry={number}#entry-{number}" if row["case"] else None
    return {**row, "href": where, "unmet": _sentences(row), "label": _label(row)}


def _sentences(row: Mapping[str, Any]) -> list[str]:
    return [says for _, _, says in row["unmet"]]


def _label(row: Mapping[str, Any]) -> str:
    """The move in words; an act that no lifecycle has a label for by its name, read as words."""
    label = str(row["label"])
    if label != row["trigger"]:
        return label
    return ACTS.get(label, label.replace("_", " ").capitalize())


@router.get("/audit.{kind}")
def export_audit(kind: str, request: Request, asking: Auditor) -> StreamingResponse:
    """What the search found, as a file."""
    check_kind(kind)
    search = asked_for(request, ENTRIES)
    _refuse_wrong(search)
    rows = looking(asking).all_found_evidence(search.sought, MOST_ROWS)
    return download(kind, f"evidence-{local_date(asking.now)}", ENTRY_HEADS, [_entry_cells(row) for row in rows])


def _refuse_wrong(search: Asked) -> None:
    if search.drawn.errors:
        raise NotFound("there is no such search: open the audit page and search there")


def _entry_cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    first = (row["recorded_at"], row["occurred_at"], row["case"], row["entry"], row["kind"], _label(row))
    names = ("from_label", "to_label", "actor", "role", "on_behalf_of", "overridden", "reason_code")
    return (
        *first,
        *(row[name] for name in names),
        "; ".join(_sentences(row)),
        row["source"],
        row["request_id"],
    )


# Who looked


@router.get("/audit/looks")
def looks(request: Request, asking: Auditor) -> HTMLResponse:
    """Who looked at what and by what right, the latest first."""
    search = asked_for(request, LOOKS)
    given = request.query_params.get("after", "")
    after = int(given) if given.isdecimal() and len(given) < 19 else None
    page = None if search.drawn.errors else looking(asking).looks(search.sought, after=after, limit=PAGE)
    rows = page.rows if page else []
    return show(
        request,
        asking,
        "team/looks.html",
        title="Who looked",
        status=422 if search.drawn.errors else 200,
        here="team",
        back="/audit",
        ask=search.drawn,
        problems=search.drawn.errors,
        rows=[{**row, "about": _about(row["about"])} for row in rows],
        next=address("/audit/looks", **search.query, after=page.after) if page and page.after else None,
        names=names_of(asking, [row["who"] for row in rows]),
        kinds=LOOK_WORDS,
        rights=ACCESS_WORDS,
        export=lambda kind: address(f"/audit/looks.{kind}", **search.query),
        most=MOST_ROWS,
    )


def _about(about: str) -> str:
    """The filters of a list or search in words; what is not written as filters are as it is."""
    name, brace, filters = about.partition(" {")
    try:
        given = json.loads(f"{{{filters}") if brace else {}
    except ValueError:  # cut off where it was too long
        return about
    said = ", ".join(f"{key} {value}" if value is not True else key for key, value in given.items())
    return f"{name}: {said}" if said else name


@router.get("/audit/looks.{kind}")
def export_looks(kind: str, request: Request, asking: Auditor) -> StreamingResponse:
    """Who looked, as a file."""
    check_kind(kind)
    search = asked_for(request, LOOKS)
    _refuse_wrong(search)
    rows = looking(asking).all_looks(search.sought, MOST_ROWS)
    names = ("at", "who", "role", "team", "kind", "case", "access", "about", "found", "source", "request_id")
    cells = [tuple(row[name] for name in names) for row in rows]
    return download(kind, f"looks-{local_date(asking.now)}", LOOK_HEADS, cells)


# Whether it verifies


@router.get("/audit/verify")
def verify(request: Request, asking: Auditor) -> HTMLResponse:
    """Recomputes the evidence of one case now, and says in words what that came to."""
    given = request.query_params.get("case", "").strip()
    facts = (code("case", "Case reference", "for example PB-12"),)
    reading = read_typed(facts, {"case": given})
    problems, found = list(reading.problems) if "case" in request.query_params else [], None
    if given and not problems:
        try:
            found = looking(asking).verification(given)
        except NotFound:
            problems.append(FactProblem("case", "There is no such case, or it is not yours to see"))
    drawn = search_form(facts, reading.typed, problems)
    return show(
        request,
        asking,
        "team/verify.html",
        title="Verify a case",
        status=422 if problems else 200,
        here="team",
        back="/audit",
        ask=drawn,
        problems=drawn.errors,
        found=found,
        most=MOST_ENTRIES,
    )
