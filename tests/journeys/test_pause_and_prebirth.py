"""Pause and the pre-birth service: one way for her, two records; each side sees the link and never the content."""

from typing import Any

import pytest
from journeys.parents import all_is_proved, due
from journeys.prebirth_journeys import MOTHER, Pregnancy, outcome
from journeys.test_pause import PL, PP, on_programme
from sqlalchemy import select

from workflow.errors import MoveRefused, NotFound
from workflow.repository import CASES

from factories import Desk

HER = {"name": "Invented Woman", "date_of_birth": "1998-04-05"}


def related(desk: Desk, case: str, who: str) -> list[tuple[str, str, bool]]:
    return desk.looks_as(who).sheet(case).related


def all_of(desk: Desk, lifecycle: str) -> list[str]:
    code = {"prebirth": "PB", "pause": "PA"}[lifecycle]
    with desk.database.read() as connection:
        rows = connection.execute(select(CASES.c.id).where(CASES.c.lifecycle == lifecycle)).scalars().all()
    return [f"{code}-{number}" for number in rows]


def closed_to_each_other(desk: Desk, hers: str, babys: str) -> None:
    for case, who in ((hers, "baby.TM"), (babys, PL)):
        with pytest.raises(NotFound):
            desk.looks_as(who).case(case)


def known_as_herself(desk: Desk, case: str) -> None:
    given = {"entry": "1", "correction": "facts", "correction_reason": "her own papers", **HER}
    desk.fire(case, "correct", PL, given)


def test_a_pregnancy_during_pause_opens_a_referral_and_the_lead_decides_in_ten_working_days(desk: Desk) -> None:
    walk = on_programme(desk, 7)
    known_as_herself(desk, walk.case)
    walk.version += 1
    walk.refuses("disclose_pregnancy", PP, "the team to refer to")
    walk.refuses("disclose_pregnancy", PP, "no such team", refer_to_team="pause")
    walk.refuses("disclose_pregnancy", PP, "no such team", refer_to_team="nowhere")
    walk.refuses("disclose_pregnancy", PP, "either a referral is named", refer_to_team="baby", prebirth_referral="PB-1")
    walk.step("disclose_pregnancy", PP, to="on_programme", refer_to_team="baby", supportive_discussion="between us")
    assert due(walk)["pregnancy_decision"] == "2027-08-25"  # ten working days after 11 August 2027

    (referral,) = all_of(desk, "prebirth")
    theirs = desk.looks_as("baby.FD").case(referral)
    assert (theirs["state"], theirs["team"]) == ("referred", "baby")
    assert theirs["facts"]["parents"] == [{"role": "mother", **HER}]
    assert theirs["facts"]["pause_case"] == walk.case
    assert {row["clock"] for row in theirs["deadlines"]} >= {"referral_decision", "establish_edd"}
    assert desk.looks_as(PP).case(walk.case)["facts"]["prebirth_referral"] == referral

    assert related(desk, walk.case, PP) == [(referral, "Pre-birth referral", False)]
    assert related(desk, referral, "baby.TM") == [(walk.case, "Pause record linked with it", False)]
    closed_to_each_other(desk, walk.case, referral)
    told = desk.looks_as("baby.TM").evidence(referral)
    assert "between us" not in str(told)
    assert (told[0]["trigger"], told[0]["actor_role"], told[0]["on_behalf_of"]) == ("refer_from_pause", "SYS", PP)
    all_is_proved(desk)


def test_without_a_referral_the_reason_stands_on_record_and_nothing_is_opened(desk: Desk) -> None:
    walk = on_programme(desk, 2)
    walk.step("disclose_pregnancy", PP, reason_no_referral="she has told her midwife, who referred her")
    assert all_of(desk, "prebirth") == []
    assert "pregnancy_decision" in due(walk)


def test_a_second_pregnancy_needs_an_answer_of_its_own(small_desk: Desk) -> None:
    walk = on_programme(small_desk, 2).step("disclose_pregnancy", PP, reason_no_referral="invented")
    walk.step("record_pregnancy_ended", PP).after(days=60)
    walk.refuses("disclose_pregnancy", PP, "the team to refer to")


def test_a_prebirth_case_that_ends_in_removal_offers_pause_at_her_own_time(desk: Desk) -> None:
    case = Pregnancy(desk).refer({**MOTHER, **HER}, weeks=14).is_home()
    adopted = {**outcome(case, 1, "adoption"), "placement": "U5", "legal_status": "C2"}
    case.does("agree_outcomes", outcomes=[adopted]).approve("close", "baby.TM", "baby.SM")
    closing: dict[str, Any] = {"closure_code": "RC1"}
    case.cannot("close", "say whether Pause was offered", **closing, pause_offer="not_applicable")
    case.cannot("close", "only where it was offered", **closing, pause_offer="not_wanted", pause_team="pause")
    case.cannot("close", "no such team", **closing, pause_offer="offered", pause_team="baby")
    case.does("close", to="closed", **closing, pause_offer="later", pause_team="pause", pause_contact_from="2029-03-01")

    (hers,) = all_of(desk, "pause")
    offered = desk.looks_as(PL).case(hers)
    assert offered["state"] == "identified"
    assert {name: offered["facts"][name] for name in HER} == HER
    assert offered["facts"]["prebirth_case"] == case.case
    assert [row["due_on"].isoformat() for row in offered["deadlines"]] == ["2029-03-15"]  # counted from that day

    assert related(desk, hers, PL) == [(case.case, "Pre-birth case it follows from", False)]
    assert related(desk, case.case, "baby.TM") == [(hers, "Pause record linked with it", False)]
    closed_to_each_other(desk, hers, case.case)
    desk.fire(hers, "start_check", PL, {"contact_plan": "a card"})
    with pytest.raises(MoveRefused, match="the day she named"):
        desk.fire(hers, "find_eligible", PL, {"meets_criteria": True, "criteria_trace": "invented"})
    all_is_proved(desk)
