"""Search by reference or name. A name is sent in a form and never stands in an address."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from workflow.errors import BadInput, NotFound
from workflow.permissions import Permission, has
from workflow.references import read_reference
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.my_work import timed
from workflow.web.showing import Sent, go_to, show
from workflow.worklists import Filters

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_CASES))]
PAGE = 25


@router.get("/search")
def ask(request: Request, asking: Reader) -> Response:
    """The form on its own."""
    return _page(request, asking)


@router.post("/search")
def search(request: Request, asking: Reader, sent: Sent) -> Response:
    """A reference leads straight to its case; a name to the cases with it."""
    sought = str(sent.get("sought") or "").strip()
    ended = sent.get("ended") == "yes"
    if not sought:
        return _page(request, asking, error="Enter a case reference or a name")
    try:
        read_reference(sought)
    except NotFound:
        return _by_name(request, asking, sought, ended, str(sent.get("after") or "") or None)
    try:
        case = looking(asking).standing(sought)["case"]
    except NotFound:
        return _page(request, asking, sought=sought, ended=ended, nothing=True)
    return go_to(f"/cases/{case}")


def _by_name(request: Request, asking: Asking, name: str, ended: bool, after: str | None) -> Response:
    if not has(asking.actor, Permission.SEARCH_NAMES):
        return _page(request, asking, sought=name, error="Enter a case reference: your role does not search for names")
    try:
        found = looking(asking).cases(Filters(name=name, ended=ended), after=after, limit=PAGE)
    except BadInput as error:
        return _page(request, asking, sought=name, ended=ended, error=f"{str(error)[:1].upper()}{str(error)[1:]}")
    return _page(
        request,
        asking,
        sought=name,
        ended=ended,
        rows=timed(asking, found.rows),
        after=found.after,
        nothing=not found.rows,
    )


def _page(request: Request, asking: Asking, *, error: str = "", **found: Any) -> Response:
    values = {"sought": "", "ended": False, "rows": [], "after": None, "nothing": False, **found}
    return show(
        request,
        asking,
        "work/search.html",
        title="Search",
        here="work",
        status=422 if error else 200,
        problems=(error,) if error else (),
        error=error,
        may_name=has(asking.actor, Permission.SEARCH_NAMES),
        **values,
    )
