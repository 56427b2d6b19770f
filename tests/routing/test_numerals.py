"""Chinese numerals become figures and figures numerals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.numerals import digit_words, value, words


@given(st.integers(0, 99_999))
def test_a_numeral_read_back_is_the_number(number: int) -> None:
    assert value(words(number)) == number
    assert value(str(number)) == number


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("幺二八", 128),
        ("五零一", 501),
        ("一百二", 120),
        ("两百零五", 205),
        ("两千零五", 2005),
        ("三千五", 3500),
        ("十", 10),
    ],
)
def test_spoken_forms_are_read(said: str, number: int) -> None:
    assert value(said) == number


@pytest.mark.parametrize("said", ["", "百", "十十", "一百零", "二十百", "一二十", "百二十", "路", "1000000", "三点五"])
def test_what_is_no_number_is_none(said: str) -> None:
    assert value(said) is None


@given(st.text(alphabet="零〇一幺二两三四五六七八九十百千万0123456789", max_size=9))
def test_any_numeral_gives_a_number_in_range_or_none(said: str) -> None:
    number = value(said)
    assert number is None or 0 <= number <= 99_999


def test_figures_are_read_one_by_one() -> None:
    assert digit_words("501室") == "五零一室"


@pytest.mark.parametrize("number", [-1, 100_000])
def test_numbers_outside_the_range_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="expected a number from 0"):
        words(number)
