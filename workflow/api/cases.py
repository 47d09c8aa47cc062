"""Cases: the worklist, search, one case and why it stands there, its picture, and opening a new one."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Response

from states.lifecycle import NEW, Lifecycle
from workflow.api.addresses import Ref
from workflow.api.bodies import CasePage, CaseView, Explanation, MoveMade, Narrowed, Opened, Search
from workflow.api.callers import Opener, Reader, Searcher
from workflow.api.case_filters import filters_of, known_lifecycle
from workflow.api.headers import Key, Known, etag, is_known
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.moves import Opening
from workflow.permissions import Permission, check
from workflow.serving.asking import Asking, looking

router = subject("cases")


@router.get("/cases", summary="The worklist", response_model=CasePage, responses=LOOKS)
def list_cases(asking: Reader, asked: Annotated[Narrowed, Query()]) -> Any:
    """Cases you may read, those with the least time left first, a page at a time.

    A page goes on from the place where the one before ended, so that no case is shown twice while cases move.
    """
    return _page(asking, asked)


@router.post("/cases/search", summary="Search by reference or name", response_model=CasePage, responses=ACTS)
def search_cases(asking: Searcher, asked: Search) -> Any:
    """The worklist narrowed to a reference or a name. The name is in the body: addresses are logged and remembered."""
    if asked.name is not None:
        check(asking.actor, Permission.SEARCH_NAMES)
    return _page(asking, asked)


def _page(asking: Asking, asked: Narrowed) -> dict[str, Any]:
    filters = filters_of(asked, asking)
    page = looking(asking).cases(filters, sort=asked.sort, after=asked.after, limit=asked.limit)
    return {"cases": page.rows, "after": page.after}


@router.post("/cases", summary="Open a case", status_code=201, response_model=MoveMade, responses=ACTS)
def open_case(asking: Opener, key: Key, asked: Opened, response: Response) -> Any:
    """Opens a case; the header Location says where it is, ETag its version. A repeat with the same key opens no other.

    `GET /api/v1/lifecycles` says what the opening move of each kind asks for.
    """
    lifecycle = known_lifecycle(asked.lifecycle)
    moved = asking.fire(
        trigger=asked.trigger or _opening_trigger(lifecycle),
        opening=Opening(
            lifecycle=lifecycle.id,
            authority=asked.authority or asking.actor.authority,
            team=asked.team or asking.actor.team,
            parent=asked.parent,
            child=asked.child,
            source_reference=asked.source_reference,
        ),
        facts=asked.facts,
        occurred_at=asked.occurred_at,
        key=key,
    )
    response.headers["location"] = f"/api/v1/cases/{moved.case}"
    response.headers["etag"] = etag(moved.version)
    return asdict(moved)


def _opening_trigger(lifecycle: Lifecycle) -> str:
    return next(row.trigger for row in lifecycle.rows_from(NEW) if row.trigger != "migrate_in")


@router.get(
    "/cases/{ref}",
    summary="One case",
    response_model=CaseView,
    responses={**LOOKS, 304: {"description": "Its version is one you have"}},
)
def show_case(asking: Reader, ref: Ref, response: Response, known: Known = None) -> Any:
    """Where a case stands, its facts, babies, deadlines, approvals, the cases under it, and its timeline.

    The ETag is the version of its state and facts, the one a move is decided on. With If-None-Match, 304 says that
    these are as you have them; alerts, answers to them and the mere passing of time leave the version as it is.
    """
    view = looking(asking).case(ref)
    if is_known(known, view["version"]):
        return Response(status_code=304, headers={"etag": etag(view["version"])})
    response.headers["etag"] = etag(view["version"])
    return view


@router.get(
    "/cases/{ref}/explanation", summary="Why it stands where it does", response_model=Explanation, responses=LOOKS
)
def explain_case(asking: Reader, ref: Ref) -> Any:
    """What was decided and why, the last moves and the last refusal, and what each running deadline waits for."""
    return looking(asking).explanation(ref)


@router.get(
    "/cases/{ref}/diagram.svg",
    summary="Its lifecycle as a picture",
    response_class=Response,
    responses={**LOOKS, 200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "SVG"}},
)
def draw_case(asking: Reader, ref: Ref) -> Response:
    """The lifecycle, with the states the case has been in and the one it stands in marked."""
    return Response(looking(asking).diagram(ref), media_type="image/svg+xml")
