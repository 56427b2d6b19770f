"""The Kokoro voice around a session of our own: what it is given and what is done with its answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech.voices import VoiceError, load
from speech.voices.kokoro import SAMPLE_RATE, KokoroModel, KokoroVoice


class HummingSession:
    """Answers with a tone as long as there are tokens, 0.1 s each, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def run(self, outputs: Any, inputs: dict[str, Any]) -> list[Any]:
        self.asked.append(inputs)
        seconds = 0.1 * inputs["tokens"].shape[1] / float(inputs["speed"][0])
        time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        return [(0.2 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)]


def model_with(session: HummingSession) -> KokoroModel:
    styles = {
        "low": np.zeros((510, 1, 256), np.float32),
        "high": np.ones((510, 1, 256), np.float32),
    }
    return KokoroModel(session, lambda text: text, {"您": 1, "好": 2, "。": 3, "一": 4}, styles)


def test_each_sentence_is_spoken_alone_and_joined_with_a_pause() -> None:
    session = HummingSession()
    audio = KokoroVoice(model_with(session), "low").synthesise("您好。您。")
    assert [inputs["tokens"].tolist() for inputs in session.asked] == [[[0, 1, 2, 3, 0]], [[0, 1, 3, 0]]]
    assert len(audio) / SAMPLE_RATE == pytest.approx(0.5 + 0.28 + 0.4, abs=0.06)


def test_speed_and_style_reach_the_model() -> None:
    session = HummingSession()
    voice = KokoroVoice(model_with(session), "low+high").at_speed(1.5)
    voice.synthesise("1")
    assert session.asked[0]["speed"].tolist() == [1.5]
    assert session.asked[0]["style"].shape == (1, 256)
    assert session.asked[0]["style"].mean() == pytest.approx(0.5)


def test_what_cannot_be_said_gives_no_audio() -> None:
    session = HummingSession()
    assert not KokoroVoice(model_with(session), "low").synthesise("？？").size
    assert not session.asked


def test_an_unknown_voice_is_named_with_the_known_ones() -> None:
    with pytest.raises(VoiceError, match=r"'middle'.*high, low"):
        KokoroVoice(model_with(HummingSession()), "middle")
    with pytest.raises(VoiceError, match="jf_alpha"):
        load("siri", Path("nowhere"))


def test_a_missing_model_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="hotline models fetch kokoro"):
        load("jf_alpha", tmp_path)


def test_a_missing_extra_gives_one_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(VoiceError, match="voices extra"):
        load("jf_alpha", tmp_path)
