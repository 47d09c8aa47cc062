"""Birmingham's caseload: every route of its criteria, both overlays, and most states a case can stand in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scheduler.calendars import add_days, add_months
from workflow.demo import emergencies
from workflow.demo.care import looked_after
from workflow.demo.caseload import Caseload
from workflow.demo.court import end_court, proceedings
from workflow.demo.gateway import gateway_continues, pre_proceedings, stepped_down
from workflow.demo.people import Names, born_at_age, parent, removal
from workflow.demo.prebirth import Course, Family
from workflow.demo.protection import child_protection, settled
from workflow.demo.staff import ASTI, BIRMINGHAM, CHILDREN_IN_CARE, SAFEGUARDING
from workflow.demo.story import Story, World

TAKES = {  # which demo account answers for a service
    "asti": ASTI,
    "safeguarding": SAFEGUARDING,
    "children_in_care": CHILDREN_IN_CARE,
    "current_team": SAFEGUARDING,
}
FIRST_TIME = {"first_time_parents": True}
ONE_RISK = {**FIRST_TIME, "risk_factors": ["4B"]}
SEVERAL = {**FIRST_TIME, "risk_factors": ["2B", "3B", "4B"]}
OPEN_TO_LEAVERS = {"care_status": "care_leaver", "open_to": "care_leavers", "significant_needs": True}


@dataclass(frozen=True, slots=True)
class Routed:
    """A referral that another service takes: the rule that decides, the week of the pregnancy, and what is told.

    `removed` is how many years ago a child was removed; `by` the authority, "none" for none.
    """

    rule: str
    service: str
    weeks: int = 16
    told: Mapping[str, Any] = field(default_factory=dict)
    mother: Mapping[str, Any] = field(default_factory=dict)
    removed: int | None = None
    through: str = "care_proceedings"
    by: str | None = None
    ended_months_ago: int | None = None
    age: int = 26
    answered: bool = True


RELINQUISHED = Routed("B1", "asti", told={"relinquished": True})
OLD_REMOVAL = Routed("B8", "safeguarding", removed=6)
ROUTED = (
    Routed(
        "B2", "current_team", told={"current_proceedings_for_another_child": True, "family_open_to": "safeguarding"}
    ),
    Routed("B2", "current_team", told={"current_proceedings_for_another_child": True, "relinquished": True}),
    Routed("B1", "children_in_care", told={"relinquished": True, "family_open_to": "children_in_care"}),
    RELINQUISHED,
    Routed("B3", "safeguarding", told={"older_siblings_at_home": True, "family_open_to": "safeguarding"}),
    Routed("B3", "children_in_care", told={"older_siblings_at_home": True, "family_open_to": "children_in_care"}),
    Routed("B3", "asti", told={"older_siblings_at_home": True}, answered=False),
    Routed("B4", "children_in_care", 37, {"presented_very_late": True}, removed=1, ended_months_ago=5),
    Routed("B5", "asti", 31, SEVERAL),
    Routed("B5", "safeguarding", 29, {**SEVERAL, "family_open_to": "safeguarding"}),
    Routed("B6", "asti", removed=3, through="private_law_order", by="none"),
    OLD_REMOVAL,
    Routed("B9s", "asti", told=ONE_RISK),
    Routed("B9s", "asti", told={**FIRST_TIME, "risk_factors": ["1B"]}, mother={"plan": "child_in_need"}, age=17),
    Routed("B11", "asti", told={"risk_factors": ["16A"]}),
)


class Birmingham(Caseload):
    """Plans the stories of Birmingham's families."""

    def __init__(self, world: World, names: Names) -> None:
        super().__init__(world, names, BIRMINGHAM)

    def stories(self) -> Iterator[Story]:
        for number, one in enumerate(ROUTED):
            yield self._routed(one, 4 + 5 * number if one.answered else 3)
        yield from self._undecided()
        yield from self._in_assessment()
        yield from self._in_review()
        yield from self._planned()
        yield from self._with_baby()
        yield from self._in_court()
        yield from self._ended()

    # Who they are

    def facts(self, one: Routed, received: date) -> dict[str, Any]:
        rng = self.world.rng
        told = dict(one.told)
        mother = {**one.mother}
        if one.removed is not None:
            mother["previous_removals"] = [removal(one.removed, received, rng, through=one.through, by=one.by)]
        if one.ended_months_ago is not None:
            told["proceedings_ended_on"] = add_months(received, -one.ended_months_ago).isoformat()
        born = born_at_age(rng, one.age, received)
        return self.told_of(
            **{
                "source": rng.choice(("cass", "cass", "cass", "transfer")),
                "parents": [parent("mother", self.names.woman(), born, **mother)],
                "risk_factors": rng.sample(("1B", "2B", "3B", "4B"), 2),
                "statutory_assessment_required": True,
                "referral_note": "What worries, what goes well, and what the parents say, in their own words.",
                **told,
            }
        )

    def family(self, one: Routed, days: int, weeks: int | None = None, **rest: Any) -> Family:
        """A family referred so many working days ago, in that week of the pregnancy."""
        referred = self.ago(days)
        edd = self.due(referred, one.weeks if weeks is None else weeks, self.world.rng.randint(0, 6))
        facts = self.facts(one, referred)
        for person in facts["parents"] if rest.get("consent_later") else ():
            person["consent"] = "not_asked"
        return Family(**{"referred": referred, "edd": edd, "facts": facts, "worker": self.worker(), **rest})

    # Sent on, or not yet decided

    def _routed(self, one: Routed, days: int) -> Story:
        course = self.refer(self.family(one, days))
        team, manager = TAKES[one.service]
        self.send_on(course, one.service, team, "The criteria name this service; the family was told why.")
        return self.taken(course, manager) if one.answered else course.story

    def _undecided(self) -> Iterator[Story]:
        """Still to be decided: facts are missing, or somebody disagrees."""
        few = self.family(SEVERAL_RISKS, 1)
        known = {key: few.facts[key] for key in ("source", "parents", "immediate_safety_concern", "referral_note")}
        yield self.refer(replace(few, facts=known)).story
        more = self.refer(replace(self.family(SEVERAL_RISKS, 4), facts={**known, "source": "police"}))
        more.story.then(self.ago(2), "add_information", self.cast.front_door, **few.facts)
        yield more.story
        refused = self.refer(self.family(OLD_REMOVAL, 6))
        self.send_on(refused, "safeguarding", SAFEGUARDING[0], "The removal was six years ago.")
        refused.story.then(
            self.ago(1),
            "refuse_route",
            self.cast.manager,
            refused_by=SAFEGUARDING[1],
            move_reason="Asks for the pre-birth service's view first.",
        )
        yield refused.story
        disputed = self.refer(self.family(RELINQUISHED, 3))
        disputed.story.then(
            self.ago(1),
            "dispute_route",
            self.cast.front_door,
            disputed_by="The midwife, who knows the mother from before.",
            move_reason="She has said that she is not sure about relinquishing.",
        )
        yield disputed.story
        yield self.duplicate(self.refer(self.family(SEVERAL_RISKS, 20)))

    # Accepted: before the birth

    def _in_assessment(self) -> Iterator[Story]:
        yield self.begun(self.family(RECENT, 12)).authorise().story
        yield self.begun(self.family(OLD_AND_LEAVER, 2)).authorise().story
        yield self.begun(self.family(SEVERAL_RISKS, 22, consent_later=True)).authorise().story
        yield self.begun(self.family(LEAVER, 41, 17, pace=40)).authorise().story
        late = self.begun(self.family(LEAVER, 49, 17, pace=70)).authorise()
        yield settled(late, self.ago(30), at="enquiry").story
        talked = {
            "discussion_managers": "the managers of the pre-birth and the child in need team",
            "discussion_decision": "The pre-birth team leads; her own worker comes to every meeting.",
        }
        for one, days in ((YOUNG_WITH_PLAN, 15), (YOUNG_IN_COURT, 27)):
            family = self.family(one, days, allocation={**talked, "discussion_on": self.ago(days - 1)})
            yield self.begun(family).authorise().story
        yield self.refer(self.family(YOUNG_WITH_PLAN, 3)).accept().story  # the managers have yet to talk
        yield self.refer(self.family(SEVERAL_RISKS, 5, consent_later=True)).accept().story
        urgent = self.begun(self.family(URGENT, 30, 18, decision="child_protection")).authorise()
        yield child_protection(urgent, urgent.family.referred, opened=True).story

    def _in_review(self) -> Iterator[Story]:
        """Consent not reached, withdrawn, or no longer needed."""
        silent = self.refer(self.family(RECENT, 9, consent_later=True)).accept()
        silent.story.then(
            self.ago(1),
            "record_no_reply",
            self.cast.manager,
            attempts=[
                {"tried_on": self.ago(n), "tried_how": how}
                for n, how in ((6, "A letter and a text."), (4, "A visit with the midwife."), (2, "A call."))
            ],
            risk_note="Missing letters may say more about fear than about care; the midwife goes on trying.",
        )
        yield silent.story
        yield self.consent_withdrawn(self.begun(self.family(SEVERAL_RISKS, 25)), self.ago(2)).story
        family = self.family(RECENT, 38, 18, pace=70)
        course = self.begun(family)
        later = [one for one in course.story.happenings if one.day > self.ago(15)]
        self.consent_withdrawn(course, self.ago(16)).story.then(
            self.ago(15),
            "continue_without_consent",
            self.cast.manager,
            continuing_basis="s47",
            basis_reference="DEMO-strategy",
            move_reason="A strategy discussion found a risk that cannot wait; the mother was told why.",
        )
        course.story.happenings += later
        yield course.story

    def _planned(self) -> Iterator[Story]:
        """In the clinic, planning the birth, ready for it; one mother cannot be found, one report was mistaken."""
        for one, weeks, days, decision in (
            (PRIVATE_LAW, 29, 0, "child_in_need"),
            (SEVERAL_RISKS, 29, 1, "pre_proceedings"),
            (RECENT, 32, 1, "pre_proceedings"),
            (LEAVER, 36, 5, "child_in_need"),
        ):
            course = self._now(one, weeks, days, decision=decision).plan_birth().watch()
            if one is SEVERAL_RISKS:
                gateway_continues(course)
            elif decision == "pre_proceedings":
                stepped_down(course)
            else:
                settled(course, self.world.work(course.submitted, -6), at="strategy" if one is LEAVER else "conference")
            yield course.story
        missing = self._now(SEVERAL_RISKS, 35, 2).plan_birth().watch()
        missing.story.then(
            self.ago(1),
            "report_missing",
            missing.family.worker,
            last_seen_on=self.ago(4),
            missing_note="Two visits missed; maternity units nearby and her sister were told.",
        )
        yield missing.story
        mistaken = self._now(LEAVER, 26, 0)
        mistaken.story.then(self.ago(4), "report_pregnancy_ended", self.cast.front_door, end_reported_by="a neighbour")
        mistaken.story.then(
            self.ago(3),
            "correct_report",
            self.cast.manager,
            health_source="the midwife who knows her",
            move_reason="She was seen on the ward for a day; the pregnancy goes on.",
        )
        mistaken.story.happenings = [
            one
            for one in mistaken.story.happenings
            if one.day not in (self.ago(4), self.ago(3)) or one.trigger in ("report_pregnancy_ended", "correct_report")
        ]
        yield mistaken.story

    def _now(self, one: Routed, weeks: int, days: int, **rest: Any) -> Course:
        """A family in that week of the pregnancy today, whose assessment was authorised."""
        edd = self.due(self.world.today, weeks, days)
        referred = self.referred(edd, 14)
        since = self.world.calendar.working_days_between(referred, self.world.today)
        family = replace(self.family(one, since, **rest), edd=edd, referred=referred)
        return self.begun(family).authorise()

    # After the birth

    def _since_birth(self, one: Routed, days: int, **rest: Any) -> Course:
        """A family whose baby was born so many days ago, up to the birth."""
        born = add_days(self.world.today, -days)
        edd = add_days(born, self.world.rng.randint(4, 9))
        referred = self.referred(edd, 16)
        since = self.world.calendar.working_days_between(referred, self.world.today)
        family = replace(self.family(one, since, **rest), edd=edd, referred=referred, born=born)
        return self.begun(family).authorise().plan_birth().watch().birth()

    def _with_baby(self) -> Iterator[Story]:
        yield self._since_birth(SEVERAL_RISKS, 2).story
        yield self._since_birth(LEAVER, 47).go_home().story
        yield self._since_birth(SEVERAL_RISKS, 131).go_home().story
        course = self._since_birth(RECENT, 160, decision="child_protection")
        start = self.world.work(course.submitted, -4)
        yield child_protection(course, start, ends=self.ago(20)).go_home().story
        agreed = self._since_birth(PRIVATE_LAW, 205)
        day = self.ago(4)
        yield agreed.go_home(until=add_days(day, -1)).agree(day, "with_parents_no_plan").story
        yield emergencies.by_agreement(self._since_birth(SEVERAL_RISKS, 34, care_plan="fostering")).story
        yield emergencies.protected(self._since_birth(RECENT, 61, care_plan="fostering")).story

    def _in_court(self) -> Iterator[Story]:
        for one, days, plan in (
            (RECENT, 40, "with_parents"),
            (OLD_AND_LEAVER, 120, "adoption"),
            (PRIVATE_LAW, 188, "with_parents"),
        ):
            course = self._since_birth(one, days, care_plan=plan, decision="pre_proceedings")
            home = plan == "with_parents"
            issued = self.world.work(course.born, 3 if home else 2)
            court = proceedings(course, pre_proceedings(course), issued=issued)
            agreed = end_court(course, court, supported=home)
            if home:
                course.go_home(legal_position="apply_at_birth")
            else:
                looked_after(course, court)
                course.support(self.world.work(course.born, 3), add_days(agreed, -1))
            yield course.story

    # Ended

    def _ended(self) -> Iterator[Story]:
        yield self.pregnancy_ended(self.begun(self.family(SEVERAL_RISKS, 33)), self.ago(12))
        yield self.pregnancy_ended(self.begun(self.family(LEAVER, 18)), self.ago(1))
        yield self.moved_away(self.begun(self.family(RECENT, 29)), self.ago(6))
        family = self.family(SEVERAL_RISKS, 60, 14)
        done = self.begun(family)
        done.story.cut(add_days(done.submitted, 1))
        done.story.then(
            done.authorised,
            "close_after_assessment",
            self.cast.manager,
            closure_code="RC9",
            decision_grounds="The family has what it needs, with early help beside it.",
            step_down="Early help and the midwife.",
        )
        yield done.story
        closed = self._since_birth(SEVERAL_RISKS, 290)
        day = self.world.work(add_days(closed.born, 200))
        closed.go_home(until=add_days(day, -1)).agree(day, "with_parents_no_plan")
        yield closed.close(self.world.work(day, 5), "RC7").story
        passed = self._since_birth(RECENT, 150, decision="child_protection")
        child_protection(passed, self.world.work(passed.submitted, -4)).go_home()
        yield self.handed_over(passed, self.ago(10), *SAFEGUARDING)


# Families whom the criteria accept, by the rule that decides

RECENT = Routed("B7", "pre_birth", removed=2)
PRIVATE_LAW = Routed("B7", "pre_birth", removed=3, through="private_law_order")
OLD_AND_LEAVER = Routed("B8", "pre_birth", removed=6, mother=OPEN_TO_LEAVERS, age=24)
SEVERAL_RISKS = Routed("B9", "pre_birth", told=SEVERAL)
LEAVER = Routed("B10", "pre_birth", told=ONE_RISK, mother=OPEN_TO_LEAVERS, age=20)
YOUNG_WITH_PLAN = Routed("B9", "pre_birth", told=SEVERAL, mother={"plan": "child_protection"}, age=17)
YOUNG_IN_COURT = Routed(
    "B10",
    "pre_birth",
    told=ONE_RISK,
    mother={
        "care_status": "child_in_care",
        "open_to": "children_in_care",
        "significant_needs": True,
        "subject_of_current_proceedings": True,
    },
    age=16,
)
URGENT = Routed("B7", "pre_birth", told={"immediate_safety_concern": True}, removed=1)
