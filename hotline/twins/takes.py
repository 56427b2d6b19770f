"""How a sentence is said: by which voice, how fast, in how much noise. Drawn from the sentence itself, so that a twin
can be made again and a run that was interrupted goes on as if it had not been.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

__all__ = ["MIXED_VOICES", "Take", "take_for"]

MIXED_VOICES: Final = ("jf_gongitsune+jm_kumo", "jf_gongitsune", "jm_kumo", "jf_alpha", "jf_alpha+jm_kumo")
"""Different speakers, each of whom a recogniser can follow."""

_SLOWEST, _FASTEST = 0.95, 1.3
_NOISIEST_DB, _QUIETEST_DB = 15.0, 35.0


@dataclass(frozen=True, slots=True)
class Take:
    """`speed` is a factor on the voice's own pace; `snr_db` is speech over noise; `seed` makes the noise."""

    voice: str
    speed: float
    snr_db: float
    seed: int


def take_for(text: str, voices: Sequence[str], seed: int) -> Take:
    """The same text, voices and seed give the same take; `voices` must not be empty."""
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    rng = Random(digest)
    return Take(
        voice=rng.choice(voices),
        speed=round(rng.uniform(_SLOWEST, _FASTEST), 3),
        snr_db=round(rng.uniform(_NOISIEST_DB, _QUIETEST_DB), 1),
        seed=int.from_bytes(digest[:4]),
    )
