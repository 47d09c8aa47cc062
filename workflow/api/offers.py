"""The map of what families are offered: read by everybody, kept up by those who answer for it."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from workflow import offers
from workflow.api.bodies import Day, Given
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.offer_tables import Level
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.serving.once import once

router = subject("offers")
Reader = Annotated[Asking, Depends(Needs(Permission.SEE_RULES))]
Keeper = Annotated[Asking, Depends(Needs(Permission.KEEP_OFFER))]
Named = Annotated[str, Path(pattern=r"^[Oo][Ff]-\d{1,9}$", description="The entry.", examples=["OF-3"])]
Words = Annotated[str, Field(min_length=1, max_length=offers.LONGEST)]


class NewOffer(Given):
    """An entry as families read it: in plain words, and nothing about a person."""

    level: Level = Level.UNIVERSAL
    name: Words = Field(examples=["Healthy baby clinic"])
    offers: Words
    for_whom: Words
    area: Words = Field(examples=["All of County Durham"])
    contact: Words
    since: Day
    until: Day | None = None


class Offer(BaseModel):
    offer: str = Field(examples=["OF-3"])
    level: Level
    name: str
    offers: str
    for_whom: str
    area: str
    contact: str
    since: date
    until: date | None
    changed_at: datetime


@router.get("/offers", responses=LOOKS)
def list_offers(
    asking: Reader, ended: Annotated[bool, Query(description="also what is no longer offered")] = False
) -> list[Offer]:
    """The map of my authority: universal offers first, then targeted and specialist ones."""
    with asking.service.database.read() as connection:
        return [Offer(**row) for row in offers.offers(connection, asking.actor.authority, asking.now, ended=ended)]


@router.post("/offers", status_code=201, responses=ACTS)
def add_offer(asking: Keeper, given: NewOffer, key: Key) -> Offer:
    """Add an entry to the map."""

    def work(connection: Connection) -> Offer:
        said = given.model_dump()
        return Offer(**offers.add_offer(connection, asking.actor, asking.now, way=asking.way(key), **said))

    def again(connection: Connection) -> Offer:
        rows = offers.offers(connection, asking.actor.authority, asking.now, ended=True)
        return next(
            Offer(**row) for row in rows if (row["name"], row["area"]) == (given.name.strip(), given.area.strip())
        )

    return once(asking, key, {"makes": "offer", **given.model_dump(mode="json")}, work, again)


@router.post("/offers/{name}/change", responses=ACTS)
def change_offer(asking: Keeper, name: Named, given: NewOffer, key: Key) -> Offer:
    """Say how an entry is from now on; with `until` it leaves the map after that day. What it was stays in evidence."""
    said: dict[str, Any] = given.model_dump()

    def work(connection: Connection) -> Offer:
        return Offer(**offers.change_offer(connection, asking.actor, asking.now, name, way=asking.way(key), **said))

    def again(connection: Connection) -> Offer:
        return Offer(**offers.find_offer(connection, asking.actor.authority, name))

    return once(asking, key, {"changes": name, **given.model_dump(mode="json")}, work, again)
