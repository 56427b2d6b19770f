"""A recogniser worker: `python -m speech.worker`, spoken to over stdin and stdout in the framing of `speech.wire`.

Three threads. The reader takes messages into a bounded queue (a full queue stops the reading, and the parent feels
it); the heart tells every half second how long the present engine call has lasted; the main thread owns the engine
and serves streams in turn: audio first, then finals, then, where nothing waits, one partial. So under load partials
are what is lost. End of file on stdin means the parent is gone, and ends the process at once, whatever the engine is
doing.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from speech.engines.choice import EngineChoice, load
from speech.engines.port import Decoder, Engine, Reading
from speech.engines.whole import measure_rtf
from speech.errors import ModelError, WireError
from speech.frames import RATE, bytes_of, seconds_of
from speech.ports import Bias
from speech.settings import SpeechSettings
from speech.wavfile import WrongFormat, pcm_of
from speech.wire import HEARTBEAT_SECONDS, Kind, Message, MessageReader, encode_json

__all__ = ["Server", "main"]

_INBOX: Final = 4096
_LOWEST_PRIORITY: Final = 19
_PIECE_SECONDS: Final = 0.2
_BEHIND_SECONDS: Final = 0.5
_DECODE_SECONDS: Final = 0.05
"""A request for a partial that took longer was a decode, whatever it gave; one that found nothing to do takes none."""

Send = Callable[[Kind, int, dict[str, Any]], None]
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Stream:
    decoder: Decoder
    rate: int
    pending: deque[bytes] = field(default_factory=deque)
    waiting: int = 0
    heard: int = 0
    finished: bool = False
    looked: float = 0.0
    replaying: bool = True


class Server:
    """The scheduling, without processes or threads: messages in, messages out, one `turn` at a time."""

    def __init__(
        self, engine: Engine, send: Send, clock: Callable[[], float] = time.monotonic, backlog: float = 6.0
    ) -> None:
        self._engine = engine
        self._backlog = backlog
        self.skipped_seconds = 0.0
        self.behind_seconds = 0.0
        """Audio that waits in the stream with most of it."""
        self._send = send
        self._clock = clock
        self._streams: dict[int, _Stream] = {}
        self._working_since: float | None = None

    @property
    def idle(self) -> bool:
        """Nothing to do before another message comes."""
        return not any(stream.pending or stream.finished for stream in self._streams.values())

    @property
    def busy_seconds(self) -> float:
        """How long the engine call that is running has lasted; 0 between calls. Read by the heart's thread."""
        since = self._working_since
        return 0.0 if since is None else self._clock() - since

    def take(self, message: Message) -> None:
        """Apply one message from the parent. Messages for streams that are gone are late, not wrong."""
        stream = self._streams.get(message.stream)
        match message.kind:
            case Kind.OPEN:
                self._open(message)
            case Kind.AUDIO if stream is not None and not stream.finished:
                stream.pending.append(message.payload)
                stream.waiting += len(message.payload)
            case Kind.FINISH if stream is not None:
                stream.finished = True
            case Kind.CLOSE:
                self._streams.pop(message.stream, None)
            case _:
                pass

    def turn(self) -> None:
        """One round over the streams: a piece of audio each, finals of those that are drained, then partials."""
        waiting = (seconds_of(stream.waiting, stream.rate) for stream in self._streams.values())
        self.behind_seconds = max(waiting, default=0.0)
        for number, stream in list(self._streams.items()):
            self._catch_up(stream)
            self._accept(stream)
            if stream.finished and not stream.pending:
                self._finish(number, stream)
        self._partials()

    def _open(self, message: Message) -> None:
        order = message.json()
        answers, terms = tuple(order.get("grammar", ())), tuple(order.get("terms", ()))
        bias = Bias(answers, terms, closed=bool(order.get("closed")))
        rate = int(order.get("rate", 8_000))
        self._streams[message.stream] = _Stream(self._timed(lambda: self._engine.open(rate, bias)), rate)

    def _catch_up(self, stream: _Stream) -> None:
        """After a stall the oldest audio is skipped, so that the answer is late by seconds and not by the stall (F19).

        A replay is behind on purpose and keeps every word until it has caught up once. An engine that decodes whole
        utterances takes audio in at no cost, so it is never behind.
        """
        behind = seconds_of(stream.waiting, stream.rate)
        stream.replaying = stream.replaying and behind > _BEHIND_SECONDS
        if stream.replaying or behind <= self._backlog or not self._engine.capabilities.streaming:
            return
        while stream.pending and seconds_of(stream.waiting, stream.rate) > self._backlog:
            piece = stream.pending.popleft()
            stream.waiting -= len(piece)
            stream.heard += len(piece)
            self.skipped_seconds += seconds_of(len(piece), stream.rate)

    def _accept(self, stream: _Stream) -> None:
        piece, limit = bytearray(), bytes_of(_PIECE_SECONDS, stream.rate)
        while stream.pending and (not piece or len(piece) + len(stream.pending[0]) <= limit):
            piece += stream.pending.popleft()
        if piece:
            stream.waiting -= len(piece)
            stream.heard += len(piece)
            self._timed(lambda: stream.decoder.accept(bytes(piece)))

    def _finish(self, number: int, stream: _Stream) -> None:
        del self._streams[number]
        self._send(Kind.FINAL, number, _as_json(self._timed(stream.decoder.final)))

    def _partials(self) -> None:
        """Streaming engines answer from what they have; others decode, so one stream a turn, the longest unheard.

        A decode need not give a text: nothing was understood, or it was a second look.
        """
        streams = [(number, stream) for number, stream in self._streams.items() if not stream.finished]
        if not self._engine.capabilities.streaming:
            if any(stream.pending or stream.finished for stream in self._streams.values()):
                return
            streams = sorted(streams, key=lambda item: item[1].looked)
        for number, stream in streams:
            if seconds_of(stream.waiting, stream.rate) > _BEHIND_SECONDS:
                continue
            began = self._clock()
            text = self._timed(stream.decoder.partial)
            if text is not None:
                at = seconds_of(stream.heard, stream.rate)
                self._send(Kind.PARTIAL, number, {"text": text, "at": round(at, 3)})
            now = self._clock()
            if text is not None or now - began > _DECODE_SECONDS:
                stream.looked = now
                if not self._engine.capabilities.streaming:
                    return

    def _timed(self, call: Callable[[], _Result]) -> _Result:
        self._working_since = self._clock()
        try:
            return call()
        finally:
            self._working_since = None


def _as_json(reading: Reading) -> dict[str, Any]:
    return {
        "alternatives": [[alternative.text, alternative.score] for alternative in reading.alternatives],
        "start": round(reading.start, 3),
        "end": round(reading.end, 3),
        "confidence": reading.confidence,
        "guard": reading.guard,
    }


class _Output:
    """Frames on the pipe to the parent, from two threads."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, kind: Kind, stream: int, value: dict[str, Any]) -> None:
        with self._lock:
            self._pipe.write(encode_json(kind, stream, value))
            self._pipe.flush()


def _read(pipe: int, inbox: "queue.Queue[Message]") -> None:
    reader = MessageReader()
    with contextlib.suppress(OSError, WireError):
        while data := os.read(pipe, 65_536):
            for message in reader.feed(data):
                inbox.put(message)
    # The parent is gone or broken: nobody wants a result, and a native call may be running, so no clean exit.
    os._exit(0)


def _beat(server: Server, output: _Output) -> None:
    with contextlib.suppress(OSError):
        while True:
            figures = (server.busy_seconds, server.behind_seconds, server.skipped_seconds)
            beat = dict(zip(("busy", "behind", "skipped"), (round(each, 2) for each in figures), strict=True))
            output.send(Kind.HEARTBEAT, 0, beat)
            time.sleep(HEARTBEAT_SECONDS)


def _serve(inbox: "queue.Queue[Message]", output: _Output) -> int:
    order = inbox.get().json()
    if order["background"]:
        os.nice(_LOWEST_PRIORITY)
    settings = SpeechSettings.model_validate(order["settings"])
    try:
        engine = load(EngineChoice.of(order["engine"], Path(order["model"])), settings)
    except ModelError as exc:
        output.send(Kind.REFUSED, 0, {"message": str(exc)})
        return 1
    server = Server(engine, output.send, backlog=settings.backlog_seconds)
    can = engine.capabilities
    output.send(
        Kind.READY,
        0,
        {
            "streaming": can.streaming,
            "grammar": can.grammar,
            "confidence": can.confidence,
            "sample_rate": can.sample_rate,
            "rtf": _speed(engine, order["sample"]) if order["sample"] else 0.0,
        },
    )
    threading.Thread(target=_beat, args=(server, output), daemon=True).start()
    while True:
        if server.idle:
            server.take(inbox.get())
        with contextlib.suppress(queue.Empty):
            while True:
                server.take(inbox.get_nowait())
        server.turn()


def _speed(engine: Engine, sample: str) -> float:
    """The engine's share of real time on the sample, or 0 when there is none that can be read."""
    try:
        return round(measure_rtf(engine, pcm_of(Path(sample).read_bytes()), RATE), 4)
    except (OSError, WrongFormat):
        return 0.0


def main() -> int:
    """Run until the parent closes the pipe."""
    # Ctrl-C reaches the whole process group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Native libraries print to file descriptor 1: keep the protocol on a private one.
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    output = _Output(pipe)
    inbox: queue.Queue[Message] = queue.Queue(_INBOX)
    threading.Thread(target=_read, args=(0, inbox), daemon=True).start()
    try:
        return _serve(inbox, output)
    except OSError:
        return 0
    except Exception as exc:
        # The one catch-all of this process: the parent learns the kind, starts another worker and replays.
        output.send(Kind.FAILED, 0, {"message": f"{type(exc).__name__}: {exc}"})
        return 1


if __name__ == "__main__":
    sys.exit(main())
