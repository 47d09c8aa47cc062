"""Pre-birth cases from the referral to each end they can have, told as a caseworker would tell them."""

from collections.abc import Callable, Iterator

import pytest
from factories import Desk, add_people
from journeys.prebirth_journeys import Pregnancy, assert_sound, baby, name_managers, under
from walks import Edge, Walk, edges_of, missing_edges

from states.catalogue import LIFECYCLES
from workflow.database import Database


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The team of the unborn, on both databases."""
    return name_managers(desk)


@pytest.fixture
def small_office(sqlite_url: str) -> Iterator[Desk]:
    """The same team on SQLite alone."""
    database = Database(sqlite_url)
    add_people(database)
    yield name_managers(Desk(database))
    database.close()


# Every transition

ROADS: dict[str, Callable[[Pregnancy], Pregnancy]] = {
    "referred": lambda case: case,
    "consent_pending": lambda case: case.does("accept"),
    "allocation": lambda case: case.does("accept_with_consent"),
    "assessment": lambda case: ROADS["allocation"](case).does("allocate"),
    "sign_off": lambda case: ROADS["assessment"](case).does("submit_assessment"),
    "pre_birth_clinic": lambda case: ROADS["sign_off"](case).does("authorise"),
    "birth_planning": lambda case: ROADS["pre_birth_clinic"](case).does("start_birth_plan", preterm_risk=True),
    "birth_ready": lambda case: ROADS["birth_planning"](case).does("agree_birth_plan"),
    "born": lambda case: ROADS["assessment"](case).does("record_birth"),
    "post_birth_support": lambda case: ROADS["born"](case).does("hold_discharge_meeting").does("discharge"),
    "care_proceedings": lambda case: ROADS["born"](case).does("issue_proceedings"),
    "outcome_agreed": lambda case: ROADS["born"](case).does("agree_outcomes"),
    "threshold_review": lambda case: case.does("dispute_route"),
    "route_sent": lambda case: ROADS["threshold_review"](case).does("route"),
    "pregnancy_end_reported": lambda case: case.does("report_pregnancy_ended"),
    "closed": lambda case: case.does("close_referral"),
    "handed_over": lambda case: ROADS["outcome_agreed"](case).does("hand_over"),
    "routed_elsewhere": lambda case: ROADS["route_sent"](case).does("acknowledge_route"),
    "pregnancy_ended": lambda case: ROADS["pregnancy_end_reported"](case).does("confirm_pregnancy_ended"),
    "transferred_out": lambda case: case.does("transfer_out"),
}


def stands_before(desk: Desk, edge: Edge) -> Pregnancy:
    """A case that stands where this edge begins, with what it needs."""
    trigger, source, target = edge
    case = Pregnancy(desk).refer()
    if trigger in ("continue_without_consent", "give_consent_after_review") and target != "allocation":
        return ROADS[target](case).does("withhold_consent")
    if trigger == "correct_report":
        return ROADS[target](case).does("report_pregnancy_ended")
    if trigger in ("record_child_death", "decide_incident_notification") and source in ("threshold_review", "route_sent"):
        ROADS["born"](case).does("withhold_consent")
        return case if source == "threshold_review" else case.does("route")
    ROADS[source](case)
    if trigger == "authorise" and target == "birth_planning":
        case.until(28)
    if (trigger, source) == ("route", "referred"):
        case.approve("route", "baby.CW", "baby.SM")
    if trigger.startswith("end_court"):
        under(case, "care_proceedings", "baby.LEG", child=1, parents_represented=True).step("withdraw", "baby.LEG")
    return case


def take(case: Pregnancy, edge: Edge) -> None:
    trigger, _, target = edge
    facts = {}
    if (trigger, target) == ("record_birth", "pregnancy_end_reported"):
        facts = {"babies": [baby(case.today, alive=False)]}
    if trigger in ("request_approval", "decide_approval"):
        facts = {"for_trigger": "accept"}
    case.does(trigger, to=target, **facts)


def test_every_transition_is_fired_and_refused(small_office: Desk) -> None:
    """The moves that stay in a state are made one after another on one case, each that leaves it on a case of its own."""
    order = {trigger: place for place, trigger in enumerate(LIFECYCLES["prebirth"].triggers)}
    edges = sorted(edges_of("prebirth"), key=lambda edge: (edge[1], order[edge[0]], edge[2]))
    staying: dict[tuple[str, bool], Pregnancy] = {}
    walks: list[Walk] = []
    for edge in edges:
        trigger, source, target = edge
        place = (source, trigger in ("record_child_death", "decide_incident_notification"))
        if source != target:
            case = stands_before(small_office, edge)
        elif place not in staying:
            case = staying[place] = stands_before(small_office, edge)
        else:
            case = staying[place]
        take(case, edge)
        walks.append(case)
    assert missing_edges("prebirth", walks) == (set(), set())
    assert_sound(*staying.values())
