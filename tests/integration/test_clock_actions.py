"""What people do to a clock: pause, resume, extend, a newer policy; the evidence alone gives the row again."""

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.limits import Term, Unit
from scheduler.calendars import add_days, local_date
from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from states.pause import OUTCOME_DOMAINS
from workflow import audit, chains, clock_actions
from workflow.alerting import DueDeadlines
from workflow.database import Database
from workflow.errors import MoveRefused, NotFound
from workflow.invariants import broken_promises
from workflow.moves import Move, Opening
from workflow.outbox import ALERTS
from workflow.references import read_reference, reference
from workflow.repository import CASES, DEADLINES, running_deadlines

from factories import POLICIES, Desk, add_people
from walks import Walk

STARTED = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
NOTE = {"review_note": "invented"}
EVERY_AREA = [{"domain": domain, "score": 2} for domain in OUTCOME_DOMAINS]


def on_programme(desk: Desk) -> str:
    """A Pause case taken over on the programme; its month 1 review is due on 11 February 2027."""
    walk = Walk(desk, "pause").open("pause.PL", worker="pause.PP").step("start_check", "pause.PL")
    walk.step("find_eligible", "pause.PL").step("begin_engagement", "pause.PP", worker="pause.PP").after(days=30)
    walk.step("record_baseline", "pause.PP", baseline_scores=EVERY_AREA).step("discuss_pause", "pause.PP")
    desk.now = STARTED
    walk.step("commit", "pause.PL", to="on_programme")
    return walk.case


def review(desk: Desk, month: int = 1) -> Any:
    with desk.database.read() as connection:
        query = select(DEADLINES).where(DEADLINES.c.clock == f"review_month_{month}").order_by(DEADLINES.c.number)
        return connection.execute(query).mappings().first()


def named(desk: Desk, case: str, month: int = 1) -> str:
    return f"{case}.{review(desk, month)['number']}"


def do(desk: Desk, what: str, name: str, as_: str = "pause.PL", **more: Any) -> Any:
    act = getattr(clock_actions, what)
    return act(desk.engine, desk.who(as_), desk.now, **{"deadline": name, "reason": "in hospital", **more})


def all_holds(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert broken_promises(connection, desk.engine.calendar) == []
        chains.verify_chains(connection)


def test_the_time_a_clock_stood_still_does_not_count(desk: Desk) -> None:
    case = on_programme(desk)
    name = named(desk, case)
    do(desk, "pause", name, "pause.PP")
    assert review(desk)["status"] == "paused"
    desk.now += timedelta(days=7)
    do(desk, "resume", name, "pause.PP")
    found = review(desk)
    assert (found["status"], found["due_on"]) == ("open", date(2027, 2, 18))
    assert found["next_action_at"] == found["amber_at"]
    _, steps = desk.looks_as("pause.PL").deadline(name)
    with desk.database.read() as connection:
        entry = audit.entries_of(connection, found["case_id"])[-1]
    assert any("in hospital" in step.says for step in steps)
    assert "in hospital" not in str(entry["clocks"])  # personal content can be erased, clock events cannot
    all_holds(desk)


def test_a_long_pause_is_looked_at_again(desk: Desk) -> None:
    do(desk, "pause", named(desk, on_programme(desk)))
    desk.now = review(desk)["next_action_at"]
    assert desk.now > STARTED + timedelta(days=27)
    for _ in range(2):
        sweep(DueDeadlines(desk.engine, "n1"), desk.now)
        desk.now = review(desk)["next_action_at"]
    with desk.database.read() as connection:
        number = review(desk)["number"]
        told = connection.execute(select(ALERTS).where(ALERTS.c.number == number)).mappings().all()
    assert [one["level"] for one in told] == ["P", "P"]
    assert all(one["told"] for one in told)
    all_holds(desk)


def test_the_end_of_a_paused_deadline_ends_its_pause(desk: Desk) -> None:
    case = on_programme(desk)
    do(desk, "pause", named(desk, case))
    desk.now += timedelta(days=10)
    desk.fire(case, "review", "pause.PP", {"review_month": "1", "outcome_scores": EVERY_AREA, **NOTE})
    assert review(desk)["status"] == "met"
    all_holds(desk)


@pytest.mark.parametrize(
    ("what", "as_", "says"),
    [
        ("resume", "pause.PL", "it is open"),
        ("pause", "pause.PP2", "the owner of the case or a manager"),
    ],
)
def test_what_the_past_or_the_role_does_not_allow_is_refused_and_recorded(
    desk: Desk, what: str, as_: str, says: str
) -> None:
    name = named(desk, on_programme(desk))
    with pytest.raises(MoveRefused, match=says):
        do(desk, what, name, as_)
    with desk.database.read() as connection:
        assert audit.entries_of(connection, 1)[-1]["kind"] == "refused"
    all_holds(desk)


def test_a_limit_that_allows_neither_says_so(desk: Desk) -> None:
    case = Walk(desk, "pause").open("pause.PL", worker="pause.PP").case
    with pytest.raises(MoveRefused, match="does not allow a pause"):
        do(desk, "pause", f"{case}.1")
    with pytest.raises(MoveRefused, match="extended by nobody"):
        do(desk, "extend", f"{case}.1", due_on=date(2027, 5, 1))
    with pytest.raises(NotFound):
        do(desk, "pause", f"{case}.99")


def test_an_overdue_deadline_cannot_hide_in_a_pause(desk: Desk) -> None:
    name = named(desk, on_programme(desk))
    desk.now = review(desk)["due_at"] + timedelta(minutes=1)
    with pytest.raises(MoveRefused, match="a pause does not undo that"):
        do(desk, "pause", name)


def test_a_manager_extends_and_the_owner_does_not(desk: Desk) -> None:
    case = on_programme(desk)
    name = named(desk, case)
    with pytest.raises(MoveRefused, match="one level above the owner"):
        do(desk, "extend", name, "pause.PP", due_on=date(2027, 3, 1))
    desk.now = review(desk)["due_at"] + timedelta(hours=9)
    sweep(DueDeadlines(desk.engine, "n1"), desk.now)
    do(desk, "extend", name, due_on=date(2027, 3, 1))
    assert review(desk)["due_on"] == date(2027, 3, 1)
    assert review(desk)["told"] == ""
    with desk.database.read() as connection:
        query = select(ALERTS.c.status).where(ALERTS.c.number == review(desk)["number"])
        assert set(connection.execute(query).scalars()) == {"settled"}
    do(desk, "extend", name, amount=Term(amount=5, unit=Unit.WORKING_DAYS))
    assert review(desk)["due_on"] == date(2027, 3, 8)
    with pytest.raises(MoveRefused, match="no later than the date that stands"):
        do(desk, "extend", name, due_on=date(2027, 3, 2))
    all_holds(desk)


def test_apply_the_new_policy_is_an_act_with_a_preview(desk: Desk) -> None:
    case = on_programme(desk)
    durham = POLICIES["durham"]
    limits = {**durham.limits["pause"]}
    month = limits["review_month_1"].terms[0]
    limits["review_month_1"] = limits["review_month_1"].model_copy(
        update={"terms": (month.model_copy(update={"amount": 2}),)}
    )
    newer = durham.model_copy(
        update={"version": "2026.2", "effective_from": date(2026, 11, 2), "limits": {**durham.limits, "pause": limits}}
    )
    newer.__dict__.pop("digest", None)
    desk.engine.policies.add(newer)
    before = review(desk)["due_on"]
    rows = clock_actions.preview_new_policy(desk.engine, desk.who("pause.PL"), desk.now, case=case)
    assert review(desk)["due_on"] == before
    moved = [row for row in rows if row["due_before"] != row["due_after"]]
    assert [row["clock"] for row in moved] == ["review_month_1"]
    with pytest.raises(MoveRefused, match="a manager applies"):
        clock_actions.apply_new_policy(desk.engine, desk.who("pause.PP"), desk.now, case=case, reason="now")
    clock_actions.apply_new_policy(desk.engine, desk.who("pause.PL"), desk.now, case=case, reason="now")
    assert review(desk)["due_on"] == date(2027, 3, 11)
    with desk.database.read() as connection:
        assert connection.execute(select(CASES.c.policy)).scalar_one() == newer.digest
    with pytest.raises(MoveRefused, match="already"):
        clock_actions.apply_new_policy(desk.engine, desk.who("pause.PL"), desk.now, case=case, reason="now")
    do(desk, "pause", named(desk, case))
    all_holds(desk)


STEPS = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "extend", "by", "re_date", "meet"]), st.integers(0, 20)), max_size=12
)


@pytest.fixture(scope="module")
def under_way(sqlite_template: Path) -> Path:
    """A database with one case on the programme, to be copied for each history."""
    file = Path(tempfile.mkdtemp()) / "under_way.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    add_people(database)
    on_programme(Desk(database))
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_the_evidence_alone_gives_the_date_and_status_after_any_history(under_way: Path, steps: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.db"
        shutil.copy(under_way, file)
        desk = Desk(Database(f"sqlite:///{file}"), now=STARTED)
        try:
            for what, days in steps:
                desk.now += timedelta(days=days)
                happens(desk, what, days)
            sweep(DueDeadlines(desk.engine, "n1"), desk.now)
            all_holds(desk)
        finally:
            desk.database.close()


def happens(desk: Desk, what: str, days: int) -> None:
    with desk.database.read() as connection:
        case = reference("pause", connection.execute(select(CASES.c.id)).scalar_one())
    name = named(desk, case)
    try:
        match what:
            case "pause" | "resume":
                do(desk, what, name)
            case "extend":
                do(desk, "extend", name, due_on=add_days(local_date(desk.now), 30 + days))
            case "by":
                do(desk, "extend", name, amount=Term(amount=days + 1, unit=Unit.WORKING_DAYS))
            case "re_date":
                start = (STARTED - timedelta(days=days)).isoformat()
                commit = next(e["seq"] for e in entries(desk) if e["trigger"] == "commit")
                facts = {"entry": str(commit), "correction": "occurred_at", "new_occurred_at": start}
                desk.fire(case, "correct", "pause.PL", {**facts, "correction_reason": "misread"})
            case "meet" if review(desk)["closed_at"] is None:
                desk.fire(case, "review", "pause.PP", {"review_month": "1", "outcome_scores": EVERY_AREA, **NOTE})
    except MoveRefused:
        pass


def entries(desk: Desk) -> list[dict[str, Any]]:
    with desk.database.read() as connection:
        return audit.entries_of(connection, connection.execute(select(CASES.c.id)).scalar_one())


def in_court(desk: Desk) -> str:
    """The 26-week deadline of a baby's case in court, issued a week ago."""
    since = (desk.now - timedelta(days=7)).date().isoformat()
    common = {"source_reference": "old", "since": since, "received_on": since, "worker": "baby.CW"}
    baby = {"babies": [{"born_on": since, "live_birth": True, "sex": "U"}]}
    opened: list[str] = []
    for lifecycle, state, more in (
        ("prebirth", "care_proceedings", baby),
        ("care_proceedings", "issued", {"child": 1, "issued_on": since}),
    ):
        asked = {fact.name for row in LIFECYCLES[lifecycle].rows("migrate_in", "new") for fact in row.facts}
        facts = {name: value for name, value in {**common, **more}.items() if name in asked}
        opening = Opening(
            lifecycle=lifecycle,
            authority="durham",
            team="baby",
            parent=opened[0] if opened else None,
            child=1 if opened else None,
            source_reference=lifecycle,
        )
        move = Move(
            trigger="migrate_in",
            opening=opening,
            facts={**facts, "migrate_to": state},
            occurred_at=desk.now - timedelta(days=7),
        )
        opened.append(desk.engine.fire(move, desk.who("baby.TM"), desk.now).case)
    with desk.database.read() as connection:
        rows = running_deadlines(connection, read_reference(opened[1])[1])
    return f"{opened[1]}.{next(row['number'] for row in rows if row['clock'] == 'week_26')}"


def test_a_court_s_limit_is_extended_by_a_lawyer_with_the_date_of_the_order(desk: Desk) -> None:
    name = in_court(desk)
    later = (desk.now + timedelta(weeks=32)).date()

    def extend(as_: str, ordered_on: date | None) -> Any:
        return clock_actions.extend(
            desk.engine,
            desk.who(as_),
            desk.now,
            deadline=name,
            reason="the court waits for a report",
            due_on=later,
            ordered_on=ordered_on,
        )

    for who, ordered_on in (
        ("baby.TM", desk.now.date()),
        ("baby.LEG", None),
        ("baby.LEG", desk.now.date() + timedelta(days=1)),
    ):
        with pytest.raises(MoveRefused):
            extend(who, ordered_on)
    extend("baby.LEG", desk.now.date())
    row, _ = desk.looks_as("baby.LEG").deadline(name)
    assert row["due_on"] == later
    all_holds(desk)
