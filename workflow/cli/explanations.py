"""The command that answers "why does this case stand where it does?" in plain words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from workflow.cli import cases
from workflow.cli.options import AsJson, AsUser, Ref, example
from workflow.cli.output import due, emit, heading, say, table, words
from workflow.cli.session import opened
from workflow.decision_words import verdict

if TYPE_CHECKING:
    from workflow.comparisons import Compared


def register(_: typer.Typer) -> None:
    cases.app.command(epilog=example("waymark case explain PB-12"))(explain)


def explain(ref: Ref, acting_as: AsUser = None, as_json: AsJson = False) -> None:
    """Says why a case stands where it does: what was decided, its last moves, what each date waits for."""
    with opened() as session:
        view = session.looking(session.actor(acting_as)).explanation(ref)
    if as_json:
        emit(view)
        return
    say(f"{view['case']} has been {view['state_label']} ({view['stage']}) since {words(view['since'])}.")
    say(f"That is: {words(view['meaning'])}.")
    if view["decision"]:
        heading("What the policy says of the referral")
        print_decision(view["decision"], {})
    heading("The last moves")
    for row in view["last_moves"]:
        step = f" (to {row['to_label']})" if row["to"] != row["from"] else ""
        say(f"  {words(row['occurred_at'])}  {row['label']}, by {row['actor']}{step}")
    if view["last_refusal"]:
        row = view["last_refusal"]
        say(f"  Last refused: {row['label']}, by {row['actor']} at {words(row['recorded_at'])}: {_unmet(row)}")
    heading("What its dates wait for")
    for row in view["waiting_for"]:
        say(f"  {row['deadline']} {row['label']}, due {due(row['due_at'])} ({row['status']})")
        for move in row["waits_for"]:
            here = "" if move["from_here"] else " (not from here)"
            say(f"      {move['trigger']}: {move['label']}, by {', '.join(move['who'])}{here}")
        if not row["waits_for"]:
            say("      it ends when the case moves on")
    if not view["waiting_for"]:
        say("  No date is running.")


def _unmet(row: Mapping[str, Any]) -> str:
    return "; ".join(words(says) for _, _, says in row["unmet"])


def print_compared(one: "Compared") -> None:
    """What another policy would change for one case, in plain words."""
    heading(one.case)
    if one.decision is not None:
        old, new = (_short(one.decision[name]) for name in ("old", "new"))
        say(f"  decided: {old}; it would be: {new}")
    for row in one.deadlines:
        late = " (past due)" if row["breaches"] else ""
        told = f"; told: {', '.join(row['told'])}" if row["told"] else ""
        say(f"  {row['deadline']} {row['label']}: {due(row['due_old'])} would be {due(row['due_new'])}{late}{told}")


def _short(decision: Mapping[str, Any]) -> str:
    return " ".join(words(decision[name]) for name in ("decision", "service", "rule") if decision[name])


def print_decision(decision: Mapping[str, Any], services: Mapping[str, str]) -> None:
    """A decision in plain words, with its trace."""
    say(verdict(decision, services))
    if decision["missing"]:
        say(f"Not known yet: {', '.join(decision['missing'])}.")
    if decision["overlays"]:
        say(f"Also applies: {', '.join(decision['overlays'])}.")
    if decision["flags"]:
        say(f"Flags: {', '.join(_spoken(decision['flags']))}.")
    table(
        ("rule", "result", "because"),
        [(one["id"], one["result"].replace("_", " "), one["because"]) for one in decision["rules"]],
    )


def _spoken(names: Sequence[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]
