"""Consistency of practice across teams: time in stage, clinics on time, plans agreed by 34+0, reasons for drift."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import end_of_day, local_date
from scheduler.deadlines import DeadlineStatus
from scheduler.gestation import day_of
from states.catalogue import LIFECYCLES
from states.codes import DRIFT_REASONS
from states.lifecycle import SELF
from workflow.accounts import TEAMS
from workflow.audit import ENTRIES
from workflow.clinics import CLOCKS, PLAN_BY
from workflow.errors import BadInput
from workflow.projection import STEPS, steps_of
from workflow.repository import CASES, DEADLINES
from workflow.suppression import ALL, as_rows

PREBIRTH = LIFECYCLES["prebirth"]
STAGES = tuple(one for one in PREBIRTH.stages if one != "Ended")
PLAN_CLOCK = "birth_plan_agreed"
KEPT = ("on_time", "late")  # the columns of what was to be done by a day
_READ = ("case_id", "seq", "kind", "trigger", "from_state", "to_state", "occurred_at", "actor", "team", "facts")


@dataclass(frozen=True, slots=True)
class _Days:
    """From the first to the last day, as known now."""

    since: date
    until: date
    now: datetime


@dataclass
class _Counted:
    """What was counted, by team."""

    stays: dict[str, dict[str, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    clinics: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    plans: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    drift: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def teams(self) -> set[str]:
        return {*self.stays, *self.clinics, *self.plans, *self.drift}


def practice(
    connection: Connection, authority: str, since: date, until: date, now: datetime, *, below: int | None = None
) -> dict[str, Any]:
    """The pre-birth practice of an authority's teams from one day to another, both included.

    `below`: counts under it are withheld (None), with those that would give them away, and medians of so few.
    BadInput for days in the wrong order, or that lie ahead. A stay in a stage counts when it ends, for the team the
    case was in; a clinic or a birth plan counts on the day it was due, for the team the case is in now.
    """
    check_days(since, until, now)
    counted = _Counted()
    for entries in histories(connection, authority, now):
        _count_case(counted, entries, since, until)
    days = _Days(since, until, now)
    _count_clinics(counted, _deadlines(connection, authority, CLOCKS), days)
    _count_plans(counted, _deadlines(connection, authority, (PLAN_CLOCK,)), days)
    teams = named(connection, authority, counted.teams())
    return {
        "since": since,
        "until": until,
        "withheld_below": below,
        "stages": _stages(teams, counted, below),
        "clinics": as_rows(teams, KEPT, counted.clinics, below),
        "plans": as_rows(teams, KEPT, counted.plans, below),
        "drift": as_rows(teams, tuple(DRIFT_REASONS), counted.drift, below),
    }


def check_days(since: date, until: date, now: datetime) -> None:
    """BadInput for days in the wrong order, or that lie ahead."""
    if until < since:
        raise BadInput(f"figures from {since} to {until} cannot be given: the last day comes before the first")
    if until > local_date(now):
        raise BadInput(f"{until} lies in the future: figures can be given up to today")


def named(connection: Connection, authority: str, teams: Collection[str]) -> dict[str, str]:
    """These teams by name: code and name."""
    wanted = (TEAMS.c.authority == authority) & TEAMS.c.code.in_(teams)
    rows = connection.execute(select(TEAMS.c.code, TEAMS.c.name).where(wanted).order_by(TEAMS.c.name, TEAMS.c.code))
    return {row.code: row.name for row in rows}


def histories(connection: Connection, authority: str, now: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The evidence of each pre-birth case, without personal content: (entries in order), a case at a time."""
    query = (
        select(*(ENTRIES.c[name] for name in _READ), ENTRIES.c.supersedes)
        .where((ENTRIES.c.authority == authority) & (ENTRIES.c.lifecycle == PREBIRTH.id))
        .where(ENTRIES.c.kind.in_(STEPS) & (ENTRIES.c.recorded_at <= now))
        .order_by(ENTRIES.c.case_id, ENTRIES.c.seq)
        .execution_options(yield_per=1000)
    )
    for _, rows in groupby(connection.execute(query).mappings(), key=itemgetter("case_id")):
        yield [{**row, "content": None} for row in rows]


def _count_case(counted: _Counted, entries: Sequence[Mapping[str, Any]], since: date, until: date) -> None:
    """The stays that ended, and the drift told of, within these days."""
    told = [{**one, "to_state": SELF} if one["from_state"] == one["to_state"] else one for one in entries]
    team, stage, began = str(entries[0]["team"]), "", entries[0]["occurred_at"]
    for step in steps_of(told):
        here = since <= local_date(step.occurred_at) <= until
        if step.trigger == "hold_clinic" and here:
            counted.drift[team].update(step.facts.get("drift_reasons") or ())
        following = stage if step.to == SELF else PREBIRTH.state_by_id[step.to].stage
        if following != stage:
            if stage and here:
                counted.stays[team][stage].append(max((step.occurred_at - began).days, 0))
            stage, began = following, step.occurred_at
        team = step.facts.get("team", team)


def _deadlines(connection: Connection, authority: str, clocks: Sequence[str]) -> Iterable[Mapping[str, Any]]:
    query = (
        select(
            *(DEADLINES.c[name] for name in ("case_id", "status", "started_at", "due_at", "due_on", "closed_at")),
            *(CASES.c[name] for name in ("team", "edd")),
        )
        .join(CASES, CASES.c.id == DEADLINES.c.case_id)
        .where((CASES.c.authority == authority) & (CASES.c.lifecycle == PREBIRTH.id) & DEADLINES.c.clock.in_(clocks))
        .order_by(DEADLINES.c.case_id, DEADLINES.c.number)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _count_clinics(counted: _Counted, rows: Iterable[Mapping[str, Any]], days: _Days) -> None:
    """Clinics due within these days: held by then, or held late or still missing. Cancelled ones are neither."""
    for row in rows:
        on, due_at = row["due_on"], row["due_at"]
        if on is None or due_at is None or not days.since <= on <= days.until:
            continue
        if row["status"] == DeadlineStatus.MET:
            counted.clinics[row["team"]]["on_time" if row["closed_at"] <= due_at else "late"] += 1
        elif row["status"] != DeadlineStatus.CANCELLED and due_at <= days.now:
            counted.clinics[row["team"]]["late"] += 1


def _count_plans(counted: _Counted, rows: Iterable[Mapping[str, Any]], days: _Days) -> None:
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
            counted.plans[plans[0]["team"]]["on_time" if agreed else "late"] += 1


def _stages(teams: Mapping[str, str], counted: _Counted, below: int | None) -> list[dict[str, Any]]:
    """For each team, how many stays in each stage ended, and their median length in days; withheld together."""
    numbers = {
        team: {stage: len(lengths) for stage, lengths in by_stage.items()} for team, by_stage in counted.stays.items()
    }
    rows = as_rows(teams, STAGES, numbers, below)
    for row in rows:
        of_team = counted.stays.values() if row["name"] == ALL else [counted.stays.get(row["name"], {})]
        row["median_days"] = {
            stage: _median([days for one in of_team for days in one.get(stage, ())]) if row[stage] else None
            for stage in STAGES
        }
    return rows


def _median(lengths: Sequence[int]) -> float | None:
    return float(median(lengths)) if lengths else None
