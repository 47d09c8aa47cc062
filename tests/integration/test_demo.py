"""The demo caseload reproduces the published figures, and got there through the engine."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import func, select

from scheduler.calendars import local_date
from states.codes import DRIFT_REASONS
from states.roles import Role
from workflow import audit, chains, invariants, kept_figures, reports, seals
from workflow.accounts import TEAMS, USERS, find_actor, trainings
from workflow.agreements import agreements
from workflow.bootstrap import DEMO_MANAGER, Service
from workflow.child_outcomes import children, counts
from workflow.clinic_sessions import clinics_of
from workflow.clinics import agenda, recorded
from workflow.cohort_views import view
from workflow.consistency import practice
from workflow.database import Database
from workflow.demo import DemoSummary, load_demo
from workflow.demo.loading import CASELOADS
from workflow.demo.people import Names
from workflow.demo.staff import DEMO_PASSWORD
from workflow.demo.story import World
from workflow.errors import BadInput
from workflow.identity import passwords, sign_in
from workflow.identity.credentials import CREDENTIALS
from workflow.models import Record
from workflow.oversight import Asked, standing_report
from workflow.practice_counts import period
from workflow.repository import CASES, DEADLINES
from workflow.stock import stock

from factories import NOW, Desk, add_people, service_on

TODAY = local_date(NOW)
WORDS = ("state", "owner", "team", "version", "facts", "personal", "decision", "edd", "opened_at", "state_since")


@pytest.fixture(scope="module")
def loaded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, DemoSummary]]:
    """The whole demo, loaded once: it takes seconds."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    service = service_on(database)
    yield service, load_demo(service, NOW)
    database.close()


@pytest.fixture
def service(loaded: tuple[Service, DemoSummary]) -> Service:
    return loaded[0]


@pytest.fixture(scope="module")
def figures(loaded: tuple[Service, DemoSummary]) -> dict[str, Any]:
    with loaded[0].database.read() as connection:
        return reports.cohort(connection, "durham", TODAY, NOW)


def cohort(figures: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in figures["pause"]["cohorts"] if one["name"] == name)
    return found


def birmingham(database: Database) -> list[dict[str, Any]]:
    """Birmingham's pre-birth cases as rows, without what differs from database to database."""
    query = select(CASES).where((CASES.c.authority == "birmingham") & (CASES.c.lifecycle == "prebirth"))
    with database.read() as connection:
        rows = connection.execute(query.order_by(CASES.c.id)).mappings()
        return [{name: row[name] for name in WORDS} for row in rows]


class TestPublishedFigures:
    @pytest.mark.parametrize(
        ("need", "families"),
        [
            ("learning_disability", 9),
            ("school_age", 3),
            ("care_experienced", 9),
            ("care_experienced_with_removals", 2),
            ("previous_removal", 17),
            ("outside_criteria_capacity", 9),
        ],
    )
    def test_needs_of_durham_families_are_those_published(
        self, figures: dict[str, Any], need: str, families: int
    ) -> None:
        assert figures["prebirth"]["needs"][need] == families

    @pytest.mark.parametrize(
        ("plan", "children"),
        [("with_parents", 14), ("adoption", 4), ("special_guardianship", 1), ("unborn_in_assessment", 13)],
    )
    def test_plans_of_durham_children_are_those_published(
        self, figures: dict[str, Any], plan: str, children: int
    ) -> None:
        assert figures["prebirth"]["plans"][plan] == children

    def test_there_are_16_sets_of_proceedings(self, figures: dict[str, Any]) -> None:
        assert figures["prebirth"]["proceedings_sets"] == 16

    def test_needs_that_overlap_in_two_families_make_45(self, figures: dict[str, Any]) -> None:
        assert figures["prebirth"]["families"] == 45

    def test_current_pause_cohort_is_that_of_the_first_document(self, figures: dict[str, Any]) -> None:
        found = cohort(figures, "Durham current")
        assert (found["women"], found["on_programme"], found["pre_engagement"]) == (23, 21, 2)
        assert (found["children_removed"], found["age_min"], found["age_max"]) == (83, 22, 40)
        assert (found["care_experienced_percent"], found["pregnancies"]) == (38, 0)

    def test_later_pause_cohort_has_11_of_21_women_fully_on_the_programme(self, figures: dict[str, Any]) -> None:
        found = cohort(figures, "Durham later")
        assert (found["women"], found["on_programme"], found["children_removed"]) == (21, 11, 33)
        assert found["pre_engagement"] + found["engagement"] == 10
        assert (found["care_experienced_percent"], found["pregnancies"]) == (73, 0)

    def test_earlier_pause_cohort_has_graduated_and_its_38_percent_cannot_be(self, figures: dict[str, Any]) -> None:
        found = cohort(figures, "Durham earlier")
        assert (found["women"], found["graduated"], found["children_removed"]) == (22, 22, 83)
        assert (found["age_min"], found["age_max"], found["pregnancies"]) == (22, 40, 0)
        assert found["children_returned"] == 2
        assert (found["care_experienced"], found["care_experienced_percent"]) == (8, 36)
        assert 38 not in {reports.percent(some, 22) for some in range(23)}


class TestWhatReadersOfCountsAreGiven:
    def test_what_would_tell_of_fewer_than_five_is_withheld_and_the_rest_stands(self, figures: dict[str, Any]) -> None:
        told = view(figures, below=5)
        needs, plans = told["prebirth"]["needs"], told["prebirth"]["plans"]
        assert (needs["school_age"], needs["care_experienced_with_removals"]) == (None, None)
        assert (plans["adoption"], plans["special_guardianship"]) == (None, None)
        assert (needs["previous_removal"], told["prebirth"]["families"]) == (17, 45)
        current = cohort(told, "Durham current")
        assert (current["children_removed"], current["age_min"], current["pregnancies"]) == (83, 22, 0)
        assert cohort(told, "Durham earlier")["children_returned"] is None

    def test_teams_add_up_to_the_authority(self, figures: dict[str, Any]) -> None:
        teams = [view(figures, team=one)["prebirth"] for one in figures["teams"]]
        assert sum(one["families"] for one in teams) == 45
        assert sum(one["plans"]["with_parents"] for one in teams) == 14

    def test_the_standing_report_has_the_published_figures_beside_what_is_offered(
        self, service: Service, figures: dict[str, Any]
    ) -> None:
        counts = kept_figures.practice(service.database, "durham", *period(None, None, TODAY), NOW)
        asked = Asked(now=NOW, figures=figures, practice=counts)
        with service.database.read() as connection:
            parts = standing_report(connection, asked)
        told = {(one.level, one.title): dict(one.rows) for one in parts}
        assert told["specialist", "Families and plans"]["children: with parents"] == 14
        assert told["specialist", "Pause, Durham current"]["women: on the programme"] == 21
        assert len(told["universal", "What families can turn to"]) == 4


class TestEarlierDays:
    @pytest.mark.parametrize(
        ("day", "on_programme", "graduated"), [("2021-06-30", 22, 0), ("2022-06-30", 22, 0), ("2022-07-31", 0, 22)]
    )
    def test_earlier_cohort_graduated_in_july_2022(
        self, service: Service, day: str, on_programme: int, graduated: int
    ) -> None:
        with service.database.read() as connection:
            found = cohort(reports.cohort(connection, "durham", date.fromisoformat(day)), "Durham earlier")
        assert (found["on_programme"], found["graduated"]) == (on_programme, graduated)

    def test_nothing_had_been_recorded_before_the_demo_was_loaded(self, service: Service) -> None:
        before = NOW - timedelta(days=1)
        with service.database.read() as connection:
            then = reports.cohort(connection, "durham", local_date(before), before)
        assert then["prebirth"]["families"] == 0
        assert then["pause"]["cohorts"] == []

    def test_a_day_that_lies_ahead_has_no_figures(self, service: Service) -> None:
        with service.database.read() as connection, pytest.raises(BadInput, match="lies in the future"):
            reports.cohort(connection, "durham", TODAY + timedelta(days=1), NOW)

    def test_without_an_authority_each_has_its_figures(self, service: Service, figures: dict[str, Any]) -> None:
        with service.database.read() as connection:
            found = reports.cohort(connection, None, TODAY)
        assert list(found) == ["birmingham", "durham"]
        assert found["durham"] == figures
        assert found["birmingham"]["prebirth"]["families"] > 20
        json.dumps(found)


class TestPractice:
    """What the invented caseload gives of clinics, support and outcomes; small enough to be counted by hand."""

    def test_clinics_and_plans_of_durham_were_on_time_in_the_last_quarter(self, service: Service) -> None:
        counts = kept_figures.practice(service.database, "durham", date(2026, 8, 26), date(2026, 11, 25), NOW)
        with service.database.read() as connection:
            found = practice(connection, counts)
        team, everybody = found["clinics"]
        assert (team["on_time"], team["late"]) == (everybody["on_time"], everybody["late"]) == (54, 0)
        assert (found["plans"][0]["on_time"], found["plans"][0]["late"]) == (10, 0)
        drifted = {name: count for name, count in found["drift"][0].items() if name in DRIFT_REASONS and count}
        assert drifted == {"meeting_moved": 14}  # each amber clinic gives the one reason
        assert found["stages"][0]["Care proceedings"] == 3

    def test_each_child_has_an_outcome_with_what_its_return_needs(self, service: Service) -> None:
        with service.database.read() as connection:
            rows = counts(connection, "durham")
            found = children(connection, find_actor(connection, DEMO_MANAGER), NOW)
        by_outcome = {name: rows[-1][name] for name in ("with_parents_no_plan", "special_guardianship", "adoption")}
        assert by_outcome == {"with_parents_no_plan": 2, "special_guardianship": 1, "adoption": 2}
        adopted = [one for one in found if one["outcome"] == "adoption"]
        assert {(one["placement"], one["legal_status"]) for one in adopted} == {("U5", "E1")}  # early permanence
        assert all(one["decision_on"] for one in adopted)
        kin = next(one for one in found if one["outcome"] == "special_guardianship")
        assert kin["reason_ceased"] == "E45"

    def test_things_are_lent_one_of_them_overdue_and_one_worker_is_not_trained(self, service: Service) -> None:
        with service.database.read() as connection:
            rows = stock(connection, find_actor(connection, "demo.durham.tm"), NOW)
            trained = {one["username"]: one["trained_until"] for one in trainings(connection, "birmingham")}
        where = {one["code"]: (one["where"], one["overdue"]) for one in rows}
        assert where == {
            "durham-rcb-1": ("lent", True),
            "durham-rcb-2": ("lent", False),
            "durham-rcb-3": ("in_stock", False),
            "durham-rcb-4": ("in_stock", False),
            "durham-rcb-5": ("out_of_use", False),
        }
        assert [name for name, until in trained.items() if until is None] == ["demo.birmingham.worker6"]

    def test_a_clinic_of_late_decided_on_cases_and_one_to_come_has_its_agenda(self, service: Service) -> None:
        with service.database.read() as connection:
            manager = find_actor(connection, "demo.durham.tm")
            sessions = clinics_of(connection, "durham", date(2026, 10, 1))
            held = [one for one in sessions if one["status"] == "held"]
            decided = [len(recorded(connection, manager, NOW, one)) for one in held]
            to_come = [len(agenda(connection, manager, NOW, one)) for one in sessions if one["status"] == "planned"]
        assert sum(decided) == 21
        assert all(decided)
        assert to_come == [20, 21]


class TestEvidence:
    def test_every_case_is_what_its_evidence_adds_up_to(self, service: Service) -> None:
        with service.database.read() as connection:
            assert invariants.broken_promises(connection, service.engine.calendar) == []

    def test_chains_verify_and_everything_is_sealed(self, loaded: tuple[Service, DemoSummary]) -> None:
        service, summary = loaded
        file = service.heads_file()
        assert file is not None
        with service.database.read() as connection:
            verified = chains.verify_chains(connection)
            assert seals.verify_log(connection, seals.read_heads(file)) == verified.entries
        assert verified.cases == summary.cases
        assert verified.entries > summary.moves

    def test_nothing_lies_in_the_future_and_all_was_recorded_at_once(self, service: Service) -> None:
        with service.database.read() as connection:
            latest = connection.execute(select(func.max(audit.ENTRIES.c.occurred_at))).scalar_one()
            recorded = connection.execute(select(audit.ENTRIES.c.recorded_at).distinct()).scalars().all()
        assert latest <= NOW
        assert recorded == [NOW]

    def test_no_move_was_refused(self, service: Service) -> None:
        with service.database.read() as connection:
            kinds = connection.execute(select(audit.ENTRIES.c.kind).distinct()).scalars().all()
        assert set(kinds) == {"moved", "followed", "system"}


class TestCaseload:
    def test_birmingham_uses_every_route(self, service: Service) -> None:
        decided = [row["decision"] for row in birmingham(service.database)]
        routes = {(one["rule"], one["decision"], one["service"] or one["default_service"]) for one in decided}
        assert routes >= {
            ("B1", "route", "children_in_care"),
            ("B1", "route", "asti"),
            ("B2", "route", "current_team"),
            ("B3", "route", "safeguarding"),
            ("B3", "route", "children_in_care"),
            ("B3", "route", "asti"),
            ("B4", "route", "children_in_care"),
            ("B5", "manager_decision", "asti"),
            ("B5", "manager_decision", "safeguarding"),
            ("B6", "route", "asti"),
            ("B7", "accept", "pre_birth"),
            ("B8", "route", "safeguarding"),
            ("B8", "accept", "pre_birth"),
            ("B9", "accept", "pre_birth"),
            ("B9s", "route", "asti"),
            ("B10", "accept", "pre_birth"),
            ("B11", "manager_decision", "asti"),
            (None, "more_information", None),
        }
        assert {overlay for one in decided for overlay in one["overlays"]} == {"X1", "X2"}
        flags = {"manager_must_confirm", "private_law_order", "protection_response_first", "relinquished"}
        assert {flag for one in decided for flag in one["flags"]} >= flags

    def test_most_deadlines_are_in_time_some_near_and_some_past(self, service: Service) -> None:
        with service.database.read() as connection:
            dated = DEADLINES.c.closed_at.is_(None) & DEADLINES.c.due_at.is_not(None)
            rows = connection.execute(select(DEADLINES).where(dated)).mappings().all()
        overdue = sum(row["due_at"] <= NOW for row in rows)
        near = sum(row["amber_at"] <= NOW < row["due_at"] for row in rows if row["amber_at"])
        assert 5 <= overdue <= len(rows) // 20
        assert 20 <= near <= len(rows) // 5

    def test_every_role_has_an_account_and_all_are_of_the_demo(self, service: Service) -> None:
        with service.database.read() as connection:
            people = connection.execute(select(USERS)).mappings().all()
            teams = connection.execute(select(TEAMS.c.code)).scalars().all()
        assert {row["role"] for row in people} == set(Role) - {Role.SYSTEM}
        assert all(name.startswith("demo.") for name in (*teams, *(row["username"] for row in people)))

    def test_manager_of_the_demo_reads_both_records_and_a_practitioner_only_one(self, service: Service) -> None:
        with service.database.read() as connection:
            assert service.is_demo(connection)
            manager = find_actor(connection, DEMO_MANAGER)
            assert (manager.role, manager.authority, manager.record) == (Role.SERVICE_MANAGER, "durham", Record.BOTH)
            assert find_actor(connection, "demo.pause.practitioner1").record == Record.PAUSE

    def test_families_are_spread_over_the_workers(self, service: Service) -> None:
        query = select(CASES.c.owner, func.count()).where(~CASES.c.final & (CASES.c.lifecycle == "prebirth"))
        with service.database.read() as connection:
            held = connection.execute(query.group_by(CASES.c.owner)).all()
        durham = [number for owner, number in held if owner and owner.startswith("demo.durham.worker")]
        assert len(durham) == 6
        assert max(durham) <= 12

    def test_the_agreements_behind_pause_are_those_of_the_document_and_the_last_says_it_is_invented(
        self, service: Service
    ) -> None:
        with service.database.read() as connection:
            found = agreements(connection, "durham")
        told = [(row["provider"], str(row["starts_on"]), str(row["ends_on"]), row["months"]) for row in found[:3]]
        assert told == [
            ("Barnardo's", "None", "2020-04-30", None),
            ("Pause", "2020-11-01", "2022-08-01", None),
            ("Durham County Council", "2022-08-01", "2024-04-01", 20),
        ]
        assert [row["state"] for row in found] == ["ended", "renewed", "renewed", "running"]
        assert "invented" in found[3]["as_stated"]

    def test_a_pregnancy_told_to_pause_stands_as_a_referral_with_the_link_alone(self, service: Service) -> None:
        query = select(CASES.c.facts).where((CASES.c.lifecycle == "prebirth") & (CASES.c.authority == "durham"))
        with service.database.read() as connection:
            linked = [row.facts["pause_case"] for row in connection.execute(query) if "pause_case" in row.facts]
        assert len(linked) == 1


class TestLoading:
    def test_same_day_gives_the_same_caseload_at_any_hour(self, service: Service, sqlite_url: str) -> None:
        database = Database(sqlite_url)
        told: list[tuple[int, int]] = []
        load_demo(
            service_on(database),
            NOW + timedelta(hours=9),
            lambda done, of: told.append((done, of)),
            caseloads=["birmingham"],
        )
        again = birmingham(database)
        database.close()
        assert again == birmingham(service.database)
        assert told[-1] == (len(told), len(told))

    @pytest.mark.parametrize("day", ["2026-12-25", "2027-03-29", "2028-02-29"])
    def test_stories_can_be_planned_for_any_day(self, service: Service, day: str) -> None:
        for name, stories in CASELOADS.items():
            rng = Random(name)
            world = World(today=date.fromisoformat(day), calendar=service.engine.calendar, rng=rng)
            assert all(story.happenings for story in stories(world, Names(rng)))

    def test_it_is_not_loaded_twice(self, service: Service) -> None:
        with pytest.raises(BadInput, match="loaded already"):
            load_demo(service, NOW)

    def test_a_database_that_holds_anything_else_is_refused_and_left_alone(self, database: Database) -> None:
        add_people(database)
        desk = Desk(database)
        with pytest.raises(BadInput, match=r"[0-9]+ accounts, 3 teams"):
            load_demo(desk.service, NOW)
        with database.read() as connection:
            assert not desk.service.is_demo(connection)
            assert connection.execute(select(func.count()).select_from(CASES)).scalar_one() == 0

    def test_a_demo_that_stops_half_way_leaves_nothing_behind(self, sqlite_url: str) -> None:
        def stop(done: int, _: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        database = Database(sqlite_url)
        service = service_on(database)
        with pytest.raises(KeyboardInterrupt):
            load_demo(service, NOW, stop)
        with database.read() as connection:
            assert not service.is_demo(connection)
            assert connection.execute(select(func.count()).select_from(USERS)).scalar_one() == 0
            assert connection.execute(select(func.count()).select_from(audit.ENTRIES)).scalar_one() == 0
        database.close()

    def test_postgresql_holds_the_same_caseload(self, service: Service, postgresql_url: str) -> None:
        database = Database(postgresql_url)
        other = service_on(database)
        load_demo(other, datetime(NOW.year, NOW.month, NOW.day, 18, tzinfo=UTC), caseloads=["birmingham"])
        with service.database.read() as mine, database.read() as theirs:
            assert reports.cohort(theirs, "birmingham", TODAY) == reports.cohort(mine, "birmingham", TODAY)
            chains.verify_chains(theirs)
            assert invariants.broken_promises(theirs, other.engine.calendar) == []
        assert birmingham(database) == birmingham(service.database)
        database.close()


def test_every_demo_account_signs_in_with_the_one_invented_password_and_no_second_factor(service: Service) -> None:
    with service.database.read() as connection:
        query = select(USERS.c.username, CREDENTIALS.c.password_hash).outerjoin(
            CREDENTIALS, CREDENTIALS.c.username == USERS.c.username
        )
        kept = {row.username: row.password_hash for row in connection.execute(query)}
        assert {sign_in.needs(service, connection, username) for username in kept} == {"nothing"}
    (one,) = set(kept.values())
    assert passwords.is_password(one, DEMO_PASSWORD)
