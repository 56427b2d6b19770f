"""A telephone line into a real application: real FastAGI and AudioSocket servers, everything behind them faked.

Audio runs four times as fast as on a telephone; the application's own pace stays 20 ms, with prompts of one frame.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.agi.server import FastAgiServer
from ivr.agi.session import AgiSession
from ivr.audiosocket.server import AudioSocketLimits, AudioSocketServer
from ivr.board import Board, CallRecord
from ivr.call import Call, CallServices
from ivr.call.call import gather_facts
from ivr.call.ending import Journal
from ivr.call.hearing import Understanding
from ivr.dialogue import DialogueRules
from ivr.outbox.numbering import Numbering
from ivr.outbox.outbox import Outbox
from ivr.outbox.relay import Relay, RelayLimits
from ivr.outbox.spool import Item, Spool
from ivr.rereading import ReadingQueue
from ivr.settings import IvrSettings
from speech.listener import Listener
from speech.settings import EndpointSettings, SpeechSettings
from speech.text.correction import Corrector
from tests.fakes.asterisk import FakeAsterisk
from tests.fakes.call_control import FakeCallControl
from tests.fakes.clock import FakeTime, FakeToday
from tests.fakes.prompts import FakePrompts
from tests.fakes.recogniser import FakeRecogniser, Script
from tests.fakes.routing import FakeKnowledge, FakeRouting
from tests.fakes.ticket_api import FakeTicketApi

VOICE = b"\x10\x00" * 160
QUICK = 0.005
PATIENCE = 15.0
CALL = "1795312345.1"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class LoudIsVoice:
    def voiced(self, pcm: bytes) -> bool:
        return pcm != bytes(len(pcm))

    def reset(self) -> None:
        """One stream for the whole call."""


class Line:
    """The application and one caller. Begin with `async with line.up():`, then speak, press and wait."""

    def __init__(self, folder: Path, *scripts: Script, routing: FakeRouting | None = None, **rules: Any) -> None:
        self.recogniser = FakeRecogniser(*scripts)
        self.routing = routing or FakeRouting()
        self.knowledge = FakeKnowledge()
        self.control = FakeCallControl()
        self.prompts = FakePrompts()
        self.api = FakeTicketApi()
        self.spool = Spool(folder / "outbox")
        self.board = Board(FakeTime())
        self.journal = Journal(folder / "calls")
        self.recordings = folder / "recordings"
        self.rules = DialogueRules(**{"no_input_seconds": 0.6, "answer_seconds": 0.6, "more_seconds": 0.6, **rules})
        self.settings = IvrSettings(audio_wait_seconds=1.0, dead_man_seconds=3.0, rearm_seconds=0.5)
        self.second_reading: ReadingQueue | None = None
        self.asterisk_kind: type[FakeAsterisk] = FakeAsterisk
        self._numbers = folder / "numbers.json"
        self._folder = folder

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """The application runs and a caller is on the line; at the end both are gone."""
        await self.recogniser.start()
        relay = Relay(self.spool, self.api, RelayLimits(), FakeTime())
        self.outbox = Outbox(self.spool, Numbering(self._numbers, 1, FakeToday()), relay)
        async with AudioSocketServer("127.0.0.1", 0, AudioSocketLimits(ahead_seconds=3600.0)) as audio:
            self.services = CallServices(
                settings=self.settings,
                rules=self.rules,
                audio=audio,
                control=self.control,
                prompts=self.prompts,
                recogniser=self.recogniser,
                mind=Understanding(self.routing, Corrector(("垃圾清运", "建设路")), self.knowledge, lambda: NOW),
                outbox=self.outbox,
                journal=self.journal,
                board=self.board,
                recordings=self.recordings,
                second_reading=self.second_reading,
            )
            async with FastAgiServer("127.0.0.1", 0, self._answer) as agi:
                self.agi = agi
                self.caller = self.asterisk_kind(agi.port, call_id=CALL, frame_seconds=QUICK)
                run = asyncio.create_task(self.caller.run())
                try:
                    yield
                finally:
                    self.caller.hang_up()
                    async with asyncio.timeout(PATIENCE):
                        await run
                    await agi.close(PATIENCE)

    async def _answer(self, session: AgiSession) -> None:
        facts, sip_call_id = await gather_facts(session, node=1, now=lambda: datetime(2026, 11, 22, 4, tzinfo=UTC))
        record = self.board.open(facts.id, sip_call_id)
        await self.board.note(record, "arrived")
        speech = SpeechSettings(endpoint=EndpointSettings(pause=0.2, pause_open=0.2))
        await Call(
            session, facts, record, Listener(self.recogniser, speech, facts.id, LoudIsVoice()), self.services
        ).run()

    async def happens(self, what: str, times: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait for the event that is called so and has these fields."""
        record = await self._record()
        seen = 0
        async with asyncio.timeout(PATIENCE):
            while True:
                found = [each for each in record.events if each["event"] == what and fields.items() <= each.items()]
                if len(found) >= times:
                    return found[times - 1]
                assert record.ended_at is None or what == "ended", f"the call ended without {what}: {record.events}"
                seen += len(await self.board.follow(record, seen, PATIENCE))

    async def says(self, seconds: float = 0.5) -> None:
        """Speak for a while, then fall silent: the recogniser's next script is what was said."""
        await self.caller.say(VOICE * round(seconds / 0.02))

    async def _record(self) -> CallRecord:
        record = await self.board.appear(CALL, PATIENCE)
        assert record is not None
        return record

    async def ends(self) -> str:
        """Wait for the call's end; the reason."""
        return str((await self.happens("ended"))["reason"])

    @property
    def tickets(self) -> list[Item]:
        """What was written down, oldest number first."""
        return sorted((item for item in self.spool.pending() if item.is_ticket), key=lambda item: item.number)

    @property
    def handover(self) -> dict[str, str]:
        return {name: value for name, value in self.caller.variables.items() if name.startswith("HOTLINE_")}
