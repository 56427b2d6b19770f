import pytest

from speech.text.confusions import Confusions
from speech.text.matching import OTHER_READING, Match, TermIndex
from speech.text.sounds import sounds

INDEX = TermIndex(("医保报销", "停水", "柳浦镇"), Confusions.load())


def heard(text: str) -> list[list[tuple[str, str]]]:
    return [[each] for each in sounds(text)]


def test_a_term_is_found_where_it_sounds_alike() -> None:
    assert list(INDEX.find(heard("问以保暴消"), lambda _: 0.0)) == [Match(1, "医保报销", 0.0)]


def test_what_is_nearly_alike_costs_and_is_left_out_beyond_the_limit() -> None:
    (near,) = INDEX.find(heard("刘浦曾"), lambda _: 3.0)
    assert near.at == 0
    assert near.term == "柳浦镇"
    assert near.cost > 0
    assert list(INDEX.find(heard("刘浦曾"), lambda length: near.cost / length - 0.01)) == []


def test_a_syllable_that_only_another_reading_has_costs_its_price() -> None:
    syllables = heard("新水")
    syllables[0] += sounds("听")
    assert [each.cost for each in INDEX.find(syllables, lambda _: 1.0)] == [pytest.approx(OTHER_READING)]


def test_nothing_heard_and_nothing_to_find_give_nothing() -> None:
    assert list(INDEX.find([], lambda _: 9.0)) == []
    assert list(TermIndex((), Confusions.load()).find(heard("停水"), lambda _: 9.0)) == []
    assert len(INDEX) == 3
