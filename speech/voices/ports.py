"""What the project asks of a voice."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, nominally -1..1."""


class VoiceError(Exception):
    """A voice cannot be used, or could not speak a text; the message says what to do."""


class Voice(Protocol):
    """A speaker of Mandarin."""

    @property
    def name(self) -> str: ...

    @property
    def sample_rate(self) -> int:
        """Of the audio that `synthesise` gives, in Hz; known at the latest after the first text."""

    def synthesise(self, text: str) -> Samples:
        """Speak `text` (Chinese; digits and Latin letters are read out). Raises `VoiceError`."""
