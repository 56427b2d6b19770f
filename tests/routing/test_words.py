"""Words as features: every character is in one word, keys never meet those of n-grams, and any text is cut."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.linear import grams
from routing.text import read
from routing.words import word_grams


def cut(text: str) -> list[str]:
    found = word_grams(text)
    return [text[start:end] for start, end in zip(found.start, found.end, strict=True)]


def test_words_come_first_and_then_their_pairs() -> None:
    assert cut("路灯坏了") == ["路灯", "坏", "了", "路灯坏", "坏了"]


def test_the_same_words_have_the_same_keys_wherever_they_stand() -> None:
    one, other = word_grams("小区路灯坏了"), word_grams("路灯坏了")
    assert set(other.keys.tolist()) < set(one.keys.tolist())


def test_a_pair_is_not_the_word_of_the_same_characters() -> None:
    words = dict(zip(cut("坏了"), word_grams("坏了").keys.tolist(), strict=True))
    assert len(set(word_grams("坏了").keys.tolist())) == len(words)


def test_nothing_has_no_words() -> None:
    assert not word_grams("").keys.size


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_words_cover_any_text_and_their_keys_meet_no_gram(text: str) -> None:
    utterance = read(text)
    found = word_grams(utterance.chars)
    covered = sum(int(end - start) for start, end in zip(found.start, found.end, strict=True))
    assert covered >= len(utterance.chars)
    assert not np.isin(found.keys, grams(utterance).keys).any()
