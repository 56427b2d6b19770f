"""Takes turns: A B C A B C …, so that whatever else the machine does meets all of them alike."""

from collections.abc import Callable, Mapping
from typing import TypeVar

_Sample = TypeVar("_Sample")


def take_turns(
    candidates: Mapping[str, Callable[[], _Sample]],
    runs: int,
    *,
    warm_up: int = 1,
    tell: Callable[[str], None] = lambda _words: None,
) -> dict[str, list[_Sample]]:
    """Runs every candidate `runs` times, in turn; the warm-up rounds before are not kept, of the others nothing is
    left out. `tell` hears about each round."""
    if runs < 1:
        raise ValueError(f"a measurement needs at least one run; {runs} came")
    samples: dict[str, list[_Sample]] = {name: [] for name in candidates}
    for number in range(-warm_up, runs):
        for name, measure in candidates.items():
            tell(f"warm-up: {name}" if number < 0 else f"run {number + 1} of {runs}: {name}")
            sample = measure()
            if number >= 0:
                samples[name].append(sample)
    return samples
