"""Voices that are programs: espeak-ng (robotic, instant, for tests) and any other that an operator names."""

import io
import shlex
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Final

import numpy as np

from speech.voices.ports import Samples, VoiceError
from speech.voices.spoken import spoken_form

_SECONDS: Final = 120.0


class EspeakVoice:
    """espeak-ng's Mandarin, at `words_per_minute` (its own default is 175)."""

    def __init__(self, program: str = "espeak-ng", language: str = "cmn", words_per_minute: int = 165) -> None:
        found = shutil.which(program)
        if found is None:
            raise VoiceError(f"the program {program} is not installed; on Debian: apt-get install espeak-ng")
        self._command = [found, "-v", language, "-s", str(words_per_minute), "--stdin", "--stdout"]
        self._chinese = language.startswith("cmn")
        self._language = language
        self._rate = 22_050

    @property
    def name(self) -> str:
        return "espeak" if self._chinese else f"espeak-{self._language}"

    @property
    def sample_rate(self) -> int:
        return self._rate

    def synthesise(self, text: str) -> Samples:
        said = spoken_form(text) if self._chinese else text
        audio, self._rate = read_wav(_run(self._command, said), self.name)
        return audio


class ExternalVoice:
    """An operator's own program: a command line with `{wav}` (where it must write a WAV) and, if it does not read the
    text from standard input, `{text}`. No shell is involved. Example: `piper --model zh.onnx --output_file {wav}`."""

    def __init__(self, command: str, sample_rate: int = 22_050, seconds: float = _SECONDS) -> None:
        self._words = shlex.split(command)
        if not self._words or not any("{wav}" in word for word in self._words):
            raise VoiceError(f"the voice command {command!r} does not say where to write: it needs {{wav}}")
        self._rate = sample_rate
        self._seconds = seconds

    @property
    def name(self) -> str:
        return f"external-{Path(self._words[0]).name}"

    @property
    def sample_rate(self) -> int:
        return self._rate

    def synthesise(self, text: str) -> Samples:
        said = spoken_form(text)
        with tempfile.TemporaryDirectory(prefix="hotline-voice-") as folder:
            target = Path(folder) / "speech.wav"
            words = [word.replace("{wav}", str(target)).replace("{text}", said) for word in self._words]
            _run(words, said, self._seconds)
            try:
                content = target.read_bytes()
            except OSError as exc:
                raise VoiceError(f"the voice command {self._words[0]} ended well but wrote no {{wav}} file") from exc
        audio, self._rate = read_wav(content, self.name)
        return audio


def read_wav(content: bytes, name: str) -> tuple[Samples, int]:
    """Mono samples and rate of a 16-bit WAV. A program that streams writes a length of its own invention; the real
    end of the data counts."""
    try:
        with wave.open(io.BytesIO(content)) as reader:
            channels, width, rate = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            data = reader.readframes(len(content))
    except (wave.Error, EOFError) as exc:
        raise VoiceError(f"the voice {name} gave no WAV file: {exc}") from exc
    if width != 2:
        raise VoiceError(f"the voice {name} gave {8 * width}-bit audio where 16-bit is expected")
    usable = len(data) - len(data) % (2 * channels)
    samples = np.frombuffer(data[:usable], dtype="<i2").astype(np.float32) / np.float32(32768.0)
    return samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate


def _run(command: list[str], text: str, seconds: float = _SECONDS) -> bytes:
    try:
        run = subprocess.run(command, input=text.encode(), capture_output=True, timeout=seconds, check=False)  # noqa: S603 - no shell; the program is the operator's choice
    except (OSError, ValueError) as exc:
        raise VoiceError(f"the voice program {command[0]} cannot be started: {exc}") from exc
    except subprocess.TimeoutExpired as exc:
        raise VoiceError(f"the voice program {command[0]} did not end within {seconds:g} s") from exc
    if run.returncode != 0:
        last = run.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise VoiceError(f"the voice program {command[0]} failed with code {run.returncode}: {last[0]}")
    return run.stdout
