"""Pre-birth practice in raw counts: stays, clinics, plans, drift, support and referrals of a period, in one pass."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import add_days, at_time, end_of_day, local_date
from scheduler.deadlines import DeadlineStatus
from scheduler.gestation import day_of
from states.catalogue import LIFECYCLES
from states.lifecycle import NEW, SELF
from workflow.audit import ENTRIES
from workflow.clinics import CLOCKS, PLAN_BY
from workflow.errors import BadInput
from workflow.projection import STEPS, Step, steps_of
from workflow.reports import NOT_ACCEPTED
from workflow.repository import CASES, DEADLINES

RULES = 1  # grows whenever the rules of counting change: counts kept by older rules are made again
QUARTER = 91  # days looked back where no day is given
PREBIRTH = LIFECYCLES["prebirth"]
PLAN_CLOCK = "birth_plan_agreed"
ACCEPTED, WAITING, ENDED = "accepted", "waiting", "ended"
NOT_KNOWN = "not known"
_READ = ("case_id", "seq", "kind", "trigger", "from_state", "to_state", "occurred_at", "actor", "team", "facts")


def period(since: date | None, until: date | None, today: date) -> tuple[date, date]:
    """The first and the last day: the 91 days before the last where none is given, and until today."""
    last = until or today
    return since or add_days(last, -QUARTER), last


def check_days(since: date, until: date, now: datetime) -> None:
    """BadInput for days in the wrong order, or that lie ahead."""
    if until < since:
        raise BadInput(f"figures from {since} to {until} cannot be given: the last day comes before the first")
    if until > local_date(now):
        raise BadInput(f"{until} lies in the future: figures can be given up to today")


def _by_team() -> defaultdict[str, Counter[str]]:
    return defaultdict(Counter)


@dataclass
class _Counts:
    """What is counted of these days, by team; `stays` by team and stage, how many of each length in days.

    Referrals belong to no team yet: how they came, and where they went.
    """

    stays: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(_by_team))
    clinics: dict[str, Counter[str]] = field(default_factory=_by_team)
    plans: dict[str, Counter[str]] = field(default_factory=_by_team)
    drift: dict[str, Counter[str]] = field(default_factory=_by_team)
    support: dict[str, Counter[str]] = field(default_factory=_by_team)
    channels: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Days:
    """From the first to the last day, as known now; the same as instants, from the first to before the last."""

    since: date
    until: date
    now: datetime
    begin: datetime
    end: datetime

    def hold(self, at: datetime) -> bool:
        return self.begin <= at < self.end


def counted(
    connection: Connection, authority: str, since: date, until: date, now: datetime
) -> dict[str, dict[str, Any]]:
    """The counts of an authority's pre-birth practice from one day to another, both included; nothing is withheld.

    A stay in a stage counts when it ends, drift and support when they are recorded of, for the team the case was in;
    a clinic or a birth plan counts on the day it was due, for the team the case is in now; a referral by where it
    stands now. They grow with teams and codes, not with cases, and are the same once they were JSON.
    """
    check_days(since, until, now)
    days, counts = _Days(since, until, now, at_time(since, time()), end_of_day(until)), _Counts()
    for entries in _histories(connection, authority, now):
        _count_case(counts, entries, days.hold)
    _count_clinics(counts, _deadlines(connection, authority, CLOCKS), days)
    _count_plans(counts, _deadlines(connection, authority, (PLAN_CLOCK,)), days)
    return {
        "stays": {team: {stage: dict(lengths) for stage, lengths in row.items()} for team, row in counts.stays.items()},
        **{
            name: {team: dict(row) for team, row in getattr(counts, name).items()}
            for name in ("clinics", "plans", "drift", "support")
        },
        "channels": dict(counts.channels),
        "routes": dict(counts.routes),
    }


def _histories(connection: Connection, authority: str, now: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The evidence of each pre-birth case, without personal content: (entries in order), a case at a time.

    A move recorded late that left the state as it was says nothing of the state on its own day.
    """
    query = (
        select(*(ENTRIES.c[name] for name in _READ), ENTRIES.c.supersedes)
        .where((ENTRIES.c.authority == authority) & (ENTRIES.c.lifecycle == PREBIRTH.id))
        .where(ENTRIES.c.kind.in_(STEPS) & (ENTRIES.c.recorded_at <= now))
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
        .execution_options(yield_per=1000)
    )
    for _, rows in groupby(connection.execute(query).mappings(), key=itemgetter("case_id")):
        entries = [{**row, "content": None} for row in rows]
        yield [{**one, "to_state": SELF} if one["from_state"] == one["to_state"] else one for one in entries]


def _count_case(counts: _Counts, entries: Sequence[Mapping[str, Any]], hold: Callable[[datetime], bool]) -> None:
    """The stays that ended, the drift told of and the support given within these days, and the referral."""
    steps = steps_of(entries)
    team, stage, began = str(entries[0]["team"]), "", entries[0]["occurred_at"]
    for step in steps:
        here = hold(step.occurred_at)
        if here:
            counts.support[team].update(_support(step))
            if step.trigger == "hold_clinic":
                counts.drift[team].update(step.facts.get("drift_reasons") or ())
        following = stage if step.to == SELF else PREBIRTH.state_by_id[step.to].stage
        if following != stage:
            if stage and here:
                counts.stays[team][stage][str(max((step.occurred_at - began).days, 0))] += 1
            stage, began = following, step.occurred_at
        team = step.facts.get("team", team)
    if entries[0]["trigger"] == "refer" and hold(entries[0]["occurred_at"]):
        counts.channels[str(entries[0]["facts"].get("source") or NOT_KNOWN)] += 1
        counts.routes[_route(steps)] += 1


def _support(step: Step) -> tuple[str, ...]:
    match step.trigger:
        case "give_support":
            return ("given" if step.facts["took_place"] else "missed",)
        case "give_hope_box":
            return ("hope_boxes",)
        case "lend_item":
            return ("lent",)
    return ()


def _route(steps: Sequence[Step]) -> str:
    """Where a referral went: accepted, the service it was sent on to, or nowhere yet."""
    state, service, accepted = NEW, "", False
    for step in steps:
        state = state if step.to == SELF else step.to
        service = str(step.facts.get("service") or service) if step.trigger == "send_on" else service
        accepted = accepted or (state not in NOT_ACCEPTED and not PREBIRTH.state_by_id[state].final)
    if accepted:
        return ACCEPTED
    if service:
        return service
    return ENDED if PREBIRTH.state_by_id[state].final else WAITING


def _deadlines(connection: Connection, authority: str, clocks: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    query = (
        select(
            *(DEADLINES.c[name] for name in ("case_id", "status", "started_at", "due_at", "due_on", "closed_at")),
            *(CASES.c[name] for name in ("team", "edd")),
        )
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where((CASES.c.authority == authority) & (CASES.c.lifecycle == PREBIRTH.id) & DEADLINES.c.clock.in_(clocks))
        .order_by(DEADLINES.c.case_id, DEADLINES.c.number)
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(query).mappings():
        yield dict(row)


def _count_clinics(counts: _Counts, rows: Iterator[Mapping[str, Any]], days: _Days) -> None:
    """Clinics due within these days: held by then, or held late or still missing. Cancelled ones are neither."""
    for row in rows:
        on, due_at = row["due_on"], row["due_at"]
        if on is None or due_at is None or not days.since <= on <= days.until:
            continue
        if row["status"] == DeadlineStatus.MET:
            counts.clinics[row["team"]]["on_time" if row["closed_at"] <= due_at else "late"] += 1
        elif row["status"] != DeadlineStatus.CANCELLED and due_at <= days.now:
            counts.clinics[row["team"]]["late"] += 1


def _count_plans(counts: _Counts, rows: Iterator[Mapping[str, Any]], days: _Days) -> None:
    """Pregnancies that came to 34+0 within these days while the plan was to be agreed: by then, or not.

    One that was accepted later than that, or ended or came to a birth before, is not counted.
    """
    for _, of_case in groupby(rows, key=itemgetter("case_id")):
        plans = list(of_case)
        edd = plans[0]["edd"]
        if edd is None or not days.since <= (by := day_of(edd, PLAN_BY)) <= days.until:
            continue
        ends = end_of_day(by)
        begun = [one for one in plans if one["started_at"] < ends]
        agreed = any(one["status"] == DeadlineStatus.MET and one["closed_at"] <= ends for one in begun)
        still = [one for one in begun if one["closed_at"] is None or one["closed_at"] > ends]
        if agreed or (still and ends <= days.now):
            counts.plans[plans[0]["team"]]["on_time" if agreed else "late"] += 1
