"""Care proceedings under a pre-birth case: the application, a case for each child, the hearings and the order."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.calendars import add_days
from workflow.demo.gateway import PP
from workflow.demo.plans import COURT_PLAN, ORDER, OUTCOME
from workflow.demo.prebirth import Course


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
            court_reference=court_reference(course),
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
        court_reference=court_reference(course),
        court_children=[{"child": number, "initial_plan": COURT_PLAN[family.care_plan]} for number in course.numbers],
        care_plans=[{"child": number, "care_plan": family.care_plan} for number in course.numbers],
    )
    course.agreed("issue_proceedings", course.world.work(court.issued, 1))


def court_reference(course: Course) -> str:
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
        court_reference=court_reference(course),
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
        **({} if supported else course.outcomes(OUTCOME[plan], court.ordered)),
    )
    return day
