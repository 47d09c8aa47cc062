"""Rows and clocks that every lifecycle shares: approval, correction, change of worker, taking over a caseload."""

from collections.abc import Sequence

from states.facts import choice, code, day, person, records, text
from states.lifecycle import NEW, SELF, Clock, State, Transition
from states.roles import Role

APPROVAL_CLOCK = "approval_decision"
OVERRIDE_REASONS = {
    "CAPACITY_FAMILIES_FIRST": "Families First has no capacity",
    "MANAGER_JUDGEMENT": "a manager's judgement of need, with the evidence",
    "COURT_DIRECTION": "a court asked for it",
    "OTHER": "other, explained in the reason",
}


def open_states(states: Sequence[State]) -> tuple[str, ...]:
    """The states a case can wait in."""
    return tuple(state.id for state in states if not state.final)


def _approval_rows(
    waiting: tuple[str, ...], everyone: tuple[Role, ...], managers: tuple[Role, ...]
) -> tuple[Transition, ...]:
    return (
        Transition(
            trigger="request_approval",
            label="Ask for approval",
            sources=waiting,
            to=SELF,
            roles=everyone,
            facts=(
                code("for_trigger", "The move that needs approval"),
                choice("reason_code", "Why", OVERRIDE_REASONS, "only where a rule is overridden", required=False),
                text("evidence", "The evidence for it"),
            ),
            guards=("move_takes_approval",),
            basis="domain 10.5: approval by a second person",
        ),
        Transition(
            trigger="decide_approval",
            label="Decide on approval",
            sources=waiting,
            to=SELF,
            roles=tuple(
                dict.fromkeys((*managers, Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR))
            ),
            facts=(
                code("for_trigger", "The move that was asked for"),
                choice("decision", "Decision", {"approve": "approve", "refuse": "refuse"}),
                text("decision_reason", "Reason"),
            ),
            guards=("approval_is_asked_for", "decider_did_not_ask", "decider_has_the_tier"),
            basis="domain 10.5: never decided by who asked",
        ),
    )


def shared_rows(
    states: Sequence[State], *, managers: tuple[Role, ...], workers: tuple[Role, ...], approvals: bool = True
) -> tuple[Transition, ...]:
    """`managers` run the team, `workers` advance the cases; without `approvals` no move of theirs takes one."""
    waiting = open_states(states)
    before = {state.id: state.label for state in states if not state.final and not state.holds}
    everyone = tuple(dict.fromkeys((*workers, *managers, Role.SERVICE_MANAGER, Role.LEGAL, Role.HEAD_OF_SERVICE)))
    return (
        *(_approval_rows(waiting, everyone, managers) if approvals else ()),
        Transition(
            trigger="change_worker",
            label="Change worker or team",
            sources=waiting,
            to=SELF,
            roles=managers,
            facts=(
                person("worker", "New worker"),
                code("team", "New team", required=False),
                text("handover_note", "Handover note", required=False),
            ),
            guards=("worker_is_active", "worker_is_not_the_parents_own"),
            basis="domain 2.2: conflict of interest; 10.5",
        ),
        Transition(
            trigger="correct",
            label="Correct an earlier entry",
            sources=tuple(state.id for state in states),
            to=SELF,
            roles=managers,
            facts=(
                code("entry", "Number of the entry to correct", pattern=r"\d{1,9}"),
                choice(
                    "correction",
                    "What to correct",
                    {
                        "facts": "facts of the entry",
                        "occurred_at": "when it happened",
                        "undo": "the move did not happen",
                    },
                ),
                text("correction_reason", "Why"),
            ),
            guards=("entry_can_be_corrected",),
            basis="domain 10.1 row 23: a new entry supersedes, the original is kept",
        ),
        *(
            Transition(
                trigger="migrate_in",
                label="Take over from another system",
                sources=(NEW,),
                to=state.id,
                when=("migrate_to", state.id),
                roles=(Role.ADMINISTRATOR, *managers, Role.SERVICE_MANAGER),
                facts=(
                    code("migrate_to", "State to take over in"),
                    code("source_reference", "Reference in the other system"),
                    day("since", "In this state since"),
                    *([choice("came_from", "State it was in before", before)] if state.holds else []),
                    person("worker", "Owner", required=False),
                    day("received_on", "Referral received on", required=False),
                    day("edd", "Expected date of birth", required=False),
                    records(
                        "clocks",
                        "Open clocks and their due dates",
                        code("clock", "Clock"),
                        day("due_on", "Due on"),
                        required=False,
                    ),
                ),
                basis="proposal: a caseload is taken over as evidence, never by writing a state",
            )
            for state in states
            if not state.final
        ),
    )


def shared_clocks(states: Sequence[State]) -> tuple[Clock, ...]:
    return (
        Clock(
            id=APPROVAL_CLOCK,
            label="Decide on the approval asked for",
            during=open_states(states),
            started_by=("request_approval",),
            met_by=("decide_approval",),
            per="approval",
            owner=Role.SERVICE_MANAGER,
        ),
    )
