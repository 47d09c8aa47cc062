"""Referrals and a caseload come in from files: all of it or nothing, twice without doubling, holding up nobody."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from pydantic import SecretStr
from sqlalchemy import func, select

from states.catalogue import LIFECYCLES
from workflow import audit, chains, seals
from workflow.accounts import USERS
from workflow.database import Database
from workflow.errors import BadInput, NotAllowed
from workflow.imports import ImportReport, import_file, staging
from workflow.imports.loading import Load
from workflow.models import AuditContent, AuditEntry, Case, ChildRecord, Deadline, ImportBatch, ImportRow
from workflow.references import reference
from workflow.tables import table

from factories import NOW, Desk

CASES, ENTRIES, DEADLINES = table(Case), table(AuditEntry), table(Deadline)
WRITTEN = (Case, AuditEntry, AuditContent, Deadline, ChildRecord, ImportBatch, ImportRow)
REFERRAL = {
    "source_reference": "D-1",
    "team": "baby",
    "received_on": "2026-11-02",
    "source": "cass",
    "edd": "05/04/2027",
    "parent1_role": "mother",
    "parent1_name": "Invented Zoë",
    "parent1_date_of_birth": "09/04/2001",
    "parent1_consent": "given",
    "parent1_removal1_through": "care_proceedings",
    "parent1_removal1_removed_on": "2022-05-06",
    "parent1_removal1_authority": "Durham",
    "parent2_role": "father",
    "parent2_previous_removals": "none",
    "risk_factors": "1B; 3A",
}
RUNNING = {
    "source_reference": "R-1",
    "lifecycle": "prebirth",
    "state": "assessment",
    "since": "2026-11-02",
    "owner": "baby.CW",
    "team": "baby",
    "received_on": "2026-10-05",
    "edd": "2027-04-05",
    "clock1": "assessment_due",
    "clock1_due": "2026-12-18",
}
PROTECTION = {
    "source_reference": "R-2",
    "lifecycle": "child_protection",
    "state": "cp_plan",
    "since": "2026-11-09",
    "team": "baby",
    "parent_source_reference": "R-1",
}
PAUSED = {
    "source_reference": "R-3",
    "lifecycle": "pause",
    "state": "on_programme",
    "since": "2026-03-02",
    "owner": "pause.PP",
    "team": "pause",
    "name": "Invented Woman",
    "date_of_birth": "1995-05-05",
    "programme_started_on": "2026-03-02",
    "clock1": "review_month_9",
    "clock1_due": "2026-12-02",
}
Rows = Sequence[Mapping[str, Any]]


def as_csv(folder: Path, rows: Rows, name: str = "rows.csv") -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def as_xlsx(folder: Path, rows: Rows) -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with xlsxwriter.Workbook(str(folder / "rows.xlsx")) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet()
        page.write_row(0, 0, columns)
        for line, row in enumerate(rows, 1):
            for number, column in enumerate(columns):
                value = row.get(column, "")
                if isinstance(value, str) and value[:4].isdigit() and value.count("-") == 2:
                    page.write_datetime(line, number, date.fromisoformat(value), day)
                else:
                    page.write(line, number, value)
    return folder / "rows.xlsx"


def run(desk: Desk, path: Path, as_: str = "baby.TM", *, dry_run: bool = False, progress: Any = None) -> ImportReport:
    return import_file(
        desk.service,
        path,
        desk.who(as_),
        "durham",
        desk.now,
        dry_run=dry_run,
        progress=progress or (lambda phase, done, total: None),
    )


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            model.__name__: connection.execute(select(func.count()).select_from(table(model))).scalar_one()
            for model in WRITTEN
        }


def cases(desk: Desk) -> dict[str, Any]:
    with desk.database.read() as connection:
        return {row.source_reference: row for row in connection.execute(select(CASES))}


def problems(desk: Desk, path: Path, as_: str = "baby.TM", *, dry_run: bool = True) -> list[str]:
    before = counts(desk.database)
    with pytest.raises(BadInput) as refused:
        run(desk, path, as_, dry_run=dry_run)
    assert counts(desk.database) == before
    return list(refused.value.problems) or [str(refused.value)]


def referrals(number: int) -> list[dict[str, str]]:
    first = date(2026, 11, 1)
    return [
        {
            **REFERRAL,
            "source_reference": f"D-{n}",
            "received_on": (first + timedelta(n % 20)).isoformat(),
            "referral_note": "what is worrying " * 10,
        }
        for n in range(number)
    ]


# Good files


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_referrals_open_cases_as_the_front_door_would(desk: Desk, tmp_path: Path, write: Any) -> None:
    report = run(
        desk, write(tmp_path, [REFERRAL, {**REFERRAL, "source_reference": "D-2", "occurred_on": "2026-11-03"}])
    )
    assert (report.kind, report.rows, report.opened, report.already_there) == ("referrals", 2, 2, 0)
    case = cases(desk)["D-1"]
    assert (case.lifecycle, case.state, case.team, case.edd) == ("prebirth", "referred", "baby", date(2027, 4, 5))
    assert case.decision is not None
    assert case.facts["risk_factors"] == ["1B", "3A"]
    assert case.personal["parents"][0]["previous_removals"] == [
        {"through": "care_proceedings", "removed_on": "2022-05-06", "authority": "Durham"}
    ]
    assert case.personal["parents"][1] == {"role": "father", "previous_removals": []}
    with desk.database.read() as connection:
        entry = audit.entries_of(connection, case.id)[0]
        chains.verify_chains(connection)
    assert (entry["trigger"], entry["source"], entry["actor"]) == ("refer", "import", "baby.TM")
    assert entry["occurred_at"].isoformat() == "2026-11-02T00:00:00+00:00"


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_a_caseload_is_taken_over_with_its_owners_and_the_dates_of_its_clocks(
    desk: Desk, tmp_path: Path, write: Any
) -> None:
    report = run(desk, write(tmp_path, [PROTECTION, PAUSED, RUNNING]), "both.ADM")
    assert (report.kind, report.opened) == ("caseload", 3)
    found = cases(desk)
    running, protection, paused = found["R-1"], found["R-2"], found["R-3"]
    assert (running.state, running.owner) == ("assessment", "baby.CW")
    assert (protection.state, protection.parent_id, protection.owner) == ("cp_plan", running.id, "baby.CW")
    assert (paused.state, paused.owner, paused.personal["name"]) == ("on_programme", "pause.PP", "Invented Woman")
    with desk.database.read() as connection:
        due = {
            (row.case_id, row.clock): row.due_on
            for row in connection.execute(select(DEADLINES).where(DEADLINES.c.closed_at.is_(None)))
        }
        chains.verify_chains(connection)
    assert due[running.id, "assessment_due"] == date(2026, 12, 18)
    assert due[paused.id, "review_month_9"] == date(2026, 12, 2)
    assert {case_id for case_id, _ in due} == {running.id, protection.id, paused.id}


def test_a_case_under_one_that_was_imported_before_finds_it(desk: Desk, tmp_path: Path) -> None:
    run(desk, as_csv(tmp_path, [RUNNING]))
    run(desk, as_csv(tmp_path, [PROTECTION]))
    found = cases(desk)
    assert found["R-2"].parent_id == found["R-1"].id


def test_a_case_taken_over_in_a_holding_state_knows_where_it_came_from(desk: Desk, tmp_path: Path) -> None:
    row = {**RUNNING, "state": "threshold_review", "clock1": "", "clock1_due": ""}
    assert problems(desk, as_csv(tmp_path, [{**row, "came_from": ""}])) == ["line 2, column came_from: is missing"]
    run(desk, as_csv(tmp_path, [{**row, "came_from": "consent_pending"}]))
    assert cases(desk)["R-1"].came_from == "consent_pending"


# Bad files

BAD_REFERRALS = [
    ({"parent1_date_of_birth": "Tuesday"}, "column parent1_date_of_birth: must be a date such as 2026-11-23"),
    (
        {"received_on": "02/11/26"},
        "column received_on: must be a date such as 2026-11-23 or 23/11/2026: write the year",
    ),
    ({"received_on": "2026-11-26"}, "column received_on: must not lie in the future"),
    ({"received_on": ""}, "column received_on: is missing"),
    ({"occurred_on": "2026-12-01"}, "column occurred_on: must not lie in the future"),
    ({"source": "hearsay"}, "column source: must be one of "),
    ({"team": "nobody"}, "column team: there is no such team in durham"),
    ({"team": "pause"}, "column team: this team does not hold pre-birth cases"),
    ({"source_reference": ""}, "column source_reference: is missing"),
    ({"parent1_name": "=HYPERLINK(1)"}, "column parent1_name: begins with =, as a formula does"),
    ({"parent1_name": "x" * 10_001}, "column parent1_name: is 10,001 characters long"),
    ({"parent1_name": "a\x00b"}, "column parent1_name: contains a NUL character"),
    ({"risk_factors": "1B; 99Z"}, "column risk_factors: must be one of"),
    ({"immediate_safety_concern": "perhaps"}, "column immediate_safety_concern: must be yes or no"),
    ({"edd": "2027-12-24"}, ": the referral lies more than 280 days before"),
]
BAD_CASELOAD = [
    ({"lifecycle": "dogs"}, "column lifecycle: must be one of prebirth"),
    ({"state": "asleep"}, "column state: must be an open state of pre-birth: referred"),
    ({"state": "closed"}, "column state: must be an open state of pre-birth"),
    ({"owner": "nobody"}, "column owner: there is no active account of that name in durham"),
    ({"owner": "baby.CW2"}, "column owner: there is no active account of that name in durham"),
    ({"since": "2026-11-26"}, "column since: must not lie in the future"),
    ({"received_on": "2026-11-03"}, "column since: lies before received_on"),
    ({"clock1": "egg_timer"}, "column clock1: there is no such clock in pre-birth"),
    ({"clock1": "approval_decision"}, "column clock1: there is no such clock in pre-birth that can be taken over"),
    ({"clock1": "newborn_review"}, "column clock1: this clock does not run in that state"),
    ({"clock2": "assessment_due", "clock2_due": "2026-12-18"}, "column clock2: this clock is named twice"),
    ({"clock1_due": ""}, "column clock1_due: is missing"),
    ({"clock1_due": "2226-12-18"}, "column clock1_due: must be a date between the years"),
    ({"parent_source_reference": "R-9"}, "column parent_source_reference: is not asked for"),
    ({"child": "1"}, "column child: is not asked for"),
]


@pytest.mark.parametrize(("row", "bad"), [(REFERRAL, BAD_REFERRALS), (RUNNING, BAD_CASELOAD)])
def test_each_bad_row_is_named_by_line_column_and_reason(
    desk: Desk, tmp_path: Path, row: dict[str, str], bad: list[tuple[dict[str, str], str]]
) -> None:
    with desk.database.write() as connection:
        connection.execute(USERS.update().where(USERS.c.username == "baby.CW2").values(active=False))
    rows = [{**row, "source_reference": f"D-{line}", **wrong} for line, (wrong, _) in enumerate(bad)]
    told = problems(desk, as_csv(tmp_path, rows), dry_run=False)
    assert len(told) == len(bad)
    for line, ((_, says), found) in enumerate(zip(bad, told, strict=True), 2):
        assert found.startswith(f"line {line}")
        assert says in found


def test_a_case_under_another_needs_it_to_be_there_open_and_of_the_right_kind(desk: Desk, tmp_path: Path) -> None:
    where = "line 2, column parent_source_reference: "
    missing = f"{where}there is no pre-birth case of that reference, in this file or before"
    assert problems(desk, as_csv(tmp_path, [PROTECTION])) == [missing]
    of_another_kind = {**PROTECTION, "parent_source_reference": "R-3"}
    assert problems(desk, as_csv(tmp_path, [of_another_kind, PAUSED]), "both.ADM") == [missing]
    assert problems(desk, as_csv(tmp_path, [{**PROTECTION, "parent_source_reference": ""}])) == [f"{where}is missing"]
    run(desk, as_csv(tmp_path, [RUNNING]))
    with desk.database.write() as connection:
        connection.execute(CASES.update().values(final=True))
    assert problems(desk, as_csv(tmp_path, [PROTECTION])) == [f"{where}that case has ended"]


def test_the_header_is_checked_as_a_whole(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("source_reference,team,team,dog\nD-1,baby,baby,Rex\n")
    assert problems(desk, file) == [
        "line 1, column team: is there twice",
        "line 1, column dog: is not a column of referrals (see `waymark import --template`)",
        "line 1, column received_on: is missing from the header",
        "line 1, column source: is missing from the header",
    ]
    file.write_text("a,b\n1,2\n")
    assert "does not begin with the names of columns" in problems(desk, file)[0]
    file.write_text(",".join(REFERRAL) + "\n")
    assert "holds no rows" in problems(desk, file)[0]


def test_a_ragged_row_and_a_reference_used_twice_are_named(desk: Desk, tmp_path: Path) -> None:
    file = as_csv(tmp_path, [REFERRAL, REFERRAL])
    with file.open("a") as more:
        more.write("D-2,baby\n")
    assert problems(desk, file) == [
        "line 3, column source_reference: is the same as on line 2",
        "line 4: has 2 cells where the header has 15",
    ]


def test_a_formula_cell_of_a_spreadsheet_is_named(desk: Desk, tmp_path: Path) -> None:
    told = problems(desk, as_xlsx(tmp_path, [{**REFERRAL, "parent1_name": "=1+1"}]))
    assert told == ["line 2, column parent1_name: holds a formula: paste its value instead"]


def test_everything_wrong_is_listed_up_to_a_thousand_and_nothing_personal_in_it(desk: Desk, tmp_path: Path) -> None:
    rows = [
        {**row, "parent1_date_of_birth": "Secret 1", "parent1_role": "secret 2", "team": "secret 3", "edd": "secret 4"}
        for row in referrals(300)
    ]
    told = problems(desk, as_csv(tmp_path, rows))
    assert len(told) == 1001
    assert told[-1] == "and 200 more"
    assert "secret" not in " ".join(told).casefold()


def test_an_account_imports_only_what_it_may_open(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="may not import a caseload"):
        run(desk, as_csv(tmp_path, [RUNNING]), "baby.CW")
    with pytest.raises(NotAllowed, match="may not import referrals"):
        run(desk, as_csv(tmp_path, [REFERRAL]), "both.ADM")
    with pytest.raises(NotAllowed, match="belongs to durham"):
        import_file(
            desk.service,
            as_csv(tmp_path, [REFERRAL]),
            desk.who("baby.TM"),
            "birmingham",
            NOW,
            dry_run=True,
            progress=lambda phase, done, total: None,
        )
    told = problems(desk, as_csv(tmp_path, [RUNNING, PAUSED]), "baby.TM")
    assert told == ["line 3, column lifecycle: your account may not bring in pause programme cases"]


# All or nothing


def test_a_dry_run_writes_nothing_and_says_what_would_happen(desk: Desk, tmp_path: Path) -> None:
    run(desk, as_csv(tmp_path, [REFERRAL]))
    before = counts(desk.database)
    report = run(desk, as_csv(tmp_path, referrals(3)), dry_run=True)
    assert (report.rows, report.opened, report.already_there, report.dry_run) == (3, 2, 1, True)
    assert counts(desk.database) == before


def test_one_row_that_the_engine_refuses_keeps_all_out(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case above ends between the checks and the loading."""
    keep = Load._keep_policy

    def ended_meanwhile(load: Load) -> None:
        keep(load)
        with desk.database.write() as connection:
            connection.execute(CASES.update().where(CASES.c.source_reference == "R-1").values(final=True))

    run(desk, as_csv(tmp_path, [RUNNING]))
    before = counts(desk.database)
    monkeypatch.setattr(Load, "_keep_policy", ended_meanwhile)
    rows = [PROTECTION, {**RUNNING, "source_reference": "R-5"}, {**PROTECTION, "source_reference": "R-6"}]
    with pytest.raises(BadInput) as refused:
        run(desk, as_csv(tmp_path, rows))
    parent = reference("prebirth", cases(desk)["R-1"].id)
    says = f"{parent} has ended: no case can be opened under it"
    assert refused.value.problems == (f"line 2: {says}", f"line 4: {says}")
    after = counts(desk.database)
    assert after == {**before, "AuditEntry": before["AuditEntry"] + 1}  # the refusal itself is evidence
    with desk.database.read() as connection:
        chains.verify_chains(connection)


def test_a_date_from_which_no_time_limit_can_be_counted_is_named_by_line(desk: Desk, tmp_path: Path) -> None:
    row = {**PROTECTION, "lifecycle": "care_proceedings", "state": "issued", "child": "1", "issued_on": "1900-01-01"}
    with pytest.raises(BadInput) as refused:
        run(desk, as_csv(tmp_path, [RUNNING, row]))
    assert not cases(desk)
    (problem,) = refused.value.problems
    assert problem.startswith("line 3: ")
    assert problem.endswith("working days are known for 1990 to 2100, not for 1900")


def test_importing_twice_opens_each_case_once_and_says_what_differs(desk: Desk, tmp_path: Path) -> None:
    run(desk, as_csv(tmp_path, referrals(3)))
    before = counts(desk.database)
    again = run(desk, as_csv(tmp_path, referrals(3)))
    assert (again.opened, again.already_there, again.notes) == (0, 3, ())
    rows = referrals(4)
    rows[1]["parent1_name"] = "Another Name"
    assert counts(desk.database) == before
    changed = run(desk, as_csv(tmp_path, rows))
    assert (changed.opened, changed.already_there) == (1, 3)
    assert changed.notes[0].startswith("1 of the rows already there says something else")
    assert cases(desk)["D-1"].personal["parents"][0]["name"] == "Invented Zoë"


def test_a_case_opened_by_somebody_else_meanwhile_is_not_doubled(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, first = Load._keep_policy, as_csv(tmp_path, [REFERRAL], "first.csv")

    def another_import_meanwhile(load: Load) -> None:
        monkeypatch.setattr(Load, "_keep_policy", keep)
        monkeypatch.setattr("workflow.imports.importing.clear_leftovers", lambda *_: None)
        run(desk, first)

    monkeypatch.setattr(Load, "_keep_policy", another_import_meanwhile)
    report = run(desk, as_csv(tmp_path, [REFERRAL, {**REFERRAL, "source_reference": "D-2"}]))
    assert (report.opened, report.already_there) == (1, 1)
    assert set(cases(desk)) == {"D-1", "D-2"}


def test_others_can_write_while_rows_are_read_and_staged(desk: Desk, tmp_path: Path) -> None:
    seen: list[str] = []
    other = Desk(Database(desk.database.url.render_as_string(hide_password=False)))

    def somebody_else_works(phase: str, done: int, total: int | None) -> None:
        if phase != "Opening cases":
            facts = {"received_on": "2026-11-02", "source": "cass"}
            other.open("prebirth", "baby.FD", facts, at=NOW - timedelta(days=2))
            seen.append(phase)

    run(desk, as_csv(tmp_path, referrals(700)), progress=somebody_else_works)
    other.database.close()
    assert seen.count("Staging") == 3
    assert seen.count("Reading and checking") == 8
    assert counts(desk.database)["Case"] == 700 + len(seen)


def test_a_later_import_of_the_same_authority_ends_one_still_staging(desk: Desk, tmp_path: Path) -> None:
    def somebody_starts_another(phase: str, done: int, total: int | None) -> None:
        if phase == "Staging":
            staging.clear_leftovers(desk.database, "durham", NOW)

    with pytest.raises(Exception, match="another import for this authority was started meanwhile"):
        run(desk, as_csv(tmp_path, referrals(700)), progress=somebody_starts_another)
    after = counts(desk.database)
    assert (after["Case"], after["ImportBatch"], after["ImportRow"]) == (0, 0, 0)


# Real processes

PROCESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, "tests")
from factories import NOW, Desk
from workflow.database import Database
from workflow.imports import import_file
desk = Desk(Database(sys.argv[1]))
def progress(phase, done, total):
    print(phase, done, time.monotonic(), flush=True)
report = import_file(
    desk.service, Path(sys.argv[2]), desk.who("baby.TM"), "durham", NOW, dry_run=False, progress=progress
)
print("end", report.opened, time.monotonic(), flush=True)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("memory", int(peak) // 1024, 0, flush=True)  # of this program alone: getrusage counts the one that started it
"""


def process(database: Database, file: Path) -> subprocess.Popen[str]:
    url = database.url.render_as_string(hide_password=False)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROCESS, url, str(file)]
    env = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, text=True)


@pytest.mark.mostly_one_database
def test_a_run_killed_while_it_opens_cases_leaves_nothing_and_can_be_run_again(desk: Desk, tmp_path: Path) -> None:
    file, before = as_csv(tmp_path, referrals(1500)), counts(desk.database)
    with process(desk.database, file) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("Opening cases 600"):
                running.kill()
                break
    assert running.returncode < 0
    killed = counts(desk.database)
    assert killed == {**before, "ImportBatch": 1, "ImportRow": 1500}
    report = run(desk, file)
    assert report.opened == 1500
    after = counts(desk.database)
    assert (after["Case"], after["ImportBatch"], after["ImportRow"]) == (1500, 0, 0)


SIZES = [1500, *([20_000] if os.environ.get("WAYMARK_LONG") else [])]


@pytest.mark.mostly_one_database
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
@pytest.mark.parametrize("number", SIZES)
def test_a_large_file_is_imported_in_bounded_memory(desk: Desk, tmp_path: Path, number: int, write: Any) -> None:
    with process(desk.database, write(tmp_path, referrals(number))) as running:
        assert running.stdout is not None
        told = [line.rsplit(maxsplit=2) for line in running.stdout]
    assert running.returncode == 0
    seconds: dict[str, float] = {}
    for (phase, _, start), (_, _, end) in pairwise(told[:-1]):
        seconds[phase] = seconds.get(phase, 0) + float(end) - float(start)
    values = {phase: int(done) for phase, done, _ in told}
    print(number, write.__name__, desk.database.url.drivername, seconds, values)  # noqa: T201  # seen with -s
    assert values["end"] == number
    assert values["memory"] < 300


# Evidence


def test_the_evidence_is_sealed_and_its_head_sent_out(desk: Desk, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    settings = desk.service.settings.model_copy(update={"seal_key": SecretStr("ab" * 32), "heads_file": heads})
    desk.service = replace(desk.service, settings=settings)
    report = run(desk, as_csv(tmp_path, [REFERRAL]))
    assert report.notes == ()
    with desk.database.read() as connection:
        assert seals.verify_log(connection, seals.read_heads(heads)) == 1


def test_without_a_seal_key_the_report_says_so(desk: Desk, tmp_path: Path) -> None:
    report = run(desk, as_csv(tmp_path, [REFERRAL]))
    assert "not sealed yet" in report.notes[0]
    assert "WAYMARK_SEAL_KEY" in report.notes[0]


def test_every_lifecycle_is_taken_over_in_every_state_it_can_wait_in(desk: Desk, tmp_path: Path) -> None:
    """Each row names one clock that can run there; the columns of its kind hold all that is asked for."""
    more = {
        "pause": {"team": "pause", "owner": "pause.PP", "name": "Invented", "date_of_birth": "1995-05-05"},
        "care_proceedings": {"issued_on": "2026-11-02"},
    }
    rows = [{**RUNNING, "state": "born", "clock1": "", "clock1_due": ""}]
    for lifecycle in LIFECYCLES.values():
        taking_over = {row.to: row for row in lifecycle.transitions if row.trigger == "migrate_in"}
        for state in lifecycle.states:
            if state.final:
                continue
            clock = next(one for one in lifecycle.clocks if state.id in one.during and one.per == "case")
            before = next((fact.choices for fact in taking_over[state.id].facts if fact.name == "came_from"), None)
            row = {
                "source_reference": f"{lifecycle.id}/{state.id}",
                "lifecycle": lifecycle.id,
                "state": state.id,
                "since": "2026-11-09",
                "team": lifecycle.record,
                "clock1": clock.id,
                "clock1_due": "2026-12-18",
                "came_from": next(iter(before)) if before else "",
                "parent_source_reference": "R-1" if lifecycle.parent else "",
                "child": "1" if lifecycle.per_child else "",
            }
            rows.append({**row, **more.get(lifecycle.id, {})})
    report = run(desk, as_csv(tmp_path, rows), "both.ADM")
    assert report.opened == len(rows)
    states = {f"{case.lifecycle}/{case.state}" for case in cases(desk).values()}
    assert states >= {row["source_reference"] for row in rows[1:]}
    with desk.database.read() as connection:
        chains.verify_chains(connection)
