"""Policies load, override one another, are kept as versions, and a bad file is refused with a sentence each."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from config.limits import TimeLimit
from config.policy import Policy, PolicyError, check_policy, load_policies, load_policy
from states.facts import day, records, text
from states.lifecycle import NEW, Clock, Lifecycle, State, Transition
from states.roles import Role

HEADER = """
[policy]
authority = "testshire"
label = "Testshire"
version = "1"
effective_from = 2026-11-01
based_on = "base"
"""
LIMIT = """
terms = [{ amount = 10, unit = "working_days" }]
basis = "local"
source = "a test"
effective_from = 2026-11-01
"""
LADDER = """
[ladders.standard]
label = "Most limits"
basis = "proposal"
source = "a test"
effective_from = 2026-11-01
[ladders.standard.amber]
percent_left = 20
[[ladders.standard.steps]]
level = "R0"
after = { amount = 0, unit = "working_days" }
who = ["CW"]
channel = ["worklist"]
[[ladders.standard.steps]]
level = "R1"
after = { amount = 2, unit = "working_days" }
who = ["TM"]
channel = ["message"]
repeat_every = { amount = 5, unit = "working_days" }
"""
BASE = f"""
[policy]
authority = "base"
label = "Base"
version = "1"
effective_from = 2026-11-01
[calendar]
verified_to = 2028
source = "a test"
[approval_valid]
{LIMIT}
{LADDER}
[services]
pre_birth = "Pre-birth service"
[[criteria]]
id = "B0"
label = "Immediate concern"
when = "immediate_safety_concern"
facts = ["immediate_safety_concern"]
source = "a test"
[limits.visits.first_visit]
{LIMIT}
[limits.visits.report]
{LIMIT}
"""
RULE = """
[[criteria]]
id = "B1"
label = "Relinquished"
when = "relinquished"
facts = ["relinquished"]
source = "a test"
"""
ROW = """
[[routing]]
rule = "B1"
label = "A row"
when = "B1"
decision = "accept"
service = "pre_birth"
source = "a test"
"""


def visits() -> Lifecycle:
    """A lifecycle of two states and two clocks, small enough to be read here."""
    row = Transition(
        trigger="open_case",
        label="Open",
        sources=(NEW,),
        to="open",
        roles=(Role.CASEWORKER,),
        basis="a test",
        facts=(
            day("agreed_on", "Agreed on"),
            text("note", "Note"),
            records("babies", "Babies", day("due_on", "Due on")),
        ),
    )
    close = Transition(
        trigger="close", label="Close", sources=("open",), to="closed", roles=(Role.TEAM_MANAGER,), basis="a test"
    )
    return Lifecycle(
        id="visits",
        label="Visits",
        code="VI",
        version=1,
        subject="a family",
        stages=("Work",),
        states=(
            State(id="open", label="Open", stage="Work", meaning="under way"),
            State(id="closed", label="Closed", stage="Work", meaning="done", final=True),
        ),
        transitions=(row, close),
        clocks=(
            Clock(id="first_visit", label="First visit", during=("open",)),
            Clock(id="report", label="Report", during=("open",)),
        ),
    )


LIFECYCLES = {"visits": visits()}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes an authority's file beside a base, and returns its path."""

    def write(own: str, base: str = BASE, header: str = HEADER) -> Path:
        (tmp_path / "base.toml").write_text(base, encoding="utf-8")
        path = tmp_path / "testshire.toml"
        path.write_text(header + own, encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> list[str]:
    """Every sentence with which a file is refused, when it is loaded or checked."""
    try:
        policy = load_policy(path)
    except PolicyError as error:
        return list(error.problems)
    return check_policy(policy, LIFECYCLES)


# Loading


def test_the_policies_that_are_shipped_load_and_agree_with_themselves() -> None:
    policies = load_policies()
    assert list(policies) == ["birmingham", "durham", "statutory"]
    for authority in ("durham", "birmingham"):
        assert policies[authority].based_on == "statutory"
        assert policies[authority].ladders == policies["statutory"].ladders
        assert policies[authority].criteria[0].id == "B0"


def test_the_ladders_are_those_of_the_recommended_practice() -> None:
    ladders = load_policies()["statutory"].ladders
    assert {"standard", "one_day", "fast", "court", "hours"} <= set(ladders)
    told = [(step.level, step.after.amount, step.after.unit, *step.who) for step in ladders["standard"].steps]
    assert told == [
        ("R0", 0, "working_days", "CW", "TM"),
        ("R1", 2, "working_days", "TM"),
        ("R2", 5, "working_days", "SM"),
        ("R3", 10, "working_days", "HOS"),
        ("R4", 15, "working_days", "AD", "LEG"),
    ]
    assert ladders["one_day"].steps[1].after.amount == 1
    assert [(step.after.amount, step.after.unit) for step in ladders["fast"].steps] == [(n, "days") for n in range(3)]
    hours = ladders["hours"]
    assert [span.amount for span in hours.amber.before] == [24, 6, 1]
    assert [(step.after.amount, *step.who) for step in hours.steps] == [
        (0, "CW", "TM", "LEG", "SM"),
        (1, "HOS"),
        (4, "AD"),
    ]
    assert hours.steps[-1].repeat_every is not None
    assert hours.steps[-1].repeat_every.amount == 4


def test_an_approval_is_valid_for_ten_working_days_and_holidays_are_verified_to_2028() -> None:
    policy = load_policies()["durham"]
    assert [(term.amount, term.unit) for term in policy.approval_valid.terms] == [(10, "working_days")]
    assert policy.calendar.verified_to == 2028


def test_an_authority_replaces_single_limits_and_keeps_the_rest(write: Any) -> None:
    five = LIMIT.replace("amount = 10", "amount = 5")
    policy = load_policy(write(f"[limits.visits.first_visit]{five}"))
    assert policy.limit("visits", "first_visit").terms[0].amount == 5
    assert policy.limit("visits", "report").terms[0].amount == 10
    assert (policy.authority, policy.label, policy.effective_from) == ("testshire", "Testshire", date(2026, 11, 1))


def test_a_replaced_limit_inherits_nothing(write: Any) -> None:
    base = BASE.replace("[limits.visits.report]", "[limits.visits.report]\npausable = true")
    assert load_policy(write("", base)).limit("visits", "report").pausable
    assert not load_policy(write(f"[limits.visits.report]{LIMIT}", base)).limit("visits", "report").pausable


def test_an_authority_adds_criteria_and_may_replace_one_but_cannot_lose_the_base_s(write: Any) -> None:
    assert [one.id for one in load_policy(write(RULE + ROW)).criteria] == ["B0", "B1"]
    own = RULE.replace('"B1"', '"B0"').replace("Relinquished", "Our own words")
    assert [(one.id, one.label) for one in load_policy(write(own)).criteria] == [("B0", "Our own words")]


def test_a_limit_that_a_policy_lacks_is_an_error_and_not_a_guess(write: Any) -> None:
    policy = load_policy(write(""))
    with pytest.raises(PolicyError, match=r"policy testshire 1: limits\.visits\.second_visit is missing"):
        policy.limit("visits", "second_visit")


def test_a_limit_finds_its_ladder(write: Any) -> None:
    policy = load_policy(write(""))
    assert policy.ladder(policy.limit("visits", "report")).label == "Most limits"
    astray = TimeLimit.model_validate(policy.limit("visits", "report").model_dump() | {"ladder": "standrad"})
    with pytest.raises(PolicyError, match="did you mean 'standard'"):
        policy.ladder(astray)


# Versions


def test_a_stored_policy_can_be_loaded_again_and_is_the_same() -> None:
    for policy in load_policies().values():
        stored = json.dumps(policy.to_json())
        again = Policy.from_json(json.loads(stored))
        assert again.digest == policy.digest
        assert again.criteria == policy.criteria
        assert again.limits == policy.limits
        assert again.to_json() == policy.to_json()


def test_equal_policies_have_equal_digests_and_any_change_shows(write: Any) -> None:
    one = load_policy(write(f"[limits.visits.report]{LIMIT}[limits.visits.first_visit]{LIMIT}")).digest
    turned = load_policy(write(f"[limits.visits.first_visit]{LIMIT}[limits.visits.report]{LIMIT}")).digest
    other = load_policy(write(f"[limits.visits.report]{LIMIT.replace('10', '11')}")).digest
    assert one == turned != other
    assert re.fullmatch(r"[0-9a-f]{64}", one)


def test_a_stored_policy_that_was_tampered_with_is_refused() -> None:
    content = load_policies()["durham"].to_json()
    content["criteria"][2]["when"] = "has(p.learning_disability)"
    with pytest.raises(PolicyError, match=r"policy durham 2026\.1: criteria\.C2\.when: has\(\) cannot be called"):
        Policy.from_json(content)
    with pytest.raises(PolicyError, match=r"stored policy durham 2026\.1: routing: is missing"):
        Policy.from_json({key: value for key, value in content.items() if key != "routing"})


def test_a_policy_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_policies()["durham"].label = "Other"


# Bad files: one sentence each, with file, key path and reason


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("[policy", "testshire.toml: is not TOML: Cannot declare"),
        ("colour = \n", "testshire.toml: is not TOML: Invalid value (at line 8, column 10)"),
        ("[colours]\nred = 1", "testshire.toml: colours: is not a key that is known here"),
        (
            f"[limits.visits.report]{LIMIT}pauseable = true",
            "testshire.toml: limits.visits.report.pauseable: is not a key that is known here",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("effective_from = 2026-11-01", ""),
            "testshire.toml: limits.visits.report.effective_from: is missing",
        ),
        ("[limits.visits.report]" + LIMIT.replace('"a test"', '""'), "testshire.toml: limits.visits.report.source: is"),
        (
            "[limits.visits.report]" + LIMIT.replace('"working_days"', '"fortnights"'),
            "testshire.toml: limits.visits.report.terms[0].unit: should be 'hours', 'working_days'",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("amount = 10", 'amount = "ten"'),
            "testshire.toml: limits.visits.report.terms[0]: amount must be a whole number of working_days",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("amount = 10", "amount = 1.5"),
            "testshire.toml: limits.visits.report.terms[0].amount: should be a valid integer",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("terms = [{ amount = 10", "terms = []\n#"),
            "testshire.toml: limits.visits.report.terms: is empty",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace('"local"', '"habit"'),
            "testshire.toml: limits.visits.report.basis: ",
        ),
        (
            f'[limits.visits.report]{LIMIT}ladder = "standrad"',
            "testshire.toml: limits.visits.report.ladder: there is no ladder 'standrad'; did you mean 'standard'?",
        ),
        (
            f"[limits.visits.reprot]{LIMIT}",
            "testshire.toml: limits.visits.reprot: there is no clock 'reprot'; did you mean 'report'?",
        ),
        (
            f"[limits.visit.report]{LIMIT}",
            "testshire.toml: limits.visit.report: there is no lifecycle 'visit'; did you mean 'visits'?",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("unit =", 'since = "agreed_no", unit ='),
            "testshire.toml: limits.visits.report.terms[0].since: there is no fact 'agreed_no'; did you mean",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace("unit =", 'since = "note", unit ='),
            "testshire.toml: limits.visits.report.terms[0].since: note is no date",
        ),
        (
            f'[limits.visits.report]{LIMIT}not_under = {{ amount = 1, unit = "days", since = "x" }}',
            "testshire.toml: limits.visits.report.not_under.since: there is no fact 'x'",
        ),
        (
            "[limits.visits.report]" + LIMIT.replace('"local"', '"statute"') + 'extendable_by = "manager"',
            "testshire.toml: limits.visits.report.extendable_by: a manager cannot extend what stands on statute",
        ),
        (LADDER.replace('["TM"]', '["XX"]'), "testshire.toml: ladders.standard.steps[1].who[0]: should be 'FD', 'EDT'"),
        (LADDER.replace('["TM"]', "[]"), "testshire.toml: ladders.standard.steps[1].who: level R1 would tell nobody"),
        (
            LADDER.replace('["TM"]', '["SYS"]'),
            "testshire.toml: ladders.standard.steps[1].who: level R1 would tell nobody",
        ),
        (
            LADDER[: LADDER.index("repeat_every")],
            "testshire.toml: ladders.standard.steps[1].repeat_every: level R1 is the last and must repeat",
        ),
        (
            LADDER.replace("amount = 5", "amount = 0"),
            "testshire.toml: ladders.standard.steps[1].repeat_every: must be longer than nothing",
        ),
        (
            LADDER[: LADDER.index("[[")].replace("[ladders.standard]", "[ladders.standard]\nsteps = []"),
            "testshire.toml: ladders.standard.steps: is empty, so nobody would be told",
        ),
        (
            LADDER.replace("amount = 2", "amount = 0"),
            "testshire.toml: ladders.standard.steps: level R1 must come after level R0",
        ),
        (LADDER.replace('"R1"', '"R0"'), "testshire.toml: ladders.standard.steps: two steps have the same level"),
        (
            RULE.replace('"relinquished"\n', '"relinquishd"\n'),
            "testshire.toml: criteria.B1.when: there is no fact, derived",
        ),
        (RULE.replace('["relinquished"]', "[]"), "testshire.toml: criteria.B1.facts: must list 'relinquished'"),
        (RULE.replace("label", "lable"), "testshire.toml: criteria.B1.label: is missing"),
        (RULE + RULE, "testshire.toml: criteria.B1: is defined twice"),
        (RULE.replace('"relinquished"\n', '"has(p.x)"\n'), "testshire.toml: criteria.B1.when: has() cannot be called"),
        (RULE + ROW.replace('rule = "B1"', 'rule = "B7"'), "testshire.toml: routing[0].rule: there is no rule 'B7'"),
        (
            RULE + ROW.replace('when = "B1"', 'when = "B7"'),
            "testshire.toml: routing[0].when: there is no fact, derived",
        ),
        (
            RULE + ROW.replace('service = "pre_birth"', 'service = "pre_brith"'),
            "testshire.toml: routing[0].service: there is no service 'pre_brith'; did you mean 'pre_birth'?",
        ),
        (
            RULE + ROW.replace('service = "pre_birth"', ""),
            "testshire.toml: routing[0]: decision accept needs a service",
        ),
        (
            RULE
            + ROW.replace('service = "pre_birth"', 'default_service_from = "family_opn_to"').replace(
                '"accept"', '"manager_decision"'
            ),
            "testshire.toml: routing[0].default_service_from: there is no fact 'family_opn_to'; did you mean",
        ),
        ("[calendar]\nverified_to = 1999\nsource = 'x'", "testshire.toml: calendar.verified_to: should be greater"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_with_file_key_and_reason(write: Any, own: str, sentence: str) -> None:
    said = [one for one in refusal(write(own)) if one.startswith(sentence)]
    assert len(said) == 1, refusal(write(own))
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    ("own", "count"), [("", 0), (RULE + ROW, 0), (RULE.replace("label", "lable"), 2), (LADDER.replace("R1", "R0"), 1)]
)
def test_each_fault_is_said_once(write: Any, own: str, count: int) -> None:
    assert len(refusal(write(own))) == count


def test_a_clock_without_a_limit_is_named(write: Any) -> None:
    base = BASE[: BASE.index("[limits.visits.report]")]
    assert refusal(write("", base)) == [
        "testshire.toml: limits.visits.report: is missing, so nobody would be told about 'Report'"
    ]


def test_a_fault_in_the_base_names_the_base(write: Any) -> None:
    assert refusal(write("", BASE.replace("verified_to = 2028", ""))) == ["base.toml: calendar.verified_to: is missing"]
    unknown = BASE.replace("[limits.visits.report]", "[limits.visits.reprot]")
    assert "base.toml: limits.visits.reprot: there is no clock 'reprot'; did you mean 'report'?" in refusal(
        write("", unknown)
    )


def test_a_ladder_whose_roles_have_no_part_in_the_case_is_named(write: Any) -> None:
    assert refusal(write(LADDER.replace('["CW"]', '["PP", "PL"]'))) == [
        f"base.toml: limits.visits.{clock}.ladder: level R0 of 'standard' tells PP, PL, who have no part in these cases"
        for clock in ("first_visit", "report")
    ]


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, write: Any) -> None:
    assert refusal(tmp_path / "nowhere.toml") == ["nowhere.toml: cannot be read: No such file or directory"]
    path = write("")
    path.write_bytes(b"\xff\xfe")
    assert refusal(path) == ["testshire.toml: is not UTF-8 text"]


def test_a_base_that_is_not_there_or_has_a_base_itself_is_refused(write: Any) -> None:
    astray = HEADER.replace('"base"', '"nowhere"')
    assert refusal(write("", header=astray)) == ["testshire.toml: policy.based_on: there is no file nowhere.toml"]
    chained = BASE.replace('authority = "base"', 'authority = "base"\nbased_on = "statutory"')
    assert refusal(write("", chained)) == ["testshire.toml: policy.based_on: base.toml is itself based on another file"]


def test_a_file_without_a_base_must_say_everything(write: Any) -> None:
    alone = HEADER.replace('based_on = "base"', "")
    assert refusal(write("", header=alone)) == [
        "testshire.toml: calendar: is missing, here and in the file it is based on",
        "testshire.toml: approval_valid: is missing, here and in the file it is based on",
    ]


def test_every_bad_file_of_a_directory_is_named_at_once(tmp_path: Path, write: Any) -> None:
    write("colours = 1")
    (tmp_path / "other.toml").write_text("= 1", encoding="utf-8")
    (tmp_path / "twin.toml").write_text(BASE, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policies(tmp_path)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        "other.toml",
        "testshire.toml",
        "twin.toml",
    ]
    says = "twin.toml: policy.effective_from: 'base' has another file in force from 2026-11-01"
    assert says in caught.value.problems


def test_a_broken_base_is_named_once_for_all_that_stand_on_it(tmp_path: Path, write: Any) -> None:
    write("", BASE.replace("verified_to = 2028", ""))
    (tmp_path / "second.toml").write_text(HEADER.replace("testshire", "second"), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policies(tmp_path)
    assert caught.value.problems == ("base.toml: calendar.verified_to: is missing",)
