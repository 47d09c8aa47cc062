"""Commands for evidence: show it, verify it, seal it, hand it out."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Annotated

import typer

from workflow.cli.cases import print_timeline
from workflow.cli.options import AsJson, AsUser, Ref, example
from workflow.cli.output import emit, json_line, progress, say
from workflow.cli.session import opened

app = typer.Typer(
    name="audit", help="Show, verify, seal and export evidence.", no_args_is_help=True, rich_markup_mode=None
)
app.info.epilog = example("waymark audit show PB-12", "waymark audit verify")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark audit show PB-12", "waymark audit show PB-12 --json"))
def show(ref: Ref, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Shows the evidence of one case; with --json every entry whole."""
    from workflow.views import timeline_row

    with opened() as session:
        entries = session.looking(session.actor(acting_as)).evidence(ref)
    if as_json:
        emit(entries)
    else:
        print_timeline([timeline_row(entry) for entry in entries])


@app.command(epilog=example("waymark audit verify", "waymark audit verify --head /mnt/elsewhere/waymark.heads"))
def verify(
    head: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Signed heads kept outside: finds a database put back in time.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recomputes every chain and the sealed log; fails naming the first bad entry. Shows no case content."""
    from workflow import chains, looks, seals

    outside = seals.read_heads(head) if head is not None else []
    with opened() as session, session.service.database.read() as connection, progress() as tell:
        signed = session.service.settings.seal_key is not None
        key = session.service.seal_key().public_key().public_bytes_raw().hex() if signed else None
        verified = chains.verify_chains(connection, lambda done: tell("Verifying", done, None))
        looked = looks.verify_looks(connection)
        sealed = seals.verify_log(connection, outside, key)
    if as_json:
        found = {"entries": verified.entries, "cases": verified.cases, "erased": verified.erased}
        emit({"verified": True, **found, "looks": looked, "sealed": sealed, "heads": len(outside)})
        return
    say(f"{verified.entries} entries and {looked} looks verify; {sealed} are sealed, {verified.erased} were erased.")
    if outside:
        say(f"{len(outside)} signed heads kept outside agree.")


@app.command(epilog=example("waymark audit seal"))
def seal(
    everything: Annotated[
        bool, typer.Option("--everything", help="Look at every entry, not only at those of the last days.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Adds new entries to the sealed log, signs its head and sends the head outside the database."""
    from workflow import seals

    with opened() as session:
        service = session.service
        key, file = service.seal_key(), service.heads_file()
        with service.database.write() as connection:
            head = seals.seal(connection, key, session.now, everything=everything)
        if head is not None and file is not None:
            seals.send_out(head, file)
    if as_json:
        emit(head.to_json() if head else None)
    elif head is None:
        say("Everything is sealed already.")
    else:
        say(f"Sealed up to line {head.position} of the log; the signed head went to {file or 'the log only'}.")


@app.command(epilog=example("waymark audit export > evidence.jsonl", "waymark audit export --to evidence.jsonl"))
def export(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file; standard output if left out.")
    ] = None,
    acting_as: AsUser = None,
) -> None:
    """Writes all evidence the account may read, one JSON object a line."""
    with opened() as session:
        looking = session.looking(session.actor(acting_as))
        with _target(to) as file, progress() as tell:
            for count, entry in enumerate(looking.all_evidence(), 1):
                file.write(json_line(entry) + "\n")
                if count % 500 == 0:
                    tell("Exporting", count, None)


def _target(to: Path | None) -> AbstractContextManager[IO[str]]:
    from workflow.errors import BadInput

    if to is None:
        return nullcontext(sys.stdout)
    try:
        return to.open("x", encoding="utf-8")
    except FileExistsError:
        raise BadInput(f"there is a file {to} already; name a new one") from None
    except OSError as error:
        raise BadInput(f"the file {to} cannot be written: {error.strerror}") from None
