"""What makes something that is no case is done once under a key, however often it is sent."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection

from workflow import audit
from workflow.columns import canonical
from workflow.errors import Conflict
from workflow.models import SYSTEM_CHAIN
from workflow.repository import KEYS, used_key
from workflow.serving.asking import Asking

Answer = TypeVar("Answer")


def once(
    asking: Asking,
    key: str,
    said: Mapping[str, Any],
    work: Callable[[Connection], Answer],
    again: Callable[[Connection], Answer],
) -> Answer:
    """What `work` does, in one transaction; where that was done under this key before, what `again` tells of it.

    Conflict where the key was used for something else. `said` is what makes two requests the same: it is kept as a
    digest only. `work` writes an entry to the chain of what belongs to no case, to which the key is tied.
    """
    digest = hashlib.sha256(canonical(dict(said)).encode()).hexdigest()

    def in_one(connection: Connection) -> Answer:
        used = used_key(connection, asking.actor.username, key)
        if used is not None and used["request_digest"] != digest:
            raise Conflict(f"the key {key[:60]!r} was used for another request; use a new one")
        if used is not None:
            return again(connection)
        answer = work(connection)
        row = {"actor": asking.actor.username, "key": key, "request_digest": digest, "case_id": SYSTEM_CHAIN}
        seq, _ = audit.system_head(connection)
        connection.execute(KEYS.insert(), {**row, "seq": seq, "used_at": asking.now})
        return answer

    return asking.service.engine.retried(in_one)


def shown_once(what: str) -> Callable[[Connection], Any]:
    """The answer to a repeat where the first one held a secret that is kept nowhere."""

    def refuse(_: Connection) -> Any:
        raise Conflict(f"{what} was made under this key already, and is shown once only: revoke it and make another")

    return refuse
