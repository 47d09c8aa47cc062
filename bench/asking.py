"""An HTTP client and proxy in one: kept connections to several nodes in turn, passing over one that is gone."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 64  # to one node, as a proxy would keep
AWAY = 2.0  # seconds for which a node that did not answer is passed over
PATIENCE = 30.0  # seconds for one answer
GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, EOFError)


@dataclass(frozen=True, slots=True)
class Answer:
    """`retried`: it came from another node than the one asked first."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retried: bool = False


@dataclass
class Upstream:
    """One node."""

    name: str
    port: int
    away_until: float = 0.0
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    async def ask(self, request: bytes) -> Answer:
        """One of GONE where it does not answer; a kept connection that was closed by now is tried anew."""
        async with self.places:
            while self.idle:
                try:
                    return await self._on(*self.idle.pop(), request)
                except GONE:
                    continue
            return await self._on(*await asyncio.open_connection("127.0.0.1", self.port), request)

    async def _on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(request)
                await writer.drain()
                answer = await _read(reader)
        except BaseException:
            writer.close()
            raise
        if answer.headers.get("connection", "") == "close":
            writer.close()
        else:
            self.idle.append((reader, writer))
        return answer


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lines = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in lines}
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        parts = []
        while "chunked" in headers.get("transfer-encoding", "") and (
            size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        ):
            parts.append((await reader.readexactly(size + 2))[:-2])
        if parts:
            await reader.readexactly(2)
        body = b"".join(parts)
    return Answer(int(head[0].split(" ")[1]), headers, body)


class Proxy:
    """Asks the nodes in turn; what a node did not answer is asked again of the next one.

    That is right for what is safe to repeat: a page, and a move under the same Idempotency-Key.
    """

    def __init__(self, nodes: Sequence[Upstream]) -> None:
        self._turn = itertools.cycle(nodes)
        self._count = len(nodes)

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """ConnectionError where no node answers."""
        lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        retried = False
        for _ in range(4 * self._count):
            node = next(self._turn)
            if node.away_until > time.monotonic():
                continue
            try:
                answer = await node.ask(request)
                return Answer(answer.status, answer.headers, answer.body, retried)
            except GONE:
                node.away_until, retried = time.monotonic() + AWAY, True
        raise ConnectionError(f"no node answers {method} {path}")
