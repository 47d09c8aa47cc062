"""Consistency of practice across teams: time in stage, clinics on time, plans agreed by 34+0, reasons for drift."""

from collections import Counter
from collections.abc import Collection, Mapping
from statistics import fmean
from typing import Any

from sqlalchemy import Connection, select

from states.codes import DRIFT_REASONS
from workflow.accounts import TEAMS
from workflow.practice_counts import PREBIRTH
from workflow.suppression import ALL, as_rows

STAGES = tuple(one for one in PREBIRTH.stages if one != "Ended")
KEPT = ("on_time", "late")  # the columns of what was to be done by a day
PARTS = ("stages", "clinics", "plans", "drift")


def practice(connection: Connection, counts: Mapping[str, Any], *, below: int | None = None) -> dict[str, Any]:
    """The pre-birth practice of an authority's teams in the days of these counts, as `kept_figures.practice` has them.

    `below`: counts under it are withheld (None), with those that would give them away, and medians of so few.
    """
    counted = {team for name in ("stays", "clinics", "plans", "drift") for team in counts[name]}
    teams = named(connection, counts["authority"], counted)
    return {
        **{name: counts[name] for name in ("since", "until", "counted_at")},
        "withheld_below": below,
        "stages": _stages(teams, counts["stays"], below),
        "clinics": as_rows(teams, KEPT, counts["clinics"], below),
        "plans": as_rows(teams, KEPT, counts["plans"], below),
        "drift": as_rows(teams, tuple(DRIFT_REASONS), counts["drift"], below),
    }


def named(connection: Connection, authority: str, teams: Collection[str]) -> dict[str, str]:
    """These teams by name: code and name."""
    wanted = (TEAMS.c.authority == authority) & TEAMS.c.code.in_(teams)
    rows = connection.execute(select(TEAMS.c.code, TEAMS.c.name).where(wanted).order_by(TEAMS.c.name, TEAMS.c.code))
    return {row.code: row.name for row in rows}


def _stages(
    teams: Mapping[str, str], stays: Mapping[str, Mapping[str, Mapping[str, int]]], below: int | None
) -> list[dict[str, Any]]:
    """For each team, how many stays in each stage ended, and their median length in days; withheld together."""
    numbers = {team: {stage: sum(lengths.values()) for stage, lengths in row.items()} for team, row in stays.items()}
    rows = as_rows(teams, STAGES, numbers, below)
    for row in rows:
        of_teams = stays.values() if row["name"] == ALL else [stays.get(row["name"], {})]
        row["median_days"] = {
            stage: _median([one[stage] for one in of_teams if stage in one]) if row[stage] else None for stage in STAGES
        }
    return rows


def _median(histograms: Collection[Mapping[str, int]]) -> float | None:
    """The middle length of all stays, halfway between the two middle ones of an even number; None of none.

    Each histogram says how many stays there were of each length in days.
    """
    lengths: Counter[int] = Counter()
    for one in histograms:
        lengths.update({int(days): stays for days, stays in one.items()})
    places, passed, middle = {(lengths.total() - 1) // 2, lengths.total() // 2}, 0, list[int]()
    for days in sorted(lengths):
        middle += [days for place in places if passed <= place < passed + lengths[days]]
        passed += lengths[days]
    return fmean(middle) if middle else None
