"""The words of an utterance as features: each word and each pair of neighbours, keyed by number like the n-grams.

Words are cut by jieba's dictionary (as rjieba carries it) without guessing at unknown ones, from the characters alone:
a recogniser gives no punctuation to rely on. A key has bit 62 set, which no run of up to three characters can have, and
below it a checksum of the words with their first character, so that the keys of words never meet those of n-grams.
"""

import zlib
from itertools import pairwise
from typing import Final

import numpy as np
import rjieba

from routing.linear import Grams

_WORD: Final = 1 << 62
_FIRST_BITS: Final = 21
_LONGEST: Final = 400
"""Positions; cutting costs ten times as much a position as n-grams do, and no utterance is longer."""


def word_grams(chars: str) -> Grams:
    """Words and pairs of neighbouring words with the positions each covers; any text, never an error."""
    cut: list[str] = rjieba.cut(chars[:_LONGEST], False) if chars else []
    spans: list[tuple[int, int]] = []
    at = 0
    for word in cut:
        spans.append((at, at + len(word)))
        at += len(word)
    pairs = [(start, end) for (start, _), (_, end) in pairwise(spans)]
    keys = [_key(word) for word in cut] + [_key(f"{one} {two}") for one, two in pairwise(cut)]
    every = np.array([*spans, *pairs], np.int64).reshape(-1, 2)
    return Grams(np.array(keys, np.int64), every[:, 0], every[:, 1])


def _key(words: str) -> int:
    return _WORD | zlib.crc32(words.encode("utf-8", "replace")) << _FIRST_BITS | ord(words[0])
