"""How the types of problems are told: a page for each, entries for a route's documentation, and their schema."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from workflow.errors import NotFound
from workflow.serving.problems import KINDS, MEDIA_TYPE, Problem

router = APIRouter()
_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


@router.get("/problems/{name}", response_class=PlainTextResponse, tags=["service"])
def problem_type(name: str) -> str:
    """What a type of problem means."""
    kind = KINDS.get(name)
    if kind is None:
        raise NotFound(f"there is no such type of problem; there are: {', '.join(sorted(KINDS))}")
    return f"{kind.title} ({kind.status})\n\n{kind.means}\n"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Entries for a route's `responses=`: the problems it answers with, each with its media type and schema."""
    return {
        status: {
            "description": " / ".join(one.title for one in KINDS.values() if one.status == status),
            "content": _CONTENT,
        }
        for status in statuses
    }


def document_problems(app: FastAPI) -> None:
    """Puts the schema of a problem into the application's OpenAPI, and takes out the one FastAPI would use for 422."""
    without = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = without()
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas |= _schemas()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for path in found.get("paths", {}).values():
                for operation in path.values():
                    _replace_422(operation)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Problem": schema}


def _replace_422(operation: dict[str, Any]) -> None:
    said = operation.get("responses", {}).get("422", {})
    if "HTTPValidationError" in str(said.get("content", "")):
        operation["responses"]["422"] = responses(422)[422]
