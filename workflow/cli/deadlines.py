"""Commands about one deadline: why it is that date, answers to its alerts, and what its clock may do."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.options import AsJson, AsUser, Key, example, read_day
from workflow.cli.output import due, emit, say
from workflow.cli.session import opened

if TYPE_CHECKING:
    from config.limits import Term
    from workflow.moves import Moved

app = typer.Typer(
    name="deadline",
    help="Why a date is that date, and what to do about it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.info.epilog = example("waymark deadline explain PB-12.3")
Name = Annotated[str, typer.Argument(metavar="ID", help="The deadline, such as PB-12.3.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark deadline explain PB-12.3"))
def explain(
    name: Name,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Proves a due date: what started the clock, which rule it follows, each day that was not counted."""
    with opened() as session:
        row, steps = session.looking(session.actor(acting_as)).deadline(name)
    if as_json:
        emit({**row, "steps": [{"says": step.says, "day": step.day, "at": step.at} for step in steps]})
        return
    say(f"{row['deadline']} {row['label']}: due {due(row['due_at'])}, {row['status']}.")
    for number, step in enumerate(steps, 1):
        say(f"{number:>3}. {step.says}")


@app.command(epilog=example("waymark deadline acknowledge PB-12.3 --promised 2026-12-04 --reason 'visit booked'"))
def acknowledge(
    name: Name,
    *,
    promised: Annotated[
        date, typer.Option("--promised", metavar="DATE", parser=read_day, help="The day by which it will be done.")
    ],
    reason: Reason,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Answers the alerts of a deadline with a promised day; its due date stays, and it is quiet until then."""
    from workflow import answers

    do(answers.acknowledge, name, key, acting_as, as_json=as_json, promised_on=promised, reason=reason)


@app.command(epilog=example("waymark deadline snooze PB-12.3 --until 2026-11-27 --reason 'manager back on Friday'"))
def snooze(
    name: Name,
    *,
    until: Annotated[
        date, typer.Option("--until", metavar="DATE", parser=read_day, help="Quiet to the end of this day.")
    ],
    reason: Reason,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Quiets a deadline for up to two working days, without a promise."""
    from workflow import answers

    do(answers.snooze, name, key, acting_as, as_json=as_json, until=until, reason=reason)


@app.command(epilog=example("waymark deadline pause PA-7.4 --reason 'on hold: in hospital'"))
def pause(name: Name, *, reason: Reason, key: Key = None, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Stops the clock of a deadline, where its limit allows it."""
    from workflow import clock_actions

    do(clock_actions.pause, name, key, acting_as, as_json=as_json, reason=reason)


@app.command(epilog=example("waymark deadline resume PA-7.4 --reason 'home again'"))
def resume(name: Name, *, reason: Reason, key: Key = None, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Starts a paused clock again; the time it stood still does not count."""
    from workflow import clock_actions

    do(clock_actions.resume, name, key, acting_as, as_json=as_json, reason=reason)


@app.command(
    epilog=example(
        "waymark deadline extend PA-7.4 --to 2027-02-01 --reason 'agreed at the hold review'",
        "waymark deadline extend PA-7.4 --by '5 working_days' --reason 'agreed in supervision'",
        "waymark deadline extend CA-9.1 --to 2027-06-30 --ordered 2027-03-02 --reason 'expert report awaited'",
    )
)
def extend(
    name: Name,
    *,
    to: Annotated[date | None, typer.Option("--to", metavar="DATE", parser=read_day, help="The new due date.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="AMOUNT", help="Or by how much: '5 working_days', '2 weeks'.")
    ] = None,
    ordered: Annotated[
        date | None, typer.Option("--ordered", metavar="DATE", parser=read_day, help="The date of the court's order.")
    ] = None,
    reason: Reason,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Gives a deadline a later date, where its limit lets a manager or the court decide that."""
    from workflow import clock_actions

    given = {"reason": reason, "due_on": to, "ordered_on": ordered}
    amount = read_amount(by) if by is not None else None
    do(clock_actions.extend, name, key, acting_as, as_json=as_json, amount=amount, **given)


def read_amount(text: str) -> "Term":
    """An amount as typed, such as '5 working_days'; bad usage where it is none."""
    from pydantic import ValidationError

    from config.limits import Term

    number, _, unit = text.strip().partition(" ")
    try:
        return Term.model_validate({"amount": int(number), "unit": unit.strip().replace(" ", "_")})
    except (ValueError, ValidationError):
        raise typer.BadParameter(
            f"{text[:40]!r} is not an amount such as '5 working_days'", param_hint="--by"
        ) from None


def do(
    act: Callable[..., "Moved"], name: str, key: str | None, acting_as: str | None, *, as_json: bool, **given: Any
) -> None:
    """Does something to a deadline; says how it stands then, and which entry says why."""
    with opened() as session:
        actor = session.actor(acting_as)
        moved = act(session.service.engine, actor, session.now, deadline=name, way=session.way(key), **given)
        row, _ = session.looking(actor).deadline(name)
    said: dict[str, Any] = {**row, "entry": f"{moved.case}#{moved.entry}"}
    if as_json:
        emit(said)
    else:
        say(f"{row['deadline']} {row['label']}: due {due(row['due_at'])}, {row['status']} (entry {said['entry']}).")
