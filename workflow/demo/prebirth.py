"""The course of one invented pre-birth case, planned from the referral to the end of the work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scheduler.calendars import add_days, add_months
from scheduler.gestation import day_of, gestation_on
from workflow.demo import words
from workflow.demo.people import Names
from workflow.demo.staff import UNTRAINED, Cast
from workflow.demo.story import Story, World

MIDWIFE = "an invented midwife"
SATURDAY = 5
WEEKS_16, WEEKS_28 = 112, 196  # completed days of gestation
CLINICS_APART = 27  # days at most
DRIFT: Mapping[str, Any] = {
    "drift_reasons": ["meeting_moved"],
    "drift_reason": "An appointment was moved by the service.",
}
EARLY_PERMANENCE = {"adoption": "planned", "with_parents": "open", "mother_and_baby": "open", "fostering": "not_right"}
EARLY_PERMANENCE |= {"special_guardianship": "not_right"}
SESSIONS_APART = 35  # days at most
SUPPORT = (
    ("before_birth", "practical", 4),
    ("before_birth", "parenting", 3),
    ("after_birth", "bonding", 4),
    ("after_birth", "emotional", 4),
)
CONSENT_LASTS = 182  # days, until it is talked about again
HOSPITALS = {"durham": "an invented hospital in County Durham", "birmingham": "an invented hospital in Birmingham"}


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a story needs to know of a family beforehand. `facts` are those of the referral.

    `care_plan` is the plan for each of its `babies`. `override` is the reason code by which a service manager accepts
    it outside the criteria. `pace` is how many working days after the referral the assessment is submitted.
    """

    referred: date
    edd: date
    facts: Mapping[str, Any]
    worker: str
    born: date | None = None
    babies: int = 1
    care_plan: str = "with_parents"
    decision: str = "child_in_need"
    override: str | None = None
    pace: int = 38
    consent_later: bool = False
    last_visit: date = date.max
    allocation: Mapping[str, Any] = field(default_factory=dict)


class Course:
    """Plans a case step by step. The dates of the steps are attributes, so that one can be planned from another."""

    def __init__(self, world: World, cast: Cast, names: Names, family: Family) -> None:
        self.world, self.cast, self.names, self.family = world, cast, names, family
        self.story = Story(authority=cast.authority, team=cast.team)
        self.accepted = world.work(family.referred, 1)
        self.consented = world.work(self.accepted, 3) if family.consent_later else self.accepted
        self.allocated = world.work(self.consented, 2 - family.consent_later)
        self.submitted = self._submitted()
        self.authorised = world.work(self.submitted, 2)
        self.born = family.born or add_days(family.edd, -world.rng.randint(3, 12))
        self.numbers = tuple(range(1, family.babies + 1))

    def gestation(self, weeks: int, days: int = 0) -> date:
        return day_of(self.family.edd, weeks * 7 + days)

    def _submitted(self) -> date:
        """Before 24+0 where the case came early, and always before 32+0."""
        usual = self.world.work(self.family.referred, self.family.pace)
        early = gestation_on(self.family.edd, self.accepted) <= WEEKS_16
        latest = self.world.work(self.gestation(*((23, 2) if early else (31, 1))))
        if self.family.pace > 45:
            return usual
        return max(min(usual, latest), self.world.work(self.allocated, 6))

    # Referral to allocation

    def refer(self, **rest: Any) -> "Course":
        family = self.family
        self.story.opens(
            family.referred,
            "prebirth",
            "refer",
            self.cast.front_door,
            **{
                "received_on": family.referred,
                "edd": family.edd,
                "edd_basis": "dating_scan",
                "source_code": "3D",
                "duplicate_searched": True,
                **family.facts,
                **rest,
            },
        )
        return self

    def accept(self) -> "Course":
        family, cast, then = self.family, self.cast, self.story.then
        trigger = "accept" if family.consent_later else "accept_with_consent"
        if family.override:
            self.approved(
                trigger,
                family.referred,
                self.accepted,
                "Families First has no capacity this month; the unborn baby needs an assessment now.",
                reason_code=family.override,
            )
        consent = {} if family.consent_later else self._consent()
        then(self.accepted, trigger, cast.manager, referrer_informed_on=self.accepted, **consent)
        return self

    def consent(self) -> "Course":
        if self.family.consent_later:
            self.story.then(self.consented, "give_consent", self.cast.manager, **self._consent())
        return self

    def approved(self, trigger: str, asked: date, decided: date, evidence: str, **rest: Any) -> None:
        """A move that the team manager asks the service manager to approve."""
        self.story.then(asked, "request_approval", self.cast.manager, for_trigger=trigger, evidence=evidence, **rest)
        self.agreed(trigger, decided)

    def agreed(self, trigger: str, on: date) -> None:
        self.story.then(
            on,
            "decide_approval",
            self.cast.service_manager,
            for_trigger=trigger,
            decision="approve",
            decision_reason="Read and agreed.",
        )

    def _consent(self, on: date | None = None) -> dict[str, Any]:
        parents = self.family.facts["parents"]
        return {
            "consents": [self._consent_of(one) for one in parents],
            "consent_review_on": add_days(on or self.consented, CONSENT_LASTS),
        }

    def _review_consent(self, first: date, last: date) -> None:
        """Consent is talked about again before it is due, where that falls between these days."""
        day = self.world.work(add_days(self.consented, CONSENT_LASTS - 4))
        while day <= last:
            if day >= first:
                self.story.then(day, "give_consent", self.family.worker, **self._consent(day))
            day = self.world.work(add_days(day, CONSENT_LASTS - 4))

    def _consent_of(self, parent: Mapping[str, Any]) -> dict[str, Any]:
        if parent["consent"] == "not_needed":
            return {
                "parent": parent["role"],
                "why_not_assessed": "No contact, and no part in the plan.",
            }
        easy = parent["learning_disability"] == "diagnosed"
        return {
            "parent": parent["role"],
            "scope": ["assessment", "sharing", "help"],
            "method": "written",
            "explained_by": "the worker who visited",
            "explained": True,
            "capacity_view": "Understood, and explained it back in own words.",
            "copy_given": True,
            "right_to_withdraw_stated": True,
            **({"accessible_format": "easy read, with an advocate"} if easy else {}),
        }

    def allocate(self, **rest: Any) -> "Course":
        self.story.then(
            self.allocated,
            "allocate",
            self.cast.manager,
            worker=self.family.worker,
            conflict_check="Looked at: this worker does not work with a parent.",
            adjustments="Longer visits, easy-read papers and an advocate where wanted.",
            communication_plan="Short sentences, pictures, and a check of what was understood.",
            **({"untrained_reason": "works_beside"} if self.family.worker == UNTRAINED else {}),
            **{"why_this_worker": "Knows the area well and has room for a family.", **self.family.allocation, **rest},
        )
        return self

    # Assessment, clinic and birth plan

    def visit(self, first: date, last: date, apart: int, notes: tuple[str, ...], seen: list[str]) -> None:
        for day in self.world.days(first, min(last, self.family.last_visit), apart):
            note = self.world.rng.choice(notes)
            self.story.then(day, "record_visit", self.family.worker, visited_on=day, seen=seen, visit_note=note)

    def assess(self) -> "Course":
        """The visits and clinics before the birth, and the assessment."""
        world, then = self.world, self.story.then
        first_visit = world.work(self.accepted, world.rng.randint(4, 8))
        before = add_days(self.born, -1)
        self.visit(first_visit, before, world.rng.randint(20, 26), words.VISITS, ["mother"])
        self.clinics(before)
        self._support_before(before)
        self._review_consent(world.work(self.allocated, 1), before)
        then(
            self.submitted,
            "submit_assessment",
            self.family.worker,
            assessment_started_on=self.allocated,
            factors=self.family.facts.get("risk_factors") or ["4B"],
            child_impact="What the baby will need in the first months, and who can give it.",
            parents_views=[
                {"parent": one["role"], "view": "Wants to show what is possible with the right help."}
                if one["consent"] == "given"
                else {"parent": one["role"], "reason_absent": "Could not be met."}
                for one in self.family.facts["parents"]
            ],
            chronology_complete=True,
            adjustments_made="Longer visits and easy-read papers, where a parent wished it.",
            recommendation="Go on with the help in place, and plan the birth together.",
        )
        return self

    def authorise(self) -> "Course":
        self.story.then(
            self.authorised,
            "authorise",
            self.cast.manager,
            assessment_decision=self.family.decision,
            decision_grounds="The assessment, the parents' views and the chronology.",
        )
        return self

    def clinics(self, last: date) -> None:
        late = self.world.work(self.accepted, 7)
        first = max(self.world.work(self.gestation(23, 1)), late)
        for day in self.world.days(first, last, CLINICS_APART):
            progress, decided = self.world.rng.choice(words.CLINICS)
            drifts: Mapping[str, Any] = DRIFT if progress == "amber" else {}
            self.story.then(
                day,
                "hold_clinic",
                self.family.worker,
                clinic_on=day,
                clinic_chair=words.CHAIR,
                clinic_attendees=words.AGENCIES,
                progress=progress,
                clinic_decisions=decided,
                next_clinic_on=self.world.work(add_days(day, CLINICS_APART)),
                **drifts,
            )

    def _support_before(self, last: date) -> None:
        """Intensive support is planned when the worker is named, and begins at once."""
        begins = self.world.work(self.allocated, 2)
        self.story.then(
            begins,
            "plan_support",
            self.family.worker,
            support_plan=[{"phase": phase, "kind": kind, "sessions": number} for phase, kind, number in SUPPORT],
            support_from=begins,
            visits_a_week=1,
            support_aims="What the parents asked for first, at their pace.",
        )
        self._sessions(add_days(begins, 10), last, SUPPORT[:2])

    def _sessions(self, first: date, last: date, kinds: Sequence[tuple[str, str, int]]) -> None:
        """Sessions in turn, five weeks apart; the third of each row could not be kept, and was offered again."""
        for place, day in enumerate(self.world.days(first, last, SESSIONS_APART)):
            phase, kind, _ = kinds[place % len(kinds)]
            self.story.then(
                day,
                "give_support",
                self.family.worker,
                support_on=day,
                phase=phase,
                kind=kind,
                took_place=place != 2,
                support_note="What was tried together, and what the parents want to try next.",
            )

    def lend(self, code: str, on: date, back: date | None = None) -> "Course":
        """A Real Care baby for some nights, and back."""
        self.story.then(on, "lend_item", self.family.worker, item=code)
        if back is not None:
            self.story.then(back, "return_item", self.family.worker, item=code, item_condition="good")
        return self

    def give_hope_box(self, on: date) -> None:
        """One for her, and one that goes with the baby."""
        self.story.then(on, "give_hope_box", self.family.worker, hope_box_on=on, hope_box_for=["mother", "baby"])

    def plan_birth(self, *, legal_position: str = "none") -> "Course":
        world, cast, then = self.world, self.cast, self.story.then
        start = max(world.work(self.gestation(30, 3)), world.work(self.authorised, 1))
        if gestation_on(self.family.edd, self.authorised) < WEEKS_28:
            then(start, "start_birth_plan", self.family.worker)
        then(
            max(world.work(self.gestation(33, 3)), world.work(start, 3)),
            "agree_birth_plan",
            cast.manager,
            hospital=HOSPITALS[cast.authority],
            named_midwife=MIDWIFE,
            who_may_attend="Whom the mother names.",
            contact_arrangements="As agreed with the parents.",
            legal_position=legal_position,
            placement_options="Parents first; kin and early permanence were considered.",
            contingencies="Early birth, home birth and a missed appointment are each planned for.",
            circulated_to="parents, midwifery, health visiting, emergency duty team, legal",
            permanence_considered=True,
            parents_have_copy=True,
            out_of_hours_told=True,
            early_permanence=EARLY_PERMANENCE[self.family.care_plan],
            early_permanence_reason="Talked about with the parents and the family finding team.",
        )
        return self

    def watch(self) -> "Course":
        """Maternity is asked each week from 37+0, and each day from 40+0."""
        term, last = self.gestation(40), add_days(self.born, -1)
        asked = [
            *self.world.days(self.gestation(36, 6), min(last, add_days(term, -1)), 6),
            *self.world.days(term, last, 1),
        ]
        for day in asked:
            self.story.then(
                day,
                "confirm_still_pregnant",
                self.family.worker,
                maternity_contact=MIDWIFE,
                maternity_contact_on=day,
            )
        return self

    # Birth and after

    def birth(self, care_plan: str | None = None) -> "Course":
        weekend = self.born.weekday() >= SATURDAY
        self.story.then(
            self.born,
            "record_birth",
            self.cast.duty if weekend else self.family.worker,
            babies=[
                {
                    "born_on": self.born,
                    "live_birth": True,
                    "sex": self.world.rng.choice("MF"),
                    "name": self.names.baby(),
                    "care_plan": care_plan or self.family.care_plan,
                }
                for _ in self.numbers
            ],
            hospital=HOSPITALS[self.cast.authority],
            birth_notified_on=self.born,
            birth_notified_by="the ward",
        )
        self.story.then(
            self.world.work(self.born, 1),
            "hold_discharge_meeting",
            self.cast.manager,
            discharge_meeting_on=self.world.work(self.born, 1),
            discharge_attendees="parents, ward, midwifery, health visiting, social care",
            discharge_plan="When the baby can leave, where to, and who visits when.",
        )
        return self

    @property
    def discharged(self) -> date:
        return self.world.work(self.born, 2)

    def go_home(self, *, legal_position: str = "none", to: str = "home", until: date = date.max) -> "Course":
        day = self.discharged
        self.story.then(
            day,
            "discharge",
            self.cast.manager,
            discharged_on=day,
            destinations=[{"child": number, "destination": to} for number in self.numbers],
            first_visit_on=self.world.work(day, 1),
            safe_sleep_discussed=True,
            legal_position=legal_position,
        )
        return self.support(self.world.work(day, 1), until)

    def support(self, first: date, until: date = date.max) -> "Course":
        """Visits at most ten working days apart, and a checkpoint of each child at the agreed ages."""
        last = min(until, add_days(self.world.today, 30))
        self.visit(first, last, 12, words.VISITS_WITH_BABY, ["mother", "baby"])
        self._review_consent(self.born, last)
        self._sessions(add_days(first, 7), last, SUPPORT[2:])
        for age in (add_days(self.born, 42), add_days(self.born, 84), *(add_months(self.born, n) for n in (6, 12))):
            day = self.world.work(add_days(age, -2))
            for number in self.numbers if day <= last else ():
                self.story.then(
                    day,
                    "record_checkpoint",
                    self.family.worker,
                    child=number,
                    checkpoint_on=day,
                    checkpoint_note="Growing well. Looked at what helps and what is still needed.",
                )
        return self

    # The end

    def outcomes(self, outcome: str, since: date) -> dict[str, Any]:
        """Where a child is looked after, the case of that child says the rest."""
        return {"outcomes": [{"child": number, "outcome": outcome, "since": since} for number in self.numbers]}

    def agree(self, on: date, outcome: str) -> "Course":
        self.story.then(
            on,
            "agree_outcomes",
            self.cast.manager,
            outcome_grounds="The visits, the checkpoints and what the parents say.",
            **self.outcomes(outcome, on),
        )
        return self

    def close(self, on: date, code: str, *, removed: bool = False) -> "Course":
        if removed:
            self.approved("close", self.world.work(on, -2), self.world.work(on, -1), "Every step is done and recorded.")
        self.story.then(
            on,
            "close",
            self.cast.manager,
            closure_code=code,
            step_down="Health visitor and children's centre; they have a number to ring.",
            parent_voice="Said that somebody who keeps coming back made the difference.",
            pause_offer="offered" if removed else "not_applicable",
        )
        return self
