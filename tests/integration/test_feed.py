"""The calendar of one's own deadlines: what it says of each, when it changes, and that its address is a secret."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from httpx2 import Response
from icalendar import Calendar
from integration.test_answers import identified, row

from scheduler.sweeps import sweep
from workflow.alerting import DueDeadlines
from workflow.calendar_changes import apply_change, record_change
from workflow.looks import LOOKS
from workflow.models import TokenScope
from workflow.repository import DEADLINES

from doors import Doors, doors_to
from factories import Desk

pytestmark = pytest.mark.mostly_one_database

OWNER = "pause.PP"


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def feed(doors: Doors, token: str) -> Response:
    return doors.client().get(f"/api/v1/feeds/{token}.ics")


def events(doors: Doors, token: str) -> list[Any]:
    answered = feed(doors, token)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"].startswith("text/calendar")
    return list(Calendar.from_ical(answered.text).walk("VEVENT"))


def made(doors: Doors, who: str = OWNER) -> dict[str, Any]:
    answered = doors.post("/account/tokens", {"name": "my calendar", "scope": "feed"}, who)
    assert answered.status_code == 201
    said: dict[str, Any] = answered.json()
    return said


def test_it_holds_my_running_deadlines_by_reference_and_kind_and_nothing_about_anybody(doors: Doors) -> None:
    case = identified(doors.desk)
    token = made(doors)["token"]
    (event,) = events(doors, token)
    assert event["uid"] == f"{case}.1@localhost"
    assert str(event["summary"]).startswith(f"{case}: ")
    assert event.decoded("dtstart") == date(2026, 12, 9) == row(doors.desk)["due_on"]
    assert event.decoded("dtend") == date(2026, 12, 10)
    assert "invented" not in feed(doors, token).text.lower()


def test_the_address_is_told_when_it_is_made(doors: Doors) -> None:
    given = made(doors)
    assert given["feed"] == f"http://localhost:8000/api/v1/feeds/{given['token']}.ics"


def test_what_moves_keeps_its_name_and_gets_a_higher_number(doors: Doors) -> None:
    identified(doors.desk)
    token = made(doors)["token"]
    (before,) = events(doors, token)
    sm = doors.desk.who("pause.SM")
    record_change(doors.desk.engine, sm, doors.desk.now, on=date(2026, 12, 4), action="add", reason="proclaimed")
    apply_change(doors.desk.engine, sm, doors.desk.now, on=date(2026, 12, 4))
    (after,) = events(doors, token)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstart") == date(2026, 12, 10)


def test_who_was_told_of_a_deadline_finds_it_too_and_others_do_not(doors: Doors) -> None:
    identified(doors.desk)
    manager, stranger = made(doors, "pause.PL")["token"], made(doors, "baby.CW")["token"]
    assert events(doors, manager) == []
    doors.desk.now = row(doors.desk)["due_at"] + timedelta(days=3)
    sweep(DueDeadlines(doors.desk.engine, "n1"), doors.desk.now)
    assert len(events(doors, manager)) == 1
    assert events(doors, stranger) == []


@pytest.mark.parametrize("who", ["both.ADM", "both.OVS"])
def test_who_reads_no_case_has_an_empty_calendar(doors: Doors, who: str) -> None:
    identified(doors.desk)
    assert events(doors, made(doors, who)["token"]) == []


def test_a_deadline_that_has_ended_is_gone(doors: Doors) -> None:
    identified(doors.desk)
    token = made(doors)["token"]
    assert len(events(doors, token)) == 1
    with doors.desk.database.write() as connection:
        connection.execute(DEADLINES.update().values(closed_at=doors.desk.now))
    assert events(doors, token) == []


def test_an_address_that_is_good_no_more_and_one_that_never_was_are_answered_alike(doors: Doors) -> None:
    revoked, gone, expired = made(doors), made(doors, "pause.PP2"), made(doors)
    assert doors.ask("DELETE", f"/account/tokens/{revoked['id']}", OWNER).status_code == 204
    assert doors.post("/people/pause.PP2/disable").status_code == 204
    acts = doors.token(OWNER, TokenScope.READ)
    now = doors.desk.now
    unknown = feed(doors, "wm_nothing")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    others = [feed(doors, one) for one in (revoked["token"], gone["token"], acts, "%00", "\N{SNOWMAN}", "x" * 4000)]
    doors.desk.now = now + timedelta(days=400)
    others.append(feed(doors, expired["token"]))
    assert {(one.status_code, one.text) for one in others} == {(404, unknown.text)}


def test_its_token_opens_nothing_else(doors: Doors) -> None:
    token = made(doors)["token"]
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/session", "/cases", "/people", "/lifecycles"):
        assert doors.client().get(f"/api/v1{path}", headers=headers).status_code == 403


def test_a_look_at_it_is_noted_and_its_address_reaches_no_log(doors: Doors, logs: io.StringIO) -> None:
    identified(doors.desk)
    token = made(doors)["token"]
    logs.truncate(0)
    feed(doors, token)
    feed(doors, token[:-1])
    doors.desk.service.looks.flush()
    written = logs.getvalue()
    assert "/api/v1/feeds/{token}.ics" in written
    assert token[:-1] not in written
    with doors.desk.database.read() as connection:
        rows = connection.execute(LOOKS.select().where(LOOKS.c.about == "calendar of own deadlines")).mappings().all()
    assert [(one["actor"], one["found"], one["source"]) for one in rows] == [(OWNER, 1, "feed")]
    assert token not in str(rows)
