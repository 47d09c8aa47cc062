"""Commands for accounts and teams. They need the operating-system account only and show no case."""

from datetime import date
from typing import Annotated

import typer

from states.roles import ROLE_LABELS, Role
from workflow.cli.options import AsJson, AsUser, example, read_day
from workflow.cli.output import emit, say, table
from workflow.cli.session import opened

users = typer.Typer(name="user", help="Accounts.", no_args_is_help=True, rich_markup_mode=None)
users.info.epilog = example("waymark user list")
teams = typer.Typer(name="team", help="Teams.", no_args_is_help=True, rich_markup_mode=None)
teams.info.epilog = example("waymark team list")
ROLES = "; ".join(f"{role.value} {ROLE_LABELS[role]}" for role in Role if role is not Role.SYSTEM)


def register(root: typer.Typer) -> None:
    root.add_typer(users)
    root.add_typer(teams)


@users.command(
    "add", epilog=example("waymark user add ann.example --name 'Ann Example' --role CW --team durham-prebirth")
)
def add_user(
    username: Annotated[str, typer.Argument(help="The name to sign in with: small letters, digits, dots, dashes.")],
    *,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[Role, typer.Option(help=f"{ROLES}.", show_choices=False, metavar="ROLE")],
    team: Annotated[str, typer.Option(help="The team's code.")],
    trained: Annotated[
        bool, typer.Option("--trained-learning-disability", help="Trained in assessing parents with one.")
    ] = False,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where messages are sent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Adds an account and prints its token, once; for an account that is there already, a new token."""
    from workflow import accounts

    with opened() as session, session.service.database.write() as connection:
        token = accounts.add_user(
            connection,
            session.operator(),
            username=username,
            name=name,
            role=role,
            team=team,
            trained_learning_disability=trained,
            email=email,
        )
    if as_json:
        emit({"username": username, "token": token, "valid_for_days": accounts.TOKEN_LIFE.days})
        return
    say(f"{username} can act with this token for {accounts.TOKEN_LIFE.days} days; it is not shown again:")
    say(f"WAYMARK_TOKEN={token}")


@users.command("list", epilog=example("waymark user list"))
def list_users(as_json: AsJson = False) -> None:
    """Lists accounts."""
    from workflow import accounts

    with opened() as session, session.service.database.read() as connection:
        rows = accounts.list_users(connection)
    if as_json:
        emit(rows)
        return
    heads = ("username", "name", "role", "team", "authority", "active")
    table(heads, [tuple(row[head] for head in heads) for row in rows])


@users.command("disable", epilog=example("waymark user disable ann.example"))
def disable_user(username: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Closes an account and revokes its tokens; what it did keeps its name."""
    from workflow import accounts

    with opened() as session, session.service.database.write() as connection:
        accounts.disable_user(connection, session.operator(), username=username)
    say(f"{username} can no longer act. `waymark check` names open cases that are left without anybody.")


@users.command(
    "away",
    epilog=example("waymark user away ann.example --from 2026-12-21 --to 2027-01-04 --cover sam.example"),
)
def away(
    username: Annotated[str, typer.Argument(help="The account.")],
    *,
    starts: Annotated[date, typer.Option("--from", metavar="DATE", parser=read_day, help="The first day away.")],
    ends: Annotated[date, typer.Option("--to", metavar="DATE", parser=read_day, help="The last day away.")],
    cover: Annotated[
        str | None, typer.Option(metavar="USER", help="Who is told instead; else the team's manager.")
    ] = None,
    acting_as: AsUser = None,
) -> None:
    """Says when somebody is away and who covers. It needs an account: their own, a manager's or an administrator's."""
    from workflow import absences

    with opened() as session:
        absences.set_absence(
            session.service.engine,
            session.actor(acting_as),
            session.now,
            username=username,
            starts_on=starts,
            ends_on=ends,
            cover=cover,
            way=session.way(),
        )
    say(f"{username} is away from {starts} to {ends}; {cover or 'the manager of the team'} is told instead.")


@teams.command(
    "add", epilog=example("waymark team add durham-prebirth --name 'Pre-birth team' --authority durham --record baby")
)
def add_team(
    code: Annotated[str, typer.Argument(help="The team's code: small letters, digits, dots, dashes.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    authority: Annotated[str, typer.Option(help="The authority it belongs to.")],
    record: Annotated[str, typer.Option(help="Which records it reads: baby, pause or both.")] = "baby",
    manager: Annotated[str | None, typer.Option(metavar="USER", help="Who answers for cases without an owner.")] = None,
) -> None:
    """Adds a team."""
    from scheduler.calendars import local_date
    from workflow import accounts
    from workflow.models import Record

    if record not in set(Record):
        raise typer.BadParameter(f"{record[:40]!r} is not one of {', '.join(Record)}", param_hint="--record")
    with opened() as session, session.service.database.write() as connection:
        session.service.policies.current(authority, local_date(session.now))
        accounts.add_team(
            connection,
            session.operator(),
            code=code,
            name=name,
            authority=authority,
            record=Record(record),
            manager=manager,
        )
    say(f"The team {code} is there.")


@teams.command("manager", epilog=example("waymark team manager durham-prebirth ann.example"))
def set_manager(
    code: Annotated[str, typer.Argument(help="The team's code.")],
    username: Annotated[str, typer.Argument(help="The account that answers for its cases without an owner.")],
) -> None:
    """Names the manager of a team."""
    from workflow import accounts

    with opened() as session, session.service.database.write() as connection:
        accounts.set_manager(connection, session.operator(), code=code, manager=username)
    say(f"{username} manages the team {code}.")


@teams.command("list", epilog=example("waymark team list"))
def list_teams(as_json: AsJson = False) -> None:
    """Lists teams."""
    from workflow import accounts

    with opened() as session, session.service.database.read() as connection:
        rows = accounts.list_teams(connection)
    if as_json:
        emit(rows)
        return
    heads = ("code", "name", "authority", "record", "manager")
    table(heads, [tuple(row[head] for head in heads) for row in rows])
