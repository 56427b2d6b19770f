"""Voices that are programs, with the real espeak-ng and with programs of our own."""

import io
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.voices import VoiceError, load, speak_8k
from speech.voices.programs import EspeakVoice, ExternalVoice, read_wav


def program(tmp_path: Path, body: str) -> str:
    script = tmp_path / "voice.py"
    script.write_text(body, encoding="utf-8")
    return f"{sys.executable} {script}"


def test_espeak_speaks_mandarin_at_telephone_rate(tmp_path: Path) -> None:
    pcm = speak_8k(load("espeak", tmp_path), "您好，请按1。")
    samples = np.frombuffer(pcm, dtype="<i2")
    assert 1.0 < len(samples) / 8_000 < 4.0
    assert np.abs(samples).max() > 3_000


def test_a_program_that_is_not_there_is_named_with_the_mend() -> None:
    with pytest.raises(VoiceError, match="no-such-voice is not installed"):
        EspeakVoice("no-such-voice")


def test_an_external_voice_gets_the_text_and_writes_the_wav(tmp_path: Path) -> None:
    body = (
        "import sys, wave\n"
        "text = sys.stdin.buffer.read().decode()\n"
        "w = wave.open(sys.argv[1], 'wb')\n"
        "w.setparams((1, 2, 16000, 0, 'NONE', ''))\n"
        "w.writeframes((1000).to_bytes(2, 'little') * 1600 * len(text))\n"
        "w.close()\n"
    )
    voice = load("external", tmp_path, command=f"{program(tmp_path, body)} {{wav}}")
    audio = voice.synthesise("110")
    assert voice.sample_rate == 16_000
    assert len(audio) == 4_800


def test_nothing_in_a_text_reaches_a_shell(tmp_path: Path) -> None:
    body = "import sys\nopen(sys.argv[1], 'wb').write(sys.argv[2].encode())\n"
    voice = ExternalVoice(f"{program(tmp_path, body)} {{wav}} {{text}}")
    with pytest.raises(VoiceError, match="gave no WAV file"):
        voice.synthesise("; touch /tmp/x $(id)")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys; sys.exit('no voice file')", "failed with code 1: no voice file"),
        ("pass", "wrote no {wav} file"),
    ],
)
def test_a_program_that_fails_is_reported(tmp_path: Path, body: str, message: str) -> None:
    voice = ExternalVoice(f"{program(tmp_path, body)} {{wav}}")
    with pytest.raises(VoiceError, match=message):
        voice.synthesise("您好")


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    voice = ExternalVoice(f"{program(tmp_path, 'import time; time.sleep(50)')} {{wav}}", seconds=0.2)
    with pytest.raises(VoiceError, match=r"did not end within 0\.2 s"):
        voice.synthesise("您好")


def test_a_command_without_a_place_to_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"needs \{wav\}"):
        ExternalVoice("piper --model x")
    with pytest.raises(VoiceError, match="needs a command line"):
        load("external", tmp_path)


def test_stereo_is_mixed_and_other_widths_are_refused() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setparams((2, 2, 8_000, 0, "NONE", ""))
        writer.writeframes(np.array([[100, 300]] * 10, dtype="<i2").tobytes())
    audio, rate = read_wav(out.getvalue(), "x")
    assert rate == 8_000
    assert audio.tolist() == pytest.approx([200 / 32768] * 10)
    eight = io.BytesIO()
    with wave.open(eight, "wb") as writer:
        writer.setparams((1, 1, 8_000, 0, "NONE", ""))
        writer.writeframes(b"\x80" * 10)
    with pytest.raises(VoiceError, match="8-bit"):
        read_wav(eight.getvalue(), "x")
