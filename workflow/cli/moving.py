"""Commands for a database as a whole: moved to PostgreSQL, and a verified copy of a SQLite one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, heading, progress, say, table
from workflow.cli.session import opened

if TYPE_CHECKING:
    from workflow.database import Database


def register(root: typer.Typer) -> None:
    root.command("move-to", epilog=example("waymark move-to postgresql://waymark@host/waymark"))(move_to)
    root.command(epilog=example("waymark backup /mnt/elsewhere/waymark-2026-11-29.db"))(backup)


def move_to(
    target: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            envvar="WAYMARK_MOVE_TO",
            show_envvar=True,
            help="An empty PostgreSQL database. In the environment a password is seen by nobody else.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Moves everything from the SQLite database of WAYMARK_DATABASE_URL to a PostgreSQL one: all of it, or nothing.

    Stop every node and server first. All evidence is verified before and after, every row compared; the old database
    can be read afterwards, and takes no more work.
    """
    from dataclasses import asdict

    from workflow.moving import move

    there = _database_at(target)
    with opened() as session, progress() as tell:
        try:
            moved = move(session.service, there, session.now, tell)
        finally:
            there.close()
        heads = session.service.heads_file()
    if as_json:
        emit(asdict(moved))
        return
    table(("table", "rows here", "rows there"), [(name, rows, rows) for name, rows in moved.rows.items() if rows])
    heading("The evidence, on both sides the same:")
    found = asdict(moved.evidence)
    table(("", "here", "there"), [(name.replace("_", " "), value, value) for name, value in found.items()])
    say(f"\nEverything was moved to {moved.target}. Set WAYMARK_DATABASE_URL to that address now.")
    if heads is not None:
        say(f"Signed heads stand in {heads}: set WAYMARK_HEADS_FILE to it, or to where you take it.")


def _database_at(url: str) -> "Database":
    """The database to move to, not asked anything yet."""
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from workflow.database import Database
    from workflow.errors import BadInput, NotReady

    try:
        return Database(url)
    except (ArgumentError, NoSuchModuleError):
        raise BadInput("the address to move to is none of a database, such as postgresql://host/waymark") from None
    except ModuleNotFoundError as error:
        raise NotReady(f"the driver {error.name} is missing: install waymark with its extra `postgres`") from None


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    as_json: AsJson = False,
) -> None:
    """Copies the SQLite database into a new file while it is at work, and verifies the evidence of the copy.

    A PostgreSQL database has better ways of its own: see docs/operating.md.
    """
    from dataclasses import asdict

    from workflow.backups import back_up

    with opened() as session, progress() as tell:
        made = back_up(session.service, file, tell)
    if as_json:
        emit(asdict(made))
        return
    say(f"{file} holds a copy: {made.entries} entries and {made.looks} looks verify; {made.sealed} are sealed.")
    say("Keep the file of signed heads with it, and the keys apart from it.")
