"""The words that recognition should prefer: what this hotline's matters, places and units are called."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from routing.router import Router

__all__ = ["common_terms", "domain_terms"]


def domain_terms(router: Router) -> Iterator[str]:
    """Callers' words of every problem type, other names of units, and every name a caller may hear; some come twice."""
    for problem in router.taxonomy.problems.values():
        yield from problem.words
    for unit in router.taxonomy.units.values():
        yield from unit.aliases
    for _, name in router.spoken_names():
        yield name


_EVERY_DAY: Final = 12
"""In so many of the callers' sentences a word of two characters must stand to be one of every day."""


def common_terms(router: Router) -> frozenset[str]:
    """Words of two characters that callers use again and again."""
    words = {word for word in domain_terms(router) if len(word) == 2}
    sentences = (sentence for problem in router.taxonomy.problems.values() for sentence in problem.exemplars)
    counts = Counter(
        pair for sentence in sentences for pair in {sentence[at : at + 2] for at in range(len(sentence) - 1)} & words
    )
    return frozenset(word for word, count in counts.items() if count >= _EVERY_DAY)
