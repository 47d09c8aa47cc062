"""A long table is shown a part at a time, and no row is on two parts or on none."""

import pytest
from starlette.requests import Request

from workflow.web.table_parts import MOST, Part, part_of


def part(rows: int, asked: str) -> Part[int]:
    return part_of(Request({"type": "http", "query_string": f"part={asked}".encode()}), range(rows), "cases", "agenda")


def test_every_row_is_on_one_part() -> None:
    shown = [row for number in (1, 2, 3) for row in part(2 * MOST + 1, str(number)).rows]
    assert shown == list(range(2 * MOST + 1))


def test_a_part_leads_to_those_beside_it() -> None:
    assert part(MOST, "1").links == {}
    middle = part(3 * MOST, "2")
    assert (middle.before, middle.of) == (MOST, 3 * MOST)
    assert middle.links["previous"] == {"href": "?part=1#agenda", "text": "Previous cases"}
    assert middle.links["next"] == {"href": "?part=3#agenda", "text": "Next cases"}


@pytest.mark.parametrize("asked", ["", "0", "3", "-1", "twelve", "9" * 40, "\u00b2"])
def test_what_is_no_part_is_the_first(asked: str) -> None:
    assert part(MOST + 1, asked).before == 0
