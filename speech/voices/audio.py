"""From a voice's audio to telephone audio: band limit, loudness, peaks, silence, fades.

Loudness is ITU-R BS.1770-4 integrated loudness (K weighting, 400 ms blocks at 75 % overlap, gates at -70 LUFS and
10 LU below the mean), as EBU R 128 uses it. The K weighting is applied by its frequency response. A clip shorter than
400 ms is measured as one block over its whole length: the equivalent for single digits, which have no room for more.
"""

import math
from typing import Final

import numpy as np
import samplerate

from speech.voices.ports import Samples, Voice, VoiceError

TELEPHONE_RATE: Final = 8_000
TARGET_LUFS: Final = -20.0
"""Loud enough on a handset, and near the -18 to -22 that Asterisk's own sounds have."""
PEAK_CEILING: Final = 10 ** (-2.0 / 20)
"""No sample exceeds -2 dBFS, so that mu-law or A-law coding cannot clip."""

_SILENCE_DB: Final = -46.0
_BLOCK_SECONDS: Final = 0.4


def speak_8k(voice: Voice, text: str, *, target_lufs: float = TARGET_LUFS) -> bytes:
    """`text` in telephone audio: PCM16 little-endian mono 8 kHz, levelled. Raises `VoiceError`."""
    audio = to_8k(voice.synthesise(text), voice.sample_rate)
    if not audio.size or not np.any(audio):
        raise VoiceError(f"the voice {voice.name} gave no sound for a text of {len(text)} characters")
    return pcm16(levelled(audio, target_lufs))


def to_8k(audio: Samples, rate: int) -> Samples:
    """Resample with libsamplerate's best band-limited converter."""
    if rate == TELEPHONE_RATE or not audio.size:
        return audio
    return np.asarray(samplerate.resample(audio, TELEPHONE_RATE / rate, "sinc_best"), dtype=np.float32)


def pcm16(audio: Samples) -> bytes:
    """Signed 16-bit little-endian samples; anything beyond full scale is clamped."""
    return np.round(np.clip(audio, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def from_pcm16(pcm: bytes) -> Samples:
    """The inverse of `pcm16`."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32767.0)


def loudness(audio: Samples, rate: int = TELEPHONE_RATE) -> float:
    """Integrated loudness in LUFS; minus infinity for silence."""
    weighted = _k_weighted(audio, rate)
    block = min(len(weighted), int(_BLOCK_SECONDS * rate))
    if block == 0:
        return -math.inf
    step = max(1, int(_BLOCK_SECONDS * rate) // 4)
    energy = np.concatenate(([0.0], np.cumsum(weighted**2)))
    starts = np.arange(0, len(weighted) - block + 1, step)
    power = (energy[starts + block] - energy[starts]) / block
    power = power[power > 10 ** ((-70.0 + 0.691) / 10)]
    if not power.size:
        return -math.inf
    power = power[power > power.mean() / 10.0]
    return float(-0.691 + 10.0 * np.log10(power.mean()))


def levelled(audio: Samples, target_lufs: float = TARGET_LUFS, rate: int = TELEPHONE_RATE) -> Samples:
    """Scale to the target loudness; peaks that would pass the ceiling are turned down smoothly, not cut."""
    out = np.asarray(audio, dtype=np.float32)
    for _ in range(3):  # the limiter costs a little loudness; two more rounds bring it back
        measured = loudness(out, rate)
        if not math.isfinite(measured) or abs(target_lufs - measured) < 0.1:
            break
        out = _limited(out * np.float32(10 ** ((target_lufs - measured) / 20)), rate)
    return _limited(out, rate)


def trimmed(audio: Samples, rate: int = TELEPHONE_RATE, lead: float = 0.03, tail: float = 0.08) -> Samples:
    """Without the silence at both ends, but with `lead` and `tail` seconds of it kept."""
    frame = max(1, rate // 100)
    count = len(audio) // frame
    if count == 0:
        return audio
    rms = np.sqrt((audio[: count * frame].reshape(count, frame).astype(np.float64) ** 2).mean(axis=1))
    loud = np.flatnonzero(rms > max(rms.max() * 10 ** (_SILENCE_DB / 20), 1e-5))
    if not loud.size:
        return audio[:0]
    start = max(0, loud[0] * frame - int(lead * rate))
    return audio[start : min(len(audio), (loud[-1] + 1) * frame + int(tail * rate))]


def faded(audio: Samples, rate: int = TELEPHONE_RATE, seconds: float = 0.01) -> Samples:
    """With raised-cosine edges, so that no click is heard where prompts are joined."""
    length = min(len(audio) // 2, int(seconds * rate))
    if length == 0:
        return audio
    edge = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    out = audio.astype(np.float32).copy()
    out[:length] *= edge
    out[-length:] *= edge[::-1]
    return out


def _limited(audio: Samples, rate: int) -> Samples:
    """Look-ahead limiter: the least gain needed within 5 ms either side, smoothed over the same span."""
    peak = np.abs(audio)
    if not peak.size or peak.max() <= PEAK_CEILING:
        return audio
    reach = max(1, rate // 200)
    need = np.minimum(1.0, PEAK_CEILING / np.maximum(peak, 1e-9))
    padded = np.pad(need, 2 * reach, mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    smooth = np.convolve(least, window / window.sum(), mode="valid")
    return np.asarray(np.clip(audio * smooth, -PEAK_CEILING, PEAK_CEILING), dtype=np.float32)


def _k_weighted(audio: Samples, rate: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """BS.1770's pre-filter and high-pass, derived for any rate by the bilinear transform of their analogue forms."""
    if not len(audio):
        return np.zeros(0)
    size = 1 << (len(audio) + rate // 2).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = _shelf(z, rate) * _high_pass(z, rate)
    return np.fft.irfft(np.fft.rfft(audio.astype(np.float64), size) * response, size)[: len(audio)]


_Response = np.ndarray[tuple[int], np.dtype[np.complex128]]


def _shelf(z: _Response, rate: int) -> _Response:
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    top = (high + band * k / q + k * k) + 2 * (k * k - high) * z + (high - band * k / q + k * k) * z * z
    return np.asarray(top / ((1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z))


def _high_pass(z: _Response, rate: int) -> _Response:
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    return (
        (1 - 2 * z + z * z)
        * (1 + k / q + k * k)
        / ((1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z)
    )
