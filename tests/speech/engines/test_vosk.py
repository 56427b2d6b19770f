"""The real engine, on the one Vosk model a package registry carries: Korean."""

from pathlib import Path

import pytest

from speech.engines.vosk import VoskEngine, model_rates
from speech.engines.vosk_answers import combine
from speech.errors import ModelError
from speech.frames import to_pcm
from speech.ports import Alternative, Bias
from tests.speech.conftest import say


@pytest.fixture(scope="module")
def engine(vosk_ko: Path) -> VoskEngine:
    return VoskEngine(vosk_ko)


def test_partials_grow_while_audio_is_fed_and_a_final_has_alternatives(engine: VoskEngine, hello: bytes) -> None:
    decoder = engine.open(8_000)
    partials = []
    for at in range(0, len(hello), 3200):
        decoder.accept(hello[at : at + 3200])
        if (text := decoder.partial()) is not None:
            partials.append(text)
    assert partials
    assert all(partials)
    final = decoder.final()
    assert 1 <= len(final.alternatives) <= 5
    assert sum(item.score for item in final.alternatives) == pytest.approx(1.0, abs=0.01)
    assert final.confidence == final.alternatives[0].score


@pytest.mark.parametrize(("clip", "said"), [("hello", "안녕하세요"), ("thanks", "감사합니다")])
def test_a_grammar_recognises_what_can_be_said(
    engine: VoskEngine, clip: str, said: str, request: pytest.FixtureRequest
) -> None:
    decoder = engine.open(8_000, Bias(grammar=("안녕하세요", "감사합니다"), closed=True))
    decoder.accept(request.getfixturevalue(clip))
    assert said in decoder.final().text


@pytest.mark.fault("F70")
def test_a_cry_for_help_in_answer_to_a_question_is_not_made_into_one_of_the_answers(
    engine: VoskEngine, tmp_path: Path
) -> None:
    cry = to_pcm(say("불이 났어요 빨리 와 주세요", "ko", tmp_path))
    answers = ("안녕하세요", "감사합니다")
    closed, favoured = (engine.open(8_000, Bias(grammar=answers, closed=closed)) for closed in (True, False))
    for decoder in (closed, favoured):
        decoder.accept(cry)
    # This is what a closed vocabulary does, and why no call uses one.
    assert any(answer in closed.final().text for answer in answers)
    assert not any(answer in reading.text for reading in favoured.final().alternatives for answer in answers)


def test_grammar_words_the_model_does_not_know_are_left_out(engine: VoskEngine, hello: bytes) -> None:
    assert engine._known(("안녕하세요", "垃圾", "")) == ["안녕하세요"]
    # Nothing known means no grammar, not a grammar in which nothing can be said.
    decoder = engine.open(8_000, Bias(grammar=("垃圾",), closed=True))
    decoder.accept(hello)
    assert decoder.final().text


def test_silence_has_no_text(engine: VoskEngine) -> None:
    decoder = engine.open(8_000)
    decoder.accept(bytes(32_000))
    assert decoder.partial() is None
    assert decoder.final().alternatives == ()


def test_a_model_without_upsampling_is_fed_its_own_rate(
    engine: VoskEngine, hello: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_upsamples", False)
    decoder = engine.open(8_000, Bias(grammar=("안녕하세요", "감사합니다"), closed=True))
    decoder.accept(hello)
    assert "안녕하세요" in decoder.final().text


def test_rates_are_read_from_the_model(tmp_path: Path, vosk_ko: Path) -> None:
    assert model_rates(vosk_ko) == (16_000, True)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mfcc.conf").write_text("--sample-frequency=8000\n")
    assert model_rates(tmp_path) == (8_000, False)


@pytest.mark.fault("F10")
def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"mdl is missing; fetch the model again"):
        VoskEngine(tmp_path)
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").touch()
    with pytest.raises(ModelError, match=r"final\.mdl is empty"):
        VoskEngine(tmp_path)


def test_stretches_are_joined_rank_by_rank() -> None:
    first = [Alternative("我 要", 0.7), Alternative("我 有", 0.3)]
    joined = combine([first, [Alternative("投诉", 0.9)]])
    assert joined == (Alternative("我要投诉", 0.7), Alternative("我有投诉", 0.3))
    assert combine([]) == ()
