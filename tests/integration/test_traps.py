"""What went wrong in systems like ours, in timers, clocks, escalation and writes: each shown not to happen here.

A trap that another test already springs is listed in ELSEWHERE with the name of that test.
"""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from pathlib import Path
from typing import Any

import pytest
from faults.caseload import everything_adds_up, open_pause, overdue
from sqlalchemy import select

from scheduler import failpoints
from scheduler.calendars import Override, add_months, at_time, end_of_day
from states.catalogue import LIFECYCLES
from workflow import audit, jobs
from workflow.accounts import TEAMS, USERS
from workflow.audit import ENTRIES
from workflow.bootstrap import Service
from workflow.database import Database
from workflow.engine import Engine
from workflow.errors import Conflict
from workflow.invariants import light_check
from workflow.job_log import RUNS, SWEEP, JobRuns
from workflow.outbox import ALERTS, MESSAGES
from workflow.repository import CASES, DEADLINES

from factories import Desk, add_people, facts_for, service_on

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TESTS = Path(__file__).parent.parent
ELSEWHERE = {
    "hold added twice": ("unit/scheduler/test_deadlines.py", "test_two_pauses_add_up_to_one_of_the_same_days"),
    "a pause of no length": ("unit/scheduler/test_deadlines.py", "test_a_pause_of_no_length_changes_nothing"),
    "extension after a pause": (
        "unit/scheduler/test_deadlines.py",
        "test_pause_and_extension_apply_in_the_order_in_which_they_were_recorded",
    ),
    "past pauses cannot be seen": (
        "unit/scheduler/test_deadlines.py",
        "test_the_proof_from_events_tells_the_whole_story",
    ),
    "an approval without a manager": (
        "integration/test_jobs.py",
        "test_a_step_with_nobody_there_is_no_silence_where_the_next_step_was_told",
    ),
    "two tabs": ("integration/test_engine.py", "test_a_stale_version_is_told_what_changed"),
    "missed nights": ("faults/test_nodes.py", "test_a_node_down_for_three_days_catches_up_from_the_due_dates"),
    "a leader that is gone": (
        "faults/test_nodes.py",
        "test_of_a_node_killed_in_mid_sweep_nothing_is_lost_and_nothing_is_told_twice",
    ),
    "mailed before it was marked": (
        "integration/test_delivery.py",
        "test_a_node_killed_between_sending_and_marking_repeats_with_the_same_id",
    ),
}


@pytest.mark.parametrize("trap", ELSEWHERE)
def test_a_trap_listed_as_sprung_elsewhere_has_its_test(trap: str) -> None:
    file, name = ELSEWHERE[trap]
    assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")


def sweep(service: Service, now: datetime, node: str = "a") -> int:
    return jobs.run(service, SWEEP, jobs.jobs(service, node)[SWEEP], node, lambda: now)


def levels(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(ALERTS.c.level).order_by(ALERTS.c.planned_at, ALERTS.c.cycle)).scalars())


def deadline(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        return dict(connection.execute(select(DEADLINES).where(DEADLINES.c.closed_at.is_(None))).mappings().one())


def change(database: Database, *statements: Any) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.execute(statement)


# 1.1 Timers and jobs


def test_trap_exact_day_scan_a_date_is_found_however_long_ago_it_passed(desk: Desk, database: Database) -> None:
    open_pause(desk)
    assert sweep(desk.service, deadline(database)["due_at"] + 400 * DAY) == 1
    assert {"R0", "R1", "R2", "R3", "R4"} <= set(levels(database))


def test_trap_state_in_memory_a_service_made_anew_knows_all_that_is_due(desk: Desk, database: Database) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    for minutes in range(3):
        assert sweep(service_on(database), due + timedelta(minutes=minutes)) == (1 if minutes == 0 else 0)


def test_trap_value_frozen_at_process_start_each_tick_reads_the_clock(desk: Desk, database: Database) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    job = jobs.jobs(desk.service, "a")[SWEEP]  # made once, as at the start of a process
    clock = [due - 10 * DAY]
    for day in range(12):
        clock[0] = due + (day - 10) * DAY
        jobs.tick(desk.service, SWEEP, job, "a", lambda: clock[0])
    assert levels(database) == ["A", "R0"]
    with database.read() as connection:
        assert len(set(connection.execute(select(RUNS.c.started_at)).scalars())) == 12


def test_trap_row_cap_one_run_takes_all_that_is_due(desk: Desk, database: Database) -> None:
    running = overdue(database, 450, desk.now - 30 * DAY)
    assert sweep(desk.service, desk.now) == running == 450
    assert sweep(desk.service, desk.now) == 0


def test_trap_half_alive_leader_a_node_that_hangs_in_its_run_holds_up_no_other(desk: Desk, database: Database) -> None:
    overdue(database, 3, desk.now - 30 * DAY)
    JobRuns(database).started(SWEEP, "hangs", desk.now)
    assert sweep(desk.service, desk.now, "other") == 3


def test_trap_half_alive_leader_a_row_that_hangs_is_passed_over(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    add_people(database)
    desk = Desk(database)
    overdue(database, 3, desk.now - 30 * DAY)
    with database.write() as hangs:
        hangs.execute(select(CASES.c.id).limit(1).with_for_update())
        assert sweep(desk.service, desk.now) == 2
    assert sweep(desk.service, desk.now) == 1
    database.close()


def test_trap_auditor_too_slow_the_light_check_keeps_its_time(desk: Desk, database: Database) -> None:
    overdue(database, 2000, desk.now - 2 * DAY)
    sweep(desk.service, desk.now)
    began = time.perf_counter()
    with database.read() as connection:
        assert light_check(connection, desk.now) == []
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2027, 3, 27), datetime(2027, 3, 28, 0, 0, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 23, 0, tzinfo=UTC)),  # 23 hours long
        (date(2027, 10, 31), datetime(2027, 11, 1, 0, 0, tzinfo=UTC)),  # 25 hours long
        (date(2028, 2, 29), datetime(2028, 3, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_trap_daylight_saving_and_midnight_a_legal_day_ends_at_local_midnight(day: date, ends: datetime) -> None:
    assert end_of_day(day) == ends


def test_trap_29_february_a_year_later_is_a_day_that_exists() -> None:
    assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)


def test_trap_daylight_saving_a_daily_job_is_due_once_on_both_days_of_change(desk: Desk, database: Database) -> None:
    acted: list[datetime] = []
    job = jobs.Job(every=600, act=lambda now: acted.append(now) or 0, daily_at=wall(1, 30))  # exists twice, or not
    for day in (date(2027, 3, 28), date(2027, 10, 31)):
        start = at_time(day, wall(0))
        jobs.tick(desk.service, f"daily {day}", job, "a", lambda at=start - HOUR: at)
        acted.clear()
        for ten_minutes in range(6 * 26):
            now = start + ten_minutes * timedelta(minutes=10)
            if now < end_of_day(day):
                jobs.tick(desk.service, f"daily {day}", job, "a", lambda at=now: at)
        assert len(acted) == 1


def test_trap_deploy_orphans_a_case_of_an_older_definition_is_swept(desk: Desk, database: Database) -> None:
    open_pause(desk)
    change(database, CASES.update().values(lifecycle_version=0))  # as if a newer table had been deployed since
    sweep(desk.service, deadline(database)["due_at"])
    assert "R0" in levels(database)
    with database.read() as connection:
        alerted = select(ENTRIES.c.lifecycle_version).where(ENTRIES.c.kind == "alerted")
        assert set(connection.execute(alerted).scalars()) == {0}


# 1.2 Clock arithmetic


def test_trap_changing_the_calendar_moves_no_date_of_open_work(desk: Desk, database: Database) -> None:
    open_pause(desk)
    before = deadline(database)
    calendar = desk.engine.calendar
    newer = type(calendar)(
        overrides=(*calendar.overrides, Override(date(2026, 12, 1), "add", "a day of mourning")),
        verified_to=calendar.verified_to,
        version="next",
    )
    service = desk.service
    changed = Service(service.settings, database, service.policies, Engine(database, service.policies, newer))
    sweep(changed, before["amber_at"])
    after = deadline(database)
    assert [after[name] for name in ("due_at", "due_on", "amber_at")] == [
        before[name] for name in ("due_at", "due_on", "amber_at")
    ]


def test_trap_a_migration_re_arms_and_drops_no_timer(desk: Desk, database: Database) -> None:
    open_pause(desk)
    sweep(desk.service, deadline(database)["due_at"])
    before = deadline(database)
    database.migrate()
    assert deadline(database) == before
    assert sweep(desk.service, before["due_at"]) == 0


# 1.3 Escalation


def test_trap_nobody_told_quietly_where_all_have_left_the_last_resort_is_told(desk: Desk, database: Database) -> None:
    open_pause(desk)
    change(
        database,
        USERS.update().where(USERS.c.role != "ADM").values(active=False),
        TEAMS.update().values(manager=None),
    )
    sweep(desk.service, deadline(database)["due_at"])
    with database.read() as connection:
        told = connection.execute(select(ALERTS.c.told).order_by(ALERTS.c.planned_at.desc())).scalars().first()
        messages = connection.execute(select(MESSAGES.c.recipient, MESSAGES.c.urgent)).all()
    assert told == ["both.ADM", "both.ADM2"]
    assert {(row.recipient, row.urgent) for row in messages} == {("both.ADM", True), ("both.ADM2", True)}


def test_trap_alert_fatigue_a_step_is_told_once_however_often_one_looks(desk: Desk, database: Database) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    for minutes in range(0, 24 * 60, 30):
        sweep(desk.service, due + timedelta(minutes=minutes))
    assert levels(database) == ["R0"]


def test_trap_chain_ends_the_last_step_repeats_while_the_case_is_open(desk: Desk, database: Database) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    for week in range(1, 60):
        sweep(desk.service, due + week * 7 * DAY)
        assert deadline(database)["next_action_at"] > due + week * 7 * DAY
    told = levels(database)
    assert told.count("R4") > 40
    assert [told.count(level) for level in ("R0", "R1", "R2", "R3")] == [1, 1, 1, 1]


def test_trap_ignored_waits_and_lost_steps_each_comes_at_its_time_and_none_is_left_out(
    desk: Desk, database: Database
) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    for hours in range(-24 * 5, 24 * 30, 7):
        sweep(desk.service, due + timedelta(hours=hours))
    with database.read() as connection:
        alerts = connection.execute(select(ALERTS).order_by(ALERTS.c.raised_at)).mappings().all()
    assert [row["level"] for row in alerts][:6] == ["A", "R0", "R1", "R2", "R3", "R4"]
    climbed = {row["raised_at"] for row in alerts if not row["told"]}  # nobody there: the next step comes at once
    waited = [row["raised_at"] - row["planned_at"] for row in alerts if row["told"] and row["raised_at"] not in climbed]
    assert len(waited) >= 4
    assert all(timedelta(0) <= wait < 7 * HOUR for wait in waited)


# 1.4 Writes and messages


def test_trap_ghost_events_a_sweep_that_fails_at_its_end_has_told_nobody(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_pause(desk)
    due = deadline(database)["due_at"]
    before = deadline(database)

    def fails(_: str) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "reach", fails)
        with pytest.raises(OSError, match="full"):
            sweep(desk.service, due)
    with database.read() as connection:
        for table in (ALERTS, MESSAGES, select(ENTRIES).where(ENTRIES.c.kind == "alerted").subquery()):
            assert connection.execute(select(table)).first() is None
    assert deadline(database) == before
    sweep(desk.service, due)
    assert levels(database) == ["R0"]
    everything_adds_up(database)


def test_trap_state_saved_without_its_evidence_neither_is_there(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_pause(desk)

    def snapshot() -> Any:
        with database.read() as connection:
            return [connection.execute(select(table)).all() for table in (CASES, DEADLINES, ENTRIES)]

    before = snapshot()

    def fails(*_: Any) -> str:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "append", fails)
        with pytest.raises(OSError, match="full"):
            desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"})
    assert snapshot() == before


def test_trap_double_click_the_second_gets_the_first_answer(desk: Desk, database: Database) -> None:
    case = open_pause(desk)
    answers: list[Any] = []

    def click() -> None:
        try:
            moved = desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"}, key="one click")
            answers.append(moved.version)
        except Conflict as conflict:  # the other was not yet written
            answers.append(str(conflict))

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert answers == [2, 2]
    with database.read() as connection:
        done = connection.execute(select(ENTRIES.c.seq).where(ENTRIES.c.trigger == "change_worker")).all()
    assert len(done) == 1


# 1.6 Operations


def test_trap_closed_cases_with_open_work_ending_settles_all(desk: Desk, database: Database) -> None:
    case = open_pause(desk)
    desk.now = deadline(database)["due_at"] + HOUR
    sweep(desk.service, desk.now)
    facts = facts_for(LIFECYCLES["pause"].rows("withdraw", "identified")[0].facts, desk.now.date())
    desk.fire(case, "request_approval", "pause.PP", {"for_trigger": "withdraw", "evidence": "invented"})
    said = {"for_trigger": "withdraw", "decision": "approve", "decision_reason": "invented"}
    desk.fire(case, "decide_approval", "pause.PL", said)
    desk.fire(case, "withdraw", "pause.PP", facts)
    with database.read() as connection:
        assert set(connection.execute(select(ALERTS.c.status)).scalars()) == {"settled"}
        assert light_check(connection, desk.now) == []
