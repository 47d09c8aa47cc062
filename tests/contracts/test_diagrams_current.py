"""The pages and pictures under docs/lifecycles say what the lifecycles say."""

from pathlib import Path

import pytest

from states.catalogue import LIFECYCLES
from states.diagrams import as_markdown, as_svg

DOCS = Path(__file__).parents[2] / "docs" / "lifecycles"
AGAIN = "run: python docs/lifecycles/generate.py"


def test_the_catalogue_names_each_lifecycle_by_its_id() -> None:
    assert list(LIFECYCLES) == [
        "prebirth",
        "pause",
        "child_protection",
        "pre_proceedings",
        "care_proceedings",
        "looked_after",
        "pause_follow_up",
        "service_agreement",
    ]
    assert len({lifecycle.code for lifecycle in LIFECYCLES.values()}) == len(LIFECYCLES)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_the_page_of_each_lifecycle_is_current(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == as_markdown(LIFECYCLES[name]), AGAIN


@pytest.mark.parametrize("name", LIFECYCLES)
def test_the_picture_of_each_lifecycle_is_current(name: str) -> None:
    assert (DOCS / f"{name}.svg").read_text(encoding="utf-8") == as_svg(LIFECYCLES[name]), AGAIN


def test_no_page_or_picture_is_left_of_a_lifecycle_that_is_gone() -> None:
    kept = {path.name for path in DOCS.iterdir() if path.suffix in (".md", ".svg")} - {"README.md"}
    assert kept == {f"{name}{suffix}" for name in LIFECYCLES for suffix in (".md", ".svg")}
