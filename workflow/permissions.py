"""Who may see and do what: role, team, kind of record and case, decided in this one place."""

from enum import StrEnum

from states.lifecycle import Lifecycle, State, Transition
from states.roles import ROLE_LABELS, Role
from workflow.accounts import Actor
from workflow.errors import NotAllowed
from workflow.models import Record

READS_NO_CASE = frozenset({Role.ADMINISTRATOR, Role.OVERSIGHT, Role.SYSTEM})
WRITES_NOTHING = frozenset({Role.AUDITOR, Role.OVERSIGHT})
OWN_TEAM_ONLY = frozenset({Role.CASEWORKER, Role.TEAM_MANAGER, Role.PAUSE_PRACTITIONER})
LEADS = (Role.TEAM_MANAGER, Role.PAUSE_LEAD, Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR)
_CLINIC_LEADS = frozenset({Role.TEAM_MANAGER, Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE})
_EVERYBODY = frozenset(Role) - {Role.SYSTEM}
_READERS = _EVERYBODY - READS_NO_CASE
_WRITERS = _READERS - WRITES_NOTHING


class Permission(StrEnum):
    """What a way in asks for before anything else; the case itself is asked for after that."""

    OWN_ACCOUNT = "own_account"  # one's own sessions, tokens, messages
    SEE_RULES = "see_rules"  # lifecycles, policies, and what they would decide: no case in them
    READ_CASES = "read_cases"
    WRITE_CASES = "write_cases"  # try a move or an act; the table of the lifecycle names the roles
    OPEN_CASES = "open_cases"  # try to open one; an administrator takes a caseload over
    SEARCH_NAMES = "search_names"
    READ_EVIDENCE = "read_evidence"  # over all cases one may read: search and export
    ARRANGE_CLINICS = "arrange_clinics"  # plan a clinic session, say that it was held, call it off
    KEEP_STOCK = "keep_stock"  # things that are lent: add one, say how it is
    KEEP_OFFER = "keep_offer"  # the map of what families are offered: add an entry, change one
    READ_REPORTS = "read_reports"  # counts, no case
    SUPPLY_FIGURES = "supply_figures"  # work out figures from files of the authority's own, and keep the counts
    READ_ALERTS_TOLD = "read_alerts_told"  # who was told what and how late, over a team
    COMPARE_POLICIES = "compare_policies"
    GIVE_ACCESS = "give_access"  # restrict a case, name its readers, grant sight of it
    ARRANGE_WORK = "arrange_work"  # absences and their cover, for others
    CHANGE_CALENDAR = "change_calendar"  # bank holidays, and open work dated by them
    RUN_SYSTEM = "run_system"  # people, teams, jobs, settings


ROLES_WITH: dict[Permission, frozenset[Role]] = {
    Permission.OWN_ACCOUNT: _EVERYBODY,
    Permission.SEE_RULES: _EVERYBODY,
    Permission.READ_CASES: _READERS,
    Permission.WRITE_CASES: _WRITERS,
    Permission.OPEN_CASES: _WRITERS | {Role.ADMINISTRATOR},
    Permission.SEARCH_NAMES: _READERS - {Role.AUDITOR},
    Permission.READ_EVIDENCE: frozenset({*LEADS, Role.AUDITOR}),
    Permission.ARRANGE_CLINICS: _CLINIC_LEADS,
    Permission.KEEP_STOCK: _CLINIC_LEADS | {Role.ADMINISTRATOR},
    Permission.KEEP_OFFER: frozenset({*LEADS, Role.ADMINISTRATOR}),
    Permission.READ_REPORTS: _READERS | {Role.OVERSIGHT},
    Permission.SUPPLY_FIGURES: frozenset({*LEADS, Role.ADMINISTRATOR}),
    Permission.READ_ALERTS_TOLD: frozenset({*LEADS, Role.AUDITOR}),
    Permission.COMPARE_POLICIES: frozenset(LEADS),
    Permission.GIVE_ACCESS: frozenset(LEADS),
    Permission.ARRANGE_WORK: frozenset({*LEADS, Role.ADMINISTRATOR}),
    Permission.CHANGE_CALENDAR: frozenset(
        {Role.SERVICE_MANAGER, Role.HEAD_OF_SERVICE, Role.ASSISTANT_DIRECTOR, Role.ADMINISTRATOR}
    ),
    Permission.RUN_SYSTEM: frozenset({Role.ADMINISTRATOR}),
}


def sees_counts_only(actor: Actor) -> bool:
    """Whether small numbers are withheld from this account: it is given figures, and no case behind them."""
    return actor.role in READS_NO_CASE


def has(actor: Actor, permission: Permission) -> bool:
    return actor.role in ROLES_WITH[permission]


def check(actor: Actor, permission: Permission) -> None:
    """NotAllowed where the account's role does not have it; says which roles do."""
    if has(actor, permission):
        return
    who = ", ".join(ROLE_LABELS[role] for role in Role if role in ROLES_WITH[permission])
    raise NotAllowed(f"your role ({ROLE_LABELS[actor.role]}) may not do this; these may: {who}")


def reads_kind(actor: Actor, lifecycle: Lifecycle, authority: str) -> bool:
    """Whether this account's role and team read this kind of case of this authority at all.

    A mother's Pause record is closed to her baby's team and the reverse; an administrator runs the system and reads no
    case; an authority's cases are its own.
    """
    return actor.role not in READS_NO_CASE and actor.authority == authority and works_on(actor, lifecycle)


def works_on(actor: Actor, lifecycle: Lifecycle) -> bool:
    """Whether this account's team works on this kind of record; on what is about no person, every team does.

    One granted sight of another changes nothing in it.
    """
    return Record.BOTH in (actor.record, lifecycle.record) or actor.record == lifecycle.record


def bound_to_team(actor: Actor) -> bool:
    """Whether this account reads the cases of its own team only, beside those it answers for."""
    return actor.role in OWN_TEAM_ONLY


def withholds_personal(actor: Actor, state: State) -> bool:
    """Whether personal facts are kept from this account, whose work needs only states and dates.

    An auditor looks at what was done, when and by whom. The front door needs them while it decides on a referral.
    """
    return actor.role is Role.AUDITOR or (actor.role is Role.FRONT_DOOR and state.stage not in ("Referral", "Consent"))


def may_fire(actor: Actor, row: Transition) -> bool:
    """Whether the table lets this account's role take this transition."""
    return actor.role in row.roles
