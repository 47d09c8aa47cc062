"""Cohort figures of a team, a cohort and a day, by page, file and program, without small ones for who reads counts."""

from typing import Any

import pytest
from integration.test_pages_team import MOTHER, REMOVED, Visitor, words
from journeys.prebirth_journeys import Pregnancy
from journeys.test_pause_story import graduated

from doors import Doors, doors_to
from factories import Desk
from walks import Walk

FAMILY = {**MOTHER, "previous_removals": REMOVED}


@pytest.fixture
def doors(small_desk: Desk) -> Doors:
    return doors_to(small_desk)


def cohort(doors: Doors, who: str = "both.AUD", **asked: str) -> dict[str, Any]:
    now = {"again": "true"} if who == "both.AUD" else {}
    query = "&".join(f"{name}={value}" for name, value in {**now, **asked}.items())
    answered = doors.get(f"/reports/cohort?{query}", who)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def test_a_family_and_a_woman_are_counted_in_their_teams_on_a_day(doors: Doors) -> None:
    Pregnancy(doors.desk).refer(FAMILY).is_assessed()
    Walk(doors.desk, "pause").open("pause.PL", worker="pause.PP", cohort="Invented cohort").step(
        "start_check", "pause.PL"
    ).step("find_eligible", "pause.PL")
    told = cohort(doors, team="baby")
    assert (told["prebirth"]["families"], told["prebirth"]["needs"]["previous_removal"]) == (1, 1)
    assert told["pause"]["cohorts"][0]["women"] == 0
    hers = cohort(doors, team="pause")
    assert (hers["prebirth"]["families"], hers["pause"]["cohorts"][0]["women"]) == (0, 1)
    alone = cohort(doors, cohort="Invented cohort")
    assert "prebirth" not in alone
    assert alone["pause"]["cohorts"][0]["name"] == "Invented cohort"
    assert cohort(doors, as_of="2026-01-01")["prebirth"]["families"] == 0
    assert doors.get("/reports/cohort?team=nowhere", "both.AUD").status_code == 404


def test_a_womans_scores_before_and_after_make_the_outcomes_of_her_cohort(doors: Doors) -> None:
    graduated(doors.desk)
    (one,) = cohort(doors)["pause"]["cohorts"]
    housing = next(row for row in one["areas"] if row["area"] == "housing")
    assert housing == {"area": "housing", "scored": 1, "higher": 1, "same": 0, "lower": 0, "words": 1}
    page = words(Visitor(doors, "both.AUD").get("/reports"))
    assert "how women scored their own lives" in page
    assert "proud of housing" not in page
    (told,) = cohort(doors, "both.OVS")["pause"]["cohorts"]
    assert (told["graduated"], told["age_min"]) == (None, None)
    assert next(row for row in told["areas"] if row["area"] == "housing")["higher"] is None


def test_the_page_asks_for_team_and_cohort_and_the_file_says_the_same(doors: Doors) -> None:
    Pregnancy(doors.desk).refer(FAMILY).is_assessed()
    Visitor(doors, "baby.SM").post("/reports/count", as_of="")
    reader = Visitor(doors, "baby.SM")
    said = words(reader.get("/reports?team=baby"))
    assert "A parent had a child removed before 1" in said
    rows = reader.file("/reports.csv?team=baby").content.decode("utf-8-sig")
    assert '"Pre-birth, families",A parent had a child removed before,1' in rows
    assert reader.file("/reports.xlsx?team=baby").content.startswith(b"PK")
    watching = Visitor(doors, "both.OVS")
    assert "A parent had a child removed before withheld" in words(watching.get("/reports"))
    rows = watching.file("/reports.csv").content.decode("utf-8-sig")
    assert '"Pre-birth, families",A parent had a child removed before,withheld' in rows
    assert "There is no such page" in words(watching.get("/reports/cases?figure=families", 404))
    assert "There is a problem" in words(reader.get("/reports?team=nowhere", 422))
