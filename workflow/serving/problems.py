"""What went wrong, as a problem document (RFC 9457): the one place where an error becomes an answer over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from workflow.errors import (
    BadInput,
    Conflict,
    EvidenceBroken,
    MoveRefused,
    NotAllowed,
    NotFound,
    NotReached,
    NotReady,
    NotSignedIn,
    TryLater,
    WaymarkError,
)
from workflow.serving.csrf import SAFE, read_form

MEDIA_TYPE = "application/problem+json"
SOON = "10"  # seconds after which it is worth asking a service again that was not ready


class PreconditionRequired(WaymarkError):
    """A change was asked for without the version of the case it was decided on (If-Match)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: its stable name, its status, a title, and what it means to whoever gets it."""

    name: str
    status: int
    title: str
    means: str


KINDS = {
    one.name: one
    for one in (
        Kind("unreadable", 400, "The request cannot be read", "Its form is wrong: not JSON, or a header is malformed."),
        Kind("bad-input", 422, "Something given is wrong", "`problems` lists everything that is wrong with it."),
        Kind("not-signed-in", 401, "Nobody is signed in", "Give a token (Authorization: Bearer wm_...), or sign in."),
        Kind("not-allowed", 403, "This account may not do that", "The sentence says why, and who may."),
        Kind("not-found", 404, "There is no such thing", "It does not exist, or this account may not see it."),
        Kind("no-such-method", 405, "This cannot be done here", "The header Allow lists what can."),
        Kind(
            "move-refused",
            409,
            "The move cannot happen now",
            "`unmet` lists everything missing; `who` lists the roles that could do it. Nothing was changed.",
        ),
        Kind(
            "conflict",
            409,
            "Somebody else was faster",
            "The record has changed since it was looked at (`changed` says how), or its key was used before.",
        ),
        Kind(
            "not-reached", 412, "That version has not been reached", "The version in If-Match lies ahead of the case."
        ),
        Kind("too-large", 413, "The request is too large", "Its body is larger than this service takes."),
        Kind("precondition-required", 428, "A version is needed", "Send If-Match with the version that was looked at."),
        Kind("try-later", 429, "Too often or too much", "Wait as many seconds as Retry-After says."),
        Kind("internal", 500, "This failed in a way nobody foresaw", "The log says where, under the request's id."),
        Kind("evidence-broken", 500, "The record does not verify", "Tell whoever runs the service at once."),
        Kind(
            "not-ready", 503, "The service is not fit to work", "Ask again after Retry-After; /readyz says what it is."
        ),
        Kind(
            "too-slow", 503, "This took too long", "It was given up; a change may have been made: look before retrying."
        ),
    )
}
BY_ERROR: Mapping[type[WaymarkError], str] = {
    BadInput: "bad-input",
    NotFound: "not-found",
    NotSignedIn: "not-signed-in",
    NotAllowed: "not-allowed",
    TryLater: "try-later",
    MoveRefused: "move-refused",
    Conflict: "conflict",
    NotReached: "not-reached",
    EvidenceBroken: "evidence-broken",
    NotReady: "not-ready",
    PreconditionRequired: "precondition-required",
    WaymarkError: "internal",
}
BY_STATUS = {401: "not-signed-in", 403: "not-allowed", 404: "not-found", 405: "no-such-method", 413: "too-large"}


class UnmetThing(BaseModel):
    """One thing that stands in the way of a move."""

    kind: str = Field(description="role, state, fact, guard, approval or time")
    name: str
    says: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="/problems/ and a name that stays; it can be looked up there")
    title: str
    status: int
    detail: str | None = Field(default=None, description="one sentence fit to be shown")
    instance: str = Field(description="the request it happened in, as urn:waymark:request:<id>")
    problems: list[str] | None = Field(default=None, description="everything wrong with what was given")
    unmet: list[UnmetThing] | None = Field(default=None, description="everything missing for the move")
    who: list[str] | None = Field(default=None, description="who could make the move")
    changed: list[str] | None = Field(default=None, description="what changed since the version that was looked at")


ProblemPage = Callable[[Request, Problem], Response]


def name_of(error: Exception) -> str:
    """The name of the kind of problem an error is."""
    if isinstance(error, WaymarkError):
        return next(BY_ERROR[one] for one in type(error).__mro__ if one in BY_ERROR)
    if isinstance(error, RequestValidationError):
        unreadable = any(one["type"] == "json_invalid" for one in error.errors())
        return "unreadable" if unreadable else "bad-input"
    if isinstance(error, HTTPException):
        return BY_STATUS.get(error.status_code, "unreadable" if error.status_code < 500 else "internal")
    return "internal"


def problem_of(error: Exception, request_id: str) -> Problem:
    """The document that says what went wrong. An error nobody foresaw says nothing of itself."""
    kind = KINDS[name_of(error)]
    said: dict[str, Any] = {}
    if isinstance(error, WaymarkError):
        said["detail"] = str(error)
    if isinstance(error, BadInput) and error.problems:
        said["problems"] = list(error.problems)
    if isinstance(error, MoveRefused):
        said |= {"unmet": [UnmetThing(**asdict(one)) for one in error.unmet], "who": list(error.who)}
    if isinstance(error, Conflict):
        said["changed"] = list(error.changed)
    if isinstance(error, RequestValidationError):
        said["problems"] = [f"{_where(one['loc'])}: {_why(one)}" for one in error.errors()]
    return Problem(
        type=f"/problems/{kind.name}",
        title=kind.title,
        status=kind.status,
        instance=f"urn:waymark:request:{request_id}",
        **said,
    )


def answer(scope: Scope, problem: Problem, headers: Mapping[str, str]) -> Response:
    """The document, or for a browser that asks for a page the page of `app.state.problem_page` where there is one."""
    page: ProblemPage | None = getattr(scope["app"].state, "problem_page", None)
    accepts = Headers(scope=scope).get("accept", "")
    if page is not None and "text/html" in accepts:
        response = page(Request(scope), problem)
        response.headers.update(headers)
        return response
    body = problem.model_dump(exclude_none=True)  # what was not said is left out
    return JSONResponse(body, problem.status, dict(headers), media_type=MEDIA_TYPE)


def answer_to(scope: Scope, error: Exception) -> Response:
    """The answer to an error, with the headers its status asks for."""
    scope.setdefault("state", {})["error"] = error  # a page says more of it than a document does
    return answer(scope, problem_of(error, _request_id(scope)), _headers(error))


def unexpected(scope: Scope) -> Response:
    """The answer to an error nobody foresaw."""
    return answer_to(scope, Exception())


def too_large(scope: Scope) -> Response:
    """The answer to a body that says it is larger than the limit."""
    return answer_to(scope, HTTPException(413))


def too_slow(scope: Scope) -> Response:
    """The answer where the time limit of a request has passed."""
    kind = KINDS["too-slow"]
    instance = f"urn:waymark:request:{_request_id(scope)}"
    said = Problem(type=f"/problems/{kind.name}", title=kind.title, status=kind.status, instance=instance)
    return answer(scope, said, {"retry-after": SOON})


async def handle(request: Request, error: Exception) -> Response:
    """The handler of every error that is foreseen; `create_app` installs it for FORESEEN."""
    if isinstance(error, NotSignedIn) and request.method not in SAFE:
        with suppress(HTTPException):  # what cannot be read is not kept
            await read_form(request)  # a session may end while a form is filled in: the page carries it along
    return answer_to(request.scope, error)


FORESEEN: Sequence[type[Exception]] = (WaymarkError, RequestValidationError, HTTPException)


def _request_id(scope: Scope) -> str:
    found: str = scope.get("state", {}).get("request_id", "")
    return found


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case NotSignedIn():
            return {"www-authenticate": "Bearer"}
        case TryLater():
            return {"retry-after": str(error.seconds)}
        case NotReady():
            return {"retry-after": SOON}
        case HTTPException(status_code=413):
            return {"connection": "close"}  # what is still to come is not read
        case HTTPException():
            return dict(error.headers or {})
    return {}


def _where(loc: Sequence[str | int]) -> str:
    """The place of a field. A key nobody asked for may be any text, so only what looks like a name is repeated."""
    return ".".join(
        one if (one := str(part)[:60]).replace("-", "_").isidentifier() or one.isdigit() else "?" for part in loc
    )


def _why(problem: Mapping[str, Any]) -> str:
    """The reason without the value: pydantic's own sentences hold none, those of a validator may."""
    own = problem["type"] in ("value_error", "assertion_error")
    given = problem.get("input")
    echoes = isinstance(given, str) and given != "" and given in problem["msg"]
    return "this is not valid" if own or echoes else str(problem["msg"])
