"""Words of the domain win over what only sounds like them: 以保暴消 becomes 医保报销. Pure but for the word list.

A term replaces a stretch of as many syllables that sounds nearly alike. What speaks against it is a confident word in
that stretch: one of the dictionary's, at least two characters long, that stands in every reading of the utterance. What
speaks for it is another reading that has the term. Every change is recorded with before, after and score, so that
whoever reads the transcript can take it back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import rjieba

from speech.text.sounds import Sound, sounds, syllable_cost

__all__ = ["Change", "Corrected", "Corrector"]

_SHORTEST: Final = 2
_LONGEST: Final = 12
_MOST_CHARACTERS: Final = 2_000
"""Of a text that is looked at; nobody says more in one breath."""

_LIMIT: Final = {2: 0.0, 3: 0.06}
_LIMIT_LONG: Final = 0.15
"""Mean syllable cost up to which a term of that many characters may replace what was heard."""

_SMALL_WORDS: Final = frozenset(
    "的了是我不在人有他这上们来到说要就去你会着没看好自己那也和为以个下得过家里对可么她只还都能把被让给跟从向又再才"
    "很太最更多少大小一二三四五六七八九十两几第每各该此其它谁啥吗呢吧啊呀哦嗯呃年月日天时分点号路楼层栋室门口前后左右"
)

_SUPPORTED: Final = 0.2
"""Added to the limit when another reading has the term itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """`before` at character `at` of the text as heard was replaced by `after`; `score` 1 sounds exactly alike."""

    at: int
    before: str
    after: str
    score: float


@dataclass(frozen=True, slots=True)
class Corrected:
    """The text as it should have been recognised, and what was changed, in order."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Term:
    text: str
    sounds: tuple[Sound, ...]


class Corrector:
    """The terms of one hotline: problem names and words, places, units. Immutable once made."""

    def __init__(self, terms: Iterable[str], common: Iterable[str] = ()) -> None:
        """`common` are those of the terms that callers use every day."""
        self._common = frozenset(common)
        self._by_length: dict[int, dict[tuple[int, Sound], list[_Term]]] = defaultdict(lambda: defaultdict(list))
        self._terms = {term for term in terms if _SHORTEST <= len(term) <= _LONGEST and _chinese(term)}
        for text in sorted(self._terms):
            heard = sounds(text)
            if len(heard) == len(text):
                # Terms are looked up by any one syllable that was heard exactly; one without any is too far to trust.
                for at, sound in enumerate(heard):
                    self._by_length[len(text)][at, sound].append(_Term(text, heard))

    def __len__(self) -> int:
        return len(self._terms)

    def correct(self, readings: Sequence[str]) -> Corrected:
        """The first reading, corrected; the others are evidence."""
        text = readings[0] if readings else ""
        if not text or not self._by_length or len(text) > _MOST_CHARACTERS:
            return Corrected(text)
        words = _words(text)
        protected = [*_protected(words, readings[1:]), *self._own(text)]
        alone = _alone(words)
        found = [
            change
            for begin, run in _runs(text)
            for change in self._candidates(begin, run, alone, readings[1:])
            if not _harms(change, protected)
        ]
        return _apply(text, found)

    def _fits(self, change: Change, alone: set[int]) -> bool:
        """Without another reading that has it, what is heard exactly may stand anywhere. What is only nearly alike
        needs characters that mean something by themselves, and two syllables must be a word of every day besides."""
        if len(change.after) == _SHORTEST:
            return change.after in self._common and alone.issuperset(range(change.at, change.at + _SHORTEST))
        return change.score == 1.0 or _SMALL_WORDS.isdisjoint(change.before)

    def _own(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the hotline's own words were heard already: they stay, whatever longer word would sound alike."""
        for at in range(len(text)):
            for length in range(_SHORTEST, min(_LONGEST, len(text) - at) + 1):
                if text[at : at + length] in self._terms:
                    yield at, at + length

    def _candidates(self, begin: int, run: str, alone: set[int], others: Sequence[str]) -> Iterator[Change]:
        """Every replacement that could be made in a run of Chinese characters that starts at `begin`."""
        heard = sounds(run)
        if len(heard) != len(run):
            return
        for length, index in self._by_length.items():
            for at in range(len(run) - length + 1):
                before, window = run[at : at + length], heard[at : at + length]
                if before in self._terms:
                    continue
                seen: set[str] = set()
                for key in enumerate(window):
                    for term in index.get(key, ()):
                        if term.text in seen:
                            continue
                        seen.add(term.text)
                        supported = any(term.text in other for other in others)
                        change = _weigh(begin + at, before, window, term, supported)
                        if change is not None and (supported or self._fits(change, alone)):
                            yield change


def _weigh(at: int, before: str, window: Sequence[Sound], term: _Term, supported: bool) -> Change | None:
    """The change if the term sounds near enough; `supported` when another reading has it."""
    limit = _LIMIT.get(len(term.text), _LIMIT_LONG) + (_SUPPORTED if supported else 0.0)
    total = 0.0
    for heard, wanted in zip(window, term.sounds, strict=True):
        total += syllable_cost(heard, wanted)
        if total > limit * len(window):
            return None
    return Change(at, before, term.text, round(1.0 - total / len(window), 3))


def _harms(change: Change, protected: Sequence[tuple[int, int]]) -> bool:
    """Whether the change would alter or cut a confident word."""
    end = change.at + len(change.before)
    for start, stop in protected:
        if stop <= change.at or start >= end:
            continue
        if start < change.at or stop > end:
            return True
        inside = slice(start - change.at, stop - change.at)
        if change.before[inside] != change.after[inside]:
            return True
    return False


def _words(text: str) -> list[tuple[int, str]]:
    """The text cut into the dictionary's words, each with where it begins."""
    found, at = [], 0
    for word in rjieba.cut(text, False):
        found.append((at, word))
        at += len(word)
    return found


def _alone(words: Sequence[tuple[int, str]]) -> set[int]:
    """Where characters stand that no dictionary word of two or more holds, and that are no small words."""
    return {at for at, word in words if len(word) == 1 and word not in _SMALL_WORDS}


def _protected(words: Sequence[tuple[int, str]], others: Sequence[str]) -> list[tuple[int, int]]:
    """Where the confident words are."""
    return [
        (at, at + len(word))
        for at, word in words
        if len(word) >= _SHORTEST and _chinese(word) and all(word in other for other in others)
    ]


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """The stretches of Chinese characters with where they begin."""
    at = 0
    for chinese, run in groupby(text, key=lambda char: "一" <= char <= "鿿"):
        piece = "".join(run)
        if chinese:
            yield at, piece
        at += len(piece)


def _chinese(text: str) -> bool:
    return all("一" <= char <= "鿿" for char in text)


def _apply(text: str, found: Sequence[Change]) -> Corrected:
    """The best changes that do not overlap: long and alike first."""
    taken: list[Change] = []
    for change in sorted(found, key=lambda each: (-each.score * len(each.after), each.at, each.after)):
        if all(
            change.at >= other.at + len(other.before) or change.at + len(change.before) <= other.at for other in taken
        ):
            taken.append(change)
    taken.sort(key=lambda each: each.at)
    pieces, at = [], 0
    for change in taken:
        pieces += [text[at : change.at], change.after]
        at = change.at + len(change.before)
    return Corrected("".join([*pieces, text[at:]]), tuple(taken))
