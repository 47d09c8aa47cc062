"""What commands print: JSON for programs, tables on a terminal, the same aligned and unwrapped in a file."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import typer

NOTHING = "-"


def emit(data: Any) -> None:
    """Prints a value as JSON: instants in UTC, keys in the order they were put together."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_as_json))


def json_line(data: Any) -> str:
    """A value as one line of JSON."""
    return json.dumps(data, ensure_ascii=False, default=_as_json)


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def words(value: Any) -> str:
    """A value in one line of text: times as clocks in England show them, nothing that could steer a terminal."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{_local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping | list | tuple):
        value = json_line(value)
    return "".join(one if one.isprintable() else " " for one in str(value))


def due(due_at: datetime | None) -> str:
    """A due date: the day where it lasts to the end of one, else the minute."""
    if due_at is None:
        return NOTHING
    local = _local(due_at)
    if (local.hour, local.minute) != (0, 0):
        return words(due_at)
    from scheduler.calendars import add_days

    return add_days(local.date(), -1).isoformat()


def _local(instant: datetime) -> datetime:
    from scheduler.calendars import LONDON

    return instant.astimezone(LONDON)


def say(text: str = "") -> None:
    typer.echo(text)


def heading(text: str) -> None:
    typer.echo(f"\n{text}")


def pairs(rows: Sequence[tuple[str, Any]]) -> None:
    """Names and values, one a line, the values aligned."""
    width = max((len(name) for name, _ in rows), default=0) + 2
    for name, value in rows:
        typer.echo(f"{name + ':':<{width}}{words(value)}")


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table: drawn by rich on a terminal; aligned, one row a line and never wrapped, anywhere else."""
    cells = [[words(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _drawn(heads, cells)
        return
    widths = [max(len(head), *(len(row[place]) for row in cells), 0) for place, head in enumerate(heads)]
    for line in (list(heads), ["-" * width for width in widths], *cells):
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _drawn(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        drawn.add_column(Text(head), overflow="fold")  # on a narrow terminal too, nothing is cut off
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)


Progress = Callable[[str, int, int | None], None]  # a phase, how much of it is done, and of how much where known


@contextmanager
def progress() -> Iterator[Progress]:
    """Shows how far long work has come, on standard error and only where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda phase, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda phase, done, total: bar.update(task, description=phase, completed=done, total=total)
