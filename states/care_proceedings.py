"""Care proceedings about one child: from issue to the court's decision, within 26 weeks unless the court extends."""

from datetime import timedelta

from states.checks import checked
from states.codes import COURT_APPLICATIONS, COURT_PLANS, FINAL_ORDERS
from states.common import open_states, shared_rows
from states.court_guards import born_on, day_of, end_with_parent, in_order, said, taking_over
from states.facts import choice, code, day, number, text, yes_no
from states.guards import Situation, guard
from states.lifecycle import NEW, SELF, Clock, Lifecycle, State, Transition
from states.roles import Role

CW, TM, SM, LEG = Role.CASEWORKER, Role.TEAM_MANAGER, Role.SERVICE_MANAGER, Role.LEGAL

TIMETABLE = timedelta(weeks=26)
MOST_PER_EXTENSION = timedelta(weeks=8)
ORDERS = {name: label for name, label in FINAL_ORDERS.items() if name not in ("no_order", "withdrawn")}

# Guards


@guard("proceedings cannot be issued before the child is born: the birth is not recorded, or is later")
def issue_follows_birth(s: Situation) -> bool:
    birth, issued = born_on(s), day_of(s, "issued_on")
    return birth is not None and issued is not None and birth <= issued


@guard("the day of issue lies after the day it is recorded for")
def issue_day_is_possible(s: Situation) -> bool:
    return in_order(s, "issued_on")


@guard("an application at short notice needs its reason")
def short_notice_is_explained(s: Situation) -> bool:
    return s.submitted.get("short_notice") is False or said(s, "short_notice_reason")


@guard("the hearing lies before the day of issue, or after the day it is recorded for")
def hearing_follows_issue(s: Situation) -> bool:
    return in_order(s, "hearing_on") and _since_issue(s, "hearing_on")


@guard("the next hearing does not lie ahead")
def next_hearing_lies_ahead(s: Situation) -> bool:
    listed_for = day_of(s, "next_hearing_on")
    return listed_for is not None and listed_for > s.occurred_on


@guard("the court extends by at most 8 weeks at a time, from the day the timetable ended until now")
def extension_is_at_most_8_weeks(s: Situation) -> bool:
    ended_on, until = day_of(s, "timetable_ended_on"), day_of(s, "timetable_until")
    return ended_on is not None and until is not None and ended_on < until <= ended_on + MOST_PER_EXTENSION


@guard("an extension begins where the 26 weeks or the extension before it ended")
def extension_follows_26_weeks(s: Situation) -> bool:
    ended_on, issued = day_of(s, "timetable_ended_on"), day_of(s, "issued_on")
    return ended_on is not None and issued is not None and ended_on >= issued + TIMETABLE - timedelta(days=1)


@guard("the order was made before the day of issue, or after the day it is recorded for")
def order_follows_issue(s: Situation) -> bool:
    return in_order(s, "ordered_on") and _since_issue(s, "ordered_on")


def _since_issue(s: Situation, name: str) -> bool:
    return day_of(s, "issued_on") is None or in_order(s, "issued_on", name)


# Facts asked for more than once

CHILD = number("child", "Number of the child", minimum=1)
HEARD_ON = day("hearing_on", "Hearing held on")
HEARING = (
    HEARD_ON,
    text("hearing_note", "What the court directed, and what was agreed"),
    choice("current_plan", "Plan now before the court", COURT_PLANS, required=False),
)
LISTED = day("next_hearing_on", "Next hearing listed for")
DECISION = (
    day("ordered_on", "Decided on"),
    text("decision_note", "What the court decided, and why"),
)

# The table

STATES = (
    State(
        id="issued",
        label="Issued",
        stage="Issue",
        meaning="the application is with the court; the day of issue is day 1",
    ),
    State(
        id="case_management",
        label="Case management",
        stage="Case management",
        meaning="the court has set the timetable; evidence is being gathered",
    ),
    State(
        id="issues_resolution",
        label="Issues resolution",
        stage="Issues resolution",
        meaning="the issues were narrowed; the court decides now or at a final hearing",
    ),
    State(
        id="final_hearing",
        label="Final hearing held",
        stage="Final hearing",
        meaning="the court has heard the case; its decision is to be recorded",
    ),
    State(id="order_made", label="Order made", stage="Ended", meaning="the court made a final order", final=True),
    State(id="withdrawn", label="Withdrawn", stage="Ended", meaning="withdrawn with the court's leave", final=True),
    State(id="no_order", label="No order", stage="Ended", meaning="the court made no order", final=True),
    State(id="ended", label="Ended", stage="Ended", meaning="ended with the pre-birth case", final=True),
)

OPEN = open_states(STATES)
DECIDING = ("case_management", "issues_resolution", "final_hearing")

TRANSITIONS = (
    Transition(
        trigger="issue",
        label="Record that proceedings are issued",
        sources=(NEW,),
        to="issued",
        roles=(LEG,),
        facts=(
            CHILD,
            day("issued_on", "Issued on", "day 1 of the 26 weeks"),
            code("court_reference", "Court reference"),
            choice("application", "Applied for", COURT_APPLICATIONS),
            choice("initial_plan", "Plan put to the court", COURT_PLANS),
            yes_no("short_notice", "At short notice?"),
            text("short_notice_reason", "If at short notice, why", required=False),
            yes_no("parents_represented", "Do the parents have a lawyer?", required=False),
        ),
        guards=("issue_follows_birth", "issue_day_is_possible", "short_notice_is_explained"),
        notify=(CW, TM, SM),
        basis="NECHO: an unborn baby has no legal personality; CFA-S14; domain 10.5, 5.2",
    ),
    Transition(
        trigger="hold_short_notice_hearing",
        label="Hold a short-notice hearing",
        sources=("issued",),
        to=SELF,
        roles=(LEG, CW),
        facts=HEARING,
        guards=("hearing_follows_issue",),
        notify=(CW, TM),
        basis="TRIX-CMH; JUD-2026: needed before day 12; domain 10.5",
    ),
    Transition(
        trigger="hold_cmh",
        label="Hold the case management hearing",
        sources=("issued",),
        to="case_management",
        roles=(LEG, CW),
        facts=(*HEARING, LISTED),
        guards=("hearing_follows_issue", "next_hearing_lies_ahead"),
        notify=(CW, TM),
        basis="TRIX-CMH: day 12; domain 10.5",
    ),
    Transition(
        trigger="hold_further_cmh",
        label="Hold a further case management hearing",
        sources=("case_management",),
        to=SELF,
        roles=(LEG, CW),
        facts=(*HEARING, LISTED),
        guards=("hearing_follows_issue", "next_hearing_lies_ahead"),
        notify=(CW, TM),
        basis="domain 10.3.2",
    ),
    Transition(
        trigger="hold_irh",
        label="Hold the issues resolution hearing",
        sources=("case_management",),
        to="issues_resolution",
        roles=(LEG, CW),
        facts=(*HEARING, LISTED),
        guards=("hearing_follows_issue", "next_hearing_lies_ahead"),
        notify=(CW, TM),
        basis="domain 10.5",
    ),
    Transition(
        trigger="relist_hearing",
        label="Record a new date for the next hearing",
        sources=("case_management", "issues_resolution"),
        to=SELF,
        roles=(LEG, CW),
        facts=(LISTED, text("relisting_reason", "Why the date changed")),
        guards=("next_hearing_lies_ahead",),
        notify=(CW, TM),
        basis="proposal: a hearing that is moved keeps a date that somebody watches",
    ),
    Transition(
        trigger="hold_final_hearing",
        label="Hold the final hearing",
        sources=("issues_resolution",),
        to="final_hearing",
        roles=(LEG, CW),
        facts=HEARING,
        guards=("hearing_follows_issue",),
        notify=(CW, TM),
        basis="domain 10.5",
    ),
    Transition(
        # Both dates are asked, since an order names them; the 8 weeks run from where the timetable stood.
        trigger="extend_timetable",
        label="Record the court's extension of the timetable",
        sources=OPEN,
        to=SELF,
        roles=(LEG,),
        facts=(
            day("extension_ordered_on", "Ordered on"),
            day("timetable_ended_on", "The timetable ended until now on", "26 weeks, or the extension before"),
            day("timetable_until", "Extended until"),
            text("extension_reason", "The court's reason", "why it is necessary to resolve the proceedings justly"),
        ),
        guards=("extension_follows_26_weeks", "extension_is_at_most_8_weeks"),
        notify=(CW, TM, SM),
        basis="CFA-S14; JOHNSON-26: up to 8 weeks each, not routine; domain 10.5",
    ),
    Transition(
        trigger="make_final_order",
        label="Record the final order",
        sources=DECIDING,
        to="order_made",
        roles=(LEG,),
        facts=(
            *DECISION,
            choice("final_order", "Order", ORDERS),
            choice("final_plan", "Plan the court agreed", COURT_PLANS),
        ),
        guards=("order_follows_issue",),
        notify=(CW, TM, SM),
        basis="domain 10.1 row 18, 10.5; an early final decision may be taken at an earlier hearing",
    ),
    Transition(
        trigger="withdraw",
        label="Record that the application is withdrawn",
        sources=OPEN,
        to="withdrawn",
        roles=(LEG,),
        facts=DECISION,
        guards=("order_follows_issue",),
        notify=(CW, TM, SM),
        basis="domain 10.5: with the court's leave",
    ),
    Transition(
        trigger="refuse",
        label="Record that the court made no order",
        sources=DECIDING,
        to="no_order",
        roles=(LEG,),
        facts=DECISION,
        guards=("order_follows_issue",),
        notify=(CW, TM, SM),
        basis="domain 10.5",
    ),
    end_with_parent(STATES),
    *taking_over(
        shared_rows(STATES, managers=(TM,), workers=(CW,), approvals=False),
        CHILD,
        day("issued_on", "Issued on", "day 1 of the 26 weeks"),
        day("timetable_until", "Extended until", required=False),
        day("next_hearing_on", "Next hearing listed for", required=False),
        code("court_reference", "Court reference", required=False),
    ),
)

CLOCKS = (
    Clock(
        id="week_26",
        label="End of the court's timetable",
        during=OPEN,
        met_by=("make_final_order", "withdraw", "refuse"),
        owner=LEG,
    ),
    Clock(
        id="first_hearing",
        label="Case management hearing",
        during=("issued",),
        met_by=("hold_cmh",),
        owner=LEG,
    ),
    Clock(
        id="next_hearing",
        label="Next hearing",
        during=("case_management", "issues_resolution"),
        started_by=("hold_cmh", "hold_further_cmh", "hold_irh", "migrate_in"),
        met_by=("hold_further_cmh", "hold_irh", "hold_final_hearing", "make_final_order", "refuse"),
        only_if="next_hearing_lies_ahead",
        owner=LEG,
    ),
)

CARE_PROCEEDINGS = checked(
    Lifecycle(
        id="care_proceedings",
        label="Care proceedings",
        code="CR",
        version=1,
        subject="a child",
        stages=("Issue", "Case management", "Issues resolution", "Final hearing", "Ended"),
        states=STATES,
        transitions=TRANSITIONS,
        clocks=CLOCKS,
        parent="prebirth",
        per_child=True,
    )
)
