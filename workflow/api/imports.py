"""Taking in referrals or a running caseload from a file: all of it or nothing."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from workflow.api.callers import Opener
from workflow.api.routing import subject
from workflow.errors import BadInput
from workflow.imports import Kind, import_file, write_template
from workflow.serving.problem_types import responses

router = subject("imports")
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {CSV: "csv", XLSX: "xlsx"}
FILE: dict[str, Any] = {
    "required": True,
    "content": {
        CSV: {"schema": {"type": "string"}, "example": "source_reference,received_on\nDUR-004711,2026-11-23\n"},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    },
}
TEMPLATE: dict[int | str, dict[str, Any]] = {
    200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "The file."}
}


class Imported(BaseModel):
    """What the import came to; in a dry run what it would come to. `notes` are sentences a person should read."""

    kind: Kind
    rows: int
    opened: int
    already_there: int
    dry_run: bool
    notes: list[str]


async def _file(request: Request) -> tuple[str, bytes]:
    """The kind of file by its media type, and its bytes: no more of them than WAYMARK_MAX_BODY_KB lets in."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ENDINGS:
        raise BadInput(f"send the file itself as the body, with Content-Type {CSV} or {XLSX}")
    return ENDINGS[kind], await request.body()


@router.post(
    "/imports",
    openapi_extra={"requestBody": FILE},
    responses=responses(401, 403, 404, 409, 413, 422, 429, 503),
)
def import_rows(
    asking: Opener,
    file: Annotated[tuple[str, bytes], Depends(_file)],
    dry_run: Annotated[bool, Query(description="check every row and change nothing")] = False,
) -> Imported:
    """Open a case for every row of a file, or for none: each bad row is named by line, column and reason.

    A row whose source reference was imported before is left alone, so that sending a file again is harmless.
    """
    ending, content = file
    with tempfile.TemporaryDirectory(prefix="waymark-import-") as folder:
        path = Path(folder) / f"import.{ending}"
        path.write_bytes(content)
        report = import_file(
            asking.service,
            path,
            asking.actor,
            asking.actor.authority,
            asking.now,
            dry_run=dry_run,
            progress=lambda *_: None,
        )
    return Imported(**report.to_json())


@router.get(
    "/imports/templates/{kind}.xlsx",
    response_class=Response,
    responses={**TEMPLATE, **responses(401, 403, 422, 503)},
)
def template(asking: Opener, kind: Kind) -> Response:
    """An empty file of this kind, with its columns explained."""
    with tempfile.TemporaryDirectory(prefix="waymark-import-") as folder:
        path = Path(folder) / f"{kind.value}.xlsx"
        write_template(kind, path)
        content = path.read_bytes()
    named = {"content-disposition": f'attachment; filename="{kind.value}.xlsx"'}
    return Response(content, media_type=XLSX, headers=named)
