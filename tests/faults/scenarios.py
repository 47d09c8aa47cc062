"""Faults of each class, brought about at a chosen moment; each scenario returns what was seen to go wrong at once.

What the record says of it all is for the checker (`play`).
"""

import csv
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
from faults.caseload import LONG, until
from faults.history import Told
from faults.world import World, Worlds, until_acknowledged
from sqlalchemy import func, select

from workflow.database import Database
from workflow.outbox import MESSAGES
from workflow.repository import CASES

DIED = -signal.SIGKILL
Scenario = Callable[[World], list[str]]


def play(world: World, *names: str) -> list[str]:
    """Plays scenarios in one world, one after the other: what went wrong at once, and what the checker finds."""
    found = []
    for name in names:
        world.end_nodes()
        found += SCENARIOS[name](world)
    world.settle()
    return found + world.found()


def web_killed(world: World) -> list[str]:
    """A node dies before the commit of a move, and one after it: before anybody was told. The client asks another."""
    sound = world.web()
    client = world.client()
    case = world.seeded.cases[0]
    version = client.version(case)
    for point in ("commit:2", "committed:2"):
        dying = world.web(WAYMARK_FAILPOINTS=point)
        client.ports = lambda dying=dying: [(sound if dying.poll() is not None else dying).port]  # type: ignore[misc]
        while dying.poll() is None:
            attempt = client.persist(client.begin(case, "report_found", version))
            version = attempt.version or client.version(case)
            if attempt.told is Told.REFUSED and dying.poll() is None:
                break
        assert dying.poll() == DIED or world.mutation, dying.said()
    return []


POINTS = ("sweep", "claimed", "deliver:2", "delivered:3", "seal", "sealed", "commit:6", "committed:5")


def node_killed(world: World) -> list[str]:
    """A node dies at each point of its work in turn; the next one goes on."""
    points = POINTS if LONG or world.mutation else POINTS[::2]
    for number, point in enumerate(points):
        world.set_clock("now", 150 * number)  # the lease of the one before has ended
        node = world.once(clock="now", WAYMARK_FAILPOINTS=point)
        node.wait()
        assert node.poll() == DIED or world.mutation, node.said()
    return []


def server_killed(world: World) -> list[str]:
    """PostgreSQL is killed at once with all its sessions, comes back, is stopped without ado, and comes back."""
    world.web()
    crowd = world.crowd(3)
    for act in (world.primary.kill, lambda: world.primary.stop(at_once=True)):
        until_acknowledged(world, 5)
        act()
        world.primary.start()
        until_acknowledged(world, 3)
    crowd.stop()
    return []


def failover(world: World) -> list[str]:
    """The standby hears nothing for a moment, the server dies with its data, the standby takes over."""
    primary, standby = world.clusters[:2]
    world.web(WAYMARK_REQUEST_SECONDS="3")
    crowd = world.crowd(3, timeout=5)
    until(primary.is_in_step)
    until_acknowledged(world, 8)
    assert world.wire is not None
    world.wire.end()
    time.sleep(0.5)  # what were acknowledged now, no standby would have confirmed
    primary.kill()
    standby.set(synchronous_standby_names="''")  # it is alone now: nobody is there to confirm
    standby.promote()
    standby.reload()
    world.clusters.reverse()
    until_acknowledged(world, 3)
    crowd.stop()
    return []


def commit_cut(world: World) -> list[str]:
    """The line to the database is cut when the COMMIT of a move was sent: once before it arrives, once when it has."""
    assert world.wire is not None
    world.web()
    client = world.client()
    case = world.seeded.cases[0]
    for when in ("before", "after"):
        version = client.version(case)
        world.wire.cut_next_commit(when)
        client.persist(client.begin(case, "report_missing", version))
        assert not world.wire.armed
    return []


def sessions_ended(world: World) -> list[str]:
    """A session ends while it holds its case: who asked is told that it may have happened, and to ask again."""
    world.web(WAYMARK_FAILPOINTS="commit=sleep 0.4")
    client = world.client()
    case = world.seeded.cases[0]
    act = client.begin(case, "report_found", client.version(case))
    sending = threading.Thread(target=client.send, args=(act,))
    sending.start()
    time.sleep(0.25)
    ended = world.primary.cut_all()
    sending.join()
    assert ended
    status = act.attempts[0].status
    found = [] if status in (200, 503) else [f"wrong answer: {status} where the session had ended"]
    client.persist(act)
    return found


def pool_exhausted(world: World) -> list[str]:
    """Every session the server allows is taken: who asks is told to come back, and is answered when there is room."""
    world.web()
    client = world.client()
    found = []
    with ExitStack() as stack:
        world.primary.cut_all()
        for _ in range(100):
            try:
                stack.enter_context(psycopg.connect(world.primary.url()))
            except psycopg.OperationalError:
                break
        status, _ = client.ask("GET", f"/cases/{world.seeded.cases[0]}")
        if status != 503:
            found.append(f"wrong answer: {status} where there was no session left")
    until(lambda: client.ask("GET", f"/cases/{world.seeded.cases[0]}")[0] == 200)
    assert client.move(world.seeded.cases[0]) is not None
    return found


def disk_full(world: World) -> list[str]:
    """There is no room for a write: nothing is acknowledged that is not there. Then there is room again."""
    web = world.web(WAYMARK_FAILPOINTS="commit:9=full") if world.mutation else world.web()
    crowd = world.crowd(2)
    until_acknowledged(world, 3)
    if world.clusters:
        world.primary.fill_disk()
    elif not world.mutation:
        resource.prlimit(web.number, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    seen = world.history.count(Told.UNKNOWN)
    if not world.mutation:
        until(lambda: world.history.count(Told.UNKNOWN) > seen)
    else:
        time.sleep(1)
    resource.prlimit(web.number, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if not world.mutation:
        until_acknowledged(world, 3)
    crowd.stop()
    return []


def file_system_full(world: World) -> list[str]:
    """The same on a file system without a byte left; where none may be mounted, files are limited instead."""
    disk = world.on_small_disk()
    if disk is None:
        return disk_full(world)
    world.web()
    crowd = world.crowd(2)
    until_acknowledged(world, 3)
    seen, ballast = world.history.count(Told.UNKNOWN), disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    until(lambda: world.history.count(Told.UNKNOWN) > seen)
    ballast.unlink()
    until_acknowledged(world, 3)
    crowd.stop()
    return []


def slow_disk(world: World) -> list[str]:
    """Each commit takes two seconds where a request may take one: who waits is answered, and asks again later."""
    world.web(WAYMARK_FAILPOINTS="commit:3=sleep 2", WAYMARK_REQUEST_SECONDS="1")
    sound = world.web()
    client = world.client()
    case = world.seeded.cases[0]
    client.ports = lambda: [world.nodes[0].port or 0]
    client.move(case)
    act = client.begin(case, "report_found", client.version(case))
    first = client.send(act)
    for _ in range(3):
        if first.status == 503:
            break
        act = client.begin(case, "report_found", first.version)
        first = client.send(act)
    found = [] if first.status == 503 and first.ended - first.begun < 1.8 else ["too slow: it was not answered in time"]
    time.sleep(2.5)
    client.ports = lambda: [sound.port or 0]
    client.persist(act)
    return found


def clock_steps(world: World) -> list[str]:
    """The clock of the nodes goes back three days, then ahead by two, then is right: nothing is lost or repeated."""
    for seconds in (-3 * 86400, 2 * 86400, 0):
        world.set_clock("step", seconds)
        node = world.once(clock="step")
        assert node.wait() == 0, node.said()
    return [one for one in world.found(after=0) if one.startswith("missing alert")]


def clocks_apart(world: World) -> list[str]:
    """Two nodes whose clocks are a minute apart deliver at once, one slowly: each message leaves once."""
    world.set_clock("ahead", 60)
    slow = world.once(WAYMARK_FAILPOINTS="deliver=sleep 0.25")
    until(lambda: world.post.receipts)
    assert world.once(clock="ahead").wait() == 0
    assert slow.wait() == 0, slow.said()
    return [f"sent twice: {key}" for key, n in Counter(one.key for one in world.post.receipts).items() if n > 1]


def post_closed(world: World) -> list[str]:
    """The post outside answers 503 for a day: what waited arrives when it opens."""
    world.post.refuses = True
    for minutes in (0, 3, 15, 60, 240, 900, 1500):
        world.set_clock("day", minutes * 60)
        node = world.once(clock="day")
        assert node.wait() == 0, node.said()
    assert world.post.refused
    world.post.refuses = False
    world.set_clock("day", 2 * 86400)
    node = world.once(clock="day")
    assert node.wait() == 0, node.said()
    with _database(world).read() as connection:
        left = select(MESSAGES.c.key, MESSAGES.c.status).where(MESSAGES.c.channel == "webhook")
        lost = [f"lost message: {row.key} is {row.status}" for row in connection.execute(left) if row.status != "sent"]
    return lost


def two_at_once(world: World) -> list[str]:
    """Two acts decided on the same version, at the same moment: one is taken, the other is told."""
    world.web(WAYMARK_FAILPOINTS="commit=sleep 0.2")
    first, second = world.client(1), world.client(2)
    case = world.seeded.cases[0]
    version = first.version(case)
    acts = [one.begin(case, "report_found", version) for one in (first, second)]
    _together(lambda: first.send(acts[0]), lambda: second.send(acts[1]))
    told = sorted(one.attempts[0].status for one in acts)
    return [] if told == [200, 409] else [f"overtaken: the two were answered {told}"]


def opened_twice_at_once(world: World) -> list[str]:
    """The same opening is sent twice at the same moment, under one key: one case is opened, and both are told of it."""
    world.web(WAYMARK_FAILPOINTS="commit=sleep 0.2")
    client = world.client()
    act = client.begin(None, "refer", None)
    _together(lambda: client.send(act), lambda: client.send(act))
    found = [
        f"refused and there: one of the two was answered {one.status}"
        for one in act.attempts
        if one.told is not Told.ACKNOWLEDGED
    ]
    return found


def moved_twice_at_once(world: World) -> list[str]:
    """The same move is sent again, under one key, while the first is still being taken: both are told of the one."""
    world.web(WAYMARK_FAILPOINTS="commit=sleep 0.3")
    client = world.client()
    case = world.seeded.cases[0]
    act = client.begin(case, "report_found", client.version(case))
    _together(lambda: client.send(act), lambda: client.send(act))
    found = [
        f"refused and there: one of the two was answered {one.status}"
        for one in act.attempts
        if one.told is not Told.ACKNOWLEDGED
    ]
    return found


def _together(*acts: Callable[[], object]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


ROWS = 6


def import_killed(world: World) -> list[str]:
    """A node dies in the middle of a file: none of its rows is a case; taken in again, each is one."""
    file = world.folder / "referrals.csv"
    _referrals(file)
    dying = world.node("import", str(file), WAYMARK_FAILPOINTS="import", WAYMARK_TOKEN=world.seeded.token)
    assert dying.wait() == DIED, dying.said()
    found = [] if _imported(world) == 0 else [f"half import: {_imported(world)} of {ROWS} rows are cases"]
    again = world.node("import", str(file), WAYMARK_TOKEN=world.seeded.token)
    assert again.wait() == 0, again.said()
    if _imported(world) != ROWS:
        found.append(f"half import: {_imported(world)} of {ROWS} rows are cases after it was taken in again")
    return found


def _referrals(file: Path) -> None:
    with file.open("w", newline="") as lines:
        rows = csv.DictWriter(lines, ("source_reference", "team", "received_on", "source"))
        rows.writeheader()
        for number in range(ROWS):
            rows.writerow(
                {"source_reference": f"D-{number}", "team": "baby", "received_on": "2026-11-02", "source": "cass"}
            )


def _imported(world: World) -> int:
    with _database(world).read() as connection:
        count = select(func.count()).select_from(CASES).where(CASES.c.source_reference.is_not(None))
        return int(connection.execute(count).scalar_one())


def _database(world: World) -> Database:
    return Database(world.clusters[0].url() if world.clusters else world.url)


SCENARIOS: dict[str, Scenario] = {
    "web killed": web_killed,
    "node killed": node_killed,
    "import killed": import_killed,
    "server killed": server_killed,
    "failover": failover,
    "commit cut": commit_cut,
    "sessions ended": sessions_ended,
    "pool exhausted": pool_exhausted,
    "disk full": disk_full,
    "file system full": file_system_full,
    "slow disk": slow_disk,
    "clock steps": clock_steps,
    "clocks apart": clocks_apart,
    "post closed for a day": post_closed,
    "two at once": two_at_once,
    "the same opening twice at once": opened_twice_at_once,
    "the same move twice at once": moved_twice_at_once,
}
ON_POSTGRESQL = frozenset({"server killed", "commit cut", "sessions ended", "pool exhausted"})


def world_for(worlds: Worlds, name: str, backend: str, **given: object) -> World:
    """The world a scenario is played in."""
    if name == "failover":
        return worlds.pair(**given)
    return worlds.sqlite(**given) if backend == "sqlite" else worlds.postgresql(**given)


__all__ = ["ON_POSTGRESQL", "SCENARIOS", "play", "world_for"]
