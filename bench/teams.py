"""An authority of many teams: a thousand cases each, shared by twenty workers, one case in a hundred restricted."""

from bench.caseload import OPENED, Whose
from states.roles import Role
from workflow.accounts import TEAMS, USERS
from workflow.bootstrap import Service

SIZE, WORKERS, EVERY = 1_000, 20, 101  # of a hundred and one cases one is restricted, whoever owns it
ABOVE, SERVICE_MANAGER = "management", "service.manager"


def team(number: int) -> str:
    return f"team.{number}"


def manager(number: int) -> str:
    return f"team.{number}.manager"


def worker(number: int, place: int) -> str:
    return f"team.{number}.worker.{place}"


def of_teams(number: int) -> Whose:
    """Whose the case of that number is."""
    of = (number - 1) // SIZE
    return Whose(team(of), worker(of, number % WORKERS), number % EVERY == 0)


def staff(service: Service, first: int, last: int) -> None:
    """The teams numbered `first` to `last` with their people, the team above them, and the policy of their cases."""
    numbers = range(first, last + 1)
    teams = [_team(team(one), "baby", manager(one)) for one in numbers]
    people = [_person(manager(one), Role.TEAM_MANAGER, team(one)) for one in numbers]
    people += [_person(worker(one, at), Role.CASEWORKER, team(one)) for one in numbers for at in range(WORKERS)]
    with service.database.write() as connection:
        connection.execute(TEAMS.insert(), [*teams, _team(ABOVE, "both", SERVICE_MANAGER)])
        connection.execute(USERS.insert(), [*people, _person(SERVICE_MANAGER, Role.SERVICE_MANAGER, ABOVE)])
        service.policies.store(connection, service.policies.current("durham", OPENED.date()), OPENED)


def _team(code: str, record: str, managed_by: str) -> dict[str, str]:
    return {"code": code, "name": code, "authority": "durham", "record": record, "manager": managed_by}


def _person(username: str, role: Role, of: str) -> dict[str, object]:
    return {
        "username": username,
        "name": username,
        "role": role,
        "team": of,
        "active": True,
        "created_at": OPENED,
    }
