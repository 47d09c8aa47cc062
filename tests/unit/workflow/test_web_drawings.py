from datetime import date, timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.catalogue import LIFECYCLES
from workflow.web.drawings import (
    MOST_BESIDE,
    Review,
    Span,
    bars,
    case_map,
    line_chart,
    map_of,
    pause_line,
    progress,
    targets_from,
)
from workflow.web.pages import environment

PREBIRTH, PAUSE = LIFECYCLES["prebirth"], LIFECYCLES["pause"]
WALK = ("referred", "consent_pending", "allocation")


def drawn(call: str, **values: object) -> str:
    imports = (
        "{% from 'macros/drawings.html' import lifecycle_map, lifecycle_list, progress_line, pause_journey, pause_list"
        " with context %}{% from 'macros/parts.html' import timeline, bar_chart, line_chart with context %}"
    )
    return environment().from_string(imports + "{{ " + call + " }}").render(values)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_no_two_boxes_of_a_map_overlap_and_each_state_has_one(name: str) -> None:
    plan = map_of(LIFECYCLES[name])
    assert [node.id for node in plan.nodes] == [state.id for state in LIFECYCLES[name].states]
    for one, other in combinations(plan.nodes, 2):
        apart = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y, (one.id, other.id)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_every_box_stands_on_the_map_in_the_band_of_its_stage(name: str) -> None:
    plan = map_of(LIFECYCLES[name])
    bands = {band.label: band for band in plan.bands}
    for node in plan.nodes:
        band = bands[node.stage]
        assert band.y <= node.y
        assert node.y + node.height <= band.y + band.height
        assert 0 <= node.x <= node.x + node.width <= plan.width
    rows = [node.y for node in plan.nodes]
    assert max(rows.count(row) for row in rows) <= MOST_BESIDE


def test_a_map_is_worked_out_once_for_a_version() -> None:
    assert map_of(PREBIRTH) is map_of(PREBIRTH)


def test_a_case_is_shown_where_it_was_is_and_can_go() -> None:
    shown = {node.id: status for node, status in case_map(PREBIRTH, path=WALK, current="assessment").drawn}
    assert shown["assessment"] == "now"
    assert {state for state, status in shown.items() if status == "done"} == set(WALK)
    ahead = targets_from(PREBIRTH, "assessment")
    assert {state for state, status in shown.items() if status == "reachable"} == ahead - set(WALK)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_every_step_a_case_can_take_is_drawn_when_it_took_it(name: str) -> None:
    lifecycle = LIFECYCLES[name]
    for state in lifecycle.states:
        for target in targets_from(lifecycle, state.id):
            lines = case_map(lifecycle, path=[state.id], current=target).lines
            assert [(edge.source, edge.target) for edge, taken in lines if taken] == [(state.id, target)]


def test_the_map_is_well_formed_without_scripts_or_styles_and_says_the_same_in_words() -> None:
    shown = case_map(PREBIRTH, path=WALK, current="assessment")
    html = drawn("lifecycle_map(map, 'm')", map=shown)
    svg = ElementTree.fromstring(html[html.index('<svg class="waymark-map"') : html.rindex("</svg>") + 6])  # noqa: S314  # our own output
    assert svg.get("role") == "img"
    assert svg.find("desc") is not None
    assert not [one for one in svg.iter() if "style" in one.attrib or one.tag in ("script", "style")]
    assert "Now: Assessment." in shown.says
    listed = drawn("lifecycle_list(map)", map=shown)
    for state in PREBIRTH.states:
        assert state.label in listed
    assert listed.count('aria-current="step"') == 1


def test_states_one_can_go_to_may_be_links() -> None:
    shown = case_map(PREBIRTH, path=WALK, current="assessment")
    html = drawn("lifecycle_map(map, 'm', links)", map=shown, links={"sign_off": "/cases/PB-1/moves"})
    assert '<a href="/cases/PB-1/moves">' in html
    assert 'role="group"' in html  # a picture would hide its links


def test_the_eight_stages_show_what_is_done_now_and_to_come() -> None:
    stages = progress(PREBIRTH, WALK, "assessment")
    assert [stage.label for stage in stages] == list(PREBIRTH.stages[:-1])
    assert [stage.status for stage in stages] == ["done", "done", "now", *["later"] * 5]
    assert drawn("progress_line(stages)", stages=stages).count('aria-current="step"') == 1


def test_a_stage_that_was_passed_over_was_not_needed_and_an_ended_case_has_nothing_to_come() -> None:
    skipped = progress(PREBIRTH, ("referred",), "assessment")
    assert [stage.status for stage in skipped[:3]] == ["done", "skipped", "now"]
    ended = progress(PREBIRTH, WALK, "closed")
    assert ended[-1].status == "now"
    assert "later" not in [stage.status for stage in ended]


@pytest.mark.parametrize("name", LIFECYCLES)
def test_every_state_of_every_lifecycle_has_its_place_in_the_stages(name: str) -> None:
    lifecycle = LIFECYCLES[name]
    for state in lifecycle.states:
        stages = progress(lifecycle, (), state.id)
        assert [stage.label for stage in stages if stage.status == "now"] == [state.stage]


START = date(2026, 1, 12)


@given(st.integers(-400, 1200))
def test_she_is_on_the_line_wherever_she_is(days: int) -> None:
    line = pause_line(START, START + timedelta(days=days))
    assert (line.here is None) == (days < 0)
    if line.here:
        assert line.months[0].x <= line.here.x <= line.end.x


def test_the_line_tells_reviews_gaps_and_holds_in_the_order_of_their_dates() -> None:
    line = pause_line(
        START,
        date(2026, 11, 25),
        reviews=[
            Review(1, date(2026, 2, 12), date(2026, 2, 10)),
            Review(3, date(2026, 4, 12)),
            Review(12, date(2027, 1, 12)),
        ],
        gaps=[Span(date(2026, 11, 1), None)],
        holds=[Span(date(2026, 8, 1), date(2026, 9, 10), "bereavement")],
    )
    assert line.sentences == (
        "12 January 2026: the programme started.",
        "10 February 2026: the month 1 review was held.",
        "12 April 2026: the month 3 review was due and has not been held.",
        "1 August 2026 to 10 September 2026: on hold (bereavement).",
        "1 November 2026 and still: no contact.",
        "25 November 2026: she is here, in month 11.",
        "12 January 2027: the month 12 review is due.",
        "12 July 2027: the programme ends.",
    )
    assert [review.status for review in line.reviews] == ["held", "overdue", "due"]
    assert [month.says for month in line.months] == [str(month) for month in range(19)]
    html = drawn("pause_journey(line, 'j') ~ pause_list(line)", line=line)
    ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])  # noqa: S314  # our own output


def test_a_programme_made_longer_is_drawn_to_its_end() -> None:
    line = pause_line(START, START, ends_on=date(2027, 10, 12), months=21)
    assert line.months[-1].says == "21"
    assert line.end.says == "ends 12 October 2027"


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 10**6)), max_size=8))
def test_bars_are_as_long_as_their_share_of_the_longest(rows: list[tuple[str, int]]) -> None:
    drawn_bars = bars(rows)
    assert [bar.value for bar in drawn_bars] == [value for _, value in rows]
    assert all(0 <= bar.length <= 100 for bar in drawn_bars)
    if any(value for _, value in rows):
        assert max(bar.length for bar in drawn_bars) == 100


@given(st.lists(st.tuples(st.text(max_size=5), st.none() | st.integers(0, 10)), max_size=8))
def test_a_line_is_broken_where_nothing_is_known(rows: list[tuple[str, int | None]]) -> None:
    chart = line_chart(rows, lowest=0, highest=10)
    known = [value is not None for _, value in rows]
    starts = sum(1 for before, now in zip([False, *known], known, strict=False) if now and not before)
    assert chart.course.count("M") == starts
    html = drawn("line_chart(chart, 'Scores', 'c')", chart=chart)
    assert html.count("not known") == known.count(False)


def test_a_chart_has_a_table_of_the_same_figures() -> None:
    html = drawn("bar_chart(bars, 'Cases')", bars=bars([("Referral", 1200), ("Birth", 0.5)]))
    assert "1,200" in html
    assert "0.5" in html
    assert 'aria-hidden="true"' in html


def test_an_empty_timeline_says_so() -> None:
    assert "Nothing has happened yet." in drawn("timeline([])")
