"""A woman's eighteen months with Pause, drawn from what was recorded: reviews, times apart, and her own scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scheduler.calendars import add_months, local_date
from states.pause import DOMAINS, HIGHEST, LOWEST, OUTCOME_DOMAINS, REVIEW_MONTHS
from workflow.case_sheets import Sheet
from workflow.projection import Step, steps_of
from workflow.web.drawings import LineChart, PauseLine, Review, Span, line_chart, pause_line
from workflow.web.pages import short_date

SCORES = ("baseline_scores", "outcome_scores", "final_scores")
SHORT = {"baseline_scores": "start", "final_scores": "end"}


@dataclass(frozen=True, slots=True)
class Chart:
    """Her scores in one area of life."""

    id: str
    label: str
    drawn: LineChart
    words: str
    one: str  # what the ends of its scale mean
    five: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """`line` is None before the programme starts; `charts` are empty where she gave no scores, or they are withheld."""

    line: PauseLine | None
    charts: tuple[Chart, ...]
    graduated_on: date | None
    in_her_words: tuple[tuple[str, str], ...]
    withheld: bool


def journey_of(sheet: Sheet, now: datetime) -> Journey | None:
    """Nothing for another kind of case."""
    if sheet.view["lifecycle"] != "pause":
        return None
    steps = steps_of(sheet.entries)
    facts = sheet.view["facts"]
    started = _day(facts.get("programme_started_on"))
    ended = next((local_date(one.occurred_at) for one in steps if one.to in ("closed", "completed")), None)
    return Journey(
        line=_line(steps, started, _day(facts.get("programme_until")), ended, local_date(now)) if started else None,
        charts=charts_of(steps),
        graduated_on=_day(facts.get("graduated_on")),
        in_her_words=_last_words(steps),
        withheld=bool(sheet.view["withheld"]),
    )


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _line(steps: Sequence[Step], started: date, until: date | None, ended: date | None, today: date) -> PauseLine:
    held = {
        int(one.facts["review_month"]): local_date(one.occurred_at)
        for one in reversed(steps)
        if one.trigger == "review" and one.facts.get("review_month")
    }
    here = min(today, ended) if ended else today
    planned = [
        month for month in REVIEW_MONTHS if month in held or ended is None or add_months(started, month) <= ended
    ]
    return pause_line(
        started,
        here,
        ends_on=until,
        reviews=[Review(month, add_months(started, month), held.get(month)) for month in planned],
        gaps=spans(steps, "reengaging", here),
        holds=spans(steps, "on_hold", here),
    )


def spans(steps: Sequence[Step], state: str, today: date) -> list[Span]:
    """The stretches for which the case stood in that state."""
    found: list[Span] = []
    since: date | None = None
    for one in steps:
        if one.to == state and since is None:
            since = local_date(one.occurred_at)
        elif one.to != state and since is not None:
            found.append(Span(since, local_date(one.occurred_at)))
            since = None
    return [*found, Span(since, None)] if since is not None and since <= today else found


def charts_of(steps: Sequence[Step]) -> tuple[Chart, ...]:
    """A line for each area of life she scored. A time at which she gave no score leaves a gap."""
    told = [
        (_label(name, one), {score.get("domain"): score for score in one.facts[name]})
        for one in steps
        for name in SCORES
        if one.facts.get(name)
    ]
    charts = []
    for domain, label in OUTCOME_DOMAINS.items():
        rows = [(when, _number(scores[domain])) for when, scores in told if domain in scores]
        known = [value for _, value in rows if value is not None]
        if known:
            drawn = line_chart(rows, lowest=LOWEST, highest=HIGHEST)
            ends = DOMAINS[domain].one, DOMAINS[domain].five
            charts.append(Chart(domain, label[:1].upper() + label[1:], drawn, _words(known), *ends))
    return tuple(charts)


def _label(name: str, step: Step) -> str:
    said = SHORT.get(name) or (f"month {step.facts['review_month']}" if step.facts.get("review_month") else "")
    day = short_date(step.occurred_at)
    return f"{day} ({said})" if said else day


def _number(score: Mapping[str, Any]) -> float | None:
    value = score.get("score")
    return float(value) if value is not None else None


def _words(known: Sequence[float]) -> str:
    if len(known) == 1:
        return f"She gave it {known[0]:.0f} out of {HIGHEST}."
    change = "the same as" if known[-1] == known[0] else "higher than" if known[-1] > known[0] else "lower than"
    return f"She gave it {known[-1]:.0f} out of {HIGHEST} last time, {change} the first time ({known[0]:.0f})."


def _last_words(steps: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    """What she said beside her latest scores, by area of life."""
    latest: Sequence[Mapping[str, Any]] = next(
        (one.facts[name] for one in reversed(steps) for name in SCORES if one.facts.get(name)), []
    )
    return tuple(
        (OUTCOME_DOMAINS.get(str(one.get("domain")), ""), one["in_her_words"])
        for one in latest
        if one.get("in_her_words")
    )
