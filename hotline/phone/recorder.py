"""What a telephone heard: every audio packet as PCM with the second in which it arrived, and questions about it.

Times are those of the phone's clock (`hotline.phone.clock`): seconds since the epoch that never step. Energies and
silences go by arrival, because that is what a person at the phone would have heard; packets that never came are
silence. `pcm` lays the sound out by the RTP timestamps inside one stream and by arrival between streams, so that jitter
of the network or of this process does not tear it.
"""

import math
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from hotline.phone.rtp import SAMPLE_RATE

FLOOR_DBFS: Final = -100.0
SOUND_DBFS: Final = -45.0
MAX_GAP_SECONDS: Final = 1.0
"""A timestamp that differs by more than this from the clock starts a new stream."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet: when it came, where its sound lies (both in seconds), its samples and their level."""

    arrived: float
    position: float
    pcm: bytes
    dbfs: float


@dataclass(frozen=True, slots=True)
class Silence:
    since: float
    until: float

    @property
    def seconds(self) -> float:
        return self.until - self.since


def level_dbfs(pcm: bytes) -> float:
    """Root mean square of PCM16 in dB below full scale, not under FLOOR_DBFS; a full-scale sine is -3.01."""
    return _dbfs(_square_sum(pcm), len(pcm) // 2)


class Recorder:
    """Keeps at most `max_seconds` of sound; what comes later is counted in `dropped` and not kept."""

    def __init__(self, max_seconds: float = 3600.0) -> None:
        self._heard: list[Heard] = []
        self._limit = int(max_seconds * 50)
        self._stream: tuple[int, int, float] | None = None
        self.dropped = 0

    @property
    def packets(self) -> Sequence[Heard]:
        """All packets in the order of their arrival."""
        return self._heard

    def add(self, arrived: float, ssrc: int, timestamp: int, pcm: bytes) -> None:
        if len(self._heard) >= self._limit:
            self.dropped += 1
            return
        self._heard.append(Heard(arrived, self._position(arrived, ssrc, timestamp), pcm, level_dbfs(pcm)))

    def _position(self, arrived: float, ssrc: int, timestamp: int) -> float:
        if self._stream is not None and self._stream[0] == ssrc:
            step = ((timestamp - self._stream[1] + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
            position = self._stream[2] + step / SAMPLE_RATE
            if abs(position - arrived) <= MAX_GAP_SECONDS:
                return position
        self._stream = (ssrc, timestamp, arrived)
        return arrived

    def between(self, since: float | None = None, until: float | None = None) -> Iterator[Heard]:
        """Packets that arrived in [since, until)."""
        low, high = since if since is not None else -math.inf, until if until is not None else math.inf
        return (packet for packet in self._heard if low <= packet.arrived < high)

    def pcm(self, since: float | None = None, until: float | None = None) -> bytes:
        """The sound as PCM16 mono at 8 kHz, gaps filled with silence; empty when nothing was heard."""
        packets = sorted(self.between(since, until), key=lambda packet: packet.position)
        if not packets:
            return b""
        start = packets[0].position
        out = bytearray()
        for packet in packets:
            offset = 2 * round((packet.position - start) * SAMPLE_RATE)
            if offset > len(out):
                out.extend(bytes(offset - len(out)))
            out[offset : offset + len(packet.pcm)] = packet.pcm
        return bytes(out)

    def energy_dbfs(self, since: float | None = None, until: float | None = None) -> float:
        """Level of the packets that arrived in [since, until), FLOOR_DBFS when none did."""
        sums = [(_square_sum(packet.pcm), len(packet.pcm) // 2) for packet in self.between(since, until)]
        return _dbfs(sum(square for square, _ in sums), sum(count for _, count in sums))

    def first_sound_after(self, since: float, threshold_dbfs: float = SOUND_DBFS) -> float | None:
        """Arrival of the first packet at or after `since` that is louder than the threshold."""
        return next((p.arrived for p in self.between(since) if p.dbfs > threshold_dbfs), None)

    def last_sound_before(self, until: float, threshold_dbfs: float = SOUND_DBFS) -> float | None:
        return next((p.arrived for p in reversed(self._heard) if p.arrived < until and p.dbfs > threshold_dbfs), None)

    def silences(
        self,
        longer_than: float,
        since: float | None = None,
        until: float | None = None,
        threshold_dbfs: float = SOUND_DBFS,
    ) -> list[Silence]:
        """Spans over `longer_than` seconds without a packet above the threshold, between the two bounds.

        A bound left out is the first or the last packet's arrival.
        """
        loud = [packet.arrived for packet in self.between(since, until) if packet.dbfs > threshold_dbfs]
        heard = [packet.arrived for packet in self.between(since, until)]
        ends = [*(heard[:1] if since is None else [since]), *loud, *(heard[-1:] if until is None else [until])]
        return [Silence(a, b) for a, b in pairwise(ends) if b - a > longer_than]

    def levels(self, seconds: float = 1.0) -> list[float]:
        """One level for each step of so many seconds since the first packet, to one decimal."""
        if not self._heard:
            return []
        start = self._heard[0].arrived
        squares: dict[int, tuple[float, int]] = {}
        for packet in self._heard:
            step = int((packet.arrived - start) / seconds)
            square, count = squares.get(step, (0.0, 0))
            squares[step] = (square + _square_sum(packet.pcm), count + len(packet.pcm) // 2)
        return [round(_dbfs(*squares.get(step, (0.0, 0))), 1) for step in range(max(squares) + 1)]

    def write_wav(self, path: Path) -> None:
        """Everything heard, as a WAV file: PCM16, mono, 8 kHz."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(self.pcm())


def _square_sum(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    return float(np.dot(samples, samples))


def _dbfs(square_sum: float, count: int) -> float:
    if count == 0 or square_sum <= 0:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 10 * math.log10(square_sum / count / 32_768**2))
