"""Sample-rate conversion with libsamplerate: steady output per input block, no bursts, state kept between blocks.

`StreamResampler` is for live audio (8 to 16 kHz gives two samples out for one in, after a start-up delay below 3 ms);
`resample` is for whole recordings.
"""

import numpy as np
import samplerate

from speech.frames import Float32

__all__ = ["StreamResampler", "resample"]


class StreamResampler:
    """One stream's converter from `source` to `target` Hz. Equal rates pass through untouched."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._ratio = target / source
        self._converter = None if source == target else samplerate.Resampler("sinc_fastest", channels=1)

    def feed(self, samples: Float32) -> Float32:
        """The samples that are ready."""
        if self._converter is None:
            return samples
        return np.asarray(self._converter.process(samples, self._ratio), dtype=np.float32)

    def flush(self) -> Float32:
        """What the filter still holds, pushed out by 5 ms of silence; the stream is ended."""
        if self._converter is None:
            return np.zeros(0, dtype=np.float32)
        silence = np.zeros(self._source // 200, dtype=np.float32)
        return np.asarray(self._converter.process(silence, self._ratio, end_of_input=True), dtype=np.float32)


def resample(samples: Float32, source: int, target: int) -> Float32:
    """A whole recording at another rate."""
    if source == target or samples.size == 0:
        return samples
    return np.asarray(samplerate.resample(samples, target / source, "sinc_medium"), dtype=np.float32)
