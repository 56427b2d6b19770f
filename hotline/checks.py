"""Small questions to running parts, asked by the supervisor and the doctor: does a port answer, does a health page?"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

ANSWER_SECONDS = 2.0


def http_ok(url: str) -> Callable[[], Awaitable[bool]]:
    """A check that `url` answers 200."""

    async def check() -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as session,
                session.get(url) as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            return False

    return check


def file_there(path: Path) -> Callable[[], Awaitable[bool]]:
    """A check that a marker file exists."""

    async def check() -> bool:
        return await asyncio.to_thread(path.exists)

    return check


def manager_greets(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    """A check that Asterisk's manager interface says its banner; a frozen Asterisk accepts and stays silent."""

    async def check() -> bool:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                return (await reader.readline()).startswith(b"Asterisk Call Manager")
            finally:
                writer.close()

    return check


def port_taken(host: str, port: int, *, datagram: bool = False) -> bool:
    """Whether somebody else listens there already (asked by trying to bind)."""
    kind = socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if not datagram:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
