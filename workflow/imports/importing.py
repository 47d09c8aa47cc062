"""One import from file to sealed evidence: read, check, stage, load; a dry run stops after the checks."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduler.calendars import local_date
from states.catalogue import LIFECYCLES
from workflow.accounts import Actor
from workflow.bootstrap import Service
from workflow.errors import NotAllowed, NotReady
from workflow.imports.checking import Checker, Tally, may_bring_in
from workflow.imports.columns import REFERRAL_LIFECYCLE, Column, Kind, known, plain_name, sheet
from workflow.imports.loading import Load
from workflow.imports.problems import Problems, refuse
from workflow.imports.reading import Row, read_rows
from workflow.imports.staging import clear_leftovers, spool, spooled
from workflow.seals import seal, send_out

Progress = Callable[[str, int, int | None], None]
IN_MEMORY = 8 * 1024 * 1024  # checked rows beyond this wait in an unnamed temporary file
SAY_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import came to; in a dry run what it would come to. `notes` are sentences the person should read."""

    kind: str
    rows: int
    opened: int
    already_there: int
    dry_run: bool
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "notes": list(self.notes)}


def import_file(
    service: Service,
    path: Path,
    actor: Actor,
    authority: str,
    now: datetime,
    *,
    dry_run: bool,
    progress: Progress,
) -> ImportReport:
    """Opens a case for every row of a file, or for none; BadInput lists everything wrong, by line and column.

    A row whose source reference was imported before is left alone. `progress` hears of each phase: its name, the rows
    done, and how many there are where that is known.
    """
    if actor.authority != authority:
        raise NotAllowed(f"your account belongs to {actor.authority}: it cannot import for {authority[:60]}")
    service.policies.current(authority, local_date(now))
    if not dry_run:
        clear_leftovers(service.database, authority, now)
    problems = Problems(path.name)
    rows = _counted(read_rows(path, known), progress)
    kind, header = _header(path.name, next(rows, None), problems)
    _check_may_import(actor, kind)
    checker = Checker(service.database, kind, actor, authority, now)
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8") as aside:
        spool(checker.check(header, rows, problems), aside)
        problems.raise_if_any()
        if checker.tally.rows == 0:
            raise refuse(path.name, "holds no rows below its header")
        opened = checker.tally.fresh
        if not dry_run and opened:
            load = Load(service=service, kind=kind, actor=actor, file=path.name, now=now, progress=progress)
            opened = load.run(spooled(aside), opened)
    notes = [*_notes(checker.tally), *(_seal(service, now, progress) if opened and not dry_run else ())]
    return ImportReport(
        kind=kind.value,
        rows=checker.tally.rows,
        opened=opened,
        already_there=checker.tally.rows - opened,
        dry_run=dry_run,
        notes=tuple(notes),
    )


def _counted(rows: Iterator[Row], progress: Progress) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count % SAY_EVERY == 0:
            progress("Reading and checking", count, None)
        yield row


def _header(file: str, row: Row | None, problems: Problems) -> tuple[Kind, Sequence[Column]]:
    """The kind of file and its columns in order; BadInput where a column is unknown, missing or there twice."""
    if row is None:
        raise refuse(file, "is empty")
    names = [plain_name(str(cell or "")) for cell in row.cells]
    kind = Kind.CASELOAD if {"lifecycle", "state"} & set(names) else Kind.REFERRALS
    columns = sheet(kind)
    if not any(known(name) for name in names):
        raise refuse(file, "does not begin with the names of columns (see `waymark import --template`)")
    for number, name in enumerate(names, 1):
        shown = name[:40] or f"number {number}"
        if name not in columns.by_name:
            problems.add(f"is not a column of {kind} (see `waymark import --template`)", line=row.line, column=shown)
        elif name in names[: number - 1]:
            problems.add("is there twice", line=row.line, column=shown)
    for column in columns.columns:
        if column.required and column.name not in names:
            problems.add("is missing from the header", line=row.line, column=column.name)
    problems.raise_if_any()
    return kind, [columns.by_name[name] for name in names]


def _check_may_import(actor: Actor, kind: Kind) -> None:
    lifecycles = [LIFECYCLES[REFERRAL_LIFECYCLE]] if kind is Kind.REFERRALS else LIFECYCLES.values()
    if not any(may_bring_in(actor, lifecycle, kind) for lifecycle in lifecycles):
        raise NotAllowed(f"your account may not import {'a ' if kind is Kind.CASELOAD else ''}{kind}")


def _notes(tally: Tally) -> Iterator[str]:
    if tally.different:
        one = tally.different == 1
        yield (
            f"{tally.different:,} of the rows already there {'says' if one else 'say'} something else than when "
            f"{'it was' if one else 'they were'} imported; the {'case was' if one else 'cases were'} left as "
            f"{'it is' if one else 'they are'}"
        )


def _seal(service: Service, now: datetime, progress: Progress) -> Iterator[str]:
    """Seals the new evidence; yields what the person should know where that is not possible."""
    progress("Sealing the evidence", 0, None)
    try:
        key = service.seal_key()
    except NotReady as error:
        yield f"the evidence is not sealed yet: {error}, then run `waymark audit seal`"
        return
    with service.database.write() as connection:
        head = seal(connection, key, now)
    file = service.heads_file()
    if head is None or file is None:
        return
    try:
        send_out(head, file)
    except OSError as error:
        yield f"the evidence is sealed, but its signed head could not be written to {file}: {error.strerror}"
