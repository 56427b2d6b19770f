"""The words that recognition should prefer: what this hotline's matters, places and units are called, and how its
callers use them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from routing.places import Gazetteer
from routing.router import DATA_DIR, Router
from speech.text.correction import Corrector
from speech.text.language import everyday_share

__all__ = ["common_terms", "domain_corrector", "domain_terms", "example_sentences"]


_EVERY_DAY: Final = 12
"""In so many of the callers' sentences a word of two characters must stand to be one of every day."""

_NUMERALS: Final = frozenset("〇零一二三四五六七八九十百千万亿两")

_SEEN: Final = 3
_TIMES_AS_OFTEN: Final = 10.0
"""A word of two characters is the hotline's own if its callers use it at least so many times, and so many times as
often as everybody does: 物业, 残联, 停水 are, 自己, 实际, 年龄 are not, though problem types have them too."""


def domain_terms(router: Router, data_dir: Path = DATA_DIR) -> Iterator[str]:
    """Every name a caller may hear, other names of units and of the places in `data_dir`, and callers' words of every
    problem type, of two characters only those that others use far less; some come twice."""
    for _, name in router.spoken_names():
        yield name
    for unit in router.taxonomy.units.values():
        yield from unit.aliases
    for place in Gazetteer.load(data_dir / "places.csv", router.taxonomy.units).entries.values():
        yield from place.aliases
    pairs = Counter(pair for sentence in example_sentences(router) for pair in _pairs(sentence))
    total = pairs.total()
    for problem in router.taxonomy.problems.values():
        for word in problem.words:
            if len(word) != 2 or _own(word, pairs, total):
                yield word


def example_sentences(router: Router) -> Iterator[str]:
    """What callers say, by problem type."""
    for problem in router.taxonomy.problems.values():
        yield from problem.exemplars


def common_terms(router: Router) -> frozenset[str]:
    """Words of two characters that callers use again and again."""
    return _common(domain_terms(router), router)


def _common(terms: Iterable[str], router: Router) -> frozenset[str]:
    words = {term for term in terms if len(term) == 2}
    counts = Counter(pair for sentence in example_sentences(router) for pair in set(_pairs(sentence)) & words)
    return frozenset(word for word, count in counts.items() if count >= _EVERY_DAY)


def _pairs(sentence: str) -> Iterator[str]:
    return map("".join, pairwise(sentence))


def _own(word: str, pairs: Counter[str], total: int) -> bool:
    if _NUMERALS.issuperset(word):
        return False
    return pairs[word] >= max(_SEEN, _TIMES_AS_OFTEN * everyday_share(word) * total)


def domain_corrector(router: Router) -> Corrector:
    """The corrector of this hotline; making it takes about a second."""
    terms = frozenset(domain_terms(router))
    return Corrector(terms, _common(terms, router), example_sentences(router))
