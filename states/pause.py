"""The Pause journey: one woman's own record of eighteen months of support, apart from any record of her children."""

from dataclasses import dataclass, replace

from states.checks import checked
from states.codes import PAUSE_CLOSURE_REASONS
from states.common import open_states, shared_clocks, shared_rows
from states.facts import Fact, FactType, choice, choices, code, day, number, person, records, text, yes_no
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Approval, Clock, Lifecycle, State, Transition, returns
from states.roles import Role

PP, PL, SM = Role.PAUSE_PRACTITIONER, Role.PAUSE_LEAD, Role.SERVICE_MANAGER

REVIEW_MONTHS = (1, 3, 6, 9, 12, 15, 18)
FEWEST_WOMEN, MOST_WOMEN = 6, 8  # per practitioner: CNC, a caseload of 6 to 8; 8 is the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An area of her life: what the source documents name in it, and what she means by the ends of its scale."""

    label: str
    named: str  # as S-PAU, S-DUR or PAUSE-LEARN name it; empty where none does
    one: str  # what a score of 1 means
    five: str  # what a score of 5 means


LOWEST, HIGHEST = 1, 5  # of every scale; she scores herself
DOMAINS = {
    "housing": Domain(
        label="home and housing",
        named="housing, homelessness, risk of eviction (S-PAU, S-DUR)",
        one="I have nowhere safe to live, or may lose my home",
        five="I have a safe home that is mine to keep",
    ),
    "money": Domain(
        label="money and debt",
        named="debt, a debt relief order, bills paid (S-PAU)",
        one="debts are out of hand, or others take my money",
        five="my bills are paid and I decide over my money",
    ),
    "health": Domain(
        label="physical health",
        named="",
        one="I am unwell and nobody looks after it",
        five="I am well, or well looked after",
    ),
    "sexual_health": Domain(
        label="sexual health",
        named="access to sexual health (S-PAU, S-DUR)",
        one="I do not know where to go, or dare not ask",
        five="I know what I want, and get the care I ask for",
    ),
    "mental_health": Domain(
        label="mental health and wellbeing",
        named="mental health, social anxiety (S-PAU; PAUSE-LEARN)",
        one="most days are too much for me",
        five="most days are good, and I know what helps",
    ),
    "substances": Domain(
        label="drugs and alcohol",
        named="drug and alcohol use, abstinence (S-PAU; PAUSE-LEARN)",
        one="it runs my life",
        five="it has no hold on me",
    ),
    "safety": Domain(
        label="safety in relationships and domestic abuse",
        named="domestic abuse services (S-PAU, S-DUR; PAUSE-LEARN)",
        one="I am hurt or afraid at home or by somebody close",
        five="I am safe, and know whom to ring",
    ),
    "children": Domain(
        label="contact with her children",
        named="relationships and time with her children (S-PAU; PAUSE-LEARN)",
        one="I have no contact, or it hurts us",
        five="our time together is regular and good",
    ),
    "family": Domain(
        label="family, friends and support",
        named="relationships with family, isolation (S-PAU)",
        one="I am on my own",
        five="there are people I can count on",
    ),
    "learning_and_work": Domain(
        label="education and work",
        named="education; training and employment (S-PAU, S-DUR; PAUSE-LEARN)",
        one="it seems out of reach",
        five="I am learning or working as I wish",
    ),
    "volunteering": Domain(
        label="volunteering",
        named="working towards being a support volunteer (S-PAU)",
        one="I cannot think of giving time to others yet",
        five="I give time to others, and it does me good",
    ),
    "self": Domain(
        label="confidence and hopes",
        named="confidence, self-worth, positive about her future (S-PAU, S-DUR)",
        one="I think little of myself, or of what is to come",
        five="I believe in myself, and in what is to come",
    ),
}
OUTCOME_DOMAINS = {name: one.label for name, one in DOMAINS.items()}
STORY_PARTS = {
    "before": "before Pause: where she was at the start",
    "during": "during Pause: what changed",
    "after": "after Pause: where she is now",
    "scores": "her scores",
    "words": "her own words",
    "proud": "what she is proud of",
}

# Guards


@guard("she has not agreed to get to know Pause")
def she_agrees_to_meet(s: Situation) -> bool:
    return s.facts.get("agrees_to_meet") is True


@guard(f"the practitioner named already works with {MOST_WOMEN} other women")
def practitioner_has_capacity(s: Situation) -> bool:
    caseload = (s.derived.get("worker") or {}).get("caseload")
    if caseload is None:
        return False
    counts_her_already = s.derived.get("owner") == s.facts.get("worker") is not None
    return bool(caseload - counts_her_already < MOST_WOMEN)


@guard("the local criteria are not met")
def she_is_outside_criteria(s: Situation) -> bool:
    """By the practice lead's answer, or by what the policy says of the facts: neither alone lets her in."""
    found = (s.derived.get("decision") or {}).get("decision")
    return s.facts.get("meets_criteria") is not True or found == "not_eligible"


@guard("the baseline is not complete: every area of life is talked about once, with or without a score")
def baseline_is_complete(s: Situation) -> bool:
    return set(OUTCOME_DOMAINS) <= {one.get("domain") for one in s.facts.get("baseline_scores") or ()}


@guard("she has not made the commitment herself")
def she_commits(s: Situation) -> bool:
    return s.facts.get("commitment") is True


@guard("the informed-choice conversation with sexual health has not taken place")
def informed_choice_was_offered(s: Situation) -> bool:
    held_on = s.on("informed_choice_on")
    return held_on is not None and held_on <= s.occurred_on


@guard("the programme cannot start before the first engaged contact")
def programme_starts_after_first_contact(s: Situation) -> bool:
    started_on, met_on = s.on("programme_started_on"), s.on("first_engaged_on")
    return started_on is not None and (met_on is None or met_on <= started_on)


@guard("that review is more than a month away; record what was talked about as a contact")
def review_is_near(s: Situation) -> bool:
    months, review = s.derived.get("months_since_start"), s.facts.get("review_month")
    return months is not None and review is not None and months >= int(review) - 1


@guard("somebody other than the practice lead recorded it")
def the_lead_did_not_review(s: Situation) -> bool:
    return s.derived.get("actor_role") != PL


def _months(s: Situation, usual: int, early: int) -> bool:
    months = s.derived.get("months_since_start")
    return months is not None and (months >= usual or (months >= early and s.facts.get("early_completion") is True))


@guard("transition begins from month 15, or from month 12 where early completion is agreed")
def transition_may_begin(s: Situation) -> bool:
    return _months(s, 15, 12)


@guard("she graduates after 18 months, or after 12 where early completion is agreed")
def programme_is_complete(s: Situation) -> bool:
    return _months(s, 18, 12)


@guard("her outcomes at the end of the programme are not recorded")
def outcomes_are_recorded(s: Situation) -> bool:
    return bool(s.facts.get("final_scores"))


@guard("name the pre-birth referral or the team to refer to, or say why there is no referral")
def referral_is_made_or_explained(s: Situation) -> bool:
    told = ("prebirth_referral", "refer_to_team", "reason_no_referral")
    return any(str(s.submitted.get(name) or "").strip() for name in told)


@guard("she is not to be contacted yet: the day she named, or that was named for her, has not come")
def her_time_has_come(s: Situation) -> bool:
    earliest = s.on("contact_from")
    return earliest is None or earliest <= s.occurred_on


@guard("either a referral is named, or one is opened now")
def one_referral_at_most(s: Situation) -> bool:
    return not (s.submitted.get("prebirth_referral") and s.submitted.get("refer_to_team"))


@guard("she has agreed to nothing in it: record that she takes her agreement back instead")
def story_has_a_part(s: Situation) -> bool:
    return bool({"before", "during", "after"} & set(s.submitted.get("story_parts") or ()))


@guard("no pregnancy has been recorded")
def pregnancy_is_recorded(s: Situation) -> bool:
    return s.on("pregnancy_disclosed_on") is not None


@guard("no child's return to her care has been recorded")
def return_is_recorded(s: Situation) -> bool:
    return s.on("child_returned_on") is not None


@guard("lost contact ends involvement only after re-engaging was tried")
def lost_contact_was_followed_up(s: Situation) -> bool:
    reason = s.facts.get("closure_reason")
    return reason is not None and (reason != "DISENGAGED_AFTER_REENGAGEMENT" or s.state == "reengaging")


@guard("the new date does not lie after the day of the decision")
def new_date_lies_ahead(s: Situation) -> bool:
    until = s.on("engagement_until" if s.trigger == "extend_engagement" else "programme_until")
    return until is not None and until > s.occurred_on


# Facts asked for more than once


def _reasons(*codes: str) -> Fact:
    return choice("closure_reason", "Reason", {one: PAUSE_CLOSURE_REASONS[one] for one in codes})


def scores_of_her_own(name: str, label: str, *, required: bool = True) -> Fact:
    return records(
        name,
        label,
        choice("domain", "Area of life", OUTCOME_DOMAINS),
        number(
            "score",
            "Her score",
            f"{LOWEST} to {HIGHEST}; what each means stands with the area of life",
            required=False,
            minimum=LOWEST,
            maximum=HIGHEST,
        ),
        text("in_her_words", "In her words", required=False),
        required=required,
        personal=True,
        hint="she scores herself; a score she does not want to give is left out",
    )


CONTACT_KINDS = {"visit": "visit", "phone": "phone call", "message": "message", "video": "video call", "group": "group"}
KIND = choice("contact_kind", "How", CONTACT_KINDS)
NOTE = text("note", "Note", required=False)
HER_WISHES = text("her_wishes", "What she wants")
SUPPORT_NAMED = text("alternative_support", "Other support named to her")
ATTEMPTS = records(
    "attempts",
    "Attempts to make contact",
    day("tried_on", "Tried on"),
    KIND,
    text("note", "Note", required=False),
    personal=True,
)
PREBIRTH_CASE = code("prebirth_case", "Pre-birth case it follows from", "reference only", required=False)
FOR_CRITERIA = (  # what the policy's criteria ask; one that is not given is not known
    records(
        "removals",
        "Children removed, by year",
        day("removed_on", "Removed on"),
        number("children", "Children", minimum=1, maximum=30),
        required=False,
        personal=True,
    ),
    yes_no("lives_here", "Does she live in the area?", required=False),
    number("children_with_her", "Children in her care now", required=False, maximum=30),
)
REVIEW_MONTH = choice(
    "review_month", "Which review", {str(month): f"month {month}" for month in REVIEW_MONTHS}, "of the programme"
)
ABOUT_HER = (
    text("name", "Name"),
    day("date_of_birth", "Date of birth", personal=True),
    code("cohort", "Cohort", required=False),
    number("children_removed", "Children removed from her care", required=False, maximum=30),
    yes_no("care_experienced", "Is she care experienced?", required=False),
)
TAKEN_OVER = (
    *(replace(fact, required=False) for fact in ABOUT_HER),  # the system left behind may hold no more than dates
    day("first_engaged_on", "First engaged contact", required=False),
    day("programme_started_on", "Programme started on", required=False),
)

# The table

STATES = (
    State(id="identified", label="Identified", stage="Identified", meaning="known to Pause; nobody has contacted her"),
    State(id="eligibility", label="Eligibility check", stage="Eligibility", meaning="the local criteria are looked at"),
    State(
        id="pre_engagement",
        label="Pre-engagement",
        stage="Pre-engagement",
        meaning="she has been approached and has not yet agreed to meet",
    ),
    State(
        id="engagement",
        label="Engagement",
        stage="Engagement",
        meaning="she has agreed to get to know Pause (16 weeks)",
    ),
    State(
        id="commitment",
        label="Commitment",
        stage="Engagement",
        meaning="she decides on a pause in pregnancy, with an informed choice",
    ),
    State(id="on_programme", label="On programme", stage="Programme", meaning="intensive support for 18 months"),
    State(
        id="reengaging",
        label="Re-engaging",
        stage="Programme",
        meaning="there is no contact, and it is being sought; the programme runs on",
        holds=True,
    ),
    State(
        id="on_hold",
        label="On hold",
        stage="Programme",
        meaning="custody, hospital or a move to safety; the programme runs on unless extended",
        holds=True,
    ),
    State(id="transition", label="Transition", stage="Transition", meaning="the intensive work draws to a close"),
    State(id="completed", label="Graduated", stage="Graduated", meaning="she has completed the programme"),
    State(
        id="next_steps", label="Next Steps", stage="Next Steps", meaning="a light-touch offer, for as long as she likes"
    ),
    State(id="closed", label="Closed", stage="Ended", meaning="involvement has ended; the door stays open", final=True),
    State(id="not_eligible", label="Not eligible", stage="Ended", meaning="the local criteria are not met", final=True),
    State(id="declined", label="Declined", stage="Ended", meaning="she does not want Pause at this time", final=True),
)

OPEN = open_states(STATES)
WORKING = ("engagement", "commitment", "on_programme", "transition")  # someone works with her; contact can be lost
AWAY = ("reengaging", "on_hold")
PROGRAMME = ("on_programme", *AWAY, "transition")
ENDED = ("closed", "declined")  # she may still be given her story, and take her agreement back
KNOWS_HER = tuple(state for state in OPEN if state not in ("identified", "eligibility"))
BACK = {state: state for state in WORKING}


def _taken_over(row: Transition) -> Transition:
    """A case taken over brings its programme dates; an expected date of birth belongs to the baby's record alone.

    One that is away came from where she can be led back to.
    """
    if row.trigger != "migrate_in":
        return row
    left = {state.id: state.label for state in STATES if state.id in BACK}
    own = (replace(fact, choices=left) if fact.name == "came_from" else fact for fact in row.facts)
    return replace(row, facts=(*(fact for fact in own if fact.name != "edd"), *TAKEN_OVER))


TRANSITIONS = (
    Transition(
        trigger="identify",
        label="Identify or refer",
        sources=(NEW,),
        to="identified",
        roles=(PL,),
        facts=(
            *ABOUT_HER,
            choice(
                "known_through",
                "Known through",
                {
                    "removals_data": "removals data",
                    "pre_birth": "the pre-birth service",
                    "childrens_services": "another children's team",
                    "health": "health",
                    "voluntary": "a voluntary organisation",
                    "herself": "herself",
                    "other": "other",
                },
            ),
            text("data_basis", "Basis for holding her data", personal=False),
            text("safe_contact", "Safe contact", "never in a way that tells her household about a removal"),
            PREBIRTH_CASE,
            person("worker", "Practitioner", required=False),
        ),
        basis="domain 10.2; S-PAU",
    ),
    Transition(
        # Fired by the service alone, where a pre-birth case that ends in removal names this team with her agreement.
        trigger="take_up_offer",
        label="Take up the offer made by the pre-birth service",
        sources=(NEW,),
        to="identified",
        roles=(Role.SYSTEM,),
        facts=(
            *(replace(fact, required=False) for fact in ABOUT_HER),
            PREBIRTH_CASE,
            day("contact_from", "Not to be contacted before", "her own wish, or a time to grieve", required=False),
        ),
        notify=(PL,),
        basis="domain 10.2: a pre-birth case that ends in removal offers Pause, her choice; by reference only",
    ),
    Transition(
        trigger="start_check",
        label="Start the eligibility check",
        sources=("identified",),
        to="eligibility",
        roles=(PL,),
        facts=(text("contact_plan", "How she will be approached"),),
        basis="domain 10.2, 10.5",
    ),
    Transition(
        trigger="find_eligible",
        label="Find eligible",
        sources=("eligibility",),
        to="pre_engagement",
        roles=(PL,),
        facts=(
            yes_no("meets_criteria", "Are the local criteria met?", "if not, a service manager agrees first"),
            text("criteria_trace", "Each criterion and its answer", "removals and years, age, residence, children"),
            *FOR_CRITERIA,
        ),
        guards=("her_time_has_come",),
        approval=Approval(by=SM, when="she_is_outside_criteria"),
        basis="domain 10.2: criteria vary by area; override by practice lead and service manager",
    ),
    Transition(
        trigger="find_not_eligible",
        label="Find not eligible",
        sources=("eligibility",),
        to="not_eligible",
        roles=(PL,),
        facts=(
            text("criteria_trace", "Each criterion and its answer"),
            text("alternative_support", "Other support named", required=False),
            *FOR_CRITERIA,
        ),
        basis="domain 10.2",
    ),
    Transition(
        trigger="begin_engagement",
        label="Begin engagement",
        sources=("pre_engagement",),
        to="engagement",
        roles=(PP, PL),
        facts=(
            day("first_engaged_on", "First engaged contact"),
            yes_no("agrees_to_meet", "Has she agreed to get to know Pause?"),
            text("agreement", "Her agreement", "what was explained, by whom, how; what she may withdraw at any time"),
            text("adjustments", "Adjustments, interpreter or advocate", required=False),
            person("worker", "Practitioner"),
        ),
        guards=("she_agrees_to_meet", "worker_is_active", "practitioner_has_capacity"),
        basis="PAUSE-MODEL: voluntary, one practitioner; CNC: 6 to 8 women each; domain 4.4",
    ),
    Transition(
        trigger="record_baseline",
        label="Record her baseline",
        sources=("engagement",),
        to=SELF,
        roles=(PP,),
        facts=(scores_of_her_own("baseline_scores", "Where she is now"),),
        basis="domain 10.2: baseline before the commitment; PAUSE-LEARN",
    ),
    Transition(
        trigger="discuss_pause",
        label="Talk about a pause",
        sources=("engagement",),
        to="commitment",
        roles=(PP,),
        facts=(NOTE,),
        guards=("baseline_is_complete",),
        basis="domain 10.2",
    ),
    Transition(
        # Nothing here asks for or depends on a method or device (domain 0.7): her decision and an informed choice only.
        trigger="commit",
        label="Commit to a pause",
        sources=("commitment",),
        to="on_programme",
        roles=(PL,),
        facts=(
            yes_no("commitment", "Has she decided to pause?", "yes or no and a date; nothing about how"),
            day("committed_on", "Her decision on"),
            day("informed_choice_on", "Informed-choice conversation with sexual health on"),
            day("programme_started_on", "Programme starts on"),
        ),
        guards=("she_commits", "informed_choice_was_offered", "programme_starts_after_first_contact"),
        basis="PAUSE-MODEL; FERRET; domain 0.7",
    ),
    Transition(
        trigger="decline_pause",
        label="Decline a pause",
        sources=("commitment",),
        to="declined",
        roles=(PP,),
        facts=(day("declined_on", "Her decision on"), SUPPORT_NAMED),
        basis="domain 10.2: other support is named",
    ),
    Transition(
        trigger="decline_offer",
        label="Decline the offer of Pause",
        sources=("pre_engagement", "engagement", "commitment"),
        to="declined",
        roles=(PP,),
        facts=(text("leaving_reason", "Why, in her words", required=False), SUPPORT_NAMED),
        basis="domain 10.5",
    ),
    Transition(
        trigger="extend_engagement",
        label="Extend engagement",
        sources=("engagement",),
        to=SELF,
        roles=(PL,),
        facts=(day("engagement_until", "Engagement until"), text("extension_reason", "Why")),
        guards=("new_date_lies_ahead",),
        basis="domain 10.2: extension by the practice lead, with a reason",
    ),
    Transition(
        trigger="review",
        label="Review",
        sources=("identified", "eligibility", "pre_engagement"),
        to=SELF,
        roles=(PP, PL),
        facts=(text("review_note", "What was reviewed, and what happens next"),),
        basis="domain 10.5",
    ),
    Transition(
        trigger="review",
        label="Review",
        sources=("engagement", "commitment", "completed", "next_steps"),
        to=SELF,
        roles=(PP, PL),
        facts=(
            text("review_note", "What was reviewed, and what happens next"),
            scores_of_her_own("outcome_scores", "Her scores", required=False),
        ),
        basis="domain 10.5",
    ),
    Transition(
        trigger="review",
        label="Programme review",
        sources=("on_programme", "transition"),
        to=SELF,
        roles=(PP, PL),
        facts=(
            REVIEW_MONTH,
            scores_of_her_own("outcome_scores", "Her scores"),
            text("review_note", "What was reviewed, and what happens next"),
        ),
        guards=("review_is_near",),
        approval=Approval(by=PL, when="the_lead_did_not_review", may_follow=True),
        basis="domain 10.2: scored, the practice lead signs",
    ),
    Transition(
        trigger="review",
        label="Programme review without her",
        sources=AWAY,
        to=SELF,
        roles=(PP, PL),
        facts=(
            REVIEW_MONTH,
            scores_of_her_own("outcome_scores", "Her scores", required=False),
            text("review_note", "What was reviewed, and what happens next"),
        ),
        guards=("review_is_near",),
        approval=Approval(by=PL, when="the_lead_did_not_review", may_follow=True),
        basis="domain 10.5: the programme clock keeps running",
    ),
    Transition(
        # A trigger of its own: a four-weekly look at a lost contact must not count as the review of a programme month.
        trigger="review_as_lead",
        label="Practice lead's review",
        sources=("pre_engagement", *AWAY),
        to=SELF,
        roles=(PL,),
        facts=(
            text("review_note", "What was reviewed, and what happens next"),
            day("next_review_on", "Next review on", required=False),
        ),
        basis="domain 10.2: every 4 weeks while away, at 12 weeks before engagement",
    ),
    Transition(
        trigger="record_contact",
        label="Record contact with her",
        sources=tuple(state for state in KNOWS_HER if state != "reengaging"),
        to=SELF,
        roles=(PP, PL),
        facts=(KIND, NOTE, scores_of_her_own("outcome_scores", "Her scores", required=False)),
        basis="domain 10.2: contact gap of 10 working days",
    ),
    Transition(
        trigger="record_attempt",
        label="Record an attempt to reach her",
        sources=("pre_engagement", *WORKING, "reengaging"),
        to=SELF,
        roles=(PP, PL),
        facts=(ATTEMPTS,),
        basis="domain 10.2: attempts logged weekly",
    ),
    Transition(
        trigger="lose_contact",
        label="Record lost contact",
        sources=WORKING,
        to="reengaging",
        roles=(PP,),
        facts=(ATTEMPTS, text("worry", "Any worry for her safety, and what was done")),
        notify=(PL,),
        basis="domain 10.2, 0.6: lost contact never closes a case",
    ),
    *returns(
        BACK,
        trigger="regain_contact",
        label="Record contact regained",
        sources=("reengaging",),
        roles=(PP, PL),
        facts=(KIND, NOTE),
        notify=(PL,),
        basis="domain 10.5",
    ),
    Transition(
        trigger="keep_trying",
        label="Decide to keep trying",
        sources=("reengaging",),
        to=SELF,
        roles=(PL,),
        facts=(text("contact_plan", "How she will be approached"),),
        basis="domain 10.2: decision at 12 weeks; 0.6",
    ),
    Transition(
        trigger="hold",
        label="Put on hold",
        sources=WORKING,
        to="on_hold",
        roles=(PL,),
        facts=(
            choice(
                "hold_reason",
                "Reason",
                {"custody": "custody", "hospital": "hospital", "safety": "a move to safety", "other": "other"},
            ),
            NOTE,
            day("next_review_on", "Review on"),
        ),
        notify=(PP,),
        basis="domain 10.2: reason and review date",
    ),
    *returns(
        BACK,
        trigger="resume",
        label="Resume",
        sources=("on_hold",),
        roles=(PL,),
        facts=(NOTE,),
        notify=(PP,),
        basis="domain 10.5",
    ),
    Transition(
        trigger="extend_programme",
        label="Extend the programme",
        sources=PROGRAMME,
        to=SELF,
        roles=(PL,),
        facts=(day("programme_until", "Programme until"), text("extension_reason", "Why")),
        guards=("new_date_lies_ahead",),
        basis="domain 10.2: the clock runs on a hold unless the practice lead records an extension",
    ),
    Transition(
        # The expected date stays out: it belongs to the baby's record, and nothing here may count from it.
        trigger="disclose_pregnancy",
        label="Record a pregnancy she has told us of",
        sources=OPEN,
        to=SELF,
        roles=(PP, PL),
        facts=(
            day("pregnancy_disclosed_on", "She told us on"),
            text("supportive_discussion", "What was talked about, and what she wants"),
            text("safeguarding_view", "Safeguarding considered"),
            code("prebirth_referral", "Pre-birth referral", "reference only, where there is one", required=False),
            code(
                "refer_to_team",
                "Refer now to",
                "opens a referral with her name and date of birth, and a reference to this record; nothing else of it",
                required=False,
            ),
            text("reason_no_referral", "Why there is no referral", required=False),
        ),
        guards=("referral_is_made_or_explained", "one_referral_at_most"),
        notify=(PL,),
        under="refer_to_prebirth",
        basis="domain 10.2: never an automatic exit",
    ),
    Transition(
        trigger="decide_on_pregnancy",
        label="Decide on support in pregnancy",
        sources=OPEN,
        to=SELF,
        roles=(PL,),
        facts=(
            choice(
                "pregnancy_decision",
                "Decision",
                {
                    "stays": "she stays with Pause",
                    "stays_adapted": "she stays, with support adapted",
                    "moves_on": "support passes to another service, at a pace agreed with her",
                    "her_choice_to_end": "she chooses to end",
                },
            ),
            HER_WISHES,
        ),
        guards=("pregnancy_is_recorded",),
        notify=(PP,),
        basis="domain 10.2: decided within 10 working days",
    ),
    Transition(
        trigger="record_pregnancy_ended",
        label="Record that she is no longer pregnant",
        sources=OPEN,
        to=SELF,
        roles=(PP, PL),
        facts=(
            Fact(
                name="pregnancy_outcome",
                type=FactType.CHOICE,
                label="What she wants recorded",
                choices={
                    "birth": "a baby was born",
                    "loss": "the pregnancy ended",
                    "not_said": "she would rather not say",
                },
                personal=True,
            ),
            day("pregnancy_ended_on", "Date", required=False, personal=True),
            yes_no("support_offered", "Was support offered?", "bereavement support, where she has lost a baby"),
        ),
        notify=(PL,),
        basis="domain 10.5; design 1: dates about the birth fall silent at once",
    ),
    Transition(
        trigger="record_child_returned",
        label="Record a child's return to her care",
        sources=OPEN,
        to=SELF,
        roles=(PP, PL),
        facts=(
            day("child_returned_on", "Returned on"),
            number("children_returned", "Number of children", minimum=1, maximum=30),
            NOTE,
        ),
        notify=(PL,),
        basis="domain 10.2",
    ),
    Transition(
        trigger="decide_on_return",
        label="Decide on support after a child's return",
        sources=OPEN,
        to=SELF,
        roles=(PL,),
        facts=(
            choice(
                "return_decision",
                "Decision",
                {
                    "stays": "she stays with Pause",
                    "stays_adapted": "she stays, with support adapted",
                    "moves_on": "support passes to another service, at a pace agreed with her",
                },
            ),
            HER_WISHES,
        ),
        guards=("return_is_recorded",),
        notify=(PP,),
        basis="domain 10.2: the practice lead decides on fit",
    ),
    Transition(
        trigger="agree_early_completion",
        label="Agree early completion",
        sources=("on_programme", "transition"),
        to=SELF,
        roles=(PL,),
        facts=(yes_no("early_completion", "Is early completion agreed?"), HER_WISHES),
        basis="domain 10.2: from 12 months; GOLAB",
    ),
    Transition(
        trigger="begin_transition",
        label="Begin transition",
        sources=("on_programme",),
        to="transition",
        roles=(PL,),
        facts=(HER_WISHES,),
        guards=("transition_may_begin",),
        basis="domain 10.5",
    ),
    Transition(
        trigger="agree_transition_plan",
        label="Agree the transition plan",
        sources=("transition",),
        to=SELF,
        roles=(PP, PL),
        facts=(text("transition_plan", "The plan agreed with her"),),
        basis="domain 10.2: agreed by month 17",
    ),
    Transition(
        trigger="graduate",
        label="Graduate",
        sources=("transition",),
        to="completed",
        roles=(PL,),
        facts=(day("graduated_on", "Graduated on"),),
        guards=("programme_is_complete",),
        basis="domain 10.2; PAUSE-MODEL: 18 months",
    ),
    Transition(
        trigger="record_outcomes",
        label="Record her outcomes",
        sources=("completed",),
        to=SELF,
        roles=(PP, PL),
        facts=(
            scores_of_her_own("final_scores", "Where she is now"),
            text("achievements", "What she is proud of", required=False),
            yes_no("follow_up_agreed", "Does she agree to be asked again later?", "without it, later is not known"),
        ),
        basis="domain 10.2, 10.5; PAUSE-LEARN",
    ),
    Transition(
        trigger="agree_story",
        label="Record what may stand in her story",
        sources=(*KNOWS_HER, *ENDED),
        to=SELF,
        roles=(PP, PL),
        facts=(
            day("story_agreed_on", "She agreed on"),
            choices("story_parts", "What may stand in it", STORY_PARTS, "each part is her own choice"),
            choices("story_areas", "Areas of life that may stand in it", OUTCOME_DOMAINS),
            text("story_name", "What she is called in it", "a name of her choice; none if left empty", required=False),
            text("story_opening", "What she wants to say first", required=False),
        ),
        guards=("story_has_a_part",),
        basis="S-PAU, one woman's story; proposal: only what she agreed to, part by part, and she may take it back",
    ),
    Transition(
        trigger="take_back_story",
        label="Record that she takes back her agreement to her story",
        sources=(*KNOWS_HER, *ENDED),
        to=SELF,
        roles=(PP, PL),
        facts=(day("story_taken_back_on", "She said so on"),),
        basis="proposal: her agreement can be taken back at any time, and the story is gone at once",
    ),
    Transition(
        trigger="begin_next_steps",
        label="Begin Next Steps",
        sources=("completed",),
        to="next_steps",
        roles=(PP, PL),
        facts=(HER_WISHES,),
        guards=("outcomes_are_recorded",),
        basis="PAUSE-NEXT; PAUSE-EVAL20",
    ),
    Transition(
        trigger="close_without_next_steps",
        label="Close without Next Steps",
        sources=("completed",),
        to="closed",
        roles=(PP, PL),
        facts=(_reasons("COMPLETED", "COMPLETED_EARLY_BY_CHOICE"), HER_WISHES),
        guards=("outcomes_are_recorded",),
        approval=Approval(by=PL),
        basis="domain 10.5; 10: who records does not close alone",
    ),
    Transition(
        trigger="close",
        label="Close",
        sources=("next_steps",),
        to="closed",
        roles=(PP, PL),
        facts=(_reasons("COMPLETED", "COMPLETED_EARLY_BY_CHOICE"), HER_WISHES),
        approval=Approval(by=PL),
        basis="domain 10.2; 10: who records does not close alone",
    ),
    Transition(
        trigger="withdraw",
        label="Record that she withdraws",
        sources=OPEN,
        to="closed",
        roles=(PP, PL),
        facts=(
            _reasons("WITHDREW", "PREGNANT_CHOSE_TO_END", "MOVED_AREA"),
            text("leaving_reason", "Why, in her words"),
            day("door_open_letter_on", "Door-open letter sent on", required=False),
        ),
        approval=Approval(by=PL),
        notify=(PL,),
        basis="domain 10.2: her words, a door-open letter, the practice lead signs",
    ),
    Transition(
        trigger="end_involvement",
        label="End involvement",
        sources=OPEN,
        to="closed",
        roles=(PL,),
        facts=(
            _reasons(
                "DISENGAGED_AFTER_REENGAGEMENT",
                "PREGNANT_TRANSFERRED",
                "CHILD_RETURNED_NO_LONGER_ELIGIBLE",
                "MOVED_AREA",
                "CUSTODY_LONG",
                "DIED",
                "NOT_ELIGIBLE",
                "LICENCE_OR_FUNDING_ENDED",
            ),
            text("ending_reason", "Why, and what was tried"),
            text("alternative_support", "Other support named", required=False),
        ),
        guards=("lost_contact_was_followed_up",),
        approval=Approval(by=SM),
        notify=(PP,),
        basis="domain 10.5: a person decides, never a timer; 0.6",
    ),
    *(_taken_over(row) for row in shared_rows(STATES, managers=(PL,), workers=(PP,))),
)


def _review_clocks() -> tuple[Clock, ...]:
    """One clock for each review of the programme; the next starts when the one before is met, so none is skipped."""
    earlier = (None, *REVIEW_MONTHS)
    return tuple(
        Clock(
            id=f"review_month_{month}",
            label=f"Programme review at month {month}",
            during=PROGRAMME,
            started_by=() if before else ("commit",),
            after=(f"review_month_{before}",) if before else (),
            met_by=("review",),
            owner=PP,
        )
        for before, month in zip(earlier, REVIEW_MONTHS, strict=False)
    )


CLOCKS = (
    Clock(
        id="contact_plan",
        label="Plan how she will be approached",
        during=("identified",),
        met_by=("start_check",),
        owner=PL,
    ),
    Clock(
        id="eligibility_check",
        label="Decide on eligibility",
        during=("eligibility",),
        met_by=("find_eligible", "find_not_eligible"),
        owner=PL,
    ),
    Clock(
        id="pre_engagement_review",
        label="Review before engagement",
        during=("pre_engagement",),
        met_by=("review", "review_as_lead"),
        repeats=True,
        owner=PP,
    ),
    Clock(
        id="pre_engagement_lead_review",
        label="Practice lead's review before engagement",
        during=("pre_engagement",),
        met_by=("review_as_lead",),
        repeats=True,
        owner=PL,
    ),
    Clock(
        id="contact_gap",
        label="Contact with her",
        during=WORKING,
        met_by=("record_contact", "review"),
        repeats=True,
        owner=PP,
    ),
    Clock(
        id="engagement_phase",
        label="End of the engagement phase",
        during=("engagement", *AWAY),
        started_by=("begin_engagement",),
        met_by=("discuss_pause",),
        cancelled_by=("extend_engagement",),
        owner=PP,
    ),
    Clock(
        id="engagement_extension",
        label="End of the extended engagement phase",
        during=("engagement", *AWAY),
        started_by=("extend_engagement",),
        met_by=("discuss_pause",),
        cancelled_by=("extend_engagement",),
        owner=PP,
    ),
    Clock(
        id="commitment_decision",
        label="Her decision on a pause",
        during=("commitment",),
        met_by=("commit", "decline_pause", "decline_offer"),
        owner=PP,
    ),
    *_review_clocks(),
    Clock(
        id="transition_start",
        label="Begin transition",
        during=PROGRAMME,
        started_by=("commit",),
        met_by=("begin_transition",),
        cancelled_by=("extend_programme",),
        owner=PL,
    ),
    Clock(
        id="transition_plan",
        label="Agree the transition plan",
        during=("transition", *AWAY),
        started_by=("begin_transition",),
        met_by=("agree_transition_plan",),
        owner=PP,
    ),
    Clock(
        id="programme_end",
        label="End of the programme",
        during=PROGRAMME,
        started_by=("commit",),
        met_by=("graduate",),
        cancelled_by=("extend_programme",),
        owner=PL,
    ),
    Clock(
        id="programme_extension",
        label="End of the extended programme",
        during=PROGRAMME,
        started_by=("extend_programme",),
        met_by=("graduate",),
        cancelled_by=("extend_programme",),
        owner=PL,
    ),
    Clock(
        id="reengagement_attempt",
        label="Try to reach her",
        during=("reengaging",),
        met_by=("record_attempt",),
        repeats=True,
        owner=PP,
    ),
    Clock(
        id="reengagement_review",
        label="Review the lost contact",
        during=("reengaging",),
        met_by=("review_as_lead",),
        repeats=True,
        owner=PL,
    ),
    Clock(
        id="reengagement_decision",
        label="Decide how to go on without contact",
        during=("reengaging",),
        met_by=("keep_trying", "regain_contact"),
        repeats=True,
        owner=PL,
    ),
    Clock(
        id="hold_review",
        label="Review the hold",
        during=("on_hold",),
        met_by=("review_as_lead",),
        repeats=True,
        owner=PL,
    ),
    Clock(
        id="pregnancy_decision",
        label="Decide on support in pregnancy",
        during=OPEN,
        started_by=("disclose_pregnancy",),
        met_by=("decide_on_pregnancy",),
        cancelled_by=("record_pregnancy_ended",),
        birth_related=True,
        owner=PL,
    ),
    Clock(
        id="return_decision",
        label="Decide on support after a child's return",
        during=OPEN,
        started_by=("record_child_returned",),
        met_by=("decide_on_return",),
        owner=PL,
    ),
    Clock(
        id="outcome_set",
        label="Record her outcomes",
        during=("completed",),
        met_by=("record_outcomes",),
        owner=PP,
    ),
    Clock(id="next_steps_decision", label="Ask what she wants next", during=("completed",), owner=PP),
    Clock(
        id="next_steps_review",
        label="Review of Next Steps",
        during=("next_steps",),
        met_by=("review",),
        repeats=True,
        owner=PP,
    ),
    *shared_clocks(STATES),
)

PAUSE = checked(
    Lifecycle(
        id="pause",
        label="Pause programme",
        code="PA",
        version=1,
        subject="a woman",
        stages=(
            "Identified",
            "Eligibility",
            "Pre-engagement",
            "Engagement",
            "Programme",
            "Transition",
            "Graduated",
            "Next Steps",
            "Ended",
        ),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        record="pause",
    )
)
