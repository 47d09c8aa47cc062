"""What a reader of counts alone is given of the cohort figures: no small number, and none that a sum gives away."""

from typing import Any

import pytest

from states.pause import DOMAINS
from workflow.cohort_views import flat, view
from workflow.errors import NotFound
from workflow.reports import AREA_FIGURES, FAMILY_FIGURES, WOMEN_FIGURES

TEAMS: dict[str, dict[str, int]] = {
    "one": {"families": 20, "needs.school_age": 3, "needs.previous_removal": 9, "children": 12,
            "plans.with_parents": 8, "plans.adoption": 4, "proceedings_sets": 19},
    "two": {"families": 30, "needs.school_age": 7, "needs.previous_removal": 11, "children": 20,
            "plans.with_parents": 14, "plans.adoption": 6, "proceedings_sets": 12},
    "three": {"families": 25, "needs.school_age": 6, "needs.previous_removal": 8, "children": 15,
              "plans.with_parents": 9, "plans.adoption": 6, "proceedings_sets": 11},
}  # fmt: skip


def prebirth(counts: dict[str, int]) -> dict[str, Any]:
    told: dict[str, Any] = {"needs": {}, "plans": {}}
    for name in FAMILY_FIGURES:
        part, _, rest = name.partition(".")
        if rest:
            told[part][rest] = counts.get(name, 0)
        else:
            told[name] = counts.get(name, 0)
    return told


def women(**counts: int) -> dict[str, Any]:
    areas = [{"area": area, **dict.fromkeys(AREA_FIGURES, 0)} for area in DOMAINS]
    ages = {"age_min": 22, "age_max": 40, "care_experienced_percent": 38}
    return {"name": "Invented", **dict.fromkeys(WOMEN_FIGURES, 0), **counts, **ages, "areas": areas}


def figures(**of_women: int) -> dict[str, Any]:
    whole: dict[str, int] = {}
    for counts in TEAMS.values():
        whole = {name: whole.get(name, 0) + counts.get(name, 0) for name in {*whole, *counts}}
    pause = {"cohorts": [women(**of_women)]}
    nobody = {"cohorts": [women()]}
    teams = {team: {"prebirth": prebirth(counts), "pause": nobody} for team, counts in TEAMS.items()}
    teams["pause"] = {"prebirth": prebirth({}), "pause": pause}
    return {"as_of": "2026-11-25", "prebirth": prebirth(whole), "pause": pause, "teams": teams}


def test_who_reads_cases_is_given_every_number() -> None:
    found = figures(women=3, on_programme=3)
    assert view(found)["prebirth"] == found["prebirth"]
    assert view(found, team="one")["prebirth"]["needs"]["school_age"] == 3
    assert "teams" not in view(found)


def test_a_small_number_is_withheld_and_another_with_it_so_that_the_sum_does_not_tell() -> None:
    found = figures()
    told = {team: flat(view(found, team=team, below=5)["prebirth"]) for team in TEAMS}
    whole = flat(view(found, below=5)["prebirth"])
    assert told["one"]["needs.school_age"] is None
    hidden = [team for team in TEAMS if told[team]["needs.school_age"] is None]
    assert len(hidden) > 1 or whole["needs.school_age"] is None
    assert [told[team]["needs.previous_removal"] for team in TEAMS] == [9, 11, 8]
    assert whole["needs.previous_removal"] == 28


def test_a_number_that_is_nearly_all_tells_of_the_few_that_are_not() -> None:
    told = flat(view(figures(), team="one", below=5)["prebirth"])
    assert told["families"] == 20
    assert told["proceedings_sets"] is None  # all but one family


def test_plans_that_add_up_to_the_children_do_not_tell_of_each_other() -> None:
    told = flat(view(figures(), team="one", below=5)["prebirth"])
    assert told["plans.adoption"] is None
    assert told["plans.with_parents"] is None or told["children"] is None


def test_of_few_women_neither_ages_nor_children_are_told() -> None:
    few = view(figures(women=3, on_programme=3, children_removed=9), below=5)["pause"]["cohorts"][0]
    assert (few["women"], few["children_removed"], few["age_min"], few["care_experienced_percent"]) == (None,) * 4
    many = figures(women=21, on_programme=21, children_removed=83, care_experienced=8)
    told = view(many, below=5)["pause"]["cohorts"][0]
    assert (told["women"], told["children_removed"], told["age_min"]) == (21, 83, 22)
    assert (told["care_experienced"], told["care_experienced_percent"], told["pregnancies"]) == (8, 38, 0)


def test_a_team_or_cohort_there_is_not_is_named() -> None:
    with pytest.raises(NotFound, match="there are figures of one, two, three, pause"):
        view(figures(), team="four")
    with pytest.raises(NotFound, match="there are: Invented"):
        view(figures(), cohort="Other")
    assert "prebirth" not in view(figures(), cohort="Invented")
