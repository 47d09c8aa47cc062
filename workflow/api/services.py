"""Service agreements: the journey of a service through providers, funders and periods. No person in them."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends
from pydantic import Field

from workflow.api.bodies import Told
from workflow.api.routing import LOOKS, subject
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking

router = subject("services")
Reader = Annotated[Asking, Depends(Needs(Permission.READ_REPORTS))]


class Agreement(Told):
    """One agreement. A start that is not stated is null; `next_due` is when its next deadline falls due."""

    case: str = Field(examples=["SA-12"])
    state: str = Field(examples=["running"])
    state_label: str
    service: str = Field(examples=["Pause"])
    kind: str = Field(examples=["licence"])
    provider: str
    area: str
    funders: list[str] = Field(examples=[["authority", "dfe"]])
    starts_on: date | None
    ends_on: date | None
    months: int | None
    as_stated: str
    follows: str | None
    review_on: date | None
    next_due: datetime | None


class Agreements(Told):
    """All agreements of an authority, in the order in which they began."""

    agreements: list[Agreement]


@router.get("/services", summary="Service agreements", response_model=Agreements, responses=LOOKS)
def list_agreements(asking: Reader) -> Any:
    """The agreements of my authority, past and present: provider, funders, period, reviews.

    Each is a case of the kind `service_agreement`; it is opened and moved like any other.
    """
    return {"agreements": looking(asking).service_agreements()}
