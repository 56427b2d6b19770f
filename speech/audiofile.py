"""Recordings from disk: any format PyAV's FFmpeg reads, as 16,000 Hz mono. Blocking; call it in a thread."""

from pathlib import Path

import numpy as np

from speech.errors import AudioError
from speech.frames import Float32

__all__ = ["FILE_RATE", "read_audio"]

FILE_RATE = 16_000


def read_audio(path: Path) -> Float32:
    """The samples in -1..1. Raises `AudioError` when the file is missing, not audio, or empty."""
    if not path.is_file():
        raise AudioError(f"{path}: no such file; give the path of a recording")
    # Imported here: PyAV takes a third of a second to load and a live call never reads a file.
    import av.error
    from faster_whisper.audio import decode_audio

    try:
        samples = np.asarray(decode_audio(str(path), sampling_rate=FILE_RATE), dtype=np.float32)
    except (av.error.FFmpegError, IndexError, ValueError) as exc:
        raise AudioError(
            f"{path}: not a readable audio file (WAV, FLAC, MP3, M4A, OGG …); the decoder said: {exc}"
        ) from exc
    if samples.size == 0:
        raise AudioError(f"{path}: holds no audio")
    return samples
