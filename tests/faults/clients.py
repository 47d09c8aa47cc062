"""Clients that move cases over HTTP and write down what they sent and were told; they repeat what stays unanswered."""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from faults.checker import CLIENTS
from faults.history import Act, Attempt, History, Read, Told, now

TIMES = 8  # an act is sent so often before its client gives up
MOVES = {
    "report_missing": {"last_seen_on": "2026-11-24", "missing_note": "invented"},
    "report_found": {"found_on": "2026-11-25", "found_note": "invented"},
}
OPENS = {"lifecycle": "prebirth", "team": "baby", "facts": {"received_on": "2026-11-24", "source": "midwifery"}}


@dataclass
class Client:
    """One program with a token. `ports` says which nodes answer at this moment; any will do."""

    history: History
    token: str
    ports: Callable[[], Sequence[int]]
    timeout: float = 20.0
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and body; (0, {}) where there was no answer."""
        ports = self.ports()
        if not ports:
            time.sleep(0.05)
            return 0, {}
        given = {"Host": "localhost", "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.chance.choice(ports), timeout=self.timeout)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", sent, {**given, **headers})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
        finally:
            connection.close()

    def version(self, case: str) -> int | None:
        """The version of a case as it is shown now; noted as a read."""
        begun = now()
        status, said = self.ask("GET", f"/cases/{case}")
        if status != 200:
            return None
        self.history.read(Read(case, begun, now(), said["version"]))
        return int(said["version"])

    def begin(self, case: str | None, trigger: str, expected: int | None) -> Act:
        name = uuid.uuid4().hex
        act = Act(id=f"{CLIENTS}{name}", key=f"key-{name}", case=case, trigger=trigger, expected=expected)
        return self.history.act(act)

    def send(self, act: Act) -> Attempt:
        """Sends an act once."""
        headers = {"Idempotency-Key": act.key, "X-Request-Id": act.id}
        begun = now()
        if act.case is None:
            status, said = self.ask("POST", "/cases", OPENS, **headers)
        else:
            body = {"trigger": act.trigger, "facts": MOVES[act.trigger]}
            status, said = self.ask(
                "POST", f"/cases/{act.case}/moves", body, **headers, **{"If-Match": f'"{act.expected}"'}
            )
        return self.history.attempt(act, _attempt(begun, status, said))

    def persist(self, act: Act) -> Attempt:
        """Sends an act until there is an answer to it, or it is given up."""
        for time_ in range(TIMES):
            attempt = self.send(act)
            if attempt.told is not Told.UNKNOWN or (time_ and self.chance.random() < 0.05):
                break
            time.sleep(min(1.0, 0.05 * 2**time_) * self.chance.uniform(0.5, 1.5))
        return attempt

    def move(self, case: str) -> Attempt | None:
        """Looks at a case and moves it on."""
        version = self.version(case)
        if version is None:
            return None
        trigger = self.chance.choice(sorted(MOVES))
        return self.persist(self.begin(case, trigger, version))

    def open(self) -> Attempt:
        return self.persist(self.begin(None, "refer", None))


def _attempt(begun: float, status: int, said: dict[str, Any]) -> Attempt:
    ok = 200 <= status < 300
    told = Told.ACKNOWLEDGED if ok else Told.REFUSED if 400 <= status < 500 else Told.UNKNOWN
    found = (said["case"], said["entry"], said["version"]) if ok else (None, None, None)
    return Attempt(begun=begun, ended=now(), told=told, status=status, case=found[0], seq=found[1], version=found[2])


@dataclass
class Crowd:
    """Clients at work in threads, on a few cases that they contend for, until told to stop."""

    clients: Sequence[Client]
    cases: Sequence[str]
    opens: float = 0.05  # how often one opens a case instead
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Crowd":
        for client in self.clients:
            thread = threading.Thread(target=self._work, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, client: Client) -> None:
        while not self._stop.is_set():
            if client.chance.random() < self.opens:
                client.open()
            else:
                client.move(client.chance.choice(self.cases))
            self._stop.wait(0.01)
