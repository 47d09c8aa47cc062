"""Recording what happened: a form drawn from the lifecycle, a page to check it, and the move itself.

A form holds the version of the case it was drawn for and a key of its own, so that a second click makes no second
entry and nobody decides on a case that has changed since. What was typed is kept whatever happens.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from scheduler.calendars import add_days, local_date
from scheduler.clock_events import EventKind
from states.catalogue import LIFECYCLES
from states.facts import Fact, FactProblem, FactType, instant
from states.lifecycle import NEW, Lifecycle, State
from workflow import accounts
from workflow.clinic_sessions import clinics_of
from workflow.clinic_tables import ClinicStatus
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound, Unmet
from workflow.models import EntryKind
from workflow.moves import Move, Possible
from workflow.rehearsals import Rehearsed
from workflow.requirements import BESIDE
from workflow.serving.asking import Asking, looking
from workflow.situations import triggers_with_approval
from workflow.web import drafts
from workflow.web.case_routes import CaseReader, CaseWriter, Ref, case_router
from workflow.web.cases import colleagues, trigger_label
from workflow.web.fact_words import in_words
from workflow.web.forms import Typed, form, typed_from, typed_instant
from workflow.web.pages import short_date
from workflow.web.reading import read
from workflow.web.showing import Sent, go_to, show
from workflow.web.timelines import facts_of

router = case_router()
CLINICS_BACK = 90  # days: sessions that are offered where a clinic is recorded
HAPPENED = instant(
    "happened_at", "When did it happen?", "if it was earlier, change the day and time; it cannot lie in the future"
)
PREFILLED = (
    "for_trigger",
    "entry",
    "correction",
    "child",
    "clinic",
    "item",
)  # what an address may fill in: nothing about a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The form of one move on one case as it stands now, for whoever asks."""

    asking: Asking
    request: Request
    standing: Mapping[str, Any]
    lifecycle: Lifecycle
    possible: Possible
    facts: tuple[Fact, ...]
    people: Mapping[str, str]

    @property
    def when(self) -> tuple[Fact, ...]:
        """A correction is made when it is made; everything else happened at some time."""
        return () if self.possible.trigger == "correct" else (HAPPENED,)

    @property
    def ref(self) -> str:
        return str(self.standing["case"])

    @property
    def address(self) -> str:
        return f"/cases/{self.ref}/moves/{self.possible.trigger}"


@router.get("/cases/{ref}/moves/{trigger}")
def move_form(asking: CaseReader, request: Request, ref: Ref, trigger: str) -> Response:
    """The form, as it was left where a draft of it was kept."""
    kept = drafts.kept(asking, request)
    filled = {name: request.query_params[name] for name in PREFILLED if name in request.query_params}
    if kept is None:
        drawn = draw(asking, request, ref, trigger, filled)
        return page(drawn, _started(drawn, filled))
    drawn = draw(asking, request, ref, trigger, _plain(kept))
    typed = read(drawn.facts, kept).typed | read(drawn.when, kept).typed
    changed = _changed_since(drawn, kept.get("version"))
    return page(drawn, typed, saved_at=kept.saved_at, changed=changed)


@router.post("/cases/{ref}/moves/{trigger}")
def send_move(asking: CaseWriter, request: Request, ref: Ref, trigger: str, sent: Sent) -> Response:
    """Draws the form again with what is wrong, keeps it for later, shows what would follow, or records the move."""
    step = sent.get("step")
    drawn = draw(asking, request, ref, trigger, _plain(sent))
    if step == "forget":
        drafts.drop(asking, request)
        return go_to(f"/cases/{drawn.ref}")
    if step != "record":  # the last step keeps nothing before it has tried: most often nothing is left to keep
        drafts.keep(asking, request, sent)
    if step == "later":
        return go_to(f"/cases/{drawn.ref}?kept=yes")
    return _answer(drawn, sent)


def _answer(drawn: Drawn, sent: FormData) -> Response:
    """The form again where it is not complete, the page to check it on, or what came of recording it."""
    found, when = read(drawn.facts, sent), read(drawn.when, sent)
    typed = found.typed | when.typed
    more = [fact.name for fact in drawn.facts if fact.name not in str(sent.get("asked", "")).split(",")]
    if found.rearranged or sent.get("step") == "change" or more:
        known = _as_recorded(drawn, _plain(sent)) if more else {}
        return page(drawn, {**typed, **known})
    problems = [*when.problems, *found.problems]
    if problems:
        return page(drawn, typed, problems=problems, status=422)
    move = _move(drawn, sent, _without_unchanged(drawn, found.given), when.given.get("happened_at"))
    try:
        if sent.get("step") == "record":
            return _record(drawn, move)
        return _check(drawn, sent, found.given, looking(drawn.asking).rehearsal(move))
    except (MoveRefused, Conflict, BadInput) as error:
        drafts.keep(drawn.asking, drawn.request, sent)
        return _refused(drawn, sent, typed, move, error)


# Drawing


def draw(asking: Asking, request: Request, ref: str, trigger: str, given: Mapping[str, Any]) -> Drawn:
    """What the move asks for; of a correction also what the entry named was asked for."""
    look = looking(asking)
    standing = look.standing(ref)
    lifecycle = LIFECYCLES[standing["lifecycle"]]
    possible = look.possible(ref, trigger, given if trigger == "correct" else {})
    return Drawn(
        asking=asking,
        request=request,
        standing=standing,
        lifecycle=lifecycle,
        possible=possible,
        facts=_with_choices(asking, lifecycle, standing, possible.facts),
        people=colleagues(asking, lifecycle),
    )


def _with_choices(
    asking: Asking, lifecycle: Lifecycle, standing: Mapping[str, Any], facts: Sequence[Fact]
) -> tuple[Fact, ...]:
    """The same facts; codes that name a team, a move or an entry are chosen from a list instead of typed."""
    return tuple(_chosen(asking, lifecycle, standing, fact) for fact in facts)


def _chosen(asking: Asking, lifecycle: Lifecycle, standing: Mapping[str, Any], fact: Fact) -> Fact:
    choices: Mapping[str, str] = {}
    if fact.type is not FactType.TEXT:
        return fact
    if fact.name in ("team", *BESIDE):
        record = BESIDE.get(fact.name, lifecycle.record)
        with asking.service.database.read() as connection:
            teams = accounts.teams_with_cases if fact.name in BESIDE else accounts.teams_for
            choices = teams(connection, asking.actor.authority, record)
    elif fact.name == "for_trigger":
        choices = {one: trigger_label(lifecycle, one) for one in sorted(triggers_with_approval(lifecycle))}
    elif fact.name == "clinic":
        choices = _clinics(asking)
    elif fact.name == "item":
        choices = _things(asking, str(standing["case"]))
    elif fact.name == "entry":
        choices = _entries(asking, lifecycle, str(standing["case"]))
    hint = fact.hint if fact.name in BESIDE else ""
    return replace(fact, type=FactType.CHOICE, choices=choices, pattern=None, hint=hint) if choices else fact


def _clinics(asking: Asking) -> dict[str, str]:
    """The sessions of late that a move may name, the latest first."""
    today = local_date(asking.now)
    with asking.service.database.read() as connection:
        rows = clinics_of(connection, asking.actor.authority, add_days(today, -CLINICS_BACK))
    kept = [one for one in reversed(rows) if one["held_on"] <= today and one["status"] != ClinicStatus.CALLED_OFF]
    return {one["name"]: f"{one['name']}, {short_date(one['held_on'])}" for one in kept}


def _things(asking: Asking, case: str) -> dict[str, str]:
    """Things that can be lent, and those this case has."""
    rows = [one for one in looking(asking).stock() if one["where"] == "in_stock" or one["case"] == case]
    return {one["code"]: f"{one['label']} ({one['code']}){', lent here' if one['case'] else ''}" for one in rows}


def _entries(asking: Asking, lifecycle: Lifecycle, ref: str) -> dict[str, str]:
    """The entries a correction may name, the latest first."""
    moves = [one for one in looking(asking).evidence(ref) if one["kind"] == EntryKind.MOVED]
    return {
        str(one["seq"]): f"{one['seq']}: {trigger_label(lifecycle, one['trigger'])}, {short_date(one['occurred_at'])}"
        for one in reversed(moves)
    }


def _plain(sent: FormData) -> dict[str, Any]:
    """The single words that were sent: enough to know what a correction is about."""
    return {name: value for name in PREFILLED if isinstance(value := sent.get(name), str) and value}


def _started(drawn: Drawn, filled: Mapping[str, str]) -> Typed:
    """An empty form: it happened now, and what the address fills in."""
    return {"happened_at": _minute(drawn.asking.now), **filled, **_as_recorded(drawn, filled)}


def _minute(now: datetime) -> Typed:
    return typed_instant(now.replace(second=0, microsecond=0))


def _as_recorded(drawn: Drawn, given: Mapping[str, Any]) -> Typed:
    """The facts of the entry a correction is about, as they stand: so that one changes only what is wrong."""
    recorded = _recorded(drawn, given)
    return typed_from([fact for fact in drawn.facts if fact.name in recorded], recorded)


def _recorded(drawn: Drawn, given: Mapping[str, Any]) -> dict[str, Any]:
    if drawn.possible.trigger != "correct" or given.get("correction") != "facts":
        return {}
    entries = {str(one["seq"]): one for one in looking(drawn.asking).evidence(drawn.ref)}
    entry = entries.get(str(given.get("entry")))
    return {**entry["facts"], **(entry["content"] or {})} if entry else {}


def _without_unchanged(drawn: Drawn, given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a correction of facts only those that differ from what was recorded."""
    recorded = _recorded(drawn, given)
    own = {"entry", "correction", "correction_reason"}
    return {name: value for name, value in given.items() if name in own or recorded.get(name) != value}


def _changed_since(drawn: Drawn, version: Any) -> list[str]:
    """What happened to the case since a form was drawn for that version."""
    if not str(version).isdigit() or int(str(version)) >= drawn.standing["version"]:
        return []
    entries = looking(drawn.asking).evidence(drawn.ref)
    return [
        f"{trigger_label(drawn.lifecycle, one['trigger'])}, by {one['actor']}"
        for one in entries
        if one["version"] > int(str(version))
        and one["kind"] in (EntryKind.MOVED, EntryKind.FOLLOWED, EntryKind.CORRECTED)
    ]


@dataclass(frozen=True, slots=True)
class Hidden:
    """The fields of a form that nobody sees; made anew whenever it is drawn, but for the last step."""

    version: str
    key: str
    drawn_at: str
    asked: str


def _hidden(drawn: Drawn) -> Hidden:
    return Hidden(
        str(drawn.standing["version"]),
        secrets.token_urlsafe(18),
        _written(_minute(drawn.asking.now)),
        ",".join(fact.name for fact in drawn.facts),
    )


def _written(typed: Typed) -> str:
    return " ".join(str(typed.get(part, "")) for part in ("day", "month", "year", "time"))


def page(
    drawn: Drawn,
    typed: Typed,
    *,
    problems: Sequence[FactProblem] = (),
    unmet: Sequence[Unmet] | None = None,
    who: Sequence[str] | None = None,
    changed: Sequence[str] = (),
    saved_at: datetime | None = None,
    status: int = 200,
) -> Response:
    """The form as it stands, with all that is wrong with it and all that stands in its way."""
    asked = form((*drawn.when, *drawn.facts), typed, problems, people=drawn.people)
    in_the_way = drawn.possible.unmet if unmet is None else unmet
    return show(
        drawn.request,
        drawn.asking,
        "moves/form.html",
        title=f"{drawn.ref}: {drawn.possible.label}",
        status=status,
        here="work",
        back=f"/cases/{drawn.ref}",
        drawn=drawn,
        form=asked,
        problems=asked.errors,
        hidden=_hidden(drawn),
        unmet=in_the_way,
        who=drawn.possible.who if who is None else who,
        for_others=any(one.kind == "role" for one in in_the_way),
        refused=unmet is not None,
        changed=changed,
        saved_at=saved_at,
    )


# Checking and recording


def _move(drawn: Drawn, sent: FormData, given: Mapping[str, Any], happened_at: str | None) -> Move:
    """The command. A time that was left as it was drawn is the moment of recording."""
    typed = read((HAPPENED,), sent).typed["happened_at"]
    as_drawn = _written(typed) == sent.get("drawn_at")
    version = str(sent.get("version", ""))
    return Move(
        trigger=drawn.possible.trigger,
        case=drawn.ref,
        facts=dict(given),
        expected_version=int(version) if version.isdigit() and len(version) < 10 else -1,
        key=str(sent.get("key", ""))[:80] or None,
        occurred_at=None if as_drawn or happened_at is None else datetime.fromisoformat(happened_at),
        source=drawn.asking.source,
        request_id=drawn.asking.request_id,
    )


def _record(drawn: Drawn, move: Move) -> Response:
    asking = drawn.asking
    moved = asking.service.engine.fire(move, asking.actor, asking.now)
    drafts.drop(asking, drawn.request)
    try:
        looking(asking).standing(drawn.ref)
    except NotFound:  # it was given to somebody else, and is no longer this person's to read
        return go_to("/work")
    return go_to(f"/cases/{drawn.ref}?recorded={moved.entry}")


def _refused(
    drawn: Drawn,
    sent: FormData,
    typed: Typed,
    move: Move,
    error: MoveRefused | Conflict | BadInput,
) -> Response:
    """The form again, everything typed still in it, with what was in the way."""
    if isinstance(error, Conflict):
        changed = _changed_since(drawn, move.expected_version) or [str(error)]
        return page(drawn, typed, changed=changed, status=409)
    if isinstance(error, BadInput):
        problems = [FactProblem("", one) for one in error.problems or [str(error)]]
        return page(drawn, typed, problems=problems, status=422)
    if sent.get("step") != "record":  # the move itself records its own refusal
        asking = drawn.asking
        asking.service.engine.refuse(move, asking.actor, asking.now, error)
    fields = {fact.name for fact in drawn.facts}
    at = {"occurred_at": "happened_at", "new_occurred_at": "new_occurred_at"}
    problems = [
        FactProblem(at.get(one.name, one.name), _sentence(one.says))
        for one in error.unmet
        if one.kind == "time" or (one.kind == "fact" and one.name.partition("[")[0] in fields)
    ]
    others = [one for one in error.unmet if all(_sentence(one.says) != problem.says for problem in problems)]
    return page(drawn, typed, problems=problems, unmet=others, who=error.who, status=422)


def _sentence(says: str) -> str:
    return says[:1].upper() + says[1:]


def _check(drawn: Drawn, sent: FormData, given: Mapping[str, Any], found: Rehearsed) -> Response:
    """What will be recorded and what will follow, before it is."""
    facts = {fact.name: fact for fact in drawn.facts}
    known = facts_of(drawn.lifecycle, drawn.possible.trigger, drawn.standing["state"])
    return show(
        drawn.request,
        drawn.asking,
        "moves/check.html",
        title=f"{drawn.ref}: check before you record",
        here="work",
        back=drawn.address,
        drawn=drawn,
        lines=in_words({**known, **facts}.values(), given, drawn.people),
        happened_at=found.moved.occurred_at,
        follows=follows(drawn.lifecycle, found, drawn.people, before=drawn.standing["state"]),
        fields=[(name, value) for name, value in drafts.pairs_of(sent) if name not in ("step", "change")],
    )


@dataclass(frozen=True, slots=True)
class Follows:
    """What a move would come to, in words: where the case would be, what happens to each clock, who is told."""

    state: State
    opens: bool
    moves: bool
    clocks: Sequence[tuple[str, str, Any]]
    told: Sequence[str]
    overridden: bool


def follows(lifecycle: Lifecycle, found: Rehearsed, people: Mapping[str, str], *, before: str) -> Follows:
    """What a rehearsal found, on a case that stands at `before`."""
    moved = found.moved
    return Follows(
        state=lifecycle.state_by_id[moved.state],
        opens=before == NEW,
        moves=moved.state != before,
        clocks=clock_sentences(lifecycle, moved.clocks),
        told=[people.get(one, one) for one in found.told],
        overridden=moved.overridden,
    )


EVENTS = {
    EventKind.STARTED: "starts",
    EventKind.RE_DATED: "gets another date",
    EventKind.PAUSED: "is paused",
    EventKind.RESUMED: "runs again",
    EventKind.EXTENDED: "is extended",
    EventKind.MET: "is met",
    EventKind.CANCELLED: "ends",
    EventKind.REOPENED: "is open again",
}


def clock_sentences(lifecycle: Lifecycle, clocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Any]]:
    """What happens to each clock: its label, what happens, and the date it is then due."""
    return [
        (
            lifecycle.clock_by_id[one["clock"]].label,
            EVENTS[EventKind(one["event"])],
            one.get("due_at") if one["event"] not in (EventKind.MET, EventKind.CANCELLED) else None,
        )
        for one in clocks
    ]
