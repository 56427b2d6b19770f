"""Damage is drawn from the generator it is given, is about as much as asked for, and sounds like what was said."""

from functools import partial
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from routing.damage import begun, blurred, misheard, talked_around
from routing.text import sounds

SENTENCES = (
    "楼下那家往外冒黑烟，好像有人在喊",
    "小区门口的路灯坏了一个多星期没人来修",
    "我在工地上干了三个月老板一分钱没给",
    "孩子发烧抽筋叫不醒你们快点来",
)


@given(st.text(max_size=80), st.floats(0, 1), st.integers())
def test_the_same_seed_gives_the_same_twins_of_any_text(text: str, share: float, seed: int) -> None:
    for damage in (partial(misheard, text, share), partial(blurred, text)):
        assert damage(Random(seed)) == damage(Random(seed))
    assert text[:2] in talked_around(begun(text, Random(seed)), Random(seed))


def test_what_has_no_sound_is_left_as_it_is() -> None:
    assert misheard("12345, ok!，。", 1.0, Random(1)) == "12345, ok!，。"


def test_about_as_many_characters_are_damaged_as_asked_for_in_some_sentences_many_more() -> None:
    rng = Random(7)
    shares = []
    for said in SENTENCES * 300:
        heard = misheard(said, 0.3, rng)
        if len(heard) == len(said):
            shares.append(sum(one != other for one, other in zip(said, heard, strict=True)) / len(said))
    assert 0.18 < sum(shares) / len(shares) < 0.34
    assert min(shares) < 0.06
    assert max(shares) > 0.6


def test_most_mistaken_characters_sound_alike() -> None:
    rng = Random(11)
    wrong = alike = 0
    for said in SENTENCES * 300:
        heard = misheard(said, 0.3, rng)
        if len(heard) == len(said):
            mistaken = [(one, other) for one, other in zip(said, heard, strict=True) if one != other]
            wrong += len(mistaken)
            alike += sum(sounds(one) == sounds(other) for one, other in mistaken)
    assert 0.5 < alike / wrong < 0.7
