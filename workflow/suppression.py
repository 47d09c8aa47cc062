"""Small numbers withheld from a table with totals, and others with them, so that no sum gives one away."""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

Cell = tuple[int, int]
Table = Sequence[Sequence[int]]
WITHHELD = "withheld"  # what stands on pages and in files in the place of a number
ALL = "all"  # the name of the row of totals
NOUGHT_COSTS = 1_000_000  # a nought protects little: it is withheld only where nothing else can be


def with_totals(table: Table) -> list[list[int]]:
    """The table with the sum of each row behind it, and a last row of the sums of the columns."""
    rows = [[*row, sum(row)] for row in table]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]] if rows else []


def withheld(table: Table, below: int) -> set[Cell]:
    """The cells of a table with totals (row, column) that must not be shown: each from 1 to under `below`, and as many
    others as it takes that none of those can be worked out from the rest and the totals.

    A withheld cell can be worked out when it lies on no closed way of withheld cells, going along rows and columns in
    turn: then some sum holds it alone. For each such cell the way of the smallest numbers is withheld too.
    """
    hidden = {(r, c) for r, row in enumerate(table) for c, value in enumerate(row) if 0 < value < below}
    for cell in sorted(hidden):
        hidden |= _closed_way(table, hidden, cell)
    return hidden


def _closed_way(table: Table, hidden: set[Cell], cell: Cell) -> set[Cell]:
    """The cheapest cells that lead from the row of a cell to its column without it; those withheld already are free."""
    start, goal = ("row", cell[0]), ("column", cell[1])
    best: dict[tuple[str, int], int] = {start: 0}
    came: dict[tuple[str, int], tuple[tuple[str, int], Cell]] = {}
    queue = [(0, start)]
    while queue:
        cost, place = heapq.heappop(queue)
        if place == goal:
            break
        if cost > best[place]:
            continue
        for one, there in _next_to(table, place):
            if one == cell:
                continue
            value = table[one[0]][one[1]]
            dearer = cost + (0 if one in hidden else value or NOUGHT_COSTS)
            if dearer < best.get(there, dearer + 1):
                best[there], came[there] = dearer, (place, one)
                heapq.heappush(queue, (dearer, there))
    way: set[Cell] = set()
    while goal in came:
        goal, one = came[goal]
        way.add(one)
    return way


def _next_to(table: Table, place: tuple[str, int]) -> list[tuple[Cell, tuple[str, int]]]:
    kind, number = place
    if kind == "row":
        return [((number, c), ("column", c)) for c in range(len(table[number]))]
    return [((r, number), ("row", r)) for r in range(len(table))]


def shown(table: Table, below: int | None) -> list[list[int | None]]:
    """The table with totals as it may be given: None for what is withheld. Without `below`, all of it."""
    full = with_totals(table)
    hidden = withheld(full, below) if below is not None else set[Cell]()
    return [[None if (r, c) in hidden else value for c, value in enumerate(row)] for r, row in enumerate(full)]


def as_rows(
    names: Mapping[str, str], columns: Sequence[str], counts: Mapping[str, Mapping[str, int]], below: int | None
) -> list[dict[str, Any]]:
    """A table by name: a row for each of `names` and one for all, each with its label, its columns and their total.

    Without names there is no row.
    """
    if not names:
        return []
    table = shown([[counts.get(name, {}).get(one, 0) for one in columns] for name in names], below)
    return [
        {"name": name, "label": label, **dict(zip((*columns, "total"), row, strict=True))}
        for (name, label), row in zip([*names.items(), (ALL, "All teams")], table, strict=True)
    ]
