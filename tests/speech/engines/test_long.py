"""Long speech loses nothing in its middle: shipped prompts joined to 45 s and found again one by one."""

from pathlib import Path

import numpy as np
import pytest
from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

from speech.engines.whisper import WhisperEngine, WhisperOptions
from speech.engines.whole import decode_pcm
from speech.frames import RATE, seconds_of
from speech.prompts.catalogue import fixed_entries
from speech.text.normalise import fold
from tests.e2e.ear import prompt_samples

PIECES = (
    "ask-place",
    "record",
    "no-match-2",
    "emergency-operator",
    "operators-busy",
    "no-input-1",
    "silent-call",
    "record-thanks",
)


def sound(text: str) -> str:
    """How a text is said, without tones: a homophone is no missing word."""
    return " ".join(lazy_pinyin(fold(text)))


@pytest.mark.fault("F60")
@pytest.mark.parametrize("gap", [0.1, 0.5])
def test_every_sentence_of_a_long_speech_is_in_its_text(whisper_base: Path, gap: float) -> None:
    engine = WhisperEngine(whisper_base, WhisperOptions())
    between = np.zeros(round(gap * RATE), np.int16)
    joined = np.concatenate([part for name in PIECES for part in (between, prompt_samples(name).astype(np.int16))])
    pcm = joined.astype("<i2").tobytes() + bytes(RATE)
    assert seconds_of(len(pcm)) > 40
    reading = decode_pcm(engine, pcm, RATE)
    texts = {entry.id: entry.text for entry in fixed_entries()}
    found = {name: fuzz.partial_ratio(sound(texts[name]), sound(reading.text)) for name in PIECES}
    assert {name: likeness for name, likeness in found.items() if likeness < 70} == {}
    assert 0.8 < len(fold(reading.text)) / sum(len(fold(texts[name])) for name in PIECES) < 1.2
