"""The command that corrects: a new entry that supersedes an earlier one, which is kept."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from workflow.cli import cases
from workflow.cli.inputs import given_facts
from workflow.cli.options import AsJson, AsUser, FactPairs, Facts, Key, Ref, Version, example, read_occurred
from workflow.cli.session import opened


class What(StrEnum):
    """What of an entry was wrong."""

    FACTS = "facts"
    OCCURRED_AT = "occurred_at"
    UNDO = "undo"


def register(_: typer.Typer) -> None:
    cases.app.command(
        epilog=example(
            "waymark case correct PB-12 --entry 4 --what facts --why 'scan date misread' --fact edd=2027-03-04",
            "waymark case correct PB-12 --entry 4 --what undo --why 'recorded on the wrong case'",
        )
    )(correct)


def correct(
    ref: Ref,
    *,
    entry: Annotated[int, typer.Option(min=1, help="The number of the entry, as in PB-12#4.")],
    what: Annotated[What, typer.Option(help="What was wrong with it.")],
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it is corrected.")],
    facts: Facts = None,
    fact: FactPairs = None,
    happened: Annotated[
        str | None, typer.Option("--happened", metavar="WHEN", help="When it really happened, for occurred_at.")
    ] = None,
    version: Version = None,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Corrects an earlier entry: its facts, when it happened, or that it happened at all."""
    from workflow.projection import asked_facts
    from workflow.references import read_reference

    given: dict[str, Any] = given_facts(facts, fact, asked_facts(read_reference(ref)[0]))
    given |= {"entry": str(entry), "correction": what.value, "correction_reason": why}
    with opened() as session:
        if happened is not None:
            given["new_occurred_at"] = read_occurred(happened, session.now).isoformat()
        moved = session.fire(
            session.actor(acting_as), trigger="correct", case=ref, facts=given, expected_version=version, key=key
        )
    cases.print_moved(moved, as_json)
