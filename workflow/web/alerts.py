"""Escalations that wait for an answer, answered one by one or several at once, and the ledger of those told late."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.datastructures import FormData

from scheduler.calendars import at_time, local_date
from states.facts import FactProblem, choice, day, text
from workflow import answers, told
from workflow.answers import PROMISED_WITHIN, SNOOZED_WITHIN
from workflow.errors import MoveRefused, WaymarkError
from workflow.escalations import Waiting
from workflow.permissions import Permission, has
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.drawings import bars
from workflow.web.exports import MOST_ROWS, check_kind, download, due_cell
from workflow.web.forms import Typed, form, typed_date
from workflow.web.reading import Reading, read
from workflow.web.searches import asked, search_form
from workflow.web.showing import Sent, go_to, show
from workflow.web.team import address, chosen_team, names_of

router = APIRouter()
Lead = Annotated[Asking, Depends(Needs(Permission.READ_ALERTS_TOLD))]
Answerer = Annotated[Asking, Depends(Needs(Permission.WRITE_CASES))]
PAGE = 25
MOST_LATE = 200  # on the page; a file holds more
SINCE = timedelta(days=30)
ANSWER = (
    choice(
        "act",
        "What do you want to do with those you chose?",
        {
            "acknowledge": f"Acknowledge: I promise a day within {PROMISED_WITHIN} working days",
            "snooze": f"Snooze: quiet for up to {SNOOZED_WITHIN} working days, without a promise",
        },
    ),
    day("until", "Promised day, or last quiet day", "the due date stays as it is"),
    text("reason", "Why, and what is being done", "it is recorded on each case"),
)
LATE = (day("since", "Told on or after", required=False),)
LATE_HEADS = (
    "Deadline", "What", "Step", "Due", "Planned", "Told at", "Late by", "Cause", "Node", "Told", "Nobody for",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one answer: done, or why not."""

    deadline: str
    problem: str | None

    @property
    def says(self) -> str:
        return self.problem or "Done."


@router.get("/alerts")
def alerts(request: Request, asking: Lead) -> HTMLResponse:
    """What waits for an answer, the longest overdue first."""
    done = request.query_params.get("answered", "")
    number = int(done) if done.isdecimal() and len(done) < 4 else 0
    notice = f"{number} {'deadline was' if number == 1 else 'deadlines were'} answered." if number else None
    return _alerts(request, asking, notice=notice)


def _alerts(
    request: Request,
    asking: Asking,
    *,
    typed: Typed | None = None,
    problems: Sequence[FactProblem] = (),
    results: Sequence[Answered] = (),
    chosen: Sequence[str] = (),
    status: int = 200,
    notice: str | None = None,
) -> HTMLResponse:
    filters = _asked(request)
    teams, team = chosen_team(asking, filters["team"])
    wanted = Waiting(
        team=team,
        owner=filters["owner"],
        passed=filters["show"] == "passed",
        must_acknowledge=filters["show"] == "must",
    )
    page = looking(asking).waiting_alerts(wanted, after=request.query_params.get("after") or None, limit=PAGE)
    drawn = form(ANSWER, typed, problems)
    return show(
        request,
        asking,
        "team/alerts.html",
        title="Waiting for an answer",
        status=status,
        here="team",
        notice=notice,
        teams=teams,
        team=team,
        asked=filters,
        rows=page.rows,
        next=address("/alerts", **filters, after=page.after) if page.after else None,
        names=names_of(asking, [row["owner"] for row in page.rows] + [who for row in page.rows for who in row["told"]]),
        answer=drawn,
        problems=drawn.errors,
        results=results,
        written=(typed or {}).get("reason", ""),
        chosen=chosen,
        key=secrets.token_urlsafe(12),
        here_again=address("/alerts", **filters, after=request.query_params.get("after")),
        writes=has(asking.actor, Permission.WRITE_CASES),
    )


def _asked(request: Request) -> dict[str, str | None]:
    given = request.query_params
    kept = given.get("show") if given.get("show") in ("passed", "must") else None
    return {"team": given.get("team") or None, "owner": given.get("owner") or None, "show": kept}


@router.post("/alerts")
def answer(request: Request, asking: Answerer, sent: Sent) -> Response:
    """Answers each deadline that was chosen, each as an act of its own; what failed is said and can be sent again."""
    reading = read(ANSWER, sent)
    chosen = _chosen(sent)
    problems = list(reading.problems)
    if not chosen:
        problems.insert(0, FactProblem("deadline", "Choose at least one deadline to answer"))
    if problems:
        return _alerts(request, asking, typed=reading.typed, problems=problems, chosen=chosen, status=422)
    key = str(sent.get("key") or secrets.token_urlsafe(12))[:60]
    results = [_answered(asking, one, reading, f"{key}/{one}") for one in chosen]
    left = [one.deadline for one in results if one.problem]
    if left:
        failed = [FactProblem("deadline", f"{one.deadline}: {one.problem}") for one in results if one.problem]
        return _alerts(request, asking, typed=reading.typed, problems=failed, results=results, chosen=left, status=422)
    return go_to(address("/alerts", **_asked(request), answered=len(results)))


def _chosen(sent: FormData) -> list[str]:
    """The deadlines that were ticked, each once, no more than a page has."""
    return list(dict.fromkeys(str(one)[:40] for one in sent.getlist("deadline")))[:PAGE]


def _answered(asking: Asking, deadline: str, reading: Reading, key: str) -> Answered:
    engine, way = asking.service.engine, asking.way(key)
    until, reason = date.fromisoformat(reading.given["until"]), reading.given["reason"]
    try:
        if reading.given["act"] == "acknowledge":
            answers.acknowledge(
                engine, asking.actor, asking.now, deadline=deadline, promised_on=until, reason=reason, way=way
            )
        else:
            answers.snooze(engine, asking.actor, asking.now, deadline=deadline, until=until, reason=reason, way=way)
    except MoveRefused as refused:
        return Answered(deadline, "; ".join(one.says for one in refused.unmet))
    except WaymarkError as error:
        return Answered(deadline, str(error))
    return Answered(deadline, None)


# The ledger


@router.get("/alerts/late")
def late(request: Request, asking: Lead) -> HTMLResponse:
    """What was told late: when it was planned, when it was told, why, and to whom."""
    reading, since = _since(request, asking)
    everything = request.query_params.get("everything") == "yes"
    rows = [] if reading.problems else looking(asking).late_alerts(at_time(since, time()), everything=everything)
    drawn = search_form(LATE, reading.typed, reading.problems)
    causes = told.by_cause(rows)
    return show(
        request,
        asking,
        "team/late.html",
        title="Told late",
        status=422 if reading.problems else 200,
        here="team",
        since=since,
        ask=drawn,
        problems=drawn.errors,
        everything=everything,
        count=len(rows),
        rows=rows[::-1][:MOST_LATE],
        causes=bars([(_in_words(cause), number) for cause, number in causes.items()]),
        words=_in_words,
        names=names_of(asking, [who for row in rows[-MOST_LATE:] for who in row["told"]]),
        export=lambda kind: address(
            f"/alerts/late.{kind}", since=since.isoformat(), everything="yes" if everything else None
        ),
        most=MOST_ROWS,
    )


def _since(request: Request, asking: Asking) -> tuple[Reading, date]:
    """The day asked for; without one, a month back."""
    reading = asked(LATE, request.query_params)
    given = reading.given.get("since")
    since = date.fromisoformat(given) if given else local_date(asking.now) - SINCE
    return reading if reading.problems else replace(reading, typed={"since": typed_date(since.isoformat())}), since


def _in_words(code: str) -> str:
    return code.replace("_", " ").capitalize()


@router.get("/alerts/late.{kind}")
def export_late(kind: str, request: Request, asking: Lead) -> StreamingResponse:
    """The ledger as a file."""
    check_kind(kind)
    _, since = _since(request, asking)
    everything = request.query_params.get("everything") == "yes"
    look = looking(asking)
    rows = look.late_alerts(at_time(since, time()), everything=everything)[:MOST_ROWS]
    look.report("late alerts", len(rows), export=True)
    return download(kind, f"told-late-since-{since}", LATE_HEADS, [_cells(row) for row in rows])


def _cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("planned", "fired", "late", "cause", "node", "told", "nobody_for")
    return (row["deadline"], row["label"], row["level"], due_cell(row["due"]), *(row[name] for name in names))
