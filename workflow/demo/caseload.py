"""What the caseloads of both authorities share: how a family enters, is sent on, and how work ends early."""

from datetime import date
from typing import Any

from scheduler.calendars import add_days
from workflow.demo.people import Names
from workflow.demo.prebirth import Course, Family
from workflow.demo.staff import Cast
from workflow.demo.story import FAMILY, Story, World

TERM = 280  # completed days of gestation at the expected date of birth


class Caseload:
    """Plans the stories of one authority's families."""

    def __init__(self, world: World, names: Names, cast: Cast) -> None:
        self.world, self.names, self.cast, self.families = world, names, cast, 0

    def worker(self) -> str:
        self.families += 1
        return self.cast.workers[self.families % len(self.cast.workers)]

    def ago(self, days: int) -> date:
        """So many working days before today."""
        return self.world.work(self.world.today, -days)

    def due(self, on: date, weeks: int, days: int = 0) -> date:
        """The expected date of birth of a pregnancy that has come to these weeks and days on that day."""
        return add_days(on, TERM - weeks * 7 - days)

    def referred(self, edd: date, weeks: int) -> date:
        """A working day in that week of the pregnancy."""
        return self.world.work(add_days(edd, weeks * 7 - TERM + self.world.rng.randint(0, 5)))

    def begun(self, family: Family) -> Course:
        """Referred and accepted: a worker visits and assesses."""
        return self.refer(family).accept().consent().allocate().assess()

    def refer(self, family: Family) -> Course:
        return Course(self.world, self.cast, self.names, family).refer()

    # Ways out

    def send_on(self, course: Course, service: str, recipient: str, reason: str) -> date:
        """Another service is asked; the day."""
        course.story.then(
            course.accepted,
            "route",
            self.cast.manager,
            service=service,
            recipient=recipient,
            referrer_informed_on=course.accepted,
            move_reason=reason,
        )
        return course.accepted

    def taken(self, course: Course, by: str) -> Story:
        day = self.world.work(course.accepted, 1)
        course.story.then(day, "acknowledge_route", self.cast.manager, acknowledged_by=by, acknowledged_on=day)
        return course.story

    def duplicate(self, course: Course) -> Story:
        course.story.then(
            course.accepted,
            "close_referral",
            self.cast.manager,
            closing_reason="duplicate",
            duplicate_of="the referral of the day before",
            referrer_informed_on=course.accepted,
            move_reason="The midwife and the GP wrote on the same day.",
        )
        return course.story

    def pregnancy_ended(self, course: Course, told: date) -> Story:
        """Nothing about a birth is sent any more, and the parents are offered company."""
        course.story.cut(told)
        course.story.then(told, "report_pregnancy_ended", course.family.worker, end_reported_by="the hospital")
        course.story.then(
            self.world.work(told, 1),
            "confirm_pregnancy_ended",
            self.cast.manager,
            health_source="the midwife who knows them",
            bereavement_support="The hospital's bereavement midwife, and a visit when they wish.",
        )
        return course.story

    def moved_away(self, course: Course, moved: date) -> Story:
        course.story.cut(moved)
        course.story.then(
            moved,
            "transfer_out",
            self.cast.manager,
            receiving_authority="an invented authority by the sea",
            accepted_by="its pre-birth team",
            accepted_in_writing=True,
            transfer_conference_asked=True,
            move_reason="The parents moved to be near her sister.",
        )
        return course.story

    def consent_withdrawn(self, course: Course, day: date, *, by: str = "mother") -> Course:
        """A manager decides how to go on; nothing closes by itself."""
        course.story.cut(day)
        course.story.then(
            day,
            "withhold_consent",
            course.family.worker,
            withheld="withdrawn",
            withheld_by=by,
            withheld_words="It is too much at once.",
            risk_note="She still sees her midwife; no sign of harm this week.",
        )
        return course

    def handed_over(self, course: Course, day: date, team: str, manager: str) -> Story:
        """Another team goes on; open cases of the children go with the family."""
        worker = f"{manager.removesuffix('.tm')}.worker1"
        course.story.cut(day, FAMILY)
        course.story.then(
            day,
            "hand_over",
            self.cast.manager,
            team=team,
            worker=worker,
            accepted_by=manager,
            accepted_on=day,
            handover_note="Read together with the new worker, who has met the family.",
        )
        course.story.pass_on(day, course.family.worker, worker)
        return course.story

    def told_of(self, **facts: Any) -> dict[str, Any]:
        """The facts of a referral that are the same for most families."""
        return {
            "immediate_safety_concern": False,
            "relinquished": False,
            "first_time_parents": False,
            "primary_need": "N1",
            "current_proceedings_for_another_child": False,
            "older_siblings_at_home": False,
            "family_open_to": "none",
            "proceedings_ended_on": "never",
            "presented_very_late": False,
            **facts,
        }
