"""Support over HTTP: sessions against the plan, things lent and due back, training for an assessment, outcomes."""

from datetime import timedelta
from typing import Any

import pytest
from journeys.prebirth_journeys import MOTHER, Pregnancy, assert_sound, outcome, usual_facts
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from workflow import jobs
from workflow.accounts import USERS
from workflow.alerting import DueDeadlines
from workflow.outbox import ALERTS, MESSAGES
from workflow.references import read_reference
from workflow.repository import DEADLINES

from doors import Doors, doors_to, problem
from factories import Desk, facts_for

pytestmark = pytest.mark.mostly_one_database
DISABILITY = {**MOTHER, "learning_disability": "diagnosed"}
PLANNED = {"adjustments": "longer visits and an advocate", "communication_plan": "pictures"}


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return doors_to(desk)


def moves(doors: Doors, case: Pregnancy, trigger: str, who: str = "baby.CW", **facts: Any) -> Any:
    """Makes a move as a program does; what is left out is filled in."""
    case.version, case.state = case.row()["version"], case.row()["state"]
    asked = facts_for(_asked(case, trigger), doors.desk.now.date(), **{**usual_facts(trigger, case.today), **facts})
    body = {"trigger": trigger, "facts": asked}
    answer = doors.post(f"/cases/{case.case}/moves", body, who, if_match=f'"{case.version}"')
    if answer.status_code == 200:
        case.version, case.state = answer.json()["version"], answer.json()["state"]
    return answer


def _asked(case: Pregnancy, trigger: str) -> Any:
    return LIFECYCLES["prebirth"].rows(trigger, case.state)[0].facts


def refusal(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    return str(answer.json()["detail"])


def add_thing(doors: Doors, code: str) -> None:
    assert doors.post("/support/stock", {"code": code, "label": "Real Care baby"}, "baby.TM").status_code == 201


def thing(doors: Doors, code: str, who: str = "baby.TM") -> dict[str, Any]:
    return next(one for one in doors.get("/support/stock", who).json() if one["code"] == code)


# Sessions and visits


def test_support_is_counted_against_its_plan(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer(weeks=12).is_assessed()
    plan = [
        {"phase": "before_birth", "kind": "parenting", "sessions": 3},
        {"phase": "after_birth", "kind": "bonding", "sessions": 2},
    ]
    assert moves(doors, case, "plan_support", support_plan=plan, visits_a_week=2).status_code == 200
    for took_place in (True, True, False):
        case.wait(days=5)
        given = {"phase": "before_birth", "kind": "parenting", "took_place": took_place}
        assert moves(doors, case, "give_support", **given).status_code == 200
    early = moves(doors, case, "give_support", phase="after_birth", kind="bonding")
    assert "no baby is born yet" in refusal(early)
    assert moves(doors, case, "record_visit").status_code == 200
    assert moves(doors, case, "give_hope_box", hope_box_for=["mother", "baby"]).status_code == 200
    found = doors.get(f"/cases/{case.case}/support").json()
    assert found["sessions"] == [
        {"phase": "before_birth", "kind": "parenting", "planned": 3, "given": 2, "missed": 1},
        {"phase": "after_birth", "kind": "bonding", "planned": 2, "given": 0, "missed": 0},
    ]
    assert found["visits"] == {"planned": 4, "made": 1}  # two whole weeks, two a week
    assert found["hope_boxes"] == [{"given_on": case.today, "given_to": ["mother", "baby"]}]
    assert doors.get(f"/cases/{case.case}/support", "pause.PP").status_code == 404
    today = doors.desk.now.date()
    report = f"/reports/support?since={today - timedelta(days=30)}&until={today}"
    (team, _) = doors.get(report, "baby.TM").json()["teams"]
    assert (team["given"], team["missed"], team["hope_boxes"], team["lent"]) == (2, 1, 1, 0)
    assert {doors.get(report, "both.OVS").json()["teams"][0][name] for name in ("given", "missed")} == {None}
    assert_sound(case)


# Things that are lent


def test_a_real_care_baby_is_lent_is_overdue_and_comes_back(doors: Doors) -> None:
    desk = doors.desk
    case = Pregnancy(desk).refer(weeks=14).is_assessed()
    other = Pregnancy(desk).refer(weeks=14).is_assessed()
    assert "no such item in the stock" in refusal(moves(doors, case, "lend_item", item="rcb-1"))
    add_thing(doors, "rcb-1")
    assert moves(doors, case, "lend_item", item="rcb-1").status_code == 200
    assert "it is lent" in refusal(moves(doors, other, "lend_item", item="rcb-1"))
    there = thing(doors, "rcb-1")
    assert (there["where"], there["case"], there["overdue"]) == ("lent", case.case, False)
    assert there["due_on"] == (desk.now.date() + timedelta(weeks=2)).isoformat()
    assert thing(doors, "rcb-1", "pause.PP")["case"] is None  # who may not read the case is told the team
    lent = {"condition": "retired"}
    assert problem(doors.post("/support/stock/rcb-1/condition", lent, "baby.TM")) == (409, "conflict")

    case.wait(days=17)
    sweep(DueDeadlines(desk.engine, "test", desk.now), desk.now)
    number = int(thing(doors, "rcb-1")["deadline"].rpartition(".")[2])
    with desk.database.read() as connection:
        wanted = (ALERTS.c.case_id == read_reference(case.case)[1]) & (ALERTS.c.number == number)
        levels = set(connection.execute(select(ALERTS.c.level).where(wanted)).scalars())
    assert "R1" in levels  # on the ladder of every other deadline
    assert thing(doors, "rcb-1")["overdue"] is True
    extended = {"reason": "they asked for two more nights", "due_on": (desk.now.date() + timedelta(days=2)).isoformat()}
    late = doors.post(f"/deadlines/{thing(doors, 'rcb-1')['deadline']}/extend", extended, "baby.SM")
    assert late.status_code == 200, late.text

    assert "no item of that code is lent" in refusal(moves(doors, other, "return_item", item="rcb-1"))
    assert moves(doors, case, "return_item", item="rcb-1", item_condition="repair").status_code == 200
    assert (thing(doors, "rcb-1")["where"], thing(doors, "rcb-1")["condition"]) == ("out_of_use", "repair")
    assert "out of use" in refusal(moves(doors, other, "lend_item", item="rcb-1"))
    doors.post("/support/stock/rcb-1/condition", {"condition": "good"}, "baby.TM")
    assert moves(doors, other, "lend_item", item="rcb-1").status_code == 200
    assert_sound(case, other)


def test_two_who_lend_the_same_thing_at_once_lend_it_once(doors: Doors) -> None:
    """Whatever both saw: the database keeps a thing from being out twice."""
    case, other = (Pregnancy(doors.desk).refer(weeks=14).is_assessed() for _ in range(2))
    add_thing(doors, "rcb-1")
    moves(doors, case, "lend_item", item="rcb-1")
    number = read_reference(case.case)[1]
    with doors.desk.database.read() as connection:
        query = select(DEADLINES).where((DEADLINES.c.case_id == number) & (DEADLINES.c.clock == "item_return"))
        row = dict(connection.execute(query).mappings().one())
    twice = {**row, "case_id": read_reference(other.case)[1], "number": 999}
    with pytest.raises(IntegrityError), doors.desk.database.write() as connection:
        connection.execute(DEADLINES.insert(), twice)


def test_a_case_does_not_end_while_something_is_lent_under_it(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer(weeks=12).is_home()
    add_thing(doors, "rcb-1")
    assert moves(doors, case, "lend_item", item="rcb-1").status_code == 200
    assert moves(doors, case, "agree_outcomes", "baby.TM").status_code == 200
    assert "still lent to this family" in refusal(moves(doors, case, "close", "baby.TM"))
    assert moves(doors, case, "return_item", item="rcb-1", item_condition="lost").status_code == 200
    assert moves(doors, case, "close", "baby.TM").status_code == 200
    assert thing(doors, "rcb-1")["where"] == "out_of_use"
    assert_sound(case)


def test_nothing_asks_for_it_back_once_a_pregnancy_has_ended_until_somebody_fetches_it(doors: Doors) -> None:
    desk = doors.desk
    case = Pregnancy(desk).refer(weeks=14).is_assessed()
    add_thing(doors, "rcb-1")
    moves(doors, case, "lend_item", item="rcb-1")
    case.does("report_pregnancy_ended")
    assert "item_return" not in case.running()
    assert thing(doors, "rcb-1")["where"] == "to_be_fetched"
    case.does("correct_report", to="assessment")  # she is pregnant after all: the date stands again
    assert thing(doors, "rcb-1")["where"] == "lent"
    case.does("report_pregnancy_ended").does("confirm_pregnancy_ended", by="baby.SM")
    case.wait(days=30)
    sweep(DueDeadlines(desk.engine, "test", desk.now), desk.now)
    with desk.database.read() as connection:
        raised = ALERTS.c.case_id == read_reference(case.case)[1]
        after = connection.execute(select(ALERTS.c.number).where(raised)).all()
    assert after == []
    assert doors.post("/support/stock/rcb-1/fetch", None, "baby.TM").json()["where"] == "in_stock"
    assert problem(doors.post("/support/stock/rcb-1/fetch", None, "baby.TM")) == (409, "conflict")
    assert_sound(case)


def test_a_loan_taken_back_as_a_mistake_is_none(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer(weeks=14).is_assessed()
    add_thing(doors, "rcb-1")
    moves(doors, case, "lend_item", item="rcb-1")
    last = str(max(one["seq"] for one in case.entries() if one["kind"] == "moved"))
    undone = {"entry": last, "correction": "undo", "correction_reason": "the wrong case"}
    assert moves(doors, case, "correct", "baby.TM", **undone).status_code == 200
    assert thing(doors, "rcb-1")["where"] == "in_stock"
    assert_sound(case)


# Training


def train(doors: Doors, who: str, until: Any) -> None:
    with doors.desk.database.write() as connection:
        connection.execute(USERS.update().where(USERS.c.username == who).values(trained_until=until))


def test_only_a_trained_worker_is_given_the_assessment_unless_a_manager_says_why(doors: Doors) -> None:
    desk = doors.desk
    case = Pregnancy(desk).refer(DISABILITY, weeks=12).does("accept").does("give_consent")
    train(doors, "baby.CW", desk.now.date() - timedelta(days=1))
    asked = {"worker": "baby.CW", **PLANNED}
    assert "training to assess such parents is missing or has run out" in refusal(
        moves(doors, case, "allocate", "baby.TM", **asked)
    )
    only_words = moves(doors, case, "allocate", "baby.TM", why_this_worker="knows the area", **asked)
    assert "training" in refusal(only_words)
    why = {"untrained_reason": "works_beside", "why_this_worker": "Sam, who is trained, goes along to each visit"}
    assert moves(doors, case, "allocate", "baby.TM", **asked, **why).status_code == 200
    entry = case.entries()[-1]
    assert (entry["facts"]["untrained_reason"], entry["actor"]) == ("works_beside", "baby.TM")  # on record
    assert entry["content"]["why_this_worker"] == why["why_this_worker"]

    train(doors, "baby.CW2", None)
    refused = moves(doors, case, "change_worker", "baby.TM", worker="baby.CW2")
    assert "the assessment is not authorised yet" in refusal(refused)
    train(doors, "baby.CW2", desk.now.date())  # its last day counts
    assert moves(doors, case, "change_worker", "baby.TM", worker="baby.CW2").status_code == 200
    not_said = moves(doors, case, "submit_assessment")
    assert "say which adjustments were made" in refusal(not_said)
    assert moves(doors, case, "submit_assessment", adjustments_made="pictures, three short visits").status_code == 200
    told = doors.get(f"/cases/{case.case}/support").json()["adjustments"]
    assert told == [*PLANNED.values(), "pictures, three short visits"]
    assert_sound(case)


def test_a_training_that_runs_out_is_told_of_before_and_after(doors: Doors) -> None:
    desk = doors.desk
    with desk.database.write() as connection:
        connection.execute(USERS.update().values(trained_until=None))
    train(doors, "baby.CW", desk.now.date() + timedelta(days=50))

    def told() -> list[str]:
        job = jobs.jobs(desk.service, "test")["trainings"]
        jobs.run(desk.service, "trainings", job, "test", lambda: desk.now)
        with desk.database.read() as connection:
            query = select(MESSAGES.c.recipient).where(MESSAGES.c.template == "training_ends")
            return sorted(connection.execute(query).scalars())

    both = ["baby.CW", "baby.TM"]
    assert told() == both
    assert told() == both  # once
    desk.now += timedelta(days=40)
    assert told() == sorted(both * 2)
    desk.now += timedelta(days=12)
    assert told() == sorted(both * 3)
    inbox = doors.get("/messages", "baby.CW").json()
    assert any("training" in str(one) for one in inbox["messages"])


# Early permanence, and what became of each child


def test_a_birth_plan_answers_for_early_permanence_where_adoption_is_possible(doors: Doors) -> None:
    case = Pregnancy(doors.desk).refer(weeks=12).is_planned().until(24)
    assert moves(doors, case, "hold_clinic", expected_care_plan="adoption").status_code == 200
    case.version = case.row()["version"]
    case.until(30).does("start_birth_plan")
    plan = {"legal_position": "none", "early_permanence": None, "early_permanence_reason": None}
    assert "adoption is possible" in refusal(moves(doors, case, "agree_birth_plan", "baby.TM", **plan))
    answered = {**plan, "early_permanence": "planned", "early_permanence_reason": "matched with carers"}
    assert moves(doors, case, "agree_birth_plan", "baby.TM", **answered).status_code == 200
    assert case.row()["facts"]["early_permanence"] == "planned"


def test_each_outcome_is_agreed_with_its_dates_and_codes_and_counted(doors: Doors) -> None:
    desk = doors.desk
    twins = Pregnancy(desk).refer(weeks=12).is_home(2)
    home = Pregnancy(desk).refer(weeks=12).is_home()
    twins.version, home.version = twins.row()["version"], home.row()["version"]
    bare = [{"child": 1, "outcome": "early_permanence"}, outcome(twins, 2, "with_parents_child_in_need")]
    assert "an outcome lacks its dates or codes" in refusal(
        moves(doors, twins, "agree_outcomes", "baby.TM", outcomes=bare)
    )
    wrong = {"child": 1, "outcome": "early_permanence", "since": twins.today, "placement": "U6", "legal_status": "C1"}
    assert "does not go with the outcome" in refusal(
        moves(doors, twins, "agree_outcomes", "baby.TM", outcomes=[wrong, bare[1]])
    )
    agreed = [{**wrong, "placement": "U5"}, bare[1]]
    assert moves(doors, twins, "agree_outcomes", "baby.TM", outcomes=agreed).status_code == 200
    assert moves(doors, home, "agree_outcomes", "baby.TM").status_code == 200
    found = doors.get("/reports/outcomes", "baby.TM").json()
    team, everybody = found["counts"]
    assert (team["early_permanence"], team["with_parents_child_in_need"], team["with_parents_no_plan"]) == (1, 1, 1)
    assert everybody["total"] == team["total"] == 3
    first = found["children"][0]
    assert (first["case"], first["child"], first["placement"], first["legal_status"]) == (twins.case, 1, "U5", "C1")
    counted = doors.get("/reports/outcomes", "both.OVS").json()
    assert counted["children"] is None
    assert {counted["counts"][0][name] for name in ("early_permanence", "total")} == {None}
    assert_sound(twins, home)
