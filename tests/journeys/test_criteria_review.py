"""What if the criteria were others: by team and criterion, beside the staff, open cases or ended; nothing changes."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from integration.test_pages_team import MOTHER, REMOVED, Visitor, words
from journeys.prebirth_journeys import Pregnancy
from sqlalchemy import insert, select
from typer.testing import CliRunner

from config.policy import Policy
from scheduler.calendars import local_date
from workflow import audit, comparisons
from workflow.cli import app
from workflow.criteria_reviews import Review
from workflow.repository import CASES, POLICIES
from workflow.what_ifs import what_if

from doors import Doors, doors_to
from factories import Desk

TM = "baby.TM"
NOTHING_ELSE = {"learning_disability": "none", "care_status": "none", "in_full_time_education": False}


@pytest.fixture
def doors(small_desk: Desk) -> Doors:
    return doors_to(small_desk)


def heads(desk: Desk) -> Any:
    """The head of every chain, and what is stored of cases and policies."""
    with desk.database.read() as connection:
        cases = connection.execute(select(CASES).order_by(CASES.c.id)).all()
        policies = connection.execute(select(POLICIES.c.digest)).all()
        return audit.system_head(connection), cases, policies


def tried(doors: Doors, **given: Any) -> dict[str, Any]:
    answered = doors.post("/policies/compare", {"authority": "durham", "new": "current", **given}, TM)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def referred(doors: Doors, days: int, **of_mother: Any) -> str:
    """A referral received at so many days of gestation."""
    edd = local_date(doors.desk.now) + timedelta(days=280 - days)
    mother = {**MOTHER, **NOTHING_ELSE, "consent": "given", "previous_removals": REMOVED, **of_mother}
    return Pregnancy(doors.desk).refer(mother, weeks=None, edd=edd.isoformat(), edd_basis="dating_scan").case


def test_a_later_threshold_and_a_condition_dropped_are_counted_and_nothing_changes(doors: Doors) -> None:
    early, late = referred(doors, 100), referred(doors, 160)
    unchanged = referred(doors, 100, positive_change=False)
    doors.token(TM)  # giving one is evidence too
    before = heads(doors.desk)
    at_24 = tried(doors, weeks=24)
    assert at_24["review"]["all"]["accepted"] == {"old": 1, "new": 2}
    assert at_24["review"]["all"]["elsewhere"] == {"old": 2, "new": 1}
    assert [one["case"] for one in at_24["cases"]] == [late]
    assert at_24["review"]["moved"] == [{"old": "elsewhere", "new": "accepted", "referrals": 1}]
    rules = {one["rule"]: one for one in at_24["review"]["criteria"]}
    assert (rules["G1"]["met"], rules["C1"]["met"]) == ({"old": 2, "new": 3}, {"old": 2, "new": 2})
    (team,) = at_24["review"]["teams"]
    assert (team["team"], team["accepted"]) == ("baby", {"old": 1, "new": 2})
    dropped = tried(doors, without=["positive_change"])
    assert [one["case"] for one in dropped["cases"]] == [unchanged]
    assert dropped["review"]["all"]["accepted"] == {"old": 1, "new": 2}
    assert early not in {one["case"] for one in (*at_24["cases"], *dropped["cases"])}
    assert heads(doors.desk) == before


def test_what_would_be_accepted_stands_beside_what_workers_can_hold(doors: Doors) -> None:
    referred(doors, 160)
    rows = {one["team"]: one for one in tried(doors, weeks=24)["review"]["capacity"]}
    baby = rows["baby"]
    assert baby["places"] == 12 * baby["workers"]
    assert (baby["accepted_old"], baby["accepted_new"], baby["over"]) == (0, 1, 0)


def test_cases_that_have_ended_are_looked_at_where_asked(doors: Doors) -> None:
    referred(doors, 160)
    with doors.desk.database.write() as connection:  # the quickest way for a case to have ended
        connection.execute(CASES.update().values(final=True, state="routed"))
    assert tried(doors, weeks=24)["review"]["referrals"] == 0
    found = tried(doors, weeks=24, ended=True)
    assert found["review"]["all"]["accepted"] == {"old": 0, "new": 1}
    (year,) = found["review"]["years"]
    assert year["year"] == str(doors.desk.now.year)
    assert [row["accepted_new"] for row in found["review"]["capacity"]] == [0] * len(found["review"]["capacity"])


def test_on_the_page_weeks_and_parts_are_typed_and_no_file_is_needed(doors: Doors) -> None:
    referred(doors, 160, positive_change=False)
    visitor = Visitor(doors, TM)
    html = visitor.post("/policies/compare", old="current", new="draft", weeks="24", without="positive_change")
    said = words(html.text)
    assert html.status_code == 200
    assert "Accepted, or once the parents consent" in said
    assert "0 → 1" in said
    assert "Capacity against staff" in html.text
    assert "G1: The referral was received before 21 weeks" in said
    refused = visitor.post("/policies/compare", old="current", new="current", weeks="99")
    assert (refused.status_code, "whole number from 1 to 42" in refused.text) == (422, True)


def test_publishing_is_a_version_with_a_day_and_the_one_before_stays(doors: Doors) -> None:
    desk = doors.desk
    current = desk.service.policies.current("durham", local_date(desk.now))
    case = referred(doors, 160)
    tomorrow = local_date(desk.now) + timedelta(days=1)
    changed = what_if(current, weeks=24).to_json()
    published = Policy.from_json({**changed, "version": "2026.2", "effective_from": tomorrow.isoformat()})
    policies = desk.service.policies
    try:
        policies.add(published)
        html = Visitor(doors, TM).get("/policies/durham")
        assert "2026.2" in html
        assert "2026.1" in html
        assert policies.current("durham", local_date(desk.now)) == current
        assert policies.current("durham", tomorrow) == published
        with desk.database.read() as connection:
            row = connection.execute(select(CASES.c.policy, CASES.c.decision)).one()
        assert (row.policy, row.decision["decision"]) == (current.digest, "route")
        assert case
    finally:
        policies.__init__({"durham": current})  # type: ignore[misc]  # the desk is shared


def test_the_command_says_the_same_and_leaves_everything_as_it_was(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    referred(doors, 100)
    case = referred(doors, 160)
    monkeypatch.setenv("WAYMARK_DATABASE_URL", str(doors.desk.database.url))
    monkeypatch.setenv("WAYMARK_TOKEN", doors.token(TM))
    monkeypatch.setattr("workflow.cli.session.clock", lambda: doors.desk.now)
    before = heads(doors.desk)
    asked = ["policy", "compare", "current", "--weeks", "24"]
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert [one["case"] for one in found["cases"]] == [case]
    assert found["review"]["all"]["accepted"] == {"old": 1, "new": 2}
    told = " ".join(CliRunner().invoke(app, [*asked, "--counts", "--ended"]).stdout.split())
    assert "all 1 -> 2 1 -> 0 0 0" in told
    assert "Of 2 cases, 1 would be decided on otherwise." in told
    assert case not in told
    assert heads(doors.desk) == before


@pytest.mark.parametrize("many", [3_000])
def test_a_caseload_is_reviewed_at_thousands_of_referrals_a_second(doors: Doors, many: int) -> None:
    desk = doors.desk
    referred(doors, 160)
    with desk.database.write() as connection:
        row = dict(connection.execute(select(CASES)).mappings().one())
        rows = [{**row, "id": number, "source_reference": None} for number in range(2, many + 1)]
        connection.execute(insert(CASES), rows)
    before = heads(desk)
    old = desk.service.policies.current("durham", local_date(desk.now))
    began, review = time.perf_counter(), Review()
    for one in comparisons.compared(desk.engine, desk.who(TM), desk.now, old=old, new=what_if(old, weeks=24)):
        review.add(one)
    assert review.all[1]["accepted"] - review.all[0]["accepted"] == many
    assert time.perf_counter() - began < 20
    assert heads(desk) == before
