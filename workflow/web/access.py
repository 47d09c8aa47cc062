"""Who else may read a case: its readers, restricting it, granting sight of it; and breaking the glass."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from states.catalogue import LIFECYCLES
from states.facts import Fact, FactProblem, FactType
from workflow import access_acts
from workflow.access_tables import AccessKind
from workflow.delivery.routes import Routes
from workflow.errors import BadInput, Conflict, MoveRefused, NotFound
from workflow.references import read_reference
from workflow.serving.asking import Asking, looking
from workflow.web import drafts
from workflow.web.case_routes import AccessGiver, CaseWriter, Ref, case_router, glass_for
from workflow.web.cases import colleagues
from workflow.web.forms import MOST_PEOPLE, Typed, form
from workflow.web.reading import read
from workflow.web.showing import Sent, go_to, show

router = case_router()
HOURS = int(access_acts.BROKEN_FOR.total_seconds() // 3600)


@dataclass(frozen=True, slots=True)
class Act:
    """What the page of an act is called, what it means, and its button."""

    label: str
    means: str
    button: str


ACTS: Mapping[str, Act] = {
    "restrict": Act(
        "Restrict this case",
        "Only its owner, its team's manager and the readers you name can then open it. To others it is as if it were "
        "not there. It holds for the cases under it too.",
        "Restrict it",
    ),
    "lift_restriction": Act(
        "Lift the restriction", "Everybody whose team works on this case can read it again.", "Lift it"
    ),
    "name_reader": Act("Name a reader", "This person can read the restricted case until you end it.", "Name them"),
    "grant_access": Act(
        "Grant sight of it for a time",
        "For somebody outside its teams: they can read it until the day you give, and change nothing that is not "
        "theirs to change.",
        "Grant it",
    ),
    "end_access": Act("End an access", "From now on this person reads it only as their team and role allow.", "End it"),
}
KINDS = {
    AccessKind.NAMED: "Named reader",
    AccessKind.GRANTED: "Granted for a time",
    AccessKind.BREAK_GLASS: "Broke the glass",
}


@router.get("/cases/{ref}/access")
def access_page(asking: AccessGiver, request: Request, ref: Ref, done: str = "") -> Response:
    """Everybody with an access of their own, and the acts."""
    look = looking(asking)
    sheet = look.sheet(ref)
    view = sheet.view
    under = view["case"] != _root(ref, view)
    acts = [one for one in ACTS if one != ("restrict" if view["restricted"] else "lift_restriction")]
    return show(
        request,
        asking,
        "access/access.html",
        title=f"{view['case']}: who else may read it",
        here="work",
        back=f"/cases/{view['case']}",
        notice=f"Recorded: {ACTS[done].label.lower()}." if done in ACTS else None,
        view=view,
        under=under,
        readers=[{**one, "kind": KINDS[AccessKind(one["kind"])]} for one in look.readers(ref)],
        people=_people(asking, ref),
        acts=[(one, ACTS[one]) for one in acts if one != "name_reader" or view["restricted"]],
    )


def _root(ref: str, view: Mapping[str, Any]) -> str:
    return str(view["parent"] or view["case"])


def _people(asking: Asking, ref: str) -> dict[str, str]:
    """All who could be named, whatever record their own team works on: sight is granted across that line."""
    record = {lifecycle.record: lifecycle for lifecycle in LIFECYCLES.values()}
    found = {name: words for kind in record.values() for name, words in colleagues(asking, kind).items()}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


@router.get("/cases/{ref}/access/{act}")
def act_form(asking: AccessGiver, request: Request, ref: Ref, act: str) -> Response:
    """The form of one act."""
    case = _known(asking, ref, act)
    kept = drafts.kept(asking, request)
    typed = read(_facts(asking, ref, act), kept).typed if kept else {}
    return _form(request, asking, case, act, typed, saved_at=kept.saved_at if kept else None)


@router.post("/cases/{ref}/access/{act}")
def do_act(asking: AccessGiver, request: Request, ref: Ref, act: str, sent: Sent) -> Response:
    """Does it; or draws the form again with what is wrong."""
    case = _known(asking, ref, act)
    found = read(_facts(asking, ref, act), sent)
    problems = list(found.problems)
    if not problems:
        try:
            access_acts.change_access(
                asking.service.engine,
                asking.actor,
                asking.now,
                act=act,
                case=case,
                facts=found.given,
                way=_way(asking, sent),
            )
            drafts.drop(asking, request)
            return go_to(f"/cases/{case}/access?done={act}")
        except (MoveRefused, BadInput, Conflict) as error:
            problems = _problems(error, act)
    drafts.keep(asking, request, sent)
    return _form(request, asking, case, act, found.typed, problems=problems, status=422)


def _known(asking: Asking, ref: str, act: str) -> str:
    """The case, by its reference as it is written; NotFound where it or the act is not there."""
    if act not in ACTS:
        raise NotFound(f"there is no act {act[:40]!r}")
    return str(looking(asking).standing(ref)["case"])


def _way(asking: Asking, sent: FormData) -> Any:
    return asking.way(str(sent.get("key", ""))[:80] or None)


def _facts(asking: Asking, ref: str, act: str) -> tuple[Fact, ...]:
    """What the act asks for; a person is chosen from a list, where access is ended from those who have one."""
    asked = access_acts.ACTS[act][0]
    if all(fact.name != "person" for fact in asked):
        return asked
    people = _people(asking, ref)
    if act == "end_access":
        people = {one["username"]: people.get(one["username"], one["username"]) for one in looking(asking).readers(ref)}
    return tuple(
        replace(fact, type=FactType.CHOICE, choices=people, hint="")
        if fact.name == "person" and 0 < len(people) <= MOST_PEOPLE
        else fact
        for fact in asked
    )


def _problems(error: MoveRefused | BadInput | Conflict, act: str) -> list[FactProblem]:
    names = {fact.name for fact in access_acts.ACTS[act][0]} if act in access_acts.ACTS else {"reason"}
    if isinstance(error, MoveRefused):
        return [
            FactProblem(one.name if one.name in names else "", one.says[:1].upper() + one.says[1:])
            for one in error.unmet
        ]
    text = str(error)
    return [
        FactProblem("person" if "person" in names and isinstance(error, BadInput) else "", text[:1].upper() + text[1:])
    ]


def _form(
    request: Request,
    asking: Asking,
    case: str,
    act: str,
    typed: Typed,
    *,
    problems: Sequence[FactProblem] = (),
    saved_at: Any = None,
    status: int = 200,
) -> Response:
    asked = form(_facts(asking, case, act), typed, problems)
    return show(
        request,
        asking,
        "access/act.html",
        title=f"{case}: {ACTS[act].label.lower()}",
        status=status,
        here="work",
        back=f"/cases/{case}/access",
        act=ACTS[act],
        form=asked,
        problems=asked.errors,
        key=secrets.token_urlsafe(18),
        saved_at=saved_at,
    )


# Breaking the glass


@router.get("/cases/{ref}/break-glass")
def glass_form(asking: CaseWriter, request: Request, ref: Ref) -> Response:
    """Asks why; says that the manager is told and for how long it holds. Whether there is a case it does not say."""
    kept = drafts.kept(asking, request)
    typed = read((access_acts.REASON,), kept).typed if kept else {}
    return _glass(request, asking, ref, typed)


@router.post("/cases/{ref}/break-glass")
def break_glass(asking: CaseWriter, request: Request, ref: Ref, sent: Sent) -> Response:
    """Opens the case to this account alone, for some hours."""
    found = read((access_acts.REASON,), sent)
    if found.problems:
        return _glass(request, asking, ref, found.typed, problems=found.problems, status=422)
    try:
        moved = access_acts.break_glass(
            asking.service.engine,
            asking.actor,
            asking.now,
            case=ref,
            reason=found.given["reason"],
            way=_way(asking, sent),
            routes=Routes.by(asking.service.settings),
        )
    except (MoveRefused, BadInput, Conflict) as error:
        problems = _problems(error, "break_glass")
        return _glass(request, asking, ref, found.typed, problems=problems, status=422)
    drafts.drop(asking, request)
    return go_to(f"/cases/{moved.case}?recorded={moved.entry}")


def _glass(
    request: Request,
    asking: Asking,
    ref: str,
    typed: Typed,
    *,
    problems: Sequence[FactProblem] = (),
    status: int = 200,
) -> Response:
    if glass_for(asking, ref) is None:
        raise NotFound(f"there is no case {ref[:40]}")
    lifecycle, number = read_reference(ref)
    asked = form((access_acts.REASON,), typed, problems)
    return show(
        request,
        asking,
        "access/glass.html",
        title="Break the glass",
        status=status,
        here="work",
        back="/work",
        case=f"{LIFECYCLES[lifecycle].code}-{number}",
        hours=HOURS,
        form=asked,
        problems=asked.errors,
        key=secrets.token_urlsafe(18),
    )
