"""The map of what families can turn to, kept up by those who answer for it, and handed out on paper."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from scheduler.calendars import local_date
from states.facts import Fact, choice, day, text
from workflow.accounts import Actor
from workflow.acts import Way, record_system_act
from workflow.errors import BadInput, NotFound
from workflow.offer_tables import Level, Offer
from workflow.tables import table

OFFERS = table(Offer)
LONGEST = 1000  # characters of one answer: the sheet is for reading in a hallway
LEVELS = {
    Level.UNIVERSAL.value: "for every family",
    Level.TARGETED.value: "for families who need more",
    Level.SPECIALIST.value: "for families who need the most",
}
ASKED: tuple[Fact, ...] = (
    choice("level", "Whom it is meant for", LEVELS),
    text("name", "Name", "as families know it"),
    text("offers", "What it offers", "in plain words: a family will read it"),
    text("for_whom", "For whom", "such as: anybody expecting a baby"),
    text("area", "Area", "such as: all of County Durham, or Bishop Auckland"),
    text("contact", "How to reach it", "telephone, place and times of the service; no person's own"),
    day("since", "Offered since"),
    day("until", "Offered until", "empty while it goes on", required=False),
)
NAMES = tuple(one.name for one in ASKED)


def offer_name(number: int) -> str:
    return f"OF-{number}"


def add_offer(
    connection: Connection, actor: Actor, now: datetime, *, way: Way | None = None, **said: Any
) -> dict[str, Any]:
    """Another entry; evidence says who wrote what. BadInput for one that lacks an answer or ends before it began."""
    row = {**_checked(said), "authority": actor.authority, "changed_at": now}
    number = connection.execute(OFFERS.insert().returning(OFFERS.c.id), row).scalar_one()
    return _told(connection, actor, now, "add_offer", number, row=row, way=way)


def change_offer(
    connection: Connection, actor: Actor, now: datetime, offer: str, *, way: Way | None = None, **said: Any
) -> dict[str, Any]:
    """The entry as it is from now on; with `until` it leaves the map after that day. What it was stays in evidence."""
    before = find_offer(connection, actor.authority, offer, lock=True)
    row = {**_checked(said), "changed_at": now}
    connection.execute(OFFERS.update().where(OFFERS.c.id == before["id"]).values(row))
    return _told(connection, actor, now, "change_offer", before["id"], row=row, way=way)


def _told(
    connection: Connection,
    actor: Actor,
    now: datetime,
    trigger: str,
    number: int,
    *,
    row: Mapping[str, Any],
    way: Way | None,
) -> dict[str, Any]:
    facts = {"offer": offer_name(number), **{name: row[name] for name in NAMES}}
    record_system_act(connection, trigger, actor, now, facts=facts, way=way)
    return find_offer(connection, actor.authority, offer_name(number))


def _checked(said: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: said.get(name) for name in NAMES}
    problems = []
    for fact in ASKED:
        value = row[fact.name]
        if isinstance(value, str):
            row[fact.name] = value = value.strip()
        if fact.required and not value:
            problems.append(f"{fact.label.lower()} is missing")
        elif isinstance(value, str) and len(value) > LONGEST:
            problems.append(f"{fact.label.lower()} is longer than {LONGEST:,} characters")
    if row["level"] and row["level"] not in LEVELS:
        problems.append(f"whom it is meant for must be one of {', '.join(LEVELS)}")
    if row["since"] and row["until"] and row["until"] < row["since"]:
        problems.append("it ends before it began")
    if problems:
        raise BadInput("this cannot stand in the map of the offer", problems)
    return row


def find_offer(connection: Connection, authority: str, name: str, *, lock: bool = False) -> dict[str, Any]:
    """One entry by its name, such as OF-3; NotFound where there is none in this authority."""
    found = re.fullmatch(r"[Oo][Ff]-(\d{1,9})", name.strip())
    query = select(OFFERS).where((OFFERS.c.id == int(found[1] if found else 0)) & (OFFERS.c.authority == authority))
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound(f"there is no offer {name[:40]!r} in {authority}")
    return _shown(dict(row))


def offers(connection: Connection, authority: str, now: datetime, *, ended: bool = False) -> list[dict[str, Any]]:
    """The map as it is today and as it is known to become; with `ended`, what is no longer offered as well."""
    query = select(OFFERS).where(OFFERS.c.authority == authority)
    if not ended:
        query = query.where(or_(OFFERS.c.until.is_(None), OFFERS.c.until >= local_date(now)))
    rows = [_shown(dict(row)) for row in connection.execute(query.order_by(OFFERS.c.name, OFFERS.c.id)).mappings()]
    return sorted(rows, key=lambda one: list(LEVELS).index(one["level"]))


def offered_on(rows: list[dict[str, Any]], today: date, area: str = "") -> list[dict[str, Any]]:
    """Those a family can turn to on a day; with an area, those whose area names it, and those for all of the county."""
    wanted = area.strip().casefold()
    return [
        row
        for row in rows
        if row["since"] <= today
        and (row["until"] is None or today <= row["until"])
        and (not wanted or wanted in row["area"].casefold() or row["area"].casefold().startswith("all"))
    ]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "offer": offer_name(row["id"]), **{name: row[name] for name in (*NAMES, "changed_at")}}
