"""The scheduled jobs on both databases: what each does at an instant, that twice is once, and none fails in silence."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from faults.caseload import everything_adds_up, open_pause
from integration.test_evidence import force
from journeys.parents import with_baby
from sqlalchemy import Connection, select

from config.policy import Policy
from scheduler.calendars import at_time
from workflow import jobs
from workflow.accounts import TEAMS, USERS
from workflow.alert_tables import MessageStatus
from workflow.audit import ENTRIES
from workflow.bootstrap import Service
from workflow.database import Database
from workflow.errors import NotReady
from workflow.invariants import broken_promises, light_check
from workflow.job_log import IN_A_ROW, RUNS, SWEEP, JobRuns, failures_in_a_row, is_being_done, last_done, silence
from workflow.models import NEVER
from workflow.outbox import ALERTS, MESSAGES
from workflow.recipients import ABSENCES
from workflow.repository import CASES, DEADLINES
from workflow.seals import read_heads, verify_log
from workflow.told import by_cause, in_words, late_alerts

from factories import Desk, service_on
from walks import Walk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BROKEN_DATE = datetime(2020, 1, 1, tzinfo=UTC)


def run(database: Database, name: str, now: datetime, node: str = "a", service: Service | None = None) -> int:
    service = service or service_on(database)
    return jobs.run(service, name, jobs.jobs(service, node)[name], node, lambda: now)


def rows(database: Database, query: Any) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def change(database: Database, *statements: Any) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.execute(statement)


def inbox(database: Database, username: str) -> list[dict[str, Any]]:
    return rows(database, select(MESSAGES).where(MESSAGES.c.recipient == username).order_by(MESSAGES.c.key))


# Orders lapse


def under_protection(desk: Desk) -> tuple[str, datetime]:
    """A baby taken into police protection now; the case, and when that ends."""
    parent = with_baby(desk, desk.now.date())
    ends = desk.now + timedelta(hours=72)
    times = {"taken_at": desk.now.isoformat(), "made_at": desk.now.isoformat(), "expires_at": ends.isoformat()}
    facts = {"kind": "police_protection", "legal_status": "L1", "placement": "U6", **times}
    return Walk(desk, "looked_after").open("baby.EDT", parent=parent, child=1, **facts).case, ends


def lapses(database: Database) -> list[dict[str, Any]]:
    return rows(database, select(ENTRIES).where(ENTRIES.c.trigger == "lapse_order"))


def test_an_order_lapses_at_its_minute_and_once(desk: Desk, database: Database) -> None:
    _, ends = under_protection(desk)
    assert run(database, "lapse of orders", ends - timedelta(seconds=1)) == 0
    assert run(database, "lapse of orders", ends, "left") == 1
    assert run(database, "lapse of orders", ends, "right") == 0
    assert run(database, "lapse of orders", ends + HOUR) == 0
    (entry,) = lapses(database)
    assert (entry["occurred_at"], entry["recorded_at"], entry["actor"]) == (ends, ends, "system")
    assert (entry["to_state"], entry["kind"]) == ("order_lapsed", "moved")
    running = rows(database, select(DEADLINES.c.clock).where(DEADLINES.c.closed_at.is_(None)))
    assert {"clock": "after_lapse_decision"} in running  # and people are told what to decide now


def test_after_an_outage_an_order_has_lapsed_when_it_did(desk: Desk, database: Database) -> None:
    _, ends = under_protection(desk)
    assert run(database, "lapse of orders", ends + 3 * DAY) == 1
    (entry,) = lapses(database)
    assert (entry["occurred_at"], entry["recorded_at"]) == (ends, ends + 3 * DAY)
    with database.read() as connection:
        assert broken_promises(connection, desk.engine.calendar) == []


def test_an_order_that_cannot_be_recorded_as_lapsed_is_a_failure_and_holds_up_no_other(
    desk: Desk, database: Database
) -> None:
    under_protection(desk)
    faulty = rows(database, select(CASES.c.id, CASES.c.facts).where(CASES.c.lifecycle == "looked_after"))[0]
    _, ends = under_protection(desk)
    later = {**faulty["facts"], "expires_at": (ends + DAY).isoformat()}
    change(database, CASES.update().where(CASES.c.id == faulty["id"]).values(facts=later))
    with pytest.raises(Exception, match="1 orders have ended and were not recorded"):
        run(database, "lapse of orders", ends)
    assert [entry["case_id"] != faulty["id"] for entry in lapses(database)] == [True]  # and no refusal is evidence
    assert rows(database, select(RUNS.c.outcome)) == [{"outcome": "failed"}]


# The record of runs


def test_a_job_that_fails_three_times_in_a_row_is_told_to_administrators_once_a_day(
    desk: Desk, database: Database
) -> None:
    def fails(_: datetime) -> int:
        raise NotReady("no key")

    service, broken = service_on(database), jobs.Job(every=60, act=fails)
    told = []
    for number in range(IN_A_ROW + 2):
        with pytest.raises(NotReady):
            jobs.run(service, "seal", broken, "a", lambda: desk.now)
        told.append(len(inbox(database, "both.ADM")))
        with database.read() as connection:
            assert failures_in_a_row(connection, "seal", "a") == number + 1
    assert told == [0, 0, 1, 1, 1]
    (message,) = inbox(database, "both.ADM")
    assert (message["template"], message["urgent"], message["params"]["job"]) == ("job_failing", True, "seal")
    with pytest.raises(NotReady):
        jobs.run(service, "seal", broken, "a", lambda: desk.now + DAY)
    assert len(inbox(database, "both.ADM")) == 2
    jobs.run(service, "seal", jobs.Job(every=60, act=lambda _: 0), "a", lambda: desk.now + DAY)
    with database.read() as connection:
        assert failures_in_a_row(connection, "seal", "a") == 0


def test_silence_of_the_sweep_is_told_after_ten_minutes(desk: Desk, database: Database) -> None:
    def says(now: datetime) -> str | None:
        with database.read() as connection:
            return silence(connection, now)

    assert "no node has ever swept" in (says(desk.now) or "")
    run(database, SWEEP, desk.now)
    assert says(desk.now + timedelta(minutes=10)) is None
    assert "is a node running?" in (says(desk.now + timedelta(minutes=11)) or "")
    assert "a clock was set back" in (says(desk.now - HOUR) or "")


def test_a_daily_job_runs_once_a_day_in_england_on_whichever_node_looks_first(desk: Desk, database: Database) -> None:
    acted: list[datetime] = []

    def act(now: datetime) -> int:
        acted.append(now)
        return 0

    service, job = service_on(database), jobs.Job(every=600, act=act, daily_at=time(2))
    spring = date(2027, 3, 28)  # the clocks go forward at 01:00; 02:00 in summer time is 01:00 UTC
    begins = at_time(spring, time(2))
    for offset in (-22 * HOUR, -HOUR, -timedelta(minutes=1), timedelta(0), HOUR, 20 * HOUR, DAY + HOUR):
        for node in ("left", "right"):
            jobs.tick(service, "nightly check", job, node, lambda at=begins + offset: at)
    assert acted == [begins - 22 * HOUR, begins, begins + DAY + HOUR]
    jobs.tick(service, "nightly check", job, "left", lambda: begins - 3 * DAY)  # the clock was set back
    assert acted[-1] == begins - 3 * DAY


def test_a_run_under_way_is_left_to_its_node_until_that_has_died(desk: Desk, database: Database) -> None:
    JobRuns(database).started("nightly check", "dead", desk.now)
    with database.read() as connection:
        assert is_being_done(connection, "nightly check", desk.now + timedelta(minutes=59))
        assert not is_being_done(connection, "nightly check", desk.now + 2 * HOUR)


# Sealing and checking


@pytest.fixture
def with_key(desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Service:
    monkeypatch.setenv("WAYMARK_SEAL_KEY", "22" * 32)
    monkeypatch.setenv("WAYMARK_HEADS_FILE", str(tmp_path / "heads"))
    return service_on(database)


def test_evidence_is_sealed_once_and_its_head_sent_out(
    desk: Desk, database: Database, with_key: Service, tmp_path: Path
) -> None:
    open_pause(desk)
    assert run(database, "seal", desk.now, service=with_key) > 0
    assert run(database, "seal", desk.now, service=with_key) == 0
    heads = read_heads(tmp_path / "heads")
    assert len(heads) == 1
    with database.read() as connection:
        assert verify_log(connection, heads) == heads[0].position


def test_every_night_all_is_sealed_even_after_a_clock_was_set_back(
    desk: Desk, database: Database, with_key: Service
) -> None:
    open_pause(desk)
    run(database, "seal", desk.now + 3 * DAY, service=with_key)  # a clock three days ahead
    open_pause(desk)
    assert run(database, "seal", desk.now, service=with_key) == 0  # too long ago, by the last seal
    run(database, "nightly check", desk.now, service=with_key)
    with database.read() as connection:
        everything = len(connection.execute(select(ENTRIES.c.seq)).all())
        assert verify_log(connection) == everything


def test_evidence_that_was_changed_is_found_the_same_night(desk: Desk, database: Database, with_key: Service) -> None:
    open_pause(desk)
    run(database, SWEEP, desk.now)
    assert run(database, "nightly check", desk.now, service=with_key) == 0
    force(desk, "UPDATE looks SET actor = 'x'", "UPDATE audit_entries SET reason_code = 'forged' WHERE case_id = 1")
    assert run(database, "nightly check", desk.now + DAY, service=with_key) >= 1
    assert ("broken_promises", "nightly") in {
        (one["template"], one["params"]["check"]) for one in inbox(database, "both.ADM")
    }


def test_a_broken_promise_is_told_to_administrators_once_a_day(desk: Desk, database: Database) -> None:
    open_pause(desk)
    now = desk.now + HOUR
    run(database, SWEEP, now)
    assert run(database, "light check", now) == 0
    change(database, TEAMS.update().values(manager=None))
    assert run(database, "light check", now) == run(database, "light check", now) == 1
    (message,) = inbox(database, "both.ADM")
    assert (message["template"], message["params"]) == ("broken_promises", {"count": 1, "check": "light"})


# What is planted is found


PLANTED: dict[str, tuple[Any, str]] = {
    "nobody answers": (TEAMS.update().values(manager=None), "which has no manager"),
    "they have all left": (USERS.update().values(active=False), "account is disabled"),
    "no date runs": (DEADLINES.update().values(due_at=None), "no deadline with a due date is running"),
    "hidden in lists": (CASES.update().values(urgent_at=NEVER), "stands in lists by another date"),
    "the deadlines are gone": (DEADLINES.delete(), "no deadline with a due date is running"),
    "nobody was told": (ALERTS.delete(), "passed, and no alert was raised"),
    "the alert is of an earlier cycle": (DEADLINES.update().values(cycle=9), "passed, and no alert was raised"),
    "nobody watches": (DEADLINES.update().values(next_action_at=None), "has no next step: nobody watches it"),
    "a step is missed": (DEADLINES.update().values(next_action_at=BROKEN_DATE), "was to be looked at by"),
    "told to nobody": (ALERTS.update().values(told=[]), "was told to nobody"),
    "ended, and still running": (CASES.update().values(final=True), "it has ended, but its deadline"),
    "ended, and alerts open": (DEADLINES.update().values(closed_at=BROKEN_DATE), "but its alert R0 is still open"),
    "the sweep is silent": (RUNS.update().values(started_at=BROKEN_DATE), "is a node running?"),
    "nobody ever swept": (RUNS.delete(), "no node has ever swept the deadlines"),
    "a message is stuck": (
        MESSAGES.update().values(status=MessageStatus.QUEUED, next_try_at=BROKEN_DATE),
        "/inbox waits since",
    ),
}
PLANTED_IN_EVIDENCE: dict[str, tuple[Any, str]] = {
    "another state": (CASES.update().values(state="on_programme"), "state is not what its evidence adds up to"),
    "another date": (DEADLINES.update().values(due_at=BROKEN_DATE), "clock events add up to (due_at)"),
    "a shorter chain": (CASES.update().values(seq=1), "its evidence ends at entry"),
    "another owner": (CASES.update().values(owner="pause.PP"), "owner is not what its evidence adds up to"),
}


def test_each_kind_of_planted_violation_is_found(desk: Desk, database: Database) -> None:
    open_pause(desk)
    now = desk.now + timedelta(days=16)
    run(database, SWEEP, now)
    assert {row["level"] for row in rows(database, select(ALERTS.c.level))} >= {"R0"}
    calendar = desk.engine.calendar
    later = now + timedelta(minutes=16)
    run(database, SWEEP, later)

    def all_of(connection: Connection) -> list[str]:
        return [*light_check(connection, later), *broken_promises(connection, calendar)]

    def found(check: Callable[[Connection], list[str]], plant: Any) -> list[str]:
        with database.writer.connect() as connection:  # planted, looked at, and taken back
            connection.begin()
            connection.execute(plant)
            told = check(connection)
            connection.rollback()
        return told

    with database.read() as connection:
        assert all_of(connection) == []
    for name, (plant, says) in {**PLANTED, **PLANTED_IN_EVIDENCE}.items():
        told = found(all_of, plant)
        assert any(says in one for one in told), (name, told)
    light = {
        name: found(lambda connection: light_check(connection, later), plant) for name, (plant, _) in PLANTED.items()
    }
    assert [name for name, told in light.items() if not told] == []


def test_what_happened_a_moment_ago_is_not_yet_a_violation(desk: Desk, database: Database) -> None:
    desk.now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    open_pause(desk)
    with database.read() as connection:
        assert light_check(connection, desk.now + timedelta(minutes=14)) == []
        assert any("no node has ever swept" in one for one in light_check(connection, desk.now + HOUR))


def test_a_step_with_nobody_there_is_no_silence_where_the_next_step_was_told(desk: Desk, database: Database) -> None:
    open_pause(desk)
    change(database, TEAMS.update().where(TEAMS.c.code == "pause").values(manager=None),
           USERS.update().where(USERS.c.role.in_(("PP", "PL"))).values(active=False))  # fmt: skip
    now = desk.now + timedelta(days=16)
    run(database, SWEEP, now)
    alerts = rows(database, select(ALERTS.c.told))
    assert any(not row["told"] for row in alerts)
    assert any(row["told"] for row in alerts)
    with database.read() as connection:
        assert not [one for one in light_check(connection, now) if "told to nobody" in one]


# People and calendars


def owned(desk: Desk) -> str:
    case = open_pause(desk)
    desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"})
    return case


@pytest.mark.parametrize("why", ["worker_left", "worker_away"])
def test_a_case_whose_worker_is_not_there_is_told_to_the_manager_once_a_day(
    desk: Desk, database: Database, why: str
) -> None:
    case, now = owned(desk), desk.now + HOUR
    assert run(database, "absent workers", now) == 0
    if why == "worker_left":
        change(database, USERS.update().where(USERS.c.username == "pause.PP").values(active=False))
    else:
        away = {"username": "pause.PP", "starts_on": now.date(), "ends_on": now.date() + DAY, "cover": None}
        change(database, ABSENCES.insert().values(**away))
    assert [run(database, "absent workers", now, node) for node in ("left", "right")] == [1, 0]
    assert run(database, "absent workers", now + DAY) == 1
    first, _ = inbox(database, "pause.PL")
    assert first["params"] == {"team": "pause", "why": why, "count": 1, "cases": [case]}


def test_a_worker_who_is_covered_is_not_missed(desk: Desk, database: Database) -> None:
    owned(desk)
    away = {"username": "pause.PP", "starts_on": desk.now.date(), "ends_on": desk.now.date(), "cover": "pause.PP2"}
    change(database, ABSENCES.insert().values(**away))
    assert run(database, "absent workers", desk.now) == 0
    change(database, USERS.update().where(USERS.c.username == "pause.PP2").values(active=False))
    assert run(database, "absent workers", desk.now) == 1


def test_the_horizon_of_the_calendar_is_told_a_year_ahead_and_once_a_month(desk: Desk, database: Database) -> None:
    verified_to = desk.engine.calendar.verified_to
    told = [
        run(database, "calendar horizon", datetime(verified_to, month, day, 9, tzinfo=UTC))
        for month, day in ((1, 1), (1, 2), (1, 31), (2, 1))
    ]
    administrators = 2
    assert told == [administrators, 0, 0, administrators]
    assert run(database, "calendar horizon", datetime(verified_to - 1, 12, 30, 9, tzinfo=UTC)) == 0


def test_a_newer_policy_is_reported_once_and_changes_nothing(desk: Desk, database: Database) -> None:
    case = open_pause(desk)
    assert run(database, "newer policies", desk.now) == 0
    before = rows(database, select(CASES))
    service = service_on(database)
    said = service.policies.current("durham", date(2026, 11, 25)).to_json()
    newer = Policy.from_json({**said, "version": "next", "effective_from": "2027-04-01"})
    service.policies.add(newer)
    assert run(database, "newer policies", datetime(2027, 3, 31, 12, tzinfo=UTC), service=service) == 0
    assert run(database, "newer policies", datetime(2027, 4, 1, 12, tzinfo=UTC), service=service) == 2
    assert run(database, "newer policies", datetime(2027, 4, 2, 12, tzinfo=UTC), service=service) == 0
    assert inbox(database, "both.ADM")[0]["params"] == {"authority": "durham", "version": "next", "cases": 1}
    assert rows(database, select(CASES)) == before
    assert case


# The late ledger


def causes(database: Database) -> dict[str, str]:
    return {row["level"]: row["cause"] for row in rows(database, select(ALERTS.c.level, ALERTS.c.cause))}


def due_of(database: Database) -> tuple[datetime, datetime]:
    (row,) = rows(database, select(DEADLINES.c.amber_at, DEADLINES.c.due_at).where(DEADLINES.c.closed_at.is_(None)))
    return row["amber_at"], row["due_at"]


def test_the_ledger_tells_an_outage_from_being_on_time(desk: Desk, database: Database) -> None:
    open_pause(desk)
    amber, due = due_of(database)
    run(database, SWEEP, amber + timedelta(minutes=5))
    run(database, SWEEP, due - HOUR)
    run(database, SWEEP, due + 26 * HOUR)
    assert causes(database) == {"A": "on time", "R0": "outage"}
    with database.read() as connection:
        (late,) = late_alerts(connection, desk.now)
        assert late_alerts(connection, due + 2 * DAY) == late_alerts(connection, desk.now, authority="birmingham") == []
    assert (late["late"], late["due"], late["planned"], late["node"]) == ("1 day 2 hours", due, due, "a")
    assert late["told"]
    assert by_cause([late]) == {"outage": 1}


def test_what_was_recorded_late_is_nobodys_outage(desk: Desk, database: Database) -> None:
    now = desk.now + timedelta(days=40)
    run(database, SWEEP, now - timedelta(minutes=1))
    service = desk.service
    opened = desk.now
    desk.now = now
    case = open_pause(desk, at=opened)
    run(database, SWEEP, now + timedelta(minutes=1), service=service)
    assert causes(database)["R0"] == "recorded late"
    with database.read() as connection:
        assert late_alerts(connection, opened) == []
        assert {one["deadline"] for one in late_alerts(connection, opened, everything=True)} == {f"{case}.1"}


def test_a_clock_set_ahead_is_told_from_an_outage(desk: Desk, database: Database) -> None:
    open_pause(desk)
    _, due = due_of(database)
    service = service_on(database)
    sweep = jobs.jobs(service, "a")[SWEEP]  # one node, whose own clock jumps
    jobs.run(service, SWEEP, sweep, "a", lambda: due - DAY)
    jobs.run(service, SWEEP, sweep, "a", lambda: due + DAY)
    assert causes(database)["R0"] == "clock step"


def test_a_sweep_that_cannot_keep_up_is_a_backlog(desk: Desk, database: Database) -> None:
    open_pause(desk)
    amber, due = due_of(database)
    run(database, SWEEP, amber)
    change(database, DEADLINES.update().values(next_action_at=due + DAY))  # as if passed by
    run(database, SWEEP, due + 23 * HOUR)
    run(database, SWEEP, due + DAY)
    assert causes(database)["R0"] == "backlog"


@pytest.mark.parametrize(
    ("length", "says"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=2, minutes=5), "2 hours 5 minutes"),
        (timedelta(days=3, minutes=7), "3 days 7 minutes"),
        (timedelta(days=3, hours=1, minutes=7), "3 days 1 hour"),
    ],
)
def test_lateness_is_said_in_words(length: timedelta, says: str) -> None:
    assert in_words(length) == says


def test_one_pass_of_every_job_twice_does_nothing_twice(desk: Desk, database: Database, with_key: Service) -> None:
    under_protection(desk)
    open_pause(desk)
    now = desk.now + timedelta(days=20)
    for _ in range(2):
        done = {name: run(database, name, now, service=with_key) for name in jobs.jobs(with_key, "a")}
    assert {name: count for name, count in done.items() if count} == {}
    everything_adds_up(database)
    with database.read() as connection:
        assert last_done(connection, SWEEP) == now
        assert broken_promises(connection, desk.engine.calendar) == []
