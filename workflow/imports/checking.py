"""Checks the rows of a file against lifecycles, teams, accounts and what was imported before; writes nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from scheduler.calendars import at_time, local_date
from states.catalogue import LIFECYCLES
from states.guards import GUARDS, Situation
from states.lifecycle import NEW, Lifecycle, Transition
from states.roles import Role
from workflow.accounts import TEAMS, USERS, Actor
from workflow.audit import CONTENTS, ENTRIES
from workflow.database import Database
from workflow.imports.columns import (
    REFERRAL_LIFECYCLE,
    Column,
    Kind,
    Parsed,
    Sheet,
    facts_of,
    gather,
    parse,
    row_meant,
    rows_of,
    sheet,
)
from workflow.imports.problems import Problems
from workflow.imports.reading import Row
from workflow.models import Record
from workflow.permissions import may_fire, reads_kind
from workflow.repository import CASES

AT_A_TIME = 400  # rows looked up with one query
COUNTED_FROM = 1990  # the first year of the working calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One checked row, ready to be loaded. `occurred_on` and the days among the facts stand in their JSON form."""

    line: int
    source_reference: str
    lifecycle: str
    team: str
    occurred_on: str
    facts: Mapping[str, Any]
    child: int | None = None
    parent_source_reference: str | None = None

    @property
    def rank(self) -> int:
        """Where the row stands in the order of loading: a case before those under it."""
        return 0 if LIFECYCLES[self.lifecycle].parent is None else 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """What became of the rows: `different` are those already there whose row now says something else."""

    rows: int = 0
    fresh: int = 0
    already_there: int = 0
    different: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A case that bears one of the source references of the file."""

    id: int
    lifecycle: str
    final: bool


class Checker:
    """Checks one file for one authority. Holds of each row only its source reference, so that memory stays bounded."""

    def __init__(self, database: Database, kind: Kind, actor: Actor, authority: str, now: datetime) -> None:
        self.database, self.kind, self.actor, self.authority = database, kind, actor, authority
        self.today = local_date(now)
        self.columns: Sheet = sheet(kind)
        self.tally = Tally()
        self._lines: dict[str, int] = {}
        self._lifecycles: dict[str, str] = {}  # the cases of this file that others may stand under
        self._under: list[tuple[int, str, str]] = []  # (line, lifecycle it must be, source reference)
        with database.read() as connection:
            self._teams = {
                row.code: Record(row.record)
                for row in connection.execute(select(TEAMS).where(TEAMS.c.authority == authority))
            }
            query = select(USERS.c.username).join(TEAMS, TEAMS.c.code == USERS.c.team)
            query = query.where((TEAMS.c.authority == authority) & USERS.c.active)
            self._accounts = frozenset(connection.execute(query).scalars())

    def check(self, header: Sequence[Column], rows: Iterable[Row], problems: Problems) -> Iterator[Arrival]:
        """Yields the rows that are good and not yet imported; what is wrong with the others goes to `problems`."""
        for chunk in _chunks(rows, AT_A_TIME):
            parsed = [parse(header, row) for row in chunk]
            with self.database.read() as connection:
                found = cases_by_source(connection, self.authority, [_reference(one) for one in parsed])
                opened = self._openings(connection, found)
            for one in parsed:
                self.tally.rows += 1
                arrival = self._arrival(one)
                self._note_reference(one)
                case = found.get(_reference(one))
                if case is not None and not one.is_bad("source_reference"):
                    self.tally.already_there += 1
                    self.tally.different += not _same(arrival if not one.bad else None, opened.get(case.id))
                    continue
                self._note_parent(one)
                for column, says in one.bad:
                    problems.add(says, line=one.line, column=column)
                if arrival is not None and not one.bad:
                    self.tally.fresh += 1
                    yield arrival
        self._check_parents(problems)

    # -- one row

    def _arrival(self, parsed: Parsed) -> Arrival | None:
        """The row as the case it opens; None where too little of it can be read. What is wrong is added to the row."""
        values = parsed.values
        if not values and parsed.bad:
            return None
        for column in self.columns.columns:
            if column.required and column.name not in values and not parsed.is_bad(column.name):
                parsed.says(column.name, "is missing")
            if column.must_be_past and isinstance(values.get(column.name), date):
                self._check_past(parsed, column.name)
        lifecycle = self._lifecycle(parsed)
        if lifecycle is None:
            return None
        self._check_place(parsed, lifecycle)
        row = row_meant(lifecycle, self.kind, values)
        facts = gather(self.columns, parsed, row.facts if row else facts_of(lifecycle, self.kind))
        if self.kind is Kind.CASELOAD:
            self._check_taking_over(parsed, lifecycle)
        occurred_on = self._occurred_on(parsed)
        if row is None or occurred_on is None or parsed.bad:
            return None
        self._check_guards(parsed, row, facts, occurred_on)
        return Arrival(
            line=parsed.line,
            source_reference=values["source_reference"],
            lifecycle=lifecycle.id,
            team=values["team"],
            occurred_on=occurred_on.isoformat(),
            facts=facts,
            child=values.get("child"),
            parent_source_reference=values.get("parent_source_reference"),
        )

    def _check_guards(self, parsed: Parsed, row: Transition, facts: Mapping[str, Any], occurred_on: date) -> None:
        """The conditions of the table that look at nothing but the facts of the row."""
        situation = Situation(
            state=NEW,
            trigger=self.kind.trigger,
            actor=self.actor.username,
            occurred_on=occurred_on,
            facts=facts,
            submitted=facts,
        )
        for name in row.guards:
            derived = _Derived()
            if not GUARDS[name].holds(replace(situation, derived=derived)) and not derived.was_asked:
                parsed.bad.append((None, GUARDS[name].says))

    def _check_past(self, parsed: Parsed, name: str) -> None:
        if parsed.values[name] > self.today:
            parsed.says(name, "must not lie in the future")
        elif parsed.values[name].year < COUNTED_FROM:
            parsed.says(name, f"must not lie before {COUNTED_FROM}")

    def _occurred_on(self, parsed: Parsed) -> date | None:
        names = ("occurred_on", "received_on") if self.kind is Kind.REFERRALS else ("since",)
        found: date | None = next((parsed.values[name] for name in names if name in parsed.values), None)
        if found is None and not any(parsed.is_bad(name) for name in names):
            parsed.says(names[0], "is missing")
        return found

    def _check_place(self, parsed: Parsed, lifecycle: Lifecycle) -> None:
        """Whether the account may bring such cases in, and the team holds them."""
        kind = lifecycle.label.lower()
        if not may_bring_in(self.actor, lifecycle, self.kind):
            column = "lifecycle" if self.kind is Kind.CASELOAD else None
            parsed.bad.append((column, f"your account may not bring in {kind} cases"))
        team = parsed.values.get("team")
        if team is None:
            return
        if team not in self._teams:
            parsed.says("team", f"there is no such team in {self.authority}")
        elif self._teams[team] not in (Record.BOTH, Record(lifecycle.record)):
            parsed.says("team", f"this team does not hold {kind} cases")

    def _check_taking_over(self, parsed: Parsed, lifecycle: Lifecycle) -> None:
        """State, owner, clocks and the case above."""
        values, kind = parsed.values, lifecycle.label.lower()
        state = values.get("state")
        waiting = [one.id for one in lifecycle.states if not one.final]
        if state is not None and state not in waiting:
            parsed.says("state", f"must be an open state of {kind}: {', '.join(waiting)}")
        if "owner" in values and values["owner"] not in self._accounts:
            parsed.says("owner", f"there is no active account of that name in {self.authority}")
        received, since = values.get("received_on"), values.get("since")
        if received is not None and since is not None and since < received:
            parsed.says("since", "lies before received_on")
        if state in waiting:
            self._check_clocks(parsed, lifecycle, state)
        self._check_above(parsed, lifecycle)

    def _check_clocks(self, parsed: Parsed, lifecycle: Lifecycle, state: str) -> None:
        seen: set[str] = set()
        for name, value in parsed.values.items():
            column = self.columns.by_name[name]
            if column.path[:1] != ("clocks",):
                continue
            if column.fact.name != "clock":
                if value.year not in range(COUNTED_FROM, 2100):
                    parsed.says(name, f"must lie between the years {COUNTED_FROM} and 2099")
                continue
            clock = lifecycle.clock_by_id.get(value)
            if clock is None or clock.per in ("approval", "item"):
                parsed.says(name, f"there is no such clock in {lifecycle.label.lower()} that can be taken over")
            elif state not in clock.during:
                parsed.says(name, "this clock does not run in that state")
            elif value in seen:
                parsed.says(name, "this clock is named twice")
            seen.add(value)

    def _check_above(self, parsed: Parsed, lifecycle: Lifecycle) -> None:
        name, given = "parent_source_reference", "parent_source_reference" in parsed.values
        if lifecycle.parent and not given and not parsed.is_bad(name):
            parsed.says(name, "is missing")
        if given and not lifecycle.parent:
            parsed.says(name, f"is not asked for: a {lifecycle.label.lower()} case stands under no other")

    # -- what rows are to each other

    def _note_reference(self, parsed: Parsed) -> None:
        mine = parsed.values.get("source_reference")
        if mine is None:
            return
        if mine in self._lines:
            parsed.says("source_reference", f"is the same as on line {self._lines[mine]}")
            return
        self._lines[mine] = parsed.line
        lifecycle = self._lifecycle(parsed)
        if lifecycle is not None and lifecycle.parent is None:
            self._lifecycles[mine] = lifecycle.id

    def _note_parent(self, parsed: Parsed) -> None:
        lifecycle, above = self._lifecycle(parsed), parsed.values.get("parent_source_reference")
        if lifecycle is not None and lifecycle.parent and above:
            self._under.append((parsed.line, lifecycle.parent, above))

    def _lifecycle(self, parsed: Parsed) -> Lifecycle | None:
        return LIFECYCLES.get(REFERRAL_LIFECYCLE if self.kind is Kind.REFERRALS else parsed.values.get("lifecycle", ""))

    def _check_parents(self, problems: Problems) -> None:
        """Whether the cases that others stand under are in the file, or were imported before and are open."""
        for chunk in _chunks(self._under, AT_A_TIME):
            with self.database.read() as connection:
                found = cases_by_source(connection, self.authority, [parent for _, _, parent in chunk])
            for line, wanted, parent in chunk:
                case = found.get(parent)
                lifecycle = case.lifecycle if case else self._lifecycles.get(parent)
                if lifecycle != wanted:
                    says = (
                        f"there is no {LIFECYCLES[wanted].label.lower()} case of that reference, in this file or before"
                    )
                    problems.add(says, line=line, column="parent_source_reference")
                elif case is not None and case.final:
                    problems.add("that case has ended", line=line, column="parent_source_reference")

    def _openings(self, connection: Connection, found: Mapping[str, Found]) -> dict[int, Mapping[str, Any]]:
        """The first entry of each case already there."""
        query = (
            select(ENTRIES, CONTENTS.c.salt, CONTENTS.c.content)
            .outerjoin(CONTENTS, (CONTENTS.c.case_id == ENTRIES.c.case_id) & (CONTENTS.c.seq == ENTRIES.c.seq))
            .where(ENTRIES.c.case_id.in_([case.id for case in found.values()]) & (ENTRIES.c.seq == 1))
        )
        return {row["case_id"]: dict(row) for row in connection.execute(query).mappings()} if found else {}


class _Derived(dict[str, Any]):
    """Nothing is derived here; remembers whether a guard wanted something that only the engine can derive."""

    was_asked = False

    def get(self, name: str, default: Any = None) -> Any:
        self.was_asked = True
        return super().get(name, default)

    def __missing__(self, name: str) -> None:
        self.was_asked = True


def may_bring_in(actor: Actor, lifecycle: Lifecycle, kind: Kind) -> bool:
    """Whether an account may open such cases of its authority in this way."""
    opens = actor.role is Role.ADMINISTRATOR or reads_kind(actor, lifecycle, actor.authority)
    return opens and any(may_fire(actor, row) for row in rows_of(lifecycle, kind))


def cases_by_source(connection: Connection, authority: str, references: Sequence[str | None]) -> dict[str, Found]:
    """The cases of an authority that bear one of these source references."""
    wanted = [one for one in references if one]
    query = select(CASES.c.source_reference, CASES.c.id, CASES.c.lifecycle, CASES.c.final).where(
        (CASES.c.authority == authority) & CASES.c.source_reference.in_(wanted)
    )
    rows = connection.execute(query) if wanted else ()
    return {row.source_reference: Found(row.id, row.lifecycle, row.final) for row in rows}


def _reference(parsed: Parsed) -> str:
    return str(parsed.values.get("source_reference", ""))


def _same(arrival: Arrival | None, opening: Mapping[str, Any] | None) -> bool:
    """Whether a row still says what the case was opened with; erased content counts as the same."""
    if arrival is None or opening is None:
        return False
    facts = dict(arrival.facts)
    if opening["salt"] and opening["content"] is None:
        facts = {name: value for name, value in facts.items() if name in opening["facts"]}
    return (
        opening["lifecycle"] == arrival.lifecycle
        and opening["team"] == arrival.team
        and opening["occurred_at"] == at_time_of(arrival)
        and {**opening["facts"], **(opening["content"] or {})} == facts
    )


def at_time_of(arrival: Arrival) -> datetime:
    """The instant a day in a file stands for: its beginning in England, so that today is never the future."""
    return at_time(date.fromisoformat(arrival.occurred_on), datetime.min.time())


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
