"""Prompt files on disk: telephone WAVs (`speech.wavfile`), written so that a call never plays half of one."""

import os
from pathlib import Path

from speech.wavfile import WrongFormat, pcm_of, wav_bytes

__all__ = ["WrongFormat", "pcm_of", "wav_bytes", "write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that a call never plays half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
