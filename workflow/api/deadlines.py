"""Deadlines: what is due first, why a date is that date, and what people do to its clock.

Acts are not moves: they need no If-Match, since none of them spoils the version a move is decided on.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query

from config.limits import Term
from workflow import answers, clock_actions
from workflow.acts import case_of
from workflow.api.addresses import DeadlineName
from workflow.api.bodies import Answered, DeadlinePage, Extension, Narrowed, Promise, Proof, Reason, Reference, Snooze
from workflow.api.callers import Reader, Writer
from workflow.api.case_filters import filters_of
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.moves import Moved
from workflow.serving.asking import Asking, looking

router = subject("deadlines")


class Narrowing(Narrowed):
    """The filters of a list of deadlines: those of its cases, or one case."""

    case: Reference | None = None


@router.get("/deadlines", summary="What is due first", response_model=DeadlinePage, responses=LOOKS)
def list_deadlines(asking: Reader, asked: Annotated[Narrowing, Query()]) -> Any:
    """The next deadline of each case, those with the least time left first; with `case`, all deadlines of that case.

    A page may hold fewer rows than asked for: a case without a deadline is left out.
    """
    if asked.case is not None:
        rows = looking(asking).deadlines(asked.case)
        return {"deadlines": [{**row, "case": case_of(row["deadline"])} for row in rows], "after": None}
    filters = filters_of(asked, asking)
    page = looking(asking).cases(filters, sort=asked.sort, after=asked.after, limit=asked.limit)
    rows = [{**row, "label": row["next"]} for row in page.rows if row["deadline"] is not None]
    return {"deadlines": rows, "after": page.after}


@router.get("/deadlines/{name}/explain", summary="Why this date", response_model=Proof, responses=LOOKS)
def explain_deadline(asking: Reader, name: DeadlineName) -> Any:
    """Proves a due date from the evidence: what started the clock, which rule, each day that was not counted."""
    row, steps = looking(asking).deadline(name)
    return {**row, "steps": [{"says": step.says, "day": step.day, "at": step.at} for step in steps]}


@router.post("/deadlines/{name}/acknowledge", summary="Promise a day", response_model=Answered, responses=ACTS)
def acknowledge_deadline(asking: Writer, name: DeadlineName, key: Key, asked: Promise) -> Any:
    """Answers the alerts of a deadline with a promised day; its due date stays, and it is quiet until then."""
    return promised(asking, name, key, asked)


@router.post("/deadlines/{name}/snooze", summary="Quiet for two days", response_model=Answered, responses=ACTS)
def snooze_deadline(asking: Writer, name: DeadlineName, key: Key, asked: Snooze) -> Any:
    """Quiets a deadline for up to two working days, without a promise."""
    return snoozed(asking, name, key, asked)


@router.post("/deadlines/{name}/pause", summary="Stop its clock", response_model=Answered, responses=ACTS)
def pause_deadline(asking: Writer, name: DeadlineName, key: Key, asked: Reason) -> Any:
    """Stops the clock of a deadline, where its limit allows it."""
    return done(asking, name, key, clock_actions.pause, reason=asked.reason)


@router.post("/deadlines/{name}/resume", summary="Start its clock again", response_model=Answered, responses=ACTS)
def resume_deadline(asking: Writer, name: DeadlineName, key: Key, asked: Reason) -> Any:
    """Starts a paused clock again; the time it stood still does not count."""
    return done(asking, name, key, clock_actions.resume, reason=asked.reason)


@router.post("/deadlines/{name}/extend", summary="Give it a later date", response_model=Answered, responses=ACTS)
def extend_deadline(asking: Writer, name: DeadlineName, key: Key, asked: Extension) -> Any:
    """Gives a deadline a later date, where its limit lets a manager or the court decide that."""
    return done(
        asking,
        name,
        key,
        clock_actions.extend,
        reason=asked.reason,
        due_on=asked.due_on,
        amount=Term.model_validate(asked.by.model_dump()) if asked.by else None,
        ordered_on=asked.ordered_on,
    )


def promised(asking: Asking, name: str, key: str, asked: Promise) -> dict[str, Any]:
    """The deadline once its alerts were answered with a day."""
    return done(asking, name, key, answers.acknowledge, promised_on=asked.promised_on, reason=asked.reason)


def snoozed(asking: Asking, name: str, key: str, asked: Snooze) -> dict[str, Any]:
    """The deadline once it was quieted."""
    return done(asking, name, key, answers.snooze, until=asked.until, reason=asked.reason)


def done(asking: Asking, name: str, key: str, act: Callable[..., Moved], **said: Any) -> dict[str, Any]:
    """Does an act to a deadline; how it stands then, and the entry that says why."""
    way = asking.way(key)
    moved = act(asking.service.engine, asking.actor, asking.now, deadline=name, way=way, **said)
    row, _ = looking(asking).deadline(name)
    return {**row, "entry": f"{moved.case}#{moved.entry}"}
