"""Attacks on the edge: tokens, hostile texts, SQL in filters, and raw bytes that no client library would send."""

import asyncio
import base64
import gzip
import itertools
import json
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hotline.bench.serving import Address, Wanted, service
from tests.fakes.tickets import FakeClock, InMemoryTickets, a_body
from tests.tickets.conftest import Serving
from tickets.domain.roles import Role
from tickets.service.tokens import Tokens, account_of, new_token
from tickets.settings import TicketSettings
from tickets.store.engine import parse_url

TICKETS = "/api/v1/tickets"
NAUGHTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} {% raw %} #{7*7}",
    "\x1b[31m\x1b]0;title\x07",
    "'; DROP TABLE tickets; --",
    "%s%n%x ../../etc/passwd",
    "\u202egnp.exe \u200b",
)
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE tickets; --",
    '" OR ""="',
    "1; SELECT pg_sleep(10)",
    "accepted' UNION SELECT number FROM parties --",
    "\\'; --",
    "%' OR 1=1 --",
    "id) FROM parties; --",
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def unsigned(claims: dict[str, Any]) -> str:
    """A JSON Web Token with alg=none: what some libraries once believed."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


@pytest.mark.fault("F80")
async def test_wrong_tokens_of_every_kind_get_the_same_answer_in_the_same_time(
    serving: Serving, settings: TicketSettings
) -> None:
    token = ""
    async with serving(auth_failures_per_minute=1000) as client:
        token = next(iter(settings.token_files.values())).read_text("ascii").strip()
        kinds = {
            "unknown": bearer(new_token()),
            "right name, wrong secret": bearer(token[:-8] + "AAAAAAAA"),
            "alg=none": bearer(unsigned({"sub": "admin", "role": "admin"})),
            "garbage": bearer("x" * 64),
            "none": {"Authorization": ""},
            "basic": {"Authorization": "Basic YWRtaW46YWRtaW4="},
        }
        bodies: set[bytes] = set()
        times: dict[str, list[float]] = {name: [] for name in kinds}
        for _, (name, headers) in itertools.product(range(25), kinds.items()):
            started = time.perf_counter()
            async with client.get(TICKETS, headers=headers) as response:
                bodies.add(await response.read())
            times[name].append(time.perf_counter() - started)
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(bodies) == 1
    # The quickest of many: the machine's other work makes answers slower, never quicker.
    quickest = {name: min(seen) for name, seen in times.items()}
    assert max(quickest.values()) - min(quickest.values()) < 0.005, quickest


@pytest.mark.fault("F80")
async def test_ten_failures_a_minute_from_an_address_are_enough(serving: Serving, clock: FakeClock) -> None:
    async with serving(clock=clock) as client:

        async def ask(headers: dict[str, str] | None = None) -> int:
            async with client.get(TICKETS, headers=headers) as response:
                assert response.status != 429 or response.headers["Retry-After"]
                return response.status

        # Each with another name, so that only the address counts.
        assert [await ask(bearer(new_token())) for _ in range(12)] == [401] * 10 + [429] * 2
        assert await ask() == 200
        clock.advance(61)
        assert await ask(bearer(new_token())) == 401


@pytest.mark.fault("F80")
async def test_ten_failures_a_minute_for_an_account_are_enough_wherever_they_come_from(
    settings: TicketSettings, serving: Serving, clock: FakeClock
) -> None:
    async with serving(clock=clock, host="127.0.0.1") as client:
        token = next(iter(settings.token_files.values())).read_text("ascii").strip()
        wrong = token[:-8] + "AAAAAAAA"
        assert account_of(wrong) == account_of(token)
        url = client._base_url  # where the service is; other addresses of the loopback ask it too
        answers = []
        for last in range(2, 14):
            connector = aiohttp.TCPConnector(local_addr=(f"127.0.0.{last}", 0))
            async with (
                aiohttp.ClientSession(url, connector=connector) as other,
                other.get(TICKETS, headers=bearer(wrong)) as response,
            ):
                answers.append(response.status)
        assert answers == [401] * 10 + [429] * 2
        async with client.get(TICKETS) as response:
            assert response.status == 200


@pytest.mark.fault("F80")
async def test_an_expired_or_revoked_token_is_nobodys() -> None:
    store, clock = InMemoryTickets(), FakeClock()
    tokens = Tokens(store, clock, cache_seconds=5)
    minted = await tokens.mint("desk 3", Role.OPERATOR, timedelta(hours=8))
    assert await tokens.principal(minted.text) is not None
    clock.advance(8 * 3600 - 1)
    assert await tokens.principal(minted.text) is not None
    clock.advance(1)
    assert await tokens.principal(minted.text) is None


@pytest.mark.fault("F80")
@pytest.mark.parametrize("password", ["postgres", "changeme", "12345", "Password"])
def test_a_database_password_that_everybody_knows_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="everybody knows") as refusal:
        parse_url(f"postgresql://hotline:{password}@localhost/tickets")
    assert f":{password}@" not in str(refusal.value)
    assert parse_url("postgresql://hotline:kX8s-vB1q@localhost/tickets").database == "tickets"


@pytest.mark.fault("F84")
async def test_hostile_words_come_back_as_words_and_nothing_is_run(
    serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving() as client:
        for order, words in enumerate(NAUGHTY, start=1):
            transcript = [{"text": words, "start": 0, "end": 1, "confidence": None, "alternatives": [words]}]
            number = f"26112201{order:04d}"
            body = a_body(number, f"1.{order}", summary=words, note=words, transcript=transcript)
            async with client.post(TICKETS, json=body, headers={"Idempotency-Key": f"k{order}"}) as response:
                assert response.status == 201
            async with client.get(f"{TICKETS}/{number}") as response:
                assert response.content_type == "application/json"
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
                raw = await response.text()
                shown = json.loads(raw)
            assert (shown["summary"], shown["note"], shown["transcript"][0]["text"]) == (words, words, words)
            # Control characters leave a JSON text only in escaped form: a log viewer or terminal stays as it is.
            assert "\x1b" not in raw
    said = capsys.readouterr()
    assert "onerror" not in said.out + said.err
    assert "\x1b]0;" not in said.out + said.err


@pytest.mark.fault("F86")
async def test_sql_in_filters_is_a_value_like_any_other(serving: Serving) -> None:
    async with serving() as client:
        async with client.post(TICKETS, json=a_body("261122010001"), headers={"Idempotency-Key": "k"}) as response:
            assert response.status == 201
        for words, field in itertools.product(SQL, ("category", "unit", "unit_id", "call_id", "state", "cursor")):
            async with client.get(TICKETS, params={field: words}) as response:
                answer = await response.json()
                if field in ("state", "cursor"):
                    assert (response.status, answer["code"][:7]) == (422, "invalid")
                else:
                    assert (response.status, answer["items"]) == (200, [])
        for field in ("sort", "order_by", "limit; DROP TABLE tickets"):
            async with client.get(TICKETS, params={field: "id"}) as response:
                assert response.status == 422
        async with client.get(TICKETS) as response:
            assert [line["number"] for line in (await response.json())["items"]] == ["261122010001"]


@pytest.mark.fault("F89")
async def test_no_answer_can_be_framed_kept_or_used_by_a_foreign_page(serving: Serving) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Cookie": "session=1"}
    async with serving() as client:
        for method, path in (("GET", TICKETS), ("GET", "/healthz"), ("GET", "/nothing"), ("OPTIONS", TICKETS)):
            async with client.request(method, path, headers=foreign) as response:
                assert "Access-Control-Allow-Origin" not in response.headers
                assert "Set-Cookie" not in response.headers
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
                assert response.headers["Cache-Control"] == "no-store"
        # A browser sends a form without asking first: no form's media type is taken, and no cookie stands for a token.
        for media_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
            headers = {**foreign, "Content-Type": media_type, "Idempotency-Key": "k"}
            async with client.post(TICKETS, data=b"{}", headers=headers) as response:
                assert response.status == 415
            async with client.post(TICKETS, data=b"{}", headers={**headers, "Authorization": ""}) as response:
                assert response.status == 401


@pytest.fixture(scope="module")
def alone(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Address, int]]:
    """A service in a process of its own, so that its memory can be watched; with its process id."""
    folder = tmp_path_factory.mktemp("alone")
    for each in sqlite_template.parent.glob(f"{sqlite_template.name}*"):
        (folder / each.name).write_bytes(each.read_bytes())
    url = f"sqlite:///{folder / sqlite_template.name}"
    with service(Wanted("ours", url, str(folder))) as address:
        holder = (folder / f"{sqlite_template.name}.lock").read_text("ascii")
        yield address, int(holder)


def memory(pid: int) -> int:
    """The most that the process ever held, in KiB (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


async def raw(address: Address, *pieces: bytes | AsyncIterator[bytes], wait: float = 40.0) -> bytes:
    """Sends bytes as they are; what came back until the service closed or fell silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
    try:
        async with asyncio.timeout(wait):
            try:
                for piece in pieces:
                    if isinstance(piece, bytes):
                        writer.write(piece)
                        await writer.drain()
                    else:
                        async for each in piece:
                            writer.write(each)
                            await writer.drain()
            except ConnectionError:
                pass  # refused while we were still talking: what it said is read below
            return await _answer(reader)
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    seen = b""
    while True:
        try:
            # Patient until it begins to speak: the machine may have other work.
            async with asyncio.timeout(1.0 if seen else 12.0):
                piece = await reader.read(65536)
        except TimeoutError:
            return seen
        except ConnectionError:
            return seen
        if not piece:
            return seen
        seen += piece


def head(address: Address, *lines: str, method: str = "POST", path: str = TICKETS) -> bytes:
    usual = (f"Host: 127.0.0.1:{address.port}", f"Authorization: Bearer {address.token}", "Idempotency-Key: raw")
    text = "\r\n".join((f"{method} {path} HTTP/1.1", *usual, "Content-Type: application/json", *lines))
    return text.encode("ascii") + b"\r\n\r\n"


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]


async def healthy(address: Address) -> None:
    answer = await raw(address, head(address, "Connection: close", method="GET", path="/healthz"))
    assert statuses(answer) == [200]


async def zeros(total: int, piece: int) -> AsyncIterator[bytes]:
    for _ in range(total // piece):
        yield b" " * piece


async def chunks(count: int, batch: int = 2000) -> AsyncIterator[bytes]:
    for _ in range(count // batch):
        yield b"1\r\n \r\n" * batch


REFUSED = ([400], [])
"""Refused with words, or hung up on while still talking: then TCP may throw the words away (RFC 9112, 9.6)."""

FLOODS = {
    "a body of 100 MB": ((f"Content-Length: {100 * 2**20}",), lambda: zeros(100 * 2**20, 2**16), 413),
    "a million chunks of one byte": (("Transfer-Encoding: chunked",), lambda: chunks(1_200_000), 413),
    "chunks that never come together": (
        ("Transfer-Encoding: chunked",),
        lambda: zeros(2**20, 2**16),
        400,
    ),
}


@pytest.mark.fault("F87")
@pytest.mark.parametrize("name", list(FLOODS))
async def test_a_flood_is_refused_and_memory_stays_flat(alone: tuple[Address, int], name: str) -> None:
    address, pid = alone
    lines, flood, status = FLOODS[name]
    before = memory(pid)
    answer = await raw(address, head(address, *lines), flood())
    assert statuses(answer)[:1] in ([status], [])  # a service that hangs up on a flood may do so before it answers
    assert memory(pid) - before < 16 * 1024
    await healthy(address)


@pytest.mark.fault("F87")
async def test_a_compressed_bomb_is_not_opened(alone: tuple[Address, int]) -> None:
    address, pid = alone
    bomb = gzip.compress(b" " * (64 * 2**20))
    before = memory(pid)
    for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
        lines = (f"Content-Encoding: {encoding}", f"Content-Length: {len(bomb)}")
        assert statuses(await raw(address, head(address, *lines) + bomb))[:1] in ([415], [])
    assert memory(pid) - before < 16 * 1024
    await healthy(address)


@pytest.mark.fault("F87")
async def test_ten_thousand_headers_are_refused(alone: tuple[Address, int]) -> None:
    address, _ = alone
    many = (f"X-{n}: {n}" for n in range(10_000))
    assert statuses(await raw(address, head(address, *many, "Content-Length: 0"))) in REFUSED
    long = "X-Long: " + "x" * 1_000_000
    assert statuses(await raw(address, head(address, long, "Content-Length: 0"))) in REFUSED
    await healthy(address)


@pytest.mark.fault("F87")
@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Content-Length: -1",),
        ("Content-Length: +2",),
        ("Content-Length: 2, 2",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length : 2",),
        ("X-A: a\x00b", "Content-Length: 2"),
    ],
)
async def test_two_readings_of_one_message_are_none(alone: tuple[Address, int], lines: tuple[str, ...]) -> None:
    """What two servers could read differently (RFC 9112, 11.2) is refused, and nothing that follows it is a request."""
    address, _ = alone
    smuggled = head(address, "Connection: close", method="GET", path="/healthz")
    # In one piece: a server that closes while more is coming makes TCP throw its answer away (RFC 9112, 9.6).
    answer = await raw(address, head(address, *lines) + b"{}0\r\n\r\n" + smuggled)
    assert statuses(answer) == [400]
    await healthy(address)


@pytest.mark.fault("F87")
async def test_pipelined_requests_are_answered_in_their_order_and_a_broken_one_ends_it(
    alone: tuple[Address, int],
) -> None:
    address, _ = alone
    get = [head(address, "Content-Length: 0", method="GET", path=f"{TICKETS}/{n:012d}") for n in range(50)]
    answer = await raw(address, b"".join(get))
    assert statuses(answer) == [404] * 50
    shown = [number for number in range(50) if f"there is no ticket {number:012d}".encode() in answer]
    assert shown == list(range(50))
    order = [answer.index(f"there is no ticket {number:012d}".encode()) for number in shown]
    assert order == sorted(order)
    answer = await raw(address, get[0] + b"\x00\xff NOT HTTP\r\n\r\n" + get[1])
    assert statuses(answer) in ([404, 400], [400])
    await healthy(address)


@pytest.mark.fault("F87")
async def test_slow_headers_and_slow_bodies_are_hung_up_on_and_hold_nobody_else(serving: Serving) -> None:
    async with serving(keepalive_timeout=0.5, body_timeout=0.5) as client:
        port = client._base_url.port  # type: ignore[union-attr]  # set by the fixture
        token = str(client.headers["Authorization"]).removeprefix("Bearer ")
        address = Address(int(port or 0), token)
        slow = [await asyncio.open_connection("127.0.0.1", address.port) for _ in range(40)]
        for _, writer in slow[:20]:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        for _, writer in slow[20:]:
            writer.write(head(address, "Content-Length: 10") + b"{")
        waits = []
        for _ in range(10):
            started = time.perf_counter()
            async with client.get(TICKETS) as response:
                assert response.status == 200
            waits.append(time.perf_counter() - started)
        assert statistics.median(waits) < 1.0
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(reader.read() for reader, _ in slow))
        assert set(answers[:20]) == {b""}
        assert {tuple(statuses(each)) for each in answers[20:]} == {(408,)}
        for _, writer in slow:
            writer.close()
