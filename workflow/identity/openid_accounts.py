"""Which account an OpenID sign-in belongs to, and what its claims give: one role and one team, or nothing at all."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from config.openid import OpenIDProvider
from states.roles import Role
from workflow import audit
from workflow.accounts import RESERVED, TEAMS, USERS, Operator, add_user, find_actor, record_change
from workflow.acts import Way
from workflow.errors import BadInput, Conflict, NotAllowed, NotSignedIn
from workflow.identity.digests import digest, short_id
from workflow.identity.evidence import record
from workflow.identity_tables import Identity
from workflow.models import EntryKind
from workflow.tables import table

IDENTITIES = table(Identity)
LONGEST_SUBJECT = 255  # as OpenID Connect says
LONGEST_NAME, LONGEST_USERNAME = 120, 50


class Refused(NotAllowed):
    """The provider knows this person, and they may not come in; `why` is what the evidence says of it."""

    def __init__(self, why: str, says: str, username: str | None = None) -> None:
        self.why, self.username = why, username
        super().__init__(says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a provider said of somebody, in this authority's words."""

    issuer: str
    subject: str
    roles: frozenset[Role]
    teams: frozenset[str]
    username: str  # a fit one, if an account is to be made
    name: str
    second_factor: bool

    @property
    def known_as(self) -> str:
        """How evidence names them: by a digest, as a subject may be a staff number."""
        return _known_as(self.issuer, self.subject)


def read_person(said: OpenIDProvider, claims: Mapping[str, Any]) -> Person:
    """The claims read by the settings; NotSignedIn where they do not say who it is."""
    subject = claims.get(said.subject_claim)
    if not isinstance(subject, str) or not _is_subject(subject):
        raise NotSignedIn(f"the OpenID provider did not say who signed in: it sent no claim {said.subject_claim!r}")
    username = safe_username(_text(claims, said.username_claim)) or f"openid-{_known_as(said.issuer, subject)}"
    name = "".join(sign for sign in _text(claims, said.name_claim) if sign.isprintable()).strip()[:LONGEST_NAME]
    return Person(
        issuer=said.issuer,
        subject=subject,
        roles=frozenset(said.roles[one] for one in _values(claims, said.role_claim) if one in said.roles),
        teams=frozenset(said.teams[one] for one in _values(claims, said.team_claim) if one in said.teams),
        username=username,
        name=name or username,
        second_factor=_second_factor(said, claims),
    )


def settle(connection: Connection, said: OpenIDProvider, person: Person, by: Operator) -> str:
    """The account of a person, made or brought up to date as the claims say, each recorded; Refused where none is."""
    linked = connection.execute(
        select(USERS.c.username, USERS.c.active, USERS.c.role, USERS.c.team, TEAMS.c.authority)
        .join(IDENTITIES, IDENTITIES.c.username == USERS.c.username)
        .join(TEAMS, TEAMS.c.code == USERS.c.team)
        .where(IDENTITIES.c.issuer == person.issuer, IDENTITIES.c.subject == person.subject)
    ).first()
    if linked is None:
        if not said.create_accounts:
            raise Refused("not_linked", "no account here belongs to that sign-in: ask an administrator to link yours")
        role, team = _post(connection, said, person, None)
        return _make(connection, person, role, team, by)
    if not linked.active:
        raise Refused("disabled", "your account here is disabled: ask an administrator", linked.username)
    if linked.authority != said.authority:
        says = f"your account here belongs to another authority than {said.authority}, for which that sign-in speaks"
        raise Refused("other_authority", says, linked.username)
    role, team = _post(connection, said, person, linked.username)
    if (role.value, team) != (linked.role, linked.team):
        connection.execute(USERS.update().where(USERS.c.username == linked.username).values(role=role.value, team=team))
        before = {"role_before": linked.role, "team_before": linked.team}
        facts = {"username": linked.username, "role": role.value, "team": team, **before, "subject": person.known_as}
        record_change(connection, by, "set_role", said.authority, facts)
    return str(linked.username)


def link(connection: Connection, operator: Operator, *, username: str, issuer: str, subject: str) -> None:
    """Lets who is known to a provider as this subject sign in as the account; recorded.

    NotAllowed where the account is not there or disabled; Conflict where the subject has an account.
    """
    if not issuer.startswith(("https://", "http://")) or not _is_subject(subject):
        raise BadInput("an identity needs the provider's issuer, an https address, and the subject it knows them by")
    find_actor(connection, username)
    there = connection.execute(
        select(IDENTITIES.c.username).where(IDENTITIES.c.issuer == issuer, IDENTITIES.c.subject == subject)
    ).scalar()
    if there is not None:
        raise Conflict(f"that subject is linked already, to the account {there!r}")
    _link(connection, username, issuer, subject, operator.now)
    facts = {"issuer": issuer, "subject": _known_as(issuer, subject)}
    record(connection, "link_identity", username, operator.now, facts=facts, by=operator)


def record_refusal(
    connection: Connection, said: OpenIDProvider, person: Person, refused: Refused, by: Operator
) -> None:
    """That somebody whom the provider knows was not let in, and why; no word of their claims."""
    facts = {"by": "openid", "why": refused.why, "subject": person.known_as}
    came = Way(source=by.source, request_id=by.request_id)
    if refused.username is not None:
        record(connection, "sign_in_refused", refused.username, by.now, facts=facts, way=came)
        return
    audit.append_system(
        connection,
        {
            "kind": EntryKind.SYSTEM,
            "trigger": "sign_in_refused",
            "authority": said.authority,
            "occurred_at": by.now,
            "recorded_at": by.now,
            "actor": "system",
            "actor_role": Role.SYSTEM,
            "actor_team": "",
            "facts": {**facts, "known": False},
            "source": by.source,
            "request_id": by.request_id,
        },
    )


def safe_username(text: str) -> str:
    """A user name as near to this as accounts allow: what stands before @, in small letters; "" where nothing is left.

    >>> safe_username("Zoë.O'Hara@example.gov.uk")
    'zoe.o.hara'
    """
    plain = unicodedata.normalize("NFKD", text.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_-]+", ".", plain)[:LONGEST_USERNAME].strip("._-")


def _post(connection: Connection, said: OpenIDProvider, person: Person, username: str | None) -> tuple[Role, str]:
    """The one role and the one team that the claims give."""
    for what, found in (("role", person.roles), ("team", person.teams)):
        if len(found) != 1:
            gives = f"no {what}" if not found else f"more than one {what}"
            says = f"that sign-in gives you {gives} here: ask whoever runs it to put you in the right group"
            raise Refused(gives.replace(" ", "_"), says, username)
    (role,), (team,) = person.roles, person.teams
    there = select(TEAMS.c.code).where(TEAMS.c.code == team, TEAMS.c.authority == said.authority)
    if connection.execute(there).first() is None:
        says = (
            f"that sign-in gives you the team {team}, and {said.authority} has none of that code: tell an administrator"
        )
        raise Refused("unknown_team", says, username)
    return role, team


def _make(connection: Connection, person: Person, role: Role, team: str, by: Operator) -> str:
    username = _free(connection, person.username)
    add_user(connection, by, username=username, name=person.name, role=role, team=team)
    _link(connection, username, person.issuer, person.subject, by.now)
    facts = {"issuer": person.issuer, "subject": person.known_as}
    record(connection, "link_identity", username, by.now, facts=facts, by=by)
    return username


def _free(connection: Connection, wanted: str) -> str:
    """The name, or with a number where it is taken: an account that is there is never somebody else's by its name."""
    for number in count(1):
        name = wanted if number == 1 else f"{wanted}-{number}"
        taken = connection.execute(select(USERS.c.username).where(USERS.c.username == name)).first()
        if taken is None and name not in RESERVED:
            return name
    raise AssertionError("unreachable")


def _link(connection: Connection, username: str, issuer: str, subject: str, now: datetime) -> None:
    row = {"issuer": issuer, "subject": subject, "username": username, "linked_at": now}
    connection.execute(IDENTITIES.insert(), row)


def _known_as(issuer: str, subject: str) -> str:
    return short_id(digest(f"{issuer}\0{subject}"))


def _is_subject(subject: str) -> bool:
    return subject.isprintable() and 0 < len(subject) <= LONGEST_SUBJECT


def _second_factor(said: OpenIDProvider, claims: Mapping[str, Any]) -> bool:
    if not said.counts_as_second_factor:
        return False
    asked = said.second_factor_acr or said.second_factor_amr
    by_acr = not _values(claims, "acr").isdisjoint(said.second_factor_acr)
    return not asked or by_acr or not _values(claims, "amr").isdisjoint(said.second_factor_amr)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _values(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts in a claim: of that very name, or else found along the dots in it."""
    found: Any = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return frozenset(one for one in several if isinstance(one, str))
