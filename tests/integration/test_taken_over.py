"""A case taken over is watched like one that was opened here: what is still to come runs, whoever forgot to list it."""

from datetime import date, timedelta
from typing import Any

from workflow.moves import Move, Opening
from workflow.references import read_reference
from workflow.repository import running_deadlines

from factories import NOW, Desk


def taken_over(desk: Desk, lifecycle: str, as_: str, team: str, state: str, **facts: Any) -> dict[str, date]:
    """The running clocks of a case taken over three weeks ago, with their due days."""
    since = NOW - timedelta(days=21)
    said = {"migrate_to": state, "source_reference": "old-1", "since": since.date().isoformat(), **facts}
    moved = desk.engine.fire(
        Move(
            trigger="migrate_in",
            opening=Opening(lifecycle=lifecycle, authority="durham", team=team),
            facts=said,
            occurred_at=since,
        ),
        desk.who(as_),
        NOW,
    )
    with desk.database.read() as connection:
        rows = running_deadlines(connection, read_reference(moved.case)[1])
    return {row["clock"]: row["due_on"] for row in rows}


def test_milestones_of_a_pregnancy_that_are_still_to_come_run(desk: Desk) -> None:
    clocks = taken_over(
        desk, "prebirth", "baby.TM", "baby", "assessment", edd="2027-06-10", received_on="2026-10-20", worker="baby.CW"
    )
    assert clocks["first_clinic"] == date(2027, 2, 18)  # 24+0
    assert clocks["birth_plan_agreed"] == date(2027, 4, 29)  # 34+0
    assert clocks["birth_plan_shared"] == date(2027, 5, 13)  # 36+0


def test_a_milestone_that_is_past_is_not_started_late(desk: Desk) -> None:
    clocks = taken_over(
        desk, "prebirth", "baby.TM", "baby", "birth_planning", edd="2027-01-20", received_on="2026-08-01"
    )
    assert "first_clinic" not in clocks
    assert "birth_plan_agreed" in clocks


def test_a_date_that_is_listed_wins(desk: Desk) -> None:
    listed = [{"clock": "first_clinic", "due_on": "2026-12-15"}]
    clocks = taken_over(
        desk, "prebirth", "baby.TM", "baby", "assessment", edd="2027-06-10", received_on="2026-10-20", clocks=listed
    )
    assert clocks["first_clinic"] == date(2026, 12, 15)


def test_a_woman_taken_over_in_mid_programme_has_her_next_review_and_the_end_of_her_programme(desk: Desk) -> None:
    clocks = taken_over(
        desk, "pause", "pause.PL", "pause", "on_programme", programme_started_on="2026-07-01", worker="pause.PP"
    )
    assert clocks["review_month_6"] == date(2027, 1, 1)
    assert clocks["programme_end"] == date(2028, 1, 1)
    assert not {"review_month_1", "review_month_3", "review_month_9", "review_month_18"} & clocks.keys()
