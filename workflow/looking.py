"""Looking at the record as one account: what it may see, every look noted. Ways in read cases through this alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from scheduler.calendars import local_date
from scheduler.deadlines import Step
from states.drawing import as_svg
from states.lifecycle import Lifecycle
from workflow import (
    agreements,
    child_outcomes,
    clinics,
    consistency,
    escalations,
    evidence_search,
    inboxes,
    kept_figures,
    pause_caseloads,
    practice_counts,
    stock,
    support_given,
    team_figures,
    told,
    verification,
    views,
    waiting,
    worklists,
)
from workflow.access import COVER, TEAM, Seen, are_readable, readable_case, root_of
from workflow.access_acts import readers_of
from workflow.access_tables import LookKind
from workflow.accounts import Actor
from workflow.bootstrap import Service
from workflow.case_sheets import DeadlineSheet, Sheet, deadline_sheet, sheet
from workflow.clinic_sessions import find_clinic
from workflow.clock_actions import preview_new_policy
from workflow.cohort_views import below_for
from workflow.counted_cases import CountedCases, counted_cases
from workflow.deadline_acts import Doing, possible_acts
from workflow.duplicates import alike, signs_sought
from workflow.errors import NotFound
from workflow.escalations import Waiting
from workflow.evidence_search import Sought
from workflow.looks import look
from workflow.moves import Move, Possible
from workflow.oversight import Asked, standing_report
from workflow.permissions import Permission, check
from workflow.possibilities import possible_move, possible_moves
from workflow.references import read_deadline_name, reference
from workflow.rehearsals import Rehearsed, rehearse
from workflow.reports import Figure
from workflow.verification import CaseVerified
from workflow.waiting import Changes
from workflow.worklists import MOST_ROWS, Filters, Page, Sort

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """One account looking, at one moment, by one way in. A look by special access is on record before its answer."""

    service: Service
    actor: Actor
    now: datetime
    source: str
    request_id: str

    # One case. Each raises NotFound where the account may not know of it.

    def case(self, ref: str) -> dict[str, Any]:
        calendar = self.service.engine.calendar
        return self._look_at(
            ref,
            LookKind.CASE,
            lambda connection, seen: views.case_view(connection, seen, self.actor, self.now, calendar),
        )

    def sheet(self, ref: str) -> Sheet:
        """The case as its page shows it."""
        calendar = self.service.engine.calendar
        return self._look_at(
            ref, LookKind.CASE, lambda connection, seen: sheet(connection, seen, self.actor, self.now, calendar)
        )

    def possible(self, ref: str, trigger: str, given: Mapping[str, Any] | None = None) -> Possible:
        """One move with what it asks for, once these facts are given."""
        self._look_at(ref, LookKind.MOVES, lambda _, seen: None, trigger[:60])
        return possible_move(self.service.engine, ref, trigger, self.actor, self.now, given=given or {})

    def deadline_sheet(self, name: str) -> tuple[DeadlineSheet, list[Doing]]:
        """A deadline with the history of its clock, and what can be done to it now."""
        lifecycle, case_id, number = read_deadline_name(name)
        engine = self.service.engine
        found = self._look_at(
            reference(lifecycle, case_id),
            LookKind.DEADLINE,
            lambda connection, seen: deadline_sheet(connection, seen, name, self.now, engine.calendar),
            str(number),
        )
        running = found.state.closed_at is None
        return found, possible_acts(engine, self.actor, self.now, name) if running else []

    def standing(self, ref: str) -> dict[str, Any]:
        return self._look_at(ref, LookKind.CASE, lambda _, seen: views.standing_view(seen), "standing")

    def explanation(self, ref: str) -> dict[str, Any]:
        calendar = self.service.engine.calendar
        return self._look_at(
            ref,
            LookKind.CASE,
            lambda connection, seen: views.explain_view(connection, seen, self.actor, self.now, calendar),
            "explanation",
        )

    def moves(self, ref: str) -> list[Possible]:
        self._look_at(ref, LookKind.MOVES, lambda _, seen: None)
        return possible_moves(self.service.engine, ref, self.actor, self.now)

    def evidence(self, ref: str) -> list[dict[str, Any]]:
        return self._look_at(
            ref, LookKind.EVIDENCE, lambda connection, seen: views.evidence_view(connection, seen, self.actor)
        )

    def readers(self, ref: str) -> list[dict[str, Any]]:
        """Everybody with an access of their own to the case, and until when."""
        return self._look_at(
            ref,
            LookKind.CASE,
            lambda connection, seen: readers_of(connection, root_of(seen.case), self.now),
            "readers",
        )

    def diagram(self, ref: str) -> str:
        """The lifecycle as a picture (SVG), with the states the case has been in and the one it stands in marked."""
        return self._look_at(
            ref,
            LookKind.CASE,
            lambda connection, seen: as_svg(
                seen.lifecycle, path=views.path_of(connection, seen), current=seen.case["state"]
            ),
            "diagram",
        )

    def deadlines(self, ref: str) -> list[dict[str, Any]]:
        """All deadlines of a case, those that run first."""
        calendar = self.service.engine.calendar
        return self._look_at(
            ref,
            LookKind.DEADLINE,
            lambda connection, seen: views.deadlines_of(connection, seen.lifecycle, seen.case, self.now, calendar),
            "all",
        )

    def policy_preview(self, ref: str) -> list[dict[str, Any]]:
        """Each running deadline of a case with its date now and under the current policy; nothing is changed."""
        self._look_at(ref, LookKind.DEADLINE, lambda _, seen: None, "policy")
        return preview_new_policy(self.service.engine, self.actor, self.now, case=ref)

    def rehearsal(self, move: Move) -> Rehearsed:
        """What a move would come to and who would be told; nothing is changed. Of an opening there is no case yet."""
        if move.case is not None:
            self._look_at(move.case, LookKind.MOVES, lambda _, seen: None, "rehearsal")
        return rehearse(self.service.engine, move, self.actor, self.now)

    def deadline(self, name: str) -> tuple[dict[str, Any], Sequence[Step]]:
        lifecycle, case_id, number = read_deadline_name(name)
        calendar = self.service.engine.calendar
        return self._look_at(
            reference(lifecycle, case_id),
            LookKind.DEADLINE,
            lambda connection, seen: views.deadline_view(connection, seen, name, self.now, calendar),
            str(number),
        )

    # Lists

    def cases(self, filters: Filters, *, sort: Sort = "time_left", after: str | None = None, limit: int = 50) -> Page:
        """A page of cases; a search where a name is given."""
        with self.service.database.read() as connection:
            page = worklists.worklist(connection, self.actor, self.now, filters, sort=sort, after=after, limit=limit)
        self._note(
            LookKind.SEARCH if filters.name else LookKind.LIST,
            f"cases {filters.said()}",
            len(page.rows),
            named=filters.case,
        )
        return page

    def alike(self, lifecycle: Lifecycle, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Cases that may be about the same people as these facts of a referral; see `duplicates.alike`."""
        with self.service.database.read() as connection:
            rows = alike(connection, self.actor, self.now, lifecycle, facts)
        sought = ", ".join(signs_sought(facts))
        if sought:
            self._note(LookKind.SEARCH, f"{lifecycle.id} cases alike by {sought}", len(rows))
        return rows

    def my_work(self, filters: Filters, *, after: str | None = None, limit: int = 25) -> Page:
        """The same with every status exact: one kept by an agreed extension only is told apart."""
        with self.service.database.read() as connection:
            page = worklists.worklist(connection, self.actor, self.now, filters, after=after, limit=limit)
            rows = waiting.with_extensions(connection, page.rows, self.now, self.service.engine.calendar)
        self._note(
            LookKind.SEARCH if filters.name else LookKind.LIST, f"cases {filters.said()}", len(rows), named=filters.case
        )
        return Page(rows, page.after)

    def alerts_told_to_me(self, limit: int = 50) -> list[dict[str, Any]]:
        """Alerts nobody has answered yet that I was told of, one a deadline."""
        with self.service.database.read() as connection:
            rows = waiting.alerts_told_to(connection, self.actor, self.now, limit)
        self._note(LookKind.LIST, "alerts told to me", len(rows))
        return rows

    def approvals_asked_of_me(self, limit: int = 50) -> list[dict[str, Any]]:
        """Approvals my role is asked for and nobody has decided."""
        with self.service.database.read() as connection:
            rows = waiting.approvals_asked(connection, self.actor, self.now, limit)
        self._note(LookKind.LIST, "approvals asked of me", len(rows))
        return rows

    def changes_since(self, since: datetime, limit: int = 20) -> Changes:
        """What others did after that moment on my cases, and on those of the teams I manage."""
        with self.service.database.read() as connection:
            changes = waiting.changes_since(connection, self.actor, self.now, since=since, limit=limit)
        self._note(LookKind.LIST, "changes on my cases", changes.count)
        return changes

    def told_of(self, ref: str, entry: int) -> list[str]:
        """The names of those who were told of one entry of a case."""
        return self._look_at(
            ref, LookKind.CASE, lambda connection, seen: waiting.told_by(connection, seen.ref, entry), "told"
        )

    def stages(self, filters: Filters) -> list[dict[str, Any]]:
        with self.service.database.read() as connection:
            rows = worklists.stages(connection, self.actor, self.now, filters)
        self._note(LookKind.LIST, f"stages {filters.said()}", len(rows), named=filters.case)
        return rows

    def open_alerts(self, limit: int = 200) -> list[dict[str, Any]]:
        with self.service.database.read() as connection:
            rows = inboxes.open_alerts(connection, self.actor, self.now, limit)
        self._note(LookKind.LIST, "open alerts", len(rows))
        return rows

    def waiting_alerts(self, wanted: Waiting, *, after: str | None = None, limit: int = 50) -> Page:
        """The deadlines whose alerts wait for an answer, a page at a time."""
        with self.service.database.read() as connection:
            page = escalations.waiting(connection, self.actor, self.now, wanted, after=after, limit=limit)
        self._note(LookKind.LIST, "waiting alerts", len(page.rows))
        return page

    def caseload(self, team: str | None = None) -> list[dict[str, Any]]:
        """Open cases counted by team, owner, state and time left; see `team_figures.caseload`."""
        calendar = self.service.engine.calendar
        with self.service.database.read() as connection:
            rows = team_figures.caseload(connection, self.actor, self.now, calendar, team)
        self._note(LookKind.LIST, f"caseload {team or 'all teams'}", len(rows))
        return rows

    def standing_still(self, team: str) -> list[dict[str, Any]]:
        """How long the open cases of a team have been where they are, by stage."""
        with self.service.database.read() as connection:
            rows = team_figures.standing_still(connection, self.actor, self.now, team)
        self._note(LookKind.LIST, f"time in stage {team}", len(rows))
        return rows

    def clinic(self, name: str) -> dict[str, Any]:
        """A clinic session with the cases due at it (`agenda`), what it decided (`recorded`), and those it missed.

        `missed` are those whose own clinic date had come by then, and that are recorded neither there nor since.
        """
        with self.service.database.read() as connection:
            session = find_clinic(connection, self.actor.authority, name)
            agenda = clinics.agenda(connection, self.actor, self.now, session)
            recorded = clinics.recorded(connection, self.actor, self.now, session)
        decided = {one["case"] for one in recorded}
        missed = [
            one
            for one in agenda
            if session["held_on"] < local_date(self.now)
            and one["due_on"] is not None
            and one["due_on"] <= session["held_on"]
            and one["case"] not in decided
        ]
        self._note(LookKind.LIST, f"clinic {session['name']}", len(agenda) + len(recorded))
        return {**session, "agenda": agenda, "recorded": recorded, "missed": missed}

    def stock(self) -> list[dict[str, Any]]:
        """Things that are lent, and the cases that have them where this account may read those."""
        with self.service.database.read() as connection:
            rows = stock.stock(connection, self.actor, self.now)
        self._note(LookKind.LIST, "stock", len(rows))
        return rows

    def child_outcomes(self, *, export: bool = False) -> list[dict[str, Any]]:
        """What became of each child, with the dates and codes of the national returns."""
        with self.service.database.read() as connection:
            rows = child_outcomes.children(connection, self.actor, self.now)
        self.report("outcomes of children", len(rows), export=export)
        return rows

    def support(self, ref: str) -> dict[str, Any]:
        """The support a family was given, against what was planned."""
        return support_given.of_case(self.evidence(ref), local_date(self.now))

    def latest_alerts(self, limit: int = 200) -> list[dict[str, Any]]:
        with self.service.database.read() as connection:
            rows = told.latest_alerts(connection, self.actor, self.now, limit)
        self._note(LookKind.LIST, "latest alerts", len(rows))
        return rows

    def late_alerts(self, since: datetime, *, everything: bool = False) -> list[dict[str, Any]]:
        with self.service.database.read() as connection:
            readable = are_readable(connection, self.actor, self.now)
            rows = told.late_alerts(connection, since, readable=readable, everything=everything)
        self._note(LookKind.LIST, "late alerts", len(rows))
        return rows

    def most_eventful(self) -> str | None:
        with self.service.database.read() as connection:
            return worklists.most_eventful(connection, self.actor, self.now)

    def all_evidence(self) -> Iterator[dict[str, Any]]:
        """All evidence this account may read, entry by entry; on record as an export before the first is given."""
        self._note(LookKind.EXPORT, "evidence", 0, at_once=True)
        with self.service.database.read() as connection:
            yield from views.evidence_of(connection, self.actor, self.now)

    def search_evidence(self, sought: Sought, *, after: str | None = None, limit: int = 50) -> Page:
        """Entries this account may read, without personal content, the latest first."""
        with self.service.database.read() as connection:
            page = evidence_search.entries(connection, self.actor, self.now, sought, after=after, limit=limit)
        self._note(LookKind.SEARCH, f"evidence {sought.said()}", len(page.rows), named=sought.case)
        return page

    def looks(self, sought: Sought, *, after: int | None = None, limit: int = 50) -> Page:
        """Who looked, the latest first; what still waited to be written is written before."""
        self.service.looks.flush()
        with self.service.database.read() as connection:
            page = evidence_search.looks(connection, self.actor, self.now, sought, after=after, limit=limit)
        self._note(LookKind.SEARCH, f"looks {sought.said()}", len(page.rows), named=sought.case)
        return page

    def all_cases(self, filters: Filters, most: int) -> list[dict[str, Any]]:
        """The whole list up to `most` cases, to be given out as a file: on record as an export before it is given."""
        rows: list[dict[str, Any]] = []
        after: str | None = None
        with self.service.database.read() as connection:
            while len(rows) < most:
                page = worklists.worklist(
                    connection, self.actor, self.now, filters, after=after, limit=min(most - len(rows), MOST_ROWS)
                )
                rows += page.rows
                after = page.after
                if after is None:
                    break
        self.report(f"cases {filters.said()}", len(rows), export=True, named=filters.case)
        return rows

    def all_found_evidence(self, sought: Sought, most: int) -> list[dict[str, Any]]:
        """The entries found, the latest first, up to `most`: on record as an export before they are given."""
        with self.service.database.read() as connection:
            page = evidence_search.entries(connection, self.actor, self.now, sought, limit=most)
        self.report(f"evidence {sought.said()}", len(page.rows), export=True, named=sought.case)
        return page.rows

    def all_looks(self, sought: Sought, most: int) -> list[dict[str, Any]]:
        """Who looked, the latest first, up to `most`: on record as an export before it is given."""
        self.service.looks.flush()
        with self.service.database.read() as connection:
            page = evidence_search.looks(connection, self.actor, self.now, sought, limit=most)
        self.report(f"looks {sought.said()}", len(page.rows), export=True, named=sought.case)
        return page.rows

    def counted(self, figure: Figure, as_of: date, *, after: int | None = None, limit: int = 50) -> CountedCases:
        """The cases behind a figure of the cohort report."""
        database = self.service.database
        behind = kept_figures.cases_behind(database, self.actor.authority, as_of, figure, self.now)
        with database.read() as connection:
            page = counted_cases(connection, self.actor, behind, figure, now=self.now, after=after, limit=limit)
        self._note(LookKind.LIST, f"counted {figure.name} on {as_of}", len(page.rows))
        return page

    # Figures of pre-birth practice: of the last quarter where no days are given. `again` counts now, for who may search
    # the evidence; `export` says that they are given out as a file.

    def consistency(
        self, since: date | None, until: date | None, *, again: bool = False, export: bool = False
    ) -> dict[str, Any]:
        """Practice across the teams of my authority."""
        counts = self._practice(since, until, again=again)
        with self.service.database.read() as connection:
            found = consistency.practice(connection, counts, below=self.below)
        self.report("consistency of practice", sum(len(found[one]) for one in consistency.PARTS), export=export)
        return found

    def support_given(
        self, since: date | None, until: date | None, *, again: bool = False, export: bool = False
    ) -> dict[str, Any]:
        """The support each team of my authority gave."""
        counts = self._practice(since, until, again=again)
        with self.service.database.read() as connection:
            found = support_given.by_team(connection, counts, below=self.below)
        self.report("support given", len(found["teams"]), export=export)
        return found

    def standing_report(
        self, since: date | None, until: date | None, *, again: bool = False, export: bool = False
    ) -> dict[str, Any]:
        """The report of the oversight group: its days, and its `parts`."""
        counts, database = self._practice(since, until, again=again), self.service.database
        figures = kept_figures.cohort(database, self.actor.authority, counts["until"], self.now, again=again)
        asked = Asked(now=self.now, figures=figures, practice=counts, below=self.below)
        with database.read() as connection:
            parts = standing_report(connection, asked)
        self.report("standing report", sum(len(one.rows) for one in parts), export=export)
        counted_at = min(counts["counted_at"], figures["counted_at"])
        days = {"since": counts["since"], "until": counts["until"], "counted_at": counted_at}
        return {**days, "withheld_below": self.below, "parts": parts}

    def _practice(self, since: date | None, until: date | None, *, again: bool) -> dict[str, Any]:
        if again:
            check(self.actor, Permission.READ_EVIDENCE)
        days = practice_counts.period(since, until, local_date(self.now))
        return kept_figures.practice(self.service.database, self.actor.authority, *days, self.now, again=again)

    @property
    def below(self) -> int | None:
        """The number under which counts are withheld from me; None where I read the cases behind them."""
        return below_for(self.service.policies, self.actor, self.now)

    def verification(self, ref: str) -> CaseVerified:
        """What recomputing the evidence of one case comes to."""
        return self._look_at(ref, LookKind.EVIDENCE, verification.verify_case, "verification")

    def pause_caseloads(self, team: str | None = None) -> list[dict[str, Any]]:
        """How many women each Pause practitioner works with; see `pause_caseloads.pause_caseloads`."""
        with self.service.database.read() as connection:
            rows = pause_caseloads.pause_caseloads(connection, self.actor, self.now, team)
        self.report("Pause caseloads", len(rows))
        return rows

    def service_agreements(self) -> list[dict[str, Any]]:
        """The service agreements of my authority, in their order; about no person, so a reader of counts may."""
        with self.service.database.read() as connection:
            rows = agreements.agreements(connection, self.actor.authority)
        self.report("service agreements", len(rows))
        return rows

    def report(self, name: str, found: int = 0, *, export: bool = False, named: str | None = None) -> None:
        """Notes that counts were looked at, or given out as a file."""
        self._note(LookKind.EXPORT if export else LookKind.REPORT, name, found, at_once=export, named=named)

    def _look_at(self, ref: str, kind: LookKind, work: Callable[[Connection, Seen], Answer], about: str = "") -> Answer:
        """What `work` finds in the case, noted before it is given."""
        with self.service.database.read() as connection:
            seen = readable_case(connection, ref, self.actor, self.now)
            answer = work(connection, seen)
        row = look(
            self.actor,
            kind,
            self.now,
            access=seen.access,
            case_id=seen.case["id"],
            lifecycle=seen.lifecycle.id,
            about=about,
            found=1,
            source=self.source,
            request_id=self.request_id,
        )
        special = seen.case["restricted"] or seen.access not in (TEAM, COVER)
        self.service.looks.note(row, at_once=special)
        return answer

    def _note(self, kind: LookKind, about: str, found: int, *, at_once: bool = False, named: str | None = None) -> None:
        """Keeps a look at a list. One that named a case this account may read is kept with the case: others who read
        the log could else learn that it is there. Any other name is kept as it was asked for, and says nothing.
        """
        seen = self._if_readable(named) if named is not None else None
        row = look(
            self.actor,
            kind,
            self.now,
            access=seen.access if seen else TEAM,
            case_id=seen.case["id"] if seen else None,
            lifecycle=seen.lifecycle.id if seen else "",
            about=about,
            found=found,
            source=self.source,
            request_id=self.request_id,
        )
        self.service.looks.note(row, at_once=at_once)

    def _if_readable(self, ref: str) -> Seen | None:
        try:
            with self.service.database.read() as connection:
                return readable_case(connection, ref, self.actor, self.now)
        except NotFound:
            return None
