"""Cases that may be about the same people as a referral that is being written: by name, day of birth, expected date."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Text, and_, false, or_, select, type_coerce

from states.lifecycle import Lifecycle
from workflow.access import are_readable
from workflow.accounts import Actor
from workflow.names import SHORTEST, are_named
from workflow.references import reference
from workflow.repository import CASES

MOST_NAMES, MOST_FOUND, MOST_READ = 4, 10, 200
NAME, BIRTH, EXPECTED = "name", "date_of_birth", "edd"  # what matched
_PERSONAL = type_coerce(CASES.c.personal, Text)  # JSON is kept as text, so that a date in it can be looked for


def alike(
    connection: Connection, actor: Actor, now: datetime, lifecycle: Lifecycle, facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Cases of that kind, open or ended, that share something with these facts; what most matches first, then newest.

    Only cases this account may read: of others it learns nothing, not even that there is one. `matches` says what is
    the same: a name, the day of birth of one of the parents, the expected date of birth.
    """
    born = {one for one in (facts.get("date_of_birth"), *_of_parents(facts, "date_of_birth")) if one}
    named = [are_named(words) for words in _names(facts)]
    expected = date.fromisoformat(facts["edd"]) if facts.get("edd") else None
    signs = [
        *named,
        *(_PERSONAL.contains(f'"{one}"', autoescape=True) for one in sorted(born)),
        *([CASES.c.edd == expected] if expected else []),
    ]
    if not signs:
        return []
    here = and_(are_readable(connection, actor, now), CASES.c.lifecycle == lifecycle.id)
    query = (
        select(*(CASES.c[name] for name in ("id", "state", "personal", "edd")), or_(false(), *named).label("named"))
        .where(here, or_(*signs))
        .order_by(CASES.c.id.desc())
        .limit(MOST_READ)
    )
    found = [_row(lifecycle, dict(row), born, expected) for row in connection.execute(query).mappings()]
    found.sort(key=lambda one: -len(one["matches"]))
    return [one for one in found if one["matches"]][:MOST_FOUND]


def _of_parents(facts: Mapping[str, Any], name: str) -> list[Any]:
    return [one.get(name) for one in facts.get("parents") or ()]


def _names(facts: Mapping[str, Any]) -> list[str]:
    """The names to look for, each without initials: a letter alone would find everybody."""
    names = [str(one) for one in (facts.get("name"), *_of_parents(facts, "name")) if one]
    whole = (" ".join(word for word in name.split() if sum(map(str.isalnum, word)) >= SHORTEST) for name in names)
    return [one for one in whole if one][:MOST_NAMES]


def _row(lifecycle: Lifecycle, row: Mapping[str, Any], born: set[str], expected: date | None) -> dict[str, Any]:
    theirs = {row["personal"].get("date_of_birth"), *_of_parents(row["personal"], "date_of_birth")}
    matched = {NAME: row["named"], BIRTH: born & theirs, EXPECTED: expected is not None and row["edd"] == expected}
    state = lifecycle.state_by_id[row["state"]]
    return {
        "case": reference(lifecycle.id, row["id"]),
        "stage": state.stage,
        "state_label": state.label,
        "matches": [sign for sign, holds in matched.items() if holds],
    }


def signs_sought(facts: Mapping[str, Any]) -> Sequence[str]:
    """What there is to look for, for the log of looks: that it was given, never what."""
    given = {
        NAME: bool(_names(facts)),
        BIRTH: any((facts.get("date_of_birth"), *_of_parents(facts, "date_of_birth"))),
        EXPECTED: bool(facts.get("edd")),
    }
    return [sign for sign, holds in given.items() if holds]
