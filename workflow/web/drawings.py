"""Drawings without scripts: the map of a lifecycle with a case's own path, its stages, the Pause line, and charts.

Everything is worked out here; the templates only write it down. No drawing is the only form of what it shows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise

from scheduler.calendars import add_months
from states.drawing import wrap
from states.layout import Arrangement, Item, Link, Route, arrange
from states.lifecycle import NEW, Lifecycle
from states.picture import bands_of, own_rows, picture_of
from workflow.web.pages import short_date

DONE, NOW, REACHABLE, OTHER = "done", "now", "reachable", "other"
STATUS_WORDS = {DONE: "done", NOW: "now", REACHABLE: "can come next", OTHER: ""}

MOST_BESIDE = 3  # boxes in a row: what is wider does not fit on a page
BOX_WIDTH, LINE, PAD, LETTERS = 152, 16, 9, 13
SIDE, MARGIN, STEP = 148, 12, 30  # the column of the stages; around it all; between two rows
ARROW = 6


# The map of a lifecycle


@dataclass(frozen=True, slots=True)
class Node:
    """The box of a state."""

    id: str
    label: str
    stage: str
    final: bool
    holds: bool
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from box to box: its course and the tip of its arrow, as paths."""

    source: str
    target: str
    course: str
    tip: str


@dataclass(frozen=True, slots=True)
class Band:
    """The strip of a stage."""

    label: str
    lines: tuple[str, ...]
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Map:
    """Where everything stands; the same for every case of one version of a lifecycle."""

    label: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    bands: tuple[Band, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class CaseMap:
    """The map with one case on it. `drawn` are (node, status), `lines` (edge, whether the case went along it)."""

    plan: Map
    drawn: tuple[tuple[Node, str], ...]
    lines: tuple[tuple[Edge, bool], ...]
    says: str

    def stages(self) -> list[tuple[str, list[tuple[Node, str]]]]:
        """The same in words: each stage with its states."""
        return [
            (band.label, [(node, status) for node, status in self.drawn if node.stage == band.label])
            for band in self.plan.bands
        ]


@cache
def map_of(lifecycle: Lifecycle) -> Map:
    """The map of a version of a lifecycle; worked out once."""
    picture = picture_of(lifecycle)
    states = lifecycle.states
    arcs = [arc for arc in picture.lines if NEW not in arc]
    layers = _in_short_rows(picture.layers, {target for _, target in arcs})
    lines = {state.id: tuple(wrap(state.label, BOX_WIDTH - 2 * PAD - 18, LETTERS)) for state in states}
    items = [Item(state.id, layers[state.id], BOX_WIDTH, 2 * PAD + LINE * len(lines[state.id])) for state in states]
    plan = arrange(items, [Link(*arc, width=8, height=0) for arc in arcs])
    squeeze = _Squeeze(plan)
    nodes = tuple(
        Node(
            state.id,
            state.label,
            state.stage,
            state.final,
            state.holds,
            lines[state.id],
            plan.boxes[state.id].x + SIDE + MARGIN,
            squeeze.y(plan.boxes[state.id].y),
            BOX_WIDTH,
            plan.boxes[state.id].height,
        )
        for state in states
    )
    edges = tuple(_edge(arc, route, squeeze) for arc, route in zip(arcs, plan.routes, strict=True))
    height = squeeze.y(plan.height) + MARGIN
    return Map(lifecycle.label, nodes, edges, _bands(lifecycle, nodes, height), plan.width + SIDE + 2 * MARGIN, height)


def _in_short_rows(layers: Mapping[str, int], reached: Collection[str]) -> dict[str, int]:
    """The row of each state: a layer of many states takes several, first those that a line leads to."""
    rows: dict[str, int] = {}
    row = 0
    for layer in sorted(set(layers.values()) - {layers[NEW]}):
        names = [name for name in layers if layers[name] == layer and name != NEW]
        names.sort(key=lambda name: name not in reached)
        needed = -(-len(names) // MOST_BESIDE)
        each = -(-len(names) // needed)
        rows |= {name: row + place // each for place, name in enumerate(names)}
        row += needed
    return rows


class _Squeeze:
    """Rows moved nearer to each other: this map has no labels on its lines that would need the room."""

    def __init__(self, plan: Arrangement) -> None:
        self.stops: list[tuple[float, float]] = []
        y = float(MARGIN)
        for top, bottom in plan.layers:
            self.stops += [(top, y), (bottom, y + bottom - top)]
            y += bottom - top + STEP

    def y(self, old: float) -> float:
        for (before, new_before), (after, new_after) in pairwise(self.stops):
            if before <= old <= after:
                share = (old - before) / (after - before) if after > before else 0
                return new_before + share * (new_after - new_before)
        return self.stops[0][1] if self.stops and old < self.stops[0][0] else (self.stops[-1][1] if self.stops else old)


def _edge(arc: tuple[str, str], route: Route, squeeze: _Squeeze) -> Edge:
    runs = [[(x + SIDE + MARGIN, squeeze.y(y)) for x, y in run] for run in route.runs]
    course, last = "", runs[0][0]
    for number, (start, end) in enumerate(runs):
        course += f"M{_at(start)}" if number == 0 else _curve(last, start)
        course += f"L{_at(end)}"
        last = end
    return Edge(*arc, course, _tip(last, 1 if runs[0][0][1] < last[1] else -1))


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[1] + end[1]) / 2
    return f"C{start[0]:.1f} {middle:.1f} {end[0]:.1f} {middle:.1f} {_at(end)}"


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _tip(at: tuple[float, float], down: int) -> str:
    x, y = at
    return f"M{x:.1f} {y:.1f}L{x - 4:.1f} {y - ARROW * down:.1f}L{x + 4:.1f} {y - ARROW * down:.1f}Z"


def _bands(lifecycle: Lifecycle, nodes: Sequence[Node], height: float) -> tuple[Band, ...]:
    stages = [stage for stage, _ in bands_of(lifecycle) if stage]
    tops = [min(node.y for node in nodes if node.stage == stage) - STEP / 2 for stage in stages]
    ends = [*tops[1:], height]
    return tuple(
        Band(stage, tuple(wrap(stage, SIDE - 2 * PAD, LETTERS, bold=True)), top, end - top)
        for stage, top, end in zip(stages, tops, ends, strict=True)
    )


def case_map(
    lifecycle: Lifecycle,
    *,
    path: Sequence[str] = (),
    current: str | None = None,
    reachable: Collection[str] | None = None,
) -> CaseMap:
    """The map with a case on it: the states it has been in, in their order, where it is, and where it can go.

    Without `reachable` that is wherever the table has a move to, asked for or not.
    """
    plan = map_of(lifecycle)
    ahead = targets_from(lifecycle, current, path) if reachable is None else set(reachable)
    drawn = tuple((node, _status(node.id, path, current, ahead)) for node in plan.nodes)
    been = [*path, *([current] if current is not None and (not path or path[-1] != current) else [])]
    steps = {step for step in pairwise(been) if step[0] != step[1]}
    known = {(edge.source, edge.target) for edge in plan.edges}
    lines = [(edge, (edge.source, edge.target) in steps) for edge in plan.edges]
    lines += [(edge, True) for step in sorted(steps - known) if (edge := _straight(plan, step))]
    return CaseMap(plan, drawn, tuple(lines), _says(drawn))


def targets_from(lifecycle: Lifecycle, state: str | None, path: Collection[str] | None = None) -> set[str]:
    """Where the table has a move to. With the `path` of a case, a way back leads only to where it has been."""
    rows = [row for row in own_rows(lifecycle) if state in row.sources] if state else []
    if path is not None:
        rows = [row for row in rows if row.when is None or row.when[0] != "return_state" or row.when[1] in path]
    return {lifecycle.target(row, state) for row in rows if state} - {state or ""}


def _status(state: str, path: Collection[str], current: str | None, reachable: Collection[str]) -> str:
    if state == current:
        return NOW
    if state in path:
        return DONE
    return REACHABLE if state in reachable else OTHER


def _straight(plan: Map, step: tuple[str, str]) -> Edge | None:
    """A step the case took that the map has no line for, since it can be made from nearly everywhere."""
    boxes = {node.id: node for node in plan.nodes}
    if not set(step) <= set(boxes):
        return None
    source, target = boxes[step[0]], boxes[step[1]]
    down = target.y > source.y
    start = (source.x + source.width * 0.75, source.y + (source.height if down else 0))
    end = (target.x + target.width * 0.75, target.y + (0 if down else target.height))
    if source.y == target.y:
        start = (start[0], source.y + source.height)
        end = (end[0], target.y + target.height)
        dip = start[1] + STEP * 0.7
        course = f"M{_at(start)}C{start[0]:.1f} {dip:.1f} {end[0]:.1f} {dip:.1f} {_at(end)}"
        return Edge(*step, course, _tip(end, -1))
    return Edge(*step, f"M{_at(start)}{_curve(start, end)}", _tip(end, 1 if down else -1))


def _says(drawn: Iterable[tuple[Node, str]]) -> str:
    parts = []
    for status, words in ((DONE, "Done"), (NOW, "Now"), (REACHABLE, "Can come next")):
        labels = [node.label for node, found in drawn if found == status]
        if labels:
            parts.append(f"{words}: {', '.join(labels)}.")
    return " ".join(parts) or "No case is shown."


# Stages


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the progress line: done, now, skipped, or later."""

    label: str
    status: str

    @property
    def words(self) -> str:
        return {"done": "done", "now": "now", "skipped": "not needed", "later": "still to come"}[self.status]


def progress(lifecycle: Lifecycle, path: Sequence[str], current: str) -> tuple[Stage, ...]:
    """The stages of a case in their order; the end is one only for a case that has ended."""
    stage_of = {state.id: state.stage for state in lifecycle.states}
    ends = {state.stage for state in lifecycle.states if state.final}
    open_stages = {state.stage for state in lifecycle.states if not state.final}
    here, been = stage_of[current], {stage_of[state] for state in path if state in stage_of}
    shown = [stage for stage in lifecycle.stages if stage in open_stages or stage == here]
    place = shown.index(here)
    ended = here in ends and lifecycle.state_by_id[current].final
    return tuple(Stage(stage, _stage_status(stage, number - place, been, ended)) for number, stage in enumerate(shown))


def _stage_status(stage: str, distance: int, been: Collection[str], ended: bool) -> str:
    if distance == 0:
        return "now"
    if stage in been:
        return "done"
    return "skipped" if distance < 0 or ended else "later"


# The Pause line


@dataclass(frozen=True, slots=True)
class Review:
    """A review of the programme: the month it is due, the date, and when it was held."""

    month: int
    due_on: date
    held_on: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both included: a hold, or a time without contact. Without `until` it lasts."""

    since: date
    until: date | None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or stretch on the line, at `x` and `width` wide, and what it says."""

    x: float
    width: float
    says: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class PauseLine:
    """Eighteen months as a line, and the same as sentences in the order of their dates."""

    months: tuple[Mark, ...]
    reviews: tuple[Mark, ...]
    holds: tuple[Mark, ...]
    gaps: tuple[Mark, ...]
    here: Mark | None
    end: Mark
    width: float
    sentences: tuple[str, ...]
    says: str


LINE_LEFT, LINE_WIDTH = 40.0, 900.0


def pause_line(
    started_on: date,
    today: date,
    *,
    ends_on: date | None = None,
    reviews: Sequence[Review] = (),
    gaps: Sequence[Span] = (),
    holds: Sequence[Span] = (),
    months: int = 18,
) -> PauseLine:
    """The journey of a woman: months, reviews, times without contact, holds, and where she is."""
    end = ends_on or add_months(started_on, months)
    length = max((end - started_on).days, 1)

    def x(day: date) -> float:
        return LINE_LEFT + LINE_WIDTH * min(max((day - started_on).days / length, 0), 1)

    def stretch(span: Span) -> Mark:
        until = span.until or today
        return Mark(x(span.since), max(x(until) - x(span.since), 4), span.says, "open" if span.until is None else "")

    ticks = [(month, add_months(started_on, month)) for month in range(months + 1)]
    here = Mark(x(today), 0, f"She is here: {_where(started_on, today, end)}")
    listed = [
        *((started_on, f"{short_date(started_on)}: the programme started."),),
        *((one.held_on or one.due_on, _review_words(one, today)) for one in reviews),
        *((one.since, _span_words("On hold", one)) for one in holds),
        *((one.since, _span_words("No contact", one)) for one in gaps),
        (today, f"{short_date(today)}: she is here, {_where(started_on, today, end)}."),
        (end, f"{short_date(end)}: the programme ends."),
    ]
    return PauseLine(
        months=tuple(Mark(x(day), 0, str(month)) for month, day in ticks if day <= end),
        reviews=tuple(Mark(x(one.due_on), 0, f"month {one.month}", _review_status(one, today)) for one in reviews),
        holds=tuple(stretch(one) for one in holds),
        gaps=tuple(stretch(one) for one in gaps),
        here=here if started_on <= today else None,
        end=Mark(x(end), 0, f"ends {short_date(end)}"),
        width=LINE_LEFT * 2 + LINE_WIDTH,
        sentences=tuple(words for _, words in sorted(listed, key=lambda pair: pair[0])),
        says=f"From {short_date(started_on)} to {short_date(end)}. {here.says}.",
    )


def _where(started_on: date, today: date, end: date) -> str:
    if today < started_on:
        return "before the start"
    if today > end:
        return "after the end of the programme"
    months = (today.year - started_on.year) * 12 + today.month - started_on.month
    return f"in month {max(months - (add_months(started_on, months) > today), 0) + 1}"


def _review_status(review: Review, today: date) -> str:
    if review.held_on:
        return "late" if review.held_on > review.due_on else "held"
    return "overdue" if review.due_on < today else "due"


def _review_words(review: Review, today: date) -> str:
    name = f"the month {review.month} review"
    match _review_status(review, today):
        case "held":
            return f"{short_date(review.held_on)}: {name} was held."
        case "late":
            return f"{short_date(review.held_on)}: {name} was held, due on {short_date(review.due_on)}."
        case "overdue":
            return f"{short_date(review.due_on)}: {name} was due and has not been held."
        case _:
            return f"{short_date(review.due_on)}: {name} is due."


def _span_words(kind: str, span: Span) -> str:
    until = f"to {short_date(span.until)}" if span.until else "and still"
    return f"{short_date(span.since)} {until}: {kind.lower()}{f' ({span.says})' if span.says else ''}."


# Charts


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart: what is counted, how many (None: withheld), and how long the bar is of 100."""

    label: str
    value: float | None
    length: float


def bars(rows: Sequence[tuple[str, float | None]]) -> tuple[Bar, ...]:
    """The longest bar fills its place; nothing is shorter than nothing."""
    most = max((value for _, value in rows if value is not None), default=0)
    return tuple(
        Bar(label, value, round(100 * max(value or 0, 0) / most, 1) if most > 0 else 0) for label, value in rows
    )


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a line chart and where it stands. A value that is not known has no place."""

    label: str
    value: float | None
    x: float
    y: float | None


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line over 300 by 120 units. `course` is broken where a value is not known."""

    points: tuple[Point, ...]
    course: str
    scale: tuple[tuple[float, float], ...]  # (y, value)


CHART_LEFT, CHART_WIDTH, CHART_TOP, CHART_HEIGHT = 30.0, 270.0, 12.0, 100.0


def line_chart(
    rows: Sequence[tuple[str, float | None]], *, lowest: float | None = None, highest: float | None = None
) -> LineChart:
    """A line through the values in their order; the scale begins at 0 unless it is told otherwise."""
    known = [value for _, value in rows if value is not None]
    low = lowest if lowest is not None else min([0.0, *known])
    high = highest if highest is not None else max([low + 1, *known])
    reach = max(len(rows) - 1, 1)

    def y(value: float) -> float:
        return round(CHART_TOP + CHART_HEIGHT * (1 - (value - low) / ((high - low) or 1)), 1)

    points = tuple(
        Point(
            label,
            value,
            round(CHART_LEFT + 8 + (CHART_WIDTH - 16) * place / reach, 1),
            None if value is None else y(value),
        )
        for place, (label, value) in enumerate(rows)
    )
    course, broken = "", True
    for point in points:
        if point.y is not None:
            course += f"{'M' if broken else 'L'}{point.x} {point.y}"
        broken = point.y is None
    return LineChart(points, course, tuple((y(value), value) for value in (low, (low + high) / 2, high)))
