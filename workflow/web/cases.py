"""One case: where it is, what can happen next and what cannot, its dates, its people, and the cases around it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Request, Response

from states import codes
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactType
from states.lifecycle import NEW, Lifecycle
from states.picture import MANY, SHARED
from workflow import accounts, eligibility
from workflow.case_sheets import FOLLOW_UP, Sheet
from workflow.desks import drafts_of
from workflow.errors import NotFound
from workflow.moves import Possible
from workflow.projection import asked_facts
from workflow.references import read_reference
from workflow.serving.asking import Asking, looking
from workflow.web.case_routes import CaseReader, Ref, case_router
from workflow.web.drawings import case_map, progress
from workflow.web.fact_words import Line, in_words, people_in
from workflow.web.pause import journey_of
from workflow.web.referral_drafts import may_be_opened
from workflow.web.showing import show
from workflow.web.team import names_of
from workflow.web.timelines import last_rows

router = case_router()
KEPT = "What you typed is kept, and nothing was recorded. Finish it when you can."
LAST = 5  # entries of the timeline that stand on the page of the case
QUIET = ("pregnancy_end_reported", "pregnancy_ended")  # nothing on the page of the case speaks of a birth to come
NOBODY = "both"  # the record of a case that is about no person at all
OF_A_BIRTH = ("edd", "edd_basis", "edd_source")


@router.get("/cases/{ref}")
def case_page(
    asking: CaseReader, request: Request, ref: Ref, recorded: Annotated[int, Query(ge=0)] = 0, kept: str = ""
) -> Response:
    """The case. `recorded` is the number of the entry that was just made, `kept` that a form was left unfinished."""
    look = looking(asking)
    sheet = look.sheet(ref)
    view = sheet.view
    lifecycle = LIFECYCLES[view["lifecycle"]]
    state, quiet = lifecycle.state_by_id[view["state"]], view["state"] in QUIET
    running = [row for row in view["deadlines"] if row["closed_at"] is None]
    made = next((row for row in view["timeline"] if recorded and row["entry"].endswith(f"#{recorded}")), None)
    return show(
        request,
        asking,
        "cases/case.html",
        title=f"{view['case']}: {state.label if quiet else view['stage']}",
        here="work",
        back="/work",
        sheet=sheet,
        view=view,
        state=state,
        lifecycle=lifecycle,
        quiet=quiet,
        stages=() if quiet else progress(lifecycle, sheet.path, state.id),
        expected=None if quiet or view["children"] or view["parent"] else view["edd"],
        running=running,
        ended=_ended(lifecycle, view["deadlines"], quiet),
        next_date=next((row for row in running if row["due_at"] is not None), None),
        moves=grouped(lifecycle, look.moves(ref), [row["clock"] for row in running], view["state"]),
        about_heading={"pause": "About her", NOBODY: "What was agreed"}.get(lifecycle.record, "People"),
        people=people_of(asking, lifecycle, view),
        withheld=[lifecycle_fact(lifecycle, name) for name in view["withheld"]],
        children=children_of(view["children"]),
        decision=decision_words(sheet),
        last=last_rows(sheet, LAST),
        notice=f"Recorded: {_made_label(lifecycle, made)}." if made else KEPT if kept else None,
        undo=_undo(asking, lifecycle, sheet),
        drafts=drafts_on(asking, view["case"]),
        journey=journey_of(sheet, asking.now),
        opens_follow_up=any(one.id == FOLLOW_UP for one in may_be_opened(asking.actor)),
        kind_label=lambda name: kind_of(name).label,
        under_label=lambda name, state: kind_of(name).state_by_id[state].label.lower(),
        trigger_label=lambda name: trigger_label(lifecycle, name),
    )


def _ended(lifecycle: Lifecycle, deadlines: Sequence[Mapping[str, Any]], quiet: bool) -> list[Mapping[str, Any]]:
    """The dates that have ended. Where a pregnancy has, those about the birth stand on the timeline alone."""
    ended = [row for row in deadlines if row["closed_at"] is not None]
    return [row for row in ended if not (quiet and lifecycle.clock_by_id[row["clock"]].birth_related)]


def kind_of(ref: str) -> Lifecycle:
    """The kind of case a reference names."""
    return LIFECYCLES[read_reference(ref)[0]]


@router.get("/cases/{ref}/map")
def map_page(asking: CaseReader, request: Request, ref: Ref) -> Response:
    """The lifecycle as a drawing with the way this case went, and the same as a list."""
    look = looking(asking)
    sheet = look.sheet(ref)
    view = sheet.view
    lifecycle = LIFECYCLES[view["lifecycle"]]
    return show(
        request,
        asking,
        "cases/map.html",
        title=f"{view['case']}: map",
        here="work",
        back=f"/cases/{view['case']}",
        view=view,
        map=case_map(lifecycle, path=sheet.path, current=view["state"]),
        links=links_of(view["case"], view["state"], look.moves(ref)),
    )


@router.get("/cases/{ref}/outcomes")
def outcomes_page(asking: CaseReader, request: Request, ref: Ref) -> Response:
    """How a woman sees her own life over her time with Pause. NotFound for another kind of case."""
    sheet = looking(asking).sheet(ref)
    journey = journey_of(sheet, asking.now)
    if journey is None:
        raise NotFound(f"{ref} is no Pause journey")
    case = sheet.view["case"]
    return show(
        request,
        asking,
        "cases/outcomes.html",
        title=f"{case}: her outcomes over time",
        here="work",
        back=f"/cases/{case}",
        journey=journey,
    )


def links_of(ref: str, state: str, moves: Sequence[Possible]) -> dict[str, str]:
    """Each state that a move leads to, and the form of the first such move that can be made; else of the first."""
    found: dict[str, str] = {}
    for one in sorted(moves, key=lambda one: not one.can):
        for target in one.to.split(" or "):
            if target != state:
                found.setdefault(target, f"/cases/{ref}/moves/{one.trigger}")
    return found


# What can happen


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of a case as its page groups them: those of the main course, those that may come at any time, those
    every kind of case has; each parted into what can be made and what cannot."""

    main: tuple[Possible, ...]
    rarer: tuple[Possible, ...]
    missing: tuple[Possible, ...]
    missing_rarer: tuple[Possible, ...]
    for_others: tuple[Possible, ...]


def grouped(lifecycle: Lifecycle, moves: Sequence[Possible], clocks: Sequence[str], state: str) -> Moves:
    """The main course are moves that a running date waits for, and those that few states have."""
    awaited = {trigger for clock in clocks for trigger in lifecycle.clock_by_id[clock].met_by}
    waiting = sum(not one.final for one in lifecycle.states)
    few = max(MANY, waiting // 3)

    def is_main(one: Possible) -> bool:
        if one.trigger in SHARED or (one.trigger == "record_birth" and state in QUIET):
            return False
        rows = lifecycle.rows(one.trigger, state)
        return one.trigger in awaited or any(len(row.sources) <= few and _comes_back(row.when) is False for row in rows)

    ways_back = {one.trigger for one in moves if any(_comes_back(r.when) for r in lifecycle.rows(one.trigger, state))}
    main = {one.trigger for one in moves if is_main(one)} | ways_back
    sorted_moves = usual_first(lifecycle, moves, clocks)
    mine = [one for one in sorted_moves if not _is_for_others(one)]
    return Moves(
        main=tuple(one for one in mine if one.can and one.trigger in main),
        rarer=tuple(one for one in mine if one.can and one.trigger not in main),
        missing=tuple(one for one in mine if not one.can and one.trigger in main),
        missing_rarer=tuple(one for one in mine if not one.can and one.trigger not in main),
        for_others=tuple(one for one in sorted_moves if _is_for_others(one)),
    )


def usual_first(lifecycle: Lifecycle, moves: Sequence[Possible], clocks: Sequence[str]) -> list[Possible]:
    """Moves in the order in which they are usually made: those that the first running clock waits for, then the next
    one's; within them, and after them, as the lifecycle has them. What only leads aside, to a state that a case comes
    back from, comes after the way on: it is the exception.
    """
    place = {row.trigger: number for number, row in reversed(list(enumerate(lifecycle.transitions)))}

    def order(one: Possible) -> tuple[bool, int, int]:
        waits = (n for n, clock in enumerate(clocks) if one.trigger in lifecycle.clock_by_id[clock].met_by)
        return leads_aside(lifecycle, one), next(waits, len(clocks)), place[one.trigger]

    return sorted(moves, key=order)


def leads_aside(lifecycle: Lifecycle, one: Possible) -> bool:
    """Whether a move only leads to states that a case comes back from."""
    return all(lifecycle.state_by_id[state].holds for state in one.to.split(" or "))


def _comes_back(when: tuple[str, Any] | None) -> bool:
    return when is not None and when[0] == "return_state"


def _is_for_others(one: Possible) -> bool:
    return any(unmet.kind == "role" for unmet in one.unmet)


def trigger_label(lifecycle: Lifecycle, trigger: str) -> str:
    """The move in the words of its lifecycle."""
    return next((row.label for row in lifecycle.transitions if row.trigger == trigger), trigger)


def _made_label(lifecycle: Lifecycle, made: Mapping[str, Any]) -> str:
    """The move that was just made, in the words of its form: from another state the same move can have others."""
    rows = lifecycle.rows(made["trigger"], made["from"] or NEW)
    return rows[0].label if rows else str(made["label"])


def _undo(asking: Asking, lifecycle: Lifecycle, sheet: Sheet) -> str | None:
    """Where the latest move can be taken back, for those who may."""
    if sheet.undoable is None or not _may_correct(asking, lifecycle, sheet.view["state"]):
        return None
    return f"/cases/{sheet.view['case']}/moves/correct?entry={sheet.undoable}&correction=undo"


def _may_correct(asking: Asking, lifecycle: Lifecycle, state: str) -> bool:
    return any(asking.actor.role in row.roles for row in lifecycle.rows("correct", state))


# People


@dataclass(frozen=True, slots=True)
class People:
    """Those a case is about. `parents` and others are (title, lines); `about` are single answers; `more` the rest."""

    parents: tuple[tuple[str, tuple[Line, ...]], ...]
    about: tuple[Line, ...]
    more: tuple[Line, ...]


def people_of(asking: Asking, lifecycle: Lifecycle, view: Mapping[str, Any]) -> People:
    """The facts of a case: those about a parent or a woman first, then what else is known."""
    facts = asked_facts(lifecycle.id)
    left_out = OF_A_BIRTH if view["state"] in QUIET else ()
    values = {name: value for name, value in view["facts"].items() if name not in left_out}
    called = names_of(asking, people_in(facts.values(), values))
    parents: list[tuple[str, tuple[Line, ...]]] = []
    for name in ("parents",):
        fact = facts.get(name)
        if fact is not None and values.get(name):
            parents += [_titled(fact, number, one, called) for number, one in enumerate(values[name], 1)]
    opening = {
        fact.name
        for row in lifecycle.transitions
        if NEW in row.sources and row.trigger != "migrate_in"
        for fact in row.facts
        if fact.personal and fact.name != "parents"
    }
    about = {name: value for name, value in values.items() if name in opening or lifecycle.record == NOBODY}
    rest = {name: value for name, value in values.items() if name not in about and name != "parents"}
    return People(
        parents=tuple(parents),
        about=tuple(in_words(facts.values(), about, called)),
        more=tuple(in_words(facts.values(), rest, called)),
    )


def _titled(
    fact: Fact, number: int, record: Mapping[str, Any], called: Mapping[str, str]
) -> tuple[str, tuple[Line, ...]]:
    role = codes.PARENT_ROLES.get(record.get("role", ""), f"parent {number}")
    shown = {name: value for name, value in record.items() if name != "role"}
    return role[:1].upper() + role[1:], tuple(in_words(fact.fields, shown, called))


def lifecycle_fact(lifecycle: Lifecycle, name: str) -> str:
    fact = asked_facts(lifecycle.id).get(name)
    return fact.label if fact else name


def children_of(children: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each baby with plan and outcome in words."""
    return [
        {
            **one,
            "care_plan": codes.CARE_PLANS.get(one["care_plan"], one["care_plan"]),
            "outcome": codes.OUTCOMES.get(one["outcome"], one["outcome"]),
        }
        for one in children
    ]


# The decision


def decision_words(sheet: Sheet) -> Mapping[str, Any] | None:
    """What the policy said of the referral, its rules by their names, and what it could not tell."""
    found = sheet.view["decision"]
    if not found:
        return None
    services, labels = sheet.policy.services, {one.id: one.label for one in sheet.policy.criteria}
    service = services.get(found["service"] or "", (found["service"] or "").replace("_", " "))
    default = services.get(found["default_service"] or "", (found["default_service"] or "").replace("_", " "))
    service, default = (re.sub("^The ", "the ", one) for one in (service, default))  # within a sentence
    if sheet.view["lifecycle"] == "pause":
        labels = eligibility.LABELS
    verdicts = {
        "eligible": "Meets the local criteria of Pause.",
        "not_eligible": "Does not meet the local criteria of Pause; a service manager decides on any exception.",
        "accept": f"Accepted for {service}.",
        "consent_needed": f"Meets the criteria of {service}; the parents' consent is needed first.",
        "route": f"Goes to {service}.",
        "manager_decision": f"A manager decides{f'; suggested: {default}' if default else ''}.",
    }
    facts = {fact.name: fact for fact in asked_facts(sheet.view["lifecycle"]).values()}
    return {
        "verdict": verdicts.get(found["decision"], "Cannot be decided yet: more information is needed."),
        "rule": labels.get(found["rule"], found["rule"]) if found["rule"] else None,
        "rules": [
            {
                "id": one["id"],
                "label": labels.get(one["id"], one["id"]),
                "result": one["result"],
                "because": one["because"],
            }
            for one in found["rules"]
        ],
        "missing": [_path_words(facts, path) for path in found["missing"]],
        "flags": [labels.get(one, one.replace("_", " ")) for one in (*found["overlays"], *found["flags"])],
        "policy": f"{sheet.policy.label}, version {sheet.policy.version}",
    }


def _path_words(facts: Mapping[str, Fact], path: str) -> str:
    """parents[0].consent as "Parent 1: Consent"."""
    words = []
    inner: Mapping[str, Fact] = facts
    for part in path.split("."):
        name, _, place = part.partition("[")
        fact = inner.get(name)
        if fact is None:
            return path
        number = f" {int(place.rstrip(']')) + 1}" if place.rstrip("]").isdigit() else ""
        words.append(f"{fact.label}{number}")
        if fact.type is FactType.RECORDS:
            inner = {one.name: one for one in fact.fields}
    return ": ".join(words)


# Drafts


def drafts_on(asking: Asking, ref: str) -> list[dict[str, Any]]:
    """The forms of this case that this person left unfinished: their address and when."""
    with asking.service.database.read() as connection:
        found = drafts_of(connection, asking.actor.username)
    lifecycle = kind_of(ref)
    here = (f"/cases/{ref}/", f"/deadlines/{ref}.")
    return [{**one, "label": _draft_label(lifecycle, one["about"])} for one in found if one["about"].startswith(here)]


def _draft_label(lifecycle: Lifecycle, address: str) -> str:
    last = address.rpartition("/")[2]
    if "/moves/" in address:
        return trigger_label(lifecycle, last)
    return last.replace("_", " ").replace("-", " ").capitalize()


def colleagues(asking: Asking, lifecycle: Lifecycle) -> dict[str, str]:
    """Whom a form of this kind of case can name: user name to name and team."""
    with asking.service.database.read() as connection:
        return accounts.colleagues(connection, asking.actor.authority, lifecycle.record)
