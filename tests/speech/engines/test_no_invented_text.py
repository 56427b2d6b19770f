"""Sounds that nobody said give no text, with the real Whisper model: the guards against invention."""

from pathlib import Path

import pytest

from speech.engines.whisper import WhisperEngine, WhisperOptions
from speech.engines.whole import decode_pcm
from speech.frames import RATE
from tests.speech.noise import KINDS, clips


@pytest.fixture(scope="module")
def engine(whisper_base: Path) -> WhisperEngine:
    return WhisperEngine(whisper_base, WhisperOptions(threads=2))


@pytest.mark.fault("F61")
@pytest.mark.parametrize("kind", KINDS)
def test_no_words_are_invented(engine: WhisperEngine, kind: str) -> None:
    heard = {name: decode_pcm(engine, pcm, RATE).text for name, pcm in clips() if name.startswith(kind)}
    assert len(heard) == 12
    assert {name: text for name, text in heard.items() if text} == {}
