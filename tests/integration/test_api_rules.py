"""Rules, reports, the calendar, imports and the system over HTTP: what each role learns, and that nothing changes."""

from datetime import timedelta
from importlib import resources
from typing import Any

import pytest
from integration.test_answers import identified, row
from sqlalchemy import func, select

from config.settings import Settings
from scheduler.sweeps import sweep
from workflow.alerting import DueDeadlines
from workflow.audit import ENTRIES
from workflow.looks import LOOKS
from workflow.repository import CASES

from doors import Doors, doors_to, problem
from factories import NOW, Desk

pytestmark = pytest.mark.mostly_one_database

ADMIN, MANAGER = "both.ADM", "baby.SM"
MOTHER = {"role": "mother", "name": "Ottilie Quillfeather", "learning_disability": "diagnosed", "consent": "given"}
REFERRAL = {
    "received_on": NOW.date().isoformat(),
    "source": "cass",
    "edd": "2027-06-15",
    "edd_basis": "dating_scan",
    "parents": [MOTHER],
}
DURHAM = (resources.files("config") / "policies" / "durham.toml").read_text(encoding="utf-8")
STRICTER = (
    DURHAM.replace("gestation_days <= 146", "gestation_days <= 30").replace("2026.1", "trial")
    + """
[limits.prebirth.referral_decision]
terms = [{ amount = 1, unit = "hours" }]
ladder = "one_day"
basis = "local"
source = "a trial"
effective_from = 2026-11-01
"""
)


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


@pytest.fixture
def referred(doors: Doors) -> str:
    return doors.desk.open("prebirth", "baby.FD", REFERRAL).case


def count_of(doors: Doors, table: Any) -> int:
    with doors.desk.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def looks(doors: Doors) -> list[tuple[str, str]]:
    doors.desk.service.looks.flush()
    with doors.desk.database.read() as connection:
        found = connection.execute(select(LOOKS.c.actor, LOOKS.c.about).order_by(LOOKS.c.id))
        return [(one.actor, one.about) for one in found]


# --- lifecycles ----------------------------------------------------------------------------------------------------


def test_lifecycles_are_shown_as_tables_and_as_pictures(doors: Doors) -> None:
    names = [one["id"] for one in doors.get("/lifecycles", ADMIN).json()]
    assert "prebirth" in names
    assert "pause" in names
    assert doors.get("/lifecycles/prebirth").json()["code"] == "PB"
    picture, text = doors.get("/lifecycles/prebirth.svg"), doors.get("/lifecycles/prebirth.mermaid")
    assert (picture.headers["content-type"], text.text.split("\n")[0]) == ("image/svg+xml", "stateDiagram-v2")
    assert picture.text.startswith("<svg")


@pytest.mark.parametrize("name", ["none", "none.svg", "none.mermaid", "%00", "\N{SNOWMAN}", "%ff"])
def test_a_lifecycle_that_is_not_there_is_not_found(doors: Doors, name: str) -> None:
    assert problem(doors.get(f"/lifecycles/{name}")) == (404, "not-found")


@pytest.mark.parametrize("path", ["/lifecycles", "/policies", "/reports/cohort", "/calendar/add?date=2026-12-23&n=1"])
def test_nobody_reads_rules_without_an_account(doors: Doors, path: str) -> None:
    assert problem(doors.get(path, None)) == (401, "not-signed-in")


# --- policies ------------------------------------------------------------------------------------------------------


def test_a_policy_is_told_in_words_with_basis_and_source(doors: Doors) -> None:
    versions = doors.get("/policies", ADMIN).json()
    assert {(one["authority"], one["in_force"]) for one in versions} >= {("durham", True), ("birmingham", True)}
    policy = doors.get("/policies/durham").json()
    assert {one["id"] for one in policy["criteria"]} >= {"C1", "G1"}
    (limit,) = [one for one in policy["limits"] if one["clock"] == "referral_decision"]
    assert limit["says"].startswith(
        "the earliest of: 1 working day from the day it was received; 1 working day from the start"
    )
    assert (limit["basis"], limit["label"]) == ("statutory_guidance", limit["label"])
    assert problem(doors.get("/policies/atlantis")) == (404, "not-found")


def test_a_decision_comes_with_its_trace_and_keeps_nothing(doors: Doors) -> None:
    decided = doors.post("/policies/durham/decide", REFERRAL, "baby.FD").json()
    assert (decided["decision"], decided["service"], decided["rule"]) == ("accept", "pre_birth", "C2")
    assert {"id", "result", "because"} == set(decided["rules"][0])
    nothing = doors.post("/policies/durham/decide", {}, "baby.FD").json()
    assert nothing["decision"] == "more_information"
    assert count_of(doors, CASES) == count_of(doors, ENTRIES) - _issued(doors) == 0


def _issued(doors: Doors) -> int:
    """The entries of the tokens that asking took."""
    with doors.desk.database.read() as connection:
        query = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.trigger == "issue_token")
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"edd": "9999-99-99"}, 422),
        ({"edd": "0001-01-01", "received_on": "9999-12-31"}, 200),
        ({"received_on": "2026-11-25", "proceedings_ended_on": "2026-02-30"}, 422),
        ({"parents": [{"role": "dragon"}]}, 422),
        ({"nonsense\u2028": 1}, 422),
        ({"source": "a" * 20_000}, 422),
        ({"source": "\x00"}, 400),
        ([], 422),
        (b"{", 400),
        (b'{"edd": NaN}', 400),
        (b'{"\\ud800": 1}', 400),
        (b'{"source": 1' + b"0" * 5000 + b"}", 400),
    ],
)
def test_facts_that_cannot_be_used_are_refused_in_words(doors: Doors, facts: Any, status: int) -> None:
    headers = {"content_type": "application/json"} if isinstance(facts, bytes) else {}
    answered = doors.post("/policies/durham/decide", facts, "baby.FD", **headers)
    assert answered.status_code == status, answered.text


def test_what_another_policy_would_change_is_shown_and_not_done(doors: Doors, referred: str) -> None:
    doors.desk.now += timedelta(hours=2)
    asked = {"authority": "durham", "toml": STRICTER}
    found = doors.post("/policies/compare", asked, MANAGER).json()
    (case,) = found["cases"]
    assert (found["old"], found["new"], case["case"]) == ("2026.1", "trial", referred)
    assert (case["decision"]["old"]["decision"], case["decision"]["new"]["rule"]) == ("accept", "G1")
    (deadline,) = [one for one in case["deadlines"] if one["breaches"]]
    assert deadline["due_new"] < deadline["due_old"]
    assert deadline["told"]
    assert found["counts"] | {"told": 0} == {
        "cases": 1, "decided_otherwise": 1, "dates_moved": 1, "breached": 1, "told": 0,
    }  # fmt: skip
    assert (MANAGER, "comparison of policies") in looks(doors)
    same = doors.post("/policies/compare", {"authority": "durham", "new": "current"}, MANAGER).json()
    assert (same["cases"], same["counts"]["cases"], same["next"]) == ([], 1, None)
    with doors.desk.database.read() as connection:
        kinds = connection.execute(select(ENTRIES.c.trigger).where(ENTRIES.c.case_id != 0)).scalars().all()
    assert len(kinds) == 1


def test_a_caseload_is_compared_page_by_page(doors: Doors) -> None:
    for _ in range(3):
        doors.desk.open("prebirth", "baby.FD", REFERRAL)
    seen, after = [], 0
    while after is not None:
        asked = {"authority": "durham", "toml": STRICTER, "limit": 2, "after": after}
        page = doors.post("/policies/compare", asked, MANAGER).json()
        seen += [one["case"] for one in page["cases"]]
        after = page["next"]
    assert seen == ["PB-1", "PB-2", "PB-3"]


def test_only_cases_one_may_read_are_compared(doors: Doors, referred: str) -> None:
    asked = {"authority": "durham", "toml": STRICTER}
    assert doors.post("/policies/compare", asked, "pause.PL").json()["counts"]["cases"] == 0
    for who in ("baby.CW", "both.AUD", ADMIN):
        assert problem(doors.post("/policies/compare", asked, who)) == (403, "not-allowed")
    other = {"authority": "birmingham", "new": "current"}
    assert problem(doors.post("/policies/compare", other, MANAGER)) == (403, "not-allowed")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"new": "1066"}, 404),
        ({"toml": "not toml ="}, 422),
        ({"toml": "a = " + "[" * 5000}, 422),
        ({"toml": DURHAM.replace('"statutory"', '"../../../etc/x"', 1)}, 422),
        ({"toml": DURHAM.replace('authority = "durham"', 'authority = "york"', 1)}, 422),
        ({"toml": DURHAM.replace("gestation_days <= 146", "weeks_of_rain < 3")}, 422),
        ({"toml": DURHAM, "new": "current"}, 422),
        ({}, 422),
        ({"new": "current", "after": -1}, 422),
        ({"new": "current", "after": 2**64}, 400),
    ],
)
def test_a_policy_that_cannot_be_compared_is_refused(doors: Doors, change: dict[str, Any], status: int) -> None:
    answered = doors.post("/policies/compare", {"authority": "durham", **change}, MANAGER)
    assert problem(answered)[0] == status


# --- reports -------------------------------------------------------------------------------------------------------


def test_the_cohorts_of_ones_own_authority_are_counted_and_the_look_is_noted(doors: Doors, referred: str) -> None:
    for who in (MANAGER, "both.OVS", "baby.CW"):
        assert {"prebirth", "pause"} <= set(doors.get("/reports/cohort", who).json())
        assert (who, "cohort") in looks(doors)
    assert problem(doors.get("/reports/cohort", ADMIN)) == (403, "not-allowed")


def test_only_who_may_search_the_evidence_has_the_figures_counted_over_the_api(doors: Doors) -> None:
    assert "counted_at" in doors.get("/reports/cohort?again=true", MANAGER).json()
    assert doors.get("/reports/cohort?again=true", "both.OVS").status_code == 403
    assert doors.get("/reports/cohort", "both.OVS").status_code == 200


@pytest.mark.parametrize("as_of", ["2030-01-01", "9999-12-31", "0001-01-01", "yesterday", "%00"])
def test_figures_of_a_day_that_cannot_be_are_refused(doors: Doors, as_of: str) -> None:
    assert problem(doors.get(f"/reports/cohort?as_of={as_of}", MANAGER)) == (422, "bad-input")


def test_who_reads_no_case_gets_counts_of_what_came_late_and_nothing_more(doors: Doors, referred: str) -> None:
    doors.desk.now += timedelta(days=5)
    sweep(DueDeadlines(doors.desk.engine, "n1"), doors.desk.now)
    whole = doors.get("/reports/late?since=2026-11-01", MANAGER).json()
    assert whole["late"][0]["deadline"].startswith(referred)
    counts = doors.get("/reports/late?since=2026-11-01", "both.OVS")
    assert (counts.json()["late"], counts.json()["by_cause"]) == (None, whole["by_cause"])
    assert referred not in counts.text
    elsewhere = doors.get("/reports/late?since=2026-11-01", "pause.PP").json()
    assert (elsewhere["late"], elsewhere["by_cause"]) == ([], {})


# --- the calendar --------------------------------------------------------------------------------------------------


def test_sums_with_dates(doors: Doors) -> None:
    found = doors.get("/calendar/add?date=2026-12-23&n=3&unit=working_days", "both.OVS").json()
    assert (found["date"], found["verified"]) == ("2026-12-30", True)
    assert found["not_counted"][0] == {"date": "2026-12-25", "why": "Christmas Day"}
    months = doors.get("/calendar/add?date=2026-11-30&n=-3&unit=months").json()
    assert (months["from"], months["date"]) == ("2026-11-30", "2026-08-30")
    weeks = doors.get("/calendar/gestation?edd=2027-03-01&date=2026-11-23").json()
    assert (weeks["gestation"], weeks["days"]) == ("26+0", 182)


@pytest.mark.parametrize(
    "asked",
    [
        "date=0001-01-01&n=-1",
        "date=9999-12-31&n=1&unit=days",
        "date=2199-12-31&n=100000&unit=months",
        "date=2199-12-31&n=1&unit=working_days",
        "date=2026-12-23&n=100000&unit=working_days",
        "date=2026-12-23&n=99999999999999999999999999",
        "date=2026-12-23&n=1&unit=fortnights",
        "date=2026-12-23&n=%00",
        "date=\N{SNOWMAN}&n=1",
    ],
)
def test_a_sum_without_an_answer_is_refused(doors: Doors, asked: str) -> None:
    assert problem(doors.get(f"/calendar/add?{asked}")) == (422, "bad-input")


HOLIDAY = {"day": "2026-12-04", "change": "add", "reason": "proclaimed"}


def test_a_bank_holiday_is_previewed_recorded_once_and_applied_on_purpose(doors: Doors) -> None:
    case = identified(doors.desk)
    before = row(doors.desk)["due_on"]
    previewed = doors.post("/calendar/overrides/preview", HOLIDAY, "pause.SM").json()
    assert [one["deadline"] for one in previewed["deadlines"]] == [f"{case}.1"]
    recorded = doors.post("/calendar/overrides", HOLIDAY, "pause.SM", idempotency_key="one-proclamation")
    again = doors.post("/calendar/overrides", HOLIDAY, "pause.SM", idempotency_key="one-proclamation")
    assert recorded.status_code == again.status_code == 201
    assert recorded.json() == previewed == again.json()
    assert row(doors.desk)["due_on"] == before
    assert problem(doors.post("/calendar/overrides", HOLIDAY, "pause.SM")) == (422, "bad-input")
    applied = doors.post("/calendar/overrides/apply", {"day": HOLIDAY["day"]}, "pause.SM").json()
    assert applied == previewed
    assert row(doors.desk)["due_on"] == before + timedelta(days=1)
    assert doors.post("/calendar/overrides/apply", {"day": HOLIDAY["day"]}, "pause.SM").json() == {"deadlines": []}


def test_the_calendar_is_changed_by_those_who_may_and_shows_no_case_to_who_reads_none(doors: Doors) -> None:
    identified(doors.desk)
    for who in ("baby.CW", "pause.PL", "both.AUD", "both.OVS"):
        assert problem(doors.post("/calendar/overrides", HOLIDAY, who)) == (403, "not-allowed")
        assert problem(doors.post("/calendar/overrides/apply", {"day": "2026-12-04"}, who)) == (403, "not-allowed")
    assert doors.post("/calendar/overrides", HOLIDAY, ADMIN).json() == {"deadlines": []}


@pytest.mark.parametrize(
    "change",
    [{"day": "0001-01-01"}, {"day": "9999-12-31"}, {"day": "2150-01-01"}, {"reason": " "}, {"day": "2026-12-05"}],
)
@pytest.mark.parametrize("route", ["", "/preview"])
def test_a_change_of_the_calendar_that_cannot_be_is_refused(doors: Doors, change: dict[str, str], route: str) -> None:
    given = {**HOLIDAY, **change}
    assert problem(doors.post(f"/calendar/overrides{route}", given, "pause.SM")) == (422, "bad-input")
    if "day" in change and change["day"][:4] not in ("2026",):
        assert problem(doors.post("/calendar/overrides/apply", change, "pause.SM")) == (422, "bad-input")


# --- imports -------------------------------------------------------------------------------------------------------

GOOD = (
    "source_reference,team,received_on,source,edd,edd_basis,parent1_role,parent1_name\n"
    "DUR-1,baby,2026-11-20,cass,2027-06-15,dating_scan,mother,An Invented Woman\n"
)


def send(doors: Doors, content: str | bytes, as_: str = "baby.FD", *, kind: str = "text/csv", query: str = "") -> Any:
    body = content.encode() if isinstance(content, str) else content
    return doors.post(f"/imports{query}", body, as_, content_type=kind)


def test_a_template_is_a_spreadsheet_that_the_import_reads(doors: Doors) -> None:
    given = doors.get("/imports/templates/referrals.xlsx", "baby.FD")
    assert given.content.startswith(b"PK")
    answered = send(doors, given.content, kind=given.headers["content-type"])
    assert problem(answered) == (422, "bad-input")
    assert "holds no rows" in answered.json()["detail"]
    assert problem(doors.get("/imports/templates/secrets.xlsx", "baby.FD")) == (422, "bad-input")


def test_bad_rows_are_named_and_nothing_is_opened(doors: Doors) -> None:
    answered = send(doors, GOOD.replace("2026-11-20", "2026-13-20"))
    assert problem(answered) == (422, "bad-input")
    assert any("received_on" in one for one in answered.json()["problems"])
    assert count_of(doors, CASES) == 0


@pytest.mark.parametrize("content", ["", "\x00\x00", "source_reference\n", "a,b\n1,2\n", '"never closed'])
def test_a_file_that_is_none_is_refused(doors: Doors, content: str) -> None:
    assert problem(send(doors, content)) == (422, "bad-input")


def test_who_may_not_import_is_told_so(doors: Doors) -> None:
    for who in ("both.AUD", "both.OVS", "pause.PP"):
        assert problem(send(doors, GOOD, who))[0] == 403
    assert problem(send(doors, GOOD, kind="application/json")) == (422, "bad-input")


def test_a_file_larger_than_the_limit_is_not_read(doors: Doors) -> None:
    assert problem(send(doors, "x" * (1024 * 1024 + 1))) == (413, "too-large")


# --- the system ----------------------------------------------------------------------------------------------------


def test_the_system_tells_how_it_stands_and_no_secret(desk: Desk) -> None:
    doors = doors_to(desk, secret_key="0123456789abcdef" * 4, smtp_url="smtp://u:hunter2@host", metrics_token="m" * 20)
    found = doors.get("/system", ADMIN)
    shown = found.json()["settings"]
    assert [shown[name] for name in ("secret_key", "seal_key", "session_hours")] == ["set", "not set", 12]
    assert found.json()["schema_version"]
    assert set(shown) == set(Settings.model_fields)
    for secret in ("0123456789abcdef", "hunter2", "mmmm"):
        assert secret not in found.text


def test_promises_are_checked(doors: Doors, referred: str) -> None:
    assert doors.get("/system/promises", ADMIN).json() == {"broken": []}
    doors.desk.now += timedelta(days=9)
    broken = doors.get("/system/promises", ADMIN)
    assert any(referred in one for one in broken.json()["broken"])
    assert "Quillfeather" not in broken.text


# --- an administrator reads no case --------------------------------------------------------------------------------


def test_an_administrator_reads_no_case_anywhere(doors: Doors, referred: str) -> None:
    """Every address that answers to GET is asked: none tells of the person, or of what was decided."""
    known = {"ref": referred, "name": f"{referred}.1", "username": "baby.CW", "code": "baby", "authority": "durham"}
    known |= {"kind": "caseload", "token": "wm_x"}
    needed = {"/reports/late": "?since=2026-11-01", "/calendar/add": "?date=2026-12-23&n=1"}
    needed |= {"/calendar/gestation": "?edd=2027-06-15&date=2026-11-23"}
    asked = 0
    for path, operations in doors.app.openapi()["paths"].items():
        if "get" not in operations or not path.startswith("/api/v1"):
            continue
        route = path.removeprefix("/api/v1")
        answered = doors.get(route.format(**known) + needed.get(route, ""), ADMIN)
        asked += 1
        assert answered.status_code < 500, path
        assert "Quillfeather" not in answered.text, path
        if route.startswith(("/cases", "/deadlines", "/escalations", "/evidence", "/looks")):
            assert answered.status_code in (403, 404, 405), path
    assert asked > 25


def test_every_route_has_words_tags_and_documented_problems(doors: Doors) -> None:
    own = ("session", "account", "people", "teams", "absences", "lifecycles", "reports", "calendar", "imports")
    for path, operations in doors.app.openapi()["paths"].items():
        if not path.startswith(tuple(f"/api/v1/{one}" for one in (*own, "policies", "system", "feeds"))):
            continue
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
            assert any(status.startswith(("4", "5")) for status in operation["responses"]), (method, path)
