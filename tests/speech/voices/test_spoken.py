"""What is said aloud for what is written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.voices.spoken import pieces, spoken_form


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("12345", "一二三四五"),
        ("拨打12345热线", "拨打一二三四五热线"),
        ("110", "幺幺零"),
        ("请拨119或120", "请拨幺幺九或幺二零"),
        ("120元", "一百二十元"),
        ("2个人", "两个人"),
        ("2024年3月5日", "二零二四年三月五日"),
        ("8:30", "八点三十分"),
        ("2:05", "两点零五分"),
        ("30%", "百分之三十"),
        ("3.5公里", "三点五公里"),
        ("13812345678", "幺三八幺二三四五六七八"),
        ("3单元502室", "三单元五零二室"),
        ("007", "零零七"),
        ("1２3个", "一百二十三个"),
        ("A座", "诶座"),
        ("你好,世界", "你好，世界"),
    ],
)
def test_numbers_and_letters_are_written_as_they_are_said(written: str, said: str) -> None:
    assert spoken_form(written) == said


@given(st.text(alphabet="一二三四五，。0123456789.:%abcXYZ年元个室 ", max_size=40))
def test_no_digit_and_no_letter_is_left(text: str) -> None:
    assert not re.search(r"[0-9A-Za-z]", spoken_form(text))


@given(st.text(alphabet="天地人，。！？；、\n", max_size=200), st.integers(min_value=1, max_value=40))
def test_pieces_lose_nothing_and_keep_to_the_limit_or_to_a_sentence(text: str, limit: int) -> None:
    cut = pieces(text, limit)
    assert "".join(cut) == text
    assert all(len(piece) <= limit or not re.search(r"[，、]", piece.rstrip("，、。！？；\n")) for piece in cut)


def test_sentences_stay_apart_and_long_ones_are_cut_at_commas() -> None:
    assert pieces("您好。请说，您要反映的事情。", 8) == ["您好。", "请说，", "您要反映的事情。"]
