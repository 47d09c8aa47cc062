from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from fastapi import FastAPI
from jinja2 import UndefinedError

from scheduler.deadlines import Standing
from states.roles import ROLE_LABELS
from workflow.models import EntryKind
from workflow.web import static_files as serving
from workflow.web.pages import (
    KINDS,
    STATUS,
    clock_time,
    environment,
    local_date,
    local_time,
    plural,
    render,
    role_label,
    short_date,
    status,
    working_days,
)
from workflow.web.problem_pages import PROBLEM_PAGES, problem_page
from workflow.web.static_files import static_file, static_files

import styleguide
from browser import Page


def test_dates_and_times_are_those_of_clocks_in_england() -> None:
    assert local_date(date(2026, 11, 25)) == "Wednesday 25 November 2026"
    assert local_date("2026-11-25") == "Wednesday 25 November 2026"
    assert local_date(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == "Wednesday 1 July 2026"
    assert short_date(date(2026, 11, 25)) == "25 November 2026"
    assert local_time(datetime(2026, 11, 25, 9, 30, tzinfo=UTC)) == "9:30am on 25 November 2026"
    assert local_time("2026-07-01T12:05:00+00:00") == "1:05pm on 1 July 2026"
    assert local_date(None) == local_time(None) == ""


def test_midday_and_midnight_have_names_and_the_hour_that_comes_twice_a_zone() -> None:
    assert clock_time(datetime(2026, 11, 25, 12, 0, tzinfo=UTC)) == "midday"
    assert clock_time(datetime(2026, 11, 25, 0, 0, tzinfo=UTC)) == "midnight"
    assert clock_time(datetime(2026, 11, 25, 0, 5, tzinfo=UTC)) == "12:05am"
    assert clock_time(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == "1:30am BST"
    assert clock_time(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == "1:30am GMT"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        local_time(datetime(2026, 11, 25, 9, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (3, "in 3 working days"),
        (1, "in 1 working day"),
        (0, "today"),
        (-1, "1 working day late"),
        (-2, "2 working days late"),
    ],
)
def test_how_far_away_a_due_date_is(days: int, words: str) -> None:
    assert working_days(days) == words


def test_numbers_go_with_their_nouns() -> None:
    assert [plural(n, "case") for n in (0, 1, 1200)] == ["0 cases", "1 case", "1,200 cases"]
    assert plural(2, "child", "children") == "2 children"


def test_every_role_standing_and_kind_of_entry_has_words() -> None:
    assert {role_label(role) for role in ROLE_LABELS} == set(ROLE_LABELS.values())
    assert role_label("nobody") == "nobody"
    assert set(STATUS) == {str(standing) for standing in Standing}
    assert set(KINDS) == {str(kind) for kind in EntryKind}
    assert status("something new").words == "Something new"


def test_no_two_standings_look_the_same_without_colour() -> None:
    shown = [(tag.symbol, tag.words) for tag in STATUS.values()]
    assert len(set(shown)) == len(shown)


def test_a_name_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nobody_gave_this }}").render()
    with pytest.raises(UndefinedError):
        render("layout.html")  # every page has a title


def test_what_people_wrote_is_shown_as_text() -> None:
    page = problem_page(404, detail="<script>alert(1)</script>", signed_in="<b>x</b>")
    assert "<script>alert" not in page
    assert "<b>x" not in page


@pytest.mark.parametrize("number", [*PROBLEM_PAGES, 418])
def test_a_problem_page_says_what_happened_and_what_to_do(number: int) -> None:
    page = Page(problem_page(number, reference="R-1"))
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert [tag for tag, _ in page.tags].count("li") > 7  # the navigation, and at least one step


def test_the_usual_refusals_have_pages() -> None:
    assert set(PROBLEM_PAGES) == {400, 401, 403, 404, 409, 413, 422, 429, 500, 503}


def test_the_demo_says_on_every_page_that_its_data_is_invented() -> None:
    assert "all data is invented" in problem_page(404, demo=True)
    assert "all data is invented" not in problem_page(404)


def test_the_place_one_is_at_is_marked() -> None:
    page = Page(problem_page(404, here="team"))
    current = [found["href"] for tag, found in page.tags if tag == "a" and found.get("aria-current") == "page"]
    assert current == ["/team"]


def test_a_page_names_no_crown_no_foreign_font_and_nothing_outside() -> None:
    page = styleguide.page()
    assert "crown" not in page.lower()
    addresses = [found.get("href", found.get("src", "")) for _, found in Page(page).tags]
    assert not [address for address in addresses if address.startswith(("http:", "https:", "//"))]


def test_every_part_has_one_id_and_headings_that_skip_no_level() -> None:
    page = Page(styleguide.page())
    assert len(page.ids) == len(set(page.ids))
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
    main = levels[levels.index(1) :]
    assert all(after <= before + 1 for before, after in pairwise(main))


# Static files


def test_static_files_may_be_kept_for_a_year_at_the_address_of_their_version() -> None:
    files = static_files()
    version, path = files.url("waymark.css").removeprefix("/static/").split("/", 1)
    answer = static_file(version, path)
    assert answer.headers["Cache-Control"] == serving.FOR_A_YEAR
    assert answer.headers["Content-Type"].startswith("text/css")
    assert static_file("older", path).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["../pages.py", "/etc/passwd", "nothing.css", "../../../pyproject.toml", ""])
def test_nothing_but_static_files_is_served(path: str) -> None:
    assert static_file(static_files().version, path).status_code == 404


def test_a_page_that_names_a_file_that_is_not_there_is_wrong() -> None:
    with pytest.raises(KeyError, match="make setup"):
        static_files().url("fonts/light.woff2")


def test_the_router_can_join_an_application() -> None:
    app = FastAPI()
    app.include_router(serving.router)
    assert str(app.url_path_for("static_file", version="1", path="vendor/x.css")) == "/static/1/vendor/x.css"
