"""The supervisor's pages: what is slipping, what waits for an answer, what was done, and what may be taken away."""

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from httpx2 import Response
from journeys.parents import with_baby
from journeys.prebirth_journeys import Pregnancy
from openpyxl import load_workbook
from sqlalchemy import Connection, select
from starlette.testclient import TestClient

from scheduler.sweeps import sweep
from workflow import audit, worklists
from workflow.access import ACCESS
from workflow.access_acts import change_access
from workflow.access_tables import AccessKind
from workflow.accounts import TEAMS
from workflow.alerting import DueDeadlines
from workflow.audit import ENTRIES
from workflow.identity import sessions
from workflow.job_log import NIGHTLY, JobRuns
from workflow.looks import LOOKS
from workflow.models import NEVER
from workflow.outbox import ALERTS
from workflow.repository import CASES, DEADLINES
from workflow.serving.csrf import csrf_token
from workflow.team_figures import caseload, standing_still
from workflow.web.exports import MOST_ROWS, _csv
from workflow.web.table_parts import MOST as MOST_TEAMS
from workflow.worklists import Filters, worklist

from browser import Page
from doors import Doors, doors_to
from factories import Desk
from walks import Walk

pytestmark = pytest.mark.mostly_one_database

MOTHER = {"role": "mother", "name": "Ottilie Quillfeather", "consent": "not_asked", "positive_change": True}
REMOVED = [{"through": "care_proceedings", "removed_on": "2023-04-05", "authority": "durham"}]
TOLD = {"accept": "text/html", "sec-fetch-site": "same-origin"}


class Visitor:
    """Somebody signed in, with a browser without scripts."""

    def __init__(self, doors: Doors, username: str) -> None:
        self.desk = doors.desk
        with self.desk.database.write() as connection:
            cookie = sessions.start(connection, username, second_factor=True, device="a test", now=self.desk.now)
        self.client: TestClient = doors.client()
        self.client.cookies.set("waymark", cookie)
        self.csrf = csrf_token(cookie)

    def get(self, path: str, status: int = 200) -> str:
        answered = self.client.get(path, headers=TOLD)
        assert answered.status_code == status, answered.text
        return answered.text

    def file(self, path: str) -> Response:
        answered = self.client.get(path, headers=TOLD)
        assert answered.status_code == 200, answered.text
        assert "attachment" in answered.headers["content-disposition"]
        return answered

    def post(self, path: str, **typed: Any) -> Response:
        return self.client.post(path, data={"csrf": self.csrf, **typed}, headers=TOLD)


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def identified(desk: Desk, worker: str = "pause.PP") -> str:
    """A Pause case whose contact plan is due in ten working days."""
    return Walk(desk, "pause").open("pause.PL", worker=worker).case


def overdue(desk: Desk, *cases: str) -> list[str]:
    """The deadlines of these cases, past their date, with people told."""
    with desk.database.read() as connection:
        due = max(connection.execute(select(DEADLINES.c.due_at)).scalars())
    desk.now = due + timedelta(hours=9)
    sweep(DueDeadlines(desk.engine, "n1"), desk.now)
    return [f"{case}.1" for case in cases]


def words(html: str) -> str:
    """The page as it is read: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def looked(desk: Desk, kind: str) -> list[Any]:
    desk.service.looks.flush()
    with desk.database.read() as connection:
        return list(connection.execute(select(LOOKS).where(LOOKS.c.kind == kind).order_by(LOOKS.c.id)))


def in_days(desk: Desk, days: int) -> dict[str, str]:
    day = (desk.now + timedelta(days=days)).date()
    return {"until-day": str(day.day), "until-month": str(day.month), "until-year": str(day.year)}


# --- at a glance ---------------------------------------------------------------------------------------------------


def test_the_team_page_puts_what_is_past_its_date_first_and_counts_by_worker(doors: Doors) -> None:
    desk = doors.desk
    case, _ = identified(desk), identified(desk, "pause.PP2")
    overdue(desk)
    html = Visitor(doors, "pause.PL").get("/team")
    said = words(html)
    assert "2 cases of 2 open cases are past a date" in said
    assert html.index("Past its date") < html.index("By worker")
    assert f'href="/cases/{case}"' in html
    assert "PP 1 of pause" in said
    assert "How long cases have stood still" in said


def test_a_caseworker_has_no_team_page(doors: Doors) -> None:
    Visitor(doors, "baby.CW").get("/team", status=403)


def test_a_manager_sees_no_other_team(doors: Doors) -> None:
    identified(doors.desk)
    manager = Visitor(doors, "baby.TM")
    manager.get("/team?team=pause", status=404)
    assert "no open case here" in manager.get("/team")


def test_many_teams_are_shown_in_parts_those_with_most_past_a_date_first(doors: Doors) -> None:
    desk = doors.desk
    cases = [identified(desk) for _ in range(3)]
    overdue(desk)
    codes = [f"far.{number}" for number in range(MOST_TEAMS)]
    with desk.database.write() as connection:
        rows = [{"code": one, "name": one, "authority": "durham", "record": "pause", "manager": None} for one in codes]
        connection.execute(TEAMS.insert(), rows)
        _spread(connection, codes, like=cases[0])
    visitor = Visitor(doors, "pause.PL")
    first, second = visitor.get("/team"), visitor.get("/team?part=2")
    assert f"teams 1 to {MOST_TEAMS} of {MOST_TEAMS + 1}" in words(first)
    assert first.index(">Team pause</a>") < first.index(">far.0</a>")
    assert ">far.9</a>" not in first, "the last of them by name, with nothing past its date"
    assert ">far.9</a>" in second
    assert 'href="?part=2#teams"' in first
    assert 'href="?part=1#teams"' in second
    assert words(visitor.get("/team?part=twelve")) == words(first), "what is no part is the first"


def _spread(connection: Connection, codes: list[str], *, like: str) -> None:
    """A case for each of these teams, in all but team and date as the one named."""
    row = dict(connection.execute(select(CASES).where(CASES.c.id == int(like.partition("-")[2]))).mappings().one())
    rows = [{**row, "id": 1000 + at, "team": one, "urgent_at": NEVER} for at, one in enumerate(codes)]
    connection.execute(CASES.insert(), [{**one, "urgent_deadline": None} for one in rows])


def test_the_counts_of_a_caseload_add_up(desk: Desk) -> None:
    for _ in range(3):
        identified(desk)
    with desk.database.read() as connection:
        rows = caseload(connection, desk.who("pause.PL"), desk.now, desk.engine.calendar)
        (still,) = standing_still(connection, desk.who("pause.PL"), desk.now + timedelta(days=4), "pause")
    assert sum(row["cases"] for row in rows) == 3
    assert all(
        row["cases"] == sum(row[name] for name in ("breached", "today", "soon", "later", "undated")) for row in rows
    )
    assert (still["cases"], still["median_days"], still["longest_days"]) == (3, 4, 4)
    assert still["longest"] == "PA-1"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_median_is_the_one_in_the_middle(desk: Desk, count: int) -> None:
    for _ in range(count):
        identified(desk)
        desk.now += timedelta(days=10)
    with desk.database.read() as connection:
        (still,) = standing_still(connection, desk.who("pause.PL"), desk.now, "pause")
    days = [10 * (place + 1) for place in range(count)]
    assert still["median_days"] == (days[count // 2] + days[(count - 1) // 2]) / 2
    assert still["longest_days"] == days[-1]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 4),
        (Filters(unallocated=True), 1),
        (Filters(owner="pause.PP"), 3),
        (Filters(team="pause"), 4),
        (Filters(lifecycle="pause"), 4),
        (Filters(lifecycle="prebirth"), 0),
        (Filters(stage="Identified"), 4),
        (Filters(stage="Referral"), 0),
        (Filters(state="identified"), 4),
        (Filters(status="breached"), 1),
        (Filters(status="amber"), 1),
        (Filters(status="on_track"), 1),
        (Filters(status="paused"), 1),
        (Filters(lifecycle="pause", status="amber", team="pause"), 1),
        (Filters(ended=True), 0),
    ],
    ids=lambda one: one.said() if isinstance(one, Filters) else str(one),
)
def test_a_list_is_the_same_whether_its_cases_are_few_or_many(
    desk: Desk, filters: Filters, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few cases are found by their numbers, many are read in their order."""
    several(desk)

    def lists() -> dict[str, list[str]]:
        with desk.database.read() as connection:
            return {
                one: [row["case"] for row in worklist(connection, desk.who(one), desk.now, filters).rows]
                for one in ("pause.PL", "pause.PP", "baby.CW", "baby.SM", "both.AUD")
            }

    few = lists()
    assert len(few["pause.PL"]) == count
    assert few["baby.SM"] == [one for one in few["pause.PL"] if one.endswith("-1")], "the one she was given sight of"
    monkeypatch.setattr(worklists, "FEW", -1)  # a setting: nothing counts as few
    assert few == lists()


def several(desk: Desk) -> None:
    """Cases of one's own and of nobody, on time, due soon, past their date, and with their time stopped."""
    cases = [identified(desk), identified(desk, "pause.PP2"), identified(desk), identified(desk)]
    numbers = [int(one.partition("-")[2]) for one in cases]
    with desk.database.write() as connection:
        connection.execute(CASES.update().where(CASES.c.id == numbers[1]).values(owner=None))
        given = {"kind": AccessKind.GRANTED, "given_by": "pause.PL", "given_at": desk.now}
        connection.execute(ACCESS.insert(), {"case_id": numbers[0], "username": "baby.SM", **given})
        for number, row in zip(numbers, TIMES, strict=True):
            hours, amber, status = row
            due, warned = desk.now + timedelta(hours=hours), desk.now + timedelta(hours=amber)
            of_case = DEADLINES.c.case_id == number
            connection.execute(DEADLINES.update().where(of_case).values(due_at=due, amber_at=warned, status=status))
            connection.execute(CASES.update().where(CASES.c.id == number).values(urgent_at=due))


TIMES = ((-5, -50, "open"), (5, -5, "open"), (50, 5, "open"), (60, 6, "paused"))  # due, warned of, in hours; status


def test_a_figure_leads_to_the_list_behind_it(doors: Doors) -> None:
    desk = doors.desk
    first, second = identified(desk), identified(desk, "pause.PP2")
    lead = Visitor(doors, "pause.PL")
    assert 'href="/team/cases?team=pause&amp;owner=pause.PP2"' in lead.get("/team")
    html = lead.get("/team/cases?team=pause&owner=pause.PP2")
    assert f"/cases/{second}" in html
    assert f"/cases/{first}" not in html
    assert "No open case matches" in lead.get("/team/cases?owner=nobody")


# --- answers -------------------------------------------------------------------------------------------------------


def test_two_deadlines_are_answered_at_once_each_as_an_act_of_its_own(doors: Doors) -> None:
    desk = doors.desk
    names = overdue(desk, identified(desk), identified(desk))
    lead = Visitor(doors, "pause.PL")
    html = lead.get("/alerts")
    assert all(f'value="{name}"' in html for name in names)
    sent = {"act": "acknowledge", "reason": "visits are booked", **in_days(desk, 5)}
    answered = lead.post("/alerts", deadline=names, key="k", **sent)
    assert (answered.status_code, answered.headers["location"]) == (303, "/alerts?answered=2")
    assert "2 deadlines were answered." in lead.get(answered.headers["location"])
    with desk.database.read() as connection:
        assert set(connection.execute(select(ALERTS.c.status)).scalars()) == {"acknowledged"}
        entries = connection.execute(select(ENTRIES.c.case_id).where(ENTRIES.c.kind == "answered")).scalars().all()
    assert sorted(entries) == [1, 2]


def test_sending_the_same_answers_twice_does_nothing_twice(doors: Doors) -> None:
    desk = doors.desk
    names = overdue(desk, identified(desk))
    lead = Visitor(doors, "pause.PL")
    sent = {"deadline": names, "key": "one", "act": "acknowledge", "reason": "booked", **in_days(desk, 3)}
    assert [lead.post("/alerts", **sent).status_code for _ in range(2)] == [303, 303]
    with desk.database.read() as connection:
        count = connection.execute(select(ENTRIES.c.seq).where(ENTRIES.c.kind == "answered")).all()
    assert len(count) == 1


def test_what_could_not_be_answered_says_why_and_stays_chosen_with_all_that_was_typed(doors: Doors) -> None:
    desk = doors.desk
    first, second = overdue(desk, identified(desk), identified(desk))
    lead = Visitor(doors, "pause.PL")
    sent = {"act": "acknowledge", "reason": "the visit is booked", **in_days(desk, 5)}
    lead.post("/alerts", deadline=[first], key="a", **sent)
    answered = lead.post("/alerts", deadline=[first, second], key="b", **sent)
    assert answered.status_code == 422
    said = words(answered.text)
    assert f"{first}: not done . It was answered and is quiet until" in said
    assert f"{second}: done" in said
    assert "the visit is booked" in answered.text


def test_an_answer_without_its_parts_is_told_what_is_missing(doors: Doors) -> None:
    desk = doors.desk
    (name,) = overdue(desk, identified(desk))
    lead = Visitor(doors, "pause.PL")
    lead.get("/alerts")
    answered = lead.post("/alerts", reason="because")
    said = words(answered.text)
    assert answered.status_code == 422
    assert "Choose at least one deadline to answer" in said
    assert "Select one: what do you want to do" in said
    page = Page(answered.text)
    assert ("reason", "because") in page.pairs
    assert len(page.ids) == len(set(page.ids))
    chosen = Page(lead.post("/alerts", deadline=[name], reason="because").text)
    assert ("deadline", name) in chosen.pairs


def test_an_auditor_sees_what_waits_and_answers_nothing(doors: Doors) -> None:
    desk = doors.desk
    (name,) = overdue(desk, identified(desk))
    auditor = Visitor(doors, "both.AUD")
    html = auditor.get("/alerts")
    assert name in html
    assert "Answer those chosen" not in html
    sent = {"act": "snooze", "reason": "no", **in_days(desk, 1)}
    assert auditor.post("/alerts", deadline=[name], **sent).status_code == 403


def test_alerts_can_be_narrowed_and_name_who_was_told(doors: Doors) -> None:
    desk = doors.desk
    (name,) = overdue(desk, identified(desk))
    lead = Visitor(doors, "pause.PL")
    assert name in lead.get("/alerts?show=passed")
    assert name not in lead.get("/alerts?owner=pause.PP2")
    assert "PP 1 of pause" in lead.get("/alerts")


# --- told late -----------------------------------------------------------------------------------------------------


def test_the_ledger_of_what_was_told_late_has_its_cause_and_a_date(doors: Doors) -> None:
    desk = doors.desk
    (name,) = overdue(desk, identified(desk))
    lead = Visitor(doors, "pause.PL")
    html = lead.get("/alerts/late")
    assert name in html
    assert "Late by" in html
    later = (desk.now + timedelta(days=1)).date()
    typed = f"since-day={later.day}&since-month={later.month}&since-year={later.year}"
    assert "nothing was told late" in lead.get(f"/alerts/late?{typed}")
    assert "must be a real date" in lead.get("/alerts/late?since-day=31&since-month=2&since-year=2026", status=422)


# --- the audit -----------------------------------------------------------------------------------------------------


def test_the_audit_finds_refused_moves_and_leads_to_the_timeline(doors: Doors) -> None:
    case = identified(doors.desk)
    auditor = Visitor(doors, "both.AUD")
    html = auditor.get(f"/audit?case={case}")
    assert f'href="/cases/{case}/timeline?entry=1#entry-1"' in html
    found = auditor.get(f"/audit?case={case}&kind=corrected")
    assert "No entry matches" in found
    assert "Enter a case reference such as PB-12" in auditor.get("/audit?case=nonsense", status=422)


def test_a_day_that_is_wrong_keeps_what_was_typed(doors: Doors) -> None:
    html = Visitor(doors, "both.AUD").get("/audit?who=pause.PL&since-day=40&since-month=1&since-year=2026", status=422)
    pairs = Page(html).pairs
    assert ("who", "pause.PL") in pairs
    assert ("since-day", "40") in pairs
    assert 'href="#since-day"' in html


def test_the_audit_is_for_those_who_lead_and_for_auditors(doors: Doors) -> None:
    Visitor(doors, "baby.CW").get("/audit", status=403)
    Visitor(doors, "both.OVS").get("/audit", status=403)


def test_who_looked_is_on_a_page_of_its_own(doors: Doors) -> None:
    desk = doors.desk
    case = identified(desk)
    desk.looks_as("pause.PP").case(case)
    html = Visitor(doors, "both.AUD").get(f"/audit/looks?case={case}")
    assert "pause.PP" in html
    assert "their team" in html


def test_the_audit_says_when_it_was_sealed_and_what_the_night_found(doors: Doors) -> None:
    desk = doors.desk
    auditor = Visitor(doors, "both.AUD")
    html = auditor.get("/audit")
    assert "Nothing is sealed yet" in html
    assert "It has not run yet" in html
    runs = JobRuns(desk.database)
    runs.finished(runs.started(NIGHTLY, "n1", desk.now), desk.now, "done", 2)
    assert "2 things did not hold" in words(auditor.get("/audit"))


def test_one_case_is_verified_in_words_and_that_is_on_record(doors: Doors) -> None:
    desk = doors.desk
    case = identified(desk)
    auditor = Visitor(doors, "both.AUD")
    assert f"{case} verifies" in auditor.get(f"/audit/verify?case={case}")
    assert [row.about for row in looked(desk, "evidence")] == ["verification"]
    assert "not yours to see" in auditor.get("/audit/verify?case=PB-99", status=422)


def test_a_case_that_was_tampered_with_does_not_verify(doors: Doors) -> None:
    desk = doors.desk
    case = identified(desk)
    with desk.database.write() as connection:
        connection.execute(audit.CASES.update().values(head="0" * 64))
    said = words(Visitor(doors, "both.AUD").get(f"/audit/verify?case={case}"))
    assert "does not verify" in said
    assert "Tell your administrator at once" in said


# --- files ---------------------------------------------------------------------------------------------------------


def rows_of(answered: Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answered.content.decode("utf-8-sig"))))


def test_a_list_is_taken_away_as_csv_and_as_a_spreadsheet_and_that_is_on_record(doors: Doors) -> None:
    desk = doors.desk
    case = identified(desk)
    lead = Visitor(doors, "pause.PL")
    heads, row = rows_of(lead.file("/team/cases.csv"))
    assert dict(zip(heads, row, strict=True))["Case"] == case
    sheet = load_workbook(io.BytesIO(lead.file("/team/cases.xlsx").content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:2] == [case, "Pause programme"]
    assert [row.found for row in looked(desk, "export")] == [1, 1]


@pytest.mark.parametrize("path", ["/alerts/late", "/audit", "/audit/looks", "/team/cases"])
def test_every_table_can_be_taken_away(doors: Doors, path: str) -> None:
    overdue(doors.desk, identified(doors.desk))
    lead = Visitor(doors, "pause.PL")
    for kind in ("csv", "xlsx"):
        lead.file(f"{path}.{kind}")
    lead.get(f"{path}.exe", status=404)


def test_no_cell_of_a_file_is_a_formula() -> None:
    given = ["=1+1", "+44", "-5", "@x", "\tx", "plain", -5]
    written = b"".join(_csv(["a"], [given])).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(written))
    assert row == ["'=1+1", "'+44", "'-5", "'@x", "'\tx", "plain", "-5"]
    assert MOST_ROWS == 10_000


# --- figures -------------------------------------------------------------------------------------------------------


def test_the_oversight_group_sees_figures_and_no_way_to_a_case(doors: Doors) -> None:
    identified(doors.desk)
    reader = Visitor(doors, "both.OVS")
    html = reader.get("/reports")
    assert "Women with Pause" in html
    assert "/cases/" not in html
    assert "/team/cases" not in html
    rows = rows_of(reader.file("/reports.csv"))
    assert rows[0] == ["Cohort", "Figure", "Number"]


def test_figures_can_be_had_for_a_day_in_the_past_and_for_none_ahead(doors: Doors) -> None:
    reader = Visitor(doors, "both.OVS")
    assert "1 November 2026" in reader.get("/reports?as_of=2026-11-01")
    ahead = doors.desk.now.date() + timedelta(days=1)
    assert isinstance(ahead, date)
    html = reader.get(f"/reports?as_of={ahead}", status=422)
    assert "must be today or in the past" in html
    assert f'value="{ahead.day}"' in html


def test_figures_say_when_they_were_counted_and_are_counted_again_for_who_may_search_the_evidence(doors: Doors) -> None:
    identified(doors.desk)
    lead, group = Visitor(doors, "baby.SM"), Visitor(doors, "both.OVS")
    html = lead.get("/reports")
    assert "Counted from the record at" in html
    assert "Count again" in html
    assert lead.post("/reports/count", as_of="2026-11-01").headers["location"] == "/reports?as_of=2026-11-01"
    assert "Count again" not in group.get("/reports")
    assert group.post("/reports/count").status_code == 403


def figures_of(html: str) -> dict[str, str]:
    """Where each figure of the page that is a link leads, by what it counts."""
    found = re.findall(r'href="(/reports/cases[^"]*)">\d+<span class="govuk-visually-hidden">: ([^<]*)<', html)
    return {label: href.replace("&amp;", "&") for href, label in found}


def listed(html: str) -> set[str]:
    return set(re.findall(r'href="/cases/([A-Z]+-\d+)"', html))


def test_a_figure_of_families_leads_to_exactly_the_cases_it_counts(doors: Doors) -> None:
    desk = doors.desk
    removed = Pregnancy(desk).refer({**MOTHER, "previous_removals": REMOVED}).is_assessed().case
    in_care = {**MOTHER, "care_status": "care_leaver", "previous_removals": REMOVED}
    leaver = Pregnancy(desk).refer(in_care).is_assessed().case
    Pregnancy(desk).refer(MOTHER)
    lead = Visitor(doors, "baby.SM")
    lists = figures_of(lead.get("/reports"))
    assert listed(lead.get(lists["Families accepted"])) == {removed, leaver}
    assert listed(lead.get(lists["A parent had a child removed before"])) == {removed, leaver}
    assert listed(lead.get(lists["Of those, a parent had a child removed before"])) == {leaver}
    assert listed(lead.get(lists["Not born yet, family in assessment"])) == {removed, leaver}
    assert "Adoption" not in lists, "nothing is behind a figure of none"
    assert "This figure counts 2 families ." in words(lead.get(lists["Families accepted"]))
    before = (desk.now - timedelta(days=60)).date()
    assert listed(lead.get(f"/reports/cases?figure=families&as_of={before}")) == set()
    assert looked(desk, "list")[-1].about.startswith("counted families on")
    assert lead.get("/reports/cases?figure=everything", status=404)


def test_babies_are_counted_case_by_case(doors: Doors) -> None:
    desk = doors.desk
    twins = with_baby(desk, desk.now.date(), desk.now.date())
    lead = Visitor(doors, "baby.SM")
    said = words(lead.get(figures_of(lead.get("/reports"))["Their living babies"]))
    assert "This figure counts 2 children ." in said
    assert f"{twins} 2 children" in said


def test_who_may_not_see_a_case_sees_how_many_are_withheld_and_never_which(doors: Doors) -> None:
    desk = doors.desk
    cases = [Pregnancy(desk).refer({**MOTHER, "previous_removals": REMOVED}).is_assessed().case for _ in range(2)]
    hidden = cases[0]
    facts = {"reason": "known to staff"}
    change_access(desk.engine, desk.who("baby.TM"), desk.now, act="restrict", case=hidden, facts=facts)
    lists = figures_of(Visitor(doors, "baby.SM").get("/reports"))
    html = Visitor(doors, "baby.SM").get(lists["Families accepted"])
    assert listed(html) == {cases[1]}
    assert "1 family is withheld from you" in words(html)
    assert hidden not in html
    html = Visitor(doors, "baby.TM").get(lists["Families accepted"])
    assert listed(html) == set(cases), "its team's manager reads a restricted case"
    assert "withheld" not in html
    html = Visitor(doors, "both.OVS").get(lists["Families accepted"], 404)
    assert "There is no such page" in words(html), "two families are too few for who reads counts alone"
    assert figures_of(Visitor(doors, "pause.PL").get("/reports")).keys().isdisjoint({"Families accepted"})


def test_what_is_personal_is_told_of_no_case_to_who_reads_states_and_dates(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer({**MOTHER, "previous_removals": REMOVED}).is_assessed().case
    auditor = Visitor(doors, "both.AUD")
    lists = figures_of(auditor.get("/reports"))
    assert listed(auditor.get(lists["Families accepted"])) == {case}
    html = auditor.get(lists["A parent had a child removed before"])
    assert listed(html) == set()
    assert "1 family is withheld from you" in words(html)


def test_a_figure_of_women_leads_to_their_records_for_pause_alone(doors: Doors) -> None:
    walk = Walk(doors.desk, "pause").open("pause.PL", worker="pause.PP", cohort="Invented cohort")
    walk.step("start_check", "pause.PL").step("find_eligible", "pause.PL")
    lead = Visitor(doors, "pause.PL")
    (href,) = {one for one in figures_of(lead.get("/reports")).values() if "figure=women" in one}
    assert listed(lead.get(href)) == {walk.case}
    assert "/reports/cases" not in Visitor(doors, "baby.CW").get("/reports")


def test_every_page_says_where_one_is_and_has_one_heading(doors: Doors) -> None:
    overdue(doors.desk, identified(doors.desk))
    lead = Visitor(doors, "pause.PL")
    for path in ("/team", "/team/cases", "/alerts", "/alerts/late", "/audit", "/audit/looks", "/reports"):
        html = lead.get(path)
        page = Page(html)
        assert [tag for tag, _ in page.tags].count("h1") == 1, path
        assert len(page.ids) == len(set(page.ids)), path
        assert "style=" not in html, path
        assert len(html.encode()) < 100_000, path
