"""Recognition in worker processes behind `speech.ports.Recogniser`: a stream is pinned to a worker, and when that
worker dies or hangs the whole utterance is replayed into a fresh one; the second loss ends the stream with `Lost`.

Every wait has a limit from the settings. A worker that is silent for `stall_seconds`, or whose engine call lasts
`decode_seconds`, is killed. Audio beyond what a worker takes waits in the stream's ring.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from speech.capacity import Load, streams_for
from speech.counters import LATE_SECONDS, RecognitionCounters
from speech.engines.choice import EngineChoice
from speech.errors import ModelError, Overloaded, WireError
from speech.frames import bytes_of
from speech.poolstream import PoolStream, Slot
from speech.ports import Alternative, Bias, Capabilities, Lost
from speech.ports import Final as FinalEvent
from speech.settings import SpeechSettings
from speech.wire import Kind, Message
from speech.workerprocess import WorkerProcess

__all__ = ["PoolRecogniser"]

_log = structlog.get_logger()

_WATCH_SECONDS: Final = 0.1
_BACKOFF: Final = (0.0, 0.2, 1.0, 5.0, 15.0)


class PoolRecogniser:
    """`Recogniser` over `settings.workers` processes of one engine."""

    def __init__(
        self,
        choice: EngineChoice,
        settings: SpeechSettings,
        sample: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        background: bool = False,
    ) -> None:
        self._background = background
        self._choice = choice
        self._sample = sample
        self._settings = settings
        self._clock = clock
        self._slots = [Slot(index) for index in range(settings.workers)]
        self._homeless: dict[int, PoolStream] = {}
        self._numbers = 0
        self._runner: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._capabilities: Capabilities | None = None
        self.failure: ModelError | None = None
        self.counters = RecognitionCounters()

    @property
    def name(self) -> str:
        return self._choice.name

    @property
    def capabilities(self) -> Capabilities:
        """As the engine declared; before the first worker is ready, what its kind can do."""
        if self._capabilities is not None:
            return self._capabilities
        vosk = self._choice.name == "vosk"
        return Capabilities(streaming=vosk, grammar=vosk, confidence=True, sample_rate=16_000)

    @property
    def ready(self) -> bool:
        return any(slot.ready for slot in self._slots)

    @property
    def load(self) -> Load:
        """The capacity is the sum of what each worker was measured to carry, or as set. A worker that is being
        replaced keeps its place: the streams wait for the next."""
        taken = sum(len(slot.streams) for slot in self._slots) + len(self._homeless)
        return Load(taken, sum(slot.capacity for slot in self._slots))

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run, for the supervisor's display and for tests."""
        return [slot.worker.pid for slot in self._slots if slot.worker is not None and slot.worker.alive]

    async def start(self) -> None:
        if self._runner is not None:
            return
        self._first = asyncio.get_running_loop().create_future()
        self._runner = asyncio.create_task(self._run(), name="speech-pool")
        try:
            async with asyncio.timeout(self._settings.load_seconds):
                await asyncio.shield(self._first)
        except TimeoutError as exc:
            await self.aclose()
            raise self._fail(
                f"{self._choice.name} did not load {self._choice.model} within {self._settings.load_seconds:g} s; "
                "raise speech.load_seconds or free the machine"
            ) from exc

    def open(self, stream_id: str, bias: Bias | None = None) -> PoolStream:
        if not self.ready and not self._reviving:
            self.counters.refused += 1
            raise Overloaded(f"recognition is not ready: {self.failure or 'no worker has loaded its model'}")
        if self.load.full:
            self.counters.refused += 1
            _log.error("recognition_full", streams=self.load.streams, capacity=self.load.capacity)
            raise Overloaded(f"recognition is full: {self.load.streams} of {self.load.capacity} streams")
        self._numbers = self._numbers % 0xFFFFFFFF + 1
        limit = bytes_of(self._settings.replay_seconds)
        stream = PoolStream(self, self._numbers, bias, limit, self._clock())
        self._place(stream)
        _log.debug("stream_opened", stream=stream_id, number=stream.number)
        return stream

    async def aclose(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner
        for stream in [*self._homeless.values(), *(s for slot in self._slots for s in slot.streams.values())]:
            stream.end(Lost("recognition was shut down"))
        self._homeless.clear()

    def dropped(self, amount: int) -> None:
        """Bytes of audio that no worker will ever be given; told by the stream itself."""
        self.counters.dropped_bytes += amount

    def release(self, stream: PoolStream) -> None:
        """Forget a stream and tell its worker; called by the stream itself."""
        self._homeless.pop(stream.number, None)
        if stream.slot is not None and stream.slot.streams.pop(stream.number, None) is not None:
            if stream.slot.worker is not None:
                stream.slot.worker.send(Kind.CLOSE, stream.number)
            stream.slot = None

    @property
    def _reviving(self) -> bool:
        """A worker has been ready before and another is on its way."""
        return self._capabilities is not None and self._runner is not None and self.failure is None

    def _fail(self, message: str) -> ModelError:
        self.failure = ModelError(message)
        return self.failure

    def _place(self, stream: PoolStream) -> None:
        ready = [slot for slot in self._slots if slot.ready]
        if ready:
            self._homeless.pop(stream.number, None)
            stream.attach(min(ready, key=lambda slot: len(slot.streams)))
        else:
            stream.homeless_since = self._clock()
            self._homeless[stream.number] = stream

    # Supervision.

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for slot in self._slots:
                group.create_task(self._keep(slot), name=f"speech-worker-{slot.index}")
            group.create_task(self._watch(), name="speech-watch")

    async def _keep(self, slot: Slot) -> None:
        """Keep a worker in the slot for ever, slower after each one that died before it was ready."""
        failures = 0
        while self.failure is None:
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
            was_ready = await self._life(slot)
            failures = 0 if was_ready else failures + 1
            if failures >= 2 and self._capabilities is None and self.failure is None:
                self._refuse(
                    f"{self._choice.name} died twice while loading {self._choice.model}: the files are probably "
                    f"damaged; fetch them again with `hotline models fetch {self._choice.title}`"
                )

    async def _life(self, slot: Slot) -> bool:
        """One worker from start to end; whether it became ready."""
        try:
            # Measured once: what follows a crash is awaited by callers, and measured among them it would be too little.
            sample = None if slot.capacity else self._sample
            worker = await WorkerProcess.start(self._choice, self._settings, sample, background=self._background)
        except OSError as exc:
            _log.error("worker_not_started", worker=slot.index, error=str(exc))
            return False
        self.counters.started += 1
        slot.begin(worker, self._clock())
        was_ready = False
        try:
            async for message in worker.messages():
                slot.last_sign = self._clock()
                was_ready = self._hear(slot, message) or was_ready
        except (WireError, KeyError, TypeError, ValueError) as exc:
            # Whatever a broken worker says costs that worker only.
            _log.error("worker_spoke_nonsense", worker=slot.index, error=str(exc))
        finally:
            slot.ready, slot.worker = False, None
            code = await worker.kill()
        self.counters.crashed += 1
        _log.warning("worker_ended", worker=slot.index, code=code, was_ready=was_ready, streams=len(slot.streams))
        self._rehouse(slot)
        return was_ready

    def _hear(self, slot: Slot, message: Message) -> bool:
        """Apply one message; True for READY."""
        stream = slot.streams.get(message.stream)
        match message.kind:
            case Kind.READY:
                said = message.json()
                rtf, can = float(said.pop("rtf")), Capabilities(**said)
                slot.capacity = slot.capacity or self._capacity(rtf, can)
                self._welcome(slot, can)
                return True
            case Kind.REFUSED:
                self._refuse(str(message.json()["message"]))
            case Kind.FAILED:
                _log.error("worker_failed", worker=slot.index, pii_error=message.json().get("message"))
            case Kind.HEARTBEAT:
                said = message.json()
                slot.busy, slot.behind = float(said["busy"]), float(said["behind"])
                self._skipped(slot, float(said["skipped"]))
            case Kind.PARTIAL if stream is not None:
                said = message.json()
                stream.partial(str(said["text"]), float(said["at"]))
            case Kind.FINAL if stream is not None:
                del slot.streams[message.stream]
                stream.slot = None
                stream.end(_final(message.json(), stream.offset))
            case _:
                pass
        return False

    def _capacity(self, rtf: float, can: Capabilities) -> int:
        if self._settings.streams_per_worker is not None:
            return self._settings.streams_per_worker
        streams = streams_for(rtf, streaming=can.streaming)
        if rtf:
            _log.info("recognition_capacity", engine=self.name, rtf=rtf, streams_per_worker=streams)
        return streams

    def _skipped(self, slot: Slot, seconds: float) -> None:
        """A worker says how much it has skipped since it began."""
        if seconds > slot.skipped:
            self.counters.skipped_seconds += seconds - slot.skipped
            _log.warning("recognition_behind", worker=slot.index, skipped_seconds=round(seconds - slot.skipped, 1))
        slot.skipped = seconds

    def _welcome(self, slot: Slot, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        slot.ready = True
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        for stream in list(self._homeless.values()):
            self._place(stream)

    def _refuse(self, message: str) -> None:
        error = self._fail(message)
        if self._first is not None and not self._first.done():
            self._first.set_exception(error)
        for stream in self._homeless.values():
            stream.end(Lost(message))
        self._homeless.clear()

    def _rehouse(self, slot: Slot) -> None:
        """The slot's worker is gone: its streams go elsewhere once, and are lost the second time."""
        orphans, slot.streams = list(slot.streams.values()), {}
        for stream in orphans:
            stream.slot = None
            stream.losses += 1
            if stream.losses > 1:
                self._lose(stream, "the recogniser failed twice in one utterance")
            else:
                self.counters.replayed += 1
                self._place(stream)

    def _lose(self, stream: PoolStream, reason: str) -> None:
        self._homeless.pop(stream.number, None)
        self.counters.lost += 1
        stream.end(Lost(reason))

    async def _watch(self) -> None:
        """Kill what hangs, send what waits, and give up on streams that wait too long for a worker."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = self._clock()
            for slot in self._slots:
                await self._check(slot, now)
                for stream in list(slot.streams.values()):
                    stream.flush()
            self._measure_lag(now)
            for stream in list(self._homeless.values()):
                if now - stream.homeless_since > self._settings.recover_seconds:
                    self._lose(stream, f"no recogniser came back within {self._settings.recover_seconds:g} s")

    def _measure_lag(self, now: float) -> None:
        """By how much the slowest stream is behind its caller, and an alarm when that begins to matter (F19)."""
        lags = [slot.lag(now) for slot in self._slots]
        lag = max([*lags, *(stream.waiting_seconds for stream in self._homeless.values())], default=0.0)
        was, self.counters.lag_seconds = self.counters.lag_seconds, round(lag, 2)
        if lag > LATE_SECONDS >= was and self.capabilities.streaming:
            self.counters.late += 1
            _log.warning("recognition_late", seconds=round(lag, 1), streams=self.load.streams)

    async def _check(self, slot: Slot, now: float) -> None:
        if slot.worker is None:
            return
        silent = now - slot.last_sign
        limit = self._settings.stall_seconds if slot.ready else self._settings.load_seconds
        if silent > limit or slot.busy > self._settings.decode_seconds:
            self.counters.stalled += 1
            _log.warning("worker_stalled", worker=slot.index, silent=round(silent, 1), busy=slot.busy)
            await slot.worker.kill()


def _final(value: dict[str, Any], offset: float) -> FinalEvent:
    """The port's event from the worker's JSON."""
    return FinalEvent(
        tuple(Alternative(str(text), float(score)) for text, score in value["alternatives"]),
        round(offset + float(value["start"]), 3),
        round(offset + float(value["end"]), 3),
        value["confidence"],
    )
