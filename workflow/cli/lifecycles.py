"""Commands that show a lifecycle and prove it sound. They need neither account nor database."""

from enum import StrEnum
from typing import Annotated

import typer

from workflow.cli.cases import known_lifecycle
from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, say, table

app = typer.Typer(name="lifecycle", help="Show and check lifecycles.", no_args_is_help=True, rich_markup_mode=None)
app.info.epilog = example("waymark lifecycle show prebirth", "waymark lifecycle check")


class Format(StrEnum):
    """How a lifecycle is shown."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"
    SVG = "svg"


def register(root: typer.Typer) -> None:
    root.add_typer(app)


def _names() -> list[str]:
    from states.catalogue import LIFECYCLES

    return list(LIFECYCLES)


@app.command(epilog=example("waymark lifecycle show prebirth", "waymark lifecycle show pause --format svg > pause.svg"))
def show(
    name: Annotated[str, typer.Argument(help="The lifecycle, such as prebirth.", autocompletion=_names)],
    form: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TABLE,
    as_json: AsJson = False,
) -> None:
    """Shows a lifecycle: every move, who may make it, what it asks for and on what basis."""
    from states import diagrams

    lifecycle = known_lifecycle(name)
    if as_json or form is Format.JSON:
        emit(diagrams.as_json(lifecycle))
    elif form is Format.MERMAID:
        say(diagrams.as_mermaid(lifecycle).rstrip("\n"))
    elif form is Format.SVG:
        say(diagrams.as_svg(lifecycle).rstrip("\n"))
    else:
        _print_moves(diagrams.as_table(lifecycle))


def _print_moves(rows: list[dict[str, str]]) -> None:
    """A block of lines for each move: its texts are too long for columns."""
    names = {"from": "from", "to": "to", "who": "who may", "facts": "asks for", "refused_when": "refused where"}
    names |= {"approval": "approval", "basis": "basis"}
    for row in rows:
        say(f"{row['trigger']}: {row['move']}")
        for key, label in names.items():
            if row[key]:
                say(f"    {label + ':':<15}{row[key]}")


@app.command(epilog=example("waymark lifecycle check"))
def check(as_json: AsJson = False) -> None:
    """Proves every lifecycle: each state can be reached, can end and has a time limit; each move can be told apart."""
    from states.catalogue import LIFECYCLES
    from states.checks import checked

    rows = []
    for lifecycle in LIFECYCLES.values():
        checked(lifecycle)
        counts = (len(lifecycle.states), len(lifecycle.triggers), len(lifecycle.clocks))
        rows.append((lifecycle.id, lifecycle.version, *counts))
    heads = ("lifecycle", "version", "states", "moves", "clocks")
    if as_json:
        emit([dict(zip(heads, row, strict=True)) for row in rows])
        return
    table(heads, rows)
    say("In each, every state can be reached, can come to an end and has a time limit.")
