"""Cases under a pre-birth case: child protection, pre-proceedings, care proceedings and a looked-after child."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from scheduler.calendars import add_days, add_months, at_time
from workflow.demo import words
from workflow.demo.prebirth import Course

CP, PP = "child_protection", "pre_proceedings"
MADE_AT = time(9)
AGENCIES = ["social_care", "police", "midwifery", "health_visiting"]
# The plan put to the court, the court's order, and the outcome of the child, by care plan
COURT_PLAN = {
    "with_parents": "D",
    "mother_and_baby": "B",
    "adoption": "C",
    "special_guardianship": "E",
    "fostering": "A",
}
ORDER = {
    "with_parents": "supervision_order",
    "mother_and_baby": "supervision_order",
    "adoption": "placement_order",
    "special_guardianship": "special_guardianship",
    "fostering": "care_order",
}
OUTCOME = {
    "with_parents": "with_parents_child_in_need",
    "mother_and_baby": "with_parents_child_in_need",
    "adoption": "adoption",
    "special_guardianship": "special_guardianship",
    "fostering": "fostering",
}


def child_protection(course: Course, start: date, *, ends: date = date.max, opened: bool = False) -> Course:
    """From the strategy discussion to a plan with core groups, visits and reviews.

    `opened`: the engine has opened the case by itself, for a referral that told of an immediate concern.
    """
    if not opened:
        _concern(course, start)
    conference = _to_conference(course, start)
    _under_a_plan(course, conference, min(ends, add_days(course.world.today, 30)))
    if ends < course.world.today:
        course.story.then(
            ends,
            "end_plan",
            course.cast.chair,
            case=CP,
            review_on=ends,
            ending_reason="The plan has done its work.",
            **REVIEW,
        )
    return course


def _concern(course: Course, day: date) -> None:
    course.story.opens(
        day,
        "child_protection",
        "request_strategy",
        course.family.worker,
        case=CP,
        concern_reason="What has been seen adds up to a risk of significant harm for the baby.",
        safe_now="The mother stays with her aunt this week.",
    )


def _strategy(course: Course, start: date, *, enquiry: bool = True) -> date:
    day = course.world.work(start, 1)
    course.story.then(
        day,
        "hold_strategy_s47" if enquiry else "hold_strategy_no_action",
        course.cast.manager,
        case=CP,
        strategy_held_on=day,
        agencies=AGENCIES,
        strategy_note="The parents are told what was decided, and why.",
    )
    return day


def _enquiry(course: Course, start: date, *, conference: date | None) -> date:
    """The enquiry is complete, and a conference booked for that day; without one, none is needed."""
    day = course.world.work(start, 8)
    course.story.then(
        day,
        "complete_s47_conference" if conference else "complete_s47_no_conference",
        course.cast.manager,
        case=CP,
        s47_completed_on=day,
        s47_finding="likely_harm" if conference else "not_substantiated",
        s47_note="What worries and what is strong, side by side.",
        **({"conference_booked_for": conference} if conference else {}),
    )
    return day


def _to_conference(course: Course, start: date, *, plan: bool = True) -> date:
    """The strategy discussion, the enquiry and the conference; the day of the conference."""
    conference = course.world.work(start, 13)
    _strategy(course, start)
    _enquiry(course, start, conference=conference)
    course.story.then(
        conference,
        "hold_conference_plan" if plan else "hold_conference_cin",
        course.cast.chair,
        case=CP,
        conference_on=conference,
        outline_plan="Who does what, and by when.",
        **REVIEW,
        **({"category": course.world.rng.choice(("NEG", "EMO", "MUL"))} if plan else {}),
    )
    return conference


def settled(course: Course, start: date, *, at: str) -> Course:
    """A concern that needs no plan: at the strategy discussion, after the enquiry, or at the conference."""
    _concern(course, start)
    if at == "strategy":
        _strategy(course, start, enquiry=False)
    elif at == "enquiry":
        _strategy(course, start)
        _enquiry(course, start, conference=None)
    else:
        _to_conference(course, start, plan=False)
    return course


REVIEW = {"agencies": AGENCIES, "quorate": True, "parents_views": "Heard in the meeting."}


def _under_a_plan(course: Course, conference: date, last: date) -> None:
    world, story, worker = course.world, course.story, course.family.worker
    before_last = add_days(last, -1)
    for day in world.days(world.work(conference, 7), before_last, 12):
        note = world.rng.choice(words.VISITS if day < course.born else words.VISITS_WITH_BABY)
        seen = ["mother"] if day < course.born else ["mother", "child"]
        story.then(day, "record_cp_visit", worker, case=CP, visited_on=day, people_seen=seen, visit_note=note)
    for day in world.days(world.work(conference, 8), before_last, 39):
        note = world.rng.choice(words.CORE_GROUPS)
        story.then(day, "hold_core_group", worker, case=CP, core_group_on=day, agencies=AGENCIES, core_group_note=note)
    review = world.work(add_days(add_months(conference, 3), -4))
    while review <= before_last:
        story.then(
            review,
            "hold_review",
            course.cast.chair,
            case=CP,
            review_on=review,
            category="NEG",
            review_note="Progress is real; the plan goes on.",
            **REVIEW,
        )
        review = world.work(add_days(add_months(review, 6), -4))


def pre_proceedings(course: Course) -> date:
    """From the legal gateway, asked for before the assessment is authorised, to the decision to issue; its day."""
    meeting = _begin(course)
    decided = max(course.world.work(course.gestation(35, 1)), course.world.work(meeting, 2))
    _review(course, meeting, decided)
    _decide_to_issue(course, decided)
    return decided


def stepped_down(course: Course) -> Course:
    """Pre-proceedings that end without an application: the parents have done what was asked."""
    meeting = _begin(course)
    decided = course.world.work(add_days(meeting, 20))
    course.story.then(
        decided,
        "step_down_pp",
        course.cast.service_manager,
        case=PP,
        step_decision_date=decided,
        gateway_note="The agreement is kept; help goes on without the court.",
        legal_advice="The threshold is not met now.",
    )
    return course


def gateway_continues(course: Course) -> Course:
    """A legal gateway that sees no need for more than the plan in hand."""
    held = _ask(course)
    course.story.then(
        held,
        "decide_continue_plan",
        course.cast.service_manager,
        case=PP,
        gateway_held_on=held,
        gateway_note="Carry on with the plan; look again in six weeks.",
        legal_advice="The threshold is not met.",
    )
    return course


def _ask(course: Course) -> date:
    """Asks for a legal gateway; the day it is held."""
    asked = course.world.work(course.authorised, -1)
    held = course.world.work(asked, 6)
    course.story.opens(
        asked,
        "pre_proceedings",
        "request_gateway",
        course.family.worker,
        case=PP,
        gateway_reason="The assessment sees a risk that help alone may not meet.",
        gateway_booked_for=held,
    )
    return held


def _begin(course: Course) -> date:
    """The decision to begin, the letter and the first meeting; the day of the meeting."""
    cast, started = course.cast, _ask(course)
    letter, meeting = course.world.work(started, 3), course.world.work(started, 10)

    def then(day: date, trigger: str, by: str, **facts: Any) -> None:
        course.story.then(day, trigger, by, case=PP, **facts)

    then(
        started,
        "start_pre_proceedings",
        cast.service_manager,
        pp_start_date=started,
        gateway_note="Begin pre-proceedings; the parents get a lawyer and a clear plan.",
        legal_advice="The threshold may be met at birth.",
    )
    then(letter, "send_letter", cast.legal, lbp_sent_date=letter, fgdm_meeting_offer=letter, letter_is_for_unborn=True)
    then(
        meeting,
        "hold_first_meeting",
        cast.manager,
        initial_pp_meeting_date=meeting,
        parents_represented=True,
        agreement="Tests, appointments and a family meeting, each with a date.",
        parents_views="Want the baby home with them, and a fair chance to show it.",
    )
    return meeting


def _review(course: Course, meeting: date, decided: date) -> None:
    for day in course.world.days(course.world.work(add_days(meeting, 38)), add_days(decided, -1), 40):
        course.story.then(
            day,
            "hold_pp_review",
            course.cast.manager,
            case=PP,
            pp_review_on=day,
            parents_represented=True,
            review_note="Went through the agreement line by line.",
        )


def _decide_to_issue(course: Course, decided: date) -> None:
    world, cast, story = course.world, course.cast, course.story
    story.then(
        decided,
        "decide_to_issue",
        cast.service_manager,
        case=PP,
        step_decision_date=decided,
        gateway_note="Apply on the day of birth, so that the court decides with all voices heard.",
        legal_advice="The threshold is likely to be met.",
        initial_plan=COURT_PLAN[course.family.care_plan],
        family_group_meeting="declined",
    )
    ready = world.work(decided, 3)
    story.then(ready, "prepare_papers", cast.legal, case=PP, papers_ready_on=ready)
    for day in world.days(add_days(decided, 12), add_days(course.born, -1), 13):
        story.then(
            day, "review_decision_to_issue", cast.manager, case=PP, review_note="Nothing has changed; it stands."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """The days of the court: issue, the hearings, and the order."""

    issued: date
    managed: date
    resolution: date
    final: date
    ordered: date


def proceedings(course: Course, gateway: date | None, *, issued: date, extended: bool = False) -> Court:
    """The application, one case for each child, and its hearings."""
    world = course.world
    late = 42 if extended else 0
    resolution, final = (world.work(add_days(issued, days + late)) for days in (140, 166))
    court = Court(
        issued=issued,
        managed=world.work(issued, 13),
        resolution=resolution,
        final=final,
        ordered=world.work(final, 3),
    )
    _issue(course, gateway, court)
    for number in course.numbers:
        _case_of_child(course, court, number)
        _hearings(course, court, f"court {number}", extended=extended)
    return court


def _issue(course: Course, gateway: date | None, court: Court) -> None:
    cast, story, family = course.cast, course.story, course.family
    if gateway is not None:
        story.then(
            court.issued,
            "record_issue",
            cast.legal,
            case=PP,
            court_app_date=court.issued,
            court_reference=_reference(course),
            short_notice=False,
        )
    story.then(
        court.issued,
        "issue_proceedings",
        cast.legal,
        gateway_decided_on=gateway or course.world.work(course.born, 1),
        gateway_agreed=True,
        family_group_meeting="declined",
        issued_on=court.issued,
        court_reference=_reference(course),
        court_children=[{"child": number, "initial_plan": COURT_PLAN[family.care_plan]} for number in course.numbers],
        care_plans=[{"child": number, "care_plan": family.care_plan} for number in course.numbers],
    )
    course.agreed("issue_proceedings", course.world.work(court.issued, 1))


def _reference(course: Course) -> str:
    return f"DEMO-{course.born:%y%m%d}"


def _case_of_child(course: Course, court: Court, number: int) -> None:
    away = course.family.care_plan in ("adoption", "special_guardianship")
    course.story.opens(
        court.issued,
        "care_proceedings",
        "issue",
        course.cast.legal,
        case=f"court {number}",
        child=number,
        issued_on=court.issued,
        court_reference=_reference(course),
        application="care" if away else "supervision",
        initial_plan=COURT_PLAN[course.family.care_plan],
        short_notice=False,
        parents_represented=True,
    )


def _hearings(course: Course, court: Court, case: str, *, extended: bool) -> None:
    cast, story = course.cast, course.story

    def then(day: date, trigger: str, **facts: Any) -> None:
        story.then(day, trigger, cast.legal, case=case, **facts)

    note = "Directions given; the parents were heard."
    then(court.managed, "hold_cmh", hearing_on=court.managed, hearing_note=note, next_hearing_on=court.resolution)
    if extended:
        until = add_days(court.issued, 181)
        then(
            course.world.work(add_days(court.issued, 160)),
            "extend_timetable",
            extension_ordered_on=course.world.work(add_days(court.issued, 160)),
            timetable_ended_on=until,
            timetable_until=add_days(until, 56),
            extension_reason="A kin assessment that arrived late has to be tested.",
        )
    then(court.resolution, "hold_irh", hearing_on=court.resolution, hearing_note=note, next_hearing_on=court.final)
    then(court.final, "hold_final_hearing", hearing_on=court.final, hearing_note=note)
    then(
        court.ordered,
        "make_final_order",
        ordered_on=court.ordered,
        decision_note="The court agreed the plan.",
        final_order=ORDER[course.family.care_plan],
        final_plan=COURT_PLAN[course.family.care_plan],
    )


def end_court(course: Course, court: Court, *, supported: bool) -> date:
    """What follows the order: support goes on, or the outcome of every child is agreed. The day of it."""
    day = course.world.work(court.ordered, 2)
    plan = course.family.care_plan
    course.story.then(
        day,
        "end_court_support_continues" if supported else "end_court_outcome_agreed",
        course.cast.legal,
        final_orders=[{"child": number, "order": ORDER[plan]} for number in course.numbers],
        **({} if supported else course.outcomes(OUTCOME[plan])),
    )
    return day


def looked_after(course: Course, court: Court, *, number: int = 1) -> Course:
    """A baby away from the parents under an interim order, until the court has decided and after it."""
    world, since = course.world, course.world.work(court.issued, 1)
    kin = course.family.care_plan == "special_guardianship"
    in_care(
        course,
        since,
        course.family.worker,
        until=court.ordered if kin else add_days(world.today, 30),
        number=number,
        **order("interim_order", "C1", since),
        court_reference=_reference(course),
        placement="U3" if kin else "U5",
        **({} if kin else {"early_permanence_from": since}),
    )
    course.story.then(
        world.work(add_days(since, 105)),
        "agree_permanence_plan",
        course.cast.manager,
        case=f"care {number}",
        permanence_plan="special_guardianship" if kin else "adoption",
        plan_note="The family's views are recorded beside it.",
    )
    _after_order(course, court, f"care {number}", kin=kin)
    return course


def in_care(course: Course, since: date, by: str, *, until: date, number: int = 1, **facts: Any) -> None:
    """A child becomes looked after: the order or agreement, the visits and the reviews."""
    world, story, case = course.world, course.story, f"care {number}"
    story.opens(
        since,
        "looked_after",
        "record_order",
        by,
        case=case,
        child=number,
        became_looked_after_on=since,
        placed_on=since,
        reviewing_officer=course.cast.chair,
        **facts,
    )
    visits = [*world.days(world.work(since, 4), add_days(since, 42), 7), *world.days(add_days(since, 70), until, 39)]
    for day in visits:
        story.then(
            day,
            "record_lac_visit",
            course.family.worker,
            case=case,
            visited_on=day,
            child_seen=True,
            visit_note="Baby seen with the carers; settled. Brought a photograph for the parents.",
        )
    first = world.work(since, 18)
    second = world.work(add_days(add_months(first, 3), -5))
    third = world.work(add_days(add_months(second, 6), -6))
    for day in (one for one in (first, second, third) if one <= until):
        story.then(
            day,
            "hold_lac_review",
            course.cast.chair,
            case=case,
            review_on=day,
            participation="PN0",
            review_note="The plan was looked at with carers and parents.",
        )


def order(kind: str, status: str, made: date) -> dict[str, Any]:
    return {"kind": kind, "legal_status": status, "made_at": at_time(made, MADE_AT).isoformat()}


def _after_order(course: Course, court: Court, case: str, *, kin: bool) -> None:
    world, cast, story = course.world, course.cast, course.story
    if kin:
        story.then(
            world.work(court.ordered, 1),
            "discharge_order",
            cast.legal,
            case=case,
            ceased_on=court.ordered,
            reason_ceased="E45",
            ceasing_note="With the grandparents who cared for the baby.",
        )
        return
    decided = world.work(add_days(court.final, -14))
    story.then(
        decided,
        "decide_adoption",
        cast.director,
        case=case,
        adoption_decided_on=decided,
        adoption_reason="Every option in the family was looked at first.",
    )
    story.then(
        court.ordered,
        "replace_order",
        cast.legal,
        case=case,
        **order("final_order", "E1", court.ordered),
    )
