"""Commands that show what one was told, and what still waits for an answer."""

from typing import Annotated

import typer

from workflow.cli.options import AsJson, AsUser, example
from workflow.cli.output import due, emit, say, table
from workflow.cli.session import opened

alerts = typer.Typer(name="alerts", help="Alerts raised on deadlines.", no_args_is_help=True, rich_markup_mode=None)
alerts.info.epilog = example("waymark alerts list")
Most = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most.")]


def register(root: typer.Typer) -> None:
    root.add_typer(alerts)
    root.command(epilog=example("waymark inbox", "waymark inbox --read PB-12.3/1/R0/ann.example/inbox"))(inbox)


def inbox(
    read: Annotated[str | None, typer.Option(metavar="KEY", help="Mark this message as read.")] = None,
    limit: Most = 50,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Shows your messages, unread first."""
    from workflow import inboxes

    with opened() as session:
        database, actor = session.service.database, session.actor(acting_as)
        if read is not None:
            with database.write() as connection:
                inboxes.mark_read(connection, actor, read, session.now)
        with database.read() as connection:
            rows = inboxes.my_messages(connection, actor, limit)
    if as_json:
        emit(rows)
    elif not rows:
        say("There are no messages.")
    else:
        heads = ("at", "read", "about", "level", "key")
        cells = [(row["queued_at"], row["read_at"], about(row["params"]), row["params"].get("level")) for row in rows]
        table(heads, [(*cell, row["key"]) for cell, row in zip(cells, rows, strict=True)])


def about(params: dict[str, object]) -> object:
    return params.get("deadline") or params.get("entry") or params.get("case")


@alerts.command("list", epilog=example("waymark alerts list", "waymark alerts list --json"))
def list_alerts(limit: Most = 200, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Lists alerts that nobody has answered yet, the oldest first, with who was told."""
    with opened() as session:
        rows = session.looking(session.actor(acting_as)).open_alerts(limit)
    if as_json:
        emit(rows)
    elif not rows:
        say("No alert is waiting for an answer.")
    else:
        heads = ("raised", "deadline", "what", "level", "due", "told", "nobody for")
        table(
            heads,
            [
                (
                    row["raised_at"],
                    row["deadline"],
                    row["label"],
                    row["level"],
                    due(row["due_at"]),
                    ", ".join(row["told"]),
                    ", ".join(row["nobody_for"]),
                )
                for row in rows
            ],
        )
