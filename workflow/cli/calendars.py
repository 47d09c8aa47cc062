"""Date sums, which need neither account nor database; and changes to the bank holidays, which need both."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.cli.options import AsJson, AsUser, example, read_day
from workflow.cli.output import emit, say

if TYPE_CHECKING:
    from scheduler.calendars import WorkingCalendar

app = typer.Typer(
    name="calendar", help="Date sums, and changes to the bank holidays.", no_args_is_help=True, rich_markup_mode=None
)
app.info.epilog = example("waymark calendar add 2026-12-23 3", "waymark calendar gestation 2027-03-01 2026-11-23")
Day = Annotated[date, typer.Argument(metavar="DATE", parser=read_day, help="A date, such as 2026-11-23.")]
MOST = 100_000


class Unit(StrEnum):
    """What is counted."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(
    epilog=example(
        "waymark calendar add 2026-12-23 3",
        "waymark calendar add 2026-11-30 6 --unit months",
        "waymark calendar add 2026-12-29 -5",
    ),
    context_settings={"ignore_unknown_options": True},  # so that -5 is a number
)
def add(
    day: Day,
    number: Annotated[int, typer.Argument(metavar="N", min=-MOST, max=MOST, help="How many; negative to count back.")],
    unit: Annotated[Unit, typer.Option(help="What to count.")] = Unit.WORKING_DAYS,
    as_json: AsJson = False,
) -> None:
    """Adds working days, days, weeks or months to a date; working days are England's."""
    from workflow.date_sums import Unit as Counted
    from workflow.date_sums import sum_of

    calendar = _calendar()
    said = sum_of(day, number, Counted(unit.value), calendar)
    if as_json:
        emit(said)
        return
    say(f"{said['date'].isoformat()} ({said['in_words']})")
    for one in said["not_counted"]:
        say(f"  not counted: {one['date']} {one['why']}")
    if not said["verified"]:
        say(f"  bank holidays after {calendar.verified_to} are computed and may change")


def _calendar() -> "WorkingCalendar":
    """England's working days as the policies shipped have them."""
    from config.policy import load_policies
    from workflow.bootstrap import england

    return england(load_policies()["statutory"])


@app.command(epilog=example("waymark calendar gestation 2027-03-01 2026-11-23"))
def gestation(
    edd: Annotated[date, typer.Argument(metavar="EDD", parser=read_day, help="The expected date of birth.")],
    day: Day,
    as_json: AsJson = False,
) -> None:
    """Tells how far a pregnancy is on a day, as completed weeks+days."""
    from workflow import date_sums

    said = date_sums.gestation(edd, day)
    if as_json:
        emit(said)
    else:
        say(f"{said['gestation']} ({said['days']} days)")


class Change(StrEnum):
    """What becomes of a day."""

    ADD = "add"
    REMOVE = "remove"


@app.command(
    epilog=example(
        "waymark calendar override 2027-05-07 add --reason 'royal proclamation of 2 February 2027' --dry-run",
        "waymark calendar override 2027-05-07 add --reason 'royal proclamation of 2 February 2027' --apply",
    )
)
def override(
    day: Day,
    change: Annotated[Change, typer.Argument(metavar="add|remove", help="Make it a day off, or a working day.")],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is shown wherever the day is skipped.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the open deadlines it would move.")] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Move those deadlines too; else they keep their dates.")
    ] = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Adds or takes away a bank holiday, and shows the open deadlines that moves."""
    from workflow import calendar_changes
    from workflow.cli.cases import print_re_dated
    from workflow.cli.session import opened

    with opened() as session:
        engine, actor, now = session.service.engine, session.actor(acting_as), session.now
        if dry_run:
            tried = calendar_changes.with_change(engine.calendar, day, change.value, reason)
            rows = calendar_changes.preview(engine, actor, now, on=day, calendar=tried)
        else:
            calendar_changes.record_change(
                engine, actor, now, on=day, action=change.value, reason=reason, way=session.way()
            )
            look = calendar_changes.apply_change if apply else calendar_changes.preview
            rows = look(engine, actor, now, on=day)
    print_re_dated(rows, as_json)
