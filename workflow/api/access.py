"""Who may read a case beyond its team: named readers, grants, broken glass. Acts need a key and no If-Match."""

from dataclasses import asdict
from typing import Any

from workflow.access_acts import break_glass, change_access
from workflow.api.addresses import Ref
from workflow.api.bodies import AccessAct, MoveMade, Readers, Reason
from workflow.api.callers import AccessGiver, Reader, Writer
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.delivery.routes import Routes
from workflow.serving.asking import looking

router = subject("access")


@router.get("/cases/{ref}/readers", summary="Who else may read it", response_model=Readers, responses=LOOKS)
def list_readers(asking: Reader, ref: Ref) -> Any:
    """Everybody with an access of their own: named, granted or by broken glass, and until when."""
    return {"readers": looking(asking).readers(ref)}


@router.post("/cases/{ref}/access", summary="Say who else reads it", response_model=MoveMade, responses=ACTS)
def change_readers(asking: AccessGiver, ref: Ref, key: Key, asked: AccessAct) -> Any:
    """Restricts a case or lifts that, names a reader, grants sight until a day, or ends what was given."""
    engine, way = asking.service.engine, asking.way(key)
    moved = change_access(engine, asking.actor, asking.now, act=asked.act, case=ref, facts=asked.facts, way=way)
    return asdict(moved)


@router.post("/cases/{ref}/break-glass", summary="Read it in an emergency", response_model=MoveMade, responses=ACTS)
def break_the_glass(asking: Writer, ref: Ref, key: Key, asked: Reason) -> Any:
    """Opens a restricted case to you for eight hours, with a reason; its manager is told at once."""
    service, routes = asking.service, Routes.by(asking.service.settings)
    moved = break_glass(
        service.engine, asking.actor, asking.now, case=ref, reason=asked.reason, way=asking.way(key), routes=routes
    )
    return asdict(moved)
