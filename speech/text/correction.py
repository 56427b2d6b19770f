"""Words of the domain win over what only sounds like them: 以保暴消 becomes 医保报销. Pure but for the word lists.

Every term that may have been said somewhere (`matching`) is weighed there as a noisy channel is decoded: how much
likelier it is that a caller says it between these neighbours than what was heard (`language`), against how unlikely a
recogniser is to make the one into the other (`confusions`), and what the lower readings have at that place. Two things
are never done: a word of the hotline's own that was heard stays, and no change goes across a confident word: one of the
dictionary's, of two characters or more, that stands in every reading. Every change is recorded with before, after and
score, so that whoever reads the transcript can take it back.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

import rjieba

from speech.text.confusions import Confusions
from speech.text.language import Language
from speech.text.matching import TermIndex
from speech.text.sounds import Sound, sounds

__all__ = ["Change", "Corrected", "Corrector", "Weights"]

_SHORTEST: Final = 2
_LONGEST: Final = 12
_MOST_CHARACTERS: Final = 2_000
"""Of a text that is looked at; nobody says more in one breath."""

_PIECE: Final = 100
"""Syllables that are looked at together."""

_COMMAS: Final = frozenset(",，、 ")
"""Where a recogniser heard a pause; a long term may go on behind it."""

_LONG: Final = 4
"""A term of so many characters may hold a pause."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a change must overcome, in nats; chosen on the first hundred sentences of tests/speech/text/domain."""

    limits: tuple[float, float, float] = (1.9, 2.0, 3.5)
    """Cost a syllable up to which a term of two, three, more characters is considered at all."""
    language: float = 1.0
    """How much the language counts beside the sound."""
    name: float = -1.0
    """Of some term that no example has (most places) at any place; it is shared among them."""
    change: float = 2.0
    """Against every change."""
    short: float = 2.0
    """Besides, against one of two characters."""
    rare: float = 1.5
    """Besides, against one of two characters that is not one of every day."""
    supported: float = 3.0
    """For a term that another reading has."""

    def limit(self, length: int) -> float:
        return self.limits[min(length, _LONG) - _SHORTEST]


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
class _Candidate:
    """The characters at `places` may have been `term`."""

    places: tuple[int, ...]
    term: str
    cost: float

    @property
    def span(self) -> tuple[int, int]:
        return self.places[0], self.places[-1] + 1


class Corrector:
    """The terms of one hotline: problem names and words, places, units. Immutable once made."""

    def __init__(
        self,
        terms: Iterable[str],
        common: Iterable[str] = (),
        sentences: Iterable[str] = (),
        *,
        confusions: Confusions | None = None,
        weights: Weights | None = None,
    ) -> None:
        """`common` are those of the terms that callers use every day, and `sentences` show how callers speak."""
        self._terms = frozenset(term for term in terms if _SHORTEST <= len(term) <= _LONGEST and _chinese(term))
        self._common = frozenset(common)
        self._index = TermIndex(self._terms, confusions or Confusions.load())
        examples = tuple(sentences)
        self._language = Language(examples)
        self._weights = weights or Weights()
        self._names = self._terms - _said(self._terms, examples)
        self._name = self._weights.name - math.log(max(1, len(self._names)))

    def __len__(self) -> int:
        return len(self._terms)

    def correct(self, readings: Sequence[str]) -> Corrected:
        """The first reading, corrected; the others are evidence."""
        text = readings[0] if readings else ""
        if not text or not self._terms or len(text) > _MOST_CHARACTERS:
            return Corrected(text)
        others = [other for other in readings[1:] if other != text and len(other) <= _MOST_CHARACTERS]
        kept = [*_confident(_words(text), others), *self._own(text)]
        gains: dict[_Candidate, float] = {}
        for candidate in self._candidates(text, others):
            if not _harms(candidate, text, kept):
                gain = self._gain(candidate, text, any(candidate.term in other for other in others))
                if gain > 0:
                    gains[candidate] = gain
        return _apply(text, gains)

    def _own(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the hotline's own words were heard already: they stay, whatever longer word would sound alike."""
        for at in range(len(text)):
            for length in range(_SHORTEST, min(_LONGEST, len(text) - at) + 1):
                if text[at : at + length] in self._terms:
                    yield at, at + length

    def _candidates(self, text: str, others: Sequence[str]) -> Iterator[_Candidate]:
        """Every term that may have been said in a stretch of Chinese, pauses left out."""
        variants = _variants(text, others)
        for places in _stretches(text):
            for match in self._index.find([variants[at] for at in places], self._weights.limit):
                length = len(match.term)
                found = places[match.at : match.at + length]
                unbroken = found[-1] - found[0] == length - 1
                if (unbroken or length >= _LONG) and any(
                    text[at] != char for at, char in zip(found, match.term, strict=True)
                ):
                    yield _Candidate(found, match.term, match.cost)

    def _gain(self, candidate: _Candidate, text: str, supported: bool) -> float:
        """By how much the term is the better explanation, in nats; above 0 it is believed."""
        weights, term = self._weights, candidate.term
        start, end = candidate.span
        before, after = _neighbours(text, start, end)
        heard = "".join(text[at] for at in candidate.places)
        likely = self._language.characters(before, term)
        if term in self._names:
            likely = max(likely, self._name)
        likely += self._language.characters(before + term, after)
        said = max(likely, self._language.words(before + term + after) - self._language.words(before))
        was = max(
            self._language.characters(before, heard + after),
            self._language.words(before + heard + after) - self._language.words(before),
        )
        against = weights.change + candidate.cost
        if supported:
            against -= weights.supported
        elif len(term) == _SHORTEST:
            against += weights.short
            if term not in self._common:
                against += weights.rare if self._at_home(term, before, after) else math.inf
        return weights.language * (said - was) - against

    def _at_home(self, term: str, before: str, after: str) -> bool:
        """Whether callers use the term beside one of these neighbours."""
        return self._language.knows(before[-1:] + term) or self._language.knows(term + after[:1])


def _said(terms: Iterable[str], sentences: Iterable[str]) -> set[str]:
    """Those of the terms that stand in a sentence."""
    by_beginning: dict[str, list[str]] = defaultdict(list)
    for term in terms:
        by_beginning[term[:_SHORTEST]].append(term)
    return {
        term
        for sentence in sentences
        for at in range(len(sentence) - 1)
        for term in by_beginning.get(sentence[at : at + _SHORTEST], ())
        if sentence.startswith(term, at)
    }


def _harms(candidate: _Candidate, text: str, kept: Sequence[tuple[int, int]]) -> bool:
    """Whether the change would alter or cut a word that is to stay."""
    first, last = candidate.span
    new = dict(zip(candidate.places, candidate.term, strict=True))
    for start, stop in kept:
        if stop <= first or start >= last:
            continue
        if start < first or stop > last or any(new.get(at) != text[at] for at in range(start, stop)):
            return True
    return False


def _words(text: str) -> list[tuple[int, str]]:
    """The text cut into the dictionary's words, each with where it begins."""
    found, at = [], 0
    for word in rjieba.cut(text, False):
        found.append((at, word))
        at += len(word)
    return found


def _confident(words: Sequence[tuple[int, str]], others: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the confident words are."""
    for at, word in words:
        if len(word) >= _SHORTEST and _chinese(word) and all(word in other for other in others):
            yield at, at + len(word)


def _variants(text: str, others: Sequence[str]) -> list[list[Sound]]:
    """For each character its syllable, and those which other readings have in its place."""
    own = _syllables(text)
    found = [[each] for each in own]
    for other in others:
        theirs = _syllables(other)
        for kind, start, stop, begin, end in SequenceMatcher(None, text, other, autojunk=False).get_opcodes():
            if kind == "replace" and stop - start == end - begin:
                for at, sound in zip(range(start, stop), theirs[begin:end], strict=True):
                    if sound not in found[at]:
                        found[at].append(sound)
    return found


def _syllables(text: str) -> list[Sound]:
    """One for each character; of what is not Chinese, one like no other."""
    found: list[Sound] = []
    for start, stop in _runs(text):
        found += [("", "")] * (start - len(found))
        run = text[start:stop]
        together = sounds(run)
        found += together if len(together) == len(run) else [_alone(char) for char in run]
    return found + [("", "")] * (len(text) - len(found))


@lru_cache(maxsize=4096)
def _alone(char: str) -> Sound:
    return next(iter(sounds(char)), ("", ""))


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Where unbroken stretches of Chinese characters begin and end."""
    start = None
    for at, char in enumerate(text):
        if _is_chinese(char):
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(text)


def _stretches(text: str) -> Iterator[tuple[int, ...]]:
    """The places of Chinese characters, as long as nothing but commas stands between them."""
    places: list[int] = []
    for start, stop in _runs(text):
        if places and not _COMMAS.issuperset(text[places[-1] + 1 : start]):
            yield from _pieces(places)
            places = []
        places += range(start, stop)
    yield from _pieces(places)


def _pieces(places: list[int]) -> Iterator[tuple[int, ...]]:
    """Cut so that every term stands whole in a piece: the tables of a piece grow with its length."""
    for start in range(0, len(places), _PIECE):
        yield tuple(places[start : start + _PIECE + _LONGEST - 1])


def _neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """Up to two Chinese characters on either side, up to the next thing that is none."""
    before, after = "", ""
    for char in reversed(text[max(0, start - 2) : start]):
        if not _is_chinese(char):
            break
        before = char + before
    for char in text[end : end + 2]:
        if not _is_chinese(char):
            break
        after += char
    return before, after


def _is_chinese(char: str) -> bool:
    return "一" <= char <= "鿿"


def _chinese(text: str) -> bool:
    return all(map(_is_chinese, text))


def _apply(text: str, gains: dict[_Candidate, float]) -> Corrected:
    """The best changes that do not overlap."""
    taken: list[_Candidate] = []
    for candidate in sorted(gains, key=lambda each: (-gains[each], each.places, each.term)):
        first, last = candidate.span
        if all(first >= stop or last <= start for start, stop in (other.span for other in taken)):
            taken.append(candidate)
    taken.sort(key=lambda each: each.places)
    pieces, at, changes = [], 0, []
    for candidate in taken:
        start, end = candidate.span
        score = round(math.exp(-candidate.cost / len(candidate.term)), 3)
        changes.append(Change(start, text[start:end], candidate.term, score))
        pieces += [text[at:start], candidate.term]
        at = end
    return Corrected("".join([*pieces, text[at:]]), tuple(changes))
