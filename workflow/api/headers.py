"""The headers that make a change safe: the key that makes a repeat harmless, and the version it was decided on."""

import re
from typing import Annotated

from fastapi import Depends, Header

from workflow.errors import BadInput, NotReached
from workflow.serving.problems import PreconditionRequired

KEY = re.compile(r"[!-~]{8,200}")
TAG = re.compile(r'"([0-9]{1,9})"')
KEY_SAYS = (
    "A name of your own for this request, such as a UUID: sent again with the same key, it is not done again and the "
    "first answer is given. 8 to 200 visible ASCII characters."
)
MATCH_SAYS = 'The ETag of the case as you looked at it, such as `"7"`. No list, no `*`: decide on what you have seen.'


def _key(
    given: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description=KEY_SAYS, examples=["6f1e0c1c-5d0b-4f8e-9f0a-0a6d5f0f3b11"]),
    ] = None,
) -> str:
    if given is None:
        raise PreconditionRequired("send Idempotency-Key: a name of your own for this request, so that a repeat is one")
    if not KEY.fullmatch(given):
        raise BadInput("Idempotency-Key must be 8 to 200 visible ASCII characters, such as a UUID")
    return given


def _version(
    given: Annotated[str | None, Header(alias="If-Match", description=MATCH_SAYS, examples=['"7"'])] = None,
) -> int:
    if given is None or given.strip() == "*":
        raise PreconditionRequired('send If-Match with the version of the case you looked at, such as "7" (its ETag)')
    found = TAG.fullmatch(given.strip())
    if found is None:
        raise NotReached('If-Match names no version of this case: send its ETag as it was given, such as "7"')
    return int(found[1])


Key = Annotated[str, Depends(_key)]
Version = Annotated[int, Depends(_version)]
Known = Annotated[
    str | None, Header(alias="If-None-Match", description="ETags you have: 304 where one is current.", max_length=500)
]


def etag(version: int) -> str:
    """The tag of a version of a case. It counts state and facts: an alert or an answer to one leaves it as it is."""
    return f'"{version}"'


def is_known(known: str | None, version: int) -> bool:
    """Whether If-None-Match names this version."""
    return known is not None and etag(version) in (one.strip().removeprefix("W/") for one in known.split(","))
