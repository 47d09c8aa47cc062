"""Commands of a policy author: check what is written, try one referral, see what it would change over the caseload."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.cli.explanations import print_compared, print_decision
from workflow.cli.inputs import read_facts
from workflow.cli.options import AsJson, AsUser, example
from workflow.cli.output import emit, heading, json_line, progress, say, table
from workflow.cli.session import clock

if TYPE_CHECKING:
    from config.policy import Policy
    from workflow.cli.session import Session

SAY_EVERY = 100  # cases
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


@app.command(
    epilog=example(
        "waymark policy compare current my-authority.toml",
        "waymark policy compare 2026-01 current --authority durham --json",
        "waymark policy compare current --weeks 24 --without positive_change --ended",
    )
)
def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A version, 'current', or a policy file (.toml).")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, of what is to take its place.")] = "current",
    *,
    weeks: Annotated[
        int | None, typer.Option(min=1, max=42, help="NEW, but for referrals before so many whole weeks.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PART", help="NEW without this part of its rules; can be repeated.")
    ] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also the cases that have ended.")] = False,
    counts_only: Annotated[bool, typer.Option("--counts", help="The counts, and no case by name.")] = False,
    authority: Annotated[str | None, typer.Option(help="Whose policy; yours if left out.")] = None,
    acting_as: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Shows what another policy would change over the cases you may read. It changes nothing."""
    from workflow.cli.session import opened
    from workflow.comparisons import Counts, compared, how_many
    from workflow.criteria_reviews import Review, reviewed
    from workflow.errors import NotAllowed
    from workflow.permissions import Permission, check
    from workflow.what_ifs import what_if

    with opened() as session, progress() as tell:
        actor = session.actor(acting_as)
        check(actor, Permission.COMPARE_POLICIES)
        if authority not in (None, actor.authority):
            raise NotAllowed(f"{actor.username} works for {actor.authority} and sees no case of {authority}")
        before, after = (_policy_at(session, actor.authority, one) for one in (old, new))
        if weeks is not None or without:
            after = what_if(after, weeks=weeks, without=without or ())
        session.looking(actor).report("comparison of policies", export=True)
        engine, now = session.service.engine, session.now
        total = how_many(engine, actor, now, actor.authority, ended=ended)
        counts, review, separator = Counts(), Review(), '{"cases": ['
        for one in compared(engine, actor, now, old=before, new=after, ended=ended):
            counts.add(one)
            review.add(one)
            if counts.cases % SAY_EVERY == 0:
                tell("Comparing", counts.cases, total)
            if counts_only or not one.differs:
                continue
            if as_json:  # as they come: a caseload is not held in memory
                say(f"{separator}{json_line(one.to_json())}")
                separator = ","
            else:
                print_compared(one)
        with session.service.database.read() as connection:
            found = reviewed(connection, review, after)
    if as_json:
        told = {"old": before.version, "new": after.version, "counts": asdict(counts), "review": found}
        say(f"{'' if separator == ',' else separator}], {json_line(told).removeprefix('{')}")
        return
    print_review(found)
    of = f"Of {counts.cases} {'' if ended else 'open '}cases"
    say(
        f"{of}, {counts.decided_otherwise} would be decided on otherwise. {counts.dates_moved} "
        f"running deadlines would move, {counts.breached} of them into the past; people would be told of {counts.told}."
    )


def print_review(found: Mapping[str, Any]) -> None:
    """The referrals of a comparison by what is decided on them, under both policies."""
    from workflow.criteria_reviews import GROUPED, RESULTS

    if not found["referrals"]:
        return
    heads = {"accepted": "accepted", "elsewhere": "elsewhere", "manager": "a manager decides", "lacking": "lack facts"}
    heading(f"{found['referrals']} referrals, now and as they would be")
    rows = [("all", found["all"]), *((one["team"], one) for one in found["teams"])]
    rows += [(one["year"], one) for one in found["years"]]
    table(("of", *heads.values()), [(of, *(_both(one[name]) for name in GROUPED)) for of, one in rows])
    heading("By criterion")
    criteria = [(one["rule"], *(_both(one[name]) for name in RESULTS)) for one in found["criteria"]]
    table(("rule", "met", "not met", "not known"), criteria)
    heading("Open cases that would be accepted, beside what workers can hold")
    table(
        ("team", "workers", "places", "accepted", "over"),
        [(one["team"], one["workers"], one["places"], _both({"old": one["accepted_old"], "new": one["accepted_new"]}),
          one["over"]) for one in found["capacity"]],
    )  # fmt: skip
    say()


def _both(pair: Mapping[str, int]) -> str:
    return str(pair["old"]) if pair["old"] == pair["new"] else f"{pair['old']} -> {pair['new']}"


def _policy_at(session: "Session", authority: str, named: str) -> "Policy":
    """A version by its name, or the policy in a file."""
    from workflow.comparisons import LONGEST_FILE, named_policy, written_policy
    from workflow.errors import BadInput

    if not named.endswith(".toml"):
        return named_policy(session.service.policies, authority, named, session.now)
    try:
        with Path(named).open(encoding="utf-8") as file:
            return written_policy(file.read(LONGEST_FILE + 1), authority)
    except OSError as error:
        raise BadInput(f"the file {named[:200]} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"the file {named[:200]} is not UTF-8 text") from None
