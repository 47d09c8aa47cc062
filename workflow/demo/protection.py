"""Child protection under a pre-birth case: a concern, an enquiry, a conference, and the plan."""

from datetime import date

from scheduler.calendars import add_days, add_months
from workflow.demo import words
from workflow.demo.prebirth import Course

CP = "child_protection"
AGENCIES = ["social_care", "police", "midwifery", "health_visiting"]
REVIEW = {"agencies": AGENCIES, "quorate": True, "parents_views": "Heard in the meeting."}


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
