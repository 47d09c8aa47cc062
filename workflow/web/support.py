"""Support as pages: what a family was given, the things that are lent, and who is trained until when."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.codes import PARENT_ROLES, SUPPORT_KINDS, SUPPORT_PHASES
from states.facts import FactProblem, code
from workflow import stock
from workflow.accounts import teams_for, trainings
from workflow.errors import BadInput, Conflict, NotFound
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.stock_tables import Condition
from workflow.web.case_routes import CaseReader, Ref, case_router
from workflow.web.forms import Form, form
from workflow.web.reading import read
from workflow.web.showing import Sent, go_to, show
from workflow.web.sign_in import WRONG, sentence
from workflow.web.table_parts import part_of

router = APIRouter()
of_a_case = case_router()
Reader = Annotated[Asking, Depends(Needs(Permission.READ_CASES))]
Keeper = Annotated[Asking, Depends(Needs(Permission.KEEP_STOCK))]
Code = Annotated[str, Path(max_length=60)]
NEW = (
    code("code", "Code", "What stands on it: small letters, digits, dots, dashes. For example, rcb-6"),
    code("label", "Name", "For example, Real Care baby 6"),
)
CONDITIONS = {
    Condition.GOOD: "in good order",
    Condition.REPAIR: "to be repaired",
    Condition.LOST: "lost",
    Condition.RETIRED: "out of use",
}
WHERE = {
    "in_stock": "In stock",
    "lent": "Lent",
    "to_be_fetched": "With a family whose case has ended: fetch it when the time is right",
    "out_of_use": "Not to be lent",
}
NOTICES = {"added": "The thing is in the stock.", "changed": "It is recorded."}
SOON = 60  # days before a training runs out in which the page says so


@of_a_case.get("/cases/{ref}/support")
def show_support(request: Request, asking: CaseReader, ref: Ref) -> Response:
    """What the family was given since the latest plan began, beside that plan."""
    look = looking(asking)
    standing = look.standing(ref)
    if standing["lifecycle"] != "prebirth":
        raise NotFound("support is planned and given in pre-birth cases")
    return show(
        request,
        asking,
        "support/case.html",
        title=f"{standing['case']}: support given",
        here="work",
        back=f"/cases/{standing['case']}",
        case=standing["case"],
        found=look.support(ref),
        phases=SUPPORT_PHASES,
        kinds=SUPPORT_KINDS,
        given_to={**PARENT_ROLES, "baby": "baby"},
    )


router.include_router(of_a_case)


@router.get("/support/stock")
def show_stock(request: Request, asking: Reader, said: str = "") -> Response:
    """The things that are lent: where each is, and when it is due back."""
    return _stock_page(request, asking, form(NEW), notice=NOTICES.get(said))


@router.post("/support/stock")
def add_thing(request: Request, sent: Sent, asking: Keeper) -> Response:
    """Adds a thing to lend."""
    reading = read(NEW, sent)
    problems = list(reading.problems)
    if not problems:
        try:
            asking.service.engine.retried(
                lambda connection: stock.add_item(
                    connection, asking.actor, asking.now, way=asking.way(), **reading.given
                )
            )
            return go_to("/support/stock?said=added")
        except (BadInput, Conflict) as error:
            problems = [FactProblem("code", sentence(str(error)))]
    return _stock_page(request, asking, form(NEW, reading.typed, problems), status=WRONG)


@router.post("/support/stock/{code}")
def change_thing(code: Code, sent: Sent, asking: Keeper) -> Response:
    """Says how a thing is that is not lent, or that it was fetched."""
    wanted = str(sent.get("condition", ""))

    def work(connection: Connection) -> Any:
        if wanted == "fetched":
            return stock.fetch_item(connection, asking.actor, asking.now, code=code, way=asking.way())
        if wanted not in set(Condition):
            raise BadInput("choose how the thing is")
        return stock.change_condition(
            connection, asking.actor, asking.now, condition=Condition(wanted), code=code, way=asking.way()
        )

    asking.service.engine.retried(work)
    return go_to("/support/stock?said=changed")


def _stock_page(
    request: Request, asking: Asking, drawn: Form, *, status: int = 200, notice: str | None = None
) -> Response:
    with asking.service.database.read() as connection:
        teams = teams_for(connection, asking.actor.authority, "baby")
    return show(
        request,
        asking,
        "support/stock.html",
        title="Things that are lent",
        here="clinics",
        status=status,
        rows=looking(asking).stock(),
        teams=teams,
        where=WHERE,
        conditions=CONDITIONS,
        form=drawn,
        problems=drawn.errors,
        notice=notice,
    )


@router.get("/support/training")
def show_training(request: Request, asking: Reader) -> Response:
    """Who may be given the assessment of a parent with a learning disability, and until when."""
    with asking.service.database.read() as connection:
        rows = trainings(connection, asking.actor.authority)
    return show(
        request,
        asking,
        "support/training.html",
        title="Trained to assess parents with a learning disability",
        here="clinics",
        part=part_of(request, rows, "caseworkers", "trainings"),
        today=local_date(asking.now),
        soon=SOON,
    )
