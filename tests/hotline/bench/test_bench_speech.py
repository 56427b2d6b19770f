"""`hotline bench speech` on a model of two tones: the whole measurement with real worker processes, in seconds."""

from pathlib import Path

import pytest

from hotline.bench import speech as bench
from hotline.errors import HotlineError
from speech.engines import EngineChoice
from speech.prompts.wav import wav_bytes
from speech.settings import SpeechSettings
from tests.fakes.tone_model import HIGH_HERTZ, LOW_HERTZ, tones, write_tone_model


@pytest.fixture
def options(tmp_path: Path) -> bench.Options:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    for name in ("greeting", "clarify", "ask-place", "no-input-1", "emergency-question", "anything-else"):
        (tmp_path / f"{name}.wav").write_bytes(wav_bytes(tones(LOW_HERTZ, HIGH_HERTZ, seconds=0.2)))
    return bench.Options(EngineChoice("sherpa-onnx", folder, ""), SpeechSettings(threads=1), tmp_path, runs=1)


def test_the_pool_is_measured_beside_the_engine_alone(options: bench.Options) -> None:
    report = bench.run(options)
    by_name = {figure.name: figure for figure in report.figures}
    saturated = by_name["streams in real time at saturation"]
    assert saturated.value > 1
    assert saturated.ratio is not None
    assert saturated.ratio > 0
    assert by_name["final after end of speech at half load, p95"].value > 0
    assert report.conditions["paced_streams"] >= 1
    assert report.as_json()["machine"]["cores"] >= 1


def test_an_engine_that_cannot_be_loaded_is_told_and_not_measured(options: bench.Options) -> None:
    (options.choice.folder / "tokens.txt").unlink()
    with pytest.raises(HotlineError, match="hotline speech engines"):
        bench.run(options)
