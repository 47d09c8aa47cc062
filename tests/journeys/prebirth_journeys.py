"""Pre-birth cases as caseworkers live them: who usually does what, with which facts, and what became of a deadline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from states.catalogue import LIFECYCLES
from workflow import audit, chains
from workflow.invariants import broken_promises
from workflow.projection import Projection, replay
from workflow.references import read_reference
from workflow.repository import CASES, children_of
from workflow.views import deadlines_of

from walks import Walk

FULL_TERM = 40 * 7
MOTHER = {
    "role": "mother",
    "name": "An Invented Woman",
    "consent": "not_asked",
    "positive_change": True,
    "previous_removals": [{"through": "care_proceedings", "removed_on": "2023-04-05", "authority": "durham"}],
}
FATHER = {"role": "father", "name": "An Invented Man", "consent": "not_asked", "own_social_worker": "baby.CW2"}
CONSENT = {
    "parent": "mother",
    "scope": ["assessment", "help"],
    "method": "written",
    "explained": True,
    "capacity_view": "she understands, in her own words",
    "copy_given": True,
    "right_to_withdraw_stated": True,
}
USUALLY_DONE_BY = {
    "refer": "baby.FD",
    "acknowledge_route": "baby.FD",
    "refuse_route": "baby.FD",
    "record_birth": "baby.EDT",
    "decide_approval": "baby.SM",
    "decide_incident_notification": "baby.SM",
    "record_gateway_decision": "baby.LEG",
    "issue_proceedings": "baby.LEG",
    "end_court_support_continues": "baby.LEG",
    "end_court_outcome_agreed": "baby.LEG",
}
DONE_BY_A_MANAGER = (
    "accept", "accept_with_consent", "route", "close_referral", "continue_without_consent", "step_down",
    "allocate", "return_assessment", "authorise", "close_after_assessment", "authorise_after_birth",
    "agree_birth_plan", "confirm_pregnancy_ended", "correct_report", "hold_discharge_meeting", "discharge",
    "agree_outcomes", "close", "hand_over", "transfer_out", "change_worker", "correct",
)  # fmt: skip


def usually(trigger: str) -> str:
    """Who usually makes this move: else the caseworker."""
    return USUALLY_DONE_BY.get(trigger, "baby.TM" if trigger in DONE_BY_A_MANAGER else "baby.CW")


def outcome(case: "Pregnancy", child: int, name: str) -> dict[str, Any]:
    """An outcome as of today, with the date that a return needs of it."""
    return {"child": child, "outcome": name, "decision_on" if name == "adoption" else "since": case.today}


def in_four_weeks(today: str) -> str:
    return (date.fromisoformat(today) + timedelta(weeks=4)).isoformat()


def usual_facts(trigger: str, today: str) -> Mapping[str, Any]:
    """Facts that its guards accept, for one mother and one baby who stays with her."""
    facts: dict[str, dict[str, Any]] = {
        "accept_with_consent": {"consents": [CONSENT]},
        "give_consent": {"consents": [CONSENT]},
        "give_consent_after_review": {"consents": [CONSENT]},
        "close_referral": {"closing_reason": "no_further_action"},
        "submit_assessment": {"parents_views": [{"parent": "mother", "view": "she wants to bring up this baby"}]},
        "record_birth": {"babies": [{"born_on": today, "live_birth": True, "sex": "F"}]},
        "discharge": {"destinations": [{"child": 1, "destination": "home"}], "legal_position": "none"},
        "issue_proceedings": {
            "family_group_meeting": "held",
            "court_children": [{"child": 1, "initial_plan": "A"}],
        },
        "agree_outcomes": {"outcomes": [{"child": 1, "outcome": "with_parents_no_plan", "since": today}]},
        "end_court_outcome_agreed": {"outcomes": [{"child": 1, "outcome": "with_parents_no_plan", "since": today}]},
        "hold_clinic": {"next_clinic_on": in_four_weeks(today)},
        "agree_birth_plan": {
            "early_permanence": "not_right",
            "early_permanence_reason": "the plan is that the baby goes home",
        },
        "close": {"closure_code": "RC7", "pause_offer": "not_applicable"},
        "hand_over": {"team": "baby", "worker": "baby.CW2"},
    }
    return facts.get(trigger, {})


@dataclass
class Pregnancy(Walk):
    """One pre-birth case on its way: moves are made by those who usually make them, with facts that usually hold."""

    lifecycle: str = "prebirth"

    @property
    def today(self) -> str:
        return self.desk.now.date().isoformat()

    def refer(self, *parents: Mapping[str, Any], weeks: int | None = 12, **facts: Any) -> "Pregnancy":
        """A referral at so many completed weeks; None where nobody knows when the baby is due."""
        if weeks is not None:
            edd = self.desk.now.date() + timedelta(days=FULL_TERM - 7 * weeks)
            facts = {"edd": edd.isoformat(), "edd_basis": "dating_scan", **facts}
        self.open("baby.FD", parents=[dict(one) for one in parents or (MOTHER,)], **facts)
        return self

    def does(
        self, trigger: str, *, by: str | None = None, to: str | None = None, at: datetime | None = None, **facts: Any
    ) -> "Pregnancy":
        given = {**usual_facts(trigger, self.today), **facts}
        self.step(trigger, by or usually(trigger), to=to, at=at, **given)
        return self

    def cannot(self, trigger: str, says: str, *, by: str | None = None, **facts: Any) -> "Pregnancy":
        given = {**usual_facts(trigger, self.today), **facts}
        self.refuses(trigger, by or usually(trigger), says, **given)
        return self

    def wait(self, **time: float) -> "Pregnancy":
        self.after(**time)
        return self

    def until(self, weeks: int, days: int = 0) -> "Pregnancy":
        """Waits for a point of the pregnancy, counted from the expected date of birth as it stands."""
        point = self.row()["edd"] - timedelta(days=FULL_TERM - 7 * weeks - days)
        self.desk.now += timedelta(days=(point - self.desk.now.date()).days)
        return self

    # Ways to where many stories begin

    def is_assessed(self) -> "Pregnancy":
        """Accepted with consent, with a worker: the assessment is under way."""
        return self.does("accept").does("give_consent").does("allocate", to="assessment")

    def is_planned(self, **decision: Any) -> "Pregnancy":
        """The assessment is authorised and the clinic follows the plan."""
        return self.is_assessed().does("submit_assessment").does("authorise", **decision)

    def is_ready(self, **plan: Any) -> "Pregnancy":
        """Everyone has the birth plan."""
        self.is_planned().until(30).does("start_birth_plan")
        return self.does("agree_birth_plan", to="birth_ready", **{"legal_position": "none", **plan})

    def is_born(self, babies: int = 1, **plan: Any) -> "Pregnancy":
        self.is_ready(**plan).until(39)
        return self.does("record_birth", to="born", babies=[baby(self.today) for _ in range(babies)])

    def is_home(self, babies: int = 1, **plan: Any) -> "Pregnancy":
        self.is_born(babies, **plan).does("hold_discharge_meeting")
        places = [{"child": number, "destination": "home"} for number in range(1, babies + 1)]
        return self.does("discharge", to="post_birth_support", destinations=places)

    # What became of it

    def row(self) -> dict[str, Any]:
        return row_of(self)

    def clock(self, name: str, child: int | None = None) -> list[str]:
        return clock(self, name, child)

    def running(self) -> set[str]:
        return running(self)

    def due(self, name: str) -> date:
        return due(self, name)

    def entries(self) -> list[dict[str, Any]]:
        return entries(self)


def baby(born_on: str, *, alive: bool = True) -> dict[str, Any]:
    return {"born_on": born_on, "live_birth": alive, "sex": "U"}


def under(case: Pregnancy, lifecycle: str, by: str, child: int | None = None, **facts: Any) -> Walk:
    """Opens a case under this one."""
    return Walk(case.desk, lifecycle).open(by, parent=case.case, **({"child": child} if child else {}), **facts)


def found_under(case: Pregnancy, lifecycle: str) -> Walk:
    """The case that a move opened under this one."""
    query = select(CASES).where((CASES.c.parent_id == row_of(case)["id"]) & (CASES.c.lifecycle == lifecycle))
    with case.desk.database.read() as connection:
        row = connection.execute(query).mappings().one()
    code = LIFECYCLES[lifecycle].code
    return Walk(case.desk, lifecycle, f"{code}-{row['id']}", row["state"], row["version"])


def row_of(case: Walk) -> dict[str, Any]:
    with case.desk.database.read() as connection:
        query = select(CASES).where(CASES.c.id == read_reference(case.case)[1])
        return dict(connection.execute(query).mappings().one())


def entries(case: Walk) -> list[dict[str, Any]]:
    with case.desk.database.read() as connection:
        return audit.entries_of(connection, read_reference(case.case)[1])


def deadlines(case: Walk) -> list[dict[str, Any]]:
    """Every deadline of a case, in the order in which they were opened."""
    with case.desk.database.read() as connection:
        rows = deadlines_of(
            connection, LIFECYCLES[case.lifecycle], row_of(case), case.desk.now, case.desk.engine.calendar
        )
    return sorted(rows, key=lambda row: int(row["deadline"].rpartition(".")[2]))


def clock(case: Walk, name: str, child: int | None = None) -> list[str]:
    """How each deadline of a clock stands, in the order in which they were opened."""
    subject = "" if child is None else f"child:{child}"
    return [one["status"] for one in deadlines(case) if one["clock"] == name and one["subject"] == subject]


def due(case: Walk, name: str) -> date:
    """The day on which the deadline of a clock that was opened last is due."""
    day: date = [one["due_on"] for one in deadlines(case) if one["clock"] == name][-1]
    return day


def running(case: Walk) -> set[str]:
    return {one["clock"] for one in deadlines(case) if one["closed_at"] is None}


def birth_clocks(case: Walk) -> set[str]:
    """The running clocks that have to do with the birth."""
    return {one for one in running(case) if LIFECYCLES[case.lifecycle].clock_by_id[one].birth_related}


def assert_sound(*cases: Walk) -> None:
    """The evidence holds, each row is what its evidence says, and every promise of the service is kept."""
    desk = cases[0].desk
    with desk.database.read() as connection:
        chains.verify_chains(connection)
        broken = broken_promises(connection, desk.engine.calendar)
        assert not broken, broken
        for case in cases:
            row, lifecycle = row_of(case), LIFECYCLES[case.lifecycle]
            evidence = audit.entries_of(connection, row["id"])
            start = Projection(team=evidence[0]["team"], owner=evidence[0]["owner"])
            told = replay(lifecycle, evidence, start)
            assert (told.state, told.owner, told.team, told.edd) == tuple(
                row[name] for name in ("state", "owner", "team", "edd")
            )
            assert told.facts == {**row["facts"], **row["personal"]}
            if lifecycle.parent is None:
                assert told.children == children_of(connection, row["id"])
            assert not (row["final"] and running(case)), "a date still runs though the case has ended"
