"""A new version of a policy takes effect on its day: for cases opened from then on, and for others when asked to."""

from datetime import timedelta

from config.policy import Policy
from workflow.clock_actions import apply_new_policy
from workflow.engine import Engine
from workflow.policies import Policies
from workflow.references import read_reference
from workflow.repository import case_row

from factories import NOW, POLICIES, Desk

OLD = POLICIES["durham"]
NEW = Policy.from_json(
    {**OLD.to_json(), "version": "2026.2", "effective_from": (NOW + timedelta(days=1)).date().isoformat()}
)
HER = {
    "name": "An Invented Woman",
    "date_of_birth": "1995-05-05",
    "known_through": "removals_data",
    "data_basis": "invented",
    "safe_contact": "letter",
}


def policy_of(desk: Desk, case: str) -> str:
    with desk.database.read() as connection:
        row = case_row(connection, read_reference(case)[1])
    assert row is not None
    return str(row["policy"])


def test_a_version_takes_effect_on_its_day_and_running_cases_keep_theirs_until_asked(desk: Desk) -> None:
    desk.engine = Engine(desk.database, Policies({**POLICIES, "durham": (OLD, NEW)}), desk.engine.calendar)
    before = desk.open("pause", "pause.PL", HER).case
    assert policy_of(desk, before) == OLD.digest
    desk.now += timedelta(days=1)
    after = desk.open("pause", "pause.PL", HER).case
    assert (policy_of(desk, before), policy_of(desk, after)) == (OLD.digest, NEW.digest)
    apply_new_policy(desk.engine, desk.who("pause.PL"), desk.now, case=before, reason="the new version is in force")
    assert policy_of(desk, before) == NEW.digest
