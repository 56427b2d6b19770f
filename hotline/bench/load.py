"""A light load on a ticket service, in a process of its own: `python -m hotline.bench.load`, a plan as JSON on standard
input, what was seen as JSON on standard output.

Every connection sends its next request when the answer to the last one is whole; requests are encoded before the clock
starts. Answers are read as far as needed to know that they are whole and what their status is.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds after which a load that is not through is given up."""

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True)
class Plan:
    """`first` is the number of the first request: requests of two plans with different ranges are different tickets."""

    port: int
    token: str
    connections: int
    requests: int
    first: int
    host: str = "127.0.0.1"
    path: str = "/api/v1/tickets"


@dataclass(frozen=True, slots=True)
class Seen:
    """Latencies in milliseconds; `statuses` counts answers by status."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        return self.requests - self.statuses.get("201", 0)


def a_request(number: int) -> dict[str, Any]:
    """What an IVR node sends for a call: some 700 bytes, one transcript line, one place."""
    day = date(2026, 1, 1) + timedelta(days=number // (99 * 9999))
    node, sequence = divmod(number % (99 * 9999), 9999)
    call = f"1790000000.{number}"
    return {
        "number": f"{day:%y%m%d}{node + 1:02d}{sequence + 1:04d}",
        "channel": "phone",
        "source_line": "12345",
        "call": {"id": call, "linkedid": call, "started_at": "2026-01-01T12:00:00+08:00", "node": node + 1},
        "request_index": 1,
        "kind": "complaint",
        "category": {"l1": "城乡建设", "l2": "环境卫生", "problem": "垃圾清运"},
        "confidence": 0.875,
        "unit": "城市管理局",
        "unit_id": "u-7",
        "places": [{"id": "p1", "name": "解放路", "kind": "street", "text": "解放路", "score": 0.9}],
        "level": 3,
        "summary": "小区门口的垃圾没有人清理",
        "transcript": [
            {
                "text": "小区门口的垃圾堆了好几天没有人清理",
                "start": 0.5,
                "end": 4.25,
                "confidence": 0.9,
                "alternatives": [],
            }
        ],
        "emergency": None,
        "caller": {"number": "13800000000", "confidential": False},
        "completeness": "complete",
        "reasons": ["垃圾"],
        "note": None,
    }


def encoded(number: int) -> bytes:
    return json.dumps(a_request(number), ensure_ascii=False, separators=(",", ":")).encode()


class _Client(asyncio.Protocol):
    """One connection with its share of the requests."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self._requests = requests
        self._done = done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP connection was expected")
        self._transport = transport

    def start(self) -> None:
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(_END)
        if not end or len(rest) < _length(head):
            return
        self.latencies.append(time.perf_counter() - self._sent)
        self.statuses[head[9:12].decode("ascii", "replace")] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("the service closed a connection under load"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return int(head[at + len(_LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0


async def put_under_load(plan: Plan) -> Seen:
    """Raises ConnectionError when the service ends a connection, TimeoutError after PATIENCE."""
    loop = asyncio.get_running_loop()
    shares = [_share(plan, index) for index in range(plan.connections)]
    dones = [loop.create_future() for _ in shares]
    clients: list[_Client] = []
    for share, done in zip(shares, dones, strict=True):
        _, client = await loop.create_connection(
            lambda share=share, done=done: _Client(iter(share), done),  # type: ignore[misc]  # bound now, not later
            plan.host,
            plan.port,
        )
        clients.append(client)
    started = time.perf_counter()
    for client in clients:
        client.start()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*dones)
    seconds = time.perf_counter() - started
    latencies = sorted(latency for client in clients for latency in client.latencies)
    statuses: Counter[str] = sum((client.statuses for client in clients), Counter())
    return Seen(len(latencies), seconds, _at(latencies, 0.5), _at(latencies, 0.99), dict(statuses))


def _share(plan: Plan, index: int) -> list[bytes]:
    return [_http(plan, plan.first + offset) for offset in range(index, plan.requests, plan.connections)]


def _http(plan: Plan, number: int) -> bytes:
    body = encoded(number)
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nAuthorization: Bearer {plan.token}\r\n"
        f"Idempotency-Key: bench-{number}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _at(ordered: Sequence[float], share: float) -> float:
    """The quantile in milliseconds."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    print(json.dumps(asdict(asyncio.run(put_under_load(plan)))))


if __name__ == "__main__":
    main()
