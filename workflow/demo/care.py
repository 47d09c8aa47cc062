"""A looked-after child under a pre-birth case: order, placement, visits, reviews and the plan for permanence."""

from datetime import date, time
from typing import Any

from scheduler.calendars import add_days, add_months, at_time
from workflow.demo.court import Court, court_reference
from workflow.demo.prebirth import Course

MADE_AT = time(9)  # when orders are made in these stories


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
        court_reference=court_reference(course),
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
