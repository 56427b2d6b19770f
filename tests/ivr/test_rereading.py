"""Recordings read again after the call: durable, at nobody's expense, and the words on the ticket."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ivr.rereading import ATTEMPTS, LONGEST_NOTE, ReadingQueue, SecondReader, second_engine
from ivr.settings import IvrSettings, SecondReadingSettings
from speech.errors import ModelError
from speech.ports import Recogniser
from speech.settings import SpeechSettings
from speech.wavfile import wav_bytes
from tests.fakes.recogniser import FakeRecogniser, Script
from tests.ivr.call.line import VOICE, Line, LoudIsVoice
from tests.speech.engines.test_suitable import sherpa_model

CALL = "1795312345.1"
NUMBER = "261122010001"
SETTINGS = SecondReadingSettings(idle_seconds=0.01, look_seconds=0.01, retry_seconds=0.01)


class Outbox:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, str]]] = []

    async def tell(self, number: str, call_id: str, event: dict[str, str]) -> None:
        self.told.append((number, call_id, event))


class Desk:
    """A reader with everything around it; `busy` is whether a caller speaks, `scripts` what the engine will hear."""

    def __init__(self, folder: Path, *scripts: Script) -> None:
        self.scripts = scripts
        self.recordings = folder / "recordings"
        self.recordings.mkdir()
        self.folder = folder / "second-reading"
        self.queue = ReadingQueue(self.folder)
        self.outbox = Outbox()
        self.busy = False
        self.loaded = 0
        self.engine_error = ""
        self.now = 0.0
        self.reader = SecondReader(
            self.queue,
            SETTINGS,
            self.recordings,
            self.outbox,
            self._engine,
            LoudIsVoice,
            lambda: not self.busy,
            lambda: self.now,
        )

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[tuple[str, Recogniser]]:
        if self.engine_error:
            raise ModelError(self.engine_error)
        recogniser = FakeRecogniser(*self.scripts)
        await recogniser.start()
        self.loaded += 1
        yield "whisper-large", recogniser
        await recogniser.aclose()

    def record(self, call: str = CALL, *, whole: bool = True) -> Path:
        path = self.recordings / f"{call}-in.wav"
        data = wav_bytes(VOICE * 50 + bytes(320) * 50 + VOICE * 50)
        path.write_bytes(data if whole else data[:-100])
        return path


async def test_what_a_second_engine_heard_goes_to_every_ticket_of_the_call_as_a_note(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Script("垃圾没人清理"), Script("在解放路"))
    desk.record()
    await desk.queue.ask(CALL, [NUMBER, "261122010002"])
    await desk.reader.read_all()
    text = "录音二次识别（whisper-large）：垃圾没人清理，在解放路"
    assert desk.outbox.told == [
        (NUMBER, CALL, {"verb": "note", "text": text}),
        ("261122010002", CALL, {"verb": "note", "text": text}),
    ]
    assert desk.queue.count() == 0
    assert desk.reader.read == 1


async def test_a_call_without_a_ticket_is_not_read_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.queue.ask(CALL, [])
    await desk.queue.ask("../../etc/passwd", [NUMBER])
    assert desk.queue.count() == 0


async def test_without_work_no_engine_is_loaded(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.reader.read_all()
    assert desk.loaded == 0


async def test_nothing_is_read_while_a_caller_speaks(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Script("一"), Script("二"))
    desk.record()
    desk.busy = True
    await desk.queue.ask(CALL, [NUMBER])
    reading = asyncio.create_task(desk.reader.read_all())
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert desk.loaded == 0
    assert desk.outbox.told == []
    desk.busy = False
    async with asyncio.timeout(10):
        await reading
    assert len(desk.outbox.told) == 1


async def test_a_caller_who_begins_to_speak_holds_up_the_next_piece(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.busy = True
    resting = asyncio.create_task(desk.reader.rest())
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert not resting.done()
    desk.busy = False
    async with asyncio.timeout(5):
        await resting


async def test_what_waits_outlives_the_process_and_is_told_under_the_same_keys(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    await first.queue.ask(CALL, [NUMBER])
    again = ReadingQueue(first.folder)
    assert again.waiting() == [(CALL, [NUMBER], 0)]


async def test_a_recording_that_is_not_whole_is_waited_for_and_then_taken_as_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Script("一"))
    path = desk.record(whole=False)
    os.utime(path, (1000.0, 1000.0))
    await desk.queue.ask(CALL, [NUMBER])
    desk.now = 1000.0 + SETTINGS.stale_seconds / 2
    await desk.reader.read_all()
    assert (desk.loaded, desk.queue.count()) == (0, 1)
    desk.now = 1001.0 + SETTINGS.stale_seconds
    await desk.reader.read_all()
    assert (desk.loaded, desk.queue.count()) == (1, 0)


async def test_a_recording_that_is_gone_is_let_go(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.queue.ask(CALL, [NUMBER])
    await desk.reader.read_all()
    assert (desk.queue.count(), desk.outbox.told) == (0, [])


async def test_an_engine_that_fails_is_tried_some_times_and_then_given_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Script(lost="gone"))
    desk.record()
    await desk.queue.ask(CALL, [NUMBER])
    for attempt in range(1, ATTEMPTS):
        await desk.reader.read_all()
        assert desk.queue.waiting() == [(CALL, [NUMBER], attempt)]
    await desk.reader.read_all()
    assert (desk.queue.count(), desk.outbox.told) == (0, [])


@pytest.mark.fault("F10")
async def test_a_model_that_is_not_there_costs_nothing_but_the_second_reading(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.record()
    desk.engine_error = "no recognition model"
    await desk.queue.ask(CALL, [NUMBER])
    running = asyncio.create_task(desk.reader.run())
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert not running.done()
    assert desk.queue.count() == 1
    desk.engine_error = ""
    async with asyncio.timeout(10):
        while not desk.reader.read:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.fault("F28")
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"tickets": 5, "attempts": 0}', b"\xff"])
def test_a_torn_note_is_removed_and_the_rest_read(tmp_path: Path, content: bytes) -> None:
    queue = ReadingQueue(tmp_path)
    (tmp_path / "torn.json").write_bytes(content)
    (tmp_path / f"{CALL}.json").write_text(json.dumps({"tickets": [NUMBER], "attempts": 1}))
    assert queue.waiting() == [(CALL, [NUMBER], 1)]


async def test_a_folder_that_is_full_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.rereading.MOST_WAITING", 1)
    queue = ReadingQueue(tmp_path)
    await queue.ask(CALL, [NUMBER])
    await queue.ask("1795312345.2", [NUMBER])
    assert (queue.count(), queue.left_out) == (1, 1)


@pytest.mark.fault("F25")
async def test_a_disk_that_refuses_costs_the_call_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    queue = ReadingQueue(tmp_path)
    monkeypatch.setattr("ivr.outbox.durable.write_json", refuse)
    await queue.ask(CALL, [NUMBER])
    assert queue.count() == 0


async def test_a_very_long_reading_fits_into_a_note(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Script("字" * 9_000), Script(""))
    desk.record()
    await desk.queue.ask(CALL, [NUMBER])
    await desk.reader.read_all()
    assert len(desk.outbox.told[0][2]["text"]) < LONGEST_NOTE + 100


async def test_a_call_with_a_ticket_asks_for_its_second_reading(tmp_path: Path) -> None:
    line = Line(tmp_path, Script("我们小区的垃圾没人清理"))
    queue = ReadingQueue(tmp_path / "second-reading")
    line.second_reading = queue
    async with line.up():
        await line.happens("your-turn", state="listen")
        await line.says()
        await line.happens("state", to="confirm")
        line.caller.press("1")
        await line.happens("ticket")
        line.caller.hang_up()
        await line.ends()
    assert [tickets for _, tickets, _ in queue.waiting()] == [[line.tickets[0].number]]


@pytest.mark.timeout(180)  # at the lowest priority a busy machine lets it wait
async def test_the_second_engine_is_judged_and_loaded_like_the_first_but_in_the_background(
    tmp_path: Path,
) -> None:
    settings = SecondReadingSettings(model="gone")
    with pytest.raises(ModelError, match="gone"):
        async with second_engine(settings, SpeechSettings(), tmp_path):
            pass
    folder = sherpa_model(tmp_path / "sherpa-own", ("我", "你", "的"))
    settings = SecondReadingSettings(model=folder.name)
    async with second_engine(settings, SpeechSettings(), tmp_path) as (title, recogniser):
        assert title == folder.name
        assert recogniser.ready
        (pid,) = recogniser.worker_pids  # type: ignore[attr-defined]  # it is a pool
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19


def test_it_is_off_unless_the_section_is_there() -> None:
    assert IvrSettings().second_reading is None
    assert IvrSettings.model_validate({"second_reading": {"model": "whisper-large"}}).second_reading is not None
    with pytest.raises(ValidationError):
        IvrSettings.model_validate({"second_reading": {"modell": "x"}})
