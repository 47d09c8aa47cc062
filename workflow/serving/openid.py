"""The two addresses of signing in with an OpenID provider: one sends a browser there, the other takes it back."""

import hmac

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from config.settings import Settings
from workflow.acts import Way
from workflow.bootstrap import Service
from workflow.errors import NotReady, NotSignedIn
from workflow.identity.sessions import device_words
from workflow.serving.cookies import is_https, set_cookie
from workflow.serving.moments import moment

NEXT = {"code": "/sign-in/code", "enrolment": "/sign-in/enrol"}  # pages for who has still something to give
SEE_OTHER = 303


def openid_routes(service: Service) -> APIRouter:
    """Both routes, for WAYMARK_OPENID; none without it. NotReady where the extra is missing."""
    router = APIRouter(include_in_schema=False)
    said = service.settings.openid
    if said is None:
        return router
    try:
        from workflow.identity import openid  # noqa: PLC0415
        from workflow.identity.openid_provider import Provider  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotReady(f"{error.name} is missing: install waymark with its extra `oidc`") from None
    settings = service.settings
    provider = Provider(said, settings.base_url.rstrip("/") + openid.RETURN)

    @router.get(openid.START)
    def start(request: Request, then: str = "/") -> Response:
        """Sends the browser to the provider; `then` is the page of ours to come back to."""
        outward = openid.begin(service, provider, then_to=then, now=moment(request))
        answer = RedirectResponse(outward.address, SEE_OTHER)
        _keep_state(answer, outward.state, settings, openid.MINUTES * 60)
        return answer

    @router.get(openid.RETURN)
    def finish(request: Request, state: str = "", code: str = "") -> Response:
        """Takes the browser back, signed in, to the page it asked for."""
        kept = request.cookies.get(_state_name(settings), "")
        # Without this, a link could sign somebody in as the person who sent it, and have them write in that name.
        if not state or not hmac.compare_digest(kept.encode(), state.encode()):
            raise NotSignedIn(openid.OVER)
        request.state.then = openid.asked_for(service, state)  # where to go once a second try succeeds
        returned = openid.finish(
            service,
            provider,
            state=state,
            code=code,
            device=device_words(request.headers.get("user-agent", "")),
            now=moment(request),
            way=Way(source="web", request_id=request.state.request_id),
        )
        request.state.actor = returned.username  # for the line in the log
        answer = RedirectResponse(NEXT.get(returned.needs, returned.then_to), SEE_OTHER)
        set_cookie(answer, returned.cookie, settings)
        _keep_state(answer, "", settings, 0)
        return answer

    return router


def _state_name(settings: Settings) -> str:
    return "__Host-waymark-openid" if is_https(settings) else "waymark-openid"


def _keep_state(answer: Response, state: str, settings: Settings, seconds: int) -> None:
    """Ties a sign-in to the browser it was begun in. Lax, as the provider's site sends it back."""
    answer.set_cookie(
        _state_name(settings),
        state,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(settings),
    )
