"""The standing report of the oversight group: universal, targeted and specialist support in counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from states.codes import OUTCOMES, REFERRAL_CHANNELS, SERVICES
from workflow import child_outcomes, consistency, offers, support_given, under_one
from workflow.cohort_views import STAGES, view
from workflow.offer_tables import Level
from workflow.practice_counts import ACCEPTED, ENDED, NOT_KNOWN, WAITING
from workflow.suppression import ALL, as_rows

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
    """What the report is asked for: an authority's days, without counts under `below`.

    `practice` are the counts kept of these days, `figures` the cohort figures kept of the last of them.
    """

    now: datetime
    figures: Mapping[str, Any]
    practice: Mapping[str, Any]
    below: int | None = None


def standing_report(connection: Connection, asked: Asked) -> list[Part]:
    """The parts of the report. Counts under `below` are None, and others with them that would give them away.

    What is offered is no count of people.
    """
    authority, until = asked.practice["authority"], asked.practice["until"]
    cohorts = view(asked.figures, below=asked.below)
    offered = offers.offers(connection, authority, asked.now, ended=True)
    return [
        *(_offered(level, offers.offered_on(offered, until)) for level in LEVELS),
        *_referrals(asked),
        *_practice(connection, asked),
        _given(connection, asked),
        _plans(cohorts),
        *(_pause(one) for one in cohorts["pause"]["cohorts"]),
        _outcomes(connection, authority, asked.below),
        *_under_one(connection, authority, asked.below),
    ]


def _offered(level: str, offered: Sequence[Mapping[str, Any]]) -> Part:
    mine = [row for row in offered if row["level"] == level]
    rows = ((f"{row['name']} ({row['area']})", row["for_whom"]) for row in mine)
    return Part(level, "What families can turn to", "From the map of the offer.", tuple(rows))


def _referrals(asked: Asked) -> list[Part]:
    """Referrals received in these days: how they came, and where they went."""
    routes = {ACCEPTED: "accepted", WAITING: "waiting for a decision", ENDED: "ended before a decision", **SERVICES}
    channels = {**REFERRAL_CHANNELS, NOT_KNOWN: NOT_KNOWN}
    came, went = asked.practice["channels"], asked.practice["routes"]
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


def _single(
    counts: Mapping[str, int], labels: Mapping[str, str], below: int | None
) -> tuple[tuple[str, int | None], ...]:
    """One column of counts with its sum; what was never counted is left out."""
    names = {name: labels.get(name, name) for name in (*labels, *counts) if counts.get(name)}
    rows = as_rows(names, ("count",), {name: {"count": count} for name, count in counts.items()}, below)
    return tuple((row["label"] if row["name"] != ALL else "all", row["count"]) for row in rows)


def _practice(connection: Connection, asked: Asked) -> list[Part]:
    found = consistency.practice(connection, asked.practice, below=asked.below)
    words = {"on_time": "on time", "late": "late or missing", "total": "due"}
    return [
        Part(Level.TARGETED.value, title, says, _of_all(found[name], words))
        for name, title, says in (
            ("clinics", "Pre-birth clinics", "Clinics that were due in these days."),
            ("plans", "Birth plans by 34+0", "Pregnancies that came to 34+0 in these days."),
        )
    ]


def _given(connection: Connection, asked: Asked) -> Part:
    rows = support_given.by_team(connection, asked.practice, below=asked.below)["teams"]
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
