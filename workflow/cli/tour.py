"""The command that shows a newcomer round the demo: the worklist, a case, who was told what, the cohort figures."""

from typing import Any

import typer

from states.roles import ROLE_LABELS, Role
from workflow.cli import cases, reports
from workflow.cli.options import AsUser, example
from workflow.cli.output import due, heading, say, table, words
from workflow.cli.session import opened

ROWS = 12  # of a list: enough to see what it holds


def register(root: typer.Typer) -> None:
    root.command(epilog=example("waymark tour"))(tour)


def tour(acting_as: AsUser = None) -> None:
    """Shows the worklist, the timeline of one case, who was told what and the cohort report; says how to go on."""
    from workflow import accounts, inboxes
    from workflow.worklists import Filters

    with opened() as session:
        service, actor = session.service, session.actor(acting_as)
        looking = session.looking(actor)
        rows = looking.cases(Filters(), limit=ROWS).rows
        ref = looking.most_eventful()
        view = looking.case(ref) if ref else None
        alerts = looking.latest_alerts(ROWS)
        with service.database.read() as connection:
            people = accounts.list_users(connection) if service.is_demo(connection) else []
            inbox = inboxes.my_messages(connection, actor, ROWS)
        say(f"Worklist of {actor.authority}, the least time left first (waymark case list)")
        cases.print_worklist(rows)
        if view:
            steps = [row for row in view["timeline"] if row["from"] != row["to"]]
            of = f"the {len(steps)} of its {len(view['timeline'])} entries that led it to {view['state_label']}"
            heading(f"The timeline of {ref}: {of} (waymark case show {ref} has all)")
            cases.print_timeline(steps)
        _who_was_told_what(actor.username, alerts, inbox)
        figures = reports.cohort_figures(session, None, None, acting_as)
    heading("The cohort report (waymark report cohort)")
    reports.print_figures(figures)
    if people:
        _accounts(people, actor.authority)
    _go_on(ref or "PB-1")


def _who_was_told_what(username: str, alerts: list[dict[str, Any]], inbox: list[dict[str, Any]]) -> None:
    """The latest alerts and one inbox; where nobody was told anything yet, how to start."""
    heading("Who was told what")
    if not alerts:
        say("Nobody was told anything yet: `waymark work --once` looks at what is due.")
        return
    table(
        ("told at", "deadline", "level", "about", "due", "told"),
        [
            (one["fired"], one["deadline"], one["level"], one["label"], due(one["due"]), ", ".join(one["told"]))
            for one in alerts
        ],
    )
    heading(f"The inbox of {username} (waymark inbox)")
    for one in inbox:
        say(f"  {words(one['queued_at'])}  {_message(one)}")
    if not inbox:
        say("  Empty: the ladders have not come as far as this account.")


def _message(message: dict[str, Any]) -> str:
    params = message["params"]
    if message["template"] == "deadline":
        asks = ", please acknowledge" if params["must_acknowledge"] else ""
        return f"{params['deadline']} (level {params['level']}), due {words(params['due_on'])}{asks}"
    return f"{message['template'].replace('_', ' ')}: {words(params)}"


def _accounts(people: list[dict[str, Any]], authority: str) -> None:
    """One account of each role, and the service managers of the other authorities."""
    heading(f"Some of the {len(people)} accounts of this demo; act as one with --as USERNAME (waymark user list)")
    first: dict[str, dict[str, Any]] = {}
    for row in people:
        first.setdefault(row["role"] if row["authority"] == authority else f"{row['authority']} {row['role']}", row)
    shown = [row for row in first.values() if row["authority"] == authority or row["role"] == Role.SERVICE_MANAGER]
    table(
        ("username", "name", "role", "authority"),
        [(row["username"], row["name"], ROLE_LABELS[Role(row["role"])], row["authority"]) for row in shown],
    )


def _go_on(ref: str) -> None:
    heading("How to go on (in the folder of the project, first: . .venv/bin/activate)")
    for command, does in (
        (f"waymark case moves {ref}", "what can happen next, and why what cannot, cannot"),
        (f"waymark case explain {ref}", "why it stands where it does"),
        (f"waymark deadline explain {ref}.1", "why that date"),
        ("waymark policy decide --help", "try a referral on a policy"),
        ("waymark audit verify", "prove that nobody changed the record"),
        ("waymark --help", "everything else"),
    ):
        say(f"  {command:<38}{does}")
