"""Who sees which case: teams, kinds of record, restriction, grants, broken glass; and that every look is on record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from states.catalogue import LIFECYCLES
from workflow import seals
from workflow.access_acts import break_glass, change_access
from workflow.accounts import TEAMS, USERS
from workflow.errors import MoveRefused, NotAllowed, NotFound
from workflow.looks import LOOKS
from workflow.outbox import MESSAGES
from workflow.recipients import ABSENCES
from workflow.worklists import Filters

from factories import NOW, Desk, facts_for, opening_trigger

DAY = timedelta(days=1)


@pytest.fixture
def case(desk: Desk) -> str:
    """A referral held by the baby team."""
    with desk.database.write() as connection:
        connection.execute(
            TEAMS.insert(),
            {"code": "north", "name": "North", "authority": "durham", "record": "baby", "manager": None},
        )
        for name, role in (("north.CW", "CW"), ("north.SM", "SM")):
            account = {"username": name, "name": name, "role": role, "team": "north", "active": True}
            connection.execute(USERS.insert(), {**account, "created_at": NOW})
    with desk.database.read() as connection:
        from workflow.accounts import find_actor  # noqa: PLC0415  (the accounts were made a line ago)

        for name in ("north.CW", "north.SM"):
            desk.people[name] = find_actor(connection, name)
    facts = {"received_on": NOW.date().isoformat(), "source": "cass", "edd": "2027-03-01", "edd_basis": "dating_scan"}
    parents = [{"role": "mother", "name": "Invented Name-Example"}]
    return desk.open("prebirth", "baby.FD", {**facts, "parents": parents}).case


def sees(desk: Desk, who: str, case: str) -> bool:
    """Whether one finds it, in every way there is."""
    looking = desk.looks_as(who)
    ways: list[Callable[[], Any]] = [
        lambda: looking.case(case),
        lambda: looking.standing(case),
        lambda: looking.explanation(case),
        lambda: looking.moves(case),
        lambda: looking.evidence(case),
        lambda: looking.deadline(f"{case}.1"),
    ]
    found = {_finds(way) for way in ways}
    found.add(case in str(looking.cases(Filters(), limit=500).rows))
    assert len(found) == 1, f"{who} finds {case} one way and not another"
    return found.pop()


def _finds(way: Callable[[], Any]) -> bool:
    try:
        way()
    except NotFound:
        return False
    return True


def give(desk: Desk, who: str, act: str, case: str, **facts: str) -> None:
    change_access(desk.engine, desk.who(who), desk.now, act=act, case=case, facts={"reason": "invented", **facts})


EVERYBODY = ("baby.FD", "baby.EDT", "baby.CW", "baby.TM", "baby.SM", "baby.HOS", "baby.LEG", "baby.CHAIR", "both.AUD")


def test_a_case_is_seen_by_its_team_and_by_those_who_serve_all_teams(desk: Desk, case: str) -> None:
    assert all(sees(desk, who, case) for who in (*EVERYBODY, "north.SM"))
    for who in ("north.CW", "pause.PP", "pause.PL", "both.ADM", "both.OVS"):
        assert not sees(desk, who, case)


def test_who_covers_an_absence_sees_what_they_answer_for_and_no_longer(desk: Desk, case: str) -> None:
    away = {"starts_on": NOW.date(), "ends_on": NOW.date(), "username": "baby.TM", "cover": "north.CW"}
    with desk.database.write() as connection:
        connection.execute(ABSENCES.insert(), away)
    assert sees(desk, "north.CW", case)
    desk.now += DAY
    assert not sees(desk, "north.CW", case)


def test_a_restricted_case_is_not_there_for_those_not_named(desk: Desk, case: str) -> None:
    give(desk, "baby.SM", "restrict", case)
    assert not any(sees(desk, who, case) for who in EVERYBODY if who != "baby.TM")
    assert sees(desk, "baby.TM", case)  # the manager of its team
    assert not desk.looks_as("baby.CW").cases(Filters(name="invented")).rows
    give(desk, "baby.TM", "name_reader", case, person="baby.CW")
    assert sees(desk, "baby.CW", case)
    give(desk, "baby.TM", "end_access", case, person="baby.CW")
    assert not sees(desk, "baby.CW", case)
    give(desk, "baby.TM", "lift_restriction", case)
    assert sees(desk, "baby.CW", case)


def test_what_stands_under_a_restricted_case_is_restricted_with_it(desk: Desk, case: str) -> None:
    give(desk, "baby.TM", "restrict", case)
    asked = LIFECYCLES["child_protection"].rows(opening_trigger("child_protection"), "new")[0].facts
    below = desk.open("child_protection", "baby.TM", facts_for(asked, NOW.date()), parent=case, at=NOW).case
    assert not sees(desk, "baby.CHAIR", below)
    give(desk, "baby.TM", "name_reader", case, person="baby.CHAIR")
    assert sees(desk, "baby.CHAIR", below)
    with pytest.raises(MoveRefused, match="on the case it stands under"):
        give(desk, "baby.TM", "name_reader", below, person="baby.CW")


def test_breaking_the_glass_opens_a_case_for_eight_hours_and_tells_its_manager(desk: Desk, case: str) -> None:
    give(desk, "baby.SM", "restrict", case)
    break_glass(desk.engine, desk.who("baby.EDT"), desk.now, case=case, reason="invented emergency")
    assert sees(desk, "baby.EDT", case)
    with desk.database.read() as connection:
        told = connection.execute(select(MESSAGES.c.recipient).where(MESSAGES.c.template == "break_glass")).scalars()
        assert list(told) == ["baby.TM"]
        looks = connection.execute(select(LOOKS.c.access).where(LOOKS.c.actor == "baby.EDT")).scalars().all()
    assert set(looks) == {"break_glass"}  # on record already: nothing was flushed
    desk.now += timedelta(hours=8)
    assert not sees(desk, "baby.EDT", case)
    for who in ("pause.PL", "both.ADM", "both.OVS"):
        with pytest.raises(NotFound):
            break_glass(desk.engine, desk.who(who), desk.now, case=case, reason="invented")


def test_one_granted_sight_of_another_record_reads_it_and_changes_nothing(desk: Desk, case: str) -> None:
    until = (NOW.date() + DAY).isoformat()
    give(desk, "baby.TM", "grant_access", case, person="pause.PL", until=until)
    assert sees(desk, "pause.PL", case)
    with pytest.raises(MoveRefused, match="granted sight"):
        desk.fire(case, "accept", "pause.PL")
    desk.now += 2 * DAY
    assert not sees(desk, "pause.PL", case)


def test_only_those_who_answer_for_a_record_say_who_else_reads_it(desk: Desk, case: str) -> None:
    with pytest.raises(NotAllowed, match="may not say who else reads a case"):
        give(desk, "baby.CW", "restrict", case)


def test_an_auditor_sees_what_was_done_without_personal_facts(desk: Desk, case: str) -> None:
    view = desk.looks_as("both.AUD").case(case)
    assert "parents" not in view["facts"]
    assert view["withheld"] == ["parents"]
    assert all(entry["content"] is None for entry in desk.looks_as("both.AUD").evidence(case))
    assert "Invented" not in str(view)
    assert "parents" in desk.looks_as("baby.CW").case(case)["facts"]


def test_every_look_is_on_record_and_sealed(desk: Desk, case: str) -> None:
    looking = desk.looks_as("baby.CW")
    looking.case(case)
    looking.moves(case)
    looking.cases(Filters(name="Name-Example"))
    list(desk.looks_as("both.AUD").all_evidence())
    desk.service.looks.flush()
    with desk.database.write() as connection:
        rows = connection.execute(select(LOOKS).order_by(LOOKS.c.id)).mappings().all()
        seals.seal(connection, _key(), NOW)
        assert seals.verify_log(connection) >= len(rows)
    assert [row["kind"] for row in rows] == ["case", "moves", "search", "export"]
    assert "example" not in str([dict(row) for row in rows]).lower()


def test_a_search_finds_people_by_the_beginning_of_any_word_of_their_name(desk: Desk, case: str) -> None:
    def found(name: str) -> list[str]:
        return [row["case"] for row in desk.looks_as("baby.CW").cases(Filters(name=name)).rows]

    assert found("INVENT") == found("name example") == found("exa inv") == [case]
    assert found("nvented") == found("somebody") == []
    desk.fire(case, "correct", "baby.TM", _new_name())
    assert found("invented") == []
    assert found("changed") == [case]


def _new_name() -> dict[str, Any]:
    parents = [{"role": "mother", "name": "Changed Otherwise"}]
    return {"entry": "1", "correction": "facts", "correction_reason": "spelled wrongly", "parents": parents}


def _key() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
