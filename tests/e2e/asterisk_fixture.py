"""A real Asterisk for tests: free ports, a state folder of its own, booted before the test starts, gone after it.

Use `async with running_asterisk(...) as asterisk:`. The state folder lies in the system's temporary directory, because
the user that Asterisk runs as must reach it and a Unix socket's path is short. With `tone_prompts=True` every prompt of
the dialplan is a tone of its own frequency: `prompts_in` tells from a caller's audio which ones were heard.
"""

import os
import shutil
import socket
import tempfile
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotline.asterisk import (
    Assets,
    AsteriskProcess,
    AsteriskProgram,
    AsteriskSettings,
    Endpoints,
    Secrets,
    locate,
    render,
)
from hotline.asterisk.process import run_as
from hotline.settings import default_home

BOOT_SECONDS = 40.0


@dataclass(frozen=True)
class RunningAsterisk:
    """What a test needs to know of it."""

    process: AsteriskProcess
    settings: AsteriskSettings
    secrets: Secrets
    endpoints: Endpoints
    state: Path

    @property
    def log(self) -> Path:
        return self.state / "asterisk/log"

    def messages(self) -> str:
        """Everything Asterisk printed and logged."""
        texts = [path.read_text("utf-8", "replace") for path in (self.log / "console.log", self.log / "messages.log")]
        return "\n".join(texts)

    def events(self) -> list[list[str]]:
        """The dialplan's own records: time, event, call, linked, detail."""
        path = self.log / "cel-custom/hotline-events.csv"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [[field.strip('"') for field in line.split('","')] for line in lines]


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that was free a moment ago."""
    with closing(socket.socket(socket.AF_INET, kind)) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def free_rtp_range(size: int = 60) -> tuple[int, int]:
    """First and last port of an even-started range whose ends are free."""
    while True:
        start = free_port() & ~1
        if start + size < 65_000:
            return start, start + size


def find_program(settings: AsteriskSettings | None = None) -> AsteriskProgram:
    """The Asterisk under test; fails (never skips) when there is none, saying how to get one."""
    return locate(settings or AsteriskSettings(), default_home())


@asynccontextmanager
async def running_asterisk(
    *,
    agi: str | None = None,
    assets: Assets | None = None,
    settings: Mapping[str, Any] | None = None,
    tone_prompts: bool = False,
) -> AsyncIterator[RunningAsterisk]:
    """Render, start and wait; on the way out stop it and remove its folder.

    `agi` is the application's address:port (default: a port nobody listens on); `settings` override `AsteriskSettings`.
    """
    rtp_start, rtp_end = free_rtp_range()
    values: dict[str, Any] = {
        "sip_port": free_port(),
        "ami_port": free_port(socket.SOCK_STREAM),
        "rtp_start": rtp_start,
        "rtp_end": rtp_end,
        **(settings or {}),
    }
    chosen = AsteriskSettings.model_validate(values)
    state = _state_folder()
    endpoints = Endpoints(
        agi or f"127.0.0.1:{free_port(socket.SOCK_STREAM)}", state / "asterisk/recordings", state / "asterisk/spool"
    )
    shipped = assets or Assets.find()
    if tone_prompts:
        shipped = _with_tones(shipped, state / "assets")
    program = find_program(chosen)
    secrets = Secrets.load_or_create(state / "secrets.json", chosen)
    process = AsteriskProcess(program, render(chosen, program, state, secrets, endpoints, shipped), run_as(chosen))
    try:
        await process.start()
        await process.wait_booted(BOOT_SECONDS)
        yield RunningAsterisk(process, chosen, secrets, endpoints, state)
    finally:
        await process.stop()
        if not os.environ.get("HOTLINE_KEEP_STATE"):
            shutil.rmtree(state, ignore_errors=True)


PROMPTS = (
    "beep",
    "emergency-119",
    "emergency-120",
    "emergency-122",
    "emergency-announce",
    "emergency-caller-gone",
    "emergency-hold",
    "emergency-operator",
    "emergency-retry",
    "emergency-takeback",
    "fallback-menu",
    "goodbye",
    "operator-hold",
    "operators-busy",
    "record-failed",
    "record-thanks",
    "transfer-failed",
    "transfer-operator",
    "transfer-special",
)
"""Every prompt the dialplan plays; the configuration test holds this list against extensions.conf."""


def _state_folder() -> Path:
    state = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    state.chmod(0o755)
    return state


_FIRST_HERTZ = 1100
_STEP_HERTZ = 70
_WINDOW_SECONDS = 0.1


def _with_tones(shipped: Assets, root: Path) -> Assets:
    for name in ("conf", "agi-bin"):
        shutil.copytree(shipped.root / name, root / name)
    folder = root / "sounds/zh/hotline"
    folder.mkdir(parents=True)
    for index, name in enumerate(PROMPTS):
        _write_tone(folder / f"{name}.wav", _FIRST_HERTZ + _STEP_HERTZ * index)
    return Assets(root)


def _write_tone(path: Path, hertz: int, seconds: float = 1.0) -> None:
    count = int(8000 * seconds)
    samples = np.round(8000 * np.sin(2 * np.pi * hertz * np.arange(count) / 8000)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())


def prompts_in(pcm: bytes) -> list[tuple[float, str]]:
    """(second, prompt) for each tone prompt heard in PCM16 8 kHz audio, in order; shorter than 0.2 s does not count."""
    size = int(8000 * _WINDOW_SECONDS)
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    found: list[tuple[float, str]] = []
    before = last = ""
    for index in range(len(samples) // size):
        name = _tone_name(samples[index * size : (index + 1) * size])
        if name and name == before and name != last:
            found.append((round((index - 1) * _WINDOW_SECONDS, 1), name))
            last = name
        elif not name and not before:
            last = ""
        before = name
    return found


def _tone_name(window: "np.ndarray[Any, np.dtype[np.float64]]") -> str:
    """The prompt whose tone holds most of the window's energy; empty when none does."""
    energy = float(np.sum(window**2))
    if energy / len(window) < 200.0**2:
        return ""
    spectrum = np.abs(np.fft.rfft(window)) ** 2
    peak = int(np.argmax(spectrum))
    if float(np.sum(spectrum[max(0, peak - 1) : peak + 2])) * 2 / len(window) < 0.6 * energy:
        return ""
    index = round((peak / _WINDOW_SECONDS - _FIRST_HERTZ) / _STEP_HERTZ)
    near = abs(peak / _WINDOW_SECONDS - _FIRST_HERTZ - index * _STEP_HERTZ) <= _STEP_HERTZ / 3
    return PROMPTS[index] if near and 0 <= index < len(PROMPTS) else ""
