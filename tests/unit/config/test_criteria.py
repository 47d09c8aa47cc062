"""Conditions answer met, not met or unknown, and one that could answer by accident is refused when it is loaded."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.criteria import (
    DERIVED,
    KNOWN_FACTS,
    Criterion,
    Finding,
    PolicyError,
    Result,
    Route,
    compile_condition,
    condition_problems,
    evaluate,
    evaluate_all,
)

MET, NOT_MET, UNKNOWN = Result.MET, Result.NOT_MET, Result.UNKNOWN
CONSENT = {"when": 'p.consent == "given"', "facts": ("parents.consent",)}
AUTHORITY = {"when": 'r.authority == "none"', "facts": ("parents.previous_removals.authority",)}


def criterion(**fields: Any) -> Criterion:
    return Criterion(**{"id": "A", "label": "A rule", "source": "a test", "facts": ()} | fields)


def ask(facts: dict[str, Any], /, **fields: Any) -> Finding:
    return evaluate(criterion(**fields), facts, {})


def problems(earlier: tuple[str, ...] = (), **fields: Any) -> list[tuple[str, str]]:
    return list(condition_problems(criterion(**fields), earlier))


# Answers


@pytest.mark.parametrize(
    ("when", "facts", "result"),
    [
        ("relinquished", {"relinquished": True}, MET),
        ("relinquished", {"relinquished": False}, NOT_MET),
        ("relinquished", {}, UNKNOWN),
        ("!relinquished", {}, UNKNOWN),
        ("relinquished && first_time_parents", {"first_time_parents": False}, NOT_MET),
        ("first_time_parents && relinquished", {"first_time_parents": False}, NOT_MET),
        ("relinquished && first_time_parents", {"first_time_parents": True}, UNKNOWN),
        ("relinquished || first_time_parents", {"first_time_parents": True}, MET),
        ("relinquished || first_time_parents", {"first_time_parents": False}, UNKNOWN),
        ("gestation_days <= 146", {"gestation_days": 146}, MET),
        ("gestation_days <= 146", {"gestation_days": 147}, NOT_MET),
        ('family_open_to in ["asti", "safeguarding"]', {"family_open_to": "asti"}, MET),
        ('family_open_to in ["asti", "safeguarding"]', {}, UNKNOWN),
        ('family_open_to != "asti"', {}, UNKNOWN),
    ],
)
def test_an_unknown_operand_counts_only_where_it_could_change_the_answer(
    when: str, facts: dict[str, Any], result: Result
) -> None:
    assert ask(facts, when=when).result is result


CONSENTS = {MET: {"consent": "given"}, NOT_MET: {"consent": "refused"}, UNKNOWN: {}}


@pytest.mark.parametrize("answers", [(), *((one,) for one in Result), *permutations(Result, 2), *permutations(Result)])
def test_any_and_all_join_the_answers_of_parents_whatever_their_order(answers: tuple[Result, ...]) -> None:
    facts = {"parents": [CONSENTS[answer] for answer in answers]}
    any_of = MET if MET in answers else UNKNOWN if UNKNOWN in answers else NOT_MET
    all_of = NOT_MET if NOT_MET in answers or not answers else UNKNOWN if UNKNOWN in answers else MET
    assert ask(facts, any="parents", **CONSENT).result is any_of
    assert ask(facts, all="parents", **CONSENT).result is all_of


def test_parents_that_are_not_known_at_all_answer_unknown() -> None:
    for join in ("any", "all"):
        finding = ask({}, **{join: "parents"}, **CONSENT)
        assert (finding.result, finding.missing) == (UNKNOWN, ("parents",))


def test_a_parent_whose_removals_are_not_known_counts_as_one_of_which_nothing_is_known() -> None:
    none = {"previous_removals": [{"authority": "none"}]}
    some = {"previous_removals": [{"authority": "Leeds"}]}
    for parents, any_of, all_of in (
        ([{"previous_removals": []}], NOT_MET, NOT_MET),
        ([none, {"previous_removals": []}], MET, MET),
        ([none, {}], MET, UNKNOWN),
        ([some, {}], UNKNOWN, NOT_MET),
        ([{"previous_removals": []}, {}], UNKNOWN, UNKNOWN),
    ):
        assert ask({"parents": parents}, any="removals", **AUTHORITY).result is any_of
        assert ask({"parents": parents}, all="removals", **AUTHORITY).result is all_of


def test_a_rule_over_removals_sees_the_parent_they_belong_to() -> None:
    both = {
        "any": "removals",
        "when": 'r.authority == "none" && p.positive_change',
        "facts": ("parents.previous_removals.authority", "parents.positive_change"),
    }
    removed = [{"authority": "none"}]
    parents: list[dict[str, Any]] = [
        {"previous_removals": removed, "positive_change": False},
        {"positive_change": False},
    ]
    assert ask({"parents": parents}, **both).result is NOT_MET
    parents[1]["positive_change"] = True
    assert ask({"parents": parents}, **both).missing == ("parents[1].previous_removals",)


def test_missing_names_only_what_could_not_be_answered() -> None:
    parents = [{"consent": "refused"}, {"role": "father"}, {"consent": "not_asked"}]
    assert ask({"parents": parents}, any="parents", **CONSENT).missing == ("parents[1].consent",)
    parents.append({"consent": "given"})
    assert ask({"parents": parents}, any="parents", **CONSENT).missing == ()


def test_a_criterion_may_build_on_earlier_ones_and_asks_for_what_they_lack() -> None:
    first = criterion(id="first", kind="helper", when="relinquished", facts=("relinquished",))
    second = criterion(id="B", when="!first && first_time_parents", facts=("first_time_parents",))
    assert evaluate_all([first, second], {"relinquished": True})["B"].result is NOT_MET
    unknown = evaluate_all([first, second], {})["B"]
    assert (unknown.result, unknown.missing) == (UNKNOWN, ("relinquished", "first_time_parents"))
    assert evaluate_all([first, second], {"relinquished": False, "first_time_parents": True})["B"].result is MET


def test_a_reason_names_a_rule_by_its_id_and_spells_a_helper_out() -> None:
    helper = criterion(id="first", label="the first", kind="helper", when="relinquished", facts=("relinquished",))
    rule = criterion(id="A", when="first_time_parents", facts=("first_time_parents",))
    last = criterion(id="B", label="Both", when="first && A")
    findings = evaluate_all([helper, rule, last], {"relinquished": True, "first_time_parents": False})
    assert findings["B"].because == "Both: not met (the first: met (baby to be relinquished yes); A not met)"


@pytest.mark.parametrize(
    ("when", "facts", "words"),
    [
        ("gestation_days > 1", {"gestation_days": 146}, "gestation when the referral was received 20+6"),
        ("gestation_days > 1", {"gestation_days": -3}, "before 0+0"),
        ('"1A" in risk_factors', {"risk_factors": ["1A", "2B"]}, "risk factors 1A, 2B"),
        ('"1A" in risk_factors', {"risk_factors": []}, "risk factors none"),
        ('family_open_to == "asti"', {"family_open_to": "children_in_care"}, "family open to children in care"),
        ("relinquished", {}, "baby to be relinquished not known"),
    ],
)
def test_facts_are_said_in_plain_words(when: str, facts: dict[str, Any], words: str) -> None:
    assert words in ask(facts, when=when).because


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        ("gestation_days <= 146", {"gestation_days": "20+6"}),
        ("family_open_to", {"family_open_to": "asti"}),
        ("relinquished && first_time_parents", {"relinquished": 1, "first_time_parents": True}),
    ],
)
def test_a_type_error_is_a_defect_and_never_unknown(when: str, facts: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match=r"A rule"):
        ask(facts, when=when)


# What is refused when a policy is loaded


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("parents.exists(p, p.positive_change)", r"parents\.exists\(\) cannot be called"),
        ("parents.all(p, p.positive_change)", r"parents\.all\(\) cannot be called"),
        ("parents.filter(p, p.positive_change)", r"parents\.filter\(\) cannot be called"),
        ("has(p.consent)", r"has\(\) cannot be called"),
        ("size (risk_factors) > 1", r"size\(\) cannot be called"),
        ("relinquished == null", "null cannot stand in a condition"),
        ("relinquished ? true : false", r"'\?' cannot stand in a condition"),
        ("factor_groups + 1 > 2", r"'\+' cannot stand in a condition"),
        ("relinquished &&", "is not a condition: "),
        ("relinquished first_time_parents", "is not a condition: "),
        ('family_open_to == "as\\u0074i"', "cannot stand in a condition"),
    ],
)
def test_a_condition_only_compares_and_joins(when: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compile_condition(when)
    assert [field for field, _ in problems(when=when)] == ["when"]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        (
            {"when": "relinquishd", "facts": ("relinquished",)},
            "when",
            "there is no fact, derived name or earlier criterion 'relinquishd'; did you mean 'relinquished'?",
        ),
        ({"when": "relinquished", "facts": ("relinquishd",)}, "facts", "there is no fact 'relinquishd'; did you mean"),
        ({"when": "B2"}, "when", "there is no fact, derived name or earlier criterion 'B2'"),
        ({"when": "relinquished"}, "facts", "must list 'relinquished', which the condition needs"),
        ({"when": "gestation_days < 9", "facts": ("received_on",)}, "facts", "must list 'edd'"),
        (
            {"when": "relinquished", "facts": ("relinquished", "edd")},
            "facts",
            "lists 'edd', which the condition does not need",
        ),
        ({"when": "p.age < 9", "facts": ()}, "when", "p.age can be read only where the rule is asked of each"),
        ({"when": "r.years_ago < 9", "any": "parents"}, "when", "any or all = 'removals'"),
        ({"when": "p.aeg < 9", "any": "parents"}, "when", "'p.aeg'; did you mean 'p.age'?"),
        ({"when": "p.previous_removals.through", "any": "parents"}, "when", "there is no fact"),
        ({"when": "parents.age < 9", "any": "parents"}, "when", "there is no fact"),
        ({"when": "p", "any": "parents"}, "when", "there is no fact"),
        ({"when": 'edd < "2027"', "facts": ("edd",)}, "when", "edd cannot be compared; use a derived name"),
        ({"when": "parents == parents", "facts": ("parents",)}, "when", "parents cannot be compared"),
        (
            {"when": 'family_open_to == "assti"', "facts": ("family_open_to",)},
            "when",
            "there is no choice 'assti'; did you mean 'asti'?",
        ),
        ({"when": "family_open_to < 3", "facts": ("family_open_to",)}, "when", "compares values of different types"),
        ({"when": "family_open_to", "facts": ("family_open_to",)}, "when", "answers neither yes nor no"),
        ({"when": "factor_groups == true", "facts": ("risk_factors",)}, "when", "can never be met"),
        (
            {"when": "factor_groups < 1 && factor_groups > 1", "facts": ("risk_factors",)},
            "when",
            "can never be met",
        ),
    ],
)
def test_a_rule_that_could_not_work_is_refused_with_its_reason(fields: dict[str, Any], field: str, says: str) -> None:
    found = problems(**fields)
    assert len(found) == 1
    assert found[0][0] == field
    assert says in found[0][1]


def test_a_type_error_behind_a_short_cut_is_found_too() -> None:
    hidden = "relinquished || family_open_to < 3"
    assert problems(when=hidden, facts=("relinquished", "family_open_to")) == [
        ("when", "compares values of different types, or answers neither yes nor no")
    ]


def test_a_condition_too_long_to_be_tried_is_refused() -> None:
    earlier = tuple(f"A{number}" for number in range(20))
    assert problems(earlier, when=" || ".join(earlier)) == [
        ("when", "is too long to be checked; move parts of it into helper criteria")
    ]


def test_a_sound_rule_has_no_problems() -> None:
    assert problems(("B1",), when="B1 && relinquished", facts=("relinquished",)) == []
    assert problems(any="parents", when='p.own_social_worker != "none"', facts=("parents.own_social_worker",)) == []
    assert problems(when='"1A" in risk_factors || source == "police"', facts=("risk_factors", "source")) == []


def test_every_derived_name_says_which_facts_it_needs() -> None:
    for name, derived in DERIVED.items():
        assert derived.needs, name
        assert set(derived.needs) <= set(KNOWN_FACTS)
    assert not set(DERIVED) & set(KNOWN_FACTS)


def test_a_rule_is_over_one_thing_only() -> None:
    with pytest.raises(ValidationError, match="says both any and all"):
        criterion(any="parents", all="parents", **CONSENT)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"decision": "accept"}, "decision accept needs a service"),
        ({"decision": "route", "service": "asti", "default_service": "asti"}, "so it needs no default"),
        ({"decision": "manager_decision", "service": "asti"}, "a manager decides"),
        ({"decision": "more_information"}, "Input should be"),
    ],
)
def test_a_row_names_a_service_exactly_where_it_decides_one(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Route(**{"label": "A row", "when": "true", "source": "a test"} | fields)


@given(st.text(alphabet="ab&|!<>=()[],.\"' 01inp", max_size=20))
def test_any_text_is_compiled_or_refused_with_a_reason(text: str) -> None:
    assert all("\n" not in reason for _, reason in problems(when=text or " "))
