"""Who may see and do what: role, team and kind of record, decided in this one place."""

from states.lifecycle import Lifecycle, Transition
from states.roles import Role
from workflow.accounts import Actor
from workflow.models import Record

READS_NO_CASE = frozenset({Role.ADMINISTRATOR, Role.OVERSIGHT})


def may_read(actor: Actor, lifecycle: Lifecycle, authority: str) -> bool:
    """Whether this account may see a case of this kind and authority.

    A mother's Pause record is closed to her baby's team and the reverse; an administrator runs the system and reads no
    case; an authority's cases are its own.
    """
    return (
        actor.role not in READS_NO_CASE
        and actor.authority == authority
        and actor.record in (Record.BOTH, Record(lifecycle.record))
    )


def may_fire(actor: Actor, row: Transition) -> bool:
    """Whether the table lets this account's role take this transition."""
    return actor.role in row.roles
