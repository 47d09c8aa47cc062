"""The map of what families are offered: a page, forms for those who keep it up, a sheet to hand to a family."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.facts import FactProblem
from workflow import offers
from workflow.errors import BadInput
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.web.forms import form, typed_date
from workflow.web.reading import Reading, read
from workflow.web.showing import Sent, go_to, show
from workflow.web.sign_in import sentence

router = APIRouter()
Reader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
Keeper = Annotated[Asking, Depends(Needs(Permission.KEEP_OFFER))]
Name = Annotated[str, Path(pattern=r"^[Oo][Ff]-\d{1,9}$")]
NOTICES = {"added": "The entry was added.", "changed": "The entry was changed."}


@router.get("/offers")
def list_offers(request: Request, asking: Reader, said: str = "") -> Response:
    """The map: universal offers first."""
    return show(
        request,
        asking,
        "offers/map.html",
        title="What families can turn to",
        here="reports",
        rows=_rows(asking),
        levels=offers.LEVELS,
        today=local_date(asking.now),
        notice=NOTICES.get(said),
    )


# Before the route of an entry, whose name would else be taken to be sheet.
@router.get("/offers/sheet")
def show_sheet(request: Request, asking: Reader, area: str = "") -> Response:
    """A page to print and hand to a family: what they can turn to today, and nothing about anybody."""
    rows = offers.offered_on(_rows(asking), local_date(asking.now), area[:100])
    return show(
        request,
        asking,
        "offers/sheet.html",
        title="Help for you and your baby",
        here="reports",
        back="/offers",
        rows=[one for one in rows if one["level"] == "universal"],
        area=area[:100],
        areas=sorted({one["area"] for one in _rows(asking)}),
        printed_on=local_date(asking.now),
    )


@router.get("/offers/new")
def ask_offer(request: Request, asking: Keeper) -> Response:
    """The form for another entry."""
    return _form(request, asking, "Add to the map", {"level": "universal"})


@router.post("/offers/new")
def add_offer(request: Request, asking: Keeper, sent: Sent) -> Response:
    """Adds the entry."""

    def work(connection: Connection, said: dict[str, Any]) -> None:
        offers.add_offer(connection, asking.actor, asking.now, way=asking.way(), **said)

    return _done(request, asking, sent, work, said="added", title="Add to the map")


@router.get("/offers/{name}")
def ask_change(request: Request, asking: Keeper, name: Name) -> Response:
    """The form that says how an entry is from now on."""
    with asking.service.database.read() as connection:
        row = offers.find_offer(connection, asking.actor.authority, name)
    typed = {one: typed_date(row[one].isoformat()) if isinstance(row[one], date) else row[one] for one in offers.NAMES}
    return _form(request, asking, row["name"], {one: value for one, value in typed.items() if value is not None})


@router.post("/offers/{name}")
def change_offer(request: Request, asking: Keeper, name: Name, sent: Sent) -> Response:
    """Changes the entry; what it was stays in the evidence."""

    def work(connection: Connection, said: dict[str, Any]) -> None:
        offers.change_offer(connection, asking.actor, asking.now, name, way=asking.way(), **said)

    return _done(request, asking, sent, work, said="changed", title="Change the entry")


def _rows(asking: Asking) -> list[dict[str, Any]]:
    with asking.service.database.read() as connection:
        return offers.offers(connection, asking.actor.authority, asking.now)


def _form(request: Request, asking: Asking, title: str, typed: dict[str, Any]) -> Response:
    return _drawn(request, asking, title, Reading({}, typed, []), 200)


def _done(
    request: Request,
    asking: Asking,
    sent: Sent,
    work: Callable[[Connection, dict[str, Any]], None],
    *,
    said: str,
    title: str,
) -> Response:
    """What the form asked for, done; or the form again with what is wrong."""
    reading = read(offers.ASKED, sent)
    if not reading.problems:
        given = reading.given
        days = {one: date.fromisoformat(given[one]) for one in ("since", "until") if given.get(one)}
        try:
            asking.service.engine.retried(lambda connection: work(connection, {**given, **days}))
            return go_to(f"/offers?said={said}")
        except BadInput as error:
            reading.problems.append(FactProblem("until", sentence("; ".join(error.problems) or str(error))))
    return _drawn(request, asking, title, reading, 422)


def _drawn(request: Request, asking: Asking, title: str, reading: Reading, status: int) -> Response:
    drawn = form(offers.ASKED, reading.typed, reading.problems)
    return show(
        request,
        asking,
        "administration/form.html",
        title=title,
        here="reports",
        back="/offers",
        status=status,
        form=drawn,
        problems=drawn.errors,
        action=request.url.path,
        saved_at=None,
    )
