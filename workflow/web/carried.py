"""What is carried along while somebody signs in again: the page they asked for, and what they had typed there."""

import json
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.datastructures import FormData
from starlette.routing import Match

from workflow.bootstrap import Service
from workflow.errors import NotAllowed
from workflow.identity.local_pages import local_page
from workflow.serving.csrf import SAFE, check_origin
from workflow.web.drafts import MOST_LETTERS, Pair, keep_for, pairs_of

THEN, TYPED = "then", "typed"  # the hidden fields
START = "/"
KEEPS = "/account/drafts"  # where a page sends what it carried, once somebody is signed in
_CARRYING = ("/sign-in", KEEPS)  # their forms hold what is carried, and are not what is carried


@dataclass(frozen=True, slots=True)
class Carried:
    """Where to go on, and the fields of the form there, where one was being filled in."""

    then: str = START
    typed: tuple[Pair, ...] = ()

    @property
    def packed(self) -> str:
        """The fields as one hidden field holds them."""
        return json.dumps(self.typed, ensure_ascii=False) if self.typed else ""

    def keep(self, service: Service, username: str, now: datetime) -> None:
        """Keeps what was typed as a draft of its form."""
        keep_for(service, username, self.then, self.typed, now)


def carried_in(sent: FormData) -> Carried:
    """What a form carries in its hidden fields. What no page of ours has written there is nothing."""
    then, typed = sent.get(THEN), sent.get(TYPED)
    led = local_page(then) if isinstance(then, str) else START
    return Carried(led, _unpacked(typed) if isinstance(typed, str) and led != START else ())


def carried_from(request: Request) -> Carried:
    """What is to be carried from a request that cannot be answered now.

    A form is carried where one of our own pages sent it, and where its address can be opened again.
    """
    path, sent = request.url.path, getattr(request.state, "sent", None)
    if then := getattr(request.state, "then", None):  # what answers at this address is no page to come back to
        return Carried(local_page(then))
    if request.method in SAFE:
        query = f"?{request.url.query}" if request.url.query else ""
        return Carried(local_page(path + query))
    if not isinstance(sent, FormData) or not _is_ours(request):
        return Carried(_opened(request, path))
    if path.startswith(_CARRYING):
        return carried_in(sent)
    then = _opened(request, path)
    return Carried(then, tuple(pairs_of(sent)) if then != START else ())


def _opened(request: Request, path: str) -> str:
    """The path where a page can be opened at it, else where one begins."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    found = any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
    return local_page(path) if found else START


def _is_ours(request: Request) -> bool:
    try:
        check_origin(request, request.app.state.service.settings)
    except NotAllowed:
        return False
    return True


def _unpacked(packed: str) -> tuple[Pair, ...]:
    if not packed or len(packed) > MOST_LETTERS:
        return ()
    try:
        pairs = json.loads(packed)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(pairs, list) or not all(_is_pair(one) for one in pairs):
        return ()
    return tuple((name, value) for name, value in pairs)


def _is_pair(one: object) -> bool:
    return isinstance(one, list) and len(one) == len(("name", "value")) and all(isinstance(part, str) for part in one)
