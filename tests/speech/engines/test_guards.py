import pytest

from speech.engines.guards import refusal, unheard, unloop
from speech.engines.whisper import prefer_whole
from speech.ports import Alternative


@pytest.mark.parametrize(
    ("text", "voiced", "why"),
    [
        ("字幕由Amara.org社区提供", 3.0, "credits"),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", 6.0, "credits"),
        ("谢谢观看", 1.0, "credits"),
        ("♪♪", 2.0, "empty"),
        ("。。。", 2.0, "empty"),
        ("设定30度设定30度设定30度", 1.0, "rate"),
        ("盛元生活广场盛元生活广场", 1.5, "doubled"),
    ],
)
@pytest.mark.fault("F61")
def test_invented_text_is_refused_with_the_rule_that_did_it(text: str, voiced: float, why: str) -> None:
    assert refusal(text, voiced) == why


@pytest.mark.parametrize(
    ("text", "voiced"),
    [("我们小区门口的垃圾没有人清理", 3.0), ("救命", 0.4), ("谢谢", 0.5), ("对对对", 0.8), ("13800138000", 3.0)],
)
def test_real_words_pass(text: str, voiced: float) -> None:
    assert refusal(text, voiced) == ""


def test_a_weak_reading_that_goes_round_in_circles_is_not_believed() -> None:
    assert refusal("我给你拿出头发射出头发射出头发", 5.0, score=0.26) == "unsure"
    assert refusal("我给你拿出头发射出头发射出头发", 5.0, score=0.6) == ""
    assert refusal("我们小区门口的垃圾没有人清理", 5.0, score=0.26) == ""


def test_the_prompt_itself_is_not_an_answer() -> None:
    assert refusal("以下是普通话的句子", 2.0, prompt="以下是普通话的句子。") == "prompt"


def test_a_loop_is_said_once_and_digits_are_left() -> None:
    assert unloop("好的好的好的好的好的我知道了") == "好的我知道了"
    assert unloop("电话是88888888") == "电话是88888888"


def test_a_reading_that_stops_early_does_not_beat_the_whole_sentence() -> None:
    short, whole = Alternative("我要求", 0.51), Alternative("我要投诉小区门口的垃圾没有人清理", 0.49)
    assert prefer_whole((short, whole)) == (whole, short)
    assert prefer_whole((short, Alternative(whole.text, 0.1))) == (short, Alternative(whole.text, 0.1))
    assert prefer_whole(()) == ()


@pytest.mark.parametrize(
    ("nobody", "text", "score", "refused"),
    [
        (0.6, "字幕制作人", 0.28, True),
        (0.6, "我以为你以为我以为你以为我以为你以为我以为你以为", 0.62, True),
        (0.6, "我们小区门口的垃圾没有人清理", 0.7, False),
        (0.3, "我们小区门口的垃圾没有人清理", 0.2, False),
    ],
)
@pytest.mark.fault("F61")
def test_words_are_believed_against_nobody_speaks_only_when_they_are_sure(
    nobody: float, text: str, score: float, refused: bool
) -> None:
    assert unheard(nobody, text, score) is refused
