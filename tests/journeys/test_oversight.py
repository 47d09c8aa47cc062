"""The oversight group reads counts from universal to specialist support, and families are handed what is offered."""

from datetime import timedelta
from typing import Any

import pytest
from integration.test_pages_team import MOTHER, REMOVED, Visitor, words
from journeys.prebirth_journeys import Pregnancy
from journeys.test_under_one import both, sent
from sqlalchemy import select

from workflow.audit import ENTRIES

from doors import Doors, doors_to
from factories import Desk

CLINIC: dict[str, Any] = {
    "level": "universal",
    "name": "Healthy baby clinic",
    "offers": "Have your baby weighed, and ask a health visitor anything.",
    "for_whom": "Anybody with a baby under one",
    "area": "Bishop Auckland",
    "contact": "Invented hall, Tuesdays at 10. Ring 0191 000 0000.",
    "since": "2026-04-01",
}


@pytest.fixture
def doors(small_desk: Desk) -> Doors:
    return doors_to(small_desk)


def report(doors: Doors, who: str, **days: str) -> dict[str, dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in days.items())
    answered = doors.get(f"/reports/oversight?{query}", who)
    assert answered.status_code == 200, answered.text
    return {one["title"]: {row["label"]: row["value"] for row in one["rows"]} for one in answered.json()["parts"]}


def acts(doors: Doors) -> list[tuple[str, Any]]:
    with doors.desk.database.read() as connection:
        query = (
            select(ENTRIES.c.trigger, ENTRIES.c.facts).where(ENTRIES.c.trigger.like("%offer")).order_by(ENTRIES.c.seq)
        )
        return [(row.trigger, row.facts) for row in connection.execute(query)]


def test_the_map_is_kept_up_by_those_who_answer_for_it_and_evidence_has_every_word(doors: Doors) -> None:
    made = doors.post("/offers", CLINIC, "baby.SM")
    assert (made.status_code, made.json()["offer"]) == (201, "OF-1")
    changed = doors.post("/offers/OF-1/change", {**CLINIC, "contact": "Thursdays", "until": "2026-12-31"}, "baby.SM")
    assert changed.json()["until"] == "2026-12-31"
    assert [trigger for trigger, _ in acts(doors)] == ["add_offer", "change_offer"]
    assert [facts["contact"] for _, facts in acts(doors)] == [CLINIC["contact"], "Thursdays"]
    for who in ("baby.CW", "both.OVS", "both.AUD"):
        assert doors.post("/offers", CLINIC, who).status_code == 403
        assert [one["name"] for one in doors.get("/offers", who).json()] == ["Healthy baby clinic"]
    backwards = doors.post("/offers", {**CLINIC, "until": "2026-01-01"}, "baby.SM")
    assert (backwards.status_code, "it ends before it began" in backwards.text) == (422, True)
    doors.desk.now += timedelta(days=60)
    assert doors.get("/offers", "baby.CW").json() == []
    assert len(doors.get("/offers?ended=true", "baby.CW").json()) == 1
    assert doors.post("/offers/OF-9/change", CLINIC, "baby.SM").status_code == 404


def test_a_worker_prints_what_a_family_can_turn_to_with_nobodys_name_on_it(doors: Doors) -> None:
    doors.post("/offers", CLINIC, "baby.SM")
    doors.post("/offers", {**CLINIC, "name": "Parent line", "area": "All of County Durham"}, "baby.SM")
    doors.post("/offers", {**CLINIC, "name": "Swimming", "area": "Peterlee"}, "baby.SM")
    doors.post("/offers", {**CLINIC, "name": "Pause", "level": "specialist"}, "baby.SM")
    worker = Visitor(doors, "baby.CW")
    everything = words(worker.get("/offers"))
    assert "Healthy baby clinic Have your baby weighed" in everything
    assert "Add to the map" not in everything
    sheet = worker.get("/offers/sheet?area=Bishop+Auckland")
    said = words(sheet)
    assert "Healthy baby clinic" in said
    assert "Parent line" in said
    assert '<h2 class="govuk-heading-m">Swimming' not in sheet
    assert '<h2 class="govuk-heading-m">Pause' not in sheet


def test_the_map_is_changed_on_its_page(doors: Doors) -> None:
    keeper = Visitor(doors, "baby.TM")
    typed = {**CLINIC, "since-day": "1", "since-month": "4", "since-year": "2026"}
    del typed["since"]
    assert keeper.post("/offers/new", **{**typed, "name": ""}).status_code == 422
    assert keeper.post("/offers/new", **typed).status_code == 303
    assert 'value="Healthy baby clinic"' in keeper.get("/offers/OF-1") or "Healthy baby clinic" in keeper.get(
        "/offers/OF-1"
    )
    ended = {**typed, "until-day": "1", "until-month": "1", "until-year": "2026"}
    assert "It ends before it began" in words(keeper.post("/offers/OF-1", **ended).text)
    assert keeper.post("/offers/OF-1", **{**typed, "area": "Peterlee"}).status_code == 303
    assert "Peterlee" in keeper.get("/offers?said=changed")
    assert [trigger for trigger, _ in acts(doors)] == ["add_offer", "change_offer"]


def test_the_standing_report_goes_from_what_is_offered_to_what_became_of_children(doors: Doors) -> None:
    doors.post("/offers", CLINIC, "baby.SM")
    Pregnancy(doors.desk).refer({**MOTHER, "previous_removals": REMOVED}).is_assessed()
    sent(doors, "baby.SM", both(), year="2022/23", keep="true")
    told = report(doors, "baby.SM")
    assert told["What families can turn to"] == {}  # of the specialist level, which comes last
    assert told["Referrals by route"] == {"accepted": 1, "all": 1}
    assert told["Families and plans"]["families accepted"] == 1
    assert told["Children under one who start to be looked after, 2022/23"]["under one then"] == 2
    assert {"Pre-birth clinics", "Birth plans by 34+0", "Support given", "What became of children"} <= told.keys()
    assert report(doors, "baby.SM", since="2026-01-01", until="2026-01-31")["Referrals by route"] == {}


def test_the_oversight_group_is_given_no_small_number_on_the_page_or_in_the_file(doors: Doors) -> None:
    Pregnancy(doors.desk).refer({**MOTHER, "previous_removals": REMOVED}).is_assessed()
    told = report(doors, "both.OVS")
    assert told["Referrals by route"] == {"accepted": None, "all": None}
    assert told["Families and plans"]["families accepted"] is None
    member = Visitor(doors, "both.OVS")
    said = words(member.get("/reports/oversight"))
    assert "Accepted withheld" in said
    assert "Numbers under 5 are withheld" in said
    rows = member.file("/reports/oversight.csv").content.decode("utf-8-sig")
    assert "Targeted support and safeguarding,Referrals by route,accepted,withheld" in rows
    assert member.file("/reports/oversight.xlsx").content.startswith(b"PK")
    member.get("/cases/PB-1", 403)
