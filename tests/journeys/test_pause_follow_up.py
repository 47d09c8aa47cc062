"""What became of her later is asked at 18 and 36 months, only with her agreement, and no longer than she wishes."""

import pytest
from journeys.parents import (
    all_is_proved,
    desk_on,
    due,
    every_edge_walked,
    has_ended,
    open_states_of,
    taken_over,
)
from journeys.test_pause import PL, PP, engaged

from states.lifecycle import NEW
from workflow.errors import MoveRefused, NotFound

from factories import Desk
from walks import Edge, Walk, missing_edges

pytestmark = pytest.mark.mostly_one_database
STARTED = "2025-08-31"
AGREED = {"followed_case": "PA-12", "programme_started_on": STARTED}


def agreed(desk: Desk) -> Walk:
    return Walk(desk, "pause_follow_up").open(PP, **AGREED)


def test_she_is_asked_at_18_and_36_months_from_her_start(desk: Desk) -> None:
    walk = agreed(desk)
    assert due(walk) == {"check_at_18": "2027-02-28"}  # 31 August 2025 and 18 months: the last day of February
    walk.after(days=95).step("record_check", PP, to="until_36", check_answer="told", pregnant_since=False)
    assert due(walk) == {"check_at_36": "2028-08-31"}
    walk.step("change_safe_contact", PL).after(days=540)
    walk.step("record_check", PL, to="checked", check_answer="not_reached")
    has_ended(walk, "checked")
    all_is_proved(desk)


def test_without_her_agreement_there_is_no_follow_up(small_desk: Desk) -> None:
    with pytest.raises(MoveRefused, match="she has not agreed to be asked later"):
        Walk(small_desk, "pause_follow_up").open(PP, **AGREED, agrees_to_follow_up=False)


def test_she_left_early_and_is_still_asked_because_she_agreed(small_desk: Desk) -> None:
    hers = engaged(small_desk)
    hers.approve("withdraw", PP, PL).step("withdraw", PP, to="closed", closure_reason="WITHDREW")
    walk = Walk(small_desk, "pause_follow_up").open(PL, followed_case=hers.case, programme_started_on="2026-11-25")
    assert due(walk) == {"check_at_18": "2028-05-25"}
    assert small_desk.looks_as(PP).sheet(walk.case).related == [(hers.case, "Pause record it follows", True)]
    assert small_desk.looks_as(PP).sheet(hers.case).related == [(walk.case, "Follow-up she agreed to", True)]


def test_it_ends_the_moment_she_asks_for_it_and_nobody_has_to_agree(small_desk: Desk) -> None:
    walk = agreed(small_desk).step("end_follow_up", PP, to="ended", ended_because="her_request")
    has_ended(walk, "ended")


def test_agreed_after_the_day_it_is_due_ten_working_days_later(small_desk: Desk) -> None:
    walk = Walk(small_desk, "pause_follow_up").open(PP, followed_case="PA-12", programme_started_on="2025-01-11")
    assert due(walk) == {"check_at_18": "2026-12-09"}


def test_her_follow_up_is_hers_and_closed_to_her_babys_team(small_desk: Desk) -> None:
    walk = agreed(small_desk)
    with pytest.raises(NotFound):
        small_desk.looks_as("baby.TM").case(walk.case)


@pytest.mark.parametrize("state", open_states_of("pause_follow_up"))
def test_one_taken_over_has_a_live_deadline(small_desk: Desk, state: str) -> None:
    assert due(taken_over(small_desk, "pause_follow_up", state, programme_started_on=STARTED))


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)

    def stage(edge: Edge) -> Walk:
        if edge[1] == NEW:
            return Walk(desk, "pause_follow_up")
        return taken_over(desk, "pause_follow_up", edge[1], programme_started_on=STARTED)

    say = {
        "agree_follow_up": lambda walk, edge: AGREED,
        "change_worker": lambda walk, edge: {"worker": "pause.PP2"},
    }
    assert missing_edges("pause_follow_up", every_edge_walked("pause_follow_up", stage, say)) == (set(), set())
