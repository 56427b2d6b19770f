import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.capacity import UNMEASURED, Load, streams_for
from speech.engines import EngineChoice, build
from speech.engines.whole import measure_rtf
from speech.frames import RATE
from speech.pool import PoolRecogniser
from speech.settings import SpeechSettings
from speech.wavfile import wav_bytes
from speech.workerprocess import WorkerProcess
from tests.fakes.tone_model import LOW_HERTZ, tones, write_tone_model


def test_a_streaming_engine_takes_as_many_callers_as_its_share_of_real_time_allows() -> None:
    assert streams_for(0.1, streaming=True) == 8
    assert streams_for(0.4, streaming=True) == 2


def test_an_engine_of_whole_utterances_takes_as_many_as_have_patience_for_the_last_result() -> None:
    assert streams_for(0.2, streaming=False) == 6
    assert streams_for(0.33, streaming=False) == 4


@given(st.floats(min_value=0, max_value=1e6), st.booleans())
def test_there_is_always_room_for_one(rtf: float, streaming: bool) -> None:
    assert streams_for(rtf, streaming=streaming) >= 1


def test_without_a_measurement_the_documented_number_holds() -> None:
    assert streams_for(0.0, streaming=True) == UNMEASURED
    assert Load(6, UNMEASURED).full
    assert not Load(5, UNMEASURED).full


async def test_a_worker_measures_its_speed_before_it_is_ready(tmp_path: Path) -> None:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    sample = tmp_path / "sample.wav"
    sample.write_bytes(wav_bytes(tones(LOW_HERTZ, seconds=1.0)))
    recogniser = build(EngineChoice("sherpa-onnx", folder, "test"), SpeechSettings(model=folder.name), sample)
    assert recogniser.load == Load(0, 0)
    async with asyncio.timeout(30):
        await recogniser.start()
    # A network of a few hundred numbers hears far more than six callers at once.
    assert recogniser.load.capacity > UNMEASURED
    await recogniser.aclose()


def test_no_audio_has_no_speed(tmp_path: Path) -> None:
    from speech.engines.sherpa import SherpaEngine

    engine = SherpaEngine(write_tone_model(tmp_path / "sherpa-tones"))
    assert measure_rtf(engine, b"", RATE) == 0.0
    ticks = iter([0.0, 4.0, 10.0, 11.0])
    assert measure_rtf(engine, bytes(2 * RATE), RATE, lambda: next(ticks)) == pytest.approx(1.0)


async def test_a_worker_that_follows_a_crash_is_ready_without_being_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    sample = tmp_path / "sample.wav"
    sample.write_bytes(wav_bytes(tones(LOW_HERTZ, seconds=1.0)))
    measured: list[Path | None] = []
    start = WorkerProcess.start

    async def noted(
        choice: EngineChoice, settings: SpeechSettings, sample: Path | None = None, *, background: bool = False
    ) -> WorkerProcess:
        measured.append(sample)
        return await start(choice, settings, sample, background=background)

    monkeypatch.setattr(WorkerProcess, "start", noted)
    pool = build(EngineChoice("sherpa-onnx", folder, "test"), SpeechSettings(model=folder.name), sample)
    assert isinstance(pool, PoolRecogniser)
    async with asyncio.timeout(50):
        await pool.start()
        capacity = pool.load.capacity
        os.kill(pool.worker_pids[0], signal.SIGKILL)
        while pool.counters.started < 2 or not pool.ready:
            await asyncio.sleep(0.02)
    assert measured == [sample, None]
    assert pool.load.capacity == capacity
    await pool.aclose()
