"""The lifecycles: what can happen to a case, as data and as pictures."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from states import diagrams
from states.catalogue import LIFECYCLES
from states.lifecycle import Lifecycle
from workflow.api.routing import subject
from workflow.errors import NotFound
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.serving.problem_types import responses

router = subject("lifecycles and policies")
RuleReader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
Id = Annotated[str, Path(description="The lifecycle.", examples=["prebirth"])]
SHOWS = responses(401, 403, 404, 422, 503)
SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "The picture."}
}
MERMAID: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The diagram."}
}


class LifecycleEntry(BaseModel):
    """A lifecycle in one line."""

    id: str
    label: str
    code: str
    version: int
    states: int
    moves: int
    clocks: int


@router.get("/lifecycles", responses=responses(401, 403, 503))
def list_lifecycles(asking: RuleReader) -> list[LifecycleEntry]:
    """The kinds of case there are."""
    return [
        LifecycleEntry(
            id=one.id,
            label=one.label,
            code=one.code,
            version=one.version,
            states=len(one.states),
            moves=len(one.triggers),
            clocks=len(one.clocks),
        )
        for one in LIFECYCLES.values()
    ]


# Before the route of a lifecycle itself, whose name would else be taken to be prebirth.svg.
@router.get("/lifecycles/{name}.svg", response_class=Response, responses={**SHOWS, **SVG})
def show_picture(asking: RuleReader, name: Id) -> Response:
    """The states and the moves between them, as a picture."""
    return Response(diagrams.as_svg(_named(name)), media_type="image/svg+xml")


@router.get("/lifecycles/{name}.mermaid", response_class=PlainTextResponse, responses={**SHOWS, **MERMAID})
def show_mermaid(asking: RuleReader, name: Id) -> PlainTextResponse:
    """The states and the moves between them, in the language of Mermaid."""
    return PlainTextResponse(diagrams.as_mermaid(_named(name)))


@router.get("/lifecycles/{name}", responses=SHOWS)
def show_lifecycle(asking: RuleReader, name: Id) -> dict[str, Any]:
    """The whole table: states, moves with who may make them and what they ask for, clocks."""
    return diagrams.as_json(_named(name))


def _named(name: str) -> Lifecycle:
    if name not in LIFECYCLES:
        raise NotFound(f"there is no lifecycle {name[:40]!r}; there are: {', '.join(LIFECYCLES)}")
    return LIFECYCLES[name]
