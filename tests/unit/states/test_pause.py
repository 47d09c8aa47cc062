"""The Pause journey: the moves of the chart, and what must never be a condition of support."""

import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from config.limits import TimeLimit
from states.codes import PAUSE_CLOSURE_REASONS
from states.facts import Fact, check_facts
from states.guards import GUARDS, Situation
from states.lifecycle import NEW, SELF, clock_effects
from states.pause import OPEN, OUTCOME_DOMAINS, PAUSE, PROGRAMME, REVIEW_MONTHS, WORKING
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
STATUTORY = Path(__file__).parents[3] / "config" / "policies" / "statutory.toml"


def situation(state: str, trigger: str, facts: dict[str, Any] | None = None, **derived: Any) -> Situation:
    return Situation(
        state=state,
        trigger=trigger,
        actor="ann",
        occurred_on=MOVE_DAY,
        facts=facts or {},
        submitted=facts or {},
        derived=derived,
    )


def fire(state: str, trigger: str, **derived: Any) -> str | None:
    return PAUSE.fire(situation(state, trigger, **derived))


def unmet(state: str, trigger: str, facts: dict[str, Any] | None = None, **derived: Any) -> list[str]:
    asked = situation(state, trigger, facts, **derived)
    (row,) = (row for row in PAUSE.rows(trigger, state) if row.holds(asked))
    return PAUSE.unmet(row, asked)


class TestTheJourney:
    def test_from_identified_to_closed_in_the_order_of_the_chart(self) -> None:
        state: str | None = NEW
        for trigger, expected in (
            ("identify", "identified"),
            ("start_check", "eligibility"),
            ("find_eligible", "pre_engagement"),
            ("begin_engagement", "engagement"),
            ("discuss_pause", "commitment"),
            ("commit", "on_programme"),
            ("begin_transition", "transition"),
            ("graduate", "completed"),
            ("begin_next_steps", "next_steps"),
            ("close", "closed"),
        ):
            assert state is not None
            state = fire(state, trigger)
            assert state == expected

    def test_she_may_decline_the_offer_until_she_has_committed(self) -> None:
        declining = {state for state in OPEN if PAUSE.rows("decline_offer", state)}
        assert declining == {"pre_engagement", "engagement", "commitment"}
        assert fire("commitment", "decline_pause") == "declined"

    @pytest.mark.parametrize("left", WORKING)
    @pytest.mark.parametrize(
        ("leave", "away", "come_back"),
        [("lose_contact", "reengaging", "regain_contact"), ("hold", "on_hold", "resume")],
    )
    def test_a_case_comes_back_to_the_state_it_left(self, left: str, leave: str, away: str, come_back: str) -> None:
        assert fire(left, leave) == away
        assert fire(away, come_back, return_state=left) == left

    def test_a_case_does_not_come_back_to_a_state_it_never_left(self) -> None:
        assert fire("reengaging", "regain_contact", return_state="completed") is None
        assert fire("reengaging", "regain_contact") is None

    @pytest.mark.parametrize("state", OPEN)
    @pytest.mark.parametrize(
        "trigger", ["review", "disclose_pregnancy", "record_pregnancy_ended", "record_child_returned"]
    )
    def test_a_review_or_news_of_her_family_never_moves_the_case(self, state: str, trigger: str) -> None:
        assert fire(state, trigger) == state

    @pytest.mark.parametrize("state", OPEN)
    def test_she_can_withdraw_at_any_time_and_the_lead_signs(self, state: str) -> None:
        assert fire(state, "withdraw") == "closed"
        (row,) = PAUSE.rows("withdraw", state)
        assert row.approval is not None
        assert row.approval.by is Role.PAUSE_LEAD

    def test_what_is_final_is_final(self) -> None:
        for state in (state.id for state in PAUSE.states if state.final):
            hers = {"agree_story", "take_back_story"} if state != "not_eligible" else set()
            assert {row.trigger for row in PAUSE.rows_from(state)} == {"correct", *hers}
            assert {row.to for row in PAUSE.rows_from(state)} == {SELF}


class TestConditions:
    def test_no_guard_or_fact_speaks_of_a_method_or_device(self) -> None:
        def facts(found: tuple[Fact, ...]) -> list[str]:
            return [word for one in found for word in (one.name, one.label, *(one.choices or ()), *facts(one.fields))]

        said = [word for row in PAUSE.transitions for word in facts(row.facts)]
        said += [GUARDS[name].says for row in PAUSE.transitions for name in row.guards]
        for word in ("contracept", "method", "device", "larc", "coil", "implant", "pill"):
            assert not [sentence for sentence in said if word in sentence.lower()]

    def test_committing_needs_her_decision_and_an_informed_choice(self) -> None:
        start = {"programme_started_on": "2026-11-23", "first_engaged_on": "2026-08-01"}
        assert unmet("commitment", "commit", start) == ["she_commits", "informed_choice_was_offered"]
        agreed = {**start, "commitment": True, "informed_choice_on": "2026-11-20"}
        assert unmet("commitment", "commit", agreed) == []

    def test_the_programme_cannot_start_before_the_first_contact(self) -> None:
        facts = {"commitment": True, "informed_choice_on": "2026-11-20", "first_engaged_on": "2026-08-01"}
        assert unmet("commitment", "commit", {**facts, "programme_started_on": "2016-11-23"}) == [
            "programme_starts_after_first_contact"
        ]

    @pytest.mark.parametrize(("caseload", "full"), [(7, False), (8, True), (None, True)])
    def test_a_practitioner_works_with_at_most_eight_women(self, caseload: int | None, full: bool) -> None:
        missing = unmet(
            "pre_engagement",
            "begin_engagement",
            {"agrees_to_meet": True},
            worker={"active": True, "caseload": caseload},
        )
        assert missing == (["practitioner_has_capacity"] if full else [])

    def test_a_practitioner_who_holds_her_case_already_is_not_counted_twice(self) -> None:
        facts = {"agrees_to_meet": True, "worker": "pat"}
        pat = {"active": True, "caseload": 8}
        assert unmet("pre_engagement", "begin_engagement", facts, worker=pat, owner="pat") == []
        assert unmet("pre_engagement", "begin_engagement", facts, worker=pat, owner="sam") == [
            "practitioner_has_capacity"
        ]

    def test_engagement_begins_with_her_agreement(self) -> None:
        missing = unmet("pre_engagement", "begin_engagement", worker={"active": True, "caseload": 0})
        assert missing == ["she_agrees_to_meet"]

    def test_a_pause_is_talked_about_once_the_baseline_is_complete(self) -> None:
        scores = [{"domain": domain} for domain in OUTCOME_DOMAINS]
        assert unmet("engagement", "discuss_pause", {"baseline_scores": scores[1:]}) == ["baseline_is_complete"]
        assert unmet("engagement", "discuss_pause", {"baseline_scores": scores}) == []

    def test_she_need_not_score_an_area_she_does_not_want_to(self) -> None:
        (row,) = PAUSE.rows("record_baseline", "engagement")
        given = {"baseline_scores": [{"domain": "housing", "score": 2}, {"domain": "safety"}]}
        assert check_facts(row.facts, given)[1] == []

    @pytest.mark.parametrize(
        ("months", "early", "may"), [(14, False, False), (15, False, True), (11, True, False), (12, True, True)]
    )
    def test_transition_begins_at_month_15_or_early_by_agreement(self, months: int, early: bool, may: bool) -> None:
        missing = unmet("on_programme", "begin_transition", {"early_completion": early}, months_since_start=months)
        assert (missing == []) is may

    @pytest.mark.parametrize(
        ("months", "early", "may"), [(17, False, False), (18, False, True), (11, True, False), (12, True, True)]
    )
    def test_she_graduates_at_18_months_or_early_by_agreement(self, months: int, early: bool, may: bool) -> None:
        missing = unmet("transition", "graduate", {"early_completion": early}, months_since_start=months)
        assert (missing == []) is may

    def test_an_unknown_start_never_counts_as_long_enough(self) -> None:
        assert unmet("transition", "graduate", {"early_completion": True}) == ["programme_is_complete"]
        assert unmet("on_programme", "begin_transition", months_since_start=None) == ["transition_may_begin"]

    def test_a_pregnancy_needs_a_referral_or_a_reason_for_none(self) -> None:
        assert unmet("on_programme", "disclose_pregnancy", {"prebirth_referral": " "}) == [
            "referral_is_made_or_explained"
        ]
        for name in ("prebirth_referral", "refer_to_team", "reason_no_referral"):
            assert unmet("on_programme", "disclose_pregnancy", {name: "PB-2026-0001"}) == []

    def test_the_expected_date_of_birth_is_kept_in_the_babys_record_only(self) -> None:
        assert not [fact for row in PAUSE.transitions for fact in row.facts if fact.name == "edd"]

    def test_a_decision_on_a_pregnancy_needs_one(self) -> None:
        assert unmet("on_programme", "decide_on_pregnancy") == ["pregnancy_is_recorded"]
        assert unmet("on_programme", "decide_on_return") == ["return_is_recorded"]

    def test_lost_contact_ends_involvement_only_after_re_engaging(self) -> None:
        reason = {"closure_reason": "DISENGAGED_AFTER_REENGAGEMENT"}
        assert unmet("on_programme", "end_involvement", reason) == ["lost_contact_was_followed_up"]
        assert unmet("reengaging", "end_involvement", reason) == []

    def test_a_woman_outside_the_criteria_is_accepted_with_a_service_managers_approval(self) -> None:
        (row,) = PAUSE.rows("find_eligible", "eligibility")
        assert row.approval is not None
        assert row.approval.by is Role.SERVICE_MANAGER
        assert row.approval.when == "she_is_outside_criteria"
        outside = GUARDS["she_is_outside_criteria"].holds
        assert outside(situation("eligibility", "find_eligible", {"meets_criteria": False}))
        assert not outside(situation("eligibility", "find_eligible", {"meets_criteria": True}))

    def test_nobody_ends_involvement_alone_and_no_timer_ever_does(self) -> None:
        for row in PAUSE.transitions:
            assert Role.SYSTEM not in row.roles or row.sources == (NEW,)
            if row.to == "closed":
                assert row.approval is not None
                assert not row.approval.may_follow

    def test_an_extension_lies_ahead(self) -> None:
        assert unmet("engagement", "extend_engagement", {"engagement_until": "2026-11-23"}) == ["new_date_lies_ahead"]
        assert unmet("on_hold", "extend_programme", {"programme_until": "2027-03-01"}) == []

    def test_a_review_is_recorded_at_most_a_month_early(self) -> None:
        assert unmet("on_programme", "review", {"review_month": "6"}, months_since_start=4) == ["review_is_near"]
        assert unmet("on_programme", "review", {"review_month": "6"}, months_since_start=5) == []


class TestClocks:
    def test_reviews_follow_one_another(self) -> None:
        assert "review_month_1" in clock_effects(PAUSE, "commit", "commitment", "on_programme").starts
        for before, month in pairwise(REVIEW_MONTHS):
            clock = PAUSE.clock_by_id[f"review_month_{month}"]
            assert clock.after == (f"review_month_{before}",)
            assert clock.met_by == ("review",)

    def test_the_programme_runs_on_while_contact_is_lost_or_the_case_is_on_hold(self) -> None:
        for clock in ("programme_end", "review_month_6"):
            assert PAUSE.clock_by_id[clock].during == PROGRAMME
        effects = clock_effects(PAUSE, "lose_contact", "on_programme", "reengaging")
        assert "programme_end" not in effects.cancels
        assert {"reengagement_attempt", "reengagement_review", "reengagement_decision"} <= set(effects.starts)

    def test_an_attempt_is_no_contact(self) -> None:
        assert clock_effects(PAUSE, "record_attempt", "on_programme", "on_programme").meets == ()
        assert "contact_gap" in clock_effects(PAUSE, "record_contact", "on_programme", "on_programme").meets

    def test_a_lead_review_of_lost_contact_is_no_programme_review(self) -> None:
        assert clock_effects(PAUSE, "review_as_lead", "reengaging", "reengaging").meets == ("reengagement_review",)

    def test_the_end_of_a_pregnancy_silences_its_decision(self) -> None:
        effects = clock_effects(PAUSE, "record_pregnancy_ended", "on_programme", "on_programme")
        assert effects.cancels == ("pregnancy_decision",)

    def test_every_clock_has_a_limit_in_the_base_policy_and_none_is_left_over(self) -> None:
        limits = tomllib.loads(STATUTORY.read_text(encoding="utf-8"))["limits"]["pause"]
        assert set(limits) == set(PAUSE.clock_by_id)
        for limit in limits.values():
            TimeLimit.model_validate(limit)

    def test_every_limit_counts_from_a_fact_that_is_asked_for(self) -> None:
        limits = tomllib.loads(STATUTORY.read_text(encoding="utf-8"))["limits"]["pause"]
        asked = {fact.name for row in PAUSE.transitions for fact in row.facts}
        since = {term.get("since", "start") for limit in limits.values() for term in limit["terms"]}
        assert since <= {"start", *asked}


class TestFacts:
    def test_what_she_says_about_herself_is_personal_and_cohort_counts_are_not(self) -> None:
        (row,) = PAUSE.rows("identify", NEW)
        personal = {fact.name: fact.personal for fact in row.facts}
        assert personal["name"]
        assert personal["date_of_birth"]
        assert not any(personal[name] for name in ("cohort", "children_removed", "care_experienced"))
        for trigger, name in (("withdraw", "leaving_reason"), ("record_baseline", "baseline_scores")):
            facts = {fact.name: fact for fact in PAUSE.rows(trigger, "engagement")[0].facts}
            assert facts[name].personal

    def test_a_case_taken_over_brings_its_programme_dates(self) -> None:
        asked = {fact.name for row in PAUSE.rows("migrate_in", NEW) for fact in row.facts}
        assert {"programme_started_on", "first_engaged_on", "cohort", "clocks"} <= asked

    def test_closing_offers_only_reasons_of_the_code_set(self) -> None:
        offered = {
            code
            for row in PAUSE.transitions
            for fact in row.facts
            if fact.name == "closure_reason"
            for code in fact.choices or ()
        }
        by_trigger = {"DECLINED_OFFER", "DECLINED_PAUSE_COMMITMENT"}
        assert offered == set(PAUSE_CLOSURE_REASONS) - by_trigger
