"""How likely callers are to say a stretch of text: characters as callers of this hotline use them, or words as
everybody does, whichever explains it better.

Characters are predicted from the two before them, by the hotline's own example sentences (interpolated absolute
discounting, Ney, Essen and Kneser 1994); words by how frequent they are in the segmenter's dictionary. Values are
natural logarithms. Pure and immutable once made; a word costs a few microseconds.
"""

import math
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import rjieba

__all__ = ["Language", "everyday_share"]

_EDGE: Final = "\n"
_CHARACTERS: Final = 7_000
"""So many different ones are reckoned with; those never seen share what half an observation each is worth."""

_DISCOUNT: Final = 0.75
_DICTIONARY_TOTAL: Final = 60_101_967
"""Sum of all frequencies in jieba's dictionary, which rjieba carries."""


def everyday_share(word: str) -> float:
    """How much of all that is said and written is this word, by the dictionary; above 0."""
    return (float(rjieba.suggest_freq(word)) + 0.5) / _DICTIONARY_TOTAL


class Language:
    """`sentences` show how callers speak; without any, the dictionary alone decides."""

    def __init__(self, sentences: Iterable[str]) -> None:
        ones: Counter[str] = Counter()
        twos: Counter[str] = Counter()
        threes: Counter[str] = Counter()
        for sentence in sentences:
            text = _EDGE + sentence + _EDGE
            ones.update(text)
            twos.update(map("".join, pairwise(text)))
            threes.update(map("".join, zip(text, text[1:], text[2:], strict=False)))
        self._ones, self._twos, self._threes = ones, twos, threes
        self._total = sum(ones.values())
        self._after_one, self._kinds_after_one = _contexts(twos)
        self._after_two, self._kinds_after_two = _contexts(threes)

    def characters(self, before: str, text: str) -> float:
        """Of `text` after `before`, as callers use characters."""
        line = before[-2:].rjust(2, _EDGE) + text
        return sum(math.log(self._third(line[at - 2 : at], line[at])) for at in range(2, len(line)))

    def words(self, text: str) -> float:
        """Of `text`, as everybody uses words."""
        return sum(math.log((rjieba.suggest_freq(word) + 0.5) / _DICTIONARY_TOTAL) for word in rjieba.cut(text, False))

    def knows(self, three: str) -> bool:
        """Whether callers say these three characters one after the other."""
        return three in self._threes

    def _first(self, char: str) -> float:
        return (self._ones[char] + 0.5) / (self._total + 0.5 * _CHARACTERS)

    def _second(self, before: str, char: str) -> float:
        total = self._after_one[before]
        if not total:
            return self._first(char)
        spared = _DISCOUNT * self._kinds_after_one[before] * self._first(char)
        return (max(self._twos[before + char] - _DISCOUNT, 0.0) + spared) / total

    def _third(self, before: str, char: str) -> float:
        total = self._after_two[before]
        if not total:
            return self._second(before[1], char)
        spared = _DISCOUNT * self._kinds_after_two[before] * self._second(before[1], char)
        return (max(self._threes[before + char] - _DISCOUNT, 0.0) + spared) / total


def _contexts(runs: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """For what stands before the last character: how often in all, and with how many different ones after it."""
    total: Counter[str] = Counter()
    for run, number in runs.items():
        total[run[:-1]] += number
    return total, Counter(run[:-1] for run in runs)
