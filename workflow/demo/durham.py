"""Durham's pre-birth caseload: the families, plans and proceedings of S-DUR, and work that has ended or not begun."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.calendars import add_days
from workflow.demo.care import looked_after
from workflow.demo.caseload import Caseload
from workflow.demo.court import end_court, proceedings
from workflow.demo.gateway import pre_proceedings
from workflow.demo.people import Names, born_at_age, parent, removal
from workflow.demo.prebirth import Course, Family
from workflow.demo.programme import LOANS
from workflow.demo.protection import child_protection
from workflow.demo.staff import DURHAM, FAMILIES_FIRST
from workflow.demo.story import Story, World

# S-DUR's needs. Two care-experienced parents are counted among those with a child removed as well.
DISABILITY, SCHOOL, CARE = "learning disability", "school age", "care experience"
CARE_AND_REMOVAL, REMOVAL, OUTSIDE = "care experience and removal", "removal", "outside the criteria"
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
    """A family after the birth: how many days ago, the plan, and the way to court (none, usual, extended, straight)."""

    need: str
    days: int
    plan: str = "with_parents"
    court: str = "usual"
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
    WithBaby(OUTSIDE, 81, court="straight"),
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
PLANNED = {  # weeks of the pregnancy, from and to, and days
    "clinic": (28, 29, 0),
    "birth planning": (32, 32, 2),
    "ready": (35, 38, 3),
    "overdue": (40, 40, 3),
}
UNSEEN = Unborn(DISABILITY, "clinic")  # here nobody has recorded a visit for some weeks


class Durham(Caseload):
    """Plans the stories of Durham's families."""

    def __init__(self, world: World, names: Names) -> None:
        super().__init__(world, names, DURHAM)
        self.loans = iter(LOANS)

    def stories(self) -> Iterator[Story]:
        for with_baby in BORN:
            yield self._with_baby(with_baby)
        for unborn in UNBORN:
            yield self._unborn(unborn)
        yield from self._not_counted()

    # Who they are

    def _mother(self, need: str, received: date) -> dict[str, Any]:
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
        return parent("mother", self.names.woman(), born_at_age(rng, age, received), **told)

    def _father(self, received: date) -> list[dict[str, Any]]:
        rng = self.world.rng
        if rng.random() < 0.45:
            return []
        consent = "given" if rng.random() < 0.7 else "not_needed"
        born = born_at_age(rng, rng.randint(18, 36), received)
        return [parent("father", self.names.man(), born, consent=consent)]

    def _facts(self, need: str, received: date) -> dict[str, Any]:
        rng = self.world.rng
        return self.told_of(
            source=rng.choice(("midwifery", "health", "safeguarding", "transfer", "gp")),
            parents=[self._mother(need, received), *(self._father(received) if need != SCHOOL else ())],
            statutory_assessment_required=need != OUTSIDE,
            first_time_parents=need not in (REMOVAL, CARE_AND_REMOVAL),
            risk_factors=rng.sample(("1B", "2B", "3B", "4B", "5B"), 2),
            referral_note=NOTES[need],
        )

    def family(self, need: str, referred: date, edd: date, **rest: Any) -> Family:
        facts = self._facts(need, referred)
        for one in facts["parents"] if rest.get("consent_later") else ():
            one["consent"] = "not_asked"
        override = CAPACITY if need == OUTSIDE else None
        return Family(
            **{
                "referred": referred,
                "edd": edd,
                "facts": facts,
                "worker": self.worker(),
                "override": override,
                **rest,
            }
        )

    # After the birth

    def _with_baby(self, one: WithBaby) -> Story:
        course = self._until_birth(
            one.need,
            one.days,
            babies=one.babies,
            care_plan=one.plan,
            decision="pre_proceedings" if one.court in ("usual", "extended") else "child_in_need",
        )
        if one.protected:
            child_protection(course, self.world.work(course.submitted, -4))
        if one.court == "none":
            course.go_home()
        else:
            self._in_court(course, one)
        return course.story

    def _until_birth(self, need: str, days: int, **rest: Any) -> Course:
        """The course of a family whose baby was born so many days ago, up to the birth."""
        born = add_days(self.world.today, -days)
        edd = add_days(born, self.world.rng.randint(3, 11))
        family = self.family(need, self.referred(edd, self.world.rng.randint(15, 19)), edd, born=born, **rest)
        court = family.decision == "pre_proceedings"
        course = self.begun(family).authorise()
        return course.plan_birth(legal_position="apply_at_birth" if court else "none").watch().birth()

    def _in_court(self, course: Course, one: WithBaby) -> None:
        gateway = None if one.court == "straight" else pre_proceedings(course)
        home = one.plan in ("with_parents", "mother_and_baby")
        issued = self.world.work(course.born, 3 if home else 2)
        court = proceedings(course, gateway, issued=issued, extended=one.court == "extended")
        agreed = end_court(course, court, supported=home)
        if home:
            to = "mother_and_baby_unit" if one.plan == "mother_and_baby" else "home"
            course.go_home(legal_position="apply_at_birth", to=to)
        else:
            looked_after(course, court)
            course.give_hope_box(self.world.work(course.born, 3))
            course.support(self.world.work(course.born, 3), add_days(agreed, -1))

    # Before the birth

    def _unborn(self, one: Unborn) -> Story:
        if one.stage in PLANNED:
            return self._planned(one)
        match one.stage:
            case "consent":
                asked = self._lately(one.need, self.world.rng.randint(3, 6), consent_later=True)
                return self.refer(asked).accept().story
            case "threshold review":
                return self.consent_withdrawn(self.begun(self._lately(one.need, 30)), self.ago(1)).story
            case "allocation":
                family = self._lately(one.need, 2)
            case "assessment":
                family = self._lately(one.need, self.world.rng.randint(6, 34))
            case "assessment late":
                family = self._lately(one.need, 47, pace=60)
            case _:
                family = self._lately(one.need, 41, pace=40)  # submitted, and not yet read
        return self.begun(family).authorise().story

    def _lately(self, need: str, days: int, **rest: Any) -> Family:
        """A family referred so many working days ago, in week 17 to 19 of the pregnancy."""
        rng = self.world.rng
        return self.family(
            need, self.ago(days), self.due(self.ago(days), rng.randint(17, 19), rng.randint(0, 6)), **rest
        )

    def _planned(self, one: Unborn) -> Story:
        """A family whose assessment is authorised; the week of the pregnancy says how far the plan has come."""
        first, last, days = PLANNED[one.stage]
        weeks = self.world.rng.randint(first, last)
        edd = self.due(self.world.today, weeks, days)
        family = self.family(
            one.need,
            self.referred(edd, 16),
            edd,
            born=add_days(edd, 9),
            decision="child_protection" if one.need == REMOVAL else "child_in_need",
            last_visit=add_days(self.world.today, -33) if one == UNSEEN else date.max,
        )
        course = self.begun(family).authorise().plan_birth().watch()
        if (loan := next(self.loans, None)) is not None:
            code, lent, back = loan
            course.lend(code, self.ago(lent), self.ago(back) if back is not None else None)
        if family.decision == "child_protection":
            child_protection(course, self.world.work(course.submitted, -4))
        return course.story

    # Work that has ended or not begun, and stands in no figure

    def _not_counted(self) -> Iterator[Story]:
        for days in (1, 1, 3):
            yield self.refer(self._lately(CARE, days)).story
        for days, weeks, answered in ((27, 24, True), (12, 17, True), (3, 23, False)):
            yield self._sent_on(days, weeks, answered=answered)
        yield self.duplicate(self.refer(self._lately(CARE, 15)))
        yield from (self._closed(310), self._closed(330), self._with_kin(300), self._permanence(420))
        yield self.pregnancy_ended(self.begun(self._lately(CARE, 24)), self.ago(8))
        yield self.pregnancy_ended(self.begun(self._lately(DISABILITY, 17)), self.ago(1))
        yield self.moved_away(self.begun(self._lately(REMOVAL, 26)), self.ago(4))

    def _sent_on(self, days: int, weeks: int, *, answered: bool) -> Story:
        """Too late for the service, or none of its criteria: Families First is asked."""
        late = weeks > 20
        family = self.family(
            REMOVAL if late else OUTSIDE, self.ago(days), self.due(self.ago(days), weeks), override=None
        )
        course = self.refer(family)
        reason = "Referred after 20+6." if late else "None of the criteria is met."
        self.send_on(course, "families_first", FAMILIES_FIRST[0], reason)
        return self.taken(course, FAMILIES_FIRST[1]) if answered else course.story

    def _closed(self, days: int) -> Story:
        course = self._until_birth(CARE, days)
        agreed = self.world.work(add_days(course.born, 240))
        course.go_home(until=add_days(agreed, -1)).agree(agreed, "with_parents_no_plan")
        return course.close(self.world.work(agreed, 6), "RC7").story

    def _decided(self, days: int, care_plan: str) -> tuple[Course, date]:
        """A family for whom the court has decided that the child lives elsewhere; the day that was agreed."""
        course = self._until_birth(REMOVAL, days, care_plan=care_plan, decision="pre_proceedings")
        court = proceedings(course, pre_proceedings(course), issued=self.world.work(course.born, 2))
        looked_after(course, court)
        agreed = end_court(course, court, supported=False)
        course.support(self.world.work(course.born, 3), add_days(agreed, -1))
        return course, agreed

    def _with_kin(self, days: int) -> Story:
        """A baby who lives with the grandparents under a special guardianship order; Pause was offered."""
        course, agreed = self._decided(days, "special_guardianship")
        return course.close(self.world.work(agreed, 7), "RC4", removed=True).story

    def _permanence(self, days: int) -> Story:
        """A child with a placement order: Families First goes on, and the case of the child goes with it."""
        course, agreed = self._decided(days, "adoption")
        return self.handed_over(course, self.world.work(agreed, 5), *FAMILIES_FIRST)
