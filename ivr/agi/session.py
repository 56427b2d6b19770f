"""One call's AGI session: typed commands out, matched replies in, hang-up always known.

Strategy: a pump reads the socket for the whole life of the session, so a hang-up notice or a close is seen at once and
not only at the next command; replies go to the oldest command still waiting. One command is on the wire at a time. A
command whose caller was cancelled keeps its place in the queue, so its late reply is thrown away and never given to
the next. Invariants: a reply that does not come in time closes the session (whoever answers late has lost step); after
the hang-up notice commands are still sent, as Asterisk allows some, and 511 or a close then means `CallerHungUp`.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import structlog

from ivr.agi.codec import AgiDecoder, CodecLimits, Environment, Event, HangupNotice, Reply
from ivr.agi.commands import Command
from ivr.errors import AgiDesync, AgiPeerGone, AgiRefused, CallerHungUp, RemoteFault, WireError

_CALL_ID: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_-]{0,79}-)?[0-9]{1,12}\.[0-9]{1,12}")
_DEAD_CHANNEL: Final = 511
_CHUNK: Final = 4_096

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`handshake_seconds` is for the whole environment block, `command_seconds` for one reply (not of `execute`).

    `linger_seconds` is how long a closed link may take to give its last bytes away.
    """

    handshake_seconds: float = 2.0
    command_seconds: float = 3.0
    linger_seconds: float = 1.0
    codec: CodecLimits = field(default_factory=CodecLimits)


def call_id_from(request: str) -> str:
    """The call's id, which is the last path segment of the AGI URL `agi://host:port/hotline/<uniqueid>`.

    Raises `AgiDesync` when it has not the shape of an Asterisk `UNIQUEID` (file names are made from it).
    """
    segment = urlsplit(request).path.rpartition("/")[2]
    if not _CALL_ID.fullmatch(segment):
        raise AgiDesync("expected an AGI URL that ends in /<uniqueid>, got another: see extensions.conf")
    return segment


class AgiSession:
    """What a call's handler sees. Made by `open_session`; commands may be given from any task of the call.

    `seconds` is how long one reply may take, the limits' value when left out. Every command raises `CallerHungUp` on a
    dead channel, `AgiPeerGone` when the link or the reply is lost, `AgiRefused` when Asterisk does not take it. While
    an `execute` is under way the next command waits for its turn; a cancelled `execute` still runs in Asterisk.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        decoder: AgiDecoder,
        environment: Environment,
        limits: SessionLimits,
    ) -> None:
        self.environment = environment
        self.call_id = call_id_from(environment.request)
        self.channel = environment.channel
        self.hung_up = asyncio.Event()
        self._writer = writer
        self._decoder = decoder
        self._limits = limits
        self._turn = asyncio.Lock()
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._end: WireError | None = None

    async def get_variable(self, name: str, *, seconds: float | None = None) -> str | None:
        """The channel variable, or None when it is not set."""
        reply = await self._ask(Command.get_variable(name), self._limit(seconds))
        return reply.data if reply.result == "1" else None

    async def get_full_variable(self, expression: str, *, seconds: float | None = None) -> str | None:
        """The value of a dialplan expression (`${CHANNEL(name)}`), never one that holds caller text."""
        reply = await self._ask(Command.get_full_variable(expression), self._limit(seconds))
        return reply.data if reply.result == "1" else None

    async def set_variable(self, name: str, value: str, *, seconds: float | None = None) -> None:
        """Raises `LocalFault`, with nothing sent, when `value` holds CR, LF or NUL."""
        await self._ask(Command.set_variable(name, value), self._limit(seconds))

    async def execute(self, application: str, *arguments: str) -> int:
        """Run a dialplan application to its end, however long; -1 is its failure or a hang-up, -2 an unknown one."""
        reply = await self._ask(Command.execute(application, *arguments), None)
        try:
            return int(reply.result)
        except ValueError as exc:
            raise self._fail(AgiDesync("expected a number as the result of EXEC, got something else")) from exc

    async def reread_identity(self) -> None:
        """Take the channel from Asterisk itself: for an environment into which a line was forged (F30).

        Raises `AgiDesync` when Asterisk's own unique id is not the one in the URL.
        """
        unique_id = await self.get_full_variable("${UNIQUEID}")
        channel = await self.get_full_variable("${CHANNEL(name)}")
        if unique_id != self.call_id or not channel:
            raise self._fail(AgiDesync("expected the call's own unique id on re-reading, got another"))
        self.channel = channel

    async def pump(self, reader: asyncio.StreamReader) -> None:
        """Read until the link ends; returns then, with every waiting command answered by the reason."""
        try:
            while self._end is None and (data := await reader.read(_CHUNK)):
                for event in self._decoder.feed(data):
                    self.dispatch(event)
        except RemoteFault as exc:
            log.warning("agi_desync", call_id=self.call_id, reason=str(exc))
            self._fail(exc)
        except OSError:
            self._fail(self._gone())
        else:
            self._fail(self._gone())

    def dispatch(self, event: Event) -> None:
        """Act on one event from the decoder."""
        match event:
            case HangupNotice():
                self.hung_up.set()
            case Reply():
                if self._waiting and not (future := self._waiting.popleft()).done():
                    future.set_result(event)
            case Environment():
                raise AgiDesync("expected one environment, got a second")

    def close(self) -> None:
        """End the session from our side; Asterisk goes on in the dialplan."""
        self._fail(self._gone())

    def _limit(self, seconds: float | None) -> float:
        return self._limits.command_seconds if seconds is None else seconds

    async def _ask(self, command: Command, seconds: float | None) -> Reply:
        line = command.encode()
        async with self._turn:
            if self._end is not None:
                raise self._end
            future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            self._decoder.expect_reply()
            self._writer.write(line)
            try:
                async with asyncio.timeout(seconds):
                    reply = await future
            except TimeoutError as exc:
                gone = AgiPeerGone(f"expected a reply to {command.verb} within {seconds} s, got none")
                raise self._fail(gone) from exc
        if reply.code == _DEAD_CHANNEL:
            self.hung_up.set()
            raise CallerHungUp("the channel is dead")
        if reply.code != 200:
            raise AgiRefused(command.verb, reply.code)
        return reply

    def _gone(self) -> WireError:
        if self.hung_up.is_set():
            return CallerHungUp("the caller hung up and Asterisk closed the session")
        return AgiPeerGone("expected the AGI link to stay up, got its end")

    def _fail(self, reason: WireError) -> WireError:
        """End the session once, with `reason` for all who wait or ask later."""
        if self._end is None:
            self._end = reason
            self._writer.close()
        for future in self._waiting:
            if not future.done():
                future.set_exception(self._end)
                future.exception()  # seen: whoever waited may be gone by now
        self._waiting.clear()
        return reason


async def open_session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: SessionLimits
) -> AgiSession | None:
    """Read the environment. None when the peer closed before it was whole: a port probe, which is harmless.

    Raises `AgiDesync`, or `TimeoutError` when the block is not whole within `limits.handshake_seconds`.
    """
    decoder = AgiDecoder(limits.codec)
    async with asyncio.timeout(limits.handshake_seconds):
        while data := await reader.read(_CHUNK):
            session: AgiSession | None = None
            for event in decoder.feed(data):
                if isinstance(event, Environment):
                    session = AgiSession(writer, decoder, event, limits)
                elif session is not None:
                    session.dispatch(event)
            if session is not None:
                return session
    return None
