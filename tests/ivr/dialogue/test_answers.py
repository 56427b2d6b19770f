"""Short answers as a telephone and a recogniser deliver them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialogue import answers
from ivr.dialogue.answers import Answer


@pytest.mark.parametrize(
    "text",
    [
        *("对", "对的", "对对对", "是", "是的", "没错", "好的", "行", "可以", "需要", "要", "嗯对", "对啊", "对，没错"),
        *("就是这样啊是的"[-2:], "没问题", "一", "按一", "堆", "队的", "事的", "有"),
    ],
)
def test_a_yes_is_heard_as_yes_also_in_homophones(text: str) -> None:
    assert answers.yes_or_no(text) is Answer.YES


@pytest.mark.parametrize(
    "text",
    [
        *(
            "不对",
            "不是",
            "不",
            "不不不"[:2],
            "错了",
            "不是的",
            "不要",
            "不需要",
            "不用",
            "没有",
            "没有了",
            "二",
            "按二",
        ),
        *("部队", "布对", "不是啊", "嗯不对", "不对不对", "没事", "不用了", "没别的", "不对，是的"),
    ],
)
def test_a_no_is_heard_as_no_also_in_homophones_and_beside_a_yes(text: str) -> None:
    assert answers.yes_or_no(text) is Answer.NO


@pytest.mark.parametrize(
    "text", ["", "嗯", "不知道", "我们小区的垃圾没人清理", "对面的楼在漏水很久了", "不是垃圾是路灯坏了", "？！"]
)
def test_anything_else_is_unclear(text: str) -> None:
    assert answers.yes_or_no(text) is Answer.UNCLEAR


@pytest.mark.parametrize(
    "text", ["没有了", "没有", "没了谢谢", "没有了谢谢", "再见", "就这样", "没别的了", "不用了", "谢谢啊"]
)
def test_nothing_more_ends_the_call(text: str) -> None:
    assert answers.nothing_more(text)


@pytest.mark.parametrize("text", ["还有一件事", "有", "没有路灯，晚上很黑，已经好几天了", "路灯不亮"])
def test_another_matter_does_not_end_the_call(text: str) -> None:
    assert not answers.nothing_more(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("不是，是路灯不亮", "是路灯不亮"),
        ("不对 我说的是噪音", "我说的是噪音"),
        ("错了，是人民路的垃圾", "是人民路的垃圾"),
        ("不是", ""),
        ("不对不对", ""),
        ("路灯不亮", ""),
    ],
)
def test_a_correction_is_what_follows_the_no(text: str, rest: str) -> None:
    assert answers.correction(text) == rest


@pytest.mark.parametrize(
    ("text", "count", "number"),
    [
        *(("第一个", 3, 1), ("第二", 3, 2), ("三", 3, 3), ("按二", 3, 2), ("第三个吧", 3, 3), ("医", 3, 1)),
        *(("第三个", 2, None), ("都不是", 3, None), ("", 3, None), ("第四个", 3, None)),
    ],
)
def test_an_option_is_named_by_its_ordinal(text: str, count: int, number: int | None) -> None:
    assert answers.option(text, count) == number


@pytest.mark.fault("F64")
@pytest.mark.parametrize(
    "text",
    [
        *("人工", "转人工", "找人工", "我要人工", "人工服务", "人工客服", "请帮我转人工", "接线员", "真人", "客服"),
        *(
            "我要找人工",
            "给我转接人工",
            "喂你好转人工",
            "帮我接人工服务",
            "仁工",
            "转仁工",
            "我想找接线员",
            "转人工谢谢",
        ),
    ],
)
def test_whoever_asks_for_a_person_is_heard(text: str) -> None:
    assert answers.asks_for_person(text)


@pytest.mark.fault("F64")
@pytest.mark.parametrize(
    "text",
    [
        *("人工湖里的水发臭了", "公园的人工湖很脏", "我要投诉人工湖的水质", "这里要人工湖干什么"),
        *(
            "人工智能的培训班骗钱",
            "公司找人工费不给",
            "人工草坪起火",
            "今天要人工降雨吗",
            "工人没有发工资",
            "垃圾没人清理",
            "",
        ),
    ],
)
def test_the_word_in_a_story_is_no_request_for_a_person(text: str) -> None:
    assert not answers.asks_for_person(text)


@pytest.mark.parametrize(("text", "sure"), [("转人工", True), ("人工", False), ("要人工", False), ("人工湖", False)])
def test_a_partial_counts_only_when_its_words_can_become_nothing_else(text: str, sure: bool) -> None:
    assert answers.asks_for_person(text, whole=False) is sure


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    answers.yes_or_no(text)
    answers.nothing_more(text)
    answers.correction(text)
    answers.option(text, 3)
    answers.asks_for_person(text)
    answers.asks_for_person(text, whole=False)
