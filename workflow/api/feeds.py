"""One's own running deadlines as a calendar (iCalendar, RFC 5545), for a program that knows one address and no more."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from icalendar import Calendar, Event
from sqlalchemy import select

from scheduler.calendars import end_of_day
from workflow.accounts import TOKENS, Actor, find_actor
from workflow.api.routing import subject
from workflow.bootstrap import Service
from workflow.errors import Conflict, NotAllowed, NotSignedIn
from workflow.identity import tokens
from workflow.identity.digests import digest
from workflow.looking import Looking
from workflow.models import TokenScope
from workflow.own_deadlines import own_deadlines
from workflow.serving.asking import SEEN_EVERY
from workflow.serving.hosts import host_of
from workflow.serving.moments import moment
from workflow.serving.problem_types import responses

router = subject("calendar")
MEDIA_TYPE = "text/calendar"
FOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "The calendar."}
}
NONE: dict[int | str, dict[str, Any]] = {
    404: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "There is no such calendar."}
}


@router.get("/feeds/{token}.ics", response_class=Response, responses={**FOUND, **NONE, **responses(503)})
def feed(token: str, request: Request) -> Response:
    """My running deadlines: of cases I own, and those I was told of. Each is named by reference and kind, no more.

    The address is the key: POST /account/tokens with scope feed makes one, and revoking it ends this. An address that
    is good no more, and one that never was, get the same plain 404.
    """
    service, now = request.app.state.service, moment(request)
    actor = _owner(service, token, now)
    if actor is None:
        return PlainTextResponse("There is no such calendar.\n", 404)
    with service.database.read() as connection:
        rows = own_deadlines(connection, actor, now)
    looking = Looking(service=service, actor=actor, now=now, source="feed", request_id=request.state.request_id)
    looking.report("calendar of own deadlines", len(rows))
    return Response(_calendar(rows, host_of(service.settings.base_url), now), media_type=MEDIA_TYPE)


def _owner(service: Service, token: str, now: datetime) -> Actor | None:
    """Whose calendar it is; None for a token that is good no more or opens something else."""
    try:
        with service.database.read() as connection:
            username, scope = tokens.use(connection, token, now)
            actor = find_actor(connection, username)
    except (NotSignedIn, NotAllowed):
        return None
    if scope is not TokenScope.FEED:
        return None
    _seen(service, token, now)
    return actor


def _seen(service: Service, token: str, now: datetime) -> None:
    """Keeps when it was last used, at most once a minute; a calendar is not refused where that cannot be written."""
    with service.database.read() as connection:
        used_at = connection.execute(select(TOKENS.c.used_at).where(TOKENS.c.digest == digest(token))).scalar()
    if used_at is None or now - used_at >= SEEN_EVERY:
        with suppress(Conflict):
            service.engine.retried(lambda connection: tokens.seen(connection, token, now))


def _calendar(rows: list[dict[str, Any]], host: str, now: datetime) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Waymark//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Waymark deadlines")
    for row in rows:
        calendar.add_component(_event(row, host, now))
    return bytes(calendar.to_ical())


def _event(row: dict[str, Any], host: str, now: datetime) -> Event:
    """The day it is due, or the minute where it is due in the course of a day. It blocks nobody's time."""
    event = Event()
    event.add("uid", f"{row['deadline']}@{host}")
    event.add("sequence", row["cycle"] - 1)
    event.add("dtstamp", now)
    event.add("summary", f"{row['case']}: {row['label']}")
    event.add("transp", "TRANSPARENT")
    if row["due_on"] is not None and row["due_at"] == end_of_day(row["due_on"]):
        event.add("dtstart", row["due_on"])
        event.add("dtend", row["due_on"] + timedelta(days=1))
    else:
        event.add("dtstart", row["due_at"])
    return event
