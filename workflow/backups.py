"""A copy of a SQLite database made while it is at work, and known to be good before anybody relies on it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from workflow import chains, looks, seals
from workflow.bootstrap import Service
from workflow.database import Database
from workflow.errors import BadInput, EvidenceBroken, NotReady

PAGES = 2000  # copied at once: writers go on in between


@dataclass(frozen=True, slots=True)
class Backup:
    """What the copy holds, all of it verified."""

    entries: int
    looks: int
    sealed: int


def back_up(service: Service, file: Path, tell: Callable[[str, int, int | None], None] = lambda *_: None) -> Backup:
    """Copies the database as of one moment into a new file. EvidenceBroken where the copy does not verify.

    BadInput where the file is there already or cannot be written; NotReady on PostgreSQL. What is not finished is
    removed.
    """
    if not service.database.is_sqlite:
        raise NotReady("`waymark backup` copies a SQLite database; for PostgreSQL see docs/operating.md, Backups")
    made = file.with_name(f"{file.name}.unfinished")
    if file.exists() or made.exists():
        raise BadInput(f"there is a file {file if file.exists() else made} already; name a new one")
    heads = service.heads_file()
    outside = (
        seals.read_heads(heads) if heads is not None and heads.exists() else []
    )  # before: later ones are not in it
    try:
        _copy(str(service.database.url.database), made, tell)
        verified = _verified(made, outside, tell)
        made.rename(file)
    except (OSError, sqlite3.Error) as error:
        raise BadInput(f"the file {file} cannot be written: {error}") from None
    finally:
        for name in (made, Path(f"{made}-wal"), Path(f"{made}-shm")):
            name.unlink(missing_ok=True)
    return verified


def _copy(source: str, made: Path, tell: Callable[[str, int, int | None], None]) -> None:
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # nobody else reads it, from the first byte on
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(made)) as new:
        old.execute("BEGIN")  # as of one moment: a copy that follows what is written meanwhile might never end
        old.execute("SELECT count(*) FROM alembic_version").fetchone()
        old.backup(new, pages=PAGES, progress=lambda _, left, of: tell("Copying", of - left, of))


def _verified(made: Path, outside: list[seals.Head], tell: Callable[[str, int, int | None], None]) -> Backup:
    copy, wrong = Database(f"sqlite:///{made}"), ""
    with closing(copy), copy.read() as connection:
        try:
            found = chains.verify_chains(connection, lambda done: tell("Verifying the copy", done, None))
            looked, sealed = looks.verify_looks(connection), seals.verify_log(connection, outside)
        except EvidenceBroken as broken:
            wrong = str(broken)  # and no more of it: it would hold what still reads from the copy
    if wrong:
        raise EvidenceBroken(f"the copy does not verify, and was removed: {wrong}")
    return Backup(found.entries, looked, sealed)
