"""Pages of clinics, things lent, trainings and practice: what a manager does there without scripts."""

from datetime import date, timedelta
from typing import Any

import pytest
from httpx2 import Response
from journeys.prebirth_journeys import Pregnancy
from starlette.testclient import TestClient

from workflow.identity import sessions
from workflow.serving.csrf import csrf_token

from doors import Doors, doors_to
from factories import Desk

pytestmark = pytest.mark.mostly_one_database


class Visitor:
    """Somebody signed in."""

    def __init__(self, doors: Doors, username: str) -> None:
        desk = doors.desk
        with desk.database.write() as connection:
            cookie = sessions.start(connection, username, second_factor=True, device="a test", now=desk.now)
        self.client: TestClient = doors.client()
        self.client.cookies.set("waymark", cookie)
        self.csrf = csrf_token(cookie)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, **given: Any) -> Response:
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        return self.client.post(path, data={"csrf": self.csrf, **given}, headers=headers)


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def typed(name: str, on: date) -> dict[str, str]:
    return {f"{name}-day": str(on.day), f"{name}-month": str(on.month), f"{name}-year": str(on.year)}


def test_a_clinic_is_planned_called_off_and_held_on_pages(doors: Doors) -> None:
    desk = doors.desk
    case = Pregnancy(desk).refer(weeks=20).is_assessed().until(23)
    manager, worker, today = Visitor(doors, "baby.TM"), Visitor(doors, "baby.CW"), desk.now.date()
    wrong = manager.post("/clinics/new", **typed("held_on", today - timedelta(days=3)), chair="baby.TM")
    assert wrong.status_code == 422
    assert "that day has passed" in wrong.text or "say that it was held" in wrong.text
    made = manager.post("/clinics/new", **typed("held_on", today), chair="baby.TM", agencies=["midwifery"])
    assert made.status_code == 303
    address = made.headers["location"].partition("?")[0]
    shown = worker.get(address)
    assert case.case in shown
    assert "Its clinic falls due before the next session" in shown
    assert "It was held" not in shown  # a worker arranges none
    worker.get(f"{address}/hold", 403)
    assert address.rpartition("/")[2] in worker.get(f"/cases/{case.case}/moves/hold_clinic")  # offered to be named
    assert manager.post(f"{address}/hold", agencies=["midwifery"]).headers["location"].endswith("?said=held")
    assert manager.post(f"{address}/call-off").status_code == 422
    manager.get(f"{address}/dance", 404)
    manager.get("/clinics/CL-999", 404)
    listed = manager.get("/clinics")
    assert address in listed
    assert "Pre-birth clinics" in listed


def test_things_are_added_mended_and_shown_where_they_are(doors: Doors) -> None:
    manager = Visitor(doors, "baby.TM")
    assert "Not a code" in manager.post("/support/stock", code="Not a code", label="x").text
    assert manager.post("/support/stock", code="rcb-1", label="Real Care baby").status_code == 303
    assert manager.post("/support/stock/rcb-1", condition="repair").status_code == 303
    assert "Not to be lent" in manager.get("/support/stock")
    assert manager.post("/support/stock/rcb-1", condition="good").status_code == 303
    case = Pregnancy(doors.desk).refer(weeks=14).is_assessed().does("lend_item", item="rcb-1")
    assert case.case in manager.get("/support/stock")
    assert "rcb-1 lent on" in manager.get(f"/cases/{case.case}/support")
    assert "Real Care baby (rcb-1), lent here" in manager.get(f"/cases/{case.case}/moves/return_item")
    assert case.case not in Visitor(doors, "pause.PP").get("/support/stock")
    assert manager.post("/support/stock/rcb-1", condition="fetched").status_code == 409


def test_trainings_show_who_is_trained_until_when(doors: Doors) -> None:
    shown = Visitor(doors, "baby.CW").get("/support/training")
    assert "CW 1 of baby" in shown
    assert "November 2036" in shown


def test_figures_of_practice_are_shown_withheld_and_taken_away(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer(weeks=12).is_home().does("agree_outcomes")
    manager, counts_only = Visitor(doors, "baby.TM"), Visitor(doors, "both.OVS")
    begins = {"since": (doors.desk.now.date() - timedelta(days=300)).isoformat()}
    for path in ("/reports/consistency", "/reports/support", "/reports/outcomes"):
        assert "withheld" not in manager.get(f"{path}?since={begins['since']}").replace("withheld_", "")
        for kind in ("csv", "xlsx"):
            assert manager.client.get(f"{path}.{kind}").status_code == 200
            assert counts_only.client.get(f"{path}.{kind}").status_code == 200
    assert case.case in manager.get("/reports/outcomes")
    without = counts_only.get("/reports/outcomes")
    assert "Numbers under 5 are withheld" in without
    assert case.case not in without
    assert "withheld" in counts_only.client.get("/reports/outcomes.csv").text
    assert "must be today or in the past" in manager.get("/reports/consistency?until=2036-01-01", 422)


def test_pages_of_practice_say_when_they_were_counted_and_are_counted_again_for_who_may(doors: Doors) -> None:
    manager, counts_only = Visitor(doors, "baby.TM"), Visitor(doors, "both.OVS")
    for page in ("consistency", "support", "oversight"):
        assert "Counted from the record at 10:00am on 25 November 2026" in counts_only.get(f"/reports/{page}")
        assert "Count again" not in counts_only.get(f"/reports/{page}")
    Pregnancy(doors.desk).refer().is_assessed().does("give_hope_box", hope_box_for=["mother"])
    doors.desk.now += timedelta(minutes=5)
    assert "Team baby" not in manager.get("/reports/support"), "counted five minutes ago"
    for page in ("consistency", "oversight", "support"):
        days = {"page": page, "since": "2026-11-01", "until": "2026-11-25"}
        sent = manager.post("/reports/count", **days)
        assert sent.headers["location"] == f"/reports/{page}?since=2026-11-01&until=2026-11-25"
        assert "10:05am on 25 November 2026" in manager.get(sent.headers["location"])
        assert counts_only.post("/reports/count", **days).status_code == 403
        rows = manager.get(f"/reports/{page}.csv?since=2026-11-01&until=2026-11-25")
        assert "Counted from the record at,2026-11-25 10:05" in rows
        answered = doors.get(f"/reports/{page}?since=2026-11-01&until=2026-11-25", "baby.TM").json()
        assert answered["counted_at"] == "2026-11-25T10:05:00Z"
        assert doors.get(f"/reports/{page}?again=true", "both.OVS").status_code == 403
    assert "Team baby" in manager.get("/reports/support?since=2026-11-01&until=2026-11-25")
    assert manager.post("/reports/count", page="support", since="yesterday").status_code == 422
