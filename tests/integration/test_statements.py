"""Statements run on the driver: the same values in and out on both databases, however many rows and however they go."""

import threading
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from faults.caseload import open_pause
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError

from workflow import database as databases
from workflow.alert_tables import ChannelName
from workflow.database import Database
from workflow.errors import NotReady
from workflow.notices import _told
from workflow.outbox import MESSAGES, Draft
from workflow.references import read_reference
from workflow.repository import CASES, case_and_around, change_cases, change_deadlines
from workflow.statements import Statement

from factories import Desk

ADD = Statement(MESSAGES.insert())
FOUND = Statement(select(MESSAGES).where(MESSAGES.c.recipient == bindparam("who")).order_by(MESSAGES.c.key))
CHANGE = Statement(MESSAGES.update().where(MESSAGES.c.key == bindparam("of")))
NOW = datetime(2026, 11, 25, 10, 0, 0, 123456, tzinfo=UTC)


def message(key: str, **others: Any) -> dict[str, Any]:
    row = {
        "key": key,
        "recipient": "k.shah",
        "channel": "inbox",
        "template": "deadline",
        "params": {"a": ["é", "%s", 1]},
    }
    return {**row, "case_id": None, "number": None, "urgent": False, "status": "queued", "queued_at": NOW,
            "next_try_at": NOW, "sent_at": None, **others}  # fmt: skip


def found(connection: Connection) -> list[dict[str, Any]]:
    return FOUND.rows(connection, who="k.shah")


def fail_after(connection: Connection, key: str) -> None:
    ADD.run(connection, message(key))
    raise ZeroDivisionError


def test_many_rows_come_back_as_each_of_them_would_alone(database: Database) -> None:
    rows = [message(f"m{number}", number=number, params={"text": 'a "quoted" \\ word\n%s'}) for number in range(60)]
    rows[3]["sent_at"], rows[4]["params"] = NOW + timedelta(days=1), []
    with database.write() as connection:
        ADD.run(connection, *rows)
    with database.write() as connection:
        together = found(connection)
        connection.execute(MESSAGES.delete())
        for row in rows:
            ADD.run(connection, row)
    with database.read() as connection:
        assert found(connection) == together
    assert {one["key"] for one in together} == {one["key"] for one in rows}
    assert together[0] == {**together[0], **rows[0]}


def test_many_updates_change_each_row_it_names(database: Database) -> None:
    with database.write() as connection:
        ADD.run(connection, *(message(f"m{number}") for number in range(5)))
    with database.write() as connection:
        CHANGE.run(connection, *({"of": f"m{number}", "number": number, "sent_at": NOW} for number in (1, 3)))
        assert [row["number"] for row in found(connection)] == [None, 1, None, 3, None]
        assert [row["sent_at"] for row in found(connection)] == [None, NOW, None, NOW, None]


def test_writes_that_follow_one_another_are_there_when_rows_are_read(desk: Desk, database: Database) -> None:
    _, case_id = read_reference(open_pause(desk))
    with database.write() as connection:
        change_cases(connection, {case_id: {"edd": date(2027, 1, 2)}})
        change_deadlines(connection, {(case_id, 1): {"cycle": 7}})
        ADD.run(connection, message("m1"))
        change_deadlines(connection, {(case_id, 1): {"repeats": 3}})
        case, around = case_and_around(connection, case_id, lock=True, family=False)
        assert case is not None
        assert case["edd"] == date(2027, 1, 2)
        assert [(row["cycle"], row["repeats"]) for row in around.running] == [(7, 3)]
        assert len(found(connection)) == 1


def test_two_questions_of_one_statement_that_wait_together_get_each_its_own_answer(database: Database) -> None:
    with database.write() as connection:
        ADD.run(connection, message("m1"), message("m2", recipient="j.price"))
        first, second = FOUND.ask(connection, who="k.shah"), FOUND.ask(connection, who="j.price")
        third = FOUND.ask(connection, who="k.shah")
        assert [[row["key"] for row in answer()] for answer in (first, second, third)] == [["m1"], ["m2"], ["m1"]]
        assert [row["key"] for row in FOUND.rows(connection, who="j.price")] == ["m2"]


def test_what_was_written_before_core_runs_a_statement_is_there_for_it(desk: Desk, database: Database) -> None:
    _, case_id = read_reference(open_pause(desk))
    with database.write() as connection:
        change_cases(connection, {case_id: {"edd": date(2027, 1, 2)}})
        assert connection.execute(select(CASES.c.edd).where(CASES.c.id == case_id)).scalar() == date(2027, 1, 2)
        change_cases(connection, {case_id: {"edd": date(2027, 1, 3)}})
    with database.read() as connection:
        assert connection.execute(select(CASES.c.edd).where(CASES.c.id == case_id)).scalar() == date(2027, 1, 3)


def test_what_a_savepoint_wrote_goes_with_it_and_what_came_before_stays(database: Database) -> None:
    with database.write() as connection:
        ADD.run(connection, message("before"))
        with suppress(ZeroDivisionError), connection.begin_nested():
            fail_after(connection, "inside")
        with connection.begin_nested():
            ADD.run(connection, message("kept"))
        ADD.run(connection, message("later"))
    with database.read() as connection:
        assert [row["key"] for row in found(connection)] == ["before", "kept", "later"]


def test_an_error_of_any_write_undoes_them_all_and_the_connection_goes_on(database: Database) -> None:
    with database.write() as connection:
        ADD.run(connection, message("m0"))
    with pytest.raises(IntegrityError), database.write() as connection:
        ADD.run(connection, message("m1"), message("m0"))
    with database.write() as connection:
        assert len(found(connection)) == 1
        ADD.run(connection, message("m1"))
    with database.read() as connection:
        assert len(found(connection)) == 2


def test_a_failed_transaction_sends_nothing_of_what_it_had_still_to_send(database: Database) -> None:
    with suppress(ZeroDivisionError), database.write() as connection:
        fail_after(connection, "m1")
    with database.read() as connection:
        assert found(connection) == []


def test_an_instant_without_its_offset_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="offset"), database.write() as connection:
        ADD.run(connection, message("m1", queued_at=datetime(2026, 1, 1)))  # noqa: DTZ001  # what is refused


def test_threads_that_write_on_sqlite_take_turns(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database, order = Database(sqlite_url), list[str]()

    def write(name: str) -> None:
        with database.write() as connection:
            ADD.run(connection, message(name))
            time.sleep(0.05)
            order.append(name)

    threads = [threading.Thread(target=write, args=(f"m{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert len(found(connection)) == len(order) == 4
    monkeypatch.setattr(databases, "BUSY", 0)
    with database.write(), pytest.raises(NotReady, match="another write"), database.write():
        pass
    database.close()


def test_a_message_that_another_node_wrote_at_this_moment_is_left_and_all_goes_on(
    database: Database,
) -> None:
    draft = Draft(key="k", recipient="k.shah", channel=ChannelName.INBOX, template="deadline", params={})
    with database.write() as connection:
        assert [_told(connection, draft, NOW), _told(connection, draft, NOW)] == [True, False]
        ADD.run(connection, message("later"))
    with database.read() as connection:
        assert {row["key"] for row in found(connection)} == {"k", "later"}
