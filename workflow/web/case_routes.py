"""Routes of one case: where there is none, and where one may not know of it, the same page is shown."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from states.catalogue import LIFECYCLES
from workflow.errors import NotFound
from workflow.permissions import Permission, has, reads_kind
from workflow.references import read_reference
from workflow.serving.asking import Asking, Needs
from workflow.web.problem_pages import PROBLEM_PAGES
from workflow.web.showing import show


class CaseNeeds(Needs):
    """Needs, which also leaves word of who asks for the page that says there is no such case."""

    async def __call__(self, request: Request) -> Asking:
        asking = await super().__call__(request)
        request.state.asking = asking
        return asking


CaseReader = Annotated[Asking, Depends(CaseNeeds(Permission.READ_CASES))]
CaseWriter = Annotated[Asking, Depends(CaseNeeds(Permission.WRITE_CASES))]
AccessGiver = Annotated[Asking, Depends(CaseNeeds(Permission.GIVE_ACCESS))]
Ref = Annotated[str, Path(max_length=20)]


class CaseRoute(APIRoute):
    """A route whose NotFound is a page with a way to break the glass, which says nothing of whether there is a case."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except NotFound:
                asking = getattr(request.state, "asking", None)
                if asking is None:
                    raise
                return await run_in_threadpool(not_there, request, asking)

        return handled


def case_router() -> APIRouter:
    return APIRouter(route_class=CaseRoute)


def not_there(request: Request, asking: Asking) -> Response:
    """404, in the same words whatever the reason; to whoever works on such cases with a hint about emergencies."""
    named = request.path_params.get("ref") or request.path_params.get("name", "").rpartition(".")[0]
    return show(
        request,
        asking,
        "cases/not_there.html",
        title=PROBLEM_PAGES[404].title,
        status=404,
        page=PROBLEM_PAGES[404],
        glass=glass_for(asking, named),
    )


def glass_for(asking: Asking, named: str) -> str | None:
    """The address at which this account could break the glass of a case of that reference, were there one."""
    try:
        lifecycle, case_id = read_reference(named)
    except NotFound:
        return None
    kind = LIFECYCLES[lifecycle]
    works = has(asking.actor, Permission.WRITE_CASES) and reads_kind(asking.actor, kind, asking.actor.authority)
    return f"/cases/{kind.code}-{case_id}/break-glass" if works else None
