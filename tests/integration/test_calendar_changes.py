"""A changed calendar re-dates no open work by itself: it is recorded, previewed and applied on purpose."""

from datetime import date, timedelta

import pytest
from integration.test_answers import identified, row

from scheduler.sweeps import sweep
from workflow import audit, chains
from workflow.alerting import DueDeadlines
from workflow.calendar_changes import apply_change, preview, record_change, with_change
from workflow.errors import BadInput, NotAllowed
from workflow.invariants import broken_promises

from factories import Desk, service_on

HOLIDAY = date(2026, 12, 4)  # a Friday before the contact plan is due on Wednesday 9 December


def record(desk: Desk, on: date = HOLIDAY, action: str = "add", as_: str = "pause.SM") -> None:
    record_change(desk.engine, desk.who(as_), desk.now, on=on, action=action, reason="proclaimed")  # type: ignore[arg-type]


def all_holds(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert broken_promises(connection, desk.engine.calendar) == []
        chains.verify_chains(connection)


def test_recording_a_holiday_silently_re_dates_nothing(desk: Desk) -> None:
    identified(desk)
    before = row(desk)["due_on"]
    record(desk)
    assert not desk.engine.calendar.is_working(HOLIDAY)
    assert row(desk)["due_on"] == before == date(2026, 12, 9)
    all_holds(desk)


def test_a_preview_names_what_would_move_and_applying_moves_it_once(desk: Desk) -> None:
    case = identified(desk)
    tried = with_change(desk.engine.calendar, HOLIDAY, "add", "proclaimed")
    sm = desk.who("pause.SM")
    rows = preview(desk.engine, sm, desk.now, on=HOLIDAY, calendar=tried)
    assert [one["deadline"] for one in rows] == [f"{case}.1"]
    assert desk.engine.calendar.is_working(HOLIDAY)
    record(desk)
    assert apply_change(desk.engine, sm, desk.now, on=HOLIDAY) == rows
    assert row(desk)["due_on"] == date(2026, 12, 10)
    assert apply_change(desk.engine, sm, desk.now, on=HOLIDAY) == []
    with desk.database.read() as connection:
        entry = audit.entries_of(connection, 1)[-1]
    assert (entry["kind"], entry["trigger"], entry["actor"]) == ("clock", "apply_calendar", "pause.SM")
    assert entry["clocks"][0]["event"] == "re_dated"
    all_holds(desk)
    record(desk, action="remove")  # it is taken back
    all_holds(desk)
    assert row(desk)["due_on"] == date(2026, 12, 10)
    apply_change(desk.engine, sm, desk.now, on=HOLIDAY)
    assert row(desk)["due_on"] == date(2026, 12, 9)
    all_holds(desk)


def test_another_process_picks_it_up_at_its_next_sweep(desk: Desk) -> None:
    identified(desk)
    other = service_on(desk.database).engine
    record(desk)
    assert other.calendar.is_working(HOLIDAY)
    sweep(DueDeadlines(other, "n2"), desk.now + timedelta(days=30))
    assert not other.calendar.is_working(HOLIDAY)
    with desk.database.read() as connection:
        assert broken_promises(connection, other.calendar) == []


def test_only_those_in_charge_change_it_and_only_where_it_changes_something(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="may not do this; these may"):
        record(desk, as_="pause.PL")
    with pytest.raises(BadInput, match="already"):
        record(desk, on=date(2026, 12, 25))
    with pytest.raises(BadInput, match="already"):
        record(desk, action="remove")
    with pytest.raises(BadInput, match="weekend"):
        record(desk, on=date(2026, 12, 5), action="remove")
    record(desk, as_="both.ADM")
    with desk.database.read() as connection:
        said = audit.entries_of(connection, 0)[-1]
    assert said["facts"] == {"day": "2026-12-04", "action": "add", "reason": "proclaimed"}
