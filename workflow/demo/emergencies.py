"""Babies who could not go home at once: by agreement with the parents, or under police protection and court orders."""

from datetime import date, timedelta

from scheduler.calendars import add_days, at_time
from workflow.demo.care import MADE_AT, in_care, order
from workflow.demo.court import proceedings
from workflow.demo.prebirth import Course

POLICE_PROTECTION = timedelta(hours=70)
CASE = "care 1"


def by_agreement(course: Course) -> Course:
    """The parents asked for a foster home for some weeks (section 20); they can take the baby home at any time."""
    world, day = course.world, course.discharged
    in_care(
        course,
        day,
        course.family.worker,
        until=add_days(world.today, 30),
        **order("accommodated_s20", "V2", day),
        placement="U6",
        has_capacity=True,
        fully_informed=True,
        necessary_and_proportionate=True,
        in_labour_or_sedated=False,
        agreed_by="Both parents, with the midwife there.",
    )
    course.go_home(legal_position="section_20", to="foster_care_s20")
    course.story.then(
        world.work(day, 9),
        "review_agreement",
        course.cast.manager,
        case=CASE,
        review_note="It still stands; the parents see the baby each day.",
    )
    return course


def protected(course: Course) -> Course:
    """Police protection, an emergency order, and then an interim order within the proceedings."""
    cast, world, taken = course.cast, course.world, add_days(course.born, 1)
    until = at_time(taken, MADE_AT) + POLICE_PROTECTION
    in_care(
        course,
        taken,
        cast.duty,
        until=add_days(world.today, 30),
        **order("police_protection", "L1", taken),
        taken_at=at_time(taken, MADE_AT).isoformat(),
        expires_at=until.isoformat(),
        placement="U6",
    )
    _replace(course, add_days(taken, 2), "emergency_order", "L2", ends=add_days(taken, 9))
    issued = max(world.work(add_days(course.born, 5)), add_days(taken, 2))
    proceedings(course, None, issued=issued)
    _replace(course, add_days(taken, 8), "interim_order", "C1")
    course.support(world.work(course.born, 4))
    return course


def _replace(course: Course, day: date, kind: str, status: str, *, ends: date | None = None) -> None:
    end = {} if ends is None else {"expires_at": at_time(ends, MADE_AT).isoformat()}
    course.story.then(day, "replace_order", course.cast.legal, case=CASE, **order(kind, status, day), **end)
