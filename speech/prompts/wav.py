"""WAV files as Asterisk's `wav` format reads them: PCM, 8,000 Hz, mono, signed 16-bit (format_wav.c)."""

import io
import os
import wave
from pathlib import Path

from speech.voices.audio import TELEPHONE_RATE


class WrongFormat(Exception):
    """Not a WAV file that Asterisk would play; says what it is instead."""


def wav_bytes(pcm: bytes) -> bytes:
    """A whole WAV file around telephone PCM."""
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(TELEPHONE_RATE)
        writer.writeframes(pcm)
    return out.getvalue()


def pcm_of(content: bytes) -> bytes:
    """The samples of a WAV file. Raises `WrongFormat`."""
    try:
        with wave.open(io.BytesIO(content)) as reader:
            shape = (reader.getframerate(), reader.getnchannels(), 8 * reader.getsampwidth())
            if shape != (TELEPHONE_RATE, 1, 16):
                raise WrongFormat(f"{shape[0]} Hz, {shape[1]} channel(s), {shape[2]} bit; expected 8000 Hz, 1, 16 bit")
            return bytes(reader.readframes(reader.getnframes()))
    except (wave.Error, EOFError) as exc:
        raise WrongFormat(f"not a PCM WAV file ({exc})") from exc


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that a call never plays half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
