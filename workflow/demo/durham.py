"""Durham's pre-birth caseload: the families, plans and proceedings of S-DUR, and work that has ended or not begun."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.calendars import add_days
from workflow.demo.people import Names, born_at_age, parent, removal
from workflow.demo.prebirth import Course, Family
from workflow.demo.staff import DURHAM, FAMILIES_FIRST
from workflow.demo.story import Story, World
from workflow.demo.under import child_protection, end_court, looked_after, pre_proceedings, proceedings

# S-DUR's needs. Two care-experienced parents are counted among those with a child removed as well.
DISABILITY, SCHOOL, CARE, CARE_AND_REMOVAL, REMOVAL, OUTSIDE = (
    *("learning disability", "school age", "care experience", "care experience and removal"),
    *("removal", "outside the criteria"),
)
CAPACITY = "CAPACITY_FAMILIES_FIRST"
NOTES = {
    DISABILITY: "A parent has a diagnosed learning disability and asks for help that fits how she learns.",
    SCHOOL: "A pupil who is expecting a baby; her school and her mother stand by her.",
    CARE: "A care leaver who wants to do this differently, and says where she will need a hand.",
    CARE_AND_REMOVAL: "A care leaver whose first child lives elsewhere; much has changed since.",
    REMOVAL: "An older child was removed; since then there is a home, treatment finished and new support.",
    OUTSIDE: "Several worries that Families First would usually look at.",
}


@dataclass(frozen=True, slots=True)
class Unborn:
    """A family before the birth, by what is needed and where the work stands today."""

    need: str
    stage: str


@dataclass(frozen=True, slots=True)
class WithBaby:
    """A family after the birth: how many days ago, the plan, and the court."""

    need: str
    days: int
    plan: str = "with_parents"
    court: str = "usual"  # "none", "usual", "extended", "without pre-proceedings"
    babies: int = 1
    protected: bool = False


# 18 families with 19 babies (14 with parents, 4 with plans of adoption, 1 of special guardianship), 16 in court.
BORN = (
    WithBaby(SCHOOL, 3, court="none"),
    WithBaby(DISABILITY, 96, court="none"),
    WithBaby(REMOVAL, 9, protected=True),
    WithBaby(REMOVAL, 24, protected=True),
    WithBaby(DISABILITY, 38, plan="mother_and_baby"),
    WithBaby(CARE, 52),
    WithBaby(REMOVAL, 67, babies=2, protected=True),
    WithBaby(OUTSIDE, 81, court="without pre-proceedings"),
    WithBaby(DISABILITY, 103),
    WithBaby(REMOVAL, 129),
    WithBaby(CARE_AND_REMOVAL, 151, court="extended"),
    WithBaby(REMOVAL, 190),
    WithBaby(OUTSIDE, 214),
    WithBaby(REMOVAL, 17, plan="adoption", protected=True),
    WithBaby(REMOVAL, 89, plan="adoption", protected=True),
    WithBaby(CARE_AND_REMOVAL, 144, plan="adoption"),
    WithBaby(REMOVAL, 182, plan="adoption"),
    WithBaby(REMOVAL, 116, plan="special_guardianship"),
)
# 13 in the assessment stage, and 14 others: asked for consent, in a review, or past the assessment.
UNBORN = (
    *(Unborn(need, "allocation") for need in (REMOVAL, OUTSIDE)),
    *(Unborn(need, "assessment") for need in (DISABILITY, DISABILITY, SCHOOL, CARE, CARE, REMOVAL, REMOVAL, OUTSIDE)),
    Unborn(REMOVAL, "assessment late"),
    *(Unborn(need, "sign-off") for need in (DISABILITY, OUTSIDE)),
    *(Unborn(need, "consent") for need in (CARE, REMOVAL, OUTSIDE)),
    Unborn(CARE, "threshold review"),
    *(Unborn(need, "clinic") for need in (DISABILITY, REMOVAL, OUTSIDE, OUTSIDE)),
    *(Unborn(need, "birth planning") for need in (DISABILITY, CARE)),
    *(Unborn(need, "ready") for need in (DISABILITY, SCHOOL, OUTSIDE)),
    Unborn(CARE, "overdue"),
)


class Durham:
    """Plans the stories of Durham's families."""

    def __init__(self, world: World, names: Names) -> None:
        self.world, self.names, self.families = world, names, 0

    def stories(self) -> Iterator[Story]:
        for one in BORN:
            yield self._with_baby(one)
        for one in UNBORN:
            yield self._unborn(one)
        yield from self._others()

    # Who they are

    def facts(self, need: str, received: date) -> dict[str, Any]:
        rng = self.world.rng
        told: dict[str, Any] = {}
        age = rng.randint(21, 34)
        if need == DISABILITY:
            told = {"learning_disability": "diagnosed", "significant_needs": True}
        elif need == SCHOOL:
            age, told = rng.randint(14, 15), {"in_full_time_education": True}
        elif need in (CARE, CARE_AND_REMOVAL):
            age, told = rng.randint(18, 23), {"care_status": "care_leaver", "open_to": "care_leavers"}
        if need in (REMOVAL, CARE_AND_REMOVAL):
            removals = [removal(years, received, rng) for years in range(1, rng.randint(2, 4))]
            told |= {"previous_removals": removals, "positive_change": True}
        mother = parent("mother", self.names.woman(), born_at_age(rng, age, received), **told)
        return {
            "source": rng.choice(("midwifery", "health", "safeguarding", "transfer", "gp")),
            "parents": [mother, *self._father(need, age, received)],
            "immediate_safety_concern": False,
            "statutory_assessment_required": need != OUTSIDE,
            "first_time_parents": need not in (REMOVAL, CARE_AND_REMOVAL),
            "risk_factors": rng.sample(("1B", "2B", "3B", "4B", "5B"), 2),
            "primary_need": "N1",
            "current_proceedings_for_another_child": False,
            "older_siblings_at_home": False,
            "referral_note": NOTES[need],
        }

    def _father(self, need: str, age: int, received: date) -> list[dict[str, Any]]:
        rng = self.world.rng
        if rng.random() < 0.45:
            return []
        asked = need == SCHOOL or rng.random() < 0.7
        born = born_at_age(rng, age + rng.randint(0, 4), received)
        consent = "given" if asked else "not_needed"
        return [parent("father", self.names.man(), born, consent=consent)]

    def worker(self) -> str:
        self.families += 1
        return DURHAM.workers[self.families % len(DURHAM.workers)]

    def family(self, need: str, referred: date, edd: date, **rest: Any) -> Family:
        override = {"override": CAPACITY} if need == OUTSIDE else {}
        facts = self.facts(need, referred)
        for one in facts["parents"] if rest.get("consent_later") else ():
            one["consent"] = "not_asked"
        return Family(
            **{"referred": referred, "edd": edd, "facts": facts, "worker": self.worker(), **override, **rest}
        )

    def course(self, family: Family) -> Course:
        return Course(self.world, DURHAM, self.names, family).refer().accept().consent().allocate().assess()

    def referred(self, edd: date, weeks: int) -> date:
        """The working day on which a family is referred in that week of the pregnancy."""
        return self.world.work(add_days(edd, weeks * 7 - 280 + self.world.rng.randint(0, 5)))

    # After the birth

    def _with_baby(self, one: WithBaby) -> Story:
        world = self.world
        born = add_days(world.today, -one.days)
        edd = add_days(born, world.rng.randint(3, 11))
        in_court = one.court != "none"
        family = self.family(
            one.need,
            self.referred(edd, world.rng.randint(15, 19)),
            edd,
            born=born,
            babies=one.babies,
            care_plan=one.plan,
            decision="pre_proceedings" if in_court and one.court != "without pre-proceedings" else "child_in_need",
        )
        course = self.course(family).authorise()
        course.plan_birth(legal_position="apply_at_birth" if in_court else "none").watch().birth()
        if one.protected:
            child_protection(course, world.work(course.submitted, -4))
        if in_court:
            _in_court(course, one)
        else:
            course.go_home()
        return course.story

    # Before the birth

    def _unborn(self, one: Unborn) -> Story:
        match one.stage:
            case "allocation":
                return self._in_assessment(one.need, 2)
            case "assessment":
                return self._in_assessment(one.need, self.world.rng.randint(6, 34))
            case "assessment late":
                return self._in_assessment(one.need, 47, pace=60)
            case "sign-off":
                return self._in_assessment(one.need, 41, pace=40)
            case "consent":
                return self._in_assessment(one.need, self.world.rng.randint(3, 6), consent_later=True)
            case "threshold review":
                return self._reviewed(one.need)
        return self._planned(one)

    def _in_assessment(self, need: str, days: int, **rest: Any) -> Story:
        """A family referred so many working days ago, in week 17 to 19 of the pregnancy."""
        referred = self.world.work(self.world.today, -days)
        edd = add_days(referred, 280 - 7 * self.world.rng.randint(17, 19) - self.world.rng.randint(0, 6))
        family = self.family(need, referred, edd, **rest)
        if family.consent_later:
            return Course(self.world, DURHAM, self.names, family).refer().accept().story
        return self.course(family).authorise().story

    def _reviewed(self, need: str) -> Story:
        """A mother who has withdrawn her consent for now: a manager decides how to go on."""
        referred = self.world.work(self.world.today, -30)
        course = self.course(self.family(need, referred, add_days(referred, 280 - 7 * 18)))
        course.story.cut(self.world.yesterday)
        course.story.then(
            self.world.yesterday,
            "withhold_consent",
            course.family.worker,
            withheld="withdrawn",
            withheld_by="mother",
            withheld_words="It is too much at once.",
            risk_note="She still sees her midwife; no sign of harm this week.",
        )
        return course.story

    def _planned(self, one: Unborn) -> Story:
        """A family whose assessment is authorised; the week of the pregnancy says how far the plan has come."""
        weeks, days = {
            "clinic": (self.world.rng.randint(28, 29), 0),
            "birth planning": (32, self.world.rng.randint(0, 4)),
            "ready": (self.world.rng.randint(35, 38), 3),
            "overdue": (40, 3),
        }[one.stage]
        edd = add_days(self.world.today, 280 - weeks * 7 - days)
        family = self.family(
            one.need,
            self.referred(edd, 16),
            edd,
            born=add_days(edd, 9),
            decision="child_protection" if one.need == REMOVAL else "child_in_need",
            # In one family in the clinic nobody has recorded a visit for some weeks.
            last_visit=add_days(self.world.today, -33) if one == Unborn(DISABILITY, "clinic") else date.max,
        )
        course = self.course(family).authorise().plan_birth().watch()
        if family.decision == "child_protection":
            child_protection(course, self.world.work(course.submitted, -4))
        return course.story

    # Work that has ended, or has not begun

    def _others(self) -> Iterator[Story]:
        for days in (1, 1, 3):
            yield self._waiting(days)
        yield from (self._sent_on(27, 24), self._sent_on(12, 17), self._sent_on(3, 23, answered=False))
        yield self._duplicate()
        yield from (self._closed(310), self._closed(330))
        yield self._kin_home(300)
        yield self._handed_over(420)
        yield from (self._pregnancy_ended(confirmed=True), self._pregnancy_ended(confirmed=False))
        yield self._moved_away()

    def _new(self, need: str, days: int, weeks: int) -> Course:
        referred = self.world.work(self.world.today, -days)
        edd = add_days(referred, 280 - 7 * weeks)
        family = self.family(need, referred, edd, override=None)
        return Course(self.world, DURHAM, self.names, family).refer()

    def _waiting(self, days: int) -> Story:
        return self._new(CARE, days, 16).story

    def _sent_on(self, days: int, weeks: int, *, answered: bool = True) -> Story:
        """Too late for the service, or none of its criteria: Families First is asked."""
        course = self._new(OUTSIDE if weeks < 21 else REMOVAL, days, weeks)
        course.story.then(
            course.accepted,
            "route",
            DURHAM.manager,
            service="families_first",
            recipient=FAMILIES_FIRST[0],
            referrer_informed_on=course.accepted,
            move_reason="Referred after 20+6." if weeks > 20 else "None of the criteria is met.",
        )
        if answered:
            taken = self.world.work(course.accepted, 1)
            course.story.then(
                taken,
                "acknowledge_route",
                DURHAM.manager,
                acknowledged_by=FAMILIES_FIRST[1],
                acknowledged_on=taken,
            )
        return course.story

    def _duplicate(self) -> Story:
        course = self._new(CARE, 15, 14)
        course.story.then(
            course.accepted,
            "close_referral",
            DURHAM.manager,
            closing_reason="duplicate",
            duplicate_of="the referral of the day before",
            referrer_informed_on=course.accepted,
            move_reason="The midwife and the GP wrote on the same day.",
        )
        return course.story

    def _ended(self, need: str, days: int, **rest: Any) -> Course:
        """The course of a family whose baby was born so many days ago."""
        born = add_days(self.world.today, -days)
        edd = add_days(born, 5)
        family = self.family(need, self.referred(edd, 16), edd, born=born, **rest)
        return self.course(family).authorise().plan_birth().watch().birth()

    def _closed(self, days: int) -> Story:
        course = self._ended(CARE, days)
        agreed = self.world.work(add_days(course.born, 240))
        course.go_home(until=add_days(agreed, -1)).agree(agreed, "with_parents_no_plan")
        return course.close(self.world.work(agreed, 6), "RC7").story

    def _kin_home(self, days: int) -> Story:
        """A baby who lives with the grandparents under a special guardianship order; Pause was offered."""
        course = self._ended(REMOVAL, days, care_plan="special_guardianship", decision="pre_proceedings")
        court = proceedings(course, pre_proceedings(course), issued=self.world.work(course.born, 2))
        looked_after(course, court)
        agreed = end_court(course, court, supported=False)
        course.support(self.world.work(course.born, 3), add_days(agreed, -1))
        return course.close(self.world.work(agreed, 7), "RC4", removed=True).story

    def _handed_over(self, days: int) -> Story:
        """A child with a placement order: Families First goes on, and the case of the child goes with it."""
        course = self._ended(REMOVAL, days, care_plan="adoption", decision="pre_proceedings")
        court = proceedings(course, pre_proceedings(course), issued=self.world.work(course.born, 2))
        looked_after(course, court)
        agreed = end_court(course, court, supported=False)
        course.support(self.world.work(course.born, 3), add_days(agreed, -1))
        team, manager = FAMILIES_FIRST
        worker = f"{manager.removesuffix('.tm')}.worker1"
        day = self.world.work(agreed, 5)
        course.story.then(
            day,
            "hand_over",
            DURHAM.manager,
            team=team,
            worker=worker,
            accepted_by=manager,
            accepted_on=day,
            handover_note="Read together with the new worker, who has met the carers.",
        )
        course.story.pass_on(day, course.family.worker, worker)
        return course.story

    def _pregnancy_ended(self, *, confirmed: bool) -> Story:
        """Nothing about a birth is sent any more, and the parents are offered company."""
        course = self.course(self.family(CARE, self.world.work(self.world.today, -24 if confirmed else -17), self._far()))
        told = self.world.work(self.world.today, -8 if confirmed else -1)
        course.story.cut(told)
        course.story.then(told, "report_pregnancy_ended", course.family.worker, end_reported_by="the hospital")
        course.story.then(
            self.world.work(told, 1),
            "confirm_pregnancy_ended",
            DURHAM.manager,
            health_source="the midwife who knows them",
            bereavement_support="The hospital's bereavement midwife, and a visit when they wish.",
        )
        return course.story

    def _far(self) -> date:
        return add_days(self.world.today, 280 - 7 * 21)

    def _moved_away(self) -> Story:
        course = self.course(self.family(REMOVAL, self.world.work(self.world.today, -26), self._far()))
        moved = self.world.work(self.world.today, -4)
        course.story.cut(moved)
        course.story.then(
            moved,
            "transfer_out",
            DURHAM.manager,
            receiving_authority="an invented authority by the sea",
            accepted_by="its pre-birth team",
            accepted_in_writing=True,
            transfer_conference_asked=True,
            move_reason="The parents moved to be near her sister.",
        )
        return course.story


def _in_court(course: Course, one: WithBaby) -> None:
    world = course.world
    gateway = pre_proceedings(course) if one.court != "without pre-proceedings" else None
    home = one.plan in ("with_parents", "mother_and_baby")
    court = proceedings(
        course, gateway, issued=world.work(course.born, 3 if home else 2), extended=one.court == "extended"
    )
    agreed = end_court(course, court, supported=home)
    if home:
        to = "mother_and_baby_unit" if one.plan == "mother_and_baby" else "home"
        course.go_home(legal_position="apply_at_birth", to=to)
        return
    looked_after(course, court)
    course.support(world.work(course.born, 3), agreed)

