"""Processes that do the same work in turn, round by round, so that a noisy machine is noisy for all alike."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ROOT = Path.cwd()  # where `python -m bench` finds what it measures
PEERS = Path(sys.prefix) / "bench/bin/python"
Side = Literal["Waymark", "floor", "peer"]
Said = dict[str, Any]
PATIENCE = 60.0  # seconds for a process to end by itself


@dataclass(frozen=True)
class Contender:
    """Who does the work: a module, its first arguments and the name of its database.

    `share`: how much of the things to do in a round, where those are counted. `guest`: the database was filled before.
    """

    name: str
    side: Side
    module: str
    words: tuple[str, ...] = ()
    database: str = ""
    share: float = 1.0
    guest: bool = False

    @property
    def interpreter(self) -> str:
        return str(PEERS) if self.module.startswith("bench.peers.") else sys.executable


@dataclass
class Runner:
    """The processes of one contender, and what their rounds came to."""

    contender: Contender
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    used: list[float] = field(default_factory=list)  # processor time of our side of the connection, µs each
    done: int = 0
    last: Said = field(default_factory=dict)
    peak: int = 0

    def start(self, url: str, cases: int, processes: int, threads: int) -> None:
        """Starts them one after another: the first one sets up what all work on."""
        for number in range(processes):
            self.begin(url, cases, processes, threads, number)
            self.await_ready()

    def begin(self, url: str, cases: int, processes: int = 1, threads: int = 1, number: int = 0) -> None:
        one = self.contender
        numbers = [str(said) for said in (cases, threads, number + one.guest, processes * threads)]
        self.processes.append(
            subprocess.Popen(
                [one.interpreter, "-m", one.module, *one.words, url, *numbers],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )
        )  # fmt: skip

    def await_ready(self) -> None:
        self.versions = self._heard(self.processes[-1])["versions"]

    def round(self, number: float) -> None:
        """All processes at once; the rate is of all of them together."""
        for process in self.processes:
            _tell(process, str(number))
        said = [self._heard(process) for process in self.processes]
        count = sum(one["count"] for one in said)
        self.rates.append(count / max(one["seconds"] for one in said))
        self.used.append(sum(one["cpu"] for one in said) / max(1, count) * 1e6)
        self.times += [one for each in said for one in each.get("times", ())]
        self.peak = max(self.peak, *(one["peak"] for one in said))
        self.done += count
        self.last = said[0]

    def check(self) -> None:
        """Whether all that was done is there; where it is not, the process says so and the bench ends."""
        _tell(self.processes[0], f"check {self.done}")
        self._heard(self.processes[0])

    def stop(self) -> None:
        for process in self.processes:
            if process.stdin:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(2)  # some leave threads behind; what they did is durable, and counted
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)

    def _heard(self, process: "subprocess.Popen[str]") -> Said:
        while process.stdout is not None and (line := process.stdout.readline()):
            if line.startswith("{"):
                return dict(json.loads(line))
        raise RuntimeError(f"{self.contender.name} ended: see above")


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is None:
        raise RuntimeError("a process without input")
    process.stdin.write(line + "\n")
    process.stdin.flush()


@dataclass(frozen=True)
class Aim:
    """What Waymark is to reach: so many times who is named ("best peer": the quickest), a rate, or milliseconds."""

    times: Mapping[str, float] = field(default_factory=dict)
    rate: float | None = None
    median_ms: float | None = None
    p99_of_best_peer: bool = False


@dataclass(frozen=True)
class Work:
    """One row of the table."""

    what: str
    contenders: Sequence[Contender]
    cases: int
    number: float  # seconds a round, or things to do
    aim: Aim = Aim()
    rounds: int = 0  # 0: as many as usual
    processes: int = 1
    threads: int = 1
    checked: bool = True


def held(work: Work, url_of: Callable[[Contender], str], rounds: int, told: Callable[[str], None]) -> Said:
    """The row: what each contender came to, and whether Waymark reached its aims."""
    runners: list[Runner] = []
    rounds = work.rounds or rounds
    try:
        for one in work.contenders:
            told(f"{work.what}: {one.name} gets ready")
            runners.append(Runner(one))
            runners[-1].start(url_of(one), work.cases, work.processes, work.threads)
        for number in range(rounds):
            for place in range(len(runners)):
                runner = runners[(place + number) % len(runners)]  # nobody is always first
                told(f"{work.what}: round {number + 1} of {rounds}, {runner.contender.name}")
                runner.round(work.number * runner.contender.share)
        for runner in runners if work.checked else ():
            told(f"{work.what}: is all of {runner.contender.name} there?")
            runner.check()
    finally:
        for runner in runners:
            runner.stop()
    ours = next(one for one in runners if one.contender.side == "Waymark")
    found = [_said(one, ours) for one in runners]
    return {
        "what": work.what,
        "contenders": found,
        "aims": list(_aims(work.aim, found)),
        "versions": {name: said for one in runners for name, said in one.versions.items()},
    }


def _aims(aim: Aim, found: Sequence[Said]) -> Iterator[Said]:
    ours = next(one for one in found if one["side"] == "Waymark")
    best = max((one for one in found if one["side"] == "peer"), key=lambda one: one["rate"], default=None)
    for name, least in aim.times.items():
        other = best if name == "best peer" else next((one for one in found if one["name"] == name), None)
        if other is not None:
            of = f"the best peer ({other['name']})" if other is best and name == "best peer" else name
            yield _aim(f"at least {least:g} × {of}", f"{other['times_of_it']:.2f}", other["times_of_it"] >= least)
    if aim.p99_of_best_peer and best is not None and best["p99_ms"]:
        said = f"{ours['p99_ms']:.1f} against {best['p99_ms']:.1f} ms"
        yield _aim("p99 no worse than the best peer's", said, ours["p99_ms"] <= best["p99_ms"])
    if aim.rate is not None:
        yield _aim(f"at least {aim.rate:,.0f}/s", f"{ours['rate']:,.0f}/s", ours["rate"] >= aim.rate)
    if aim.median_ms is not None:
        yield _aim(f"under {aim.median_ms:g} ms", f"{ours['p50_ms']:.1f} ms", ours["p50_ms"] < aim.median_ms)


def _aim(says: str, found: str, kept: bool) -> Said:
    return {"says": says, "found": found, "kept": kept}


def _said(runner: Runner, ours: Runner) -> dict[str, Any]:
    times = sorted(runner.times)
    paired = [mine / other for mine, other in zip(ours.rates, runner.rates, strict=True)]
    return {
        "name": runner.contender.name,
        "side": runner.contender.side,
        "rate": statistics.median(runner.rates),
        "least": min(runner.rates),
        "most": max(runner.rates),
        "p50_ms": times[len(times) // 2] / 1000 if times else None,
        "p99_ms": times[int(len(times) * 0.99)] / 1000 if times else None,
        "cpu_us": statistics.median(runner.used),
        "peak_mb": runner.peak / 1024,
        "times_of_it": statistics.median(paired),  # Waymark's rate over this one's, round by round
        "bytes": runner.last.get("bytes"),
        "note": runner.last.get("note", ""),
    }
