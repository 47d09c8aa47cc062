"""Every page of the demo in a real browser: what checkers find, sizes, zoom, focus, colour, errors.

A new page that stands in no row of tests/demo_site.py fails here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from demo_site import ADMINISTRATOR, FRONT_DOOR, MANAGER, NOBODY, PAGES, WORKER, DemoSite, PageShown, demo_site
from playwright.sync_api import Browser, Page
from routes import routes_of

from workflow.app import create_app
from workflow.web.problem_pages import PROBLEM_PAGES, problem_page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
DESKTOP, DOUBLE, FOURFOLD = 1280, 640, 320  # 200% and 400% zoom of a page that is 1280 pixels wide
MOST_BYTES = 100_000
NO_PAGES = {  # GET routes that answer with something else than a page
    "/",
    "/account/drafts",
    "/alerts/late.{kind}",
    "/audit.{kind}",
    "/audit/looks.{kind}",
    "/cases/{ref}/story.pdf",
    "/healthz",
    "/metrics",
    "/problems/{name}",
    "/readyz",
    "/referrals/new/{id}",
    "/reports.{kind}",
    "/reports/consistency.{kind}",
    "/reports/outcomes.{kind}",
    "/reports/oversight.{kind}",
    "/reports/support.{kind}",
    "/static/{version}/{path}",
    "/team/cases.{kind}",
}
BY_NAME = {page.name: page for page in PAGES}
# Of each route one page as it is first seen and one with errors; `make long` looks at every row.
FIRST = {(page.route, bool(page.presses)): page for page in reversed(PAGES)}
LOOKED_AT = PAGES if os.environ.get("WAYMARK_LONG") else [page for page in PAGES if page in FIRST.values()]
WITH_ERRORS = [page for page in PAGES if page.name.endswith("-errors")]

HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => [+one.tagName[1], one.innerText])"
UNLABELLED = """[...document.querySelectorAll('input, select, textarea')]
    .filter(one => one.type !== 'hidden' && !one.hidden)
    .filter(one => !one.labels?.length && !one.ariaLabel && !one.getAttribute('aria-labelledby'))
    .map(one => one.outerHTML)"""
SAYS_NOTHING = """[...document.querySelectorAll('.govuk-tag, .waymark-late')]
    .filter(one => !one.textContent.replace(/[^\\p{L}\\p{N}]/gu, '')).map(one => one.outerHTML)"""
TOO_WIDE = """[...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 120)).slice(0, 5)"""
FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one)
    const shown = one.matches('.govuk-radios__input, .govuk-checkboxes__input') ?
        getComputedStyle(one.nextElementSibling, '::before') : style
    return {
        tag: one.tagName, what: (one.innerText || one.name || one.id || one.tagName).trim().slice(0, 60), id: one.id,
        place: [...document.querySelectorAll('*')].indexOf(one),
        look: [shown.outline, shown.boxShadow, shown.backgroundColor, shown.borderColor].join(' '),
        height: box.height, in_sight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    }
}"""
AT_REST = """place => {
    const one = document.querySelectorAll('*')[place]
    one.blur()
    const shown = one.matches('.govuk-radios__input, .govuk-checkboxes__input') ?
        getComputedStyle(one.nextElementSibling, '::before') : getComputedStyle(one)
    const look = [shown.outline, shown.boxShadow, shown.backgroundColor, shown.borderColor].join(' ')
    one.focus()
    return look
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSite]:
    with demo_site(tmp_path_factory.mktemp("demo")) as site:
        yield site


class Opener(NamedTuple):
    demo: DemoSite
    chromium: Browser

    @contextmanager
    def opened(self, page: PageShown, width: int = DESKTOP, **context: Any) -> Iterator[Page]:
        """The page in a window of that width, its form sent where it says so; its script must not fail."""
        window = self.chromium.new_context(viewport={"width": width, "height": 900}, **context)
        if page.who != NOBODY:
            cookie = self.demo.cookie(page.who, second_factor=not page.half)
            window.add_cookies([{"name": "waymark", "value": cookie, "url": self.demo.base}])
        tab = window.new_page()
        failed: list[str] = []
        tab.on("pageerror", lambda error: failed.append(str(error)))
        answer = tab.goto(self.demo.address(page))
        for field, text in page.types:
            tab.locator(f"#{field}").fill(text)
        if page.presses:
            button = tab.locator("main").get_by_role("button", name=page.presses, exact=True)
            with tab.expect_navigation() as sent:
                button.first.evaluate("button => { button.form.noValidate = true; button.click() }")
            answer = sent.value
        assert answer is not None
        assert answer.status == page.status, tab.locator("main").inner_text()
        yield tab
        assert failed == []
        window.close()


@pytest.fixture
def opener(demo: DemoSite, chromium: Browser) -> Opener:
    return Opener(demo, chromium)


def violations(tab: Page) -> list[tuple[str, str]]:
    found = Axe().run(tab, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], node["html"][:200]) for one in found for node in one["nodes"]]


def check(tab: Page) -> None:
    """What holds for every page, whoever it is for."""
    assert violations(tab) == []
    headings = tab.evaluate(HEADINGS)
    levels = [level for level, _ in headings]
    assert levels.count(1) == 1, headings
    # An error summary stands above the heading of its page, as the GOV.UK Design System has it.
    below = [level for level, words in headings if words != "There is a problem"]
    assert below[0] == 1, headings
    assert all(after <= before + 1 for before, after in pairwise(below)), headings
    assert tab.evaluate(UNLABELLED) == []
    assert tab.evaluate(SAYS_NOTHING) == []
    for width in (DOUBLE, FOURFOLD):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, (width, tab.evaluate(TOO_WIDE))


@pytest.mark.parametrize("name", ["map", "map-pause"])
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_map_on_a_phone_opens_on_where_the_case_is(opener: Opener, name: str, motion: str) -> None:
    with opener.opened(BY_NAME[name], FOURFOLD, java_script_enabled=False, reduced_motion=motion) as tab:
        now = tab.locator("[data-status=now] rect").first.bounding_box()
        assert now is not None
        assert now["x"] >= 0
        assert now["x"] + now["width"] <= FOURFOLD
        tab.wait_for_timeout(600)
        frame = tab.locator(".waymark-scroll").first
        frame.evaluate("frame => frame.scrollTo(0, 0)")
        tab.wait_for_timeout(100)
        assert frame.evaluate("frame => frame.scrollLeft") == 0, "it can be scrolled away"


def test_every_page_stands_in_a_row(demo: DemoSite) -> None:
    asked = {one.path for one in routes_of(create_app(demo.service)) if one.method == "GET"}
    pages = {path for path in asked if not path.startswith("/api/")} - NO_PAGES
    assert {page.route for page in PAGES} == pages
    assert len(BY_NAME) == len(PAGES)


@pytest.mark.parametrize("page", LOOKED_AT, ids=lambda page: page.name)
def test_a_page_is_accessible_and_small_and_needs_no_sideways_scroll(opener: Opener, page: PageShown) -> None:
    with opener.opened(page) as tab:
        assert len(tab.content().encode()) < MOST_BYTES
        if page in WITH_ERRORS:
            each_error_leads_to_its_field_and_is_read_out_with_it(tab)
        check(tab)


def each_error_leads_to_its_field_and_is_read_out_with_it(tab: Page) -> None:
    assert tab.title().startswith("Error: ")
    summary = tab.locator(".govuk-error-summary")
    assert summary.evaluate("one => document.activeElement === one"), "the summary is read out first"
    links = summary.get_by_role("link").all()
    assert links or summary.inner_text().count("\n") >= 1
    for link in links:
        page_of_it, _, target = (link.get_attribute("href") or "").partition("#")
        if page_of_it:  # what is wrong was asked on an earlier page
            continue
        field = tab.locator(f"[id='{target}']")
        assert field.count() == 1, target
        described = field.evaluate(
            """one => { const found = []
            for (let at = one; at; at = at.parentElement) found.push(at.getAttribute('aria-describedby') || '')
            const ids = found.join(' ').split(' ').filter(Boolean)
            return ids.map(id => document.getElementById(id)?.innerText || '') }"""
        )
        assert any(link.inner_text() in words for words in described), (target, described)


@pytest.mark.parametrize("status", PROBLEM_PAGES)
def test_the_page_of_a_problem_is_accessible(opener: Opener, status: int) -> None:
    with opener.opened(BY_NAME["help-signed-out"]) as tab:
        tab.set_content(problem_page(status, reference="0123456789abcdef"))
        check(tab)


@pytest.mark.parametrize("name", ["my-work-of-a-manager", "referral-pregnancy", "deadline"])
def test_focus_can_be_seen_and_goes_in_the_order_of_reading(opener: Opener, name: str) -> None:
    with opener.opened(BY_NAME[name]) as tab:
        places: list[int] = []
        for _ in range(200):
            tab.keyboard.press("Tab")
            focused = tab.evaluate(FOCUSED)
            if focused["tag"] == "BODY" or focused["place"] in places:
                break
            places.append(focused["place"])
            assert focused["in_sight"], focused
            assert focused["look"] != tab.evaluate(AT_REST, focused["place"]), focused
        assert len(places) > 15
        assert places == sorted(places)


@pytest.mark.parametrize("name", ["my-work", "case", "timeline", "team", "alerts", "reports", "map"])
def test_a_page_stands_with_forced_colours_and_without_movement(opener: Opener, name: str) -> None:
    with opener.opened(BY_NAME[name], forced_colors="active", reduced_motion="reduce") as tab:
        assert tab.locator("h1").is_visible()
        borderless = "all => all.filter(one => parseFloat(getComputedStyle(one).borderTopWidth) < 1).length"
        assert tab.locator(".govuk-tag").evaluate_all(borderless) == 0
        moving = "all => all.filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
        assert tab.locator("body *").evaluate_all(moving) == 0


@pytest.mark.parametrize("who", [WORKER, MANAGER, FRONT_DOOR, ADMINISTRATOR])
def test_on_a_phone_the_menu_opens_and_without_scripts_all_of_it_is_there(opener: Opener, who: str) -> None:
    page = PageShown(name="account", route="/account", address="/account", who=who)
    with opener.opened(page, FOURFOLD) as tab:
        places, menu = (
            tab.get_by_role("navigation", name="Main").get_by_role("link"),
            tab.get_by_role("button", name="Menu"),
        )
        assert places.count() == 0
        menu.click()
        assert menu.get_attribute("aria-expanded") == "true"
        opened = places.all_inner_texts()
    with opener.opened(page, FOURFOLD, java_script_enabled=False) as tab:
        assert tab.get_by_role("button", name="Menu").count() == 0
        there = tab.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
    assert there == opened
    assert "Account" in there
