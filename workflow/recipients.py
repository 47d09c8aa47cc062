"""Who is told: a ladder's roles resolved to people of the case's team and authority, with absence cover and leavers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from states.roles import Role
from workflow.accounts import TEAMS, USERS
from workflow.alert_tables import Absence
from workflow.tables import table

ABSENCES = table(Absence)
WORKERS = (Role.CASEWORKER, Role.PAUSE_PRACTITIONER)
TEAM_LEADS = (Role.TEAM_MANAGER, Role.PAUSE_LEAD)


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    role: str
    team: str
    authority: str
    record: str
    email: str | None


def _works_on(person: _Person, record: str) -> bool:
    """As `permissions.works_on`, for a record known by its kind alone."""
    return "both" in (person.record, record) or person.record == record


class Directory:
    """The people of the service on one day: read once for a whole sweep."""

    def __init__(self, connection: Connection, today: date) -> None:
        rows = connection.execute(
            select(USERS.c.username, USERS.c.role, USERS.c.team, TEAMS.c.authority, TEAMS.c.record, USERS.c.email)
            .join(TEAMS, TEAMS.c.code == USERS.c.team)
            .where(USERS.c.active)
            .order_by(USERS.c.username)
        )
        self._people = {row.username: _Person(*row) for row in rows}
        self._holders: dict[tuple[str, str], list[_Person]] = {}
        for person in self._people.values():
            self._holders.setdefault((person.role, person.authority), []).append(person)
        self._managers = {row.code: row.manager for row in connection.execute(select(TEAMS.c.code, TEAMS.c.manager))}
        away = connection.execute(
            select(ABSENCES.c.username, ABSENCES.c.cover).where(
                (ABSENCES.c.starts_on <= today) & (ABSENCES.c.ends_on >= today)
            )
        )
        self._cover = {row.username: row.cover for row in away}

    def for_roles(
        self, roles: Sequence[Role], *, owner: str | None, team: str, authority: str, record: str
    ) -> tuple[list[str], list[str]]:
        """(accounts to tell, roles for which there is nobody); an account stands once."""
        told: dict[str, None] = {}
        nobody: list[str] = []
        for role in roles:
            found = self._for_role(role, owner=owner, team=team, authority=authority, record=record)
            told.update(dict.fromkeys(found))
            if not found:
                nobody.append(str(role))
        return list(told), nobody

    def has_address(self, username: str) -> bool:
        """Whether this account can be told by e-mail."""
        return username in self._people and bool(self._people[username].email)

    def manager_of(self, team: str) -> str | None:
        """Who answers for the team today: its manager, or their cover."""
        return self._answering(self._managers.get(team), team)

    def _for_role(self, role: Role, *, owner: str | None, team: str, authority: str, record: str) -> list[str]:
        if role in WORKERS and owner is not None:
            return self._present([owner], team)
        if role in WORKERS:  # nobody named yet: the team's manager answers for its queue
            return self._present([self._managers.get(team)], team)
        holders = [person for person in self._holders.get((role, authority), ()) if _works_on(person, record)]
        if role in TEAM_LEADS:
            manager = self._managers.get(team)
            if manager in self._people and self._people[manager].role == role:
                return self._present([manager], team)
            holders = [person for person in holders if person.team == team] or holders
        return self._present([person.username for person in holders], team)

    def _present(self, usernames: Sequence[str | None], team: str) -> list[str]:
        """Who is there for these accounts: themselves, their cover, or the team's manager for a leaver without one."""
        found: dict[str, None] = {}
        for username in usernames:
            person = self._answering(username, team)
            if person is not None:
                found[person] = None
        return list(found)

    def _answering(self, username: str | None, team: str) -> str | None:
        tried: set[str] = set()
        while username is not None and username not in tried:
            tried.add(username)
            if username in self._people and username not in self._cover:
                return username
            cover = self._cover.get(username)
            username = cover if cover and cover not in tried else self._managers.get(team)
        return None
