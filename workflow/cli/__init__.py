"""The command `waymark`: reads words and files, calls the service, and turns what went wrong into an exit code."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from workflow.cli import (
    calendars,
    cases,
    corrections,
    deadlines,
    evidence,
    explanations,
    imports,
    inboxes,
    lifecycles,
    moving,
    nodes,
    people,
    policies,
    reports,
    simulations,
    system,
    tour,
)
from workflow.cli.options import example

app = typer.Typer(
    name="waymark",
    epilog=example("waymark case list", "waymark case moves PB-12", "waymark case advance --help"),
    rich_markup_mode=None,  # plain help starts in a third of the time
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
for _part in (
    system,
    nodes,
    moving,
    imports,
    tour,
    cases,
    corrections,
    explanations,
    deadlines,
    inboxes,
    policies,
    lifecycles,
    calendars,
):
    _part.register(app)
for _part in (reports, evidence, people, simulations):
    _part.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"waymark {version('waymark')}")
        raise typer.Exit


@app.callback()
def waymark(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Waymark: case lifecycles, time limits and evidence for pre-birth work and the Pause programme."""


def run(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process: 0 done, 1 refused or failed, 2 bad usage, 130 interrupted."""
    try:
        app(args=argv, prog_name="waymark")
    except Exception as error:  # the one place where an error becomes a sentence and an exit code
        typer.echo(f"waymark: {sentence(error)}", err=True)
    sys.exit(1)


def sentence(error: Exception) -> str:
    """What to tell the person who asked; each of several problems on a line of its own."""
    from workflow.errors import BadInput, MoveRefused, WaymarkError

    if isinstance(error, BadInput) and error.problems:
        return listed(str(error).removesuffix(f": {'; '.join(error.problems)}."), error.problems)
    if isinstance(error, MoveRefused) and len(error.unmet) > 1:
        unmet = [one.says for one in error.unmet]
        before, after = str(error).split("; ".join(unmet))
        return "\n".join([listed(before.rstrip(" :"), unmet), *([after.strip(" .") + "."] if error.who else [])])
    if isinstance(error, WaymarkError) or is_a(error, "states.checks", "LifecycleError"):
        return str(error)
    if is_a(error, "config.criteria", "PolicyError"):
        problems = getattr(error, "problems", ())
        return listed("this policy cannot be used", problems) if len(problems) > 1 else str(error)
    log(error)
    return f"this failed in a way nobody foresaw ({type(error).__name__}); the log line above says where"


def listed(head: str, problems: Sequence[str]) -> str:
    return "\n".join([f"{head}:", *(f"  - {one}" for one in problems)])


def is_a(error: Exception, module: str, name: str) -> bool:
    """Whether it is that error, without importing a module that takes longer than the command did."""
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))


def log(error: Exception) -> None:
    """Kind and place of an error, never its text or a local variable: those may hold a child's data."""
    import traceback

    import structlog

    from config.logs import set_up_logs

    set_up_logs()
    frames = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)[-8:]]
    structlog.get_logger("waymark.cli").error("command_failed", error=type(error).__name__, at=frames)
