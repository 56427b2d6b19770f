"""One AMI connection through panoramisk 1.4, with its faults shut out.

Strategy: a link is one `Manager` for one TCP connection, thrown away when the connection ends, so nothing of the
library lives on to reconnect, to ping or to send an action a second time. Guards: text is decoded incrementally before
the library sees it (it decodes per segment and drops what is cut); every action counts as forgettable (it keeps
unanswered ones and sends them again); every wait has a limit and also ends when the link ends (it waits for ever); its
own log is shut (it logs whole messages, with callers' numbers); a message without end is refused.
"""

import asyncio
import codecs
import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Self

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ivr.ami.fields import checked
from ivr.errors import AmiUnavailable, AmiUnknownOutcome

_NEVER = 10**9  # the library's own pinger is not used


class _Everything(Container[object]):
    def __contains__(self, item: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Seconds to connect, to log in, for one action; bytes of one message."""

    connect_seconds: float = 3.0
    login_seconds: float = 5.0
    action_seconds: float = 3.0
    message_bytes: int = 1_048_576


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """The library's protocol behind an incremental decoder, telling when its connection is really over."""

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if self.factory is not None:
            super().data_received(self._decoder.decode(data).encode("utf-8"))
            if self.queue and len(self.queue[0]) > self._max_message:
                self.transport.abort()

    def connection_lost(self, exc: Any) -> None:
        """Called by asyncio at the end, and by the library on Asterisk's Shutdown event."""
        super().connection_lost(exc)
        if not self.lost.done():
            self.lost.set_result(None)
        if not isinstance(exc, Mapping) and not self.gone.done():
            self.gone.set_result(None)


class _Manager(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """The library's manager without its reconnection."""

    def connection_lost(self, exc: Any) -> None:
        self.close()


class AmiLink:
    """One connection: `open`, `log_in`, then `ask`; `close` at the end, always."""

    def __init__(self, manager: Manager, protocol: _Protocol, limits: LinkLimits) -> None:
        self._manager = manager
        self._protocol = protocol
        self._limits = limits

    @classmethod
    async def open(cls, host: str, port: int, user: str, secret: str, limits: LinkLimits) -> Self:
        """Connect and send the login. Raises OSError or TimeoutError."""
        checked({"Username": user, "Secret": secret})
        loop = asyncio.get_running_loop()
        silent = logging.Logger("panoramisk.silent")
        silent.disabled = True
        manager = _Manager(
            host=host,
            port=port,
            username=user,
            secret=secret,
            events="off",
            loop=loop,
            log=silent,
            ping_delay=_NEVER,
            ping_interval=_NEVER,
            forgetable_actions=_Everything(),
        )
        manager.callbacks.clear()
        manager.patterns.clear()
        async with asyncio.timeout(limits.connect_seconds):
            transport, protocol = await loop.create_connection(lambda: _Protocol(limits.message_bytes), host, port)
        opened: asyncio.Future[tuple[Any, Any]] = loop.create_future()
        opened.set_result((transport, protocol))
        manager.connection_made(opened)
        return cls(manager, protocol, limits)

    async def log_in(self) -> bool:
        """True when Asterisk let us in, False when it refused. Raises `AmiUnknownOutcome` when it did not answer."""
        if (answer := self._manager.authenticated_future) is not None:
            reply = await self._answer(answer, "Login", self._limits.login_seconds)
            return bool(reply.success)
        return bool(self._manager.authenticated)

    async def ask(
        self, fields: Mapping[str, str | list[str]], *, many: bool = False, seconds: float | None = None
    ) -> Any:
        """Send one action; its response, or with `many` its list of messages. Messages are panoramisk's, untyped.

        Raises `AmiUnavailable` when the link has ended, `AmiUnknownOutcome` when no answer came.
        """
        if self._protocol.lost.done():
            raise AmiUnavailable("expected an AMI link, got one that has ended")
        # `multi` of the library guesses from the message's words; only a list that really was asked for is one.
        action = Action(checked(fields), as_list=None if many else False)
        answer = self._manager.send_action(action, as_list=action.as_list)
        try:
            return await self._answer(answer, fields["Action"], seconds or self._limits.action_seconds)
        finally:
            self._protocol.responses.pop(action.id, None)

    async def wait_lost(self) -> None:
        """Until the connection ends."""
        await asyncio.shield(self._protocol.lost)

    async def close(self) -> None:
        """End the connection and wait until its transport is closed."""
        self._manager.close()
        if not self._protocol.lost.done():
            self._protocol.lost.set_result(None)
        try:
            async with asyncio.timeout(self._limits.action_seconds):
                await asyncio.shield(self._protocol.gone)
        except TimeoutError:
            self._protocol.transport.abort()

    async def _answer(self, answer: asyncio.Future[Any], what: object, seconds: float) -> Any:
        await asyncio.wait({answer, self._protocol.lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        state = "the link's end" if self._protocol.lost.done() else f"none within {seconds} s"
        raise AmiUnknownOutcome(f"expected an answer to {what}, got {state}")
