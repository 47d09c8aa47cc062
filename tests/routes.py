"""Every route of the application as it was composed, with the permission it asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from workflow.serving.asking import Needs


@dataclass(frozen=True, slots=True, order=True)
class RouteFound:
    """One method of one route. `permission` is empty where nobody has to be signed in."""

    method: str
    path: str
    permission: str


def routes_of(app: FastAPI) -> list[RouteFound]:
    return sorted(
        RouteFound(method, context.path_format, _permission(context.dependant))
        for context in _contexts(app)
        for method in context.methods
        if method != "HEAD"
    )


def _contexts(app: FastAPI) -> Iterator[Any]:
    for route in app.routes:
        if hasattr(route, "effective_route_contexts"):
            yield from route.effective_route_contexts()
        elif hasattr(route, "dependant"):
            yield route


def _permission(dependant: Any) -> str:
    found = {one.call.permission.value for one in _all(dependant) if isinstance(one.call, Needs)}
    assert len(found) <= 1, f"a route asks for one permission, not {found}"
    return found.pop() if found else ""


def _all(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one
        yield from _all(one)
