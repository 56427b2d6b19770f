"""A second reading: the caller's recording recognised again after the call by a slower engine, for the ticket.

Off unless settings name the engine. What is to be read lies in a folder, a file for each call, so it outlives this
process; a file goes when its words are in the outbox, whose keys make a repetition harmless. Reading is never done at
the expense of callers: it begins once nobody has spoken for a while, asks again before every piece of at most 25
seconds, and its engine is a process of the lowest priority that exists only while there is something to read. The
words go onto the ticket as a note beside what was heard during the call; neither replaces the other.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

import structlog

from ivr.outbox import durable
from ivr.outbox.relay import wav_is_whole
from ivr.settings import SecondReadingSettings
from ivr.transcribing import Heard, transcribe_recording
from speech import engines
from speech.engines import suitable
from speech.errors import ModelError
from speech.ports import Recogniser
from speech.settings import SpeechSettings
from speech.vad import Vad

log = structlog.get_logger()

MOST_WAITING: Final = 10_000
"""Calls. More is a node that never rests; the newest are left out and counted."""

ATTEMPTS: Final = 3
LONGEST_NOTE: Final = 7_500
"""Characters; the ticket service takes 8,000."""

_CALL: Final = re.compile(r"[\w.-]{1,64}")


class Tells(Protocol):
    """The part of the outbox that is needed here."""

    async def tell(self, number: str, call_id: str, event: dict[str, str]) -> None: ...


class ReadingQueue:
    """Calls whose recording is to be read again: `<call>.json` each, with its tickets and the attempts made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.left_out = 0

    async def ask(self, call: str, tickets: list[str]) -> None:
        """Have a call read again. Not worth a word to a caller when it fails: the recording stays with the ticket."""
        if not tickets or not _CALL.fullmatch(call):
            return
        try:
            await asyncio.to_thread(self._put, call, tickets, 0)
        except OSError as exc:
            log.error("second_reading_not_noted", call=call, reason=type(exc).__name__)

    def waiting(self) -> list[tuple[str, list[str], int]]:
        """Call, tickets and attempts, oldest first. A file that is none is removed: there is nothing to keep of it."""
        found = []
        for path in sorted(self._folder.glob("*.json"), key=lambda each: each.stat().st_mtime):
            try:
                entry = json.loads(path.read_bytes())
                found.append((path.stem, [str(each) for each in entry["tickets"]], int(entry["attempts"])))
            except (ValueError, LookupError, TypeError):
                log.error("second_reading_note_unreadable", call=path.stem)
                path.unlink(missing_ok=True)
        return found

    def count(self) -> int:
        return sum(1 for _ in self._folder.glob("*.json"))

    def failed(self, call: str, tickets: list[str], attempts: int) -> None:
        """Try again later, or give up after some attempts."""
        if attempts + 1 >= ATTEMPTS:
            log.error("second_reading_given_up", call=call, attempts=attempts + 1)
            self.done(call)
        else:
            self._put(call, tickets, attempts + 1)

    def done(self, call: str) -> None:
        (self._folder / f"{call}.json").unlink(missing_ok=True)

    def _put(self, call: str, tickets: list[str], attempts: int) -> None:
        path = self._folder / f"{call}.json"
        if not path.exists() and self.count() >= MOST_WAITING:
            self.left_out += 1
            log.error("second_reading_left_out", call=call, waiting=MOST_WAITING)
            return
        durable.write_json(path, {"tickets": tickets, "attempts": attempts})


class SecondReader:
    """Reads what waits in the queue; `run` for ever.

    `engine` gives a model's name and its recogniser, which is loaded when the context is entered (ModelError when it
    cannot be) and gone when it is left. `quiet` says whether no caller speaks now.
    """

    def __init__(
        self,
        queue: ReadingQueue,
        settings: SecondReadingSettings,
        recordings: Path,
        outbox: Tells,
        engine: Callable[[], AbstractAsyncContextManager[tuple[str, Recogniser]]],
        vad: Callable[[], Vad],
        quiet: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._recordings = recordings
        self._outbox = outbox
        self._engine = engine
        self._vad = vad
        self._quiet = quiet
        self._clock = clock
        self.read = 0

    async def run(self) -> None:
        """Ends only by cancellation. A disk or an engine that refuses is tried again later."""
        while True:
            pause = self._settings.look_seconds
            try:
                await self.read_all()
            except ModelError as exc:
                log.error("second_reading_degraded", reason=str(exc))
                pause = self._settings.retry_seconds
            except OSError as exc:
                log.error("second_reading_failed", reason=type(exc).__name__)
                pause = self._settings.retry_seconds
            await asyncio.sleep(pause)

    async def read_all(self) -> None:
        """Everything that can be read now. Raises `ModelError` when the engine cannot be had."""
        due = [each for each in await asyncio.to_thread(self._queue.waiting) if self._is_due(each[0])]
        if not due:
            return
        await self.rest()
        async with self._engine() as (title, recogniser):
            for call, tickets, attempts in due:
                await self._read(call, tickets, attempts, title, recogniser)

    async def rest(self) -> None:
        """Until no caller has spoken for `idle_seconds`."""
        quiet_for = 0.0
        step = min(0.5, self._settings.idle_seconds)
        while quiet_for < self._settings.idle_seconds:
            quiet_for = quiet_for + step if self._quiet() else 0.0
            await asyncio.sleep(step)

    async def _read(self, call: str, tickets: list[str], attempts: int, title: str, recogniser: Recogniser) -> None:
        path = self._track(call)
        if not path.exists():
            log.warning("second_reading_without_recording", call=call)
            await asyncio.to_thread(self._queue.done, call)
            return
        heard = await transcribe_recording(path, recogniser, self._vad(), self.rest, self._settings.result_seconds)
        if not heard.whole:
            await asyncio.to_thread(self._queue.failed, call, tickets, attempts)
            return
        for number in tickets if heard.words else ():
            await self._outbox.tell(number, call, {"verb": "note", "text": _note(title, heard)})
        await asyncio.to_thread(self._queue.done, call)
        self.read += 1
        log.info("second_reading_done", call=call, seconds=round(heard.seconds, 1), tickets=len(tickets))

    def _track(self, call: str) -> Path:
        """What the caller said, without our prompts, as Asterisk recorded it."""
        return self._recordings / f"{call}-in.wav"

    def _is_due(self, call: str) -> bool:
        """A recording is whole, or nobody has written to it for a while, or it will never come."""
        path = self._track(call)
        try:
            return wav_is_whole(path) or self._clock() - path.stat().st_mtime > self._settings.stale_seconds
        except FileNotFoundError:
            return True


def _note(title: str, heard: Heard) -> str:
    words = heard.words if len(heard.words) <= LONGEST_NOTE else f"{heard.words[:LONGEST_NOTE]}……"
    return f"录音二次识别（{title}）：{words}"


@asynccontextmanager
async def second_engine(
    settings: SecondReadingSettings, live: SpeechSettings, models: Path
) -> AsyncIterator[tuple[str, Recogniser]]:
    """The engine of the settings, in one process of the lowest priority. Raises `ModelError`.

    A process that hardly ever gets the processor is not hung: what the live engine may take seconds for takes minutes.
    """
    own = {"engine": settings.engine, "model": settings.model, "beam": settings.beam, "threads": settings.threads}
    patience = {"load_seconds": settings.load_seconds, "stall_seconds": 60, "decode_seconds": 300, "workers": 1}
    wanted = SpeechSettings.model_validate(live.model_dump() | own | patience)
    choice = engines.choose(wanted, models)
    suitable.inspect(choice)
    recogniser = engines.build(choice, wanted, background=True)
    try:
        await recogniser.start()
        yield choice.title, recogniser
    finally:
        await recogniser.aclose()
