"""Pre-proceedings under a pre-birth case: the legal gateway, the letter and meetings, and the decision."""

from datetime import date
from typing import Any

from scheduler.calendars import add_days
from workflow.demo.plans import COURT_PLAN
from workflow.demo.prebirth import Course

PP = "pre_proceedings"


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
