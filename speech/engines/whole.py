"""A whole utterance through a live decoder, in the pieces and the order in which a worker gives it."""

import time
from collections.abc import Callable

from speech.engines.port import Engine, Reading
from speech.frames import bytes_of, seconds_of

__all__ = ["decode_pcm", "measure_rtf"]


def decode_pcm(engine: Engine, pcm: bytes, rate: int, *, pause: bool = False) -> Reading:
    """The result of 16-bit mono PCM at `rate`. Blocks.

    With `pause` the engine is asked for partials at the end until it has nothing newer, as in the pause that ends an
    utterance of a call.
    """
    decoder = engine.open(rate)
    piece = bytes_of(0.2, rate)
    for at in range(0, len(pcm), piece):
        decoder.accept(pcm[at : at + piece])
    while pause and decoder.partial() is not None:
        pass
    return decoder.final()


def measure_rtf(engine: Engine, pcm: bytes, rate: int, clock: Callable[[], float] = time.monotonic) -> float:
    """Decoding time over audio time, the better of two runs: the first one warms caches. 0 for no audio."""
    if not pcm:
        return 0.0
    took = []
    for _ in range(2):
        began = clock()
        decode_pcm(engine, pcm, rate)
        took.append(clock() - began)
    return min(took) / seconds_of(len(pcm), rate)
