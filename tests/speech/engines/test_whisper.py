"""The real engine on Mandarin that espeak-ng speaks from pinyin, at telephone rate."""

from pathlib import Path

import numpy as np
import pytest

from speech.engines.whisper import WhisperEngine, WhisperOptions, mixed
from speech.engines.whole import decode_pcm
from speech.errors import ModelError
from speech.frames import Float32, to_pcm
from speech.ports import Alternative


@pytest.fixture(scope="module")
def engine(whisper_base: Path) -> WhisperEngine:
    return WhisperEngine(whisper_base, WhisperOptions())


def test_mandarin_at_8_khz_is_understood_and_comes_simplified(engine: WhisperEngine, mandarin: bytes) -> None:
    decoder = engine.open(8_000)
    decoder.accept(mandarin)
    final = decoder.final()
    # Which of two readings of nearly the same score comes first depends on the number of threads.
    assert any("我们去北京" in reading.text for reading in final.alternatives)
    assert len(final.alternatives) > 1
    assert final.confidence is not None
    assert 0.1 < final.confidence <= 1
    assert 0.2 < final.start < 0.8
    assert final.end < len(mandarin) / 16_000


def test_partials_decode_the_growing_utterance(engine: WhisperEngine, mandarin: bytes) -> None:
    decoder = engine.open(8_000)
    partials = []
    for at in range(0, len(mandarin), 16_000):
        decoder.accept(mandarin[at : at + 16_000])
        if (text := decoder.partial()) is not None:
            partials.append(text)
    assert len(partials) >= 2
    assert decoder.partial() is None


def test_the_decode_made_in_a_pause_is_the_final(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = engine.open(8_000)
    decoder.accept(mandarin)
    decoder.accept(bytes(8_000))
    heard = decoder.partial()
    assert heard
    decoder.accept(bytes(8_000))
    assert decoder.partial() is None
    monkeypatch.setattr(engine, "readings", None)  # a second decode would fail
    assert decoder.final().text == heard


def test_the_text_of_a_pause_is_told_even_when_it_is_not_new(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    beams: list[int] = []

    def readings(samples: Float32, beam: int, no_repeat: int = 0) -> tuple[list[tuple[str, float]], float]:
        beams.append(beam)
        return [("明天去北京", 0.8)], 0.0

    monkeypatch.setattr(engine, "readings", readings)
    decoder = engine.open(8_000)
    decoder.accept(mandarin[: len(mandarin) - 20_800])
    assert decoder.partial() == "明天去北京"
    decoder.accept(mandarin[len(mandarin) - 20_800 :])
    assert decoder.partial() == "明天去北京"
    assert decoder.partial() is None
    assert decoder.final().text == "明天去北京"
    assert beams == [1, engine.options.beam, engine.options.beam]  # the last one is the second look


def looks(monkeypatch: pytest.MonkeyPatch, engine: WhisperEngine, *texts: str) -> list[int]:
    """Every look understands the next of `texts`, with a worse reading of its own; how long each look's sound was."""
    lengths: list[int] = []

    def readings(samples: Float32, beam: int, no_repeat: int = 0) -> tuple[list[tuple[str, float]], float]:
        lengths.append(len(samples))
        text = texts[len(lengths) - 1]
        return [(text, 0.8), (text + "啊", 0.7)], 0.0

    monkeypatch.setattr(engine, "readings", readings)
    return lengths


def test_what_is_understood_of_slowed_sound_in_a_pause_joins_the_lower_readings(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = looks(monkeypatch, engine, "明天去北京", "明天起北京")
    final = decode_pcm(engine, mandarin + bytes(8_000), 8_000, pause=True)
    assert [each.text for each in final.alternatives] == ["明天去北京", "明天起北京", "明天去北京啊", "明天起北京啊"]
    assert lengths[1] / lengths[0] == pytest.approx(1 / 0.93, abs=0.01)


def test_nobody_waits_for_a_second_look(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = looks(monkeypatch, engine, "明天去北京")
    final = decode_pcm(engine, mandarin + bytes(8_000), 8_000)
    assert [each.text for each in final.alternatives] == ["明天去北京", "明天去北京啊"]
    assert len(lengths) == 1


def test_what_is_said_after_a_pause_is_looked_at_anew(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = looks(monkeypatch, engine, "明天", "明填", "明天去北京", "明天起北京")
    decoder = engine.open(8_000)
    for _ in range(2):
        decoder.accept(mandarin + bytes(8_000))
        while decoder.partial() is not None:
            pass
    assert [each.text for each in decoder.final().alternatives][:2] == ["明天去北京", "明天起北京"]
    assert len(lengths) == 4


def test_without_a_second_look_a_pause_has_one_decode(
    whisper_base: Path, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WhisperEngine(whisper_base, WhisperOptions(second_look=False))
    lengths = looks(monkeypatch, engine, "明天去北京")
    decode_pcm(engine, mandarin + bytes(8_000), 8_000, pause=True)
    assert len(lengths) == 1


def test_sound_that_would_not_fit_when_slowed_is_looked_at_once(
    engine: WhisperEngine, mandarin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = looks(monkeypatch, engine, "明天去北京")
    decode_pcm(engine, mandarin + bytes(16_000 * 27 - len(mandarin)), 8_000, pause=True)
    assert len(lengths) == 1


def test_readings_of_two_looks_take_turns_and_no_text_comes_twice() -> None:
    def read(*texts: str) -> tuple[Alternative, ...]:
        return tuple(Alternative(text, 0.5) for text in texts)

    assert mixed(read("一", "二", "三"), read("一", "四"), 5) == read("一", "二", "四", "三")
    assert mixed(read("一", "二", "三"), read("四", "五"), 3) == read("一", "四", "二")
    assert mixed(read("一"), (), 5) == read("一")


@pytest.mark.parametrize("kind", ["silence", "noise", "hum", "chord", "dtmf", "fax"])
@pytest.mark.fault("F61")
def test_what_is_not_speech_gives_no_text(engine: WhisperEngine, kind: str) -> None:
    at = np.arange(24_000) / 8_000
    tones = {
        "silence": (),
        "noise": (),
        "hum": (50, 150),
        "chord": (262, 330, 392),
        "dtmf": (697, 1209),
        "fax": (1100,),
    }
    samples = sum((0.15 * np.sin(2 * np.pi * hertz * at) for hertz in tones[kind]), np.zeros(24_000))
    if kind == "noise":
        samples = np.random.default_rng(1).normal(0, 0.05, 24_000)
    decoder = engine.open(8_000)
    decoder.accept(to_pcm(samples.astype(np.float32)))
    assert decoder.partial() is None
    final = decoder.final()
    assert final.alternatives == ()
    assert final.guard == "no voice"


@pytest.mark.fault("F10")
def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin is missing; fetch the model again with `hotline models fetch"):
        WhisperEngine(tmp_path, WhisperOptions())


@pytest.mark.fault("F10")
def test_a_truncated_model_is_named(tmp_path: Path, whisper_base: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes((whisper_base / name).read_bytes())
    with (whisper_base / "model.bin").open("rb") as whole:
        (tmp_path / "model.bin").write_bytes(whole.read(1_000_000))
    with pytest.raises(ModelError, match="Whisper cannot load"):
        WhisperEngine(tmp_path, WhisperOptions())
