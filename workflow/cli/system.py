"""Commands that run the system: prepare the database, load the demo caseload, check the promises over all cases."""

from typing import Annotated

import typer

from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, progress, say
from workflow.cli.session import opened, opened_database


def register(root: typer.Typer) -> None:
    root.command(epilog=example("waymark migrate"))(migrate)
    root.command(epilog=example("waymark demo"))(demo)
    root.command(epilog=example("waymark check"))(check)


def migrate() -> None:
    """Creates the database named by WAYMARK_DATABASE_URL, or upgrades it."""
    with opened_database() as database:
        version = database.migrate()
        say(f"{database.url.render_as_string(hide_password=True)} stands at schema {version}.")


def demo(
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing where the demo is loaded already.")] = False,
) -> None:
    """Loads the demo caseload of invented people; refuses on a database that holds anything else."""
    from workflow.demo import load_demo

    with opened_database() as database:
        database.migrate()
    with opened() as session:
        with session.service.database.read() as connection:
            loaded = session.service.is_demo(connection)
        if loaded and if_empty:
            say("The demo caseload is loaded already.")
            return
        with progress() as tell:
            loading = "Loading the demo caseload"
            summary = load_demo(session.service, session.now, lambda done, of: tell(loading, done, of))
    say(f"The demo caseload is loaded: {summary.cases} cases, {summary.moves} moves, {summary.accounts} accounts.")
    say("`waymark tour` shows you round.")


def check(as_json: AsJson = False) -> None:
    """Checks the promises over all cases: somebody answers, a date is running, every row is what its evidence says."""
    from workflow import invariants
    from workflow.errors import EvidenceBroken

    with opened() as session, session.service.database.read() as connection, progress() as tell:
        calendar = session.service.engine.calendar
        broken = invariants.broken_promises(connection, calendar, lambda done: tell("Checking", done, None))
    if as_json:
        emit({"broken": broken})
    else:
        for one in broken:
            say(one)
        if not broken:
            say("Every promise holds.")
    if broken:
        raise EvidenceBroken("one promise is broken" if len(broken) == 1 else f"{len(broken)} promises are broken")
