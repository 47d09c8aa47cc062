"""The command line from word to exit code: what it prints, what it refuses in a sentence, what it leaves alone."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from config.settings import Settings
from scheduler.sweeps import sweep
from states.roles import Role
from workflow.accounts import TEAMS, USERS, Operator, add_team, add_user, set_manager
from workflow.alerting import DueDeadlines
from workflow.bootstrap import DEMO_MANAGER, INSTALLATION, open_service
from workflow.cli import run
from workflow.database import Database
from workflow.identity import sessions, tokens
from workflow.models import Record, TokenScope
from workflow.repository import CASES, DEADLINES

pytestmark = pytest.mark.mostly_one_database

MANAGER, WORKER, LEAD = DEMO_MANAGER, "ann.worker", "pat.lead"
REFERRAL = {"received_on": "2026-11-20", "source": "health", "edd": "2027-04-10", "referral_note": "invented"}
README = Path(__file__).parents[2] / "README.md"
DECISION_KEYS = ["decision", "service", "default_service", "rule", "rules", "overlays", "flags", "missing"]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """What was said about a failure: nothing on standard output, one message on standard error."""
        assert self.code == 1, self
        assert self.out == ""
        assert self.err.startswith("waymark: ")
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        assert "failed in a way nobody foresaw" not in self.err
        return self.err.removeprefix("waymark: ").strip()


Command = Callable[..., Ran]


@pytest.fixture
def waymark(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command in this process. Without another fixture it names a database that nobody may create."""
    monkeypatch.delenv("WAYMARK_TOKEN", raising=False)
    monkeypatch.delenv("WAYMARK_SEAL_KEY", raising=False)
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{tmp_path / 'untouched' / 'waymark.db'}")
    monkeypatch.chdir(tmp_path)

    def command(*argv: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(argv)
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def on_database(waymark: Command, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("WAYMARK_DATABASE_URL", database_url)
    return waymark


@pytest.fixture
def office(on_database: Command, database: Database) -> Command:
    """A demo database with two teams of Durham and an account in each role needed; no case yet."""
    operator = Operator(name="os:tests", now=datetime.now(UTC))
    with database.write() as connection:
        connection.execute(insert(INSTALLATION), {"name": "kind", "value": "demo"})
        for code, record in (("prebirth", Record.BABY), ("pause", Record.PAUSE)):
            add_team(connection, operator, code=code, name=code, authority="durham", record=record)
        for name, role, team in ((MANAGER, "SM", "prebirth"), (WORKER, "CW", "prebirth"), (LEAD, "PL", "pause")):
            add_user(connection, operator, username=name, name="Invented", role=Role(role), team=team)
        set_manager(connection, operator, code="prebirth", manager=MANAGER)
    return on_database


@pytest.fixture
def case(office: Command) -> str:
    opened = office("case", "open", "prebirth", "--facts", json.dumps(REFERRAL), "--occurred", "2026-11-20", "--json")
    assert opened.code == 0, opened
    reference: str = opened.json["case"]
    return reference


# Commands that touch no case


def test_policy_check_says_that_the_policies_shipped_are_fit_for_use(waymark: Command) -> None:
    assert "Every policy is fit for use." in waymark("policy", "check").out
    found = waymark("policy", "check", "--json").json
    assert {"statutory", "durham", "birmingham"} <= {one["authority"] for one in found}
    assert all(one.keys() == {"authority", "label", "version", "effective_from", "digest"} for one in found)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[policy\n", "broken.toml: is not TOML"),
        ('[policy]\nauthority = "x"\n', "broken.toml: policy.label: is missing"),
        ("colour = 1\n", "broken.toml: colour: is not a key that is known here"),
    ],
)
def test_policy_check_names_file_key_and_reason(waymark: Command, tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(content, encoding="utf-8")
    assert says in waymark("policy", "check", str(file)).sentence


def test_policy_check_of_a_file_that_is_not_there_says_so(waymark: Command) -> None:
    assert "nowhere.toml: cannot be read" in waymark("policy", "check", "nowhere.toml").sentence


def test_policy_decide_prints_the_decision_exactly_as_fixed(waymark: Command) -> None:
    facts = {**REFERRAL, "received_on": "2026-06-20", "immediate_safety_concern": None}
    found = waymark("policy", "decide", "--authority", "durham", "--facts", "-", "--json", stdin=json.dumps(facts)).json
    assert list(found) == DECISION_KEYS
    assert all(one.keys() == {"id", "result", "because"} for one in found["rules"])
    assert found["decision"] == "more_information"


def test_policy_decide_says_in_words_what_is_missing(waymark: Command, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text("\ufeff{}", encoding="utf-8")  # as some editors save it
    said = waymark("policy", "decide", "--authority", "birmingham", "--facts", str(file))
    assert said.code == 0
    assert "Cannot be decided yet" in said.out
    assert "Not known yet: " in said.out


def test_policy_decide_lists_the_authorities_where_it_knows_none_of_that_name(waymark: Command) -> None:
    said = waymark("policy", "decide", "--authority", "nowhere", "--facts", "{}").sentence
    assert "'nowhere'" in said
    assert "birmingham, durham" in said


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ('{"edd": }', "line 1, column 9"),
        ('{\n "edd": "2027-03-01",\n}', "line 3, column 1"),
        ("[]", "must hold a JSON object"),
        ("", "line 1, column 1"),
        ('{"edd": "2027-03-01", "edd": "2027-03-02"}', "'edd' is given twice"),
        ('{"edd": NaN}', "NaN is not a number"),
        ('{"referral_note": "\\ud800"}', "half of a character"),
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"previous_referrals": ' + "9" * 5000 + "}", "not JSON that can be used"),
        ('{"favourite_colour": "blue"}', "favourite_colour is not asked for here"),
        ('{"parents": [{"hat": 1}]}', "parents[0].hat is not asked for here"),
        ('{"edd": "soon"}', "must be a date such as 2026-11-23"),
        ('{"received_on": "2026-11-20", "proceedings_ended_on": "2026-99-99"}', "must be a date such as 2026-11-23"),
        ('{"referral_note": "' + "x" * 10_000_000 + '"}', "longer than 1,000,000 bytes"),
        ('{"referral_note": "' + "x" * 20_000 + '"}', "20,000 characters long; the most is 10,000"),
    ],
    ids=lambda value: value[:24],
)
def test_facts_that_cannot_be_used_get_one_sentence(waymark: Command, facts: str, says: str) -> None:
    said = waymark("policy", "decide", "--authority", "durham", "--facts", "-", stdin=facts).sentence
    assert says in said
    assert len(said) < 1000


def test_a_facts_file_that_is_no_text_or_not_there_gets_one_sentence(waymark: Command, tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_bytes(b"\xff\xfe\x00")
    for name, says in (("facts.json", "not UTF-8"), ("none.json", "No such file"), (str(tmp_path), "directory")):
        assert says in waymark("policy", "decide", "--authority", "durham", "--facts", name).sentence


def test_lifecycle_show_gives_table_json_mermaid_and_svg(waymark: Command) -> None:
    assert "refer: Record a referral" in waymark("lifecycle", "show", "prebirth").out
    assert waymark("lifecycle", "show", "prebirth", "--format", "json").json["id"] == "prebirth"
    assert waymark("lifecycle", "show", "prebirth", "--json").json["id"] == "prebirth"
    assert "stateDiagram" in waymark("lifecycle", "show", "prebirth", "--format", "mermaid").out
    assert "<svg" in waymark("lifecycle", "show", "prebirth", "--format", "svg").out


def test_lifecycle_show_of_an_unknown_name_lists_those_there_are(waymark: Command) -> None:
    assert "prebirth, pause" in waymark("lifecycle", "show", "adoption").sentence
    assert waymark("lifecycle", "show", "prebirth", "--format", "gif").code == 2


def test_lifecycle_check_proves_each_of_them(waymark: Command) -> None:
    assert "has a time limit" in waymark("lifecycle", "check").out
    assert {one["lifecycle"] for one in waymark("lifecycle", "check", "--json").json} >= {"prebirth", "pause"}


def test_calendar_add_counts_working_days_and_names_those_left_out(waymark: Command) -> None:
    found = waymark("calendar", "add", "2026-12-23", "3", "--json").json
    assert found["date"] == "2026-12-30"
    assert [one["date"] for one in found["not_counted"]] == ["2026-12-25", "2026-12-28"]
    assert found["verified"] is True
    assert "not counted: 2026-12-25 Christmas Day" in waymark("calendar", "add", "2026-12-23", "3").out


@pytest.mark.parametrize(
    ("number", "unit", "found"),
    [
        ("-5", "working_days", "2026-12-18"),
        ("10", "days", "2027-01-08"),
        ("-2", "weeks", "2026-12-15"),
        ("2", "months", "2027-02-28"),
    ],
)
def test_calendar_add_counts_in_every_unit_and_backwards(waymark: Command, number: str, unit: str, found: str) -> None:
    assert waymark("calendar", "add", "2026-12-29", number, "--unit", unit).out.startswith(found)


def test_calendar_add_warns_beyond_the_years_that_were_verified(waymark: Command) -> None:
    assert waymark("calendar", "add", "2031-01-01", "1", "--json").json["verified"] is False
    assert "may change" in waymark("calendar", "add", "2031-01-01", "1").out


def test_a_date_beyond_every_calendar_gets_one_sentence(waymark: Command) -> None:
    assert "working days are known for" in waymark("calendar", "add", "2026-01-01", "99999").sentence
    assert "beyond every calendar" in waymark("calendar", "add", "9999-12-31", "1", "--unit", "days").sentence


def test_calendar_gestation_gives_completed_weeks_and_days(waymark: Command) -> None:
    assert waymark("calendar", "gestation", "2027-03-01", "2026-11-23").out == "26+0 (182 days)\n"
    found = waymark("calendar", "gestation", "2027-03-01", "2026-11-23", "--json").json
    assert found == {"edd": "2027-03-01", "date": "2026-11-23", "days": 182, "gestation": "26+0"}


@pytest.mark.parametrize(
    "argv",
    [
        ("calendar", "add", "tomorrow", "3"),
        ("calendar", "add", "2026-12-23", "many"),
        ("calendar", "add", "2026-12-23", "3", "--unit", "fortnights"),
        ("calendar", "gestation", "2027-02-30", "2026-11-23"),
        ("policy", "decide", "--authority", "durham"),
        ("case", "frobnicate"),
        ("frobnicate",),
        ("case", "show"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_says_what_is_wrong(waymark: Command, argv: tuple[str, ...]) -> None:
    said = waymark(*argv)
    assert said.code == 2
    assert said.out == ""
    assert "Error: " in said.err


def test_commands_that_touch_no_case_leave_no_database_behind(waymark: Command, tmp_path: Path) -> None:
    for argv in (("policy", "check"), ("lifecycle", "check"), ("calendar", "add", "2026-12-23", "3")):
        assert waymark(*argv).code == 0
    assert waymark("policy", "decide", "--authority", "durham", "--facts", "{}").code == 0
    assert not (tmp_path / "untouched").exists()


# The database


def test_migrate_creates_a_database_and_can_be_run_again(waymark: Command, tmp_path: Path) -> None:
    assert "stands at schema" in waymark("migrate").out
    assert waymark("migrate").code == 0
    assert waymark("user", "list", "--json").json == []


def test_an_empty_database_is_told_from_a_broken_one(waymark: Command, tmp_path: Path, monkeypatch: Any) -> None:
    assert "run `waymark migrate`" in waymark("user", "list").sentence
    (tmp_path / "text.db").write_text("this is no database, whatever its name says" * 100, encoding="utf-8")
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{tmp_path / 'text.db'}")
    assert "not a database" in waymark("user", "list").sentence
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{tmp_path / 'text.db' / 'x.db'}")
    assert "folder" in waymark("user", "list").sentence
    for url in ("nonsense", "fancy://host/db", "sqlite://"):
        monkeypatch.setenv("WAYMARK_DATABASE_URL", url)
        assert "database" in waymark("user", "list").sentence


def test_a_server_that_does_not_answer_gets_one_sentence_without_its_password(
    waymark: Command, monkeypatch: Any
) -> None:
    monkeypatch.setenv("WAYMARK_DATABASE_URL", "postgresql://someone:secret@127.0.0.1:1/none")
    said = waymark("user", "list").sentence
    assert "does not answer" in said
    assert "secret" not in said


def test_a_database_from_a_newer_version_is_left_alone(on_database: Command, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for argv in (("user", "list"), ("migrate",), ("case", "list"), ("check",)):
        assert "newer Waymark" in on_database(*argv).sentence
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


# Accounts and teams


def test_an_account_is_added_listed_and_disabled(office: Command) -> None:
    added = office("user", "add", "bo.new", "--name", "Bo", "--role", "TM", "--team", "prebirth", "--json").json
    assert added["token"].startswith("wm_")
    listed = {one["username"]: one for one in office("user", "list", "--json").json}
    assert listed["bo.new"]["active"] is True
    assert added["token"] not in json.dumps(listed)
    assert "bo.new" in office("user", "list").out
    assert office("user", "disable", "bo.new").code == 0
    assert {one["username"]: one["active"] for one in office("user", "list", "--json").json}["bo.new"] is False
    assert "disabled already" in office("user", "disable", "bo.new").sentence


def test_what_is_done_to_accounts_is_evidence_and_holds_no_token(office: Command) -> None:
    office("team", "add", "night", "--name", "Night team", "--authority", "durham")
    office("user", "add", "bo.new", "--name", "Bo", "--role", "EDT", "--team", "night")
    office("team", "manager", "night", "bo.new")
    office("user", "disable", LEAD)
    lines = [json.loads(line) for line in office("audit", "export").out.splitlines()][-6:]
    done = ["add_team", "add_user", "issue_token", "invite", "set_manager", "disable_user"]
    assert [line["trigger"] for line in lines] == done
    assert all(line["actor"].startswith("os:") and line["source"] == "cli" for line in lines)
    assert len({line["request_id"] for line in lines}) == 4  # one for each command
    assert not re.search("w[im]_", json.dumps(lines))
    assert office("audit", "verify").code == 0


def test_an_account_is_invited_to_set_a_password_and_told_where(office: Command) -> None:
    added = office("user", "add", "bo.new", "--name", "Bo", "--role", "TM", "--team", "prebirth")
    assert re.search(r"bo\.new opens http://localhost:8000/invitation within 72 hours.*\nwi_", added.out)
    invited = office("user", "invite", "bo.new", "--json").json
    assert invited["invitation"].startswith("wi_")
    assert invited["invitation"] not in added.out
    assert "no account 'nobody'" in office("user", "invite", "nobody").sentence


def test_where_an_account_is_signed_in_is_listed_and_ended(office: Command, database: Database) -> None:
    with database.write() as connection:
        sessions.start(connection, WORKER, second_factor=True, device="Edge on Windows", now=datetime.now(UTC))
    (one,) = office("user", "sessions", WORKER, "--json").json
    assert (one["username"], one["device"]) == (WORKER, "Edge on Windows")
    assert "Edge on Windows" in office("user", "sessions", WORKER).out
    assert "1 session ended" in office("user", "sign-out", WORKER).out
    assert "not signed in anywhere" in office("user", "sessions", WORKER).out
    assert "signed out everywhere" in office("user", "reset-second-factor", WORKER).out
    lines = [json.loads(line) for line in office("audit", "export").out.splitlines()][-2:]
    assert [line["trigger"] for line in lines] == ["sign_out", "forget_second_factor"]
    for command in ("sessions", "sign-out", "reset-second-factor"):
        assert "no a" in office("user", command, "nobody").sentence


def test_a_token_that_may_only_look_does_not_open_the_command_line(
    office: Command, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        token = tokens.issue(connection, WORKER, name="look", scope=TokenScope.READ, days=1, now=datetime.now(UTC))
    monkeypatch.setenv("WAYMARK_TOKEN", token)
    assert "needs one with the scope act" in office("case", "list").sentence


def test_adding_an_account_again_gives_it_a_new_token_and_changes_nothing_else(office: Command) -> None:
    again = ("user", "add", WORKER, "--name", "Invented", "--team", "prebirth", "--role")
    said = office(*again, "CW").out
    assert "WAYMARK_TOKEN=wm_" in said
    assert "wi_" not in said
    assert "already (CW in prebirth)" in office(*again, "TM").sentence


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("user", "add", "Bo Néw", "--name", "B", "--role", "CW", "--team", "prebirth"), "not a user name"),
        (("user", "add", "system", "--name", "B", "--role", "CW", "--team", "prebirth"), "the service itself"),
        (("user", "add", "bo", "--name", "B", "--role", "SYS", "--team", "prebirth"), "the service itself"),
        (("user", "add", "bo", "--name", " ", "--role", "CW", "--team", "prebirth"), "name of the person"),
        (("user", "add", "bo", "--name", "B", "--role", "CW", "--team", "none"), "no team 'none'"),
        (("user", "disable", "nobody"), "no account 'nobody'"),
        (("team", "add", "prebirth", "--name", "P", "--authority", "durham"), "already"),
        (("team", "add", "x", "--name", "P", "--authority", "atlantis"), "no policy for authority 'atlantis'"),
        (("team", "add", "x", "--name", "P", "--authority", "durham", "--manager", "nobody"), "no active account"),
        (("team", "add", "x", "--name", "P", "--authority", "birmingham", "--manager", MANAGER), "works for durham"),
        (("team", "manager", "none", MANAGER), "no team 'none'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else value,
)
def test_an_account_or_team_that_cannot_be_gets_one_sentence(office: Command, argv: tuple[str, ...], says: str) -> None:
    before = office("audit", "export").out
    assert says in office(*argv).sentence
    assert office("audit", "export").out == before


def test_teams_are_listed_with_their_managers(office: Command) -> None:
    found = {one["code"]: one["manager"] for one in office("team", "list", "--json").json}
    assert found == {"pause": None, "prebirth": MANAGER}
    assert "prebirth" in office("team", "list").out
    assert office("team", "add", "x", "--name", "X", "--authority", "durham", "--record", "tape").code == 2


def test_a_live_database_wants_a_token_and_refuses_to_act_as_somebody(
    on_database: Command, database: Database, monkeypatch: Any
) -> None:
    on_database("team", "add", "prebirth", "--name", "P", "--authority", "durham")
    add = ("user", "add", "sam", "--name", "Sam", "--role", "TM", "--team", "prebirth", "--json")
    token = on_database(*add).json["token"]
    assert "WAYMARK_TOKEN" in on_database("case", "list").sentence
    assert "demo database only" in on_database("case", "list", "--as", "sam").sentence
    monkeypatch.setenv("WAYMARK_TOKEN", token)
    assert on_database("case", "list").out == "No cases.\n"
    assert "demo database only" in on_database("case", "list", "--as", "sam").sentence
    on_database("user", "disable", "sam")
    assert "not a valid token" in on_database("case", "list").sentence


# Cases


def test_a_case_is_opened_listed_and_shown(office: Command, case: str) -> None:
    assert case.startswith("PB-")
    (row,) = office("case", "list", "--json").json
    assert (row["case"], row["state"], row["version"], row["team"]) == (case, "referred", 1, "prebirth")
    assert datetime.fromisoformat(row["due_at"]).utcoffset() == timedelta(0)
    assert row["deadline"].startswith(f"{case}.")
    listed = office("case", "list").out.splitlines()
    assert listed[0].split()[:3] == ["case", "stage", "state"]
    assert listed[2].startswith(case)
    shown = office("case", "show", case)
    for word in (case, "Referral", "edd", "2027-04-10", "Deadlines", "Timeline", "Record a referral"):
        assert word in shown.out
    view = office("case", "show", case, "--json").json
    assert view["facts"]["source"] == "health"
    assert view["timeline"][0]["occurred_at"] == "2026-11-20T12:00:00+00:00"


def test_case_list_can_be_narrowed(office: Command, case: str) -> None:
    narrowed = {
        ("--lifecycle", "prebirth"): 1,
        ("--lifecycle", "pause"): 0,
        ("--state", "referred"): 1,
        ("--team", "pause"): 0,
        ("--owner", WORKER): 0,
        ("--ended",): 0,
    }
    for options, expected in narrowed.items():
        assert len(office("case", "list", *options, "--json").json) == expected
    assert office("case", "list", "--ended").out == "No cases.\n"
    assert "prebirth, pause" in office("case", "list", "--lifecycle", "adoption").sentence


def test_case_moves_says_what_is_missing_and_who_could(office: Command, case: str) -> None:
    said = office("case", "moves", case, "--as", WORKER).out
    assert "Can happen now" in said
    assert "Cannot happen now" in said
    assert "missing: it is not for a caseworker to do" in said
    assert "who could: team manager" in said
    assert "--fact edd=" in office("case", "moves", case, "--facts").out
    found = office("case", "moves", case, "--json").json
    assert (found["case"], found["version"]) == (case, 1)
    keys = {"trigger", "label", "to", "can", "unmet", "who", "facts", "basis"}
    assert all(one.keys() == keys for one in found["moves"])


def test_case_advance_moves_the_case_and_tells_what_it_did_to_its_dates(office: Command, case: str) -> None:
    facts = ("--fact", "edd=2027-04-20", "--fact", "edd_basis=dating_scan", "--fact", "edd_source=hospital letter")
    said = office("case", "advance", case, "revise_edd", "--version", "1", *facts, "--as", WORKER)
    assert said.code == 0, said
    assert f"{case} is now Referred (version 2, entry {case}#2)." in said.out
    assert office("case", "show", case, "--json").json["edd"] == "2027-04-20"


def test_facts_on_the_line_are_read_by_their_type(office: Command, case: str) -> None:
    facts = ("first_time_parents=yes", "previous_referrals=2", "risk_factors=", 'parents=[{"role": "mother"}]')
    pairs = [word for fact in facts for word in ("--fact", fact)]
    said = office("case", "advance", case, "add_information", "--facts", '{"previous_referrals": 1}', *pairs, "--json")
    assert said.code == 0, said
    found = office("case", "show", case, "--json").json["facts"]
    assert (found["first_time_parents"], found["previous_referrals"]) == (True, 2)
    assert found["parents"] == [{"role": "mother"}]


def test_a_refused_move_says_everything_at_once_and_is_recorded(office: Command, case: str) -> None:
    said = office("case", "advance", case, "route", "--fact", "service=sauna", "--as", WORKER).sentence
    assert said.startswith(f"route on {case} cannot happen now:\n  - it is not for a caseworker to do")
    for word in (
        "must be one of",
        "(recipient) is missing",
        "(move_reason) is missing",
        "It can be done by: team manager",
    ):
        assert word in said
    assert office("case", "show", case, "--json").json["timeline"][-1]["kind"] == "refused"
    assert "refused: it is not for a caseworker" in office("case", "show", case).out
    assert "Last refused" in office("case", "explain", case).out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("case", "show", "PB-999999"), "there is no case PB-999999"),
        (("case", "moves", "PB-999999"), "there is no case PB-999999"),
        (("case", "advance", "PB-999999", "accept"), "there is no case PB-999999"),
        (("case", "explain", "nonsense"), "not a case reference such as PB-12"),
        (("case", "correct", "ZZ-1", "--entry", "1", "--what", "undo", "--why", "x"), "not a case reference"),
        (("deadline", "explain", "PB-1"), "not a deadline such as PB-12.3"),
        (("audit", "show", "PB-999999"), "there is no case PB-999999"),
        (("case", "open", "adoption"), "no lifecycle 'adoption'"),
        (("case", "open", "prebirth", "--team", "none"), "no team 'none'"),
        (("case", "open", "prebirth", "--authority", "atlantis"), "no policy for authority 'atlantis'"),
        (("case", "open", "prebirth", "--parent", "PB-1"), "stands under no other case"),
        (("case", "open", "child_protection"), "name its parent"),
        (("case", "open", "prebirth"), "(received_on) is missing"),
        (("case", "list", "--as", "nobody"), "no active account 'nobody'"),
    ],
    ids=lambda value: " ".join(value)[:44] if isinstance(value, tuple) else None,
)
def test_what_does_not_exist_or_cannot_be_opened_gets_one_sentence(
    office: Command, argv: tuple[str, ...], says: str
) -> None:
    assert says in office(*argv).sentence
    assert office("case", "list", "--json").json == []


def test_a_deadline_that_is_not_there_gets_one_sentence(office: Command, case: str) -> None:
    assert f"no deadline {case}.99" in office("deadline", "explain", f"{case}.99").sentence


def test_the_other_programmes_record_does_not_exist_for_a_team(office: Command, case: str) -> None:
    assert f"there is no case {case}" in office("case", "show", case, "--as", LEAD).sentence


def test_a_stale_version_is_told_what_changed(office: Command, case: str) -> None:
    advance = ("case", "advance", case, "add_information", "--fact", "first_time_parents=yes", "--version")
    assert office(*advance, "1").code == 0
    said = office(*advance, "1").sentence
    assert "has changed since version 1" in said
    assert f"add_information by {MANAGER}" in said
    assert "has not been reached" in office(*advance, "7").sentence
    assert office(*advance, "x").code == 2


def test_a_repeated_key_gives_the_first_answer(office: Command, case: str) -> None:
    advance = ("case", "advance", case, "add_information", "--key", "k1", "--json", "--fact")
    first = office(*advance, "first_time_parents=yes").json
    assert office(*advance, "first_time_parents=yes").json == first
    assert "used for another request" in office(*advance, "first_time_parents=no").sentence
    assert office("case", "show", case, "--json").json["version"] == first["version"]


def test_ten_megabytes_in_a_text_field_leave_nothing_half_written(office: Command, case: str) -> None:
    before = office("audit", "show", case, "--json").out
    facts = json.dumps({"referral_note": "x" * 10_000_000})
    said = office("case", "advance", case, "add_information", "--facts", "-", stdin=facts).sentence
    assert "longer than 1,000,000 bytes" in said
    assert office("audit", "show", case, "--json").out == before


def test_the_future_is_refused_and_a_time_needs_its_offset(office: Command, case: str) -> None:
    advance = ("case", "advance", case, "add_information", "--fact", "first_time_parents=yes", "--occurred")
    assert "lies in the future" in office(*advance, "2099-01-01").sentence
    for wrong in ("yesterday", "2026-11-20T09:30", "2026-13-01"):
        assert office(*advance, wrong).code == 2
    assert office(*advance, "2026-11-20T09:30:00+00:00").code == 0


def test_today_as_the_day_it_happened_is_never_the_future(office: Command, case: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    advance = ("case", "advance", case, "add_information", "--fact", "first_time_parents=yes", "--occurred", today)
    assert office(*advance).code == 0


def test_a_correction_supersedes_and_keeps_what_was_there(office: Command, case: str) -> None:
    correct = ("case", "correct", case, "--entry", "1", "--why", "misread", "--what")
    assert office(*correct, "facts", "--fact", "edd=2027-05-01").code == 0
    view = office("case", "show", case, "--json").json
    assert view["edd"] == "2027-05-01"
    assert view["timeline"][-1]["supersedes"] == 1
    assert "corrects entry 1" in office("case", "show", case).out
    assert "only the latest move can be undone" in office(*correct, "undo").sentence
    assert office(*correct, "everything").code == 2


def test_case_explain_says_what_was_decided_and_what_each_date_waits_for(office: Command, case: str) -> None:
    said = office("case", "explain", case).out
    for word in ("What the policy says", "The last moves", "What its dates wait for", "accept:", "by team manager"):
        assert word in said
    found = office("case", "explain", case, "--json").json
    assert found["decision"].keys() == set(DECISION_KEYS)
    assert found["waiting_for"]


def test_deadline_explain_proves_the_date_step_by_step(office: Command, case: str) -> None:
    name = office("case", "list", "--json").json[0]["deadline"]
    said = office("deadline", "explain", name).out
    assert said.startswith(name)
    assert "  1. The rule: " in said
    found = office("deadline", "explain", name, "--json").json
    assert found["deadline"] == name
    assert all(step.keys() == {"says", "day", "at"} for step in found["steps"])


def test_a_note_cannot_steer_the_terminal(office: Command, case: str) -> None:
    facts = json.dumps({"referral_note": "\x1b[2Jgone\nand a second line"})
    assert office("case", "advance", case, "add_information", "--facts", facts).code == 0
    assert "\x1b" not in office("case", "show", case).out


# Evidence


def test_audit_show_and_export_give_the_evidence(office: Command, case: str) -> None:
    (entry,) = office("audit", "show", case, "--json").json
    assert entry["trigger"] == "refer"
    assert entry["recorded_at"].endswith("+00:00")
    assert "Record a referral" in office("audit", "show", case).out
    lines = [json.loads(line) for line in office("audit", "export").out.splitlines()]
    assert lines[-1]["entry"] == f"{case}#1"
    assert [line for line in lines if line["case_id"]] == [{**entry, "entry": f"{case}#1"}]


def test_audit_export_writes_a_new_file_and_never_over_one(office: Command, case: str, tmp_path: Path) -> None:
    file = tmp_path / "evidence.jsonl"
    assert office("audit", "export", "--to", str(file)).out == ""
    assert len(file.read_text(encoding="utf-8").splitlines()) == 7
    assert "already" in office("audit", "export", "--to", str(file)).sentence
    assert "cannot be written" in office("audit", "export", "--to", str(tmp_path / "no" / "x")).sentence


def test_audit_export_shows_an_account_only_what_it_may_read(office: Command, case: str) -> None:
    lines = office("audit", "export", "--as", LEAD).out.splitlines()
    assert {json.loads(line)["case_id"] for line in lines} == {0}


def test_audit_seal_and_verify_agree_and_a_cut_tail_shows(
    office: Command, case: str, database: Database, tmp_path: Path, monkeypatch: Any
) -> None:
    heads = tmp_path / "heads"
    monkeypatch.setenv("WAYMARK_HEADS_FILE", str(heads))
    assert "Sealed up to line" in office("audit", "seal").out
    assert office("audit", "seal").out == "Everything is sealed already.\n"
    assert office("audit", "seal", "--json").json is None
    found = office("audit", "verify", "--head", str(heads), "--json").json
    assert (found["verified"], found["sealed"], found["heads"]) == (True, found["entries"], 1)
    assert re.match(r"\d+ entries and \d+ looks verify", office("audit", "verify").out)
    lying = json.loads(heads.read_text(encoding="utf-8")) | {"position": 9999}
    heads.write_text(json.dumps(lying) + "\n", encoding="utf-8")
    assert "signature" in office("audit", "verify", "--head", str(heads)).sentence
    heads.write_text("nonsense\n", encoding="utf-8")
    assert "line 1" in office("audit", "verify", "--head", str(heads)).sentence


def test_audit_verify_names_the_case_that_was_tampered_with(office: Command, case: str, database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(CASES).values(head="0" * 64))
    assert f"the evidence of case {case}" in office("audit", "verify").sentence


def test_a_live_database_is_sealed_with_a_key_of_its_own_only(on_database: Command, monkeypatch: Any) -> None:
    assert "WAYMARK_SEAL_KEY" in on_database("audit", "seal").sentence
    monkeypatch.setenv("WAYMARK_SEAL_KEY", "short")
    assert "64 hexadecimal digits" in on_database("audit", "seal").sentence


# Files of referrals and caseloads


def test_a_template_is_written_filled_in_and_imported_once(office: Command, tmp_path: Path) -> None:
    file = tmp_path / "referrals.csv"
    assert "ready to be filled in" in office("import", "--template", "referrals", str(file)).out
    assert "already" in office("import", "--template", "referrals", str(file)).sentence
    names = file.read_text(encoding="utf-8-sig").strip().split(",")
    row = {"source_reference": "old-1", "team": "prebirth", **REFERRAL}
    file.write_text(f"{','.join(names)}\n{','.join(row.get(name, '') for name in names)}\n", encoding="utf-8")
    assert office("import", str(file), "--dry-run", "--json").json["opened"] == 1
    assert office("case", "list", "--json").json == []
    assert "1 cases opened" in office("import", str(file)).out
    assert len(office("case", "list", "--json").json) == 1
    again = office("import", str(file), "--json").json
    assert (again["rows"], again["opened"], again["already_there"]) == (1, 0, 1)
    assert len(office("case", "list", "--json").json) == 1
    assert office("check").code == 0


def test_every_bad_row_is_named_by_line_column_and_reason_and_nothing_is_imported(
    office: Command, tmp_path: Path
) -> None:
    file = tmp_path / "referrals.csv"
    head = "source_reference,team,received_on,source,edd"
    file.write_text(f"{head}\na,prebirth,soon,health,\nb,nowhere,2026-11-20,health,2027-99-01\n", encoding="utf-8")
    said = office("import", str(file)).sentence
    for word in ("line 2", "received_on", "line 3", "team", "edd"):
        assert word in said
    assert office("case", "list", "--json").json == []


def test_a_file_that_is_none_gets_one_sentence(office: Command, tmp_path: Path) -> None:
    (tmp_path / "cut.xlsx").write_bytes(b"PK\x03\x04 the rest was lost")
    for name in ("cut.xlsx", "missing.csv", "."):
        assert office("import", str(tmp_path / name)).sentence
    assert "cannot import for birmingham" in office("import", "x.csv", "--authority", "birmingham").sentence


# The promises


def test_check_holds_on_cases_that_were_moved_through_the_engine(office: Command, case: str) -> None:
    correct = ("case", "correct", case, "--entry", "1", "--why", "x", "--what")
    for argv in (
        ("case", "advance", case, "add_information", "--fact", "first_time_parents=yes"),
        (*correct, "facts", "--fact", "edd=2027-05-01"),
        (*correct, "occurred_at", "--happened", "2026-11-20T09:30:00+00:00"),
        ("case", "advance", case, "change_worker", "--fact", f"worker={WORKER}"),
    ):
        assert office(*argv).code == 0
    assert office("check").out == "Every promise holds.\n"
    assert office("check", "--json").json == {"broken": []}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (update(TEAMS).values(manager=None), "it has no owner"),
        (update(USERS).values(active=False), "manager's account is disabled"),
        (update(CASES).values(state="allocation"), "state is not what its evidence adds up to"),
        (update(CASES).values(facts={}), "facts is not what its evidence adds up to"),
        (update(CASES).values(final=True), "it has ended, but its deadline"),
        (update(CASES).values(head="0" * 64), "its evidence ends at entry 1"),
        (update(DEADLINES).values(due_at=None), "no deadline with a due date is running"),
        (update(DEADLINES).where(DEADLINES.c.number == 1).values(subject="x"), "clock events add up to (subject)"),
        (DEADLINES.delete(), "has evidence, but no row"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_check_names_a_case_whose_promise_is_broken(
    office: Command, case: str, database: Database, change: Any, says: str
) -> None:
    with database.write() as connection:
        connection.execute(change)
    said = office("check")
    assert said.code == 1
    assert any(line.startswith(f"{case}: ") and says in line for line in said.out.splitlines()), said.out
    assert "broken" in said.err
    broken = office("check", "--json")
    assert broken.code == 1
    assert any(says in one for one in broken.json["broken"])


# The demo


def test_the_demo_is_loaded_once_toured_and_counted_and_keeps_every_promise(
    waymark: Command, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    assert "The demo caseload is loaded: " in waymark("demo").out
    assert "loaded already" in waymark("demo", "--if-empty").out
    assert "loaded already" in waymark("demo").sentence
    tour = waymark("tour")
    assert tour.code == 0, tour
    for word in ("Worklist of durham", "The timeline of PB-", "Birmingham", "Durham", "demo.manager", "How to go on"):
        assert word in tour.out
    for line in re.findall(r"^waymark (.*P[AB]-\d+.*)", README.read_text(), re.MULTILINE):
        assert waymark(*line.split("#")[0].split()).code == 0, line
    both = waymark("report", "cohort", "--json").json
    assert both.keys() == {"birmingham", "durham"}
    durham = waymark("report", "cohort", "--authority", "durham", "--json").json
    assert durham == both["durham"]
    assert durham.keys() >= {"prebirth", "pause"}
    own = waymark("report", "cohort", "--as", "demo.birmingham.manager", "--json").json
    assert own == {"birmingham": both["birmingham"]}
    other = ("report", "cohort", "--authority", "durham", "--as", "demo.birmingham.manager")
    assert "sees no figures of durham" in waymark(*other).sentence
    assert "learning disability: " in waymark("report", "cohort", "--authority", "durham").out
    later = waymark("report", "cohort", "--authority", "durham", "--cohort", "Durham later", "--json").json
    assert [one["women"] for one in later["pause"]["cohorts"]] == [21]
    team = waymark("report", "cohort", "--authority", "durham", "--team", "demo.durham.prebirth", "--json").json
    assert team["prebirth"]["families"] > 0
    assert "had no case on that day" in waymark("report", "cohort", "--authority", "durham", "--team", "x").sentence
    assert "name it with --authority" in waymark("report", "cohort", "--team", "x").sentence
    assert "lies in the future" in waymark("report", "cohort", "--as-of", "2999-01-01").sentence
    assert waymark("report", "cohort", "--as-of", "soon").code == 2
    assert waymark("check").out == "Every promise holds.\n"
    assert waymark("audit", "verify").code == 0


def test_the_demo_is_not_loaded_beside_anything_else(on_database: Command) -> None:
    on_database("team", "add", "prebirth", "--name", "P", "--authority", "durham")
    for argv in (("demo",), ("demo", "--if-empty")):
        assert "1 teams" in on_database(*argv).sentence
    assert len(on_database("team", "list", "--json").json) == 1


# Real processes


def process(*argv: str, url: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WAYMARK_DATABASE_URL": url, **settings}
    command = [sys.executable, "-c", "from workflow.cli import run; run()", *argv]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)


def test_a_process_ends_with_the_code_and_keeps_the_streams_apart(sqlite_url: str) -> None:
    good = process("user", "list", "--json", url=sqlite_url)
    assert (good.returncode, good.stdout, good.stderr) == (0, "[]\n", "")
    refused = process("case", "list", url=sqlite_url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert process("frobnicate", url=sqlite_url).returncode == 2
    assert process("--version", url=sqlite_url).stdout.startswith("waymark ")


def test_what_nobody_foresaw_is_one_sentence_and_a_log_line_without_what_was_worked_on(sqlite_url: str) -> None:
    code = (
        "from workflow.cli import run, calendars\n"
        "def fail(*_):\n    secret = 'a child'\n    raise KeyError('the name of a child')\n"
        "calendars._calendar = fail\n"
        "run(['calendar', 'add', '2026-11-23', '1'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    log, sentence = done.stderr.splitlines()
    assert json.loads(log)["error"] == "KeyError"
    assert sentence.startswith("waymark: this failed in a way nobody foresaw (KeyError)")
    assert "child" not in done.stderr


def test_an_interrupted_command_ends_with_130(sqlite_url: str) -> None:
    code = (
        "from workflow.cli import run, calendars\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "calendars._calendar = stop\n"
        "run(['calendar', 'add', '2026-11-23', '1'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_reader_that_stops_reading_is_no_error(sqlite_url: str) -> None:
    command = f"{sys.executable} -c 'from workflow.cli import run; run()' lifecycle show prebirth | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_completion_can_be_installed(sqlite_url: str) -> None:
    done = process("--show-completion", "bash", url=sqlite_url, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_WAYMARK_COMPLETE" in done.stdout + done.stderr


# What people do about deadlines


def swept(database: Database) -> None:
    service = open_service(Settings(database_url=database.url.render_as_string(hide_password=False)))
    sweep(DueDeadlines(service.engine, "tests"), datetime.now(UTC))
    service.database.close()


def test_an_alert_is_read_acknowledged_and_quiet(office: Command, case: str, database: Database) -> None:
    swept(database)
    name = f"{case}.1"
    waiting = office("alerts", "list", "--json").json
    assert name in {one["deadline"] for one in waiting}
    messages = office("inbox", "--json").json
    assert name in {one["params"].get("deadline") for one in messages}
    assert office("inbox", "--read", messages[0]["key"]).code == 0
    promised = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    said = office("deadline", "acknowledge", name, "--promised", promised, "--reason", "invented", "--json")
    assert (said.code, said.json["deadline"]) == (0, name)
    assert name not in {one["deadline"] for one in office("alerts", "list", "--json").json}


def test_a_deadline_that_allows_it_not_is_neither_paused_nor_extended_nor_resumed(office: Command, case: str) -> None:
    name = f"{case}.1"
    for command in (("pause",), ("resume",), ("extend", "--by", "5 working_days")):
        assert (
            name.split(".", maxsplit=1)[0]
            in office("deadline", command[0], name, *command[1:], "--reason", "invented").sentence
        )


def test_an_absence_is_recorded_with_who_covers(office: Command) -> None:
    today = datetime.now(UTC).date()
    ends = (today + timedelta(days=5)).isoformat()
    done = office("user", "away", WORKER, "--from", today.isoformat(), "--to", ends, "--cover", MANAGER)
    assert done.code == 0, done
    unknown = office("user", "away", "nobody.here", "--from", today.isoformat(), "--to", ends)
    assert "nobody.here" in unknown.sentence
