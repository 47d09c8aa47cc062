"""The Pause journey, as a practitioner would tell it: eighteen months beside one woman, at her pace."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from journeys.parents import (
    Facts,
    all_is_proved,
    desk_on,
    due,
    every_edge_walked,
    expecting,
    has_ended,
    how_they_ended,
    open_states_of,
    state_of,
    taken_over,
)

from scheduler.calendars import add_months
from states.facts import Fact
from states.guards import GUARDS
from states.lifecycle import NEW
from states.pause import BACK, OUTCOME_DOMAINS, PAUSE, REVIEW_MONTHS, WORKING
from states.roles import Role
from workflow.errors import MoveRefused, NotFound
from workflow.possibilities import possible_moves
from workflow.worklists import Filters

from factories import Desk
from walks import Edge, Walk, missing_edges

TODAY = "2026-11-25"
STARTED = date(2027, 1, 11)
PP, PL, SM = "pause.PP", "pause.PL", "pause.SM"
EVERY_AREA: list[Facts] = [{"domain": domain, "score": 2} for domain in OUTCOME_DOMAINS]
ABOUT_A_DEVICE = ("device", "contracep", "larc", "implant", "coil", "injection", "method", "sterilis", "pill")


def identified(desk: Desk) -> Walk:
    return Walk(desk, "pause").open(PL, worker=PP)


def engaged(desk: Desk) -> Walk:
    """She has agreed to get to know Pause, today."""
    walk = identified(desk).step("start_check", PL).step("find_eligible", PL)
    return walk.step("begin_engagement", PP, worker=PP)


def on_programme(desk: Desk, months: int = 0) -> Walk:
    """She started on 11 January 2027, and `months` of the programme have passed, without a review so far."""
    walk = engaged(desk).after(days=30)
    walk.step("record_baseline", PP, baseline_scores=EVERY_AREA).step("discuss_pause", PP)
    desk.now = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
    walk.step("commit", PL, to="on_programme")
    desk.now = in_month(months)
    return walk


def in_month(months: int) -> datetime:
    return datetime.combine(add_months(STARTED, months), datetime.min.time(), UTC).replace(hour=10)


def reviewed(walk: Walk, month: int) -> None:
    """The practitioner reviews with her; the practice lead signs."""
    walk.step("review", PP, review_month=str(month), outcome_scores=EVERY_AREA)
    assert "approval_decision" in due(walk)
    walk.step("decide_approval", PL, for_trigger="review", decision="approve")
    assert "approval_decision" not in due(walk)


def test_eighteen_months_with_hold_lost_contact_and_pregnancy(desk: Desk) -> None:
    walk = identified(desk)
    assert due(walk) == {"contact_plan": "2026-12-09"}
    walk.step("start_check", PL, to="eligibility")
    assert due(walk) == {"eligibility_check": "2026-12-02"}
    walk.step("find_eligible", PL, to="pre_engagement")
    assert due(walk) == {"pre_engagement_review": "2026-12-23", "pre_engagement_lead_review": "2027-02-17"}

    # She agrees to get to know Pause: sixteen weeks.
    walk.refuses("begin_engagement", PP, "has not agreed", worker=PP, agrees_to_meet=False)
    walk.step("begin_engagement", PP, to="engagement", worker=PP)
    assert due(walk) == {"engagement_phase": "2027-03-17", "contact_gap": "2026-12-09"}
    walk.after(days=14).step("record_contact", PP)
    assert how_they_ended(walk, "contact_gap") == ["met", "open"]
    walk.refuses("discuss_pause", PP, "baseline is not complete")
    walk.step("record_baseline", PP, baseline_scores=EVERY_AREA).step("discuss_pause", PP, to="commitment")
    assert due(walk)["commitment_decision"] == "2026-12-23"

    # Her own decision, after an informed choice. Nothing else is asked for.
    desk.now = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
    walk.step("record_contact", PP)
    walk.refuses("commit", PL, "has not made the commitment herself", commitment=False)
    walk.refuses("commit", PL, "informed-choice conversation", informed_choice_on="2027-01-12")
    walk.refuses("commit", PL, "not asked for here", contraception="any")
    walk.step("commit", PL, to="on_programme")
    started = {"review_month_1": "2027-02-11", "transition_start": "2028-05-11", "programme_end": "2028-07-11"}
    assert due(walk) == {**started, "contact_gap": "2027-01-25"}

    desk.now = in_month(1)
    reviewed(walk, 1)
    desk.now = in_month(3)
    assert due(walk)["review_month_3"] == "2027-04-11"
    reviewed(walk, 3)

    # She is in custody: her place is kept, the programme runs on, and the review of month 6 is held without her.
    desk.now = in_month(5)
    walk.step("hold", PL, to="on_hold", hold_reason="custody")
    assert due(walk)["hold_review"] == "2027-07-09"
    walk.after(days=28).step("review_as_lead", PL)
    assert how_they_ended(walk, "hold_review") == ["met", "open"]
    walk.step("review", PL, review_month="6")
    assert due(walk)["review_month_9"] == "2027-10-11"
    walk.step("resume", PL, to="on_programme")
    assert due(walk)["programme_end"] == "2028-07-11"

    # She cannot be reached: that never ends a case, somebody keeps trying.
    desk.now = in_month(7)
    walk.step("lose_contact", PP, to="reengaging")
    assert due(walk)["reengagement_attempt"] == "2027-08-18"
    assert due(walk)["reengagement_decision"] == "2027-11-03"
    walk.after(days=7).step("record_attempt", PP).after(days=21).step("review_as_lead", PL)
    walk.after(days=56).step("keep_trying", PL, to="reengaging")
    assert how_they_ended(walk, "reengagement_decision") == ["met", "open"]
    walk.step("regain_contact", PP, to="on_programme")
    assert not {"reengagement_attempt", "reengagement_review", "reengagement_decision"} & due(walk).keys()

    # A pregnancy is never an automatic exit.
    desk.now = in_month(10)
    reviewed(walk, 9)
    walk.refuses("disclose_pregnancy", PP, "name the pre-birth referral")
    walk.step("disclose_pregnancy", PP, to="on_programme", prebirth_referral="PB-1")
    assert due(walk)["pregnancy_decision"] == "2027-11-25"
    walk.after(days=5).step("decide_on_pregnancy", PL, to="on_programme", pregnancy_decision="stays_adapted")
    assert how_they_ended(walk, "pregnancy_decision") == ["met"]
    walk.after(days=20).step("record_pregnancy_ended", PP, pregnancy_outcome="not_said")

    # Month 15 and on: transition, graduation, and what she is proud of.
    desk.now = in_month(12)
    reviewed(walk, 12)
    desk.now = in_month(14)
    walk.refuses("begin_transition", PL, "from month 15")
    desk.now = in_month(15)
    walk.step("begin_transition", PL, to="transition")
    assert how_they_ended(walk, "transition_start") == ["met"]
    assert due(walk)["transition_plan"] == "2028-06-11"
    reviewed(walk, 15)
    walk.step("agree_transition_plan", PP)
    walk.refuses("graduate", PL, "after 18 months")
    desk.now = in_month(18)
    reviewed(walk, 18)
    walk.step("graduate", PL, to="completed")
    assert how_they_ended(walk, "programme_end") == ["met"]
    for month in REVIEW_MONTHS:
        assert how_they_ended(walk, f"review_month_{month}") == ["met"]
    assert due(walk) == {"outcome_set": "2028-08-08", "next_steps_decision": "2028-08-22"}

    walk.refuses("begin_next_steps", PP, "outcomes .* are not recorded")
    walk.step("record_outcomes", PP, final_scores=EVERY_AREA).step("begin_next_steps", PP, to="next_steps")
    assert due(walk) == {"next_steps_review": "2029-01-11"}
    walk.after(days=180).step("review", PP)
    walk.refuses("close", PP, "needs the approval of a Pause practice lead", closure_reason="COMPLETED")
    walk.step("request_approval", PP, for_trigger="close")
    walk.refuses("decide_approval", "pause.SM", "a higher tier", for_trigger="close", decision="approve")
    walk.step("decide_approval", PL, for_trigger="close", decision="approve")
    walk.step("close", PP, to="closed", closure_reason="COMPLETED")
    has_ended(walk, "closed")


def test_nothing_ever_asks_for_a_device_or_a_method() -> None:
    def said(facts: Iterable[Fact]) -> str:
        inner = " ".join(said(fact.fields) for fact in facts if fact.fields)
        return " ".join(f"{fact.name} {fact.label} {fact.hint} {fact.choices or ''}" for fact in facts) + inner

    for row in PAUSE.transitions:
        words = f"{said(row.facts)} {[GUARDS[name].says for name in row.guards]} {row.when or ''}".lower()
        assert not [word for word in ABOUT_A_DEVICE if word in words], row.trigger
        # No timer moves a woman's case: the service only opens one, where the pre-birth team passes on her wish.
        assert Role.SYSTEM not in row.roles or row.sources == (NEW,)


def test_whoever_ends_it_is_not_alone_in_that_decision(desk: Desk) -> None:
    walk = on_programme(desk, 8)
    reason: dict[str, Any] = {"closure_reason": "DISENGAGED_AFTER_REENGAGEMENT"}
    walk.refuses("end_involvement", PL, "only after re-engaging was tried", **reason)
    walk.step("lose_contact", PP)
    walk.refuses("end_involvement", PL, "needs the approval of a service manager", **reason)
    walk.step("request_approval", PL, for_trigger="end_involvement")
    walk.refuses("decide_approval", PL, "somebody else than the person who asked", for_trigger="end_involvement")
    walk.step("decide_approval", SM, for_trigger="end_involvement", decision="refuse")
    walk.refuses("end_involvement", PL, "needs the approval of a service manager", **reason)
    walk.approve("end_involvement", PL, SM)
    walk.step("end_involvement", PL, to="closed", **reason)
    has_ended(walk, "closed")


def test_she_may_withdraw_at_any_time_in_her_own_words(desk: Desk) -> None:
    walk = engaged(desk)
    walk.approve("withdraw", PP, PL)
    walk.step("withdraw", PP, to="closed", closure_reason="WITHDREW", leaving_reason="not now")
    has_ended(walk, "closed")


def test_a_woman_outside_the_criteria_is_accepted_with_a_service_managers_approval(desk: Desk) -> None:
    walk = identified(desk).step("start_check", PL)
    walk.refuses("find_eligible", PL, "needs the approval of a service manager", meets_criteria=False)
    walk.step("request_approval", PL, for_trigger="find_eligible", reason_code="MANAGER_JUDGEMENT")
    walk.step("decide_approval", SM, for_trigger="find_eligible", decision="approve")
    walk.step("find_eligible", PL, to="pre_engagement", meets_criteria=False)
    view = seen_by(desk, walk.case, PL)
    assert view["timeline"][-1]["overridden"] is True


def test_a_hold_moves_the_end_of_the_programme_only_where_the_lead_extends_it(desk: Desk) -> None:
    walk = on_programme(desk, 6)
    walk.step("hold", PL).step("extend_programme", PL, programme_until="2028-10-11")
    assert due(walk)["programme_extension"] == "2028-10-11"
    assert not {"programme_end", "transition_start"} & due(walk).keys()
    all_is_proved(desk)


def test_contact_lost_again_on_the_way_leads_back_to_where_she_was(desk: Desk) -> None:
    walk = engaged(desk).step("lose_contact", PP, to="reengaging")
    assert due(walk)["engagement_phase"] == "2027-03-17"  # it runs on
    walk.after(days=30).step("regain_contact", PP, to="engagement")
    walk.step("extend_engagement", PL, engagement_until="2027-04-30").step("hold", PL, to="on_hold")
    assert due(walk)["engagement_extension"] == "2027-04-30"
    walk.step("resume", PL, to="engagement")


def test_early_completion_is_agreed_from_month_twelve(desk: Desk) -> None:
    walk = on_programme(desk, 12)
    walk.step("agree_early_completion", PL, early_completion=True).step("begin_transition", PL).step("graduate", PL)
    walk.step("record_outcomes", PP, final_scores=EVERY_AREA).approve("close_without_next_steps", PP, PL)
    reason = "COMPLETED_EARLY_BY_CHOICE"
    has_ended(walk.step("close_without_next_steps", PP, to="closed", closure_reason=reason), "closed")


# Her record is hers


def seen_by(desk: Desk, case: str, who: str) -> dict[str, Any]:
    return desk.looks_as(who).case(case)


def test_her_record_is_closed_to_her_babys_team_and_the_reverse(desk: Desk) -> None:
    hers, babys = engaged(desk).case, expecting(desk, due=date(2027, 3, 1))
    for who, closed, trigger in (("baby.TM", hers, "record_contact"), ("pause.PL", babys, "record_visit")):
        with pytest.raises(NotFound, match="there is no case"):
            desk.fire(closed, trigger, who)
        with pytest.raises(NotFound):
            possible_moves(desk.engine, closed, desk.who(who), desk.now)
        with pytest.raises(NotFound):
            seen_by(desk, closed, who)
        with pytest.raises(NotFound):
            desk.looks_as(who).evidence(closed)
        assert closed not in str(desk.looks_as(who).cases(Filters()).rows)
    with pytest.raises(MoveRefused, match="cannot open it here"):
        desk.open("pause", "baby.TM", {})
    with pytest.raises(MoveRefused, match="cannot open it here"):
        desk.open("prebirth", "pause.PL", {})


def test_her_case_is_not_given_to_somebody_who_may_not_read_it(desk: Desk) -> None:
    walk = engaged(desk)
    walk.refuses("change_worker", PL, "no active account of that name for this record", worker="baby.CW")
    walk.refuses("change_worker", PL, "no such team for this record", worker="pause.PP2", team="baby")
    walk.refuses("change_worker", PL, "no such team for this record", worker="pause.PP2", team="nowhere")
    walk.step("change_worker", PL, worker="pause.PP2")
    assert seen_by(desk, walk.case, PL)["owner"] == "pause.PP2"


# Taking over


@pytest.mark.parametrize("state", open_states_of("pause"))
def test_a_woman_taken_over_in_any_state_has_a_live_deadline(desk: Desk, state: str) -> None:
    walk = taken_over(desk, "pause", state, worker=PP, **came_from(state, "on_programme"))
    assert any(due(walk).values())
    all_is_proved(desk)


def test_she_is_not_taken_over_as_coming_from_where_nobody_can_lead_her_back(desk: Desk) -> None:
    for state in ("reengaging", "on_hold"):
        for left in set(open_states_of("pause")) - set(WORKING):
            with pytest.raises(MoveRefused, match="State it was in before"):
                taken_over(desk, "pause", state, worker=PP, came_from=left)


def came_from(state: str, left: str) -> dict[str, Any]:
    return {"came_from": left} if state in ("reengaging", "on_hold") else {}


# Every edge


def test_every_transition_is_fired_and_refused(sqlite_url: str) -> None:
    desk = desk_on(sqlite_url)
    dates = {"programme_started_on": "2025-05-11", "first_engaged_on": "2025-02-11"}

    def stage(edge: Edge) -> Walk:
        _, source, target = edge
        if source == NEW:
            return Walk(desk, "pause")
        left = target if target in BACK else "on_programme"
        return taken_over(desk, "pause", source, worker=PP, **dates, **came_from(source, left))

    def approved(by: str) -> Any:
        def ask(walk: Walk, edge: Edge) -> Facts:
            walk.approve(edge[0], PL if by == SM else PP, by)
            return {}

        return ask

    def after(trigger: str, who: str, **facts: Any) -> Any:
        def prepare(walk: Walk, edge: Edge) -> Facts:
            walk.step(trigger, who, **facts)
            return {}

        return prepare

    def closing(walk: Walk, edge: Edge) -> Facts:
        if edge[1] == "completed":
            walk.step("record_outcomes", PP, final_scores=EVERY_AREA)
        return approved(PL)(walk, edge)

    def ending(walk: Walk, edge: Edge) -> Facts:
        return {**approved(SM)(walk, edge), "closure_reason": "MOVED_AREA"}

    def decided(walk: Walk, edge: Edge) -> Facts:
        walk.step("request_approval", PP, for_trigger="withdraw")
        return {"for_trigger": "withdraw", "decision": "approve"}

    say = {
        "request_approval": lambda walk, edge: {"for_trigger": "withdraw"},
        "decide_approval": decided,
        "change_worker": lambda walk, edge: {"worker": "pause.PP2"},
        "begin_engagement": lambda walk, edge: {"worker": "pause.PP2"},  # the first has eight of these by now
        "discuss_pause": after("record_baseline", PP, baseline_scores=EVERY_AREA),
        "extend_engagement": lambda walk, edge: {"engagement_until": "2027-03-01"},
        "extend_programme": lambda walk, edge: {"programme_until": "2027-03-01"},
        "disclose_pregnancy": lambda walk, edge: {"reason_no_referral": "she asked to tell them herself"},
        "decide_on_pregnancy": after("disclose_pregnancy", PP, reason_no_referral="invented"),
        "decide_on_return": after("record_child_returned", PP),
        "begin_next_steps": after("record_outcomes", PP, final_scores=EVERY_AREA),
        "close_without_next_steps": closing,
        "close": closing,
        "withdraw": approved(PL),
        "end_involvement": ending,
    }
    walks = every_edge_walked("pause", stage, say)
    assert missing_edges("pause", walks) == (set(), set())
    assert {state_of(desk, walk.case) for walk in walks} == {state.id for state in PAUSE.states}
    all_is_proved(desk)
