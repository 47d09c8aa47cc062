"""What the demo has beside cases: clinic sessions, things to lend, and the map of what families are offered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from scheduler.calendars import WorkingCalendar, add_days, add_months, local_date
from workflow import clinics, offers, stock
from workflow.accounts import find_actor
from workflow.demo.staff import BIRMINGHAM, DURHAM, Cast
from workflow.demo.story import Story

AGENCIES = ("social_care", "midwifery", "health_visiting")
LOOKED_BACK = timedelta(days=28)  # clinics of the last four weeks stand as sessions
THINGS = {"durham": 5, "birmingham": 2}
CONTACT = "Invented: ring 01632 960000, Monday to Friday, 9 to 5."
OFFERS = (
    ("universal", "Midwives", "Care through pregnancy and birth, at home or at a clinic.",
     "Anybody expecting a baby", ""),
    ("universal", "Health visitors", "A visit before and after the birth, and help with feeding and sleep.",
     "Families with a baby", ""),
    ("universal", "Stay and play", "A warm place to come to with your baby; tea, toys and other parents.",
     "Parents with a baby under one", "The family hub nearest to you"),
    ("universal", "Stop smoking in pregnancy", "Somebody to talk to each week, and free patches.",
     "Anybody expecting a baby, and whoever lives with her", ""),
    ("targeted", "Getting ready", "Six sessions at home about caring for a new baby.",
     "Parents who want more help", ""),
    ("specialist", "Pause", "A worker of her own for eighteen months.", "Women who have had children removed", ""),
)  # fmt: skip
# Of the families whose birth is planned, in their order: what is lent, working days ago, and when it came back.
LOANS = (("durham-rcb-1", 16, None), ("durham-rcb-2", 4, None), ("durham-rcb-3", 25, 20))


def add_things(connection: Connection, now: datetime) -> None:
    """Real Care babies; one of Durham's needs repair."""
    for cast in (DURHAM, BIRMINGHAM):
        keeper = find_actor(connection, cast.manager)
        for number in range(1, THINGS[cast.authority] + 1):
            code = f"{cast.authority}-rcb-{number}"
            stock.add_item(connection, keeper, now, code=code, label=f"Real Care baby {number}")
    keeper = find_actor(connection, DURHAM.manager)
    stock.change_condition(connection, keeper, now, code="durham-rcb-5", condition=stock.Condition.REPAIR)


def add_offers(connection: Connection, now: datetime) -> None:
    """The map of the offer: invented services, universal, targeted and specialist ones."""
    for cast in (DURHAM, BIRMINGHAM):
        keeper = find_actor(connection, cast.manager)
        for level, name, offers_what, for_whom, area in OFFERS:
            offers.add_offer(
                connection,
                keeper,
                now,
                level=level,
                name=name,
                offers=offers_what,
                for_whom=for_whom,
                area=area or f"All of {cast.authority.capitalize()}",
                contact=CONTACT,
                since=add_months(local_date(now), -12),
            )


def add_sessions(
    connection: Connection, calendar: WorkingCalendar, stories: Sequence[Story], now: datetime
) -> list[Story]:
    """The sessions at which clinics of late were held, and two to come for each authority; the stories name them."""
    for cast in (BIRMINGHAM, DURHAM):  # numbered in this order, whichever of them is loaded
        mine = [story for story in stories if story.authority == cast.authority]
        names = {day: _session(connection, cast, day, now) for day in _days(mine, local_date(now))}
        for story in mine:
            story.happenings = [
                replace(one, facts={**one.facts, "clinic": names[one.day]})
                if one.trigger == "hold_clinic" and one.day in names
                else one
                for one in story.happenings
            ]
        for days in (6, 34):
            day = calendar.add_working_days(add_days(local_date(now), days), 0)
            _session(connection, cast, day, now)
    return list(stories)


def _days(stories: Iterable[Story], today: date) -> list[date]:
    return sorted(
        {
            one.day
            for story in stories
            for one in story.happenings
            if one.trigger == "hold_clinic" and today - LOOKED_BACK <= one.day < today
        }
    )


def _session(connection: Connection, cast: Cast, day: date, now: datetime) -> str:
    """One in the past was held, and is recorded with the rest."""
    chair, held = find_actor(connection, cast.manager), day < local_date(now)
    found = clinics.plan_clinic(
        connection, chair, now, held_on=day, chair=cast.manager, agencies=AGENCIES, team=cast.team, was_held=held
    )
    return str(found["name"])
