"""A review of the criteria: who would be accepted, go elsewhere or lack information, by criterion, team and year."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from config.policy import Policy
from states.roles import Role
from workflow.accounts import TEAMS, USERS
from workflow.comparisons import Compared
from workflow.deciders import GROUPS

GROUPED = tuple(dict.fromkeys(GROUPS.values()))
RESULTS = ("met", "not_met", "unknown")
Pair = tuple[Counter[str], Counter[str]]  # under the old policy, and under the new one


def _pairs() -> defaultdict[str, Pair]:
    return defaultdict(lambda: (Counter(), Counter()))


@dataclass(slots=True)
class Review:
    """What a comparison comes to for the referrals in it, as it goes along. It holds counts, and no case."""

    referrals: int = 0
    all: Pair = field(default_factory=lambda: (Counter(), Counter()))
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    teams: defaultdict[str, Pair] = field(default_factory=_pairs)
    criteria: defaultdict[str, Pair] = field(default_factory=_pairs)
    years: defaultdict[str, Pair] = field(default_factory=_pairs)
    held: defaultdict[str, Pair] = field(default_factory=_pairs)  # of open cases alone

    def add(self, one: Compared) -> None:
        """Counts a case; one that holds no referral is none."""
        if one.outcomes is None or one.received_on is None:
            return
        self.referrals += 1
        self.moved[one.outcomes[0].group, one.outcomes[1].group] += 1
        for place, outcome in enumerate(one.outcomes):
            group = outcome.group
            for counts in (self.all, self.teams[one.team], self.years[one.received_on[:4]]):
                counts[place][group] += 1
            if one.open:
                self.held[one.team][place][group] += 1
            for rule, result in outcome.rules:
                self.criteria[rule][place][result] += 1

    def to_json(self, staff: Iterable[Mapping[str, Any]], cases_a_worker: int) -> dict[str, Any]:
        """The counts; `capacity` sets the open cases that would be accepted beside what the workers of a team hold."""
        return {
            "referrals": self.referrals,
            "all": _grouped(self.all, GROUPED),
            "moved": [
                {"old": old, "new": new, "referrals": count}
                for (old, new), count in sorted(self.moved.items())
                if old != new
            ],
            "criteria": [{"rule": rule, **_grouped(pair, RESULTS)} for rule, pair in self.criteria.items()],
            "teams": [{"team": team, **_grouped(pair, GROUPED)} for team, pair in sorted(self.teams.items())],
            "years": [{"year": year, **_grouped(pair, GROUPED)} for year, pair in sorted(self.years.items())],
            "capacity": [self._capacity(row, cases_a_worker) for row in staff],
        }

    def _capacity(self, row: Mapping[str, Any], cases_a_worker: int) -> dict[str, Any]:
        places = row["workers"] * cases_a_worker
        old, new = (counts["accepted"] for counts in self.held.get(row["team"], (Counter(), Counter())))
        return {**row, "places": places, "accepted_old": old, "accepted_new": new, "over": max(new - places, 0)}


def _grouped(pair: Pair, names: Iterable[str]) -> dict[str, dict[str, int]]:
    return {name: {"old": pair[0][name], "new": pair[1][name]} for name in names}


def staff(connection: Connection, authority: str) -> list[dict[str, Any]]:
    """The active caseworkers of each team of an authority that has any: {team, label, workers}."""
    query = (
        select(TEAMS.c.code, TEAMS.c.name, func.count())
        .join(USERS, USERS.c.team == TEAMS.c.code)
        .where((TEAMS.c.authority == authority) & USERS.c.active & (USERS.c.role == Role.CASEWORKER))
        .group_by(TEAMS.c.code, TEAMS.c.name)
        .order_by(TEAMS.c.name, TEAMS.c.code)
    )
    return [{"team": code, "label": name, "workers": workers} for code, name, workers in connection.execute(query)]


def reviewed(connection: Connection, review: Review, policy: Policy) -> dict[str, Any]:
    """The whole of a review, with the staff as it is now."""
    return review.to_json(staff(connection, policy.authority), policy.cases_a_worker)
