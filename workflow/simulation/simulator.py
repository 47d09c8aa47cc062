"""The simulator: tells a scenario to the real engine, and sweeps at every instant at which somebody must be told."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import event, func, select

from config.policy import Policy
from scheduler.calendars import add_days, local_date
from scheduler.sweeps import sweep
from states.catalogue import LIFECYCLES
from states.lifecycle import NEW, Lifecycle, Transition
from states.roles import Role
from workflow import absences, answers
from workflow.accounts import Actor
from workflow.alerting import DueDeadlines
from workflow.bootstrap import england
from workflow.database import Database
from workflow.engine import Engine
from workflow.errors import BadInput, Conflict, MoveRefused, NotAllowed, NotFound, WaymarkError
from workflow.lapses import CLOCK as ORDER_CLOCK
from workflow.lapses import DueLapses
from workflow.models import Record
from workflow.moves import Move, Opening
from workflow.policies import Policies
from workflow.references import deadline_name, read_reference, reference
from workflow.repository import CASES, DEADLINES
from workflow.simulation import expectations
from workflow.simulation.clock import NODE, VirtualClock
from workflow.simulation.course import CaseRun, Run, deadlines_at
from workflow.simulation.facts import Inventor
from workflow.simulation.moments import Moment
from workflow.simulation.observer import Observer
from workflow.simulation.people import HOME, WORKER, add_cast, find_people
from workflow.simulation.scenario import Absent, Answer, CaseTold, Scenario, Step


def throw_away(file: str) -> Database:
    """A database for one run: nothing of it has to survive a power cut, so nothing waits for the disk."""
    database = Database(f"sqlite:///{file}")
    hurry(database)
    database.migrate()
    return database


def hurry(database: Database) -> None:
    for engine in (database.writer, database.reader):
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))


class Simulator:
    """One run of one scenario on an empty database."""

    def __init__(self, scenario: Scenario, database: Database, policies: Mapping[str, Policy]) -> None:
        self.scenario, self.database = scenario, database
        self.calendar = england(policies["statutory"])
        self.engine = Engine(database, Policies(policies), self.calendar)
        self.clock = VirtualClock(scenario.start)
        self.result = Run(scenario=scenario, ended_at=scenario.start)
        self.observer = Observer(database, self.result)
        with database.write() as connection:
            add_cast(connection, scenario.people, scenario.authority, scenario.start)
        with database.read() as connection:
            self.people = find_people(connection)

    def run(self) -> Run:
        """Plays every step; stops at the first expectation that does not hold."""
        later = self.scenario.opened_later
        for case in self.scenario.cases:
            if case.name not in later:
                self._open_at_start(case)
        for step in self.scenario.steps:
            unmet = self._play(step)
            if unmet:
                self.result.unmet = f"{self.scenario.file}, step {step.number}: {unmet}"
                break
        return self._finish()

    def _open_at_start(self, case: CaseTold) -> None:
        refused = self._move(f"case {case.name}", lambda: self._open(case, case.by, case.facts))
        if refused is not None:
            raise BadInput(f"{self.scenario.file}, case {case.name}: it cannot be opened: {refused}")
        self._sweep()

    def _finish(self) -> Run:
        self.result.ended_at = self.clock.now
        with self.database.read() as connection:
            for case in self.result.cases.values():
                case.deadlines = deadlines_at(connection, case.ref, self.clock.server)
        return self.result

    # -- time

    def _run_until(self, target: datetime) -> None:
        """Lets time pass, from one instant at which somebody must be told to the next."""
        while True:
            if self.clock.outage_until is not None:
                if target < self.clock.outage_until:
                    break
                self.clock.now, self.clock.outage_until = self.clock.outage_until, None
            else:
                following = self._next_wake()
                if following is None or following > target:
                    break
                self.clock.now = max(self.clock.now, following)
            self._sweep()
        self.clock.now = target

    def _next_wake(self) -> datetime | None:
        """The true time at which a running node next has something to do."""
        still = DEADLINES.c.closed_at.is_(None)
        ends = still & (DEADLINES.c.clock == ORDER_CLOCK) & (DEADLINES.c.due_at > self.clock.server)
        with self.database.read() as connection:
            told = connection.execute(select(func.min(DEADLINES.c.next_action_at)).where(still)).scalar()
            lapses = connection.execute(select(func.min(DEADLINES.c.due_at)).where(ends)).scalar()
        found = [one for one in (told, lapses) if one is not None]
        return self.clock.true(min(found)) if found else None

    def _sweep(self) -> None:
        """What a node does when it wakes, in the order of its jobs: records lapsed orders, then tells people."""
        if self.clock.outage_until is None:
            previous, clock_was_set = self.clock.sweep()
            lapses = DueLapses(self.engine, NODE)
            if sweep(lapses, self.clock.server):
                lapses.require_all()
            sweep(DueDeadlines(self.engine, NODE, previous, clock_was_set), self.clock.server)
        self.observer.look(self.clock.now)

    # -- steps

    def _play(self, step: Step) -> str | None:
        """Plays one step; what does not hold afterwards, in words."""
        target = self._moment(step)
        if target < self.clock.now:
            raise BadInput(f"{self._where(step)}: it lies before the step that goes ahead of it")
        self._run_until(target)
        refused = self._act(step)
        self._sweep()
        expected = step.expect.refused
        if refused is not None and (expected is None or expected not in str(refused)):
            wanted = "it to be done" if expected is None else f"a refusal that says {expected!r}"
            return f"expected {wanted}, found: {refused}"
        if refused is None and expected is not None:
            return f"expected a refusal that says {expected!r}, found that it was done"
        unmet = expectations.unmet(self, step)
        self.result.expectations += expectations.count(step.expect)
        return unmet

    def _where(self, step: Step) -> str:
        return f"{self.scenario.file}, step {step.number}"

    def _moment(self, step: Step) -> datetime:
        moment: Moment = step.moment
        edd = self._edd(step.case) if moment.gestation is not None else None
        started = self._fact(step.case, "programme_started_on") if moment.pause_month is not None else None
        found = moment.instant(
            self.clock.now,
            self.scenario.start,
            self.calendar,
            edd=edd,
            programme_start=date.fromisoformat(started) if started else None,
        )
        if found is None:
            key, lacks = ("gestation", "no expected date of birth") if edd is None and moment.gestation else (
                "pause_month", "no start of the programme",
            )  # fmt: skip
            raise BadInput(f"{self._where(step)}, key {key!r}: the case {step.case!r} has {lacks} by then")
        return found

    def _act(self, step: Step) -> WaymarkError | None:
        """Does what the step says; the refusal where it is refused."""
        if step.outage is not None:
            until = step.outage.after(self.clock.now, self.calendar)
            self.clock.begin_outage(until)
            self.result.outages.append((self.clock.now, until))
            self.observer.note(self.clock.now, step.case, "outage", f"the scheduler is down for {step.outage}")
        elif step.clock_step is not None:
            before = self.clock.server
            self.clock.step(step.clock_step.after(before, self.calendar) - before)
            self.observer.note(self.clock.now, step.case, "clock", f"the server's clock jumps by {step.clock_step}")
        elif step.absent is not None:
            try:
                self._leave(step.absent)
            except WaymarkError as error:
                raise BadInput(f"{self._where(step)}, key 'absent': {error}") from None
        elif step.do is not None or step.opens is not None:
            return self._move(f"step {step.number}", lambda: self._do(step))
        elif step.answer is not None:
            answer = step.answer
            return self._move(f"step {step.number}", lambda: self._answer(step, answer))
        elif step.says:
            self.observer.note(self.clock.now, step.case, "nothing", step.says)
        return None

    def _move(self, where: str, act: Callable[[], None]) -> WaymarkError | None:
        """Does something; the refusal where it is refused. What the scenario got wrong is told with its place."""
        try:
            act()
        except BadInput as error:
            if str(error).startswith(self.scenario.file):
                raise
            raise BadInput(f"{self.scenario.file}, {where}: {error}") from None
        except (MoveRefused, Conflict, NotAllowed, NotFound) as error:
            return error
        return None

    def _do(self, step: Step) -> None:
        if step.opens is not None:
            case = self.scenario.case(step.opens)
            if case is not None:
                self._open(case, step.by or case.by, {**case.facts, **step.facts})
            return
        row, trigger = self.row(step.case), step.do or ""
        if row is None:
            raise BadInput(f"{self._where(step)}, key 'case': the case {step.case!r} is not open yet")
        lifecycle = LIFECYCLES[row["lifecycle"]]
        if trigger not in lifecycle.triggers:
            raise BadInput(f"{self._where(step)}, key 'do': {lifecycle.label} has no move {trigger!r}")
        rows = lifecycle.rows(trigger, row["state"])
        actor = self._actor(step.by, lifecycle, rows, row["owner"], self._where(step))
        facts = self._complete(rows, step.facts, lifecycle)
        move = Move(trigger=trigger, case=reference(row["lifecycle"], row["id"]), facts=facts, source="simulation")
        self.engine.fire(move, actor, self.clock.server)

    def _open(self, case: CaseTold, by: str, facts: Mapping[str, Any]) -> None:
        lifecycle = LIFECYCLES[case.lifecycle]
        rows = lifecycle.rows_from(NEW)
        trigger = case.trigger or rows[0].trigger
        rows = lifecycle.rows(trigger, NEW)
        where = f"{self.scenario.file}, case {case.name}"
        if not rows:
            raise BadInput(f"{where}, key 'do': {lifecycle.label} is not opened by {trigger!r}")
        child = {"child": case.child} if case.child is not None and lifecycle.per_child else {}
        opening = Opening(
            lifecycle=case.lifecycle,
            authority=self.scenario.authority,
            team=HOME[case.record],
            parent=self._ref(case.parent, where) if case.parent else None,
            child=case.child,
        )
        move = Move(
            trigger=trigger,
            opening=opening,
            facts=self._complete(rows, {**child, **facts}, lifecycle),
            source="simulation",
        )
        moved = self.engine.fire(move, self._actor(by, lifecycle, rows, None, where), self.clock.server)
        self.result.cases[case.name] = CaseRun(
            name=case.name, ref=moved.case, lifecycle=lifecycle, background=case.background
        )

    def _complete(self, rows: tuple[Transition, ...], given: Mapping[str, Any], lifecycle: Lifecycle) -> dict[str, Any]:
        if not rows:
            return dict(given)
        row = min(rows, key=lambda one: _misfit(one, given))
        worker = next((one for one in self.people.values() if one.role is WORKER[Record(lifecycle.record)]), None)
        inventor = Inventor(now=self.clock.server, calendar=self.calendar, worker=worker.username if worker else "")
        return inventor.complete(row.facts, given)

    def _actor(
        self, by: str, lifecycle: Lifecycle, rows: tuple[Transition, ...], owner: str | None, where: str
    ) -> Actor:
        """Who does it: the person or role named, else the first role that may; of several the owner of the case."""
        if by in self.people:
            return self.people[by]
        may = [str(role) for row in rows for role in row.roles if role is not Role.SYSTEM]
        wanted = [by] if by else may or [str(WORKER[Record(lifecycle.record)])]
        if owner in self.people and str(self.people[owner].role) in wanted[:1]:
            return self.people[owner]
        for role in wanted:
            for one in self.people.values():
                if one.role == role and one.record in (lifecycle.record, Record.BOTH):
                    return one
        raise BadInput(f"{where}, key 'by': there is no {by[:40] or ' or '.join(wanted) or 'person'!r} for this case")

    def _leave(self, absent: Absent) -> None:
        """They say themselves that they are away, from today."""
        if absent.person not in self.people:
            raise BadInput(f"there is nobody named {absent.person[:40]!r}")
        now, today = self.clock.server, local_date(self.clock.server)
        until = add_days(today, absent.days - 1)
        absences.set_absence(
            self.engine,
            self.people[absent.person],
            now,
            username=absent.person,
            starts_on=today,
            ends_on=until,
            cover=absent.cover,
        )
        covered = f"; {absent.cover} covers" if absent.cover else ""
        self.observer.note(
            self.clock.now, self.scenario.cases[0].name, "absent", f"{absent.person} is away until {until}{covered}"
        )

    def _answer(self, step: Step, answer: Answer) -> None:
        """Acknowledges or snoozes the running deadline of a clock."""
        row, now = self.row(step.case), self.clock.server
        running = [one for one in self.running(step.case) if one["clock"] == answer.clock]
        if row is None or not running:
            raise BadInput(f"{self._where(step)}, key 'clock': no deadline {answer.clock[:40]!r} is running")
        until = answer.until.after_day(local_date(now), self.calendar)
        name = deadline_name(row["lifecycle"], row["id"], running[-1]["number"])
        actor = self._actor(step.by, LIFECYCLES[row["lifecycle"]], (), row["owner"], self._where(step))
        if answer.snooze:
            answers.snooze(self.engine, actor, now, deadline=name, until=until, reason=answer.reason)
        else:
            answers.acknowledge(self.engine, actor, now, deadline=name, promised_on=until, reason=answer.reason)

    # -- what is there

    def _ref(self, name: str, where: str) -> str:
        if name not in self.result.cases:
            raise BadInput(f"{where}: the case {name!r} is not open yet")
        return self.result.cases[name].ref

    def row(self, name: str) -> dict[str, Any] | None:
        """The row of a case as it stands."""
        if name not in self.result.cases:
            return None
        case_id = read_reference(self.result.cases[name].ref)[1]
        with self.database.read() as connection:
            return dict(connection.execute(select(CASES).where(CASES.c.id == case_id)).mappings().one())

    def running(self, name: str) -> list[dict[str, Any]]:
        """The running deadlines of a case."""
        row = self.row(name)
        query = select(DEADLINES).where(
            (DEADLINES.c.case_id == (row["id"] if row else None)) & DEADLINES.c.closed_at.is_(None)
        )
        with self.database.read() as connection:
            return [dict(one) for one in connection.execute(query.order_by(DEADLINES.c.number)).mappings()]

    def _edd(self, name: str) -> date | None:
        row = self.row(name)
        told = self.scenario.case(name)
        if row is not None and row["edd"] is not None:
            found: date = row["edd"]
            return found
        return self._edd(told.parent) if told is not None and told.parent else None

    def _fact(self, name: str, fact: str) -> Any:
        row = self.row(name)
        return {**row["facts"], **row["personal"]}.get(fact) if row else None


def _misfit(row: Transition, given: Mapping[str, Any]) -> tuple[bool, int]:
    """How badly a row of the table suits the facts given: the branch they choose, then facts it does not know."""
    chosen = row.when is not None and row.when[0] in given and given[row.when[0]] != row.when[1]
    return chosen, len(set(given) - {fact.name for fact in row.facts})


def simulate(scenario: Scenario, database: Database, policies: Mapping[str, Policy]) -> Run:
    """Runs a scenario on an empty database."""
    return Simulator(scenario, database, policies).run()
