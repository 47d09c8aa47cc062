"""The floor of a move: the rows that Waymark's own wrote for one case, written again for others, by hand."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.places import Bare
from workflow.columns import instant_text

# By how many of its first columns a row is named; the first is the case.
KEYS = {"cases": 1, "deadlines": 2, "audit_entries": 2, "audit_contents": 2}
RUNNING = "SELECT * FROM deadlines WHERE case_id = ? AND closed_at IS NULL"
NOW = ("occurred_at", "recorded_at")  # of an entry
Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


@dataclass(frozen=True, slots=True)
class Write:
    """One row of a move: all of it where it is new, else the columns that change."""

    table: str
    statement: str
    row: Row


class MoveFloor:
    """Watches one real move, and repeats what it did to the tables."""

    def __init__(self, bare: Bare, case: int, move: Callable[[], None]) -> None:
        before = {table: _rows(bare, table, case) for table in KEYS}
        move()
        writes = [one for table in KEYS for one in _difference(table, before[table], _rows(bare, table, case))]
        self._writes = sorted(writes, key=lambda one: one.table != "audit_entries")  # whose hash the case keeps

    def move(self, bare: Bare, case: int) -> None:
        """Reads a case and its deadlines, and writes for it what was written for the one watched."""
        at: Any = instant_text(datetime.now(UTC)) if bare.is_sqlite else datetime.now(UTC)
        bare.begin()
        lock = "" if bare.is_sqlite else " FOR UPDATE"
        bare.run(f"SELECT * FROM cases WHERE id = ?{lock}", (case,)).fetchone()
        bare.run(RUNNING, (case,)).fetchall()
        head = ""
        for one in self._writes:
            row = {**one.row, "id" if one.table == "cases" else "case_id": case}
            if one.table == "audit_entries":
                row |= dict.fromkeys(NOW, at)
                head = row["hash"] = hashlib.sha256("|".join(map(str, row.values())).encode()).hexdigest()
            elif one.table == "cases":
                row["head"] = head
            bare.run(one.statement, tuple(row.values()))
        bare.run("COMMIT")


def _rows(bare: Bare, table: str, case: int) -> Rows:
    key = "id" if table == "cases" else "case_id"
    found = bare.run(f"SELECT * FROM {table} WHERE {key} = ?", (case,))
    names = [column[0] for column in found.description]
    return {row[: KEYS[table]]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


def _difference(table: str, before: Rows, after: Rows) -> list[Write]:
    writes = []
    for key, row in after.items():
        names = list(row)
        if key not in before:
            marks = ", ".join("?" * len(names))
            writes.append(Write(table, f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", row))
        elif changed := {name: value for name, value in row.items() if before[key][name] != value}:
            sets = ", ".join(f"{name} = ?" for name in changed)
            where = " AND ".join(f"{name} = ?" for name in names[: KEYS[table]])
            named = {name: row[name] for name in names[: KEYS[table]]}
            writes.append(Write(table, f"UPDATE {table} SET {sets} WHERE {where}", {**changed, **named}))
    return writes
