"""What a request tells of a browser that is not signed in yet, or of the session it comes with."""

from fastapi import Request

from workflow.acts import Way
from workflow.errors import NotAllowed
from workflow.serving.asking import Asking
from workflow.serving.cookies import read_cookie


def own_cookie(request: Request, asking: Asking) -> str:
    """The cookie of the session that asks; NotAllowed where a token does."""
    cookie = read_cookie(request, asking.service.settings)
    if asking.session is None or cookie is None:
        raise NotAllowed("a token cannot do this: sign in")
    return cookie


def address_of(request: Request) -> str:
    """Where a request comes from: it is counted by its digest, and kept nowhere."""
    return request.client.host if request.client is not None else ""


def way_of(request: Request) -> Way:
    """How an act came in of somebody who is not signed in yet."""
    return Way(source="web", request_id=request.state.request_id)
