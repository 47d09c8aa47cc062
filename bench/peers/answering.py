"""How a process that is measured is asked: it says that it is ready, then answers each line with what a round came to.

A line holds a number: seconds to work for, or things to do. A line with `check` and a number asks whether all that was
written is there. Every answer is a line of JSON. The same for Waymark, floors and peers.
"""

import json
import queue
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from random import Random
from typing import Any

from bench.peers import unit

Step = Callable[[], Any]
WARM = 20


@dataclass(frozen=True)
class Place:
    """Which part of the cases a walker has to itself: those numbered `index` + 1 onwards, by steps of `of`."""

    url: str
    cases: int
    threads: int
    index: int
    of: int

    @classmethod
    def asked_for(cls) -> "Place":
        url, *numbers = sys.argv[1:]
        return cls(url, *(int(one) for one in numbers))


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_kilobytes() -> int:
    """The most memory this process ever held."""
    with open("/proc/self/status") as said:
        return next(int(line.split()[1]) for line in said if line.startswith("VmHWM"))


def say(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def versions(packages: Sequence[str]) -> dict[str, str]:
    return {
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        **{one: version(one) for one in packages},
    }


def answer(rounds: Callable[[float], dict[str, Any]], check: Callable[[int], Any], packages: Sequence[str]) -> None:
    """Answers until the input ends."""
    say(ready=True, versions=versions(packages))
    for line in sys.stdin:
        asked, _, number = line.strip().rpartition(" ")
        if asked == "check":
            check(int(number))
            say(checked=True)
            continue
        used = processor()
        said = rounds(float(number))
        say(cpu=processor() - used, peak=peak_kilobytes(), **said)


class Walker(threading.Thread):
    """One thread with a session of its own, stepping for as long as it is told."""

    def __init__(self, open_session: Callable[[Place], Step], place: Place) -> None:
        super().__init__(daemon=True)
        self.asked: queue.Queue[float] = queue.Queue()
        self.done: queue.Queue[list[int] | Exception] = queue.Queue()
        self._open, self._place = open_session, place

    def run(self) -> None:
        try:
            step = self._open(self._place)
            for _ in range(WARM):
                step()
            self.done.put([])
            while True:
                self.done.put(_times(step, self.asked.get()))
        except Exception as error:
            self.done.put(error)
            raise


def _times(step: Step, seconds: float) -> list[int]:
    """Microseconds of each step that began in these seconds."""
    taken, clock = list[int](), time.perf_counter_ns
    end = clock() + int(seconds * 1e9)
    while (began := clock()) < end:
        step()
        taken.append((clock() - began) // 1000)
    return taken


def answer_steps(
    open_session: Callable[[Place], Step], place: Place, check: Callable[[int], Any], packages: Sequence[str] = ()
) -> None:
    """Answers with the steps of all threads of this process."""
    places = [
        Place(place.url, place.cases, 1, place.index * place.threads + one, place.of) for one in range(place.threads)
    ]
    walkers = [Walker(open_session, one) for one in places]
    for walker in walkers:
        walker.start()
        _outcome(walker)

    def rounds(seconds: float) -> dict[str, Any]:
        began = time.perf_counter()
        for walker in walkers:
            walker.asked.put(seconds)
        taken = [one for walker in walkers for one in _outcome(walker)]
        return {"count": len(taken), "seconds": time.perf_counter() - began, "times": taken}

    answer(rounds, check, packages)


def _outcome(walker: Walker) -> list[int]:
    found = walker.done.get()
    if isinstance(found, Exception):
        raise found
    return found


def answer_walk(open_session: Callable[[Place], Callable[[int, str, str, str], Any]], packages: Sequence[str]) -> None:
    """For peers: seeds the cases, then walks over them with `advance(case, move, who, role)`."""
    place = Place.asked_for()
    if place.index == 0:
        unit.seed(place.url, place.cases)

    def opened(place: Place) -> Step:
        advance, pick, states = open_session(place), Random(place.index), dict[int, str]()

        def step() -> None:
            case = place.index + 1 + place.of * pick.randrange(place.cases // place.of)
            state = states.get(case) or unit.state_of(case)
            advance(case, unit.NEXT[state], unit.WHO, unit.ROLE)
            states[case] = unit.MOVES[unit.NEXT[state]][1]

        return step

    def check(moves: int) -> None:
        unit.check_all(place.url, place.cases, moves + WARM * place.of)

    answer_steps(opened, place, check, packages)
