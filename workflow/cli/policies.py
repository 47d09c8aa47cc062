"""Commands of a policy author: check what is written, and try one referral. They need neither account nor database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.explanations import print_decision
from workflow.cli.inputs import read_facts
from workflow.cli.options import AsJson, example
from workflow.cli.output import emit, say, table
from workflow.cli.session import clock

if TYPE_CHECKING:
    from config.policy import Policy

app = typer.Typer(
    name="policy", help="Check policies, and try one on a referral.", no_args_is_help=True, rich_markup_mode=None
)
app.info.epilog = example("waymark policy check", "waymark policy decide --authority durham --facts referral.json")


def register(root: typer.Typer) -> None:
    root.add_typer(app)


@app.command(epilog=example("waymark policy check", "waymark policy check my-authority.toml"))
def check(
    file: Annotated[Path | None, typer.Argument(help="A policy file; all that are shipped if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Checks a policy file (or all) against the lifecycles; names file, key and reason for whatever is wrong."""
    from config.policy import PolicyError, check_policy, load_policy, load_versions
    from states.catalogue import LIFECYCLES

    policies: list[Policy] = (
        [load_policy(file)] if file is not None else [one for all_ in load_versions().values() for one in all_]
    )
    problems = list(dict.fromkeys(one for policy in policies for one in check_policy(policy, LIFECYCLES)))
    if problems:
        raise PolicyError(problems)
    if as_json:
        emit([_policy_json(policy) for policy in policies])
        return
    heads = ("authority", "version", "in force from", "rules", "time limits", "digest")
    table(heads, [_policy_row(policy) for policy in policies])
    say("Every policy is fit for use." if file is None else "The policy is fit for use.")


def _policy_json(policy: "Policy") -> dict[str, Any]:
    return {
        "authority": policy.authority,
        "label": policy.label,
        "version": policy.version,
        "effective_from": policy.effective_from,
        "digest": policy.digest,
    }


def _policy_row(policy: "Policy") -> tuple[Any, ...]:
    limits = sum(len(clocks) for clocks in policy.limits.values())
    return (policy.authority, policy.version, policy.effective_from, len(policy.criteria), limits, policy.digest[:12])


@app.command(
    epilog=example(
        "waymark policy decide --authority durham --facts referral.json",
        "waymark policy decide --authority birmingham --facts - --json < referral.json",
    )
)
def decide(
    authority: Annotated[str, typer.Option(help="Whose policy to apply.")],
    facts: Annotated[str, typer.Option(metavar="FILE", help="The referral's facts as JSON; '-' for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Decides on one referral, with the result of every rule. What is absent or null counts as not known."""
    from scheduler.calendars import local_date
    from workflow.bootstrap import checked_policies
    from workflow.decisions import decide_on_given
    from workflow.policies import Policies

    policy = Policies(checked_policies()).current(authority, local_date(clock()))
    decision = decide_on_given(policy, read_facts(facts)).to_json()
    if as_json:
        emit(decision)
    else:
        print_decision(decision, policy.services)
