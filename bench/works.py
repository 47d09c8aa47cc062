"""The rows of the table: which work, who does it, how much of it, and what Waymark is to reach."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.contest import Aim, Contender, Runner, Work
from bench.places import postgresql_url

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
TRAIL = 10  # entries a case, where evidence is read
MACHINE = "the state machine alone"


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    seconds: float = 2.0
    rounds: int = 3
    cases: int = 10_000
    due: int = 1_000  # deadlines a round
    evidence: int = 1_000_000  # entries
    waiting: tuple[int, int] = (100_000, 1_000_000)


QUICK = Sizes(seconds=0.5, rounds=2, cases=2_000, due=200, evidence=20_000, waiting=(10_000, 50_000))


class Databases:
    """A database for each name, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, dict[str, str]()

    def url(self, contender: Contender) -> str:
        name = contender.database
        if name not in self._made:
            on_sqlite = name.startswith(SQLITE)
            self._made[name] = (
                f"sqlite:///{self._folder}/{name}.db" if on_sqlite else postgresql_url(self._folder, name)
            )
        return self._made[name]


def _ours(where: str, *words: str, name: str = "Waymark", guest: bool = False, database: str = "") -> Contender:
    return Contender(name, "Waymark", "bench.ours", words, database or f"{where}-{words[0]}", guest=guest)


def _floor(where: str, module: str, *words: str, name: str = "floor, row by row") -> Contender:
    return Contender(name, "floor", module, words, f"{where}-{module.rpartition('.')[2]}{''.join(words)}")


def _peer(where: str, module: str, name: str, share: float = 1.0) -> Contender:
    return Contender(name, "peer", f"bench.peers.{module}", (), f"{where}-{module}", share)


AT_ONCE, ROWS, VIEWFLOW, FSM2 = (
    "floor, one statement",
    "floor, row by row",
    "Django + viewflow.fsm",
    "Django + django-fsm-2",
)
SAME_ROWS, SLIM_ROWS = "floor, the same rows", "floor, the peers' rows"
BATCHES, JOBS = "Django in batches", "APScheduler, a job a deadline"


def works(sizes: Sizes) -> Iterator[Work]:
    """Every row, in the order of the table."""
    yield _moves(SQLITE, "a move, SQLite, one process", sizes, {"best peer": 2, ROWS: 0.45}, p99=True)
    yield _moves(POSTGRESQL, "a move, PostgreSQL, one connection", sizes, {"best peer": 2, ROWS: 0.8})
    yield _moves_at_once(sizes)
    for where in (SQLITE, POSTGRESQL):
        yield from _reading(where, sizes)
    for where in (SQLITE, POSTGRESQL):
        yield _sweeps(where, sizes)
    for where in (SQLITE, POSTGRESQL):
        yield from _ticks(where, sizes)
    yield _machine(sizes)


def _movers(where: str) -> list[Contender]:
    return [
        _ours(where, "moves"),
        _floor(where, "bench.peers.floor"),
        *([_floor(where, "bench.peers.floor", "one-statement", name=AT_ONCE)] if where == POSTGRESQL else []),
        _floor(where, "bench.ours", "moves-by-hand", name=SAME_ROWS),
        _peer(where, "django_viewflow", VIEWFLOW),
        _peer(where, "django_fsm2", FSM2),
        _peer(where, "transitions_machine", "transitions + SQLAlchemy"),
        _peer(where, "statemachine", "python-statemachine + SQLAlchemy"),
        _peer(where, "spiff", "SpiffWorkflow"),
        _peer(where, "dbos_transact", "DBOS"),
    ]


def _moves(where: str, what: str, sizes: Sizes, times: dict[str, float], *, p99: bool = False) -> Work:
    cases = max(sizes.cases, _fresh(sizes))
    return Work(what, _movers(where), cases, sizes.seconds, Aim(times=times, p99_of_best_peer=p99))


def _fresh(sizes: Sizes) -> int:
    """Records enough for Waymark, which moves each of them once."""
    return int(sizes.seconds * sizes.rounds * 3_000)


def _moves_at_once(sizes: Sizes) -> Work:
    alone = ("spiff", "dbos_transact")  # slow, or one object a process
    contenders = [
        replace(one, database=f"{one.database}-at-once")
        for one in _movers(POSTGRESQL)
        if not one.module.endswith(alone) and one.name != SAME_ROWS
    ]
    what = "a move, PostgreSQL, two processes of two threads"
    cases = max(sizes.cases, 2 * _fresh(sizes))
    return Work(what, contenders, cases, sizes.seconds, Aim(times={"best peer": 1.5}), processes=2, threads=2)


READING = {"floor": ROWS, "django": "Django", "core": "SQLAlchemy Core"}


def _readers(where: str, what: str) -> list[Contender]:
    """All on databases that `fill` wrote before."""
    return [
        _ours(where, what, guest=True, database=f"{where}-trails"),
        *(
            Contender(name, "floor" if kind == "floor" else "peer", "bench.peers.reading", (kind, what),
                      f"{where}-reading", guest=True)
            for kind, name in READING.items()
        ),
    ]  # fmt: skip


def _reading(where: str, sizes: Sizes) -> Iterator[Work]:
    cases, said = sizes.evidence // TRAIL, f"{sizes.evidence:,} entries"
    yield Work(
        f"the trail of one case among {said}, {where}", _readers(where, "trails"), cases, sizes.seconds,
        Aim(times={READING["django"]: 1}), checked=False,
    )  # fmt: skip
    yield Work(
        f"verifying the chains of {said}, {where}", _readers(where, "verify"), cases, 1, Aim(rate=100_000), rounds=1,
        checked=False,
    )  # fmt: skip


def fill(sizes: Sizes, databases: Databases) -> None:
    """Writes the entries that are read, on both databases at the same time."""
    cases, begun = sizes.evidence // TRAIL, list[Runner]()
    try:
        for where in (SQLITE, POSTGRESQL):
            for one in _readers(where, "trails")[:2]:
                runner = Runner(replace(one, guest=False))
                begun.append(runner)
                runner.begin(databases.url(one), cases)
        for runner in begun:
            runner.await_ready()
    finally:
        for runner in begun:
            runner.stop()


def _sweeps(where: str, sizes: Sizes) -> Work:
    fewer = 0.2  # jobs are filed one by one, and that is not measured
    contenders = [
        _ours(where, "sweeps"),
        _floor(where, "bench.ours", "sweeps-by-hand", name=SAME_ROWS),
        _floor(where, "bench.peers.due", name=SLIM_ROWS),
        _peer(where, "django_sweep", BATCHES),
        _peer(where, "job_for_each", JOBS, fewer),
        *(
            [_peer(where, "procrastinate_jobs", "procrastinate, a job a deadline", fewer)]
            if where == POSTGRESQL
            else []
        ),
    ]
    aim = Aim(times={SAME_ROWS: 0.25, BATCHES: 3, JOBS: 8})
    cases = max(sizes.cases, (sizes.rounds + 1) * sizes.due)
    return Work(f"due deadlines told of, in batches of 500, {where}", contenders, cases, sizes.due, aim)


def _ticks(where: str, sizes: Sizes) -> Iterator[Work]:
    database = f"{where}-ticks"
    for waiting in sizes.waiting:
        ours = _ours(where, "ticks", database=database)
        floor = Contender("floor, the same statements", "floor", "bench.ours", ("ticks-by-hand",), database, guest=True)
        what = f"a tick with nothing due, {waiting:,} waiting, {where}"
        yield Work(what, [ours, floor], waiting, 1, Aim(median_ms=50), checked=False)


def _machine(sizes: Sizes) -> Work:
    names = {
        "statemachine": "python-statemachine",
        "transitions": "transitions, a machine a case",
        "django-fsm-2": "django-fsm-2",
        "viewflow": "viewflow.fsm",
    }
    contenders = [
        _ours("none", "machine"),
        Contender("floor, a dictionary", "floor", "bench.peers.machines", ("table",), "SQLite-none"),
        *(Contender(name, "peer", "bench.peers.machines", (kind,), "SQLite-none") for kind, name in names.items()),
    ]
    return Work(
        MACHINE, [replace(one, database="SQLite-none") for one in contenders], 1, sizes.seconds / 2, checked=False
    )
