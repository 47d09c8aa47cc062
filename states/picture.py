"""What the picture of a lifecycle shows as a line, as a marker at a box, inside a box, or in the key beneath."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from states.layout import layers_of
from states.lifecycle import NEW, Lifecycle, Transition

SHARED = ("request_approval", "decide_approval", "change_worker", "correct", "migrate_in")  # states.common
MANY = 4  # a move from this many states is drawn once, from a marker
LONGEST_LINE = 2  # a line over more layers than this is named at both its ends instead
LONGEST_WAY_BACK = 1


@dataclass(frozen=True, slots=True)
class Move:
    """What a person can choose to do, from which states, and where it leads (None: the state does not change)."""

    trigger: str
    label: str
    sources: tuple[str, ...]
    target: str | None


@dataclass(slots=True)
class Shown:
    """What stands in and at the box of one state."""

    inside: list[Move] = field(default_factory=list)  # moves that stay, and moves to a box too far away to draw
    into: list[Move] = field(default_factory=list)  # drawn once, from a marker
    back: list[Move] = field(default_factory=list)  # to the state that was left
    numbers: list[int] = field(default_factory=list)  # of the key


@dataclass(slots=True)
class Picture:
    """A lifecycle sorted into what is drawn how."""

    layers: dict[str, int]
    lines: dict[tuple[str, str], list[Move]]
    shown: dict[str, Shown]
    key: list[Move]


def own_rows(lifecycle: Lifecycle) -> list[Transition]:
    """The rows of this lifecycle without those that all lifecycles share."""
    return [row for row in lifecycle.transitions if row.trigger not in SHARED]


def is_way_back(row: Transition) -> bool:
    return row.when is not None and row.when[0] == "return_state"


def moves_of(lifecycle: Lifecycle) -> list[Move]:
    """The moves with what differs only in its facts or guards taken together, ways back left out."""
    found: dict[tuple[str, str, str | None], list[str]] = {}
    for row in own_rows(lifecycle):
        if is_way_back(row):
            continue
        for source in row.sources:
            target = lifecycle.target(row, source)
            sources = found.setdefault((row.trigger, row.label, None if target == source else target), [])
            if source not in sources:
                sources.append(source)
    order = {state.id: place for place, state in enumerate(lifecycle.states)} | {NEW: -1}
    return [
        Move(trigger, label, tuple(sorted(sources, key=order.__getitem__)), target)
        for (trigger, label, target), sources in found.items()
    ]


def bands_of(lifecycle: Lifecycle) -> list[tuple[str, tuple[str, ...]]]:
    """The stages in their order, each with its states; the opening stands above them."""
    stages = [
        (stage, tuple(state.id for state in lifecycle.states if state.stage == stage)) for stage in lifecycle.stages
    ]
    return [("", (NEW,)), *((stage, states) for stage, states in stages if states)]


def picture_of(lifecycle: Lifecycle) -> Picture:
    moves = moves_of(lifecycle)
    layers = layers_of([states for _, states in bands_of(lifecycle)], _road(lifecycle, moves))
    picture = Picture(layers, {}, {name: Shown() for name in layers}, [])
    for move in moves:
        if len(move.sources) >= MANY:
            _show_many(picture, move)
        elif move.target is None:
            for source in move.sources:
                picture.shown[source].inside.append(move)
        else:
            _show_few(picture, move, move.target)
    for move in picture.key:
        _draw_main_line(lifecycle, picture, move)
    _show_ways_back(lifecycle, picture)
    return picture


def _road(lifecycle: Lifecycle, moves: Sequence[Move]) -> list[tuple[str, str]]:
    """The arcs that push a state further down; what holds a case or takes in many ends stands beside the road."""
    return [
        (source, move.target)
        for move in moves
        if move.target is not None and (len(move.sources) < MANY or _is_on_the_road(lifecycle, move.target))
        for source in move.sources
    ]


def _is_on_the_road(lifecycle: Lifecycle, name: str) -> bool:
    state = lifecycle.state_by_id[name]
    return not state.holds and not state.final


def _show_many(picture: Picture, move: Move) -> None:
    picture.key.append(move)
    for source in move.sources:
        picture.shown[source].numbers.append(len(picture.key))
    if move.target is not None:
        picture.shown[move.target].into.append(move)


def _show_few(picture: Picture, move: Move, target: str) -> None:
    far = []
    for source in move.sources:
        span = picture.layers[target] - picture.layers[source]
        if -LONGEST_WAY_BACK <= span <= LONGEST_LINE:
            picture.lines.setdefault((source, target), []).append(move)
        else:
            far.append(source)
            picture.shown[source].inside.append(move)
    if far:
        picture.shown[target].into.append(Move(move.trigger, move.label, tuple(far), target))


def _draw_main_line(lifecycle: Lifecycle, picture: Picture, move: Move) -> None:
    """A box that would hang in the air gets a line from the nearest state above it."""
    if move.target is None or not _is_on_the_road(lifecycle, move.target):
        return
    below = picture.layers[move.target]
    if any(target == move.target and picture.layers[source] < below for source, target in picture.lines):
        return
    above = [name for name in move.sources if below - LONGEST_LINE <= picture.layers[name] < below]
    if above:
        nearest = max(above, key=picture.layers.__getitem__)
        picture.lines[nearest, move.target] = [move]


def _show_ways_back(lifecycle: Lifecycle, picture: Picture) -> None:
    for row in own_rows(lifecycle):
        if not is_way_back(row):
            continue
        for source in row.sources:
            back = picture.shown[source].back
            if all(move.trigger != row.trigger for move in back):
                back.append(Move(row.trigger, row.label, (source,), None))


def name_of(lifecycle: Lifecycle, state: str) -> str:
    return "the opening" if state == NEW else lifecycle.state_by_id[state].label


def states_in_words(lifecycle: Lifecycle, states: Sequence[str]) -> str:
    """The states as a person would say them: any open state, any but one, or their names."""
    waiting = [state.id for state in lifecycle.states if not state.final]
    missing = [state for state in waiting if state not in states]
    if set(states) == {state.id for state in lifecycle.states}:
        return "any state"
    if len(states) > 2 and set(states) == set(waiting):
        return "any open state"
    if len(states) > MANY and set(states) < set(waiting) and len(missing) <= 2:
        return f"any open state but {' and '.join(name_of(lifecycle, state) for state in missing)}"
    return ", ".join(name_of(lifecycle, state) for state in states)


def marker_words(lifecycle: Lifecycle, states: Sequence[str]) -> str:
    """Where a marker stands for: short, since the key has the names."""
    words = states_in_words(lifecycle, states)
    return words if len(states) <= MANY or words.startswith("any ") else f"any of {len(states)} states"
