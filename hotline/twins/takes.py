"""How a sentence is said: by which voice, how fast, in how much noise. Drawn from the sentence itself, so that a twin
can be made again and a run that was interrupted goes on as if it had not been.

Making the voice speak costs more than understanding it, so one rendering may be heard in several takes: played a little
faster or slower (pace and pitch change together, as from another speaker; Ko et al., Audio augmentation for speech
recognition, Interspeech 2015) and in another noise.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

__all__ = ["MIXED_VOICES", "Take", "plain_take", "take_for", "takes_for"]

MIXED_VOICES: Final = ("jf_gongitsune+jm_kumo", "jf_gongitsune", "jm_kumo", "jf_alpha", "jf_alpha+jm_kumo")
"""Different speakers, each of whom a recogniser can follow."""

_SLOWEST, _FASTEST = 0.95, 1.3
_NOISIEST_DB, _QUIETEST_DB = 15.0, 35.0
_QUIET_ROOM_DB: Final = 30.0
_STRETCHES: Final = (0.9, 0.95, 1.05, 1.1, 1.15)


@dataclass(frozen=True, slots=True)
class Take:
    """`speed` is a factor on the voice's own pace; `snr_db` is speech over noise; `seed` makes the noise.

    The rendering is played `stretch` times as fast.
    """

    voice: str
    speed: float
    snr_db: float
    seed: int
    stretch: float = 1.0


def take_for(text: str, voices: Sequence[str], seed: int) -> Take:
    """The same text, voices and seed give the same take; `voices` must not be empty."""
    digest = _digest(seed, text)
    rng = Random(digest)
    return Take(
        voice=rng.choice(voices),
        speed=round(rng.uniform(_SLOWEST, _FASTEST), 3),
        snr_db=round(rng.uniform(_NOISIEST_DB, _QUIETEST_DB), 1),
        seed=int.from_bytes(digest[:4]),
    )


def takes_for(text: str, voices: Sequence[str], seed: int, count: int) -> tuple[Take, ...]:
    """`take_for`, and after it `count - 1` further takes of the same rendering."""
    first = take_for(text, voices, seed)
    return first, *(_again(first, _digest(f"{seed}/{number}", text)) for number in range(2, count + 1))


def plain_take(text: str, voice: str) -> Take:
    """At the voice's own pace in a quiet room."""
    return Take(voice, 1.0, _QUIET_ROOM_DB, int.from_bytes(_digest(voice, text)[:4]))


def _again(first: Take, digest: bytes) -> Take:
    rng = Random(digest)
    return replace(
        first,
        snr_db=round(rng.uniform(_NOISIEST_DB, _QUIETEST_DB), 1),
        seed=int.from_bytes(digest[:4]),
        stretch=rng.choice(_STRETCHES),
    )


def _digest(seed: int | str, text: str) -> bytes:
    return hashlib.sha256(f"{seed}:{text}".encode()).digest()
