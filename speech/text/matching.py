"""Every place of an utterance where one of thousands of terms may have been said, by what its syllables sound like.

The costs of all terms at all places are sums over tables, one array operation for each syllable of each length of term,
so a sentence takes about a millisecond whatever the number of terms. Pure; immutable but for a cache of columns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from speech.text.confusions import Confusions
from speech.text.sounds import Sound, sounds

__all__ = ["Match", "TermIndex"]

OTHER_READING: Final = 0.7
"""In nats, what a syllable costs that only another reading has."""

_Column = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """`term` may have been said from syllable `at` on; `cost` is in nats, for all its syllables together."""

    at: int
    term: str
    cost: float


class TermIndex:
    """Terms by length, as numbers of their syllables."""

    def __init__(self, terms: Iterable[str], confusions: Confusions) -> None:
        self._confusions = confusions
        self._columns: dict[Sound, _Column] = {}
        numbers: dict[Sound, int] = {}
        by_length: dict[int, list[str]] = defaultdict(list)
        spelt: dict[int, list[list[int]]] = defaultdict(list)
        for term in sorted(terms):
            syllables = sounds(term)
            if len(syllables) == len(term):
                by_length[len(term)].append(term)
                spelt[len(term)].append([numbers.setdefault(each, len(numbers)) for each in syllables])
        self._syllables = tuple(numbers)
        self._tables = {
            length: (np.array(spelt[length], dtype=np.intp).T.copy(), tuple(names))
            for length, names in by_length.items()
        }

    def __len__(self) -> int:
        return sum(len(names) for _, names in self._tables.values())

    def find(self, heard: Sequence[Sequence[Sound]], limit: Callable[[int], float]) -> Iterator[Match]:
        """Matches that cost at most `limit(length)` a syllable. `heard` has for each syllable what the best reading
        has, and after it what other readings have instead."""
        if not heard or not self._tables:
            return
        costs = np.stack([self._place(each) for each in heard])
        for length, (spelt, names) in self._tables.items():
            places = len(heard) - length + 1
            if places < 1:
                continue
            total = costs[:places, spelt[0]]
            for at in range(1, length):
                total += costs[at : at + places, spelt[at]]
            for place, number in zip(*np.nonzero(total <= limit(length) * length), strict=True):
                yield Match(int(place), names[number], float(total[place, number]))

    def _place(self, variants: Sequence[Sound]) -> _Column:
        first, *others = variants
        column = self._column(first)
        for each in others:
            column = np.minimum(column, self._column(each) + np.float32(OTHER_READING))
        return column

    def _column(self, heard: Sound) -> _Column:
        """What it costs each of the terms' syllables to be heard as this one. There are some four hundred such columns;
        two threads that make the same one at once make the same one."""
        column = self._columns.get(heard)
        if column is None:
            costs = [self._confusions.cost(said, heard) for said in self._syllables]
            column = self._columns[heard] = np.array(costs, dtype=np.float32)
        return column
