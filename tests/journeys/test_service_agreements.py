"""A service stands on agreements that end: they run on the same clocks, and the same ladder tells who answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from journeys.parents import all_is_proved, desk_on, due, every_edge_walked, has_ended, open_states_of, taken_over
from sqlalchemy import select

from scheduler.sweeps import sweep
from states.lifecycle import NEW
from workflow.alerting import DueDeadlines
from workflow.errors import MoveRefused
from workflow.outbox import ALERTS

from doors import doors_to
from factories import Desk
from walks import Edge, Walk, missing_edges

pytestmark = pytest.mark.mostly_one_database
SM, HOS = "baby.SM", "baby.HOS"
LICENCE: dict[str, Any] = {
    "service": "pause",
    "agreement_kind": "licence",
    "provider": "Pause",
    "area": "county-wide",
    "starts_on": "2022-08-01",
    "ends_on": "2024-04-01",
    "months": 20,
}


def licensed(desk: Desk) -> Walk:
    """The licence of 20 months from August 2022, as it was that day."""
    desk.now = datetime(2022, 7, 18, 9, 0, tzinfo=UTC)
    return Walk(desk, "service_agreement").open(SM, **LICENCE)


def test_the_pause_licence_of_20_months_from_august_2022(desk: Desk) -> None:
    walk = licensed(desk)
    assert due(walk) == {"agreement_start": "2022-08-01"}
    desk.now = datetime(2022, 8, 1, 9, 0, tzinfo=UTC)
    walk.refuses("begin", SM, "does not lie ahead", review_on="2022-07-01")
    walk.step("begin", SM, to="running", review_on="2023-01-16")
    assert due(walk) == {
        "agreement_review": "2023-01-16",
        "agreement_follow_on": "2024-01-01",  # 13 weeks before it ends
        "agreement_end": "2024-04-01",
    }
    desk.now = datetime(2023, 1, 16, 9, 0, tzinfo=UTC)
    walk.step("review_agreement", SM, review_on="2023-06-30")
    assert due(walk)["agreement_review"] == "2023-06-30"
    walk.step("plan_what_follows", SM, what_follows="in_house")
    assert "agreement_follow_on" not in due(walk)
    walk.refuses("extend_agreement", SM, "it is not for a service manager", ends_on="2024-06-01")
    walk.refuses("extend_agreement", HOS, "does not lie ahead", ends_on="2023-01-01")
    walk.step("extend_agreement", HOS, ends_on="2024-06-01")
    assert due(walk)["agreement_end"] == "2024-06-01"
    assert due(walk)["agreement_follow_on"] == "2024-03-02"  # to be decided again
    has_ended(walk.step("renew", SM, to="renewed", followed_by="SA-2"), "renewed")
    all_is_proved(desk)


def test_an_end_that_comes_near_and_passes_climbs_from_the_service_manager(small_desk: Desk) -> None:
    walk = licensed(small_desk)
    small_desk.now = datetime(2022, 8, 1, 9, 0, tzinfo=UTC)
    walk.step("begin", SM, review_on="2023-01-16")
    number = 4  # the last of its deadlines: its end
    small_desk.now = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
    assert told(small_desk, number) == {"A": {"baby.SM", "baby.SM2", "pause.SM", "pause.SM2"}}
    small_desk.now = datetime(2024, 4, 20, 9, 0, tzinfo=UTC)
    levels = told(small_desk, number)
    assert {level: {one.partition(".")[2].rstrip("2") for one in who} for level, who in levels.items()} == {
        "A": {"SM"}, "R0": {"SM"}, "R2": {"HOS"}, "R3": {"AD"},
    }  # fmt: skip


def told(desk: Desk, number: int) -> dict[str, set[str]]:
    """Who has been told of one deadline, by level, once everything due was done."""
    sweep(DueDeadlines(desk.engine, "n1"), desk.now)
    with desk.database.read() as connection:
        rows = connection.execute(select(ALERTS).where(ALERTS.c.number == number)).mappings().all()
    return {row["level"]: set(row["told"]) for row in rows}


def test_it_is_about_nobody_and_those_who_answer_for_services_move_it(small_desk: Desk) -> None:
    walk = licensed(small_desk)
    for who in ("pause.PL", "baby.TM", "baby.FD"):
        with pytest.raises(MoveRefused, match="it is not for"):
            Walk(small_desk, "service_agreement").open(who, **LICENCE)
    assert small_desk.looks_as("pause.PL").case(walk.case)["facts"]["provider"] == "Pause"
    with pytest.raises(MoveRefused, match="ends before it starts"):
        Walk(small_desk, "service_agreement").open(SM, **{**LICENCE, "ends_on": "2022-07-01"})


def test_the_journey_of_a_service_is_a_line_and_a_list_for_whoever_may_see_counts(small_desk: Desk) -> None:
    walk = licensed(small_desk)
    small_desk.now = datetime(2022, 8, 1, 9, 0, tzinfo=UTC)
    walk.step("begin", SM, review_on="2023-01-16")
    doors = doors_to(small_desk)
    for who in (SM, "both.OVS", "pause.PL"):
        shown = doors.browser(who).client.get("/services", headers={"accept": "text/html"})
        assert shown.status_code == 200
        assert '<svg width="980"' in shown.text
        assert "1 August 2022 to 1 April 2024: Pause, licence, county-wide." in " ".join(shown.text.split())
        assert ('href="/cases/SA-1"' in shown.text) is (who != "both.OVS")  # who reads no case follows no link
        (told,) = doors.get("/services", who).json()["agreements"]
        assert (told["case"], told["state"], told["ends_on"], told["months"]) == ("SA-1", "running", "2024-04-01", 20)
    assert doors.get("/services", "both.ADM").status_code == 403


@pytest.mark.parametrize("state", open_states_of("service_agreement"))
def test_one_taken_over_has_a_live_deadline(small_desk: Desk, state: str) -> None:
    assert due(taken_over(small_desk, "service_agreement", state))


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)
    ahead = {"ends_on": "2028-04-01", "review_on": "2027-02-01"}

    def stage(edge: Edge) -> Walk:
        if edge[1] == NEW:
            return Walk(desk, "service_agreement")
        return taken_over(desk, "service_agreement", edge[1])

    say = {
        "agree": lambda walk, edge: LICENCE,
        "begin": lambda walk, edge: {"review_on": ahead["review_on"]},
        "review_agreement": lambda walk, edge: {"review_on": ahead["review_on"]},
        "extend_agreement": lambda walk, edge: {"ends_on": ahead["ends_on"]},
        "renew": lambda walk, edge: {"followed_by": "SA-2"},
        "change_worker": lambda walk, edge: {"worker": "both.AUD"},
    }
    assert missing_edges("service_agreement", every_edge_walked("service_agreement", stage, say)) == (set(), set())
