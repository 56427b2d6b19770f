"""The adapter over HTTP against a real server on loopback that answers as badly as a network can."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ivr.outbox.api import ApiRefused, ApiUnavailable, HttpTicketApi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BODY = {"number": "261122010001"}


@asynccontextmanager
async def service(handler: Handler, timeout_seconds: float = 5.0) -> AsyncIterator[HttpTicketApi]:
    """A server that gives every request to `handler`, and the adapter that talks to it."""
    app = web.Application()
    app.router.add_post("/{rest:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            port = runner.addresses[0][1]
            yield HttpTicketApi(session, f"http://127.0.0.1:{port}/", "secret-token", timeout_seconds)
    finally:
        await runner.cleanup()


def answering(status: int, value: object) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response(value, status=status)

    return handler


@asynccontextmanager
async def raw_service(reply: bytes) -> AsyncIterator[HttpTicketApi]:
    """A server that reads a whole request, sends `reply` as it is and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with aiohttp.ClientSession() as session:
            yield HttpTicketApi(session, f"http://127.0.0.1:{port}", "secret-token", 5.0)
    finally:
        server.close()


async def test_a_ticket_is_opened_under_its_key_with_the_token() -> None:
    seen: dict[str, object] = {}

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.update(path=request.path, key=request.headers["Idempotency-Key"], token=request.headers["Authorization"])
        seen["body"] = await request.json()
        return web.json_response({"number": "261122010001"}, status=201)

    async with service(handler) as api:
        assert await api.open_ticket("1.1:1", BODY) == {"number": "261122010001"}
    assert seen == {"path": "/api/v1/tickets", "key": "1.1:1", "token": "Bearer secret-token", "body": BODY}


@pytest.mark.fault("F21")
async def test_the_answer_to_a_key_already_known_is_as_good_as_the_first() -> None:
    async with service(answering(200, {"number": "261122010001"})) as api:
        assert await api.open_ticket("1.1:1", BODY) == {"number": "261122010001"}


async def test_a_file_goes_along_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF-and-more")
    seen: dict[str, object] = {}

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.update(path=request.path, kind=request.query["kind"], sha=request.headers["X-Content-SHA256"])
        seen["body"] = await request.read()
        return web.json_response({"id": "a1"}, status=201)

    async with service(handler) as api:
        assert await api.attach("1.1:rec", "261122010001", path, "recording") == {"id": "a1"}
    assert seen == {
        "path": "/api/v1/tickets/261122010001/attachments",
        "kind": "recording",
        "sha": hashlib.sha256(b"RIFF-and-more").hexdigest(),
        "body": b"RIFF-and-more",
    }


async def test_a_file_that_is_gone_is_an_error_of_the_disk(tmp_path: Path) -> None:
    async with service(answering(201, {})) as api:
        with pytest.raises(FileNotFoundError):
            await api.attach("1.1:rec", "261122010001", tmp_path / "none.wav", "recording")


@pytest.mark.fault("F20")
@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again_later(status: int) -> None:
    async with service(answering(status, {"code": "later"})) as api:
        with pytest.raises(ApiUnavailable, match=str(status)):
            await api.open_ticket("1.1:1", BODY)


@pytest.mark.fault("F23")
@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
async def test_what_will_never_pass_is_refused_with_the_services_code(status: int) -> None:
    async with service(answering(status, {"code": "idempotency_key_reused"})) as api:
        with pytest.raises(ApiRefused) as caught:
            await api.open_ticket("1.1:1", BODY)
    assert (caught.value.status, caught.value.code) == (status, "idempotency_key_reused")


@pytest.mark.fault("F20", "F21")
@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 ",
        b"HTTP/1.1 201 Created\r\nContent-Le",
        b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n",
        b'HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"number": "2611',
        b'HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n{"nu',
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"\x16\x03\x01 not http at all\r\n\r\n",
    ],
)
async def test_a_torn_reply_says_nothing_and_is_asked_for_again(reply: bytes) -> None:
    async with raw_service(reply) as api:
        with pytest.raises(ApiUnavailable):
            await api.open_ticket("1.1:1", BODY)


@pytest.mark.fault("F20")
async def test_a_service_that_does_not_answer_in_time_is_unavailable() -> None:
    release = asyncio.Event()

    async def handler(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response({})

    async with service(handler, timeout_seconds=0.05) as api:
        with pytest.raises(ApiUnavailable, match="Timeout"):
            await api.open_ticket("1.1:1", BODY)
        release.set()


@pytest.mark.fault("F20")
async def test_a_closed_port_is_unavailable(unused_tcp_port: int) -> None:
    async with aiohttp.ClientSession() as session:
        api = HttpTicketApi(session, f"http://127.0.0.1:{unused_tcp_port}", "secret-token", 5.0)
        with pytest.raises(ApiUnavailable):
            await api.open_ticket("1.1:1", BODY)


async def test_no_error_repeats_the_token_or_the_body() -> None:
    async with service(answering(500, {"code": "x", "detail": "13800001234"})) as api:
        with pytest.raises(ApiUnavailable) as caught:
            await api.open_ticket("1.1:1", {"caller": "13800001234"})
    assert "secret" not in str(caught.value)
    assert "1380000" not in str(caught.value)
