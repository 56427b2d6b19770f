"""The FastAGI server: one connection, one session, one call of the handler.

Strategy: connections are admitted by `ivr.admission`, read under one deadline for the whole environment, and then
handed to the handler; every connection's task lives in the server's own task group. Invariants: nothing that a peer
sends or omits costs more than its own connection (a probe, half a header, a byte a second); an exception in a handler
ends its call's session only, so Asterisk goes on with the done-flag still 0; `close` stops accepting first, waits for
running calls up to its grace and cancels what is left.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from ivr.admission import Admission, AdmissionLimits, Visitor
from ivr.agi.session import AgiSession, SessionLimits, open_session
from ivr.door import Door
from ivr.errors import CallerHungUp, RemoteFault

Handler = Callable[[AgiSession], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FastAgiLimits:
    admission: AdmissionLimits = field(default_factory=AdmissionLimits)
    session: SessionLimits = field(default_factory=SessionLimits)


class FastAgiServer:
    """`async with FastAgiServer("127.0.0.1", 4573, handler) as server:`; `server.port` is the port really bound."""

    def __init__(self, host: str, port: int, handler: Handler, limits: FastAgiLimits | None = None) -> None:
        self._handler = handler
        self._limits = limits or FastAgiLimits()
        self._door = Door(
            "agi",
            host,
            port,
            self._serve,
            limits=self._limits.admission,
            linger_seconds=self._limits.session.linger_seconds,
        )

    @property
    def port(self) -> int:
        """The bound TCP port."""
        return self._door.port

    @property
    def admission(self) -> Admission:
        """Counts of waiting, running and refused connections."""
        return self._door.admission

    async def __aenter__(self) -> Self:
        await self._door.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close(0)
        finally:
            await self._door.__aexit__(None, None, None)

    async def close(self, grace_seconds: float) -> None:
        """Accept no more, let running calls end for `grace_seconds`, then cancel them. Idempotent."""
        await self._door.shut(grace_seconds)
        await self._door.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, visitor: Visitor) -> None:
        try:
            session = await open_session(reader, writer, self._limits.session)
            if session is None:
                return
            if not visitor.promote():
                log.warning("agi_full", active=self.admission.active)
                return
            await self._run_call(reader, session)
        except TimeoutError:
            log.info("agi_handshake_too_slow")
        except RemoteFault as exc:
            log.warning("agi_handshake_refused", reason=str(exc), security=True)

    async def _run_call(self, reader: asyncio.StreamReader, session: AgiSession) -> None:
        """The session's pump beside the handler; the pump ends with the handler, never the other way round."""
        with structlog.contextvars.bound_contextvars(call_id=session.call_id):
            async with asyncio.TaskGroup() as group:
                pump = group.create_task(session.pump(reader))
                try:
                    await self._handle(session)
                finally:
                    session.close()
                    pump.cancel()

    async def _handle(self, session: AgiSession) -> None:
        try:
            if session.environment.hostile:
                log.warning("agi_environment_hostile", call_id=session.call_id, security=True)
                await session.reread_identity()
            await self._handler(session)
        except Exception as exc:  # the one catch-all of a call (F05): the others must not notice
            exc = _first_fault(exc)
            if isinstance(exc, CallerHungUp):
                log.info("agi_caller_hung_up", call_id=session.call_id)
                return
            log.error("agi_handler_failed", call_id=session.call_id, error=type(exc).__name__, where=_where(exc))


def _first_fault(exc: Exception) -> Exception:
    """What to report of a handler's task group: its first real fault, or the hang-up when there is nothing else."""
    while isinstance(exc, ExceptionGroup):
        hung_up, faults = exc.split(CallerHungUp)
        exc = (faults or hung_up or exc).exceptions[0]
    return exc


def _where(exc: BaseException) -> str:
    """The innermost line, without the exception's message: that may quote what a caller said."""
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else "unknown"
