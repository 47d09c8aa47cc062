"""Looked after: what each order needs, how it ends, and the visits, reviews and steps of an adoption."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from config.limits import TimeLimit
from scheduler.calendars import WorkingCalendar
from scheduler.deadlines import Anchors, compute_due
from states.codes import LEGAL_STATUSES, ORDER_KINDS
from states.facts import check_facts
from states.guards import GUARDS, Situation
from states.lifecycle import NEW, SELF, clock_effects
from states.looked_after import LOOKED_AFTER, OPEN, STATUSES_OF, TIMED
from states.roles import Role

MOVE_DAY = date(2026, 11, 23)
BORN = "2026-11-20"
EARLY = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
LIMITS = tomllib.loads(
    (Path(__file__).parents[3] / "config" / "policies" / "statutory.toml").read_text(encoding="utf-8")
)["limits"]["looked_after"]
PLACED: dict[str, Any] = {"placement": "U6", "placed_on": "2026-11-23"}
ORDERS: dict[str, dict[str, Any]] = {
    "police_protection": {
        "legal_status": "L1",
        "made_at": "2026-11-23T10:00:00+00:00",
        "taken_at": "2026-11-23T10:00:00+00:00",
        "expires_at": "2026-11-26T10:00:00+00:00",
    },
    "emergency_order": {
        "legal_status": "L2",
        "made_at": "2026-11-23T10:00:00+00:00",
        "expires_at": "2026-12-01T10:00:00+00:00",
    },
    "accommodated_s20": {
        "legal_status": "V2",
        "made_at": "2026-11-23T10:00:00+00:00",
        "has_capacity": True,
        "fully_informed": True,
        "necessary_and_proportionate": True,
        "in_labour_or_sedated": False,
    },
    "interim_order": {"legal_status": "C1", "made_at": "2026-11-23T10:00:00+00:00"},
    "final_order": {"legal_status": "C2", "made_at": "2026-11-23T10:00:00+00:00"},
}


def situation(state: str, trigger: str, facts: dict[str, Any], **more: Any) -> Situation:
    known = more.pop("known", {})
    return Situation(
        state=state,
        trigger=trigger,
        actor="ann",
        occurred_on=more.pop("occurred_on", MOVE_DAY),
        facts={**known, **facts},
        submitted=facts,
        last_actor=more.pop("last_actor", {}),
        derived={"born_on": BORN, **more},
    )


def unmet(state: str, trigger: str, facts: dict[str, Any], **more: Any) -> list[str]:
    asked = situation(state, trigger, facts, **more)
    (row,) = (row for row in LOOKED_AFTER.rows(trigger, state) if row.holds(asked))
    return LOOKED_AFTER.unmet(row, asked)


def recorded(kind: str, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "became_looked_after_on": "2026-11-23", **ORDERS[kind], **PLACED, **changes}


class TestOrders:
    @pytest.mark.parametrize("kind", ORDER_KINDS)
    def test_each_kind_of_order_leads_to_its_own_state(self, kind: str) -> None:
        assert LOOKED_AFTER.fire(situation(NEW, "record_order", {"kind": kind})) == kind
        assert unmet(NEW, "record_order", recorded(kind)) == []

    @pytest.mark.parametrize("kind", ORDER_KINDS)
    def test_one_form_serves_every_kind_of_order(self, kind: str) -> None:
        rows = LOOKED_AFTER.rows("record_order", NEW)
        assert all(row.facts == rows[0].facts for row in rows)
        assert check_facts(rows[0].facts, {**recorded(kind), "child": 1})[1] == []

    @pytest.mark.parametrize("kind", ORDER_KINDS)
    def test_nobody_is_looked_after_before_birth(self, kind: str) -> None:
        assert unmet(NEW, "record_order", recorded(kind), born_on=None) == ["care_follows_birth"]
        assert unmet(NEW, "record_order", recorded(kind), born_on="2026-11-24") == ["care_follows_birth"]

    @pytest.mark.parametrize("kind", ORDER_KINDS)
    def test_the_legal_status_is_that_of_the_order(self, kind: str) -> None:
        for status in set(LEGAL_STATUSES) - set(STATUSES_OF[kind]):
            assert "legal_status_fits_order" in unmet(NEW, "record_order", recorded(kind, legal_status=status))

    @pytest.mark.parametrize("state", OPEN)
    @pytest.mark.parametrize("kind", ORDER_KINDS)
    def test_an_order_is_replaced_from_wherever_the_case_stands(self, state: str, kind: str) -> None:
        target = LOOKED_AFTER.fire(situation(state, "replace_order", {"kind": kind}))
        assert target == (None if state == kind == "police_protection" else kind)

    def test_an_order_can_be_discharged_wherever_one_is_in_force(self) -> None:
        for state in (*TIMED, "final_order"):
            assert LOOKED_AFTER.fire(situation(state, "discharge_order", {})) == "ceased"
        assert LOOKED_AFTER.fire(situation("accommodated_s20", "discharge_order", {})) is None
        assert LOOKED_AFTER.fire(situation("accommodated_s20", "end_accommodation", {})) == "ceased"

    def test_a_placement_order_follows_the_agencys_decision(self) -> None:
        placement = {"kind": "final_order", "legal_status": "E1", "made_at": "2026-11-20T10:00:00+00:00"}
        missing = ["placement_order_follows_decision"]
        assert unmet("final_order", "replace_order", placement) == missing
        assert unmet("final_order", "replace_order", placement, known={"adoption_decided_on": "2026-11-21"}) == missing
        assert unmet("final_order", "replace_order", placement, known={"adoption_decided_on": "2026-11-20"}) == []


class TestTimedOrders:
    @pytest.mark.parametrize(
        ("taken_at", "expires_at", "possible"),
        [
            ("2026-11-23T10:00:00+00:00", "2026-11-26T10:00:00+00:00", True),
            ("2026-11-23T10:00:00+00:00", "2026-11-26T10:01:00+00:00", False),
            ("2026-11-23T10:00:00+00:00", "2026-11-23T10:00:00+00:00", False),
            ("2026-10-23T10:00:00+01:00", "2026-10-26T09:00:00+00:00", True),  # the clocks go back in between
            ("2026-10-23T10:00:00+01:00", "2026-10-26T10:00:00+00:00", False),
            (None, "2026-11-26T10:00:00+00:00", False),
            ("2026-11-23T10:00:00+00:00", None, False),
        ],
    )
    def test_police_protection_ends_72_elapsed_hours_after_the_child_was_taken(
        self, taken_at: str | None, expires_at: str | None, possible: bool
    ) -> None:
        facts = recorded("police_protection", taken_at=taken_at, expires_at=expires_at)
        missing = unmet(NEW, "record_order", facts)
        assert missing == ([] if possible else ["police_protection_ends_within_72_hours"])

    @pytest.mark.parametrize(("days", "possible"), [(1, True), (8, True), (9, False), (0, False), (-1, False)])
    def test_an_emergency_order_lasts_8_days_at_most(self, days: int, possible: bool) -> None:
        ends = datetime(2026, 11, 23, 10, tzinfo=UTC) + timedelta(days=days)
        missing = unmet(NEW, "record_order", recorded("emergency_order", expires_at=ends.isoformat()))
        assert missing == ([] if possible else ["emergency_order_ends_within_8_days"])

    def test_an_emergency_order_says_when_it_ends(self) -> None:
        known = {"expires_at": "2026-11-25T10:00:00+00:00"}  # of the police protection before it
        facts = {"kind": "emergency_order", "legal_status": "L2", "made_at": "2026-11-23T10:00:00+00:00"}
        assert unmet("police_protection", "replace_order", facts, known=known) == ["emergency_order_ends_within_8_days"]

    @pytest.mark.parametrize(("ends", "possible"), [("2026-11-28", True), ("2026-11-29", False)])
    def test_an_emergency_order_is_extended_to_15_days_in_all(self, ends: str, possible: bool) -> None:
        facts, known = {"expires_at": f"{ends}T10:00:00+00:00"}, {"made_at": "2026-11-13T10:00:00+00:00"}
        missing = unmet("emergency_order", "extend_order", facts, known=known)
        assert missing == ([] if possible else ["emergency_order_is_extended_once"])

    def test_an_emergency_order_is_extended_once(self) -> None:
        facts, known = {"expires_at": "2026-11-25T10:00:00+00:00"}, {"made_at": "2026-11-13T10:00:00+00:00"}
        missing = unmet("emergency_order", "extend_order", facts, known=known, last_actor={"extend_order": "ann"})
        assert missing == ["emergency_order_is_extended_once"]

    def test_an_interim_order_need_not_name_its_end_but_never_ends_before_it_was_made(self) -> None:
        assert unmet(NEW, "record_order", recorded("interim_order")) == []
        early = recorded("interim_order", expires_at="2026-11-23T09:00:00+00:00")
        assert unmet(NEW, "record_order", early) == ["order_ends_after_it_was_made"]


class TestLapse:
    def test_lapsing_is_the_only_move_a_timer_makes(self) -> None:
        for row in LOOKED_AFTER.transitions:
            if Role.SYSTEM in row.roles:
                assert row.roles == (Role.SYSTEM,)
                assert row.trigger in ("lapse_order", "end_with_parent")

    def test_only_an_order_with_an_end_lapses_and_not_before_it(self) -> None:
        assert {state for state in OPEN if LOOKED_AFTER.rows("lapse_order", state)} == set(TIMED)
        known = {"expires_at": "2026-11-23T10:00:00+00:00"}
        for minute, missing in ((datetime(2026, 11, 23, 10, 0, tzinfo=UTC), []), (EARLY, ["order_has_expired"])):
            assert unmet("emergency_order", "lapse_order", {}, known=known, occurred_at=minute) == missing
        assert unmet("interim_order", "lapse_order", {}) == ["order_has_expired"]

    def test_after_a_lapse_people_decide_within_an_hour(self) -> None:
        effects = clock_effects(LOOKED_AFTER, "lapse_order", "emergency_order", "order_lapsed")
        assert effects.starts == ("after_lapse_decision",)
        assert "order_expires" in effects.cancels
        assert LIMITS["after_lapse_decision"]["terms"] == [{"amount": 1, "unit": "hours"}]
        assert LIMITS["after_lapse_decision"]["ladder"] == "lapse"

    @pytest.mark.parametrize(
        ("decision", "target"), [("apply", "order_lapsed"), ("agreement", "order_lapsed"), ("return", "ceased")]
    )
    def test_each_decision_after_a_lapse_leads_where_it_says(self, decision: str, target: str) -> None:
        asked = situation("order_lapsed", "decide_after_lapse", {"decision_after_lapse": decision})
        assert LOOKED_AFTER.fire(asked) == target

    def test_legal_and_the_service_manager_decide_together(self) -> None:
        for row in LOOKED_AFTER.rows("decide_after_lapse", "order_lapsed"):
            assert set(row.roles) == {Role.LEGAL, Role.SERVICE_MANAGER}
            assert row.approval is not None
            assert row.approval.by is Role.SERVICE_MANAGER
            assert row.approval.may_follow == (row.to == SELF)  # where the case ends, the approval comes first
            alone = GUARDS[row.approval.when or ""].holds
            assert alone(situation("order_lapsed", "decide_after_lapse", {}, actor_role=Role.LEGAL))
            assert not alone(situation("order_lapsed", "decide_after_lapse", {}, actor_role=Role.SERVICE_MANAGER))

    def test_a_return_after_a_lapse_has_its_day_and_reason(self) -> None:
        back = {"decision_after_lapse": "return"}
        missing = ["ceasing_is_explained", "ceasing_follows_beginning"]
        assert unmet("order_lapsed", "decide_after_lapse", back) == missing
        complete = {**back, "ceased_on": "2026-11-23", "reason_ceased": "E4B"}
        assert unmet("order_lapsed", "decide_after_lapse", complete) == []


class TestAccommodation:
    @pytest.mark.parametrize(
        ("fact", "value", "guard"),
        [
            ("has_capacity", False, "parent_has_capacity"),
            ("fully_informed", False, "parent_is_fully_informed"),
            ("necessary_and_proportionate", False, "accommodation_is_proportionate"),
            ("in_labour_or_sedated", True, "parent_is_fit_to_agree"),
        ],
    )
    def test_an_agreement_needs_capacity_information_need_and_a_mother_fit_to_agree(
        self, fact: str, value: bool, guard: str
    ) -> None:
        assert unmet(NEW, "record_order", recorded("accommodated_s20", **{fact: value})) == [guard]
        assert unmet(NEW, "record_order", recorded("accommodated_s20", **{fact: None})) == [guard]

    def test_an_objection_reaches_legal_at_once_and_starts_an_hour(self) -> None:
        (row,) = LOOKED_AFTER.rows("record_objection", "accommodated_s20")
        assert Role.LEGAL in row.notify
        effects = clock_effects(LOOKED_AFTER, "record_objection", "accommodated_s20", "accommodated_s20")
        assert effects.starts == ("objection_answer",)
        assert LIMITS["objection_answer"]["terms"] == [{"amount": 1, "unit": "hours"}]


class TestVisitsAndReviews:
    def test_reviews_follow_one_another_and_outlive_a_change_of_order(self) -> None:
        assert "first_lac_review" in clock_effects(LOOKED_AFTER, "record_order", NEW, "interim_order").starts
        assert LOOKED_AFTER.clock_by_id["second_lac_review"].after == ("first_lac_review",)
        assert LOOKED_AFTER.clock_by_id["later_lac_review"].after == ("second_lac_review",)
        assert LOOKED_AFTER.clock_by_id["later_lac_review"].repeats
        for name in ("first_lac_review", "second_lac_review", "later_lac_review", "lac_visit", "permanence_plan"):
            assert LOOKED_AFTER.clock_by_id[name].during == OPEN

    def test_a_new_placement_is_visited_within_a_week(self) -> None:
        effects = clock_effects(LOOKED_AFTER, "change_placement", "interim_order", "interim_order")
        assert "placement_visit" in effects.cancels
        assert "placement_visit" in effects.starts
        assert "lac_visit" not in effects.cancels

    @pytest.mark.parametrize(
        ("facts", "weekly"),
        [
            ({"placement": "P1"}, True),
            ({"placement": "P1", "parent_assessed": False}, True),
            ({"placement": "P1", "parent_assessed": True}, False),
            ({"placement": "U6"}, False),
            ({}, False),
        ],
    )
    def test_a_child_with_a_parent_not_yet_assessed_is_visited_weekly(
        self, facts: dict[str, Any], weekly: bool
    ) -> None:
        only_if = GUARDS[LOOKED_AFTER.clock_by_id["weekly_visit"].only_if or ""].holds
        assert only_if(situation(NEW, "record_order", facts)) is weekly

    def test_weekly_visits_end_with_the_review_and_go_on_four_weekly_at_home_under_an_interim_order(self) -> None:
        effects = clock_effects(LOOKED_AFTER, "hold_lac_review", "interim_order", "interim_order")
        assert "weekly_visit" in effects.cancels
        assert "home_visit" in effects.starts
        assert "home_visit" not in clock_effects(LOOKED_AFTER, "hold_lac_review", "final_order", "final_order").starts

    def test_an_end_that_an_order_names_starts_a_clock_and_one_it_does_not_name_starts_none(self) -> None:
        only_if = GUARDS[LOOKED_AFTER.clock_by_id["order_expires"].only_if or ""].holds
        earlier = {"expires_at": "2026-11-25T10:00:00+00:00"}
        assert not only_if(situation("police_protection", "replace_order", {"kind": "interim_order"}, known=earlier))
        assert only_if(situation(NEW, "record_order", recorded("emergency_order")))

    def test_early_permanence_carers_have_the_day_they_began_as_such(self) -> None:
        for code in ("U2", "U5"):
            facts = recorded("interim_order", placement=code)
            assert unmet(NEW, "record_order", facts) == ["early_permanence_is_dated"]
            assert unmet(NEW, "record_order", {**facts, "early_permanence_from": "2026-11-23"}) == []


class TestAdoption:
    KNOWN: ClassVar[dict[str, Any]] = {
        "adoption_decided_on": "2026-11-02",
        "matched_on": "2026-11-10",
        "legal_status": "E1",
    }

    @pytest.mark.parametrize(("given_on", "effective"), [("2026-11-22", False), ("2026-11-23", True)])
    def test_a_mothers_consent_has_no_effect_before_six_weeks(self, given_on: str, effective: bool) -> None:
        missing = unmet(
            "accommodated_s20", "record_adoption_consent", {"adoption_consent_on": given_on}, born_on="2026-10-12"
        )
        assert missing == ([] if effective else ["consent_is_six_weeks_after_birth"])

    def test_consent_is_refused_where_the_birth_is_unknown(self) -> None:
        facts = {"adoption_consent_on": "2026-11-23"}
        assert unmet("accommodated_s20", "record_adoption_consent", facts, born_on=None) == [
            "consent_is_six_weeks_after_birth"
        ]

    def test_a_match_needs_a_decision_that_still_stands(self) -> None:
        matched = {"matched_on": "2026-11-20"}
        decided = {"adoption_decided_on": "2026-11-02"}
        assert unmet("final_order", "match_adopters", matched) == ["adoption_is_decided", "match_follows_decision"]
        assert unmet("final_order", "match_adopters", matched, known=decided) == []
        reversed_since = {**decided, "adoption_reversed_on": "2026-11-10"}
        assert unmet("final_order", "match_adopters", matched, known=reversed_since) == ["adoption_is_decided"]
        again = {**reversed_since, "adoption_decided_on": "2026-11-18"}
        assert unmet("final_order", "match_adopters", matched, known=again) == []

    @pytest.mark.parametrize(
        ("placement", "known", "missing"),
        [
            ("A6", {}, []),
            ("A5", {"legal_status": "C2"}, ["adoption_placement_is_authorised"]),
            ("A4", {"legal_status": "V2"}, ["adoption_placement_is_authorised"]),
            ("A4", {"legal_status": "V2", "adoption_consent_on": "2026-11-15"}, []),
        ],
    )
    def test_a_placement_for_adoption_needs_a_placement_order_or_consent(
        self, placement: str, known: dict[str, Any], missing: list[str]
    ) -> None:
        facts = {"placement": placement, "placed_for_adoption_on": "2026-11-20"}
        assert unmet("final_order", "place_for_adoption", facts, known={**self.KNOWN, **known}) == missing

    def test_a_child_is_placed_on_or_after_the_match(self) -> None:
        facts = {"placement": "A6", "placed_for_adoption_on": "2026-11-09"}
        assert unmet("final_order", "place_for_adoption", facts, known=self.KNOWN) == [
            "adoption_placement_follows_match"
        ]

    @pytest.mark.parametrize(("since", "may"), [("2026-09-14", True), ("2026-09-15", False)])
    def test_adopters_apply_after_ten_weeks_of_living_together(self, since: str, may: bool) -> None:
        known = {**self.KNOWN, "lived_with_adopters_since": since}
        missing = unmet("final_order", "apply_to_adopt", {"adoption_applied_on": "2026-11-23"}, known=known)
        assert missing == ([] if may else ["child_lived_with_adopters_10_weeks"])

    def test_an_adoption_follows_its_application_and_ends_being_looked_after(self) -> None:
        adopted = {"ceased_on": "2026-11-23", "reason_ceased": "E11"}
        assert unmet("final_order", "record_adoption", adopted) == ["adoption_follows_application"]
        assert unmet("final_order", "record_adoption", adopted, known={"adoption_applied_on": "2026-11-01"}) == []
        assert LOOKED_AFTER.fire(situation("final_order", "record_adoption", adopted)) == "ceased"

    def test_the_agencys_decision_is_the_assistant_directors(self) -> None:
        for trigger in ("decide_adoption", "reverse_adoption_decision"):
            (row,) = LOOKED_AFTER.rows(trigger, "final_order")
            assert row.roles == (Role.ASSISTANT_DIRECTOR,)


class TestLimits:
    def test_every_clock_has_its_limit_and_no_limit_is_left_over(self) -> None:
        assert set(LIMITS) == set(LOOKED_AFTER.clock_by_id)
        asked = {fact.name for row in LOOKED_AFTER.transitions for fact in row.facts}
        for limit in LIMITS.values():
            assert {term.since for term in TimeLimit.model_validate(limit).terms} <= {"start", *asked}

    def test_police_protection_is_counted_in_elapsed_hours_over_a_change_of_the_clocks(self) -> None:
        taken_at = datetime(2026, 10, 23, 9, tzinfo=UTC)  # 10:00 in summer time
        anchors = Anchors(start=taken_at, dates={"taken_at": taken_at})
        due = compute_due(TimeLimit.model_validate(LIMITS["police_protection_72h"]), anchors, WorkingCalendar())
        assert due.due_at == datetime(2026, 10, 26, 9, tzinfo=UTC)  # 09:00 in winter time

    def test_an_order_ends_at_the_minute_it_names(self) -> None:
        ends_at = datetime(2026, 12, 1, 12, tzinfo=UTC)
        anchors = Anchors(start=datetime(2026, 11, 23, 10, tzinfo=UTC), dates={"expires_at": ends_at})
        due = compute_due(TimeLimit.model_validate(LIMITS["order_expires"]), anchors, WorkingCalendar())
        assert due.due_at == ends_at

    def test_limits_in_hours_use_a_ladder_of_hours(self) -> None:
        for name, limit in LIMITS.items():
            in_hours = any(term["unit"] == "hours" for term in limit["terms"])
            assert (limit.get("ladder") in ("hours", "lapse")) is in_hours, name

    def test_the_permanence_plan_is_due_by_the_latest_day_of_the_second_review(self) -> None:
        became = date(2026, 11, 23)
        anchors = Anchors(start=datetime(2026, 11, 23, 10, tzinfo=UTC), dates={"became_looked_after_on": became})
        due = compute_due(TimeLimit.model_validate(LIMITS["permanence_plan"]), anchors, WorkingCalendar())
        assert due.due_on == date(2027, 3, 23)
