"""Commands that run the system: prepare the database, load the demo caseload, check the promises over all cases."""

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, progress, say
from workflow.cli.session import Session, opened, opened_database

if TYPE_CHECKING:
    from sqlalchemy import Connection


def register(root: typer.Typer) -> None:
    root.command(epilog=example("waymark migrate"))(migrate)
    root.command(epilog=example("waymark demo"))(demo)
    root.command(epilog=example("waymark check", "waymark check --quick", "waymark check --heartbeat"))(check)


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


def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Only what a few queries can tell, not a full replay.")
    ] = False,
    heartbeat: Annotated[
        bool, typer.Option("--heartbeat", help="Only whether the deadlines were swept in the last ten minutes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Checks the promises over all cases: somebody answers, a date runs, nobody goes untold, evidence adds up.

    Exits 1 with a line for each promise that is broken; with --heartbeat it is what a monitor calls every minute.
    """
    from workflow.errors import EvidenceBroken
    from workflow.job_log import silence

    with opened() as session, session.service.database.read() as connection:
        if heartbeat:
            says = silence(connection, session.now)
            broken = [says] if says else []
        else:
            broken = broken_promises(session, connection, quick)
    if as_json:
        emit({"broken": broken})
    else:
        for one in broken:
            say(one)
        if not broken:
            say("The deadlines are being swept." if heartbeat else "Every promise holds.")
    if broken:
        raise EvidenceBroken("one promise is broken" if len(broken) == 1 else f"{len(broken)} promises are broken")


def broken_promises(session: Session, connection: "Connection", quick: bool) -> list[str]:
    """The light check first, then unless `quick` the full replay; each sentence once."""
    from workflow import invariants

    broken = invariants.light_check(connection, session.now)
    if not quick:
        with progress() as tell:
            calendar = session.service.engine.calendar
            broken += invariants.broken_promises(connection, calendar, lambda done: tell("Checking", done, None))
    return list(dict.fromkeys(broken))
