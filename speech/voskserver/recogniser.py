"""`speech.ports.Recogniser` over one or several vosk-servers. One websocket carries one utterance.

A stream sends a piece of audio, waits for its answer, then sends what came in meanwhile: so a slow server gets larger
pieces, never a growing pile of unanswered ones. A server that refuses, closes or is silent for `stall_seconds` rests
for a while, and the utterance is replayed to another; the second loss ends the stream with `Lost`.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

import aiohttp
import structlog

from speech.capacity import UNMEASURED, Load
from speech.counters import RecognitionCounters
from speech.engines.vosk_answers import VoskAnswers
from speech.errors import ModelError, Overloaded, WireError
from speech.frames import RATE, bytes_of, seconds_of
from speech.ports import Bias, Capabilities, Lost, RecognitionEvent
from speech.ports import Final as FinalEvent
from speech.replay import ReplayBuffer
from speech.settings import SpeechSettings
from speech.tray import EventTray
from speech.voskserver.protocol import END, config
from speech.voskserver.servers import Server, Servers

__all__ = ["VoskServerRecogniser", "VoskServerStream"]

_log = structlog.get_logger()

_LEAST: Final = bytes_of(0.1)
"""Pieces of less than 100 ms would cost a round trip for nothing new."""

_MOST: Final = bytes_of(1.0)
_ANSWER_BYTES: Final = 1 << 20
_LOOK_SECONDS: Final = 0.5
_FAILURES: Final = (aiohttp.ClientError, OSError, TimeoutError, WireError)


class VoskServerStream:
    """One utterance; see `speech.ports.RecognitionStream`."""

    def __init__(self, owner: "VoskServerRecogniser", bias: Bias | None, limit: int) -> None:
        self._owner = owner
        self._bias = bias
        self._buffer = ReplayBuffer(limit)
        self._finished = False
        self._audio = asyncio.Event()
        self._tray = EventTray()
        self.work: asyncio.Task[None] | None = None

    def feed(self, pcm: bytes) -> None:
        if self._finished or self._tray.over:
            return
        self._buffer.append(pcm)
        if self._buffer.unsent >= _LEAST:
            self._audio.set()

    def finish(self) -> None:
        self._finished = True
        self._audio.set()

    def events(self) -> AsyncIterator[RecognitionEvent]:
        return self._tray.events()

    async def aclose(self) -> None:
        if not self._tray.closed:
            self._tray.close()
            if self.work is not None:
                self.work.cancel()
                await asyncio.gather(self.work, return_exceptions=True)

    def end(self, event: FinalEvent | Lost) -> None:
        """The last event; the first call counts."""
        self._tray.end(event)

    async def run(self) -> None:
        """Carry the utterance to its end, on a second server when the first fails."""
        for last in (False, True):
            server = await self._owner.server()
            if server is None:
                self.end(Lost(f"no vosk-server answers: {self._owner.complaint}"))
                return
            server.streams += 1
            try:
                self.end(await self._on(server))
                server.worked()
                return
            except _FAILURES as exc:
                self._owner.failed(server, exc)
                self._owner.count_loss(last=last)
                if last:
                    self.end(Lost("the recogniser failed twice in one utterance"))
            finally:
                server.streams -= 1

    async def _on(self, server: Server) -> FinalEvent:
        """The whole utterance on one server, from the first audio that is kept."""
        answers, told = VoskAnswers(), ""
        offset = seconds_of(self._buffer.rewind())
        async with self._owner.connect(server, self._bias) as socket:
            while True:
                ended = await self._send(socket)
                answers.hear(await self._answer(socket))
                at = offset + seconds_of(self._buffer.received - self._buffer.unsent)
                if ended:
                    found = answers.alternatives
                    return FinalEvent(found, offset, at, found[0].score if found else None)
                if answers.words not in ("", told):
                    told = answers.words
                    self._tray.partial(told, at)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """The next piece, or the end mark once everything was sent: then True."""
        while self._buffer.unsent < _LEAST and not self._finished:
            self._audio.clear()
            await self._audio.wait()
        if piece := self._buffer.take(_MOST):
            await socket.send_bytes(piece)
            return False
        await socket.send_str(END)
        return True

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        async with asyncio.timeout(self._owner.settings.stall_seconds):
            message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise WireError(f"expected a text answer from vosk-server; got {message.type.name.lower()}")
        return str(message.data)


class VoskServerRecogniser:
    """One object for the life of the process."""

    def __init__(
        self, urls: tuple[str, ...], settings: SpeechSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._servers = Servers(tuple(Server(url) for url in urls), settings.streams_per_worker or UNMEASURED)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[VoskServerStream] = set()
        self.counters = RecognitionCounters()

    @property
    def name(self) -> str:
        return "vosk-server"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=True, grammar=True, confidence=True, sample_rate=RATE)

    @property
    def ready(self) -> bool:
        return self._session is not None and bool(self._servers.up)

    @property
    def load(self) -> Load:
        return Load(len(self._open), self._servers.capacity)

    @property
    def complaint(self) -> str:
        return self._servers.complaint()

    async def start(self) -> None:
        """Asks every server once; those that do not answer are asked again for ever. Raises ModelError if none does."""
        if self._session is not None:
            return
        self._session = aiohttp.ClientSession()
        await asyncio.gather(*(self._look(server) for server in self._servers.all))
        if not self._servers.up:
            complaint = self.complaint
            await self.aclose()
            raise ModelError(
                f"no vosk-server answers ({complaint}); start one there or correct speech.servers, e.g. ws://127.0.0.1:2700"
            )
        self._own(self._watch())

    def open(self, stream_id: str, bias: Bias | None = None) -> VoskServerStream:
        if not self.ready:
            self.counters.refused += 1
            raise Overloaded(f"recognition is not ready: {self.complaint or 'not started'}")
        if self.load.full:
            self.counters.refused += 1
            raise Overloaded(f"recognition is full: {self.load.streams} of {self.load.capacity} streams")
        stream = VoskServerStream(self, bias, bytes_of(self.settings.replay_seconds))
        self._open.add(stream)
        stream.work = self._own(stream.run())
        stream.work.add_done_callback(lambda _: self._open.discard(stream))
        _log.debug("stream_opened", stream=stream_id, engine=self.name)
        return stream

    async def aclose(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in tuple(self._open):
            stream.end(Lost("recognition was shut down"))
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    # The streams' side.

    async def server(self) -> Server | None:
        """A server to ask, waited for up to `recover_seconds`."""
        patience = self._clock() + self.settings.recover_seconds
        while (found := self._servers.pick(self._clock())) is None:
            if self._clock() >= patience:
                return None
            await asyncio.sleep(0.1)
        return found

    def failed(self, server: Server, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        server.failed(self._clock(), reason)
        _log.warning("vosk_server_failed", server=server.url, reason=reason, failures=server.failures)

    def count_loss(self, *, last: bool) -> None:
        """An utterance's server failed it, for the first or for the last time."""
        if last:
            self.counters.lost += 1
        else:
            self.counters.replayed += 1

    @contextlib.asynccontextmanager
    async def connect(self, server: Server, bias: Bias | None) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A socket that was told how the audio comes."""
        if self._session is None:
            raise WireError("recognition was shut down")
        async with asyncio.timeout(self.settings.stall_seconds):
            socket = await self._session.ws_connect(server.url, max_msg_size=_ANSWER_BYTES, autoping=True)
            await socket.send_str(config(RATE, self.settings.alternatives, bias))
        try:
            yield socket
        finally:
            await socket.close()

    async def _look(self, server: Server) -> None:
        """Ask a server with an empty utterance whether it is there."""
        try:
            async with self.connect(server, None) as socket:
                await socket.send_str(END)
                async with asyncio.timeout(self.settings.stall_seconds):
                    VoskAnswers().hear(await socket.receive_str(timeout=None))
        except (*_FAILURES, TypeError) as exc:
            # aiohttp answers a socket that closes instead of talking with a TypeError.
            self.failed(server, exc)
        else:
            server.worked()

    async def _watch(self) -> None:
        """Bring servers back that were down."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = self._clock()
            due = [server for server in self._servers.all if not server.up and server.resting_until <= now]
            await asyncio.gather(*(self._look(server) for server in due))

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name="vosk-server")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
