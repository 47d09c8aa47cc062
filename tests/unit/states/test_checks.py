"""A lifecycle with a mistake is refused when it is loaded, in a sentence that names lifecycle, row and field."""

import re
from dataclasses import replace
from typing import Any

import pytest

from states.catalogue import LIFECYCLES
from states.checks import LifecycleError, checked
from states.facts import Fact, FactType, choice, day, number, records, text
from states.lifecycle import NEW, SELF, Approval, Clock, Lifecycle, State, Transition
from states.roles import Role

OPENED = State(id="opened", label="Opened", stage="Start", meaning="work is going on")
CLOSED = State(id="closed", label="Closed", stage="End", meaning="work has ended", final=True)
OPEN = Transition(
    trigger="open", label="Open", sources=(NEW,), to="opened", roles=(Role.CASEWORKER,), basis="a test of the checks"
)
CLOSE = replace(OPEN, trigger="close", label="Close", sources=("opened",), to="closed")
REVIEW = replace(OPEN, trigger="review", label="Review", sources=("opened",), to=SELF)
DECIDE = Clock(id="decide", label="Decide", during=("opened",), met_by=("close",))
GOOD = Lifecycle(
    id="little",
    label="Little",
    code="LT",
    version=1,
    subject="a test",
    stages=("Start", "End"),
    states=(OPENED, CLOSED),
    transitions=(OPEN, REVIEW, CLOSE),
    clocks=(DECIDE,),
)


def refused(lifecycle: Lifecycle, where: str, says: str) -> None:
    with pytest.raises(LifecycleError, match=f"^{re.escape(f'lifecycle little, {where}: ')}.*{re.escape(says)}"):
        checked(lifecycle)


def with_rows(*rows: Transition) -> Lifecycle:
    return replace(GOOD, transitions=(OPEN, REVIEW, CLOSE, *rows))


def with_clocks(*clocks: Clock) -> Lifecycle:
    return replace(GOOD, clocks=(DECIDE, *clocks))


def test_a_good_table_is_returned_as_it_is() -> None:
    assert checked(GOOD) is GOOD


@pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=LIFECYCLES)
def test_every_lifecycle_of_the_product_passes_its_checks(lifecycle: Lifecycle) -> None:
    assert checked(lifecycle) is lifecycle


class TestStates:
    def test_a_state_no_work_leads_to_is_refused(self) -> None:
        lost = replace(OPENED, id="lost")
        rows = (*GOOD.transitions, replace(CLOSE, sources=("lost",)))
        clocks = (DECIDE, replace(DECIDE, id="find", during=("lost",)))
        lifecycle = replace(GOOD, states=(*GOOD.states, lost), transitions=rows, clocks=clocks)
        refused(lifecycle, "state lost, id", "cannot be reached from the opening")

    def test_taking_over_a_caseload_does_not_make_a_state_reachable(self) -> None:
        lost = replace(OPENED, id="lost")
        taken_over = replace(OPEN, trigger="migrate_in", to="lost")
        rows = (*GOOD.transitions, taken_over, replace(CLOSE, sources=("lost",)))
        clocks = (DECIDE, replace(DECIDE, id="find", during=("lost",)))
        lifecycle = replace(GOOD, states=(*GOOD.states, lost), transitions=rows, clocks=clocks)
        refused(lifecycle, "state lost, id", "cannot be reached from the opening")

    def test_a_state_that_cannot_come_to_an_end_is_refused(self) -> None:
        stuck = replace(OPENED, id="stuck")
        rows = (*GOOD.transitions, replace(REVIEW, trigger="hold", to="stuck"), replace(REVIEW, sources=("stuck",)))
        clocks = (DECIDE, Clock(id="go_on", label="Go on", during=("stuck",), met_by=("review",), repeats=True))
        lifecycle = replace(GOOD, states=(*GOOD.states, stuck), transitions=rows, clocks=clocks)
        refused(lifecycle, "state stuck, id", "cannot come to an end")

    def test_a_state_defined_twice_is_refused(self) -> None:
        refused(replace(GOOD, states=(OPENED, OPENED, CLOSED)), "state opened, id", "is defined twice")

    def test_a_state_of_an_unknown_stage_is_refused(self) -> None:
        lifecycle = replace(GOOD, states=(replace(OPENED, stage="Middle"), CLOSED))
        refused(lifecycle, "state opened, stage", "'Middle' is not a stage")


class TestLimits:
    NEEDS_A_LIMIT = "a case could wait here without a time limit"

    def without(self, *clocks: Clock) -> None:
        refused(replace(GOOD, clocks=clocks), "state opened, clocks", self.NEEDS_A_LIMIT)

    def test_a_state_without_any_clock_is_refused(self) -> None:
        self.without()

    def test_a_clock_that_only_runs_under_a_condition_is_not_enough(self) -> None:
        self.without(replace(DECIDE, only_if="move_takes_approval"))

    def test_a_clock_that_a_move_starts_is_not_enough(self) -> None:
        self.without(replace(DECIDE, started_by=("open",)))

    def test_a_clock_that_follows_another_is_not_enough(self) -> None:
        self.without(replace(DECIDE, after=("decide",)))

    def test_a_clock_about_a_child_is_not_enough(self) -> None:
        self.without(replace(DECIDE, per="child"))

    @pytest.mark.parametrize("field", ["met_by", "cancelled_by"])
    def test_a_clock_that_ends_while_the_case_stays_is_not_enough(self, field: str) -> None:
        self.without(replace(DECIDE, **{field: ("review",)}))  # type: ignore[arg-type]

    def test_a_clock_that_starts_again_when_it_is_met_is_enough(self) -> None:
        assert checked(replace(GOOD, clocks=(replace(DECIDE, met_by=("review",), repeats=True),)))


ROW_MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "starts from an unknown state": ({"sources": ("nowhere",)}, "sources", "there is no state 'nowhere'"),
    "leaves a final state": ({"sources": ("closed",), "to": "opened"}, "sources", "'closed' is final and cannot be"),
    "leads to an unknown state": ({"to": "nowhere"}, "to", "there is no state 'nowhere'"),
    "is for nobody": ({"roles": ()}, "roles", "nobody may fire it"),
    "has no source": ({"basis": ""}, "basis", "the source of the rule is missing"),
    "names an unknown guard": ({"guards": ("not_a_guard",)}, "guards", "there is no guard 'not_a_guard'"),
    "names an unknown guard for its approval": (
        {"approval": Approval(by=Role.TEAM_MANAGER, when="not_a_guard")},
        "guards",
        "there is no guard 'not_a_guard'",
    ),
    "ends the case before its approval": (
        {"to": "closed", "approval": Approval(by=Role.TEAM_MANAGER, may_follow=True)},
        "approval",
        "may follow, but where the case ends none can be given",
    ),
    "names an unknown branch": ({"when": ("not_a_branch", 1)}, "when", "there is no branch 'not_a_branch'"),
    "has an unknown effect below": ({"under": "explode"}, "under", "there is no effect 'explode'"),
    "asks for a fact twice": (
        {"facts": (day("seen_on", "Seen on"), text("seen_on", "Seen on"))},
        "facts",
        "asks for 'seen_on' twice",
    ),
    "offers a choice without choices": (
        {"facts": (Fact(name="why", type=FactType.CHOICE, label="Why"),)},
        "facts.why",
        "offers no choices",
    ),
    "offers an empty choice": ({"facts": (choice("why", "Why", {}),)}, "facts.why", "offers no choices"),
    "asks for records without fields": ({"facts": (records("people", "People"),)}, "facts.people", "records with"),
    "asks for fields of what is no record": (
        {"facts": (replace(text("note", "Note"), fields=(number("age", "Age"),)),)},
        "facts.note",
        "fields go with records",
    ),
    "keeps personal fields in a record that is not": (
        {"facts": (records("people", "People", text("name", "Name")),)},
        "facts.people",
        "it is personal as a whole",
    ),
}


class TestRows:
    @pytest.mark.parametrize(("changes", "field", "says"), ROW_MISTAKES.values(), ids=ROW_MISTAKES)
    def test_a_row_is_refused_that(self, changes: dict[str, Any], field: str, says: str) -> None:
        row = replace(REVIEW, **{"trigger": "wrong", **changes})
        refused(with_rows(row), f"transition wrong from {', '.join(row.sources)}, {field}", says)

    def test_a_final_state_may_still_be_corrected_in_place(self) -> None:
        assert checked(with_rows(replace(REVIEW, trigger="correct", sources=("opened", "closed"))))

    @pytest.mark.parametrize(
        ("first", "second", "says"),
        [
            (None, None, "2 rows that the trigger cannot tell apart"),
            (None, ("return_state", "opened"), "2 rows that the trigger cannot tell apart"),
            (("migrate_to", "opened"), ("return_state", "opened"), "2 rows that the trigger cannot tell apart"),
            (("return_state", "opened"), ("return_state", "opened"), "cannot tell apart: same value"),
        ],
    )
    def test_two_rows_of_a_trigger_that_cannot_be_told_apart_are_refused(
        self, first: tuple[str, Any] | None, second: tuple[str, Any] | None, says: str
    ) -> None:
        row = replace(REVIEW, trigger="twice")
        rows = (replace(row, when=first), replace(row, when=second, to="closed"))
        refused(with_rows(*rows), "transition twice from opened, when", says)


CLOCK_MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "runs nowhere": ({"during": ()}, "during", "names no state in which it may run"),
    "runs in an unknown state": ({"during": ("nowhere",)}, "during", "'nowhere' is not a state a case can wait in"),
    "runs in a final state": ({"during": ("closed",)}, "during", "'closed' is not a state a case can wait in"),
    "is started by an unknown move": ({"started_by": ("leap",)}, "started_by", "there is no trigger 'leap'"),
    "is met by an unknown move": ({"met_by": ("leap",)}, "met_by", "there is no trigger 'leap'"),
    "is cancelled by an unknown move": ({"cancelled_by": ("leap",)}, "cancelled_by", "there is no trigger 'leap'"),
    "follows an unknown clock": ({"after": ("sundial",)}, "after", "there is no clock 'sundial'"),
    "runs under an unknown guard": ({"only_if": "not_a_guard"}, "only_if", "there is no guard 'not_a_guard'"),
    "is about nothing known": ({"per": "moon"}, "per", "is the case, the child, the approval or the item"),
    "nothing can meet": ({"met_by": ("open",)}, "met_by", "no trigger that can be fired meets or ends it"),
}


class TestClocks:
    @pytest.mark.parametrize(("changes", "field", "says"), CLOCK_MISTAKES.values(), ids=CLOCK_MISTAKES)
    def test_a_clock_is_refused_that(self, changes: dict[str, Any], field: str, says: str) -> None:
        refused(with_clocks(replace(DECIDE, **{"id": "wrong", **changes})), f"clock wrong, {field}", says)

    def test_a_clock_that_no_move_meets_and_that_leaving_does_not_end_is_refused(self) -> None:
        endless = replace(DECIDE, id="endless", during=("opened", "waiting"), met_by=())
        lifecycle = replace(
            GOOD,
            states=(OPENED, replace(OPENED, id="waiting"), CLOSED),
            transitions=(OPEN, replace(REVIEW, trigger="hold", to="waiting")),
            clocks=(endless,),
        )
        refused(lifecycle, "clock endless, met_by", "no trigger that can be fired meets or ends it")

    def test_a_clock_that_no_move_meets_may_end_by_leaving(self) -> None:
        assert checked(with_clocks(replace(DECIDE, id="watch", met_by=())))

    def test_a_clock_defined_twice_is_refused(self) -> None:
        refused(with_clocks(DECIDE), "clock decide, id", "is defined twice")


def test_a_wrong_table_can_be_caught_as_a_value_error() -> None:
    with pytest.raises(ValueError, match="lifecycle little"):
        checked(replace(GOOD, clocks=()))
