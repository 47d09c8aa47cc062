"""Whom Pause is offered to is an authority's own data, with a trace; and no practitioner is given a ninth woman."""

from datetime import date
from typing import Any

import pytest
from journeys.test_pause import PL, PP, SM, identified

from config.policy import PauseEligibility, Policy, PolicyError, load_policy
from workflow.eligibility import eligibility
from workflow.pause_caseloads import pause_caseloads, standing

from doors import doors_to
from factories import POLICIES, Desk
from walks import Walk

pytestmark = pytest.mark.mostly_one_database
TODAY = date(2026, 11, 25)
KNOWN: dict[str, Any] = {
    "children_removed": 2,
    "removals": [{"removed_on": "2023-05-01", "children": 1}, {"removed_on": "2021-11-25", "children": 1}],
    "date_of_birth": "1995-05-05",
    "lives_here": True,
    "children_with_her": 0,
}


def decided(authority: str, **facts: Any) -> dict[str, Any]:
    found = eligibility(POLICIES[authority], {**KNOWN, **facts}, TODAY)
    assert found is not None
    return found


def answers(found: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["result"] for one in found["rules"]}


@pytest.mark.parametrize(
    ("authority", "facts", "decision", "rule"),
    [
        ("durham", {}, "eligible", None),
        ("durham", {"children_removed": 1, "removals": None}, "eligible", None),  # one or more: S-PAU
        ("birmingham", {"children_removed": 1, "removals": None}, "not_eligible", "E1"),  # two or more: DORSET
        ("birmingham", {}, "not_eligible", "E2"),  # the fifth anniversary counts as beyond
        ("birmingham", {"removals": [{"removed_on": "2021-11-26", "children": 2}]}, "eligible", None),
        ("birmingham", {"removals": None}, "more_information", None),
        ("durham", {"date_of_birth": "1975-05-05"}, "eligible", None),  # Durham names no age
        (
            "birmingham",
            {"removals": [{"removed_on": "2025-01-01", "children": 2}], "date_of_birth": "1975-05-05"},
            "not_eligible",
            "E3",
        ),
        ("durham", {"lives_here": False}, "not_eligible", "E4"),
        ("durham", {"children_with_her": 1}, "not_eligible", "E5"),
        ("durham", {"children_with_her": None, "lives_here": None}, "more_information", None),
    ],
)
def test_the_criteria_are_those_of_the_authority(
    authority: str, facts: dict[str, Any], decision: str, rule: str | None
) -> None:
    found = decided(authority, **facts)
    assert (found["decision"], found["rule"]) == (decision, rule)


def test_each_criterion_says_what_was_asked_and_what_was_found() -> None:
    found = decided("birmingham", children_with_her=None)
    assert answers(found) == {"E1": "met", "E2": "not_met", "E3": "met", "E4": "met", "E5": "unknown"}
    assert found["rules"][1]["because"] == (
        "The removals lie within the years that count: not met (asked for: 2 or more within 5 years; found: 1)"
    )
    assert found["missing"] == ["children_with_her"]


def test_a_version_kept_from_before_the_criteria_were_data_decides_nothing() -> None:
    content = POLICIES["durham"].to_json()
    del content["pause_eligibility"]
    kept = Policy.from_json(content)
    assert eligibility(kept, KNOWN, TODAY) is None


def test_ages_the_wrong_way_round_are_refused(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="nobody could be eligible"):
        PauseEligibility(removals=1, age_from=40, age_to=20, basis="local", source="x", effective_from=TODAY)
    file = tmp_path / "leeds.toml"
    file.write_text(
        '[policy]\nauthority = "leeds"\nlabel = "Leeds"\nversion = "1"\n'
        'effective_from = 2026-11-01\nbased_on = "statutory"\n'
        '[pause_eligibility]\nremovals = 0\nbasis = "local"\nsource = "x"\neffective_from = 2026-11-01\n'
    )
    with pytest.raises(PolicyError, match=r"leeds.toml: pause_eligibility.removals: "):
        load_policy(file)


def test_the_trace_stands_in_evidence_and_outside_the_criteria_a_service_manager_agrees(desk: Desk) -> None:
    walk = identified(desk).step("start_check", PL)
    outside = {"lives_here": True, "children_with_her": 2, "meets_criteria": True}
    walk.refuses("find_eligible", PL, "needs the approval of a service manager", **outside)
    walk.approve("find_eligible", PL, SM).step("find_eligible", PL, to="pre_engagement", **outside)
    entries = desk.looks_as(PL).evidence(walk.case)
    (made,) = (one for one in entries if (one["trigger"], one["kind"]) == ("find_eligible", "moved"))
    assert made["approvals"]
    assert answers(made["trace"]["decision"])["E5"] == "not_met"
    shown = doors_to(desk).browser(PL).client.get(f"/cases/{walk.case}", headers={"accept": "text/html"}).text
    assert "Does not meet the local criteria of Pause" in shown
    assert "No child is in her care" in shown


def with_women(desk: Desk, women: int) -> list[Walk]:
    return [identified(desk).step("start_check", PL).step("find_eligible", PL) for _ in range(women)]


def test_eight_is_the_limit_and_the_lead_sees_who_is_below_six_and_above_eight(desk: Desk) -> None:
    walks = with_women(desk, 8)
    ninth = Walk(desk, "pause").open(PL).step("start_check", PL).step("find_eligible", PL)
    ninth.refuses("begin_engagement", PP, "already works with 8 other women", worker=PP)
    assert caseloads(desk, PL) == {PP: (8, "full"), "pause.PP2": (0, "below")}

    ninth.step("change_worker", PL, worker=PP)  # an absence may not leave a woman without anybody
    walks[0].step("change_worker", PL, worker="pause.PP2")
    walks[1].step("change_worker", PL, worker=PP)
    ninth2 = Walk(desk, "pause").open(PL, worker=PP)
    assert caseloads(desk, PL)[PP] == (9, "above")
    Walk(desk, "pause_follow_up").open(PL, followed_case=ninth2.case, worker=PP)  # no woman on the programme
    assert caseloads(desk, PL)[PP] == (9, "above")

    doors = doors_to(desk)
    shown = doors.browser(PL).client.get("/team", headers={"accept": "text/html"}).text
    assert "Above the limit" in shown
    assert "Fewer" in shown
    told = doors.get("/pause/caseloads", PL).json()["practitioners"]
    assert {one["username"]: one["standing"] for one in told} == {PP: "above", "pause.PP2": "below"}
    assert doors.get("/pause/caseloads", "baby.TM").json() == {"practitioners": []}
    assert "Women per Pause practitioner" not in doors.browser("baby.TM").client.get("/team", headers={"accept": "text/html"}).text  # fmt: skip # noqa: E501


def caseloads(desk: Desk, who: str) -> dict[str, tuple[int, str]]:
    with desk.database.read() as connection:
        rows = pause_caseloads(connection, desk.who(who), desk.now)
    return {row["username"]: (row["women"], row["standing"]) for row in rows}


def test_six_to_eight_is_within_and_at_the_limit() -> None:
    assert [standing(women) for women in (0, 5, 6, 7, 8, 9)] == ["below", "below", "within", "within", "full", "above"]
