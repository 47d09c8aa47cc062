"""Moves: what can happen to a case, what cannot and everything missing for it, and taking one."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Response

from workflow.api.addresses import Ref
from workflow.api.bodies import MoveMade, Moving, PossibleMoves
from workflow.api.callers import Reader, Writer
from workflow.api.fact_schemas import facts_schema
from workflow.api.headers import Key, Version, etag
from workflow.api.routing import LOOKS, MOVES, subject
from workflow.moves import Move
from workflow.serving.asking import looking

router = subject("moves")


@router.get("/cases/{ref}/moves", summary="What can happen next", response_model=PossibleMoves, responses=LOOKS)
def list_moves(asking: Reader, ref: Ref, response: Response) -> Any:
    """Every move that can be tried from where the case stands.

    For each: whether you can take it now, everything missing, who could, and what it asks for, so that a client can
    draw the form. The ETag is the version to take it on.
    """
    look = looking(asking)
    standing, possible = look.standing(ref), look.moves(ref)
    response.headers["etag"] = etag(standing["version"])
    return {**standing, "moves": [{**one.to_json(), "facts_schema": facts_schema(one.facts)} for one in possible]}


@router.post("/cases/{ref}/moves", summary="Take a move", response_model=MoveMade, responses=MOVES)
def take_move(
    asking: Writer,
    ref: Ref,
    *,
    version: Version,
    key: Key,
    asked: Moving,
    response: Response,
    dry_run: Annotated[bool, Query(description="Only say what would follow; nothing is changed or told.")] = False,
) -> Any:
    """Moves a case on, or says everything that stands in the way (409 `move-refused`).

    If-Match is the version it was decided on. Where the case has changed since, 409 `conflict` says what changed; a
    version it has not reached, or a tag that is none, is 412. Sent again with the same Idempotency-Key, the move is not
    taken twice and the first answer is given; the same key with anything else is a 409 `conflict`. A correction is the
    move `correct`, with the facts `entry`, `correction` and `correction_reason`.
    """
    move: dict[str, Any] = {
        "trigger": asked.trigger,
        "case": ref,
        "facts": asked.facts,
        "expected_version": version,
        "occurred_at": asked.occurred_at,
        "reason_code": asked.reason_code,
        "on_behalf_of": asked.on_behalf_of,
    }
    if dry_run:
        found = looking(asking).rehearsal(Move(**move, source=asking.source, request_id=asking.request_id))
        return {**asdict(found.moved), "rehearsal": True, "told": list(found.told)}
    moved = asking.fire(**move, key=key)
    response.headers["etag"] = etag(moved.version)
    return asdict(moved)
