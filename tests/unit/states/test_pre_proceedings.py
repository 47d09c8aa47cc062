"""Pre-proceedings: the gateway, the order of its dates, and the application that waits for the birth."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from config.limits import TimeLimit
from states.guards import GUARDS, Situation
from states.lifecycle import NEW, clock_effects
from states.pre_proceedings import OPEN, PRE_PROCEEDINGS, UNDER_WAY
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
LIMITS = tomllib.loads(
    (Path(__file__).parents[3] / "config" / "policies" / "statutory.toml").read_text(encoding="utf-8")
)["limits"]["pre_proceedings"]


def situation(state: str, trigger: str, facts: dict[str, Any], **derived: Any) -> Situation:
    return Situation(
        state=state,
        trigger=trigger,
        actor="ann",
        occurred_on=MOVE_DAY,
        facts=facts,
        submitted=facts,
        derived=derived,
    )


def fire(state: str, trigger: str, **derived: Any) -> str | None:
    return PRE_PROCEEDINGS.fire(situation(state, trigger, {}, **derived))


def unmet(state: str, trigger: str, facts: dict[str, Any], **derived: Any) -> list[str]:
    asked = situation(state, trigger, facts, **derived)
    (row,) = (row for row in PRE_PROCEEDINGS.rows(trigger, state) if row.holds(asked))
    return PRE_PROCEEDINGS.unmet(row, asked)


@pytest.mark.parametrize(
    ("state", "trigger", "target"),
    [
        (NEW, "request_gateway", "gateway_requested"),
        ("gateway_requested", "decide_continue_plan", "continue_plan"),
        ("gateway_requested", "start_pre_proceedings", "pp_started"),
        ("pp_started", "send_letter", "letter_sent"),
        ("letter_sent", "hold_first_meeting", "in_pre_proceedings"),
        ("in_pre_proceedings", "hold_pp_review", "in_pre_proceedings"),
        ("in_pre_proceedings", "step_down_pp", "stepped_down"),
        ("awaiting_birth", "record_issue", "issued"),
        ("issuing", "record_issue", "issued"),
    ],
)
def test_each_move_of_the_chart_leads_where_it_says(state: str, trigger: str, target: str) -> None:
    assert fire(state, trigger) == target


@pytest.mark.parametrize("state", ["gateway_requested", *UNDER_WAY])
def test_the_decision_to_issue_waits_for_the_birth_or_leads_to_the_application(state: str) -> None:
    assert fire(state, "decide_to_issue") == "awaiting_birth"
    assert fire(state, "decide_to_issue", born_on=None) == "awaiting_birth"
    assert fire(state, "decide_to_issue", born_on="2026-11-22") == "issuing"


@pytest.mark.parametrize(
    "trigger", ["decide_continue_plan", "start_pre_proceedings", "decide_to_issue", "step_down_pp"]
)
def test_the_gateway_decides_at_the_tier_of_a_service_manager_or_above(trigger: str) -> None:
    roles = {role for row in PRE_PROCEEDINGS.transitions if row.trigger == trigger for role in row.roles}
    assert roles == {Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE}


@pytest.mark.parametrize("state", OPEN)
def test_the_service_itself_only_ends_a_case_with_its_parent(state: str) -> None:
    by_system = [row.trigger for row in PRE_PROCEEDINGS.rows_from(state) if Role.SYSTEM in row.roles]
    assert by_system == ["end_with_parent"]
    assert fire(state, "end_with_parent") == "ended"


class TestOrderOfDates:
    @pytest.mark.parametrize(
        ("guard", "earlier", "later"),
        [
            ("letter_follows_start", "pp_start_date", "lbp_sent_date"),
            ("first_meeting_follows_letter", "lbp_sent_date", "initial_pp_meeting_date"),
            ("family_meeting_follows_offer", "fgdm_meeting_offer", "fgdm_meeting_fac"),
            ("pp_review_follows_first_meeting", "initial_pp_meeting_date", "pp_review_on"),
            ("step_decision_follows_start", "pp_start_date", "step_decision_date"),
            ("application_follows_decision", "step_decision_date", "court_app_date"),
            ("letter_follows_application", "court_app_date", "letter_init_cp_date"),
        ],
    )
    def test_a_step_is_dated_on_or_after_the_one_before_and_not_ahead(
        self, guard: str, earlier: str, later: str
    ) -> None:
        def holds(first: str, second: str) -> bool:
            return GUARDS[guard].holds(situation("pp_started", "send_letter", {earlier: first, later: second}))

        assert holds("2026-11-02", "2026-11-02")
        assert holds("2026-11-02", "2026-11-03")
        assert not holds("2026-11-03", "2026-11-02")
        assert not holds("2026-11-02", "2026-11-24")

    def test_the_facts_are_those_of_the_national_return(self) -> None:
        asked = {fact.name for row in PRE_PROCEEDINGS.transitions for fact in row.facts}
        assert {
            "pp_start_date",
            "lbp_sent_date",
            "fgdm_meeting_offer",
            "fgdm_meeting_fac",
            "initial_pp_meeting_date",
            "step_decision_date",
            "pp_outcome",
            "court_app_date",
            "letter_init_cp_date",
        } <= asked
        assert "review_meetings_count" not in asked


class TestFamilyGroupMeeting:
    LETTER: ClassVar[dict[str, Any]] = {"pp_start_date": "2026-11-02", "lbp_sent_date": "2026-11-06"}
    DECIDED: ClassVar[dict[str, Any]] = {"pp_start_date": "2026-11-02", "step_decision_date": "2026-11-20"}

    def test_the_letter_offers_a_meeting(self) -> None:
        assert unmet("pp_started", "send_letter", self.LETTER) == ["letter_offers_family_meeting"]
        assert unmet("pp_started", "send_letter", {**self.LETTER, "fgdm_meeting_offer": "2026-11-06"}) == []

    def test_an_exemption_needs_its_reason(self) -> None:
        exempt = {**self.LETTER, "fgdm_not_offered": "exempt"}
        assert unmet("pp_started", "send_letter", exempt) == ["letter_offers_family_meeting"]
        assert unmet("pp_started", "send_letter", {**exempt, "family_group_reason": "violence"}) == []

    @pytest.mark.parametrize(("in_force", "missing"), [(False, []), (True, ["letter_offers_family_meeting"])])
    def test_that_the_duty_is_not_in_force_counts_until_it_is(self, in_force: bool, missing: list[str]) -> None:
        facts = {**self.LETTER, "fgdm_not_offered": "not_in_force"}
        assert unmet("pp_started", "send_letter", facts, fgdm_in_force=in_force) == missing

    def test_a_meeting_that_was_accepted_is_held_before_the_decision_to_issue(self) -> None:
        held = {**self.DECIDED, "family_group_meeting": "held", "fgdm_meeting_offer": "2026-11-06"}
        assert unmet("in_pre_proceedings", "decide_to_issue", held) == ["family_meeting_came_first"]
        assert unmet("in_pre_proceedings", "decide_to_issue", {**held, "fgdm_meeting_fac": "2026-11-18"}) == []

    def test_a_meeting_nobody_accepted_was_offered(self) -> None:
        declined = {**self.DECIDED, "family_group_meeting": "declined"}
        assert unmet("in_pre_proceedings", "decide_to_issue", declined) == ["family_meeting_came_first"]
        assert unmet("in_pre_proceedings", "decide_to_issue", {**declined, "fgdm_meeting_offer": "2026-11-06"}) == []


class TestApplication:
    APPLIED: ClassVar[dict[str, Any]] = {
        "step_decision_date": "2026-11-02",
        "court_app_date": "2026-11-22",
        "short_notice": False,
    }

    @pytest.mark.parametrize("state", ["awaiting_birth", "issuing"])
    def test_no_application_is_made_before_birth(self, state: str) -> None:
        assert unmet(state, "record_issue", self.APPLIED) == ["application_follows_birth"]
        assert unmet(state, "record_issue", self.APPLIED, born_on="2026-11-23") == ["application_follows_birth"]

    def test_an_application_may_be_made_on_the_day_of_birth(self) -> None:
        assert unmet("awaiting_birth", "record_issue", self.APPLIED, born_on="2026-11-22") == []

    def test_an_application_at_short_notice_has_a_reason(self) -> None:
        short = {**self.APPLIED, "short_notice": True}
        assert unmet("issuing", "record_issue", short, born_on="2026-11-20") == ["short_notice_has_a_reason"]

    def test_papers_and_the_application_are_waited_for_from_the_decision_before_birth(self) -> None:
        effects = clock_effects(PRE_PROCEEDINGS, "decide_to_issue", "in_pre_proceedings", "awaiting_birth")
        assert set(effects.starts) == {"papers_ready", "decision_review", "application_after_birth"}
        assert set(effects.meets) == {"pp_decision", "pp_decision_before_birth"}


class TestClocks:
    def test_the_decision_clock_runs_from_the_start_to_the_decision(self) -> None:
        for before, trigger, after in (
            ("pp_started", "send_letter", "letter_sent"),
            ("letter_sent", "hold_first_meeting", "in_pre_proceedings"),
        ):
            effects = clock_effects(PRE_PROCEEDINGS, trigger, before, after)
            assert "pp_decision" not in (*effects.meets, *effects.cancels, *effects.starts)

    def test_the_36_week_limit_is_for_an_unborn_baby_only(self) -> None:
        clock = PRE_PROCEEDINGS.clock_by_id["pp_decision_before_birth"]
        assert clock.only_if is not None
        only_if = GUARDS[clock.only_if].holds
        assert only_if(situation("gateway_requested", "start_pre_proceedings", {}))
        assert not only_if(situation("gateway_requested", "start_pre_proceedings", {}, born_on="2026-11-20"))

    def test_a_case_keeps_a_limit_when_the_birth_clocks_fall_silent(self) -> None:
        for state in OPEN:
            left = [
                c for c in PRE_PROCEEDINGS.clocks if state in c.during and c.starts_on_entry and not c.birth_related
            ]
            assert left, state

    def test_every_clock_that_counts_by_the_pregnancy_or_the_birth_ends_with_the_pregnancy(self) -> None:
        for name, limit in LIMITS.items():
            terms = TimeLimit.model_validate(limit).terms
            if any(term.unit == "gestation" or term.since == "born_on" for term in terms):
                assert PRE_PROCEEDINGS.clock_by_id[name].birth_related, name

    def test_every_clock_has_its_limit_and_no_limit_is_left_over(self) -> None:
        assert set(LIMITS) == set(PRE_PROCEEDINGS.clock_by_id)

    def test_the_limits_are_those_of_the_domain(self) -> None:
        first = {name: (limit["terms"][0]["amount"], limit["terms"][0]["unit"]) for name, limit in LIMITS.items()}
        assert first == {
            "gateway_decision": (10, "working_days"),
            "letter_before_proceedings": (5, "working_days"),
            "first_pp_meeting": (10, "working_days"),
            "pp_review": (6, "weeks"),
            "pp_decision": (16, "weeks"),
            "pp_decision_before_birth": ("36+0", "gestation"),
            "papers_ready": ("36+0", "gestation"),
            "decision_review": (2, "weeks"),
            "application_after_birth": (5, "days"),
            "application": (5, "working_days"),
        }
