"""Finds made by the dialplan: calls that ended without the application become tickets, each exactly once.

The fallback leaves `<uniqueid>.json` (and often `<uniqueid>.wav`) in the inbox. A find is joined with what this node
knows of the call: a request already saved gets the recording attached and its words noted (F04), a call properly ended
needs nothing, a call unknown or broken off becomes a ticket `fallback`, with its recording transcribed when a
recogniser is to be had (F01).
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from ivr.call.ending import Journal
from ivr.dialogue.request import Completeness, Request, Spoken
from ivr.outbox import durable
from ivr.outbox.outbox import CallFacts, CannotSave, Outbox
from ivr.outbox.relay import wav_is_whole
from ivr.rereading import LONGEST_NOTE, ReadingQueue
from routing.decision import Decision, EmergencyLevel
from speech.text.correction import Corrected

log = structlog.get_logger()

Transcribe = Callable[[Path], Awaitable[tuple[str, float]]]
"""A recording's words and its length in seconds; empty words when nothing was understood."""


class Decide(Protocol):
    """A recording's words, corrected, and as they were heard before, to a decision."""

    def __call__(self, text: str, *, heard: str = "") -> Decision: ...


STALE_SECONDS = 60.0
"""A recording under way is written to at least every few seconds."""

SHORTEST_RECORDING = 2.0
"""Seconds; what is shorter and has no words is a caller who hung up, not a request."""


@dataclass(frozen=True, slots=True)
class Find:
    """One note of the dialplan."""

    call: str
    event: str
    at: datetime
    caller: str
    dialled: str
    recording: Path | None


class Inbox:
    """Scans one folder. `transcribe` may fail or be slow: a find waits for nothing but its own recording."""

    def __init__(
        self,
        folder: Path,
        recordings: Path,
        *,
        node: int,
        outbox: Outbox,
        journal: Journal,
        is_live: Callable[[str], bool],
        transcribe: Transcribe,
        correct: Callable[[str], Corrected],
        decide: Decide,
        second_reading: ReadingQueue | None = None,
    ) -> None:
        self._folder = folder
        self._recordings = recordings
        self._node = node
        self._outbox = outbox
        self._journal = journal
        self._is_live = is_live
        self._transcribe = transcribe
        self._correct = correct
        self._decide = decide
        self._second_reading = second_reading
        for name in ("done", "quarantine"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    async def run(self, every_seconds: float) -> None:
        """Scan for ever; ends by cancellation."""
        while True:
            try:
                await self.scan()
            except OSError as exc:
                log.error("inbox_unreadable", reason=type(exc).__name__)
            await asyncio.sleep(every_seconds)

    async def scan(self) -> int:
        """Take up every find that is complete. Returns how many tickets were opened."""
        opened = 0
        for path in sorted(await asyncio.to_thread(lambda: list(self._folder.glob("*.json")))):
            try:
                find = await asyncio.to_thread(self._read, path)
            except (ValueError, LookupError, TypeError) as exc:
                log.error("inbox_note_quarantined", reason=type(exc).__name__)
                await asyncio.to_thread(durable.move, path, self._folder / "quarantine" / path.name)
                continue
            if self._is_live(find.call) or not self._is_complete(find):
                continue
            try:
                opened += await self._take(find)
            except CannotSave:
                return opened
            await asyncio.to_thread(durable.move, path, self._folder / "done" / path.name)
        return opened

    async def _take(self, find: Find) -> int:
        recording = find.recording if find.recording and find.recording.exists() else self._whole_call(find.call)
        number = self._outbox.ticket_of(find.call)
        if number:
            if find.recording and find.recording.exists():
                await self._add_message(number, find.call, find.recording)
            return 0
        if self._journal.find(find.call) and not find.recording:
            return 0
        # What the caller said before the application died is on the whole call only; the message is on both.
        request = await self._request(find, self._whole_call(find.call) or recording)
        if request is None:
            return 0
        facts = CallFacts(find.call, "", self._node, find.at, find.caller, find.dialled)
        completeness = Completeness.EMERGENCY if find.event == "emergency" else Completeness.FALLBACK
        number = await self._outbox.save(facts, request, completeness, note=f"fallback:{find.event}")
        if recording:
            await self._outbox.attach(number, find.call, recording, "message")
        both_sides = self._recordings / f"{find.call}.wav"
        if both_sides.exists():
            await self._outbox.attach(number, find.call, both_sides, "recording")
        if self._second_reading is not None:
            await self._second_reading.ask(find.call, [number])
        log.info("fallback_ticket", call=find.call, kind=find.event)
        return 1

    async def _add_message(self, number: str, call: str, recording: Path) -> None:
        """A caller who had told something before left a message too: it may say more, and it may say danger."""
        words, _ = await self._transcribe(recording)
        if words:
            corrected, decision = await self._understand(words)
            danger = decision.emergency
            head = "来电中断后的留言（自动识别）"
            if danger.level is not EmergencyLevel.NONE:
                log.warning("danger_in_message", call=call, level=danger.level.value)
                head += f"【疑似险情 {danger.service}】"
            note = {"verb": "note", "text": f"{head}：{corrected.text[:LONGEST_NOTE]}"}
            await self._outbox.tell(number, call, note, about="message")
        await self._outbox.attach(number, call, recording, "message")

    async def _request(self, find: Find, recording: Path | None) -> Request | None:
        words, seconds = await self._transcribe(recording) if recording else ("", 0.0)
        if find.event == "abandoned" and not words and seconds < SHORTEST_RECORDING:
            return None
        if not words:
            return Request(spoken=(Spoken("", 0.0, seconds, None),))
        corrected, decision = await self._understand(words)
        heard = (words,) if corrected.changes else ()
        request = Request(spoken=(Spoken(corrected.text, 0.0, seconds, None, heard, corrected.changes),))
        return request.decided(decision).endangered(decision.emergency)

    async def _understand(self, words: str) -> tuple[Corrected, Decision]:
        corrected = await asyncio.to_thread(self._correct, words)
        return corrected, await asyncio.to_thread(self._decide, corrected.text, heard=words)

    def _whole_call(self, call_id: str) -> Path | None:
        """What the caller said, as Asterisk recorded it from the first second."""
        path = self._recordings / f"{call_id}-in.wav"
        return path if wav_is_whole(path) else None

    def _is_complete(self, find: Find) -> bool:
        """Whether all that can still come has come. A call whose recording is being written is still up."""
        files = (find.recording, self._recordings / f"{find.call}-in.wav")
        return all(path is None or wav_is_whole(path) or self._is_given_up(path) for path in files)

    def _is_given_up(self, path: Path) -> bool:
        """A file that is not there, or that nobody has written to for a while: its writer died with it unfinished."""
        try:
            return time.time() - path.stat().st_mtime > STALE_SECONDS
        except FileNotFoundError:
            return True

    def _read(self, path: Path) -> Find:
        fields = json.loads(path.read_text())
        call = str(fields["call"])
        if not re.fullmatch(r"[\w.-]{1,64}", call) or call != path.stem:
            raise ValueError("the note's call id does not fit its name")
        name = fields.get("recording")
        if name and not re.fullmatch(r"[\w-][\w.-]{0,127}", str(name)):
            raise ValueError("the note names a recording outside the inbox")
        at = datetime.fromisoformat(str(fields["at"]))
        if at.tzinfo is None:
            raise ValueError("the note's time has no time zone")
        return Find(
            call=call,
            event=str(fields["event"]),
            at=at,
            caller=re.sub(r"[^0-9+]", "", str(fields.get("caller") or "")),
            dialled=re.sub(r"[^0-9+]", "", str(fields.get("dialled") or "")),
            recording=self._folder / str(name) if name else None,
        )
