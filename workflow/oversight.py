"""The standing report of the oversight group: universal, targeted and specialist support in counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from scheduler.calendars import local_date
from states.codes import OUTCOMES, REFERRAL_CHANNELS, SERVICES
from states.lifecycle import NEW, SELF
from workflow import child_outcomes, consistency, offers, support_given, under_one
from workflow.cohort_views import STAGES, view
from workflow.offer_tables import Level
from workflow.projection import steps_of
from workflow.reports import NOT_ACCEPTED
from workflow.suppression import ALL, as_rows

ACCEPTED, WAITING, ENDED = "accepted", "waiting", "ended"
LEVELS = {
    Level.UNIVERSAL.value: "Universal support",
    Level.TARGETED.value: "Targeted support and safeguarding",
    Level.SPECIALIST.value: "Specialist support",
}
PLAN_WORDS = {
    "with_parents": "with parents",
    "adoption": "adoption",
    "special_guardianship": "special guardianship",
    "other": "another plan",
    "undecided": "no plan yet",
}
STAGE_WORDS = dict(zip(STAGES, ("approached", "getting to know Pause", "on the programme", "graduated"), strict=True))


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the report: rows of (what, how many); None where a number is withheld."""

    level: str
    title: str
    says: str
    rows: tuple[tuple[str, int | str | None], ...]

    def to_json(self) -> dict[str, Any]:
        rows = [{"label": label, "value": value} for label, value in self.rows]
        return {"level": self.level, "title": self.title, "says": self.says, "rows": rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the report is asked for: an authority, from one day to another, without counts under `below`.

    `figures` are the cohort figures kept of the last day.
    """

    authority: str
    since: date
    until: date
    now: datetime
    figures: Mapping[str, Any]
    below: int | None = None


def standing_report(connection: Connection, asked: Asked) -> list[Part]:
    """The parts of the report. Counts under `below` are None, and others with them that would give them away.

    What is offered is no count of people. BadInput for days in the wrong order, or that lie ahead.
    """
    consistency.check_days(asked.since, asked.until, asked.now)
    cohorts = view(asked.figures, below=asked.below)
    offered = offers.offers(connection, asked.authority, asked.now, ended=True)
    return [
        *(_offered(level, offers.offered_on(offered, asked.until)) for level in LEVELS),
        *_referrals(connection, asked),
        *_practice(connection, asked),
        _given(connection, asked),
        _plans(cohorts),
        *(_pause(one) for one in cohorts["pause"]["cohorts"]),
        _outcomes(connection, asked.authority, asked.below),
        *_under_one(connection, asked.authority, asked.below),
    ]


def _offered(level: str, offered: Sequence[Mapping[str, Any]]) -> Part:
    mine = [row for row in offered if row["level"] == level]
    rows = ((f"{row['name']} ({row['area']})", row["for_whom"]) for row in mine)
    return Part(level, "What families can turn to", "From the map of the offer.", tuple(rows))


def _referrals(connection: Connection, asked: Asked) -> list[Part]:
    """Referrals received in these days: how they came, and where they went."""
    came: Counter[str] = Counter()
    went: Counter[str] = Counter()
    for entries in consistency.histories(connection, asked.authority, asked.now):
        first = entries[0]
        if first["trigger"] == "refer" and asked.since <= local_date(first["occurred_at"]) <= asked.until:
            came[str(first["facts"].get("source") or "not known")] += 1
            went[_route(entries)] += 1
    routes = {ACCEPTED: "accepted", WAITING: "waiting for a decision", ENDED: "ended before a decision", **SERVICES}
    channels = {**REFERRAL_CHANNELS, "not known": "not known"}
    targeted = Level.TARGETED.value
    return [
        Part(
            targeted,
            "Referrals by route",
            "Where referrals of these days stand now.",
            _single(went, routes, asked.below),
        ),
        Part(targeted, "How referrals came", "Referrals of these days.", _single(came, channels, asked.below)),
    ]


def _route(entries: Sequence[Mapping[str, Any]]) -> str:
    """Where a referral went: accepted, the service it was sent on to, or nowhere yet."""
    lifecycle, state, service, accepted = consistency.PREBIRTH, NEW, "", False
    for step in steps_of(entries):
        state = state if step.to == SELF else step.to
        service = str(step.facts.get("service") or service) if step.trigger == "send_on" else service
        accepted = accepted or (state not in NOT_ACCEPTED and not lifecycle.state_by_id[state].final)
    if accepted:
        return ACCEPTED
    if service:
        return service
    return ENDED if lifecycle.state_by_id[state].final else WAITING


def _single(
    counts: Mapping[str, int], labels: Mapping[str, str], below: int | None
) -> tuple[tuple[str, int | None], ...]:
    """One column of counts with its sum; what was never counted is left out."""
    names = {name: labels.get(name, name) for name in (*labels, *counts) if counts.get(name)}
    rows = as_rows(names, ("count",), {name: {"count": count} for name, count in counts.items()}, below)
    return tuple((row["label"] if row["name"] != ALL else "all", row["count"]) for row in rows)


def _practice(connection: Connection, asked: Asked) -> list[Part]:
    found = consistency.practice(connection, asked.authority, asked.since, asked.until, asked.now, below=asked.below)
    words = {"on_time": "on time", "late": "late or missing", "total": "due"}
    return [
        Part(Level.TARGETED.value, title, says, _of_all(found[name], words))
        for name, title, says in (
            ("clinics", "Pre-birth clinics", "Clinics that were due in these days."),
            ("plans", "Birth plans by 34+0", "Pregnancies that came to 34+0 in these days."),
        )
    ]


def _given(connection: Connection, asked: Asked) -> Part:
    rows = support_given.by_team(connection, asked.authority, asked.since, asked.until, asked.now, below=asked.below)[
        "teams"
    ]
    words = {"given": "sessions given", "missed": "sessions that could not be kept", "hope_boxes": "Hope boxes"}
    words["lent"] = "Real Care babies lent"
    return Part(Level.SPECIALIST.value, "Support given", "Before and after the birth.", _of_all(rows, words))


def _of_all(rows: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> tuple[tuple[str, int | None], ...]:
    whole = next((row for row in rows if row["name"] == ALL), None)
    return tuple((label, whole[name] if whole else 0) for name, label in words.items())


def _plans(cohorts: Mapping[str, Any]) -> Part:
    families = cohorts["prebirth"]
    rows = (
        ("families accepted", families["families"]),
        *((f"children: {label}", families["plans"][name]) for name, label in PLAN_WORDS.items()),
        ("not born yet, in assessment", families["plans"]["unborn_in_assessment"]),
        ("sets of care proceedings", families["proceedings_sets"]),
    )
    return Part(Level.SPECIALIST.value, "Families and plans", "At the end of the last day.", rows)


def _pause(one: Mapping[str, Any]) -> Part:
    rows = (*((f"women: {label}", one[name]) for name, label in STAGE_WORDS.items()),)
    more = (("children removed", one["children_removed"]), ("pregnancies", one["pregnancies"]))
    return Part(Level.SPECIALIST.value, f"Pause, {one['name']}", "At the end of the last day.", (*rows, *more))


def _outcomes(connection: Connection, authority: str, below: int | None) -> Part:
    rows = child_outcomes.counts(connection, authority, below=below)
    return Part(
        Level.SPECIALIST.value, "What became of children", "Outcomes agreed until now.", _of_all(rows, OUTCOMES)
    )


def _under_one(connection: Connection, authority: str, below: int | None) -> list[Part]:
    """A part for each year whose counts were kept; none where nobody brought a return."""
    parts = []
    for year in under_one.kept(connection, authority, below=below):
        share = None if year["share"] is None else f"{year['share']}%"
        rows: list[tuple[str, int | str | None]] = [("started to be looked after", year["starts"])]
        rows += [("under one then", year["under_one"]), ("share", share)]
        rows += [
            (f"published {row['year']}", f"{row['share']}%, rank {row['rank']} of {row['of']}")
            for row in year["published"]
            if row["share"] is not None
        ]
        title = f"Children under one who start to be looked after, {year['year']}"
        parts.append(Part(Level.SPECIALIST.value, title, "From the authority's own return.", tuple(rows)))
    return parts
