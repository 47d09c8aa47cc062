"""Referrals decided in bulk come out as one by one, and a policy changed in a word is the policy but for that."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from config.policy import Policy, load_policies
from workflow.deciders import GROUPS, Decider
from workflow.decisions import decide
from workflow.errors import BadInput
from workflow.what_ifs import left_out, what_if

POLICIES = load_policies()
DURHAM, BIRMINGHAM = POLICIES["durham"], POLICIES["birmingham"]
EDD = date(2027, 3, 1)


def referral(dice: random.Random) -> dict[str, Any]:
    """An invented referral in which anything may lie on either side of any boundary, or be unknown."""
    received = EDD - timedelta(days=280 - dice.randint(130, 260))
    maybe: dict[str, Any] = {
        "edd": EDD.isoformat(),
        "statutory_assessment_required": dice.random() < 0.5,
        "current_proceedings_for_another_child": dice.random() < 0.2,
        "older_siblings_at_home": dice.random() < 0.2,
        "relinquished": dice.random() < 0.1,
        "first_time_parents": dice.random() < 0.5,
        "risk_factors": dice.sample(["1A", "2A", "3A", "4A"], dice.randint(0, 3)),
        "proceedings_ended_on": dice.choice(["never", (received - timedelta(days=dice.randint(1, 900))).isoformat()]),
        "family_open_to": dice.choice(["none", "safeguarding"]),
        "parents": [parent(dice, received, role) for role in ("mother", "father")[: dice.randint(1, 2)]],
    }
    return {
        "received_on": received.isoformat(),
        **{name: value for name, value in maybe.items() if dice.random() < 0.9},
    }


def parent(dice: random.Random, received: date, role: str) -> dict[str, Any]:
    removals = [
        {
            "through": dice.choice(["care_proceedings", "section_20", "private_law_order"]),
            "authority": "durham",
            "removed_on": (received - timedelta(days=dice.randint(1, 3000))).isoformat(),
        }
        for _ in range(dice.randint(0, 2))
    ]
    maybe: dict[str, Any] = {
        "date_of_birth": (received - timedelta(days=dice.randint(14, 28) * 365 + dice.randint(0, 400))).isoformat(),
        "in_full_time_education": dice.random() < 0.5,
        "learning_disability": dice.choice(["none", "suspected", "diagnosed"]),
        "care_status": dice.choice(["none", "care_leaver", "child_in_care"]),
        "permanently_resident": dice.random() < 0.7,
        "positive_change": dice.random() < 0.5,
        "consent": dice.choice(["given", "refused", "not_asked", "not_needed"]),
        "previous_removals": removals,
    }
    return {"role": role, **{name: value for name, value in maybe.items() if dice.random() < 0.9}}


@pytest.mark.parametrize("policy", [DURHAM, BIRMINGHAM], ids=lambda one: one.authority)
def test_a_referral_decided_in_bulk_comes_out_as_it_does_alone(policy: Policy) -> None:
    dice = random.Random(20261125)
    changed, groups = what_if(policy, weeks=24), set()
    decider = Decider(policy, changed)
    for _ in range(400):
        told = referral(dice)
        first, second = decider.decide(told)
        alone = decide(policy, told)
        assert dict(first.short) == {name: getattr(alone, name) for name in first.short}
        assert first.rules == tuple((one.id, one.result) for one in alone.rules)
        assert second.short["decision"] == decide(changed, told).decision
        groups.add(first.group)
    assert groups == set(GROUPS.values())


def test_before_24_weeks_is_23_and_6_at_the_latest() -> None:
    changed = what_if(DURHAM, weeks=24)
    told = {
        "edd": EDD.isoformat(),
        "parents": [{"role": "mother", "learning_disability": "diagnosed", "consent": "given"}],
    }
    for days, decision in ((167, "accept"), (168, "route")):
        received = EDD - timedelta(days=280 - days)
        assert decide(changed, {**told, "received_on": received.isoformat()}).decision == decision
    assert what_if(DURHAM, weeks=21).criteria == DURHAM.criteria
    assert (changed.version, changed.digest != DURHAM.digest) == ("2026.1, before 24 weeks", True)
    assert what_if(BIRMINGHAM, weeks=28).criteria == BIRMINGHAM.criteria


def test_without_positive_change_a_removal_is_enough() -> None:
    nothing_else = {"learning_disability": "none", "care_status": "none", "in_full_time_education": False}
    removed: dict[str, Any] = {**nothing_else, "role": "mother", "consent": "given"}
    removed["previous_removals"] = [{"through": "care_proceedings"}]
    told = {"received_on": "2026-10-01", "edd": EDD.isoformat(), "parents": [{**removed, "positive_change": False}]}
    assert decide(DURHAM, told).decision == "route"
    changed = what_if(DURHAM, without=["positive_change"])
    assert decide(changed, told).rule == "C1"
    assert left_out(DURHAM)["positive_change"] == "C1"
    with pytest.raises(BadInput, match="there are: positive_change, in_full_time_education"):
        what_if(DURHAM, without=["kindness"])
