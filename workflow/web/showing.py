"""A page as an answer: what every page needs beside its own values, and what forms send back."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from workflow.permissions import Permission, has
from workflow.serving.asking import Asking
from workflow.serving.cookies import read_cookie
from workflow.serving.csrf import csrf_token
from workflow.web.pages import PLACES, render

# Where the navigation leads, and what one needs to be led there.
NEEDED: Mapping[str, Permission] = {
    "work": Permission.READ_CASES,
    "team": Permission.READ_ALERTS_TOLD,
    "clinics": Permission.READ_CASES,
    "referral": Permission.WRITE_CASES,
    "reports": Permission.READ_REPORTS,
    "system": Permission.RUN_SYSTEM,
}


async def _sent(request: Request) -> FormData:
    return await request.form()


Sent = Annotated[FormData, Depends(_sent)]  # what a form sent, for an endpoint that works in a thread


def show(
    request: Request, asking: Asking, template: str, *, title: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """The page for whoever is signed in. Templates also find `csrf` (a field of every form) and `may(permission)`."""
    page = render(template, title=title, **around(request, asking), **values)
    return HTMLResponse(page, status_code=status)


def around(request: Request, asking: Asking) -> dict[str, Any]:
    """What every page of somebody signed in has around its content."""
    cookie = read_cookie(request, asking.service.settings) or ""
    return {
        "demo": request.app.state.demo,
        "nonce": request.state.csp_nonce,
        "signed_in": asking.actor.username,
        "actor": asking.actor,
        "now": asking.now,
        "places": [one for one in PLACES if one.id not in NEEDED or has(asking.actor, NEEDED[one.id])],
        "csrf": csrf_token(cookie),
        "may": lambda name: has(asking.actor, Permission(name)),
    }


def show_outside(request: Request, template: str, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for somebody who is not signed in, or not completely: nothing but help to be led to."""
    page = render(template, title=title, **outside(request), **values)
    return HTMLResponse(page, status_code=status)


def outside(request: Request) -> dict[str, Any]:
    """What a page has around its content where nobody is signed in."""
    places = [one for one in PLACES if one.id == "help"]
    return {"demo": request.app.state.demo, "nonce": request.state.csp_nonce, "places": places}


def go_to(address: str) -> RedirectResponse:
    """On to another page after something was done: reloading it does nothing twice."""
    return RedirectResponse(address, status_code=303)
