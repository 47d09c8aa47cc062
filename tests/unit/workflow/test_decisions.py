"""A referral's facts give exactly the decisions of domain.md 1, 2.1, 2.4 and 2.6, and an unknown is never guessed."""

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import Policy, load_policies
from workflow.decisions import Decision, decide, with_derived, without_nulls

POLICIES = load_policies()
DURHAM, BIRMINGHAM = POLICIES["durham"], POLICIES["birmingham"]
EDD = "2027-06-10"  # domain.md 6: 20+6 on 27 January, 21+0 on 28 January, 27+6 on 17 March, 28+0 on 18 March 2027
KEYS = ["decision", "service", "default_service", "rule", "rules", "overlays", "flags", "missing"]


def mother(**changes: Any) -> dict[str, Any]:
    """A mother of whom everything is known and no criterion is met."""
    return {
        "role": "mother",
        "date_of_birth": "1997-03-01",
        "in_full_time_education": False,
        "learning_disability": "none",
        "care_status": "none",
        "permanently_resident": True,
        "plan": "none",
        "subject_of_current_proceedings": False,
        "own_social_worker": "none",
        "open_to": "none",
        "significant_needs": False,
        "previous_removals": [],
        "positive_change": False,
        "consent": "given",
    } | changes


def father(**changes: Any) -> dict[str, Any]:
    return mother(role="father", date_of_birth="1995-03-01") | changes


def family(*parents: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A referral in time (20+0) of which everything is known and no criterion is met."""
    return {
        "received_on": "2027-01-21",
        "edd": EDD,
        "source": "cass",
        "immediate_safety_concern": False,
        "parents": list(parents) or [mother()],
        "statutory_assessment_required": False,
        "relinquished": False,
        "first_time_parents": False,
        "risk_factors": [],
        "current_proceedings_for_another_child": False,
        "older_siblings_at_home": False,
        "family_open_to": "none",
        "proceedings_ended_on": "never",
        "presented_very_late": False,
    } | changes


def removal(
    removed_on: str | None = "2025-01-21", through: str | None = "care_proceedings", authority: str | None = "Durham"
) -> dict[str, Any]:
    return {"removed_on": removed_on, "through": through, "authority": authority}


def durham(*parents: dict[str, Any], **changes: Any) -> Decision:
    return decide(DURHAM, family(*parents, **changes))


def birmingham(*parents: dict[str, Any], **changes: Any) -> Decision:
    return decide(BIRMINGHAM, family(*parents, **changes))


def result(decision: Decision, rule: str) -> str:
    return next(one.result for one in decision.rules if one.id == rule)


def outcome(decision: Decision) -> tuple[str, str | None, str | None]:
    """Decision, service (or the one suggested to a manager) and rule."""
    return decision.decision, decision.service or decision.default_service, decision.rule


ACCEPTED = mother(learning_disability="diagnosed")

# The decision as JSON


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_a_decision_has_exactly_the_keys_others_rely_on(policy: Policy) -> None:
    written = decide(policy, family()).to_json()
    assert list(written) == KEYS
    assert all(list(rule) == ["id", "result", "because"] for rule in written["rules"])
    assert all(isinstance(written[key], list) for key in ("rules", "overlays", "flags", "missing"))


def test_the_trace_holds_every_rule_and_no_helper() -> None:
    assert [one.id for one in durham().rules] == ["B0", "C1", "C2", "C3", "C4", "G1", "G2"]
    assert [one.id for one in birmingham().rules] == (
        ["B0", "B2", "B1", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B9s", "B11", "X1", "X2"]
    )


def test_each_answer_says_in_words_which_facts_gave_it() -> None:
    trace = {one.id: one.because for one in durham(mother(), father(learning_disability=None)).rules}
    assert trace["G1"].endswith("met (gestation when the referral was received 20+0)")
    assert trace["C2"] == (
        "A parent has a diagnosed learning disability: not known (father (parent 2): learning disability not known)"
    )
    assert trace["G2"].startswith("The parents gave meaningful consent: met (every parent consents")


def test_rules_over_nobody_say_that_nobody_is_recorded() -> None:
    nobody = decide(DURHAM, family() | {"parents": []})
    assert "no parent is recorded" in {one.id: one.because for one in nobody.rules}["C2"]
    assert "no previous removal is recorded" in {one.id: one.because for one in durham().rules}["C1"]
    assert outcome(nobody) == ("route", "families_first", None)


# Durham (domain.md 1, 2.6)


@pytest.mark.parametrize(
    ("parents", "changes", "rule"),
    [
        ([mother(previous_removals=[removal()], positive_change=True)], {}, "C1"),
        ([mother(), father(learning_disability="diagnosed")], {}, "C2"),
        ([mother(date_of_birth="2011-01-22", in_full_time_education=True)], {}, "C3"),
        (
            [mother(care_status="care_leaver", date_of_birth="2002-01-22")],
            {"statutory_assessment_required": True},
            "C4",
        ),
    ],
)
def test_durham_accepts_on_any_one_criterion(parents: Any, changes: Any, rule: str) -> None:
    assert outcome(durham(*parents, **changes)) == ("accept", "pre_birth", rule)


def test_durham_reports_the_first_criterion_that_is_met() -> None:
    both = mother(previous_removals=[removal()], positive_change=True, learning_disability="diagnosed")
    assert durham(both).rule == "C1"
    assert durham(both | {"positive_change": None}).rule == "C2"


@pytest.mark.parametrize(
    ("parents", "changes"),
    [
        ([mother()], {}),
        ([mother(previous_removals=[removal()])], {}),
        ([mother(previous_removals=[removal(through="section_20")], positive_change=True)], {}),
        ([mother(previous_removals=[removal(through="private_law_order")], positive_change=True)], {}),
        ([mother(previous_removals=[removal()]), father(positive_change=True)], {}),  # not the same parent
        ([mother(date_of_birth="2011-01-22")], {}),  # under 16, not in education
        ([mother(), father(date_of_birth="2011-01-22", in_full_time_education=True)], {}),  # not the mother
        ([mother(care_status="care_leaver", date_of_birth="2002-01-22")], {}),  # no statutory assessment
        (
            [mother(care_status="child_in_care", date_of_birth="2010-01-22")],
            {"statutory_assessment_required": True},
        ),
        (
            [mother(care_status="care_leaver", date_of_birth="2002-01-22", permanently_resident=False)],
            {"statutory_assessment_required": True},
        ),
    ],
)
def test_durham_routes_to_families_first_where_no_criterion_is_met(parents: Any, changes: Any) -> None:
    assert outcome(durham(*parents, **changes)) == ("route", "families_first", None)


@pytest.mark.parametrize(
    ("received_on", "expected"),
    [("2027-01-27", ("accept", "pre_birth", "C2")), ("2027-01-28", ("route", "families_first", "G1"))],
)
def test_the_last_eligible_day_in_durham_is_20_plus_6(received_on: str, expected: Any) -> None:
    assert outcome(durham(ACCEPTED, received_on=received_on)) == expected


def test_a_late_referral_reports_the_gate_whatever_the_criteria() -> None:
    assert durham(received_on="2027-01-28").rule == "G1"
    assert durham(mother(learning_disability=None), received_on="2027-01-28").rule == "G1"


def test_without_any_criterion_gestation_need_not_be_known() -> None:
    assert outcome(durham(edd=None)) == ("route", "families_first", None)


def test_gestation_is_asked_for_where_a_criterion_is_met() -> None:
    decision = durham(ACCEPTED, edd=None)
    assert (decision.decision, decision.missing) == ("more_information", ("edd",))


@pytest.mark.parametrize(("born", "rule"), [("2011-01-22", "C3"), ("2011-01-21", None), ("2014-06-01", "C3")])
def test_a_mother_counts_as_under_16_until_her_birthday(born: str, rule: str | None) -> None:
    assert durham(mother(date_of_birth=born, in_full_time_education=True)).rule == rule


@pytest.mark.parametrize(
    ("born", "rule", "flags"),
    [
        ("2002-01-22", "C4", ()),
        ("2002-01-21", None, ("age_25_manager_may_decide",)),  # the 25th birthday itself
        ("2001-01-22", None, ("age_25_manager_may_decide",)),
        ("2001-01-21", None, ()),  # 26
    ],
)
def test_a_care_leaver_counts_until_the_25th_birthday_and_25_is_flagged(born: str, rule: Any, flags: Any) -> None:
    decision = durham(mother(care_status="care_leaver", date_of_birth=born), statutory_assessment_required=True)
    assert (decision.rule, decision.flags) == (rule, flags)


def test_a_birthday_on_29_february_falls_on_1_march_in_common_years() -> None:
    leaver = mother(care_status="care_leaver", date_of_birth="2004-02-29")
    late = {"statutory_assessment_required": True, "edd": "2029-09-01"}
    assert durham(leaver, received_on="2029-02-28", **late).rule == "C4"
    assert durham(leaver, received_on="2029-03-01", **late).rule is None


def test_a_suspected_learning_disability_is_not_met_but_flagged() -> None:
    decision = durham(mother(learning_disability="suspected"))
    assert outcome(decision) == ("route", "families_first", None)
    assert decision.flags == ("diagnosis_pending",)
    assert result(decision, "C2") == "not_met"


@pytest.mark.parametrize(
    ("consents", "expected"),
    [
        (("given",), ("accept", "pre_birth", "C2")),
        (("given", "given"), ("accept", "pre_birth", "C2")),
        (("given", "not_needed"), ("accept", "pre_birth", "C2")),
        (("not_needed",), ("consent_needed", "pre_birth", "C2")),  # the mother must give hers
        (("not_asked",), ("consent_needed", "pre_birth", "C2")),
        (("given", "not_asked"), ("consent_needed", "pre_birth", "C2")),
        (("refused",), ("manager_decision", "families_first", "G2")),
        (("given", "refused"), ("manager_decision", "families_first", "G2")),
        (("not_asked", "refused"), ("manager_decision", "families_first", "G2")),
        ((None,), ("consent_needed", "pre_birth", "C2")),  # not known to be given: it is asked for (domain 2.6)
        (("given", None), ("consent_needed", "pre_birth", "C2")),
        ((None, "refused"), ("manager_decision", "families_first", "G2")),  # whatever the other says
    ],
)
def test_durham_consent_decides_once_the_criteria_are_met(consents: Any, expected: Any) -> None:
    parents = [ACCEPTED | {"consent": consents[0]}, *(father(consent=one) for one in consents[1:])]
    assert outcome(durham(*parents)) == expected


def test_a_father_alone_cannot_consent_for_the_mother() -> None:
    assert durham(father(learning_disability="diagnosed")).decision == "consent_needed"


def test_a_suggested_service_is_no_service() -> None:
    refused = durham(ACCEPTED | {"consent": "refused"})
    assert (refused.service, refused.default_service) == (None, "families_first")


def test_consent_given_after_21_weeks_does_not_undo_a_referral_in_time() -> None:
    assert outcome(durham(ACCEPTED, received_on="2027-01-27")) == ("accept", "pre_birth", "C2")


# Birmingham (domain.md 2.1, 2.4, 2.6)

CARE_EXPERIENCED = mother(care_status="care_leaver", open_to="care_leavers", significant_needs=True)
WITHIN_5 = mother(previous_removals=[removal("2025-01-21")])
OVER_5 = [removal("2020-01-21")]
LATE = {"received_on": "2027-03-18"}
ENDED = {"proceedings_ended_on": "2026-06-01", "presented_very_late": True}


@pytest.mark.parametrize(
    ("parents", "changes", "expected"),
    [
        ([], {"current_proceedings_for_another_child": True}, ("route", "current_team", "B2")),
        ([], {"relinquished": True}, ("route", "asti", "B1")),
        ([], {"relinquished": True, "family_open_to": "children_in_care"}, ("route", "children_in_care", "B1")),
        ([], {"relinquished": True, "family_open_to": "safeguarding"}, ("route", "asti", "B1")),
        ([], {"older_siblings_at_home": True, "family_open_to": "safeguarding"}, ("route", "safeguarding", "B3")),
        (
            [],
            {"older_siblings_at_home": True, "family_open_to": "children_in_care"},
            ("route", "children_in_care", "B3"),
        ),
        ([], {"older_siblings_at_home": True}, ("route", "asti", "B3")),
        ([], {"older_siblings_at_home": True, "family_open_to": "asti"}, ("route", "asti", "B3")),
        ([], ENDED, ("route", "children_in_care", "B4")),
        ([], LATE, ("manager_decision", "asti", "B5")),
        ([], LATE | {"family_open_to": "safeguarding"}, ("manager_decision", "safeguarding", "B5")),
        ([], LATE | {"family_open_to": "children_in_care"}, ("manager_decision", "children_in_care", "B5")),
        ([], LATE | {"family_open_to": "asti"}, ("manager_decision", "asti", "B5")),
        ([mother(previous_removals=[removal(authority="none")])], {}, ("route", "asti", "B6")),
        ([WITHIN_5], {}, ("accept", "pre_birth", "B7")),
        ([mother(previous_removals=OVER_5)], {}, ("route", "safeguarding", "B8")),
        ([CARE_EXPERIENCED | {"previous_removals": OVER_5}], {}, ("accept", "pre_birth", "B8")),
        ([], {"first_time_parents": True, "risk_factors": ["1A", "4B"]}, ("accept", "pre_birth", "B9")),
        ([CARE_EXPERIENCED], {}, ("accept", "pre_birth", "B10")),
        ([], {"first_time_parents": True, "risk_factors": ["4A"]}, ("route", "asti", "B9s")),
        ([], {}, ("manager_decision", "asti", "B11")),
    ],
)
def test_birmingham_routes_each_family_by_its_rule(parents: Any, changes: Any, expected: Any) -> None:
    assert outcome(birmingham(*parents, **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"current_proceedings_for_another_child": True, "relinquished": True}, "B2"),  # 2.4-8
        ({"current_proceedings_for_another_child": True}, "B2"),  # 2.4-6: although removed within 5 years
        ({"relinquished": True, "older_siblings_at_home": True}, "B1"),
        ({"older_siblings_at_home": True, "family_open_to": "safeguarding"} | ENDED, "B3"),  # 2.4-9: open
        ({"older_siblings_at_home": True} | ENDED, "B4"),  # 2.4-9: not open
        (ENDED | LATE, "B4"),
        (LATE, "B5"),  # the gate comes before what would be accepted
    ],
)
def test_exclusions_and_late_presentation_come_before_what_would_be_accepted(changes: Any, rule: str) -> None:
    assert birmingham(WITHIN_5, **changes).rule == rule


@pytest.mark.parametrize(("received_on", "rule"), [("2027-03-17", "B7"), ("2027-03-18", "B5")])
def test_the_last_eligible_day_in_birmingham_is_27_plus_6(received_on: str, rule: str) -> None:
    assert birmingham(WITHIN_5, received_on=received_on).rule == rule


@pytest.mark.parametrize(("removed_on", "rule"), [("2022-01-22", "B7"), ("2022-01-21", "B8"), ("2021-01-22", "B8")])
def test_the_fifth_anniversary_counts_as_five_years(removed_on: str, rule: str) -> None:
    assert birmingham(mother(previous_removals=[removal(removed_on)])).rule == rule


def test_the_most_recent_removal_of_any_parent_decides() -> None:
    older, newer = mother(previous_removals=OVER_5), father(previous_removals=[removal("2024-01-21")])
    assert birmingham(older, newer).rule == "B7"
    assert birmingham(mother(previous_removals=[removal("2024-01-21"), *OVER_5])).rule == "B7"


@pytest.mark.parametrize(
    ("through", "authority", "rule", "flags"),
    [
        ("care_proceedings", "Leeds", "B7", ()),
        ("private_law_order", "Leeds", "B7", ("private_law_order",)),
        ("private_law_order", "none", "B6", ()),
        ("section_20", "Leeds", "B11", ()),
        ("relinquished", "Leeds", "B11", ()),
    ],
)
def test_only_care_proceedings_and_supported_private_law_orders_count(
    through: str, authority: str, rule: str, flags: Any
) -> None:
    decision = birmingham(mother(previous_removals=[removal(through=through, authority=authority)]))
    assert (decision.rule, decision.flags) == (rule, flags)


def test_a_private_law_order_is_flagged_where_it_is_the_most_recent() -> None:
    court, order = removal("2024-01-21"), removal("2025-01-21", "private_law_order")
    assert birmingham(mother(previous_removals=[court, order])).flags == ("private_law_order",)
    assert birmingham(mother(previous_removals=[court]), father(previous_removals=[order])).flags == (
        "private_law_order",
    )
    assert birmingham(mother(previous_removals=[order, removal("2026-01-21")])).flags == ()
    assert birmingham(mother(previous_removals=[order, removal(None)])).flags == ()
    old = removal("2019-01-21", "private_law_order")
    assert birmingham(mother(previous_removals=[old])).flags == ("private_law_order",)
    assert birmingham(mother(previous_removals=[old]), current_proceedings_for_another_child=True).flags == ()


@pytest.mark.parametrize("other", ["Birmingham", None])
def test_no_authority_may_have_been_part_of_any_removal_for_b6(other: str | None) -> None:
    none = removal(authority="none", through="relinquished")
    decision = birmingham(mother(previous_removals=[none]), father(previous_removals=[removal(authority=other)]))
    assert decision.rule == ("B7" if other else None)


@pytest.mark.parametrize(
    ("ended_on", "rule"),
    [("2026-01-22", "B4"), ("2026-01-21", "B11"), ("2027-01-21", "B4"), ("2027-01-22", "B11"), ("never", "B11")],
)
def test_proceedings_ended_recently_means_less_than_12_calendar_months_before(ended_on: str, rule: str) -> None:
    assert birmingham(proceedings_ended_on=ended_on, presented_very_late=True).rule == rule


def test_very_late_is_a_manager_s_judgement_and_review_is_suggested_from_36_weeks() -> None:
    assert birmingham(proceedings_ended_on="2026-06-01", received_on="2027-05-13").rule == "B5"
    assert birmingham(received_on="2027-05-13").flags == ("review_late_presentation",)
    assert birmingham(received_on="2027-05-12").flags == ()


@pytest.mark.parametrize(
    ("factors", "rule"),
    [
        (["1A", "1B"], "B9s"),  # one group
        (["1A", "21"], "B9s"),  # 21: no factors
        (["1A", "2B", "21"], "B9"),
        (["4A", "4B", "16A"], "B9"),
        (["21"], "B11"),
        ([], "B11"),
    ],
)
def test_risk_factors_are_counted_by_group(factors: list[str], rule: str) -> None:
    assert birmingham(first_time_parents=True, risk_factors=factors).rule == rule


def test_only_first_time_parents_are_judged_by_risk_factors() -> None:
    assert birmingham(risk_factors=["1A", "2B"]).rule == "B11"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "B10"),
        ({"care_status": "child_in_care", "open_to": "children_in_care"}, "B10"),
        ({"care_status": "none"}, "B11"),
        ({"open_to": "safeguarding"}, "B11"),
        ({"open_to": "none"}, "B11"),
        ({"significant_needs": False}, "B11"),
    ],
)
def test_a_care_experienced_parent_must_be_open_to_a_care_team_and_have_needs(changes: Any, rule: str) -> None:
    assert birmingham(CARE_EXPERIENCED | changes).rule == rule


def test_b10_must_hold_for_one_and_the_same_parent() -> None:
    open_only = mother(open_to="care_leavers", significant_needs=True)
    assert birmingham(open_only, father(care_status="care_leaver")).rule == "B11"


def test_a_removal_long_ago_with_care_experience_is_accepted_for_a_manager_to_confirm() -> None:
    assert birmingham(CARE_EXPERIENCED | {"previous_removals": OVER_5}).flags == ("manager_must_confirm",)
    assert birmingham(CARE_EXPERIENCED).flags == ()
    unknown = birmingham(CARE_EXPERIENCED | {"previous_removals": OVER_5, "open_to": None})
    assert unknown.decision == "more_information"


def test_a_relinquished_baby_of_a_family_in_proceedings_is_flagged() -> None:
    assert birmingham(current_proceedings_for_another_child=True, relinquished=True).flags == ("relinquished",)
    assert birmingham(relinquished=True).flags == ()


@pytest.mark.parametrize(
    ("source", "flags"), [("cass", ()), ("transfer", ()), ("health", ("not_via_front_door",)), (None, ())]
)
def test_a_referral_that_missed_the_front_door_is_flagged_and_routed_all_the_same(source: Any, flags: Any) -> None:
    decision = birmingham(WITHIN_5, source=source)
    assert (decision.rule, decision.flags) == ("B7", flags)


@pytest.mark.parametrize(
    ("born", "changes", "overlays"),
    [
        ("2009-01-22", {"plan": "child_in_need"}, ("X1",)),
        ("2009-01-22", {"plan": "child_protection"}, ("X1",)),
        ("2009-01-21", {"plan": "child_protection"}, ()),  # 18 that day
        ("2009-01-22", {"subject_of_current_proceedings": True}, ("X2",)),
        ("2009-01-22", {"plan": "child_in_need", "subject_of_current_proceedings": True}, ("X1", "X2")),
        ("2009-01-22", {}, ()),
        (None, {"plan": "child_in_need"}, ()),
    ],
)
def test_a_young_parent_s_own_plan_is_an_overlay_and_never_changes_the_service(
    born: Any, changes: Any, overlays: Any
) -> None:
    young = birmingham(WITHIN_5, father(date_of_birth=born, **changes))
    assert young.overlays == overlays
    assert outcome(young) == ("accept", "pre_birth", "B7")


# Unknown facts


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
@pytest.mark.parametrize(("concern", "flagged", "missing"), [(True, True, False), (False, False, False), (None, 0, 1)])
def test_an_immediate_safety_concern_is_flagged_or_asked_for_everywhere(
    policy: Policy, concern: Any, flagged: bool, missing: bool
) -> None:
    decision = decide(policy, family(ACCEPTED, immediate_safety_concern=concern))
    assert ("protection_response_first" in decision.flags) == flagged
    assert ("immediate_safety_concern" in decision.missing) == missing
    assert outcome(decision) == outcome(decide(policy, family(ACCEPTED)))


@pytest.mark.parametrize(
    "fact",
    [
        "current_proceedings_for_another_child",
        "relinquished",
        "older_siblings_at_home",
        "edd",
        "received_on",
        "parents",
    ],
)
def test_a_fact_birmingham_cannot_do_without_is_named_as_missing(fact: str) -> None:
    for unknown in (family() | {fact: None}, {key: value for key, value in family().items() if key != fact}):
        decision = decide(BIRMINGHAM, unknown)
        assert (decision.decision, decision.service, decision.rule) == ("more_information", None, None)
        assert fact in decision.missing


@pytest.mark.parametrize(
    ("changes", "unknown", "missing"),
    [
        ({"relinquished": True}, "family_open_to", ("family_open_to",)),
        ({"older_siblings_at_home": True}, "family_open_to", ("family_open_to",)),
        ({"proceedings_ended_on": "2026-06-01"}, "presented_very_late", ("presented_very_late",)),
        ({"presented_very_late": True}, "proceedings_ended_on", ("proceedings_ended_on",)),
        ({"first_time_parents": True}, "risk_factors", ("risk_factors",)),
    ],
)
def test_a_fact_is_asked_for_only_where_it_matters(changes: Any, unknown: str, missing: Any) -> None:
    decision = birmingham(**changes | {unknown: None})
    assert (decision.decision, decision.missing) == ("more_information", missing)
    assert birmingham(**{unknown: None}).decision != "more_information"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"previous_removals": None}, ("parents[1].previous_removals",)),
        ({"previous_removals": [removal(authority=None)]}, ("parents[1].previous_removals[0].authority",)),
        ({"previous_removals": [removal(removed_on=None)]}, ("parents[1].previous_removals[0].removed_on",)),
        ({"previous_removals": [removal(through=None)]}, ("parents[1].previous_removals[0].through",)),
        ({"care_status": "care_leaver", "significant_needs": True, "open_to": None}, ("parents[1].open_to",)),
    ],
)
def test_what_is_missing_names_the_parent_and_the_removal(changes: Any, missing: Any) -> None:
    decision = birmingham(mother(), father(**changes))
    assert (decision.decision, decision.missing) == ("more_information", missing)


def test_everything_missing_is_asked_for_at_once() -> None:
    decision = birmingham(relinquished=None, older_siblings_at_home=None, first_time_parents=None, risk_factors=["1A"])
    assert decision.missing == ("relinquished", "older_siblings_at_home", "first_time_parents")


def test_a_rule_that_is_certain_needs_no_later_fact() -> None:
    certain = {"received_on": "2027-01-21", "current_proceedings_for_another_child": True}
    assert outcome(decide(BIRMINGHAM, certain)) == ("route", "current_team", "B2")
    late = {"received_on": "2027-01-28", "edd": EDD}
    assert outcome(decide(DURHAM, late)) == ("route", "families_first", "G1")


def test_an_unknown_open_service_leaves_the_default_suggestion_and_is_asked_for() -> None:
    decision = birmingham(**LATE, family_open_to=None)
    assert outcome(decision) == ("manager_decision", "asti", "B5")
    assert decision.missing == ("family_open_to",)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"learning_disability": None}, "parents[0].learning_disability"),
        ({"previous_removals": [removal()], "positive_change": None}, "parents[0].positive_change"),
        ({"previous_removals": None, "positive_change": True}, "parents[0].previous_removals"),
        ({"date_of_birth": None, "in_full_time_education": True}, "parents[0].date_of_birth"),
        ({"date_of_birth": "2012-01-01", "in_full_time_education": None}, "parents[0].in_full_time_education"),
        ({"role": None, "date_of_birth": "2012-01-01", "in_full_time_education": True}, "parents[0].role"),
        ({"care_status": None, "date_of_birth": "2005-01-01"}, "parents[0].care_status"),
        (
            {"care_status": "care_leaver", "date_of_birth": "2005-01-01", "permanently_resident": None},
            "parents[0].permanently_resident",
        ),
    ],
)
def test_each_fact_durham_needs_is_asked_for_by_name(changes: Any, missing: str) -> None:
    decision = durham(mother(**changes), statutory_assessment_required=True)
    assert (decision.decision, decision.missing) == ("more_information", (missing,))


def test_nothing_known_at_all_asks_and_does_not_fail() -> None:
    for policy in (DURHAM, BIRMINGHAM):
        decision = decide(policy, {})
        assert decision.decision == "more_information"
        assert {"received_on", "edd", "parents", "immediate_safety_concern"} <= set(decision.missing)
    assert decide(POLICIES["statutory"], {}).decision == "manager_decision"


def test_null_is_unknown_at_every_depth() -> None:
    facts = family(mother(previous_removals=[removal(authority=None)]), edd=None)
    assert without_nulls(facts)["parents"][0]["previous_removals"] == [
        {"removed_on": "2025-01-21", "through": "care_proceedings"}
    ]
    assert "edd" not in without_nulls(facts)
    assert decide(BIRMINGHAM, facts) == decide(BIRMINGHAM, without_nulls(facts))


def test_dates_may_be_given_as_dates() -> None:
    written = family(WITHIN_5)
    as_dates = written | {"received_on": date(2027, 1, 21), "edd": date(2027, 6, 10)}
    assert decide(BIRMINGHAM, as_dates) == decide(BIRMINGHAM, written)
    assert with_derived(as_dates)["gestation_days"] == 140


# Properties


days = st.sampled_from(["2021-12-31", "2022-01-21", "2022-01-22", "2024-02-29", "2026-01-21", "2026-01-22"])
removals = st.fixed_dictionaries(
    {
        "through": st.sampled_from(["care_proceedings", "private_law_order", "section_20", "relinquished"]),
        "removed_on": days,
        "authority": st.sampled_from(["none", "Birmingham"]),
    }
)
births = st.sampled_from(["1990-01-01", "2001-01-21", "2002-01-21", "2002-01-22", "2009-01-22", "2011-01-22"])
parents = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["mother", "father", "other"]),
        "date_of_birth": births,
        "in_full_time_education": st.booleans(),
        "learning_disability": st.sampled_from(["none", "suspected", "diagnosed"]),
        "care_status": st.sampled_from(["none", "child_in_care", "care_leaver"]),
        "permanently_resident": st.booleans(),
        "plan": st.sampled_from(["none", "child_in_need", "child_protection"]),
        "subject_of_current_proceedings": st.booleans(),
        "open_to": st.sampled_from(["none", "children_in_care", "care_leavers", "safeguarding"]),
        "significant_needs": st.booleans(),
        "previous_removals": st.lists(removals, max_size=2),
        "positive_change": st.booleans(),
        "consent": st.sampled_from(["given", "refused", "not_asked", "not_needed"]),
    }
)
seldom = st.sampled_from([False, False, False, True])
referrals = st.fixed_dictionaries(
    {
        "received_on": st.sampled_from(["2027-01-21", "2027-01-27", "2027-01-28", "2027-03-17", "2027-03-18"]),
        "edd": st.just(EDD),
        "source": st.sampled_from(["cass", "transfer", "health"]),
        "immediate_safety_concern": st.booleans(),
        "parents": st.lists(parents, max_size=2),
        "statutory_assessment_required": st.booleans(),
        "relinquished": seldom,
        "first_time_parents": st.booleans(),
        "risk_factors": st.lists(st.sampled_from(["1A", "1B", "2A", "21"]), max_size=3),
        "current_proceedings_for_another_child": seldom,
        "older_siblings_at_home": seldom,
        "family_open_to": st.sampled_from(["none", "safeguarding", "children_in_care", "asti"]),
        "proceedings_ended_on": st.sampled_from(["never", "2026-01-21", "2026-06-01"]),
        "presented_very_late": st.booleans(),
    }
)


def _places(facts: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a fact stands that could be unknown: every key, at every depth."""
    found = []
    items = facts.items() if isinstance(facts, dict) else enumerate(facts) if isinstance(facts, list) else ()
    for key, value in items:
        if isinstance(facts, dict):
            found.append((*place, key))
        found += _places(value, (*place, key))
    return found


def _forget(facts: Any, forgotten: set[tuple[Any, ...]], place: tuple[Any, ...] = ()) -> Any:
    if isinstance(facts, dict):
        return {
            key: None if (*place, key) in forgotten else _forget(value, forgotten, (*place, key))
            for key, value in facts.items()
        }
    if isinstance(facts, list):
        return [_forget(value, forgotten, (*place, index)) for index, value in enumerate(facts)]
    return facts


@pytest.mark.parametrize("policy", [DURHAM, BIRMINGHAM], ids=["durham", "birmingham"])
@settings(max_examples=400, deadline=None)
@given(full=referrals, data=st.data())
def test_learning_an_unknown_fact_never_changes_what_was_decided(policy: Policy, full: Any, data: Any) -> None:
    forgotten = data.draw(st.sets(st.sampled_from(_places(full)), max_size=6))
    learnt = set(data.draw(st.lists(st.sampled_from(sorted(forgotten, key=str)), unique=True))) if forgotten else set()
    before = decide(policy, _forget(full, forgotten))
    after = decide(policy, _forget(full, forgotten - learnt))
    if before.decision == "more_information":
        assert before.missing
        assert before.rule is before.service is before.default_service is None
    elif before.decision == "consent_needed" and any(place[-1] == "consent" for place in learnt):
        assert after.decision in ("consent_needed", "accept", "manager_decision")  # an answer that is not in yet
    else:
        assert (after.decision, after.service) == (before.decision, before.service)
        assert after.default_service == before.default_service or "family_open_to" in before.missing


@pytest.mark.parametrize("policy", [DURHAM, BIRMINGHAM], ids=["durham", "birmingham"])
@settings(max_examples=200, deadline=None)
@given(full=referrals)
def test_where_everything_is_known_nothing_is_asked_and_the_order_of_parents_is_nothing(
    policy: Policy, full: Any
) -> None:
    decision = decide(policy, full)
    assert decision.decision != "more_information"
    assert not decision.missing
    assert "unknown" not in {one.result for one in decision.rules}
    turned = decide(policy, full | {"parents": full["parents"][::-1]})
    assert [outcome(turned), turned.flags, turned.overlays] == [outcome(decision), decision.flags, decision.overlays]


def _birmingham_by_hand(facts: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """domain.md 2.6 written out a second time, for facts that are all known."""
    taken = [one for parent in facts["parents"] for one in parent["previous_removals"]]
    counted = [
        one["removed_on"]
        for one in taken
        if one["through"] == "care_proceedings"
        or (one["through"] == "private_law_order" and one["authority"] != "none")
    ]
    received, open_to, ended = facts["received_on"], facts["family_open_to"], facts["proceedings_ended_on"]
    within_5_years = bool(counted) and max(counted) > f"{int(received[:4]) - 5}{received[4:]}"
    late = facts["presented_very_late"] and ended != "never" and ended > f"{int(received[:4]) - 1}{received[4:]}"
    groups = len({code.rstrip("AB") for code in facts["risk_factors"]} - {"21"})
    experienced = any(
        one["care_status"] != "none"
        and one["open_to"] in ("children_in_care", "care_leavers")
        and one["significant_needs"]
        for one in facts["parents"]
    )
    siblings, first = facts["older_siblings_at_home"], facts["first_time_parents"]
    in_order = [
        (facts["current_proceedings_for_another_child"], "route", "current_team", "B2"),
        (facts["relinquished"], "route", "children_in_care" if open_to == "children_in_care" else "asti", "B1"),
        (siblings and open_to in ("safeguarding", "children_in_care"), "route", open_to, "B3"),
        (late, "route", "children_in_care", "B4"),
        (siblings, "route", "asti", "B3"),
        (received >= "2027-03-18", "manager_decision", "asti" if open_to == "none" else open_to, "B5"),
        (bool(taken) and all(one["authority"] == "none" for one in taken), "route", "asti", "B6"),
        (within_5_years, "accept", "pre_birth", "B7"),
        (counted and experienced, "accept", "pre_birth", "B8"),
        (counted, "route", "safeguarding", "B8"),
        (first and groups >= 2, "accept", "pre_birth", "B9"),
        (experienced, "accept", "pre_birth", "B10"),
        (first and groups == 1, "route", "asti", "B9s"),
        (True, "manager_decision", "asti", "B11"),
    ]
    return next((decision, service, rule) for holds, decision, service, rule in in_order if holds)


@settings(max_examples=500, deadline=None)
@given(full=referrals)
def test_birmingham_agrees_with_the_rules_written_out_by_hand(full: Any) -> None:
    assert outcome(decide(BIRMINGHAM, full)) == _birmingham_by_hand(full)


def _durham_by_hand(facts: dict[str, Any]) -> tuple[str, str | None, str | None]:
    received, family_of = facts["received_on"], facts["parents"]

    def younger(parent: dict[str, Any], years: int) -> bool:
        return bool(parent["date_of_birth"] > f"{int(received[:4]) - years}{received[4:]}")

    met = {
        "C1": any(
            one["positive_change"] and any(gone["through"] == "care_proceedings" for gone in one["previous_removals"])
            for one in family_of
        ),
        "C2": any(one["learning_disability"] == "diagnosed" for one in family_of),
        "C3": any(one["role"] == "mother" and one["in_full_time_education"] and younger(one, 16) for one in family_of),
        "C4": facts["statutory_assessment_required"]
        and any(
            one["care_status"] == "care_leaver" and one["permanently_resident"] and younger(one, 25)
            for one in family_of
        ),
    }
    if received >= "2027-01-28":
        return "route", "families_first", "G1"
    first = next((rule for rule, holds in met.items() if holds), None)
    if first is None:
        return "route", "families_first", None
    consents = [one["consent"] for one in family_of]
    mothers = [one["consent"] for one in family_of if one["role"] == "mother"]
    if "refused" in consents:
        return "manager_decision", "families_first", "G2"
    agreed = "not_asked" not in consents and "given" in mothers and "not_needed" not in mothers
    return "accept" if agreed else "consent_needed", "pre_birth", first


@settings(max_examples=500, deadline=None)
@given(full=referrals)
def test_durham_agrees_with_the_rules_written_out_by_hand(full: Any) -> None:
    assert outcome(decide(DURHAM, full)) == _durham_by_hand(full)


def test_a_decision_takes_well_under_a_millisecond() -> None:
    facts = family(CARE_EXPERIENCED | {"previous_removals": [*OVER_5, removal()]}, father(previous_removals=OVER_5))
    for policy in (DURHAM, BIRMINGHAM):
        decide(policy, facts)
        best = min(_seconds(policy, facts) for _ in range(50))
        assert best < 0.001


def _seconds(policy: Policy, facts: dict[str, Any]) -> float:
    started = time.perf_counter()
    decide(policy, facts)
    return time.perf_counter() - started
