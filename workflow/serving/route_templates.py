"""The template of the route that answers, such as /cases/{ref}: a path itself names cases and may hold a token."""

from starlette.types import Scope

NO_ROUTE = "(none)"


def route_template(scope: Scope) -> str:
    """The template with the prefixes of the routers it was included by; `(none)` where no route answered."""
    included = scope.get("fastapi", {}).get("effective_route_context")  # knows the prefixes, where there are any
    for route in (included, scope.get("route")):
        for attribute in ("path_format", "path"):
            found = getattr(route, attribute, None)
            if isinstance(found, str) and found:
                return found
    return NO_ROUTE
