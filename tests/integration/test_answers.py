"""Answers to alerts: a promise or a snooze quiets for a time, the due date stays, and the ladder climbs again after."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.calendars import end_of_day, local_date
from scheduler.sweeps import sweep
from workflow import answers, audit, chains
from workflow.acts import Way
from workflow.alerting import DueDeadlines
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound
from workflow.invariants import broken_promises
from workflow.outbox import ALERTS
from workflow.repository import CASES, DEADLINES

from factories import Desk
from walks import Walk

OWNER, MANAGER = "pause.PP", "pause.PL"


def identified(desk: Desk) -> str:
    """A Pause case whose contact plan (PA-1.1) is due in ten working days."""
    return Walk(desk, "pause").open("pause.PL", worker=OWNER).case


def row(desk: Desk, number: int = 1) -> Any:
    with desk.database.read() as connection:
        return connection.execute(select(DEADLINES).where(DEADLINES.c.number == number)).mappings().one()


def alerts(desk: Desk) -> list[Any]:
    with desk.database.read() as connection:
        query = select(ALERTS).order_by(ALERTS.c.raised_at, ALERTS.c.cycle, ALERTS.c.level)
        return list(connection.execute(query).mappings())


def swept(desk: Desk) -> list[tuple[int, str, str]]:
    sweep(DueDeadlines(desk.engine, "n1"), desk.now)
    return [(one["cycle"], one["level"], one["status"]) for one in alerts(desk)]


def overdue(desk: Desk) -> str:
    case = identified(desk)
    desk.now = row(desk)["due_at"] + timedelta(hours=9)
    assert ("open" in {status for _, _, status in swept(desk)}) is True
    return f"{case}.1"


def promise(desk: Desk, name: str, on: date, as_: str = OWNER, **more: Any) -> Any:
    given = {"deadline": name, "promised_on": on, "reason": "visit booked", **more}
    return answers.acknowledge(desk.engine, desk.who(as_), desk.now, **given)


def all_holds(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert broken_promises(connection, desk.engine.calendar) == []
        chains.verify_chains(connection)


def test_a_promise_quiets_to_the_end_of_its_day_and_moves_no_due_date(desk: Desk) -> None:
    name = overdue(desk)
    due_at, version = row(desk)["due_at"], desk.database
    promised = desk.engine.calendar.add_working_days(local_date(desk.now), 3)
    moved = promise(desk, name, promised)
    found = row(desk)
    assert found["due_at"] == due_at
    assert found["quiet_until"] == found["next_action_at"] == end_of_day(promised)
    assert {one["status"] for one in alerts(desk)} == {"acknowledged"}
    assert alerts(desk)[-1]["promised_on"] == promised
    with version.read() as connection:
        entry = audit.entries_of(connection, found["case_id"])[-1]
        case = connection.execute(select(CASES.c.version)).scalar_one()
    assert (entry["kind"], entry["content"]) == ("answered", {"reason": "visit booked"})
    assert "visit booked" not in str(entry["facts"]) + str(entry["trace"])
    assert moved.version == case == 1  # an answer spoils no form being filled in
    before = len(alerts(desk))
    desk.now = end_of_day(promised) - timedelta(seconds=1)
    assert len(swept(desk)) == before
    all_holds(desk)


def test_a_broken_promise_reminds_and_the_ladder_climbs_again(desk: Desk) -> None:
    name = overdue(desk)
    promised = desk.engine.calendar.add_working_days(local_date(desk.now), 1)
    told_before = [one["level"] for one in alerts(desk)]
    promise(desk, name, promised)
    desk.now = end_of_day(promised) + timedelta(hours=9)
    found = swept(desk)
    again = [level for cycle, level, status in found if status == "open"]
    assert told_before[-1] in again
    assert {one["cause"] for one in alerts(desk) if one["status"] == "open"} <= {"on time", "outage"}
    assert row(desk)["quiet_until"] is None
    desk.now += timedelta(days=60)
    assert len(swept(desk)) > len(found)
    all_holds(desk)


def test_an_answer_to_the_warning_never_hides_the_breach(desk: Desk) -> None:
    case = identified(desk)
    desk.now = row(desk)["amber_at"]
    assert [level for _, level, _ in swept(desk)] == ["A"]
    later = desk.engine.calendar.add_working_days(local_date(desk.now), 9)
    promise(desk, f"{case}.1", later)
    due_at = row(desk)["due_at"]
    assert row(desk)["next_action_at"] == due_at
    desk.now = due_at
    assert "R0" in [level for _, level, status in swept(desk) if status == "open"]


@pytest.mark.parametrize(
    ("days", "says"), [(-1, "has passed"), (11, "more than 10 working days")], ids=["past", "too far"]
)
def test_a_promise_is_neither_past_nor_far_ahead(desk: Desk, days: int, says: str) -> None:
    name = overdue(desk)
    on = desk.engine.calendar.add_working_days(local_date(desk.now), days)
    with pytest.raises(MoveRefused, match=says):
        promise(desk, name, on)
    with desk.database.read() as connection:
        assert audit.entries_of(connection, 1)[-1]["kind"] == "refused"


def test_only_somebody_told_or_a_manager_answers(desk: Desk) -> None:
    name = overdue(desk)
    today = local_date(desk.now)
    with pytest.raises(MoveRefused, match="only somebody who was told"):
        promise(desk, name, today, "pause.PP2")
    with pytest.raises(NotFound):
        promise(desk, name, today, "baby.TM")  # another record
    promise(desk, name, today, "pause.SM")


def test_a_snooze_is_short_and_not_repeated_without_a_reminder(desk: Desk) -> None:
    name = overdue(desk)
    actor, until = desk.who(OWNER), desk.engine.calendar.add_working_days(local_date(desk.now), 2)
    said: dict[str, Any] = {"deadline": name, "reason": "away today"}
    with pytest.raises(MoveRefused, match="more than 2 working days"):
        answers.snooze(desk.engine, actor, desk.now, until=until + timedelta(days=7), **said)
    answers.snooze(desk.engine, actor, desk.now, until=until, **said)
    with pytest.raises(MoveRefused, match="quiet until"):
        answers.snooze(desk.engine, actor, desk.now, until=until, **said)
    promise(desk, name, until)  # a promise may follow
    assert alerts(desk)[-1]["promised_on"] == until
    desk.now = end_of_day(until)
    assert "open" in {status for _, _, status in swept(desk)}


def test_the_same_key_answers_once(desk: Desk) -> None:
    name, today = overdue(desk), local_date(desk.now)
    way = Way(key="k1")
    first = promise(desk, name, today, way=way)
    assert promise(desk, name, today, way=way) == first
    with pytest.raises(Conflict):
        promise(desk, name, today, way=way, reason="something else")


def test_a_reason_is_needed(desk: Desk) -> None:
    with pytest.raises(BadInput, match="reason"):
        promise(desk, overdue(desk), local_date(desk.now), reason=" ")


def test_closing_settles_every_alert(desk: Desk) -> None:
    name = overdue(desk)
    desk.fire(name.rpartition(".")[0], "start_check", MANAGER, {"contact_plan": "by letter"})
    assert {one["status"] for one in alerts(desk)} == {"settled"}
    with pytest.raises(MoveRefused, match="has ended"):
        promise(desk, name, local_date(desk.now))
