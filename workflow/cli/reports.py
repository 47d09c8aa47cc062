"""Commands that report: the cohort figures of an authority, and the ledger of alerts that came late."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.options import AsJson, AsUser, example, read_day
from workflow.cli.output import due, emit, heading, say, table, words
from workflow.cli.session import Session, opened

if TYPE_CHECKING:
    from workflow.accounts import Actor

app = typer.Typer(name="report", help="Figures about cases.", no_args_is_help=True, rich_markup_mode=None)
app.info.epilog = example("waymark report cohort --authority durham")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark report cohort", "waymark report cohort --authority durham --as-of 2022-07-31"))
def cohort(
    authority: Annotated[str | None, typer.Option(help="One authority; all you may see, by name, if left out.")] = None,
    as_of: Annotated[
        date | None, typer.Option(metavar="DATE", parser=read_day, help="As things stood at the end of that day.")
    ] = None,
    count_now: Annotated[
        bool, typer.Option("--now", help="Count now; else figures of today may be ten minutes old.")
    ] = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Counts the cohorts: needs, plans and proceedings of pre-birth families, women on the Pause programme."""
    with opened() as session:
        figures = cohort_figures(session, authority, as_of, acting_as, count_now=count_now)
    if as_json:
        emit(figures)
    else:
        print_figures(figures)


@app.command(epilog=example("waymark report late --since 2026-11-01", "waymark report late --since 2026-11-01 --all"))
def late(
    since: Annotated[date, typer.Option(metavar="DATE", parser=read_day, help="Alerts raised on or after that day.")],
    authority: Annotated[str | None, typer.Option(help="One authority; all you may see if left out.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those of deadlines that were recorded late themselves.")
    ] = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Lists every alert that came over 20 minutes late: when it was planned, when it came, why, and who was told."""
    from scheduler.calendars import at_time
    from workflow import told

    with opened() as session:
        actor, sees_all = reader(session, authority, acting_as)
        begins = at_time(since, time())
        if sees_all:
            with session.service.database.read() as connection:
                alerts = told.late_alerts(connection, begins, authority=authority, everything=everything)
        else:
            alerts = session.looking(actor).late_alerts(begins, everything=everything)
    if as_json:
        emit({"since": since, "late": alerts, "by_cause": told.by_cause(alerts)})
    else:
        print_late(alerts, told.by_cause(alerts))


def print_late(alerts: Sequence[Mapping[str, Any]], causes: Mapping[str, int]) -> None:
    if not alerts:
        say("No alert came late.")
        return
    table(
        ("deadline", "level", "due", "planned", "fired", "late by", "cause", "node", "told"),
        [
            (one["deadline"], one["level"], due(one["due"]), one["planned"], one["fired"], one["late"], one["cause"],
             one["node"], ", ".join(one["told"]) or "nobody")
            for one in alerts
        ],
    )  # fmt: skip
    heading(f"{len(alerts)} came late: " + ", ".join(f"{count} by {cause}" for cause, count in causes.items()))


def reader(session: Session, authority: str | None, acting_as: str | None) -> tuple["Actor", bool]:
    """Who asks, and whether they see every authority; NotAllowed where they ask for one that is not theirs.

    A demo database shows all of them to whoever acts as nobody in particular.
    """
    from scheduler.calendars import local_date
    from workflow.errors import NotAllowed

    actor = session.actor(acting_as)
    if authority is not None:
        session.service.policies.current(authority, local_date(session.now))
    with session.service.database.read() as connection:
        sees_all = acting_as is None and session.service.is_demo(connection)
    if authority not in (None, actor.authority) and not sees_all:
        raise NotAllowed(f"{actor.username} works for {actor.authority} and sees no figures of {authority}")
    return actor, sees_all


def cohort_figures(
    session: Session, authority: str | None, as_of: date | None, acting_as: str | None, *, count_now: bool = False
) -> Mapping[str, Any]:
    """The figures of an authority, or by name of each that the account may see: its own, in a demo database all."""
    from scheduler.calendars import local_date
    from workflow import kept_figures
    from workflow.permissions import Permission, check

    actor, sees_all = reader(session, authority, acting_as)
    if count_now:
        check(actor, Permission.READ_EVIDENCE)
    database, day = session.service.database, as_of or local_date(session.now)
    named = kept_figures.authorities(database) if sees_all else [actor.authority]
    figures = {
        one: kept_figures.cohort(database, one, day, session.now, again=count_now)
        for one in ([authority] if authority else named)
    }
    session.looking(actor).report("cohort")
    return figures[authority] if authority else figures


def print_figures(figures: Mapping[str, Any], depth: int = 0) -> None:
    """Figures in words, a group under its name."""
    for name, value in figures.items():
        label = "  " * depth + name.replace("_", " ")
        if isinstance(value, Mapping):
            (say if depth else heading)(label if depth else label.capitalize())
            print_figures(value, depth + 1)
        elif isinstance(value, list):
            for one in value:
                _print_one(label.removesuffix("s"), one, depth)
            if not value:
                say(f"{label + ':':<44}none")
        else:
            say(f"{label + ':':<44}{words(value)}")


def _print_one(label: str, one: Any, depth: int) -> None:
    if isinstance(one, Mapping):
        say(f"{label}: {words(one.get('name'))}")
        print_figures({name: value for name, value in one.items() if name != "name"}, depth + 2)
    else:
        say(f"{label}: {words(one)}")
