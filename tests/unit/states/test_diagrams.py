"""Tables, pages, Mermaid and pictures of a lifecycle: complete, the same each time, safe to show."""

import json
import re
from dataclasses import fields
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from states.catalogue import LIFECYCLES
from states.diagrams import as_json, as_markdown, as_mermaid, as_svg, as_table
from states.drawing import text_width, wrap
from states.facts import Fact, choice, code, records, text
from states.layout import Arrangement, Box, Item, Link, arrange, layers_of
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition, returns
from states.pause import PAUSE
from states.picture import picture_of
from states.roles import Role

SVG = "{http://www.w3.org/2000/svg}"
AWKWARD = 'A <b>"quoted"</b> & | [pipe]; 100%'


def move(trigger: str, sources: tuple[str, ...], to: str, label: str | None = None) -> Transition:
    return Transition(
        trigger=trigger,
        label=label or trigger.replace("_", " ").capitalize(),
        sources=sources,
        to=to,
        roles=(Role.CASEWORKER,),
        basis="test",
        facts=(records("calls", "Calls", code("by", "By"), choice("how", "How", {"a": AWKWARD})),)
        if trigger == "start"
        else (text("why", "Why", required=False),),
    )


def small(label: str = "Small") -> Lifecycle:
    """Steps forward, back and around; many ways to one end; a state that holds."""
    names = ("a", "b", "c", "d", "e")
    states = tuple(State(id=name, label=f"State {name}", stage="Work", meaning=label) for name in names)
    held = State(id="held", label="Held", stage="Work", meaning="waits", holds=True)
    end = State(id="end", label=label, stage="Ended", meaning="over", final=True)
    steps = [move(f"go_{a}_{b}", (a,), b) for a, b in pairwise(names)]
    return Lifecycle(
        id="small",
        label=label,
        code="SM",
        version=1,
        subject="a test",
        stages=("Work", "Ended"),
        states=(*states, held, end),
        transitions=(
            move("start", (NEW,), "a"),
            *steps,
            move("also_a_b", ("a",), "b"),
            move("step_back", ("b",), "a"),
            move("note", ("a",), SELF, label=label),
            move("note_all", (*names, "held"), SELF),
            move("stop", names, "end"),
            move("end_at_last", ("e",), "end"),
            move("leap", ("a",), "end"),
            move("hold", ("a", "b"), "held"),
            *returns(
                {"a": "a", "b": "c"},
                trigger="resume",
                label="Resume",
                sources=("held",),
                roles=(Role.CASEWORKER,),
                basis="x",
            ),
        ),
        clocks=(Clock(id="pace", label="Pace", during=names, met_by=("note_all",), repeats=True),),
    )


EXAMPLES = {**LIFECYCLES, "small": small(), "odd": small(AWKWARD)}
each_lifecycle = pytest.mark.parametrize("lifecycle", EXAMPLES.values(), ids=EXAMPLES)


def drawn(lifecycle: Lifecycle) -> ElementTree.Element:
    return ElementTree.fromstring(as_svg(lifecycle))  # noqa: S314 - our own output


def words_of(tree: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()) for element in tree.iter(f"{SVG}text"))


def rectangles(tree: ElementTree.Element) -> list[Box]:
    """The box of each state and the markers at it, without the inner border of an end."""
    found = []
    for group in tree.iter(f"{SVG}g"):
        if "data-state" in group.attrib:
            found += [
                Box(*(float(one.attrib[name]) for name in ("x", "y", "width", "height")))
                for one in group.findall(f"{SVG}rect")
                if one.attrib["fill"] != "none"
            ]
    return found


class TestEveryFormat:
    @each_lifecycle
    def test_the_same_lifecycle_always_gives_the_same_output(self, lifecycle: Lifecycle) -> None:
        for make in (as_table, as_markdown, as_json, as_mermaid, as_svg):
            assert make(lifecycle) == make(lifecycle)

    @each_lifecycle
    def test_the_page_has_every_state_trigger_and_clock(self, lifecycle: Lifecycle) -> None:
        page = as_markdown(lifecycle)
        for name in (*lifecycle.state_by_id, *lifecycle.triggers, *lifecycle.clock_by_id):
            assert f"`{name}`" in page

    @each_lifecycle
    def test_the_table_has_every_trigger_and_names_every_target(self, lifecycle: Lifecycle) -> None:
        assert {row["trigger"] for row in as_table(lifecycle)} == set(lifecycle.triggers)
        told = " ".join(row["to"] for row in as_table(lifecycle))
        for row in lifecycle.transitions:
            if row.to != SELF and row.when is None:
                assert lifecycle.state_by_id[row.to].label in told

    @each_lifecycle
    def test_mermaid_has_every_state_and_every_move(self, lifecycle: Lifecycle) -> None:
        drawing = as_mermaid(lifecycle)
        for name in lifecycle.state_by_id:
            assert f" as {name}\n" in drawing
        for row in lifecycle.transitions:
            assert re.sub(r"[^\w].*", "", row.label) in drawing

    @each_lifecycle
    def test_json_is_complete_and_plain(self, lifecycle: Lifecycle) -> None:
        given = json.loads(json.dumps(as_json(lifecycle)))
        assert [row["trigger"] for row in given["transitions"]] == [row.trigger for row in lifecycle.transitions]
        assert [state["id"] for state in given["states"]] == list(lifecycle.state_by_id)
        assert [clock["id"] for clock in given["clocks"]] == list(lifecycle.clock_by_id)

    @each_lifecycle
    def test_the_picture_has_every_state_and_every_move(self, lifecycle: Lifecycle) -> None:
        tree = drawn(lifecycle)
        groups = list(tree.iter(f"{SVG}g"))
        assert {group.attrib["data-state"] for group in groups if "data-state" in group.attrib} == set(
            lifecycle.state_by_id
        )
        shown = words_of(tree).replace("• ", "").split()
        for row in lifecycle.transitions:
            assert set(row.label.split()) <= {*shown, *(word.strip(";.") for word in shown)}, row.trigger


class TestJson:
    def test_nested_fields_keep_their_choices(self) -> None:
        (start,) = (row for row in as_json(small())["transitions"] if row["trigger"] == "start")
        (calls,) = start["facts"]
        assert calls["type"] == "records"
        assert calls["fields"][1]["choices"] == {"a": AWKWARD}

    def test_nothing_of_the_definition_is_left_out(self) -> None:
        given = as_json(PAUSE)
        renamed = {"sources": "from"}
        for kind, shown in (
            (State, given["states"][0]),
            (Transition, given["transitions"][0]),
            (Clock, given["clocks"][0]),
            (Fact, given["transitions"][0]["facts"][0]),
            (Lifecycle, given),
        ):
            names = {renamed.get(one.name, one.name) for one in fields(kind) if one.init}
            assert names <= set(shown), kind

    def test_guards_and_approvals_carry_their_sentences(self) -> None:
        rows = {row["trigger"]: row for row in as_json(PAUSE)["transitions"]}
        assert rows["begin_transition"]["guards"][0]["refused_when"].startswith("transition begins from month 15")
        assert rows["find_eligible"]["approval"]["by"] == "SM"


class TestTable:
    def test_a_way_back_names_only_what_differs(self) -> None:
        (row,) = (row for row in as_table(small()) if row["trigger"] == "resume")
        assert row["to"] == "back to the state that was left; State c after State b"

    def test_many_states_are_said_in_few_words(self) -> None:
        rows = {row["trigger"]: row["from"] for row in as_table(small())}
        assert rows["note_all"] == "any open state"
        assert rows["stop"] == "any open state but Held"
        assert rows["hold"] == "State a, State b"

    def test_a_cell_cannot_break_out_of_the_table(self) -> None:
        page = as_markdown(small(AWKWARD))
        assert "<b>" not in page
        assert all(re.split(r"(?<!\\)\|", line)[-1] == "" for line in page.splitlines() if line.startswith("|"))


class TestPicture:
    @each_lifecycle
    def test_no_box_or_marker_overlaps_another(self, lifecycle: Lifecycle) -> None:
        for one, other in combinations(rectangles(drawn(lifecycle)), 2):
            assert not one.overlaps(other)

    @each_lifecycle
    def test_no_text_of_a_line_lies_on_a_box(self, lifecycle: Lifecycle) -> None:
        tree = drawn(lifecycle)
        boxes = rectangles(tree)
        for group in tree.iter(f"{SVG}g"):
            for words in group.findall(f"{SVG}text") if "data-from" in group.attrib else ():
                size, said = float(words.attrib["font-size"]), words.text or ""
                wide = text_width(said, size)
                left = float(words.attrib["x"]) - (wide / 2 if "text-anchor" in words.attrib else 0)
                place = Box(left, float(words.attrib["y"]) - size, wide, size)
                assert not any(place.overlaps(box) for box in boxes)

    @each_lifecycle
    def test_no_line_runs_through_a_box_or_marker(self, lifecycle: Lifecycle) -> None:
        tree = drawn(lifecycle)
        boxes = rectangles(tree)
        for group in (one for one in tree.iter(f"{SVG}g") if "data-from" in one.attrib):
            course = group.findall(f"{SVG}path")[0].attrib["d"]
            points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)(?=[A-Z]|$)", course)]
            for (x, y), (_, to_y) in pairwise(points):
                stretch = Box(x - 0.5, min(y, to_y) + 0.2, 1, abs(to_y - y) - 0.4)
                assert not any(stretch.overlaps(box) for box in boxes)

    @each_lifecycle
    def test_a_strict_content_policy_shows_it(self, lifecycle: Lifecycle) -> None:
        tree = drawn(lifecycle)
        assert tree.attrib["role"] == "img"
        for element in tree.iter():
            assert element.tag.removeprefix(SVG) in {"svg", "title", "desc", "g", "rect", "circle", "path", "text"}
            assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]

    def test_labels_are_text_and_never_markup(self) -> None:
        assert "<b>" not in as_svg(small(AWKWARD))
        assert AWKWARD.split()[1] in words_of(drawn(small(AWKWARD)))

    def test_a_case_shows_where_it_has_been_and_where_it_is(self) -> None:
        picture = as_svg(PAUSE, path=("identified", "eligibility", "pre_engagement"), current="pre_engagement")
        assert ">now</text>" in picture
        assert "Done: Identified, Eligibility check. Now: Pre-engagement." in picture
        assert picture.count('stroke-width="4"') == 1
        assert ">now</text>" not in as_svg(PAUSE)

    def test_kinds_of_states_differ_by_more_than_colour(self) -> None:
        tree = drawn(small())
        groups = {group.attrib["data-state"]: group for group in tree.iter(f"{SVG}g") if "data-state" in group.attrib}
        solid = [one for one in groups["end"].findall(f"{SVG}rect") if "stroke-dasharray" not in one.attrib]
        assert len(solid) == 2
        assert any(one.attrib.get("stroke-dasharray") == "6 3" for one in groups["held"].findall(f"{SVG}rect"))

    def test_parallel_moves_share_one_line(self) -> None:
        assert [one.label for one in picture_of(small()).lines["a", "b"]] == ["Go a b", "Also a b"]

    def test_a_move_from_many_states_is_drawn_once_and_explained_in_the_key(self) -> None:
        picture = picture_of(small())
        assert [one.label for one in picture.key] == ["Note all", "Stop"]
        assert [one.label for one in picture.shown["end"].into] == ["Stop", "Leap"]

    def test_a_path_through_unknown_states_is_no_error(self) -> None:
        assert "Done: Identified." in as_svg(PAUSE, path=("new", "identified"), current="eligibility")


class TestLayout:
    def test_layers_follow_the_longest_path_and_ignore_ways_back(self) -> None:
        arcs = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a")]
        assert layers_of([("a", "b", "c"), ("z",)], arcs) == {"a": 0, "b": 1, "c": 2, "z": 3}

    def test_boxes_stand_in_the_row_of_their_layer_and_apart(self) -> None:
        plan = self.plan()
        assert plan.boxes["a"].y < plan.boxes["b"].y == plan.boxes["c"].y < plan.boxes["d"].y
        assert not any(one.overlaps(other) for one, other in combinations(plan.boxes.values(), 2))

    def test_routes_begin_and_end_at_their_boxes(self) -> None:
        plan = self.plan()
        assert plan.routes[0].runs[0][0][1] == plan.boxes["a"].bottom
        assert plan.routes[0].runs[-1][1][1] == plan.boxes["b"].y
        upwards = plan.routes[-1]
        assert upwards.runs[0][0][1] == plan.boxes["d"].y
        assert upwards.runs[-1][1][1] == plan.boxes["a"].bottom

    @staticmethod
    def plan() -> Arrangement:
        items = [Item(name, layer, 100, 40) for name, layer in (("a", 0), ("b", 1), ("c", 1), ("d", 2))]
        pairs = (("a", "b"), ("a", "c"), ("b", "d"), ("a", "d"), ("d", "a"))
        return arrange(items, [Link(source, target, 60, 15) for source, target in pairs])


class TestWords:
    def test_lines_are_no_wider_than_asked_and_lose_nothing(self) -> None:
        said = "Record that she is no longer pregnant supercalifragilisticexpialidocious"
        lines = wrap(said, 90, 12)
        assert all(text_width(line, 12) <= 90 for line in lines)
        assert "".join(lines).replace(" ", "") == said.replace(" ", "")
