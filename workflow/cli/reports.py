"""Commands that report: the cohort figures of an authority, and the ledger of alerts that came late."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.options import AsJson, AsUser, example, read_day
from workflow.cli.output import due, emit, heading, say, table, words
from workflow.cli.session import Session, clock, opened

if TYPE_CHECKING:
    from workflow.accounts import Actor

KEPT = ("on_time", "late", "total")
CountNow = Annotated[bool, typer.Option("--now", help="Count now; else figures of today may be ten minutes old.")]
app = typer.Typer(name="report", help="Figures about cases.", no_args_is_help=True, rich_markup_mode=None)
app.info.epilog = example("waymark report cohort --authority durham")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark report cohort", "waymark report cohort --authority durham --as-of 2022-07-31"))
def cohort(
    *,
    authority: Annotated[str | None, typer.Option(help="One authority; all you may see, by name, if left out.")] = None,
    as_of: Annotated[
        date | None, typer.Option(metavar="DATE", parser=read_day, help="As things stood at the end of that day.")
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="CODE", help="Of the cases one team had that day.")] = None,
    of_cohort: Annotated[
        str | None, typer.Option("--cohort", metavar="NAME", help="Of one Pause cohort alone.")
    ] = None,
    count_now: CountNow = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Counts the cohorts: needs, plans and proceedings of pre-birth families, women on the Pause programme."""
    with opened() as session:
        figures = cohort_figures(session, authority, as_of, acting_as, count_now=count_now, team=team, cohort=of_cohort)
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


@app.command(
    "under-one",
    epilog=example(
        "waymark report under-one header.csv episodes.csv",
        'waymark report under-one header.csv episodes.csv --published figures.csv --authority "County Durham"',
    ),
)
def under_one(
    header: Annotated[
        Path, typer.Argument(metavar="HEADER", help="The Header table of the looked-after return (CSV).")
    ],
    episodes: Annotated[Path, typer.Argument(metavar="EPISODES", help="The Episodes table of the same return (CSV).")],
    *,
    published: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Published figures (CSV): authority, year, share or starts and under_one."),
    ] = None,
    authority: Annotated[str, typer.Option(metavar="NAME", help="The name of yours in the published table.")] = "",
    year: Annotated[
        str | None, typer.Option(metavar="YEAR", help="Such as 2022/23; the year of the latest start if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Counts the children who started to be looked after in a year and were under one. Reads files and no database."""
    from scheduler.calendars import local_date
    from workflow.under_one import counted

    figures = counted(header, episodes, local_date(clock()), year=year, published=published, authority=authority)
    if as_json:
        emit(figures)
        return
    rows = [{"label": figures["year"], **figures}, *figures["quarters"], *figures["months"]]
    heads = ("when", "started", "under one", "share")
    table(heads, [(one["label"], one["starts"], one["under_one"], _percent(one["share"])) for one in rows])
    if figures["published"]:
        heading(f"Published of {authority}: 1 is the highest share")
        told = [(one["year"], _percent(one["share"]), one["rank"], one["of"]) for one in figures["published"]]
        table(("year", "share", "rank", "of"), told)


def _percent(share: int | None) -> str | None:
    return None if share is None else f"{share}%"


Since = Annotated[
    date | None,
    typer.Option("--since", metavar="DATE", parser=read_day, help="The first day; else 91 before the last."),
]
Until = Annotated[
    date | None, typer.Option("--until", metavar="DATE", parser=read_day, help="The last day; else today.")
]


@app.command(epilog=example("waymark report consistency", "waymark report consistency --since 2026-08-01"))
def consistency(
    since: Since = None,
    until: Until = None,
    count_now: CountNow = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Counts pre-birth practice by team: time in stage, clinics on time, plans agreed by 34+0, reasons for drift."""
    from states.codes import DRIFT_REASONS
    from workflow.consistency import STAGES

    with opened() as session:
        found = session.looking(session.actor(acting_as)).consistency(since, until, again=count_now)
    if as_json:
        emit(found)
        return
    for name, columns in (("clinics", KEPT), ("plans", KEPT), ("stages", STAGES), ("drift", tuple(DRIFT_REASONS))):
        heading(name.capitalize())
        rows = found[name]
        seen = [one for one in columns if any(row[one] != 0 for row in rows)]
        table(("team", *seen), [(row["label"], *(_number(row[one]) for one in seen)) for row in rows])


@app.command(epilog=example("waymark report support", "waymark report support --since 2026-08-01 --until 2026-10-31"))
def support(
    since: Since = None,
    until: Until = None,
    count_now: CountNow = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Counts the support each team gave: sessions given and missed, Hope boxes, things lent."""
    with opened() as session:
        found = session.looking(session.actor(acting_as)).support_given(since, until, again=count_now)
    if as_json:
        emit(found)
        return
    heads = ("given", "missed", "hope_boxes", "lent")
    table(("team", *heads), [(row["label"], *(_number(row[one]) for one in heads)) for row in found["teams"]])


@app.command(epilog=example("waymark report outcomes", "waymark report outcomes --json"))
def outcomes(acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Counts what became of each child, by team; in JSON each child with the dates and codes of the returns."""
    from states.codes import OUTCOMES
    from workflow import child_outcomes

    with opened() as session:
        actor = session.actor(acting_as)
        below = session.looking(actor).below
        with session.service.database.read() as connection:
            counts = child_outcomes.counts(connection, actor.authority, below=below)
        children = session.looking(actor).child_outcomes() if below is None else None
        if below is not None:
            session.looking(actor).report("outcomes of children")
    if as_json:
        emit({"withheld_below": below, "counts": counts, "children": children})
        return
    heads = [row["label"] for row in counts]
    seen = {name: label for name, label in OUTCOMES.items() if any(row[name] != 0 for row in counts)}
    table(("outcome", *heads), [(seen[name], *(_number(row[name]) for row in counts)) for name in seen])


def _number(value: int | None) -> str:
    return "withheld" if value is None else str(value)


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
    session: Session,
    authority: str | None,
    as_of: date | None,
    acting_as: str | None,
    *,
    count_now: bool = False,
    team: str | None = None,
    cohort: str | None = None,
) -> Mapping[str, Any]:
    """The figures of an authority, or by name of each that the account may see: its own, in a demo database all.

    BadInput for a team or a cohort where several authorities are asked for.
    """
    from scheduler.calendars import local_date
    from workflow import kept_figures
    from workflow.cohort_views import view
    from workflow.errors import BadInput
    from workflow.permissions import Permission, check

    actor, sees_all = reader(session, authority, acting_as)
    if count_now:
        check(actor, Permission.READ_EVIDENCE)
    database, day = session.service.database, as_of or local_date(session.now)
    named = kept_figures.authorities(database) if sees_all else [actor.authority]
    if (team or cohort) and authority is None and len(named) > 1:
        raise BadInput("a team or a cohort belongs to one authority: name it with --authority")
    below = session.looking(actor).below
    figures = {
        one: view(
            kept_figures.cohort(database, one, day, session.now, again=count_now),
            team=team,
            cohort=cohort,
            below=below,
        )
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
