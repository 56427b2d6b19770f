"""One utterance on a worker, and the place where that worker lives: what the pool moves from process to process.

The stream keeps its audio until its end, so that it can begin again elsewhere.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

from speech.frames import seconds_of
from speech.ports import Bias, Lost, RecognitionEvent
from speech.ports import Final as FinalEvent
from speech.replay import ReplayBuffer
from speech.tray import EventTray
from speech.wire import HEARTBEAT_SECONDS, Kind, encode_json
from speech.workerprocess import WorkerProcess

__all__ = ["PoolStream", "Slot"]

_AUDIO_PIECE: Final = 64 * 1024


class Owner(Protocol):
    """The pool, as its streams see it."""

    def release(self, stream: "PoolStream") -> None: ...

    def dropped(self, amount: int) -> None: ...


class Slot:
    """One place for a worker; the process in it changes, the slot stays."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.worker: WorkerProcess | None = None
        self.ready = False
        self.last_sign = 0.0
        self.busy = 0.0
        self.behind = 0.0
        self.skipped = 0.0
        self.capacity = 0
        self.streams: dict[int, PoolStream] = {}

    def begin(self, worker: WorkerProcess, now: float) -> None:
        """A fresh worker, which has not said anything yet."""
        self.worker, self.last_sign = worker, now
        self.busy = self.behind = self.skipped = 0.0

    def lag(self, now: float) -> float:
        """Seconds of the streams' audio that are not recognised yet: not sent, waiting there, or given to an engine
        that is still at it or to a worker that says nothing any more."""
        if not self.streams:
            return 0.0
        waiting = max(stream.waiting_seconds for stream in self.streams.values())
        return max(waiting, self.behind, self.busy, now - self.last_sign - HEARTBEAT_SECONDS)


class PoolStream:
    """One utterance; see `speech.ports.RecognitionStream`."""

    def __init__(self, pool: Owner, number: int, bias: Bias | None, limit: int, now: float) -> None:
        self.number = number
        self.bias = bias
        self.slot: Slot | None = None
        self.losses = 0
        self.homeless_since = now
        self.finished = False
        self._told_finish = False
        self._pool = pool
        self._buffer = ReplayBuffer(limit)
        self._offset = 0.0
        self._tray = EventTray()

    def feed(self, pcm: bytes) -> None:
        if self.finished or self._tray.over:
            return
        before = self._buffer.dropped
        self._buffer.append(pcm)
        self._pool.dropped(self._buffer.dropped - before)
        self.flush()

    def finish(self) -> None:
        if not self.finished:
            self.finished = True
            self.flush()

    def events(self) -> AsyncIterator[RecognitionEvent]:
        return self._tray.events()

    async def aclose(self) -> None:
        if not self._tray.closed:
            self._pool.release(self)
            self._tray.close()

    # The pool's side.

    def attach(self, slot: Slot) -> None:
        """Begin, or begin again, on `slot`'s worker with everything that is kept."""
        self.slot, self._told_finish = slot, False
        slot.streams[self.number] = self
        self._offset = seconds_of(self._buffer.rewind())
        order: dict[str, Any] = {"rate": 8_000}
        if self.bias is not None:
            order |= {"grammar": list(self.bias.grammar), "terms": list(self.bias.terms), "closed": self.bias.closed}
        if slot.worker is not None:
            slot.worker.write(encode_json(Kind.OPEN, self.number, order))
        self.flush()

    def flush(self) -> None:
        """Send what the pipe takes; the watch calls again for the rest."""
        worker = self.slot.worker if self.slot is not None else None
        if worker is None:
            return
        while self._buffer.unsent and worker.room:
            worker.send(Kind.AUDIO, self.number, self._buffer.take(_AUDIO_PIECE))
        if self.finished and not self._buffer.unsent and not self._told_finish:
            self._told_finish = True
            worker.send(Kind.FINISH, self.number)

    def partial(self, text: str, at: float) -> None:
        self._tray.partial(text, self._offset + at)

    def end(self, event: FinalEvent | Lost) -> None:
        """The last event; the first call counts."""
        self._tray.end(event)

    @property
    def offset(self) -> float:
        return self._offset

    @property
    def waiting_seconds(self) -> float:
        """Audio that no worker has been given yet."""
        return seconds_of(self._buffer.unsent)
