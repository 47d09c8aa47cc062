"""The command that shows a newcomer round: the worklist, one case and the cohort figures of the demo database."""

from typing import TYPE_CHECKING, Any

import typer

from workflow.cli import cases, reports
from workflow.cli.options import AsUser, example
from workflow.cli.output import heading, say, table
from workflow.cli.session import Session, opened

if TYPE_CHECKING:
    from workflow.accounts import Actor

ROWS = 12


def register(root: typer.Typer) -> None:
    root.command(epilog=example("waymark tour"))(tour)


def tour(acting_as: AsUser = None) -> None:
    """Shows the worklist, the timeline of one case and the cohort report, and says how to go on."""
    from workflow import accounts, views

    with opened() as session:
        service, actor = session.service, session.actor(acting_as)
        with service.database.read() as connection:
            demo = service.is_demo(connection)
            rows = views.worklist(connection, actor, session.now, limit=ROWS)
            ref = views.most_eventful(connection, actor)
            view = ref and views.case_view(connection, ref, actor, session.now, service.engine.calendar)
            people = accounts.list_users(connection) if demo else []
        say(f"Worklist of {actor.authority}, the least time left first (waymark case list)")
        cases.print_worklist(rows)
        if view:
            heading(f"The timeline of {ref}: {view['state_label']} (waymark case show {ref})")
            cases.print_timeline(view["timeline"])
        named = acting_as is not None
        others = sorted({row["authority"] for row in people}) if not named else []
        _figures(session, actor, others or [actor.authority], named=named)
    _go_on(ref, people)


def _figures(session: Session, actor: "Actor", authorities: list[str], *, named: bool) -> None:
    for authority in authorities:
        heading(f"The cohort report of {authority} (waymark report cohort --authority {authority})")
        reports.print_figures(reports.cohort_figures(session, actor, authority, None, named=named))


def _go_on(ref: str | None, people: list[dict[str, Any]]) -> None:
    if people:
        heading("Accounts of this demo; add --as USERNAME to any command to act as one")
        heads = ("username", "name", "role", "team", "authority")
        table(heads, [tuple(row[head] for head in heads) for row in people if row["active"]])
    heading("How to go on")
    name = ref or "PB-1"
    for command, does in (
        (f"waymark case moves {name}", "what can happen next, and why what cannot, cannot"),
        (f"waymark case explain {name}", "why it stands where it does"),
        (f"waymark deadline explain {name}.1", "why that date"),
        ("waymark policy decide --help", "try a referral on a policy"),
        ("waymark audit verify", "prove that nobody changed the record"),
        ("waymark --help", "everything else"),
    ):
        say(f"  {command:<38}{does}")
