"""Ways somebody could get at more than is theirs, each tried: what is asked for stays shut and says nothing of why."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.requests import Request

from config.settings import Settings
from scheduler.sweeps import sweep
from workflow import team_figures
from workflow.access_acts import break_glass, change_access
from workflow.accounts import TEAMS, USERS
from workflow.alert_tables import ChannelName
from workflow.alerting import DueDeadlines
from workflow.delivery.routes import Routes
from workflow.errors import BadInput, Conflict, NotAllowed
from workflow.escalations import Waiting
from workflow.evidence_search import Sought
from workflow.identity import attempts
from workflow.imports.reading import read_rows
from workflow.moves import Move, Opening
from workflow.outbox import MESSAGES
from workflow.serving.csrf import check_origin
from workflow.worklists import Filters

from factories import NOW, Desk
from walks import Walk

HOUR = timedelta(hours=1)


@pytest.fixture
def hidden(desk: Desk) -> str:
    """A restricted referral of the baby team: its manager may read it, and nobody else."""
    case = Walk(desk, "prebirth").open("baby.FD").case
    give(desk, "baby.TM", "restrict", case)
    return case


def give(desk: Desk, who: str, act: str, case: str, **facts: str) -> None:
    change_access(desk.engine, desk.who(who), desk.now, act=act, case=case, facts={"reason": "invented", **facts})


def breaks(desk: Desk, who: str, case: str, reason: str = "invented emergency") -> None:
    break_glass(desk.engine, desk.who(who), desk.now, case=case, reason=reason)


def told(desk: Desk, template: str | None = None) -> set[str]:
    """Who has a message, by whatever way."""
    with desk.database.read() as connection:
        rows = connection.execute(select(MESSAGES.c.recipient, MESSAGES.c.template)).all()
    return {row.recipient for row in rows if template in (None, row.template)}


# Broken glass


@pytest.mark.parametrize("reason", ["", "   ", "x" * 100_000])
def test_a_reason_that_is_none_tells_nobody_whether_there_is_a_case(desk: Desk, hidden: str, reason: str) -> None:
    said = set()
    for case in (hidden, "PB-999"):
        with pytest.raises(BadInput) as refused:
            breaks(desk, "baby.CW", case, reason)
        said.add(str(refused.value).replace(case, "the case"))
    assert len(said) == 1
    assert told(desk, "break_glass") == set()


def test_broken_glass_opens_a_case_to_nobody_else_and_for_no_longer(desk: Desk, hidden: str) -> None:
    breaks(desk, "baby.SM", hidden)
    for act, facts in (
        ("lift_restriction", {}),
        ("name_reader", {"person": "baby.SM"}),
        ("grant_access", {"person": "baby.SM", "until": NOW.date().isoformat()}),
        ("end_access", {"person": "baby.SM"}),
    ):
        with pytest.raises(NotAllowed, match="broken glass"):
            give(desk, "baby.SM", act, hidden, **facts)
    give(desk, "baby.TM", "name_reader", hidden, person="baby.SM")
    give(desk, "baby.SM", "name_reader", hidden, person="baby.CW")  # named, it may


def test_somebody_is_told_of_broken_glass_where_the_team_has_no_manager(desk: Desk, hidden: str) -> None:
    with desk.database.write() as connection:
        connection.execute(update(TEAMS).where(TEAMS.c.code == "baby").values(manager=None))
    breaks(desk, "baby.EDT", hidden)
    assert told(desk, "break_glass") == {"baby.SM", "baby.SM2"}


def test_somebody_is_told_of_broken_glass_where_the_manager_has_left(desk: Desk, hidden: str) -> None:
    with desk.database.write() as connection:
        connection.execute(update(USERS).where(USERS.c.username == "baby.TM").values(active=False))
    breaks(desk, "baby.EDT", hidden)
    assert told(desk, "break_glass") == {"baby.SM", "baby.SM2"}


def test_who_breaks_the_glass_is_not_the_only_one_told_of_it(desk: Desk, hidden: str) -> None:
    with desk.database.write() as connection:
        connection.execute(update(TEAMS).where(TEAMS.c.code == "baby").values(manager="baby.SM"))
        connection.execute(update(USERS).where(USERS.c.username == "baby.SM2").values(active=False))
    breaks(desk, "baby.SM", hidden)
    assert told(desk, "break_glass") == {"baby.HOS", "baby.HOS2"}


# What a restricted case gives away


def test_a_look_for_a_restricted_case_does_not_tell_others_that_it_is_there(desk: Desk, hidden: str) -> None:
    looking = desk.looks_as("baby.TM")
    looking.cases(Filters(case=hidden))
    looking.search_evidence(Sought(case=hidden))
    looking.looks(Sought(case=hidden))
    desk.service.looks.flush()
    others = desk.looks_as("baby.SM").looks(Sought(), limit=500).rows
    assert hidden not in str(others)
    own = desk.looks_as("baby.TM").looks(Sought(case=hidden), limit=500).rows
    assert [row["case"] for row in own] == [hidden] * 3


def test_a_page_of_alerts_goes_on_after_nothing_one_may_not_see(desk: Desk, hidden: str) -> None:
    sweep(DueDeadlines(desk.engine, "test"), NOW + timedelta(days=3))
    said = set()
    for deadline in (f"{hidden}.1", "PB-999.1"):
        with pytest.raises(BadInput) as refused:
            desk.looks_as("baby.CW").waiting_alerts(Waiting(), after=deadline)
        said.add(str(refused.value))
    assert len(said) == 1
    desk.looks_as("baby.TM").waiting_alerts(Waiting(), after=f"{hidden}.1")


def test_a_team_that_has_a_hidden_case_only_is_no_team_at_work(desk: Desk, hidden: str) -> None:
    with desk.database.read() as connection:
        seen = {who: team_figures.teams(connection, desk.who(who), NOW) for who in ("baby.SM", "baby.TM")}
    assert seen == {"baby.SM": {}, "baby.TM": {"baby": "Team baby"}}


def test_of_a_restricted_case_only_its_readers_and_those_who_must_know_are_told(desk: Desk, hidden: str) -> None:
    with desk.database.write() as connection:
        connection.execute(update(USERS).values(email=USERS.c.username + "@example.org"))
    routes = Routes(ChannelName.EMAIL, frozenset({"durham"}))
    for days in (3, 10, 30, 60, 120):
        sweep(DueDeadlines(desk.engine, "test", routes=routes), NOW + timedelta(days=days))
    above = {
        f"{who}{number}" for who in ("baby.SM", "pause.SM", "baby.HOS", "baby.AD", "baby.EDT") for number in ("", 2)
    }
    assert "baby.TM" in told(desk)
    assert {who.rstrip("2") for who in told(desk)} <= {"baby.TM", *above}
    assert "durham" not in told(desk), "a channel that a whole team reads"


def test_a_mother_who_cannot_be_found_is_told_to_the_emergency_duty_team_restricted_or_not(
    desk: Desk, hidden: str
) -> None:
    facts = {"last_seen_on": NOW.date().isoformat(), "missing_note": "invented"}
    give(desk, "baby.TM", "name_reader", hidden, person="baby.FD")
    desk.fire(hidden, "report_missing", "baby.FD", facts)
    assert told(desk, "move") == {"baby.TM", "baby.EDT", "baby.EDT2"}


def test_what_the_database_says_of_a_clash_is_not_repeated(desk: Desk, hidden: str) -> None:
    opening = Opening(lifecycle="prebirth", authority="durham", team="baby", source_reference="DUR-1")
    facts = {"received_on": NOW.date().isoformat(), "source": "cass", "edd": "2027-03-01", "edd_basis": "dating_scan"}
    facts["parents"] = [{"role": "mother", "name": "Invented Name-Example"}]  # type: ignore[assignment]
    desk.engine.fire(Move(trigger="refer", opening=opening, facts=facts), desk.who("baby.FD"), desk.now)
    with pytest.raises(Conflict) as refused:
        desk.engine.fire(Move(trigger="refer", opening=opening, facts=facts), desk.who("baby.FD"), desk.now)
    assert not any(word in str(refused.value).lower() for word in ("unique", "constraint", "uq_", "cases."))


# At the door


@pytest.mark.parametrize(
    "origin", ["http://[", "http://[::1", "null", "http://localhost:8000.evil.example", "//localhost:8000"]
)
def test_an_origin_that_is_none_of_ours_is_refused_whatever_it_looks_like(origin: str) -> None:
    headers = [(b"host", b"localhost:8000"), (b"origin", origin.encode())]
    with pytest.raises(NotAllowed):
        check_origin(Request({"type": "http", "method": "POST", "headers": headers}), Settings())


def test_a_whole_network_of_addresses_counts_as_one() -> None:
    one = attempts.network("2001:db8:1:2::1")
    assert one == attempts.network("2001:db8:1:2:ffff::9") != attempts.network("2001:db8:1:3::1")
    assert attempts.network("192.0.2.1") != attempts.network("192.0.2.2")
    assert attempts.network("::ffff:192.0.2.1") == attempts.network("192.0.2.1")
    assert attempts.network("testclient") == "testclient"


# Hostile files


def test_a_spreadsheet_whose_entities_multiply_is_refused_at_once(tmp_path: Any) -> None:
    lots = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE s [<!ENTITY l0 "laugh">{lots}]>'
    file = tmp_path / "hostile.xlsx"
    file.write_bytes(_workbook(doctype, "&l11;"))
    with pytest.raises(BadInput):
        list(read_rows(file, lambda _: True))


def test_a_spreadsheet_reads_no_other_file(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of the machine")
    file = tmp_path / "hostile.xlsx"
    file.write_bytes(_workbook(f'<!DOCTYPE s [<!ENTITY own SYSTEM "{secret.as_uri()}">]>', "&own;"))
    try:
        found = str(list(read_rows(file, lambda _: True)))
    except BadInput as refused:
        found = str(refused)
    assert "a secret of the machine" not in found


def _workbook(doctype: str, cell: str) -> bytes:
    """A workbook with one cell, whose sheet begins with this document type."""
    import openpyxl  # noqa: PLC0415  # slow to import, and only needed here

    book = openpyxl.Workbook()
    book.active["A1"] = "PLACE"
    whole, changed = io.BytesIO(), io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            content = old.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                head, _, body = content.partition("<worksheet")
                assert "PLACE" in body
                content = f"{head}{doctype}<worksheet{body}".replace("PLACE", cell)
            new.writestr(part, content)
    return changed.getvalue()
