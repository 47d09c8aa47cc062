"""Every scenario shipped holds: journeys, ladders and traps played on the real engine and sweep."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from journeys.parents import all_is_proved
from sqlalchemy import select

from states.catalogue import LIFECYCLES
from workflow.cli import run as run_command
from workflow.database import Database
from workflow.errors import BadInput
from workflow.models import EntryKind
from workflow.repository import ENTRIES
from workflow.simulation.course import Run
from workflow.simulation.scenario import Expected, Scenario, load_scenario, read_scenario
from workflow.simulation.simulator import Simulator, hurry, simulate
from workflow.simulation.timeline import as_svg

from factories import POLICIES

FOLDER = Path(__file__).parents[2] / "docs" / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.toml"))
LADDERS = ("standard", "one-day", "fast", "court", "hours", "pause", "services")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def empty(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    hurry(database)
    yield database
    database.close()


def named(name: str) -> Scenario:
    return load_scenario(FOLDER / f"{name}.toml")


def played(scenario: Scenario, database: Database) -> Run:
    return simulate(scenario, database, POLICIES)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_scenario_holds_and_its_record_is_proved(file: Path, empty: Database) -> None:
    simulator = Simulator(load_scenario(file), empty, POLICIES)
    run = simulator.run()
    assert run.unmet is None
    assert run.expectations > 0
    all_is_proved(simulator)
    json.dumps(run.as_json(), default=str)
    check_picture(as_svg(run), run)


def test_the_evidence_says_who_was_told_in_the_end(empty: Database) -> None:
    run = played(named("last-resort"), empty)
    with empty.read() as connection:
        alerted = ENTRIES.c.case_id == 2, ENTRIES.c.kind == EntryKind.ALERTED
        traces = connection.execute(select(ENTRIES.c.trace).where(*alerted).order_by(ENTRIES.c.seq)).scalars().all()
    told = [(alert["level"], alert["told"]) for alert in run.cases["gateway"].alerts]
    assert [(trace["level"], trace["told"]) for trace in traces] == told


def check_picture(svg: str, run: Run) -> None:
    """It can be read out, shown under a strict content policy, and understood without colour."""
    root = ElementTree.fromstring(svg)  # noqa: S314  # our own words
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == f"Timeline: {run.scenario.title}"
    assert root.findtext(f"{SVG}desc")
    assert "style" not in svg
    assert "<script" not in svg
    words = {one.text for one in root.iter(f"{SVG}text")}
    shown = [case for case in run.cases.values() if not case.background]
    assert {case.name for case in shown} <= words
    assert {alert["level"] for case in shown for alert in case.alerts} <= words
    assert ("outage" in {one.text for one in root.iter(f"{SVG}text") if one.get("font-weight")}) == bool(run.outages)
    if any(row["outcome"].endswith("late") for case in shown for row in case.deadlines):
        assert "late" in words


def test_there_is_one_for_each_lifecycle_and_each_ladder() -> None:
    names = {file.stem for file in SCENARIOS}
    assert {one.replace("_", "-") for one in LIFECYCLES} | {f"ladder-{one}" for one in LADDERS} <= names


def test_the_readme_lists_them_all() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in SCENARIOS:
        assert f"`{file.name}`" in readme
        assert tomllib.loads(file.read_text(encoding="utf-8"))["title"] in readme


def test_the_pause_journey_runs_through_its_eighteen_months(empty: Database) -> None:
    scenario = named("pause")
    run = played(scenario, empty)
    assert (run.ended_at - scenario.start).days > 18 * 30


def test_the_same_scenario_runs_the_same_way_twice(sqlite_template: Path, tmp_path: Path) -> None:
    courses = []
    for number in (1, 2):
        file = tmp_path / f"{number}.db"
        file.write_bytes(sqlite_template.read_bytes())
        database = Database(f"sqlite:///{file}")
        courses.append(played(named("ladder-hours"), database).course)
        database.close()
    assert courses[0] == courses[1]


SHORT = """
title = "Short"
shows = "One case."
start = "2027-01-11 10:00"
[case]
lifecycle = "pause"
do = "identify"
by = "PL"
[[steps]]
after = "3 weeks"
"""


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ('state = "closed"', "expected the state closed, found identified"),
        ("told = []", "expected these people to be told: none; found: "),
        ('alerts = ["contact_plan A"]', "found: contact_plan A, contact_plan R0, contact_plan R1"),
        ("overdue = []", "expected these deadlines to be overdue: none; found: contact_plan"),
        ("open = []", "expected these deadlines to run: none; found: contact_plan"),
        ('due = { contact_plan = "2027-01-26" }', "expected contact_plan to be due: 2027-01-26; found: 2027-01-25"),
        ('cause = "outage"', "expected the cause: outage; found: on time"),
        ("settled = true", "expected nothing to be left open, found an alert or message"),
    ],
)
def test_what_is_not_as_expected_is_told_with_the_step(expect: str, says: str, empty: Database) -> None:
    unmet = played(read_scenario(f"{SHORT}expect = {{ {expect} }}", "short.toml"), empty).unmet
    assert unmet is not None
    assert unmet.startswith("short.toml, step 1: ")
    assert says in unmet


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ('do = "graduate"', "expected it to be done, found: graduate on PA-1 cannot happen now"),
        (
            'do = "start_check"\nexpect = { refused = "no" }',
            "expected a refusal that says 'no', found that it was done",
        ),
        ('do = "graduate"\nexpect = { refused = "tea" }', "expected a refusal that says 'tea', found: graduate on"),
    ],
)
def test_a_refusal_is_expected_or_told(step: str, says: str, empty: Database) -> None:
    unmet = played(read_scenario(SHORT + step, "short.toml"), empty).unmet
    assert unmet is not None
    assert says in unmet


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('do = "identify"', 'do = "graduate"', "case pause, key 'do': Pause programme is not opened by 'graduate'"),
        ('by = "PL"', 'by = "CW"', "case pause, key 'by': there is no 'CW' for this case"),
        ('by = "PL"', 'by = "AUD"', "case pause: it cannot be opened: identify on a new case cannot happen now"),
        ("[case]", 'authority = "york"\n[case]', "case pause: it cannot be opened: there is no policy for"),
        ("[[steps]]", '[[steps]]\ndo = "sing"', "step 1, key 'do': Pause programme has no move 'sing'"),
        ('after = "3 weeks"', 'gestation = "24+0"\ndo = "hold"', "step 1, key 'gestation': the case 'pause' has no"),
        ('after = "3 weeks"', 'pause_month = 3\ndo = "hold"', "step 1, key 'pause_month': the case 'pause' has no"),
        ('after = "3 weeks"', 'at = "2026-01-01 10:00"\ndo = "hold"', "step 1: it lies before the step that goes"),
        (
            "[[steps]]",
            '[[steps]]\nabsent = { person = "pat", days = 2 }',
            "step 1, key 'absent': there is nobody named",
        ),
        (
            "[[steps]]",
            '[[steps]]\nacknowledge = { clock = "tea", promised = "in 1 day", reason = "x" }',
            "step 1, key 'clock': no deadline 'tea' is running",
        ),
    ],
)
def test_what_cannot_be_played_is_told_with_its_place(old: str, new: str, says: str, empty: Database) -> None:
    text = f"{SHORT.replace(old, new, 1)}expect = {{}}\n"
    with pytest.raises(BadInput) as wrong:
        played(read_scenario(text, "s.toml"), empty)
    assert str(wrong.value).startswith(f"s.toml, {says}")


def test_an_expectation_that_fails_ends_the_run_there(empty: Database) -> None:
    scenario = named("ladder-standard")
    first = replace(scenario.steps[0], expect=Expected(state="closed"))
    run = played(replace(scenario, steps=(first, *scenario.steps[1:])), empty)
    assert run.unmet is not None
    assert run.ended_at == first.moment.at


def test_the_command_prints_draws_and_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "timeline.svg"
    code, out = command(capsys, str(FOLDER / "trap-outage.toml"), "--svg", str(picture))
    assert code == 0
    assert "All 11 expectations hold." in out
    assert "told prebirth.cw, prebirth.tm" in out
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    code, out = command(capsys, str(FOLDER / "trap-outage.toml"), "--json")
    assert code == 0
    said: dict[str, Any] = json.loads(out)
    assert [one["level"] for one in said["cases"][1]["alerts"]] == ["A", "R0", "R1", "R2"]


def test_the_command_fails_with_the_sentence_that_says_what_is_not_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "short.toml"
    file.write_text(f'{SHORT}expect = {{ state = "closed" }}', encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run_command(["simulate", str(file)])
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert "contact_plan R0" in told.out  # what happened until then
    assert told.err == f"waymark: {file}, step 1: expected the state closed, found identified\n"


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        run_command(["simulate", *words])
    told = capsys.readouterr()
    assert told.err == ""
    return ended.value.code, told.out
