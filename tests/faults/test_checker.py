"""The history checker finds what it is there to find: each kind of violation, planted in a record that holds."""

import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faults.checker import Expected, Receipt, kinds, violations
from faults.clients import MOVES
from faults.history import Act, Attempt, History, Read, Told
from faults.world import NOW, Seeded, seed
from sqlalchemy import text

from workflow import jobs
from workflow.database import Database
from workflow.job_log import SWEEP
from workflow.moves import Move

from factories import Desk


class Planted:
    """A small record with a history that agrees with it, on SQLite without its safeguards."""

    def __init__(self, database: Database, seeded: Seeded, history: History) -> None:
        self.database, self.seeded, self.history = database, seeded, history
        self.case = seeded.cases[0]
        self.expected = Expected(told=seeded.told, swept_at=NOW, receiving="webhook")

    def begin(self) -> None:
        """Two moves that were acknowledged, and a sweep."""
        desk = Desk(self.database)
        for trigger in ("report_missing", "report_found"):
            self._move(desk, trigger)
        jobs.run(desk.service, SWEEP, jobs.jobs(desk.service, "a")[SWEEP], "a", lambda: NOW)

    def _move(self, desk: Desk, trigger: str) -> None:
        number = len(self.history.acts)
        with self.database.read() as connection:
            version = connection.execute(
                text("SELECT version FROM cases WHERE id = :id"), {"id": self.number}
            ).scalar_one()
        act = self.history.act(
            Act(id=f"act-{number}", key=f"key-{number}", case=self.case, trigger=trigger, expected=version)
        )
        move = Move(trigger=trigger, case=self.case, facts=MOVES[trigger], key=act.key, expected_version=version,
                    source="api", request_id=act.id)  # fmt: skip
        moved = desk.engine.fire(move, desk.who("baby.TM"), NOW)
        act.attempts.append(
            Attempt(begun=2 * number, ended=2 * number + 1, told=Told.ACKNOWLEDGED, status=200, case=moved.case,
                    seq=moved.entry, version=moved.version)
        )  # fmt: skip

    @property
    def number(self) -> int:
        return int(self.case.partition("-")[2])

    def sql(self, statement: str, **given: Any) -> None:
        """Changes the record as nothing in the service can."""
        with self.database.writer.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            assert connection.execute(text(statement), {"case": self.number, **given}).rowcount
            connection.exec_driver_sql("BEGIN")

    def found(self) -> set[str]:
        with self.database.read() as connection:
            return kinds(violations(connection, self.history, self.expected))


@pytest.fixture(scope="module")
def sound(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seeded, History]:
    """A record and its history, made once."""
    file = tmp_path_factory.mktemp("sound") / "sound.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    made = Planted(database, seed(database, overdue=1, cases=1), History())
    made.begin()
    with database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file, made.seeded, made.history


@pytest.fixture
def planted(sound: tuple[Path, Seeded, History], tmp_path: Path) -> Iterator[Planted]:
    file, seeded, history = sound
    shutil.copy(file, tmp_path / "planted.db")
    database = Database(f"sqlite:///{tmp_path}/planted.db")
    yield Planted(database, seeded, History(copy.deepcopy(history.acts)))
    database.close()


LAST = """case_id = :case AND kind = 'moved'
    AND seq = (SELECT max(seq) FROM audit_entries WHERE case_id = :case AND kind = 'moved')"""


def test_a_record_that_agrees_with_its_history_has_no_violation(planted: Planted) -> None:
    planted.expected.receiving = None  # nobody has delivered yet
    assert planted.found() == set()


def test_a_lost_move_is_found(planted: Planted) -> None:
    planted.sql(f"DELETE FROM audit_entries WHERE {LAST}")
    assert {"lost", "evidence"} <= planted.found()


def test_a_move_lost_whole_with_its_case_row_put_back_is_found_by_what_was_acknowledged(planted: Planted) -> None:
    planted.history.acts[-1].id = "act-of-another-time"
    assert {"lost", "ghost"} <= planted.found()


def test_a_doubled_move_is_found(planted: Planted) -> None:
    planted.sql("UPDATE audit_entries SET request_id = 'act-1' WHERE request_id = 'act-0'")
    assert "doubled" in planted.found()


def test_two_different_answers_to_one_act_are_found(planted: Planted) -> None:
    act = planted.history.acts[1]
    act.attempts.append(replace(act.attempts[0], seq=99))
    assert "two answers" in planted.found()


def test_a_move_that_was_refused_and_is_there_is_found(planted: Planted) -> None:
    act = planted.history.acts[1]
    act.attempts[:] = [replace(act.attempts[0], told=Told.REFUSED, status=409)]
    assert "refused and there" in planted.found()


def test_an_act_nobody_heard_of_again_may_be_there_or_not(planted: Planted) -> None:
    planted.expected.receiving = None
    act = planted.history.acts[1]
    act.attempts[:] = [replace(act.attempts[0], told=Told.UNKNOWN, status=0)]
    planted.history.act(
        Act(id="act-x", key="key-x", case=planted.case, trigger="report_found", expected=9)
    ).attempts.append(act.attempts[0])
    assert planted.found() == set()


@pytest.mark.parametrize(
    "half",
    [
        "DELETE FROM used_keys WHERE case_id = :case AND key = 'key-1'",
        "DELETE FROM audit_contents WHERE case_id = :case "
        "AND seq = (SELECT max(seq) FROM audit_contents WHERE case_id = :case)",
        "DELETE FROM messages WHERE case_id = :case AND template = 'move' AND recipient = 'baby.EDT'",
        f"UPDATE audit_entries SET seq = seq + 100 WHERE {LAST}",
        f"UPDATE audit_entries SET kind = 'alerted' WHERE {LAST}",
    ],
    ids=["its key", "its content", "its messages", "its entry", "its kind"],
)
def test_a_half_move_is_found_by_what_it_lacks(planted: Planted, half: str) -> None:
    planted.sql(half)
    assert "half" in planted.found()


def test_a_half_move_that_left_its_case_where_it_was_is_found_by_the_invariants(planted: Planted) -> None:
    planted.sql("UPDATE cases SET state = 'allocation' WHERE id = :case")
    assert planted.case in planted.found()


def test_clocks_that_are_not_what_their_moves_say_are_found(planted: Planted) -> None:
    planted.sql("DELETE FROM deadlines WHERE case_id = :case AND clock = 'mother_missing'")
    assert planted.case in planted.found()


def test_moves_out_of_order_are_found(planted: Planted) -> None:
    first, second = (act.attempts for act in planted.history.acts)
    first[0], second[0] = (
        replace(first[0], begun=10, ended=11), replace(second[0], begun=0, ended=1),
    )  # fmt: skip
    assert planted.found() & {"out of order"}


def test_two_acts_that_became_one_version_are_found(planted: Planted) -> None:
    first, second = (act.attempts for act in planted.history.acts)
    second[0] = replace(second[0], version=first[0].version)
    assert {"lost update", "overtaken", "other than told"} <= planted.found()


def test_a_read_that_shows_less_than_was_acknowledged_is_found(planted: Planted) -> None:
    planted.history.read(Read(planted.case, begun=100, ended=101, version=1))
    assert "stale" in planted.found()


def test_a_missing_alert_is_found(planted: Planted) -> None:
    planted.sql("DELETE FROM alerts WHERE case_id <> :case")
    assert {"half alert", "missing alert"} <= planted.found()


def test_a_deadline_passed_over_without_a_trace_is_found(planted: Planted) -> None:
    planted.sql(
        "UPDATE deadlines SET due_at = '2026-11-01T00:00:00.000000+00:00', closed_at = NULL "
        "WHERE case_id = :case AND number = 1"
    )
    assert "missing alert" in planted.found()


def test_a_doubled_alert_is_found(planted: Planted) -> None:
    planted.sql(
        "UPDATE audit_entries SET trace = (SELECT trace FROM audit_entries WHERE trigger = 'alert' LIMIT 1), "
        "case_id = (SELECT case_id FROM audit_entries WHERE trigger = 'alert' LIMIT 1), seq = seq + 1000 "
        "WHERE trigger = 'alert' AND rowid = (SELECT max(rowid) FROM audit_entries WHERE trigger = 'alert')"
    )
    assert "doubled alert" in planted.found()


def test_somebody_said_to_be_told_who_was_not_is_found(planted: Planted) -> None:
    planted.sql("DELETE FROM messages WHERE template = 'deadline' AND channel = 'inbox' AND case_id <> :case")
    assert "half alert" in planted.found()


def webhook(planted: Planted, status: str) -> str:
    planted.sql(
        "INSERT INTO messages "
        "(key, recipient, channel, template, params, urgent, status, queued_at, next_try_at, attempts) "
        "SELECT 'to-the-post', 'durham', 'webhook', template, params, urgent, :status, queued_at, queued_at, 1 "
        "FROM messages WHERE template = 'deadline' LIMIT 1",
        status=status,
    )
    return "to-the-post"


@pytest.mark.parametrize("status", ["sent", "failed", "queued"])
def test_a_lost_message_is_found(planted: Planted, status: str) -> None:
    webhook(planted, status)
    assert "lost message" in planted.found()


def test_a_message_under_another_key_or_with_other_words_is_found(planted: Planted) -> None:
    key = webhook(planted, "sent")
    planted.expected.receipts = [Receipt(key, "one"), Receipt(key, "one")]
    assert planted.found() == set()
    planted.expected.receipts = [Receipt(key, "one"), Receipt(key, "another"), Receipt("stranger", "one")]
    assert planted.found() == {"two messages", "stranger"}


def test_a_sealed_head_that_the_database_knows_nothing_of_is_found(planted: Planted, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    head = {"position": 9000, "log_hash": "00" * 32, "sealed_at": "2026-11-25T10:00:00+00:00"}
    head |= {"public_key": "00" * 32, "signature": "00" * 64}
    heads.write_text(json.dumps(head) + "\n")
    planted.expected.heads = heads
    assert "evidence" in planted.found()
