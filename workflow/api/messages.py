"""One's own inbox."""

from typing import Annotated, Any

from fastapi import Query

from workflow import inboxes
from workflow.api.bodies import Messages, ReadMessage
from workflow.api.callers import Oneself
from workflow.api.routing import ACTS, LOOKS, subject

router = subject("messages")


@router.get("/messages", summary="Your messages", response_model=Messages, responses=LOOKS)
def list_messages(asking: Oneself, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Any:
    """What you were told, unread first, then the latest first. A message names references and dates, nobody."""
    with asking.service.database.read() as connection:
        return {"messages": inboxes.my_messages(connection, asking.actor, limit)}


@router.post("/messages/read", summary="Mark a message as read", response_model=ReadMessage, responses=ACTS)
def read_message(asking: Oneself, asked: ReadMessage) -> Any:
    """Notes when you first read a message. Sent again it changes nothing, so it needs no key."""
    with asking.service.database.write() as connection:
        inboxes.mark_read(connection, asking.actor, asked.key, asking.now)
    return {"key": asked.key}
