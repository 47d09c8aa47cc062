"""The command that plays a scenario on a virtual clock: states, deadlines, alerts and who was told."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, heading, pairs, say, table, words

if TYPE_CHECKING:
    from workflow.simulation.course import Run

TOLD_SHORTLY = 48  # characters of a clock's label in a table


def register(root: typer.Typer) -> None:
    examples = ("docs/scenarios/pause.toml", "docs/scenarios/ladder-court.toml --svg timeline.svg")
    root.command(epilog=example(*(f"waymark simulate {one}" for one in examples)))(simulate)


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario (docs/scenarios has some).")],
    as_json: AsJson = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the timeline as a picture.")] = None,
) -> None:
    """Plays a scenario against the real engine and scheduler, in a database that is thrown away afterwards."""
    from workflow.errors import WaymarkError

    run = _played(scenario)
    if svg is not None:
        _draw(run, svg)
    if as_json:
        emit(run.as_json())
    else:
        _print(run)
    if run.unmet:
        raise WaymarkError(run.unmet)
    if not as_json and run.expectations:
        say(f"\nAll {run.expectations} expectations hold.")


def _played(file: Path) -> "Run":
    import tempfile

    from workflow.bootstrap import checked_policies
    from workflow.simulation.scenario import load_scenario
    from workflow.simulation.simulator import simulate as play
    from workflow.simulation.simulator import throw_away

    told = load_scenario(file)
    with tempfile.TemporaryDirectory(prefix="waymark-simulate-") as folder:
        database = throw_away(f"{folder}/waymark.db")
        try:
            latest = {authority: versions[-1] for authority, versions in checked_policies().items()}
            return play(told, database, latest)
        finally:
            database.close()


def _draw(run: "Run", file: Path) -> None:
    from workflow.errors import BadInput
    from workflow.simulation.timeline import as_svg

    try:
        file.write_text(as_svg(run), encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput(
            f"{file}: the picture cannot be written ({(error.strerror or 'no reason given').lower()})"
        ) from None


def _print(run: "Run") -> None:
    say(run.scenario.title)
    say(run.scenario.shows)
    heading("What happened")
    many = len(run.cases) > 1
    heads = ("when", *(("case",) if many else ()), "what", "how")
    table(heads, [(one.at, *((one.case,) if many else ()), one.kind, one.says) for one in run.course])
    for case in run.cases.values():
        heading(f"{case.name} ({case.ref}, {case.lifecycle.label.lower()})")
        pairs([(band.label, _stood(band.since, band.until)) for band in case.bands])
        if case.background:
            say(
                f"In the background: what it was due and {len(case.alerts)} alerts about it are not shown (see --json)."
            )
            continue
        say()
        table(("deadline", "what", "due", "became", "told"), [_deadline(row, case.alerts) for row in case.deadlines])


def _stood(since: Any, until: Any) -> str:
    return f"{words(since)} to {words(until)}" if until else f"since {words(since)}"


def _deadline(row: dict[str, Any], alerts: list[dict[str, Any]]) -> tuple[Any, ...]:
    levels = [one["level"] for one in alerts if one["deadline"] == row["deadline"]]
    return row["deadline"], row["label"][:TOLD_SHORTLY], row["due_on"], row["outcome"], " ".join(levels)
