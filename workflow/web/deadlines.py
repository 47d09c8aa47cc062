"""One deadline: why this date, what happened to its clock, and the acts that answer or change it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Request, Response
from starlette.datastructures import FormData

from config.limits import Term, Unit
from scheduler.clock_events import ClockEvent
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactProblem, choice, day, number
from workflow import answers, clock_actions
from workflow.acts import case_of
from workflow.case_sheets import DeadlineSheet
from workflow.deadline_acts import Doing
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound, Unmet
from workflow.policy_words import limit_in_words
from workflow.requirements import who_may
from workflow.serving.asking import Asking, looking
from workflow.web import drafts
from workflow.web.case_routes import CaseReader, CaseWriter, case_router
from workflow.web.forms import Typed, form
from workflow.web.moves import EVENTS
from workflow.web.reading import read
from workflow.web.showing import Sent, go_to, show
from workflow.web.team import names_of

router = case_router()
Name = Annotated[str, Path(max_length=40)]
UNITS = {Unit.WORKING_DAYS.value: "working days", Unit.DAYS.value: "days", Unit.WEEKS.value: "weeks"}
BASES = {
    "statute": "Law",
    "statutory_guidance": "Statutory guidance",
    "local": "Local procedure",
    "proposal": "Proposal of this service, not a rule found elsewhere",
}


@dataclass(frozen=True, slots=True)
class Act:
    """An act on a deadline: what its page is called, what it means, and what it asks for."""

    label: str
    means: str
    button: str
    facts: tuple[Fact, ...]


def _asked(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.name != "deadline")


ACTS: Mapping[str, Act] = {
    "acknowledge": Act(
        "Answer the alert",
        "Nobody is reminded until the end of the day you promise. The due date stays, and its passing is always told. "
        f"The latest day is {answers.PROMISED_WITHIN} working days ahead.",
        "Record the answer",
        _asked(answers.ACKNOWLEDGE),
    ),
    "snooze": Act(
        "Remind me a little later",
        f"Quiet for at most {answers.SNOOZED_WITHIN} working days, without a promise. The due date stays.",
        "Quiet it",
        _asked(answers.SNOOZE),
    ),
    "pause": Act(
        "Pause the clock",
        "The clock stands still until it is resumed; that time does not count.",
        "Pause it",
        (clock_actions.REASON,),
    ),
    "resume": Act(
        "Resume the clock",
        "The clock runs again; the time it stood still does not count.",
        "Resume it",
        (clock_actions.REASON,),
    ),
    "extend": Act(
        "Agree a later date",
        "Give either the new date or by how much. The evidence keeps the date that was due before.",
        "Record the extension",
        (
            clock_actions.REASON,
            day("due_on", "New due date", required=False),
            number("by", "Or later by", "a number, with its unit below", required=False, minimum=1, maximum=400),
            choice("unit", "Unit", UNITS, required=False),
            day("ordered_on", "Date of the court's order", "only where the court extends it", required=False),
        ),
    ),
}


@router.get("/deadlines/{name}")
def deadline_page(asking: CaseReader, request: Request, name: Name, done: str = "") -> Response:
    """Why this date, step by step; and what can be done to it now. `done` is the act that was just recorded."""
    found, doings = looking(asking).deadline_sheet(name)
    row = found.row
    limit = found.state.limit
    history = [event_row(event) for event in found.state.history]
    told = [who for one in found.told for who in (*one["told"], one["acknowledged_by"])]
    return show(
        request,
        asking,
        "deadlines/deadline.html",
        title=f"{row['deadline']}: {row['label']}",
        here="work",
        back=f"/cases/{case_of(name)}",
        notice=f"Recorded: {ACTS[done].label.lower()}." if done in ACTS else None,
        row=row,
        found=found,
        case=case_of(row["deadline"]),
        limit=limit_in_words(limit),
        basis=BASES.get(str(limit.basis), str(limit.basis)),
        source=limit.source,
        waits_for=waits_for(found, looking(asking).standing(case_of(name))),
        history=history,
        names=names_of(asking, [*told, *(one.get("decided_by") for one in history)]),
        doings=[(ACTS[one.act], one) for one in doings],
    )


def waits_for(found: DeadlineSheet, standing: Mapping[str, Any]) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """The moves that meet this clock: trigger, label, who may, and whether they can be made from here."""
    lifecycle = LIFECYCLES[standing["lifecycle"]]
    rows = [
        (trigger, [row for row in lifecycle.transitions if row.trigger == trigger])
        for trigger in lifecycle.clock_by_id[found.state.clock].met_by
    ]
    return [
        (trigger, all_[0].label, who_may(all_), any(standing["state"] in row.sources for row in all_))
        for trigger, all_ in rows
    ]


def event_row(event: ClockEvent) -> dict[str, Any]:
    """What happened to a clock, in words."""
    return {
        "at": event.at,
        "recorded_at": event.recorded_at,
        "words": EVENTS[event.event],
        "due_at": event.due_at,
        "reason": event.reason,
        "decided_by": event.decided_by,
    }


@router.get("/deadlines/{name}/{act}")
def act_form(asking: CaseReader, request: Request, name: Name, act: str) -> Response:
    """The form of one act."""
    kept = drafts.kept(asking, request)
    found, doing = _doing(asking, name, act)
    typed = read(facts_of(found, act), kept).typed if kept else {}
    return _form(request, asking, found, doing, typed, saved_at=kept.saved_at if kept else None)


@router.post("/deadlines/{name}/{act}")
def do_act(asking: CaseWriter, request: Request, name: Name, act: str, sent: Sent) -> Response:
    """Does it; or draws the form again with what is wrong, everything typed still in it."""
    found, doing = _doing(asking, name, act)
    facts = facts_of(found, act)
    reading = read(facts, sent)
    problems = [*reading.problems, *(_amount_problems(reading.given) if act == "extend" else ())]
    if problems:
        drafts.keep(asking, request, sent)
        return _form(request, asking, found, doing, reading.typed, problems=problems, status=422)
    try:
        _do(asking, found.row["deadline"], act, reading.given, sent)
    except (MoveRefused, BadInput, Conflict) as error:
        drafts.keep(asking, request, sent)
        return _refused(request, asking, found, doing, typed=reading.typed, error=error)
    drafts.drop(asking, request)
    return go_to(f"/deadlines/{found.row['deadline']}?done={act}")


def _doing(asking: Asking, name: str, act: str) -> tuple[DeadlineSheet, Doing]:
    if act not in ACTS:
        raise NotFound(f"there is no act {act[:40]!r}")
    found, doings = looking(asking).deadline_sheet(name)
    ended = Doing(act, [Unmet("state", "deadline", "it has ended, or it is not for you to change")], ())
    return found, next((one for one in doings if one.act == act), ended)


def facts_of(found: DeadlineSheet, act: str) -> tuple[Fact, ...]:
    """What the act asks for; the court's order only where the court extends this limit."""
    facts = ACTS[act].facts
    if act != "extend":
        return facts
    court = found.state.limit.extendable_by == "court"
    return tuple(
        replace(fact, required=True) if fact.name == "ordered_on" else fact
        for fact in facts
        if court or fact.name != "ordered_on"
    )


def _amount_problems(given: Mapping[str, Any]) -> list[FactProblem]:
    if (given.get("due_on") is None) == (given.get("by") is None):
        return [FactProblem("due_on", "Give either the new due date, or by how much it is later")]
    if given.get("by") is not None and given.get("unit") is None:
        return [FactProblem("unit", "Choose the unit: working days, days or weeks")]
    return []


def _do(asking: Asking, name: str, act: str, given: Mapping[str, Any], sent: FormData) -> None:
    engine, actor, now = asking.service.engine, asking.actor, asking.now
    way = asking.way(str(sent.get("key", ""))[:80] or None)
    said: dict[str, Any] = {"deadline": name, "reason": given["reason"], "way": way}
    match act:
        case "acknowledge":
            answers.acknowledge(engine, actor, now, promised_on=date.fromisoformat(given["promised_on"]), **said)
        case "snooze":
            answers.snooze(engine, actor, now, until=date.fromisoformat(given["until"]), **said)
        case "pause":
            clock_actions.pause(engine, actor, now, **said)
        case "resume":
            clock_actions.resume(engine, actor, now, **said)
        case _:
            clock_actions.extend(engine, actor, now, **said, **_later(given))


def _later(given: Mapping[str, Any]) -> dict[str, Any]:
    amount = Term(amount=given["by"], unit=Unit(given["unit"])) if given.get("by") is not None else None
    days = {name: date.fromisoformat(given[name]) if given.get(name) else None for name in ("due_on", "ordered_on")}
    return {**days, "amount": amount}


def _refused(
    request: Request,
    asking: Asking,
    found: DeadlineSheet,
    doing: Doing,
    *,
    typed: Typed,
    error: MoveRefused | BadInput | Conflict,
) -> Response:
    if not isinstance(error, MoveRefused):
        problems = [FactProblem("", str(error))]
        return _form(request, asking, found, doing, typed, problems=problems, status=422)
    names = {fact.name for fact in facts_of(found, doing.act)}
    problems = [
        FactProblem(one.name if one.name in names else "", one.says[:1].upper() + one.says[1:]) for one in error.unmet
    ]
    return _form(request, asking, found, doing, typed, problems=problems, who=error.who, status=422)


def _form(
    request: Request,
    asking: Asking,
    found: DeadlineSheet,
    doing: Doing,
    typed: Typed,
    *,
    problems: Sequence[FactProblem] = (),
    who: Sequence[str] = (),
    saved_at: Any = None,
    status: int = 200,
) -> Response:
    asked = form(facts_of(found, doing.act), typed, problems)
    row = found.row
    return show(
        request,
        asking,
        "deadlines/act.html",
        title=f"{row['deadline']}: {ACTS[doing.act].label.lower()}",
        status=status,
        here="work",
        back=f"/deadlines/{row['deadline']}",
        row=row,
        act=ACTS[doing.act],
        doing=doing,
        form=asked,
        problems=asked.errors,
        who=who,
        key=secrets.token_urlsafe(18),
        saved_at=saved_at,
    )
