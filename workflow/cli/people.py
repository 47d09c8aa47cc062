"""Commands for accounts and teams. They need the operating-system account only and show no case."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from states.roles import ROLE_LABELS, Role
from workflow.cli.options import AsJson, AsUser, example, read_day
from workflow.cli.output import emit, say, table
from workflow.cli.session import opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

users = typer.Typer(name="user", help="Accounts.", no_args_is_help=True, rich_markup_mode=None)
users.info.epilog = example("waymark user list")
teams = typer.Typer(name="team", help="Teams.", no_args_is_help=True, rich_markup_mode=None)
teams.info.epilog = example("waymark team list")
ROLES = "; ".join(f"{role.value} {ROLE_LABELS[role]}" for role in Role if role is not Role.SYSTEM)


TRAINED = "Training to assess parents with a learning disability"


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
    trained_until: Annotated[
        date | None, typer.Option(metavar="DATE", parser=read_day, help=f"{TRAINED}: its last day.")
    ] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where messages are sent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Adds an account and prints its token and an invitation to set a password, once; if it is there, a new token."""
    from workflow import accounts
    from workflow.identity import invitations, tokens
    from workflow.models import TokenScope

    with opened() as session:
        by = session.operator()

        def work(connection: "Connection") -> tuple[str, str | None]:
            made = accounts.add_user(
                connection,
                by,
                username=username,
                name=name,
                role=role,
                team=team,
                trained_until=trained_until,
                email=email,
            )
            token = tokens.issue(
                connection,
                username,
                name="command line",
                scope=TokenScope.ACT,
                days=tokens.USUAL_DAYS,
                now=session.now,
                by=by,
            )
            return token, invitations.invite(connection, by, username=username) if made else None

        token, invitation = session.service.engine.retried(work)
        page = invitations.page(session.service.settings.base_url)
    if as_json:
        emit({"username": username, "token": token, "valid_for_days": tokens.USUAL_DAYS, "invitation": invitation})
        return
    if invitation is not None:
        _say_invitation(username, invitation, page)
    say(f"Or, on the command line, {username} can act with this token for {tokens.USUAL_DAYS} days:")
    say(f"WAYMARK_TOKEN={token}")
    say(
        "Neither is shown again."
        if invitation
        else "It is not shown again. `waymark user invite` sets a password anew."
    )


@users.command("invite", epilog=example("waymark user invite ann.example"))
def invite(username: Annotated[str, typer.Argument(help="The account.")], as_json: AsJson = False) -> None:
    """Prints a code with which a person sets a first or a new password, once, within 72 hours."""
    from workflow.identity import invitations

    with opened() as session:
        by = session.operator()
        code = session.service.engine.retried(lambda c: invitations.invite(c, by, username=username))
        page = invitations.page(session.service.settings.base_url)
    if as_json:
        emit({"username": username, "invitation": code, "page": page, "valid_for_hours": invitations.HOURS})
        return
    _say_invitation(username, code, page)
    say("It is not shown again. The password there was works until then.")


def _say_invitation(username: str, code: str, page: str) -> None:
    from workflow.identity import invitations

    say(
        f"{username} opens {page} within {invitations.HOURS} hours, gives this code and sets a password; it works once:"
    )
    say(code)


@users.command(
    "link",
    epilog=example("waymark user link ann.example --issuer https://sso.example.gov.uk/realms/staff --subject 7f3c-42"),
)
def link_identity(
    username: Annotated[str, typer.Argument(help="The account.")],
    *,
    issuer: Annotated[str, typer.Option(metavar="ADDRESS", help="The OpenID provider, as WAYMARK_OPENID names it.")],
    subject: Annotated[str, typer.Option(help="What the provider knows the person by.")],
) -> None:
    """Lets a person sign in to an account through an OpenID provider."""
    from workflow.errors import BadInput
    from workflow.identity import openid_accounts

    with opened() as session:
        by, provider = session.operator(), session.service.settings.openid
        if provider is not None and provider.issuer != issuer:
            raise BadInput(f"WAYMARK_OPENID names the issuer {provider.issuer}: give --issuer exactly so")
        session.service.engine.retried(
            lambda connection: openid_accounts.link(connection, by, username=username, issuer=issuer, subject=subject)
        )
    say(f"{username} can sign in through {issuer}.")


@users.command("reset-second-factor", epilog=example("waymark user reset-second-factor ann.example"))
def reset_second_factor(username: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Takes a lost second factor away and signs the account out; the next sign-in sets up a new one."""
    from workflow.identity import second_factor

    with opened() as session:
        by = session.operator()
        session.service.engine.retried(lambda connection: second_factor.forget(connection, by, username=username))
    say(f"{username} has no second factor and is signed out everywhere; their password stays as it was.")


@users.command("sessions", epilog=example("waymark user sessions ann.example"))
def list_sessions(username: Annotated[str, typer.Argument(help="The account.")], as_json: AsJson = False) -> None:
    """Lists where an account is signed in."""
    from dataclasses import asdict
    from datetime import timedelta

    from workflow.accounts import find_actor
    from workflow.identity import sessions

    with opened() as session, session.service.database.read() as connection:
        find_actor(connection, username)
        idle = timedelta(minutes=session.service.settings.session_idle_minutes)
        rows = [asdict(one) for one in sessions.list_for(connection, username, session.now, idle=idle)]
    if as_json:
        emit(rows)
        return
    if not rows:
        say(f"{username} is not signed in anywhere.")
        return
    heads = ("id", "device", "created_at", "seen_at", "expires_at", "second_factor")
    table(heads, [tuple(row[head] for head in heads) for row in rows])


@users.command("sign-out", epilog=example("waymark user sign-out ann.example"))
def sign_out(username: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Ends every session of an account at once; its tokens stay."""
    from workflow.identity import sessions

    with opened() as session:
        by = session.operator()
        ended = session.service.engine.retried(lambda connection: sessions.sign_out(connection, by, username=username))
    say(f"{username} is signed out: {ended} session{'' if ended == 1 else 's'} ended.")


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


@users.command("trained", epilog=example("waymark user trained ann.example --until 2028-11-30"))
def trained(
    username: Annotated[str, typer.Argument(help="The account.")],
    *,
    until: Annotated[date, typer.Option(metavar="DATE", parser=read_day, help=f"{TRAINED}: its last day.")],
) -> None:
    """Records until when somebody is trained to assess parents with a learning disability; a day gone by ends it."""
    from workflow import accounts

    with opened() as session:
        by = session.operator()

        def work(connection: "Connection") -> bool:
            return accounts.change_user(connection, by, username=username, trained_until=until)

        changed = session.service.engine.retried(work)
    say(f"{username} is trained until {until}." if changed else f"That stood there already: until {until}.")


@users.command("disable", epilog=example("waymark user disable ann.example"))
def disable_user(username: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Closes an account, revokes its tokens and signs it out; what it did keeps its name."""
    from workflow import accounts

    with opened() as session:
        by = session.operator()
        session.service.engine.retried(lambda connection: accounts.disable_user(connection, by, username=username))
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
