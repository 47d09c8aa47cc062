"""One's own messages: what I was told, unread first."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from scheduler.calendars import as_utc
from workflow import inboxes
from workflow.delivery.channel import DeliveryFailed
from workflow.delivery.templates import render as in_words
from workflow.permissions import Permission
from workflow.serving.asking import Asking, Needs
from workflow.web.my_work import instant_in
from workflow.web.showing import Sent, go_to, show

router = APIRouter()
Oneself = Annotated[Asking, Depends(Needs(Permission.OWN_ACCOUNT))]
SHOWN = 50


@router.get("/messages")
def messages(request: Request, asking: Oneself) -> Response:
    """The inbox: unread first, then the latest first."""
    with asking.service.database.read() as connection:
        rows = inboxes.my_messages(connection, asking.actor, SHOWN)
        unread = inboxes.unread(connection, asking.actor)
    return show(
        request,
        asking,
        "work/messages.html",
        title="Messages",
        here="work",
        unread=unread,
        most=SHOWN,
        rows=[{**row, **_words(row)} for row in rows],
    )


@router.post("/messages/read")
def read(asking: Oneself, sent: Sent) -> Response:
    """Notes that one message was read."""
    with asking.service.database.write() as connection:
        inboxes.mark_read(connection, asking.actor, str(sent.get("key") or ""), asking.now)
    return go_to("/messages")


@router.post("/messages/read-all")
def read_all(asking: Oneself, sent: Sent) -> Response:
    """Notes that all that had come by the moment of the page was read."""
    up_to = min(as_utc(instant_in(sent.get("up_to"))), asking.now)
    with asking.service.database.write() as connection:
        inboxes.mark_all_read(connection, asking.actor, up_to, asking.now)
    return go_to("/messages")


def _words(row: Mapping[str, Any]) -> dict[str, str]:
    """A message in words: its subject, what it says without the letter around it, and where it leads."""
    try:
        said = in_words(row["template"], row["params"], "")
    except DeliveryFailed:
        return {"subject": "A message that cannot be shown", "says": "", "link": ""}
    return {"subject": said.subject, "says": said.text.partition("\n\n")[0], "link": said.link}
