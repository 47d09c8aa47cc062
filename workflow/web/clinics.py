"""Pre-birth clinics as pages: the sessions, one to come with its agenda, and one held with what it decided."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection

from scheduler.calendars import add_days, local_date
from scheduler.gestation import as_weeks
from states.catalogue import LIFECYCLES
from states.codes import CARE_PLANS, CHILD_PROTECTION_AGENCIES, DRIFT_REASONS
from states.facts import Fact, FactProblem, choice, choices, day, person, yes_no
from workflow import accounts, clinics
from workflow.clinic_sessions import clinics_of, find_clinic
from workflow.clinic_tables import ClinicStatus
from workflow.directory import names_of_people
from workflow.errors import BadInput, Conflict, NotFound
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.web.forms import Form, Typed, form, typed_date
from workflow.web.reading import Reading, read
from workflow.web.showing import Sent, go_to, show
from workflow.web.sign_in import WRONG, sentence
from workflow.web.table_parts import part_of

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_CASES))]
Arranger = Annotated[Asking, Depends(Needs(Permission.ARRANGE_CLINICS))]
Named = Annotated[str, Path(max_length=60)]
SHOWN_BACK = 90  # days
STATES = {
    ClinicStatus.PLANNED: "planned",
    ClinicStatus.HELD: "held",
    ClinicStatus.CALLED_OFF: "called off",
}
NOTICES = {
    "planned": "The clinic is planned.",
    "changed": "The clinic is changed.",
    "held": "It is recorded that the clinic was held. Record what it decided on each case.",
    "called-off": "The clinic is called off. The clinic date of each case stands.",
}
HELD_ON, CHAIR = day("held_on", "Day"), person("chair", "Chair")
ASKED = choices("agencies", "Agencies asked", CHILD_PROTECTION_AGENCIES, required=False)
CAME = choices("agencies", "Agencies that were there", CHILD_PROTECTION_AGENCIES, required=False)


@router.get("/clinics")
def list_clinics(request: Request, asking: Reader) -> Response:
    """The sessions to come, and those of the last three months."""
    today = local_date(asking.now)
    with asking.service.database.read() as connection:
        rows = clinics_of(connection, asking.actor.authority, add_days(today, -SHOWN_BACK))
        people, teams = _names(connection, asking)
    return show(
        request,
        asking,
        "clinics/list.html",
        title="Pre-birth clinics",
        here="clinics",
        to_come=[one for one in rows if one["held_on"] >= today],
        past=[one for one in reversed(rows) if one["held_on"] < today],
        people=people,
        teams=teams,
        states=STATES,
    )


def _names(connection: Connection, asking: Asking) -> tuple[dict[str, str], dict[str, str]]:
    authority = asking.actor.authority
    return names_of_people(connection, authority), accounts.teams_for(connection, authority, "baby")


@router.get("/clinics/new")
def show_new_clinic(request: Request, asking: Arranger) -> Response:
    """The form for a session."""
    return _form_page(request, asking, "Plan a clinic", _new(asking), typed={})


@router.post("/clinics/new")
def plan_clinic(request: Request, sent: Sent, asking: Arranger) -> Response:
    """Plans the session, or records one that was held."""
    facts = _new(asking)
    reading = read(facts, sent)

    def work(connection: Connection, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return clinics.plan_clinic(
            connection,
            asking.actor,
            asking.now,
            held_on=date.fromisoformat(given["held_on"]),
            chair=given["chair"],
            agencies=given.get("agencies") or (),
            team=given.get("team"),
            was_held=given.get("was_held") is True,
            way=asking.way(),
        )

    return _done(request, asking, "Plan a clinic", facts, reading=reading, work=work, said="planned")


def _new(asking: Asking) -> tuple[Fact, ...]:
    with asking.service.database.read() as connection:
        teams = accounts.teams_with_cases(connection, asking.actor.authority, "baby")
    return (
        HELD_ON,
        CHAIR,
        choice("team", "Team", teams, "where it is for one team only", required=False),
        ASKED,
        yes_no("was_held", "Was it held already?", "where it is recorded afterwards", required=False),
    )


@router.get("/clinics/{name}")
def show_clinic(request: Request, name: Named, asking: Reader, said: str = "") -> Response:
    """One session: the agenda, what it decided, and the cases that missed it."""
    found = looking(asking).clinic(name)
    with asking.service.database.read() as connection:
        people, teams = _names(connection, asking)
    return show(
        request,
        asking,
        "clinics/clinic.html",
        title=f"Clinic {found['name']}",
        here="clinics",
        back="/clinics",
        clinic=found,
        agenda=part_of(request, found["agenda"], "cases", "agenda"),
        missed=part_of(request, found["missed"], "cases", "missed"),
        recorded=part_of(request, found["recorded"], "cases", "recorded"),
        state=STATES[found["status"]],
        is_planned=found["status"] == ClinicStatus.PLANNED,
        is_over=found["held_on"] < local_date(asking.now),
        may_be_held=found["held_on"] <= local_date(asking.now),
        people=people,
        teams=teams,
        agencies=[CHILD_PROTECTION_AGENCIES[one] for one in found["agencies"]],
        reasons=clinics.REASONS,
        drift=DRIFT_REASONS,
        plans=CARE_PLANS,
        state_of={state.id: state.label for state in LIFECYCLES["prebirth"].states},
        weeks=as_weeks,
        notice=NOTICES.get(said),
    )


@router.get("/clinics/{name}/{act}")
def show_act(request: Request, name: Named, act: str, asking: Arranger) -> Response:
    """The form that changes a session, or says that it was held."""
    facts, title = _act(act, name)
    with asking.service.database.read() as connection:
        row = find_clinic(connection, asking.actor.authority, name)
    typed = {
        "held_on": typed_date(row["held_on"].isoformat()),
        "chair": row["chair"],
        "agencies": list(row["agencies"]),
    }
    return _form_page(request, asking, title, facts, typed=typed, back=f"/clinics/{row['name']}")


@router.post("/clinics/{name}/{act}")
def do_act(request: Request, name: Named, act: str, sent: Sent, asking: Arranger) -> Response:
    """Changes the session, says that it was held, or calls it off."""
    facts, title = _act(act, name)
    work = WORK[act](asking, name)
    return _done(request, asking, title, facts, reading=read(facts, sent), work=work, said=SAID[act])


def _act(act: str, name: str) -> tuple[tuple[Fact, ...], str]:
    asked = {"change": (HELD_ON, CHAIR, ASKED), "hold": (CAME,), "call-off": ()}
    if act not in asked:
        raise NotFound("there is nothing of that name to be done to a clinic")
    titles = {"change": "Change", "hold": "Was held:", "call-off": "Call off"}
    return asked[act], f"{titles[act]} clinic {name[:20]}"


Work = Callable[[Connection, Mapping[str, Any]], Mapping[str, Any]]


def _change(asking: Asking, name: str) -> Work:
    return lambda connection, given: clinics.change_clinic(
        connection,
        asking.actor,
        asking.now,
        name=name,
        held_on=date.fromisoformat(given["held_on"]),
        chair=given["chair"],
        agencies=given.get("agencies") or (),
        way=asking.way(),
    )


def _hold(asking: Asking, name: str) -> Work:
    return lambda connection, given: clinics.hold_clinic(
        connection, asking.actor, asking.now, name=name, agencies=given.get("agencies") or (), way=asking.way()
    )


def _call_off(asking: Asking, name: str) -> Work:
    return lambda connection, given: clinics.call_off_clinic(
        connection, asking.actor, asking.now, name=name, way=asking.way()
    )


WORK = {"change": _change, "hold": _hold, "call-off": _call_off}
SAID = {"change": "changed", "hold": "held", "call-off": "called-off"}


def _done(
    request: Request, asking: Asking, title: str, facts: tuple[Fact, ...], *, reading: Reading, work: Work, said: str
) -> Response:
    """On to the session, or the form again with all that was typed and what is wrong."""
    problems = list(reading.problems)
    if not problems:
        try:
            row = asking.service.engine.retried(lambda connection: work(connection, reading.given))
            return go_to(f"/clinics/{row['name']}?said={said}")
        except (BadInput, Conflict) as error:
            problems = [FactProblem("held_on", sentence(str(error)))]
    return _form_page(request, asking, title, facts, typed=reading.typed, problems=problems)


def _form_page(
    request: Request,
    asking: Asking,
    title: str,
    facts: tuple[Fact, ...],
    *,
    typed: Typed,
    problems: list[FactProblem] | None = None,
    back: str = "/clinics",
) -> Response:
    with asking.service.database.read() as connection:
        people = names_of_people(connection, asking.actor.authority)
    drawn: Form = form(facts, typed, problems or (), people=people)
    return show(
        request,
        asking,
        "administration/form.html",
        title=title,
        here="clinics",
        back=back,
        status=WRONG if problems else 200,
        form=drawn,
        problems=drawn.errors,
        action=request.url.path,
        saved_at=None,
    )
