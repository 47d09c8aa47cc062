"""Escalations: the alerts raised on deadlines, those that came late and why, and answering them."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any

from fastapi import Query

from scheduler.calendars import at_time
from workflow.api.addresses import DeadlineName
from workflow.api.bodies import Answered, Day, Escalations, Promise, Snooze
from workflow.api.callers import Reader, Writer
from workflow.api.deadlines import promised, snoozed
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.permissions import Permission, check
from workflow.serving.asking import looking

router = subject("escalations")
NAMES = {"due": "due_at", "planned": "planned_at", "fired": "raised_at"}  # of a row told, as open ones name them


@router.get("/escalations", summary="What waits for an answer", response_model=Escalations, responses=LOOKS)
def list_escalations(
    asking: Reader,
    late_since: Annotated[Day | None, Query(description="The ledger of those over 20 minutes late since then.")] = None,
    latest: Annotated[bool, Query(description="Those raised last, answered or not.")] = False,
    everything: Annotated[bool, Query(description="With late_since: also of deadlines recorded late.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="The most rows; the ledger is whole.")] = 200,
) -> Any:
    """The alerts nobody has answered yet, the oldest first, with who was told.

    Who was told what over a whole team (`late_since`, `latest`) is for those who lead it and for auditors.
    """
    if late_since is None and not latest:
        return {"escalations": looking(asking).open_alerts(limit)}
    check(asking.actor, Permission.READ_ALERTS_TOLD)
    if late_since is None:
        rows = looking(asking).latest_alerts(limit)
    else:
        rows = looking(asking).late_alerts(at_time(late_since, time()), everything=everything)
    return {"escalations": [_renamed(row) for row in rows]}


def _renamed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in row.items()}


@router.post("/escalations/{name}/acknowledge", summary="Promise a day", response_model=Answered, responses=ACTS)
def acknowledge_escalation(asking: Writer, name: DeadlineName, key: Key, asked: Promise) -> Any:
    """Answers the alerts of this deadline with a promised day; they are quiet until then. It needs no If-Match."""
    return promised(asking, name, key, asked)


@router.post("/escalations/{name}/snooze", summary="Quiet for two days", response_model=Answered, responses=ACTS)
def snooze_escalation(asking: Writer, name: DeadlineName, key: Key, asked: Snooze) -> Any:
    """Quiets the alerts of this deadline for up to two working days, without a promise. It needs no If-Match."""
    return snoozed(asking, name, key, asked)
