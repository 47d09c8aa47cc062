"""The picture of a lifecycle as SVG: presentation attributes only, so that a strict content policy shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from states.layout import Arrangement, Box, Item, Link, Route, arrange
from states.lifecycle import NEW, Lifecycle, State
from states.picture import SHARED, Move, Picture, bands_of, marker_words, name_of, picture_of, states_in_words

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
BOX_WIDTH = 244
PAD = 10
NAME_SIZE, SMALL_SIZE = 15, 12
LINE = 15  # from one small line to the next
LABEL_WIDTH = 168
LANE = 52  # beside a marker, kept free for lines
SIDE = 140  # the column of the stage names
MARGIN = 24
KEY_COLUMN = 460  # at least this wide

INK, SOFT, PAPER, SHADE, LINE_INK = "#0b0c0c", "#444b50", "#ffffff", "#f3f5f6", "#3a4a5a"

_NARROW, _WIDE = set("iIjl.,:;'|!()[]ft "), set("mwMWABCDEGHKNOPQRSTUVXYZ@%&")


def text_width(words: str, size: float, bold: bool = False) -> float:
    """A careful guess (rather too wide than too narrow): no font can be measured here."""
    ems = sum(0.34 if one in _NARROW else 0.78 if one in _WIDE else 0.58 for one in words)
    return ems * size * (1.06 if bold else 1.0)


def wrap(words: str, width: float, size: float, bold: bool = False) -> list[str]:
    """The words on lines no wider than asked; a word that is too long is cut."""
    lines: list[str] = []
    for word in words.split():
        whole = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(whole, size, bold) <= width:
            lines[-1] = whole
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and text_width(lines[-1] + letter, size, bold) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _listed(entries: Sequence[str], width: float) -> list[str]:
    """Entries as lines, each begun with a dot and continued indented."""
    lines: list[str] = []
    for entry in entries:
        first, *rest = wrap(entry, width - 10, SMALL_SIZE) or [""]
        lines += [f"• {first}", *(f"   {line}" for line in rest)]
    return lines


@dataclass(slots=True)
class _Card:
    """The words of one box: its name, what can be done inside, and the markers over and under it."""

    state: State | None
    name: list[str]
    inside: list[str] = field(default_factory=list)
    into: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)

    def item(self, layer: int) -> Item:
        if self.state is None:
            return Item(NEW, layer, 20, 20)
        height = PAD + 20 * len(self.name) + (4 + LINE * len(self.inside) if self.inside else 0) + PAD
        return Item(
            self.state.id,
            layer,
            BOX_WIDTH,
            height,
            above=_marker_height(self.into),
            below=_marker_height(self.back),
            top_inset=BOX_WIDTH - LANE if self.into else 0,
            bottom_inset=BOX_WIDTH - LANE if self.back else 0,
        )


def _marker_height(lines: Sequence[str]) -> float:
    return LINE * len(lines) + 12 + 12 if lines else 0  # with its padding and its arrow


def _card(lifecycle: Lifecycle, picture: Picture, name: str) -> _Card:
    if name == NEW:
        return _Card(None, [])
    state, shown = lifecycle.state_by_id[name], picture.shown[name]
    inner = BOX_WIDTH - 2 * PAD
    inside = [_inside_words(lifecycle, move) for move in shown.inside]
    lines = _listed(inside, inner)
    if shown.numbers:
        lines += wrap(f"also {_ranges(shown.numbers)} of the key", inner, SMALL_SIZE)
    return _Card(
        state,
        wrap(state.label, inner - 46, NAME_SIZE, bold=True),
        lines,
        _into_lines(lifecycle, picture, shown.into),
        _back_lines(shown.back),
    )


def _inside_words(lifecycle: Lifecycle, move: Move) -> str:
    return move.label if move.target is None else f"{move.label} → {name_of(lifecycle, move.target)}"


def _into_lines(lifecycle: Lifecycle, picture: Picture, moves: Sequence[Move]) -> list[str]:
    """The marker over a box: from where, and by which moves."""
    groups: dict[str, list[str]] = {}
    for move in moves:
        number = f" ({picture.key.index(move) + 1})" if move in picture.key else ""
        groups.setdefault(f"from {marker_words(lifecycle, move.sources)}:", []).append(move.label + number)
    width = BOX_WIDTH - LANE - 2 * PAD
    return [
        line
        for words, labels in groups.items()
        for line in (*wrap(words, width, SMALL_SIZE), *_listed(list(dict.fromkeys(labels)), width))
    ]


def _back_lines(moves: Sequence[Move]) -> list[str]:
    if not moves:
        return []
    width = BOX_WIDTH - LANE - 2 * PAD
    return [*wrap("back to the state that was left:", width, SMALL_SIZE), *_listed([m.label for m in moves], width)]


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1–3, 7"."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}–{b}" if b > a + 1 else f"{a}, {b}" for a, b in spans)


def as_svg(lifecycle: Lifecycle, *, path: Sequence[str] = (), current: str | None = None) -> str:
    """The picture; `path` are the states a case has been in, in their order, and `current` is where it is now."""
    picture = picture_of(lifecycle)
    cards = {name: _card(lifecycle, picture, name) for name in picture.layers}
    labels = {arc: _label_lines(moves) for arc, moves in picture.lines.items()}
    plan = arrange(
        [card.item(picture.layers[name]) for name, card in cards.items()],
        [Link(*arc, width=_block_width(lines), height=LINE * len(lines) + 4) for arc, lines in labels.items()],
    )
    left, top = MARGIN + SIDE, MARGIN + 44
    width = max(left + plan.width + MARGIN, 2 * MARGIN + KEY_COLUMN)
    been = [*path, *([current] if current else [])]
    body = [
        *_bands(lifecycle, picture, plan, top, width),
        *(
            _line(arc, picture.lines[arc], lines, _moved_route(route, left, top), arc in pairwise(been))
            for (arc, lines), route in zip(labels.items(), plan.routes, strict=True)
        ),
        *(
            _box(card, _moved(plan.boxes[name], left, top), name in path and name != current, name == current)
            for name, card in cards.items()
        ),
    ]
    key, bottom = _key(lifecycle, picture, top + plan.height + 46, width)
    return _document(lifecycle, _described(lifecycle, path, current), [*body, *key], width, bottom + MARGIN)


def _label_lines(moves: Sequence[Move]) -> list[str]:
    labels = list(dict.fromkeys(move.label for move in moves))
    return wrap(labels[0], LABEL_WIDTH, SMALL_SIZE) if len(labels) == 1 else _listed(labels, LABEL_WIDTH)


def _block_width(lines: Sequence[str]) -> float:
    return max(text_width(line, SMALL_SIZE) for line in lines) + 6


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.x + x, box.y + y, box.width, box.height)


def _moved_route(route: Route, x: float, y: float) -> Route:
    runs = tuple(((x1 + x, y1 + y), (x2 + x, y2 + y)) for (x1, y1), (x2, y2) in route.runs)
    return Route(runs, _moved(route.label, x, y))


def _document(lifecycle: Lifecycle, described: str, body: Sequence[str], width: float, height: float) -> str:
    names = f"waymark-{_attribute(lifecycle.id)}"
    title = f"{lifecycle.label}: its states and the moves between them"
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"'
            f' aria-labelledby="{names}-title {names}-desc" font-family="{_attribute(FONT)}">',
            f'<title id="{names}-title">{escape(title)}</title>',
            f'<desc id="{names}-desc">{escape(described)}</desc>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>',
            _text(MARGIN, MARGIN + 18, lifecycle.label, 20, bold=True),
            *body,
            "</svg>",
            "",
        ]
    )


def _described(lifecycle: Lifecycle, path: Sequence[str], current: str | None) -> str:
    stages = [
        f"{stage}: {', '.join(lifecycle.state_by_id[state].label for state in states)}."
        for stage, states in bands_of(lifecycle)
        if stage
    ]
    known = lifecycle.state_by_id
    been = [known[state].label for state in dict.fromkeys(path) if state in known and state != current]
    words = ["The states by stage.", *stages]
    if been:
        words.append(f"Done: {', '.join(been)}.")
    if current is not None and current in known:
        words.append(f"Now: {known[current].label}.")
    return " ".join(words)


def _attribute(words: str) -> str:
    return escape(words, quote=True)


def _text(
    x: float, y: float, words: str, size: int = SMALL_SIZE, *, bold: bool = False, ink: str = INK, centred: bool = False
) -> str:
    weight = (' font-weight="bold"' if bold else "") + (' text-anchor="middle"' if centred else "")
    kept = words.lstrip(" ")
    indent = text_width(words[: len(words) - len(kept)], size)
    return f'<text x="{x + indent:.1f}" y="{y:.1f}" font-size="{size}"{weight} fill="{ink}">{escape(kept)}</text>'


def _rect(
    box: Box, *, radius: float = 0, fill: str = PAPER, stroke: str = INK, width: float = 1.5, dash: str = ""
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}"'
        f' fill="{fill}" stroke="{stroke}" stroke-width="{width}"{dashes}/>'
    )


def _bands(lifecycle: Lifecycle, picture: Picture, plan: Arrangement, top: float, width: float) -> list[str]:
    """Stages as shaded and unshaded bands with their names on the left; the opening has none."""
    drawn: list[str] = []
    bands = [(stage, [picture.layers[state] for state in states]) for stage, states in bands_of(lifecycle) if stage]
    starts = [top + plan.layers[min(layers)][0] - 14 for _, layers in bands]
    ends = [*starts[1:], top + plan.height + 14]
    for number, ((stage, _), start, end) in enumerate(zip(bands, starts, ends, strict=True)):
        if number % 2 == 0:
            drawn.append(f'<rect x="0" y="{start:.1f}" width="{width:.0f}" height="{end - start:.1f}" fill="{SHADE}"/>')
        for place, line in enumerate(wrap(stage, SIDE - 4, 14, bold=True)):
            drawn.append(_text(MARGIN, start + 30 + 18 * place, line, 14, bold=True, ink=SOFT))
    return drawn


def _line(arc: tuple[str, str], moves: Sequence[Move], lines: Sequence[str], route: Route, taken: bool) -> str:
    ends = f'data-from="{_attribute(arc[0])}" data-to="{_attribute(arc[1])}"'
    triggers = " ".join(dict.fromkeys(move.trigger for move in moves))
    tip_x, tip_y = route.runs[-1][1]
    goes_up = route.runs[0][0][1] > tip_y
    stroke = f'stroke="{LINE_INK}" stroke-width="{3 if taken else 1.5}"'
    dash = ' stroke-dasharray="7 4"' if goes_up else ""
    parts = [
        f'<g {ends} data-trigger="{_attribute(triggers)}">',
        f'<path d="{_course(route)}" fill="none" {stroke}{dash}/>',
        _arrow(tip_x, tip_y, -1 if goes_up else 1),
        *_label(lines, route.label),
        "</g>",
    ]
    return "\n".join(parts)


def _label(lines: Sequence[str], where: Box) -> list[str]:
    centred = not lines[0].startswith("•")
    x = where.middle if centred else where.x + 2
    return [_text(x, where.y + LINE * (place + 1) - 2, line, centred=centred) for place, line in enumerate(lines)]


def _course(route: Route) -> str:
    """The path of a line: straight in the rows, curved between them, broken where its label stands."""
    drawn = ""
    last: tuple[float, float] | None = None
    for (x1, y1), (x2, y2) in route.runs:
        if last is None or _is_label_gap(route, last[1], y1):
            drawn += f"M{x1:.1f} {y1:.1f}"
        else:
            middle = (last[1] + y1) / 2
            drawn += f"C{last[0]:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
        drawn += f"L{x2:.1f} {y2:.1f}"
        last = (x2, y2)
    return drawn


def _is_label_gap(route: Route, before: float, after: float) -> bool:
    upper, lower = sorted((before, after))
    return abs(upper - route.label.y) < 0.1 and abs(lower - route.label.bottom) < 0.1


def _arrow(x: float, y: float, down: int) -> str:
    back = y - 9 * down
    return f'<path d="M{x:.1f} {y:.1f}L{x - 5:.1f} {back:.1f}L{x + 5:.1f} {back:.1f}Z" fill="{LINE_INK}"/>'


def _box(card: _Card, box: Box, done: bool, now: bool) -> str:
    if card.state is None:
        dot = f'cx="{box.middle:.1f}" cy="{box.y + 10:.1f}" r="9" fill="{INK}"'
        return f"<circle {dot}><title>The opening</title></circle>"
    state = card.state
    parts = [
        f'<g data-state="{_attribute(state.id)}"><title>{escape(f"{state.label}: {state.meaning}")}</title>',
        *_marker(card.into, Box(box.x, box.y - _marker_height(card.into), box.width, 0), over=True),
        _rect(box, radius=6, width=4 if now else 1.5, dash="6 3" if state.holds else ""),
    ]
    if state.final:
        inner = Box(box.x + 4, box.y + 4, box.width - 8, box.height - 8)
        parts.append(_rect(inner, radius=4, fill="none", width=1))
    y = box.y + PAD + 14
    for place, line in enumerate(card.name):
        parts.append(_text(box.x + PAD, y + 20 * place, line, NAME_SIZE, bold=True))
    y = box.y + PAD + 20 * len(card.name) + 4
    for place, line in enumerate(card.inside):
        parts.append(_text(box.x + PAD, y + LINE * (place + 1) - 3, line, ink=SOFT))
    if now:
        parts += _now(box)
    elif done:
        x, y = box.x + box.width - 26, box.y + 17
        parts.append(f'<path d="M{x:.1f} {y:.1f}l5 6l10 -13" fill="none" stroke="{INK}" stroke-width="3"/>')
    parts += [*_marker(card.back, Box(box.x, box.bottom, box.width, 0), over=False), "</g>"]
    return "\n".join(parts)


def _now(box: Box) -> list[str]:
    tag = Box(box.x + box.width - 50, box.y + 8, 42, 20)
    return [_rect(tag, radius=3, fill=INK), _text(tag.x + 6, tag.y + 15, "now", 14, bold=True, ink=PAPER)]


def _marker(lines: Sequence[str], at: Box, *, over: bool) -> list[str]:
    """A small marker over a box (many ways in) or under it (the way back), with its arrow."""
    if not lines:
        return []
    height = _marker_height(lines) - 12
    body = Box(at.x, at.y if over else at.y + 12, at.width - LANE, height)
    x = at.x + 22
    tip = body.bottom + 12 if over else body.y
    return [
        f'<path d="M{x:.1f} {tip - 12:.1f}L{x:.1f} {tip - 3:.1f}" stroke="{LINE_INK}" stroke-width="1.5"/>',
        _arrow(x, tip, 1),
        _rect(body, radius=10, fill=PAPER, stroke=LINE_INK, width=1, dash="2 2"),
        *(_text(body.x + PAD, body.y + LINE * (place + 1) + 3, line) for place, line in enumerate(lines)),
    ]


def _key(lifecycle: Lifecycle, picture: Picture, top: float, width: float) -> tuple[list[str], float]:
    """What is not drawn: moves from many states by number, what all cases share, and what the borders mean."""
    columns = max(1, int((width - 2 * MARGIN) // KEY_COLUMN))
    column = (width - 2 * MARGIN) / columns
    entries = [_key_words(lifecycle, number, move) for number, move in enumerate(picture.key, start=1)]
    blocks = [wrap(words, column - MARGIN, SMALL_SIZE) for words in entries]
    triggers = [move.trigger for move in picture.key]
    drawn, y = [], top
    if blocks:
        drawn.append(_text(MARGIN, y, "Key: moves that are possible from many states", 14, bold=True))
        found, y = _columns(blocks, triggers, columns, column, y + 10)
        drawn += found
    for words in (_shared_words(lifecycle), _borders_words(lifecycle)):
        y += 12
        for line in wrap(words, width - 2 * MARGIN, SMALL_SIZE):
            y += LINE
            drawn.append(_text(MARGIN, y, line))
    return drawn, y


def _key_words(lifecycle: Lifecycle, number: int, move: Move) -> str:
    leads = "stays" if move.target is None else f"to {name_of(lifecycle, move.target)}"
    return f"{number}. {move.label} ({leads}). From: {states_in_words(lifecycle, move.sources)}."


def _columns(
    blocks: Sequence[Sequence[str]], triggers: Sequence[str], columns: int, wide: float, top: float
) -> tuple[list[str], float]:
    total = sum(len(block) for block in blocks)
    drawn: list[str] = []
    column, used, lowest = 0, 0, top
    for block, trigger in zip(blocks, triggers, strict=True):
        if column < columns - 1 and used >= total / columns:
            column, used = column + 1, 0
        x, y = MARGIN + column * wide, top + used * LINE
        drawn.append(f'<g data-trigger="{_attribute(trigger)}">')
        drawn += [_text(x, y + LINE * (place + 1), line) for place, line in enumerate(block)]
        drawn.append("</g>")
        used += len(block)
        lowest = max(lowest, top + used * LINE)
    return drawn, lowest


def _shared_words(lifecycle: Lifecycle) -> str:
    labels: Mapping[str, str] = {row.trigger: row.label for row in lifecycle.transitions if row.trigger in SHARED}
    if not labels:
        return ""
    return f"As in every lifecycle: {'; '.join(labels[trigger] for trigger in SHARED if trigger in labels)}."


def _borders_words(lifecycle: Lifecycle) -> str:
    words = "A dot lists what can be done in a state without leaving it; an arrow after it names where it leads."
    words += " Double border: an end. Dashed border: where the case came from is remembered."
    words += " Dashed line: a step back. On a case: tick, has been here; thick border and the word now, is here."
    return words
