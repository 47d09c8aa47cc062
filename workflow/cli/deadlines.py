"""The command that says why a date is that date."""

from typing import Annotated

import typer

from workflow.cli.options import AsJson, AsUser, example
from workflow.cli.output import due, emit, say
from workflow.cli.session import opened

app = typer.Typer(name="deadline", help="Why a date is that date.", no_args_is_help=True, rich_markup_mode=None)
app.info.epilog = example("waymark deadline explain PB-12.3")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark deadline explain PB-12.3"))
def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="The deadline, such as PB-12.3.")],
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Proves a due date: what started the clock, which rule it follows, each day that was not counted."""
    from workflow import views

    with opened() as session:
        service, actor = session.service, session.actor(acting_as)
        with service.database.read() as connection:
            row, steps = views.deadline_view(connection, name, actor, session.now, service.engine.calendar)
    if as_json:
        emit({**row, "steps": [{"says": step.says, "day": step.day, "at": step.at} for step in steps]})
        return
    say(f"{row['deadline']} {row['label']}: due {due(row['due_at'])}, {row['status']}.")
    for number, step in enumerate(steps, 1):
        say(f"{number:>3}. {step.says}")
