"""The version of an account or a team as whoever changes it saw it: a digest of its row, as an ETag."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header

from workflow.columns import canonical
from workflow.errors import Conflict
from workflow.serving.problems import PreconditionRequired

SAYS = "The ETag of what you change, as you looked at it. No list, no `*`: decide on what you have seen."


def _seen(
    given: Annotated[str | None, Header(alias="If-Match", description=SAYS, examples=['"5b1f0c9a7d2e4f60"'])] = None,
) -> str:
    if given is None or given.strip() == "*":
        raise PreconditionRequired("send If-Match with the ETag of what you looked at, so that no change is lost")
    return given.strip()


Seen = Annotated[str, Depends(_seen)]


def row_tag(row: Mapping[str, Any]) -> str:
    """The tag of a row as it stands."""
    said = {name: str(value) for name, value in row.items()}
    return f'"{hashlib.sha256(canonical(said).encode()).hexdigest()[:16]}"'


def check_seen(seen: str, row: Mapping[str, Any], what: str) -> None:
    """Conflict where the row is another than the one that was looked at."""
    if seen != row_tag(row):
        raise Conflict(f"{what} has changed since you looked at it: look again, then decide")
