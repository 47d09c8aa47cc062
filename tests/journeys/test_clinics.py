"""Pre-birth clinics over HTTP: a session, its agenda, what it decides, who misses it, and practice across teams."""

from datetime import date, timedelta
from typing import Any

import pytest
from journeys.prebirth_journeys import Pregnancy, assert_sound

from scheduler.sweeps import sweep
from workflow.alerting import DueDeadlines
from workflow.looks import LOOKS
from workflow.outbox import ALERTS
from workflow.references import read_reference

from doors import Doors, doors_to, problem
from factories import Desk

pytestmark = pytest.mark.mostly_one_database
AGENCIES = ["midwifery", "social_care"]


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def planned(doors: Doors, on: date, **more: Any) -> dict[str, Any]:
    given = {"held_on": on.isoformat(), "chair": "baby.TM", "agencies": AGENCIES, **more}
    made = doors.post("/clinics", given, "baby.TM")
    assert made.status_code == 201, made.text
    return dict(made.json())


def decide(doors: Doors, case: Pregnancy, **facts: Any) -> Any:
    """Records a clinic of today on a case, as a program does."""
    given = {
        "clinic_on": case.today,
        "clinic_chair": "the team manager",
        "clinic_attendees": "midwifery, social care",
        "progress": "green",
        "clinic_decisions": "go on as planned",
        "next_clinic_on": (case.desk.now.date() + timedelta(days=21)).isoformat(),
        **facts,
    }
    asked = {"trigger": "hold_clinic", "facts": given}
    answer = doors.post(f"/cases/{case.case}/moves", asked, "baby.CW", if_match=f'"{case.version}"')
    if answer.status_code == 200:
        case.version = answer.json()["version"]
    return answer


def whole(doors: Doors, name: str, who: str = "baby.TM") -> dict[str, Any]:
    return dict(doors.get(f"/clinics/{name}", who).json())


def cases_in(rows: list[dict[str, Any]]) -> list[str]:
    return [one["case"] for one in rows]


def test_a_clinic_is_planned_held_and_decides_on_each_case(doors: Doors) -> None:
    desk = doors.desk
    early = Pregnancy(desk).refer(weeks=12).is_assessed()
    late = Pregnancy(desk).refer(weeks=19).is_assessed().until(23)
    today = desk.now.date()
    session = planned(doors, today)
    assert session | {"name": ""} == {
        "name": "", "team": None, "held_on": today.isoformat(), "chair": "baby.TM", "agencies": AGENCIES,
        "status": "planned",
    }  # fmt: skip
    agenda = whole(doors, session["name"])["agenda"]
    assert cases_in(agenda) == [late.case]  # the other's clinic is due at 24+0, later than four weeks from now
    assert (agenda[0]["reasons"], agenda[0]["gestation_days"]) == (["clinic"], 23 * 7)
    assert agenda[0]["due_on"] == late.due("first_clinic").isoformat()

    refused = decide(doors, late, clinic=session["name"], progress="amber")
    assert "choose why it drifts" in refused.json()["detail"]
    drift = {"progress": "amber", "drift_reasons": ["kin_assessment"]}
    wrong_day = decide(doors, late, clinic="CL-999", **drift)
    assert "no such clinic session" in wrong_day.json()["detail"]
    assert decide(doors, late, clinic=session["name"], **drift).status_code == 200
    assert late.due("clinic_interval") == today + timedelta(days=21)  # the day it named, sooner than four weeks

    held = doors.post(f"/clinics/{session['name']}/hold", {"agencies": ["midwifery"]}, "baby.TM").json()
    assert (held["status"], held["agencies"]) == ("held", ["midwifery"])
    (decided,) = whole(doors, session["name"])["recorded"]
    assert decided["case"] == late.case
    assert decided["drift_reasons"] == ["kin_assessment"]
    assert decided["decisions"] == "go on as planned"
    assert whole(doors, session["name"], "both.AUD")["recorded"][0]["decisions"] is None  # no text for who audits
    again = doors.post(f"/clinics/{session['name']}/hold", {"agencies": []}, "baby.TM")
    assert problem(again) == (409, "conflict")
    assert_sound(early, late)


def test_a_case_that_misses_its_clinic_alerts_by_its_own_clock(doors: Doors) -> None:
    desk = doors.desk
    case = Pregnancy(desk).refer(weeks=20).is_assessed().until(23)
    session = planned(doors, desk.now.date() + timedelta(days=14))
    due = case.due("first_clinic")
    assert due < date.fromisoformat(session["held_on"])
    case.wait(days=10)
    sweep(DueDeadlines(desk.engine, "test", desk.now), desk.now)
    with desk.database.read() as connection:
        numbers = connection.execute(ALERTS.select().where(ALERTS.c.case_id == read_reference(case.case)[1]))
        told = {row.number for row in numbers}
    (row,) = (one for one in whole(doors, session["name"])["agenda"] if one["case"] == case.case)
    assert int(row["deadline"].rpartition(".")[2]) in told  # the agenda names the very clock that alerted
    case.wait(days=6)
    doors.post(f"/clinics/{session['name']}/hold", {"agencies": AGENCIES}, "baby.TM")
    assert cases_in(whole(doors, session["name"])["missed"]) == [case.case]
    assert decide(doors, case).status_code == 200
    assert whole(doors, session["name"])["missed"] == []
    assert case.clock("first_clinic") == ["met late"]


def test_a_session_is_moved_or_called_off_by_who_arranges_it_and_by_no_one_else(doors: Doors) -> None:
    day = doors.desk.now.date() + timedelta(days=7)
    assert doors.post("/clinics", {"held_on": day.isoformat(), "chair": "baby.TM"}, "baby.CW").status_code == 403
    name = planned(doors, day)["name"]
    changed = {"held_on": (day + timedelta(days=1)).isoformat(), "chair": "baby.SM", "agencies": []}
    assert doors.post(f"/clinics/{name}/change", changed, "baby.TM").json()["chair"] == "baby.SM"
    unknown = doors.post(f"/clinics/{name}/change", {**changed, "chair": "nobody.here"}, "baby.TM")
    assert unknown.status_code == 422
    assert doors.post(f"/clinics/{name}/hold", {"agencies": []}, "baby.TM").status_code == 422  # it lies ahead
    assert doors.post(f"/clinics/{name}/call-off", None, "baby.TM").json()["status"] == "called_off"
    assert doors.post(f"/clinics/{name}/change", changed, "baby.TM").status_code == 409
    past = {"held_on": (day - timedelta(days=30)).isoformat(), "chair": "baby.TM"}
    assert doors.post("/clinics", past, "baby.TM").status_code == 422
    assert doors.post("/clinics", {**past, "was_held": True}, "baby.TM").json()["status"] == "held"
    entries = doors.get("/evidence?limit=20", "baby.SM").json()["entries"]
    assert {"plan_clinic", "change_clinic", "call_off_clinic"} <= {one["trigger"] for one in entries}


def test_the_agenda_holds_no_case_that_its_reader_may_not_read_and_each_look_is_noted(doors: Doors) -> None:
    Pregnancy(doors.desk).refer(weeks=20).is_assessed().until(23)
    name = planned(doors, doors.desk.now.date())["name"]
    assert whole(doors, name)["agenda"] != []
    assert whole(doors, name, "pause.PP")["agenda"] == []
    assert doors.get(f"/clinics/{name}", "both.OVS").status_code == 403
    doors.desk.service.looks.flush()
    with doors.desk.database.read() as connection:
        abouts = {row["about"] for row in connection.execute(LOOKS.select()).mappings()}
    assert f"clinic {name}" in abouts


# Practice across teams


def test_practice_is_counted_by_team_and_small_numbers_are_withheld_from_who_sees_counts_only(doors: Doors) -> None:
    desk = doors.desk
    since = desk.now.date()
    on_time = Pregnancy(desk).refer(weeks=19).is_assessed().until(23)
    assert decide(doors, on_time, progress="red", drift_reasons=["consent", "not_met"]).status_code == 200
    on_time.until(24)
    assert decide(doors, on_time).status_code == 200
    late = Pregnancy(desk).refer(weeks=19).is_assessed().until(25)
    assert decide(doors, late).status_code == 200
    for case in (on_time, late):
        case.version = case.row()["version"]
    late.does("submit_assessment").does("authorise").until(30).does("start_birth_plan").until(33)
    late.does("agree_birth_plan", legal_position="none").until(35)
    until = desk.now.date()
    address = f"/reports/consistency?since={since}&until={until}"
    found = doors.get(address, "baby.TM").json()
    team, everybody = found["clinics"]
    assert (team["name"], everybody["name"]) == ("baby", "all")
    # Due and held: the first of both (one late) and the second of one; due and missing since: one of each.
    assert {name: team[name] for name in ("on_time", "late", "total")} == {"on_time": 2, "late": 3, "total": 5}
    assert {name: everybody[name] for name in ("on_time", "late", "total")} == {"on_time": 2, "late": 3, "total": 5}
    assert found["plans"][0] | {"label": ""} == {"name": "baby", "label": "", "on_time": 1, "late": 1, "total": 2}
    assert (found["drift"][0]["consent"], found["drift"][0]["not_met"], found["drift"][0]["total"]) == (1, 1, 2)
    stages = found["stages"][0]
    assert (stages["Referral"], stages["Consent"], stages["Assessment"]) == (2, 2, 1)
    assert stages["median_days"]["Referral"] == 0
    assert found["withheld_below"] is None

    counted = doors.get(address, "both.OVS").json()
    assert counted["withheld_below"] == 5
    assert {row[name] for row in counted["plans"] for name in ("on_time", "late", "total")} == {None}
    assert counted["clinics"][0]["on_time"] is counted["clinics"][0]["late"] is None
    assert set(counted["stages"][0]["median_days"].values()) == {None}
    assert all(row["consent"] is None for row in counted["drift"])


def test_days_that_cannot_be_counted_are_refused_in_a_sentence(doors: Doors) -> None:
    today = doors.desk.now.date()
    ahead = doors.get(f"/reports/consistency?until={today + timedelta(days=1)}", "baby.TM")
    assert problem(ahead)[0] == 422
    assert "lies in the future" in ahead.json()["detail"]
    turned = doors.get(f"/reports/consistency?since={today}&until={today - timedelta(days=1)}", "baby.TM")
    assert "the last day comes before the first" in turned.json()["detail"]
