"""The demo's teams and accounts: every role, in two authorities."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from scheduler.calendars import add_days, local_date
from states.roles import Role
from workflow import accounts
from workflow.accounts import Operator
from workflow.bootstrap import DEMO_MANAGER
from workflow.demo.people import Names
from workflow.identity import credentials, passwords
from workflow.models import Record

BEGIN_AS = ("demo.durham.worker1", DEMO_MANAGER)  # who a newcomer is told to sign in as
DEMO_PASSWORD = "demo-only-waymark-2026"  # noqa: S105  # of every invented account; it opens nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays which part in the cases of one authority, by user name."""

    authority: str
    team: str
    front_door: str
    duty: str
    manager: str
    service_manager: str
    director: str
    legal: str
    chair: str
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseCast:
    authority: str
    team: str
    lead: str
    service_manager: str
    practitioners: tuple[str, ...]


def _numbered(stem: str, number: int) -> tuple[str, ...]:
    return tuple(f"{stem}{one}" for one in range(1, number + 1))


DURHAM = Cast(
    authority="durham",
    team="demo.durham.prebirth",
    front_door="demo.durham.frontdoor",
    duty="demo.durham.edt",
    manager="demo.durham.tm",
    service_manager=DEMO_MANAGER,
    director="demo.durham.director",
    legal="demo.durham.legal",
    chair="demo.durham.chair",
    workers=_numbered("demo.durham.worker", 6),
)
PAUSE = PauseCast(
    authority="durham",
    team="demo.durham.pause",
    lead="demo.pause.lead",
    service_manager=DEMO_MANAGER,
    practitioners=_numbered("demo.pause.practitioner", 7),
)
BIRMINGHAM = Cast(
    authority="birmingham",
    team="demo.birmingham.prebirth",
    front_door="demo.birmingham.cass",
    duty="demo.birmingham.edt",
    manager="demo.birmingham.tm",
    service_manager="demo.birmingham.manager",
    director="demo.birmingham.director",
    legal="demo.birmingham.legal",
    chair="demo.birmingham.chair",
    workers=_numbered("demo.birmingham.worker", 6),
)
UNTRAINED = BIRMINGHAM.workers[-1]  # to assess parents with a learning disability: a colleague works beside them
FAMILIES_FIRST = ("demo.durham.families-first", "demo.durham.ff.tm")  # team and its manager
ASTI = ("demo.birmingham.asti", "demo.birmingham.asti.tm")
SAFEGUARDING = ("demo.birmingham.safeguarding", "demo.birmingham.safeguarding.tm")
CHILDREN_IN_CARE = ("demo.birmingham.children-in-care", "demo.birmingham.cic.tm")

# code, name, whose record, manager; then the accounts of the team: user name and role
_Team = tuple[str, str, Record, str | None, tuple[tuple[str, Role], ...]]


def _workers(cast: Cast) -> tuple[tuple[str, Role], ...]:
    return ((cast.manager, Role.TEAM_MANAGER), *((name, Role.CASEWORKER) for name in cast.workers))


def _shared(cast: Cast, label: str) -> tuple[_Team, ...]:
    """The teams every authority has beside those that hold cases."""
    place = f"demo.{cast.authority}"
    return (
        (
            f"{place}.management",
            f"{label} service management",
            Record.BOTH,
            cast.service_manager,
            (
                (cast.service_manager, Role.SERVICE_MANAGER),
                (f"{place}.head", Role.HEAD_OF_SERVICE),
                (cast.director, Role.ASSISTANT_DIRECTOR),
            ),
        ),
        (
            f"{place}.door",
            f"{label} front door and emergency duty",
            Record.BABY,
            cast.front_door,
            ((cast.front_door, Role.FRONT_DOOR), (cast.duty, Role.EMERGENCY_DUTY)),
        ),
        (
            f"{place}.court",
            f"{label} legal and conference chairs",
            Record.BABY,
            cast.legal,
            ((cast.legal, Role.LEGAL), (cast.chair, Role.CHAIR)),
        ),
        (
            f"{place}.audit",
            f"{label} audit and oversight",
            Record.BOTH,
            None,
            (
                (f"{place}.auditor", Role.AUDITOR),
                (f"{place}.oversight", Role.OVERSIGHT),
                (f"{place}.admin", Role.ADMINISTRATOR),
            ),
        ),
    )


def _led(code: str, name: str, manager: str, workers: int) -> _Team:
    stem = manager.removesuffix(".tm")
    people = tuple((one, Role.CASEWORKER) for one in _numbered(f"{stem}.worker", workers))
    return (code, name, Record.BABY, manager, ((manager, Role.TEAM_MANAGER), *people))


TEAMS: dict[str, tuple[_Team, ...]] = {
    "durham": (
        (DURHAM.team, "Durham Pre-birth Intervention Service", Record.BABY, DURHAM.manager, _workers(DURHAM)),
        _led(FAMILIES_FIRST[0], "Durham Families First", FAMILIES_FIRST[1], 2),
        (
            PAUSE.team,
            "Pause Durham",
            Record.PAUSE,
            PAUSE.lead,
            ((PAUSE.lead, Role.PAUSE_LEAD), *((one, Role.PAUSE_PRACTITIONER) for one in PAUSE.practitioners)),
        ),
        *_shared(DURHAM, "Durham"),
    ),
    "birmingham": (
        (BIRMINGHAM.team, "Birmingham Pre-Birth Service", Record.BABY, BIRMINGHAM.manager, _workers(BIRMINGHAM)),
        _led(ASTI[0], "Birmingham ASTI", ASTI[1], 2),
        _led(SAFEGUARDING[0], "Birmingham Safeguarding", SAFEGUARDING[1], 2),
        _led(CHILDREN_IN_CARE[0], "Birmingham Children in Care", CHILDREN_IN_CARE[1], 2),
        *_shared(BIRMINGHAM, "Birmingham"),
    ),
}


def _trained_until(username: str, role: Role, today: date) -> date | None:
    if role is not Role.CASEWORKER or username == UNTRAINED:
        return None
    return add_days(today, 25 if username == DURHAM.workers[-1] else 500)


def add_staff(connection: Connection, operator: Operator, names: Names) -> None:
    """Makes the teams and accounts. Every worker is trained (S-DUR), but for one in Birmingham; one's runs out soon.

    All share one password, hashed once: a hash for each would take longer than the whole caseload.
    """
    kept = passwords.hash_password(DEMO_PASSWORD)
    for authority, teams in TEAMS.items():
        for code, name, record, manager, people in teams:
            accounts.add_team(connection, operator, code=code, name=name, authority=authority, record=record)
            for username, role in people:
                accounts.add_user(
                    connection,
                    operator,
                    username=username,
                    name=names.anyone(),
                    role=role,
                    team=code,
                    trained_until=_trained_until(username, role, local_date(operator.now)),
                )
                credentials.set_password(connection, username, kept, operator.now)
            if manager is not None:
                accounts.set_manager(connection, operator, code=code, manager=manager)
