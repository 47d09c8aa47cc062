"""The network between a node and its database, and the post outside: both may fail at a chosen moment."""

import json
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from faults.checker import CLIENTS, Receipt

COMMIT = b"COMMIT"


@dataclass
class Wire:
    """A TCP line to one port. Cut before or after the COMMIT of a client's act has passed, or all of it at once."""

    to: int
    port: int = 0
    cuts: int = 0
    _armed: str = ""
    _pairs: set[tuple[socket.socket, socket.socket]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _door: socket.socket = field(default_factory=socket.socket)

    def __post_init__(self) -> None:
        self._door.bind(("127.0.0.1", 0))
        self._door.listen(64)
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next_commit(self, when: str) -> None:
        """`before`: the COMMIT never arrives. `after`: it does, and its answer never comes back."""
        self._armed = when

    @property
    def armed(self) -> bool:
        return bool(self._armed)

    def cut_all(self) -> int:
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._cut(*pair)
        return len(pairs)

    def end(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            for source, target, outward in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, target, outward, (near, far)), daemon=True).start()

    def _carry(
        self, source: socket.socket, target: socket.socket, outward: bool, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        moves = False  # whether an act of a client was written since the last COMMIT
        try:
            while data := source.recv(65536):
                moves = moves or (outward and CLIENTS.encode() in data)
                when = self._taken() if moves and COMMIT in data else ""
                moves = moves and COMMIT not in data
                if when == "before":
                    break
                target.sendall(data)
                if when == "after":
                    self._pairs.discard(pair)
                    self._drop(pair[0])
                    pair[1].recv(65536)  # the server has committed, and says so to nobody
                    break
        except OSError:
            pass
        self._cut(*pair)

    def _taken(self) -> str:
        with self._lock:
            when, self._armed = self._armed, ""
            self.cuts += bool(when)
            return when

    def _cut(self, near: socket.socket, far: socket.socket) -> None:
        with self._lock:
            self._pairs.discard((near, far))
        for one in (near, far):
            self._drop(one)

    @staticmethod
    def _drop(one: socket.socket) -> None:
        with suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            one.close()


@dataclass
class Post:
    """A webhook of an authority. While `refuses`, it answers 503."""

    receipts: list[Receipt] = field(default_factory=list)
    refuses: bool = False
    refused: int = 0
    slow: float = 0.0  # seconds before it answers

    def __post_init__(self) -> None:
        post = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name http.server asks for
                body = self.rfile.read(int(self.headers["content-length"]))
                time.sleep(post.slow)
                if post.refuses:
                    post.refused += 1
                    self.send_response(503)
                else:
                    post.receipts.append(Receipt(self.headers["x-waymark-key"], json.loads(body)["text"]))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
