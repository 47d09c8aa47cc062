"""A referral as it is being written: its pages, what was typed on each, and what that gives. Kept on one's own desk."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactProblem, FactType, check_facts, choice
from states.lifecycle import NEW, Lifecycle, Transition
from states.prebirth_facts import optional
from workflow.accounts import Actor, teams_with_cases, workers_of
from workflow.desks import draft_of
from workflow.permissions import may_fire, works_on
from workflow.serving.asking import Asking
from workflow.web import drafts
from workflow.web.forms import Field, Form, Typed, form, one_of, pairs_from, typed_date
from workflow.web.reading import Reading, read_typed, typed_in

PLACE, SENT = "/referrals/new", "/referrals/sent"
TEAM = "opening_team"
MOST_PARENTS = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a referral: the facts it asks for, or one of the records of a fact (`record` counts from 0)."""

    id: str
    title: str
    names: tuple[str, ...]
    record: int | None = None


# In the order of the pages. What stands on none of them is asked on the last, so that nothing is ever left out.
STEPS: Mapping[str, tuple[Step, ...]] = {
    "prebirth": (
        Step(
            "referral",
            "Where the referral came from",
            (
                *(TEAM, "received_on", "source", "source_code", "immediate_safety_concern"),
                *("previous_referrals", "duplicate_searched", "referrer_informed_on"),
            ),
        ),
        Step(
            "pregnancy",
            "The pregnancy",
            (
                *("edd", "edd_basis", "concealed_or_late_booking", "presented_very_late"),
                *("statutory_assessment_required", "relinquished"),
            ),
        ),
        Step("parent", "Parents", ("parents",)),
        Step(
            "family",
            "Earlier children and proceedings",
            (
                *("first_time_parents", "older_siblings_at_home", "family_open_to"),
                *("current_proceedings_for_another_child", "proceedings_ended_on"),
            ),
        ),
        Step(
            "risks",
            "Risks, and what is going well",
            ("referral_note", "risk_factors", "primary_need", "other_authorities"),
        ),
    ),
}


def opening_row(lifecycle: Lifecycle) -> Transition:
    """The move that opens a case of this kind; taking one over is another matter."""
    return next(row for row in lifecycle.rows_from(NEW) if row.trigger != "migrate_in")


def may_be_opened(actor: Actor) -> list[Lifecycle]:
    """The kinds of case that this account may open by themselves, not under another case."""
    return [
        one
        for one in LIFECYCLES.values()
        if one.parent is None and works_on(actor, one) and may_fire(actor, opening_row(one))
    ]


@dataclass(kw_only=True)
class Referral:
    """A referral that is being written. `key` makes it one case however often it is sent."""

    id: str
    lifecycle: Lifecycle
    teams: Mapping[str, str]
    people: Mapping[str, str]
    typed: Typed
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    saved_at: datetime | None = None

    @property
    def address(self) -> str:
        return f"{PLACE}/{self.id}"

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What the opening move asks for, after the team that the case is opened in."""
        return (choice(TEAM, "Team that will look at it", self.teams), *opening_row(self.lifecycle).facts)

    def facts_of(self, step: Step) -> tuple[Fact, ...]:
        named = {fact.name: fact for fact in self.facts}
        return tuple(named[name] for name in step.names)

    @property
    def steps(self) -> list[Step]:
        """The pages as they are now: one for each parent that was named."""
        found = []
        for step in _steps(self.lifecycle.id, tuple(fact.name for fact in self.facts)):
            (fact,) = self.facts_of(step) if len(step.names) == 1 else (None,)
            if fact is None or fact.type is not FactType.RECORDS:
                found.append(step)
                continue
            for number, record in enumerate(self.typed[fact.name]):
                role = next((one for one in fact.fields if one.name == "role"), None)
                said = ((role and role.choices) or {}).get(record.get("role", ""), "")
                title = f"{one_of(fact)} {number + 1}{f': {said}' if said else ''}"
                found.append(Step(f"{step.id}-{number + 1}", title, step.names, number))
        return found

    def step(self, id: str) -> Step | None:
        return next((one for one in self.steps if one.id == id), None)

    # What was typed, and what it gives

    def take(self, step: Step, sent: Any) -> None:
        """Lays a page that was sent over what was typed before."""
        facts = self.facts_of(step)
        if step.record is None:
            self.typed |= typed_in(facts, sent)
            return
        (fact,) = facts
        self.typed[fact.name][step.record] = typed_in(fact.fields, sent, f"{fact.name}-{step.record}-")

    def problems(self, step: Step) -> list[FactProblem]:
        """What is wrong with the answers of one page."""
        found = read_typed(self.facts_of(step), self.typed).problems
        if step.record is None:
            return found
        return [one for one in found if one.where.startswith(f"{step.names[0]}[{step.record}]")]

    def form(self, step: Step, problems: Sequence[FactProblem] = ()) -> Form:
        """The questions of one page with what was typed."""
        drawn = form(self.facts_of(step), self.typed, problems, people=self.people)
        fields = drawn.fields if step.record is None else drawn.fields[0].records[step.record].fields
        if all(one.optional for one in fields):  # said once, at the top of the page
            fields = tuple(_unmarked(one) for one in fields)
        return Form(fields, drawn.errors, any(one.kind == "records" for one in fields))

    @property
    def reading(self) -> Reading:
        """All that was typed, read. A parent of whom nothing was said is no parent."""
        typed = {name: _without_blank(value) for name, value in self.typed.items()}
        return read_typed(self.facts, typed)

    def given(self) -> dict[str, Any]:
        """The facts that can be used already, without those that are wrong or not asked for by the move."""
        found = dict(self.reading.given)
        found.pop(TEAM, None)
        values: dict[str, Any] = check_facts(optional(*self.facts), found)[0]
        return values

    @property
    def team(self) -> str:
        return str(self.typed.get(TEAM) or "")


def _unmarked(one: Field) -> Field:
    """The same question without a mark that it may be left out."""
    records = tuple(replace(record, fields=tuple(map(_unmarked, record.fields))) for record in one.records)
    return replace(one, optional=False, records=records)


def given_of(fact: Fact, record: Mapping[str, Any]) -> dict[str, Any]:
    """What one record of a fact gives, as far as it can be used."""
    values: dict[str, Any] = check_facts(optional(*fact.fields), read_typed(fact.fields, dict(record)).given)[0]
    return values


def _without_blank(value: Any) -> Any:
    if isinstance(value, list):
        return [one for one in value if not isinstance(one, Mapping) or _says_something(one)]
    return value


def _says_something(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_says_something(one) for one in value.values())
    return any(map(_says_something, value)) if isinstance(value, list) else bool(value)


def _steps(lifecycle: str, names: tuple[str, ...]) -> list[Step]:
    steps = list(STEPS.get(lifecycle, (Step("details", opening_row(LIFECYCLES[lifecycle]).label, ()),)))
    left = tuple(name for name in names if not any(name in step.names for step in steps))
    last = steps[-1]
    steps[-1] = Step(last.id, last.title, (*last.names, *left))
    return steps


# Keeping


def begin(asking: Asking, lifecycle: Lifecycle, follows: str = "") -> Referral:
    """A new one: today's date, the mother and one's own team are filled in, to be changed where they are not so.

    `follows` is the reference of the case that it follows, where its kind asks for one.
    """
    teams, people = _choices(asking, lifecycle)
    own = asking.actor.team if asking.actor.team in teams else next(iter(teams)) if len(teams) == 1 else ""
    typed: Typed = {TEAM: own}
    names = {fact.name for fact in opening_row(lifecycle).facts}
    if "received_on" in names:
        typed["received_on"] = typed_date(local_date(asking.now).isoformat())
    if follows and "followed_case" in names:
        typed["followed_case"] = follows
    if "parents" in names:
        typed["parents"] = [{"role": "mother"}]
    referral = Referral(id=secrets.token_hex(3), lifecycle=lifecycle, teams=teams, people=people, typed=typed)
    keep(asking, referral)
    return referral


def keep(asking: Asking, referral: Referral) -> None:
    about = [("draft-kind", referral.lifecycle.id), ("draft-key", referral.key)]
    drafts.keep_pairs(asking, referral.address, [*about, *pairs_from(referral.facts, referral.typed)])


def find(asking: Asking, id: str) -> Referral | None:
    """The referral of that id on one's own desk; None where there is none, or it was sent."""
    with asking.service.database.read() as connection:
        row = draft_of(connection, asking.actor.username, f"{PLACE}/{id}")
    if row is None:
        return None
    kept = drafts.Kept([(name, value) for name, value in row["typed"]], row["saved_at"])
    lifecycle = LIFECYCLES.get(str(kept.get("draft-kind")))
    if lifecycle is None:
        return None
    teams, people = _choices(asking, lifecycle)
    referral = Referral(
        id=id,
        lifecycle=lifecycle,
        teams=teams,
        people=people,
        typed={},
        key=str(kept["draft-key"]),
        saved_at=row["saved_at"],
    )
    referral.typed = typed_in(referral.facts, kept)
    for step in STEPS.get(lifecycle.id, ()):
        if len(step.names) == 1:  # a page for each of them, so there is always one
            referral.typed[step.names[0]] = referral.typed[step.names[0]] or [{}]
    return referral


def _choices(asking: Asking, lifecycle: Lifecycle) -> tuple[dict[str, str], dict[str, str]]:
    with asking.service.database.read() as connection:
        authority = asking.actor.authority
        return (
            teams_with_cases(connection, authority, lifecycle.record),
            workers_of(connection, authority, lifecycle.record),
        )


def was_sent(asking: Asking, id: str) -> str | None:
    """The case that a referral became."""
    with asking.service.database.read() as connection:
        row = draft_of(connection, asking.actor.username, f"{SENT}/{id}")
    return dict(row["typed"]).get("case") if row else None


def sent(asking: Asking, referral: Referral, case: str) -> None:
    """It is a case now: what was typed is forgotten, so that sending it again leads to the case."""
    drafts.keep_pairs(asking, f"{SENT}/{referral.id}", [("case", case)])
    for path in (referral.address, *(f"{referral.address}/{step.id}" for step in referral.steps)):
        drafts.drop_path(asking, path)


def discard(asking: Asking, referral: Referral) -> None:
    for path in (referral.address, *(f"{referral.address}/{step.id}" for step in referral.steps)):
        drafts.drop_path(asking, path)
