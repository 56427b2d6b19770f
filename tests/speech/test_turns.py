import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.turns import Wording, wording


@pytest.mark.parametrize(
    "text",
    [
        "我家楼下很吵，因为",
        "还有",
        "地址是",
        "我想问一下能不能",
        "我家",
        "电话是138",
        "我的电话幺三八零零",
        "号码是 8 2 3",
        "138-0013-80",
        "手机号是一三八零零一三八零零",
    ],
)
def test_a_conjunction_or_half_a_number_asks_for_more(text: str) -> None:
    assert wording(text) is Wording.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "我的手机是 138-0013-8000",
        "一三八零零一三八零零零",
        "电话是82345678",
        "0571 8234 5678",
        "这个该找谁，怎么办？",
        "公积金可以提前还吗",
        "是",
        "不对。",
        "就这些，谢谢",
    ],
)
def test_a_whole_number_a_question_and_an_answer_are_done(text: str) -> None:
    assert wording(text) is Wording.DONE


@pytest.mark.parametrize("text", ["垃圾没有人清理", "拨打12345", "我打了110", "", "幸福小区三号楼", "。。。"])
def test_what_does_not_tell_is_plain(text: str) -> None:
    assert wording(text) is Wording.PLAIN


def test_an_answer_that_the_dialogue_waits_for_is_done() -> None:
    assert wording("幸福里") is Wording.PLAIN
    assert wording("幸福里。", ("幸福里",)) is Wording.DONE


@given(st.integers(3, 9), st.text("0123456789", min_size=9, max_size=9), st.integers(2, 10))
def test_a_mobile_number_is_done_with_its_last_digit_and_not_before(second: int, rest: str, heard: int) -> None:
    number = f"1{second}{rest}"
    assert wording(f"我的电话是{number}") is Wording.DONE
    assert wording(number[:heard]) is Wording.OPEN


@given(st.text(max_size=40))
def test_any_text_has_a_wording(text: str) -> None:
    assert wording(text) in Wording
