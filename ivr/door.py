"""A guarded TCP port: what the FastAGI and the AudioSocket server have in common.

Every connection passes `ivr.admission`, is served by one task of the door's group, and is closed when its task ends,
however that ends. `shut` stops accepting and waits for a grace, `clear` cancels what is left.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog

from ivr.admission import Admission, AdmissionLimits, Visitor

log = structlog.get_logger()

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Visitor], Awaitable[None]]

_READ_AHEAD = 65_536


class Door:
    """`serve` handles one connection and may raise OSError; `name` stands in the log. Used with `async with`."""

    def __init__(
        self, name: str, host: str, port: int, serve: Serve, *, limits: AdmissionLimits, linger_seconds: float
    ) -> None:
        self.name = name
        self.host = host
        self.port = 0
        """The bound TCP port, once open."""
        self.admission = Admission(limits)
        self.group = asyncio.TaskGroup()
        self._requested_port = port
        self._serve = serve
        self._linger_seconds = linger_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, self.host, self._requested_port, limit=_READ_AHEAD, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]
        await self.group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.group.__aexit__(None, None, None)

    async def shut(self, grace_seconds: float) -> None:
        """Accept no more, and let what is served end for `grace_seconds`."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        if self._tasks and grace_seconds > 0:
            await asyncio.wait(set(self._tasks), timeout=grace_seconds)

    async def clear(self) -> None:
        """Cancel what is still served and wait for it."""
        remaining = set(self._tasks)
        if remaining:
            log.warning("cut_at_shutdown", door=self.name, connections=len(remaining))
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = None if self._closing else writer.get_extra_info("peername")
        visitor = self.admission.arrive(address[0], writer.transport.abort) if address else None
        if visitor is None:
            log.warning("peer_refused", door=self.name, security=True)
            writer.transport.abort()
            return
        task = self.group.create_task(self._attend(reader, writer, visitor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, visitor: Visitor) -> None:
        try:
            await self._serve(reader, writer, visitor)
        except OSError as exc:
            log.info("peer_vanished", door=self.name, error=type(exc).__name__)
        finally:
            visitor.leave()
            writer.close()
            await self._linger(writer)

    async def _linger(self, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._linger_seconds):
                await writer.wait_closed()
        except (TimeoutError, OSError):
            writer.transport.abort()
