"""The page of the under-one indicator: the authority's own return goes in, counts come out, and no child is kept."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, UploadFile

from scheduler.calendars import local_date
from workflow import under_one
from workflow.cohort_views import below_for
from workflow.errors import BadInput
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.drawings import line_chart
from workflow.web.showing import Sent, show

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]
Supplier = Annotated[Asking, Depends(Needs(Permission.SUPPLY_FIGURES))]
FILES = ("header", "episodes", "published")
MOST_PROBLEMS = 50  # of a file, on the page


@router.get("/reports/under-one")
def show_under_one(request: Request, asking: Reader) -> HTMLResponse:
    """What was kept, and for whoever may bring figures the form that asks for the files."""
    looking(asking).report("under-one indicator kept")
    return _page(request, asking)


@router.post("/reports/under-one")
def count_under_one(request: Request, asking: Supplier, sent: Sent) -> HTMLResponse:
    """The figures of the files that were sent."""
    typed = {name: str(sent.get(name) or "")[:100] for name in ("year", "authority", "keep")}
    files = {name: _content(sent, name) for name in FILES}
    try:
        if not files["header"] or not files["episodes"]:
            raise BadInput("choose both files of the return: Header and Episodes")
        figures = under_one.counted_from(
            local_date(asking.now),
            **files,
            year=typed["year"] or None,
            authority=typed["authority"] or _label(asking),
        )
    except BadInput as error:
        problems = error.problems or (str(error),)
        return _page(request, asking, typed=typed, problems=problems)
    looking(asking).report("under-one indicator")
    if typed["keep"]:
        with asking.service.database.write() as connection:
            under_one.keep(connection, asking.actor, asking.now, figures, asking.way())
    return _page(request, asking, typed=typed, figures=figures)


def _content(sent: FormData, name: str) -> bytes:
    """What a file holds; nothing where none was chosen. Each file is closed, whichever of them is wrong."""
    file = sent.get(name)
    if not isinstance(file, UploadFile):
        return b""
    with file.file as opened:
        content = opened.read()
    return content if file.filename else b""


def _label(asking: Asking) -> str:
    return asking.service.policies.current(asking.actor.authority, local_date(asking.now)).label


def _page(
    request: Request,
    asking: Asking,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[str] = (),
    figures: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    policy = asking.service.policies.current(asking.actor.authority, local_date(asking.now))
    below = below_for(asking.service.policies, asking.actor, asking.now)
    with asking.service.database.read() as connection:
        kept = under_one.kept(connection, asking.actor.authority, below=below)
    left = len(problems) - MOST_PROBLEMS
    said = [*problems[:MOST_PROBLEMS], *([f"and {left} more"] if left > 0 else [])]
    return show(
        request,
        asking,
        "reports/under_one.html",
        title="Children under one who start to be looked after",
        status=422 if problems else 200,
        here="reports",
        back="/reports",
        problems=[("#header", words) for words in said],
        typed=typed or {"year": "", "authority": "", "keep": ""},
        label=policy.label,
        below=below,
        years=[(one, _chart(one)) for one in ([{**figures, "kept_at": None}] if figures else kept)],
        counted=figures is not None,
        was_kept=bool(figures and typed and typed["keep"]),
    )


def _chart(figures: Mapping[str, Any]) -> Any:
    rows = figures["months"] or figures["quarters"]
    return line_chart([(one["label"], one["under_one"]) for one in rows])
