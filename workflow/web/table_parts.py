"""Long tables a part at a time: which of their rows, and the links to the parts before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request

MOST = 50  # rows of a part
MOST_DIGITS = 5
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Some rows of a table, how many stand before them, how many there are, and links as the pagination takes them."""

    rows: Sequence[Row]
    before: int
    of: int
    links: Mapping[str, Mapping[str, str]]


def part_of(request: Request, rows: Sequence[Row], words: str, anchor: str) -> Part[Row]:
    """The part that `?part=` of the address asks for; the first where it asks for nothing sensible.

    `words` names the rows, such as "teams"; `anchor` is the table's id.
    """
    asked, parts = request.query_params.get("part") or "1", -(-len(rows) // MOST)
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < MOST_DIGITS else 1
    number = number if 0 < number <= parts else 1
    others = (("previous", number - 1, "Previous"), ("next", number + 1, "Next"))
    links = {
        name: {"href": f"?part={at}#{anchor}", "text": f"{way} {words}"} for name, at, way in others if 0 < at <= parts
    }
    before = (number - 1) * MOST
    return Part(rows[before : before + MOST], before, len(rows), links)
