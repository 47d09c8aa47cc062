"""Stylesheets and scripts: one version in the address of all of them, so that a browser may keep each for a year."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response

STATIC = Path(__file__).parent / "static"
FOR_A_YEAR = "public, max-age=31536000, immutable"
SHIPPED = (".css", ".js", ".svg", ".txt")


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files by their path under `static/`, and the version they make together."""

    version: str
    contents: Mapping[str, bytes]

    def url(self, path: str) -> str:
        """The address of a file. KeyError where there is none: a page that names one is wrong."""
        if path not in self.contents:
            raise KeyError(f"there is no static file {path}; after a fresh checkout, `make setup` fetches them")
        return f"/static/{self.version}/{path}"


@cache
def static_files(folder: Path = STATIC) -> StaticFiles:
    """Read once; files that change while the process runs are not seen."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in SHIPPED
    }
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    return StaticFiles(digest.hexdigest()[:12], contents)


router = APIRouter(include_in_schema=False)


@router.get("/static/{version}/{path:path}")
def static_file(version: str, path: str) -> Response:
    """A file by its path. An older version is answered with what there is now, not to be kept."""
    files = static_files()
    if path not in files.contents:
        return Response("There is no such file.", status_code=404, media_type="text/plain")
    kind = mimetypes.types_map.get(Path(path).suffix, "text/plain")
    return Response(
        files.contents[path],
        media_type=kind,
        headers={
            "Cache-Control": FOR_A_YEAR if version == files.version else "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )
