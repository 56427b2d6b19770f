"""Fixtures of the recognition tests: where the real models are, and speech made on the spot by espeak-ng."""

import os
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.frames import RATE, Float32, to_float, to_pcm
from speech.resample import resample


def models_dir() -> Path:
    """The models folder as the program finds it; a missing model is a failure, never a skip."""
    home = os.environ.get("HOTLINE_HOME")
    if home is None:
        home = "/var/lib/hotline" if os.geteuid() == 0 else str(Path.home() / ".local/share/hotline")
    return Path(home) / "models"


def model(name: str) -> Path:
    folder = models_dir() / name
    if not folder.is_dir():
        pytest.fail(f"model {name} is not in {folder.parent}: run `make setup`, or `hotline models fetch {name}`")
    return folder


def say(text: str, voice: str, folder: Path, speed: int = 130) -> Float32:
    """espeak-ng's rendering at 8,000 Hz, in -1..1, with 0.3 s of silence before and 0.5 s after."""
    if shutil.which("espeak-ng") is None:
        pytest.fail("espeak-ng is not installed: run `make setup`, or `apt-get install espeak-ng`")
    path = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(path), text], check=True)
    with wave.open(str(path)) as audio:
        samples, rate = to_float(audio.readframes(audio.getnframes())), audio.getframerate()
    quiet = np.zeros(RATE // 10, dtype=np.float32)
    return np.concatenate([np.tile(quiet, 3), resample(samples, rate, RATE), np.tile(quiet, 5)]).astype(np.float32)


@pytest.fixture(scope="session")
def vosk_ko() -> Path:
    return model("vosk-ko")


@pytest.fixture(scope="session")
def whisper_base() -> Path:
    return model("whisper-base")


@pytest.fixture(scope="session")
def hello(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """안녕하세요 at 8,000 Hz."""
    return to_pcm(say("안녕하세요", "ko", tmp_path_factory.mktemp("ko")))


@pytest.fixture(scope="session")
def thanks(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """감사합니다 at 8,000 Hz."""
    return to_pcm(say("감사합니다", "ko", tmp_path_factory.mktemp("ko")))


@pytest.fixture(scope="session")
def mandarin(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """明天上午我们去北京 at 8,000 Hz, spoken from pinyin."""
    pinyin = "ming2 tian1 shang4 wu3 wo3 men5 qu4 bei3 jing1"
    return to_pcm(say(pinyin, "cmn-latn-pinyin", tmp_path_factory.mktemp("cmn"), speed=140))
