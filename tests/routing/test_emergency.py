"""Danger is found from partial and damaged words; words of danger without danger never bridge."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decision import EmergencyLevel
from routing.router import Router

Sets = Callable[[str], list[tuple[str, str]]]

COURTESIES = ("你好", "您好，", "麻烦您，", "谢谢", "谢谢你们", "请问一下，", "不好意思，", "辛苦了", "喂，你好，")


@pytest.mark.fault("F70")
@pytest.mark.parametrize("text", ["救命啊，有人抢劫，快点派警察过来", "救命啊有人抢", "救命爱 有言抢劫"])
def test_robbery_is_certain_from_the_partial_on(router: Router, text: str) -> None:
    found = router.emergency(text)
    assert (found.level, found.service) == (EmergencyLevel.CERTAIN, "110")
    assert found.span
    assert found.reasons


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("我家着火了，火很大，快来人", "119"),
        ("我爸突然倒下去没有呼吸了", "120"),
        ("两辆车撞了，有人被压在车底下", "122"),
    ],
)
def test_the_right_service_is_named(router: Router, text: str, service: str) -> None:
    found = router.emergency(text)
    assert (found.level, found.service) == (EmergencyLevel.CERTAIN, service)


@pytest.mark.fault("F71")
@pytest.mark.parametrize(
    "text",
    [
        "气死我了",
        "附近哪家火锅店好吃",
        "水管抢修什么时候结束",
        "他是我的救命恩人，我要送锦旗",
        "110和12345有什么区别",
        "昨天被打了已经处理",
        "不是着火",
        "明天的消防演习几点开始",
    ],
)
def test_words_of_danger_without_danger_do_not_bridge(router: Router, text: str) -> None:
    assert router.emergency(text).level is not EmergencyLevel.CERTAIN


def test_robbery_is_certain_as_a_recogniser_heard_it_and_rubbish_is_nothing(router: Router) -> None:
    assert router.emergency("九名话有人向前,快点派警察过来").level is EmergencyLevel.CERTAIN
    rubbish = "我们小区门口的垃圾堆了好几天没有人清理，味道特别大"
    assert router.emergency(rubbish).level is EmergencyLevel.NONE


def test_danger_is_found_at_either_end_of_a_very_long_text(router: Router) -> None:
    talk = "今天天气不错我们在公园里散步" * 1400
    cry = "救命啊有人抢劫快点派警察过来"
    assert router.emergency(cry + talk).level is not EmergencyLevel.NONE
    assert router.emergency(talk[:19_000] + cry).level is not EmergencyLevel.NONE


def test_a_conditional_threat_is_possible_never_nothing(router: Router) -> None:
    assert router.emergency("再不管我就跳楼了").level is EmergencyLevel.POSSIBLE


def test_danger_only_in_a_lower_ranked_reading_is_possible(router: Router) -> None:
    found = router.emergency("九名啊优人", ["救命啊有人抢劫"])
    assert router.emergency("今天天气不错", ["救命啊有人抢劫"]).level is EmergencyLevel.POSSIBLE
    assert found.level is not EmergencyLevel.NONE


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["救命啊有人抢劫", "我家着火了快来人", "有人拿刀砍人", "我爸晕倒了没有呼吸了"]),
    st.lists(st.sampled_from(COURTESIES), max_size=3),
    st.lists(st.sampled_from(COURTESIES), max_size=3),
)
def test_courtesies_never_remove_a_certain_danger(
    router: Router, text: str, before: list[str], after: list[str]
) -> None:
    assert router.emergency("".join(before) + text + "".join(after)).level is EmergencyLevel.CERTAIN


def test_development_sets_reach_the_known_floors(router: Router, development_set: Sets) -> None:
    danger = [router.emergency(text).level for text, _ in development_set("emergencies")]
    assert sum(level is not EmergencyLevel.NONE for level in danger) / len(danger) >= RECALL
    assert sum(level is EmergencyLevel.CERTAIN for level in danger) / len(danger) >= CERTAIN


@pytest.mark.fault("F71")
def test_traps_and_ordinary_matters_hardly_ever_bridge(router: Router, development_set: Sets) -> None:
    for name, most in (("traps", 0.02), ("category", 0.02)):
        levels = [router.emergency(text).level for text, _ in development_set(name)]
        assert sum(level is EmergencyLevel.CERTAIN for level in levels) / len(levels) <= most


RECALL, CERTAIN = 0.96, 0.7


@pytest.mark.fault("F70")
@pytest.mark.parametrize("beginning", ["有人", "我在", "把我", "娃刚", "我们小", "你好我想"])
def test_the_first_words_of_any_call_are_no_danger_yet(router: Router, beginning: str) -> None:
    assert router.emergency(beginning).level is EmergencyLevel.NONE


def test_no_beginning_of_a_held_out_ordinary_request_is_bridged(router: Router) -> None:
    path = Path(__file__).parent / "heldout" / "categories.csv"
    with path.open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    bridged = [
        text
        for text in texts[::4]
        if any(router.emergency(text[:end]).level is EmergencyLevel.CERTAIN for end in range(3, len(text) + 1, 3))
    ]
    assert len(bridged) <= len(texts[::4]) // 100
