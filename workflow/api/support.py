"""Support given to a family, and the things that are lent."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from workflow import stock
from workflow.api.addresses import Ref
from workflow.api.bodies import Given
from workflow.api.callers import Reader
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking
from workflow.serving.once import once
from workflow.stock_tables import Condition

router = subject("support")
Keeper = Annotated[Asking, Depends(Needs(Permission.KEEP_STOCK))]
Code = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$", description="What stands on the thing.", examples=["rcb-1"])
]


class Sessions(BaseModel):
    phase: str
    kind: str
    planned: int
    given: int
    missed: int


class Visits(BaseModel):
    planned: int | None = Field(description="visits a week of the plan, for each whole week since it began")
    made: int


class HopeBox(BaseModel):
    given_on: date
    given_to: list[str]


class Lent(BaseModel):
    item: str
    lent_on: date
    back_on: date | None


class Support(BaseModel):
    """What a family was given since the latest plan began, against that plan. Texts are withheld from who audits."""

    planned_from: date | None
    aims: str | None
    sessions: list[Sessions]
    visits: Visits
    adjustments: list[str]
    hope_boxes: list[HopeBox]
    lent: list[Lent]


class Thing(BaseModel):
    """A thing that is lent. The case that has it is named to those who may read that case."""

    code: str = Field(examples=["rcb-1"])
    label: str
    condition: Condition
    added_at: datetime
    where: str = Field(description="in_stock, lent, to_be_fetched or out_of_use")
    case: str | None
    deadline: str | None = Field(description="the clock that alerts where it does not come back")
    team: str | None
    lent_at: datetime | None
    due_on: date | None
    overdue: bool


class NewThing(Given):
    code: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$", examples=["rcb-1"])
    label: str = Field(min_length=1, max_length=200, examples=["Real Care baby 1"])


class HowItIs(Given):
    condition: Condition


@router.get("/cases/{ref}/support", responses=LOOKS)
def show_support(asking: Reader, ref: Ref) -> Support:
    """The support a family was given, against what was planned."""
    return Support(**looking(asking).support(ref))


@router.get("/support/stock", responses=LOOKS)
def list_stock(asking: Reader) -> list[Thing]:
    """What is lent or can be lent in my authority, where it is, and when it is due back."""
    return [Thing(**row) for row in looking(asking).stock()]


@router.post("/support/stock", status_code=201, responses=ACTS)
def add_thing(asking: Keeper, given: NewThing, key: Key) -> Thing:
    """Add a thing to lend."""

    def work(connection: Connection) -> Thing:
        way = asking.way(key)
        return Thing(**stock.add_item(connection, asking.actor, asking.now, way=way, **given.model_dump()))

    return _once(asking, key, given.code, {"does": "add", **given.model_dump()}, work)


@router.post("/support/stock/{code}/condition", responses=ACTS)
def change_condition(asking: Keeper, code: Code, given: HowItIs, key: Key) -> Thing:
    """Say how a thing is that is not lent: in good order, to be repaired, lost, out of use."""

    def work(connection: Connection) -> Thing:
        way = asking.way(key)
        return Thing(
            **stock.change_condition(
                connection, asking.actor, asking.now, code=code, condition=given.condition, way=way
            )
        )

    return _once(asking, key, code, {"does": "change", "condition": given.condition.value}, work)


@router.post("/support/stock/{code}/fetch", responses=ACTS)
def fetch_thing(asking: Keeper, code: Code, key: Key) -> Thing:
    """Say that a thing is back from a family whose case had ended before it was."""

    def work(connection: Connection) -> Thing:
        return Thing(**stock.fetch_item(connection, asking.actor, asking.now, code=code, way=asking.way(key)))

    return _once(asking, key, code, {"does": "fetch"}, work)


def _once(asking: Asking, key: str, code: str, said: dict[str, Any], work: Any) -> Thing:
    def again(connection: Connection) -> Thing:
        return next(Thing(**row) for row in stock.stock(connection, asking.actor, asking.now) if row["code"] == code)

    done: Thing = once(asking, key, {"thing": code, **said}, work, again)
    return done
