"""WAV files as the telephone has them and as Asterisk's `wav` format reads and writes them (format_wav.c): PCM,
8,000 Hz, mono, signed 16-bit. Pure: bytes in, bytes out.
"""

import io
import wave

from speech.errors import AudioError
from speech.frames import BYTES_PER_SAMPLE, RATE

__all__ = ["WrongFormat", "pcm_of", "wav_bytes"]


class WrongFormat(AudioError):
    """Not a WAV file of the telephone's kind; says what it is instead."""


def wav_bytes(pcm: bytes) -> bytes:
    """A whole WAV file around telephone PCM."""
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(BYTES_PER_SAMPLE)
        writer.setframerate(RATE)
        writer.writeframes(pcm)
    return out.getvalue()


def pcm_of(content: bytes) -> bytes:
    """The samples of a WAV file. Raises `WrongFormat`."""
    try:
        with wave.open(io.BytesIO(content)) as reader:
            shape = (reader.getframerate(), reader.getnchannels(), 8 * reader.getsampwidth())
            if shape != (RATE, 1, 8 * BYTES_PER_SAMPLE):
                raise WrongFormat(f"{shape[0]} Hz, {shape[1]} channel(s), {shape[2]} bit; expected 8000 Hz, 1, 16 bit")
            return bytes(reader.readframes(reader.getnframes()))
    except (wave.Error, EOFError) as exc:
        raise WrongFormat(f"not a PCM WAV file ({exc})") from exc
