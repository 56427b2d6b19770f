"""A caller with a plan: says or presses something when it is their turn, answers what is asked, watches what happens.

Whose turn it is comes from the live-call board where that answers, else from the caller's own ear (a prompt was heard
and has been over for a second). Nothing but SIP and RTP reaches the hotline from here.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from hotline.calling.board import BoardUnreachable, follow
from hotline.calling.timeline import Bridged, Timeline
from hotline.phone import Call, CallEnded, Phone
from hotline.phone.recorder import SOUND_DBFS

EAR_PAUSE_SECONDS = 1.0
BARGE_IN_SECONDS = 1.0
SPEAK_ON_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class CallPlan:
    """`speech` is PCM16 mono 8 kHz; with `digits` instead, keys are pressed; with neither the caller stays silent.

    `answers` are the keys pressed when the dialogue asks, by its state. `stay_seconds` is how long the caller talks
    with whoever they were put through to; `longest_seconds` ends the call whatever happens.
    """

    dialled: str = "12345"
    from_number: str = "13800001234"
    speech: bytes = b""
    digits: str = ""
    barge_in: bool = False
    answers: tuple[tuple[str, str], ...] = (
        ("confirm", "1"),
        ("place", "#"),
        ("which-place", "1"),
        ("answer", "2"),
        ("clarify", "1"),
        ("more", "2"),
        ("emergency", "1"),
    )
    stay_seconds: float = 5.0
    longest_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Where things are. `server` is Asterisk's SIP address; the two URLs are the IVR's and the stand-ins' doors."""

    server: str
    bind_host: str
    user: str
    password: str
    board_url: str
    board_token: str
    standins_url: str


async def place_call(plan: CallPlan, reach: Reach, record: Path | None = None) -> Timeline:
    """Place the call and see it through; `record` is a WAV file for what the caller heard.

    Raises PhoneError when it was not answered, OSError when the recording cannot be written.
    """
    timeline = Timeline(plan.from_number, plan.dialled)
    async with Phone(bind_host=reach.bind_host, bind_port=0, user=reach.user, password=reach.password) as phone:
        call = await phone.call(plan.dialled, server=reach.server, from_user=plan.from_number)
        timeline.invited_at, timeline.sip_call_id = call.invited_at, call.call_id
        caller = _Caller(plan, reach, call, timeline)
        try:
            async with asyncio.timeout(plan.longest_seconds):
                await call.answered()
                await caller.talk()
        except TimeoutError:
            timeline.ended_by = "caller: the plan's time was over"
        except CallEnded:
            if call.answered_at is None:
                raise
        await call.hangup()
        reason = await call.ended()
        await caller.finish(reason.by_us, reason.code)
        if record is not None:
            await asyncio.to_thread(call.media.heard.write_wav, record)
    return timeline


class _Caller:
    def __init__(self, plan: CallPlan, reach: Reach, call: Call, timeline: Timeline) -> None:
        self._plan = plan
        self._reach = reach
        self._call = call
        self._timeline = timeline
        self._turn: asyncio.Queue[str] = asyncio.Queue()
        self._spoken = False
        self._spoke: list[tuple[float, float]] = []

    async def talk(self) -> None:
        """Until the call has ended, or the caller has talked long enough with whoever they were put through to."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(self._follow_board()), tasks.create_task(self._act())]
            ended = tasks.create_task(self._call.ended())
            bridged = tasks.create_task(self._watch_standins())
            await asyncio.wait([ended, bridged], return_when=asyncio.FIRST_COMPLETED)
            for task in (*helpers, ended, bridged):
                task.cancel()

    async def finish(self, by_us: bool, code: int) -> None:
        """Fill in what can be said only afterwards."""
        call, line = self._call, self._timeline
        line.ended_by = line.ended_by or ("caller" if by_us else "hotline")
        line.end_code = code
        line.ringing_ms = line.ms(call.ringing_at) if call.ringing_at else None
        line.answered_ms = line.ms(call.answered_at) if call.answered_at else None
        line.ended_ms = line.ms(call.ended_at) if call.ended_at else None
        if call.answered_at and call.ended_at:
            line.longest_silence_seconds = self._longest_silence(call.answered_at, call.ended_at, [])
            line.longest_unexplained_silence_seconds = self._longest_silence(
                call.answered_at, call.ended_at, line.waits()
            )
        await self._note_bridged()

    def _longest_silence(self, since: float, until: float, excused: list[tuple[float, float]]) -> float:
        """Seconds in which neither the hotline could be heard nor the caller spoke, the excused spans left out."""
        loud = {packet.arrived for packet in self._call.media.heard.between(since, until) if packet.dbfs > SOUND_DBFS}
        for began, ended in (*self._spoke, *excused):
            loud |= {began + step * 0.1 for step in range(int((ended - began) / 0.1) + 1)}
        marks = [since, *sorted(loud), until]
        return round(max(later - earlier for earlier, later in pairwise(marks)), 2)

    async def _say(self) -> None:
        began = time.time()
        await self._call.media.play(self._plan.speech)
        self._spoke.append((began, time.time()))

    async def _follow_board(self) -> None:
        try:
            async for event in follow(self._reach.board_url, self._reach.board_token, self._call.call_id):
                self._timeline.add(event)
                match event:
                    case {"event": "your-turn", "state": state}:
                        self._turn.put_nowait(state)
                    case {"event": "prompt"} if self._plan.barge_in and not self._spoken:
                        await asyncio.sleep(BARGE_IN_SECONDS)
                        self._turn.put_nowait("listen")
        except BoardUnreachable as exc:
            self._timeline.board = str(exc)
            await self._turn_by_ear()

    async def _turn_by_ear(self) -> None:
        heard = self._call.media.heard
        while not self._spoken:
            await asyncio.sleep(0.1)
            now = time.time()
            last = heard.last_sound_before(now)
            if last is not None and now - last > EAR_PAUSE_SECONDS:
                self._turn.put_nowait("listen")

    async def _act(self) -> None:
        if self._plan.digits and not self._plan.speech:
            await self._after_first_sound()
            await self._press(self._plan.digits)
            self._spoken = True
        answers = dict(self._plan.answers)
        while True:
            state = await self._turn.get()
            if state == "listen" and not self._spoken and self._plan.speech:
                self._spoken = True
                self._did("speaks", seconds=round(len(self._plan.speech) / 16000, 2))
                await self._say()
                self._did("has spoken")
                if self._plan.digits:
                    await self._press(self._plan.digits)
            elif self._spoken and state in answers and (self._plan.speech or self._plan.digits):
                await self._press(answers[state])

    async def _after_first_sound(self) -> None:
        heard = self._call.media.heard
        while heard.first_sound_after(self._call.invited_at) is None:
            await asyncio.sleep(0.02)
        await asyncio.sleep(BARGE_IN_SECONDS)

    async def _press(self, digits: str) -> None:
        self._did("presses", keys=digits)
        await self._call.media.send_digits(digits)

    async def _watch_standins(self) -> None:
        """Until somebody answered and the caller has talked to them for the planned time."""
        while not any(note["answered_at"] for _, note in await self._notes()):
            await asyncio.sleep(SPEAK_ON_EVERY_SECONDS)
        self._did("is put through")
        end = time.time() + self._plan.stay_seconds
        while time.time() < end:
            if self._plan.speech:
                await self._say()
            await asyncio.sleep(SPEAK_ON_EVERY_SECONDS)

    async def _note_bridged(self) -> None:
        heard, line = self._call.media.heard, self._timeline
        for name, note in await self._notes():
            answered = note["answered_at"]
            bridged = Bridged(name)
            if answered:
                bridged.answered_ms = line.ms(answered)
                bridged.they_heard_dbfs = round(note["loudest_second_dbfs"], 1)
                bridged.packets_to_them = note["packets_received"]
                bridged.caller_heard_dbfs = round(heard.energy_dbfs(answered + 0.5, note["ended_at"]), 1)
            line.bridged.append(bridged)

    async def _notes(self) -> list[tuple[str, dict[str, Any]]]:
        """Calls that reached a stand-in for this caller since the INVITE."""
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._reach.standins_url}/standins") as response,
            ):
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError):
            return []
        return [
            (standin["name"], note)
            for standin in answer["standins"]
            for note in standin["calls"]
            if note["invited_at"] >= self._call.invited_at and note["from_number"] == self._plan.from_number
        ]

    def _did(self, what: str, **fields: Any) -> None:
        self._timeline.did.append({"ms": self._timeline.ms(time.time()), "caller": what, **fields})
