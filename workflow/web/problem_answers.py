"""What a browser is shown where something went wrong: a page, the way to sign in, or the code that is still needed."""

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from workflow.errors import Conflict, MoveRefused, WaymarkError
from workflow.serving.asking import Asking, CodeNeeded
from workflow.serving.cookies import read_cookie
from workflow.serving.csrf import StaleForm
from workflow.serving.problems import Problem
from workflow.web import sign_in
from workflow.web.carried import START, Carried, carried_from
from workflow.web.problem_pages import MOVE_REFUSED, STALE_FORM, problem_page
from workflow.web.showing import around, outside

SIGNED_OUT = 401
TO_SEE = "Sign in to see this page."
OF_ITS_OWN = {MoveRefused: MOVE_REFUSED, StaleForm: STALE_FORM}  # errors that a status does not tell enough of


def answer_problem(request: Request, problem: Problem) -> Response:
    """The page for a problem. What was typed is carried along, and can be gone on with."""
    error: Exception | None = getattr(request.state, "error", None)
    carried = carried_from(request)
    if isinstance(error, CodeNeeded) and not carried.typed:
        return RedirectResponse(f"{sign_in.CODE}?then={quote(carried.then)}", status_code=303)
    if problem.status == SIGNED_OUT:
        knew = read_cookie(request, request.app.state.service.settings) is not None
        return sign_in.page(request, carried, status=SIGNED_OUT, ended=_says(error) if knew else TO_SEE)
    return _page(request, problem, error, carried)


def _page(request: Request, problem: Problem, error: Exception | None, carried: Carried) -> HTMLResponse:
    asking: Asking | None = getattr(request.state, "asking", None)
    known = asking is not None and asking.session is not None and asking.session.second_factor
    html = problem_page(
        problem.status,
        next((page for kind, page in OF_ITS_OWN.items() if isinstance(error, kind)), None),
        detail="" if isinstance(error, tuple(OF_ITS_OWN)) else _says(error),
        unmet=[one.says for one in error.unmet] if isinstance(error, MoveRefused) else (),
        who=error.who if isinstance(error, MoveRefused) else (),
        changed=error.changed if isinstance(error, Conflict) else (),
        carried=carried if known and carried.typed and carried.then != START else None,
        reference=getattr(request.state, "request_id", ""),
        **(around(request, asking) if asking is not None and known else outside(request)),
    )
    return HTMLResponse(html, status_code=problem.status)


def _says(error: Exception | None) -> str:
    """What the error says, as a sentence; nothing of one that nobody foresaw."""
    return sign_in.sentence(str(error)) if isinstance(error, WaymarkError) else ""
