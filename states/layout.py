"""Where the boxes and lines of a layered picture stand: layers, order within them, positions and routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP = 34  # between two rows: room for the curves
APART = 26  # between two things of a row
SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.bottom
            and other.y < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Item:
    """A thing to place. `above` and `below` are the heights of what hangs over and under its box.

    Lines arrive and leave right of `top_inset` and `bottom_inset`, past what hangs there.
    """

    id: str
    layer: int
    width: float
    height: float
    above: float = 0
    below: float = 0
    top_inset: float = 0
    bottom_inset: float = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A line to draw from one item to another, with the size of its label."""

    source: str
    target: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """Where a line runs, from its source to its target, and where its label stands.

    `runs` are stretches of (x, y) points: straight within a stretch, curved between one and the next.
    """

    runs: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    label: Box


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The finished layout: the box of each item, a route for each link, top and bottom of each layer, the size."""

    boxes: Mapping[str, Box]
    routes: tuple[Route, ...]
    layers: tuple[tuple[float, float], ...]
    width: float
    height: float


def layers_of(bands: Sequence[Sequence[str]], arcs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each name: bands one under the other, and within a band the longest path without its back edges."""
    layers: dict[str, int] = {}
    top = 0
    for band in bands:
        if not band:
            continue
        inside = [arc for arc in arcs if arc[0] in band and arc[1] in band]
        depth = _longest_paths(band, inside)
        layers |= {name: top + depth[name] for name in band}
        top += max(depth.values()) + 1
    return layers


def _longest_paths(names: Sequence[str], arcs: Sequence[tuple[str, str]]) -> dict[str, int]:
    onward: dict[str, list[str]] = {name: [] for name in names}
    for source, target in arcs:
        onward[source].append(target)
    finished: list[str] = []
    open_now: list[str] = []
    depth = dict.fromkeys(names, 0)
    forward: dict[str, list[str]] = {name: [] for name in names}

    def visit(name: str) -> None:
        open_now.append(name)
        for target in onward[name]:
            if target in open_now:  # a back edge: it does not push its target down
                continue
            forward[name].append(target)
            if target not in finished:
                visit(target)
        open_now.pop()
        finished.append(name)

    for name in names:
        if name not in finished:
            visit(name)
    for name in reversed(finished):
        for target in forward[name]:
            depth[target] = max(depth[target], depth[name] + 1)
    return depth


@dataclass(slots=True)
class _Cell:
    """One place in a row: an item, a label, or the point where a long line passes."""

    row: int
    width: float
    height: float
    item: Item | None = None
    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    x: float = 0


@dataclass(slots=True)
class _Grid:
    """Rows of cells: even rows hold the items of a layer, odd rows the labels of the lines that leave it."""

    cells: list[_Cell] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    chains: list[list[int]] = field(default_factory=list)  # per link: its cells from the upper to the lower end
    labels: list[int] = field(default_factory=list)  # per link: the cell of its label
    tops: list[float] = field(default_factory=list)  # per row
    heads: list[float] = field(default_factory=list)  # per row: how far the boxes stand below its top
    bottoms: list[float] = field(default_factory=list)  # per row
    ports: dict[tuple[int, int], float] = field(default_factory=dict)  # where a line meets a cell: (cell, neighbour)

    def add(self, cell: _Cell) -> int:
        self.cells.append(cell)
        self.rows[cell.row].append(len(self.cells) - 1)
        return len(self.cells) - 1

    def join(self, upper: int, lower: int) -> None:
        self.cells[upper].down.append(lower)
        self.cells[lower].up.append(upper)


def arrange(items: Sequence[Item], links: Sequence[Link]) -> Arrangement:
    """Places the items and routes the links; the same input always gives the same picture."""
    grid = _grid(items, links)
    _order(grid)
    _set_x(grid)
    _set_y(grid)
    _set_ports(grid)
    boxes = {
        cell.item.id: Box(
            cell.x - cell.width / 2, grid.tops[cell.row] + grid.heads[cell.row], cell.width, cell.item.height
        )
        for cell in grid.cells
        if cell.item is not None
    }
    routes = tuple(_route(grid, number, link, boxes) for number, link in enumerate(links))
    layers = tuple((grid.tops[row], grid.bottoms[row]) for row in range(0, len(grid.rows), 2))
    width = max((cell.x + cell.width / 2 for cell in grid.cells), default=0)
    return Arrangement(boxes, routes, layers, width, grid.bottoms[-1])


def _grid(items: Sequence[Item], links: Sequence[Link]) -> _Grid:
    grid = _Grid(rows=[[] for _ in range(2 * max((item.layer for item in items), default=0) + 1)])
    at = {
        item.id: grid.add(_Cell(2 * item.layer, item.width, item.above + item.height + item.below, item))
        for item in items
    }
    for link in links:
        upper, lower = sorted((at[link.source], at[link.target]), key=lambda index: grid.cells[index].row)
        goes_down = upper == at[link.source]
        first, last = grid.cells[upper].row, grid.cells[lower].row
        label_row = first + 1 if goes_down else last - 1
        chain = [upper]
        for row in range(first + 1, last):
            size = (link.width, link.height) if row == label_row else (8.0, 0.0)
            chain.append(grid.add(_Cell(row, *size)))
            if row == label_row:
                grid.labels.append(chain[-1])
        chain.append(lower)
        for one, other in pairwise(chain):
            grid.join(one, other)
        grid.chains.append(chain)
    return grid


def _order(grid: _Grid) -> None:
    """Barycentre sweeps down and up; the order with the fewest crossings is kept."""
    best, fewest = [list(row) for row in grid.rows], _crossings(grid)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        numbers = range(1, len(grid.rows)) if downwards else range(len(grid.rows) - 2, -1, -1)
        for number in numbers:
            _sort_row(grid, number, downwards)
        crossings = _crossings(grid)
        if crossings < fewest:
            best, fewest = [list(row) for row in grid.rows], crossings
    grid.rows = best


def _sort_row(grid: _Grid, number: int, downwards: bool) -> None:
    row, beside = grid.rows[number], grid.rows[number - 1 if downwards else number + 1]
    rank = {index: place for place, index in enumerate(beside)}
    centres: dict[int, float] = {}
    for place, index in enumerate(row):
        near = grid.cells[index].up if downwards else grid.cells[index].down
        centres[index] = sum(rank[one] for one in near) / len(near) if near else place * len(beside) / len(row)
    row.sort(key=centres.__getitem__)


def _crossings(grid: _Grid) -> int:
    total = 0
    for upper, lower in pairwise(grid.rows):
        rank = {index: place for place, index in enumerate(lower)}
        ends = [sorted(rank[one] for one in grid.cells[index].down) for index in upper]
        seen: list[int] = []
        for row in ends:
            total += sum(1 for end in row for before in seen if before > end)
            seen.extend(row)
    return total


def _set_x(grid: _Grid) -> None:
    for row in grid.rows:
        _spread(grid, row, [0.0] * len(row), [1.0] * len(row))
    for sweep in range(3 * SWEEPS):
        downwards, both = sweep % 2 == 0, sweep >= 2 * SWEEPS
        for row in grid.rows if downwards else reversed(grid.rows):
            _spread(grid, row, *_wanted(grid, row, downwards, both))
    left = min((cell.x - cell.width / 2 for cell in grid.cells), default=0)
    for cell in grid.cells:
        cell.x -= left


def _wanted(grid: _Grid, row: Sequence[int], downwards: bool, both: bool) -> tuple[list[float], list[float]]:
    """Where each cell of a row would stand best, and how much that counts: what has no neighbours gives way."""
    wanted: list[float | None] = []
    for index in row:
        cell = grid.cells[index]
        near = cell.up + cell.down if both else (cell.up if downwards else cell.down) or cell.up or cell.down
        wanted.append(sum(grid.cells[one].x for one in near) / len(near) if near else None)
    known = [want for want in wanted if want is not None]
    middle = sum(known) / len(known) if known else 0.0
    return [middle if want is None else want for want in wanted], [0.001 if want is None else 1.0 for want in wanted]


def _spread(grid: _Grid, row: Sequence[int], wanted: Sequence[float], weights: Sequence[float]) -> None:
    """Sets x as near to what is wanted as the order and the widths allow (least squares, by pooling)."""
    offsets, reach = [], 0.0
    for place, index in enumerate(row):
        if place:
            reach += (grid.cells[row[place - 1]].width + grid.cells[index].width) / 2 + APART
        offsets.append(reach)
    blocks: list[tuple[float, float, int]] = []  # sum and weight of what is wanted, and how many cells
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        block = ((want - offset) * weight, weight, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] > block[0] / block[1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    wishes = [total / weight for total, weight, count in blocks for _ in range(count)]
    for index, wish, offset in zip(row, wishes, offsets, strict=True):
        grid.cells[index].x = wish + offset


def _set_y(grid: _Grid) -> None:
    y = 0.0
    for row in grid.rows:
        cells = [grid.cells[index] for index in row]
        head = max((cell.item.above for cell in cells if cell.item), default=0.0)
        rest = max((cell.height - (cell.item.above if cell.item else 0.0) for cell in cells), default=0.0)
        grid.tops.append(y)
        grid.heads.append(head)
        grid.bottoms.append(y + head + rest)
        y += head + rest + GAP


def _set_ports(grid: _Grid) -> None:
    """Lines leave and reach a box side by side, in the order of what they lead to."""
    for index, cell in enumerate(grid.cells):
        for near, inset in (
            (cell.up, cell.item.top_inset if cell.item else 0),
            (cell.down, cell.item.bottom_inset if cell.item else 0),
        ):
            left, room = cell.x - cell.width / 2 + inset, cell.width - inset
            for place, other in enumerate(sorted(near, key=lambda one: (grid.cells[one].x, one)), start=1):
                grid.ports[index, other] = left + room * place / (len(near) + 1) if cell.item else cell.x


def _route(grid: _Grid, number: int, link: Link, boxes: Mapping[str, Box]) -> Route:
    chain, label = grid.chains[number], grid.cells[grid.labels[number]]
    upper, lower = grid.cells[chain[0]], grid.cells[chain[-1]]
    goes_down = upper.item is not None and upper.item.id == link.source
    first, last = (link.source, link.target) if goes_down else (link.target, link.source)
    start, end = grid.ports[chain[0], chain[1]], grid.ports[chain[-1], chain[-2]]
    top, bottom = grid.tops[label.row], grid.bottoms[label.row]
    y = top + (bottom - top - label.height) / 2
    runs = [((start, boxes[first].bottom), (start, grid.bottoms[upper.row]))]
    for cell in (grid.cells[index] for index in chain[1:-1]):
        if cell is label:
            runs += [((cell.x, top), (cell.x, y)), ((cell.x, y + cell.height), (cell.x, bottom))]
        else:
            runs.append(((cell.x, grid.tops[cell.row]), (cell.x, grid.bottoms[cell.row])))
    runs.append(((end, grid.tops[lower.row]), (end, boxes[last].y)))
    if not goes_down:
        runs = [(after, before) for before, after in reversed(runs)]
    return Route(tuple(runs), Box(label.x - label.width / 2, y, label.width, label.height))
