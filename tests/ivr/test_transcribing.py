"""Recordings that no call was there to hear, turned into words."""

import wave
from pathlib import Path

import pytest

from ivr.transcribing import LONGEST_PIECE, Heard, transcribe_recording
from tests.fakes.recogniser import FakeRecogniser, Script
from tests.ivr.call.line import VOICE, LoudIsVoice

QUIET = bytes(320)


def recording(folder: Path, *parts: tuple[bytes, float], rate: int = 8000) -> Path:
    path = folder / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for frame, seconds in parts:
            file.writeframes(frame * round(seconds / 0.02))
    return path


async def ready(*scripts: Script) -> FakeRecogniser:
    recogniser = FakeRecogniser(*scripts)
    await recogniser.start()
    return recogniser


async def test_each_stretch_of_speech_is_recognised_by_itself(tmp_path: Path) -> None:
    recogniser = await ready(Script("垃圾没人清理"), Script("在解放路"))
    path = recording(tmp_path, (QUIET, 2.0), (VOICE, 1.5), (QUIET, 1.0), (VOICE, 1.0), (QUIET, 1.0))
    heard = await transcribe_recording(path, recogniser, LoudIsVoice())
    assert heard.words == "垃圾没人清理，在解放路"
    assert heard.seconds == pytest.approx(2.5)
    assert heard.whole
    assert recogniser.open_streams == []


async def test_speech_up_to_the_last_moment_counts(tmp_path: Path) -> None:
    recogniser = await ready(Script("喂"))
    heard = await transcribe_recording(recording(tmp_path, (VOICE, 0.5)), recogniser, LoudIsVoice())
    assert heard.words == "喂"
    assert heard.seconds == pytest.approx(0.5)


@pytest.mark.fault("F60")
async def test_speech_without_a_pause_is_cut_into_pieces(tmp_path: Path) -> None:
    recogniser = await ready(Script("一"))
    path = recording(tmp_path, (VOICE, 2 * LONGEST_PIECE + 5))
    heard = await transcribe_recording(path, recogniser, LoudIsVoice())
    assert heard.words == "一，一，一"
    assert max(len(stream.fed) for stream in recogniser.streams) <= LONGEST_PIECE * 16_000


async def test_silence_costs_the_recogniser_nothing(tmp_path: Path) -> None:
    recogniser = await ready()
    assert await transcribe_recording(recording(tmp_path, (QUIET, 5.0)), recogniser, LoudIsVoice()) == Heard()
    assert recogniser.streams == []


@pytest.mark.fault("F10")
async def test_without_a_recogniser_the_seconds_are_still_known(tmp_path: Path) -> None:
    recogniser = FakeRecogniser()
    heard = await transcribe_recording(recording(tmp_path, (VOICE, 3.0)), recogniser, LoudIsVoice())
    assert heard.words == ""
    assert heard.seconds == pytest.approx(3.0)


@pytest.mark.fault("F11")
@pytest.mark.parametrize("way", ["lost", "overloaded"])
async def test_a_recogniser_that_gives_up_leaves_the_recording(tmp_path: Path, way: str) -> None:
    recogniser = FakeRecogniser(Script(lost="gone"), capacity=0 if way == "overloaded" else 1)
    await recogniser.start()
    heard = await transcribe_recording(recording(tmp_path, (VOICE, 3.0)), recogniser, LoudIsVoice())
    assert heard.words == ""
    assert heard.seconds == pytest.approx(3.0)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\0" * 100, b"RIFF\0\0\0\0WAVEfmt "])
async def test_a_file_that_is_no_recording_has_no_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert await transcribe_recording(path, await ready(), LoudIsVoice()) == Heard(whole=False)


async def test_a_recording_of_another_rate_has_no_words(tmp_path: Path) -> None:
    path = recording(tmp_path, (VOICE, 1.0), rate=16_000)
    assert await transcribe_recording(path, await ready(), LoudIsVoice()) == Heard(whole=False)


async def test_a_recording_that_is_not_there_has_no_words(tmp_path: Path) -> None:
    assert await transcribe_recording(tmp_path / "a.wav", await ready(), LoudIsVoice()) == Heard(whole=False)


async def test_every_piece_waits_for_the_gate(tmp_path: Path) -> None:
    recogniser = await ready(Script("一"), Script("二"))
    path = recording(tmp_path, (VOICE, 1.0), (QUIET, 1.0), (VOICE, 1.0))
    asked: list[int] = []

    async def gate() -> None:
        asked.append(len(recogniser.streams))

    heard = await transcribe_recording(path, recogniser, LoudIsVoice(), gate)
    assert heard.words == "一，二"
    assert asked == [0, 1]
