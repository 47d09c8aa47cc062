"""The moment of a request: its clock is read once, so that everything it writes carries the same time."""

from datetime import datetime

from starlette.requests import HTTPConnection


def moment(request: HTTPConnection) -> datetime:
    """When this request is taken to happen: `app.state.clock` at the first question, the same answer ever after."""
    if not hasattr(request.state, "now"):
        request.state.now = request.app.state.clock()
    now: datetime = request.state.now
    return now
