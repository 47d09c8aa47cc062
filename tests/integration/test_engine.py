"""The one door: versions, keys, refusals, times and corrections, on both databases."""

import multiprocessing
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from states.pause import PAUSE
from states.prebirth import PREBIRTH
from workflow import audit
from workflow.database import Database
from workflow.errors import Conflict, MoveRefused, NotFound
from workflow.models import EntryKind
from workflow.moves import Move
from workflow.outbox import MESSAGES
from workflow.possibilities import possible_moves
from workflow.projection import Projection, replay
from workflow.references import read_reference
from workflow.repository import CASES, case_row

from factories import NOW, Desk, facts_for

HER = {
    "name": "An Invented Woman",
    "date_of_birth": "1995-05-05",
    "known_through": "removals_data",
    "data_basis": "invented",
    "safe_contact": "letter",
}


@pytest.fixture
def case(desk: Desk) -> str:
    return desk.open("pause", "pause.PL", HER, at=NOW - timedelta(days=20)).case


def start_check(desk: Desk, case: str, **move: Any) -> Any:
    return desk.fire(case, "start_check", "pause.PL", {"contact_plan": "invented"}, **move)


def entries(desk: Desk, case: str) -> list[dict[str, Any]]:
    with desk.database.read() as connection:
        return audit.entries_of(connection, read_reference(case)[1])


def row(desk: Desk, case: str) -> dict[str, Any]:
    with desk.database.read() as connection:
        found = case_row(connection, read_reference(case)[1])
    assert found is not None
    return found


def test_a_move_writes_state_entry_and_clocks_together(desk: Desk, case: str) -> None:
    moved = start_check(desk, case)
    assert moved.state == "eligibility"
    assert [(event["clock"], event["event"]) for event in moved.clocks] == [
        ("contact_plan", "met"),
        ("eligibility_check", "started"),
    ]
    last = entries(desk, case)[-1]
    assert (last["kind"], last["actor"], last["from_state"], last["to_state"]) == (
        EntryKind.MOVED,
        "pause.PL",
        "identified",
        "eligibility",
    )


def test_a_stale_version_is_told_what_changed(desk: Desk, case: str) -> None:
    start_check(desk, case, expected_version=1)
    with pytest.raises(Conflict, match=r"has changed since version 1 \(it is now 2\): start_check by pause.PL"):
        desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"}, expected_version=1)


def test_a_version_that_was_never_reached_is_refused(desk: Desk, case: str) -> None:
    with pytest.raises(Conflict, match="version 9 has not been reached"):
        start_check(desk, case, expected_version=9)


def test_a_refusal_leaves_the_version_so_that_a_form_is_not_spoiled(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused):
        desk.fire(case, "start_check", "pause.PP", {"contact_plan": "invented"})
    assert start_check(desk, case, expected_version=1).version == 2


def test_a_repeated_key_gets_the_first_answer_and_does_nothing_again(desk: Desk, case: str) -> None:
    first = start_check(desk, case, key="key-1")
    desk.now += timedelta(minutes=5)
    assert start_check(desk, case, key="key-1") == first
    assert len(entries(desk, case)) == 2


def test_a_key_used_for_another_request_is_refused(desk: Desk, case: str) -> None:
    start_check(desk, case, key="key-1")
    with pytest.raises(Conflict, match="used for another request"):
        desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"}, key="key-1")


def test_an_opening_with_a_key_opens_one_case(desk: Desk) -> None:
    assert desk.open("pause", "pause.PL", HER, key="k").case == desk.open("pause", "pause.PL", HER, key="k").case


def test_everything_that_is_missing_is_said_at_once_with_who_could_do_it(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused) as refused:
        desk.fire(
            case,
            "decide_on_pregnancy",
            "pause.PP",
            {"pregnancy_decision": "perhaps"},
            occurred_at=NOW + timedelta(days=1),
        )
    assert {one.kind for one in refused.value.unmet} == {"role", "time", "fact", "guard"}
    assert refused.value.who == ("Pause practice lead",)


def test_a_refusal_is_recorded_without_what_was_typed(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused):
        desk.fire(case, "start_check", "pause.PP", {"contact_plan": "a secret thing", "unasked": "another"})
    last = entries(desk, case)[-1]
    assert last["kind"] == EntryKind.REFUSED
    assert [one[0] for one in last["trace"]["unmet"]] == ["role", "fact"]
    assert "secret" not in str(last)


def test_a_refused_opening_is_recorded_on_the_chain_of_the_system(desk: Desk) -> None:
    with pytest.raises(MoveRefused):
        desk.open("pause", "pause.PP", HER)
    with desk.database.read() as connection:
        last = audit.entries_of(connection, 0)[-1]
    assert (last["kind"], last["trigger"], last["lifecycle"]) == (EntryKind.REFUSED, "identify", "pause")


def test_the_future_is_refused(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused, match="lies in the future"):
        start_check(desk, case, occurred_at=NOW + timedelta(minutes=1))


def test_a_time_before_the_referral_is_refused(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused, match="before the case was opened"):
        start_check(desk, case, occurred_at=NOW - timedelta(days=21))


def test_late_recording_keeps_both_times_and_counts_when_it_happened(desk: Desk, case: str) -> None:
    start_check(desk, case, occurred_at=NOW - timedelta(days=18))
    last = entries(desk, case)[-1]
    assert (last["occurred_at"], last["recorded_at"]) == (NOW - timedelta(days=18), NOW)
    assert last["clocks"][0]["event"] == "met"
    assert datetime.fromisoformat(last["clocks"][0]["at"]) == NOW - timedelta(days=18)


def test_a_case_of_another_team_s_record_does_not_exist_for_the_baby_s_team(desk: Desk, case: str) -> None:
    for person in ("baby.CW", "baby.SM", "both.ADM"):
        with pytest.raises(NotFound, match=f"there is no case {case}"):
            desk.fire(case, "start_check", person)
        with pytest.raises(NotFound):
            possible_moves(desk.engine, case, desk.who(person), NOW)


@pytest.mark.parametrize("reference", ["PA-99999", "PB-1", "nonsense", "", "PA-1; DROP TABLE cases", "ZZ-1"])
def test_an_unknown_reference_is_one_clear_sentence(desk: Desk, case: str, reference: str) -> None:
    with pytest.raises(NotFound):
        desk.fire(reference, "start_check", "pause.PL")


def test_ten_megabytes_in_a_text_field_are_refused_and_not_stored(desk: Desk, case: str) -> None:
    with pytest.raises(MoveRefused, match="10,000,000 characters long; the most is 10,000"):
        desk.fire(case, "start_check", "pause.PL", {"contact_plan": "x" * 10_000_000})
    assert len(str(entries(desk, case))) < 20_000


def test_what_is_possible_names_the_facts_and_only_what_no_form_can_mend(desk: Desk, case: str) -> None:
    possible = {one.trigger: one for one in possible_moves(desk.engine, case, desk.who("pause.PL"), NOW)}
    assert possible["start_check"].can
    assert [fact.name for fact in possible["start_check"].facts] == ["contact_plan"]
    assert [one.kind for one in possible["end_involvement"].unmet] == ["approval"]
    assert possible["change_worker"].can  # the worker is still to be named


def test_correcting_when_it_happened_moves_the_deadline_it_started(desk: Desk, case: str) -> None:
    start_check(desk, case, occurred_at=NOW - timedelta(days=18))
    before = entries(desk, case)[-1]["clocks"][-1]["due_at"]
    desk.fire(
        case,
        "correct",
        "pause.PL",
        {
            "entry": "2",
            "correction": "occurred_at",
            "new_occurred_at": (NOW - timedelta(days=13)).isoformat(),
            "correction_reason": "read the diary again",
        },
    )
    last = entries(desk, case)[-1]
    assert (last["kind"], last["supersedes"]) == (EntryKind.CORRECTED, 2)
    assert {event["event"] for event in last["clocks"]} == {"reopened", "met", "re_dated"}
    assert [event["due_at"] for event in last["clocks"] if event["event"] == "re_dated"] > [before]


def test_correcting_a_fact_keeps_the_original_and_changes_the_case(desk: Desk, case: str) -> None:
    desk.fire(
        case,
        "correct",
        "pause.PL",
        {"entry": "1", "correction": "facts", "children_removed": 3, "correction_reason": "miscounted"},
    )
    assert row(desk, case)["facts"]["children_removed"] == 3
    assert "children_removed" not in entries(desk, case)[0]["facts"]


def test_undoing_the_latest_move_puts_state_and_clocks_back(desk: Desk, case: str) -> None:
    start_check(desk, case)
    undo = {"entry": "2", "correction": "undo", "correction_reason": "wrong record"}
    desk.fire(case, "correct", "pause.PL", undo)
    assert row(desk, case)["state"] == "identified"
    assert [event["event"] for event in entries(desk, case)[-1]["clocks"]] == ["reopened", "cancelled"]
    with pytest.raises(MoveRefused, match="can be corrected"):
        desk.fire(case, "correct", "pause.PL", undo)
    start_check(desk, case)


def test_only_the_latest_move_can_be_undone(desk: Desk, case: str) -> None:
    start_check(desk, case)
    desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"})
    with pytest.raises(MoveRefused, match="only the latest move can be undone"):
        desk.fire(
            case, "correct", "pause.PL", {"entry": "2", "correction": "undo", "correction_reason": "wrong record"}
        )


def test_the_case_is_what_its_evidence_adds_up_to(desk: Desk, case: str) -> None:
    start_check(desk, case)
    desk.fire(case, "change_worker", "pause.PL", {"worker": "pause.PP"})
    desk.fire(case, "correct", "pause.PL", {"entry": "2", "correction": "facts", "correction_reason": "tidy"})
    found, history = row(desk, case), entries(desk, case)
    again = replay(PAUSE, history, Projection(team=history[0]["team"], owner=history[0]["owner"]))
    assert (again.state, again.owner, dict(again.facts)) == (
        found["state"],
        found["owner"],
        {**found["facts"], **found["personal"]},
    )


def _race(url: str, case: str, start: Any, answers: Any, number: int) -> None:
    desk = Desk(Database(url))
    start.wait()
    try:
        moved = desk.engine.fire(
            Move(
                trigger="start_check",
                case=case,
                facts=facts_for(PAUSE.rows("start_check", "identified")[0].facts, NOW.date()),
                expected_version=1,
                key=f"writer-{number}",
            ),
            desk.who("pause.PL"),
            NOW,
        )
        answers.put(("moved", moved.version))
    except Conflict as conflict:
        answers.put(("conflict", str(conflict)))


def test_of_two_processes_advancing_one_case_one_succeeds_and_the_other_is_told_what_changed(
    desk: Desk, case: str, database_url: str
) -> None:
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Event(), spawn.Queue()
    racers = [spawn.Process(target=_race, args=(database_url, case, start, answers, number)) for number in range(2)]
    for racer in racers:
        racer.start()
    start.set()
    told = sorted(answers.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join(60)
    assert [one[0] for one in told] == ["conflict", "moved"]
    assert "start_check by pause.PL" in told[0][1]
    assert len(entries(desk, case)) == 2


def _same_key(url: str, start: Any, answers: Any) -> None:
    desk = Desk(Database(url))
    start.wait()
    answers.put(desk.open("pause", "pause.PL", HER, key="one key").case)


def test_two_processes_with_one_key_open_one_case(desk: Desk, database_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Event(), spawn.Queue()
    racers = [spawn.Process(target=_same_key, args=(database_url, start, answers)) for _ in range(2)]
    for racer in racers:
        racer.start()
    start.set()
    told = {answers.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join(60)
    assert len(told) == 1
    with desk.database.read() as connection:
        assert len(connection.execute(select(CASES.c.id)).all()) == 1


def test_an_urgent_referral_opens_child_protection_at_once_and_tells_the_manager(desk: Desk) -> None:
    facts = facts_for(
        PREBIRTH.rows("refer", "new")[0].facts, NOW.date(), edd="2027-04-01", immediate_safety_concern=True
    )
    referral = desk.open("prebirth", "baby.FD", facts)
    with desk.database.read() as connection:
        below = connection.execute(select(CASES).where(CASES.c.lifecycle == "child_protection")).mappings().one()
        told = set(connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.template == "move")).scalars())
    assert below["parent_id"] == read_reference(referral.case)[1]
    assert f"CP-{below['id']}#1/baby.TM" in told
    assert not any(key.endswith("baby.FD") for key in told)  # who made the move knows
