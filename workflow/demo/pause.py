"""Pause Durham: the cohorts of S-DUR and S-PAU, each woman's eighteen months told month by month."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.calendars import add_days, add_months
from states.pause import OUTCOME_DOMAINS, REVIEW_MONTHS
from workflow.demo import words
from workflow.demo.people import Names, born_at_age, shares
from workflow.demo.staff import DURHAM, PAUSE
from workflow.demo.story import FAMILY, RefOf, Story, World

NEVER = date.max
LATER_ON = "later on"  # her follow-up, a record of its own
CURRENT, LATER, EARLIER = "Durham current", "Durham later", "Durham earlier"
YOUNGEST, OLDEST = 22, 40
GRADUATION = date(2022, 7, 29)  # by then all of S-PAU's earlier cohort had graduated
RETURNED = date(2022, 3, 14)  # when two children went back to their mother, in that cohort


@dataclass(frozen=True, slots=True, kw_only=True)
class Woman:
    """What a story needs to know of a woman: what the report counts, and when she starts the programme."""

    cohort: str
    facts: Mapping[str, Any]
    practitioner: str
    started: date
    known_through: str = "removals_data"
    approached: int = 20  # days from being found eligible to the first meeting
    engaging: int = 95  # days from the first meeting to the start of the programme
    found: date | None = None  # the day she was found eligible, where the first meeting is still to come
    stops: date = NEVER  # nothing more is recorded from this day on
    away: str | None = None  # out of touch, or on hold, since then
    returned: date | None = None
    follow_up: bool = False  # whether she agrees to be asked later


class Journey:
    """Plans one woman's journey backwards and forwards from the day her programme starts."""

    def __init__(self, world: World, woman: Woman) -> None:
        self.world, self.woman = world, woman
        self.story = Story(authority=PAUSE.authority, team=PAUSE.team)
        self.started = woman.started
        while not (world.calendar.is_working(self.started) and world.calendar.is_working(self.month(18))):
            self.started = add_days(self.started, 1)
        self.engaged = world.work(add_days(self.started, -woman.engaging))
        self.found = woman.found or world.work(add_days(self.engaged, -woman.approached))
        self.identified = world.work(self.found, -6)

    def then(self, day: date, trigger: str, *, lead: bool = False, **facts: Any) -> None:
        self.story.then(day, trigger, PAUSE.lead if lead else self.woman.practitioner, **facts)

    def whole(self) -> Story:
        self.before()
        self.engagement()
        self.contacts()
        self.programme()
        self.story.cut(self.woman.stops)
        if self.woman.away == "reengaging":
            self._out_of_touch()
        elif self.woman.away == "on_hold":
            self._on_hold()
        return self.story

    def before(self) -> None:
        """Identified, found eligible, approached."""
        woman, world = self.woman, self.world
        self.story.opens(
            self.identified,
            "pause",
            "identify",
            PAUSE.lead,
            **woman.facts,
            cohort=woman.cohort,
            known_through=woman.known_through,
            data_basis="public task: support for women whose children were removed",
            safe_contact="By text to her own phone; nothing by post.",
        )
        self.then(
            world.work(self.identified, 3), "start_check", lead=True, contact_plan="A call by somebody she knows."
        )
        self.then(
            self.found,
            "find_eligible",
            lead=True,
            meets_criteria=True,
            criteria_trace="Children removed, age, lives here, no child in her care: each looked at.",
        )
        for day in world.days(add_days(self.found, 25), add_days(self.engaged, -1), 26):
            self.then(day, "review_as_lead", lead=True, review_note="Still time; another card will be sent.")

    def engagement(self) -> None:
        """Sixteen weeks at most to get to know each other, then her decision."""
        world = self.world
        self.then(
            self.engaged,
            "begin_engagement",
            first_engaged_on=self.engaged,
            agrees_to_meet=True,
            agreement="Explained what Pause is and that she can stop at any time; she wants to try.",
            worker=self.woman.practitioner,
        )
        met = world.work(add_days(self.engaged, self.woman.engaging // 3))
        self.then(met, "record_baseline", baseline_scores=self.scores(1, 3))
        talked = world.work(add_days(self.started, -9))
        self.then(talked, "discuss_pause", note="Talked it through over two visits.")
        self.then(
            self.started,
            "commit",
            lead=True,
            commitment=True,
            committed_on=self.started,
            informed_choice_on=talked,
            programme_started_on=self.started,
        )

    def scores(self, low: int, high: int) -> list[dict[str, Any]]:
        return [{"domain": one, "score": self.world.rng.randint(low, high)} for one in OUTCOME_DOMAINS]

    def month(self, months: int, days: int = 0) -> date:
        return add_days(add_months(self.started, months), days)

    @property
    def graduates(self) -> date:
        return self.month(18)

    def contacts(self) -> None:
        """Contact at most ten working days apart, from the first meeting to the end of the programme."""
        for day in self.world.days(self.world.work(self.engaged, 5), add_days(self.graduates, -1), 11):
            self.then(
                day,
                "record_contact",
                contact_kind=self.world.rng.choice(("visit", "visit", "visit", "phone", "message", "group")),
                note=self.world.rng.choice(words.CONTACTS),
            )

    def programme(self) -> None:
        """Reviews, transition and graduation; her outcomes, and the end of the work after a light touch."""
        world = self.world
        for months in REVIEW_MONTHS:
            day = world.work(self.month(months, -4))
            self.then(
                day,
                "review",
                review_month=str(months),
                outcome_scores=self.scores(min(1 + months // 6, 3), 4 if months < 12 else 5),
                review_note="Looked back and ahead; she chose what comes next.",
            )
            self.decide(world.work(day, 1), "review")
        if self.woman.returned is not None:
            self._child_returned(self.woman.returned)
        wishes = "A slower pace, and the art group."
        self.then(world.work(self.month(15, 12)), "begin_transition", lead=True, her_wishes=wishes)
        plan = "Who she rings for what, and what she wants to finish first."
        self.then(world.work(self.month(16, 10)), "agree_transition_plan", transition_plan=plan)
        self.then(self.graduates, "graduate", lead=True, graduated_on=self.graduates)
        self._afterwards()

    def decide(self, day: date, trigger: str) -> None:
        self.then(
            day,
            "decide_approval",
            lead=True,
            for_trigger=trigger,
            decision="approve",
            decision_reason="Read and agreed.",
        )

    def follow_up(self, agreed: date) -> None:
        """She agrees to be asked at 18 and 36 months from her start; what is past has been asked."""
        self.story.opens(
            agreed,
            "pause_follow_up",
            "agree_follow_up",
            PAUSE.lead,
            case=LATER_ON,
            followed_case=RefOf(FAMILY),
            name=self.woman.facts["name"],
            agrees_to_follow_up=True,
            agreed_on=agreed,
            agreement="She will be asked by text; she can end it by saying so.",
            programme_started_on=self.started,
            safe_contact="By text to her own phone; nothing by post.",
            cohort=self.woman.cohort,
            worker=PAUSE.lead,
        )
        for asked in (max(self.world.work(self.month(18), -2), self.world.work(agreed, 5)), self.month(36, -6)):
            self.story.then(
                self.world.work(asked),
                "record_check",
                PAUSE.lead,
                case=LATER_ON,
                check_answer="told",
                pregnant_since=False,
                proceedings_since=False,
            )

    def _told_her_story(self, day: date) -> None:
        self.then(
            day,
            "agree_story",
            story_agreed_on=day,
            story_parts=["before", "during", "after", "scores", "proud"],
            story_areas=["housing", "money", "substances", "family", "children", "self"],
            story_opening="I want others to know that it can change.",
        )

    def _out_of_touch(self) -> None:
        """She does not answer; nothing closes, and the door stays open."""
        day = self.world.work(self.woman.stops)
        tried = [{"tried_on": day, "contact_kind": "phone"}]
        worry = "None known; her sister saw her on Sunday."
        self.then(day, "lose_contact", attempts=tried, worry=worry)
        for later in self.world.days(add_days(day, 6), self.world.yesterday, 6):
            self.then(later, "record_attempt", attempts=[{"tried_on": later, "contact_kind": "message"}])

    def _on_hold(self) -> None:
        day = self.world.work(self.woman.stops)
        self.then(
            day,
            "hold",
            lead=True,
            hold_reason="hospital",
            note="A planned operation; she asked for a break.",
            next_review_on=add_days(day, 26),
        )

    def _child_returned(self, day: date) -> None:
        self.then(
            day,
            "record_child_returned",
            child_returned_on=day,
            children_returned=2,
            note="The court agreed; both children are home.",
        )
        self.then(
            self.world.work(day, 4),
            "decide_on_return",
            lead=True,
            return_decision="stays_adapted",
            her_wishes="To finish what she began, with visits while the children are at school.",
        )

    def _afterwards(self) -> None:
        world, day = self.world, self.graduates
        self.then(
            world.work(day, 8),
            "record_outcomes",
            final_scores=self.scores(3, 5),
            achievements="My own front door, and a voluntary job.",
            follow_up_agreed=self.woman.follow_up,
        )
        if self.woman.follow_up:
            self.follow_up(world.work(day, 9))
            self._told_her_story(world.work(day, 10))
        self.then(world.work(day, 12), "begin_next_steps", her_wishes="To come to the group now and then.")
        look_back = world.work(add_months(day, 6))
        self.then(look_back, "review", review_note="Doing well; she comes to the group when she likes.")
        asked = world.work(add_months(look_back, 5))
        self.then(asked, "request_approval", for_trigger="close", evidence="She says it is time, and has the number.")
        self.decide(world.work(asked, 1), "close")
        wishes = "To keep the number."
        self.then(world.work(asked, 2), "close", closure_reason="COMPLETED", her_wishes=wishes)


class Pause:
    """Plans the stories of the three cohorts; the oldest first, since a practitioner works with eight at most."""

    def __init__(self, world: World, names: Names) -> None:
        self.world, self.names, self.women = world, names, 0

    def stories(self) -> Iterator[Story]:
        for woman in (*self._earlier(), *self._current(), *self._later()):
            yield Journey(self.world, woman).whole()
        yield from self._others()

    def cohort(self, women: int, *, removed: int, care_experienced: int, on: date) -> Iterator[dict[str, Any]]:
        """The facts of so many women: with these totals, and between them aged 22 to 40 on that day."""
        rng = self.world.rng
        removals = shares(rng, removed, women, least=1 if removed < 4 * women else 2, most=7)
        ages = [YOUNGEST, OLDEST, *(rng.randint(YOUNGEST + 1, OLDEST - 1) for _ in range(women - 2))]
        from_care = [True] * care_experienced + [False] * (women - care_experienced)
        rng.shuffle(ages)
        rng.shuffle(from_care)
        for age, number, cared in zip(ages, removals, from_care, strict=True):
            yield self.facts(age, number, cared, on)

    def facts(self, age: int, removed: int, care_experienced: bool, on: date) -> dict[str, Any]:
        return {
            "name": self.names.woman(),
            "date_of_birth": born_at_age(self.world.rng, age, on),
            "children_removed": removed,
            "care_experienced": care_experienced,
        }

    def woman(self, cohort: str, started: date, facts: dict[str, Any], **rest: Any) -> Woman:
        rng = self.world.rng
        self.women += 1
        return Woman(
            **{
                "cohort": cohort,
                "facts": facts,
                "practitioner": PAUSE.practitioners[self.women % len(PAUSE.practitioners)],
                "started": started,
                "approached": rng.randint(14, 25),
                "engaging": rng.randint(84, 104),
                **rest,
            }
        )

    def _earlier(self) -> Iterator[Woman]:
        """S-PAU's previous cohort: from November 2020, on the programme from January 2021, graduated in July 2022."""
        women = self.cohort(22, removed=83, care_experienced=8, on=GRADUATION)
        for number, facts in enumerate(women):
            started = add_days(date(2021, 1, 4), number)
            returned = RETURNED if number == 9 else None
            yield self.woman(
                EARLIER, started, facts, engaging=40, approached=8, returned=returned, follow_up=number % 4 == 1
            )

    def _current(self) -> Iterator[Woman]:
        """S-DUR: 21 on the programme and 2 in pre-engagement."""
        today = self.world.today
        apart: dict[int, dict[str, Any]] = {
            4: {"stops": add_days(today, -19)},  # no contact recorded for some weeks
            7: {"stops": add_days(today, -16), "away": "reengaging"},
            12: {"stops": add_days(today, -12), "away": "on_hold"},
        }
        women = self.cohort(21, removed=83, care_experienced=8, on=today)
        for number, facts in enumerate(women):
            yield self.woman(CURRENT, add_days(today, -25 - 24 * number), facts, **apart.get(number, {}))
        for days in (9, 20):
            yield self._approached(CURRENT, days)

    def _later(self) -> Iterator[Woman]:
        """S-PAU's current cohort: 11 fully on the programme; 2 decide, 5 get to know Pause, 3 have been approached."""
        today = self.world.today
        women = self.cohort(11, removed=33, care_experienced=8, on=today)
        for number, facts in enumerate(women):
            yield self.woman(LATER, add_days(today, -12 - 13 * number), facts)
        for days in (6, 13, 24):
            yield self._approached(LATER, days, known_through="pre_birth" if days == 6 else "removals_data")
        for ahead in (5, 7, 30, 45, 58, 66, 76):
            yield self.woman(LATER, add_days(today, ahead), self.somebody())

    def somebody(self) -> dict[str, Any]:
        rng = self.world.rng
        return self.facts(rng.randint(YOUNGEST, OLDEST), rng.randint(1, 4), rng.random() < 0.4, self.world.today)

    def _approached(self, cohort: str, days: int, **rest: Any) -> Woman:
        """A woman found eligible so many days ago, who has not yet agreed to meet."""
        found = self.world.work(add_days(self.world.today, -days))
        return self.woman(cohort, add_days(self.world.today, 150), self.somebody(), found=found, **rest)

    def _others(self) -> Iterator[Story]:
        """Women in no figure: known and not yet approached, not eligible, or who have chosen otherwise."""
        for days, left_out in ((3, "start_check"), (7, "find_eligible")):
            journey = self._identified(days)
            journey.story.happenings = [one for one in journey.story.happenings if one.trigger != left_out]
            yield journey.story
        yield from (self._not_eligible(40), self._declined(60), self._withdrew(), self._expecting())

    def _expecting(self) -> Story:
        """A woman who says at once that she is pregnant: the pre-birth service is told the same day."""
        journey = self._identified(4)
        day = self.world.work(self.world.yesterday)
        journey.story.cut(add_days(journey.identified, 1))
        journey.then(
            day,
            "disclose_pregnancy",
            lead=True,
            pregnancy_disclosed_on=day,
            supportive_discussion="She is glad and afraid. She wants help early this time.",
            safeguarding_view="No immediate worry; she asked for the referral herself.",
            refer_to_team=DURHAM.team,
        )
        return journey.story

    def _identified(self, days: int) -> Journey:
        """A woman first known so many working days ago, planned up to the decision on eligibility."""
        found = self.world.work(self.world.today, 6 - days)
        journey = Journey(self.world, self.woman(LATER, add_days(self.world.today, 150), self.somebody(), found=found))
        journey.before()
        return journey

    def _not_eligible(self, days: int) -> Story:
        journey = self._identified(days)
        journey.story.cut(journey.found)
        trace = "Her child is back in her care, which is good news; other support was named to her."
        journey.then(journey.found, "find_not_eligible", lead=True, criteria_trace=trace)
        return journey.story

    def _declined(self, days: int) -> Story:
        journey = self._identified(days)
        day = self.world.work(journey.found, 10)
        journey.story.cut(day)
        journey.then(
            day, "decline_offer", leaving_reason="Not now.", alternative_support="The women's centre, and our number."
        )
        return journey.story

    def _withdrew(self) -> Story:
        journey = Journey(self.world, self.woman(LATER, add_days(self.world.today, -80), self.somebody()))
        journey.whole()
        day = self.world.work(self.world.today, -10)
        journey.story.cut(day)
        asked = self.world.work(day, 1)
        journey.then(day, "request_approval", for_trigger="withdraw", evidence="She says so herself, twice.")
        journey.decide(asked, "withdraw")
        journey.then(
            self.world.work(day, 2),
            "withdraw",
            closure_reason="WITHDREW",
            leaving_reason="I have what I need for now.",
            door_open_letter_on=self.world.work(day, 2),
        )
        journey.follow_up(self.world.work(day, 3))  # she left early, and agrees to be asked later
        return journey.story
