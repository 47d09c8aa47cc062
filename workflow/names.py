"""Search by name: the words of the names that stand in a case, kept apart so that a search need not open every case."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, select

from workflow.access_tables import CaseName
from workflow.errors import BadInput
from workflow.repository import CASES
from workflow.tables import table

NAMES = table(CaseName)
MOST_WORDS = 5
SHORTEST = 2  # letters: fewer find everybody


def words_of(facts: Mapping[str, Any]) -> frozenset[str]:
    """The folded words of the names of parents, and of a woman at Pause."""
    names = [facts.get("name"), *(one.get("name") for one in facts.get("parents") or ())]
    return frozenset(word for name in names if name for word in _words(name))


def keep_names(connection: Connection, case_id: int, words: Iterable[str]) -> None:
    """Makes these the words that lead to the case."""
    connection.execute(NAMES.delete().where(NAMES.c.case_id == case_id))
    rows = [{"case_id": case_id, "word": word} for word in sorted(words)]
    if rows:
        connection.execute(NAMES.insert(), rows)


def are_named(name: str) -> Any:
    """A condition on cases: every word given begins a word of a name in them; BadInput where that finds everybody."""
    here = NAMES.c.case_id == CASES.c.id
    return and_(*(exists(select(NAMES.c.word).where(here & _begins(word))) for word in _sought(name)))


def cases_named(name: str) -> Select[int]:
    """The numbers of the cases in which the longest word given begins a word of a name."""
    return select(NAMES.c.case_id).where(_begins(max(_sought(name), key=len))).distinct()


def _sought(name: str) -> list[str]:
    words = _words(name)[:MOST_WORDS]
    if not words or any(len(word) < SHORTEST for word in words):
        raise BadInput(f"a name to search for needs words of at least {SHORTEST} letters")
    return words


def _begins(word: str) -> Any:
    return (NAMES.c.word >= word) & (NAMES.c.word < word + "\U0010ffff")


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", name.casefold())
