"""The policy a case runs under: what a newer one would change, and applying it."""

from dataclasses import asdict
from typing import Any

from workflow.api.addresses import Ref
from workflow.api.bodies import MoveMade, PolicyReason, ReDated
from workflow.api.callers import Reader, Writer
from workflow.api.headers import Key
from workflow.api.routing import ACTS, LOOKS, subject
from workflow.clock_actions import apply_new_policy
from workflow.serving.asking import looking

router = subject("cases")


@router.get("/cases/{ref}/policy", summary="What the current policy changes", response_model=ReDated, responses=LOOKS)
def preview_policy(asking: Reader, ref: Ref) -> Any:
    """Each running deadline with its date now and under the current policy of its authority; nothing is changed."""
    return {"deadlines": looking(asking).policy_preview(ref)}


@router.post("/cases/{ref}/policy", summary="Apply the current policy", response_model=MoveMade, responses=ACTS)
def apply_policy(asking: Writer, ref: Ref, key: Key, asked: PolicyReason) -> Any:
    """Moves a case to the current policy of its authority: its running deadlines are dated anew. For managers."""
    way = asking.way(key)
    moved = apply_new_policy(asking.service.engine, asking.actor, asking.now, case=ref, reason=asked.reason, way=way)
    return asdict(moved)
