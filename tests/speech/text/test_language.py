import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.text.language import Language, everyday_share

LANGUAGE = Language(["家里停水了", "家里停电了", "小区停水三天"])


def test_what_callers_say_is_likelier_than_what_they_do_not_say() -> None:
    assert LANGUAGE.characters("家里", "停水") > LANGUAGE.characters("家里", "听水")


def test_words_of_everybody_are_likelier_than_characters_put_together() -> None:
    assert LANGUAGE.words("补贴") > LANGUAGE.words("不贴")
    assert everyday_share("自己") > everyday_share("残联") > 0


@given(st.text(max_size=5), st.text(min_size=1, max_size=8))
def test_any_text_has_some_likelihood(before: str, text: str) -> None:
    assert LANGUAGE.characters(before, text) < 0


@given(st.text(alphabet="家里停水电了小区三天", max_size=2))
def test_what_may_follow_shares_one(before: str) -> None:
    share = sum(2.718281828459045 ** LANGUAGE.characters(before, char) for char in "家里停水电了小区三天\n")
    assert share <= 1.0 + 1e-9


def test_without_examples_every_character_is_as_likely() -> None:
    empty = Language(())
    assert empty.characters("", "水") == pytest.approx(empty.characters("停", "电"))
    assert not empty.knows("停水了")
    assert LANGUAGE.knows("停水了")
