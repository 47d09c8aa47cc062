"""Small numbers in tables with totals: none is shown, and none can be worked out from what is."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.suppression import ALL, as_rows, shown, with_totals, withheld

BELOW = 5
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 12), min_size=columns, max_size=columns), min_size=1, max_size=4)
)


def worked_out(table: list[list[int | None]]) -> list[list[int | None]]:
    """What a reader gets who fills in every row and column in which one number alone is missing, again and again."""
    known = [list(row) for row in table]
    lines = [[(r, c) for c in range(len(known[0]))] for r in range(len(known))]
    lines += [[(r, c) for r in range(len(known))] for c in range(len(known[0]))]
    changed = True
    while changed:
        changed = False
        for line in lines:
            missing = [(r, c) for r, c in line if known[r][c] is None]
            if len(missing) == 1:
                (r, c) = missing[0]
                parts = [known[a][b] or 0 for a, b in line[:-1]]
                a, b = line[-1]
                known[r][c] = sum(parts) if missing[0] == line[-1] else (known[a][b] or 0) - sum(parts)
                changed = True
    return known


def test_a_table_without_small_numbers_is_shown_whole() -> None:
    assert shown([[7, 9], [0, 12]], BELOW) == [[7, 9, 16], [0, 12, 12], [7, 21, 28]]


def test_without_a_limit_nothing_is_withheld() -> None:
    assert shown([[1, 2]], None) == [[1, 2, 3], [1, 2, 3]]


def test_one_small_number_takes_others_with_it_so_that_no_total_gives_it_away() -> None:
    table = [[3, 20, 30], [40, 10, 60]]
    given_out = shown(table, BELOW)
    assert given_out[0][0] is None
    hidden = [(r, c) for r, c in product(range(3), range(4)) if given_out[r][c] is None]
    assert hidden == [(0, 0), (0, 1), (1, 0), (1, 1)]  # the square of the smallest numbers
    assert worked_out(given_out) == given_out


def test_nought_is_no_small_number() -> None:
    assert shown([[0, 8], [0, 9]], BELOW) == [[0, 8, 8], [0, 9, 9], [0, 17, 17]]


@given(TABLES)
@settings(max_examples=150, deadline=None)
def test_no_small_number_is_shown_or_can_be_worked_out(table: list[list[int]]) -> None:
    full = with_totals(table)
    small = {(r, c) for r, row in enumerate(full) for c, value in enumerate(row) if 0 < value < BELOW}
    assert small <= withheld(full, BELOW)
    filled = worked_out(shown(table, BELOW))
    assert all(filled[r][c] is None for r, c in small)


def test_rows_stand_by_name_with_one_for_all() -> None:
    rows = as_rows({"a": "Team A", "b": "Team B"}, ("on_time", "late"), {"a": {"on_time": 6}}, None)
    assert rows[0] == {"name": "a", "label": "Team A", "on_time": 6, "late": 0, "total": 6}
    assert (rows[2]["name"], rows[2]["total"]) == (ALL, 6)
    assert as_rows({}, ("on_time",), {}, BELOW) == []
