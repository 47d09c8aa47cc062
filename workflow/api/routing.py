"""What every subject of the API is made of: its router, which reads JSON strictly, and the problems it documents."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from workflow.errors import BadInput
from workflow.serving.problem_types import responses
from workflow.strict_json import read_json

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

LOOKS: dict[int | str, dict[str, Any]] = responses(400, 401, 403, 404, 422, 429, 503)
ACTS: dict[int | str, dict[str, Any]] = responses(400, 401, 403, 404, 409, 413, 422, 428, 429, 503)
MOVES: dict[int | str, dict[str, Any]] = responses(400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 503)


def subject(tag: str) -> APIRouter:
    """The router of one subject."""
    return APIRouter(tags=[tag], route_class=StrictRoute)


class StrictRoute(APIRoute):
    """A route whose JSON body is read strictly; what cannot be read so is a 400 that repeats none of it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        try:
            text = (await self.body()).decode()
            if NUL.search(text):
                raise BadInput("the body holds a NUL character")
            return read_json(text, "the body")
        except (BadInput, UnicodeDecodeError):
            # FastAPI turns this one into the answer to a body that is not JSON
            raise json.JSONDecodeError("not JSON that can be used", "", 0) from None
