"""Pages hold to a strict content policy: no inline style, no inline script, nothing from outside."""

import pytest

from states.catalogue import LIFECYCLES
from workflow.web.pages import TEMPLATES, environment
from workflow.web.problem_pages import PROBLEM_PAGES, problem_page

import styleguide
from browser import Page

PAGES = {"style guide": styleguide.page, **{str(n): lambda n=n: problem_page(n, demo=True) for n in PROBLEM_PAGES}}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_inline_styles_or_scripts(name: str) -> None:
    page = PAGES[name]()
    for tag, found in Page(page).tags:
        assert "style" not in found, (tag, found)
        assert not [attribute for attribute in found if attribute.startswith("on")], (tag, found)
        assert tag != "style"
        assert tag != "script" or found["src"].startswith("/static/")
        assert not found.get("href", "").lower().startswith(("javascript:", "data:"))


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_switches_escaping_off_or_writes_inline_styles(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text(encoding="utf-8")
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text
    assert " style=" not in text
    environment().get_template(path.relative_to(TEMPLATES).as_posix())


def test_every_lifecycle_is_on_the_style_guide() -> None:
    page = styleguide.page()
    assert all(f"Map of {lifecycle.label}" in page for lifecycle in LIFECYCLES.values())
