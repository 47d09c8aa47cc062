"""Requests that another site made a browser send: told by where they come from, and by a token only our pages know."""

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request

from config.settings import Settings
from workflow.errors import NotAllowed

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER, FIELD = "x-csrf-token", "csrf"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class StaleForm(NotAllowed):
    """A form of our own pages that belongs to another session: somebody signed in anew since it was drawn."""


def csrf_token(cookie: str) -> str:
    """The token of a session, for its forms and scripts: known to nobody who does not hold the cookie."""
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


async def check_csrf(request: Request, cookie: str, settings: Settings) -> None:
    """NotAllowed unless a request that changes something was sent by one of our own pages of this session."""
    if request.method in SAFE:
        return
    check_origin(request, settings)
    given = request.headers.get(HEADER) or await _field(request)
    if not hmac.compare_digest(given.encode(), csrf_token(cookie).encode()):
        raise StaleForm("this form is from another session or has been altered: open the page again and repeat it")


def check_origin(request: Request, settings: Settings) -> None:
    """NotAllowed where the browser says another site sent this; of use on its own where nobody is signed in yet."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin", "")
        allowed = origin == _origin(settings.base_url) or _host_in(origin) == request.headers.get("host", "")
    if not allowed:
        raise NotAllowed("this request was sent by another site, or by a browser that does not say where it is from")


async def read_form(request: Request) -> FormData | None:
    """The form that was sent, parsed once: the endpoint finds the same. What goes wrong later finds it in the state."""
    if not request.headers.get("content-type", "").startswith(FORMS):
        return None
    request.state.sent = await request.form()
    return await request.form()


async def _field(request: Request) -> str:
    sent = await read_form(request)
    given = sent.get(FIELD) if sent is not None else None
    return given if isinstance(given, str) else ""


def _host_in(origin: str) -> str | None:
    """The host and port of an origin; None where it is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") else None


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
