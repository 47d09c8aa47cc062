"""Commands of a caseworker: open a case, list and look at cases, see what can happen next, advance one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.inputs import given_facts
from workflow.cli.options import (
    AsJson,
    AsUser,
    FactPairs,
    Facts,
    Key,
    Occurred,
    ReasonCode,
    Ref,
    Version,
    example,
    read_occurred,
)
from workflow.cli.output import due, emit, heading, pairs, say, table, words
from workflow.cli.session import opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from states.facts import Fact
    from states.lifecycle import Lifecycle
    from workflow.moves import Moved, Possible

app = typer.Typer(name="case", help="Open, look at and advance cases.", no_args_is_help=True, rich_markup_mode=None)
app.info.epilog = example("waymark case list --as ann.example", "waymark case show PB-12")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


# Opening and advancing


@app.command(
    "open",
    epilog=example(
        "waymark case open prebirth --authority durham --team durham-prebirth --facts referral.json",
        "waymark case open child_protection --parent PB-12 --fact concern_reason='injury reported'",
    ),
)
def open_case(
    kind: Annotated[str, typer.Argument(metavar="LIFECYCLE", help="The kind of case, such as prebirth or pause.")],
    *,
    authority: Annotated[str | None, typer.Option(help="The authority; yours if left out.")] = None,
    team: Annotated[str | None, typer.Option(help="The team it is opened in; yours if left out.")] = None,
    facts: Facts = None,
    fact: FactPairs = None,
    parent: Annotated[str | None, typer.Option(metavar="REF", help="The case it stands under.")] = None,
    child: Annotated[int | None, typer.Option(min=1, help="The child it is about, by number.")] = None,
    occurred: Occurred = None,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Opens a case."""
    from workflow.moves import Opening

    lifecycle = known_lifecycle(kind)
    trigger = opening_trigger(lifecycle)
    given = given_facts(facts, fact, facts_by_name(lifecycle, trigger))
    with opened() as session:
        actor = session.actor(acting_as)
        moved = session.fire(
            actor,
            trigger=trigger,
            opening=Opening(
                lifecycle=lifecycle.id,
                authority=authority or actor.authority,
                team=team or actor.team,
                parent=parent,
                child=child,
            ),
            facts=given,
            occurred_at=read_occurred(occurred, session.now) if occurred else None,
            key=key,
        )
    print_moved(moved, as_json)


@app.command(
    epilog=example(
        "waymark case advance PB-12 record_consent --version 3 --fact consent=given",
        "waymark case advance PB-12 start_assessment --facts facts.json --occurred 2026-11-20",
    )
)
def advance(
    ref: Ref,
    trigger: Annotated[str, typer.Argument(help="The move, as `waymark case moves` names it.")],
    *,
    facts: Facts = None,
    fact: FactPairs = None,
    version: Version = None,
    key: Key = None,
    occurred: Occurred = None,
    reason_code: ReasonCode = None,
    on_behalf_of: Annotated[str | None, typer.Option(metavar="USER", help="For whom you record this.")] = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Moves a case on, or says everything that stands in the way."""
    from states.catalogue import LIFECYCLES
    from workflow.references import read_reference

    lifecycle = LIFECYCLES[read_reference(ref)[0]]
    given = given_facts(facts, fact, facts_by_name(lifecycle, trigger))
    with opened() as session:
        moved = session.fire(
            session.actor(acting_as),
            trigger=trigger,
            case=ref,
            facts=given,
            expected_version=version,
            key=key,
            occurred_at=read_occurred(occurred, session.now) if occurred else None,
            reason_code=reason_code,
            on_behalf_of=on_behalf_of,
        )
    print_moved(moved, as_json)


def known_lifecycle(name: str) -> "Lifecycle":
    """The lifecycle of that name; NotFound says which there are."""
    from states.catalogue import LIFECYCLES
    from workflow.errors import NotFound

    if name not in LIFECYCLES:
        raise NotFound(f"there is no lifecycle {name[:40]!r}; there are: {', '.join(LIFECYCLES)}")
    return LIFECYCLES[name]


def opening_trigger(lifecycle: "Lifecycle") -> str:
    """The move that opens a case of this kind, other than taking one over from another system."""
    from states.lifecycle import NEW

    return next(row.trigger for row in lifecycle.rows_from(NEW) if row.trigger != "migrate_in")


def facts_by_name(lifecycle: "Lifecycle", trigger: str) -> "Mapping[str, Fact]":
    return {fact.name: fact for row in lifecycle.transitions if row.trigger == trigger for fact in row.facts}


def print_moved(moved: "Moved", as_json: bool) -> None:
    from states.catalogue import LIFECYCLES
    from workflow.references import read_reference

    if as_json:
        emit({name: getattr(moved, name) for name in moved.__slots__})
        return
    lifecycle = LIFECYCLES[read_reference(moved.case)[0]]
    state = lifecycle.state_by_id[moved.state]
    flagged = "; a rule was overridden" if moved.overridden else ""
    say(f"{moved.case} is now {state.label} (version {moved.version}, entry {moved.case}#{moved.entry}{flagged}).")
    for event in moved.clocks:
        label = lifecycle.clock_by_id[event["clock"]].label
        until = f", due {_due_text(event['due_at'])}" if event.get("due_at") else ""
        say(f"  {moved.case}.{event['deadline']} {label}: {event['event'].replace('_', '-')}{until}")


def _due_text(written: str) -> str:
    from datetime import datetime

    return due(datetime.fromisoformat(written))


# Looking


@app.command("list", epilog=example("waymark case list", "waymark case list --lifecycle prebirth --owner ann.example"))
def list_cases(
    *,
    lifecycle: Annotated[str | None, typer.Option(help="Only cases of this kind.")] = None,
    state: Annotated[str | None, typer.Option(help="Only cases in this state.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="USER", help="Only cases of this person.")] = None,
    team: Annotated[str | None, typer.Option(help="Only cases of this team.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Cases that have ended, instead of open ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most rows to show.")] = 50,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Lists cases, those with the least time left first."""
    from workflow.worklists import Filters

    if lifecycle is not None:
        known_lifecycle(lifecycle)
    with opened() as session:
        actor = session.actor(acting_as)
        filters = Filters(lifecycle=lifecycle, state=state, owner=owner, team=team, ended=ended)
        rows = session.looking(actor).cases(filters, limit=limit).rows
    if as_json:
        emit(rows)
    elif not rows:
        say("No cases.")
    else:
        print_worklist(rows)


def print_worklist(rows: "list[dict[str, Any]]") -> None:
    table(
        ("case", "stage", "state", "owner", "next", "due", "status"),
        [_worklist_line(row) for row in rows],
    )


def _worklist_line(row: "Mapping[str, Any]") -> tuple[Any, ...]:
    owner = row["owner"] or f"({row['team']})"
    return row["case"], row["stage"], row["state_label"], owner, row["next"], due(row["due_at"]), row["status"]


@app.command(epilog=example("waymark case show PB-12", "waymark case show PB-12 --json"))
def show(ref: Ref, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Shows one case: where it stands, its facts, dates, babies and approvals, and its timeline."""
    with opened() as session:
        view = session.looking(session.actor(acting_as)).case(ref)
    if as_json:
        emit(view)
    else:
        print_case(view)


def print_case(view: "Mapping[str, Any]") -> None:
    say(f"{view['case']}: {view['state_label']} ({view['stage']})")
    names = ("authority", "team", "owner", "since", "version", "edd", "parent", "child")
    pairs([(name.replace("_", " "), view[name]) for name in names if view[name] is not None])
    if view["facts"]:
        heading("Facts")
        pairs([(name, value) for name, value in sorted(view["facts"].items())])
    if view["children"]:
        heading("Babies")
        table(tuple(view["children"][0]), [tuple(child.values()) for child in view["children"]])
    if view["deadlines"]:
        heading("Deadlines")
        print_deadlines(view["deadlines"])
    if view["approvals"]:
        heading("Approvals")
        heads = ("seq", "trigger", "by_role", "asked_by", "decided_by", "approved", "valid_until")
        table(heads, [tuple(row[head] for head in heads) for row in view["approvals"]])
    if view["cases_under"]:
        heading("Cases under it")
        table(("case", "state", "child"), [tuple(row.values()) for row in view["cases_under"]])
    heading("Timeline")
    print_timeline(view["timeline"])


def print_deadlines(rows: "list[dict[str, Any]]") -> None:
    table(
        ("deadline", "what", "about", "due", "status", "basis"),
        [
            (row["deadline"], row["label"], row["subject"], due(row["due_at"]), row["status"], row["basis"])
            for row in rows
        ],
    )


def print_timeline(rows: "list[dict[str, Any]]") -> None:
    table(
        ("entry", "happened", "recorded", "what", "from", "to", "by", "remark"),
        [_timeline_line(row) for row in rows],
    )


def _timeline_line(row: "Mapping[str, Any]") -> tuple[Any, ...]:
    when = (row["entry"], row["occurred_at"], row["recorded_at"])
    return (*when, row["label"], row["from_label"], row["to_label"], f"{row['actor']} ({row['role']})", _remark(row))


def _remark(row: "Mapping[str, Any]") -> str:
    if row["kind"] == "refused":
        return "refused: " + "; ".join(says for _, _, says in row["unmet"])
    if row["supersedes"]:
        return f"corrects entry {row['supersedes']}"
    return "a rule was overridden" if row["overridden"] else ""


# What can happen next


@app.command(epilog=example("waymark case moves PB-12", "waymark case moves PB-12 --facts"))
def moves(
    ref: Ref,
    with_facts: Annotated[bool, typer.Option("--facts", help="Also what each move asks for.")] = False,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Lists what can happen next and, for what cannot, everything that is missing and who could do it."""
    with opened() as session:
        looking = session.looking(session.actor(acting_as))
        standing, possible = looking.standing(ref), looking.moves(ref)
    if as_json:
        emit({**standing, "moves": [one.to_json() for one in possible]})
        return
    say(f"{standing['case']}: {standing['state_label']} ({standing['stage']}), version {standing['version']}")
    for head, can in (("Can happen now", True), ("Cannot happen now", False)):
        found = [one for one in possible if one.can == can]
        if found:
            heading(head)
            for one in found:
                _print_move(one, standing, with_facts)


def _print_move(one: "Possible", standing: "Mapping[str, Any]", with_facts: bool) -> None:
    states = known_lifecycle(standing["lifecycle"]).state_by_id
    targets = [states[name].label if name in states else name for name in one.to.split(" or ")]
    leads = "" if one.to == standing["state"] else f" (leads to: {' or '.join(targets)})"
    say(f"  {one.trigger}: {one.label}{leads}")
    for unmet in one.unmet:
        say(f"      missing: {words(unmet.says)}")
    if one.unmet:
        say(f"      who could: {', '.join(one.who)}")
    if with_facts:
        for fact in one.facts:
            kind = " | ".join(fact.choices) if fact.choices else str(fact.type)
            needed = "" if fact.required else ", if known"
            say(f"      --fact {fact.name}=...  {fact.label} ({kind}{needed})")


@app.command(
    "apply-policy",
    epilog=example(
        "waymark case apply-policy PB-12 --dry-run", "waymark case apply-policy PB-12 --reason 'agreed with the team'"
    ),
)
def apply_policy(
    ref: Ref,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is applied now.")] = "the current policy applies",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    key: Key = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Moves a case to the current policy of its authority: its running deadlines are dated anew."""
    from workflow import clock_actions

    with opened() as session:
        engine, actor, now = session.service.engine, session.actor(acting_as), session.now
        rows = clock_actions.preview_new_policy(engine, actor, now, case=ref)
        if not dry_run:
            clock_actions.apply_new_policy(engine, actor, now, case=ref, reason=reason, way=session.way(key))
    print_re_dated(rows, as_json)


def print_re_dated(rows: "Sequence[Mapping[str, Any]]", as_json: bool) -> None:
    """Deadlines with their dates before and after."""
    if as_json:
        emit(rows)
        return
    heads = ("deadline", "what", "due before", "due after")
    table(heads, [(row["deadline"], row["label"], due(row["due_before"]), due(row["due_after"])) for row in rows])
