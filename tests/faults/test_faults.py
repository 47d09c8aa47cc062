"""Whatever breaks, what was acknowledged stays, nothing is there by half, and everybody due is told: real processes.

Each scenario brings about one class of faults; `make faults` brings about a thousand, `make long` each on both.
"""

from collections.abc import Iterator

import pytest
from faults.caseload import LONG
from faults.checker import kinds
from faults.mutations import MUTATIONS
from faults.scenarios import ON_POSTGRESQL, SCENARIOS, play, world_for
from faults.world import Nursery, Seeds, Worlds

SHORT = {
    "one node after the other dies, on SQLite": (
        "sqlite",
        ("web killed", "file system full", "import killed", "node killed", "clock steps"),
    ),
    "line and server fail, on PostgreSQL": (
        "postgresql",
        ("commit cut", "pool exhausted", "server killed", "the same opening twice at once"),
    ),
    "the standby takes over": ("postgresql", ("failover",)),
}
EACH = [
    (name, backend)
    for name in SCENARIOS
    for backend in ("sqlite", "postgresql")
    if backend == "postgresql" or not (name in ON_POSTGRESQL or name == "failover")
]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.end()


@pytest.fixture(scope="module")
def seeds() -> Iterator[Seeds]:
    seeds = Seeds()
    yield seeds
    seeds.end()


@pytest.fixture
def worlds(nursery: Nursery, seeds: Seeds) -> Iterator[Worlds]:
    worlds = Worlds(seeds, nursery)
    yield worlds
    worlds.end()


@pytest.mark.parametrize("told", SHORT)
def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half_when(worlds: Worlds, told: str) -> None:
    backend, names = SHORT[told]
    assert play(world_for(worlds, names[0], backend), *names) == []


def test_failpoints_are_refused_on_a_database_that_tests_of_faults_did_not_make(worlds: Worlds) -> None:
    world = worlds.sqlite()
    world.forget_what_it_is_for()
    for argv in (("work", "--once"), ("serve", "--port", "1"), ("check", "--quick")):
        refused = world.node(*argv, WAYMARK_FAILPOINTS="commit")
        assert refused.wait() == 1
        assert "WAYMARK_FAILPOINTS makes a process fail on purpose, and this database is no test's" in refused.said()


def test_a_failpoint_that_is_none_is_named(worlds: Worlds) -> None:
    refused = worlds.sqlite().node("work", "--once", WAYMARK_FAILPOINTS="comit:3")
    assert refused.wait() == 1
    assert "'comit:3' is not POINT[:N][=kill|full|sleep SECONDS]" in refused.said()


if LONG:

    @pytest.mark.parametrize(("name", "backend"), EACH)
    def test_each_class_of_faults_alone(worlds: Worlds, name: str, backend: str) -> None:
        assert play(world_for(worlds, name, backend), name) == []

    @pytest.mark.parametrize("name", MUTATIONS)
    def test_without_its_protection_the_scenario_finds_the_fault(worlds: Worlds, name: str) -> None:
        assert _found_without(worlds, name)

    def test_a_server_that_does_not_wait_for_its_disk_loses_what_it_acknowledged(worlds: Worlds) -> None:
        careless = worlds.postgresql(server={"synchronous_commit": "off"})
        assert kinds(play(careless, "server killed")) & {"lost", "stale", "lost update"}

    def test_a_server_that_does_not_wait_for_its_standby_loses_what_it_acknowledged(worlds: Worlds) -> None:
        careless = worlds.pair(synchronous=False)
        assert kinds(play(careless, "failover")) & {"lost", "stale", "lost update"}


def _found_without(worlds: Worlds, name: str) -> set[str]:
    mutation = MUTATIONS[name]
    world = world_for(worlds, mutation.scenario, mutation.backend, mutation=name)
    return kinds(play(world, mutation.scenario)) & mutation.finds
