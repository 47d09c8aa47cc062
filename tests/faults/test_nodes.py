"""What may happen to nodes: killed in mid-sweep, two at once, down for days, clocks set, stopped. On both databases."""

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faults.caseload import LONG, Nodes, alerts_by_level, everything_adds_up, for_faults, open_pause, overdue, until
from sqlalchemy import select, text

from scheduler.runner import Runner, Tick
from scheduler.sweeps import BATCH
from workflow import jobs
from workflow.database import Database
from workflow.identity import tokens
from workflow.job_log import RUNS, SWEEP, last_done
from workflow.models import TokenScope
from workflow.outbox import ALERTS
from workflow.repository import DEADLINES

from factories import Desk, service_on

MANY = 1_200 if not LONG else 20_000  # more than two batches
LONG_AGO = timedelta(days=24)  # so that two or three steps of the ladder are due at once
MINUTE = timedelta(minutes=1)


def sweep(database: Database, now: datetime, name: str = "a") -> int:
    service = service_on(database)
    return jobs.run(service, SWEEP, jobs.jobs(service, name)[SWEEP], name, lambda: now)


def alerts(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        query = select(ALERTS).order_by(ALERTS.c.planned_at, ALERTS.c.level, ALERTS.c.cycle)
        return [dict(row) for row in connection.execute(query).mappings()]


def swept(database: Database) -> datetime | None:
    with database.read() as connection:
        return last_done(connection, SWEEP)


# Real processes


@pytest.mark.parametrize("killed_at", ["sweep:1", "sweep:2"])
def test_of_a_node_killed_in_mid_sweep_nothing_is_lost_and_nothing_is_told_twice(
    desk: Desk, database: Database, nodes: Nodes, killed_at: str
) -> None:
    running = overdue(database, BATCH + 20 if not LONG else 5000, datetime.now(UTC) - LONG_AGO)
    for_faults(database)
    dying = nodes.start("work", "--once", "--node", "dying", WAYMARK_FAILPOINTS=killed_at)
    assert dying.wait(60) == -signal.SIGKILL
    before = sum(alerts_by_level(database).values())
    everything_adds_up(database)  # the batch it was in the middle of left nothing behind
    assert sweep(database, datetime.now(UTC), "next") == running - (BATCH if killed_at == "sweep:2" else 0)
    assert (before > 0) == (killed_at == "sweep:2")
    assert set(alerts_by_level(database).values()) == {running}
    everything_adds_up(database)
    with database.read() as connection:
        unfinished = connection.execute(select(RUNS.c.node).where(RUNS.c.outcome.is_(None))).scalars().all()
    assert unfinished == ["dying"]  # the record says that this run never ended


def test_two_nodes_sweeping_at_once_tell_everybody_exactly_once_for_each_step(
    desk: Desk, database: Database, nodes: Nodes
) -> None:
    running = overdue(database, MANY, datetime.now(UTC) - LONG_AGO)
    both = [nodes.start("work", "--once", "--node", name) for name in ("left", "right")]
    assert [one.wait(120) for one in both] == [0, 0], [nodes.said(one) for one in both]
    assert set(alerts_by_level(database).values()) == {running}
    assert {row["node"] for row in alerts(database)} <= {"left", "right"}
    everything_adds_up(database)
    assert sweep(database, datetime.now(UTC)) == 0


def test_a_node_told_to_stop_ends_in_under_five_seconds_and_what_it_left_is_found(
    desk: Desk, database: Database, nodes: Nodes
) -> None:
    running = overdue(database, MANY // 2, datetime.now(UTC) - LONG_AGO)
    busy = nodes.start("work", "--node", "stopped")
    until(lambda: sum(alerts_by_level(database).values()))  # it is in the middle of its first sweep
    asked = time.monotonic()
    busy.send_signal(signal.SIGTERM)
    assert busy.wait(10) == 0
    assert time.monotonic() - asked < 5
    sweep(database, datetime.now(UTC), "next")
    assert set(alerts_by_level(database).values()) == {running}
    everything_adds_up(database)


@pytest.mark.mostly_one_database
def test_an_idle_node_stops_at_once_and_leaves_a_heartbeat(desk: Desk, database: Database, nodes: Nodes) -> None:
    silent = nodes.start("check", "--heartbeat")
    assert silent.wait(30) == 1
    idle = nodes.start("work")
    until(lambda: swept(database))
    asked = time.monotonic()
    idle.send_signal(signal.SIGINT)
    assert idle.wait(10) == 0
    assert time.monotonic() - asked < 5
    assert nodes.start("check", "--heartbeat").wait(30) == 0


@pytest.mark.mostly_one_database
def test_a_node_whose_jobs_hang_stops_in_under_five_seconds_all_the_same(
    desk: Desk, database: Database, nodes: Nodes
) -> None:
    with database.write() as blocks:
        if not database.is_sqlite:  # there BEGIN IMMEDIATE has blocked every writer already
            blocks.execute(text("LOCK TABLE job_runs IN ACCESS EXCLUSIVE MODE"))
        hanging = nodes.start("work")
        until(lambda: "node_started" in nodes.said(hanging))
        asked = time.monotonic()
        hanging.send_signal(signal.SIGTERM)
        assert hanging.wait(10) == 0
        assert time.monotonic() - asked < 5
    assert '"cut_off": true' in nodes.said(hanging)


@pytest.mark.mostly_one_database
def test_what_came_late_is_listed_with_its_cause_and_who_was_told(desk: Desk, database: Database, nodes: Nodes) -> None:
    overdue(database, 5, datetime.now(UTC) - LONG_AGO)
    with database.write() as connection:
        token = tokens.issue(connection, "pause.SM", name="late", scope=TokenScope.ACT, days=1, now=datetime.now(UTC))
    assert nodes.start("work", "--once", "--node", "late").wait(60) == 0

    def said(*argv: str) -> tuple[int, str]:
        process = nodes.start("report", "late", "--since", "2026-01-01", *argv, WAYMARK_TOKEN=token)
        return process.wait(60), nodes.said(process)

    code, answer = said("--json")
    ledger = json.loads(answer)
    assert code == 0
    assert ledger["by_cause"] == {"outage": len(ledger["late"])}
    assert len({one["deadline"] for one in ledger["late"]}) == 5
    assert all(one["node"] == "late" and one["told"] and one["late"].count("day") for one in ledger["late"])
    assert f"{len(ledger['late'])} came late: {len(ledger['late'])} by outage" in said()[1]
    assert said("--authority", "birmingham")[0] == 1


# Time that does strange things, on a clock of our own


def test_a_node_down_for_three_days_catches_up_from_the_due_dates(desk: Desk, database: Database) -> None:
    open_pause(desk)
    with database.read() as connection:
        (due,) = connection.execute(select(DEADLINES.c.due_at).where(DEADLINES.c.closed_at.is_(None))).scalars()
    watched = due - timedelta(hours=6)
    now = desk.now
    while now < watched:
        sweep(database, now)
        now += timedelta(hours=12)
    sweep(database, watched)
    told = [row["level"] for row in alerts(database)]
    back = watched + timedelta(days=10)  # down for working days enough to miss two steps
    sweep(database, back)
    missed = [row for row in alerts(database) if row["level"] not in told]
    assert [row["level"] for row in missed] == ["R0", "R1", "R2"]
    assert all(row["planned_at"] >= due and row["cause"] == "outage" for row in missed)
    assert [row["late_seconds"] for row in missed] == [
        int((back - row["planned_at"]).total_seconds()) for row in missed
    ]  # the first is a matter of days, and each is counted from its own time
    assert sweep(database, back + MINUTE) == 0
    everything_adds_up(database)


def test_three_days_of_outage_lose_no_step(desk: Desk, database: Database) -> None:
    open_pause(desk)
    with database.read() as connection:
        (due,) = connection.execute(select(DEADLINES.c.due_at).where(DEADLINES.c.closed_at.is_(None))).scalars()
    sweep(database, due - timedelta(days=1))
    back = due + timedelta(days=2)
    sweep(database, back)
    (step,) = [row for row in alerts(database) if row["level"] == "R0"]
    assert (step["cause"], step["planned_at"], step["raised_at"]) == ("outage", due, back)


@pytest.mark.parametrize("size", [timedelta(hours=1), timedelta(days=3)], ids=["an hour", "three days"])
@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "back"])
def test_a_clock_that_is_set_loses_nothing_and_repeats_nothing(
    desk: Desk, database: Database, size: timedelta, ahead: bool
) -> None:
    open_pause(desk)
    with database.read() as connection:
        (due,) = connection.execute(select(DEADLINES.c.due_at).where(DEADLINES.c.closed_at.is_(None))).scalars()
    step = size if ahead else -size
    right = [due + timedelta(days=day, minutes=minute) for day in range(-3, 12) for minute in (0, 1)]
    wrong = {day: right[day] + step for day in range(4, 10)}  # the clock is wrong for some sweeps, then right again
    for number, now in enumerate(right):
        sweep(database, wrong.get(number, now))
    levels = [(row["level"], row["cycle"]) for row in alerts(database)]
    assert len(levels) == len(set(levels))
    assert [level for level, _ in levels if level.startswith("R")] == ["R0", "R1", "R2"]
    everything_adds_up(database)
    with database.read() as connection:
        assert last_done(connection, SWEEP) == right[-1]  # the latest by number, whatever its clock said


def test_a_clock_set_back_three_days_does_not_put_the_ticks_to_sleep() -> None:
    ticks: list[float] = []
    offset = [timedelta(0)]
    runner = Runner(
        {"look": Tick(every=3600, act=lambda: ticks.append(time.monotonic()))},
        wall=lambda: datetime.now(UTC) + offset[0],
        watch=0.05,
    )
    runner.start()
    try:
        until(lambda: len(ticks) == 1)
        offset[0] = timedelta(days=-3)
        until(lambda: len(ticks) == 2)  # not in an hour, and not in three days
        offset[0] = timedelta(0)
        until(lambda: len(ticks) == 3)
    finally:
        runner.stop()
