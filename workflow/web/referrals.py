"""A new referral, one thing a page: kept as it is written, checked against the criteria, then recorded and decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from states.facts import FactProblem
from states.lifecycle import NEW, Lifecycle
from states.roles import ROLE_LABELS
from workflow import duplicates
from workflow.decisions import decide
from workflow.desks import drafts_of
from workflow.errors import BadInput, MoveRefused, NotFound
from workflow.moves import Move, Opening, Possible
from workflow.permissions import Permission, has
from workflow.serving.asking import Asking, Needs, looking
from workflow.web import drafts, referral_drafts
from workflow.web.answers import answers, unanswered
from workflow.web.cases import leads_aside, usual_first
from workflow.web.criteria import ShownDecision, field_of, shown
from workflow.web.forms import CHANGE, Form
from workflow.web.moves import Follows, follows
from workflow.web.reading import rearrange
from workflow.web.referral_drafts import PLACE, Referral, Step, may_be_opened, opening_row
from workflow.web.showing import Sent, go_to, show
from workflow.web.team import names_of

router = APIRouter()
Writer = Annotated[Asking, Depends(Needs(Permission.WRITE_CASES))]
ANOTHER = "another_family"  # the box that says: I have looked at these cases, and this is another pregnancy
SIGNS = {
    duplicates.NAME: "a person of the same name",
    duplicates.BIRTH: "a person born on the same day",
    duplicates.EXPECTED: "a baby expected on the same day",
}
APPROVAL = "request_approval"


@dataclass(frozen=True, slots=True)
class Summary:
    """One page of a referral read back: what was answered, and the questions that were not."""

    title: str
    href: str
    rows: Sequence[tuple[str, str]]
    unanswered: Sequence[str]


# The start


@router.get("/referrals/new")
def start(request: Request, asking: Writer) -> Response:
    """What may be opened, and the referrals one has not sent yet."""
    openable = may_be_opened(asking.actor)
    with asking.service.database.read() as connection:
        left = [row for row in drafts_of(connection, asking.actor.username) if row["about"].startswith(f"{PLACE}/")]
    whole = [row for row in left if row["about"].count("/") == PLACE.count("/") + 1]
    return show(
        request,
        asking,
        "referrals/start.html",
        title="New referral",
        here="referral",
        openable=[(one, opening_row(one)) for one in openable],
        unsent=whole,
        others=[
            (one, [ROLE_LABELS[role] for role in opening_row(one).roles])
            for one in LIFECYCLES.values()
            if one.parent is None and one not in openable
        ],
    )


@router.post("/referrals/new")
def begin(asking: Writer, sent: Sent) -> Response:
    """Begins a referral on one's own desk; nothing is on record yet."""
    lifecycle = next((one for one in may_be_opened(asking.actor) if one.id == sent.get("kind")), None)
    if lifecycle is None:
        raise BadInput("choose what to open from the page of new referrals")
    referral = referral_drafts.begin(asking, lifecycle, str(sent.get("followed_case") or "")[:20])
    return go_to(f"{referral.address}/{referral.steps[0].id}")


# Its pages


@router.get("/referrals/new/{id}")
def resume(asking: Writer, id: str) -> Response:
    """Where it goes on: the first page, or the case that it became."""
    case = referral_drafts.was_sent(asking, id)
    return go_to(f"/referrals/done/{case}" if case else f"{_found(asking, id).address}/check")


@router.get("/referrals/new/{id}/check")
def check(request: Request, asking: Writer, id: str) -> Response:
    """Everything that was answered, before it is sent."""
    case = referral_drafts.was_sent(asking, id)
    if case:
        return go_to(f"/referrals/done/{case}")
    referral = _found(asking, id)
    return _check_page(request, asking, referral, _alike(asking, referral))


@router.post("/referrals/new/{id}/check")
def send(request: Request, asking: Writer, id: str, sent: Sent) -> Response:
    """Records the referral and decides on it; sent twice, it is still one case."""
    case = referral_drafts.was_sent(asking, id)
    if case:
        return go_to(f"/referrals/done/{case}")
    referral = _found(asking, id)
    alike = _alike(asking, referral)
    errors = [(_where(referral, one.where), one.says) for one in referral.reading.problems]
    if alike and not sent.get(ANOTHER):
        errors.append((f"#{ANOTHER}", "Look at the cases that may be the same, and say that this is another pregnancy"))
    if not errors:
        try:
            moved = asking.fire(**_opening(asking, referral))
        except MoveRefused as refused:
            errors = [(_where(referral, one.name), _sentence(one.says)) for one in refused.unmet]
        else:
            referral_drafts.sent(asking, referral, moved.case)
            return go_to(f"/referrals/done/{moved.case}")
    return _check_page(request, asking, referral, alike, errors)


@router.post("/referrals/new/{id}/discard")
def discard(asking: Writer, id: str) -> Response:
    """Forgets what was typed."""
    referral_drafts.discard(asking, _found(asking, id))
    return go_to(PLACE)


@router.get("/referrals/new/{id}/{step}")
def page(request: Request, asking: Writer, id: str, step: str) -> Response:
    """One page of it, as it was left; what was typed when a session ended stands in it again."""
    case = referral_drafts.was_sent(asking, id)
    if case:
        return go_to(f"/referrals/done/{case}")
    referral = _found(asking, id)
    shown_step = _step(referral, step)
    left = drafts.kept(asking, request)
    if left is not None:
        referral.take(shown_step, left)
    return _step_page(request, asking, referral, shown_step, kept_at=left and left.saved_at)


@router.post("/referrals/new/{id}/{step}")
def answer(request: Request, asking: Writer, id: str, step: str, sent: Sent) -> Response:
    """Keeps a page as it was typed, right or wrong, and goes on where nothing is wrong with it."""
    case = referral_drafts.was_sent(asking, id)
    if case:
        return go_to(f"/referrals/done/{case}")
    referral = _found(asking, id)
    here = _step(referral, step)
    referral.take(here, sent)
    wish = str(sent.get(CHANGE) or "")
    changed = rearrange(referral.facts, referral.typed, wish)
    referral_drafts.keep(asking, referral)
    drafts.drop(asking, request)
    if changed:
        return go_to(_after_change(referral, here, wish))
    problems = referral.problems(here)
    if sent.get("then") == "later":
        return go_to("/work")
    if problems:
        return _step_page(request, asking, referral, here, problems)
    return go_to(_next(request, referral, here, str(sent.get("then") or "")))


def _found(asking: Asking, id: str) -> Referral:
    referral = referral_drafts.find(asking, id)
    if referral is None:
        raise NotFound("this referral is not on your desk: it was discarded, or left for over a month")
    return referral


def _step(referral: Referral, id: str) -> Step:
    step = referral.step(id)
    if step is None:
        raise NotFound(f"a referral has no page {id[:40]!r}")
    return step


def _after_change(referral: Referral, here: Step, wish: str) -> str:
    """The same page at the records that were changed; where a whole parent came or went, the page of that one."""
    verb, _, name = wish.partition(" ")
    if here.record is None or name.startswith(f"{here.names[0]}-{here.record}-"):
        return f"{referral.address}/{here.id}#{name if verb == 'add' else name.rpartition('-')[0]}"
    alike = [step for step in referral.steps if step.names == here.names]
    if not alike:
        referral.typed[here.names[0]] = [{}]
        alike = [step for step in referral.steps if step.names == here.names]
    return f"{referral.address}/{alike[-1].id}"


def _next(request: Request, referral: Referral, here: Step, then: str) -> str:
    if then == "stay":
        return f"{referral.address}/{here.id}#criteria"
    if request.query_params.get("change"):
        return f"{referral.address}/check"
    ids = [step.id for step in referral.steps]
    place = ids.index(here.id) + 1
    return f"{referral.address}/{ids[place] if place < len(ids) else 'check'}"


def _step_page(
    request: Request,
    asking: Asking,
    referral: Referral,
    step: Step,
    problems: Sequence[FactProblem] = (),
    *,
    kept_at: Any = None,
) -> Response:
    steps = referral.steps
    place = [one.id for one in steps].index(step.id)
    form = referral.form(step, problems)
    changing = bool(request.query_params.get("change"))
    before = f"{referral.address}/{steps[place - 1].id}" if place else PLACE
    alike = [one for one in steps if one.names == step.names]
    return show(
        request,
        asking,
        "referrals/step.html",
        title=f"{_plain(step)}: {_kind(referral)}",
        here="referral",
        status=422 if problems else 200,
        back=f"{referral.address}/check" if changing else before,
        problems=form.errors,
        form=form,
        step=step,
        number=place + 1,
        of=len(steps) + 1,
        kind=_kind(referral),
        action=f"{referral.address}/{step.id}{'?change=yes' if changing else ''}",
        referral=referral,
        kept_at=kept_at,
        last_of_its_kind=step.record is not None and step.id == alike[-1].id,
        only=len(alike) == 1,
        record=step.names[0] if step.record is not None else "",
        may_add=len(alike) < referral_drafts.MOST_PARENTS,
        all_optional=not any(fact.required for fact in referral.facts_of(step)),
        decision=_decision(asking, referral),
    )


def _plain(step: Step) -> str:
    return step.title.partition(":")[0]


def _kind(referral: Referral) -> str:
    referred = {
        "prebirth": "Pre-birth referral",
        "pause": "Pause programme referral",
    }  # the others are opened, not referred
    return referred.get(referral.lifecycle.id, referral.lifecycle.label)


def _decision(asking: Asking, referral: Referral) -> ShownDecision | None:
    """What the criteria say of what is known so far; only a pre-birth referral has criteria."""
    if referral.lifecycle.id != "prebirth":
        return None
    policy = asking.service.policies.current(asking.actor.authority, local_date(asking.now))
    try:
        found = decide(policy, referral.given())
    except ValueError:  # a date that no calendar has
        return None
    unsettled = {one.id: one.missing for one in found.rules}
    return shown(found.to_json(), policy, unsettled=unsettled, where=lambda path: _where(referral, path))


def _where(referral: Referral, path: str) -> str:
    """The page and the field of a fact, such as parents[0].consent."""
    name, _, rest = path.partition("[")
    name = name.partition(".")[0]
    number = int(rest.partition("]")[0]) if rest else 0
    for step in referral.steps:
        if name in step.names and step.record in (None, number):
            field = field_of(path, referral.facts)
            return f"{referral.address}/{step.id}?change=yes#{field if field != name or not step.record else ''}"
    return ""


# Before it is sent


def _alike(asking: Asking, referral: Referral) -> list[dict[str, Any]]:
    """Cases one may read that may be the same: references, stages and what matches, nothing more."""
    if not has(asking.actor, Permission.SEARCH_NAMES):
        return []
    return looking(asking).alike(referral.lifecycle, referral.given())


def _opening(asking: Asking, referral: Referral) -> dict[str, Any]:
    """The move that records it."""
    return {
        "trigger": opening_row(referral.lifecycle).trigger,
        "opening": Opening(lifecycle=referral.lifecycle.id, authority=asking.actor.authority, team=referral.team),
        "facts": referral.given(),
        "key": referral.key,
    }


def _rehearsed(asking: Asking, referral: Referral) -> tuple[Follows | None, list[tuple[str, str]]]:
    """(what will follow once it is sent, what would refuse it); neither before everything needed is answered."""
    if referral.reading.problems:
        return None, []
    move = Move(**_opening(asking, referral), source=asking.source, request_id=asking.request_id)
    try:
        found = looking(asking).rehearsal(move)
    except MoveRefused as refused:
        return None, [(_where(referral, one.name), _sentence(one.says)) for one in refused.unmet]
    named = names_of(asking, found.told)
    return follows(referral.lifecycle, found, named, before=NEW), []


def _check_page(
    request: Request,
    asking: Asking,
    referral: Referral,
    alike: Sequence[Mapping[str, Any]],
    errors: Sequence[tuple[str, str]] = (),
) -> Response:
    form = Form((), tuple(errors))
    reading = referral.reading
    following, refused = (None, []) if errors else _rehearsed(asking, referral)
    wrong = [(_where(referral, one.where), one.says) for one in reading.problems]
    return show(
        request,
        asking,
        "referrals/check.html",
        title=f"Check your answers: {_kind(referral)}",
        here="referral",
        status=422 if errors else 200,
        back=f"{referral.address}/{referral.steps[-1].id}",
        problems=form.errors,
        form=form,
        referral=referral,
        kind=_kind(referral),
        summaries=[_summary(referral, step, reading.given) for step in referral.steps],
        wrong=[] if errors else [*wrong, *refused],
        follows=following,
        signs=SIGNS,
        alike=alike,
        another=ANOTHER,
        decision=_decision(asking, referral),
    )


def _summary(referral: Referral, step: Step, given: Mapping[str, Any]) -> Summary:
    facts = referral.facts_of(step)
    href = f"{referral.address}/{step.id}?change=yes"
    if step.record is None:
        return Summary(step.title, href, list(answers(facts, given, referral.people)), unanswered(facts, given))
    fields = facts[0].fields
    own = referral_drafts.given_of(facts[0], referral.typed[facts[0].name][step.record])
    return Summary(step.title, href, list(answers(fields, own, referral.people)), unanswered(fields, own))


def _sentence(says: str) -> str:
    return says[:1].upper() + says[1:]


# After it was sent


@router.get("/referrals/done/{ref}")
def done(request: Request, asking: Writer, ref: str) -> Response:
    """What was recorded: the reference, the decision and its trace, what has started, and what can be done next."""
    look = looking(asking)
    sheet = look.sheet(ref)
    case = sheet.view
    lifecycle = LIFECYCLES[case["lifecycle"]]
    running = [row for row in case["deadlines"] if row["closed_at"] is None]
    first = [row["clock"] for row in running[:1]]
    awaited = {trigger for clock in first for trigger in lifecycle.clock_by_id[clock].met_by}
    moves = usual_first(lifecycle, look.moves(ref), first)
    mine = [move for move in moves if move.can]
    next_steps = [move for move in mine if move.trigger in awaited and not leads_aside(lifecycle, move)]
    return show(
        request,
        asking,
        "referrals/done.html",
        title=f"{case['case']} is recorded",
        here="referral",
        case=case,
        lifecycle=lifecycle,
        decision=shown(case["decision"], sheet.policy) if case["decision"] else None,
        running=running,
        told=look.told_of(ref, 1),
        next=next_steps,
        others=[move for move in moves if move.trigger in awaited and not move.can],
        further=[move for move in mine if move not in next_steps],
        tell_more=next((move for move in mine if _tells_more(lifecycle, move)), None),
        approval=next((move for move in mine if move.trigger == APPROVAL), None),
    )


def _tells_more(lifecycle: Lifecycle, move: Possible) -> bool:
    """Whether a move asks for all that the opening asked for."""
    return {fact.name for fact in opening_row(lifecycle).facts} <= {fact.name for fact in move.facts}
