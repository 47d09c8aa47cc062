"""How many women each Pause practitioner works with."""

from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import Field

from workflow.api.bodies import Told
from workflow.api.routing import LOOKS, subject
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs, looking

router = subject("cases")
Lead = Annotated[Asking, Depends(Needs(Permission.READ_ALERTS_TOLD))]


class Practitioner(Told):
    username: str
    name: str
    team: str
    women: int = Field(description="women whose open case is theirs")
    standing: Literal["below", "within", "full", "above"] = Field(description="beside 6 to 8, where 8 is the limit")


class Practitioners(Told):
    practitioners: list[Practitioner]


@router.get("/pause/caseloads", summary="Women per Pause practitioner", response_model=Practitioners, responses=LOOKS)
def list_caseloads(asking: Lead) -> Any:
    """Each practitioner of the teams you see, those without a case too. Empty for who reads no Pause record."""
    return {"practitioners": looking(asking).pause_caseloads()}
