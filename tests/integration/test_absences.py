"""Absence: cover, chains of cover, leavers; somebody is told whoever is away."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.roles import Role
from workflow import audit
from workflow.absences import set_absence
from workflow.accounts import Operator, disable_user
from workflow.errors import BadInput, NotAllowed, NotFound
from workflow.recipients import Directory

from factories import NOW, Desk

TODAY = local_date(NOW)


def away(desk: Desk, username: str, cover: str | None = None, *, as_: str = "baby.TM", days: int = 5) -> None:
    ends_on = TODAY + timedelta(days=days)
    set_absence(desk.engine, desk.who(as_), desk.now, username=username, starts_on=TODAY, ends_on=ends_on, cover=cover)


def told(desk: Desk, role: Role = Role.CASEWORKER, day: date = TODAY) -> list[str]:
    def ask(connection: Connection) -> tuple[list[str], list[str]]:
        directory = Directory(connection, day)
        return directory.for_roles([role], owner="baby.CW", team="baby", authority="durham", record="baby")

    with desk.database.read() as connection:
        return ask(connection)[0]


def test_cover_is_told_while_somebody_is_away_and_not_after(desk: Desk) -> None:
    away(desk, "baby.CW", "baby.CW2")
    assert told(desk) == ["baby.CW2"]
    assert told(desk, day=TODAY + timedelta(days=5)) == ["baby.CW2"]
    assert told(desk, day=TODAY + timedelta(days=6)) == ["baby.CW"]
    with desk.database.read() as connection:
        entry = audit.entries_of(connection, 0)[-1]
    assert (entry["trigger"], entry["actor"], entry["facts"]["cover"]) == ("set_absence", "baby.TM", "baby.CW2")


def test_without_cover_the_manager_is_told(desk: Desk) -> None:
    away(desk, "baby.CW", as_="baby.CW")
    assert told(desk) == ["baby.TM"]


def test_cover_of_the_cover_is_told(desk: Desk) -> None:
    away(desk, "baby.CW", "baby.CW2")
    away(desk, "baby.CW2", "baby.FD")
    assert told(desk) == ["baby.FD"]


def test_two_who_cover_each_other_and_are_both_away_leave_it_to_the_manager(desk: Desk) -> None:
    away(desk, "baby.CW", "baby.CW2")
    away(desk, "baby.CW2", "baby.CW")
    assert told(desk) == ["baby.TM"]


def test_a_leaver_and_a_cover_who_left_leave_it_to_the_manager(desk: Desk) -> None:
    away(desk, "baby.CW", "baby.CW2")
    operator = Operator(name="os:tests", now=desk.now)
    with desk.database.write() as connection:
        disable_user(connection, operator, username="baby.CW2")
    assert told(desk) == ["baby.TM"]
    with desk.database.write() as connection:
        disable_user(connection, operator, username="baby.CW")
    assert told(desk) == ["baby.TM"]


def test_a_new_absence_takes_the_place_of_one_it_overlaps(desk: Desk) -> None:
    away(desk, "baby.CW", "baby.CW2", days=10)
    away(desk, "baby.CW", "baby.FD", days=1)
    assert told(desk) == ["baby.FD"]
    assert told(desk, day=TODAY + timedelta(days=2)) == ["baby.CW"]


def test_what_cannot_be_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="before it began"):
        away(desk, "baby.CW", days=-1)
    with pytest.raises(BadInput, match="for themselves"):
        away(desk, "baby.CW", "baby.CW")
    with pytest.raises(BadInput, match="may not read"):
        away(desk, "baby.CW", "pause.PP")
    with pytest.raises(NotAllowed, match=r"only baby\.CW themselves"):
        away(desk, "baby.CW", as_="baby.CW2")
    with pytest.raises(NotFound):
        away(desk, "nobody")
