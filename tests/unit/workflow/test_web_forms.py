import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import FormData

from states.catalogue import LIFECYCLES
from states.facts import (
    Fact,
    FactProblem,
    check_facts,
    choice,
    choices,
    code,
    day,
    instant,
    number,
    person,
    records,
    text,
    yes_no,
)
from workflow.web.forms import form, id_of, typed_from, typed_instant
from workflow.web.pages import environment
from workflow.web.reading import read, read_typed

from browser import Page
from factories import facts_for

DRAW = """{% from 'macros/forms.html' import error_summary, fields with context %}
{{ error_summary(form) }}{{ fields(form) }}"""
SEX = choice("sex", "Sex", {"F": "female", "M": "male"})
MANY = {f"c{n}": f"choice {n}" for n in range(9)}
BABIES = records(
    "babies", "Babies", SEX, day("born_on", "Born on", required=False), text("note", "Note", required=False)
)


def drawn(
    facts: Sequence[Fact], typed: Mapping[str, Any] | None = None, problems: Sequence[FactProblem] = (), **more: Any
) -> Page:
    html = environment().from_string(DRAW).render(form=form(facts, typed, problems, **more))
    page = Page(html)
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    return page


def there_and_back(facts: Sequence[Fact], values: Mapping[str, Any]) -> dict[str, Any]:
    return read(facts, drawn(facts, typed_from(facts, values)).sent()).given


def says(facts: Sequence[Fact], **typed: Any) -> list[str]:
    return [problem.says for problem in read_typed(facts, typed).problems]


ASKED = {
    f"{name}-{row.trigger}-{number}": row.facts
    for name, kind in LIFECYCLES.items()
    for number, row in enumerate(kind.transitions)
    if row.facts
}


@pytest.mark.parametrize("name", LIFECYCLES)
def test_the_form_of_every_move_gives_back_the_facts_it_was_filled_in_with(name: str) -> None:
    seen = []
    for move, facts in ASKED.items():
        if move.startswith(f"{name}-") and facts not in seen:
            seen.append(facts)
            values = facts_for(facts, date(2026, 11, 25))
            assert there_and_back(facts, values) == values, move


def test_names_of_facts_leave_the_marks_of_the_page_alone() -> None:
    for facts in ASKED.values():
        for fact in facts:
            assert all("-" not in one.name for one in (fact, *fact.fields))
            assert fact.name not in ("change", "csrf", "key")


letters = st.characters(exclude_categories=("Cc", "Cs")) | st.just("\n")
prose = st.text(letters, min_size=1, max_size=60).filter(lambda words: words.strip())
line = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=20).filter(
    str.strip
)
moment = st.integers(35_000_000, 2_145_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
record = st.fixed_dictionaries(
    {"sex": st.sampled_from("FM")}, optional={"born_on": st.dates().map(date.isoformat), "note": prose}
)
PAIRS: list[tuple[Fact, st.SearchStrategy[Any]]] = [
    (text("reason", "Reason"), prose),
    (text("told_by", "Told by"), prose.map(lambda words: words if "\n" in words else words.strip())),
    (code("reference", "Reference"), line),
    (day("on", "On"), st.dates().map(date.isoformat)),
    (instant("at", "At"), moment.map(datetime.isoformat)),
    (yes_no("seen", "Seen?"), st.booleans()),
    (choice("plan", "Plan", {"a": "one", "b": "other"}), st.sampled_from("ab")),
    (choice("source", "Source", MANY), st.sampled_from(list(MANY))),
    (choices("factors", "Factors", MANY), st.sets(st.sampled_from(list(MANY)), min_size=1).map(sorted)),
    (number("weeks", "Weeks", minimum=-5), st.integers(-5, 10**9)),
    (person("worker", "Worker"), line),
    (BABIES, st.lists(record, min_size=1, max_size=4)),
]
EVERY = tuple(fact for fact, _ in PAIRS)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_kind_of_fact_comes_back_as_it_went(data: st.DataObject) -> None:
    values = {fact.name: data.draw(strategy) for fact, strategy in PAIRS}
    reading = read(EVERY, drawn(EVERY, typed_from(EVERY, values)).sent())
    assert reading.given == values
    assert check_facts(EVERY, values)[1] == reading.problems == []


junk = st.text(letters, max_size=12)
boxes = {"day": junk, "month": junk, "year": junk}


@given(st.fixed_dictionaries({
    "reason": junk, "reference": junk.filter(lambda words: "\n" not in words), "on": st.fixed_dictionaries(boxes),
    "at": st.fixed_dictionaries({**boxes, "time": junk}), "weeks": junk,
}))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_was_typed_comes_back_exactly_and_nothing_breaks(typed: dict[str, Any]) -> None:
    facts = tuple(fact for fact in EVERY if fact.name in typed)
    for name in ("on", "at"):  # one line cannot hold two
        typed[name] = {part: words.replace("\n", " ") for part, words in typed[name].items()}
    typed["weeks"] = typed["weeks"].replace("\n", " ")
    assert read(facts, drawn(facts, typed).sent()).typed == typed


@given(moment)
@settings(deadline=None)
def test_an_instant_is_written_on_clocks_in_england_and_read_back(at: datetime) -> None:
    fact = instant("at", "At")
    assert read_typed([fact], {"at": typed_instant(at)}).given == {"at": at.isoformat()}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"day": "31", "month": "2", "year": "2026"}, "Born on must be a real date: there is no 31 February 2026"),
        ({"day": "3", "month": "13", "year": "2026"}, "Born on must be a real date: there is no 3 month 13 of 2026"),
        ({"day": "", "month": "2", "year": "2026"}, "Born on must include a day"),
        ({"day": "", "month": "2", "year": ""}, "Born on must include a day and a year"),
        ({"day": "3", "month": "2", "year": "26"}, "Born on: the year must have 4 numbers, such as 2026"),
        ({"day": "x", "month": "2", "year": "2026"}, "Born on must be a real date, such as 23 11 2026"),
        ({"day": "", "month": "", "year": ""}, "Enter the date: born on"),
    ],
)
def test_an_impossible_date_is_told_in_one_clear_sentence(typed: dict[str, str], sentence: str) -> None:
    assert says([day("born_on", "Born on")], born_on=typed) == [sentence]


@pytest.mark.parametrize("month", ["11", "nov", "November", " NOV "])
def test_a_month_may_be_a_number_or_a_name(month: str) -> None:
    typed = {"on": {"day": "5", "month": month, "year": "2026"}}
    assert read_typed([day("on", "On")], typed).given == {"on": "2026-11-05"}


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("9:30am", "09:30"),
        ("9.30", "09:30"),
        ("9am", "09:00"),
        ("12am", "00:00"),
        ("midday", "12:00"),
        ("2:05 PM", "14:05"),
        ("1405", "14:05"),
    ],
)
def test_a_time_may_be_written_as_people_write_it(time: str, utc: str) -> None:
    typed = {"at": {"day": "5", "month": "11", "year": "2026", "time": time}}
    assert read_typed([instant("at", "At")], typed).given == {"at": f"2026-11-05T{utc}:00+00:00"}


@pytest.mark.parametrize("time", ["25:00", "9", "13pm", "half past", "9:60", "-1:00"])
def test_no_other_time_is_guessed_at(time: str) -> None:
    typed = {"day": "5", "month": "11", "year": "2026", "time": time}
    assert says([instant("at", "At")], at=typed) == ["At: the time must be like 9:30am or 14:05"]


def test_the_hour_that_comes_twice_has_to_be_named_and_the_missing_hour_is_refused() -> None:
    fact = instant("at", "At")
    autumn = {"day": "25", "month": "10", "year": "2026", "time": "1:30am"}
    assert "write 01:30 BST for the first and 01:30 GMT for the second" in says([fact], at=autumn)[0]
    assert read_typed([fact], {"at": {**autumn, "time": "1:30am BST"}}).given == {"at": "2026-10-25T00:30:00+00:00"}
    assert read_typed([fact], {"at": {**autumn, "time": "1:30 GMT"}}).given == {"at": "2026-10-25T01:30:00+00:00"}
    spring = {"day": "29", "month": "3", "year": "2026", "time": "1:30"}
    assert says([fact], at=spring) == ["At: 01:30 did not come that day, as the clocks went forward an hour"]


def test_everything_missing_is_told_at_once_in_the_order_of_the_page() -> None:
    reading = read(EVERY, drawn(EVERY).sent())
    assert reading.given == {"babies": [{}]}
    page = form(EVERY, reading.typed, reading.problems)
    assert [href for href, _ in page.errors] == [
        "#reason", "#told_by", "#reference", "#on-day", "#at-day", "#seen", "#plan", "#source", "#factors", "#weeks",
        "#worker", "#babies-0-sex",
    ]  # fmt: skip


def test_every_error_of_the_summary_leads_to_a_field_that_says_the_same() -> None:
    reading = read(EVERY, drawn(EVERY).sent())
    page = drawn(EVERY, reading.typed, reading.problems)
    targets = [found["href"] for tag, found in page.tags if tag == "a"]
    assert len(targets) == len(reading.problems)
    assert {href[1:] for href in targets} <= set(page.ids)
    described = " ".join(found.get("aria-describedby", "") for _, found in page.tags).split()
    assert {name for name in described if name.endswith("-error")} == {
        one for one in page.ids if one.endswith("-error")
    }
    assert set(described) <= set(page.ids)


def test_a_problem_that_is_no_fields_stands_in_the_summary_without_a_link() -> None:
    assert form([SEX], {}, [FactProblem("elsewhere", "The case moved on")]).errors == (("", "The case moved on"),)


def test_add_another_and_remove_work_as_plain_buttons_and_lose_nothing() -> None:
    page = drawn([BABIES], {"babies": [{"sex": "F", "note": "first\nborn"}]})
    assert ("change", "add babies") in page.buttons
    added = read([BABIES], page.sent("add babies"))
    assert added.rearranged
    assert not added.problems
    assert [one.get("sex") for one in added.typed["babies"]] == ["F", None]
    again = drawn([BABIES], added.typed)
    left = read([BABIES], again.sent("remove babies-1"))
    assert [one["note"] for one in left.typed["babies"]] == ["first\nborn"]


def test_records_within_records_are_added_to_the_right_one() -> None:
    parents = records("parents", "Parents", text("name", "Name"), records("removals", "Removals", SEX, required=False))
    typed = {"parents": [{"name": "A"}, {"name": "B"}]}
    added = read([parents], drawn([parents], typed).sent("add parents-1-removals"))
    assert [len(one["removals"]) for one in added.typed["parents"]] == [0, 1]


def test_the_first_button_of_a_form_with_records_removes_nothing() -> None:
    buttons = [found for tag, found in drawn([BABIES]).tags if tag == "button"]
    assert "name" not in buttons[0]


@pytest.mark.parametrize("count", ["", "-1", "x", "99999999", "999", "²"])
def test_a_count_of_records_that_no_page_sent_harms_nothing(count: str) -> None:
    reading = read([BABIES], FormData([("babies-count", count)]))
    assert len(reading.typed["babies"]) <= 50


@pytest.mark.parametrize("wish", ["add", "add nothing", "remove babies-9", "remove babies", "drop babies-0", ""])
def test_a_button_that_no_page_has_changes_nothing(wish: str) -> None:
    assert not read([BABIES], FormData([("babies-count", "1"), ("change", wish)])).rearranged


def test_an_optional_question_can_be_left_and_can_be_taken_back() -> None:
    facts = [yes_no("seen", "Seen?", required=False), choice("plan", "Plan", MANY, required=False)]
    assert read(facts, drawn(facts).sent()).given == {}
    assert not read(facts, drawn(facts).sent()).problems


def test_a_person_is_chosen_from_those_given_and_one_who_is_not_there_is_kept() -> None:
    worker = person("worker", "Worker")
    assert read([worker], drawn([worker], {"worker": "gone"}, people={"ana": "Ana"}).sent()).given == {"worker": "gone"}
    assert "input" not in [tag for tag, _ in drawn([worker], people={"ana": "Ana"}).tags]


def test_a_choice_nobody_offered_is_refused_and_still_shown() -> None:
    reading = read([SEX], FormData([("sex", "Z")]))
    assert [one.says for one in reading.problems] == ["Select one of the choices: sex"]
    assert read([SEX], drawn([SEX], reading.typed).sent()).typed == {"sex": "Z"}


def test_too_much_text_and_wrong_numbers_are_told_without_the_names_of_fields() -> None:
    facts = [text("reason", "Reason"), number("weeks", "Weeks", minimum=4, maximum=42)]
    assert says(facts, reason="x" * 10_001, weeks="43") == [
        "Reason is 10,001 characters long; the most is 10,000",
        "Weeks must be at most 42",
    ]
    assert says(facts, reason="x", weeks=str(math.pi)) == ["Weeks must be a whole number, such as 12"]


def test_markup_that_was_typed_is_shown_as_text() -> None:
    nasty = "</textarea><script>alert(1)</script>\" onfocus='x'"
    facts = [text("reason", "Reason"), code("reference", "Reference")]
    page = drawn(facts, {"reason": nasty, "reference": nasty})
    assert "script" not in [tag for tag, _ in page.tags]
    assert read(facts, page.sent()).typed == {"reason": nasty, "reference": nasty}


def test_the_place_of_a_problem_is_the_id_of_its_field() -> None:
    assert id_of("parents[1].removals[0].through") == "parents-1-removals-0-through"


def test_a_problem_of_one_of_several_records_says_which() -> None:
    assert says([BABIES], babies=[{"sex": "F"}, {}]) == ["Select one: sex (baby 2)"]
    assert says([BABIES], babies=[{}]) == ["Select one: sex"]
