"""Follow-up after Pause: what became of a woman 18 and 36 months after she started, asked only because she agreed."""

from dataclasses import replace

from states.checks import checked
from states.common import shared_rows
from states.facts import choice, code, day, person, text, yes_no
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition
from states.pause import scores_of_her_own
from states.roles import Role

PP, PL = Role.PAUSE_PRACTITIONER, Role.PAUSE_LEAD
CHECK_MONTHS = (18, 36)  # from the start, also where she left early


@guard("she has not agreed to be asked later: without her agreement nothing is known later")
def she_agrees_to_follow_up(s: Situation) -> bool:
    return s.facts.get("agrees_to_follow_up") is True


TAKEN_OVER = (
    text("name", "Name", required=False),
    text("safe_contact", "Safe contact", required=False),
    day("programme_started_on", "She started with Pause on", required=False),
)


def _taken_over(row: Transition) -> Transition:
    """One taken over brings the dates it counts from."""
    return replace(row, facts=(*row.facts, *TAKEN_OVER)) if row.trigger == "migrate_in" else row


STATES = (
    State(id="until_18", label="Until the check at 18 months", stage="18 months", meaning="she will be asked once"),
    State(
        id="until_36", label="Until the check at 36 months", stage="36 months", meaning="she will be asked once more"
    ),
    State(id="checked", label="Both checks made", stage="Ended", meaning="nothing more is asked of her", final=True),
    State(id="ended", label="Ended", stage="Ended", meaning="what became later is not known", final=True),
)
ASKED = (
    choice(
        "check_answer",
        "What came of asking",
        {
            "told": "she told us how things are",
            "not_said": "she would rather not say: not known",
            "not_reached": "she was not reached: not known",
        },
    ),
    yes_no("pregnant_since", "Pregnant since the start?", "left out where it is not known", required=False),
    yes_no("proceedings_since", "Care proceedings since the start?", "left out where it is not known", required=False),
    scores_of_her_own("follow_up_scores", "Where she is now", required=False),
    text("in_her_words", "In her words", required=False),
)


def _check(month: int, to: str) -> Transition:
    return Transition(
        trigger="record_check",
        label=f"Record the check at {month} months",
        sources=(f"until_{month}",),
        to=to,
        roles=(PP, PL),
        facts=ASKED,
        basis="GOLAB: no pregnancy for 18 months from the start, no care proceedings for 36; domain 9, 10.5",
    )


TRANSITIONS = (
    Transition(
        trigger="agree_follow_up",
        label="Open her follow-up",
        sources=(NEW,),
        to="until_18",
        roles=(PP, PL),
        facts=(
            code("followed_case", "Pause record it follows", "such as PA-12; reference only"),
            text("name", "Name"),
            yes_no("agrees_to_follow_up", "Has she agreed to be asked at 18 and 36 months?"),
            day("agreed_on", "She agreed on"),
            text("agreement", "Her agreement", "what she will be asked, how, and that she may end it at any time"),
            day("programme_started_on", "She started with Pause on"),
            text("safe_contact", "Safe contact", "never in a way that tells her household about a removal"),
            code("cohort", "Cohort", required=False),
            person("worker", "Who will ask her", required=False),
        ),
        guards=("she_agrees_to_follow_up",),
        basis="domain 10.5: opened only with her recorded agreement; otherwise the outcome is not known",
    ),
    _check(18, "until_36"),
    _check(36, "checked"),
    Transition(
        trigger="change_safe_contact",
        label="Record how she can be reached",
        sources=("until_18", "until_36"),
        to=SELF,
        roles=(PP, PL),
        facts=(text("safe_contact", "Safe contact"),),
        basis="domain 10.2: no contact that reveals removals to her household",
    ),
    Transition(
        trigger="end_follow_up",
        label="End her follow-up",
        sources=("until_18", "until_36"),
        to="ended",
        roles=(PP, PL),
        facts=(
            choice(
                "ended_because",
                "Why",
                {"her_request": "she asked for it", "moved_away": "she moved away", "died": "she has died"},
            ),
            text("in_her_words", "In her words", required=False),
        ),
        basis="domain 10.5: ended on request; nobody has to agree to that but her",
    ),
    *map(_taken_over, shared_rows(STATES, managers=(PL,), workers=(PP,), approvals=False)),
)

CLOCKS = tuple(
    Clock(
        id=f"check_at_{month}",
        label=f"Ask how things are at {month} months",
        during=(f"until_{month}",),
        met_by=("record_check",),
        owner=PL,
    )
    for month in CHECK_MONTHS
)

PAUSE_FOLLOW_UP = checked(
    Lifecycle(
        id="pause_follow_up",
        label="Pause follow-up",
        code="PF",
        version=1,
        subject="a woman, after Pause",
        stages=("18 months", "36 months", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        record="pause",
    )
)
