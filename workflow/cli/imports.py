"""The command that takes in referrals or a caseload from a file, and writes the templates for them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.options import AsJson, AsUser, example
from workflow.cli.output import emit, progress, say
from workflow.cli.session import opened


class Kind(StrEnum):
    """What a file holds."""

    REFERRALS = "referrals"
    CASELOAD = "caseload"


def register(root: typer.Typer) -> None:
    root.command(
        "import",
        epilog=example(
            "waymark import --template referrals referrals.xlsx",
            "waymark import referrals.xlsx --dry-run",
            "waymark import caseload.csv --authority durham",
        ),
    )(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or XLSX file.")],
    *,
    authority: Annotated[str | None, typer.Option(help="The authority; yours if left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and change nothing.")] = False,
    template: Annotated[
        Kind | None, typer.Option(help="Write an empty file of this kind, with its columns explained, and stop.")
    ] = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Takes in referrals or a running caseload: all rows or none, each bad row named by line, column and reason."""
    from workflow import imports

    if template is not None:
        imports.write_template(template.value, file)
        say(f"{file} is ready to be filled in.")
        return
    with opened() as session, progress() as tell:
        actor = session.actor(acting_as)
        wanted = authority or actor.authority
        report = imports.import_file(session.service, file, actor, wanted, session.now, dry_run=dry_run, progress=tell)
    if as_json:
        emit(report.to_json())
        return
    would = "would be opened" if dry_run else "opened"
    say(f"{report.rows} {report.kind} rows: {report.opened} cases {would}, {report.already_there} were here already.")
    for note in report.notes:
        say(note)
